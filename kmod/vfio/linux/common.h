/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the VFIO devices of vGPUs share: on a virtual function (device.h) or as mediated devices,
 * which are in a module of their own (../../mdev/linux) and use this one for it.
 *
 *   state.c	the open vGPU: bus master, reset, the migration states and the files that a state
 *		is read from and written to
 *   regions.c	which regions there are; what of them can be mapped; accesses
 *   header.c	the part of configuration space that belongs to the vGPU's type
 */
#ifndef NVVGPU_VFIO_COMMON_H
#define NVVGPU_VFIO_COMMON_H

#include <linux/mutex.h>
#include <linux/vfio_pci_core.h>	/* VFIO_PCI_OFFSET_*, too */
#include "../migration.h"

/* ---------------------------------------------------------------- state.c */

/*
 * One change at a time: migration, reset, bus master.  The lock is held across calls of the
 * manager, and while one waits for a migration session, which may be in a copy to or from user
 * memory: so nobody takes it with a lock that a fault in there needs.
 */
struct nvvgpu_state {
	struct mutex lock;			/* all below */
	struct nvvgpu_mgr_vgpu *vgpu;		/* NULL: not open; constant while it is */
	struct nvvgpu_migration *migration;
	bool bus_master;			/* what the plugin task was told last */
};

void nvvgpu_state_init(struct nvvgpu_state *state);
void nvvgpu_state_fini(struct nvvgpu_state *state);

/* Of a vGPU just opened, which closing the state closes; a failure does so too. */
int nvvgpu_state_open(struct nvvgpu_state *state, struct nvvgpu_mgr_vgpu *vgpu);
void nvvgpu_state_close(struct nvvgpu_state *state);

/* Both with the lock.  After a reset the task allows no DMA. */
int nvvgpu_state_set_bus_master(struct nvvgpu_state *state, bool enable);
int nvvgpu_state_reset(struct nvvgpu_state *state);

/* Behind struct vfio_migration_ops; for VFIO_MIGRATION_STOP_COPY alone. */
struct file *nvvgpu_state_migrate(struct nvvgpu_state *state, struct vfio_device *vdev,
				  enum vfio_device_mig_state target);
int nvvgpu_state_get_migration(struct nvvgpu_state *state, enum vfio_device_mig_state *ret);
int nvvgpu_state_get_data_size(struct nvvgpu_state *state, unsigned long *ret);

/* -------------------------------------------------------------- regions.c */

struct nvvgpu_regions;

/* Within the region, and at least one byte; the bytes that were done, or -errno. */
typedef ssize_t nvvgpu_region_rw(struct nvvgpu_regions *regions, u64 offset, char __user *buf,
				 size_t count, bool write);

struct nvvgpu_region_ops {
	nvvgpu_region_rw *config_rw;
	nvvgpu_region_rw *memory_rw;	/* BAR0, but for its registers */
	/* around what the manager answers: -EIO while it is not to be asked */
	int (*begin)(struct nvvgpu_regions *regions);
	void (*end)(struct nvvgpu_regions *regions);
};

/* Constant while the device is open. */
struct nvvgpu_regions {
	const struct nvvgpu_region_ops *ops;
	struct nvvgpu_mgr_vgpu *vgpu;
	u64 bytes[VFIO_PCI_VGA_REGION_INDEX];	/* of each, 0: not there */
	u64 register_pages;			/* of BAR0, bit per 4 KiB: the manager answers */
	struct nvvgpu_mgr_area areas[NVVGPU_MGR_AREAS];	/* of BAR0, that can be mapped */
	u32 area_count;
};

#define NVVGPU_REGISTER_PAGE_BYTES	SZ_4K

/* bytes of each BAR, within what VFIO has for an offset */
u64 nvvgpu_regions_limit(u64 bytes);
int nvvgpu_regions_info(const struct nvvgpu_regions *regions, struct vfio_region_info *info,
			struct vfio_info_cap *caps);
ssize_t nvvgpu_regions_rw(struct nvvgpu_regions *regions, char __user *buf, size_t count,
			  loff_t *pos, bool write);
/* -EINVAL: not all of it lies in one area */
int nvvgpu_regions_check_mmap(const struct nvvgpu_regions *regions,
			      const struct vm_area_struct *vma);

/* An access through a buffer of the kernel, by pieces. */
typedef int nvvgpu_region_piece(struct nvvgpu_regions *regions, u32 index, u64 offset, void *piece,
				size_t len, bool write);
ssize_t nvvgpu_regions_by_piece(struct nvvgpu_regions *regions, nvvgpu_region_piece *fn, u32 index,
				u64 offset, char __user *buf, size_t count, bool write);

/* --------------------------------------------------------------- header.c */

/* The first 64 bytes of a configuration space; the bits that a write changes. */
void nvvgpu_header_init(u8 *value, u8 *writable, const struct nvvgpu_regions *regions);
/* Of any part of it: what is written changes the bits that it may. */
void nvvgpu_header_store(u8 *value, const u8 *writable, const u8 *buf, size_t len);

#endif
