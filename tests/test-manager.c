// SPDX-License-Identifier: MIT
/* The vGPU manager on the real core and an emulated board, through its ioctls. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include "harness/board.h"
#include "kmod/vfio/migration.h"

/* enum vfio_device_mig_state: ABI */
#define MIG_ERROR	0
#define MIG_STOP	1
#define MIG_RUNNING	2
#define MIG_STOP_COPY	3
#define MIG_RESUMING	4

static const char *const board_ids[] = { "l40", "l40s", "a40", "rtx6000-ada", "l4", "a16", "t4" };

#define BOARDS	((int)ARRAY_SIZE(board_ids))

static struct board board;

/* ------------------------------------------------------------------- short forms */

static void start(const char *id)
{
	ck_assert_int_eq(board_start(&board, id), 0);
}

static struct nvvgpu_ioctl_stats stats(struct board *b)
{
	struct nvvgpu_ioctl_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_STATS, &stats), 0);
	return stats;
}

static struct nvvgpu_ioctl_info info(struct board *b)
{
	struct nvvgpu_ioctl_info info = { .size = sizeof(info) };

	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_INFO, &info), 0);
	return info;
}

static struct nvvgpu_ioctl_create recipe(struct board *b, u32 type)
{
	struct nvvgpu_ioctl_create arg = {
		.size = sizeof(arg),
		.type_id = type,
		.slot = NVVGPU_SLOT_ANY,
		.placement = NVVGPU_PLACEMENT_ANY,
	};

	put_unaligned_le32(++b->next_uuid, arg.uuid);
	return arg;
}

static long try_create(struct board *b, u32 type, struct nvvgpu_ioctl_create *arg)
{
	*arg = recipe(b, type);
	return board_ioctl(b, NVVGPU_IOCTL_CREATE, arg);
}

static struct nvvgpu_vgpu_info create(struct board *b, u32 type)
{
	struct nvvgpu_ioctl_create arg;

	ck_assert_int_eq(try_create(b, type, &arg), 0);
	ck_assert_uint_eq(arg.why, NVVGPU_WHY_NONE);
	return arg.info;
}

static struct nvvgpu_vgpu_info create_at(struct board *b, u32 type, u32 placement)
{
	struct nvvgpu_ioctl_create arg = recipe(b, type);

	arg.placement = placement;
	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_CREATE, &arg), 0);
	return arg.info;
}

static void refuse(struct board *b, struct nvvgpu_ioctl_create arg, long err, u32 why, u64 detail)
{
	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_CREATE, &arg), err);
	ck_assert_uint_eq(arg.why, why);
	ck_assert_uint_eq(arg.why_detail, detail);
}

static long try_destroy(struct board *b, u32 id, u32 *why)
{
	struct nvvgpu_ioctl_destroy arg = { .size = sizeof(arg), .id = id };
	long err = board_ioctl(b, NVVGPU_IOCTL_DESTROY, &arg);

	if (why)
		*why = arg.why;
	return err;
}

static void destroy(struct board *b, u32 id)
{
	ck_assert_int_eq(try_destroy(b, id, NULL), 0);
}

static u32 list_vgpus(struct board *b, struct nvvgpu_vgpu_info *infos)
{
	struct nvvgpu_ioctl_vgpu_list arg = {
		.size = sizeof(arg),
		.count = NVVGPU_MAX_VGPUS,
		.infos = (uintptr_t)infos,
	};

	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_VGPU_LIST, &arg), 0);
	return arg.count;
}

static void destroy_all(struct board *b)
{
	struct nvvgpu_vgpu_info infos[NVVGPU_MAX_VGPUS];
	u32 count = list_vgpus(b, infos);

	for (u32 i = 0; i < count; i++)
		destroy(b, infos[i].id);
}

static u32 list_types(struct board *b, struct nvvgpu_type_state *states)
{
	struct nvvgpu_ioctl_type_list arg = {
		.size = sizeof(arg),
		.count = NVVGPU_MAX_TYPES,
		.states = (uintptr_t)states,
	};

	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_TYPE_LIST, &arg), 0);
	return arg.count;
}

static struct nvvgpu_type_state type_state(struct board *b, u32 id)
{
	struct nvvgpu_type_state states[NVVGPU_MAX_TYPES];
	u32 count = list_types(b, states);

	for (u32 i = 0; i < count; i++) {
		/* 0 never comes without a why */
		ck_assert((states[i].available == 0) == (states[i].why != NVVGPU_WHY_NONE));
		if (states[i].id == id)
			return states[i];
	}
	ck_abort_msg("type %u is not listed", id);
}

static u32 placements(struct board *b, u32 type, u32 which, u32 *ids, u32 *ret_length)
{
	struct nvvgpu_ioctl_placements arg = {
		.size = sizeof(arg),
		.type_id = type,
		.which = which,
		.count = NVVGPU_MAX_VGPUS,
		.ids = (uintptr_t)ids,
	};

	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_PLACEMENTS, &arg), 0);
	if (ret_length)
		*ret_length = arg.length;
	return arg.count;
}

static long set_mode(struct board *b, u32 mode, u32 *why)
{
	struct nvvgpu_ioctl_mode arg = { .size = sizeof(arg), .mode = mode };
	long err = board_ioctl(b, NVVGPU_IOCTL_MODE_SET, &arg);

	if (why)
		*why = arg.why;
	return err;
}

static const struct nvvgpu_type_desc *type_by_name(const struct board *b, const char *tail)
{
	for (u32 i = 0; i < b->data->type_count; i++) {
		const struct nvvgpu_type_desc *type = &b->data->types[i];
		const char *dash = strrchr(type->name, '-');

		if (dash && !strcmp(dash + 1, tail))
			return type;
	}
	ck_abort_msg("no type -%s on %s", tail, b->data->id);
}

static u32 type_id(const struct board *b, const char *tail)
{
	return type_by_name(b, tail)->id;
}

static struct nvvgpu_mgr_vgpu *open_slot(struct board *b, u32 slot)
{
	struct nvvgpu_mgr_vgpu *vgpu;

	ck_assert_int_eq(nvvgpu_mgr_open(b->mgr, slot, 1234, &vgpu), 0);
	board_settle(b);
	return vgpu;
}

static void close_vgpu(struct board *b, struct nvvgpu_mgr_vgpu *vgpu)
{
	nvvgpu_mgr_close(vgpu);
	board_settle(b);
}

static u32 state_of(struct board *b, u32 id)
{
	struct nvvgpu_ioctl_vgpu_get arg = { .size = sizeof(arg), .id = id };

	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_VGPU_GET, &arg), 0);
	return arg.info.state;
}

/* Everything that a create takes and a destroy gives back. */
struct footprint {
	struct nvvgpu_core_totals core;
	struct nvvgpu_emu_totals emu;
	struct nvvgpu_ioctl_stats stats;
#ifdef NVVGPU_FAULT_INJECTION
	long allocs;
#endif
};

static struct footprint footprint(struct board *b)
{
	struct nvvgpu_core_ops ops;
	struct footprint now;

	memset(&now, 0, sizeof(now));
	strscpy(ops.version_string, NVVGPU_CORE_OPS_VERSION, sizeof(ops.version_string));
	ck_assert_int_eq(nvvgpu_core_get_ops(&ops), 0);
	ops.get_totals(b->core, &now.core);
	nvvgpu_emu_get_totals(b->emu, &now.emu);
	now.stats = stats(b);
#ifdef NVVGPU_FAULT_INJECTION
	now.allocs = nvvgpu_shim_allocs();
#endif
	return now;
}

static void same_footprint(const struct footprint *a, const struct footprint *b)
{
	ck_assert_uint_eq(a->core.guest_fb_free, b->core.guest_fb_free);
	ck_assert_uint_eq(a->core.heap_free, b->core.heap_free);
	ck_assert_uint_eq(a->core.bar1_free, b->core.bar1_free);
	ck_assert_uint_eq(a->core.channels_free, b->core.channels_free);
	ck_assert_uint_eq(a->core.clients, b->core.clients);
	ck_assert_uint_eq(a->core.plugins, b->core.plugins);
	ck_assert_uint_eq(a->emu.rm_clients, b->emu.rm_clients);
	ck_assert_uint_eq(a->emu.rm_objects, b->emu.rm_objects);
	ck_assert_uint_eq(a->emu.plugins, b->emu.plugins);
	ck_assert_uint_eq(a->emu.bar1_pages, b->emu.bar1_pages);
	ck_assert_uint_eq(a->stats.vgpus, b->stats.vgpus);
#ifdef NVVGPU_FAULT_INJECTION
	ck_assert_int_eq(a->allocs, b->allocs);
#endif
}

/* A correct driver is never told that it asked for nonsense. */
static void nothing_refused(struct board *b)
{
	struct nvvgpu_emu_totals totals;

	nvvgpu_emu_get_totals(b->emu, &totals);
	ck_assert_uint_eq(totals.refused, 0);
}

static u32 random_below(u32 *seed, u32 limit)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % limit;
}

/* ------------------------------------------------------------------ types and lists */

START_TEST(lists_every_type)
{
	struct nvvgpu_type_state states[NVVGPU_MAX_TYPES];

	start(board_ids[_i]);
	ck_assert_uint_eq(list_types(&board, states), board.data->type_count);
	for (u32 i = 0; i < board.data->type_count; i++) {
		const struct nvvgpu_type_desc *type = &board.data->types[i];
		struct nvvgpu_ioctl_type arg = { .size = sizeof(arg), .id = type->id };

		ck_assert_uint_eq(states[i].id, type->id);
		ck_assert_uint_eq(states[i].created, 0);
		ck_assert_uint_eq(states[i].available, type->max_instances);
		ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_TYPE_GET, &arg), 0);
		ck_assert_str_eq(arg.name, type->name);
		ck_assert_str_eq(arg.class_name, type->class_name);
		ck_assert_str_eq(arg.license, type->license);
		ck_assert_uint_eq(arg.max_instances, type->max_instances);
		ck_assert_uint_eq(arg.profile_bytes, type->profile_bytes);
		ck_assert_uint_eq(arg.vdev_id, type->vdev_id);
		ck_assert_uint_eq(arg.max_pixels, type->max_pixels);
	}
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

START_TEST(describes_the_board)
{
	struct nvvgpu_ioctl_info now;

	start(board_ids[_i]);
	now = info(&board);
	ck_assert_uint_eq(now.abi_version, NVVGPU_ABI_VERSION);
	ck_assert_str_eq(now.board_name, board.data->name);
	ck_assert_str_eq(now.firmware_version, "535.113.01");
	ck_assert_str_eq(now.driver_version, "0.1.0");
	ck_assert_uint_eq(now.framebuffer_bytes, board.data->guest_fb_bytes);
	ck_assert_uint_eq(now.slots_total, board_slots(&board));
	ck_assert_uint_eq(now.slots_enabled, board_slots(&board));
	ck_assert_uint_eq(now.types, board.data->type_count);
	ck_assert(!!(now.features & NVVGPU_FEATURE_SRIOV) == !!board.data->vfs_total);
	ck_assert(!!(now.features & NVVGPU_FEATURE_MIXED_SIZE) == board.data->mixed_size);
	ck_assert(!!(now.features & NVVGPU_FEATURE_PLACEMENT) == board.data->placement);
	ck_assert(now.features & NVVGPU_FEATURE_EMULATED);
	board_stop(&board);
}
END_TEST

