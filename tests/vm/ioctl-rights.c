/* SPDX-License-Identifier: MIT */
/*
 * usage: ioctl-rights NODE read|write|inherited refused|allowed
 *
 * Every request that changes something, on a descriptor opened for reading, for writing, or on
 * one that is there already (NODE is /dev/fd/N): all are refused with EACCES, or none is.
 * Whatever else the driver says of them is fine; a vGPU that was created is destroyed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <uapi/nvvgpu.h>

static bool refused;
static int wrong;

static void request(int fd, const char *name, unsigned long cmd, void *arg)
{
	int err = ioctl(fd, cmd, arg) ? errno : 0;

	if ((err == EACCES) == refused)
		return;
	printf("%s: %s\n", name, err ? strerror(err) : "done");
	wrong++;
}

static void requests(int fd)
{
	struct nvvgpu_ioctl_create create = {
		.size = sizeof(create), .type_id = 871, .slot = NVVGPU_SLOT_ANY,
		.placement = NVVGPU_PLACEMENT_ANY, .uuid = { 1, 2, 3, 4, 5, 6, 0x47, 8, 0x89, 1 },
	};
	struct nvvgpu_ioctl_destroy destroy = { .size = sizeof(destroy), .id = 0xffff };
	struct nvvgpu_ioctl_mode mode = { .size = sizeof(mode), .mode = NVVGPU_MODE_EQUAL_SIZE };
	struct nvvgpu_ioctl_type type = { .size = sizeof(type), .id = 871 };
	struct nvvgpu_ioctl_params params = {
		.size = sizeof(params), .flags = NVVGPU_PARAMS_SET, .id = 0xffff,
	};
	struct nvvgpu_ioctl_warm warm = { .size = sizeof(warm) };

	request(fd, "MODE_SET", NVVGPU_IOCTL_MODE_SET, &mode);
	request(fd, "TYPE_ADD", NVVGPU_IOCTL_TYPE_ADD, &type);
	request(fd, "PARAMS", NVVGPU_IOCTL_PARAMS, &params);
	request(fd, "WARM_SAVE", NVVGPU_IOCTL_WARM_SAVE, &warm);
	request(fd, "WARM_RESTORE", NVVGPU_IOCTL_WARM_RESTORE, &warm);
	request(fd, "CREATE", NVVGPU_IOCTL_CREATE, &create);
	if (create.info.id)
		destroy.id = create.info.id;
	request(fd, "DESTROY", NVVGPU_IOCTL_DESTROY, &destroy);
}

int main(int argc, char **argv)
{
	struct nvvgpu_ioctl_info info = { .size = sizeof(info) };
	int fd;

	if (argc != 4) {
		fprintf(stderr, "usage: ioctl-rights NODE read|write|inherited refused|allowed\n");
		return 2;
	}
	refused = !strcmp(argv[3], "refused");
	if (!strcmp(argv[2], "inherited"))
		fd = atoi(strrchr(argv[1], '/') + 1);
	else
		fd = open(argv[1], (!strcmp(argv[2], "write") ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	/* looking is allowed to all who have a descriptor */
	if (fd < 0 || ioctl(fd, NVVGPU_IOCTL_INFO, &info)) {
		perror(argv[1]);
		return 1;
	}
	requests(fd);
	return wrong ? 1 : 0;
}
