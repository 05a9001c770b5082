// SPDX-License-Identifier: MIT
/* Print GPUs, types and vGPUs as JSON, one object on each line: dump_json [URI] */
#include <stdio.h>
#include <nvvgpu/nvvgpu.h>

/* Prints and frees what a *_to_json() function gave. */
static int print(int err, char *object)
{
	if (!err) {
		puts(object);
		nvvgpu_free(object);
	}
	return err;
}

static int dump(struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_type_list *types = NULL;
	struct nvvgpu_vgpu_list *vgpus = NULL;
	char *json = NULL;
	int err;

	err = nvvgpu_gpu_to_json(gpu, &json);
	if (print(err, json) || nvvgpu_gpu_get_reason(gpu))
		return err;	/* a GPU that cannot be shared has neither types nor vGPUs */
	err = nvvgpu_type_list(gpu, NVVGPU_TYPE_ALL, &types);
	for (size_t i = 0; !err && i < nvvgpu_type_list_size(types); i++) {
		err = nvvgpu_type_to_json(nvvgpu_type_list_get(types, i), &json);
		print(err, json);
	}
	if (!err)
		err = nvvgpu_vgpu_list(gpu, &vgpus);
	for (size_t i = 0; !err && i < nvvgpu_vgpu_list_size(vgpus); i++) {
		err = nvvgpu_vgpu_to_json(nvvgpu_vgpu_list_get(vgpus, i), &json);
		print(err, json);
	}
	nvvgpu_vgpu_list_unref(vgpus);
	nvvgpu_type_list_unref(types);
	return err;
}

int main(int argc, char **argv)
{
	struct nvvgpu_gpu_list *gpus = NULL;
	struct nvvgpu *host = NULL;
	int err;

	if (argc > 2) {
		fprintf(stderr, "usage: dump_json [URI]\n");
		return 2;
	}
	err = nvvgpu_open(argc > 1 ? argv[1] : NULL, &host);	/* NULL: the running host */
	if (!err)
		err = nvvgpu_gpu_list(host, &gpus);
	for (size_t i = 0; !err && i < nvvgpu_gpu_list_size(gpus); i++)
		err = dump(nvvgpu_gpu_list_get(gpus, i));
	if (err)
		fprintf(stderr, "%s\n", nvvgpu_error_get_message(nvvgpu_last_error()));
	nvvgpu_gpu_list_unref(gpus);
	nvvgpu_unref(host);
	return err ? 1 : 0;
}
