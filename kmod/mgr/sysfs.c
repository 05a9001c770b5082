// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The files of a VF's nvidia/ directory, byte for byte and errno for errno as those
 * of the vendor driver (formats.md): header and rows of the creatable types, "0" for
 * no type, ENXIO for a placement that nobody has, EPERM for a type where one is set.
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

typedef ssize_t emit_fn(struct nvvgpu_mgr *mgr, const struct nvvgpu_mgr_vgpu *vgpu, char *buf);

/* What emit makes of the vGPU there, NULL without one; it is called with "lock" held. */
static ssize_t show(struct nvvgpu_mgr *mgr, u32 slot, char *buf, emit_fn *emit)
{
	const struct nvvgpu_mgr_vgpu *vgpu;
	ssize_t len;

	mutex_lock(&mgr->lock);
	len = vgpu_on(mgr, slot, &vgpu);
	if (!len)
		len = emit(mgr, vgpu, buf);
	mutex_unlock(&mgr->lock);
	return len;
}

static ssize_t emit_creatable_types(struct nvvgpu_mgr *mgr, const struct nvvgpu_mgr_vgpu *vgpu,
				    char *buf)
{
	const struct nvvgpu_type_state *states = mgr_type_states(mgr);
	ssize_t len = sysfs_emit(buf, "ID    : vGPU Name\n");
	u32 i;

	for (i = 0; i < mgr->types.count && !vgpu; i++)
		if (states[i].available)
			len += sysfs_emit_at(buf, len, "%-5d : %s\n", mgr->types.desc[i].id,
					     mgr->types.desc[i].name);
	return len;
}

ssize_t nvvgpu_mgr_show_creatable_types(struct nvvgpu_mgr *mgr, u32 slot, char *buf)
{
	return show(mgr, slot, buf, emit_creatable_types);
}

static ssize_t emit_current_type(struct nvvgpu_mgr *mgr, const struct nvvgpu_mgr_vgpu *vgpu,
				 char *buf)
{
	return sysfs_emit(buf, "%u\n", vgpu ? vgpu->type.id : 0);
}

ssize_t nvvgpu_mgr_show_current_type(struct nvvgpu_mgr *mgr, u32 slot, char *buf)
{
	return show(mgr, slot, buf, emit_current_type);
}

static ssize_t emit_params(struct nvvgpu_mgr *mgr, const struct nvvgpu_mgr_vgpu *vgpu, char *buf)
{
	return sysfs_emit(buf, "%s\n", vgpu ? vgpu->params : "");
}

ssize_t nvvgpu_mgr_show_params(struct nvvgpu_mgr *mgr, u32 slot, char *buf)
{
	return show(mgr, slot, buf, emit_params);
}

static ssize_t emit_placement(struct nvvgpu_mgr *mgr, const struct nvvgpu_mgr_vgpu *vgpu, char *buf)
{
	if (!vgpu)
		return -ENXIO;
	if (vgpu->plan.placement == NVVGPU_PLACEMENT_NONE)
		return sysfs_emit(buf, "Not Applicable\n");
	return sysfs_emit(buf, "%u\n", vgpu->plan.placement);
}

ssize_t nvvgpu_mgr_show_placement(struct nvvgpu_mgr *mgr, u32 slot, char *buf)
{
	return show(mgr, slot, buf, emit_placement);
}

static ssize_t emit_gpu_instance(struct nvvgpu_mgr *mgr, const struct nvvgpu_mgr_vgpu *vgpu,
				 char *buf)
{
	return vgpu ? sysfs_emit(buf, "Not Applicable\n") : -ENXIO;
}

ssize_t nvvgpu_mgr_show_gpu_instance(struct nvvgpu_mgr *mgr, u32 slot, char *buf)
{
	return show(mgr, slot, buf, emit_gpu_instance);
}

/* Whether the vendor driver is to keep this one vGPU: ours keeps all, or none. */
static ssize_t emit_warm_update(struct nvvgpu_mgr *mgr, const struct nvvgpu_mgr_vgpu *vgpu,
				char *buf)
{
	return sysfs_emit(buf, "0\n");
}

ssize_t nvvgpu_mgr_show_warm_update(struct nvvgpu_mgr *mgr, u32 slot, char *buf)
{
	return show(mgr, slot, buf, emit_warm_update);
}

/* ---------------------------------------------------------------------- writes */

/* *ret_id: of the vGPU there, 0 without one */
static int vgpu_id_on(struct nvvgpu_mgr *mgr, u32 slot, u32 *ret_id)
{
	const struct nvvgpu_mgr_vgpu *vgpu;
	int err;

	mutex_lock(&mgr->lock);
	err = vgpu_on(mgr, slot, &vgpu);
	if (!err)
		*ret_id = vgpu ? vgpu->id : 0;
	mutex_unlock(&mgr->lock);
	return err;
}

/* A number too large is none that could be meant. */
static int parse(const char *buf, u32 *ret)
{
	return kstrtou32(buf, 10, ret) ? -EINVAL : 0;
}

/* The length without the newline that echo adds. */
static size_t text_length(const char *buf, size_t len)
{
	return len && buf[len - 1] == '\n' ? len - 1 : len;
}

static bool is_one_blank(const char *buf, size_t len)
{
	return text_length(buf, len) == 1 && buf[0] == ' ';
}

