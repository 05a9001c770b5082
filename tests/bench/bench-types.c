/* SPDX-License-Identifier: MIT */
/*
 * List all types of eight boards: nvvgpu_type_list() against a bare loop over
 * the same ioctls, both on boards that were asked before.
 *
 * Each side asks what each type could do right now (TYPE_LIST); what does not
 * change (TYPE_GET) either side asks once, when it meets the board.  The ioctls
 * of an emulated board are function calls: what the library adds, snapshots with
 * reasons in words, weighs more here than it would against a kernel's.
 */
#include <nvvgpu/nvvgpu.h>
#include <uapi/nvvgpu.h>
#include "bench.h"
#include "../harness/gpus.h"
#include "os/os.h"

#define URI		"emu:l40*8"
#define BOARDS		8
#define ROUNDS		20000

struct board {
	struct os_file *control;
	struct nvvgpu_ioctl_type types[NVVGPU_MAX_TYPES];
};

struct context {
	struct nvvgpu *host;
	struct os *os;
	struct board boards[BOARDS];
};

static double ours(void *arg)
{
	struct context *context = arg;
	uint64_t start = bench_now_ns();
	struct nvvgpu_gpu *gpu;
	size_t listed = 0, round;

	for (round = 0; round < ROUNDS; round++) {
		for (size_t at = 0; (gpu = gpu_at(context->host, at)); at++) {
			struct nvvgpu_type_list *list;

			if (nvvgpu_type_list(gpu, NVVGPU_TYPE_ALL, &list))
				return -1;
			listed += nvvgpu_type_list_size(list);
			nvvgpu_type_list_unref(list);
		}
	}
	return bench_rate((double)listed, start);
}

static double reference(void *arg)
{
	struct context *context = arg;
	uint64_t start = bench_now_ns();
	size_t listed = 0, round, i;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < BOARDS; i++) {
			struct nvvgpu_type_state states[NVVGPU_MAX_TYPES];
			struct nvvgpu_ioctl_type_list list = {
				.size = sizeof(list),
				.count = NVVGPU_MAX_TYPES,
				.states = (uintptr_t)states,
			};

			if (os_file_ioctl(context->boards[i].control, NVVGPU_IOCTL_TYPE_LIST, &list))
				return -1;
			listed += list.count;
		}
	}
	return bench_rate((double)listed, start);
}

static int meet_board(struct context *context, struct board *board, const char *address)
{
	struct nvvgpu_type_state states[NVVGPU_MAX_TYPES];
	struct nvvgpu_ioctl_type_list list = {
		.size = sizeof(list),
		.count = NVVGPU_MAX_TYPES,
		.states = (uintptr_t)states,
	};
	uint32_t i;

	if (context->os->ops->control_open(context->os, address, false, &board->control) ||
	    os_file_ioctl(board->control, NVVGPU_IOCTL_TYPE_LIST, &list))
		return -1;
	for (i = 0; i < list.count; i++) {
		board->types[i].size = sizeof(board->types[i]);
		board->types[i].id = states[i].id;
		if (os_file_ioctl(board->control, NVVGPU_IOCTL_TYPE_GET, &board->types[i]))
			return -1;
	}
	return 0;
}

static int open_both(struct context *context)
{
	const char *detail;
	struct nvvgpu_gpu *gpu;
	size_t i = 0;

	if (nvvgpu_open(URI, &context->host) || os_open(URI, &context->os, &detail))
		return -1;
	for (size_t at = 0; (gpu = gpu_at(context->host, at)); at++) {
		if (i == BOARDS ||
		    meet_board(context, &context->boards[i], nvvgpu_gpu_get_address(gpu)))
			return -1;
		i++;
	}
	return i == BOARDS ? 0 : -1;
}

int main(void)
{
	static struct context context;
	int failed = 1;
	size_t i;

	if (open_both(&context) == 0)
		failed = bench_compare("list types of 8 boards", "types/s", ours, reference,
				       &context);
	for (i = 0; i < BOARDS; i++)
		os_file_close(context.boards[i].control);
	os_close(context.os);
	nvvgpu_unref(context.host);
	return failed;
}
