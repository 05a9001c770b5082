/* SPDX-License-Identifier: MIT */
/* The virtual functions of a GPU, as sysfs shows them. */
#ifndef NVVGPU_LIB_FRAMEWORK_VFS_H
#define NVVGPU_LIB_FRAMEWORK_VFS_H

#include "internal.h"

#define VFS_MAX		256	/* most VFs of one GPU that are believed */
#define VFS_PATH_LEN	128

struct vf {
	uint32_t index;			/* n of its link virtfn<n> */
	char address[PCI_ADDRESS_LEN];
};

/*
 * In the order of their index, so virtfn2 comes before virtfn10.  *ret is to be freed,
 * NULL when there are none.  0 or -errno, without a last error.
 */
int vfs_read(struct os *os, const char *gpu, struct vf **ret, size_t *ret_count);

/* "bus/pci/devices/<address>/<attribute>" */
const char *function_path(char path[VFS_PATH_LEN], const char *address, const char *attribute);
int function_read_u32(struct os *os, const char *address, const char *attribute, uint32_t *ret);
int function_write(struct os *os, const char *address, const char *attribute, const char *value);
/* false also when it cannot be looked at */
bool function_has(struct os *os, const char *address, const char *directory);

#endif
