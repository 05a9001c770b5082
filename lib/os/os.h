/* SPDX-License-Identifier: MIT */
/*
 * The one door to the host.  Everything above speaks of attributes, links,
 * lists, control devices and VFIO devices; only the files below lib/os open,
 * read, write or call ioctl.
 *
 *   kernel.c  "host:"      the running host
 *   tree.c    "tree:PATH"  a captured machine, read only: a directory or an archive
 *   emu/      "emu:..."    emulated boards in this process
 *
 * Paths are relative to /sys, without a leading slash.  All calls return 0 (or
 * a length) or -errno and are safe from several threads.
 */
#ifndef NVVGPU_LIB_OS_H
#define NVVGPU_LIB_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct os;
struct run;
struct os_file;			/* an open control device, VFIO device or migration data session */

#define OS_ATTR_MAX	65536	/* longest attribute anyone reads */

/* A device node, and what whoever looks may do with it. */
struct os_node {
	unsigned int mode;	/* as in st_mode */
	unsigned int uid, gid;
	bool readable, writable;
	char label[128];	/* of SELinux; "": none */
};

/* Something may have happened to a PCI function: what, has to be looked up. */
struct os_notice {
	char function[24];	/* its canonical address */
	bool child;		/* to an mdev of it; else to itself */
};

struct os_ops {
	const char *scheme;	/* "host" */
	void (*close)(struct os *os);

	/*
	 * whole attribute, NUL-terminated, at most size - 1 bytes (-EMSGSIZE beyond); binary
	 * with *ret_len
	 */
	int (*attr_read)(struct os *os, const char *path, char *buf, size_t size, size_t *ret_len);
	int (*attr_write)(struct os *os, const char *path, const char *value);	/* -EROFS on a tree */
	/* last component of a symbolic link's target: "nvidia" of .../driver */
	int (*link_read)(struct os *os, const char *path, char *buf, size_t size);
	/* last but one: of bus/mdev/devices/<uuid> the address of the function it belongs to */
	int (*link_parent)(struct os *os, const char *path, char *buf, size_t size);
	/*
	 * names in a directory, "." and ".." left out; a non-zero return of each ends the walk
	 * and is returned
	 */
	int (*list)(struct os *os, const char *path, int (*each)(const char *name, void *arg), void *arg);

	/* a file, and the names in a directory, outside of /sys: paths from the root, "proc/..." */
	int (*root_read)(struct os *os, const char *path, char *buf, size_t size, size_t *ret_len);
	int (*root_list)(struct os *os, const char *path, int (*each)(const char *name, void *arg),
			 void *arg);
	/* below /dev, "vfio/12" */
	int (*node_get)(struct os *os, const char *path, struct os_node *ret);

	/*
	 * /dev/nvvgpu/<address>; write: changing calls will be made.  -ENOENT: no such driver
	 * here
	 */
	int (*control_open)(struct os *os, const char *gpu_address, bool write, struct os_file **ret);
	/* VFIO device of a PCI function ("0000:41:00.4"), of an mdev (its uuid), or, on a GPU
	 * without SR-IOV under our driver, "<gpu address>#<slot>" */
	int (*vfio_open)(struct os *os, const char *name, struct os_file **ret);
	/* what the data_fd of VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE stands for; the file owns it */
	int (*data_adopt)(struct os *os, struct os_file *vfio, int data_fd, struct os_file **ret);

	/* what survives the process: locks, and records of who owns what; see run.h */
	struct run *(*run)(struct os *os);
	/*
	 * calls each for every process that has a VFIO device open (name: as for vfio_open), or
	 * NVIDIA's node of a GPU (name: its address); ends and returns as list does.  -EACCES: it
	 * called none, and some processes may not be looked at
	 */
	int (*holders)(struct os *os, const char *name,
		       int (*each)(pid_t pid, const char *program, void *arg), void *arg);

