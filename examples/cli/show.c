// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fail.h"
#include "json.h"
#include "table.h"

/* ------------------------------------------------------------------- GPU */

static const char *or_dash(const char *text)
{
	return text && *text ? text : "-";
}

static void print_gpu_live(struct nvvgpu_gpu *gpu)
{
	uint32_t enabled, total = nvvgpu_gpu_get_vfs_total(gpu);
	enum nvvgpu_mode mode;

	if (!total)
		field_print("VFs", "none: no SR-IOV");
	else if (!nvvgpu_gpu_get_vfs_enabled(gpu, &enabled))
		field_print("VFs", "%" PRIu32 " of %" PRIu32 " enabled", enabled, total);
	else
		field_print("VFs", "%" PRIu32, total);
	if (!nvvgpu_gpu_get_mode(gpu, &mode))
		field_print("mode", "%s", nvvgpu_mode_name(mode));
}

static void print_gpu_nodes(struct nvvgpu_gpu *gpu)
{
	struct text AUTO_TEXT nodes = TEXT_EMPTY;
	const char *node;

	for (size_t i = 0; (node = nvvgpu_gpu_get_drm_node(gpu, i)); i++)
		text_addf(&nodes, "%s%s", i ? " " : "", node);
	field_print("DRM nodes", "%s", or_dash(text_get(&nodes)));
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end);
}

static void print_statistics(struct nvvgpu_gpu *gpu)
{
	char units[UNITS_LEN];
	const char *name;
	uint64_t value;

	for (int i = 0; (name = nvvgpu_statistic_name(i)); i++) {
		if (nvvgpu_gpu_get_statistic(gpu, i, &value))
			continue;
		if (ends_with(name, "_bytes"))
			printf("  %-28s%s\n", name, format_bytes_exact(value, units));
		else
			printf("  %-28s%" PRIu64 "\n", name, value);
	}
}

static void print_gpu(struct nvvgpu_gpu *gpu)
{
	uint64_t bytes = nvvgpu_gpu_get_framebuffer_bytes(gpu);
	char units[UNITS_LEN];

	field_print("GPU", "%s", nvvgpu_gpu_get_address(gpu));
	field_print("name", "%s", nvvgpu_gpu_get_name(gpu));
	field_print("PCI id", "%04x:%04x, subsystem %04x:%04x", nvvgpu_gpu_get_vendor_id(gpu),
		    nvvgpu_gpu_get_device_id(gpu), nvvgpu_gpu_get_subsystem_vendor_id(gpu),
		    nvvgpu_gpu_get_subsystem_device_id(gpu));
	field_print("framework", "%s", nvvgpu_framework_name(nvvgpu_gpu_get_framework(gpu)));
	field_print("evidence", "%s", nvvgpu_gpu_get_evidence(gpu));
	field_print("driver", "%s", or_dash(nvvgpu_gpu_get_driver(gpu)));
	field_print("driver version", "%s", or_dash(nvvgpu_gpu_get_driver_version(gpu)));
	field_print("firmware version", "%s", or_dash(nvvgpu_gpu_get_firmware_version(gpu)));
	if (nvvgpu_gpu_get_numa_node(gpu) >= 0)
		field_print("NUMA node", "%d", nvvgpu_gpu_get_numa_node(gpu));
	else
		field_print("NUMA node", "-");
	field_print("memory", "%s", bytes ? format_bytes(bytes, units) : "unknown");
	print_gpu_nodes(gpu);
	if (nvvgpu_gpu_get_reason(gpu)) {
		field_print("cannot be shared", "%s (%s)", nvvgpu_gpu_get_reason_text(gpu),
			    nvvgpu_reason_name(nvvgpu_gpu_get_reason(gpu)));
		return;
	}
	print_gpu_live(gpu);
	puts("statistics");
	print_statistics(gpu);
}

static int show_gpu(struct cli *cli, struct nvvgpu_gpu *gpu)
{
	char *object AUTO(string) = NULL;
	int err;

	if (!cli->json) {
		print_gpu(gpu);
		return CLI_OK;
	}
	err = nvvgpu_gpu_to_json(gpu, &object);
	if (err)
		return fail_library(cli, err);
	puts(object);
	return CLI_OK;
}

