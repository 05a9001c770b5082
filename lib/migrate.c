/* SPDX-License-Identifier: MIT */
/* Options and progress of save, restore and verify; inspect and verify themselves. */
#include <stdio.h>
#include "migrate_op.h"
#include "util/clock.h"

#define REPORT_INTERVAL_NS	100000000u	/* ten a second */

/* ------------------------------------------------------------------- options */

NVVGPU_EXPORT int nvvgpu_migrate_options_new(struct nvvgpu_migrate_options **ret)
{
	struct nvvgpu_migrate_options *options = calloc(1, sizeof(*options));

	if (!options)
		return error_nomem();
	options->checksum = true;
	atomic_init(&options->cancelled, false);
	*ret = options;
	return 0;
}

NVVGPU_EXPORT void nvvgpu_migrate_options_free(struct nvvgpu_migrate_options *options)
{
	if (!options)
		return;
	nvvgpu_spec_free(options->spec);
	free(options);
}

NVVGPU_EXPORT void nvvgpu_migrate_options_set_progress(struct nvvgpu_migrate_options *options,
						       nvvgpu_progress_fn fn, void *arg)
{
	options->progress = fn;
	options->progress_arg = arg;
}

NVVGPU_EXPORT void nvvgpu_migrate_options_set_checksum(struct nvvgpu_migrate_options *options,
						       bool checksum)
{
	options->checksum = checksum;
}

NVVGPU_EXPORT void nvvgpu_migrate_options_set_deadline(struct nvvgpu_migrate_options *options,
						       uint64_t timeout_ns)
{
	options->timeout_ns = timeout_ns;
}

NVVGPU_EXPORT void nvvgpu_migrate_options_set_verify_first(struct nvvgpu_migrate_options *options,
							   bool verify)
{
	options->verify_first = verify;
}

NVVGPU_EXPORT int nvvgpu_migrate_options_set_spec(struct nvvgpu_migrate_options *options,
						  struct nvvgpu_spec *spec)
{
	struct nvvgpu_spec *copy = NULL;
	int err = spec ? spec_copy(spec, &copy) : 0;

	if (err)
		return err;
	nvvgpu_spec_free(options->spec);
	options->spec = copy;
	return 0;
}

NVVGPU_EXPORT void nvvgpu_migrate_options_cancel(struct nvvgpu_migrate_options *options)
{
	atomic_store(&options->cancelled, true);
}

/* ------------------------------------------------------------------ progress */

NVVGPU_EXPORT uint64_t nvvgpu_progress_get_bytes(const struct nvvgpu_progress *progress)
{
	return progress->bytes;
}

NVVGPU_EXPORT uint64_t nvvgpu_progress_get_estimate_bytes(const struct nvvgpu_progress *progress)
{
	return progress->estimate_bytes;
}

NVVGPU_EXPORT uint64_t
nvvgpu_progress_get_bytes_per_second(const struct nvvgpu_progress *progress)
{
	return progress->bytes_per_second;
}

/* ----------------------------------------------------------------- operation */

static int cancelled(const struct migrate_op *op)
{
	return error_set(ECANCELED, NVVGPU_REASON_CANCELLED, op->object,
			 "the operation was cancelled", "");
}

static int report(struct migrate_op *op, uint64_t now)
{
	const struct nvvgpu_migrate_options *options = op->options;
	double seconds = (double)(now - op->start_ns) / 1e9;

	op->report_ns = now + REPORT_INTERVAL_NS;
	if (!options || !options->progress)
		return 0;
	if (op->progress.estimate_bytes && op->progress.estimate_bytes < op->progress.bytes)
		op->progress.estimate_bytes = op->progress.bytes;
	op->progress.bytes_per_second = seconds > 0 ? (uint64_t)(op->progress.bytes / seconds) : 0;
	return options->progress(options->progress_arg, &op->progress) ? cancelled(op) : 0;
}

