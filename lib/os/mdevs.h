/* SPDX-License-Identifier: MIT */
/* The mdevs of a host: one walk for all GPUs, which is used again as long as nothing changes. */
#ifndef NVVGPU_LIB_OS_MDEVS_H
#define NVVGPU_LIB_OS_MDEVS_H

#include <stdatomic.h>
#include "internal.h"

#define OS_MDEVS_MAX 4096	/* most of one host that are believed */

struct os_mdev {
	char name[37];			/* its uuid, as its directory is called */
	char parent[PCI_ADDRESS_LEN];	/* the function that it belongs to */
	char type[64];			/* directory of its type, "nvidia-555"; "" unknown */
};

struct os_mdevs {
	atomic_uint refs;
	size_t count;
	struct os_mdev mdevs[];		/* by name */
};

/*
 * *ret: a new reference; without any mdev, or any mdev core, it is empty.  0 or -errno without a
 * last error.
 */
int os_mdevs_get(struct os *os, struct os_mdevs **ret);
void os_mdevs_unref(struct os_mdevs *mdevs);	/* NULL is allowed */

/* For those who implement struct os: what is kept.  Without memory nothing is. */
void os_mdevs_init(struct os *os);
void os_mdevs_fini(struct os *os);

#endif
