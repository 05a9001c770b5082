/* SPDX-License-Identifier: MIT */
/* The equal-size rule, mixed-size mode and placement ids. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fixture.h"

#define MAX_UNITS 256

static unsigned int gib_up(uint64_t bytes)
{
	return (unsigned int)((bytes + GIB - 1) / GIB);
}

static unsigned int units(void)
{
	return (unsigned int)(nvvgpu_gpu_get_framebuffer_bytes(board.gpu) / GIB);
}

/* Where instance j of a type may sit. */
static uint32_t placement_id(const struct fact *fact, uint32_t j)
{
	return units() * j / fact->max_instances;
}

/* ------------------------------------------------------------- equal size */

static void check_only_size_creatable(uint64_t framebuffer_bytes)
{
	char size[32];
	size_t i;

	snprintf(size, sizeof(size), "%u GiB", gib_up(framebuffer_bytes));
	for (i = 0; i < board.fact_count; i++) {
		struct nvvgpu_type *type = type_now(board.facts[i].key);
		const char *text = nvvgpu_type_get_reason_text(type);

		if (board.facts[i].framebuffer_bytes != framebuffer_bytes) {
			ck_assert_int_eq(nvvgpu_type_get_reason(type), NVVGPU_REASON_EQUAL_SIZE);
			ck_assert_msg(strstr(text, size) != NULL, "\"%s\" does not name %s", text,
				      size);
		} else if (board.facts[i].max_instances > 1) {
			ck_assert(nvvgpu_type_is_creatable(type));
		}
		nvvgpu_type_unref(type);
	}
}

START_TEST(first_vgpu_fixes_the_size)
{
	const struct fact *fact = fact_of_size(4 * GIB);
	struct nvvgpu_vgpu *vgpu;
	size_t i;

	ck_assert_ptr_nonnull(fact);
	vgpu = create(WISH(.type = fact->key));
	check_only_size_creatable(fact->framebuffer_bytes);
	for (i = 0; i < board.fact_count; i++)
		if (board.facts[i].framebuffer_bytes != fact->framebuffer_bytes)
			create_refused(WISH(.type = board.facts[i].key), EINVAL,
				       NVVGPU_REASON_EQUAL_SIZE);
		else if (board.facts[i].id != fact->id)
			destroy(create(WISH(.type = board.facts[i].key)));
	destroy(vgpu);
	for (i = 0; i < board.fact_count; i++)
		ck_assert_uint_eq(available_now(board.facts[i].key), board.facts[i].max_instances);
}
END_TEST

START_TEST(creatable_list_agrees)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key));
	struct nvvgpu_type_list *list;
	size_t i;

	assert_ok(nvvgpu_type_list(board.gpu, NVVGPU_TYPE_CREATABLE, &list));
	ck_assert_uint_gt(nvvgpu_type_list_size(list), 0);
	for (i = 0; i < nvvgpu_type_list_size(list); i++)
		ck_assert_uint_eq(
			nvvgpu_type_get_framebuffer_bytes(nvvgpu_type_list_get(list, i)),
			smallest()->framebuffer_bytes);
	nvvgpu_type_list_unref(list);
	destroy(vgpu);
}
END_TEST

/* ------------------------------------------------------------- placements */

START_TEST(supported_placements_are_exact)
{
	uint32_t ids[MAX_IDS], length, j;
	size_t i;

	if (without_placing())
		return;
	for (i = 0; (board.placements || board.mixed_capable) && i < board.fact_count; i++) {
		const struct fact *fact = &board.facts[i];
		size_t count = placements_now(fact, NVVGPU_PLACEMENT_SUPPORTED, ids, &length);

		ck_assert_uint_eq(count, fact->max_instances);
		ck_assert_uint_eq(length, gib_up(fact->framebuffer_bytes));
		for (j = 0; j < fact->max_instances; j++)
			ck_assert_uint_eq(ids[j], placement_id(fact, j));
	}
}
END_TEST

START_TEST(board_without_placements)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key));
	uint32_t id;

	if (board.placements)
		assert_ok(nvvgpu_vgpu_get_placement(vgpu, &id));
	else
		ck_assert_int_eq(nvvgpu_vgpu_get_placement(vgpu, &id), -ENODATA);
	destroy(vgpu);
}
END_TEST

static void check_room_refusals(const char *type, uint32_t id)
{
	uint32_t beyond = units();

	create_refused(WISH(.type = type, .placement = &id), EINVAL, NVVGPU_REASON_PLACEMENT_TAKEN);
	create_refused(WISH(.type = type, .placement = &beyond), EINVAL,
		       NVVGPU_REASON_PLACEMENT_INVALID);
}

