// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Where vGPUs may sit: slots, framebuffer, channel ids, the equal-size rule
 * (kernel.md 6.5: id j of a type = units * j / max_instances; channels start at
 * host + shared * id / units and count the power of two below shared / max_instances).
 *
 * The manager itself chooses every address and channel id and asks the core for
 * exactly those.  So "how many more" is answered by trying the same choice on a
 * copy of the tables, and is exact.
 */
#include "internal.h"

static bool uses_placements(const struct nvvgpu_mgr *mgr, const struct mgr_space *space)
{
	return mgr->config.placement_capable || space->mode == NVVGPU_MODE_MIXED_SIZE;
}

static u32 placement_id(const struct nvvgpu_mgr *mgr, const struct nvvgpu_type_desc *type,
			u32 index)
{
	return mgr->config.placement_units * index / type->max_instances;
}

u32 mgr_placement_length(const struct nvvgpu_type_desc *type)
{
	return DIV_ROUND_UP(type->profile_bytes, (u64)MGR_UNIT_BYTES);
}

u64 mgr_plan_address(const struct nvvgpu_mgr *mgr, const struct mgr_plan *plan)
{
	return mgr->info.guest_fb_base + plan->segment_first * mgr->info.vmmu_segment_bytes;
}

u64 mgr_heap_bytes(const struct nvvgpu_type_desc *type)
{
	return round_up(type->gsp_heap_bytes, (u64)MGR_HEAP_ALIGN);
}

u32 mgr_segments(const struct nvvgpu_mgr *mgr, u64 bytes)
{
	return DIV_ROUND_UP(bytes, mgr->info.vmmu_segment_bytes);
}

static u32 segments_total(const struct nvvgpu_mgr *mgr)
{
	return mgr->info.guest_fb_bytes / mgr->info.vmmu_segment_bytes;
}

static u32 channels_shared(const struct nvvgpu_mgr *mgr)
{
	return mgr->info.channels_total - mgr->info.channels_host;
}

static u32 channel_count(const struct nvvgpu_mgr *mgr, const struct nvvgpu_type_desc *type)
{
	u32 share = channels_shared(mgr) / type->max_instances;

	return share ? rounddown_pow_of_two(share) : 0;
}

static bool range_free(const unsigned long *map, u32 size, u32 first, u32 count)
{
	if (count > size || first > size - count)
		return false;
	return find_next_bit(map, first + count, first) >= first + count;
}

static bool is_placement(const struct nvvgpu_mgr *mgr, const struct nvvgpu_type_desc *type, u32 id)
{
	u32 i;

	for (i = 0; i < type->max_instances; i++)
		if (placement_id(mgr, type, i) == id)
			return true;
	return false;
}

/* Fills plan for one placement id; NVVGPU_WHY_NONE, or what is missing. */
static u32 plan_at(const struct nvvgpu_mgr *mgr, const struct mgr_space *space,
		   const struct nvvgpu_type_desc *type, u32 id, struct mgr_plan *plan)
{
	u32 per_unit = MGR_UNIT_BYTES / mgr->info.vmmu_segment_bytes;

	plan->placement = id;
	plan->segment_first = id * per_unit;
	plan->segment_count = mgr_placement_length(type) * per_unit;
	plan->channel_first = mgr->info.channels_host +
			      channels_shared(mgr) * id / mgr->config.placement_units;
	plan->channel_count = channel_count(mgr, type);
	if (!range_free(space->segments, segments_total(mgr), plan->segment_first,
			plan->segment_count))
		return NVVGPU_WHY_NO_FRAMEBUFFER;
	if (!plan->channel_count ||
	    !range_free(space->channels, mgr->info.channels_total, plan->channel_first,
			plan->channel_count))
		return NVVGPU_WHY_NO_CHANNELS;
	return NVVGPU_WHY_NONE;
}

static int plan_first_placement(const struct nvvgpu_mgr *mgr, const struct mgr_space *space,
				const struct nvvgpu_type_desc *type, struct mgr_plan *plan,
				struct mgr_why *why)
{
	bool channels = false;
	u32 i;

	for (i = 0; i < type->max_instances; i++) {
		u32 code = plan_at(mgr, space, type, placement_id(mgr, type, i), plan);

		if (code == NVVGPU_WHY_NONE)
			return 0;
		if (code == NVVGPU_WHY_NO_CHANNELS)
			channels = true;
	}
	if (channels)
		return mgr_fail(why, NVVGPU_WHY_NO_CHANNELS, plan->channel_count, -ENOSPC);
	return mgr_fail(why, NVVGPU_WHY_NO_FRAMEBUFFER, type->profile_bytes, -ENOSPC);
}

