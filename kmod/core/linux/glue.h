/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The core driver's PCI side.
 *
 *   pci.c	the driver of the physical function: probe, remove, suspend
 *   hw.c	struct nvvgpu_hw_ops over its BARs, and what an emulated board needs beside them
 *   guest.c	what an emulated board leaves to its driver: interrupts and DMA of some vGPUs
 *   sriov.c	its virtual functions, and who is told of them
 *
 * Locks, in the order in which they may be taken: the function's device lock (the driver
 * core's), sriov_lock, guest_lock, then those of ../internal.h, then transfer_lock, then
 * write_lock.
 */
#ifndef NVVGPU_CORE_GLUE_H
#define NVVGPU_CORE_GLUE_H

#include <linux/mutex.h>
#include "core_device.h"
#include "../../emu/pv.h"

struct core_pci {
	struct nvvgpu_core_device device;	/* its aux device's release frees the whole */
	struct nvvgpu_hw hw;
	struct pci_dev *pdev;
	int irq;
	u8 reset_methods[PCI_NUM_RESET_METHODS];	/* what the function had before */

	/* hw.c */
	void __iomem *bar0;
	int pv;				/* the emulated board's capability */
	struct mutex write_lock;	/* a register's address and its value go together; lost */
	bool lost;			/* a write: none that may depend on it follows */
	struct mutex transfer_lock;	/* the staging area */
	struct nvvgpu_pv_rom *rom;

	/* guest.c, under guest_lock */
	struct mutex guest_lock;
	const struct nvvgpu_guest_ops *guest_ops;	/* NULL: nobody listens */
	void *guest_priv;
	u32 raised_seen;
	u32 raised_by[NVVGPU_PV_GFIDS][NVVGPU_PV_VECTORS];	/* what was told of */

	/* sriov.c, under sriov_lock */
	struct mutex sriov_lock;
	const struct nvvgpu_core_listener *listener;
	void *listener_priv;
};

static inline struct core_pci *to_core_pci(struct nvvgpu_core_device *device)
{
	return container_of(device, struct core_pci, device);
}

/* hw.c: BAR0 mapped, struct nvvgpu_hw filled; -EOPNOTSUPP: not an emulated board */
int core_hw_init(struct core_pci *pf);
void core_hw_restart(struct core_pci *pf);	/* before the core starts, again too */
void core_hw_fini(struct core_pci *pf);
int core_hw_bar_read(struct core_pci *pf, u32 gfid, u32 bar, u64 offset, void *buf, size_t len);
int core_hw_bar_write(struct core_pci *pf, u32 gfid, u32 bar, u64 offset, const void *buf,
		      size_t len);

/* guest.c */
void core_guest_init(struct core_pci *pf);
void core_guest_fini(struct core_pci *pf);
void core_guest_restart(struct core_pci *pf);	/* before the core starts, again too */
void core_guest_set_ops(struct nvvgpu_hw *hw, const struct nvvgpu_guest_ops *ops, void *priv);
void core_guest_interrupt(struct core_pci *pf);	/* the function interrupted */
/* vf_write() ended with -EINPROGRESS: does what is left of it. */
int core_guest_copy(struct core_pci *pf, u32 gfid);

/* sriov.c */
void core_sriov_end(struct core_pci *pf);	/* whoever uses the VFs; waits for VFIO users */

#endif
