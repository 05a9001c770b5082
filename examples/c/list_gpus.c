// SPDX-License-Identifier: MIT
/* List the GPUs of a host: list_gpus [URI], for example list_gpus emu:l40 */
#include <stdio.h>
#include <nvvgpu/nvvgpu.h>

static void print_gpu(struct nvvgpu_gpu *gpu)
{
	printf("%s  %s  %s", nvvgpu_gpu_get_address(gpu), nvvgpu_gpu_get_name(gpu),
	       nvvgpu_framework_name(nvvgpu_gpu_get_framework(gpu)));
	if (nvvgpu_gpu_get_reason(gpu))
		printf("  cannot be shared: %s", nvvgpu_gpu_get_reason_text(gpu));
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct nvvgpu_gpu_list *gpus = NULL;
	struct nvvgpu *host = NULL;
	int err;

	if (argc > 2) {
		fprintf(stderr, "usage: list_gpus [URI]\n");
		return 2;
	}
	err = nvvgpu_open(argc > 1 ? argv[1] : NULL, &host);	/* NULL: the running host */
	if (!err)
		err = nvvgpu_gpu_list(host, &gpus);
	for (size_t i = 0; !err && i < nvvgpu_gpu_list_size(gpus); i++)
		print_gpu(nvvgpu_gpu_list_get(gpus, i));
	if (err)
		fprintf(stderr, "%s\n", nvvgpu_error_get_message(nvvgpu_last_error()));
	nvvgpu_gpu_list_unref(gpus);
	nvvgpu_unref(host);
	return err ? 1 : 0;
}
