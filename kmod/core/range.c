// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* A range of equal units: framebuffer, BAR1 space. */
#include "internal.h"

int core_range_init(struct core_range *range, u64 base, u64 unit, u32 count)
{
	range->map = kvcalloc(BITS_TO_LONGS(count), sizeof(long), GFP_KERNEL);
	if (!range->map)
		return -ENOMEM;
	range->base = base;
	range->unit = unit;
	range->count = count;
	range->used = 0;
	return 0;
}

void core_range_fini(struct core_range *range)
{
	kvfree(range->map);
	range->map = NULL;
}

/* Where a wanted address begins, in units; -EINVAL outside or unaligned, -EBUSY taken. */
static int wanted_start(struct core_range *range, u64 address, u32 units, u32 *ret_start)
{
	u64 start;

	if (address < range->base || (address - range->base) % range->unit)
		return -EINVAL;
	start = (address - range->base) / range->unit;
	if (start >= range->count || units > range->count - start)
		return -EINVAL;
	if (find_next_bit(range->map, start + units, start) < start + units)
		return -EBUSY;
	*ret_start = start;
	return 0;
}

int core_range_alloc(struct core_range *range, u64 bytes, u64 address, u64 *ret_address)
{
	u32 start, units;
	int err;

	if (!bytes || bytes > range->unit * range->count)
		return bytes ? -ENOSPC : -EINVAL;
	units = DIV_ROUND_UP(bytes, range->unit);
	if (address == NVVGPU_CORE_ANY64) {
		start = bitmap_find_next_zero_area(range->map, range->count, 0, units, 0);
		if (start >= range->count)
			return -ENOSPC;
	} else {
		err = wanted_start(range, address, units, &start);
		if (err)
			return err;
	}
	bitmap_set(range->map, start, units);
	range->used += units;
	*ret_address = range->base + start * range->unit;
	return 0;
}

void core_range_free(struct core_range *range, u64 address, u64 bytes)
{
	u32 units = DIV_ROUND_UP(bytes, range->unit);

	bitmap_clear(range->map, (address - range->base) / range->unit, units);
	range->used -= units;
}

u64 core_range_free_bytes(const struct core_range *range)
{
	return (range->count - range->used) * range->unit;
}
