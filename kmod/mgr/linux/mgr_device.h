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

/* ------------------------------------------------------------ mediated devices */

struct mgr_device;

/*
 * What has them: a board without SR-IOV, or a virtual function of a board whose framework is mdev.
 * A driver that is unbound has closed and destroyed what it made.  What is done with it is in
 * mdev_ops.h; all of that fails with -ENODEV while the board is suspended.
 */
struct nvvgpu_mgr_parent {
	struct pci_dev *pdev;
	struct mgr_device *md;		/* the manager's */
	u32 slot;			/* of the function; NVVGPU_SLOT_ANY: all of the board */
};

/* Of a virtual function that nvvgpu_mgr_vf_bind() bound.  -ENODEV: it has no mediated devices. */
int nvvgpu_mgr_vf_parent(struct pci_dev *vf, struct nvvgpu_mgr_parent *ret);
void nvvgpu_mgr_vf_parent_put(const struct nvvgpu_mgr_parent *parent);

/*
 * Auxiliary device "nvvgpu_mgr.mdev", there as long as the manager of a board without SR-IOV: its
 * driver may use the parent from probe to remove.
 */
#define NVVGPU_MGR_SLOTS_NAME	"mdev"

struct nvvgpu_mgr_slots {
	struct auxiliary_device aux;
	struct nvvgpu_mgr_parent parent;
};

/* slots.c, for driver.c: *ret stays as it is on a board with SR-IOV */
int mgr_slots_add(struct mgr_device *md, struct nvvgpu_mgr_slots **ret);
void mgr_slots_remove(struct nvvgpu_mgr_slots *slots);	/* NULL is allowed */
void mgr_slots_exit(void);				/* waits for the last one's end */

#endif
