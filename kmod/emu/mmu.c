// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * BAR1: page tables in the format of Pascal to Ada ("VER2"), rooted in the page
 * that the firmware owns and the driver fills (dev_mmu.h of NVIDIA's published
 * headers).  Translations are kept until the driver flushes, as hardware does:
 * a driver that forgets to flush is found out.
 */
#include "board.h"

/* Beside the 2 MiB pages of gsp_regs.h: small tables (4 KiB pages) and big ones (64 KiB). */
#define PTE_READ_ONLY		BIT_ULL(6)
#define BIG_TABLE(e)		(((e) >> 4 & (BIT_ULL(29) - 1)) << 8)	/* >> 8 in bits 32:4 */
#define SHIFT_SMALL		12
#define SHIFT_BIG		16
#define SMALL_ENTRIES		512
#define BIG_ENTRIES		32

static bool pde_in_fb(u64 entry)
{
	return (entry & NV_MMU_PDE_APERTURE_MASK) == NV_MMU_PDE_APERTURE_FB;
}

static int read_entry(struct nvvgpu_emu_board *board, u64 table, u64 index, u64 *entry)
{
	__le64 raw = 0;
	int err = nvvgpu_emu_fb_read(board, table + index * sizeof(raw), &raw, sizeof(raw));

	*entry = le64_to_cpu(raw);
	return err;
}

/* From the root down to the dual directory PD0 that covers va. */
static int find_pd0(struct nvvgpu_emu_board *board, u64 va, u64 *table)
{
	static const struct {
		u8 shift, bits;
	} levels[] = {
		{ NV_MMU_PD3_SHIFT, 2 }, { NV_MMU_PD2_SHIFT, 9 }, { NV_MMU_PD1_SHIFT, 9 },
	};
	u64 entry;
	u32 i;
	int err;

	*table = board->bar1_root;
	for (i = 0; i < ARRAY_SIZE(levels); i++) {
		err = read_entry(board, *table, va >> levels[i].shift & (BIT_ULL(levels[i].bits) - 1),
				 &entry);
		if (err)
			return err;
		if (!pde_in_fb(entry))
			return -EFAULT;
		*table = NV_MMU_PDE_TO_ADDRESS(entry);
	}
	return 0;
}

static int take_pte(struct nvvgpu_emu_board *board, u64 va, u64 pte, u32 shift,
		    struct nvvgpu_emu_translation *t)
{
	u64 size = BIT_ULL(shift);
	u64 address = NV_MMU_PDE_TO_ADDRESS(pte);

	if (!(pte & NV_MMU_PTE_VALID) || (pte & NV_MMU_PTE_APERTURE_MASK) != NV_MMU_PTE_APERTURE_FB)
		return -EFAULT;
	if (!IS_ALIGNED(address, size) || !nvvgpu_emu_fb_contains(board, address, size))
		return -EFAULT;
	t->va = round_down(va, size);
	t->size = size;
	t->address = address;
	t->read_only = pte & PTE_READ_ONLY;
	return 0;
}

static int walk(struct nvvgpu_emu_board *board, u64 va, struct nvvgpu_emu_translation *t)
{
	u64 table, index, low, high, pte;
	int err;

	err = find_pd0(board, va, &table);
	if (err)
		return err;
	index = (va >> NV_MMU_PD0_SHIFT & (NV_MMU_PD0_ENTRIES - 1)) * 2;
	err = read_entry(board, table, index, &low);
	if (!err)
		err = read_entry(board, table, index + 1, &high);
	if (err)
		return err;

	if (low & NV_MMU_PTE_VALID)
		return take_pte(board, va, low, NV_MMU_PD0_SHIFT, t);
	if (pde_in_fb(high)) {
		err = read_entry(board, NV_MMU_PDE_TO_ADDRESS(high),
				 va >> SHIFT_SMALL & (SMALL_ENTRIES - 1), &pte);
		if (err)
			return err;
		if (pte & NV_MMU_PTE_VALID)
			return take_pte(board, va, pte, SHIFT_SMALL, t);
	}
	if (!pde_in_fb(low))
		return -EFAULT;
	err = read_entry(board, BIG_TABLE(low), va >> SHIFT_BIG & (BIG_ENTRIES - 1), &pte);
	return err ? err : take_pte(board, va, pte, SHIFT_BIG, t);
}

