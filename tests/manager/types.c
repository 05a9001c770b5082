// SPDX-License-Identifier: MIT
/* What is listed, and whether that is exact. */
#include "manager.h"

/* ------------------------------------------------------------------------- types and lists */

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
	BAD(bar1_mib, 0);
	BAD(bar1_mib, 3);
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

/* ---------------------------------------------------------------------------- availability */

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

/* ------------------------------------------------------------------------------ placements */

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

void add_types_cases(Suite *s)
{
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
}
