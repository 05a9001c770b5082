// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fail.h"
#include "json.h"
#include "spec.h"

/* ---------------------------------------------------------------- create */

static void tell_place(const struct cli *cli, struct nvvgpu_vgpu *vgpu, const char *what)
{
	const char *vf = nvvgpu_vgpu_get_vf(vgpu);
	struct text AUTO_TEXT place = TEXT_EMPTY;
	uint32_t placement;

	if (vf)
		text_addf(&place, "VF %s of ", vf);
	text_addf(&place, "GPU %s", nvvgpu_gpu_get_address(nvvgpu_vgpu_get_gpu(vgpu)));
	if (!nvvgpu_vgpu_get_placement(vgpu, &placement))
		text_addf(&place, ", placement %" PRIu32, placement);
	note(cli, "%s %s on %s", what, nvvgpu_vgpu_get_type_name(vgpu), text_get(&place));
}

int created_print(const struct cli *cli, struct nvvgpu_vgpu *vgpu, const char *what,
		  const char *more)
{
	bool created = nvvgpu_vgpu_was_created(vgpu);
	struct text AUTO_TEXT members = TEXT_EMPTY;
	char *object AUTO(string) = NULL;
	int err;

	if (!cli->json) {
		tell_place(cli, vgpu, created ? what : "already exists:");
		puts(nvvgpu_vgpu_get_uuid(vgpu));
		return CLI_OK;
	}
	err = nvvgpu_vgpu_to_json(vgpu, &object);
	if (err)
		return fail_library(cli, err);
	text_addf(&members, "\"created\":%s%s%s", created ? "true" : "false", *more ? "," : "",
		  more);
	json_print_with(stdout, object, text_get(&members));
	return CLI_OK;
}

static int add_param(struct cli *cli, struct nvvgpu_spec *spec, const char *param)
{
	const char *equals = strchr(param, '=');
	char *key;
	int err;

	if (!equals)
		return fail_usage(cli, "--param key=value", "--param '%s' has no '='", param);
	key = strndup(param, (size_t)(equals - param));
	if (!key)
		fail_memory();
	err = nvvgpu_spec_add_param(spec, key, equals + 1);
	free(key);
	return err ? fail_library(cli, err) : 0;
}

static int add_params(struct cli *cli, struct nvvgpu_spec *spec)
{
	int code = 0;

	for (size_t i = 0; !code && i < cli->n_options; i++)
		if (!strcmp(cli->options[i].option->name, "param"))
			code = add_param(cli, spec, cli->options[i].value);
	return code;
}

int spec_from_options(struct cli *cli, struct nvvgpu_spec **ret)
{
	struct nvvgpu_spec *spec AUTO(spec) = NULL;
	uint32_t placement;
	int err, code;

	err = nvvgpu_spec_new(&spec);
	if (!err && option_given(cli, "type"))
		err = nvvgpu_spec_set_type(spec, option_value(cli, "type"));
	if (!err && option_given(cli, "uuid"))
		err = nvvgpu_spec_set_uuid(spec, option_value(cli, "uuid"));
	if (!err && option_given(cli, "vf"))
		err = nvvgpu_spec_set_vf(spec, option_value(cli, "vf"));
	if (!err && option_given(cli, "owner"))
		err = nvvgpu_spec_set_owner(spec, option_value(cli, "owner"));
	if (err)
		return fail_library(cli, err);
	nvvgpu_spec_set_force_params(spec, option_given(cli, "force-params"));
	if (option_given(cli, "placement")) {
		code = option_u32(cli, "placement", &placement);
		if (code)
			return code;
		nvvgpu_spec_set_placement(spec, placement);
	}
	code = add_params(cli, spec);
	if (code)
		return code;
	*ret = spec;
	spec = NULL;
	return 0;
}

static int run_create(struct cli *cli)
{
	struct nvvgpu_vgpu *vgpu AUTO(vgpu) = NULL;
	struct nvvgpu_spec *spec AUTO(spec) = NULL;
	struct nvvgpu_gpu *gpu AUTO(gpu) = NULL;
	int err, code;

	if (!option_given(cli, "type"))
		return fail_usage(cli, "'nvvgpu types --creatable' lists what can be created",
				  "--type is missing");
	code = spec_from_options(cli, &spec);
	if (!code)
		code = pick_gpu(cli, option_value(cli, "gpu"), &gpu);
	if (code)
		return code;
	err = nvvgpu_create(gpu, spec, &vgpu);
	return err ? fail_library(cli, err) : created_print(cli, vgpu, "created", "");
}

