// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <unistd.h>
#include "fail.h"
#include "infile.h"
#include "spec.h"
#include "transfer.h"

static int tell_restored(const struct cli *cli, const struct transfer *transfer,
			 struct nvvgpu_vgpu *vgpu)
{
	struct text AUTO_TEXT members = TEXT_EMPTY, speed = TEXT_EMPTY;

	transfer_members(transfer, &members);
	transfer_describe(transfer, &speed);
	note(cli, "read %s", text_get(&speed));
	return created_print(cli, vgpu, "restored", text_get(&members));
}

static int restore_from(struct cli *cli, int fd)
{
	struct transfer AUTO_TRANSFER transfer = { .options = NULL };
	struct nvvgpu_vgpu *vgpu AUTO(vgpu) = NULL;
	struct nvvgpu_spec *spec AUTO(spec) = NULL;
	struct nvvgpu_gpu *gpu AUTO(gpu) = NULL;
	int err, code;

	code = transfer_init(cli, &transfer, "restoring");
	if (!code)
		code = spec_from_options(cli, &spec);
	if (!code && option_given(cli, "gpu"))
		code = pick_gpu(cli, option_value(cli, "gpu"), &gpu);
	else if (!code)
		code = pick_gpu_for_stream(cli, fd, &gpu);
	if (code)
		return code;
	nvvgpu_migrate_options_set_verify_first(transfer.options,
						option_given(cli, "verify-first"));
	err = nvvgpu_migrate_options_set_spec(transfer.options, spec);
	if (err)
		return fail_library(cli, err);
	transfer_begin(&transfer, NULL);
	err = nvvgpu_migrate_restore(gpu, fd, transfer.options, &vgpu);
	transfer_end(&transfer);
	return err ? fail_stream(cli, err, option_value(cli, "input")) :
		     tell_restored(cli, &transfer, vgpu);
}

static int run_restore(struct cli *cli)
{
	int fd, code;

	if (!option_given(cli, "input"))
		return fail_usage(cli, "name a file, or - for standard input",
				  "--input is missing");
	code = infile_open(cli, option_value(cli, "input"), &fd);
	if (code)
		return code;
	code = restore_from(cli, fd);
	close(fd);
	return code;
}

static const struct verb_option options[] = {
	{ 'i', "input", "FILE", "where from; - is standard input; required" },
	{ 'g', "gpu", "ADDR", "on this GPU; default: the first on which the type can be created" },
	{ 'u', "uuid", "UUID", "default: that of the stream if it is free, else a random one" },
	{ 0, "vf", "ADDR", "on this VF; default: the first free one" },
	{ 0, "placement", "ID", "at this place in the framebuffer; default: the first free one" },
	{ 0, "owner", "NAME", "only who names this owner may destroy it" },
	{ 0, "verify-first", NULL, "check the whole file before a vGPU is created" },
	{ 0, "timeout", "SECONDS", "give up after this time" },
	{ 0 },
};

const struct verb verb_restore = {
	.name = "restore",
	.arguments = "-i FILE|- [--gpu ADDR] [OPTIONS]",
	.summary = "create a vGPU from a saved state",
	.details = "Create a vGPU from a saved state and print its uuid. Board, type, framebuffer, "
		   "driver and firmware have to be those of the stream; this is checked before "
		   "anything is created. When the restore fails nothing stays behind.",
	.options = options,
	.run = run_restore,
};