START_TEST(adds_types)
{
	struct nvvgpu_type_desc good, bad;
	struct nvvgpu_type_desc many[NVVGPU_MAX_TYPES + 1];
	struct nvvgpu_ioctl_type arg = { .size = sizeof(arg) };
	u32 before;

	start("rtx6000-ada");
	before = board.data->type_count;
	good = board.data->types[0];
	ck_assert_int_eq(nvvgpu_mgr_types_add(board.mgr, &good, 1), -EEXIST);
	good.id = 1;

#define BAD(member, value)							\
	do {									\
		bad = good;							\
		bad.member = (value);						\
		ck_assert_int_eq(nvvgpu_mgr_types_add(board.mgr, &bad, 1), -EINVAL); \
	} while (0)
	BAD(id, 0);
	BAD(max_instances, 0);
	BAD(max_instances, NVVGPU_MAX_VGPUS + 1);
	BAD(profile_bytes, 0);
	BAD(profile_bytes, ~0ULL);
	BAD(framebuffer_bytes, 0);
	BAD(framebuffer_bytes, good.framebuffer_bytes - 1);
	BAD(reservation_bytes, 1);
	BAD(gsp_heap_bytes, 0);
	BAD(gsp_heap_bytes, ~0ULL);
	BAD(name[0], '\0');
	BAD(name[3], '\n');
	BAD(class_name[0], '\x7f');
#undef BAD
	bad = good;
	memset(bad.license, 'x', sizeof(bad.license));
	ck_assert_int_eq(nvvgpu_mgr_types_add(board.mgr, &bad, 1), -EINVAL);

	/* all or nothing */
	many[0] = good;
	many[1] = good;
	ck_assert_int_eq(nvvgpu_mgr_types_add(board.mgr, many, 2), -EEXIST);
	ck_assert_uint_eq(info(&board).types, before);
	for (u32 i = 0; i < ARRAY_SIZE(many); i++) {
		many[i] = good;
		many[i].id = 5000 - i;
	}
	ck_assert_int_eq(nvvgpu_mgr_types_add(board.mgr, many, NVVGPU_MAX_TYPES + 1 - before),
			 -ENOSPC);
	ck_assert_int_eq(nvvgpu_mgr_types_add(board.mgr, many, NVVGPU_MAX_TYPES - before), 0);
	ck_assert_uint_eq(info(&board).types, NVVGPU_MAX_TYPES);

	/* through the ioctl too */
	arg.id = 4999;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_TYPE_GET, &arg), 0);
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_TYPE_ADD, &arg), -ENOSPC);
	create(&board, 4999);
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

/* -------------------------------------------------------------------- availability */

