/* SPDX-License-Identifier: MIT */
/* References may be given back in any order: a child holds its parent. */
#include <stdlib.h>
#include "fixture.h"

/* One reference of each kind; what the last of them frees depends on the order. */
struct references {
	struct nvvgpu *host;
	struct nvvgpu_gpu *gpu;
	struct nvvgpu_type_list *types;
	struct nvvgpu_type *type;
	struct nvvgpu_vgpu_list *vgpus;
	struct nvvgpu_vgpu *vgpu;
	struct nvvgpu_device *device;
	struct nvvgpu_monitor *monitor;
};

#define KINDS 8

static void take(struct references *refs)
{
	struct nvvgpu_spec *spec;

	assert_ok(nvvgpu_open(board.uri, &refs->host));
	assert_ok(nvvgpu_gpu_lookup(refs->host, nvvgpu_gpu_get_address(board.gpu), &refs->gpu));
	assert_ok(nvvgpu_type_list(refs->gpu, NVVGPU_TYPE_ALL, &refs->types));
	assert_ok(nvvgpu_type_lookup(refs->gpu, smallest()->key, &refs->type));
	assert_ok(nvvgpu_monitor_open(refs->host, &refs->monitor));
	assert_ok(nvvgpu_spec_new(&spec));
	assert_ok(nvvgpu_spec_set_type(spec, smallest()->key));
	assert_ok(nvvgpu_create(refs->gpu, spec, &refs->vgpu));
	nvvgpu_spec_free(spec);
	assert_ok(nvvgpu_vgpu_list(refs->gpu, &refs->vgpus));
	assert_ok(nvvgpu_device_open(refs->vgpu, &refs->device));
}

static void give_back(struct references *refs, unsigned int kind)
{
	switch (kind) {
	case 0:
		refs->host = nvvgpu_unref(refs->host);
		break;
	case 1:
		refs->gpu = nvvgpu_gpu_unref(refs->gpu);
		break;
	case 2:
		refs->types = nvvgpu_type_list_unref(refs->types);
		break;
	case 3:
		refs->type = nvvgpu_type_unref(refs->type);
		break;
	case 4:
		refs->vgpus = nvvgpu_vgpu_list_unref(refs->vgpus);
		break;
	case 5:
		refs->vgpu = nvvgpu_vgpu_unref(refs->vgpu);
		break;
	case 6:
		refs->device = nvvgpu_device_unref(refs->device);
		break;
	case 7:
		nvvgpu_monitor_close(refs->monitor);
		refs->monitor = NULL;
		break;
	}
}

/* What is still held must work, whatever went before it. */
static void use(const struct references *refs)
{
	uint32_t word;

	if (refs->gpu)
		ck_assert_str_eq(nvvgpu_gpu_get_address(refs->gpu),
				 nvvgpu_gpu_get_address(board.gpu));
	if (refs->types)
		ck_assert_uint_eq(nvvgpu_type_list_size(refs->types), board.fact_count);
	if (refs->type)
		ck_assert_uint_eq(nvvgpu_type_get_id(refs->type), smallest()->id);
	if (refs->vgpus)
		ck_assert_ptr_nonnull(nvvgpu_vgpu_list_get(refs->vgpus, 0));
	if (refs->vgpu)
		ck_assert_ptr_nonnull(nvvgpu_vgpu_get_gpu(refs->vgpu));
	if (refs->device)
		ck_assert_int_eq(nvvgpu_device_read(refs->device, NVVGPU_REGION_CONFIG, 0, &word,
						    sizeof(word)),
				 (ssize_t)sizeof(word));
	if (refs->monitor)
		ck_assert_int_ge(nvvgpu_monitor_get_fd(refs->monitor), 0);
}

static void one_order(const unsigned int *order)
{
	struct references refs = {0};
	unsigned int i;

	take(&refs);
	for (i = 0; i < KINDS; i++) {
		give_back(&refs, order[i]);
		use(&refs);
	}
	destroy_all();
}

/* The next permutation in lexical order; false after the last. */
static bool next_order(unsigned int *order)
{
	unsigned int i = KINDS - 1, j = KINDS - 1, low, high, swap;

	while (i > 0 && order[i - 1] >= order[i])
		i--;
	if (i == 0)
		return false;
	while (order[j] <= order[i - 1])
		j--;
	swap = order[i - 1];
	order[i - 1] = order[j];
	order[j] = swap;
	for (low = i, high = KINDS - 1; low < high; low++, high--) {
		swap = order[low];
		order[low] = order[high];
		order[high] = swap;
	}
	return true;
}

/* Of the 40320 orders every 61st, which still puts each kind in each place; more or fewer by
 * TEST_LEVEL. */
static unsigned int order_stride(void)
{
	const char *level = getenv("TEST_LEVEL");

	if (level && !strcmp(level, "all"))
		return 19;
	return level && !strcmp(level, "quick") ? 997 : 61;
}

START_TEST(every_order)
{
	unsigned int stride = order_stride(), number = 0;
	unsigned int order[KINDS] = {0, 1, 2, 3, 4, 5, 6, 7};

	do {
		if (number++ % stride == 0)
			one_order(order);
	} while (next_order(order));
	ck_assert_uint_eq(number, 40320);
}
END_TEST

START_TEST(children_outlive_their_list)
{
	struct nvvgpu_type *type = nvvgpu_type_ref(nvvgpu_type_list_get(board.types, 0));
	struct nvvgpu_type_list *list;

	assert_ok(nvvgpu_type_list(board.gpu, NVVGPU_TYPE_ALL, &list));
	nvvgpu_type_unref(type);
	type = nvvgpu_type_ref(nvvgpu_type_list_get(list, 0));
	nvvgpu_type_list_unref(list);
	ck_assert_str_ne(nvvgpu_type_get_name(type), "");
	nvvgpu_type_unref(type);
}
END_TEST

START_TEST(null_is_allowed)
{
	ck_assert_ptr_null(nvvgpu_unref(NULL));
	ck_assert_ptr_null(nvvgpu_gpu_unref(NULL));
	ck_assert_ptr_null(nvvgpu_type_list_unref(NULL));
	ck_assert_ptr_null(nvvgpu_type_unref(NULL));
	ck_assert_ptr_null(nvvgpu_vgpu_list_unref(NULL));
	ck_assert_ptr_null(nvvgpu_vgpu_unref(NULL));
	ck_assert_ptr_null(nvvgpu_device_unref(NULL));
	nvvgpu_monitor_close(NULL);
	nvvgpu_spec_free(NULL);
	nvvgpu_event_free(NULL);
	nvvgpu_stream_info_free(NULL);
	nvvgpu_migrate_options_free(NULL);
	nvvgpu_free(NULL);
}
END_TEST

TCase *order_cases(void)
{
	TCase *cases = tcase_create("order");

	tcase_set_timeout(cases, 600);
	tcase_add_checked_fixture(cases, board_setup, board_teardown);
	tcase_add_test(cases, every_order);
	tcase_add_test(cases, children_outlive_their_list);
	tcase_add_test(cases, null_is_allowed);
	return cases;
}
