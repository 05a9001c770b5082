// SPDX-License-Identifier: MIT
/* Types of an emulated L40: lists, lookups, reasons, placements. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/gpus.h"
#include "internal.h"

static struct nvvgpu *host;
static struct nvvgpu_gpu *gpu;

static void setup(void)
{
	ck_assert_int_eq(nvvgpu_open("emu:l40", &host), 0);
	gpu = gpu_at(host, 0);
	ck_assert_ptr_nonnull(gpu);
}

static void teardown(void)
{
	nvvgpu_unref(host);
}

static struct nvvgpu_type *lookup(const char *name)
{
	struct nvvgpu_type *type;

	ck_assert_int_eq(nvvgpu_type_lookup(gpu, name, &type), 0);
	return type;
}

static struct nvvgpu_type_list *list(unsigned int flags)
{
	struct nvvgpu_type_list *types;

	ck_assert_int_eq(nvvgpu_type_list(gpu, flags, &types), 0);
	return types;
}

static void create(const char *type)
{
	struct nvvgpu_spec *spec;
	struct nvvgpu_vgpu *vgpu;

	ck_assert_int_eq(nvvgpu_spec_new(&spec), 0);
	ck_assert_int_eq(nvvgpu_spec_set_type(spec, type), 0);
	ck_assert_int_eq(nvvgpu_create(gpu, spec, &vgpu), 0);
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_spec_free(spec);
}

static void assert_error(int err, int wanted_err, int wanted_reason)
{
	ck_assert_int_eq(err, -wanted_err);
	ck_assert_int_eq(nvvgpu_error_get_errno(nvvgpu_last_error()), wanted_err);
	ck_assert_int_eq(nvvgpu_error_get_reason(nvvgpu_last_error()), wanted_reason);
}

START_TEST(test_published_type)
{
	struct nvvgpu_type *type = lookup("869");
	uint32_t available;

	ck_assert_uint_eq(nvvgpu_type_get_id(type), 869);
	ck_assert_str_eq(nvvgpu_type_get_name(type), "NVIDIA L40-1B");
	ck_assert_str_eq(nvvgpu_type_get_class(type), "NVS");
	ck_assert_ptr_eq(nvvgpu_type_get_gpu(type), gpu);
	ck_assert_uint_eq(nvvgpu_type_get_framebuffer_bytes(type), 1ULL << 30);
	ck_assert_uint_eq(nvvgpu_type_get_heads(type), 4);
	ck_assert_uint_eq(nvvgpu_type_get_max_width(type), 5120);
	ck_assert_uint_eq(nvvgpu_type_get_max_height(type), 2880);
	ck_assert_uint_eq(nvvgpu_type_get_frame_rate_limit(type), 45);
	ck_assert_uint_eq(nvvgpu_type_get_max_instances(type), 32);
	ck_assert_int_eq(nvvgpu_type_get_available(type, &available), 0);
	ck_assert_uint_eq(available, 32);
	ck_assert(nvvgpu_type_is_creatable(type));
	ck_assert_int_eq(nvvgpu_type_get_reason(type), NVVGPU_REASON_NONE);
	ck_assert_str_eq(nvvgpu_type_get_reason_text(type), "");
	nvvgpu_type_unref(type);
}
END_TEST

START_TEST(test_lists)
{
	struct nvvgpu_type_list *all = list(NVVGPU_TYPE_ALL);
	struct nvvgpu_type_list *creatable = list(NVVGPU_TYPE_CREATABLE);
	size_t size = nvvgpu_type_list_size(all);

	ck_assert_uint_gt(size, 10);
	ck_assert_uint_eq(nvvgpu_type_list_size(creatable), size);
	for (size_t i = 1; i < size; i++)
		ck_assert_uint_lt(nvvgpu_type_get_id(nvvgpu_type_list_get(all, i - 1)),
				  nvvgpu_type_get_id(nvvgpu_type_list_get(all, i)));
	ck_assert_ptr_null(nvvgpu_type_list_get(all, size));
	ck_assert_ptr_null(nvvgpu_type_list_get(all, SIZE_MAX));
	nvvgpu_type_list_unref(all);
	nvvgpu_type_list_unref(creatable);
}
END_TEST

START_TEST(test_unknown_flags)
{
	struct nvvgpu_type_list *types = (void *)&host;

	assert_error(nvvgpu_type_list(gpu, 2, &types), EINVAL, NVVGPU_REASON_INVALID_ARGUMENT);
	ck_assert_ptr_eq(types, &host);
}
END_TEST

START_TEST(test_equal_size)
{
	struct nvvgpu_type_list *creatable;
	struct nvvgpu_type *type;
	uint32_t available;

	create("L40-4Q");
	type = lookup("L40-8Q");
	ck_assert(!nvvgpu_type_is_creatable(type));
	ck_assert_int_eq(nvvgpu_type_get_available(type, &available), 0);
	ck_assert_uint_eq(available, 0);
	ck_assert_int_eq(nvvgpu_type_get_reason(type), NVVGPU_REASON_EQUAL_SIZE);
	ck_assert_str_eq(nvvgpu_type_get_reason_text(type),
			 "only 4 GiB types can be created while 4 GiB vGPUs exist on this GPU");
	nvvgpu_type_unref(type);
	creatable = list(NVVGPU_TYPE_CREATABLE);
	ck_assert_uint_gt(nvvgpu_type_list_size(creatable), 0);
	for (size_t i = 0; (type = nvvgpu_type_list_get(creatable, i)); i++)
		ck_assert_uint_eq(nvvgpu_type_get_framebuffer_bytes(type), 4ULL << 30);
	nvvgpu_type_list_unref(creatable);
}
END_TEST

START_TEST(test_exhausted)
{
	struct nvvgpu_type *type;
	uint32_t available;

	create("L40-48Q");
	type = lookup("L40-48Q");
	ck_assert_int_eq(nvvgpu_type_get_available(type, &available), 0);
	ck_assert_uint_eq(available, 0);
	ck_assert_int_eq(nvvgpu_type_get_reason(type), NVVGPU_REASON_EXHAUSTED);
	ck_assert_str_eq(nvvgpu_type_get_reason_text(type),
			 "the largest number of instances, 1, exists");
	nvvgpu_type_unref(type);
}
END_TEST

START_TEST(test_snapshots_do_not_change)
{
	struct nvvgpu_type *before = lookup("L40-4Q"), *after;
	uint32_t available;

	create("L40-4Q");
	after = lookup("L40-4Q");
	ck_assert_int_eq(nvvgpu_type_get_available(before, &available), 0);
	ck_assert_uint_eq(available, 12);
	ck_assert_int_eq(nvvgpu_type_get_available(after, &available), 0);
	ck_assert_uint_eq(available, 11);
	nvvgpu_type_unref(before);
	nvvgpu_type_unref(after);
}
END_TEST

START_TEST(test_lookup)
{
	static const char *const names[] = { "869", "NVIDIA L40-1B", "L40-1B" };

	for (size_t i = 0; i < 3; i++) {
		struct nvvgpu_type *type = lookup(names[i]);

		ck_assert_uint_eq(nvvgpu_type_get_id(type), 869);
		nvvgpu_type_unref(type);
	}
}
END_TEST

static const struct {
	const char *name, *near;
} misses[] = {
	{ "NVIDIA L40-1D", "near: NVIDIA L40-1B" },	/* nothing is substituted */
	{ "l40-1b", "near: NVIDIA L40-1B" },
	{ "nvidia L40-1B", "near: NVIDIA L40-1B" },
	{ "GRID L40-1B", "near: NVIDIA L40-1B" },
	{ "L40-1B ", "near: NVIDIA L40-1B" },
	{ "L40-1", "near: NVIDIA L40-1" },
	{ "Quadro RTX 8000-48Q", "list the types" },
	{ "", "list the types" },
	{ "0", "list the types" },
	{ "0869x", "list the types" },
	{ "4294967296", "list the types" },
	{ "4294968165", "list the types" },		/* 869 + 2^32 */
	{ "0x365", "list the types" },
};