static int translate(struct nvvgpu_emu_board *board, u64 va, struct nvvgpu_emu_translation **ret)
{
	struct nvvgpu_emu_translation *t, found = { 0 };
	int err;

	t = &board->tlb[(va >> NV_MMU_PD0_SHIFT) % ARRAY_SIZE(board->tlb)];
	if (!t->size || va < t->va || va - t->va >= t->size) {
		err = walk(board, va, &found);
		if (err)
			return err;
		*t = found;
	}
	*ret = t;
	return 0;
}

/* One page's worth of an access: where it goes and how much of it. */
static int next_part(struct nvvgpu_emu_board *board, u64 offset, size_t len, bool write,
		     u64 *address, size_t *part)
{
	struct nvvgpu_emu_translation *t;
	int err;

	err = translate(board, offset, &t);
	if (err)
		return err;
	if (write && t->read_only)
		return -EFAULT;
	*address = t->address + (offset - t->va);
	*part = min_t(u64, len, t->size - (offset - t->va));
	return 0;
}

static bool in_bar1(struct nvvgpu_emu_board *board, u64 offset, size_t len)
{
	return offset <= board->data->bar1_bytes && len <= board->data->bar1_bytes - offset;
}

int nvvgpu_emu_bar1_read(struct nvvgpu_emu_board *board, u64 offset, void *buf, size_t len)
{
	u8 *to = buf;
	size_t part;
	u64 address;
	int err;

	if (!in_bar1(board, offset, len))
		return -ERANGE;
	for (; len; len -= part, offset += part, to += part) {
		err = next_part(board, offset, len, false, &address, &part);
		if (!err)
			err = nvvgpu_emu_fb_read(board, address, to, part);
		if (err)
			return err;
	}
	return 0;
}

int nvvgpu_emu_bar1_write(struct nvvgpu_emu_board *board, u64 offset, const void *buf, size_t len)
{
	const u8 *from = buf;
	size_t part;
	u64 address;
	int err;

	if (!in_bar1(board, offset, len))
		return -ERANGE;
	for (; len; len -= part, offset += part, from += part) {
		err = next_part(board, offset, len, true, &address, &part);
		if (!err)
			err = nvvgpu_emu_fb_write(board, address, from, part);
		if (err)
			return err;
	}
	return 0;
}

void nvvgpu_emu_mmu_flush(struct nvvgpu_emu_board *board)
{
	memset(board->tlb, 0, sizeof(board->tlb));
}

static u32 count_pd0(struct nvvgpu_emu_board *board, u64 table)
{
	const __le64 *entries = (const __le64 *)board->buffer;
	u32 i, count = 0;

	if (nvvgpu_emu_fb_read(board, table, board->buffer,
			       NV_MMU_PD0_ENTRIES * NV_MMU_PD0_ENTRY_SIZE))
		return 0;
	for (i = 0; i < NV_MMU_PD0_ENTRIES; i++) {
		u64 low = le64_to_cpu(entries[2 * i]);
		u64 high = le64_to_cpu(entries[2 * i + 1]);

		if ((low & NV_MMU_PTE_VALID) || pde_in_fb(low) || pde_in_fb(high))
			count++;
	}
	return count;
}

/* How many 2 MiB pieces of the aperture the tables map now. */
u32 nvvgpu_emu_mmu_count(struct nvvgpu_emu_board *board)
{
	u32 count = 0;
	u64 va, table;

	for (va = 0; va < board->data->bar1_bytes; va += BIT_ULL(NV_MMU_PD1_SHIFT))
		if (!find_pd0(board, va, &table))
			count += count_pd0(board, table);
	return count;
}
