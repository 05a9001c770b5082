// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Create and destroy.  What create reserves, in the order of kernel.md 1.2:
 * slot, framebuffer, channel ids, management heap, BAR1 map, firmware client;
 * destroy and every error give back in exactly the reverse order.  The plugin
 * task itself comes and goes with the VFIO device, see open.c.
 */
#include "internal.h"

#define ID_MAX	0xffffU

struct nvvgpu_mgr_vgpu *mgr_vgpu_find(struct nvvgpu_mgr *mgr, u32 id)
{
	u32 slot;

	for (slot = 0; slot < NVVGPU_MAX_VGPUS; slot++)
		if (mgr->vgpus[slot] && mgr->vgpus[slot]->id == id)
			return mgr->vgpus[slot];
	return NULL;
}

int mgr_vgpu_find_closed(struct nvvgpu_mgr *mgr, u32 id, struct nvvgpu_mgr_vgpu **ret,
			 struct mgr_why *why)
{
	struct nvvgpu_mgr_vgpu *vgpu = mgr_vgpu_find(mgr, id);

	if (!vgpu)
		return -ENODEV;
	if (vgpu->open)
		return mgr_fail(why, NVVGPU_WHY_IN_USE, 0, -EBUSY);
	*ret = vgpu;
	return 0;
}

struct nvvgpu_mgr_vgpu *mgr_vgpu_find_uuid(struct nvvgpu_mgr *mgr, const u8 *uuid)
{
	u32 slot;

	for (slot = 0; slot < NVVGPU_MAX_VGPUS; slot++)
		if (mgr->vgpus[slot] &&
		    !memcmp(mgr->vgpus[slot]->uuid, uuid, NVVGPU_UUID_LEN))
			return mgr->vgpus[slot];
	return NULL;
}

u32 mgr_vgpu_count(const struct nvvgpu_mgr *mgr)
{
	u32 count = 0;
	u32 slot;

	for (slot = 0; slot < NVVGPU_MAX_VGPUS; slot++)
		count += !!mgr->vgpus[slot];
	return count;
}

u32 mgr_vgpu_count_type(const struct nvvgpu_mgr *mgr, u32 type_id)
{
	u32 count = 0;
	u32 slot;

	for (slot = 0; slot < NVVGPU_MAX_VGPUS; slot++)
		count += mgr->vgpus[slot] && mgr->vgpus[slot]->type.id == type_id;
	return count;
}

void mgr_vgpu_info(const struct nvvgpu_mgr_vgpu *vgpu, struct nvvgpu_vgpu_info *info)
{
	memset(info, 0, sizeof(*info));
	info->id = vgpu->id;
	info->type_id = vgpu->type.id;
	info->slot = vgpu->plan.slot;
	info->placement = vgpu->plan.placement;
	info->state = vgpu->state;
	info->channel_first = vgpu->plan.channel_first;
	info->channel_count = vgpu->plan.channel_count;
	info->gfid = vgpu->plan.slot + 1;
	info->framebuffer_bytes = vgpu->type.framebuffer_bytes;
	memcpy(info->uuid, vgpu->uuid, sizeof(info->uuid));
	memcpy(info->owner, vgpu->owner, sizeof(info->owner));
}

int mgr_scrub(struct nvvgpu_mgr *mgr, const struct nvvgpu_fb *fb)
{
	int err;

	err = mgr->ops.fb_scrub(mgr->core, fb);
	if (err)
		return err;
	mutex_lock(&mgr->lock);
	mgr->counters.scrubbed_bytes += fb->size;
	mutex_unlock(&mgr->lock);
	return 0;
}

static int reserve_framebuffer(struct nvvgpu_mgr_vgpu *vgpu, struct mgr_why *why)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;
	u64 size = round_up(vgpu->type.framebuffer_bytes, mgr->info.vmmu_segment_bytes);
	int err;

	err = mgr->ops.fb_alloc(mgr->core, NVVGPU_FB_GUEST, size,
				mgr_plan_address(mgr, &vgpu->plan), &vgpu->fb);
	if (err == -ENOSPC || err == -EBUSY)
		return mgr_fail(why, NVVGPU_WHY_NO_FRAMEBUFFER, size, -ENOSPC);
	return err ? mgr_fail_core(mgr, why, err) : 0;
}

static int reserve_channels(struct nvvgpu_mgr_vgpu *vgpu, struct mgr_why *why)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;
	u32 first;
	int err;

	err = mgr->ops.channels_alloc(mgr->core, vgpu->plan.channel_first,
				      vgpu->plan.channel_count, &first);
	if (err == -ENOSPC || err == -EBUSY)
		return mgr_fail(why, NVVGPU_WHY_NO_CHANNELS, vgpu->plan.channel_count, -ENOSPC);
	return err ? mgr_fail_core(mgr, why, err) : 0;
}