static const struct verb_option create_options[] = {
	{ 'g', "gpu", "ADDR", "on this GPU; may be left out when only one can be shared" },
	{ 't', "type", "TYPE", "id (869) or exact name (NVIDIA L40-1B, or L40-1B); required" },
	{ 'u', "uuid", "UUID", "default: a random one" },
	{ 0, "vf", "ADDR", "on this VF; default: the first free one" },
	{ 0, "placement", "ID", "at this place in the framebuffer; default: the first free one" },
	{ 'p', "param", "KEY=VALUE", "a plugin parameter; may be given several times" },
	{ 0, "force-params", NULL, "take any value of parameters whose meaning is known" },
	{ 0, "owner", "NAME", "only who names this owner may destroy it" },
	{ 0 },
};

const struct verb verb_create = {
	.name = "create",
	.arguments = "[--gpu ADDR] --type TYPE [OPTIONS]",
	.summary = "create a vGPU",
	.details = "Create a vGPU and print its uuid. With --uuid it may be repeated: when that "
		   "vGPU exists already, of the same type, nothing is changed.",
	.options = create_options,
	.run = run_create,
};

/* --------------------------------------------------------------- destroy */

static void print_destroyed(const struct cli *cli, const char *uuid, bool destroyed)
{
	struct text AUTO_TEXT text = TEXT_EMPTY;

	if (!cli->json)
		return;
	text_add(&text, "{\"uuid\":");
	text_add_json(&text, uuid);
	printf("%s,\"destroyed\":%s}\n", text_get(&text), destroyed ? "true" : "false");
}

static bool is_uuid(const char *text)
{
	return !strchr(text, ':');
}

/* What is gone already is what was wanted; a VF says nothing of a uuid. */
static int already_gone(const struct cli *cli, const char *uuid_or_vf)
{
	note(cli, "%s: there is no such vGPU, nothing to destroy", uuid_or_vf);
	print_destroyed(cli, is_uuid(uuid_or_vf) ? uuid_or_vf : NULL, false);
	return CLI_OK;
}

/* Behind a VF there may be another vGPU by now. */
static int destroy_one(struct cli *cli, const char *uuid_or_vf)
{
	bool foreign = option_given(cli, "foreign"), destroyed = false;
	struct nvvgpu_vgpu *vgpu AUTO(vgpu) = NULL;
	int err;

	if (foreign && !is_uuid(uuid_or_vf))
		return fail_usage(cli, "name it by its uuid: 'nvvgpu vgpus' lists them",
				  "with --foreign the VF '%s' is not enough", uuid_or_vf);
	err = nvvgpu_vgpu_lookup(cli->host, uuid_or_vf, &vgpu);
	if (err == -ENODEV)
		return already_gone(cli, uuid_or_vf);
	if (!err)
		err = nvvgpu_destroy_as(vgpu, option_value(cli, "owner"),
					foreign ? NVVGPU_DESTROY_FOREIGN : 0, &destroyed);
	if (err)
		return fail_library(cli, err);
	if (!destroyed)
		return already_gone(cli, uuid_or_vf);
	note(cli, "destroyed %s, %s", nvvgpu_vgpu_get_uuid(vgpu), nvvgpu_vgpu_get_type_name(vgpu));
	print_destroyed(cli, nvvgpu_vgpu_get_uuid(vgpu), true);
	return CLI_OK;
}

/* One that fails does not keep the others; the first failure gives the exit code. */
static int run_destroy(struct cli *cli)
{
	int code;

	code = open_host(cli);
	if (code)
		return code;
	for (size_t i = 0; i < cli->n_words; i++) {
		int result = destroy_one(cli, cli->words[i]);

		if (!code)
			code = result;
	}
	return code;
}

static const struct verb_option destroy_options[] = {
	{ 0, "owner", "NAME", "the owner that was named when it was created" },
	{ 0, "foreign", NULL, "also one of another owner or of another program; needs the uuid" },
	{ 0 },
};

const struct verb verb_destroy = {
	.name = "destroy",
	.arguments = "VGPU... [--owner NAME] [--foreign]",
	.summary = "destroy vGPUs",
	.details = "Destroy vGPUs, named by uuid or VF. It may be repeated: one that is gone "
		   "already is no failure. One that has an owner needs the same --owner, one that "
		   "another program made needs --foreign; one that is in use stays, always.",
	.options = destroy_options,
	.min_words = 1,
	.max_words = -1,
	.run = run_destroy,
};
