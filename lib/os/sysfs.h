/* SPDX-License-Identifier: MIT */
/* A sysfs below a directory: the running host's, or a captured one. */
#ifndef NVVGPU_LIB_OS_SYSFS_H
#define NVVGPU_LIB_OS_SYSFS_H

#include <stddef.h>

/*
 * root is what "/" of the machine would be: links that lead out of it are
 * followed inside it.  sysfs is there as root/sys.  All calls as in struct
 * os_ops; a path that is absolute or has ".." in it is -EINVAL.
 */
int sysfs_attr_read(int root, const char *path, char *buf, size_t size, size_t *ret_len);
int sysfs_attr_write(int root, const char *path, const char *value);
int sysfs_link_read(int root, const char *path, char *buf, size_t size);
int sysfs_link_parent(int root, const char *path, char *buf, size_t size);
int sysfs_list(int root, const char *path, int (*each)(const char *name, void *arg), void *arg);

/* The same outside of sys/, with paths from the root. */
int root_file_read(int root, const char *path, char *buf, size_t size, size_t *ret_len);
int root_list(int root, const char *path, int (*each)(const char *name, void *arg), void *arg);

/* Of a link's target its last component, which is cut off; the last but one, where it lies. */
int target_name(char *target, char *buf, size_t size);
int target_parent(char *target, char *buf, size_t size);

#endif
