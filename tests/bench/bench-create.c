/* SPDX-License-Identifier: MIT */
/* Create and destroy one vGPU: the library against the bare ioctls. */
#include <nvvgpu/nvvgpu.h>
#include <uapi/nvvgpu.h>
#include "bench.h"
#include "../harness/gpus.h"
#include "os/os.h"

#define URI	"emu:l40"
#define TYPE	"869"
#define TYPE_ID	869
#define PAIRS	1000

struct context {
	struct nvvgpu *host;
	struct nvvgpu_gpu *gpu;
	struct nvvgpu_spec *spec;
	struct os *os;
	struct os_file *control;
};

static double ours(void *arg)
{
	struct context *context = arg;
	uint64_t start = bench_now_ns();
	unsigned int i;

	for (i = 0; i < PAIRS; i++) {
		struct nvvgpu_vgpu *vgpu;
		int err;

		if (nvvgpu_create(context->gpu, context->spec, &vgpu))
			return -1;
		err = nvvgpu_destroy(vgpu);
		nvvgpu_vgpu_unref(vgpu);
		if (err)
			return -1;
	}
	return bench_rate(PAIRS, start);
}

static double reference(void *arg)
{
	struct context *context = arg;
	uint64_t start = bench_now_ns();
	unsigned int i;

	for (i = 0; i < PAIRS; i++) {
		struct nvvgpu_ioctl_create create = {
			.size = sizeof(create),
			.type_id = TYPE_ID,
			.slot = NVVGPU_SLOT_ANY,
			.placement = NVVGPU_PLACEMENT_ANY,
			.uuid = {0x0b, 0x3f, 0x5b, 0x4e, 0x3a, 0x6c, 0x4a, 0x3e,
				 0x9f, 0x3c, 0x6f, 0x6d, 0x1c, 0x1b, 0x20, 0x01},
		};
		struct nvvgpu_ioctl_destroy destroy = {.size = sizeof(destroy)};

		if (os_file_ioctl(context->control, NVVGPU_IOCTL_CREATE, &create))
			return -1;
		destroy.id = create.info.id;
		if (os_file_ioctl(context->control, NVVGPU_IOCTL_DESTROY, &destroy))
			return -1;
	}
	return bench_rate(PAIRS, start);
}

static int open_both(struct context *context)
{
	const char *detail;

	if (nvvgpu_open(URI, &context->host) || os_open(URI, &context->os, &detail))
		return -1;
	context->gpu = gpu_at(context->host, 0);
	if (!context->gpu || nvvgpu_spec_new(&context->spec) ||
	    nvvgpu_spec_set_type(context->spec, TYPE))
		return -1;
	return context->os->ops->control_open(context->os, nvvgpu_gpu_get_address(context->gpu),
					      true, &context->control);
}

int main(void)
{
	struct context context = {0};
	int failed = 1;

	if (open_both(&context) == 0)
		failed = bench_compare("create and destroy", "pairs/s", ours, reference, &context);
	os_file_close(context.control);
	os_close(context.os);
	nvvgpu_spec_free(context.spec);
	nvvgpu_unref(context.host);
	return failed;
}
