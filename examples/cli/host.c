// SPDX-License-Identifier: MIT
/* The host of this run, and which of its GPUs is meant. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fail.h"
#include "text.h"

/* What the library warns of is worth knowing here too. */
static void on_log(void *arg, enum nvvgpu_log_level level, const char *line)
{
	note(arg, "warning: %s", line);
}

static int open_new_host(struct cli *cli)
{
	int err = nvvgpu_open(cli->uri, &cli->host);

	return err ? err : nvvgpu_set_log(cli->host, NVVGPU_LOG_WARNING, on_log, cli, NULL);
}

int open_host(struct cli *cli)
{
	int err = cli->host ? 0 : open_new_host(cli);

	if (!err && !cli->gpus)
		err = nvvgpu_gpu_list(cli->host, &cli->gpus);
	return err ? fail_library(cli, err) : 0;
}

static bool is_shareable(struct nvvgpu_gpu *gpu)
{
	return nvvgpu_gpu_get_reason(gpu) == NVVGPU_REASON_NONE;
}

char *why_nothing(struct cli *cli)
{
	struct text text = TEXT_EMPTY, list = TEXT_EMPTY;
	struct nvvgpu_gpu *gpu;
	size_t count = 0;

	for (size_t i = 0; (gpu = nvvgpu_gpu_list_get(cli->gpus, i)); i++) {
		if (is_shareable(gpu))
			continue;
		text_addf(&list, "%s%s: %s", count++ ? "; " : "", nvvgpu_gpu_get_address(gpu),
			  nvvgpu_gpu_get_reason_text(gpu));
	}
	if (count)
		text_addf(&text, "%zu GPU%s cannot be shared: %s", count, count == 1 ? "" : "s",
			  text_get(&list));
	else
		text_add(&text, "no GPUs on this host");
	text_free(&list);
	return text_take(&text);
}

void note_unshared(const struct cli *cli)
{
	struct nvvgpu_gpu *gpu;

	for (size_t i = 0; (gpu = nvvgpu_gpu_list_get(cli->gpus, i)); i++)
		if (!is_shareable(gpu))
			note(cli, "%s cannot be shared: %s", nvvgpu_gpu_get_address(gpu),
			     nvvgpu_gpu_get_reason_text(gpu));
}

static const char *how_to_share(struct nvvgpu_gpu *gpu)
{
	switch (nvvgpu_gpu_get_reason(gpu)) {
	case NVVGPU_REASON_NO_FRAMEWORK:
		return "use the tools of that driver; --host emu:l40 needs no GPU";
	case NVVGPU_REASON_VFS_DISABLED:
		return "'nvvgpu sriov on' enables them";
	default:
		return "bind the GPU to a driver that offers vGPUs; --host emu:l40 needs no GPU";
	}
}

static int only_gpu_unshared(struct cli *cli, struct nvvgpu_gpu *gpu)
{
	return fail(cli, &(struct failure){
		.err = EOPNOTSUPP,
		.reason = nvvgpu_gpu_get_reason(gpu),
		.object = nvvgpu_gpu_get_address(gpu),
		.cause = nvvgpu_gpu_get_reason_text(gpu),
		.next = how_to_share(gpu),
	});
}

static int no_gpu(struct cli *cli)
{
	struct nvvgpu_gpu *gpu;
	char *why;
	int code;

	gpu = nvvgpu_gpu_list_get(cli->gpus, 0);
	if (nvvgpu_gpu_list_size(cli->gpus) == 1)
		return only_gpu_unshared(cli, gpu);
	why = why_nothing(cli);
	code = fail(cli, &(struct failure){
		.err = gpu ? EOPNOTSUPP : ENODEV,
		.reason = gpu ? NVVGPU_REASON_NOT_SUPPORTED : NVVGPU_REASON_NOT_FOUND,
		.object = nvvgpu_get_uri(cli->host),
		.cause = why,
		.next = "'nvvgpu gpus' lists what was found; --host emu:l40 needs no GPU",
	});
	free(why);
	return code;
}

static int several_gpus(struct cli *cli)
{
	struct text AUTO_TEXT list = TEXT_EMPTY;
	struct nvvgpu_gpu *gpu;
	const char *comma = "";

	for (size_t i = 0; (gpu = nvvgpu_gpu_list_get(cli->gpus, i)); i++) {
		if (!is_shareable(gpu))
			continue;
		text_addf(&list, "%s%s", comma, nvvgpu_gpu_get_address(gpu));
		comma = ", ";
	}
	return fail_usage(cli, "name one of them", "several GPUs can be shared: %s",
			  text_get(&list));
}

