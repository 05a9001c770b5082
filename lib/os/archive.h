/* SPDX-License-Identifier: MIT */
/* Captured machines as archives: the one file that knows libarchive, or its stand-in. */
#ifndef NVVGPU_LIB_OS_ARCHIVE_H
#define NVVGPU_LIB_OS_ARCHIVE_H

#include <sys/types.h>
#include "os/snapshot.h"

/*
 * A tar, packed or not, from a regular file.  -EBADMSG: it is none, is damaged, or holds more
 * than a machine has; -ENOENT: it has no sys/; -EOPNOTSUPP: libarchive is missing.
 */
int archive_load(int fd, struct snapshot **ret, const char **ret_detail);

/* Where packed bytes go: 0 or -errno. */
typedef int (*archive_write_fn)(void *arg, const void *data, size_t len);

/* As tar, packed with zstd; the same bytes for the same entries. */
int archive_store(const struct snapshot *snapshot, archive_write_fn write, void *arg);

#endif
