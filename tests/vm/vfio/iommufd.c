/* SPDX-License-Identifier: MIT */
/*
 * The other way to a device: its own node, bound to an iommufd.  The calls that map memory are
 * those of a container; iommufd knows them, too, once it is told which address space they mean.
 * Numbers and structures are those of linux/vfio.h (6.6) and linux/iommufd.h (6.2).
 */
#include <dirent.h>
#include "device.h"

#define BIND_IOMMUFD	_IO(VFIO_TYPE, VFIO_BASE + 18)
#define ATTACH		_IO(VFIO_TYPE, VFIO_BASE + 19)
#define IOAS_ALLOC	_IO(VFIO_TYPE, 0x81)
#define VFIO_IOAS	_IO(VFIO_TYPE, 0x88)
#define VFIO_IOAS_SET	1

struct bind_iommufd {
	uint32_t argsz, flags;
	int32_t iommufd;
	uint32_t out_devid;
};

struct attach {
	uint32_t argsz, flags, pt_id;
};

struct ioas_alloc {
	uint32_t size, flags, out_ioas_id;
};

struct vfio_ioas {
	uint32_t size, ioas_id;
	uint16_t op, reserved;
};

static int open_node(const char *name)
{
	char path[PATH_MAX], node[PATH_MAX] = "";
	struct dirent *entry;
	DIR *nodes;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/vfio-dev",
		 strchr(name, ':') ? "pci" : "mdev", name);
	nodes = opendir(path);
	if (!nodes)
		return -errno;
	while ((entry = readdir(nodes)))
		if (!strncmp(entry->d_name, "vfio", 4))
			snprintf(node, sizeof(node), "/dev/vfio/devices/%.200s", entry->d_name);
	closedir(nodes);
	fd = open(node, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* An address space, the one that VFIO_IOMMU_MAP_DMA means from here on. */
static int new_space(int fd, uint32_t *ret)
{
	struct ioas_alloc alloc = { .size = sizeof(alloc) };
	struct vfio_ioas set = { .size = sizeof(set), .op = VFIO_IOAS_SET };

	if (ioctl(fd, IOAS_ALLOC, &alloc))
		return -errno;
	set.ioas_id = alloc.out_ioas_id;
	if (ioctl(fd, VFIO_IOAS, &set))
		return -errno;
	*ret = alloc.out_ioas_id;
	return 0;
}

static int attach(int device, int fd)
{
	struct bind_iommufd bind = { .argsz = sizeof(bind), .iommufd = fd };
	struct attach attach = { .argsz = sizeof(attach) };
	int err;

	if (ioctl(device, BIND_IOMMUFD, &bind))
		return -errno;
	err = new_space(fd, &attach.pt_id);
	if (err)
		return err;
	return ioctl(device, ATTACH, &attach) ? -errno : 0;
}

int open_by_iommufd(const char *name, struct vfio *vfio)
{
	int err;

	*vfio = (struct vfio){ -1, -1, -1 };
	vfio->device = open_node(name);
	if (vfio->device < 0)
		return vfio->device;
	vfio->container = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	err = vfio->container < 0 ? -errno : attach(vfio->device, vfio->container);
	if (err)
		vfio_close(vfio);
	return err;
}
