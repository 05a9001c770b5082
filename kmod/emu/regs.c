// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Registers of BAR0: what a driver of this generation touches between power-on
 * and a running firmware, and the doorbells afterwards.  The rest reads 0.
 */
#include "board.h"

/* Beside those of gsp_regs.h (dev_fb.h of Turing; the display fuse as nouveau reads it). */
#define NV_LOCAL_MEMORY_RANGE	0x100ce0
#define NV_DISPLAY_FUSE		0x820c04
#define DISPLAY_FUSE_NONE	0x1
#define CLASS_3D		0x0302

#define RING_ALL_PDB		0x2	/* of NV_MMU_INVALIDATE: whatever the directory */
#define MAILBOX(reg)		(((reg) & 0xfff) == NV_FALCON_MAILBOX1)

/* ------------------------------------------------------------------ window */

static u64 window_address(struct nvvgpu_emu_board *board, u32 reg)
{
	return ((u64)board->regs.window << 16) + (reg - NV_PRAMIN);
}

static bool in_window(u32 reg)
{
	return reg >= NV_PRAMIN && reg < NV_PRAMIN + NV_PRAMIN_SIZE;
}

static u32 window_read(struct nvvgpu_emu_board *board, u32 reg)
{
	__le32 val;

	if (nvvgpu_emu_fb_read(board, window_address(board, reg), &val, sizeof(val)))
		return ~0U;
	return le32_to_cpu(val);
}

static void window_write(struct nvvgpu_emu_board *board, u32 reg, u32 val)
{
	__le32 raw = cpu_to_le32(val);

	if (nvvgpu_emu_fb_write(board, window_address(board, reg), &raw, sizeof(raw)))
		nvvgpu_emu_refused(board);
}

/* --------------------------------------------------------------------- GSP */

static u32 gsp_read(struct nvvgpu_emu_board *board, u32 reg)
{
	struct nvvgpu_emu_regs *regs = &board->regs;

	switch (reg - NV_PGSP) {
	case NV_FALCON_IRQSTAT:
		return regs->irq_status;
	case NV_FALCON_MAILBOX0:
	case NV_FALCON_MAILBOX1:
		return regs->gsp_mailbox[MAILBOX(reg)];
	case NV_FALCON_OS:
		return regs->gsp_os;
	case NV_FALCON_HWCFG2:
		return NV_FALCON_HWCFG2_RESET_READY;
	case NV_FALCON_CPUCTL:
		return NV_FALCON_CPUCTL_HALTED;
	case NV_RISCV_CPUCTL:
		return board->gsp.running ? NV_RISCV_CPUCTL_ACTIVE : 0;
	case NV_RISCV_IRQMASK:
		return board->gsp.running ? NV_FALCON_IRQ_SWGEN0 | NV_FALCON_IRQ_HALT : 0;
	case NV_RISCV_BCR_CTRL:
		return regs->riscv ? NV_RISCV_BCR_CTRL_RISCV : 0;
	default:
		return 0;
	}
}

static void gsp_write(struct nvvgpu_emu_board *board, u32 reg, u32 val)
{
	struct nvvgpu_emu_regs *regs = &board->regs;

	switch (reg - NV_PGSP) {
	case NV_FALCON_IRQSCLR:
		regs->irq_status &= ~val;
		break;
	case NV_FALCON_MAILBOX0:
	case NV_FALCON_MAILBOX1:
		regs->gsp_mailbox[MAILBOX(reg)] = val;
		break;
	case NV_FALCON_OS:
		regs->gsp_os = val;
		break;
	case NV_FALCON_ENGINE:
		if (val & NV_FALCON_ENGINE_RESET) {
			nvvgpu_emu_gsp_halt(board);
			regs->riscv = false;
			regs->irq_status = 0;
		}
		break;
	case NV_FALCON_INTR_RETRIGGER:
		if (regs->irq_status)
			board->ops->interrupt(board->priv);
		break;
	case NV_RISCV_BCR_CTRL:
		regs->riscv = (val & NV_RISCV_BCR_CTRL_RISCV) == NV_RISCV_BCR_CTRL_RISCV;
		break;
	case NV_PGSP_QUEUE_HEAD0 - NV_PGSP:
		nvvgpu_emu_gsp_doorbell(board);
		break;
	}
}

/* -------------------------------------------------------------------- SEC2 */

static u32 sec2_read(struct nvvgpu_emu_board *board, u32 reg)
{
	switch (reg - NV_PSEC) {
	case NV_FALCON_MAILBOX0:
	case NV_FALCON_MAILBOX1:
		return board->regs.sec2_mailbox[MAILBOX(reg)];
	case NV_FALCON_HWCFG2:
		return NV_FALCON_HWCFG2_RESET_READY;
	case NV_FALCON_CPUCTL:
		return NV_FALCON_CPUCTL_HALTED;
	default:
		return 0;
	}
}