START_TEST(test_lookup_misses)
{
	struct nvvgpu_type *type = (void *)&host;

	assert_error(nvvgpu_type_lookup(gpu, misses[_i].name, &type), ENOENT,
		     NVVGPU_REASON_NOT_FOUND);
	ck_assert_ptr_eq(type, &host);
	ck_assert_msg(strstr(nvvgpu_error_get_next_step(nvvgpu_last_error()), misses[_i].near),
		      "%s: %s", misses[_i].name, nvvgpu_error_get_next_step(nvvgpu_last_error()));
}
END_TEST

START_TEST(test_lookup_of_nothing)
{
	struct nvvgpu_type *type;

	assert_error(nvvgpu_type_lookup(gpu, NULL, &type), EINVAL, NVVGPU_REASON_INVALID_ARGUMENT);
}
END_TEST

/* A type keeps its list alive; neither needs the GPU or the host. */
START_TEST(test_references)
{
	struct nvvgpu_type_list *types = list(NVVGPU_TYPE_ALL);
	struct nvvgpu_type *type = nvvgpu_type_list_get(types, 0);

	ck_assert_ptr_eq(nvvgpu_type_ref(type), type);
	ck_assert_ptr_eq(nvvgpu_type_list_ref(types), types);
	ck_assert_ptr_null(nvvgpu_type_list_unref(types));
	ck_assert_ptr_null(nvvgpu_type_list_unref(types));
	nvvgpu_unref(host);
	ck_assert_str_eq(nvvgpu_type_get_name(type), "NVIDIA L40-1B");
	ck_assert_ptr_null(nvvgpu_type_unref(type));
	ck_assert_ptr_null(nvvgpu_type_unref(NULL));
	ck_assert_ptr_null(nvvgpu_type_list_unref(NULL));
	host = NULL;
}
END_TEST

