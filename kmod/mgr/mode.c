// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Equal-size or mixed-size, and how many slots are enabled. */
#include "internal.h"

int mgr_mode_apply(struct nvvgpu_mgr *mgr, u32 mode)
{
	int err;

	if (mode == mgr->space.mode)
		return 0;
	err = mgr->ops.mixed_size_set(mgr->core, mgr->client, mode == NVVGPU_MODE_MIXED_SIZE);
	if (err)
		return err;
	mutex_lock(&mgr->lock);
	mgr->space.mode = mode;
	mgr->states_valid = false;
	mutex_unlock(&mgr->lock);
	return 0;
}

static int change_mode(struct nvvgpu_mgr *mgr, u32 mode, struct mgr_why *why)
{
	int err;

	if (mode == mgr->space.mode)
		return 0;
	if (!mgr->config.mixed_size_capable)
		return mgr_fail(why, NVVGPU_WHY_NOT_SUPPORTED, 0, -EOPNOTSUPP);
	if (mgr->space.live)
		return mgr_fail(why, NVVGPU_WHY_LIVE_VGPUS, mgr->space.live, -EBUSY);
	err = mgr_mode_apply(mgr, mode);
	if (err)
		return mgr_fail_core(mgr, why, err);
	mutex_lock(&mgr->lock);
	mgr_event_add(mgr, NVVGPU_EVENT_MODE, NULL, mode);
	mutex_unlock(&mgr->lock);
	return 0;
}

int mgr_mode_set(struct nvvgpu_mgr *mgr, u32 mode, struct mgr_why *why)
{
	int err;

	if (mode != NVVGPU_MODE_EQUAL_SIZE && mode != NVVGPU_MODE_MIXED_SIZE)
		return -EINVAL;
	mgr_change_begin(mgr);
	err = change_mode(mgr, mode, why);
	mgr_change_end(mgr);
	return err;
}

int nvvgpu_mgr_set_slots_enabled(struct nvvgpu_mgr *mgr, u32 count)
{
	int err = 0;

	if (count > mgr->config.slots)
		return -EINVAL;
	if (!mgr->config.sriov)
		return count == mgr->config.slots ? 0 : -EOPNOTSUPP;
	mgr_change_begin(mgr);
	mutex_lock(&mgr->lock);
	if (find_next_bit(mgr->space.slots, NVVGPU_MAX_VGPUS, count) < NVVGPU_MAX_VGPUS) {
		err = -EBUSY;
	} else if (count != mgr->space.slots_enabled) {
		mgr->space.slots_enabled = count;
		mgr->states_valid = false;
		mgr_event_add(mgr, NVVGPU_EVENT_VFS, NULL, count);
	}
	mutex_unlock(&mgr->lock);
	mgr_change_end(mgr);
	return err;
}
