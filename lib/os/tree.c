// SPDX-License-Identifier: MIT
/*
 * A captured machine, which can only be looked at: a directory that holds a
 * sys/, or an archive of one, read into memory.  Beside the files of the
 * machine it may have
 *
 *   dev.list		its device nodes, since a tree holds no devices
 *   dev/nvvgpu/GPU	what the control device of a GPU answered
 *   dev/nvidia/GPU	what NVIDIA's library said of a GPU's mode
 *   holders.list	who had the devices of vGPUs open
 *   run/nvvgpu/	the records whose each vGPU is
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pci/pci.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "internal.h"
#include "os/answers.h"
#include "os/archive.h"
#include "os/below.h"
#include "os/mdevs.h"
#include "os/os.h"
#include "os/run.h"
#include "os/sysfs.h"
#include "util/text.h"

#define LIST_MAX_BYTES (1u << 20)
#define RECORDS "run/nvvgpu"
#define VGPU_CONFIG "usr/share/nvidia/vgpu/vgpuConfig.xml"

struct tree {
	struct os os;
	int root;		/* of a directory; -1: an archive */
	struct snapshot *snapshot;
	char *pci_path;		/* what libpci takes for /sys/bus/pci; NULL: nothing */
	struct run *run;	/* the records that were captured with it */
};

static struct tree *to_tree(struct os *os)
{
	return (struct tree *)os;
}

static void tree_close(struct os *os)
{
	struct tree *tree = to_tree(os);

	os_mdevs_fini(os);
	run_free(tree->run);
	if (tree->root >= 0)
		close(tree->root);
	snapshot_free(tree->snapshot);
	free(tree->pci_path);
	free(tree);
}

/* -------------------------------------------------------------------- files */

static int tree_root_read(struct os *os, const char *path, char *buf, size_t size, size_t *ret_len)
{
	const struct tree *tree = to_tree(os);

	return tree->snapshot ? snapshot_read(tree->snapshot, path, buf, size, ret_len) :
				root_file_read(tree->root, path, buf, size, ret_len);
}

static int tree_root_list(struct os *os, const char *path,
			  int (*each)(const char *name, void *arg), void *arg)
{
	const struct tree *tree = to_tree(os);

	return tree->snapshot ? snapshot_list(tree->snapshot, path, each, arg) :
				root_list(tree->root, path, each, arg);
}

