// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Channel ids: one space of 2048 for the whole device, the first 512 stay with the host. */
#include "internal.h"

static int take_first_fit(struct nvvgpu_core *core, u32 count, u32 *ret_first)
{
	u32 first = bitmap_find_next_zero_area(core->channels, NV_CHANNELS_TOTAL, NV_CHANNELS_HOST,
					       count, 0);

	if (first >= NV_CHANNELS_TOTAL)
		return -ENOSPC;
	*ret_first = first;
	return 0;
}

static int take_wanted(struct nvvgpu_core *core, u32 first, u32 count)
{
	if (first < NV_CHANNELS_HOST || first >= NV_CHANNELS_TOTAL ||
	    count > NV_CHANNELS_TOTAL - first)
		return -EINVAL;
	if (find_next_bit(core->channels, first + count, first) < first + count)
		return -EBUSY;
	return 0;
}

int core_channels_alloc(struct nvvgpu_core *core, u32 first, u32 count, u32 *ret_first)
{
	int err;

	if (!count || count > NV_CHANNELS_TOTAL - NV_CHANNELS_HOST)
		return count ? -ENOSPC : -EINVAL;
	mutex_lock(&core->resource_lock);
	err = first == NVVGPU_CORE_ANY ? take_first_fit(core, count, &first) :
					 take_wanted(core, first, count);
	if (!err)
		bitmap_set(core->channels, first, count);
	mutex_unlock(&core->resource_lock);
	if (!err)
		*ret_first = first;
	return err;
}

void core_channels_free(struct nvvgpu_core *core, u32 first, u32 count)
{
	mutex_lock(&core->resource_lock);
	bitmap_clear(core->channels, first, count);
	mutex_unlock(&core->resource_lock);
}

/* resource_lock held */
u32 core_channels_count_free(struct nvvgpu_core *core)
{
	return NV_CHANNELS_TOTAL - NV_CHANNELS_HOST -
	       bitmap_weight(core->channels, NV_CHANNELS_TOTAL);
}
