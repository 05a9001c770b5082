/* SPDX-License-Identifier: MIT */
/* One GPU of a host, for tests that do not look for others. */
#ifndef NVVGPU_TESTS_GPUS_H
#define NVVGPU_TESTS_GPUS_H

#include <nvvgpu/nvvgpu.h>

/*
 * NULL past the last, and when the search failed.  The host keeps what its last
 * search found: lent until nvvgpu_refresh().
 */
static inline struct nvvgpu_gpu *gpu_at(struct nvvgpu *host, size_t index)
{
	struct nvvgpu_gpu_list *gpus;
	struct nvvgpu_gpu *gpu;

	if (nvvgpu_gpu_list(host, &gpus))
		return NULL;
	gpu = nvvgpu_gpu_list_get(gpus, index);
	nvvgpu_gpu_list_unref(gpus);
	return gpu;
}

#endif