/* The first vGPU fixes the size; other series of that size stay creatable. */
START_TEST(equal_size_rule)
{
	start(board_ids[_i]);
	for (u32 i = 0; i < board.data->type_count; i++) {
		const struct nvvgpu_type_desc *first = &board.data->types[i];
		u32 id = create(&board, first->id).id;

		for (u32 j = 0; j < board.data->type_count; j++) {
			const struct nvvgpu_type_desc *type = &board.data->types[j];
			struct nvvgpu_type_state state = type_state(&board, type->id);

			ck_assert_uint_eq(state.created, i == j);
			if (type->profile_bytes != first->profile_bytes) {
				ck_assert_uint_eq(state.available, 0);
				ck_assert_uint_eq(state.why, NVVGPU_WHY_EQUAL_SIZE);
				ck_assert_uint_eq(state.why_detail, first->profile_bytes);
				refuse(&board, recipe(&board, type->id), -EINVAL,
				       NVVGPU_WHY_EQUAL_SIZE, first->profile_bytes);
			} else if (type->max_instances == 1) {
				ck_assert_uint_eq(state.why, NVVGPU_WHY_EXHAUSTED);
				ck_assert_uint_eq(state.why_detail, 1);
			} else {
				ck_assert_uint_eq(state.available, type->max_instances - 1);
			}
		}
		destroy(&board, id);
	}
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

/* N were promised: N creates succeed, the next fails with the reason that the list then gives. */
static void available_is_exact(u32 type)
{
	u32 ids[NVVGPU_MAX_VGPUS];
	struct nvvgpu_type_state state = type_state(&board, type);
	struct nvvgpu_ioctl_create arg;
	u32 promised = state.available;
	long err;

	for (u32 i = 0; i < promised; i++) {
		ck_assert_uint_eq(type_state(&board, type).available, promised - i);
		ids[i] = create(&board, type).id;
	}
	state = type_state(&board, type);
	ck_assert_uint_eq(state.available, 0);
	err = try_create(&board, type, &arg);
	ck_assert(err == -ENOSPC || err == -EINVAL);
	ck_assert_uint_eq(arg.why, state.why);
	ck_assert_uint_eq(arg.why_detail, state.why_detail);
	while (promised)
		destroy(&board, ids[--promised]);
}

START_TEST(available_is_exact_on_an_empty_board)
{
	struct footprint before;

	start(board_ids[_i]);
	before = footprint(&board);
	for (u32 i = 0; i < board.data->type_count; i++) {
		struct footprint after;

		available_is_exact(board.data->types[i].id);
		after = footprint(&board);
		same_footprint(&before, &after);
	}
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

static void random_walk(u32 seed, int steps)
{
	struct nvvgpu_vgpu_info infos[NVVGPU_MAX_VGPUS];

	for (int step = 0; step < steps; step++) {
		u32 pick = random_below(&seed, board.data->type_count);
		u32 type = board.data->types[pick].id;
		struct nvvgpu_ioctl_create arg;
		u32 count;

		available_is_exact(type);
		try_create(&board, type, &arg);
		count = list_vgpus(&board, infos);
		if (count && !random_below(&seed, 3))
			destroy(&board, infos[random_below(&seed, count)].id);
	}
	destroy_all(&board);
}

START_TEST(available_is_exact_in_any_state)
{
	struct footprint before, after;

	start(board_ids[_i]);
	before = footprint(&board);
	random_walk(1 + _i, 12);
	if (board.data->mixed_size) {
		ck_assert_int_eq(set_mode(&board, NVVGPU_MODE_MIXED_SIZE, NULL), 0);
		random_walk(100 + _i, 24);
		ck_assert_int_eq(set_mode(&board, NVVGPU_MODE_EQUAL_SIZE, NULL), 0);
	}
	after = footprint(&board);
	same_footprint(&before, &after);
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

/* Large management heaps run out of heap, on a T4 of BAR1: that counts too. */
START_TEST(available_counts_heaps)
{
	static const struct {
		const char *board;
		u64 heap_bytes;
	} cases[] = { { "l40", 600ULL << 20 }, { "t4", 100ULL << 20 } };

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nvvgpu_type_state state;
		struct nvvgpu_type_desc type;

		start(cases[i].board);
		type = *type_by_name(&board, "1Q");
		type.id = 4000;
		type.gsp_heap_bytes = cases[i].heap_bytes;
		ck_assert_int_eq(nvvgpu_mgr_types_add(board.mgr, &type, 1), 0);
		state = type_state(&board, 4000);
		ck_assert_uint_lt(state.available, 4);
		available_is_exact(4000);
		create(&board, type_id(&board, "1Q"));
		available_is_exact(4000);
		nothing_refused(&board);
		board_stop(&board);
	}
}
END_TEST

START_TEST(thirty_two_and_no_more)
{
	struct nvvgpu_vgpu_info infos[NVVGPU_MAX_VGPUS];
	struct footprint before, after;

	start("l40");
	before = footprint(&board);
	for (u32 i = 0; i < 32; i++) {
		struct nvvgpu_vgpu_info vgpu = create(&board, 869);

		ck_assert_uint_eq(vgpu.slot, i);
		ck_assert_uint_eq(vgpu.gfid, i + 1);
		ck_assert_uint_eq(vgpu.placement, 48 * i / 32);
		ck_assert_uint_eq(vgpu.channel_first, 512 + 1536 * (48 * i / 32) / 48);
		ck_assert_uint_eq(vgpu.channel_count, 32);
		ck_assert_uint_eq(vgpu.framebuffer_bytes, 1ULL << 30);
		ck_assert_uint_eq(vgpu.state, NVVGPU_STATE_ASSIGNED);
	}
	ck_assert_uint_eq(list_vgpus(&board, infos), 32);
	refuse(&board, recipe(&board, 869), -ENOSPC, NVVGPU_WHY_EXHAUSTED, 32);
	ck_assert_uint_eq(stats(&board).framebuffer_free_bytes, 16ULL << 30);
	destroy_all(&board);
	after = footprint(&board);
	same_footprint(&before, &after);
	ck_assert_uint_eq(after.stats.created_total, 32);
	ck_assert_uint_eq(after.stats.destroyed_total, 32);
	ck_assert_uint_eq(after.stats.create_failed_total, 1);
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

/* ---------------------------------------------------------------------- placements */

START_TEST(mixed_size_combinations)
{
	u32 ids[NVVGPU_MAX_VGPUS], length;

	start("l40");
	ck_assert_int_eq(set_mode(&board, NVVGPU_MODE_MIXED_SIZE, NULL), 0);
	ck_assert_uint_eq(create(&board, type_id(&board, "24Q")).placement, 0);
	ck_assert_uint_eq(create(&board, type_id(&board, "12Q")).placement, 24);
	ck_assert_uint_eq(create(&board, type_id(&board, "8Q")).placement, 40);
	ck_assert_uint_eq(create(&board, type_id(&board, "4A")).placement, 36);
	/* the 48 units are full */
	refuse(&board, recipe(&board, type_id(&board, "1B")), -ENOSPC,
	       NVVGPU_WHY_NO_FRAMEBUFFER, 1ULL << 30);
	destroy_all(&board);

	/* wanted ones: invalid, taken, free */
	create_at(&board, type_id(&board, "8Q"), 16);
	ck_assert_uint_eq(placements(&board, type_id(&board, "16Q"), NVVGPU_PLACEMENTS_SUPPORTED,
				     ids, &length), 3);
	ck_assert_uint_eq(length, 16);
	ck_assert(ids[0] == 0 && ids[1] == 16 && ids[2] == 32);
	ck_assert_uint_eq(placements(&board, type_id(&board, "16Q"), NVVGPU_PLACEMENTS_CREATABLE,
				     ids, &length), 2);
	ck_assert(ids[0] == 0 && ids[1] == 32);
	for (u32 placement = 0; placement < 49; placement++) {
		struct nvvgpu_ioctl_create arg = recipe(&board, type_id(&board, "16Q"));

		arg.placement = placement;
		if (placement == 16)
			refuse(&board, arg, -EINVAL, NVVGPU_WHY_PLACEMENT_TAKEN, 16);
		else if (placement != 0 && placement != 32)
			refuse(&board, arg, -EINVAL, NVVGPU_WHY_PLACEMENT_INVALID, placement);
	}
	create_at(&board, type_id(&board, "16Q"), 32);
	create_at(&board, type_id(&board, "16Q"), 0);
	create_at(&board, type_id(&board, "8A"), 24);
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

/* An oracle of its own: units taken, ids by the published formula, the first free one wins. */
START_TEST(placement_ids_are_exact)
{
	u32 units, seed = 7 + _i;
	bool taken[64] = { false };

	start(board_ids[_i]);
	if (board.data->mixed_size)
		ck_assert_int_eq(set_mode(&board, NVVGPU_MODE_MIXED_SIZE, NULL), 0);
	else
		goto out;
	units = board.data->guest_fb_bytes >> 30;
	ck_assert_uint_eq(info(&board).placement_units, units);
	for (int step = 0; step < 60; step++) {
		u32 pick = random_below(&seed, board.data->type_count);
		const struct nvvgpu_type_desc *type = &board.data->types[pick];
		u32 length = type->profile_bytes >> 30, ids[NVVGPU_MAX_VGPUS], free_ids = 0;
		u32 got[NVVGPU_MAX_VGPUS];
		struct nvvgpu_ioctl_create arg;

		for (u32 j = 0; j < type->max_instances; j++) {
			u32 id = units * j / type->max_instances;
			bool is_free = true;

			for (u32 k = id; k < id + length; k++)
				is_free &= !taken[k];
			if (is_free)
				ids[free_ids++] = id;
		}
		if (type_state(&board, type->id).why == NVVGPU_WHY_EXHAUSTED)
			free_ids = 0;
		ck_assert_uint_eq(placements(&board, type->id, NVVGPU_PLACEMENTS_CREATABLE, got,
					     NULL), free_ids);
		ck_assert(!memcmp(got, ids, free_ids * sizeof(ids[0])));
		if (!free_ids) {
			destroy_all(&board);
			memset(taken, 0, sizeof(taken));
			continue;
		}
		ck_assert_int_eq(try_create(&board, type->id, &arg), 0);
		ck_assert_uint_eq(arg.info.placement, ids[0]);
		memset(taken + ids[0], true, length);
	}
out:
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

START_TEST(boards_without_placements)
{
	struct nvvgpu_ioctl_placements query = { .size = sizeof(query) };
	struct nvvgpu_ioctl_create arg;
	struct nvvgpu_vgpu_info a, b;

	start("t4");
	query.type_id = type_id(&board, "2Q");
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_PLACEMENTS, &query), -EOPNOTSUPP);
	ck_assert_uint_eq(info(&board).placement_units, 0);
	arg = recipe(&board, query.type_id);
	arg.placement = 0;
	refuse(&board, arg, -EINVAL, NVVGPU_WHY_PLACEMENT_INVALID, 0);
	a = create(&board, query.type_id);
	b = create(&board, query.type_id);
	ck_assert_uint_eq(a.placement, NVVGPU_PLACEMENT_NONE);
	ck_assert_uint_eq(a.channel_first, 512);
	ck_assert_uint_eq(a.channel_count, 128);
	ck_assert_uint_eq(b.channel_first, 640);
	destroy(&board, a.id);
	ck_assert_uint_eq(create(&board, query.type_id).channel_first, 512);
	board_stop(&board);
}
END_TEST

/* ----------------------------------------------------------------- create, destroy */

START_TEST(create_says_why_not)
{
	struct nvvgpu_ioctl_create arg, first;
	u32 why;

	start("l40");
	refuse(&board, recipe(&board, 4711), -ENODEV, NVVGPU_WHY_NO_TYPE, 4711);
	arg = recipe(&board, 869);
	memset(arg.uuid, 0, sizeof(arg.uuid));
	refuse(&board, arg, -EINVAL, NVVGPU_WHY_NONE, 0);
	arg = recipe(&board, 869);
	memset(arg.owner, 'x', sizeof(arg.owner));
	refuse(&board, arg, -EINVAL, NVVGPU_WHY_NONE, 0);
	arg = recipe(&board, 869);
	arg.slot = 32;
	refuse(&board, arg, -ENODEV, NVVGPU_WHY_VFS_DISABLED, 32);
	arg = recipe(&board, 869);
	arg.params_len = NVVGPU_PARAMS_LEN;
	refuse(&board, arg, -EINVAL, NVVGPU_WHY_PARAMS, NVVGPU_PARAMS_LEN - 1);
	arg = recipe(&board, 869);
	arg.params = (uintptr_t)"a=1,,b=2";
	arg.params_len = 8;
	refuse(&board, arg, -EINVAL, NVVGPU_WHY_PARAMS, 4);

	first = recipe(&board, 869);
	first.slot = 5;
	strcpy(first.owner, "test");
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_CREATE, &first), 0);
	ck_assert_uint_eq(first.info.slot, 5);
	ck_assert_str_eq(first.info.owner, "test");
	refuse(&board, first, -EEXIST, NVVGPU_WHY_DUPLICATE_UUID, 0);
	arg = recipe(&board, 869);
	arg.slot = 5;
	refuse(&board, arg, -EBUSY, NVVGPU_WHY_SLOT_BUSY, 5);

	ck_assert_int_eq(try_destroy(&board, first.info.id + 1, &why), -ENODEV);
	destroy(&board, first.info.id);
	ck_assert_int_eq(try_destroy(&board, first.info.id, &why), -ENODEV);
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

START_TEST(ids_rotate)
{
	u32 first, id;

	start("l4");
	first = create(&board, type_id(&board, "1Q")).id;
	ck_assert_uint_eq(first, 1);
	for (u32 i = 2; i < 20; i++) {
		id = create(&board, type_id(&board, "1Q")).id;
		ck_assert_uint_eq(id, i);
		destroy(&board, id);
	}
	board_stop(&board);
}
END_TEST

/* What one vGPU wrote is gone for the next, and nobody else loses anything. */
START_TEST(scrubs)
{
	static const char secret[] = "what the last tenant left behind";
	struct nvvgpu_vgpu_info vgpu, other;
	struct nvvgpu_mgr_vgpu *open;
	u64 here, there, base = 1ULL << 30;
	char back[sizeof(secret)];

	start("l40");
	vgpu = create(&board, 869);
	other = create(&board, 869);
	here = vgpu.placement * base + 12345;
	there = other.placement * base + base - sizeof(secret);
	ck_assert_int_eq(board_fb_write(&board, here, secret, sizeof(secret)), 0);
	ck_assert_int_eq(board_fb_write(&board, there, secret, sizeof(secret)), 0);

	/* close and open keep the contents, reset does not */
	open = open_slot(&board, vgpu.slot);
	close_vgpu(&board, open);
	ck_assert_int_eq(board_fb_read(&board, here, back, sizeof(back)), 0);
	ck_assert_str_eq(back, secret);
	open = open_slot(&board, vgpu.slot);
	ck_assert_int_eq(nvvgpu_mgr_reset(open), 0);
	ck_assert(!board_fb_used(&board, vgpu.placement * base, base));
	close_vgpu(&board, open);

	ck_assert_int_eq(board_fb_write(&board, here, secret, sizeof(secret)), 0);
	destroy(&board, vgpu.id);
	ck_assert(!board_fb_used(&board, vgpu.placement * base, base));
	ck_assert_int_eq(board_fb_write(&board, here, secret, sizeof(secret)), 0);
	ck_assert_uint_eq(create(&board, 869).placement, vgpu.placement);
	ck_assert(!board_fb_used(&board, vgpu.placement * base, base));

	ck_assert_int_eq(board_fb_read(&board, there, back, sizeof(back)), 0);
	ck_assert_str_eq(back, secret);
	ck_assert_uint_eq(stats(&board).scrubbed_bytes_total, 5 * base);
	board_stop(&board);
}
END_TEST

START_TEST(slots_follow_sriov)
{
	struct nvvgpu_ioctl_create arg;

	start("l40");
	ck_assert_int_eq(nvvgpu_mgr_set_slots_enabled(board.mgr, 33), -EINVAL);
	ck_assert_int_eq(nvvgpu_mgr_set_slots_enabled(board.mgr, 2), 0);
	ck_assert_uint_eq(type_state(&board, 869).available, 2);
	create(&board, 869);
	arg = recipe(&board, 869);
	arg.slot = 2;
	refuse(&board, arg, -ENODEV, NVVGPU_WHY_VFS_DISABLED, 2);
	create(&board, 869);
	refuse(&board, recipe(&board, 869), -ENOSPC, NVVGPU_WHY_EXHAUSTED, 2);
	ck_assert_int_eq(nvvgpu_mgr_set_slots_enabled(board.mgr, 1), -EBUSY);
	destroy_all(&board);
	ck_assert_int_eq(nvvgpu_mgr_set_slots_enabled(board.mgr, 0), 0);
	ck_assert_uint_eq(type_state(&board, 869).why, NVVGPU_WHY_VFS_DISABLED);
	refuse(&board, recipe(&board, 869), -ENOSPC, NVVGPU_WHY_VFS_DISABLED, 0);
	board_stop(&board);

	start("t4");
	ck_assert_int_eq(nvvgpu_mgr_set_slots_enabled(board.mgr, 16), 0);
	ck_assert_int_eq(nvvgpu_mgr_set_slots_enabled(board.mgr, 4), -EOPNOTSUPP);
	board_stop(&board);
}
END_TEST

START_TEST(mode_rules)
{
	u32 why, id;
	u64 cursor;

	start("t4");
	ck_assert_int_eq(set_mode(&board, NVVGPU_MODE_MIXED_SIZE, &why), -EOPNOTSUPP);
	ck_assert_uint_eq(why, NVVGPU_WHY_NOT_SUPPORTED);
	ck_assert_int_eq(set_mode(&board, NVVGPU_MODE_EQUAL_SIZE, &why), 0);
	ck_assert_int_eq(set_mode(&board, 2, &why), -EINVAL);
	board_stop(&board);

	start("a40");
	id = create(&board, 557).id;
	ck_assert_int_eq(set_mode(&board, NVVGPU_MODE_MIXED_SIZE, &why), -EBUSY);
	ck_assert_uint_eq(why, NVVGPU_WHY_LIVE_VGPUS);
	destroy(&board, id);
	ck_assert_int_eq(set_mode(&board, NVVGPU_MODE_MIXED_SIZE, &why), 0);
	ck_assert_uint_eq(info(&board).mode, NVVGPU_MODE_MIXED_SIZE);
	cursor = nvvgpu_mgr_event_cursor(board.mgr);
	ck_assert_int_eq(set_mode(&board, NVVGPU_MODE_MIXED_SIZE, &why), 0);
	ck_assert(!nvvgpu_mgr_event_pending(board.mgr, cursor));
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

/* ---------------------------------------------------------------------- parameters */

static long set_params(u32 id, const char *params, size_t len, u32 *why)
{
	struct nvvgpu_ioctl_params arg = {
		.size = sizeof(arg),
		.flags = NVVGPU_PARAMS_SET,
		.id = id,
		.len = len,
		.params = (uintptr_t)params,
	};
	long err = board_ioctl(&board, NVVGPU_IOCTL_PARAMS, &arg);

	*why = arg.why;
	return err;
}

START_TEST(parameters)
{
	static const char *const good[] = {
		"a=1", "a=1,b=2", "frame_rate_limiter=0,disable_vnc=1", "a=x y=z", "",
	};
	static const struct {
		const char *text;
		u32 offset;
	} bad[] = {
		{ "a", 1 }, { "=1", 0 }, { "a=", 2 }, { "a=1,", 4 }, { ",a=1", 0 },
		{ "a=1,,b=2", 4 }, { "a=1,a=2", 4 }, { "a b=1", 1 }, { "a=\t", 2 },
		{ "a=1\n", 3 }, { "a=\xc3\xa4", 2 }, { "a=1,b=2,ab=3,b=4", 13 },
	};
	struct nvvgpu_ioctl_params get = { .size = sizeof(get) };
	struct nvvgpu_ioctl_create arg;
	struct nvvgpu_mgr_vgpu *open;
	char buf[NVVGPU_PARAMS_LEN], big[NVVGPU_PARAMS_LEN];
	size_t len;
	u32 why;

	start("l40");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		arg = recipe(&board, 869);
		arg.params = (uintptr_t)bad[i].text;
		arg.params_len = strlen(bad[i].text);
		refuse(&board, arg, -EINVAL, NVVGPU_WHY_PARAMS, bad[i].offset);
	}
	arg = recipe(&board, 869);
	arg.params = (uintptr_t)"a=1,b=2 not read";
	arg.params_len = 7;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_CREATE, &arg), 0);
	get.id = arg.info.id;

	/* get: needed length, exact room, room for a NUL */
	get.params = (uintptr_t)buf;
	get.len = 6;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_PARAMS, &get), -ENOSPC);
	ck_assert_uint_eq(get.len, 7);
	memset(buf, 'z', sizeof(buf));
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_PARAMS, &get), 0);
	ck_assert(!memcmp(buf, "a=1,b=2z", 8));
	get.len = 8;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_PARAMS, &get), 0);
	ck_assert_str_eq(buf, "a=1,b=2");
	ck_assert_uint_eq(get.len, 7);

	/* set: whole or not at all */
	ck_assert_int_eq(set_params(get.id, "a\0=1", 4, &why), -EINVAL);
	ck_assert_uint_eq(why, NVVGPU_WHY_PARAMS);
	ck_assert_int_eq(set_params(get.id + 1, "a=1", 3, &why), -ENODEV);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		ck_assert_int_eq(set_params(get.id, good[i], strlen(good[i]), &why), 0);
		get.len = sizeof(buf);
		ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_PARAMS, &get), 0);
		ck_assert_str_eq(buf, good[i]);
	}
	memset(big, 'v', sizeof(big));
	memcpy(big, "key=", 4);
	ck_assert_int_eq(set_params(get.id, big, 4 + 256, &why), -EINVAL);
	ck_assert_int_eq(set_params(get.id, big, 4 + 255, &why), 0);
	for (len = 0; len + 7 < sizeof(big); len += 7)
		sprintf(big + len, "k%03zu=v,", len / 7);
	ck_assert_int_eq(set_params(get.id, big, len - 1, &why), 0);

	open = open_slot(&board, arg.info.slot);
	ck_assert_int_eq(set_params(get.id, "a=1", 3, &why), -EBUSY);
	ck_assert_uint_eq(why, NVVGPU_WHY_IN_USE);
	close_vgpu(&board, open);
	board_stop(&board);
}
END_TEST

