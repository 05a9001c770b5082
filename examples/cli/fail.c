// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fail.h"
#include "text.h"

#define ANY (-1)

/*
 * The first line that fits counts.  Reasons come before errnos: ENOSPC is a
 * full GPU when the reason says so and a full disk when it does not.
 */
static const struct {
	int reason;
	int err;
	enum cli_exit code;
} exit_codes[] = {
	{ NVVGPU_REASON_INVALID_ARGUMENT, ANY, CLI_USAGE },
	{ NVVGPU_REASON_PLACEMENT_INVALID, ANY, CLI_USAGE },
	{ NVVGPU_REASON_PARAMS, ANY, CLI_USAGE },
	{ NVVGPU_REASON_NOT_FOUND, ANY, CLI_NOT_FOUND },
	{ NVVGPU_REASON_PERMISSION, ANY, CLI_PERMISSION },
	{ NVVGPU_REASON_BUSY, ANY, CLI_BUSY },
	{ NVVGPU_REASON_IN_USE, ANY, CLI_BUSY },
	{ NVVGPU_REASON_EXISTS, ANY, CLI_BUSY },
	{ NVVGPU_REASON_VF_BUSY, ANY, CLI_BUSY },
	{ NVVGPU_REASON_PLACEMENT_TAKEN, ANY, CLI_BUSY },
	{ NVVGPU_REASON_LIVE_VGPUS, ANY, CLI_BUSY },
	{ NVVGPU_REASON_FOREIGN_OWNER, ANY, CLI_BUSY },
	{ NVVGPU_REASON_EQUAL_SIZE, ANY, CLI_EXHAUSTED },
	{ NVVGPU_REASON_EXHAUSTED, ANY, CLI_EXHAUSTED },
	{ NVVGPU_REASON_NO_FRAMEBUFFER, ANY, CLI_EXHAUSTED },
	{ NVVGPU_REASON_NO_CHANNELS, ANY, CLI_EXHAUSTED },
	{ NVVGPU_REASON_VFS_DISABLED, ANY, CLI_EXHAUSTED },
	{ NVVGPU_REASON_MIG, ANY, CLI_EXHAUSTED },
	{ NVVGPU_REASON_STREAM_FOREIGN, ANY, CLI_STREAM },
	{ NVVGPU_REASON_STREAM_VERSION, ANY, CLI_STREAM },
	{ NVVGPU_REASON_STREAM_DAMAGED, ANY, CLI_STREAM },
	{ NVVGPU_REASON_STREAM_TRUNCATED, ANY, CLI_STREAM },
	{ NVVGPU_REASON_STREAM_ABORTED, ANY, CLI_STREAM },
	{ NVVGPU_REASON_STREAM_REJECTED, ANY, CLI_STREAM },
	{ NVVGPU_REASON_MISMATCH_BOARD, ANY, CLI_STREAM },
	{ NVVGPU_REASON_MISMATCH_TYPE, ANY, CLI_STREAM },
	{ NVVGPU_REASON_MISMATCH_DRIVER, ANY, CLI_STREAM },
	{ NVVGPU_REASON_MISMATCH_FRAMEBUFFER, ANY, CLI_STREAM },
	{ NVVGPU_REASON_MISMATCH_FIRMWARE, ANY, CLI_STREAM },
	{ NVVGPU_REASON_NOT_SUPPORTED, ANY, CLI_NOT_SUPPORTED },
	{ NVVGPU_REASON_READ_ONLY, ANY, CLI_NOT_SUPPORTED },
	{ NVVGPU_REASON_NOT_MIGRATABLE, ANY, CLI_NOT_SUPPORTED },
	{ NVVGPU_REASON_NO_DRIVER, ANY, CLI_NOT_SUPPORTED },
	{ NVVGPU_REASON_PASSTHROUGH, ANY, CLI_NOT_SUPPORTED },
	{ NVVGPU_REASON_NOT_CAPABLE, ANY, CLI_NOT_SUPPORTED },
	{ NVVGPU_REASON_NO_FRAMEWORK, ANY, CLI_NOT_SUPPORTED },
	{ NVVGPU_REASON_IOMMU_OFF, ANY, CLI_NOT_SUPPORTED },
	{ NVVGPU_REASON_IOMMU_GROUP_SHARED, ANY, CLI_NOT_SUPPORTED },
	{ NVVGPU_REASON_NO_VFIO, ANY, CLI_NOT_SUPPORTED },
	{ NVVGPU_REASON_NO_SERVICE, ANY, CLI_NOT_SUPPORTED },
	{ NVVGPU_REASON_CANCELLED, ANY, CLI_INTERRUPTED },
	{ NVVGPU_REASON_OUT_OF_MEMORY, ANY, CLI_FAILED },
	{ NVVGPU_REASON_IO, ANY, CLI_FAILED },
	{ NVVGPU_REASON_DEADLINE, ANY, CLI_FAILED },
	{ NVVGPU_REASON_FIRMWARE, ANY, CLI_FAILED },
	{ NVVGPU_REASON_DEVICE_FAILED, ANY, CLI_FAILED },
	{ NVVGPU_REASON_STATE_DAMAGED, ANY, CLI_FAILED },
	/* no reason, or one that this command does not know yet */
	{ ANY, EINVAL, CLI_USAGE },
	{ ANY, ENOENT, CLI_NOT_FOUND },
	{ ANY, ENODEV, CLI_NOT_FOUND },
	{ ANY, EACCES, CLI_PERMISSION },
	{ ANY, EPERM, CLI_PERMISSION },
	{ ANY, EBUSY, CLI_BUSY },
	{ ANY, EEXIST, CLI_BUSY },
	{ ANY, ENOSPC, CLI_EXHAUSTED },
	{ ANY, EXDEV, CLI_STREAM },
	{ ANY, EBADMSG, CLI_STREAM },
	{ ANY, EOPNOTSUPP, CLI_NOT_SUPPORTED },
	{ ANY, EROFS, CLI_NOT_SUPPORTED },
	{ ANY, ECANCELED, CLI_INTERRUPTED },
	{ ANY, EINTR, CLI_INTERRUPTED },
	{ ANY, ANY, CLI_FAILED },
};