static int reserve_heap(struct nvvgpu_mgr_vgpu *vgpu, struct mgr_why *why)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;
	u64 size = mgr_heap_bytes(&vgpu->type);
	int err;

	err = mgr->ops.fb_alloc(mgr->core, NVVGPU_FB_HEAP, size, NVVGPU_CORE_ANY64, &vgpu->heap);
	if (err == -ENOSPC)
		return mgr_fail(why, NVVGPU_WHY_NO_FRAMEBUFFER, size, -ENOSPC);
	if (err)
		return mgr_fail_core(mgr, why, err);
	err = mgr->ops.bar1_map(mgr->core, vgpu->heap);
	if (!err)
		return 0;
	mgr->ops.fb_free(mgr->core, vgpu->heap);
	if (err == -ENOSPC)
		return mgr_fail(why, NVVGPU_WHY_NO_FRAMEBUFFER, size, -ENOSPC);
	return mgr_fail_core(mgr, why, err);
}

static void release_heap(struct nvvgpu_mgr_vgpu *vgpu)
{
	vgpu->mgr->ops.bar1_unmap(vgpu->mgr->core, vgpu->heap);
	vgpu->mgr->ops.fb_free(vgpu->mgr->core, vgpu->heap);
}

static int reserve(struct nvvgpu_mgr_vgpu *vgpu, bool scrub, struct mgr_why *why)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;
	int err;

	err = reserve_framebuffer(vgpu, why);
	if (err)
		return err;
	err = reserve_channels(vgpu, why);
	if (err)
		goto free_fb;
	err = reserve_heap(vgpu, why);
	if (err)
		goto free_channels;
	err = mgr->ops.client_alloc(mgr->core, &vgpu->client);
	if (err) {
		err = mgr_fail_core(mgr, why, err);
		goto free_heap;
	}
	/* last, because it is the one step that takes long */
	if (scrub)
		err = mgr_scrub(mgr, vgpu->fb);
	if (err) {
		err = mgr_fail_core(mgr, why, err);
		goto free_client;
	}
	return 0;

free_client:
	mgr->ops.client_free(mgr->core, vgpu->client);
free_heap:
	release_heap(vgpu);
free_channels:
	mgr->ops.channels_free(mgr->core, vgpu->plan.channel_first, vgpu->plan.channel_count);
free_fb:
	mgr->ops.fb_free(mgr->core, vgpu->fb);
	return err;
}

static void unclaim(struct nvvgpu_mgr_vgpu *vgpu)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;

	mutex_lock(&mgr->lock);
	mgr_space_release(&mgr->space, &vgpu->plan);
	if (mgr->vgpus[vgpu->plan.slot] == vgpu)
		mgr->vgpus[vgpu->plan.slot] = NULL;
	mutex_unlock(&mgr->lock);
	mgr_refresh_totals(mgr);
}

int mgr_vgpu_new(struct nvvgpu_mgr *mgr, const struct nvvgpu_type_desc *type,
		 const struct mgr_plan *plan, u32 id, const struct mgr_request *request,
		 bool scrub, struct nvvgpu_mgr_vgpu **ret, struct mgr_why *why)
{
	struct nvvgpu_mgr_vgpu *vgpu;
	int err;

	vgpu = kvzalloc(sizeof(*vgpu), GFP_KERNEL);
	if (!vgpu)
		return -ENOMEM;
	vgpu->mgr = mgr;
	vgpu->id = id;
	vgpu->plan = *plan;
	vgpu->type = *type;
	vgpu->state = NVVGPU_STATE_ASSIGNED;
	memcpy(vgpu->uuid, request->uuid, sizeof(vgpu->uuid));
	strscpy(vgpu->owner, request->owner, sizeof(vgpu->owner));
	strscpy(vgpu->params, request->params, sizeof(vgpu->params));
	mutex_init(&vgpu->plugin_lock);

	mutex_lock(&mgr->lock);
	mgr_space_take(&mgr->space, type, plan);
	mgr->states_valid = false;
	mutex_unlock(&mgr->lock);

	err = reserve(vgpu, scrub, why);
	if (err) {
		unclaim(vgpu);
		mgr_vgpu_free(vgpu);
		return err;
	}
	mgr_refresh_totals(mgr);
	*ret = vgpu;
	return 0;
}

void mgr_vgpu_release(struct nvvgpu_mgr_vgpu *vgpu, bool scrub)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;

	/* first the task, which could write again what was scrubbed */
	mgr_task_forget(vgpu);
	/* The next owner's create scrubs again, so a refusal here leaks nothing. */
	if (scrub && mgr_scrub(mgr, vgpu->fb))
		pr_warn("nvvgpu: vGPU %u: framebuffer not scrubbed on destroy\n", vgpu->id);
	mgr->ops.client_free(mgr->core, vgpu->client);
	release_heap(vgpu);
	mgr->ops.channels_free(mgr->core, vgpu->plan.channel_first, vgpu->plan.channel_count);
	mgr->ops.fb_free(mgr->core, vgpu->fb);
	unclaim(vgpu);
}

