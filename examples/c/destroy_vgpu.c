// SPDX-License-Identifier: MIT
/* Destroy a vGPU: destroy_vgpu URI UUID|VF */
#include <stdio.h>
#include <nvvgpu/nvvgpu.h>

int main(int argc, char **argv)
{
	struct nvvgpu *host = NULL;
	struct nvvgpu_vgpu *vgpu = NULL;
	int err;

	if (argc != 3) {
		fprintf(stderr, "usage: destroy_vgpu URI UUID|VF\n");
		return 2;
	}
	err = nvvgpu_open(argv[1], &host);
	if (!err)
		err = nvvgpu_vgpu_lookup(host, argv[2], &vgpu);
	if (!err)
		err = nvvgpu_destroy(vgpu);
	if (err)
		fprintf(stderr, "%s\n", nvvgpu_error_get_message(nvvgpu_last_error()));
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_unref(host);
	return err ? 1 : 0;
}