int exit_code(int reason, int err)
{
	size_t i = 0;

	while ((exit_codes[i].reason != ANY && exit_codes[i].reason != reason) ||
	       (exit_codes[i].err != ANY && exit_codes[i].err != err))
		i++;
	return exit_codes[i].code;
}

static const char *errno_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "no errno";
}

static void print_plain(const struct failure *f)
{
	fflush(stdout);		/* what was found before comes first */
	fputs("nvvgpu: ", stderr);
	if (*f->object) {
		text_print_safe(stderr, f->object);
		fputs(": ", stderr);
	}
	text_print_safe(stderr, f->cause);
	fputc('\n', stderr);
	if (*f->next) {
		fputs("  next: ", stderr);
		text_print_safe(stderr, f->next);
		fputc('\n', stderr);
	}
	fprintf(stderr, "  reason: %s (%s)\n", nvvgpu_reason_name(f->reason), errno_name(f->err));
}

/* The same keys as nvvgpu_error_to_json() gives. */
static void print_json(const struct failure *f)
{
	struct text text = TEXT_EMPTY;

	text_add(&text, "{\"error\":{\"reason\":");
	text_add_json(&text, nvvgpu_reason_name(f->reason));
	text_addf(&text, ",\"errno\":%d,\"errno_name\":", f->err);
	text_add_json(&text, errno_name(f->err));
	text_add(&text, ",\"object\":");
	text_add_json(&text, f->object);
	text_add(&text, ",\"cause\":");
	text_add_json(&text, f->cause);
	text_add(&text, ",\"next_step\":");
	text_add_json(&text, f->next);
	text_add(&text, "}}");
	fflush(stdout);
	fprintf(stderr, "%s\n", text_get(&text));
	text_free(&text);
}