static int plan_wanted_placement(const struct nvvgpu_mgr *mgr, const struct mgr_space *space,
				 const struct nvvgpu_type_desc *type, u32 id,
				 struct mgr_plan *plan, struct mgr_why *why)
{
	if (!uses_placements(mgr, space) || !is_placement(mgr, type, id))
		return mgr_fail(why, NVVGPU_WHY_PLACEMENT_INVALID, id, -EINVAL);
	switch (plan_at(mgr, space, type, id, plan)) {
	case NVVGPU_WHY_NONE:
		return 0;
	case NVVGPU_WHY_NO_CHANNELS:
		return mgr_fail(why, NVVGPU_WHY_NO_CHANNELS, plan->channel_count, -ENOSPC);
	default:
		return mgr_fail(why, NVVGPU_WHY_PLACEMENT_TAKEN, id, -EINVAL);
	}
}

/* Boards without placements: the first place where it fits. */
static int plan_first_fit(const struct nvvgpu_mgr *mgr, const struct mgr_space *space,
			  const struct nvvgpu_type_desc *type, struct mgr_plan *plan,
			  struct mgr_why *why)
{
	u32 segments = segments_total(mgr);
	unsigned long at;

	plan->placement = NVVGPU_PLACEMENT_NONE;
	plan->segment_count = mgr_segments(mgr, type->profile_bytes);
	at = bitmap_find_next_zero_area((unsigned long *)space->segments, segments, 0,
					plan->segment_count, 0);
	if (at >= segments)
		return mgr_fail(why, NVVGPU_WHY_NO_FRAMEBUFFER, type->profile_bytes, -ENOSPC);
	plan->segment_first = at;

	plan->channel_count = channel_count(mgr, type);
	at = bitmap_find_next_zero_area((unsigned long *)space->channels,
					mgr->info.channels_total, mgr->info.channels_host,
					plan->channel_count, 0);
	if (!plan->channel_count || at >= mgr->info.channels_total)
		return mgr_fail(why, NVVGPU_WHY_NO_CHANNELS, plan->channel_count, -ENOSPC);
	plan->channel_first = at;
	return 0;
}

static int check_wanted_slot(const struct mgr_space *space, u32 slot, struct mgr_why *why)
{
	if (slot >= space->slots_enabled)
		return mgr_fail(why, NVVGPU_WHY_VFS_DISABLED, space->slots_enabled, -ENODEV);
	if (test_bit(slot, space->slots))
		return mgr_fail(why, NVVGPU_WHY_SLOT_BUSY, slot, -EBUSY);
	return 0;
}

/* In equal-size mode all series of the size share its maximum. */
static int check_instances(const struct mgr_space *space, const struct nvvgpu_type_desc *type,
			   u32 created, struct mgr_why *why)
{
	bool equal = space->mode == NVVGPU_MODE_EQUAL_SIZE;

	if (equal && space->live && space->active_bytes != type->profile_bytes)
		return mgr_fail(why, NVVGPU_WHY_EQUAL_SIZE, space->active_bytes, -EINVAL);
	if ((equal ? space->live : created) >= type->max_instances)
		return mgr_fail(why, NVVGPU_WHY_EXHAUSTED, type->max_instances, -ENOSPC);
	return 0;
}

static int pick_slot(const struct mgr_space *space, u32 *ret, struct mgr_why *why)
{
	u32 slot = find_next_zero_bit(space->slots, space->slots_enabled, 0);

	if (!space->slots_enabled)
		return mgr_fail(why, NVVGPU_WHY_VFS_DISABLED, 0, -ENOSPC);
	if (slot >= space->slots_enabled)
		return mgr_fail(why, NVVGPU_WHY_EXHAUSTED, space->slots_enabled, -ENOSPC);
	*ret = slot;
	return 0;
}

int mgr_plan(const struct nvvgpu_mgr *mgr, const struct mgr_space *space,
	     const struct nvvgpu_type_desc *type, u32 created, u32 slot, u32 placement,
	     struct mgr_plan *ret, struct mgr_why *why)
{
	struct mgr_plan plan = { .slot = slot };
	u64 heap = mgr_heap_bytes(type);
	int err = 0;

	if (slot != NVVGPU_SLOT_ANY)
		err = check_wanted_slot(space, slot, why);
	if (!err)
		err = check_instances(space, type, created, why);
	if (!err && slot == NVVGPU_SLOT_ANY)
		err = pick_slot(space, &plan.slot, why);
	if (err)
		return err;

