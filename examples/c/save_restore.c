// SPDX-License-Identifier: MIT
/* Move a vGPU to another GPU of its kind, through a file: save_restore URI UUID|VF GPU FILE
 *
 * From the moment it is destroyed until it is restored, FILE is all there is of it: the file is
 * read and checked before, and kept afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <nvvgpu/nvvgpu.h>

/* Called at the start, a few times a second, and at the end. */
static int show_progress(void *what, const struct nvvgpu_progress *progress)
{
	fprintf(stderr, "%s %" PRIu64 " bytes\n", (const char *)what,
		nvvgpu_progress_get_bytes(progress));
	return 0;	/* anything else would cancel */
}

static int move(struct nvvgpu_vgpu *vgpu, struct nvvgpu_gpu *gpu, int fd,
		struct nvvgpu_migrate_options *options)
{
	struct nvvgpu_vgpu *moved;
	int err;

	nvvgpu_migrate_options_set_progress(options, show_progress, "saved");
	err = nvvgpu_migrate_save(vgpu, fd, options);
	if (err)
		return err;
	lseek(fd, 0, SEEK_SET);
	err = nvvgpu_migrate_verify(fd, NULL, NULL);
	if (err)
		return err;
	err = nvvgpu_destroy(vgpu);
	if (err)
		return err;
	lseek(fd, 0, SEEK_SET);
	nvvgpu_migrate_options_set_progress(options, show_progress, "restored");
	err = nvvgpu_migrate_restore(gpu, fd, options, &moved);
	if (err)
		return err;
	printf("%s is on %s now\n", nvvgpu_vgpu_get_uuid(moved), nvvgpu_gpu_get_address(gpu));
	nvvgpu_vgpu_unref(moved);
	return 0;
}

int main(int argc, char **argv)
{
	struct nvvgpu_migrate_options *options = NULL;
	struct nvvgpu_vgpu *vgpu = NULL;
	struct nvvgpu_gpu *gpu = NULL;
	struct nvvgpu *host = NULL;
	int fd = -1;
	int err;

	if (argc != 5) {
		fprintf(stderr, "usage: save_restore URI UUID|VF GPU FILE\n");
		return 2;
	}
	err = nvvgpu_open(argv[1], &host);
	if (!err)
		err = nvvgpu_vgpu_lookup(host, argv[2], &vgpu);
	if (!err)
		err = nvvgpu_gpu_lookup(host, argv[3], &gpu);
	if (!err)
		err = nvvgpu_migrate_options_new(&options);
	if (err) {
		fprintf(stderr, "%s\n", nvvgpu_error_get_message(nvvgpu_last_error()));
		goto out;
	}
	/* readable by its owner alone: it holds a guest's memory */
	fd = open(argv[4], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		err = -errno;
		fprintf(stderr, "%s: %s\n", argv[4], strerror(errno));
		goto out;
	}
	err = move(vgpu, gpu, fd, options);
	if (err)
		fprintf(stderr, "%s\n", nvvgpu_error_get_message(nvvgpu_last_error()));
	close(fd);
out:
	nvvgpu_migrate_options_free(options);
	nvvgpu_gpu_unref(gpu);
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_unref(host);
	return err ? 1 : 0;
}