int fail(const struct cli *cli, const struct failure *failure)
{
	if (cli->json)
		print_json(failure);
	else
		print_plain(failure);
	return exit_code(failure->reason, failure->err);
}

/* The texts are copied: a library without JSON puts an error of its own in their place. */
int fail_library(const struct cli *cli, int err)
{
	const struct nvvgpu_error *error = nvvgpu_last_error();
	struct text AUTO_TEXT object = TEXT_EMPTY, cause = TEXT_EMPTY, next = TEXT_EMPTY;
	int reason = nvvgpu_error_get_reason(error);
	char *json;

	text_add(&object, nvvgpu_error_get_object(error));
	text_add(&cause, nvvgpu_error_get_cause(error));
	text_add(&next, nvvgpu_error_get_next_step(error));
	if (!cli->json || nvvgpu_error_to_json(error, &json))
		return fail(cli, &(struct failure){
			.err = -err,
			.reason = reason,
			.object = text_get(&object),
			.cause = text_get(&cause),
			.next = text_get(&next),
		});
	fflush(stdout);
	fprintf(stderr, "%s\n", json);
	nvvgpu_free(json);
	return exit_code(reason, -err);
}

int fail_stream(const struct cli *cli, int err, const char *path)
{
	const struct nvvgpu_error *error = nvvgpu_last_error();

	if (strcmp(nvvgpu_error_get_object(error), "stream"))
		return fail_library(cli, err);
	return fail(cli, &(struct failure){
		.err = -err,
		.reason = nvvgpu_error_get_reason(error),
		.object = strcmp(path, "-") ? path : "standard input",
		.cause = nvvgpu_error_get_cause(error),
		.next = nvvgpu_error_get_next_step(error),
	});
}

static int reason_from_errno(int err)
{
	switch (err) {
	case EINVAL:
		return NVVGPU_REASON_INVALID_ARGUMENT;
	case ENOMEM:
		return NVVGPU_REASON_OUT_OF_MEMORY;
	case EACCES:
	case EPERM:
		return NVVGPU_REASON_PERMISSION;
	case ENOENT:
	case ENOTDIR:
		return NVVGPU_REASON_NOT_FOUND;
	case EEXIST:
		return NVVGPU_REASON_EXISTS;
	case EBUSY:
		return NVVGPU_REASON_BUSY;
	default:
		return NVVGPU_REASON_IO;
	}
}

static const char *step_from_errno(int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
		return "check the owner and the rights of the path";
	case ENOENT:
	case ENOTDIR:
		return "check that the path exists";
	case ENOSPC:
	case EDQUOT:
		return "make room, or name a place with more";
	default:
		return "";
	}
}

int fail_errno(const struct cli *cli, int err, const char *object, const char *doing)
{
	char cause[160];

	snprintf(cause, sizeof(cause), "cannot %s: %s", doing, strerror(err));
	return fail(cli, &(struct failure){
		.err = err,
		.reason = reason_from_errno(err),
		.object = object,
		.cause = cause,
		.next = step_from_errno(err),
	});
}

int fail_usage(const struct cli *cli, const char *next, const char *format, ...)
{
	char *cause;
	va_list args;
	int code, len;

	va_start(args, format);
	len = vasprintf(&cause, format, args);
	va_end(args);
	if (len < 0)
		fail_memory();
	code = fail(cli, &(struct failure){
		.err = EINVAL,
		.reason = NVVGPU_REASON_INVALID_ARGUMENT,
		.object = cli->verb ? cli->verb->name : "",
		.cause = cause,
		.next = next,
	});
	free(cause);
	return code;
}

_Noreturn void fail_memory(void)
{
	fputs("nvvgpu: out of memory\n", stderr);
	exit(CLI_FAILED);
}
