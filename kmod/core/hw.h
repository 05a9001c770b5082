/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The physical function as the core driver sees it.  Two implementations:
 * the PCI glue of the module, and lib/os/emu/ in user space.  The core never
 * looks behind these calls.
 */
#ifndef NVVGPU_HW_H
#define NVVGPU_HW_H

#include "nvvgpu_kernel.h"

struct nvvgpu_guest_ops;
struct nvvgpu_hw;

/* System memory that the device can reach. */
struct nvvgpu_dma {
	void *vaddr;
	u64 bus;
	size_t size;
};

struct nvvgpu_hw_ops {
	u32 (*rd32)(struct nvvgpu_hw *hw, u32 reg);		/* BAR0 */
	void (*wr32)(struct nvvgpu_hw *hw, u32 reg, u32 val);	/* BAR0, ordered, wakes the device */
	/* BAR1 aperture, through the device's BAR1 page tables; -ERANGE outside, -EFAULT unmapped */
	int (*bar1_read)(struct nvvgpu_hw *hw, u64 offset, void *buf, size_t len);
	int (*bar1_write)(struct nvvgpu_hw *hw, u64 offset, const void *buf, size_t len);
	/* zeroed, page aligned; bus address valid until dma_free */
	int (*dma_alloc)(struct nvvgpu_hw *hw, size_t size, struct nvvgpu_dma *dma);
	void (*dma_free)(struct nvvgpu_hw *hw, struct nvvgpu_dma *dma);
	/* BARs of virtual function gfid; see vf_read and vf_write of core_ops.h */
	int (*vf_read)(struct nvvgpu_hw *hw, u32 gfid, u32 bar, u64 offset, void *buf, size_t len);
	int (*vf_write)(struct nvvgpu_hw *hw, u32 gfid, u32 bar, u64 offset, const void *buf,
			size_t len);
	/* see core_ops.h; NULL where each vGPU has a function that does it all */
	void (*set_guest_ops)(struct nvvgpu_hw *hw, const struct nvvgpu_guest_ops *ops, void *priv);
};

/* What PCI knows about the function, filled by the glue before the core starts. */
struct nvvgpu_hw {
	const struct nvvgpu_hw_ops *ops;
	u32 domain_bdf;		/* domain << 16 | bus << 8 | devfn */
	u16 vendor_id, device_id, subsystem_vendor_id, subsystem_device_id;
	u64 bar_address[4];	/* bus addresses of BAR0, BAR1, BAR3 in [0], [1], [3] */
	u64 bar1_bytes;
	u16 vfs_total;		/* SR-IOV TotalVFs, 0 without SR-IOV */
	u16 vf_offset, vf_stride;
	u64 vf_bar_address[3];	/* first VF BAR0, BAR1, BAR2 */
	bool vf_bar_64bit[3];
	u64 slot_bar1_bytes, slot_bar3_bytes;	/* see core_ops.h */
	u64 vf_trap_pages;	/* registers of the VF that need the device's attention */
	bool emulated;
	const char *name;	/* "0000:41:00.0", for messages */
};

#endif
