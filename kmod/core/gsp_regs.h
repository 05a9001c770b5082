/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * BAR0 registers of the physical function, Turing to Ada, as far as the core
 * driver uses them.  Offsets and bits are those of NVIDIA's published headers
 * (open-gpu-kernel-modules 535.113.01) and of nouveau.
 */
#ifndef NVVGPU_GSP_REGS_H
#define NVVGPU_GSP_REGS_H

/* identity */
#define NV_PMC_BOOT_0			0x000000
#define NV_PMC_BOOT_1			0x000004
#define NV_PMC_BOOT_1_VGPU_MASK		0x00030000	/* 0 on a PF, 2 << 16 on a VF */
#define NV_PMC_BOOT_1_VGPU_VF		0x00020000
#define NV_PMC_BOOT_42			0x000a00
#define NV_PMC_BOOT_42_ARCH(v)		(((v) >> 24) & 0x3f)
#define NV_PMC_BOOT_42_CHIP(v)		(((v) >> 20) & 0x3ff)
#define NV_CHIP_GA102			0x172
#define NV_ARCH_TURING			0x16
#define NV_ARCH_AMPERE			0x17
#define NV_ARCH_ADA			0x19

/* PTIMER: nanoseconds */
#define NV_PTIMER_TIME_0		0x009400
#define NV_PTIMER_TIME_1		0x009410

/* the window of 1 MiB through BAR0 into framebuffer, positioned in 64 KiB steps */
#define NV_PBUS_BAR0_WINDOW		0x001700
#define NV_PRAMIN			0x700000
#define NV_PRAMIN_SIZE			0x100000

/* GFW boot progress */
#define NV_GFW_BOOT_PLM			0x118128
#define NV_GFW_BOOT_PLM_READABLE	0x00000001
#define NV_GFW_BOOT_PROGRESS		0x118234
#define NV_GFW_BOOT_COMPLETED		0xff

/* framebuffer: its size in MiB since GA102, as mantissa and exponent of MiB before */
#define NV_USABLE_FB_SIZE_IN_MB		0x1183a4
#define NV_LOCAL_MEMORY_RANGE	0x100ce0
#define NV_LOCAL_MEMORY_MIB(v)		((u64)(((v) >> 4) & 0x3f) << ((v) & 0xf))
#define NV_WPR2_ADDR_LO			0x1fa824
#define NV_WPR2_ADDR_HI			0x1fa828

/* falcons: GSP (RISC-V) and SEC2 */
#define NV_PGSP				0x110000
#define NV_PSEC				0x840000
#define NV_FALCON_IRQSCLR		0x004
#define NV_FALCON_IRQSTAT		0x008
#define NV_FALCON_IRQ_SWGEN0		0x00000040
#define NV_FALCON_IRQ_HALT		0x00000010
#define NV_FALCON_MAILBOX0		0x040
#define NV_FALCON_MAILBOX1		0x044
#define NV_FALCON_OS			0x080
#define NV_FALCON_HWCFG2		0x0f4
#define NV_FALCON_HWCFG2_SCRUBBING	0x00001000
#define NV_FALCON_HWCFG2_RESET_READY	0x80000000
#define NV_FALCON_CPUCTL		0x100
#define NV_FALCON_CPUCTL_START		0x00000002
#define NV_FALCON_CPUCTL_HALTED		0x00000010
#define NV_FALCON_BOOTVEC		0x104
#define NV_FALCON_ENGINE		0x3c0
#define NV_FALCON_ENGINE_RESET		0x00000001
#define NV_FALCON_INTR_RETRIGGER	0x3e8
#define NV_RISCV_CPUCTL			0x1388
#define NV_RISCV_CPUCTL_ACTIVE		0x00000080
#define NV_RISCV_IRQMASK		0x1528
#define NV_RISCV_BCR_CTRL		0x1668
#define NV_RISCV_BCR_CTRL_RISCV		0x00000111

/* message queues: rings the GSP; queue 0 is the RM's */
#define NV_PGSP_QUEUE_HEAD0		0x110c00

/* the GSP's mailbox 0 after UNLOADING_GUEST_DRIVER */
#define NV_GSP_UNLOADED			0x80000000

/* the virtual function window of the PF: BAR0 of a VF begins here */
#define NV_VF_WINDOW			0xb80000
#define NV_VF_DOORBELL			(NV_VF_WINDOW + 0x2200)
#define NV_VF_DOORBELL_VECTOR(gfid)	((gfid) * 32 + 17)	/* of a plugin task */

/* TLB flush */
#define NV_MMU_PDB_LO			0xb830a0
#define NV_MMU_PDB_HI			0xb830a4
#define NV_MMU_INVALIDATE		0xb830b0
#define NV_MMU_INVALIDATE_TRIGGER	0x80000000
#define NV_MMU_INVALIDATE_ALL		0x00000001

/* PF configuration space mirror */
#define NV_PCFG_BASE			0x088000
#define NV_PCFG_SIZE			0x001000

/*
 * Page tables of Pascal to Ada ("VER2"), as BAR1 uses them with 2 MiB pages:
 * PD3 (VA 48:47) - PD2 (46:38) - PD1 (37:29) - PD0 (28:21, 16 bytes an entry).
 */
#define NV_MMU_PDE_APERTURE_FB		(1ULL << 1)
#define NV_MMU_PDE_APERTURE_MASK	(3ULL << 1)
#define NV_MMU_PDE_ADDRESS_MASK		0x00000001ffffff00ULL	/* 32:8 = address >> 12 */
#define NV_MMU_PDE_ADDRESS(addr)	(((u64)(addr) >> 12) << 8)
#define NV_MMU_PDE_TO_ADDRESS(e)	((((u64)(e)) & NV_MMU_PDE_ADDRESS_MASK) >> 8 << 12)
#define NV_MMU_PTE_VALID		(1ULL << 0)
#define NV_MMU_PTE_APERTURE_FB		(0ULL << 1)
#define NV_MMU_PTE_APERTURE_MASK	(3ULL << 1)
#define NV_MMU_PD3_SHIFT		47
#define NV_MMU_PD2_SHIFT		38
#define NV_MMU_PD1_SHIFT		29
#define NV_MMU_PD0_SHIFT		21
#define NV_MMU_PD3_ENTRIES		4
#define NV_MMU_PD2_ENTRIES		512
#define NV_MMU_PD1_ENTRIES		512
#define NV_MMU_PD0_ENTRIES		256
#define NV_MMU_PD0_ENTRY_SIZE		16	/* low half: a 2 MiB page */

#endif
