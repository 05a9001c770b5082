// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * vGPUs as the mdev framework has them: what its files print, and what is done for those that are
 * written.  A parent of mdevs is a virtual function, which is a slot, or the GPU itself.
 */
#include "internal.h"

#define OWNER	"mdev"	/* of what is created here, as lists show it */

ssize_t nvvgpu_mgr_show_mdev_description(const struct nvvgpu_type_desc *type, char *buf)
{
	ssize_t len;

	len = sysfs_emit(buf, "num_heads=%u, frl_config=%u, framebuffer=%lluM, ", type->heads,
			 type->frame_rate_limit,
			 (unsigned long long)(type->profile_bytes / SZ_1M));
	return len + sysfs_emit_at(buf, len, "max_resolution=%ux%u, max_instance=%u\n",
				   type->max_width, type->max_height, type->max_instances);
}

/* "lock" held */
static u32 available(struct nvvgpu_mgr *mgr, u32 type_id)
{
	const struct nvvgpu_type_state *states = mgr_type_states(mgr);
	u32 i;

	for (i = 0; i < mgr->types.count; i++)
		if (states[i].id == type_id)
			return states[i].available;
	return 0;
}

/* "lock" held */
static bool is_free(const struct nvvgpu_mgr *mgr, u32 slot)
{
	return slot < mgr->space.slots_enabled && !test_bit(slot, mgr->space.slots);
}

u32 nvvgpu_mgr_mdev_available(struct nvvgpu_mgr *mgr, u32 slot, u32 type_id)
{
	u32 count;

	mutex_lock(&mgr->lock);
	count = available(mgr, type_id);
	if (slot != NVVGPU_SLOT_ANY)
		count = count && is_free(mgr, slot);
	mutex_unlock(&mgr->lock);
	return count;
}

int nvvgpu_mgr_mdev_create(struct nvvgpu_mgr *mgr, u32 slot, u32 type_id, const u8 *uuid)
{
	struct mgr_request request = {
		.type_id = type_id,
		.slot = slot,
		.placement = NVVGPU_PLACEMENT_ANY,
		.uuid = uuid,
		.owner = OWNER,
		.params = "",
	};
	struct nvvgpu_vgpu_info info;

	return mgr_create(mgr, &request, &info, NULL);
}

int nvvgpu_mgr_mdev_find(struct nvvgpu_mgr *mgr, const u8 *uuid, struct nvvgpu_vgpu_info *info)
{
	const struct nvvgpu_mgr_vgpu *vgpu;

	mutex_lock(&mgr->lock);
	vgpu = mgr_vgpu_find_uuid(mgr, uuid);
	if (vgpu)
		mgr_vgpu_info(vgpu, info);
	mutex_unlock(&mgr->lock);
	return vgpu ? 0 : -ENODEV;
}

int nvvgpu_mgr_mdev_destroy(struct nvvgpu_mgr *mgr, const u8 *uuid)
{
	struct nvvgpu_vgpu_info info;
	int err;

	err = nvvgpu_mgr_mdev_find(mgr, uuid, &info);
	return err ? err : mgr_destroy(mgr, info.id, NULL);
}
