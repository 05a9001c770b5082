/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The VFIO driver of the vGPUs' virtual functions: vfio_pci_core, with what a guest of a vGPU
 * must see instead of the function itself.
 *
 *   driver.c	probe, open, reset, close
 *   config.c	configuration space: whose each byte is
 *   bars.c	the regions
 *   common.h	what mediated devices have as well
 *
 * Locks, in the order in which they are taken:
 *
 *  dev_set->lock	VFIO's, around open, close and hot reset
 *  state.lock		see common.h
 *  memory_lock		vfio_pci_core's; under it come the manager's BAR accesses
 *  config.lock		held for moments
 *
 * A reset calls the driver with memory_lock held for writing, and a migration session copies to
 * and from user memory, which may be a mapping of the device that needs memory_lock to be faulted
 * in.  So nothing that waits for a session happens in that call: it is left to reset_work.
 */
#ifndef NVVGPU_VFIO_DEVICE_H
#define NVVGPU_VFIO_DEVICE_H

#include <linux/pci.h>
#include <linux/workqueue.h>
#include "common.h"

struct nvvgpu_vfio_config {
	struct mutex lock;		/* all below */
	u8 value[PCI_STD_HEADER_SIZEOF];
	u8 writable[PCI_STD_HEADER_SIZEOF];	/* the bits that a write changes */
};

struct nvvgpu_vfio {
	struct vfio_pci_core_device core;	/* first: vfio_alloc_device() wants it there */

	struct nvvgpu_state state;
	struct work_struct reset_work;
	int reset_error;			/* of the last reset; state.lock */

	struct nvvgpu_regions regions;
	struct nvvgpu_vfio_config config;
};

static inline struct nvvgpu_vfio *to_nvvgpu_vfio(struct vfio_device *vdev)
{
	return container_of(vdev, struct nvvgpu_vfio, core.vdev);
}

/* driver.c */
/* vfio_pci_core's own access to a region; the bytes that it did, or -errno. */
ssize_t nvvgpu_vfio_core_rw(struct nvvgpu_vfio *nv, u32 index, u64 offset, char __user *buf,
			    size_t count, bool write);
/* Tells the plugin task what the command register says. */
int nvvgpu_vfio_sync_bus_master(struct nvvgpu_vfio *nv);

/* config.c */
void nvvgpu_vfio_config_init(struct nvvgpu_vfio *nv);
ssize_t nvvgpu_vfio_config_rw(struct nvvgpu_vfio *nv, u64 offset, char __user *buf, size_t count,
			      bool write);

/* bars.c */
extern const struct nvvgpu_region_ops nvvgpu_vfio_region_ops;
int nvvgpu_vfio_regions_init(struct nvvgpu_vfio *nv);
/* Once vfio_pci_core knows what can be mapped. */
void nvvgpu_vfio_areas_init(struct nvvgpu_vfio *nv);
int nvvgpu_vfio_region_info(struct vfio_device *vdev, struct vfio_region_info *info,
			    struct vfio_info_cap *caps);
ssize_t nvvgpu_vfio_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *pos);
ssize_t nvvgpu_vfio_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			  loff_t *pos);
int nvvgpu_vfio_mmap(struct vfio_device *vdev, struct vm_area_struct *vma);

#endif
