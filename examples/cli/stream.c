// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "fail.h"
#include "infile.h"
#include "json.h"
#include "table.h"
#include "transfer.h"

static void print_time(const struct nvvgpu_stream_info *info)
{
	time_t seconds = (time_t)(nvvgpu_stream_info_get_time_ns(info) / 1000000000);
	struct tm parts;
	char text[40];

	if (!gmtime_r(&seconds, &parts) ||
	    !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts))
		snprintf(text, sizeof(text), "unknown");
	field_print("saved at", "%s", text);
}

static void print_info(const struct nvvgpu_stream_info *info)
{
	char units[UNITS_LEN];

	field_print("vGPU", "%s", nvvgpu_stream_info_get_vgpu_uuid(info));
	field_print("type", "%s (%" PRIu32 ")", nvvgpu_stream_info_get_type_name(info),
		    nvvgpu_stream_info_get_type_id(info));
	field_print("framebuffer", "%s",
		    format_bytes(nvvgpu_stream_info_get_framebuffer_bytes(info), units));
	field_print("board", "%s (%04x)", nvvgpu_stream_info_get_board_name(info),
		    nvvgpu_stream_info_get_device_id(info));
	field_print("driver", "%s", nvvgpu_stream_info_get_driver_version(info));
	field_print("firmware", "%s", nvvgpu_stream_info_get_firmware_version(info));
	field_print("saved from", "%s", nvvgpu_stream_info_get_source_gpu(info));
	print_time(info);
	field_print("saved by", "libnvvgpu %s", nvvgpu_stream_info_get_library_version(info));
	field_print("format", "%" PRIu32 ".%" PRIu32, nvvgpu_stream_info_get_format_major(info),
		    nvvgpu_stream_info_get_format_minor(info));
	field_print("stream", "%s", nvvgpu_stream_info_get_stream_uuid(info));
	field_print("checksums", "%s",
		    nvvgpu_stream_info_has_checksums(info) ? "XXH3" : "none over the data");
}

/* members: more for the JSON object, "" for none */
static int tell_info(const struct cli *cli, const struct nvvgpu_stream_info *info,
		     const char *members)
{
	char *object AUTO(string) = NULL;
	int err;

	if (!cli->json) {
		print_info(info);
		return CLI_OK;
	}
	err = nvvgpu_stream_info_to_json(info, &object);
	if (err)
		return fail_library(cli, err);
	json_print_with(stdout, object, members);
	return CLI_OK;
}

/* --------------------------------------------------------------- inspect */

typedef int (*read_fn)(int fd, struct nvvgpu_migrate_options *options,
		      struct nvvgpu_stream_info **ret);

static int read_stream(struct cli *cli, read_fn from, struct transfer *transfer,
		       struct nvvgpu_stream_info **ret)
{
	int fd, err, code;

	code = infile_open(cli, word(cli, 0), &fd);
	if (code)
		return code;
	transfer_begin(transfer, NULL);
	err = from(fd, transfer->options, ret);
	transfer_end(transfer);
	close(fd);
	return err ? fail_stream(cli, err, word(cli, 0)) : 0;
}

static int run_inspect(struct cli *cli)
{
	struct transfer AUTO_TRANSFER transfer = { .options = NULL };
	struct nvvgpu_stream_info *info AUTO(info) = NULL;
	int code = transfer_init(cli, &transfer, "inspecting");

	if (!code)
		code = read_stream(cli, nvvgpu_migrate_inspect, &transfer, &info);
	return code ? code : tell_info(cli, info, "");
}

static const struct verb_option options[] = {
	{ 0, "timeout", "SECONDS", "give up after this time" },
	{ 0 },
};

const struct verb verb_inspect = {
	.name = "inspect",
	.arguments = "FILE|-",
	.summary = "show what a saved state says of itself",
	.details = "Show the identity of a saved state. Its data is not read: whether it is whole "
		   "is for verify to say.",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = run_inspect,
};

/* ---------------------------------------------------------------- verify */

static int tell_verified(const struct cli *cli, const struct transfer *transfer,
			 const struct nvvgpu_stream_info *info)
{
	struct text AUTO_TEXT members = TEXT_EMPTY, speed = TEXT_EMPTY;
	char units[UNITS_LEN];
	int code;

	transfer_members(transfer, &members);
	code = tell_info(cli, info, text_get(&members));
	if (code || cli->json)
		return code;
	field_print("data", "%s in %" PRIu64 " chunk%s",
		    format_bytes(nvvgpu_stream_info_get_data_bytes(info), units),
		    nvvgpu_stream_info_get_chunks(info),
		    nvvgpu_stream_info_get_chunks(info) == 1 ? "" : "s");
	transfer_describe(transfer, &speed);
	field_print("verified", "%s, %s",
		    nvvgpu_stream_info_has_checksums(info) ? "whole and undamaged" :
							     "whole, no checksums over the data",
		    text_get(&speed));
	return CLI_OK;
}

static int run_verify(struct cli *cli)
{
	struct transfer AUTO_TRANSFER transfer = { .options = NULL };
	struct nvvgpu_stream_info *info AUTO(info) = NULL;
	int code = transfer_init(cli, &transfer, "verifying");

	if (!code)
		code = read_stream(cli, nvvgpu_migrate_verify, &transfer, &info);
	return code ? code : tell_verified(cli, &transfer, info);
}

const struct verb verb_verify = {
	.name = "verify",
	.arguments = "FILE|-",
	.summary = "check every byte of a saved state",
	.details = "Read a whole saved state and check every checksum, length and count in it.",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = run_verify,
};
