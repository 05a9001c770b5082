// SPDX-License-Identifier: MIT
/* Captures a host into an archive. */
#include <stdio.h>
#include "migrate_op.h"
#include "objects.h"
#include "os/archive.h"
#include "os/capture.h"

struct collect {
	struct migrate_op op;
	struct nvvgpu *host;
	bool told;		/* the last error says what went wrong */
};

/* Asking drivers is what takes time: what was taken is counted, before it is packed. */
static int on_function(void *arg, size_t done, size_t total, uint64_t bytes)
{
	struct collect *collect = arg;
	int err;

	migrate_op_estimate(&collect->op, bytes * total / done);
	err = migrate_op_advance(&collect->op, bytes - collect->op.progress.bytes);
	collect->told = err;
	return err;
}

static int on_block(void *arg, const void *data, size_t len)
{
	struct collect *collect = arg;
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	int err = io_write(&collect->op.io, &iov, 1);

	collect->told = err;
	if (!err || collect->op.io.gave_up)
		return err;
	return error_errno(err, "stream", "writing the archive");
}

static int say(const struct collect *collect, int err)
{
	const char *uri = collect->host->uri;

	if (!err || collect->told)
		return err;
	if (err == -ENOMEM)
		return error_nomem();
	if (err == -EOPNOTSUPP)
		return error_set(err, NVVGPU_REASON_NOT_SUPPORTED, uri,
				 "archives need libarchive, which is not installed, or was not "
				 "when the library was built", "install it");
	return error_errno(err, uri, "capturing the host");
}

static int collect_all(struct collect *collect)
{
	struct snapshot *snapshot = NULL;
	int err = migrate_op_start(&collect->op);

	collect->told = err;
	if (!err)
		err = os_capture(collect->host->os, on_function, collect, &snapshot);
	if (!err)
		err = on_function(collect, 1, 1, snapshot->bytes);
	if (!err)
		err = archive_store(snapshot, on_block, collect);
	snapshot_free(snapshot);
	err = say(collect, err);
	return err ? err : migrate_op_finish(&collect->op);
}

NVVGPU_EXPORT int nvvgpu_collect(struct nvvgpu *host, int fd,
				 struct nvvgpu_migrate_options *options)
{
	struct collect collect = { .host = host };
	int err = migrate_op_begin(&collect.op, options, host->uri, fd, true);

	if (!err)
		err = collect_all(&collect);
	migrate_op_end(&collect.op);
	return err;
}