void mgr_vgpu_free(struct nvvgpu_mgr_vgpu *vgpu)
{
	mutex_destroy(&vgpu->plugin_lock);
	kvfree(vgpu);
}

/* 1..ID_MAX in turn, so that a number is not soon used again.  At most 32 are taken. */
static u32 next_id(struct nvvgpu_mgr *mgr)
{
	u32 id = mgr->last_id;

	do {
		id = id % ID_MAX + 1;
	} while (mgr_vgpu_find(mgr, id));
	return id;
}

static int check_request(struct nvvgpu_mgr *mgr, const struct mgr_request *request,
			 const struct nvvgpu_type_desc **ret_type, struct mgr_plan *plan,
			 struct mgr_why *why)
{
	const struct nvvgpu_type_desc *type = mgr_types_find(&mgr->types, request->type_id);
	size_t offset;

	if (!type)
		return mgr_fail(why, NVVGPU_WHY_NO_TYPE, request->type_id, -ENODEV);
	if (!memchr_inv(request->uuid, 0, NVVGPU_UUID_LEN))
		return -EINVAL;
	if (mgr_params_check(request->params, strlen(request->params), &offset))
		return mgr_fail(why, NVVGPU_WHY_PARAMS, offset, -EINVAL);
	if (mgr_vgpu_find_uuid(mgr, request->uuid))
		return mgr_fail(why, NVVGPU_WHY_DUPLICATE_UUID, 0, -EEXIST);
	*ret_type = type;
	return mgr_plan(mgr, &mgr->space, type, mgr_vgpu_count_type(mgr, type->id),
			request->slot, request->placement, plan, why);
}

static void publish(struct nvvgpu_mgr_vgpu *vgpu)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;

	mutex_lock(&mgr->lock);
	mgr->vgpus[vgpu->plan.slot] = vgpu;
	mgr->last_id = vgpu->id;
	mgr->states_valid = false;
	mgr->counters.created++;
	mgr_event_add(mgr, NVVGPU_EVENT_CREATED, vgpu, 0);
	mutex_unlock(&mgr->lock);
}

int mgr_create(struct nvvgpu_mgr *mgr, const struct mgr_request *request,
	       struct nvvgpu_vgpu_info *info, struct mgr_why *why)
{
	const struct nvvgpu_type_desc *type = NULL;
	struct nvvgpu_mgr_vgpu *vgpu;
	struct mgr_plan plan;
	int err;

	mgr_change_begin(mgr);
	err = check_request(mgr, request, &type, &plan, why);
	if (!err)
		err = mgr_vgpu_new(mgr, type, &plan, next_id(mgr), request, true, &vgpu, why);
	if (err) {
		mutex_lock(&mgr->lock);
		mgr->counters.create_failed++;
		mutex_unlock(&mgr->lock);
	} else {
		mgr_vgpu_info(vgpu, info);
		publish(vgpu);
	}
	mgr_change_end(mgr);
	return err;
}

/* Hides it from the lists and from open, unless it is open. */
static int hide(struct nvvgpu_mgr *mgr, u32 id, struct nvvgpu_mgr_vgpu **ret, struct mgr_why *why)
{
	int err;

	mutex_lock(&mgr->lock);
	err = mgr_vgpu_find_closed(mgr, id, ret, why);
	if (!err) {
		mgr->vgpus[(*ret)->plan.slot] = NULL;
		mgr->states_valid = false;
	}
	mutex_unlock(&mgr->lock);
	return err;
}

/*
 * A task that the firmware keeps may use its memory: then the vGPU stays, and can be tried
 * again.
 */
static int end_task(struct nvvgpu_mgr_vgpu *vgpu, struct mgr_why *why)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;

	mgr_task_forget(vgpu);
	if (!vgpu->booted)
		return 0;
	mutex_lock(&mgr->lock);
	vgpu->state = NVVGPU_STATE_FAILED;
	mgr->vgpus[vgpu->plan.slot] = vgpu;
	mgr->states_valid = false;
	mutex_unlock(&mgr->lock);
	return mgr_fail_core(mgr, why, -EIO);
}

int mgr_destroy(struct nvvgpu_mgr *mgr, u32 id, struct mgr_why *why)
{
	struct nvvgpu_mgr_vgpu *vgpu = NULL;
	int err;

	mgr_change_begin(mgr);
	err = hide(mgr, id, &vgpu, why);
	if (!err)
		err = end_task(vgpu, why);
	if (!err) {
		mgr_vgpu_release(vgpu, true);
		mutex_lock(&mgr->lock);
		mgr->counters.destroyed++;
		mgr_event_add(mgr, NVVGPU_EVENT_DESTROYED, vgpu, 0);
		mutex_unlock(&mgr->lock);
		mgr_vgpu_free(vgpu);
	}
	mgr_change_end(mgr);
	return err;
}
