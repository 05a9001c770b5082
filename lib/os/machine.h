/* SPDX-License-Identifier: MIT */
/*
 * What a machine says of itself beside its GPUs: kernel, IOMMU, VFIO, daemons.
 * What it does not say is -ENOENT, what may not be looked at -EACCES.
 */
#ifndef NVVGPU_LIB_OS_MACHINE_H
#define NVVGPU_LIB_OS_MACHINE_H

#include "os/os.h"

/* One line each, sanitized: "6.1.0-57-amd64"; "GenuineIntel" */
int machine_kernel(struct os *os, char *buf, size_t size);
int machine_cpu_vendor(struct os *os, char *buf, size_t size);
/* Of the kernel's command line only what is about IOMMUs and drivers: the rest may hold secrets. */
int machine_command_line(struct os *os, char *buf, size_t size);
void machine_filter_command_line(char *text);	/* in place */

/* How many IOMMUs the kernel drives, and groups it has made. */
int machine_iommus(struct os *os, unsigned int *ret_iommus, unsigned int *ret_groups);

/* Ways to use VFIO that the kernel offers. */
struct machine_vfio {
	bool container;		/* /dev/vfio/vfio */
	bool iommufd;		/* /dev/iommu */
	bool unsafe_noiommu;	/* a parameter that lets devices reach all memory */
};
int machine_vfio(struct os *os, struct machine_vfio *ret);

/* The IOMMU group of a PCI function. */
struct machine_group {
	char number[16];
	char shared_with[PCI_ADDRESS_LEN];	/* "": with none but bridges */
};
int machine_group(struct os *os, const char *address, struct machine_group *ret);

/* Driver of a PCI function; "": none is bound */
int machine_driver(struct os *os, const char *address, char *buf, size_t size);

/*
 * The module that a PCI driver is in.  They are mostly called alike, and are taken to be where
 * the driver does not tell; but not every driver called "nvidia" is NVIDIA's.
 */
void machine_module(struct os *os, const char *driver, char *buf, size_t size);

/* A process of this name runs. */
int machine_service(struct os *os, const char *name, bool *ret);

int machine_selinux(struct os *os, bool *ret_enforcing);

/* MIG instances of a GPU under NVIDIA's driver; 0: MIG mode is off, or nothing was made of it. */
int machine_mig_instances(struct os *os, const char *address, unsigned int *ret);

#endif
