/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The emulated GPU: registers, framebuffer, BAR1 translation, GSP firmware and
 * plugin tasks.  It meets its driver only through registers, DMA and
 * framebuffer bytes, parses what it finds there, and refuses what is wrong.
 *
 * No threads of its own: a register write that rings a doorbell runs the model
 * to completion before it returns (the module calls the same entry from a work
 * item).  The caller serialises calls for one board.
 */
#ifndef NVVGPU_EMU_H
#define NVVGPU_EMU_H

#include "nvvgpu_kernel.h"
#include "../core/type_desc.h"

/* One line of the table of boards: kmod/emu/boards.c, the only place to add one. */
struct nvvgpu_emu_board_data {
	const char *id;			/* "l40", as in emu:l40 */
	const char *name;		/* "NVIDIA L40" */
	u32 gpus;			/* GPUs on the board: a16 has four */
	u32 pci_class;			/* 0x030200 or 0x030000 */
	u16 device_id, subsystem_vendor_id, subsystem_device_id;
	u16 vf_device_id;
	u32 boot0, boot42;		/* PMC_BOOT_0, PMC_BOOT_42 */
	u64 guest_fb_bytes;		/* what vGPUs share, nominal board memory */
	u64 host_fb_bytes;		/* modelled: firmware and management heaps, above the guest part */
	u64 vmmu_segment_bytes;
	u64 bar1_bytes;
	u16 vfs_total;			/* 0: no SR-IOV */
	u16 instances;			/* slots when there is no SR-IOV */
	u16 vf_offset, vf_stride;
	u64 vf_bar_bytes[3];		/* VF BAR0, BAR1, BAR3 */
	bool mixed_size, placement;
	const u8 *engines;		/* NV2080_ENGINE_TYPE numbers, 0-terminated */
	const struct nvvgpu_type_desc *types;
	u32 type_count;
	bool ids_modelled;		/* of some types: other drivers may have others */
	const char *notes;		/* what of this is not published */
};

const struct nvvgpu_emu_board_data *nvvgpu_emu_board_find(const char *id, size_t len);
const struct nvvgpu_emu_board_data *nvvgpu_emu_board_at(u32 index);	/* NULL after the last */

/* What the board needs from the machine it sits in. */
struct nvvgpu_emu_host_ops {
	/* -EFAULT for memory that is not mapped for this device */
	int (*dma_read)(void *priv, u64 bus, void *buf, size_t len);
	int (*dma_write)(void *priv, u64 bus, const void *buf, size_t len);
	void (*interrupt)(void *priv);				/* PF, level: pending until acknowledged */
	void (*vf_interrupt)(void *priv, u32 gfid, u32 vector);
	/*
	 * the same for a virtual function's own view of memory, what its VMM mapped.
	 * -EINPROGRESS: somebody will do it by NVVGPU_PV_BAR_COPY, see pv.h
	 */
	int (*vf_dma_read)(void *priv, u32 gfid, u64 bus, void *buf, size_t len);
	int (*vf_dma_write)(void *priv, u32 gfid, u64 bus, const void *buf, size_t len);
	/* framebuffer contents, sparse: what was never written, or was zeroed, reads as zeros */
	int (*fb_read)(void *priv, u64 address, void *buf, size_t len);
	int (*fb_write)(void *priv, u64 address, const void *buf, size_t len);
	int (*fb_zero)(void *priv, u64 address, u64 len);
	/* first run of data in [address, end): *ret_start, *ret_len; -ENXIO when there is none */
	int (*fb_next_data)(void *priv, u64 address, u64 end, u64 *ret_start, u64 *ret_len);
};

struct nvvgpu_emu_board;

int nvvgpu_emu_board_new(const struct nvvgpu_emu_board_data *data,
			 const struct nvvgpu_emu_host_ops *ops,
			 void *priv, struct nvvgpu_emu_board **ret);
void nvvgpu_emu_board_free(struct nvvgpu_emu_board *board);

/* physical function */
u32 nvvgpu_emu_rd32(struct nvvgpu_emu_board *board, u32 reg);
void nvvgpu_emu_wr32(struct nvvgpu_emu_board *board, u32 reg, u32 val);
int nvvgpu_emu_bar1_read(struct nvvgpu_emu_board *board, u64 offset, void *buf, size_t len);
int nvvgpu_emu_bar1_write(struct nvvgpu_emu_board *board, u64 offset, const void *buf, size_t len);

