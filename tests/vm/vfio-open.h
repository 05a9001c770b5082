/* SPDX-License-Identifier: MIT */
/*
 * Opens the VFIO device of a PCI function, or of an mdev, through its group and a type1 container.
 */
#ifndef NVVGPU_TESTS_VM_VFIO_OPEN_H
#define NVVGPU_TESTS_VM_VFIO_OPEN_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct vfio {
	int container, group, device;
};

/* name: a function's address or an mdev's uuid.  0 or -errno; nothing stays open on failure */
static inline int vfio_open(const char *name, struct vfio *vfio)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t len;
	int err;

	*vfio = (struct vfio){ -1, -1, -1 };
	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/iommu_group",
		 strchr(name, ':') ? "pci" : "mdev", name);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(target, '/') + 1);
	vfio->group = open(path, O_RDWR | O_CLOEXEC);
	vfio->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (vfio->group < 0 || vfio->container < 0 ||
	    ioctl(vfio->group, VFIO_GROUP_SET_CONTAINER, &vfio->container) ||
	    ioctl(vfio->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		goto fail;
	vfio->device = ioctl(vfio->group, VFIO_GROUP_GET_DEVICE_FD, name);
	if (vfio->device >= 0)
		return 0;
fail:
	err = -errno;
	close(vfio->group);
	close(vfio->container);
	return err;
}

static inline void vfio_close(struct vfio *vfio)
{
	close(vfio->device);
	close(vfio->group);
	close(vfio->container);
}

#endif