static void sec2_write(struct nvvgpu_emu_board *board, u32 reg, u32 val)
{
	switch (reg - NV_PSEC) {
	case NV_FALCON_MAILBOX0:
	case NV_FALCON_MAILBOX1:
		board->regs.sec2_mailbox[MAILBOX(reg)] = val;
		break;
	case NV_FALCON_CPUCTL:
		if (val & NV_FALCON_CPUCTL_START)
			nvvgpu_emu_gsp_start(board);
		break;
	}
}

/* -------------------------------------------------------------------- rest */

/* Turing tells its memory as mantissa (bits 9:4) and exponent (3:0) of MiB. */
static u32 memory_range(struct nvvgpu_emu_board *board)
{
	u64 mib = board->fb_bytes >> 20;
	u32 exponent = 0;

	for (; mib > 63; mib >>= 1)
		exponent++;
	return (u32)mib << 4 | exponent;
}

static u32 simple_read(struct nvvgpu_emu_board *board, u32 reg)
{
	const struct nvvgpu_emu_board_data *data = board->data;

	switch (reg) {
	case NV_PMC_BOOT_0:
		return data->boot0;
	case NV_PMC_BOOT_42:
		return data->boot42;
	case NV_PTIMER_TIME_0:
		return lower_32_bits(ktime_get_ns());
	case NV_PTIMER_TIME_1:
		return upper_32_bits(ktime_get_ns());
	case NV_PBUS_BAR0_WINDOW:
		return board->regs.window;
	case NV_GFW_BOOT_PLM:
		return NV_GFW_BOOT_PLM_READABLE;
	case NV_GFW_BOOT_PROGRESS:
		return NV_GFW_BOOT_COMPLETED;
	case NV_USABLE_FB_SIZE_IN_MB:
		return board->fb_bytes >> 20;
	case NV_LOCAL_MEMORY_RANGE:
		return memory_range(board);
	case NV_DISPLAY_FUSE:
		return data->pci_class >> 8 == CLASS_3D ? DISPLAY_FUSE_NONE : 0;
	case NV_WPR2_ADDR_LO:
		return board->regs.wpr2[0] >> 12 << 4;
	case NV_WPR2_ADDR_HI:
		return board->regs.wpr2[1] >> 12 << 4;
	case NV_MMU_INVALIDATE:
		return 0;		/* a flush is over when its write returns */
	default:
		return 0;
	}
}

static void flush(struct nvvgpu_emu_board *board, u32 command)
{
	if (!(command & NV_MMU_INVALIDATE_TRIGGER))
		return;
	if ((command & RING_ALL_PDB) || board->regs.flush_root == board->bar1_root)
		nvvgpu_emu_mmu_flush(board);
	else
		nvvgpu_emu_refused(board);
}

static void simple_write(struct nvvgpu_emu_board *board, u32 reg, u32 val)
{
	struct nvvgpu_emu_regs *regs = &board->regs;

	switch (reg) {
	case NV_PBUS_BAR0_WINDOW:
		regs->window = val;
		break;
	case NV_MMU_PDB_LO:		/* address of the directory >> 8 */
		regs->flush_root = (regs->flush_root & ~(BIT_ULL(40) - 1)) | (u64)val << 8;
		break;
	case NV_MMU_PDB_HI:
		regs->flush_root = (regs->flush_root & (BIT_ULL(40) - 1)) | (u64)val << 40;
		break;
	case NV_MMU_INVALIDATE:
		flush(board, val);
		break;
	case NV_VF_DOORBELL:
		nvvgpu_emu_plugin_doorbell(board, val);
		break;
	}
}

static bool in_unit(u32 reg, u32 base)
{
	return reg >= base && reg < base + 0x2000;
}

u32 nvvgpu_emu_rd32(struct nvvgpu_emu_board *board, u32 reg)
{
	reg &= ~3U;
	if (in_window(reg))
		return window_read(board, reg);
	if (in_unit(reg, NV_PGSP))
		return gsp_read(board, reg);
	if (in_unit(reg, NV_PSEC))
		return sec2_read(board, reg);
	if (reg >= NV_PCFG_BASE && reg < NV_PCFG_BASE + NV_PCFG_SIZE)
		return get_unaligned_le32(board->config + (reg - NV_PCFG_BASE));
	return simple_read(board, reg);
}

void nvvgpu_emu_wr32(struct nvvgpu_emu_board *board, u32 reg, u32 val)
{
	reg &= ~3U;
	if (in_window(reg))
		window_write(board, reg, val);
	else if (in_unit(reg, NV_PGSP))
		gsp_write(board, reg, val);
	else if (in_unit(reg, NV_PSEC))
		sec2_write(board, reg, val);
	else
		simple_write(board, reg, val);
}
