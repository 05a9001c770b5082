/* SPDX-License-Identifier: MIT */
/* What the parts of the running host share: kernel.c, kernel_vfio.c, kernel_nvidia.c, nvml.c. */
#ifndef NVVGPU_LIB_OS_KERNEL_H
#define NVVGPU_LIB_OS_KERNEL_H

#include "os/os.h"

/* Where things are; what a uri does not name is where NVIDIA's driver puts it. */
struct kernel_paths {
	char *run;		/* locks and records */
	char *sriov_manage;
	char *vgpu_config;
	char *nvml;
};

struct kernel {
	struct os os;
	int root;
	struct run *run;
	struct kernel_paths paths;
};

/* A device node: the descriptor or -errno. */
int kernel_device_open(const char *path, int flags);

/* The VFIO device whose directory in sysfs is @directory.  -ENODEV: it has no VFIO driver. */
int kernel_vfio_open(struct os *os, const char *directory, struct os_file **ret);

/* kernel_nvidia.c, nvml.c: as in struct os_ops */
int kernel_sriov_manage(struct os *os, const char *gpu, bool enable, uint64_t timeout_ns,
			char *output, size_t size);
int kernel_vgpu_config(struct os *os, char **ret, size_t *ret_len);
int kernel_mixed_size_get(struct os *os, const char *gpu, bool *ret);
int kernel_mixed_size_set(struct os *os, const char *gpu, bool mixed);

#endif
