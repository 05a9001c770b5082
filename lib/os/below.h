/* SPDX-License-Identifier: MIT */
/* Files below a directory that stands for "/" of a machine. */
#ifndef NVVGPU_LIB_OS_BELOW_H
#define NVVGPU_LIB_OS_BELOW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define OS_TEXT_MAX	(16 << 20)	/* longest file that anyone reads */

/* Neither absolute nor with a way up in it. */
bool path_is_safe(const char *path);

/*
 * Opens @path, which is relative to @root; links that lead out of it are followed
 * inside it.  The descriptor or -errno; a path that is absolute or has ".." in it is
 * -EINVAL.  mode: for O_CREAT.
 */
int open_below(int root, const char *path, int flags, mode_t mode);

/* To its end, or as much as there is room for: the bytes, or -errno */
ssize_t read_to_end(int fd, char *buf, size_t size);
/* A whole file and a NUL behind it; *ret is to be freed.  -EFBIG beyond OS_TEXT_MAX */
int os_read_text(int root, const char *path, char **ret, size_t *ret_len);

#endif
