// SPDX-License-Identifier: MIT
/* Create a vGPU: create_vgpu URI GPU TYPE [UUID], for example
 * create_vgpu "emu:l40?state=DIR" 41:00.0 L40-4Q
 *
 * With the uuid of a vGPU that exists already and is the same, it succeeds again.
 */
#include <stdio.h>
#include <nvvgpu/nvvgpu.h>

int main(int argc, char **argv)
{
	struct nvvgpu *host = NULL;
	struct nvvgpu_gpu *gpu = NULL;
	struct nvvgpu_spec *spec = NULL;
	struct nvvgpu_vgpu *vgpu = NULL;
	int err;

	if (argc != 4 && argc != 5) {
		fprintf(stderr, "usage: create_vgpu URI GPU TYPE [UUID]\n");
		return 2;
	}
	err = nvvgpu_open(argv[1], &host);
	if (!err)
		err = nvvgpu_gpu_lookup(host, argv[2], &gpu);
	if (!err)
		err = nvvgpu_spec_new(&spec);
	if (!err)
		err = nvvgpu_spec_set_type(spec, argv[3]);
	if (!err && argc > 4)
		err = nvvgpu_spec_set_uuid(spec, argv[4]);
	if (!err)
		err = nvvgpu_create(gpu, spec, &vgpu);
	if (err)
		fprintf(stderr, "%s\n", nvvgpu_error_get_message(nvvgpu_last_error()));
	else
		printf("%s %s\n", nvvgpu_vgpu_get_uuid(vgpu), nvvgpu_vgpu_get_vfio(vgpu));
	/* letting go of a vGPU does not destroy it; any order will do */
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_spec_free(spec);
	nvvgpu_gpu_unref(gpu);
	nvvgpu_unref(host);
	return err ? 1 : 0;
}