static struct nvvgpu_gpu *first_shareable(struct cli *cli, size_t *ret_count)
{
	struct nvvgpu_gpu *gpu, *first = NULL;

	*ret_count = 0;
	for (size_t i = 0; (gpu = nvvgpu_gpu_list_get(cli->gpus, i)); i++) {
		if (!is_shareable(gpu))
			continue;
		if (!first)
			first = gpu;
		++*ret_count;
	}
	return first;
}

int pick_gpu(struct cli *cli, const char *address, struct nvvgpu_gpu **ret)
{
	struct nvvgpu_gpu *gpu;
	size_t count;
	int err, code;

	code = open_host(cli);
	if (code)
		return code;
	if (address) {
		err = nvvgpu_gpu_lookup(cli->host, address, ret);
		return err ? fail_library(cli, err) : 0;
	}
	gpu = first_shareable(cli, &count);
	if (!gpu)
		return no_gpu(cli);
	if (count > 1)
		return several_gpus(cli);
	*ret = nvvgpu_gpu_ref(gpu);
	return 0;
}

/* ------------------------------------------------- a GPU for a stream */

#define PEEK_MOST 65536

/* tee(2) copies what waits in a pipe without taking it; returns how much that is. */
static ssize_t copy_waiting(int fd, int *ret_copy)
{
	int copy[2];
	ssize_t n;

	if (pipe2(copy, O_CLOEXEC) < 0)
		return -errno;
	n = tee(fd, copy[1], PEEK_MOST, 0);
	if (n < 0)
		n = -errno;
	close(copy[1]);
	if (n < 0)
		close(copy[0]);
	else
		*ret_copy = copy[0];
	return n;
}

static bool writer_is_gone(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) < 0 || (poll_fd.revents & POLLHUP);
}

/* The head of a stream may come in several writes: too short a copy is made again. */
static int peek_pipe(int fd, struct nvvgpu_stream_info **ret)
{
	ssize_t n, before = -1;
	int copy = -1, err;

	for (;;) {
		n = copy_waiting(fd, &copy);
		if (n < 0)
			return (int)n;
		err = nvvgpu_migrate_inspect(copy, NULL, ret);
		close(copy);
		if (!err || n >= PEEK_MOST || nvvgpu_error_get_reason(nvvgpu_last_error()) !=
						      NVVGPU_REASON_STREAM_TRUNCATED)
			return err;
		if (n == before && writer_is_gone(fd))
			return err;
		before = n;
		usleep(5000);
	}
}

/* Reads the identity of a stream and leaves the stream as it was. */
static int peek(int fd, struct nvvgpu_stream_info **ret)
{
	off_t start = lseek(fd, 0, SEEK_CUR);
	int err;

	if (start < 0)
		return peek_pipe(fd, ret);
	err = nvvgpu_migrate_inspect(fd, NULL, ret);
	if (lseek(fd, start, SEEK_SET) < 0)
		return -errno;
	return err;
}

/* 2: can be created now; 1: the board has the type; 0: it does not */
static int rate_gpu(struct nvvgpu_gpu *gpu, const struct nvvgpu_stream_info *info)
{
	struct nvvgpu_type *type AUTO(type) = NULL;

	if (nvvgpu_type_lookup(gpu, nvvgpu_stream_info_get_type_name(info), &type))
		return 0;
	return nvvgpu_type_is_creatable(type) ? 2 : 1;
}

/*
 * When no GPU fits, the one that comes nearest is named: restoring there fails
 * before anything is created, and the library says what exactly does not fit.
 */
int pick_gpu_for_stream(struct cli *cli, int fd, struct nvvgpu_gpu **ret)
{
	struct nvvgpu_stream_info *info AUTO(info) = NULL;
	struct nvvgpu_gpu *gpu, *best;
	int code, best_rate = -1;
	size_t count;

	code = open_host(cli);
	if (code)
		return code;
	best = first_shareable(cli, &count);
	if (!best)
		return no_gpu(cli);
	if (count > 1 && !peek(fd, &info)) {
		for (size_t i = 0; (gpu = nvvgpu_gpu_list_get(cli->gpus, i)); i++) {
			int rate = is_shareable(gpu) ? rate_gpu(gpu, info) : -1;

			if (rate > best_rate) {
				best = gpu;
				best_rate = rate;
			}
		}
	}
	*ret = nvvgpu_gpu_ref(best);
	return 0;
}
