// SPDX-License-Identifier: MIT
/* Stands in for archive.c in a build without libarchive. */
#include <errno.h>
#include "os/archive.h"

int archive_load(int fd, struct snapshot **ret, const char **ret_detail)
{
	*ret_detail = "the library was built without archives: unpack it, and give the directory";
	return -EOPNOTSUPP;
}

int archive_store(const struct snapshot *snapshot, archive_write_fn write, void *arg)
{
	return -EOPNOTSUPP;
}
