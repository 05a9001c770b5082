// SPDX-License-Identifier: MIT
/* The last error of each thread: the one thing the library keeps per thread. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"
#include "util/text.h"

static _Thread_local struct nvvgpu_error last;

/* By way of a copy: the texts may be those of the last error itself. */
static int record(int err, enum nvvgpu_reason reason, const char *object, const char *cause, const char *next)
{
	struct nvvgpu_error error = { .err = err < 0 ? -err : err, .reason = reason };

	text_copy(error.object, sizeof(error.object), object ? object : "");
	text_copy(error.cause, sizeof(error.cause), cause ? cause : "");
	text_copy(error.next_step, sizeof(error.next_step), next ? next : "");
	text_sanitize(error.object);
	text_sanitize(error.cause);
	text_sanitize(error.next_step);
	snprintf(error.message, sizeof(error.message), "%s%s%s (%s)", error.object,
		 *error.object ? ": " : "", error.cause, nvvgpu_reason_name(reason));
	last = error;
	return -error.err;
}

int error_set(int err, enum nvvgpu_reason reason, const char *object, const char *cause, const char *next)
{
	return record(err, reason, object, cause, next);
}

int error_setf(int err, enum nvvgpu_reason reason, const char *object, const char *next,
	       const char *cause_fmt, ...)
{
	char cause[sizeof(last.cause)];
	va_list args;

	va_start(args, cause_fmt);
	vsnprintf(cause, sizeof(cause), cause_fmt, args);
	va_end(args);
	return record(err, reason, object, cause, next);
}

enum nvvgpu_reason reason_from_errno(int err)
{
	switch (err < 0 ? -err : err) {
	case EINVAL:
	case ERANGE:
	case E2BIG:
		return NVVGPU_REASON_INVALID_ARGUMENT;
	case ENOMEM:
		return NVVGPU_REASON_OUT_OF_MEMORY;
	case EACCES:
	case EPERM:
		return NVVGPU_REASON_PERMISSION;
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return NVVGPU_REASON_NOT_FOUND;
	case EOPNOTSUPP:
	case ENOTTY:
	case ENOSYS:
		return NVVGPU_REASON_NOT_SUPPORTED;
	case EROFS:
		return NVVGPU_REASON_READ_ONLY;
	case EBUSY:
	case EAGAIN:
		return NVVGPU_REASON_BUSY;
	case EEXIST:
		return NVVGPU_REASON_EXISTS;
	case ECANCELED:
		return NVVGPU_REASON_CANCELLED;
	case ETIMEDOUT:
		return NVVGPU_REASON_DEADLINE;
	case EBADMSG:
		return NVVGPU_REASON_STATE_DAMAGED;
	default:
		return NVVGPU_REASON_IO;
	}
}

static const char *next_step_of(enum nvvgpu_reason reason)
{
	switch (reason) {
	case NVVGPU_REASON_PERMISSION:
		return "run as root, or have the device node opened to this user";
	case NVVGPU_REASON_READ_ONLY:
		return "a captured tree can only be looked at; use the running host";
	case NVVGPU_REASON_BUSY:
		return "try again when the other is done; one that has a device open may hold the whole GPU";
	case NVVGPU_REASON_NOT_FOUND:
		return "check that the device and its driver are still there";
	case NVVGPU_REASON_IO:
		return "look into the kernel log";
	default:
		return "";
	}
}

/* Some errnos of a stream say more than their reason. */
static const char *next_step_of_errno(int err)
{
	switch (err) {
	case EPIPE:
	case ECONNRESET:
		return "the reader went away: start again with one that reads to the end";
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return "make room where the data goes";
	default:
		return next_step_of(reason_from_errno(err));
	}
}

int error_errno(int err, const char *object, const char *doing)
{
	char buf[128];

	err = err < 0 ? -err : err;
	return error_setf(err, reason_from_errno(err), object, next_step_of_errno(err), "%s: %s%s",
			  doing, strerror_r(err, buf, sizeof(buf)),
			  err == EBUSY ? ": another process uses it" : "");
}

int error_nomem(void)
{
	return record(ENOMEM, NVVGPU_REASON_OUT_OF_MEMORY, "", "there is not enough memory", "");
}

int error_restore(const struct nvvgpu_error *error)
{
	last = *error;
	return -error->err;
}

NVVGPU_EXPORT const struct nvvgpu_error *nvvgpu_last_error(void)
{
	return &last;
}

NVVGPU_EXPORT int nvvgpu_error_copy(const struct nvvgpu_error *error, struct nvvgpu_error **ret)
{
	struct nvvgpu_error *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	*copy = *error;
	*ret = copy;
	return 0;
}

NVVGPU_EXPORT void nvvgpu_error_free(struct nvvgpu_error *error)
{
	free(error);
}

NVVGPU_EXPORT int nvvgpu_error_get_errno(const struct nvvgpu_error *error)
{
	return error->err;
}

NVVGPU_EXPORT enum nvvgpu_reason nvvgpu_error_get_reason(const struct nvvgpu_error *error)
{
	return error->reason;
}

NVVGPU_EXPORT const char *nvvgpu_error_get_object(const struct nvvgpu_error *error)
{
	return error->object;
}

NVVGPU_EXPORT const char *nvvgpu_error_get_cause(const struct nvvgpu_error *error)
{
	return error->cause;
}

NVVGPU_EXPORT const char *nvvgpu_error_get_message(const struct nvvgpu_error *error)
{
	return error->message;
}

NVVGPU_EXPORT const char *nvvgpu_error_get_next_step(const struct nvvgpu_error *error)
{
	return error->next_step;
}
