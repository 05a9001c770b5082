// SPDX-License-Identifier: MIT
/* nvvgpu xml, nvvgpu qemu-args: what a VMM is told of a vGPU. */
#include <stdio.h>
#include <string.h>
#include "fail.h"
#include "text.h"

static int find_vgpu(struct cli *cli, struct nvvgpu_vgpu **ret)
{
	int code = open_host(cli), err;

	if (code)
		return code;
	err = nvvgpu_vgpu_lookup(cli->host, word(cli, 0), ret);
	return err ? fail_library(cli, err) : 0;
}

/* {"uuid":"..." */
static void begin_object(struct text *text, struct nvvgpu_vgpu *vgpu)
{
	text_add(text, "{\"uuid\":");
	text_add_json(text, nvvgpu_vgpu_get_uuid(vgpu));
}

/* ------------------------------------------------------------------- xml */

static int run_xml(struct cli *cli)
{
	struct nvvgpu_vgpu *vgpu AUTO(vgpu) = NULL;
	struct text AUTO_TEXT text = TEXT_EMPTY;
	char *xml AUTO(string) = NULL;
	int err, code = find_vgpu(cli, &vgpu);

	if (code)
		return code;
	err = nvvgpu_vgpu_to_libvirt_xml(vgpu, &xml);
	if (err)
		return fail_library(cli, err);
	if (!cli->json) {
		fputs(xml, stdout);
		return CLI_OK;
	}
	begin_object(&text, vgpu);
	text_add(&text, ",\"xml\":");
	text_add_json(&text, xml);
	printf("%s}\n", text_get(&text));
	return CLI_OK;
}

const struct verb verb_xml = {
	.name = "xml",
	.arguments = "VGPU",
	.summary = "print the libvirt element that gives a vGPU to a domain",
	.details = "Print the <hostdev> element that gives a vGPU to a domain of libvirt: for its "
		   "<devices>, or for 'virsh attach-device'.",
	.min_words = 1,
	.max_words = 1,
	.run = run_xml,
};

/* ------------------------------------------------------------- qemu-args */

static void add_args(struct text *text, char *args)
{
	const char *comma = "";
	char *rest = args, *arg;

	while ((arg = strsep(&rest, " "))) {
		text_add(text, comma);
		text_add_json(text, arg);
		comma = ",";
	}
}

static int run_qemu_args(struct cli *cli)
{
	struct nvvgpu_vgpu *vgpu AUTO(vgpu) = NULL;
	struct text AUTO_TEXT text = TEXT_EMPTY;
	char *args AUTO(string) = NULL;
	int err, code = find_vgpu(cli, &vgpu);
	bool needs_uuid;

	if (code)
		return code;
	err = nvvgpu_vgpu_to_qemu_args(vgpu, &args);
	if (err)
		return fail_library(cli, err);
	needs_uuid = nvvgpu_vgpu_needs_vm_uuid(vgpu);
	if (!cli->json) {
		puts(args);
		if (needs_uuid)
			note(cli, "its driver also needs -uuid with the uuid of the virtual machine");
		return CLI_OK;
	}
	begin_object(&text, vgpu);
	text_add(&text, ",\"args\":[");
	add_args(&text, args);
	printf("%s],\"needs_vm_uuid\":%s}\n", text_get(&text), needs_uuid ? "true" : "false");
	return CLI_OK;
}

const struct verb verb_qemu_args = {
	.name = "qemu-args",
	.arguments = "VGPU",
	.summary = "print the QEMU arguments that give a vGPU to a guest",
	.details = "Print the arguments that give a vGPU to a QEMU. NVIDIA's mdev driver also needs "
		   "-uuid with the uuid of the virtual machine; that is told on standard error.",
	.min_words = 1,
	.max_words = 1,
	.run = run_qemu_args,
};
