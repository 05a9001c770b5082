// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fail.h"
#include "outfile.h"
#include "transfer.h"

static void tell_collected(const struct cli *cli, const struct transfer *transfer,
			   const char *path, uint64_t archive_bytes)
{
	bool to_stdout = !strcmp(path, "-");
	struct text AUTO_TEXT text = TEXT_EMPTY;
	char bytes[UNITS_LEN], packed[UNITS_LEN];

	if (!cli->json) {
		format_bytes(transfer->bytes, bytes);
		if (to_stdout)
			note(cli, "collected %s", bytes);
		else
			note(cli, "collected %s to %s: %s packed", bytes, path,
			     format_bytes(archive_bytes, packed));
		return;
	}
	text_add(&text, "{\"file\":");
	text_add_json(&text, to_stdout ? NULL : path);
	if (to_stdout)
		text_add(&text, ",\"archive_bytes\":null,");
	else
		text_addf(&text, ",\"archive_bytes\":%" PRIu64 ",", archive_bytes);
	transfer_members(transfer, &text);
	fprintf(to_stdout ? stderr : stdout, "%s}\n", text_get(&text));
}

static int collect_to(struct cli *cli, const char *path)
{
	struct outfile AUTO_OUTFILE file = OUTFILE_NONE;
	struct transfer AUTO_TRANSFER transfer = { .options = NULL };
	bool to_stdout = !strcmp(path, "-");
	struct stat st = { .st_size = 0 };
	int err, code;

	code = transfer_init(cli, &transfer, "collecting");
	if (!code && !to_stdout)
		code = outfile_open(cli, &file, path, option_given(cli, "force"));
	if (code)
		return code;
	signal(SIGPIPE, SIG_IGN);
	transfer_begin(&transfer, file.partial);
	err = nvvgpu_collect(cli->host, to_stdout ? STDOUT_FILENO : file.fd, transfer.options);
	transfer_end(&transfer);
	if (err)
		return fail_library(cli, err);
	if (!to_stdout)
		fstat(file.fd, &st);
	if (!to_stdout)
		code = outfile_commit(cli, &file);
	if (!code)
		tell_collected(cli, &transfer, path, (uint64_t)st.st_size);
	return code;
}

static int run_collect(struct cli *cli)
{
	const char *path = option_value(cli, "output");
	int code;

	if (!path || !*path)
		return fail_usage(cli, "name a file, or - for standard output",
				  "--output is missing");
	if (!strcmp(path, "-") && isatty(STDOUT_FILENO))
		return fail_usage(cli, "redirect it, or name a file",
				  "an archive is not for a terminal");
	code = open_host(cli);
	return code ? code : collect_to(cli, path);
}

static const struct verb_option options[] = {
	{ 'o', "output", "FILE", "where to, FILE.tar.zst; - is standard output; required" },
	{ 'f', "force", NULL, "replace an existing file" },
	{ 0, "timeout", "SECONDS", "give up after this time" },
	{ 0 },
};

const struct verb verb_collect = {
	.name = "collect",
	.arguments = "-o FILE.tar.zst|-",
	.summary = "capture the host in an archive, to be looked at elsewhere",
	.details = "Capture what this command can see of the host in an archive. With --host "
		   "tree:FILE.tar.zst it shows the same GPUs, types and vGPUs on any machine. Serial "
		   "numbers, network addresses and memory are never in it; names, uuids, owners and "
		   "parameters of vGPUs are. As root more can be seen.",
	.options = options,
	.run = run_collect,
};
