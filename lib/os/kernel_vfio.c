// SPDX-License-Identifier: MIT
/*
 * Opens a VFIO device of the running host: through its own node and iommufd
 * where the kernel has both, else through its group and a type1 container.
 * Distribution kernels of 2026 still have only the latter.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include "os/fd_file.h"
#include "os/kernel.h"
#include "os/vfio_uapi.h"
#include "util/cleanup.h"

/* The directory's last component is the device's name. */
static const char *name_of(const char *directory)
{
	return strrchr(directory, '/') + 1;
}

static int call(int fd, unsigned long request, void *arg)
{
	int ret;

	do
		ret = ioctl(fd, request, arg);
	while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

/* -------------------------------------------------------------------- group */

static int open_container(void)
{
	__cleanup_fd int container = kernel_device_open("/dev/vfio/vfio", O_RDWR);

	if (container < 0)
		return container == -ENOENT ? -ENODEV : container;
	if (call(container, VFIO_GET_API_VERSION, NULL) != VFIO_API_VERSION ||
	    call(container, VFIO_CHECK_EXTENSION, (void *)VFIO_TYPE1v2_IOMMU) <= 0)
		return -EOPNOTSUPP;
	return take_fd(container);
}

/* "/dev/vfio/<number of the group>" */
static int group_path(struct os *os, const char *directory, char *buf, size_t size)
{
	char path[128], number[16];
	int err;

	snprintf(path, sizeof(path), "%s/iommu_group", directory);
	err = os->ops->link_read(os, path, number, sizeof(number));
	if (err)
		return err == -ENOENT ? -ENODEV : err;
	if (!*number || number[strspn(number, "0123456789")])
		return -ENODEV;
	snprintf(buf, size, "/dev/vfio/%s", number);
	return 0;
}

static int open_group(struct os *os, const char *directory)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	__cleanup_fd int group = -1;
	char path[32];
	int err;

	err = group_path(os, directory, path, sizeof(path));
	if (err)
		return err;
	group = kernel_device_open(path, O_RDWR);
	if (group < 0)
		return group == -ENOENT ? -ENODEV : group;
	err = call(group, VFIO_GROUP_GET_STATUS, &status);
	if (err)
		return err;
	/* else another device of the group has a driver that is not of VFIO */
	return status.flags & VFIO_GROUP_FLAGS_VIABLE ? take_fd(group) : -EIO;
}

/* The group keeps the container's IOMMU context, so both stay open as long as the device. */
static int open_by_group(struct os *os, const char *directory, struct os_file **ret)
{
	__cleanup_fd int container = -1;
	__cleanup_fd int group = open_group(os, directory);
	int device, err;

	if (group < 0)
		return group;
	container = open_container();
	if (container < 0)
		return container;
	err = call(group, VFIO_GROUP_SET_CONTAINER, &container);
	if (err)
		return err;
	err = call(container, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU);
	if (err)
		return err;
	device = call(group, VFIO_GROUP_GET_DEVICE_FD, (void *)name_of(directory));
	if (device < 0)
		return device;
	return os_fd_file_new(device, (const int[]){ take_fd(group), take_fd(container) }, ret);
}

/* ------------------------------------------------------------------ own node */

struct node {
	char *path;
	size_t size;
};

static int take_node(const char *name, void *arg)
{
	struct node *node = arg;

	if (strncmp(name, "vfio", 4) || name[4] < '0' || name[4] > '9')
		return 0;
	snprintf(node->path, node->size, "/dev/vfio/devices/%s", name);
	return 1;
}

/* -ENOENT: this kernel, or this device, has no such node */
static int open_by_node(struct os *os, const char *directory, struct os_file **ret)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	__cleanup_fd int device = -1, iommu = -1;
	char path[128], node_path[64];
	struct node node = { .path = node_path, .size = sizeof(node_path) };
	int found, err;

	snprintf(path, sizeof(path), "%s/vfio-dev", directory);
	found = os->ops->list(os, path, take_node, &node);
	if (found <= 0)
		return found ? found : -ENOENT;
	iommu = kernel_device_open("/dev/iommu", O_RDWR);
	if (iommu < 0)
		return iommu;
	device = kernel_device_open(node_path, O_RDWR);
	if (device < 0)
		return device;
	bind.iommufd = iommu;
	err = call(device, VFIO_DEVICE_BIND_IOMMUFD, &bind);
	if (err)
		return err;
	return os_fd_file_new(take_fd(device), (const int[]){ take_fd(iommu), -1 }, ret);
}

int kernel_vfio_open(struct os *os, const char *directory, struct os_file **ret)
{
	int err = open_by_node(os, directory, ret);

	return err == -ENOENT || err == -ENXIO ? open_by_group(os, directory, ret) : err;
}
