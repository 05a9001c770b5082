/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The mdev adapter, the front end of mediated devices: vGPUs of boards without SR-IOV, and of
 * those whose framework is mdev.  The mdev framework makes a device for each, and what its VMM sees
 * of PCI is made here; what the VFIO devices of virtual functions have, too, is in
 * ../../vfio/linux/common.h.
 *
 *   driver.c	the drivers: of board and VFs, of the mdevs; meets the back end
 *   parent.c	the types of a board or a VF, as the mdev framework knows them
 *   device.c	the VFIO device of an mdev: open, reset, close, migration
 *   config.c	its configuration space
 *   bars.c	its regions
 *   guest.c	its interrupts and its DMA
 *
 * Locks, in the order in which they are taken:
 *
 *  dev_set->lock	VFIO's, around open and close
 *  state.lock		see common.h; held for accesses to BARs as well, for a register that is
 *			written may begin DMA, which has to be over when the vGPU is stopped.  That
 *			is in the VMM's memory and takes as long as the VMM likes: it is its own
 *			vGPU that waits, until it is killed
 *  (those of the manager)
 *  config.lock, irqs.lock	held for moments
 */
#ifndef NVVGPU_MDEV_DEVICE_H
#define NVVGPU_MDEV_DEVICE_H

#include <linux/kref.h>
#include <linux/mdev.h>
#include <linux/mutex.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include "../../mgr/linux/mdev_ops.h"
#include "../../vfio/linux/common.h"

#define NVVGPU_MDEV_VECTORS	6		/* of MSI-X */
#define NVVGPU_MDEV_MSIX_TABLE	0x10000		/* in BAR0, where virtual functions have it */

/* --------------------------------------------------------------- parent.c */

struct nvvgpu_mdev_type {
	struct mdev_type mdev;
	u32 id;
	char sysfs_name[12];		/* "222" */
	char name[NVVGPU_NAME_LEN];
};

/* The types of a board or VF, from its binding to the last kobject's end: see parent.c. */
struct nvvgpu_mdev_parent {
	struct mdev_parent mdev;
	struct kref ref;		/* the binding's, and one of each type */
	const struct nvvgpu_mgr_parent *manager;	/* while it is bound */

	struct kobj_type ktype;
	void (*release_type)(struct kobject *kobj);	/* the mdev framework's */

	u32 count;
	struct nvvgpu_mdev_type types[NVVGPU_MAX_TYPES];
	struct mdev_type *list[NVVGPU_MAX_TYPES];
};

static inline struct nvvgpu_mdev_parent *to_nvvgpu_mdev_parent(const struct mdev_type *type)
{
	return container_of(type->parent, struct nvvgpu_mdev_parent, mdev);
}

static inline u32 nvvgpu_mdev_type_id(const struct mdev_type *type)
{
	return container_of(type, struct nvvgpu_mdev_type, mdev)->id;
}

int nvvgpu_mdev_parent_add(const struct nvvgpu_mgr_parent *manager, struct mdev_driver *driver,
			   struct nvvgpu_mdev_parent **ret);
/* Takes its mdevs off first, and waits for who has one open. */
void nvvgpu_mdev_parent_remove(struct nvvgpu_mdev_parent *parent);

/* --------------------------------------------------------------- device.c */

struct nvvgpu_mdev_config {
	struct mutex lock;		/* all below */
	u8 value[PCI_CFG_SPACE_EXP_SIZE];
	u8 writable[PCI_CFG_SPACE_EXP_SIZE];	/* the bits that a write changes */
};

struct nvvgpu_mdev_irqs {
	struct mutex lock;		/* all below; NULL: nobody listens */
	struct eventfd_ctx *vectors[NVVGPU_MDEV_VECTORS];
	struct eventfd_ctx *request;	/* asks for the release of the device */
};

struct nvvgpu_mdev {
	struct vfio_device vdev;	/* first: vfio_alloc_device() wants it there */

	/* constant */
	const struct nvvgpu_mgr_parent *manager;
	u8 uuid[NVVGPU_UUID_LEN];

	struct nvvgpu_state state;
	struct nvvgpu_regions regions;
	void __iomem *memory;		/* BAR0 of the VF that it is on; NULL: it is on a board */
	struct nvvgpu_mdev_config config;
	struct nvvgpu_mdev_irqs irqs;
};

static inline struct nvvgpu_mdev *to_nvvgpu_mdev(struct vfio_device *vdev)
{
	return container_of(vdev, struct nvvgpu_mdev, vdev);
}

extern const struct vfio_device_ops nvvgpu_mdev_vfio_ops;

/* Tells the plugin task what the command register says. */
int nvvgpu_mdev_sync_bus_master(struct nvvgpu_mdev *nm);
int nvvgpu_mdev_reset(struct nvvgpu_mdev *nm);

/* --------------------------------------------------------------- config.c */

void nvvgpu_mdev_config_init(struct nvvgpu_mdev *nm);
int nvvgpu_mdev_config_rw(struct nvvgpu_mdev *nm, u64 offset, u8 *buf, size_t len, bool write);
bool nvvgpu_mdev_config_bus_master(struct nvvgpu_mdev *nm);
bool nvvgpu_mdev_config_asleep(struct nvvgpu_mdev *nm);

/* ----------------------------------------------------------------- bars.c */

extern const struct nvvgpu_region_ops nvvgpu_mdev_region_ops;
int nvvgpu_mdev_regions_init(struct nvvgpu_mdev *nm);
void nvvgpu_mdev_regions_fini(struct nvvgpu_mdev *nm);
void nvvgpu_mdev_memory_clear(struct nvvgpu_mdev *nm);
int nvvgpu_mdev_mmap(struct vfio_device *vdev, struct vm_area_struct *vma);

/* ---------------------------------------------------------------- guest.c */

u32 nvvgpu_mdev_irq_count(u32 index);
int nvvgpu_mdev_set_irqs(struct nvvgpu_mdev *nm, const struct vfio_irq_set *set, const void *data);
void nvvgpu_mdev_irqs_clear(struct nvvgpu_mdev *nm);
void nvvgpu_mdev_request(struct vfio_device *vdev, unsigned int count);
/* struct nvvgpu_mgr_guest_ops; ref is the struct nvvgpu_mdev */
void nvvgpu_mdev_inject_interrupt(void *ref, u32 vector);
int nvvgpu_mdev_dma_rw(void *ref, u64 bus, void *buf, size_t len, bool to_guest);

/* --------------------------------------------------------------- driver.c */

/* The back end's, constant from the loading of the module. */
extern struct nvvgpu_mdev_ops nvvgpu_mdev_back;

/* What uses this module's code after its drivers are gone, which its unloading waits for. */
void nvvgpu_mdev_hold(void);
void nvvgpu_mdev_drop(void);

#endif
