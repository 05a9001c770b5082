/* SPDX-License-Identifier: MIT */
/*
 * Captured hosts of any size, written as the drivers in the field print them.  What they hold
 * follows published samples and is on purpose not taken from the library's own tables.
 */
#ifndef NVVGPU_TESTS_HOSTS_H
#define NVVGPU_TESTS_HOSTS_H

#include <stdbool.h>

struct host_spec {
	const char *board;	/* "t4", "a40", "l40" */
	bool mdev;		/* else vendor-vfio, which a t4 does not have */
	unsigned int gpus;
	unsigned int vfs;	/* enabled ones of each GPU, at most 32; t4: none */
	unsigned int vgpus;	/* on each GPU, of its 4Q, on the first VFs */
};

/* One type as it is described there. */
struct host_type {
	unsigned int id, mib, max, heads, rate, width, height;
	char name[32];
};

#define HOST_TYPES 32

/* How many types a board has; 0: no such board */
unsigned int host_types(const char *board, struct host_type types[HOST_TYPES]);

/* How the functions and vGPUs of such a host are called. */
void host_gpu_address(unsigned int gpu, char address[16]);
void host_vf_address(unsigned int gpu, unsigned int vf, char address[16]);
void host_uuid(unsigned int gpu, unsigned int vgpu, char uuid[37]);

/* Fills @directory, which exists, with a sys/.  0 or -errno */
int host_make(const char *directory, const struct host_spec *spec);

#endif
