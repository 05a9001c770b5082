// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * BAR1: page tables in the format of Pascal to Ada ("VER2"), rooted in the page
 * that the firmware owns and the driver fills (gsp.md 6.3).  Translations are
 * kept until the driver flushes, as hardware does: a driver that forgets to
 * flush is found out.
 */
#include "board.h"

#define PDE_APERTURE(e)		((e) >> 1 & 3)
#define PDE_APERTURE_FB		1
#define PTE_VALID		BIT_ULL(0)
#define PTE_APERTURE(e)		((e) >> 1 & 3)
#define PTE_APERTURE_FB		0
#define PTE_READ_ONLY		BIT_ULL(6)
/* Framebuffer addresses: >> 12 in bits 32:8; big-page tables >> 8 in bits 32:4. */
#define ENTRY_ADDRESS(e)	(((e) >> 8 & GENMASK_ULL(24, 0)) << 12)
#define ENTRY_BIG_TABLE(e)	(((e) >> 4 & GENMASK_ULL(28, 0)) << 8)

#define SHIFT_PD1		29
#define SHIFT_PD0		21
#define PD0_ENTRIES		256
#define ROOT_REACH		BIT_ULL(49)

static int read_entry(struct nvvgpu_emu_board *board, u64 table, u64 index, u64 *entry)
{
	__le64 raw;
	int err = nvvgpu_emu_fb_read(board, table + index * sizeof(raw), &raw, sizeof(raw));

	*entry = le64_to_cpu(raw);
	return err;
}

/* From the root down to the dual directory PD0 that covers va. */
static int find_pd0(struct nvvgpu_emu_board *board, u64 va, u64 *table)
{
	static const struct {
		u8 shift, bits;
	} levels[] = { { 47, 2 }, { 38, 9 }, { SHIFT_PD1, 9 } };
	u64 entry;
	u32 i;
	int err;

	*table = board->bar1_root;
	for (i = 0; i < ARRAY_SIZE(levels); i++) {
		err = read_entry(board, *table, va >> levels[i].shift & (BIT_ULL(levels[i].bits) - 1),
				 &entry);
		if (err)
			return err;
		if (PDE_APERTURE(entry) != PDE_APERTURE_FB)
			return -EFAULT;
		*table = ENTRY_ADDRESS(entry);
	}
	return 0;
}

static int take_pte(struct nvvgpu_emu_board *board, u64 va, u64 pte, u32 shift,
		    struct nvvgpu_emu_translation *t)
{
	u64 size = BIT_ULL(shift);
	u64 address = ENTRY_ADDRESS(pte);

	if (!(pte & PTE_VALID) || PTE_APERTURE(pte) != PTE_APERTURE_FB)
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
	index = (va >> SHIFT_PD0 & (PD0_ENTRIES - 1)) * 2;
	err = read_entry(board, table, index, &low);
	if (!err)
		err = read_entry(board, table, index + 1, &high);
	if (err)
		return err;

	if (low & PTE_VALID)
		return take_pte(board, va, low, SHIFT_PD0, t);
	if (PDE_APERTURE(high) == PDE_APERTURE_FB) {
		err = read_entry(board, ENTRY_ADDRESS(high), va >> 12 & 511, &pte);
		if (err)
			return err;
		if (pte & PTE_VALID)
			return take_pte(board, va, pte, 12, t);
	}
	if (PDE_APERTURE(low) != PDE_APERTURE_FB)
		return -EFAULT;
	err = read_entry(board, ENTRY_BIG_TABLE(low), va >> 16 & 31, &pte);
	return err ? err : take_pte(board, va, pte, 16, t);
}

static int translate(struct nvvgpu_emu_board *board, u64 va, struct nvvgpu_emu_translation **ret)
{
	struct nvvgpu_emu_translation *t, found = { 0 };
	int err;

	t = &board->tlb[(va >> SHIFT_PD0) % ARRAY_SIZE(board->tlb)];
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
	u64 low, high;
	u32 i, count = 0;

	for (i = 0; i < PD0_ENTRIES; i++) {
		if (read_entry(board, table, 2 * i, &low) || read_entry(board, table, 2 * i + 1, &high))
			break;
		if ((low & PTE_VALID) || PDE_APERTURE(low) || PDE_APERTURE(high))
			count++;
	}
	return count;
}

/* How many 2 MiB pieces of the aperture the tables map now. */
u32 nvvgpu_emu_mmu_count(struct nvvgpu_emu_board *board)
{
	u64 end = min(board->data->bar1_bytes, ROOT_REACH);
	u32 count = 0;
	u64 va, table;

	for (va = 0; va < end; va += BIT_ULL(SHIFT_PD1))
		if (!find_pd0(board, va, &table))
			count += count_pd0(board, table);
	return count;
}
