// SPDX-License-Identifier: MIT
/* List the vGPU types of every GPU, and why some cannot be created: list_types [URI] */
#include <inttypes.h>
#include <stdio.h>
#include <nvvgpu/nvvgpu.h>

static void print_type(struct nvvgpu_type *type)
{
	uint32_t available;

	printf("  %5" PRIu32 "  %-24s", nvvgpu_type_get_id(type), nvvgpu_type_get_name(type));
	if (nvvgpu_type_get_available(type, &available))
		printf("unknown: %s\n", nvvgpu_type_get_reason_text(type));
	else if (!available)
		printf("none: %s\n", nvvgpu_type_get_reason_text(type));
	else
		printf("%" PRIu32 "\n", available);
}

int main(int argc, char **argv)
{
	struct nvvgpu_type_list *types;
	struct nvvgpu *host;
	struct nvvgpu_gpu *gpu;

	if (nvvgpu_open(argc > 1 ? argv[1] : NULL, &host)) {
		fprintf(stderr, "%s\n", nvvgpu_error_get_cause(nvvgpu_last_error()));
		return 1;
	}
	nvvgpu_for_each_gpu(host, gpu) {
		printf("%s %s\n", nvvgpu_gpu_get_address(gpu), nvvgpu_gpu_get_name(gpu));
		if (nvvgpu_type_list(gpu, NVVGPU_TYPE_ALL, &types)) {
			printf("  no types: %s\n", nvvgpu_error_get_cause(nvvgpu_last_error()));
			continue;
		}
		for (size_t i = 0; i < nvvgpu_type_list_size(types); i++)
			print_type(nvvgpu_type_list_get(types, i));
		nvvgpu_type_list_unref(types);
	}
	nvvgpu_unref(host);
	return 0;
}
