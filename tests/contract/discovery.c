/* SPDX-License-Identifier: MIT */
/* What a board says of itself, and whether its types are the published ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fixture.h"

START_TEST(gpu_facts)
{
	struct nvvgpu_gpu *again;
	uint32_t vfs;
	enum nvvgpu_mode mode;

	ck_assert_uint_eq(nvvgpu_gpu_get_vendor_id(board.gpu), 0x10de);
	ck_assert_uint_ne(nvvgpu_gpu_get_device_id(board.gpu), 0);
	ck_assert_str_ne(nvvgpu_gpu_get_name(board.gpu), "");
	ck_assert_ptr_nonnull(nvvgpu_gpu_get_driver(board.gpu));
	ck_assert_int_ne(nvvgpu_gpu_get_framework(board.gpu), NVVGPU_FRAMEWORK_NONE);
	ck_assert_str_eq(nvvgpu_gpu_get_reason_text(board.gpu), "");
	ck_assert_uint_gt(nvvgpu_gpu_get_framebuffer_bytes(board.gpu), 0);
	assert_ok(nvvgpu_gpu_get_vfs_enabled(board.gpu, &vfs));
	ck_assert_uint_le(vfs, nvvgpu_gpu_get_vfs_total(board.gpu));
	assert_ok(nvvgpu_gpu_get_mode(board.gpu, &mode));
	ck_assert_int_eq(mode, board.mode_known ? NVVGPU_GPU_MODE_EQUAL_SIZE :
						  NVVGPU_GPU_MODE_UNKNOWN);
	ck_assert_str_ne(nvvgpu_gpu_get_evidence(board.gpu), "");

	assert_ok(nvvgpu_gpu_lookup(board.host, nvvgpu_gpu_get_address(board.gpu), &again));
	ck_assert_str_eq(nvvgpu_gpu_get_address(again), nvvgpu_gpu_get_address(board.gpu));
	nvvgpu_gpu_unref(again);
}
END_TEST

START_TEST(gpus_in_order_of_address)
{
	struct nvvgpu_gpu_list *gpus;
	struct nvvgpu_gpu *gpu;
	const char *last = "";

	assert_ok(nvvgpu_gpu_list(board.host, &gpus));
	for (size_t i = 0; (gpu = nvvgpu_gpu_list_get(gpus, i)); i++) {
		ck_assert_int_lt(strcmp(last, nvvgpu_gpu_get_address(gpu)), 0);
		last = nvvgpu_gpu_get_address(gpu);
	}
	ck_assert_ptr_null(nvvgpu_gpu_list_get(gpus, nvvgpu_gpu_list_size(gpus)));
	nvvgpu_gpu_list_unref(gpus);
}
END_TEST

START_TEST(gpu_that_is_not_there)
{
	struct nvvgpu_gpu *gpu;

	check_error(nvvgpu_gpu_lookup(board.host, "fffe:fe:1f.7", &gpu), ENODEV,
		    NVVGPU_REASON_NOT_FOUND);
	check_error(nvvgpu_gpu_lookup(board.host, "not an address", &gpu), EINVAL,
		    NVVGPU_REASON_INVALID_ARGUMENT);
}
END_TEST

START_TEST(types_sorted_and_unique)
{
	size_t i;

	for (i = 1; i < nvvgpu_type_list_size(board.types); i++)
		ck_assert_uint_lt(nvvgpu_type_get_id(nvvgpu_type_list_get(board.types, i - 1)),
				  nvvgpu_type_get_id(nvvgpu_type_list_get(board.types, i)));
	ck_assert_ptr_null(nvvgpu_type_list_get(board.types, i));
}
END_TEST

START_TEST(available_carries_a_reason)
{
	size_t i;

	for (i = 0; i < nvvgpu_type_list_size(board.types); i++) {
		struct nvvgpu_type *type = nvvgpu_type_list_get(board.types, i);
		uint32_t available = 0;
		bool known = nvvgpu_type_get_available(type, &available) == 0;
		bool good = nvvgpu_type_is_creatable(type);

		ck_assert_int_eq(nvvgpu_type_get_reason(type) == NVVGPU_REASON_NONE, good);
		ck_assert_int_eq(strlen(nvvgpu_type_get_reason_text(type)) == 0, good);
		if (known)
			ck_assert_int_eq(available > 0, good);
	}
}
END_TEST

START_TEST(empty_board_offers_all_instances)
{
	size_t i;

	for (i = 0; i < board.fact_count; i++)
		ck_assert_uint_eq(available_now(board.facts[i].key), board.facts[i].max_instances);
}
END_TEST

START_TEST(types_by_name)
{
	struct nvvgpu_type *type = type_now(smallest()->name);

	ck_assert_uint_eq(nvvgpu_type_get_id(type), smallest()->id);
	nvvgpu_type_unref(type);
	check_error(nvvgpu_type_lookup(board.gpu, "NVIDIA L40-1", &type), ENOENT,
		    NVVGPU_REASON_NOT_FOUND);
	check_error(nvvgpu_type_lookup(board.gpu, "4294967295", &type), ENOENT,
		    NVVGPU_REASON_NOT_FOUND);
}
END_TEST

START_TEST(unknown_flags)
{
	struct nvvgpu_type_list *list;

	check_error(nvvgpu_type_list(board.gpu, 1u << 31, &list), EINVAL,
		    NVVGPU_REASON_INVALID_ARGUMENT);
}
END_TEST

/* ---------------------------------------------- against the published table */