	/*
	 * What NVIDIA's driver has no file in sysfs for.  -EOPNOTSUPP: it cannot be asked here;
	 * -EBUSY: vGPUs exist
	 */
	int (*mixed_size_get)(struct os *os, const char *gpu, bool *ret);
	int (*mixed_size_set)(struct os *os, const char *gpu, bool mixed);
	/*
	 * NVIDIA's tool that switches VFs; NULL, or -ENOENT: there is none.  0: it has ended,
	 * which says nothing of what it did; output is what it printed, cut to size.
	 * -ETIMEDOUT: it was ended
	 */
	int (*sriov_manage)(struct os *os, const char *gpu, bool enable, uint64_t timeout_ns,
			    char *output, size_t size);
	/* vgpuConfig.xml; *ret is to be freed.  NULL, or -ENOENT: there is none */
	int (*vgpu_config)(struct os *os, char **ret, size_t *ret_len);
	/*
	 * a number that is another one when a device came, went or was bound since; 0: nothing ever
	 * does, it is a capture.  NULL, or -EOPNOTSUPP: nothing tells
	 */
	int (*changes)(struct os *os, uint64_t *ret);
	/*
	 * a file whose read() gives struct os_notice, as many as there are, and whose descriptor is
	 * readable when there are some.  Its read() returns -ENOBUFS when some are lost.  NULL, or
	 * -EOPNOTSUPP: nobody tells
	 */
	int (*notices_open)(struct os *os, struct os_file **ret);

	/* how libpci reaches the functions: PCI_ACCESS_* and one parameter (name may be NULL) */
	int (*pci_access)(struct os *os, unsigned int *ret_method, const char **ret_param,
			  const char **ret_value);
	/* "/dev/dri" nodes of a function; NULL: by the directory <function>/drm */
	int (*drm_nodes)(struct os *os, const char *address,
			 int (*each)(const char *node, void *arg), void *arg);
};

struct os {
	const struct os_ops *ops;
	struct os_mdevs_cache *mdevs;	/* see mdevs.h; NULL: nothing is kept */
};

/*
 * -EINVAL: malformed uri; *ret_detail, when set, is a static sentence that says what is wrong
 * with it
 */
int os_open(const char *uri, struct os **ret, const char **ret_detail);
void os_close(struct os *os);	/* NULL is allowed */

struct os_file_ops {
	void (*close)(struct os_file *file);
	int (*ioctl)(struct os_file *file, unsigned long request, void *arg);
	ssize_t (*read)(struct os_file *file, void *buf, size_t len);
	ssize_t (*write)(struct os_file *file, const void *buf, size_t len);
	ssize_t (*pread)(struct os_file *file, void *buf, size_t len, uint64_t offset);
	ssize_t (*pwrite)(struct os_file *file, const void *buf, size_t len, uint64_t offset);
	int (*poll_fd)(struct os_file *file);	/* readable when read() would give something; -EOPNOTSUPP */
};

struct os_file {
	const struct os_file_ops *ops;
};

void os_file_close(struct os_file *file);	/* NULL is allowed */
int os_file_ioctl(struct os_file *file, unsigned long request, void *arg);	/* EINTR is retried */
ssize_t os_file_read(struct os_file *file, void *buf, size_t len);
ssize_t os_file_write(struct os_file *file, const void *buf, size_t len);
ssize_t os_file_pread(struct os_file *file, void *buf, size_t len, uint64_t offset);
ssize_t os_file_pwrite(struct os_file *file, const void *buf, size_t len, uint64_t offset);
int os_file_poll_fd(struct os_file *file);

/* What was asked for is not there; any other error leaves open whether it is. */
bool os_is_gone(int err);

/*
 * Conveniences over attr_read: one line without its newline; a number (base 0),
 * overflow-checked.
 */
int os_attr_line(struct os *os, const char *path, char *buf, size_t size);
int os_attr_u64(struct os *os, const char *path, uint64_t *ret);
int os_root_line(struct os *os, const char *path, char *buf, size_t size);

/*
 * When something was read, to know whether it has to be read again.  Not everything that
 * happens to a device is told, so of a running host nothing is kept for longer than a second.
 */
struct os_stamp {
	bool known;
	uint64_t changes;
	uint64_t time_ns;
};

void os_stamp_take(struct os *os, struct os_stamp *stamp);	/* before the reading */
bool os_stamp_holds(struct os *os, const struct os_stamp *stamp);
/* What was read then stays as it is: of a capture. */
bool os_stamp_lasts(const struct os_stamp *stamp);

/* the three implementations; rest: the uri after "scheme:" */
int os_kernel_open(const char *rest, struct os **ret, const char **ret_detail);
int os_tree_open(const char *rest, struct os **ret, const char **ret_detail);
int os_emu_open(const char *rest, struct os **ret, const char **ret_detail);

#endif
