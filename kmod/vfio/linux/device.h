/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The VFIO driver of the vGPUs' virtual functions: vfio_pci_core, with what a guest of a vGPU
 * must see instead of the function itself.
 *
 *   driver.c		probe, open, reset, close
 *   config.c		the parts of configuration space that belong to the vGPU's type
 *   regions.c		which regions there are; what is memory and what the model answers
 *   migration_file.c	the migration states, and the files that a state is read from and
 *			written to
 *
 * Locks, in the order in which they are taken:
 *
 *  dev_set->lock	VFIO's, around open, close and hot reset
 *  state_mutex		one change of the open vGPU's state at a time: migration, reset, bus
 *			master.  Held across calls of the manager.
 *  memory_lock		vfio_pci_core's; under it come the manager's BAR accesses
 *  config.lock		held for moments
 *
 * A reset calls the driver with memory_lock held for writing, and a migration session copies to
 * and from user memory, which may be a mapping of the device that needs memory_lock to be faulted
 * in.  So nothing that waits for a session happens in that call: it is left to reset_work.
 */
#ifndef NVVGPU_VFIO_DEVICE_H
#define NVVGPU_VFIO_DEVICE_H

#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/vfio_pci_core.h>
#include <linux/workqueue.h>
#include "../migration.h"

struct nvvgpu_vfio_config {
	struct mutex lock;		/* all below */
	u8 value[PCI_STD_HEADER_SIZEOF];
	u8 writable[PCI_STD_HEADER_SIZEOF];	/* the bits that a write changes */
};

struct nvvgpu_vfio {
	struct vfio_pci_core_device core;	/* first: vfio_alloc_device() wants it there */

	struct mutex state_mutex;		/* the members up to reset_error */
	struct nvvgpu_mgr_vgpu *vgpu;		/* NULL: not open; constant while it is */
	struct nvvgpu_migration *migration;
	bool bus_master;			/* what the plugin task was told last */
	struct work_struct reset_work;
	int reset_error;			/* of the last reset */

	/* constant while the device is open; bit per 4 KiB of BAR0 */
	u64 trap_pages;				/* not to be mapped */
	u64 register_pages;			/* of these, what the model answers */

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

/* regions.c */
int nvvgpu_vfio_regions_init(struct nvvgpu_vfio *nv);
u64 nvvgpu_vfio_region_bytes(struct nvvgpu_vfio *nv, u32 index);
int nvvgpu_vfio_region_info(struct vfio_device *vdev, struct vfio_region_info *info,
			    struct vfio_info_cap *caps);
ssize_t nvvgpu_vfio_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *pos);
ssize_t nvvgpu_vfio_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			  loff_t *pos);
int nvvgpu_vfio_mmap(struct vfio_device *vdev, struct vm_area_struct *vma);

/* migration_file.c */
extern const struct vfio_migration_ops nvvgpu_vfio_migration_ops;

#endif