START_TEST(placement_chosen_in_equal_size)
{
	const struct fact *fact = fact_of_size(4 * GIB);
	struct nvvgpu_vgpu *vgpu;
	uint32_t id, between, got;

	if (!board.placements)
		return;
	id = placement_id(fact, fact->max_instances - 1);
	between = id - 1;
	vgpu = create(WISH(.type = fact->key, .placement = &id));
	assert_ok(nvvgpu_vgpu_get_placement(vgpu, &got));
	ck_assert_uint_eq(got, id);
	check_room_refusals(fact->key, id);
	create_refused(WISH(.type = fact->key, .placement = &between), EINVAL,
		       NVVGPU_REASON_PLACEMENT_INVALID);
	destroy(vgpu);
}
END_TEST

/* ------------------------------------------------------------- mixed size */

START_TEST(mode_refused_with_live_vgpus)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key));
	enum nvvgpu_mode mode;

	if (board.mixed_capable) {
		check_error(nvvgpu_gpu_set_mixed_size(board.gpu, true), EBUSY,
			    NVVGPU_REASON_LIVE_VGPUS);
		assert_ok(nvvgpu_gpu_set_mixed_size(board.gpu, false));
	} else {
		check_error(nvvgpu_gpu_set_mixed_size(board.gpu, true), EOPNOTSUPP,
			    NVVGPU_REASON_NOT_SUPPORTED);
	}
	assert_ok(nvvgpu_gpu_get_mode(board.gpu, &mode));
	if (board.mode_known || mode != NVVGPU_GPU_MODE_UNKNOWN)
		ck_assert_int_eq(mode, NVVGPU_GPU_MODE_EQUAL_SIZE);
	destroy(vgpu);
}
END_TEST

/* Our own account of who sits where, to compare with the board's. */
struct model {
	bool taken[MAX_UNITS];
	struct {
		struct nvvgpu_vgpu *vgpu;
		uint32_t id, length;
	} vgpus[MAX_VGPUS];
	size_t count;
};

static bool fits(const struct model *model, const struct fact *fact, uint32_t id)
{
	uint32_t unit;

	for (unit = id; unit < id + gib_up(fact->framebuffer_bytes); unit++)
		if (unit >= units() || model->taken[unit])
			return false;
	return true;
}

static void mark(struct model *model, uint32_t id, uint32_t length, bool taken)
{
	uint32_t unit;

	for (unit = id; unit < id + length; unit++)
		model->taken[unit] = taken;
}

static uint32_t free_slots(const struct model *model)
{
	uint32_t slots;

	assert_ok(nvvgpu_gpu_get_vfs_enabled(board.gpu, &slots));
	return slots - (uint32_t)model->count;
}

/* The ids that should be creatable, ascending. */
static size_t expected_ids(const struct model *model, const struct fact *fact, uint32_t *ids)
{
	size_t count = 0;
	uint32_t j;

	if (free_slots(model) == 0)
		return 0;
	for (j = 0; j < fact->max_instances; j++)
		if (fits(model, fact, placement_id(fact, j)))
			ids[count++] = placement_id(fact, j);
	return count;
}

static void check_agreement(const struct model *model)
{
	uint32_t wanted[MAX_IDS], got[MAX_IDS], length;
	size_t i;

	for (i = 0; i < board.fact_count; i++) {
		const struct fact *fact = &board.facts[i];
		struct nvvgpu_type *type = type_now(fact->key);
		size_t count = expected_ids(model, fact, wanted);

		ck_assert_uint_eq(placements_now(fact, NVVGPU_PLACEMENT_CREATABLE, got, &length),
				  count);
		ck_assert_int_eq(memcmp(got, wanted, count * sizeof(*got)), 0);
		ck_assert_int_eq(nvvgpu_type_is_creatable(type), count > 0);
		nvvgpu_type_unref(type);
	}
}

static void model_create(struct model *model, const struct fact *fact, bool choose,
			 unsigned int random)
{
	uint32_t ids[MAX_IDS], id, got;
	size_t count = expected_ids(model, fact, ids);
	struct nvvgpu_vgpu *vgpu;

	if (count == 0) {
		ck_assert_int_lt(try_create(WISH(.type = fact->key), &vgpu), 0);
		return;
	}
	id = choose ? ids[random % count] : ids[0];
	vgpu = create(WISH(.type = fact->key, .placement = choose ? &id : NULL));
	assert_ok(nvvgpu_vgpu_get_placement(vgpu, &got));
	ck_assert_uint_eq(got, id);
	mark(model, id, gib_up(fact->framebuffer_bytes), true);
	model->vgpus[model->count].vgpu = vgpu;
	model->vgpus[model->count].id = id;
	model->vgpus[model->count++].length = gib_up(fact->framebuffer_bytes);
}

static void model_destroy(struct model *model, size_t index)
{
	mark(model, model->vgpus[index].id, model->vgpus[index].length, false);
	destroy(model->vgpus[index].vgpu);
	model->vgpus[index] = model->vgpus[--model->count];
}

