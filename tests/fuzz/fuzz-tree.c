// SPDX-License-Identifier: MIT
/*
 * Bytes from nowhere as a captured machine: opened as an archive, and asked
 * for everything that it can be asked for.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include "internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fill_file(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("archive", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	return fd;
}

static void ask_types(struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_type_list *types;
	struct nvvgpu_type *type;
	uint32_t ids[16], length;
	size_t count;
	char *text;

	if (nvvgpu_type_list(gpu, NVVGPU_TYPE_ALL, &types))
		return;
	for (size_t i = 0; (type = nvvgpu_type_list_get(types, i)); i++) {
		if (!nvvgpu_type_to_json(type, &text))
			nvvgpu_free(text);
		nvvgpu_type_get_placements(type, NVVGPU_PLACEMENT_CREATABLE, ids, 16, &count,
					   &length);
	}
	nvvgpu_type_list_unref(types);
}

static void ask_vgpus(struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_vgpu_list *vgpus;
	struct nvvgpu_vgpu *vgpu;
	char *text;

	if (nvvgpu_vgpu_list(gpu, &vgpus))
		return;
	for (size_t i = 0; (vgpu = nvvgpu_vgpu_list_get(vgpus, i)); i++) {
		if (!nvvgpu_vgpu_to_json(vgpu, &text))
			nvvgpu_free(text);
		if (!nvvgpu_vgpu_to_libvirt_xml(vgpu, &text))
			nvvgpu_free(text);
	}
	nvvgpu_vgpu_list_unref(vgpus);
}

static void ask_gpu(struct nvvgpu_gpu *gpu)
{
	uint64_t value;
	char *text;

	if (!nvvgpu_gpu_to_json(gpu, &text))
		nvvgpu_free(text);
	for (int i = 0; nvvgpu_statistic_name(i); i++)
		nvvgpu_gpu_get_statistic(gpu, i, &value);
	ask_types(gpu);
	ask_vgpus(gpu);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nvvgpu_gpu_list *gpus;
	struct nvvgpu *host;
	char uri[64];

	snprintf(uri, sizeof(uri), "tree:/proc/self/fd/%d", fill_file(data, size));
	if (nvvgpu_open(uri, &host)) {
		if (nvvgpu_error_get_reason(nvvgpu_last_error()) == NVVGPU_REASON_NONE)
			abort();
		return 0;
	}
	if (!nvvgpu_gpu_list(host, &gpus)) {
		for (size_t i = 0; i < nvvgpu_gpu_list_size(gpus); i++)
			ask_gpu(nvvgpu_gpu_list_get(gpus, i));
		nvvgpu_gpu_list_unref(gpus);
	}
	nvvgpu_unref(host);
	return 0;
}