/* wanted: as in wanted_placement[]; -ENODEV, or -EOPNOTSUPP where a vGPU sits elsewhere */
static int want_placement(struct nvvgpu_mgr *mgr, u32 slot, u32 wanted)
{
	const struct nvvgpu_mgr_vgpu *vgpu;
	int err;

	mutex_lock(&mgr->lock);
	err = vgpu_on(mgr, slot, &vgpu);
	if (!err && vgpu && vgpu->plan.placement + 1 != wanted)
		err = -EOPNOTSUPP;
	else if (!err && !vgpu)
		mgr->wanted_placement[slot] = wanted;
	mutex_unlock(&mgr->lock);
	return err;
}

static u32 wanted_placement(struct nvvgpu_mgr *mgr, u32 slot)
{
	u32 wanted;

	mutex_lock(&mgr->lock);
	wanted = mgr->wanted_placement[slot];
	mutex_unlock(&mgr->lock);
	return wanted ? wanted - 1 : NVVGPU_PLACEMENT_ANY;
}

static void forget_placement(struct nvvgpu_mgr *mgr, u32 slot)
{
	mutex_lock(&mgr->lock);
	mgr->wanted_placement[slot] = 0;
	mutex_unlock(&mgr->lock);
}

static int create_on(struct nvvgpu_mgr *mgr, u32 slot, u32 type_id)
{
	u8 uuid[NVVGPU_UUID_LEN];
	struct mgr_request request = {
		.type_id = type_id,
		.slot = slot,
		.placement = wanted_placement(mgr, slot),
		.uuid = uuid,
		.owner = "",
		.params = "",
	};
	struct nvvgpu_vgpu_info info;
	struct mgr_why why = {};
	int err;

	generate_random_uuid(uuid);
	err = mgr_create(mgr, &request, &info, &why);
	if (!err)
		forget_placement(mgr, slot);
	/* somebody was faster */
	return why.why == NVVGPU_WHY_SLOT_BUSY ? -EPERM : err;
}

static int destroy_vgpu(struct nvvgpu_mgr *mgr, u32 id)
{
	int err = mgr_destroy(mgr, id, NULL);

	return err == -ENODEV ? -EPERM : err;	/* somebody was faster */
}

ssize_t nvvgpu_mgr_store_current_type(struct nvvgpu_mgr *mgr, u32 slot, const char *buf,
				      size_t len)
{
	u32 type_id, vgpu_id;
	int err;

	err = parse(buf, &type_id);
	if (!err)
		err = vgpu_id_on(mgr, slot, &vgpu_id);
	if (err)
		return err;
	if (!type_id == !vgpu_id)
		return -EPERM;
	err = type_id ? create_on(mgr, slot, type_id) : destroy_vgpu(mgr, vgpu_id);
	return err ? err : (ssize_t)len;
}

ssize_t nvvgpu_mgr_store_placement(struct nvvgpu_mgr *mgr, u32 slot, const char *buf, size_t len)
{
	bool forget = is_one_blank(buf, len);
	u32 id = 0;
	int err = 0;

	if (!mgr->config.placement_units)
		return -EOPNOTSUPP;
	if (!forget)
		err = parse(buf, &id);
	if (!err && id >= mgr->config.placement_units)
		err = -EINVAL;
	if (!err)
		err = want_placement(mgr, slot, forget ? 0 : id + 1);
	return err ? err : (ssize_t)len;
}

void nvvgpu_mgr_forget_placements(struct nvvgpu_mgr *mgr)
{
	mutex_lock(&mgr->lock);
	memset(mgr->wanted_placement, 0, sizeof(mgr->wanted_placement));
	mutex_unlock(&mgr->lock);
}

/*
 * The vendor driver eats the last character, whatever it is; so does this, for what works here
 * is to work there.
 */
static int set_params(struct nvvgpu_mgr *mgr, u32 id, const char *buf, size_t len)
{
	char *params;
	int err = -EINVAL;

	if (len > NVVGPU_PARAMS_LEN)
		return err;
	params = kzalloc(NVVGPU_PARAMS_LEN, GFP_KERNEL);
	if (!params)
		return -ENOMEM;
	if (len)
		len--;
	if (len == 1 && buf[0] == ' ')
		len = 0;
	memcpy(params, buf, len);
	if (strlen(params) == len)
		err = mgr_params_set(mgr, id, params, NULL);
	kfree(params);
	return err;
}

ssize_t nvvgpu_mgr_store_params(struct nvvgpu_mgr *mgr, u32 slot, const char *buf, size_t len)
{
	u32 id;
	int err;

	err = vgpu_id_on(mgr, slot, &id);
	if (err)
		return err;
	err = id ? set_params(mgr, id, buf, len) : -ENXIO;
	return err ? err : (ssize_t)len;
}

ssize_t nvvgpu_mgr_store_gpu_instance(struct nvvgpu_mgr *mgr, u32 slot, const char *buf,
				      size_t len)
{
	u32 id;
	int err;

	err = vgpu_id_on(mgr, slot, &id);
	return err ? err : -EOPNOTSUPP;
}

ssize_t nvvgpu_mgr_store_warm_update(struct nvvgpu_mgr *mgr, u32 slot, const char *buf,
				     size_t len)
{
	u32 id, value;
	int err;

	err = parse(buf, &value);
	if (!err && value > 1)
		err = -EINVAL;
	if (!err)
		err = vgpu_id_on(mgr, slot, &id);
	if (err)
		return err;
	return value ? -EOPNOTSUPP : (ssize_t)len;
}
