/* SPDX-License-Identifier: MIT */
/* The virtual functions of a GPU, as sysfs shows them. */
#ifndef NVVGPU_LIB_FRAMEWORK_VFS_H
#define NVVGPU_LIB_FRAMEWORK_VFS_H

#include <pthread.h>
#include "framework/framework.h"

#define VFS_MAX		256	/* most VFs of one GPU that are believed */
#define VFS_PATH_LEN	128

struct vf {
	uint32_t index;			/* n of its link virtfn<n> */
	char address[PCI_ADDRESS_LEN];
};

/* One of them, by its index.  -ENOENT: there is none; -EIO: its link is to no function */
int vf_read(struct os *os, const char *gpu, uint32_t index, struct vf *ret);
/*
 * In the order of their index, so virtfn2 comes before virtfn10.  *ret is to be freed,
 * NULL when there are none.  0 or -errno, without a last error.
 */
int vfs_read(struct os *os, const char *gpu, struct vf **ret, size_t *ret_count);

/* The same, not read again as long as nothing came or went. */
struct vfs_cache {
	pthread_mutex_t lock;		/* the three below */
	struct os_stamp stamp;
	struct vf *vfs;
	size_t count;
};

/* Takes what was read while the GPU was looked at. */
void vfs_cache_init(struct vfs_cache *cache, struct candidate *candidate);
void vfs_cache_fini(struct vfs_cache *cache);
/* Of a capture, whose VFs stay as they are. */
bool vfs_cache_lasts(struct vfs_cache *cache);
int vfs_cache_read(struct vfs_cache *cache, struct os *os, const char *gpu, struct vf **ret,
		   size_t *ret_count);

/* "bus/pci/devices/<address>/<attribute>" */
const char *function_path(char path[VFS_PATH_LEN], const char *address, const char *attribute);
int function_read_u32(struct os *os, const char *address, const char *attribute, uint32_t *ret);
int function_write(struct os *os, const char *address, const char *attribute, const char *value);
/* false also when it cannot be looked at */
bool function_has(struct os *os, const char *address, const char *directory);

#endif
