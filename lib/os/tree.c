// SPDX-License-Identifier: MIT
/* A captured machine: a directory that holds a sys/.  It can only be looked at. */
#include <errno.h>
#include <fcntl.h>
#include <pci/pci.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "os/below.h"
#include "os/mdevs.h"
#include "os/os.h"
#include "os/run.h"
#include "os/sysfs.h"
#include "util/cleanup.h"

struct tree {
	struct os os;
	int root;
	char *pci_path;		/* what libpci takes for /sys/bus/pci */
	struct run *run;	/* the records that were captured with it */
};

static int root_of(struct os *os)
{
	return ((struct tree *)os)->root;
}

static void tree_close(struct os *os)
{
	struct tree *tree = (struct tree *)os;

	run_free(tree->run);
	os_mdevs_fini(os);
	close(tree->root);
	free(tree->pci_path);
	free(tree);
}

static int tree_attr_read(struct os *os, const char *path, char *buf, size_t size, size_t *ret_len)
{
	return sysfs_attr_read(root_of(os), path, buf, size, ret_len);
}

static int tree_attr_write(struct os *os, const char *path, const char *value)
{
	return -EROFS;
}

static int tree_link_read(struct os *os, const char *path, char *buf, size_t size)
{
	return sysfs_link_read(root_of(os), path, buf, size);
}

static int tree_link_parent(struct os *os, const char *path, char *buf, size_t size)
{
	return sysfs_link_parent(root_of(os), path, buf, size);
}

static int tree_list(struct os *os, const char *path, int (*each)(const char *name, void *arg),
		     void *arg)
{
	return sysfs_list(root_of(os), path, each, arg);
}

/* A tree holds no devices, so no driver of ours answers. */
static int tree_control_open(struct os *os, const char *gpu_address, bool write,
			     struct os_file **ret)
{
	return -ENOENT;
}

static int tree_vfio_open(struct os *os, const char *name, struct os_file **ret)
{
	return -EROFS;
}

static int tree_data_adopt(struct os *os, struct os_file *vfio, int data_fd, struct os_file **ret)
{
	return -EROFS;
}

static struct run *tree_run(struct os *os)
{
	return ((struct tree *)os)->run;
}

/* Nobody can say who had what open when it was captured. */
static int tree_holders(struct os *os, const char *name,
			int (*each)(pid_t pid, const char *program, void *arg), void *arg)
{
	return -EACCES;
}

static int tree_vgpu_config(struct os *os, char **ret, size_t *ret_len)
{
	return os_read_text(root_of(os), "usr/share/nvidia/vgpu/vgpuConfig.xml", ret, ret_len);
}

static int tree_changes(struct os *os, uint64_t *ret)
{
	*ret = 0;
	return 0;
}

static int tree_pci_access(struct os *os, unsigned int *ret_method, const char **ret_param,
			   const char **ret_value)
{
	*ret_method = PCI_ACCESS_SYS_BUS_PCI;
	*ret_param = "sysfs.path";
	*ret_value = ((struct tree *)os)->pci_path;
	return 0;
}

static const struct os_ops tree_ops = {
	.scheme = "tree",
	.close = tree_close,
	.attr_read = tree_attr_read,
	.attr_write = tree_attr_write,
	.link_read = tree_link_read,
	.link_parent = tree_link_parent,
	.list = tree_list,
	.control_open = tree_control_open,
	.vfio_open = tree_vfio_open,
	.data_adopt = tree_data_adopt,
	.run = tree_run,
	.holders = tree_holders,
	.vgpu_config = tree_vgpu_config,
	.changes = tree_changes,
	.pci_access = tree_pci_access,
};

int os_tree_open(const char *rest, struct os **ret, const char **ret_detail)
{
	__cleanup_fd int root = -1;
	struct tree *tree;
	struct stat st;

	if (!*rest) {
		*ret_detail = "tree: needs a directory, tree:DIR";
		return -EINVAL;
	}
	root = open(rest, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || fstatat(root, "sys", &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	tree = calloc(1, sizeof(*tree));
	if (!tree)
		return -ENOMEM;
	if (run_new(root, "run/nvvgpu", 0, &tree->run)) {
		free(tree);
		return -ENOMEM;
	}
	if (asprintf(&tree->pci_path, "%s/sys/bus/pci", rest) < 0) {
		run_free(tree->run);
		free(tree);
		return -ENOMEM;
	}
	tree->os.ops = &tree_ops;
	tree->root = take_fd(root);
	os_mdevs_init(&tree->os);
	*ret = &tree->os;
	return 0;
}
