// SPDX-License-Identifier: MIT
/* List the vGPU types of every GPU, and why some cannot be created: list_types [URI] */
#include <inttypes.h>
#include <stdio.h>
#include <nvvgpu/nvvgpu.h>

static void print_type(struct nvvgpu_type *type)
{
	uint32_t available;

	printf("  %5" PRIu32 "  %-24s", nvvgpu_type_get_id(type), nvvgpu_type_get_name(type));
	if (nvvgpu_type_get_available(type, &available) && nvvgpu_type_is_creatable(type))
		printf("some\n");
	else if (nvvgpu_type_get_available(type, &available))
		printf("unknown: %s\n", nvvgpu_type_get_reason_text(type));
	else if (!available)
		printf("none: %s\n", nvvgpu_type_get_reason_text(type));
	else
		printf("%" PRIu32 "\n", available);
}

static int print_types(struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_type_list *types;
	int err;

	printf("%s %s\n", nvvgpu_gpu_get_address(gpu), nvvgpu_gpu_get_name(gpu));
	if (nvvgpu_gpu_get_reason(gpu)) {
		printf("  no types: %s\n", nvvgpu_gpu_get_reason_text(gpu));
		return 0;
	}
	err = nvvgpu_type_list(gpu, NVVGPU_TYPE_ALL, &types);
	if (err)
		return err;
	for (size_t i = 0; i < nvvgpu_type_list_size(types); i++)
		print_type(nvvgpu_type_list_get(types, i));
	nvvgpu_type_list_unref(types);
	return 0;
}

int main(int argc, char **argv)
{
	struct nvvgpu_gpu_list *gpus = NULL;
	struct nvvgpu *host = NULL;
	int err;

	if (argc > 2) {
		fprintf(stderr, "usage: list_types [URI]\n");
		return 2;
	}
	err = nvvgpu_open(argc > 1 ? argv[1] : NULL, &host);	/* NULL: the running host */
	if (!err)
		err = nvvgpu_gpu_list(host, &gpus);
	for (size_t i = 0; !err && i < nvvgpu_gpu_list_size(gpus); i++)
		err = print_types(nvvgpu_gpu_list_get(gpus, i));
	if (err)
		fprintf(stderr, "%s\n", nvvgpu_error_get_message(nvvgpu_last_error()));
	nvvgpu_gpu_list_unref(gpus);
	nvvgpu_unref(host);
	return err ? 1 : 0;
}