/* ------------------------------------------------------------------ vGPU */

static void print_vgpu(struct nvvgpu_vgpu *vgpu)
{
	struct nvvgpu_gpu *gpu = nvvgpu_vgpu_get_gpu(vgpu);
	char *params AUTO(string) = NULL;
	enum nvvgpu_vgpu_state state = NVVGPU_VGPU_UNKNOWN;
	char units[UNITS_LEN];
	uint32_t placement;

	field_print("vGPU", "%s", nvvgpu_vgpu_get_uuid(vgpu));
	field_print("type", "%s (%" PRIu32 ")", nvvgpu_vgpu_get_type_name(vgpu),
		    nvvgpu_vgpu_get_type_id(vgpu));
	field_print("framebuffer", "%s",
		    format_bytes(nvvgpu_vgpu_get_framebuffer_bytes(vgpu), units));
	field_print("GPU", "%s, %s", nvvgpu_gpu_get_address(gpu), nvvgpu_gpu_get_name(gpu));
	field_print("VF", "%s", or_dash(nvvgpu_vgpu_get_vf(vgpu)));
	if (nvvgpu_vgpu_get_placement(vgpu, &placement))
		field_print("placement", "-");
	else
		field_print("placement", "%" PRIu32, placement);
	field_print("framework", "%s", nvvgpu_framework_name(nvvgpu_gpu_get_framework(gpu)));
	nvvgpu_vgpu_get_state(vgpu, &state);
	field_print("state", "%s", nvvgpu_vgpu_state_name(state));
	field_print("owner", "%s", or_dash(nvvgpu_vgpu_get_owner(vgpu)));
	if (!nvvgpu_vgpu_get_params(vgpu, &params))
		field_print("parameters", "%s", or_dash(params));
	field_print("VFIO device", "%s", or_dash(nvvgpu_vgpu_get_vfio(vgpu)));
}

static int show_vgpu(struct cli *cli, struct nvvgpu_vgpu *vgpu)
{
	char *object AUTO(string) = NULL;
	int err;

	if (!cli->json) {
		print_vgpu(vgpu);
		return CLI_OK;
	}
	err = nvvgpu_vgpu_to_json(vgpu, &object);
	if (err)
		return fail_library(cli, err);
	puts(object);
	return CLI_OK;
}

/* ------------------------------------------------------------------ type */

static void print_placements(struct nvvgpu_type *type, enum nvvgpu_placement_set which,
			     const char *title)
{
	struct text AUTO_TEXT text = TEXT_EMPTY;
	size_t count, capacity;
	uint32_t *ids, length;

	if (nvvgpu_type_get_placements(type, which, NULL, 0, &capacity, NULL))
		return;
	ids = calloc(capacity + 1, sizeof(*ids));
	if (!ids)
		fail_memory();
	if (!nvvgpu_type_get_placements(type, which, ids, capacity, &count, &length)) {
		for (size_t i = 0; i < count && i < capacity; i++)
			text_addf(&text, "%s%" PRIu32, i ? " " : "", ids[i]);
		if (count)
			field_print(title, "%s (each covers %" PRIu32 ")", text_get(&text), length);
		else
			field_print(title, "none");
	}
	free(ids);
}