	if (placement != NVVGPU_PLACEMENT_ANY)
		err = plan_wanted_placement(mgr, space, type, placement, &plan, why);
	else if (uses_placements(mgr, space))
		err = plan_first_placement(mgr, space, type, &plan, why);
	else
		err = plan_first_fit(mgr, space, type, &plan, why);
	if (err)
		return err;

	if (space->heap_free < heap || space->bar1_free < heap)
		return mgr_fail(why, NVVGPU_WHY_NO_FRAMEBUFFER, heap, -ENOSPC);
	*ret = plan;
	return 0;
}

bool mgr_plan_fits(const struct nvvgpu_mgr *mgr, const struct mgr_space *space,
		   const struct nvvgpu_type_desc *type, u32 created, const struct mgr_plan *plan)
{
	struct mgr_plan same = *plan;

	if (check_wanted_slot(space, plan->slot, NULL) ||
	    check_instances(space, type, created, NULL))
		return false;
	if (uses_placements(mgr, space))
		return !plan_wanted_placement(mgr, space, type, plan->placement, &same, NULL) &&
		       same.segment_first == plan->segment_first &&
		       same.segment_count == plan->segment_count &&
		       same.channel_first == plan->channel_first &&
		       same.channel_count == plan->channel_count;
	return plan->placement == NVVGPU_PLACEMENT_NONE && plan->channel_count &&
	       plan->channel_count == channel_count(mgr, type) &&
	       plan->segment_count == mgr_segments(mgr, type->profile_bytes) &&
	       range_free(space->segments, segments_total(mgr), plan->segment_first,
			  plan->segment_count) &&
	       range_free(space->channels, mgr->info.channels_total, plan->channel_first,
			  plan->channel_count);
}

void mgr_space_take(struct mgr_space *space, const struct nvvgpu_type_desc *type,
		    const struct mgr_plan *plan)
{
	u64 heap = mgr_heap_bytes(type);

	bitmap_set(space->segments, plan->segment_first, plan->segment_count);
	bitmap_set(space->channels, plan->channel_first, plan->channel_count);
	__set_bit(plan->slot, space->slots);
	if (!space->live++)
		space->active_bytes = type->profile_bytes;
	space->heap_free -= min(heap, space->heap_free);
	space->bar1_free -= min(heap, space->bar1_free);
}

/* Heap and BAR1 come back by mgr_refresh_totals(). */
void mgr_space_release(struct mgr_space *space, const struct mgr_plan *plan)
{
	bitmap_clear(space->segments, plan->segment_first, plan->segment_count);
	bitmap_clear(space->channels, plan->channel_first, plan->channel_count);
	__clear_bit(plan->slot, space->slots);
	if (!--space->live)
		space->active_bytes = 0;
}

static void try_out(struct nvvgpu_mgr *mgr, const struct nvvgpu_type_desc *type,
		    struct nvvgpu_type_state *state)
{
	struct mgr_why why = {};
	struct mgr_plan plan;
	u32 created = mgr_vgpu_count_type(mgr, type->id);

	memset(state, 0, sizeof(*state));
	state->id = type->id;
	state->created = created;
	mgr->trial = mgr->space;
	while (!mgr_plan(mgr, &mgr->trial, type, created + state->available, NVVGPU_SLOT_ANY,
			 NVVGPU_PLACEMENT_ANY, &plan, &why)) {
		mgr_space_take(&mgr->trial, type, &plan);
		state->available++;
	}
	if (!state->available) {
		state->why = why.why;
		state->why_detail = why.detail;
	}
}

const struct nvvgpu_type_state *mgr_type_states(struct nvvgpu_mgr *mgr)
{
	u32 i;

	if (!mgr->states_valid)
		for (i = 0; i < mgr->types.count; i++)
			try_out(mgr, &mgr->types.desc[i], &mgr->states[i]);
	mgr->states_valid = true;
	return mgr->states;
}

u32 mgr_placements(struct nvvgpu_mgr *mgr, const struct nvvgpu_type_desc *type, bool creatable,
		   u32 *ids)
{
	u32 created = mgr_vgpu_count_type(mgr, type->id);
	struct mgr_plan plan;
	u32 count = 0;
	u32 i;

	for (i = 0; i < type->max_instances; i++) {
		u32 id = placement_id(mgr, type, i);

		if (count && ids[count - 1] == id)
			continue;
		if (creatable && mgr_plan(mgr, &mgr->space, type, created, NVVGPU_SLOT_ANY, id,
					  &plan, NULL))
			continue;
		ids[count++] = id;
	}
	return count;
}