/* --------------------------------------------------------------- open, crash, reset */

START_TEST(open_and_close)
{
	struct nvvgpu_mgr_vgpu *vgpu, *again;
	struct nvvgpu_vgpu_info created;
	struct footprint before, after;
	u32 why;

	start(board_ids[_i]);
	ck_assert_int_eq(nvvgpu_mgr_open(board.mgr, 0, 1, &vgpu), -ENODEV);
	ck_assert_int_eq(nvvgpu_mgr_open(board.mgr, 1000, 1, &vgpu), -ENODEV);
	created = create(&board, board.data->types[0].id);
	before = footprint(&board);

	vgpu = open_slot(&board, created.slot);
	ck_assert_uint_eq(state_of(&board, created.id), NVVGPU_STATE_RUNNING);
	ck_assert_uint_eq(nvvgpu_mgr_vgpu_gfid(vgpu), created.gfid);
	ck_assert_uint_eq(nvvgpu_mgr_vgpu_type(vgpu)->id, created.type_id);
	ck_assert_int_eq(nvvgpu_mgr_open(board.mgr, created.slot, 1, &again), -EBUSY);
	ck_assert_int_eq(try_destroy(&board, created.id, &why), -EBUSY);
	ck_assert_uint_eq(why, NVVGPU_WHY_IN_USE);
	ck_assert_int_eq(nvvgpu_mgr_set_bus_master(vgpu, true), 0);
	ck_assert_int_eq(nvvgpu_mgr_reset(vgpu), 0);
	close_vgpu(&board, vgpu);

	ck_assert_uint_eq(state_of(&board, created.id), NVVGPU_STATE_ASSIGNED);
	after = footprint(&board);
	same_footprint(&before, &after);
	ck_assert_uint_eq(after.stats.booted_total, 1);
	destroy(&board, created.id);
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

START_TEST(crash_and_revival)
{
	struct nvvgpu_vgpu_info created;
	struct nvvgpu_mgr_vgpu *vgpu;
	struct footprint before, after;
	u64 estimate;

	start("l40");
	created = create(&board, 869);
	before = footprint(&board);
	vgpu = open_slot(&board, created.slot);
	ck_assert_int_eq(nvvgpu_emu_crash_plugin(board.emu, created.gfid), 0);
	board_settle(&board);
	ck_assert_uint_eq(state_of(&board, created.id), NVVGPU_STATE_FAILED);
	ck_assert_int_eq(nvvgpu_mgr_stop_work(vgpu, &estimate), -EIO);
	ck_assert_int_eq(nvvgpu_mgr_set_bus_master(vgpu, true), -EIO);

	ck_assert_int_eq(nvvgpu_mgr_reset(vgpu), 0);
	board_settle(&board);
	ck_assert_uint_eq(state_of(&board, created.id), NVVGPU_STATE_RUNNING);
	ck_assert_int_eq(nvvgpu_mgr_stop_work(vgpu, &estimate), 0);
	ck_assert_int_eq(nvvgpu_mgr_resume_work(vgpu), 0);

	/* closed without a reset: nothing stays behind */
	ck_assert_int_eq(nvvgpu_emu_crash_plugin(board.emu, created.gfid), 0);
	board_settle(&board);
	close_vgpu(&board, vgpu);
	ck_assert_uint_eq(state_of(&board, created.id), NVVGPU_STATE_ASSIGNED);
	after = footprint(&board);
	same_footprint(&before, &after);
	vgpu = open_slot(&board, created.slot);
	ck_assert_uint_eq(state_of(&board, created.id), NVVGPU_STATE_RUNNING);
	close_vgpu(&board, vgpu);
	board_stop(&board);
}
END_TEST

/* -------------------------------------------------------------------------- events */

static void expect_event(u64 *cursor, u32 kind, u32 vgpu_id, u64 value)
{
	struct nvvgpu_event_record record;

	ck_assert_int_eq(nvvgpu_mgr_event_read(board.mgr, cursor, &record, sizeof(record)),
			 sizeof(record));
	ck_assert_uint_eq(record.kind, kind);
	ck_assert_uint_eq(record.vgpu_id, vgpu_id);
	ck_assert_uint_eq(record.value, value);
	ck_assert_uint_eq(record.sequence, *cursor - 1);
	ck_assert_uint_gt(record.time_ns, 0);
}

START_TEST(events_tell_the_story)
{
	struct nvvgpu_event_record record;
	struct nvvgpu_mgr_vgpu *vgpu;
	struct nvvgpu_vgpu_info created;
	unsigned int wakeups;
	u64 cursor;
	u32 why;

	start("l40");
	cursor = nvvgpu_mgr_event_cursor(board.mgr);
	ck_assert(!nvvgpu_mgr_event_pending(board.mgr, cursor));
	ck_assert_int_eq(nvvgpu_mgr_event_read(board.mgr, &cursor, &record, sizeof(record)), 0);
	ck_assert_int_eq(nvvgpu_mgr_event_read(board.mgr, &cursor, &record, sizeof(record) - 1),
			 -EINVAL);

	wakeups = board.wakeups;
	created = create(&board, 869);
	ck_assert_uint_eq(board.wakeups, wakeups + 1);
	ck_assert(nvvgpu_mgr_event_pending(board.mgr, cursor));
	set_params(created.id, "a=1", 3, &why);
	vgpu = open_slot(&board, created.slot);
	nvvgpu_mgr_reset(vgpu);
	board_settle(&board);
	wakeups = board.wakeups;
	nvvgpu_emu_crash_plugin(board.emu, created.gfid);
	board_settle(&board);
	ck_assert_uint_gt(board.wakeups, wakeups);
	close_vgpu(&board, vgpu);
	destroy(&board, created.id);
	set_mode(&board, NVVGPU_MODE_MIXED_SIZE, NULL);
	nvvgpu_mgr_set_slots_enabled(board.mgr, 7);

	expect_event(&cursor, NVVGPU_EVENT_CREATED, created.id, 0);
	expect_event(&cursor, NVVGPU_EVENT_PARAMS, created.id, 0);
	expect_event(&cursor, NVVGPU_EVENT_STARTED, created.id, 0);
	expect_event(&cursor, NVVGPU_EVENT_RESET, created.id, 0);
	expect_event(&cursor, NVVGPU_EVENT_CRASHED, created.id, 0);
	expect_event(&cursor, NVVGPU_EVENT_STOPPED, created.id, 0);
	expect_event(&cursor, NVVGPU_EVENT_DESTROYED, created.id, 0);
	expect_event(&cursor, NVVGPU_EVENT_MODE, 0, NVVGPU_MODE_MIXED_SIZE);
	expect_event(&cursor, NVVGPU_EVENT_VFS, 0, 7);
	ck_assert(!nvvgpu_mgr_event_pending(board.mgr, cursor));
	board_stop(&board);
}
END_TEST

START_TEST(slow_readers_are_told)
{
	struct nvvgpu_event_record records[300];
	u64 cursor, first;
	ssize_t len;

	start("l40");
	first = cursor = nvvgpu_mgr_event_cursor(board.mgr);
	for (u32 i = 0; i < 300; i++)
		nvvgpu_mgr_set_slots_enabled(board.mgr, i % 2);
	len = nvvgpu_mgr_event_read(board.mgr, &cursor, records, sizeof(records));
	ck_assert_int_eq(len, 257 * sizeof(records[0]));
	ck_assert_uint_eq(records[0].kind, NVVGPU_EVENT_LOST);
	ck_assert_uint_eq(records[0].value, 44);
	for (u32 i = 0; i < 257; i++)
		ck_assert_uint_eq(records[i].sequence, first + 43 + i);
	ck_assert_uint_eq(cursor, first + 300);
	/* a cursor from another life of the GPU */
	cursor = first + 1000;
	ck_assert_int_eq(nvvgpu_mgr_event_read(board.mgr, &cursor, records, sizeof(records)), 0);
	ck_assert_uint_eq(cursor, first + 300);
	board_stop(&board);
}
END_TEST

/* ------------------------------------------------------------------- ioctl manners */

static const struct {
	unsigned int cmd;
	u32 size;
	bool change;
	u32 reserved;		/* offset, 0: none */
} requests[] = {
	{ NVVGPU_IOCTL_INFO, sizeof(struct nvvgpu_ioctl_info), false,
	  offsetof(struct nvvgpu_ioctl_info, __reserved) },
	{ NVVGPU_IOCTL_TYPE_ADD, sizeof(struct nvvgpu_ioctl_type), true, 0 },
	{ NVVGPU_IOCTL_TYPE_GET, sizeof(struct nvvgpu_ioctl_type), false, 0 },
	{ NVVGPU_IOCTL_TYPE_LIST, sizeof(struct nvvgpu_ioctl_type_list), false,
	  offsetof(struct nvvgpu_ioctl_type_list, __reserved) },
	{ NVVGPU_IOCTL_CREATE, sizeof(struct nvvgpu_ioctl_create), true,
	  offsetof(struct nvvgpu_ioctl_create, __reserved) },
	{ NVVGPU_IOCTL_DESTROY, sizeof(struct nvvgpu_ioctl_destroy), true, 0 },
	{ NVVGPU_IOCTL_VGPU_LIST, sizeof(struct nvvgpu_ioctl_vgpu_list), false,
	  offsetof(struct nvvgpu_ioctl_vgpu_list, __reserved) },
	{ NVVGPU_IOCTL_VGPU_GET, sizeof(struct nvvgpu_ioctl_vgpu_get), false,
	  offsetof(struct nvvgpu_ioctl_vgpu_get, __reserved) },
	{ NVVGPU_IOCTL_PARAMS, sizeof(struct nvvgpu_ioctl_params), false,
	  offsetof(struct nvvgpu_ioctl_params, __reserved) },
	{ NVVGPU_IOCTL_PLACEMENTS, sizeof(struct nvvgpu_ioctl_placements), false, 0 },
	{ NVVGPU_IOCTL_MODE_SET, sizeof(struct nvvgpu_ioctl_mode), true, 0 },
	{ NVVGPU_IOCTL_STATS, sizeof(struct nvvgpu_ioctl_stats), false, 0 },
	{ NVVGPU_IOCTL_WARM_SAVE, sizeof(struct nvvgpu_ioctl_warm), true, 0 },
	{ NVVGPU_IOCTL_WARM_RESTORE, sizeof(struct nvvgpu_ioctl_warm), true, 0 },
};

static void manners_of(u32 index)
{
	u32 buf[PAGE_SIZE / sizeof(u32) + 2];
	u32 size = requests[index].size;
	unsigned int cmd = requests[index].cmd;
	char *tail = (char *)buf + size;

	/* size: below the first published, far too large */
	memset(buf, 0, sizeof(buf));
	ck_assert_int_eq(board_ioctl(&board, cmd, buf), -EINVAL);
	buf[0] = size - 1;
	ck_assert_int_eq(board_ioctl(&board, cmd, buf), -EINVAL);
	buf[0] = PAGE_SIZE + 1;
	ck_assert_int_eq(board_ioctl(&board, cmd, buf), -E2BIG);
	buf[0] = ~0U;
	ck_assert_int_eq(board_ioctl(&board, cmd, buf), -E2BIG);
	/* a tail that this driver does not know */
	buf[0] = size + 8;
	tail[7] = 1;
	ck_assert_int_eq(board_ioctl(&board, cmd, buf), -E2BIG);
	tail[7] = 0;
	/* flags, rights, reserved */
	buf[1] = 0x80000000;
	ck_assert_int_eq(board_ioctl(&board, cmd, buf), -EOPNOTSUPP);
	buf[1] = 0;
	if (requests[index].reserved) {
		buf[requests[index].reserved / 4] = 1;
		ck_assert_int_eq(board_ioctl(&board, cmd, buf), -EINVAL);
		buf[requests[index].reserved / 4] = 0;
	}
	if (requests[index].change)
		ck_assert_int_eq(nvvgpu_mgr_ioctl(board.mgr, cmd, buf, false), -EACCES);
	else
		ck_assert_int_ne(nvvgpu_mgr_ioctl(board.mgr, cmd, buf, false), -EACCES);
	/* a zero tail is fine, and is not written */
	memset(buf, 0, sizeof(buf));
	buf[0] = size + 8;
	ck_assert_int_ne(board_ioctl(&board, cmd, buf), -E2BIG);
	ck_assert_uint_eq(buf[0], size + 8);
	for (u32 i = 0; i < 8; i++)
		ck_assert_int_eq(tail[i], 0);
}

START_TEST(ioctl_manners)
{
	struct nvvgpu_ioctl_params params = {
		.size = sizeof(params),
		.flags = NVVGPU_PARAMS_SET,
	};
	struct footprint before, after;
	u32 nothing = 4;

	start("rtx6000-ada");
	before = footprint(&board);
	for (u32 i = 0; i < ARRAY_SIZE(requests); i++)
		manners_of(i);
	ck_assert_int_eq(nvvgpu_mgr_ioctl(board.mgr, NVVGPU_IOCTL_PARAMS, &params, false), -EACCES);
	ck_assert_int_eq(board_ioctl(&board, 0, &nothing), -ENOTTY);
	ck_assert_int_eq(board_ioctl(&board, _IO(NVVGPU_IOCTL_TYPE, 0x7f), &nothing), -ENOTTY);
	ck_assert_int_eq(board_ioctl(&board, _IOR(NVVGPU_IOCTL_TYPE, 0, u32), &nothing), -ENOTTY);
	after = footprint(&board);
	same_footprint(&before, &after);
	board_stop(&board);
}
END_TEST

START_TEST(array_replies)
{
	struct nvvgpu_type_state states[NVVGPU_MAX_TYPES];
	struct nvvgpu_ioctl_type_list types = { .size = sizeof(types) };
	struct nvvgpu_ioctl_vgpu_list vgpus = { .size = sizeof(vgpus) };
	struct nvvgpu_vgpu_info infos[4];
	u32 expected;

	start("l40");
	expected = board.data->type_count;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_TYPE_LIST, &types), -ENOSPC);
	ck_assert_uint_eq(types.count, expected);
	memset(states, 0xee, sizeof(states));
	types.states = (uintptr_t)states;
	types.count = expected - 1;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_TYPE_LIST, &types), -ENOSPC);
	ck_assert_uint_eq(states[0].id, 0xeeeeeeee);
	types.count = expected + 1;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_TYPE_LIST, &types), 0);
	ck_assert_uint_eq(types.count, expected);
	ck_assert_uint_eq(states[expected].id, 0xeeeeeeee);

	/* none need no room; by slot when there are some */
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_VGPU_LIST, &vgpus), 0);
	for (u32 slot = 3; slot < 4; slot--) {
		struct nvvgpu_ioctl_create arg = recipe(&board, 869);

		arg.slot = slot;
		ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_CREATE, &arg), 0);
	}
	vgpus.count = 4;
	vgpus.infos = (uintptr_t)infos;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_VGPU_LIST, &vgpus), 0);
	for (u32 slot = 0; slot < 4; slot++)
		ck_assert_uint_eq(infos[slot].slot, slot);
	board_stop(&board);
}
END_TEST