static void print_type(struct nvvgpu_type *type)
{
	struct nvvgpu_gpu *gpu = nvvgpu_type_get_gpu(type);
	char units[UNITS_LEN];
	uint32_t available;
	enum nvvgpu_reason reason = nvvgpu_type_get_reason(type);

	field_print("type", "%" PRIu32, nvvgpu_type_get_id(type));
	field_print("name", "%s", nvvgpu_type_get_name(type));
	field_print("class", "%s", nvvgpu_type_get_class(type));
	field_print("GPU", "%s, %s", nvvgpu_gpu_get_address(gpu), nvvgpu_gpu_get_name(gpu));
	field_print("framebuffer", "%s",
		    format_bytes(nvvgpu_type_get_framebuffer_bytes(type), units));
	field_print("displays", "%" PRIu32 ", up to %" PRIu32 "x%" PRIu32,
		    nvvgpu_type_get_heads(type), nvvgpu_type_get_max_width(type),
		    nvvgpu_type_get_max_height(type));
	field_print("frame rate limit", "%" PRIu32 " per second",
		    nvvgpu_type_get_frame_rate_limit(type));
	field_print("most on one GPU", "%" PRIu32, nvvgpu_type_get_max_instances(type));
	if (nvvgpu_type_get_available(type, &available))
		field_print("free now", "unknown");
	else
		field_print("free now", "%" PRIu32, available);
	if (reason)
		field_print("reason", "%s (%s)", nvvgpu_type_get_reason_text(type),
			    nvvgpu_reason_name(reason));
	print_placements(type, NVVGPU_PLACEMENT_SUPPORTED, "placements");
	print_placements(type, NVVGPU_PLACEMENT_CREATABLE, "free placements");
}

static int show_type(struct cli *cli, const char *id_or_name)
{
	struct nvvgpu_type *type AUTO(type) = NULL;
	struct nvvgpu_gpu *gpu AUTO(gpu) = NULL;
	char *object AUTO(string) = NULL;
	int err, code;

	code = pick_gpu(cli, option_value(cli, "gpu"), &gpu);
	if (code)
		return code;
	err = nvvgpu_type_lookup(gpu, id_or_name, &type);
	if (!err && cli->json)
		err = nvvgpu_type_to_json(type, &object);
	if (err)
		return fail_library(cli, err);
	if (cli->json)
		puts(object);
	else
		print_type(type);
	return CLI_OK;
}

/* -------------------------------------------------------------- which one */

static bool looks_like_address(const char *text)
{
	return strchr(text, ':') && strspn(text, "0123456789abcdefABCDEF:.") == strlen(text);
}

static bool looks_like_uuid(const char *text)
{
	return strlen(text) == 36 && strspn(text, "0123456789abcdefABCDEF-") == 36;
}

/* An address is that of a GPU, or of a VF that carries a vGPU. */
static int show_address(struct cli *cli, const char *address)
{
	struct nvvgpu_vgpu *vgpu AUTO(vgpu) = NULL;
	struct nvvgpu_gpu *gpu AUTO(gpu) = NULL;
	int err;

	err = nvvgpu_gpu_lookup(cli->host, address, &gpu);
	if (!err)
		return show_gpu(cli, gpu);
	if (err != -ENODEV)
		return fail_library(cli, err);
	err = nvvgpu_vgpu_lookup(cli->host, address, &vgpu);
	if (!err)
		return show_vgpu(cli, vgpu);
	if (err != -ENODEV)
		return fail_library(cli, err);
	return fail(cli, &(struct failure){
		.err = ENODEV,
		.reason = NVVGPU_REASON_NOT_FOUND,
		.object = address,
		.cause = "it is neither a GPU nor a VF that carries a vGPU",
		.next = "see 'nvvgpu gpus' and 'nvvgpu vgpus'",
	});
}

static int run_show(struct cli *cli)
{
	struct nvvgpu_vgpu *vgpu AUTO(vgpu) = NULL;
	const char *object = word(cli, 0);
	int err, code;

	code = open_host(cli);
	if (code)
		return code;
	if (looks_like_address(object))
		return show_address(cli, object);
	if (!looks_like_uuid(object))
		return show_type(cli, object);
	err = nvvgpu_vgpu_lookup(cli->host, object, &vgpu);
	return err ? fail_library(cli, err) : show_vgpu(cli, vgpu);
}

static const struct verb_option options[] = {
	{ 'g', "gpu", "ADDR", "the GPU whose type is meant; default: the only one" },
	{ 0 },
};

const struct verb verb_show = {
	.name = "show",
	.arguments = "GPU | VGPU | TYPE [--gpu ADDR]",
	.summary = "show everything about a GPU, a vGPU or a type",
	.details = "Show everything about one object: a GPU by its address, a vGPU by its uuid or "
		   "its VF, a type by its id or exact name.",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = run_show,
};