/* Random walks over create and destroy; after each step board and model must agree. */
START_TEST(mixed_size_agrees_with_a_model)
{
	struct model model = {0};
	unsigned int step, random = (unsigned int)_i + 1;

	if (!board.mixed_capable || without_placing())
		return;
	ck_assert_uint_le(units(), MAX_UNITS);
	assert_ok(nvvgpu_gpu_set_mixed_size(board.gpu, true));
	for (step = 0; step < 60; step++) {
		random = random * 1103515245 + 12345;
		if (model.count && random >> 28 < 6)
			model_destroy(&model, (random >> 8) % model.count);
		else
			model_create(&model, &board.facts[(random >> 8) % board.fact_count],
				     random >> 31, random >> 16);
		check_agreement(&model);
	}
	while (model.count)
		model_destroy(&model, 0);
}
END_TEST

START_TEST(mixed_size_refusals)
{
	const struct fact *small = smallest(), *large = fact_of_size(4 * GIB);
	struct nvvgpu_vgpu *vgpu;
	uint32_t id;

	if (!board.mixed_capable || without_placing())
		return;
	assert_ok(nvvgpu_gpu_set_mixed_size(board.gpu, true));
	assert_ok(nvvgpu_gpu_set_mixed_size(board.gpu, true));
	id = placement_id(large, 1);
	vgpu = create(WISH(.type = large->key, .placement = &id));
	check_room_refusals(large->key, id);
	create_refused(WISH(.type = small->key, .placement = &id), EINVAL,
		       NVVGPU_REASON_PLACEMENT_TAKEN);
	check_error(nvvgpu_gpu_set_mixed_size(board.gpu, false), EBUSY, NVVGPU_REASON_LIVE_VGPUS);
	destroy(vgpu);
}
END_TEST

/* Without ids too: sizes beside each other, and the mode as long as they are there. */
START_TEST(mixed_size_holds_several)
{
	const struct fact *small = smallest(), *large = fact_of_size(4 * GIB);
	struct nvvgpu_vgpu *vgpus[3];
	enum nvvgpu_mode mode;
	size_t i;

	if (!board.mixed_capable)
		return;
	assert_ok(nvvgpu_gpu_set_mixed_size(board.gpu, true));
	vgpus[0] = create(WISH(.type = large->key));
	vgpus[1] = create(WISH(.type = small->key));
	vgpus[2] = create(WISH(.type = large->key));
	ck_assert_uint_eq(vgpu_count(), 3);
	for (i = 0; i < board.fact_count; i++) {
		struct nvvgpu_type *type = type_now(board.facts[i].key);

		ck_assert_int_ne(nvvgpu_type_get_reason(type), NVVGPU_REASON_EQUAL_SIZE);
		if (board.facts[i].framebuffer_bytes == small->framebuffer_bytes)
			ck_assert(nvvgpu_type_is_creatable(type));
		nvvgpu_type_unref(type);
	}
	assert_ok(nvvgpu_gpu_get_mode(board.gpu, &mode));
	ck_assert_int_eq(mode, NVVGPU_GPU_MODE_MIXED_SIZE);
	check_error(nvvgpu_gpu_set_mixed_size(board.gpu, false), EBUSY, NVVGPU_REASON_LIVE_VGPUS);
	for (i = 0; i < 3; i++)
		destroy(vgpus[i]);
}
END_TEST

/* The largest type leaves no room for any other. */
START_TEST(mixed_size_full)
{
	const struct fact *largest = &board.facts[board.fact_count - 1];
	struct nvvgpu_vgpu *vgpu;
	size_t i;

	if (!board.mixed_capable)
		return;
	assert_ok(nvvgpu_gpu_set_mixed_size(board.gpu, true));
	vgpu = create(WISH(.type = largest->key));
	for (i = 0; i < board.fact_count; i++)
		ck_assert_uint_eq(available_now(board.facts[i].key), 0);
	create_refused(WISH(.type = smallest()->key), ENOSPC, NVVGPU_REASON_NO_FRAMEBUFFER);
	destroy(vgpu);
}
END_TEST

TCase *placement_cases(void)
{
	TCase *cases = tcase_create("placement");

	tcase_set_timeout(cases, 60);
	tcase_add_checked_fixture(cases, board_setup, board_teardown);
	tcase_add_test(cases, first_vgpu_fixes_the_size);
	tcase_add_test(cases, creatable_list_agrees);
	tcase_add_test(cases, supported_placements_are_exact);
	tcase_add_test(cases, board_without_placements);
	tcase_add_test(cases, placement_chosen_in_equal_size);
	tcase_add_test(cases, mode_refused_with_live_vgpus);
	tcase_add_loop_test(cases, mixed_size_agrees_with_a_model, 0, 4);
	tcase_add_test(cases, mixed_size_refusals);
	tcase_add_test(cases, mixed_size_holds_several);
	tcase_add_test(cases, mixed_size_full);
	return cases;
}
