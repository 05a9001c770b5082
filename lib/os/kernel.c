// SPDX-License-Identifier: MIT
/* The running host. */
#include <fcntl.h>
#include <pci/pci.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"
#include "os/drm.h"
#include "os/fd_file.h"
#include "os/kernel.h"
#include "os/sysfs.h"

struct kernel {
	struct os os;
	int root;
};

static int root_of(struct os *os)
{
	return ((struct kernel *)os)->root;
}

static void kernel_close(struct os *os)
{
	close(root_of(os));
	free(os);
}

static int kernel_attr_read(struct os *os, const char *path, char *buf, size_t size,
			    size_t *ret_len)
{
	return sysfs_attr_read(root_of(os), path, buf, size, ret_len);
}

static int kernel_attr_write(struct os *os, const char *path, const char *value)
{
	return sysfs_attr_write(root_of(os), path, value);
}

static int kernel_link_read(struct os *os, const char *path, char *buf, size_t size)
{
	return sysfs_link_read(root_of(os), path, buf, size);
}

static int kernel_list(struct os *os, const char *path, int (*each)(const char *name, void *arg),
		       void *arg)
{
	return sysfs_list(root_of(os), path, each, arg);
}

int kernel_device_open(const char *path, int flags)
{
	int fd;

	do
		fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

/* Without O_NONBLOCK, a read of events that another reader took would wait. */
static int kernel_control_open(struct os *os, const char *gpu_address, bool write,
			       struct os_file **ret)
{
	static const int held[FD_FILE_HELD] = { -1, -1 };
	char address[PCI_ADDRESS_LEN], path[64];
	int fd;

	if (pci_address_canonical(gpu_address, address))
		return -EINVAL;
	snprintf(path, sizeof(path), "/dev/nvvgpu/%s", address);
	fd = kernel_device_open(path, (write ? O_RDWR : O_RDONLY) | O_NONBLOCK);
	return fd < 0 ? fd : os_fd_file_new(fd, held, ret);
}

static int kernel_vfio_device_open(struct os *os, const char *name, struct os_file **ret)
{
	char address[PCI_ADDRESS_LEN], path[96];
	uint8_t uuid[16];

	if (!pci_address_canonical(name, address))
		snprintf(path, sizeof(path), "bus/pci/devices/%s", address);
	else if (!uuid_parse_text(name, uuid))
		snprintf(path, sizeof(path), "bus/mdev/devices/%s", name);
	else
		return -ENODEV;
	return kernel_vfio_open(os, path, ret);
}

static int kernel_data_adopt(struct os *os, struct os_file *vfio, int data_fd, struct os_file **ret)
{
	static const int held[FD_FILE_HELD] = { -1, -1 };

	return os_fd_file_new(data_fd, held, ret);
}

static int kernel_pci_access(struct os *os, unsigned int *ret_method, const char **ret_param,
			     const char **ret_value)
{
	*ret_method = PCI_ACCESS_SYS_BUS_PCI;
	*ret_param = NULL;
	*ret_value = NULL;
	return 0;
}

static const struct os_ops kernel_ops = {
	.scheme = "host",
	.close = kernel_close,
	.attr_read = kernel_attr_read,
	.attr_write = kernel_attr_write,
	.link_read = kernel_link_read,
	.list = kernel_list,
	.control_open = kernel_control_open,
	.vfio_open = kernel_vfio_device_open,
	.data_adopt = kernel_data_adopt,
	.pci_access = kernel_pci_access,
	.drm_nodes = os_drm_nodes,
};

int os_kernel_open(const char *rest, struct os **ret, const char **ret_detail)
{
	struct kernel *kernel;
	int root;

	if (*rest) {
		*ret_detail = "nothing may follow host:";
		return -EINVAL;
	}
	root = kernel_device_open("/", O_PATH | O_DIRECTORY);
	if (root < 0)
		return root;
	kernel = calloc(1, sizeof(*kernel));
	if (!kernel) {
		close(root);
		return -ENOMEM;
	}
	kernel->os.ops = &kernel_ops;
	kernel->root = root;
	*ret = &kernel->os;
	return 0;
}