/* "-" matches everything: not published */
static void check_number(const struct fact *fact, const char *what, const char *wanted,
			 uint64_t got)
{
	if (strcmp(wanted, "-") != 0)
		ck_assert_msg(strtoull(wanted, NULL, 0) == got, "%s: %s is %llu, published %s",
			      fact->name, what, (unsigned long long)got, wanted);
}

static const struct fact *fact_named(const char *name)
{
	size_t i;

	for (i = 0; i < board.fact_count; i++)
		if (strcmp(board.facts[i].name, name) == 0)
			return &board.facts[i];
	ck_abort_msg("%s: not on this board", name);
	return NULL;
}

static void check_type_line(const char *line)
{
	char id[16], max[16], mib[16], class_name[16], heads[16], resolution[16], rate[16];
	char name[64], width_height[32];
	struct nvvgpu_type *type;
	const struct fact *fact;

	ck_assert_int_eq(sscanf(line, "%15s %15s %15s %15s %15s %15s %15s %63[^\n]", id, max, mib,
				class_name, heads, resolution, rate, name),
			 8);
	fact = fact_named(name);
	type = type_now(fact->key);
	check_number(fact, "id", id, fact->id);
	check_number(fact, "max_instances", max, fact->max_instances);
	check_number(fact, "framebuffer MiB", mib, fact->framebuffer_bytes >> 20);
	check_number(fact, "heads", heads, nvvgpu_type_get_heads(type));
	check_number(fact, "frame rate", rate, nvvgpu_type_get_frame_rate_limit(type));
	if (strcmp(class_name, "-") != 0)
		ck_assert_str_eq(nvvgpu_type_get_class(type), class_name);
	snprintf(width_height, sizeof(width_height), "%ux%u", nvvgpu_type_get_max_width(type),
		 nvvgpu_type_get_max_height(type));
	if (strcmp(resolution, "-") != 0)
		ck_assert_str_eq(width_height, resolution);
	nvvgpu_type_unref(type);
}

/* "NVIDIA L40-24Q": 24, 'Q'; false for names of another shape */
static bool name_parts(const char *name, unsigned int *ret_gib, char *ret_series)
{
	const char *dash = strrchr(name, '-');
	int end = 0;

	return dash && sscanf(dash, "-%u%c%n", ret_gib, ret_series, &end) == 2 && !dash[end];
}

static void check_limit_line(const char *line)
{
	unsigned int gib, max, type_gib;
	char series, type_series;
	int skip;
	size_t i;

	ck_assert_int_eq(sscanf(line, " %c%n", &series, &skip), 1);
	for (line += skip; sscanf(line, " %u:%u%n", &gib, &max, &skip) == 2; line += skip) {
		for (i = 0; i < board.fact_count; i++) {
			const struct fact *fact = &board.facts[i];

			if (name_parts(fact->name, &type_gib, &type_series) && type_gib == gib &&
			    type_series == series)
				ck_assert_msg(fact->max_instances == max,
					      "%s: %u instances, published %u", fact->name,
					      fact->max_instances, max);
		}
	}
}

/* All ids of the line, and when it says so no others. */
static void check_ids_line(const char *line, bool only)
{
	unsigned int first, last, named = 0, found = 0;
	int skip;
	size_t i;

	for (; sscanf(line, " %u%n", &first, &skip) == 1; line += skip) {
		last = first;
		if (line[skip] == '-')
			ck_assert_int_eq(sscanf(line, " %u-%u%n", &first, &last, &skip), 2);
		named += last - first + 1;
		for (i = 0; i < board.fact_count; i++)
			found += board.facts[i].id >= first && board.facts[i].id <= last;
	}
	ck_assert_uint_eq(found, named);
	if (only)
		ck_assert_uint_eq(board.fact_count, named);
}

START_TEST(types_as_published)
{
	FILE *file = fopen(board.types_path, "r");
	unsigned int device, lines = 0;
	char line[256], kind[8];
	int rest;

	ck_assert_msg(file != NULL, "%s: cannot be opened", board.types_path);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%7s %x%n", kind, &device, &rest) != 2 || kind[0] == '#' ||
		    device != nvvgpu_gpu_get_device_id(board.gpu))
			continue;
		lines++;
		if (strcmp(kind, "type") == 0)
			check_type_line(line + rest);
		else if (strcmp(kind, "limit") == 0)
			check_limit_line(line + rest);
		else if (strcmp(kind, "ids") == 0 || strcmp(kind, "only") == 0)
			check_ids_line(line + rest, kind[0] == 'o');
		else
			ck_abort_msg("%s: unknown kind of line: %s", board.types_path, line);
	}
	fclose(file);
	ck_assert_uint_gt(lines, 0);
}
END_TEST

START_TEST(sizes_as_named)
{
	unsigned int gib;
	char series;
	size_t i;

	for (i = 0; i < board.fact_count; i++)
		if (name_parts(board.facts[i].name, &gib, &series))
			ck_assert_uint_eq(board.facts[i].framebuffer_bytes, gib * GIB);
}
END_TEST

TCase *discovery_cases(void)
{
	TCase *cases = tcase_create("discovery");

	tcase_add_checked_fixture(cases, board_setup, board_teardown);
	tcase_add_test(cases, gpu_facts);
	tcase_add_test(cases, gpus_in_order_of_address);
	tcase_add_test(cases, gpu_that_is_not_there);
	tcase_add_test(cases, types_sorted_and_unique);
	tcase_add_test(cases, available_carries_a_reason);
	tcase_add_test(cases, empty_board_offers_all_instances);
	tcase_add_test(cases, types_by_name);
	tcase_add_test(cases, unknown_flags);
	tcase_add_test(cases, types_as_published);
	tcase_add_test(cases, sizes_as_named);
	return cases;
}
