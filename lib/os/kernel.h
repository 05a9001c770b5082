/* SPDX-License-Identifier: MIT */
/* What the two halves of the running host share: kernel.c and kernel_vfio.c. */
#ifndef NVVGPU_LIB_OS_KERNEL_H
#define NVVGPU_LIB_OS_KERNEL_H

#include "os/os.h"

/* A device node: the descriptor or -errno. */
int kernel_device_open(const char *path, int flags);

/* The VFIO device whose directory in sysfs is @directory.  -ENODEV: it has no VFIO driver. */
int kernel_vfio_open(struct os *os, const char *directory, struct os_file **ret);

#endif
