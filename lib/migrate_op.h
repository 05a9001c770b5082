/* SPDX-License-Identifier: MIT */
/* What save, restore and verify share: options, progress, deadline, the first of several errors. */
#ifndef NVVGPU_LIB_MIGRATE_OP_H
#define NVVGPU_LIB_MIGRATE_OP_H

#include <stdatomic.h>
#include "stream.h"

struct nvvgpu_progress {
	uint64_t bytes, estimate_bytes, bytes_per_second;
};

struct nvvgpu_migrate_options {
	nvvgpu_progress_fn progress;
	void *progress_arg;
	bool checksum, verify_first;
	uint64_t timeout_ns;
	struct nvvgpu_spec *spec;
	atomic_bool cancelled;	/* taken back when the operation ends */
};

/* One running operation. */
struct migrate_op {
	struct nvvgpu_migrate_options *options;	/* NULL: the defaults */
	const char *object;
	uint64_t start_ns, deadline_ns, report_ns;
	bool started;		/* the first report was made */
	unsigned int passes;	/* how often the state is gone through */
	struct nvvgpu_progress progress;
	struct io io;
};

/* Opens the caller's stream too; migrate_op_end() follows in any case. */
int migrate_op_begin(struct migrate_op *op, struct nvvgpu_migrate_options *options,
		     const char *object, int fd, bool write);
/* The first report, unless it was made; from here on work is reported. */
int migrate_op_start(struct migrate_op *op);
/* How many device bytes there will be; 0: unknown. */
void migrate_op_estimate(struct migrate_op *op, uint64_t bytes);
/* So many device bytes more; cancelled or too late? */
int migrate_op_advance(struct migrate_op *op, size_t bytes);
/* Last report, while the operation can still be undone. */
int migrate_op_finish(struct migrate_op *op);
void migrate_op_end(struct migrate_op *op);

/* Reads to the trailer; each checked chunk goes to sink unless that is NULL. */
int migrate_op_read_all(struct migrate_op *op, struct stream_reader *reader,
			int (*sink)(void *arg, const void *data, size_t len), void *arg);

#endif