/* --------------------------------------------------------------------------- sysfs */

START_TEST(sysfs_formats)
{
	struct nvvgpu_ioctl_create arg;
	char page[PAGE_SIZE];
	u32 why;

	start("rtx6000-ada");
	ck_assert_int_gt(nvvgpu_mgr_show_creatable_types(board.mgr, 0, page), 0);
	ck_assert_str_eq(page, "ID    : vGPU Name\n"
			       "941   : NVIDIA RTX6000-Ada-1Q\n"
			       "942   : NVIDIA RTX6000-Ada-2Q\n"
			       "943   : NVIDIA RTX6000-Ada-3Q\n"
			       "944   : NVIDIA RTX6000-Ada-4Q\n"
			       "945   : NVIDIA RTX6000-Ada-6Q\n"
			       "946   : NVIDIA RTX6000-Ada-8Q\n"
			       "947   : NVIDIA RTX6000-Ada-12Q\n"
			       "948   : NVIDIA RTX6000-Ada-16Q\n"
			       "949   : NVIDIA RTX6000-Ada-24Q\n"
			       "950   : NVIDIA RTX6000-Ada-48Q\n");
	ck_assert_int_eq(nvvgpu_mgr_show_current_type(board.mgr, 0, page), 2);
	ck_assert_str_eq(page, "0\n");
	ck_assert_int_eq(nvvgpu_mgr_show_placement(board.mgr, 0, page), -ENXIO);
	ck_assert_int_eq(nvvgpu_mgr_show_params(board.mgr, 0, page), 1);
	ck_assert_int_eq(nvvgpu_mgr_show_params(board.mgr, 99, page), -ENODEV);

	arg = recipe(&board, 944);
	arg.slot = 3;
	arg.placement = 8;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_CREATE, &arg), 0);
	set_params(arg.info.id, "enable_uvm=1", 12, &why);
	nvvgpu_mgr_show_current_type(board.mgr, 3, page);
	ck_assert_str_eq(page, "944\n");
	nvvgpu_mgr_show_placement(board.mgr, 3, page);
	ck_assert_str_eq(page, "8\n");
	nvvgpu_mgr_show_params(board.mgr, 3, page);
	ck_assert_str_eq(page, "enable_uvm=1\n");
	nvvgpu_mgr_show_creatable_types(board.mgr, 3, page);
	ck_assert_str_eq(page, "ID    : vGPU Name\n");
	nvvgpu_mgr_show_creatable_types(board.mgr, 4, page);
	ck_assert_str_eq(page, "ID    : vGPU Name\n944   : NVIDIA RTX6000-Ada-4Q\n");
	board_stop(&board);

	start("a40");
	create(&board, 557);
	nvvgpu_mgr_show_placement(board.mgr, 0, page);
	ck_assert_str_eq(page, "Not Applicable\n");
	board_stop(&board);
}
END_TEST

/* --------------------------------------------------------------------- warm update */

struct image {
	u8 data[1 << 17];
	u32 len;
};

static long warm_save(struct board *b, struct image *image)
{
	struct nvvgpu_ioctl_warm arg = {
		.size = sizeof(arg),
		.data = (uintptr_t)image->data,
		.len = sizeof(image->data),
	};
	long err = board_ioctl(b, NVVGPU_IOCTL_WARM_SAVE, &arg);

	image->len = arg.len;
	return err;
}

static long warm_restore(struct board *b, const void *data, u32 len, u32 *why)
{
	struct nvvgpu_ioctl_warm arg = {
		.size = sizeof(arg),
		.data = (uintptr_t)data,
		.len = len,
	};
	long err = board_ioctl(b, NVVGPU_IOCTL_WARM_RESTORE, &arg);

	if (why)
		*why = arg.why;
	return err;
}

