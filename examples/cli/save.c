// SPDX-License-Identifier: MIT
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "fail.h"
#include "outfile.h"
#include "transfer.h"

/* With -o - standard output carries the stream: the object goes where messages go. */
static void tell_saved(const struct cli *cli, const struct transfer *transfer, const char *uuid,
		       const char *path)
{
	bool to_stdout = !strcmp(path, "-");
	struct text AUTO_TEXT text = TEXT_EMPTY;

	if (!cli->json) {
		transfer_describe(transfer, &text);
		note(cli, "saved %s to %s: %s", uuid, to_stdout ? "standard output" : path,
		     text_get(&text));
		return;
	}
	text_add(&text, "{\"uuid\":");
	text_add_json(&text, uuid);
	text_add(&text, ",\"file\":");
	text_add_json(&text, to_stdout ? NULL : path);
	text_add(&text, ",");
	transfer_members(transfer, &text);
	fprintf(to_stdout ? stderr : stdout, "%s}\n", text_get(&text));
}

static int save_to(struct cli *cli, struct nvvgpu_vgpu *vgpu, const char *path)
{
	struct outfile AUTO_OUTFILE file = OUTFILE_NONE;
	struct transfer AUTO_TRANSFER transfer = { .options = NULL };
	bool to_stdout = !strcmp(path, "-");
	int err, code;

	code = transfer_init(cli, &transfer, "saving");
	if (!code && !to_stdout)
		code = outfile_open(cli, &file, path, option_given(cli, "force"));
	if (code)
		return code;
	nvvgpu_migrate_options_set_checksum(transfer.options, !option_given(cli, "no-checksum"));
	/* a reader that went away is an error like others: the vGPU has to run again */
	signal(SIGPIPE, SIG_IGN);
	transfer_begin(&transfer, file.partial);
	err = nvvgpu_migrate_save(vgpu, to_stdout ? STDOUT_FILENO : file.fd, transfer.options);
	transfer_end(&transfer);
	if (err)
		return fail_library(cli, err);
	if (!to_stdout)
		code = outfile_commit(cli, &file);
	if (!code)
		tell_saved(cli, &transfer, nvvgpu_vgpu_get_uuid(vgpu), path);
	return code;
}

static int run_save(struct cli *cli)
{
	struct nvvgpu_vgpu *vgpu AUTO(vgpu) = NULL;
	const char *path = option_value(cli, "output");
	int err, code;

	if (!path || !*path)
		return fail_usage(cli, "name a file, or - for standard output",
				  "--output is missing");
	if (!strcmp(path, "-") && isatty(STDOUT_FILENO))
		return fail_usage(cli, "redirect it, or name a file",
				  "a state stream is not for a terminal");
	code = open_host(cli);
	if (code)
		return code;
	err = nvvgpu_vgpu_lookup(cli->host, word(cli, 0), &vgpu);
	return err ? fail_library(cli, err) : save_to(cli, vgpu, path);
}

static const struct verb_option options[] = {
	{ 'o', "output", "FILE", "where to; - is standard output; required" },
	{ 'f', "force", NULL, "replace an existing file" },
	{ 0, "no-checksum", NULL, "write no checksums over the data" },
	{ 0, "timeout", "SECONDS", "give up after this time" },
	{ 0 },
};

const struct verb verb_save = {
	.name = "save",
	.arguments = "VGPU -o FILE|-",
	.summary = "save the state of a vGPU to a file or pipe",
	.details = "Save the state of a vGPU. It is stopped while it is read and runs again "
		   "afterwards. A file gets its name when it is whole; until then, and for good "
		   "when the save fails, there is none of that name.",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = run_save,
};