/* Of the machine's root: "sys/" and @path, which alone is checked. */
static int sys_path(const char *path, char full[PATH_MAX])
{
	if (!path_is_safe(path))
		return -EINVAL;
	return snprintf(full, PATH_MAX, "sys/%s", path) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int tree_attr_read(struct os *os, const char *path, char *buf, size_t size, size_t *ret_len)
{
	char full[PATH_MAX];
	int err = sys_path(path, full);

	return err ? err : tree_root_read(os, full, buf, size, ret_len);
}

static int tree_attr_write(struct os *os, const char *path, const char *value)
{
	return -EROFS;
}

static int tree_link_read(struct os *os, const char *path, char *buf, size_t size)
{
	const struct tree *tree = to_tree(os);
	char full[PATH_MAX];
	int err = sys_path(path, full);

	if (err)
		return err;
	return tree->snapshot ? snapshot_link(tree->snapshot, full, buf, size) :
				sysfs_link_read(tree->root, path, buf, size);
}

static int tree_link_parent(struct os *os, const char *path, char *buf, size_t size)
{
	const struct tree *tree = to_tree(os);
	char full[PATH_MAX];
	int err = sys_path(path, full);

	if (err)
		return err;
	return tree->snapshot ? snapshot_link_parent(tree->snapshot, full, buf, size) :
				sysfs_link_parent(tree->root, path, buf, size);
}

static int tree_list(struct os *os, const char *path, int (*each)(const char *name, void *arg),
		     void *arg)
{
	char full[PATH_MAX];
	int err = sys_path(path, full);

	return err ? err : tree_root_list(os, full, each, arg);
}

/* ------------------------------------------------------------------ devices */

/* A whole file; *ret is to be freed. */
static int read_whole(struct os *os, const char *path, size_t max, char **ret, size_t *ret_len)
{
	__cleanup_free char *text = malloc(max + 1);
	int err = text ? tree_root_read(os, path, text, max + 1, ret_len) : -ENOMEM;

	if (!err)
		*ret = take_ptr(text);
	return err;
}

/* "20660 0 104 rw label path": mode in octal, owner, group, "-" for what is not. */
static bool parse_node(const char *line, const char *path, struct os_node *ret)
{
	struct os_node node = { .mode = 0 };
	char access[3], label[sizeof(node.label)];
	int at = 0;

	if (sscanf(line, "%o %u %u %2s %127s %n", &node.mode, &node.uid, &node.gid, access, label,
		   &at) < 5 || !at || strcmp(line + at, path))
		return false;
	node.readable = access[0] == 'r';
	node.writable = access[1] == 'w';
	if (strcmp(label, "-"))
		text_copy(node.label, sizeof(node.label), label);
	text_sanitize(node.label);
	*ret = node;
	return true;
}

static int tree_node_get(struct os *os, const char *path, struct os_node *ret)
{
	__cleanup_free char *text = NULL;
	char *rest, *line;
	size_t len;
	int err;

	if (!path_is_safe(path))
		return -EINVAL;
	err = read_whole(os, "dev.list", LIST_MAX_BYTES, &text, &len);
	if (err)
		return err;
	for (rest = text; (line = strsep(&rest, "\n"));)
		if (parse_node(line, path, ret))
			return 0;
	return -ENOENT;
}

/* Without kept answers no driver of ours was there. */
static int tree_control_open(struct os *os, const char *gpu_address, bool write,
			     struct os_file **ret)
{
	__cleanup_free char *answers = NULL;
	char address[PCI_ADDRESS_LEN], path[64];
	size_t len;
	int err;

	if (pci_address_canonical(gpu_address, address))
		return -EINVAL;
	snprintf(path, sizeof(path), "dev/nvvgpu/%s", address);
	err = read_whole(os, path, ANSWERS_MAX_BYTES, &answers, &len);
	if (err)
		return err;
	return write ? -EROFS : answers_open(answers, len, ret);
}

static int tree_vfio_open(struct os *os, const char *name, struct os_file **ret)
{
	return -EROFS;
}

static int tree_data_adopt(struct os *os, struct os_file *vfio, int data_fd, struct os_file **ret)
{
	return -EROFS;
}

/* ------------------------------------------------- vGPUs of NVIDIA's drivers */

static struct run *tree_run(struct os *os)
{
	return to_tree(os)->run;
}

/* "NAME", which nobody had open, or "NAME 4711 qemu-kvm": does it begin with this name? */
static char *holder_of(char *line, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(line, name, len) && (!line[len] || line[len] == ' ') ? line + len : NULL;
}

/* What was not captured nobody can say by now. */
static int tree_holders(struct os *os, const char *name,
			int (*each)(pid_t pid, const char *program, void *arg), void *arg)
{
	__cleanup_free char *text = NULL;
	char *rest, *line, *holder, program[64];
	int pid, ret = -EACCES;
	size_t len;

	if (read_whole(os, "holders.list", LIST_MAX_BYTES, &text, &len))
		return -EACCES;
	for (rest = text; ret <= 0 && (line = strsep(&rest, "\n"));) {
		holder = holder_of(line, name);
		if (!holder)
			continue;
		ret = 0;
		if (sscanf(holder, "%d %63[^\n]", &pid, program) == 2 && pid > 0)
			ret = each(pid, program, arg);
	}
	return ret;
}

static int tree_mixed_size_get(struct os *os, const char *gpu, bool *ret)
{
	char path[64], line[32];

	if (snprintf(path, sizeof(path), "dev/nvidia/%s", gpu) >= (int)sizeof(path) ||
	    os_root_line(os, path, line, sizeof(line)))
		return -EOPNOTSUPP;
	*ret = !strcmp(line, "mixed-size");
	return *ret || !strcmp(line, "equal-size") ? 0 : -EOPNOTSUPP;
}

static int tree_mixed_size_set(struct os *os, const char *gpu, bool mixed)
{
	return -EROFS;
}

static int tree_vgpu_config(struct os *os, char **ret, size_t *ret_len)
{
	const struct tree *tree = to_tree(os);
	const struct snapshot_entry *file;
	char *text;

	if (!tree->snapshot)
		return os_read_text(tree->root, VGPU_CONFIG, ret, ret_len);
	file = snapshot_file(tree->snapshot, VGPU_CONFIG);
	if (!file)
		return -ENOENT;
	text = malloc(file->len + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text, file->data, file->len + 1);
	*ret = text;
	*ret_len = file->len;
	return 0;
}

/* ---------------------------------------------------------------------- all */

static int tree_changes(struct os *os, uint64_t *ret)
{
	*ret = 0;
	return 0;
}

static int tree_pci_access(struct os *os, unsigned int *ret_method, const char **ret_param,
			   const char **ret_value)
{
	if (!to_tree(os)->pci_path)
		return -ENOENT;
	*ret_method = PCI_ACCESS_SYS_BUS_PCI;
	*ret_param = "sysfs.path";
	*ret_value = to_tree(os)->pci_path;
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
	.root_read = tree_root_read,
	.root_list = tree_root_list,
	.node_get = tree_node_get,
	.control_open = tree_control_open,
	.vfio_open = tree_vfio_open,
	.data_adopt = tree_data_adopt,
	.run = tree_run,
	.holders = tree_holders,
	.mixed_size_get = tree_mixed_size_get,
	.mixed_size_set = tree_mixed_size_set,
	.vgpu_config = tree_vgpu_config,
	.changes = tree_changes,
	.pci_access = tree_pci_access,
};

/* --------------------------------------------------------------------- open */

static int use_directory(struct tree *tree, const char *path)
{
	struct stat st;

	tree->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (tree->root < 0 || fstatat(tree->root, "sys", &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return asprintf(&tree->pci_path, "%s/sys/bus/pci", path) < 0 ? -ENOMEM : 0;
}

static int use_archive(struct tree *tree, const char *path, const char **ret_detail)
{
	__cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return archive_load(fd, &tree->snapshot, ret_detail);
}

static int use_records(struct tree *tree)
{
	struct stat st;
	int root = tree->root;

	if (tree->snapshot)
		return run_new_captured(tree->snapshot, RECORDS, &tree->run);
	/* none were captured, so none are looked for */
	if (fstatat(root, RECORDS, &st, AT_SYMLINK_NOFOLLOW))
		root = -1;
	return run_new(root, RECORDS, 0, &tree->run);
}

static int tree_use(struct tree *tree, const char *path, const char **ret_detail)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if (S_ISREG(st.st_mode))
		return use_archive(tree, path, ret_detail);
	return use_directory(tree, path);
}

int os_tree_open(const char *rest, struct os **ret, const char **ret_detail)
{
	struct tree *tree;
	int err;

	if (!*rest) {
		*ret_detail = "tree: needs a directory or an archive, tree:PATH";
		return -EINVAL;
	}
	tree = calloc(1, sizeof(*tree));
	if (!tree)
		return -ENOMEM;
	tree->os.ops = &tree_ops;
	tree->root = -1;
	err = tree_use(tree, rest, ret_detail);
	if (!err)
		err = use_records(tree);
	if (err) {
		tree_close(&tree->os);
		return err;
	}
	os_mdevs_init(&tree->os);
	*ret = &tree->os;
	return 0;
}
