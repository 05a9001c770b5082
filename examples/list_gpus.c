// SPDX-License-Identifier: MIT
/* List the GPUs of a host: list_gpus [URI] */
#include <stdio.h>
#include <nvvgpu/nvvgpu.h>

int main(int argc, char **argv)
{
	struct nvvgpu *host;
	struct nvvgpu_gpu *gpu;

	if (nvvgpu_open(argc > 1 ? argv[1] : NULL, &host)) {
		fprintf(stderr, "%s\n", nvvgpu_error_get_cause(nvvgpu_last_error()));
		return 1;
	}
	nvvgpu_for_each_gpu(host, gpu) {
		printf("%s  %s  %s", nvvgpu_gpu_get_address(gpu), nvvgpu_gpu_get_name(gpu),
		       nvvgpu_framework_name(nvvgpu_gpu_get_framework(gpu)));
		if (nvvgpu_gpu_get_reason(gpu))
			printf("  cannot be shared: %s", nvvgpu_gpu_get_reason_text(gpu));
		putchar('\n');
	}
	nvvgpu_unref(host);
	return 0;
}
