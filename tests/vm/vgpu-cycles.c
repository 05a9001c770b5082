/* SPDX-License-Identifier: MIT */
/* usage: vgpu-cycles COUNT: lives of a vGPU on host:, each booted and closed, types in turn */
#include <nvvgpu/nvvgpu.h>
#include <stdio.h>
#include <stdlib.h>

static int failed(const char *doing)
{
	fprintf(stderr, "vgpu-cycles: %s: %s\n", doing,
		nvvgpu_error_get_cause(nvvgpu_last_error()));
	return 1;
}

static int life(struct nvvgpu_gpu *gpu, struct nvvgpu_type *type)
{
	struct nvvgpu_device *device;
	struct nvvgpu_vgpu *vgpu;
	struct nvvgpu_spec *spec;
	char byte = 1;
	int err;

	if (nvvgpu_spec_new(&spec))
		return failed("spec");
	err = nvvgpu_spec_set_type(spec, nvvgpu_type_get_name(type));
	if (!err)
		err = nvvgpu_create(gpu, spec, &vgpu);
	nvvgpu_spec_free(spec);
	if (err)
		return failed("create");
	if (nvvgpu_device_open(vgpu, &device))
		return failed("open");
	if (nvvgpu_device_write(device, NVVGPU_REGION_BAR1, 4096, &byte, 1) != 1)
		return failed("write");
	nvvgpu_device_unref(device);
	if (nvvgpu_destroy(vgpu))
		return failed("destroy");
	nvvgpu_vgpu_unref(vgpu);
	return 0;
}

static int lives(struct nvvgpu_gpu *gpu, long count)
{
	struct nvvgpu_type_list *types;
	int status = 0;

	if (nvvgpu_type_list(gpu, NVVGPU_TYPE_ALL, &types))
		return failed("types");
	for (long i = 0; i < count && !status; i++)
		status = life(gpu, nvvgpu_type_list_get(types, i % nvvgpu_type_list_size(types)));
	nvvgpu_type_list_unref(types);
	return status;
}

int main(int argc, char **argv)
{
	struct nvvgpu_gpu_list *gpus;
	struct nvvgpu *host;
	int status;

	if (argc != 2) {
		fprintf(stderr, "usage: vgpu-cycles COUNT\n");
		return 2;
	}
	if (nvvgpu_open("host:", &host))
		return failed("open");
	if (nvvgpu_gpu_list(host, &gpus) || !nvvgpu_gpu_list_size(gpus))
		return failed("no GPU");
	status = lives(nvvgpu_gpu_list_get(gpus, 0), strtol(argv[1], NULL, 0));
	nvvgpu_gpu_list_unref(gpus);
	nvvgpu_unref(host);
	return status;
}