/*
 * Virtual function gfid (1-based).  bar 0: registers, 32-bit accesses; among
 * them NVVGPU_EMU_VF_WINDOW, which moves the BAR1 aperture over the vGPU's
 * framebuffer, and NVVGPU_EMU_VF_SCRATCH(n), plain state that migrates.
 * bar 1: the framebuffer aperture.  Nothing booted there: reads all ones,
 * writes dropped (-ENODEV).  Outside the vGPU's framebuffer: -ERANGE.  NVVGPU_PV_BAR_COPY: see
 * pv.h; -EINPROGRESS from a write means that there is something.
 */
int nvvgpu_emu_vf_read(struct nvvgpu_emu_board *board, u32 gfid, u32 bar, u64 offset, void *buf,
		       size_t len);
int nvvgpu_emu_vf_write(struct nvvgpu_emu_board *board, u32 gfid, u32 bar, u64 offset,
			const void *buf, size_t len);
#define NVVGPU_EMU_VF_BAR0_BYTES	0x040000	/* also where there is no SR-IOV */
#define NVVGPU_EMU_VF_BOOT1		0x000004	/* reads 0x00020000: a VF */
#define NVVGPU_EMU_VF_WINDOW		0x001700	/* framebuffer offset >> 16 of the BAR1 aperture */
#define NVVGPU_EMU_VF_SCRATCH(n)	(0x001400 + 4 * (n))	/* n < 64 */
#define NVVGPU_EMU_VF_DOORBELL		0x030090
/*
 * A copy engine, so that DMA can be seen to obey the IOMMU: between guest memory at a bus
 * address and the framebuffer, 1 to 65536 bytes.  A command completes with interrupt vector 1;
 * status is 0, or the errno of what went wrong, and EINPROGRESS until then.  Not part of a saved
 * state: whoever stops the vGPU has seen its copy to the end.
 */
#define NVVGPU_EMU_VF_COPY_BUS_LO	0x0300a0
#define NVVGPU_EMU_VF_COPY_BUS_HI	0x0300a4
#define NVVGPU_EMU_VF_COPY_FB_LO	0x0300a8
#define NVVGPU_EMU_VF_COPY_FB_HI	0x0300ac
#define NVVGPU_EMU_VF_COPY_BYTES	0x0300b0
#define NVVGPU_EMU_VF_COPY_COMMAND	0x0300b4
#define NVVGPU_EMU_VF_COPY_TO_FB	1
#define NVVGPU_EMU_VF_COPY_FROM_FB	2
#define NVVGPU_EMU_VF_COPY_STATUS	0x0300b8
#define NVVGPU_EMU_VF_COPY_MAX		0x10000
/* the pages of BAR0 that hold registers: they cannot be plain memory */
#define NVVGPU_EMU_VF_TRAP_PAGES	(BIT_ULL(0x0) | BIT_ULL(0x1) | BIT_ULL(0x30))
#define NVVGPU_EMU_VF_TIME_LO		0x030080
#define NVVGPU_EMU_VF_TIME_HI		0x030084

/* Configuration space images, 4096 bytes: vf < 0 is the PF. */
void nvvgpu_emu_config_image(const struct nvvgpu_emu_board_data *data, int vf, u8 *image);

/* What lives in the model, for leak tests. */
struct nvvgpu_emu_totals {
	u32 rm_clients, rm_objects;
	u32 plugins;			/* booted plugin tasks */
	u32 bar1_pages;			/* 2 MiB pages mapped */
	u64 rpcs, controls, messages;	/* grow only */
	u64 refused;			/* requests found wrong: 0 with a correct driver */
};
void nvvgpu_emu_get_totals(struct nvvgpu_emu_board *board, struct nvvgpu_emu_totals *totals);

/*
 * Faults on purpose: the nth (from 1) event of that kind after this call fails;
 * NVVGPU_EMU_FAULT_NONE clears.  status: the NV status to answer; 0 = do not answer.
 */
enum nvvgpu_emu_fault {
	NVVGPU_EMU_FAULT_NONE,
	NVVGPU_EMU_FAULT_RPC,		/* any RPC of the command queue */
	NVVGPU_EMU_FAULT_MESSAGE,	/* any message to a plugin task */
	NVVGPU_EMU_FAULT_PLUGIN_START,	/* the task never shows its magic */
};
void nvvgpu_emu_fail_nth(struct nvvgpu_emu_board *board, enum nvvgpu_emu_fault kind, u32 nth,
			 u32 status);
int nvvgpu_emu_crash_plugin(struct nvvgpu_emu_board *board, u32 gfid);	/* sends plugin event 2 */

#endif
