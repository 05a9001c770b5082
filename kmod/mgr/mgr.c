// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* The manager of one physical function: start, stop, handshake with the core. */
#include "internal.h"

int mgr_fail(struct mgr_why *why, u32 code, u64 detail, int err)
{
	if (why) {
		why->why = code;
		why->detail = detail;
	}
	return err;
}

int mgr_fail_core(struct nvvgpu_mgr *mgr, struct mgr_why *why, int err)
{
	if (err == -ENOMEM)
		return mgr_fail(why, NVVGPU_WHY_NONE, 0, err);
	/* only a refusal has a status; a firmware that is silent or talks nonsense has none */
	return mgr_fail(why, NVVGPU_WHY_FIRMWARE, err == -EIO ? mgr->ops.last_status(mgr->core) : 0,
			-EIO);
}

static void section_begin(struct nvvgpu_mgr *mgr)
{
	mutex_lock(&mgr->lock);
	mgr->sections++;
	mutex_unlock(&mgr->lock);
}

static void section_end(struct nvvgpu_mgr *mgr)
{
	mutex_lock(&mgr->lock);
	mgr->sections--;
	mutex_unlock(&mgr->lock);
	mgr_event_wake(mgr);
}

void mgr_change_begin(struct nvvgpu_mgr *mgr)
{
	mutex_lock(&mgr->change_lock);
	section_begin(mgr);
}

void mgr_change_end(struct nvvgpu_mgr *mgr)
{
	mutex_unlock(&mgr->change_lock);
	section_end(mgr);
}

void mgr_plugin_begin(struct nvvgpu_mgr_vgpu *vgpu)
{
	mutex_lock(&vgpu->plugin_lock);
	section_begin(vgpu->mgr);
}

void mgr_plugin_end(struct nvvgpu_mgr_vgpu *vgpu)
{
	mutex_unlock(&vgpu->plugin_lock);
	section_end(vgpu->mgr);
}

/* Heap and BAR1 are the core's to place; keep its numbers for the lists. */
void mgr_refresh_totals(struct nvvgpu_mgr *mgr)
{
	struct nvvgpu_core_totals totals;

	mgr->ops.get_totals(mgr->core, &totals);
	mutex_lock(&mgr->lock);
	mgr->space.heap_free = totals.heap_free;
	mgr->space.bar1_free = totals.bar1_free;
	mgr->states_valid = false;
	mutex_unlock(&mgr->lock);
}

static int handshake(struct nvvgpu_mgr *mgr)
{
	int err;

	strscpy(mgr->ops.version_string, NVVGPU_CORE_OPS_VERSION,
		sizeof(mgr->ops.version_string));
	err = nvvgpu_core_get_ops(mgr->core, &mgr->ops);
	if (err)
		pr_warn("nvvgpu: manager is for \"%s\", core is \"%s\": load matching modules\n",
			NVVGPU_CORE_OPS_VERSION, mgr->ops.version_string);
	return err;
}

/* The numbers come from the firmware; everything below relies on these bounds. */
static int check_board(const struct nvvgpu_core_info *info, const struct nvvgpu_mgr_config *config)
{
	u64 segment = info->vmmu_segment_bytes;

	if (!config->slots || config->slots > NVVGPU_MAX_VGPUS)
		return -EINVAL;
	if (!segment || segment > MGR_UNIT_BYTES || (segment & (segment - 1)))
		return -EINVAL;
	if (!IS_ALIGNED(info->guest_fb_base, segment) || info->guest_fb_bytes < segment ||
	    info->guest_fb_bytes / segment > MGR_SEGMENTS_MAX)
		return -EINVAL;
	if (info->channels_total > MGR_CHANNELS_MAX ||
	    info->channels_host >= info->channels_total)
		return -EINVAL;
	if (config->placement_units > info->guest_fb_bytes / MGR_UNIT_BYTES)
		return -EINVAL;
	if ((config->placement_capable || config->mixed_size_capable) && !config->placement_units)
		return -EINVAL;
	return 0;
}

static void init_space(struct nvvgpu_mgr *mgr)
{
	struct nvvgpu_core_totals totals;

	mgr->ops.get_totals(mgr->core, &totals);
	mgr->heap_total = totals.heap_free;
	mgr->bar1_total = totals.bar1_free;
	mgr->space.heap_free = totals.heap_free;
	mgr->space.bar1_free = totals.bar1_free;
	bitmap_set(mgr->space.channels, 0, mgr->info.channels_host);
}

int nvvgpu_mgr_start(struct nvvgpu_core *core, const struct nvvgpu_mgr_config *config,
		     struct nvvgpu_mgr **ret)
{
	struct nvvgpu_mgr *mgr;
	int err;

	mgr = kvzalloc(sizeof(*mgr), GFP_KERNEL);
	if (!mgr)
		return -ENOMEM;
	mgr->core = core;
	mgr->config = *config;
	strscpy(mgr->driver_version, config->driver_version, sizeof(mgr->driver_version));
	mgr->config.driver_version = mgr->driver_version;
	if (!config->placement_capable && !config->mixed_size_capable)
		mgr->config.placement_units = 0;
	mgr->space.mode = NVVGPU_MODE_EQUAL_SIZE;
	mgr->space.slots_enabled = config->sriov ? 0 : config->slots;
	mgr->next_sequence = 1;
	mutex_init(&mgr->change_lock);
	mutex_init(&mgr->lock);

	err = handshake(mgr);
	if (err)
		goto free_mgr;
	mgr->ops.get_info(core, &mgr->info);
	err = check_board(&mgr->info, config);
	if (err)
		goto free_mgr;
	err = mgr->ops.client_alloc(core, &mgr->client);
	if (err)
		goto free_mgr;
	init_space(mgr);
	mgr->ops.set_event_handler(core, mgr_plugin_event, mgr);
	mgr->ops.set_guest_ops(core, &mgr_guest_ops, mgr);
	*ret = mgr;
	return 0;

free_mgr:
	mutex_destroy(&mgr->lock);
	mutex_destroy(&mgr->change_lock);
	kvfree(mgr);
	return err;
}

static void stop(struct nvvgpu_mgr *mgr, bool scrub)
{
	u32 slot;

	mgr_change_begin(mgr);
	for (slot = 0; slot < NVVGPU_MAX_VGPUS; slot++) {
		struct nvvgpu_mgr_vgpu *vgpu = mgr->vgpus[slot];

		if (!vgpu || WARN_ON_ONCE(vgpu->open))
			continue;
		mgr_vgpu_release(vgpu, scrub);
		mgr_vgpu_free(vgpu);
	}
	mgr_change_end(mgr);

	mgr->ops.set_guest_ops(mgr->core, NULL, NULL);
	mgr->ops.set_event_handler(mgr->core, NULL, NULL);
	mgr->ops.client_free(mgr->core, mgr->client);
	mgr_types_free(&mgr->types);
	mutex_destroy(&mgr->lock);
	mutex_destroy(&mgr->change_lock);
	kvfree(mgr);
}

void nvvgpu_mgr_stop(struct nvvgpu_mgr *mgr)
{
	stop(mgr, true);
}

void nvvgpu_mgr_stop_warm(struct nvvgpu_mgr *mgr)
{
	stop(mgr, false);
}
