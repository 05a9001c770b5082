/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the manager's module gives to the drivers of the vGPUs' functions. */
#ifndef NVVGPU_MGR_DEVICE_H
#define NVVGPU_MGR_DEVICE_H

#include <linux/auxiliary_bus.h>
#include <linux/pci.h>
#include "../mgr.h"

/*
 * Binds a virtual function of ours to its manager: from now on the manager's unbinding takes
 * this driver off first.  -ENODEV: not a virtual function of a board that our core driver runs;
 * -EPROBE_DEFER: the manager is not there yet.  Undone by the driver core when @vf is unbound.
 */
int nvvgpu_mgr_vf_bind(struct pci_dev *vf);

/* 0: this bound function holds a vGPU now; -ENODEV: it does not. */
int nvvgpu_mgr_vf_check(struct pci_dev *vf);

/*
 * nvvgpu_mgr_open() for the vGPU on this bound function; -ENODEV without one.  The vGPU, its
 * manager and its board stay until nvvgpu_mgr_close().
 */
int nvvgpu_mgr_vf_open(struct pci_dev *vf, u32 vm_pid, struct nvvgpu_mgr_vgpu **ret);

/* ------------------------------------------------------- boards without SR-IOV */

struct mgr_device;

/* auxiliary device "nvvgpu_mgr.mdev", there as long as the manager of such a board */
#define NVVGPU_MGR_SLOTS_NAME	"mdev"

/*
 * The calls below are for its driver, from probe to remove.  A driver that is unbound has closed
 * and destroyed what it made.  All fail with -ENODEV while the board is suspended.
 */
struct nvvgpu_mgr_slots {
	struct auxiliary_device aux;
	struct pci_dev *pdev;		/* the board */
	struct mgr_device *md;		/* the manager's */
};

/* The manager's types as they are now, with room for NVVGPU_MAX_TYPES; their number. */
int nvvgpu_mgr_slots_types(struct nvvgpu_mgr_slots *slots, struct nvvgpu_type_desc *types);
/* How many more of that type could be created; 0 when that cannot be said. */
u32 nvvgpu_mgr_slots_available(struct nvvgpu_mgr_slots *slots, u32 type_id);
/* On any slot.  Errors as those of NVVGPU_IOCTL_CREATE. */
int nvvgpu_mgr_slots_create(struct nvvgpu_mgr_slots *slots, u32 type_id, const u8 *uuid);
/* -ENODEV: user space did already, through the manager's own device; -EBUSY: open. */
int nvvgpu_mgr_slots_destroy(struct nvvgpu_mgr_slots *slots, const u8 *uuid);
/* nvvgpu_mgr_open(), until nvvgpu_mgr_close(). */
int nvvgpu_mgr_slots_open(struct nvvgpu_mgr_slots *slots, const u8 *uuid, u32 vm_pid,
			  struct nvvgpu_mgr_vgpu **ret);
/* The file vgpu_params, as nvvgpu_mgr_show_params() and nvvgpu_mgr_store_params(). */
ssize_t nvvgpu_mgr_slots_show_params(struct nvvgpu_mgr_slots *slots, const u8 *uuid, char *buf);
ssize_t nvvgpu_mgr_slots_store_params(struct nvvgpu_mgr_slots *slots, const u8 *uuid,
				      const char *buf, size_t len);

/* slots.c, for driver.c: *ret stays as it is on a board with SR-IOV */
int mgr_slots_add(struct mgr_device *md, struct nvvgpu_mgr_slots **ret);
void mgr_slots_remove(struct nvvgpu_mgr_slots *slots);	/* NULL is allowed */
void mgr_slots_exit(void);				/* waits for the last one's end */

#endif
