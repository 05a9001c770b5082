/* SPDX-License-Identifier: MIT */
/*
 * usage: ioctl-fuzz NODE SEED COUNT
 *        ioctl-fuzz NODE destroy		whatever vGPUs there are, whoever's they are
 *
 * Random requests on the manager's node: known and unknown numbers, sizes right, short and
 * long, structures of plausible and of random values, pointers into memory that is there, that
 * is read-only, that is not there.  Whatever it answers is fine; the kernel has to survive, and
 * whoever may not change anything has to change nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <uapi/nvvgpu.h>

#define ARENA 65536

static uint64_t state;
static uint8_t *arena, *read_only;

static uint32_t any(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return state >> 32;
}

static uint32_t below(uint32_t limit)
{
	return any() % limit;
}

static const struct {
	unsigned int cmd;
	uint32_t size;
} requests[] = {
	{ NVVGPU_IOCTL_INFO, sizeof(struct nvvgpu_ioctl_info) },
	{ NVVGPU_IOCTL_TYPE_ADD, sizeof(struct nvvgpu_ioctl_type) },
	{ NVVGPU_IOCTL_TYPE_GET, sizeof(struct nvvgpu_ioctl_type) },
	{ NVVGPU_IOCTL_TYPE_LIST, sizeof(struct nvvgpu_ioctl_type_list) },
	{ NVVGPU_IOCTL_CREATE, sizeof(struct nvvgpu_ioctl_create) },
	{ NVVGPU_IOCTL_DESTROY, sizeof(struct nvvgpu_ioctl_destroy) },
	{ NVVGPU_IOCTL_VGPU_LIST, sizeof(struct nvvgpu_ioctl_vgpu_list) },
	{ NVVGPU_IOCTL_VGPU_GET, sizeof(struct nvvgpu_ioctl_vgpu_get) },
	{ NVVGPU_IOCTL_PARAMS, sizeof(struct nvvgpu_ioctl_params) },
	{ NVVGPU_IOCTL_PLACEMENTS, sizeof(struct nvvgpu_ioctl_placements) },
	{ NVVGPU_IOCTL_MODE_SET, sizeof(struct nvvgpu_ioctl_mode) },
	{ NVVGPU_IOCTL_STATS, sizeof(struct nvvgpu_ioctl_stats) },
	{ NVVGPU_IOCTL_WARM_SAVE, sizeof(struct nvvgpu_ioctl_warm) },
	{ NVVGPU_IOCTL_WARM_RESTORE, sizeof(struct nvvgpu_ioctl_warm) },
};

/* Words that mean something somewhere. */
static uint32_t word(void)
{
	static const uint32_t known[] = {
		0, 1, 2, 3, 4, 16, 31, 32, 64, 255, 869, 871, 874, 880, 1023, 1024, 0x7fffffff,
		0x80000000, 0xffffffff,
	};

	return below(4) ? known[below(sizeof(known) / sizeof(known[0]))] : any();
}

static uint64_t pointer(void)
{
	switch (below(6)) {
	case 0:
		return 0;
	case 1:
		return (uintptr_t)read_only;
	case 2:
		return (uint64_t)any() << 32 | any();
	case 3:
		return (uintptr_t)arena + ARENA - below(64);	/* runs out of the mapping */
	default:
		return (uintptr_t)arena + below(ARENA / 2);
	}
}

static void fill(uint8_t *request, uint32_t size)
{
	for (uint32_t at = 4; at + 4 <= size; at += 4) {
		uint32_t value = word();

		memcpy(request + at, &value, sizeof(value));
	}
	for (uint32_t at = 16; at + 8 <= size && at <= 40; at += 8) {
		uint64_t value = pointer();

		if (below(2))
			memcpy(request + at, &value, sizeof(value));
	}
	if (below(3))	/* most have no flags, and zeros where zeros belong */
		memset(request + 4, 0, 4);
	if (below(2) && size > 64)
		memset(request + 24, 0, size - 24);
}

static void one(int fd)
{
	size_t which = below(sizeof(requests) / sizeof(requests[0]));
	uint32_t size = requests[which].size, told = size;
	unsigned int cmd = requests[which].cmd;
	uint8_t *request = arena + ARENA / 2;

	if (!below(16))
		cmd = _IOC(below(4), below(2) ? NVVGPU_IOCTL_TYPE : any() & 0xff, any() & 0xff, 0);
	if (!below(8))
		told = word();
	fill(request, size);
	if (cmd == NVVGPU_IOCTL_CREATE && below(2))
		memset(request + offsetof(struct nvvgpu_ioctl_create, owner), 0, NVVGPU_OWNER_LEN);
	memcpy(request, &told, sizeof(told));
	switch (below(32)) {
	case 0:
		ioctl(fd, cmd, read_only);
		break;
	case 1:
		ioctl(fd, cmd, pointer());
		break;
	case 2:
		if (read(fd, (void *)(uintptr_t)pointer(), below(4096)) < 0)
			break;
		break;
	default:
		ioctl(fd, cmd, request);
	}
}

static int destroy_all(int fd)
{
	static struct nvvgpu_vgpu_info infos[NVVGPU_MAX_VGPUS];
	struct nvvgpu_ioctl_vgpu_list list = {
		.size = sizeof(list),
		.count = NVVGPU_MAX_VGPUS,
		.infos = (uintptr_t)infos,
	};

	if (ioctl(fd, NVVGPU_IOCTL_VGPU_LIST, &list))
		return 1;
	for (uint32_t i = 0; i < list.count; i++) {
		struct nvvgpu_ioctl_destroy destroy = { .size = sizeof(destroy), .id = infos[i].id };

		if (ioctl(fd, NVVGPU_IOCTL_DESTROY, &destroy))
			return 1;
	}
	printf("%u destroyed\n", list.count);
	return 0;
}

int main(int argc, char **argv)
{
	long count;
	int fd;

	if (argc != 4 && !(argc == 3 && !strcmp(argv[2], "destroy"))) {
		fprintf(stderr, "usage: ioctl-fuzz NODE SEED COUNT\n       ioctl-fuzz NODE destroy\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_NONBLOCK);
	if (fd < 0)
		fd = open(argv[1], O_RDONLY | O_NONBLOCK);
	if (fd < 0) {
		fprintf(stderr, "ioctl-fuzz: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	if (argc == 3)
		return destroy_all(fd);
	state = strtoull(argv[2], NULL, 0);
	count = strtol(argv[3], NULL, 0);
	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	read_only = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED || read_only == MAP_FAILED)
		return 1;
	for (long i = 0; i < count; i++)
		one(fd);
	close(fd);
	return 0;
}
