// SPDX-License-Identifier: MIT
/* Errors: the library's and our own look the same. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "vmm.h"

static void put_safe(FILE *file, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c == 0x7f)
			fprintf(file, "\\x%02x", c);
		else
			fputc(c, file);
	}
}

void print_safe(const char *text)
{
	put_safe(stdout, text);
}

static int put(int err, enum nvvgpu_reason reason, const char *object, const char *cause,
	       const char *next)
{
	const char *name = strerrorname_np(err);

	fflush(stdout);		/* what was found before comes first */
	fputs("vmm: ", stderr);
	put_safe(stderr, object);
	fputs(*object ? ": " : "", stderr);
	put_safe(stderr, cause);
	if (*next) {
		fputs("\n  next: ", stderr);
		put_safe(stderr, next);
	}
	fprintf(stderr, "\n  reason: %s (%s)\n", nvvgpu_reason_name(reason),
		name ? name : "no errno");
	return VMM_FAILED;
}

int fail(int err, enum nvvgpu_reason reason, const char *object, const char *next,
	 const char *format, ...)
{
	va_list args;
	char *cause;
	int length;

	va_start(args, format);
	length = vasprintf(&cause, format, args);
	va_end(args);
	if (length < 0)
		fail_memory();
	put(err, reason, object, cause, next);
	free(cause);
	return err == EINVAL ? VMM_USAGE : VMM_FAILED;
}

int fail_errno(const char *object, const char *doing)
{
	int err = errno;
	bool denied = err == EACCES || err == EPERM;

	return fail(err, denied ? NVVGPU_REASON_PERMISSION :
		    err == ENOENT ? NVVGPU_REASON_NOT_FOUND :
		    err == EEXIST ? NVVGPU_REASON_EXISTS : NVVGPU_REASON_IO, object,
		    denied ? "check the owner and the rights of the path" : "", "cannot %s: %s",
		    doing, strerror(err));
}

int fail_error(const struct nvvgpu_error *error)
{
	return put(nvvgpu_error_get_errno(error), nvvgpu_error_get_reason(error),
		   nvvgpu_error_get_object(error), nvvgpu_error_get_cause(error),
		   nvvgpu_error_get_next_step(error));
}

int fail_library(void)
{
	return fail_error(nvvgpu_last_error());
}

_Noreturn void fail_memory(void)
{
	fputs("vmm: out of memory\n", stderr);
	exit(VMM_FAILED);
}