static void replace_manager(struct board *b)
{
	nvvgpu_mgr_stop_warm(b->mgr);
	b->mgr = NULL;
	ck_assert_int_eq(board_start_manager(b), 0);
	board_settle(b);
}

/* Something of everything on the board. */
static void populate(struct board *b)
{
	struct nvvgpu_ioctl_create arg;
	u32 why;

	if (b->data->mixed_size)
		ck_assert_int_eq(set_mode(b, NVVGPU_MODE_MIXED_SIZE, NULL), 0);
	arg = recipe(b, type_id(b, "2Q"));
	arg.slot = 5;
	strcpy(arg.owner, "someone");
	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_CREATE, &arg), 0);
	destroy(b, create(b, type_id(b, "2Q")).id);
	create(b, type_id(b, b->data->mixed_size ? "8Q" : "2Q"));
	set_params(arg.info.id, "a=1,b=2", 7, &why);
}

static u64 created_total(struct board *b)
{
	struct nvvgpu_ioctl_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_STATS, &stats), 0);
	return stats.created_total;
}

START_TEST(warm_update)
{
	static const char text[] = "what a running guest has in its framebuffer";
	static struct image image, again;
	struct nvvgpu_vgpu_info before[NVVGPU_MAX_VGPUS], after[NVVGPU_MAX_VGPUS];
	struct nvvgpu_type_state then[NVVGPU_MAX_TYPES], now[NVVGPU_MAX_TYPES];
	struct nvvgpu_ioctl_params params = { .size = sizeof(params) };
	struct footprint full, restored;
	char buf[64];
	u32 count, why;
	u64 cursor;

	start(board_ids[_i]);
	populate(&board);
	ck_assert_int_eq(board_fb_write(&board, 100, text, sizeof(text)), 0);
	count = list_vgpus(&board, before);
	list_types(&board, then);
	full = footprint(&board);
	cursor = nvvgpu_mgr_event_cursor(board.mgr);
	ck_assert_int_eq(warm_save(&board, &image), 0);

	/* not over live vGPUs */
	ck_assert_int_eq(warm_restore(&board, image.data, image.len, &why), -EBUSY);
	ck_assert_uint_eq(why, NVVGPU_WHY_LIVE_VGPUS);

	replace_manager(&board);
	ck_assert_uint_eq(info(&board).vgpus, 0);
	ck_assert_int_eq(warm_restore(&board, image.data, image.len, &why), 0);
	ck_assert_uint_eq(why, NVVGPU_WHY_NONE);
	memset(after, 0, sizeof(after));
	ck_assert_uint_eq(list_vgpus(&board, after), count);
	ck_assert(!memcmp(before, after, count * sizeof(before[0])));
	list_types(&board, now);
	ck_assert(!memcmp(then, now, board.data->type_count * sizeof(then[0])));
	ck_assert_uint_eq(nvvgpu_mgr_event_cursor(board.mgr), cursor);
	ck_assert_int_eq(board_fb_read(&board, 100, buf, sizeof(text)), 0);
	ck_assert_str_eq(buf, text);
	restored = footprint(&board);
	same_footprint(&full, &restored);
	ck_assert_uint_ge(count, 1);
	ck_assert_uint_ge(created_total(&board), count);

	/* parameters, owner, ids; the image of the copy is the same */
	ck_assert_str_eq(after[1].owner, "someone");
	params.id = after[1].id;
	params.params = (uintptr_t)buf;
	params.len = sizeof(buf);
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_PARAMS, &params), 0);
	ck_assert_str_eq(buf, "a=1,b=2");
	ck_assert_int_eq(warm_save(&board, &again), 0);
	ck_assert_uint_eq(again.len, image.len);
	ck_assert(!memcmp(again.data, image.data, image.len));
	ck_assert_uint_gt(create(&board, type_id(&board, "2Q")).id, 3);

	/* the restored ones live */
	close_vgpu(&board, open_slot(&board, after[1].slot));
	destroy_all(&board);
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

START_TEST(warm_image_of_another_board)
{
	static struct image image;
	u32 why;

	start("l40");
	populate(&board);
	ck_assert_int_eq(warm_save(&board, &image), 0);
	board_stop(&board);
	start("l40s");
	ck_assert_int_eq(warm_restore(&board, image.data, image.len, &why), -EBADMSG);
	ck_assert_uint_eq(why, NVVGPU_WHY_BAD_IMAGE);
	board_stop(&board);
}
END_TEST

/* Damage: every bit, every length. */
START_TEST(warm_image_damaged)
{
	static struct image image;
	struct footprint before, after;

	start("t4");
	populate(&board);
	ck_assert_int_eq(warm_save(&board, &image), 0);
	replace_manager(&board);
	before = footprint(&board);
	for (u32 len = 0; len < image.len; len++)
		ck_assert_int_eq(warm_restore(&board, image.data, len, NULL), -EBADMSG);
	ck_assert_int_eq(warm_restore(&board, image.data, image.len + 1, NULL), -EBADMSG);
	for (u32 bit = 0; bit < image.len * 8; bit++) {
		image.data[bit / 8] ^= 1 << bit % 8;
		ck_assert_int_eq(warm_restore(&board, image.data, image.len, NULL), -EBADMSG);
		image.data[bit / 8] ^= 1 << bit % 8;
	}
	after = footprint(&board);
	same_footprint(&before, &after);
	ck_assert_uint_eq(info(&board).types, board.data->type_count);
	ck_assert_int_eq(warm_restore(&board, image.data, image.len, NULL), 0);
	destroy_all(&board);
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

/* Hostile: a wrong value under a right checksum is refused or harmless, never half done. */
START_TEST(warm_image_forged)
{
	static struct image image;
	struct footprint before, after;
	u32 accepted = 0, refused = 0;

	start("l4");
	populate(&board);
	ck_assert_int_eq(warm_save(&board, &image), 0);
	replace_manager(&board);
	set_mode(&board, NVVGPU_MODE_EQUAL_SIZE, NULL);
	before = footprint(&board);
	for (u32 bit = 20 * 8; bit < image.len * 8; bit += 37) {
		u32 crc;

		image.data[bit / 8] ^= 1 << bit % 8;
		crc = crc32_le(crc32_le(~0U, image.data, 16), image.data + 20, image.len - 20);
		put_unaligned_le32(crc, image.data + 16);
		if (warm_restore(&board, image.data, image.len, NULL)) {
			refused++;
		} else {
			accepted++;
			destroy_all(&board);
			replace_manager(&board);
		}
		image.data[bit / 8] ^= 1 << bit % 8;
		after = footprint(&board);
		ck_assert_uint_eq(after.core.guest_fb_free, before.core.guest_fb_free);
		ck_assert_uint_eq(after.core.channels_free, before.core.channels_free);
		ck_assert_uint_eq(after.core.heap_free, before.core.heap_free);
		ck_assert_uint_eq(after.core.clients, before.core.clients);
	}
	ck_assert_uint_gt(refused, 0);
	ck_assert_uint_gt(accepted, 0);
	board_stop(&board);
}
END_TEST

START_TEST(warm_arguments)
{
	struct nvvgpu_ioctl_warm arg = { .size = sizeof(arg) };
	u8 byte = 0;
	u32 why;

	start("t4");
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_WARM_SAVE, &arg), -ENOSPC);
	ck_assert_uint_gt(arg.len, 20);
	ck_assert_int_eq(warm_restore(&board, &byte, 0, &why), -EBADMSG);
	ck_assert_int_eq(warm_restore(&board, &byte, 1, &why), -EBADMSG);
	ck_assert_int_eq(warm_restore(&board, &byte, NVVGPU_MAX_WARM_STATE + 1, &why), -EBADMSG);
	ck_assert_uint_eq(why, NVVGPU_WHY_BAD_IMAGE);
	board_stop(&board);
}
END_TEST

/* ------------------------------------------------------------------ faults on purpose */

#ifdef NVVGPU_FAULT_INJECTION

#define STATUS_REFUSED	0x56		/* any NV status that is not success */
#define FAULTS_MAX	200

enum fault {
	FAULT_ALLOC,
	FAULT_RPC_REFUSED,
	FAULT_RPC_SILENT,
	FAULT_MESSAGE_REFUSED,
	FAULT_MESSAGE_SILENT,
	FAULT_PLUGIN_START,
	FAULTS,
};

static void inject(enum fault fault, u32 nth)
{
	switch (fault) {
	case FAULT_ALLOC:
		nvvgpu_shim_fail_alloc_nth(nth);
		break;
	case FAULT_RPC_REFUSED:
		nvvgpu_emu_fail_nth(board.emu, NVVGPU_EMU_FAULT_RPC, nth, STATUS_REFUSED);
		break;
	case FAULT_RPC_SILENT:
		nvvgpu_emu_fail_nth(board.emu, NVVGPU_EMU_FAULT_RPC, nth, 0);
		break;
	case FAULT_MESSAGE_REFUSED:
		nvvgpu_emu_fail_nth(board.emu, NVVGPU_EMU_FAULT_MESSAGE, nth, STATUS_REFUSED);
		break;
	case FAULT_MESSAGE_SILENT:
		nvvgpu_emu_fail_nth(board.emu, NVVGPU_EMU_FAULT_MESSAGE, nth, 0);
		break;
	default:
		nvvgpu_emu_fail_nth(board.emu, NVVGPU_EMU_FAULT_PLUGIN_START, nth, 0);
	}
}

static void no_faults(void)
{
	nvvgpu_shim_fail_alloc_nth(0);
	nvvgpu_emu_fail_nth(board.emu, NVVGPU_EMU_FAULT_NONE, 0, 0);
}

static bool fault_in_create(enum fault fault, u32 nth)
{
	struct footprint before = footprint(&board), after;
	struct nvvgpu_ioctl_create arg = recipe(&board, 869);
	long err;

	inject(fault, nth);
	err = board_ioctl(&board, NVVGPU_IOCTL_CREATE, &arg);
	no_faults();
	if (!err) {
		destroy(&board, arg.info.id);
	} else if (fault == FAULT_ALLOC) {
		ck_assert_int_eq(err, -ENOMEM);
		ck_assert_uint_eq(arg.why, NVVGPU_WHY_NONE);
	} else {
		ck_assert_int_eq(err, -EIO);
		ck_assert_uint_eq(arg.why, NVVGPU_WHY_FIRMWARE);
		if (fault == FAULT_RPC_REFUSED)
			ck_assert_uint_eq(arg.why_detail, STATUS_REFUSED);
	}
	after = footprint(&board);
	same_footprint(&before, &after);
	return err;
}

/* Each allocation and each call of the firmware fails once; nothing is left behind. */
START_TEST(create_unwinds)
{
	static const enum fault faults[] = { FAULT_ALLOC, FAULT_RPC_REFUSED, FAULT_RPC_SILENT };
	u32 nth;

	start("l40");
	destroy(&board, create(&board, 869).id);
	for (u32 i = 0; i < ARRAY_SIZE(faults); i++) {
		for (nth = 1; nth < FAULTS_MAX && fault_in_create(faults[i], nth); nth++)
			;
		/* some failed, and in the end none did */
		ck_assert_uint_gt(nth, 1);
		ck_assert_uint_lt(nth, FAULTS_MAX);
	}
	ck_assert_uint_eq(type_state(&board, 869).available, 32);
	board_stop(&board);
}
END_TEST