static int check(void *arg)
{
	struct migrate_op *op = arg;
	uint64_t now = clock_now_ns();

	if (op->options && atomic_load(&op->options->cancelled))
		return cancelled(op);
	if (now >= op->deadline_ns)
		return error_set(ETIMEDOUT, NVVGPU_REASON_DEADLINE, op->object,
				 "the deadline passed before it was done",
				 "set a later deadline, or find out what is slow");
	/* also while nothing has come yet: whoever waits may want to give up */
	return now >= op->report_ns ? report(op, now) : 0;
}

int migrate_op_begin(struct migrate_op *op, struct nvvgpu_migrate_options *options,
		     const char *object, int fd, bool write)
{
	int err;

	*op = (struct migrate_op){
		.options = options,
		.object = object,
		.start_ns = clock_now_ns(),
		.deadline_ns = CLOCK_NEVER,
		.passes = 1,
		.io = { .twin = -1 },
	};
	op->report_ns = op->start_ns + REPORT_INTERVAL_NS;
	if (options && options->timeout_ns)
		op->deadline_ns = clock_deadline_ns(options->timeout_ns);
	err = io_open(&op->io, fd, write, check, op);
	if (err)
		return error_setf(err, NVVGPU_REASON_INVALID_ARGUMENT, "stream",
				  "give a file, a pipe or a stream socket",
				  "file descriptor %d cannot be %s", fd,
				  write ? "written" : "read");
	return check(op);
}

int migrate_op_start(struct migrate_op *op)
{
	int err = check(op);

	if (err || op->started)	/* by the first of two passes */
		return err;
	op->started = true;
	return report(op, clock_now_ns());
}

void migrate_op_estimate(struct migrate_op *op, uint64_t bytes)
{
	op->progress.estimate_bytes = bytes * op->passes;
}

int migrate_op_advance(struct migrate_op *op, size_t bytes)
{
	op->progress.bytes += bytes;
	return check(op);
}

int migrate_op_finish(struct migrate_op *op)
{
	int err = check(op);

	if (err)
		return err;
	op->progress.estimate_bytes = op->progress.bytes;
	return report(op, clock_now_ns());
}

void migrate_op_end(struct migrate_op *op)
{
	io_close(&op->io);
	if (op->options)
		atomic_store(&op->options->cancelled, false);
}

int migrate_op_read_all(struct migrate_op *op, struct stream_reader *reader,
			int (*sink)(void *arg, const void *data, size_t len), void *arg)
{
	const void *data;
	size_t len;
	int err;

	for (;;) {
		err = stream_reader_next(reader, &data, &len);
		if (err || len == 0)
			return err;
		migrate_op_estimate(op, reader->estimate_bytes);
		err = sink ? sink(arg, data, len) : 0;
		if (!err)
			err = migrate_op_advance(op, len);
		if (err)
			return err;
	}
}

/* ----------------------------------------------------------- inspect, verify */

NVVGPU_EXPORT int nvvgpu_migrate_inspect(int fd, struct nvvgpu_migrate_options *options,
					 struct nvvgpu_stream_info **ret)
{
	struct stream_reader reader = { 0 };
	struct migrate_op op;
	int err = migrate_op_begin(&op, options, "stream", fd, false);

	if (!err)
		err = stream_reader_open(&reader, &op.io);
	if (!err)
		*ret = take_ptr(reader.info);
	stream_reader_close(&reader);
	migrate_op_end(&op);
	return err;
}

NVVGPU_EXPORT int nvvgpu_migrate_verify(int fd, struct nvvgpu_migrate_options *options,
					struct nvvgpu_stream_info **ret)
{
	struct stream_reader reader = { 0 };
	struct migrate_op op;
	int err = migrate_op_begin(&op, options, "stream", fd, false);

	if (!err)
		err = stream_reader_open(&reader, &op.io);
	if (!err)
		err = migrate_op_start(&op);
	if (!err)
		err = migrate_op_read_all(&op, &reader, NULL, NULL);
	if (!err)
		err = migrate_op_finish(&op);
	if (!err && ret)
		*ret = take_ptr(reader.info);
	stream_reader_close(&reader);
	migrate_op_end(&op);
	return err;
}
