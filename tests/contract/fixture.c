/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fixture.h"
#include "../harness/gpus.h"

struct board board;

/* What must be back at its start value when all vGPUs are gone. */
static const int kept_stats[KEEP_STATS] = {
	NVVGPU_STAT_VGPUS,
	NVVGPU_STAT_FRAMEBUFFER_FREE_BYTES,
	NVVGPU_STAT_HEAP_FREE_BYTES,
	NVVGPU_STAT_BAR1_FREE_BYTES,
	NVVGPU_STAT_CHANNELS_FREE,
	NVVGPU_STAT_RM_CLIENTS,
};

uint64_t stat_now(int statistic)
{
	uint64_t value = 0;
	int err = nvvgpu_gpu_get_statistic(board.gpu, statistic, &value);

	ck_assert_msg(err == 0 || err == -EOPNOTSUPP, "%s: %d",
		      nvvgpu_statistic_name(statistic), err);
	return value;
}

static int by_size(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;

	if (x->framebuffer_bytes != y->framebuffer_bytes)
		return x->framebuffer_bytes < y->framebuffer_bytes ? -1 : 1;
	if (x->max_instances != y->max_instances)
		return x->max_instances > y->max_instances ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static void learn_types(void)
{
	size_t i;

	assert_ok(nvvgpu_type_list(board.gpu, NVVGPU_TYPE_ALL, &board.types));
	board.fact_count = nvvgpu_type_list_size(board.types);
	ck_assert_uint_gt(board.fact_count, 0);
	ck_assert_uint_le(board.fact_count, MAX_FACTS);
	for (i = 0; i < board.fact_count; i++) {
		struct nvvgpu_type *type = nvvgpu_type_list_get(board.types, i);
		struct fact *fact = &board.facts[i];

		fact->id = nvvgpu_type_get_id(type);
		fact->name = nvvgpu_type_get_name(type);
		fact->max_instances = nvvgpu_type_get_max_instances(type);
		fact->framebuffer_bytes = nvvgpu_type_get_framebuffer_bytes(type);
		snprintf(fact->key, sizeof(fact->key), "%u", fact->id);
	}
	qsort(board.facts, board.fact_count, sizeof(*board.facts), by_size);
}

static void learn_modes(void)
{
	enum nvvgpu_mode mode;
	size_t count;
	int err;

	/* equal-size mode: ids that could be chosen now */
	err = nvvgpu_type_get_placements(nvvgpu_type_list_get(board.types, 0),
					 NVVGPU_PLACEMENT_CREATABLE, NULL, 0, &count, NULL);
	board.placements = err == 0 && count > 0;
	board.placing = nvvgpu_gpu_get_framework(board.gpu) != NVVGPU_FRAMEWORK_MDEV;
	assert_ok(nvvgpu_gpu_get_mode(board.gpu, &mode));
	board.mode_known = mode != NVVGPU_GPU_MODE_UNKNOWN;
	err = nvvgpu_gpu_set_mixed_size(board.gpu, true);
	board.mixed_capable = err == 0;
	if (err)
		check_error(err, EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED);
	else
		assert_ok(nvvgpu_gpu_set_mixed_size(board.gpu, false));
}

static void learn_capabilities(void)
{
	uint64_t value;
	int err;

	board.tells = nvvgpu_gpu_get_framework(board.gpu) == NVVGPU_FRAMEWORK_NVVGPU;
	err = nvvgpu_gpu_get_statistic(board.gpu, NVVGPU_STAT_CREATED, &value);
	board.counters = err == 0;
	if (err)
		check_error(err, EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED);
}

bool without_placing(void)
{
	struct nvvgpu_type *type = nvvgpu_type_list_get(board.types, 0);
	uint32_t id = 0;
	size_t count;

	if (board.placing)
		return false;
	check_error(nvvgpu_type_get_placements(type, NVVGPU_PLACEMENT_SUPPORTED, NULL, 0, &count,
					       NULL), EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED);
	create_refused(WISH(.type = smallest()->key, .placement = &id), EOPNOTSUPP,
		       NVVGPU_REASON_NOT_SUPPORTED);
	return true;
}

/* The number of vGPUs can be counted by anybody. */
bool without_counters(void)
{
	uint64_t value;

	for (int i = 0; !board.counters && nvvgpu_statistic_name(i); i++) {
		int err = nvvgpu_gpu_get_statistic(board.gpu, i, &value);

		if (i == NVVGPU_STAT_VGPUS)
			ck_assert_int_eq(err, 0);
		else
			check_error(err, EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED);
	}
	return !board.counters;
}

/* The first GPU that can be shared; on a host there may be others. */
static struct nvvgpu_gpu *shareable_gpu(void)
{
	struct nvvgpu_gpu *gpu;

	for (size_t at = 0; (gpu = gpu_at(board.host, at)); at++)
		if (nvvgpu_gpu_get_reason(gpu) == NVVGPU_REASON_NONE)
			return gpu;
	return NULL;
}

void board_setup(void)
{
	size_t i;

	assert_ok(nvvgpu_open(board.uri, &board.host));
	board.gpu = shareable_gpu();
	ck_assert_msg(board.gpu != NULL, "%s has no GPU that can be shared", board.uri);
	nvvgpu_gpu_ref(board.gpu);
	ck_assert_uint_eq(vgpu_count(), 0);
	learn_types();
	learn_modes();
	learn_capabilities();
	for (i = 0; i < KEEP_STATS; i++)
		board.start_stats[i] = stat_now(kept_stats[i]);
}

void board_teardown(void)
{
	size_t i;

	destroy_all();
	if (board.mixed_capable)
		assert_ok(nvvgpu_gpu_set_mixed_size(board.gpu, false));
	for (i = 0; i < KEEP_STATS; i++)
		ck_assert_msg(stat_now(kept_stats[i]) == board.start_stats[i],
			      "%s: %llu at the start, %llu at the end",
			      nvvgpu_statistic_name(kept_stats[i]),
			      (unsigned long long)board.start_stats[i],
			      (unsigned long long)stat_now(kept_stats[i]));
	board.types = nvvgpu_type_list_unref(board.types);
	board.gpu = nvvgpu_gpu_unref(board.gpu);
	board.host = nvvgpu_unref(board.host);
}

void check_error(int err, int expected_errno, int reason)
{
	const struct nvvgpu_error *error = nvvgpu_last_error();

	ck_assert_int_eq(err, -expected_errno);
	ck_assert_int_eq(nvvgpu_error_get_errno(error), expected_errno);
	ck_assert_str_eq(nvvgpu_reason_name(nvvgpu_error_get_reason(error)),
			 nvvgpu_reason_name(reason));
	ck_assert_str_ne(nvvgpu_error_get_object(error), "");
	ck_assert_str_ne(nvvgpu_error_get_cause(error), "");
}

static int fill_spec(struct nvvgpu_spec *spec, const struct wish *wish)
{
	int err = nvvgpu_spec_set_type(spec, wish->type);

	if (!err && wish->uuid)
		err = nvvgpu_spec_set_uuid(spec, wish->uuid);
	if (!err && wish->vf)
		err = nvvgpu_spec_set_vf(spec, wish->vf);
	if (!err && wish->owner)
		err = nvvgpu_spec_set_owner(spec, wish->owner);
	if (!err && wish->param_key)
		err = nvvgpu_spec_add_param(spec, wish->param_key, wish->param_value);
	if (!err && wish->placement)
		err = nvvgpu_spec_set_placement(spec, *wish->placement);
	return err;
}

int try_create(const struct wish *wish, struct nvvgpu_vgpu **ret)
{
	struct nvvgpu_spec *spec;
	int err;

	assert_ok(nvvgpu_spec_new(&spec));
	assert_ok(fill_spec(spec, wish));
	err = nvvgpu_create(board.gpu, spec, ret);
	nvvgpu_spec_free(spec);
	return err;
}

struct nvvgpu_vgpu *create(const struct wish *wish)
{
	struct nvvgpu_vgpu *vgpu = NULL;

	assert_ok(try_create(wish, &vgpu));
	ck_assert_ptr_nonnull(vgpu);
	return vgpu;
}

void create_refused(const struct wish *wish, int err, int reason)
{
	struct nvvgpu_vgpu *untouched = (struct nvvgpu_vgpu *)&board, *vgpu = untouched;
	uint64_t before[KEEP_STATS];
	size_t i;

	for (i = 0; i < KEEP_STATS; i++)
		before[i] = stat_now(kept_stats[i]);
	check_error(try_create(wish, &vgpu), err, reason);
	ck_assert_ptr_eq(vgpu, untouched);
	for (i = 0; i < KEEP_STATS; i++)
		ck_assert_uint_eq(stat_now(kept_stats[i]), before[i]);
}

void destroy(struct nvvgpu_vgpu *vgpu)
{
	assert_ok(nvvgpu_destroy(vgpu));
	ck_assert_ptr_null(nvvgpu_vgpu_unref(vgpu));
}

void destroy_all(void)
{
	struct nvvgpu_vgpu_list *list;
	size_t i;

	assert_ok(nvvgpu_vgpu_list(board.gpu, &list));
	for (i = 0; i < nvvgpu_vgpu_list_size(list); i++)
		assert_ok(nvvgpu_destroy_as(nvvgpu_vgpu_list_get(list, i), NULL,
					    NVVGPU_DESTROY_FOREIGN, NULL));
	nvvgpu_vgpu_list_unref(list);
}

size_t vgpu_count(void)
{
	struct nvvgpu_vgpu_list *list;
	size_t count;

	assert_ok(nvvgpu_vgpu_list(board.gpu, &list));
	count = nvvgpu_vgpu_list_size(list);
	nvvgpu_vgpu_list_unref(list);
	return count;
}

struct nvvgpu_type *type_now(const char *key)
{
	struct nvvgpu_type *type;

	assert_ok(nvvgpu_type_lookup(board.gpu, key, &type));
	return type;
}

uint32_t available_now(const char *key)
{
	struct nvvgpu_type *type = type_now(key);
	uint32_t available;

	assert_ok(nvvgpu_type_get_available(type, &available));
	nvvgpu_type_unref(type);
	return available;
}

size_t placements_now(const struct fact *fact, int which, uint32_t ids[MAX_IDS],
		      uint32_t *ret_length)
{
	struct nvvgpu_type *type = type_now(fact->key);
	size_t count;

	assert_ok(nvvgpu_type_get_placements(type, which, ids, MAX_IDS, &count,
					     ret_length));
	ck_assert_uint_le(count, MAX_IDS);
	nvvgpu_type_unref(type);
	return count;
}

const struct fact *fact_of_size(uint64_t framebuffer_bytes)
{
	size_t i;

	for (i = 0; i < board.fact_count; i++)
		if (board.facts[i].framebuffer_bytes == framebuffer_bytes)
			return &board.facts[i];
	return NULL;
}

const struct fact *smallest(void)
{
	return &board.facts[0];
}

/* ------------------------------------------------------------- framebuffer */

#define BLOCK_BYTES	65536u
#define PLACES		4

struct nvvgpu_device *open_device(struct nvvgpu_vgpu *vgpu)
{
	struct nvvgpu_device *device;

	assert_ok(nvvgpu_device_open(vgpu, &device));
	return device;
}

uint64_t aperture_bytes(struct nvvgpu_device *device, struct nvvgpu_vgpu *vgpu)
{
	uint64_t framebuffer = nvvgpu_vgpu_get_framebuffer_bytes(vgpu);
	uint64_t bytes;

	assert_ok(nvvgpu_device_get_region_bytes(device, NVVGPU_REGION_BAR1, &bytes));
	ck_assert_uint_ge(bytes, 2 * BLOCK_BYTES);
	return framebuffer < bytes ? framebuffer : bytes;
}

/* Where to look: both ends, the middle, and an odd place. */
static uint64_t place(uint64_t bytes, unsigned int index)
{
	const uint64_t offsets[PLACES] = {0, bytes / 4 + 4096, bytes / 2, bytes - BLOCK_BYTES};

	return offsets[index];
}

static void pattern(uint8_t *block, uint64_t seed, uint64_t offset)
{
	uint64_t word = (seed + 1) * 0x9e3779b97f4a7c15u + offset;
	size_t i;

	for (i = 0; i < BLOCK_BYTES; i += sizeof(word)) {
		word = word * 6364136223846793005u + 1442695040888963407u;
		memcpy(block + i, &word, sizeof(word));
	}
}

void fill(struct nvvgpu_device *device, struct nvvgpu_vgpu *vgpu, uint64_t seed)
{
	uint64_t bytes = aperture_bytes(device, vgpu);
	uint8_t block[BLOCK_BYTES];
	unsigned int i;

	for (i = 0; i < PLACES; i++) {
		pattern(block, seed, place(bytes, i));
		ck_assert_int_eq(nvvgpu_device_write(device, NVVGPU_REGION_BAR1, place(bytes, i),
						     block, sizeof(block)),
				 (ssize_t)sizeof(block));
	}
}

static void check_block(struct nvvgpu_device *device, uint64_t offset, const uint8_t *wanted)
{
	uint8_t block[BLOCK_BYTES];

	memset(block, 0xa5, sizeof(block));
	ck_assert_int_eq(nvvgpu_device_read(device, NVVGPU_REGION_BAR1, offset, block,
					    sizeof(block)),
			 (ssize_t)sizeof(block));
	ck_assert_msg(memcmp(block, wanted, sizeof(block)) == 0, "wrong bytes at %#llx",
		      (unsigned long long)offset);
}

void check_filled(struct nvvgpu_device *device, struct nvvgpu_vgpu *vgpu, uint64_t seed)
{
	uint64_t bytes = aperture_bytes(device, vgpu);
	uint8_t wanted[BLOCK_BYTES];
	unsigned int i;

	for (i = 0; i < PLACES; i++) {
		pattern(wanted, seed, place(bytes, i));
		check_block(device, place(bytes, i), wanted);
	}
}

void check_zero(struct nvvgpu_device *device, struct nvvgpu_vgpu *vgpu)
{
	uint64_t bytes = aperture_bytes(device, vgpu);
	const uint8_t zeros[BLOCK_BYTES] = {0};
	unsigned int i;

	for (i = 0; i < PLACES; i++)
		check_block(device, place(bytes, i), zeros);
}