static bool fault_in_open(const struct nvvgpu_vgpu_info *vgpu, enum fault fault, u32 nth)
{
	struct footprint before = footprint(&board), after;
	struct nvvgpu_mgr_vgpu *open;
	int err;

	inject(fault, nth);
	err = nvvgpu_mgr_open(board.mgr, vgpu->slot, 1, &open);
	no_faults();
	board_settle(&board);
	if (!err)
		close_vgpu(&board, open);
	ck_assert_uint_eq(state_of(&board, vgpu->id), NVVGPU_STATE_ASSIGNED);
	after = footprint(&board);
	same_footprint(&before, &after);
	/* and the next one works */
	close_vgpu(&board, open_slot(&board, vgpu->slot));
	return err;
}

START_TEST(open_unwinds)
{
	struct nvvgpu_vgpu_info vgpu;
	u32 nth;

	start("l40");
	vgpu = create(&board, 869);
	for (int fault = FAULT_ALLOC; fault < FAULTS; fault++) {
		for (nth = 1; nth < FAULTS_MAX && fault_in_open(&vgpu, fault, nth); nth++)
			;
		ck_assert_uint_gt(nth, 1);
		ck_assert_uint_lt(nth, FAULTS_MAX);
	}
	board_stop(&board);
}
END_TEST

/* A reset may fail, a second one without a fault never; nothing leaks on the way. */
START_TEST(reset_survives_faults)
{
	struct nvvgpu_vgpu_info vgpu;
	struct nvvgpu_mgr_vgpu *open;

	start("l40");
	vgpu = create(&board, 869);
	for (int fault = FAULT_ALLOC; fault < FAULTS; fault++) {
		for (u32 nth = 1; nth < 12; nth++) {
			struct footprint before = footprint(&board), after;

			open = open_slot(&board, vgpu.slot);
			if (nth % 2)
				nvvgpu_emu_crash_plugin(board.emu, vgpu.gfid);
			board_settle(&board);
			inject(fault, nth);
			nvvgpu_mgr_reset(open);
			no_faults();
			board_settle(&board);
			ck_assert_int_eq(nvvgpu_mgr_reset(open), 0);
			ck_assert_uint_eq(state_of(&board, vgpu.id), NVVGPU_STATE_RUNNING);
			close_vgpu(&board, open);
			after = footprint(&board);
			same_footprint(&before, &after);
		}
	}
	board_stop(&board);
}
END_TEST

/* Whatever the firmware says, a destroy gives back what is the host's. */
/* A task that the firmware does not let go may still use its memory: the vGPU stays. */
START_TEST(destroy_keeps_what_runs)
{
	struct nvvgpu_vgpu_info found[NVVGPU_MAX_VGPUS];
	struct footprint before, after;
	u32 id, why;

	start("l40");
	before = footprint(&board);
	id = create(&board, 869).id;
	for (int end = 0; end < 2; end++) {
		/* the second control of a shutdown is the cleanup */
		struct nvvgpu_mgr_vgpu *vgpu = end ? NULL : open_slot(&board, 0);

		inject(FAULT_RPC_REFUSED, 2);
		if (vgpu)
			nvvgpu_mgr_close(vgpu);
		else
			ck_assert_int_eq(try_destroy(&board, id, &why), -EIO);
		no_faults();
	}
	ck_assert_uint_eq(why, NVVGPU_WHY_FIRMWARE);
	ck_assert_uint_eq(list_vgpus(&board, found), 1);
	ck_assert_uint_eq(found[0].state, NVVGPU_STATE_FAILED);
	destroy(&board, id);
	after = footprint(&board);
	ck_assert_uint_eq(after.core.guest_fb_free, before.core.guest_fb_free);
	ck_assert_uint_eq(after.core.heap_free, before.core.heap_free);
	board_stop(&board);
}
END_TEST

START_TEST(destroy_never_leaks)
{
	struct footprint before, after;

	for (u32 nth = 1; nth < 8; nth++) {
		u32 id;

		start("l40");
		before = footprint(&board);
		id = create(&board, 869).id;
		inject(FAULT_RPC_REFUSED, nth);
		destroy(&board, id);
		no_faults();
		after = footprint(&board);
		ck_assert_uint_eq(after.core.guest_fb_free, before.core.guest_fb_free);
		ck_assert_uint_eq(after.core.heap_free, before.core.heap_free);
		ck_assert_uint_eq(after.core.bar1_free, before.core.bar1_free);
		ck_assert_uint_eq(after.core.channels_free, before.core.channels_free);
		ck_assert_int_eq(after.allocs, before.allocs);
		board_stop(&board);
	}
}
END_TEST

START_TEST(warm_restore_is_all_or_nothing)
{
	static struct image image;
	struct footprint before, after;
	u32 modes = 0, nth;
	long err;

	start("l40");
	populate(&board);
	ck_assert_int_eq(warm_save(&board, &image), 0);
	for (int fault = FAULT_ALLOC; fault <= FAULT_RPC_REFUSED; fault++) {
		for (nth = 1; nth < FAULTS_MAX; nth++) {
			replace_manager(&board);
			set_mode(&board, NVVGPU_MODE_EQUAL_SIZE, NULL);
			before = footprint(&board);
			inject(fault, nth);
			err = warm_restore(&board, image.data, image.len, NULL);
			no_faults();
			if (!err)
				break;
			after = footprint(&board);
			same_footprint(&before, &after);
			ck_assert_uint_eq(info(&board).mode, NVVGPU_MODE_EQUAL_SIZE);
			modes++;
		}
		ck_assert_uint_lt(nth, FAULTS_MAX);
		destroy_all(&board);
	}
	ck_assert_uint_gt(modes, 4);
	board_stop(&board);
}
END_TEST

/* Two boards worth of faults in the start itself. */
START_TEST(start_unwinds)
{
	long allocs = nvvgpu_shim_allocs();
	u32 nth;
	int err = -ENOMEM;

	for (nth = 1; err && nth < FAULTS_MAX; nth++) {
		nvvgpu_shim_fail_alloc_nth(nth);
		err = board_start(&board, "t4");
		nvvgpu_shim_fail_alloc_nth(0);
		if (err)
			ck_assert_int_eq(nvvgpu_shim_allocs(), allocs);
	}
	ck_assert_int_eq(err, 0);
	board_stop(&board);
	ck_assert_int_eq(nvvgpu_shim_allocs(), allocs);
}
END_TEST

#endif /* NVVGPU_FAULT_INJECTION */

/* ----------------------------------------------------------------------- migration */

#define STREAM_MAX	(16U << 20)

struct device {
	struct board *board;
	struct nvvgpu_vgpu_info vgpu;
	struct nvvgpu_mgr_vgpu *open;
	struct nvvgpu_migration *mig;
};

static struct device device_new(struct board *b, u32 type)
{
	struct device d = { .board = b, .vgpu = create(b, type) };

	d.open = open_slot(b, d.vgpu.slot);
	ck_assert_int_eq(nvvgpu_migration_init(d.open, &d.mig), 0);
	return d;
}

static void device_end(struct device *d)
{
	nvvgpu_migration_fini(d->mig);
	close_vgpu(d->board, d->open);
	destroy(d->board, d->vgpu.id);
}

static struct nvvgpu_migration_session *go(struct device *d, u32 state)
{
	struct nvvgpu_migration_session *session = NULL;

	ck_assert_int_eq(nvvgpu_migration_set_state(d->mig, state, &session), 0);
	ck_assert_uint_eq(nvvgpu_migration_state(d->mig), state);
	ck_assert((session != NULL) == (state == MIG_STOP_COPY || state == MIG_RESUMING));
	return session;
}

/* The whole stream in reads of one size, back in RUNNING. */
static size_t save(struct device *d, char *stream, size_t chunk)
{
	struct nvvgpu_migration_session *session = go(d, MIG_STOP_COPY);
	size_t len = 0;
	ssize_t n;
	u64 estimate;

	ck_assert_int_eq(nvvgpu_migration_data_size(d->mig, &estimate), 0);
	while ((n = nvvgpu_migration_read(session, stream + len, min(chunk, STREAM_MAX - len))) > 0)
		len += n;
	ck_assert_int_eq(n, 0);
	ck_assert_uint_eq(len, estimate);
	ck_assert_uint_eq(state_of(d->board, d->vgpu.id), NVVGPU_STATE_STOPPED);
	ck_assert(!go(d, MIG_RUNNING));
	ck_assert_uint_eq(state_of(d->board, d->vgpu.id), NVVGPU_STATE_RUNNING);
	ck_assert_int_eq(nvvgpu_migration_read(session, stream, 1), -ENODEV);
	nvvgpu_migration_session_put(session);
	return len;
}

/* Into RESUMING and, if it takes it, back to RUNNING; the errno of RESUMING -> STOP. */
static int load(struct device *d, const char *stream, size_t len, size_t chunk)
{
	struct nvvgpu_migration_session *session = go(d, MIG_RESUMING), *none;
	size_t done = 0;
	ssize_t n = 0;
	int err;

	while (done < len) {
		n = nvvgpu_migration_write(session, stream + done, min(chunk, len - done));
		if (n < 0)
			break;
		done += n;
	}
	err = nvvgpu_migration_set_state(d->mig, MIG_RUNNING, &none);
	ck_assert(n >= 0 || err == -EINVAL);
	nvvgpu_migration_session_put(session);
	return err;
}

static void fill_framebuffer(struct device *d, u32 seed)
{
	u64 base = (u64)d->vgpu.placement << 30, size = d->vgpu.framebuffer_bytes;
	u8 buf[5000];

	for (u32 i = 0; i < 40; i++) {
		for (u32 j = 0; j < sizeof(buf); j++)
			buf[j] = random_below(&seed, 256);
		ck_assert_int_eq(board_fb_write(d->board,
						base + (u64)random_below(&seed, 1 << 20) * 900,
						buf, sizeof(buf)), 0);
	}
	ck_assert_int_eq(board_fb_write(d->board, base + size - 7, buf, 7), 0);
	ck_assert_int_eq(board_fb_write(d->board, base, buf, 7), 0);
}

static void same_framebuffers(struct device *a, struct device *b)
{
	u64 base_a = (u64)a->vgpu.placement << 30, base_b = (u64)b->vgpu.placement << 30;
	static u8 x[1 << 20], y[1 << 20];

	for (u64 at = 0; at < a->vgpu.framebuffer_bytes; at += sizeof(x)) {
		if (!board_fb_used(a->board, base_a + at, sizeof(x)) &&
		    !board_fb_used(b->board, base_b + at, sizeof(y)))
			continue;
		ck_assert_int_eq(board_fb_read(a->board, base_a + at, x, sizeof(x)), 0);
		ck_assert_int_eq(board_fb_read(b->board, base_b + at, y, sizeof(y)), 0);
		ck_assert(!memcmp(x, y, sizeof(x)));
	}
}