static void *read_text(void *arg)
{
	return (void *)nvvgpu_type_get_reason_text(arg);
}

START_TEST(test_one_text_for_all_threads)
{
	struct nvvgpu_type *type;
	pthread_t threads[8];
	void *texts[8];

	create("L40-4Q");
	type = lookup("L40-8Q");
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, read_text, type), 0);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_join(threads[i], &texts[i]), 0);
	for (int i = 1; i < 8; i++)
		ck_assert_ptr_eq(texts[i], texts[0]);
	nvvgpu_type_unref(type);
}
END_TEST

START_TEST(test_placements)
{
	struct nvvgpu_type *type = lookup("L40-12Q");
	uint32_t ids[8] = { 0 }, length = 0;
	size_t count = 0;

	ck_assert_int_eq(nvvgpu_type_get_placements(type, NVVGPU_PLACEMENT_SUPPORTED, NULL, 0,
						     &count, NULL), 0);
	ck_assert_uint_eq(count, 4);
	ck_assert_int_eq(nvvgpu_type_get_placements(type, NVVGPU_PLACEMENT_SUPPORTED, ids, 2,
						     &count, &length), 0);
	ck_assert_uint_eq(count, 4);
	ck_assert_uint_eq(length, 12);
	ck_assert_uint_eq(ids[1], 12);
	ck_assert_uint_eq(ids[2], 0);	/* beyond the room */
	create("L40-12Q");
	ck_assert_int_eq(nvvgpu_type_get_placements(type, NVVGPU_PLACEMENT_CREATABLE, ids, 8,
						     &count, NULL), 0);
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(ids[0], 12);
	assert_error(nvvgpu_type_get_placements(type, 2, ids, 8, &count, NULL), EINVAL,
		     NVVGPU_REASON_INVALID_ARGUMENT);
	nvvgpu_type_unref(type);
}
END_TEST

START_TEST(test_no_placements)
{
	struct nvvgpu_type *type;
	struct nvvgpu *other;
	size_t count;

	ck_assert_int_eq(nvvgpu_open("emu:t4", &other), 0);
	gpu = gpu_at(other, 0);
	type = lookup("GRID T4-2Q");
	assert_error(nvvgpu_type_get_placements(type, 0, NULL, 0, &count, NULL), EOPNOTSUPP,
		     NVVGPU_REASON_NOT_SUPPORTED);
	nvvgpu_type_unref(type);
	type = lookup("T4-2Q");
	ck_assert_uint_eq(nvvgpu_type_get_id(type), 231);
	nvvgpu_type_unref(type);
	nvvgpu_unref(other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("type");
	TCase *tcase = tcase_create("type");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_published_type);
	tcase_add_test(tcase, test_lists);
	tcase_add_test(tcase, test_unknown_flags);
	tcase_add_test(tcase, test_equal_size);
	tcase_add_test(tcase, test_exhausted);
	tcase_add_test(tcase, test_snapshots_do_not_change);
	tcase_add_test(tcase, test_lookup);
	tcase_add_loop_test(tcase, test_lookup_misses, 0, sizeof(misses) / sizeof(misses[0]));
	tcase_add_test(tcase, test_lookup_of_nothing);
	tcase_add_test(tcase, test_references);
	tcase_add_test(tcase, test_one_text_for_all_threads);
	tcase_add_test(tcase, test_placements);
	tcase_add_test(tcase, test_no_placements);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
