// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What the files of a VF's nvidia/ directory print, byte for byte as the vendor
 * driver does (formats.md): header and rows of the creatable types, "0" for no
 * type, ENXIO for a placement that nobody has.
 */
#include "internal.h"

/* "lock" held; -ENODEV for a VF that does not exist now, *ret NULL for one without a vGPU */
static int vgpu_on(struct nvvgpu_mgr *mgr, u32 slot, const struct nvvgpu_mgr_vgpu **ret)
{
	if (slot >= mgr->space.slots_enabled)
		return -ENODEV;
	*ret = mgr->vgpus[slot];
	return 0;
}

static ssize_t emit_creatable(struct nvvgpu_mgr *mgr, bool occupied, char *buf)
{
	const struct nvvgpu_type_state *states = mgr_type_states(mgr);
	ssize_t len = sysfs_emit(buf, "ID    : vGPU Name\n");
	u32 i;

	for (i = 0; i < mgr->types.count && !occupied; i++)
		if (states[i].available)
			len += sysfs_emit_at(buf, len, "%-5d : %s\n", mgr->types.desc[i].id,
					     mgr->types.desc[i].name);
	return len;
}

ssize_t nvvgpu_mgr_show_creatable_types(struct nvvgpu_mgr *mgr, u32 slot, char *buf)
{
	const struct nvvgpu_mgr_vgpu *vgpu;
	ssize_t len;

	mutex_lock(&mgr->lock);
	len = vgpu_on(mgr, slot, &vgpu);
	if (!len)
		len = emit_creatable(mgr, vgpu, buf);
	mutex_unlock(&mgr->lock);
	return len;
}

ssize_t nvvgpu_mgr_show_current_type(struct nvvgpu_mgr *mgr, u32 slot, char *buf)
{
	const struct nvvgpu_mgr_vgpu *vgpu;
	ssize_t len;

	mutex_lock(&mgr->lock);
	len = vgpu_on(mgr, slot, &vgpu);
	if (!len)
		len = sysfs_emit(buf, "%u\n", vgpu ? vgpu->type.id : 0);
	mutex_unlock(&mgr->lock);
	return len;
}

ssize_t nvvgpu_mgr_show_params(struct nvvgpu_mgr *mgr, u32 slot, char *buf)
{
	const struct nvvgpu_mgr_vgpu *vgpu;
	ssize_t len;

	mutex_lock(&mgr->lock);
	len = vgpu_on(mgr, slot, &vgpu);
	if (!len)
		len = sysfs_emit(buf, "%s\n", vgpu ? vgpu->params : "");
	mutex_unlock(&mgr->lock);
	return len;
}

ssize_t nvvgpu_mgr_show_placement(struct nvvgpu_mgr *mgr, u32 slot, char *buf)
{
	const struct nvvgpu_mgr_vgpu *vgpu;
	ssize_t len;

	mutex_lock(&mgr->lock);
	len = vgpu_on(mgr, slot, &vgpu);
	if (!len && !vgpu)
		len = -ENXIO;
	else if (!len && vgpu->plan.placement == NVVGPU_PLACEMENT_NONE)
		len = sysfs_emit(buf, "Not Applicable\n");
	else if (!len)
		len = sysfs_emit(buf, "%u\n", vgpu->plan.placement);
	mutex_unlock(&mgr->lock);
	return len;
}