START_TEST(migrates)
{
	static const size_t chunks[] = {
		1000, 65536, 1 << 20, NVVGPU_PLUGIN_STATE_MAX, STREAM_MAX,
	};
	static struct board other;
	char *stream = malloc(STREAM_MAX);
	struct device from, to;

	start("l40");
	ck_assert_int_eq(board_start(&other, "l40"), 0);
	create(&other, 869);
	from = device_new(&board, 869);
	to = device_new(&other, 869);
	ck_assert_uint_ne(from.vgpu.placement, to.vgpu.placement);
	fill_framebuffer(&from, 1);
	for (u32 i = 0; i < ARRAY_SIZE(chunks); i++) {
		size_t len;

		fill_framebuffer(&to, 2 + i);
		len = save(&from, stream, chunks[i]);
		ck_assert_uint_gt(len, 7);
		ck_assert_int_eq(load(&to, stream, len, chunks[ARRAY_SIZE(chunks) - 1 - i]), 0);
		same_framebuffers(&from, &to);
	}
	device_end(&to);
	device_end(&from);
	nothing_refused(&board);
	nothing_refused(&other);
	board_stop(&other);
	board_stop(&board);
	free(stream);
}
END_TEST

START_TEST(migration_arcs)
{
	static const u32 impossible[] = { MIG_ERROR, 5, 6, 7, 8, ~0U };
	struct nvvgpu_migration_session *session, *none;
	struct nvvgpu_event_record record;
	struct device d;
	u64 cursor, size;
	char byte;

	start("l40");
	d = device_new(&board, 869);
	for (u32 i = 0; i < ARRAY_SIZE(impossible); i++)
		ck_assert_int_eq(nvvgpu_migration_set_state(d.mig, impossible[i], &none), -EINVAL);
	ck_assert_uint_eq(nvvgpu_migration_state(d.mig), MIG_RUNNING);
	ck_assert_int_eq(nvvgpu_migration_data_size(d.mig, &size), 0);
	ck_assert_uint_eq(size, d.vgpu.framebuffer_bytes);

	cursor = nvvgpu_mgr_event_cursor(board.mgr);
	session = go(&d, MIG_STOP_COPY);
	expect_event(&cursor, NVVGPU_EVENT_MIGRATION, d.vgpu.id, MIG_STOP);
	expect_event(&cursor, NVVGPU_EVENT_MIGRATION, d.vgpu.id, MIG_STOP_COPY);
	ck_assert_int_eq(nvvgpu_mgr_event_read(board.mgr, &cursor, &record, sizeof(record)), 0);
	ck_assert_int_eq(nvvgpu_migration_write(session, &byte, 1), -EINVAL);
	/* given up after one byte, then begun anew */
	ck_assert_int_eq(nvvgpu_migration_read(session, &byte, 1), 1);
	go(&d, MIG_STOP);
	ck_assert_int_eq(nvvgpu_migration_read(session, &byte, 1), -ENODEV);
	nvvgpu_migration_session_put(session);
	session = go(&d, MIG_STOP_COPY);
	ck_assert_int_eq(nvvgpu_migration_read(session, &byte, 1), 1);
	nvvgpu_migration_session_put(session);
	go(&d, MIG_RUNNING);
	session = go(&d, MIG_STOP_COPY);
	nvvgpu_migration_session_put(session);
	session = go(&d, MIG_RESUMING);
	ck_assert_int_eq(nvvgpu_migration_read(session, &byte, 1), -EINVAL);
	nvvgpu_migration_session_put(session);
	ck_assert_int_eq(nvvgpu_mgr_reset(d.open), 0);
	ck_assert_int_eq(nvvgpu_migration_reset(d.mig), 0);
	ck_assert_uint_eq(nvvgpu_migration_state(d.mig), MIG_RUNNING);
	ck_assert_uint_eq(state_of(&board, d.vgpu.id), NVVGPU_STATE_RUNNING);
	device_end(&d);
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

/* Truncated or damaged: never RUNNING, latched, and a reset makes all good again. */
START_TEST(bad_streams_are_refused)
{
	char *stream = malloc(STREAM_MAX);
	struct device d;
	size_t len;

	start("t4");
	d = device_new(&board, type_id(&board, "1Q"));
	len = save(&d, stream, STREAM_MAX);
	for (size_t cut = 0; cut < len; cut++) {
		struct nvvgpu_migration_session *none;

		ck_assert_int_eq(load(&d, stream, cut, 100), -EINVAL);
		ck_assert_uint_eq(nvvgpu_migration_state(d.mig), MIG_RESUMING);
		ck_assert_int_eq(nvvgpu_migration_set_state(d.mig, MIG_STOP, &none), -EINVAL);
		ck_assert_int_eq(nvvgpu_mgr_reset(d.open), 0);
		ck_assert_int_eq(nvvgpu_migration_reset(d.mig), 0);
	}
	stream[0] ^= 1;
	ck_assert_int_eq(load(&d, stream, len, 100), -EINVAL);
	ck_assert_int_eq(nvvgpu_mgr_reset(d.open), 0);
	ck_assert_int_eq(nvvgpu_migration_reset(d.mig), 0);
	stream[0] ^= 1;
	ck_assert_int_eq(load(&d, stream, len, 100), 0);
	device_end(&d);
	board_stop(&board);
	free(stream);
}
END_TEST

START_TEST(crash_while_saving)
{
	struct nvvgpu_migration_session *session, *none;
	struct device d;
	char byte;

	start("l40");
	d = device_new(&board, 869);
	session = go(&d, MIG_STOP_COPY);
	nvvgpu_emu_crash_plugin(board.emu, d.vgpu.gfid);
	board_settle(&board);
	ck_assert_int_eq(nvvgpu_migration_read(session, &byte, 1), -EIO);
	ck_assert_int_eq(nvvgpu_migration_set_state(d.mig, MIG_RUNNING, &none), -EIO);
	ck_assert_uint_eq(nvvgpu_migration_state(d.mig), MIG_ERROR);
	ck_assert_int_eq(nvvgpu_migration_set_state(d.mig, MIG_RUNNING, &none), -EINVAL);
	nvvgpu_migration_session_put(session);
	ck_assert_int_eq(nvvgpu_mgr_reset(d.open), 0);
	ck_assert_int_eq(nvvgpu_migration_reset(d.mig), 0);
	ck_assert_uint_eq(state_of(&board, d.vgpu.id), NVVGPU_STATE_RUNNING);
	device_end(&d);
	board_stop(&board);
}
END_TEST

/* ------------------------------------------------------------------------- threads */

static void *keep_listing(void *arg)
{
	struct nvvgpu_type_state states[NVVGPU_MAX_TYPES];
	bool *done = arg;
	u64 cursor = nvvgpu_mgr_event_cursor(board.mgr);

	while (!__atomic_load_n(done, __ATOMIC_ACQUIRE)) {
		struct nvvgpu_event_record records[16];
		struct nvvgpu_ioctl_type_list list = {
			.size = sizeof(list),
			.count = NVVGPU_MAX_TYPES,
			.states = (uintptr_t)states,
		};

		if (nvvgpu_mgr_ioctl(board.mgr, NVVGPU_IOCTL_TYPE_LIST, &list, false))
			return (void *)"type list failed";
		for (u32 i = 0; i < list.count; i++)
			if (!states[i].available && states[i].why == NVVGPU_WHY_NONE)
				return (void *)"0 without a why";
		nvvgpu_mgr_event_read(board.mgr, &cursor, records, sizeof(records));
	}
	return NULL;
}

START_TEST(lists_beside_changes)
{
	bool done = false;
	pthread_t reader;
	void *complaint;

	start("l40");
	ck_assert_int_eq(pthread_create(&reader, NULL, keep_listing, &done), 0);
	for (u32 i = 0; i < 300; i++) {
		u32 id = create(&board, board.data->types[i % 3].id).id;

		if (i % 3)
			close_vgpu(&board, open_slot(&board, 0));
		destroy(&board, id);
	}
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	pthread_join(reader, &complaint);
	ck_assert_msg(!complaint, "%s", (const char *)complaint);
	board_stop(&board);
}
END_TEST

/* ---------------------------------------------------------------------------- main */

static Suite *suite(void)
{
	Suite *s = suite_create("manager");
	TCase *c;

	c = tcase_create("types");
	tcase_add_loop_test(c, lists_every_type, 0, BOARDS);
	tcase_add_loop_test(c, describes_the_board, 0, BOARDS);
	tcase_add_test(c, adds_types);
	suite_add_tcase(s, c);

	c = tcase_create("availability");
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, equal_size_rule, 0, BOARDS);
	tcase_add_loop_test(c, available_is_exact_on_an_empty_board, 0, BOARDS);
	tcase_add_loop_test(c, available_is_exact_in_any_state, 0, BOARDS);
	tcase_add_test(c, available_counts_heaps);
	tcase_add_test(c, thirty_two_and_no_more);
	suite_add_tcase(s, c);

	c = tcase_create("placements");
	tcase_set_timeout(c, 30);
	tcase_add_test(c, mixed_size_combinations);
	tcase_add_loop_test(c, placement_ids_are_exact, 0, BOARDS);
	tcase_add_test(c, boards_without_placements);
	suite_add_tcase(s, c);

	c = tcase_create("vgpus");
	tcase_set_timeout(c, 30);
	tcase_add_test(c, create_says_why_not);
	tcase_add_test(c, ids_rotate);
	tcase_add_test(c, scrubs);
	tcase_add_test(c, slots_follow_sriov);
	tcase_add_test(c, mode_rules);
	tcase_add_test(c, parameters);
	tcase_add_loop_test(c, open_and_close, 0, BOARDS);
	tcase_add_test(c, crash_and_revival);
	tcase_add_test(c, lists_beside_changes);
	suite_add_tcase(s, c);

	c = tcase_create("interface");
	tcase_add_test(c, events_tell_the_story);
	tcase_add_test(c, slow_readers_are_told);
	tcase_add_test(c, ioctl_manners);
	tcase_add_test(c, array_replies);
	tcase_add_test(c, sysfs_formats);
	suite_add_tcase(s, c);

	c = tcase_create("warm update");
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, warm_update, 0, BOARDS);
	tcase_add_test(c, warm_image_of_another_board);
	tcase_add_test(c, warm_image_damaged);
	tcase_add_test(c, warm_image_forged);
	tcase_add_test(c, warm_arguments);
	suite_add_tcase(s, c);

#ifdef NVVGPU_FAULT_INJECTION
	c = tcase_create("faults");
	tcase_set_timeout(c, 120);
	tcase_add_test(c, create_unwinds);
	tcase_add_test(c, open_unwinds);
	tcase_add_test(c, reset_survives_faults);
	tcase_add_test(c, destroy_keeps_what_runs);
	tcase_add_test(c, destroy_never_leaks);
	tcase_add_test(c, warm_restore_is_all_or_nothing);
	tcase_add_test(c, start_unwinds);
	suite_add_tcase(s, c);
#endif

	c = tcase_create("migration");
	tcase_set_timeout(c, 60);
	tcase_add_test(c, migrates);
	tcase_add_test(c, migration_arcs);
	tcase_add_test(c, bad_streams_are_refused);
	tcase_add_test(c, crash_while_saving);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
