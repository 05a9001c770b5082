// SPDX-License-Identifier: MIT
/* Move a vGPU from one emulated board to another of its kind, through a file.  Needs no GPU. */
#include <inttypes.h>
#include <stdio.h>
#include <nvvgpu/nvvgpu.h>

static int show_progress(void *arg, const struct nvvgpu_progress *progress)
{
	fprintf(stderr, "%s %" PRIu64 " bytes\n", (const char *)arg,
		nvvgpu_progress_get_bytes(progress));
	return 0;
}

static int move(struct nvvgpu_gpu *from, struct nvvgpu_gpu *to, struct nvvgpu_spec *spec, int fd,
		struct nvvgpu_migrate_options *options, FILE *file)
{
	struct nvvgpu_vgpu *vgpu = NULL, *moved = NULL;
	int err;

	err = nvvgpu_create(from, spec, &vgpu);
	if (!err) {
		nvvgpu_migrate_options_set_progress(options, show_progress, "saved");
		err = nvvgpu_migrate_save(vgpu, fd, options);
	}
	if (!err)
		err = nvvgpu_destroy(vgpu);
	if (!err) {
		rewind(file);
		nvvgpu_migrate_options_set_progress(options, show_progress, "restored");
		err = nvvgpu_migrate_restore(to, fd, options, &moved);
	}
	if (!err)
		printf("%s is on %s now\n", nvvgpu_vgpu_get_uuid(moved),
		       nvvgpu_gpu_get_address(to));
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_vgpu_unref(moved);
	return err;
}

int main(void)
{
	struct nvvgpu_migrate_options *options = NULL;
	struct nvvgpu_spec *spec = NULL;
	struct nvvgpu *host = NULL;
	struct nvvgpu_gpu *first;
	FILE *file = tmpfile();
	int err = file ? 0 : -1;

	if (!err)
		err = nvvgpu_open("emu:l40*2", &host);
	if (!err)
		err = nvvgpu_spec_new(&spec);
	if (!err)
		err = nvvgpu_spec_set_type(spec, "L40-1B");
	if (!err)
		err = nvvgpu_migrate_options_new(&options);
	if (!err) {
		first = nvvgpu_gpu_first(host);
		err = move(first, nvvgpu_gpu_next(host, first), spec, fileno(file), options, file);
	}
	if (err)
		fprintf(stderr, "%s\n", nvvgpu_error_get_cause(nvvgpu_last_error()));
	nvvgpu_migrate_options_free(options);
	nvvgpu_spec_free(spec);
	nvvgpu_unref(host);
	if (file)
		fclose(file);
	return err ? 1 : 0;
}
