// SPDX-License-Identifier: MIT
/* The running host. */
#include <fcntl.h>
#include <pci/pci.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include "internal.h"
#include "os/below.h"
#include "os/drm.h"
#include "os/fd_file.h"
#include "os/kernel.h"
#include "os/mdevs.h"
#include "os/proc.h"
#include "os/run.h"
#include "os/sysfs.h"
#include "os/udev.h"

static int root_of(struct os *os)
{
	return ((struct kernel *)os)->root;
}

static void free_paths(struct kernel_paths *paths)
{
	free(paths->run);
	free(paths->sriov_manage);
	free(paths->vgpu_config);
	free(paths->nvml);
}

static void kernel_close(struct os *os)
{
	struct kernel *kernel = (struct kernel *)os;

	run_free(kernel->run);
	free_paths(&kernel->paths);
	os_mdevs_fini(os);
	close(kernel->root);
	free(kernel);
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

static int kernel_link_parent(struct os *os, const char *path, char *buf, size_t size)
{
	return sysfs_link_parent(root_of(os), path, buf, size);
}

static int kernel_list(struct os *os, const char *path, int (*each)(const char *name, void *arg),
		       void *arg)
{
	return sysfs_list(root_of(os), path, each, arg);
}

static int kernel_root_read(struct os *os, const char *path, char *buf, size_t size,
			    size_t *ret_len)
{
	return root_file_read(root_of(os), path, buf, size, ret_len);
}

static int kernel_root_list(struct os *os, const char *path,
			    int (*each)(const char *name, void *arg), void *arg)
{
	return root_list(root_of(os), path, each, arg);
}

static int kernel_node_get(struct os *os, const char *path, struct os_node *ret)
{
	struct os_node node = { .mode = 0 };
	char full[128];
	struct stat st;

	if (!path_is_safe(path))
		return -EINVAL;
	if ((size_t)snprintf(full, sizeof(full), "/dev/%s", path) >= sizeof(full))
		return -ENAMETOOLONG;
	if (lstat(full, &st))
		return -errno;
	node.mode = st.st_mode;
	node.uid = st.st_uid;
	node.gid = st.st_gid;
	node.readable = !faccessat(AT_FDCWD, full, R_OK, AT_EACCESS);
	node.writable = !faccessat(AT_FDCWD, full, W_OK, AT_EACCESS);
	if (lgetxattr(full, "security.selinux", node.label, sizeof(node.label) - 1) < 0)
		node.label[0] = '\0';
	*ret = node;
	return 0;
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

static struct run *kernel_run(struct os *os)
{
	return ((struct kernel *)os)->run;
}

static int kernel_holders(struct os *os, const char *name,
			  int (*each)(pid_t pid, const char *program, void *arg), void *arg)
{
	return proc_holders(os, root_of(os), name, each, arg);
}

/* The kernel counts what it tells the device manager. */
static int kernel_changes(struct os *os, uint64_t *ret)
{
	return os_attr_u64(os, "kernel/uevent_seqnum", ret) ? -EOPNOTSUPP : 0;
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
	.link_parent = kernel_link_parent,
	.list = kernel_list,
	.root_read = kernel_root_read,
	.root_list = kernel_root_list,
	.node_get = kernel_node_get,
	.control_open = kernel_control_open,
	.vfio_open = kernel_vfio_device_open,
	.data_adopt = kernel_data_adopt,
	.run = kernel_run,
	.holders = kernel_holders,
	.mixed_size_get = kernel_mixed_size_get,
	.mixed_size_set = kernel_mixed_size_set,
	.sriov_manage = kernel_sriov_manage,
	.vgpu_config = kernel_vgpu_config,
	.changes = kernel_changes,
	.notices_open = os_udev_open,
	.pci_access = kernel_pci_access,
	.drm_nodes = os_drm_nodes,
};

/* --------------------------------------------------------------------- open */

/* "?name=value&name=value", each name once */
static int take_option(struct kernel_paths *paths, const char *option, size_t len,
		       const char **ret_detail)
{
	const struct {
		const char *name;
		char **path;
	} options[] = {
		{ "run=/", &paths->run },
		{ "sriov-manage=/", &paths->sriov_manage },
		{ "vgpu-config=/", &paths->vgpu_config },
		{ "nvml=/", &paths->nvml },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		size_t name = strlen(options[i].name);

		if (len <= name || memcmp(option, options[i].name, name) || *options[i].path)
			continue;
		*options[i].path = strndup(option + name - 1, len - name + 1);
		return *options[i].path ? 0 : -ENOMEM;
	}
	*ret_detail = "options of host: are run=, sriov-manage=, vgpu-config= and nvml=, each "
		      "once and with an absolute path";
	return -EINVAL;
}

static int take_options(struct kernel_paths *paths, const char *rest, const char **ret_detail)
{
	int err = 0;

	if (*rest && *rest != '?') {
		*ret_detail = "only options may follow host:";
		return -EINVAL;
	}
	while (!err && *rest) {
		size_t len = strcspn(++rest, "&");

		err = take_option(paths, rest, len, ret_detail);
		rest += len;
	}
	return err;
}

static int set_default(char **path, const char *value)
{
	if (!*path)
		*path = strdup(value);
	return *path ? 0 : -ENOMEM;
}

static int fill_paths(struct kernel_paths *paths)
{
	if (set_default(&paths->run, "/run/nvvgpu") ||
	    set_default(&paths->sriov_manage, "/usr/lib/nvidia/sriov-manage") ||
	    set_default(&paths->vgpu_config, "/usr/share/nvidia/vgpu/vgpuConfig.xml") ||
	    set_default(&paths->nvml, "libnvidia-ml.so.1"))
		return -ENOMEM;
	return 0;
}

int os_kernel_open(const char *rest, struct os **ret, const char **ret_detail)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	int err;

	if (!kernel)
		return -ENOMEM;
	kernel->os.ops = &kernel_ops;
	kernel->root = kernel_device_open("/", O_PATH | O_DIRECTORY);
	err = kernel->root < 0 ? kernel->root : 0;
	if (!err)
		err = take_options(&kernel->paths, rest, ret_detail);
	if (!err)
		err = fill_paths(&kernel->paths);
	if (!err)
		err = run_new(kernel->root, kernel->paths.run + 1, 0755, &kernel->run);
	if (err) {
		if (kernel->root >= 0)
			close(kernel->root);
		free_paths(&kernel->paths);
		free(kernel);
		return err;
	}
	os_mdevs_init(&kernel->os);
	*ret = &kernel->os;
	return 0;
}
