/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the emulated board has on the PCI bus that no hardware has.
 *
 * Its registers are plain memory, so it cannot notice a write.  A driver therefore
 * announces each register write through a vendor-specific capability of the PF's
 * configuration space, whose accessors are the board's own code.  The board works
 * the writes off in their order, in a thread that sleeps when there are none, and
 * puts the new values of its registers into BAR0; a driver waits for them there, as
 * it does for hardware.
 *
 * BAR1 and the VFs' BARs have no memory behind them (a board has far more of it than
 * the machine it is emulated on): their contents pass through a staging area in BAR0.
 *
 * Shared by kmod/emu and kmod/core/linux; neither calls the other.
 */
#ifndef NVVGPU_PV_H
#define NVVGPU_PV_H

#include "nvvgpu_kernel.h"
#include "../core/board_framework.h"
#include "../core/type_desc.h"

/* The capability (id PCI_CAP_ID_VNDR), offsets from its start. */
#define NVVGPU_PV_CAP_BYTES		0x10
#define NVVGPU_PV_CAP_MAGIC		0x04	/* u32, after id, next, length and version */
#define NVVGPU_PV_MAGIC			0x4d45564e	/* "NVEM" */
#define NVVGPU_PV_VERSION		3
#define NVVGPU_PV_CAP_ADDRESS		0x08	/* u32: of the register in BAR0 */
/*
 * u32.  Write: this value was written to that register.  Read: how many more writes the board
 * can take; one that it cannot take is lost and counted.  A driver that asks first and writes
 * under one lock loses none.
 */
#define NVVGPU_PV_CAP_DATA		0x0c
#define NVVGPU_PV_QUEUE			1024	/* writes under way at most */

/* The staging area, in a part of BAR0 that the chips leave free. */
#define NVVGPU_PV_STAGING_BYTES		0x40000
#define NVVGPU_PV_STAGING		0xf80000
/*
 * Transfer: all but the command are read when the command's announcement is worked off.  The
 * command register then reads 0 and the result holds 0 or an errno; staging holds what was
 * read (all ones where nothing answered, with the errno).
 */
#define NVVGPU_PV_RESULT		0xf70000
#define NVVGPU_PV_FUNCTION		0xf70004	/* 0: BAR1 of the PF; else gfid << 8 | bar */
#define NVVGPU_PV_OFFSET_LO		0xf70008
#define NVVGPU_PV_OFFSET_HI		0xf7000c
#define NVVGPU_PV_BYTES			0xf70010	/* 1 to NVVGPU_PV_STAGING_BYTES */
#define NVVGPU_PV_COMMAND		0xf70014
#define NVVGPU_PV_COMMAND_READ		1
#define NVVGPU_PV_COMMAND_WRITE		2

/*
 * vGPUs that are had as mediated devices have no function that could interrupt or reach memory
 * for them, so they leave both to the driver of the PF.
 *
 * Interrupts: the board counts up RAISED_BY(gfid, vector), then RAISED, and interrupts the PF.
 * Only the board writes these.
 *
 * DMA: a transfer that writes the register which begins a copy ends with EINPROGRESS.  The driver
 * reads what there is to copy, a struct nvvgpu_pv_copy at the start of the vGPU's BAR
 * NVVGPU_PV_BAR_COPY, takes the data from NVVGPU_PV_COPY_DATA in there or puts it there, and ends
 * the copy by a u32 at the start, 0 or an errno.
 */
#define NVVGPU_PV_RAISED		0xf71000
#define NVVGPU_PV_RAISED_BY(gfid, vector) \
	(0xf72000 + 4 * (NVVGPU_PV_VECTORS * (gfid) + (vector)))
#define NVVGPU_PV_VECTORS		8
#define NVVGPU_PV_GFIDS			64	/* of 1 to 63 */

#define NVVGPU_PV_BAR_COPY		0xff
#define NVVGPU_PV_COPY_DATA		0x1000
#define NVVGPU_PV_COPY_MAX		0x10000	/* bytes of a copy */

struct nvvgpu_pv_copy {
	u64 bus;		/* as the guest knows it */
	u32 bytes;		/* 1 to NVVGPU_PV_COPY_MAX */
	u32 to_guest;		/* 1: to the guest's memory; 0: from there */
};

/*
 * What a driver cannot ask the firmware for: the vGPU types that NVIDIA ships in files, and
 * what the chip can do; and what its driver is to offer.  In BAR0, constant.
 */
#define NVVGPU_PV_ROM			0xf60000
#define NVVGPU_PV_ROM_TYPES		64

struct nvvgpu_pv_rom {
	u32 magic;		/* NVVGPU_PV_MAGIC */
	u32 version;		/* NVVGPU_PV_VERSION */
	u32 type_bytes;		/* sizeof(struct nvvgpu_type_desc) */
	u32 type_count;
	u32 instances;		/* slots of a board without SR-IOV */
	u32 mixed_size;
	u32 placement;
	u32 placement_units;	/* one for each GiB of memory that vGPUs share */
	u32 framework;		/* enum nvvgpu_board_framework */
	u32 zero;
	u64 vf_trap_pages;	/* of a VF's BAR0, beyond what hardware needs */
	struct nvvgpu_type_desc types[NVVGPU_PV_ROM_TYPES];
};

static_assert(NVVGPU_PV_RAISED_BY(NVVGPU_PV_GFIDS, 0) <= NVVGPU_PV_STAGING, "they fit");
static_assert(sizeof(struct nvvgpu_pv_rom) <= NVVGPU_PV_RESULT - NVVGPU_PV_ROM, "it fits");

#endif
