/* SPDX-License-Identifier: MIT */
/* Create and destroy: identity, slots, parameters, owners, limits. */
#include <stdlib.h>
#include <string.h>
#include "fixture.h"

#define UUID_A "6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a001"
#define UUID_B "6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a002"

START_TEST(each_type_once)
{
	size_t i;

	for (i = 0; i < board.fact_count; i++) {
		const struct fact *fact = &board.facts[i];
		struct nvvgpu_vgpu *vgpu = create(WISH(.type = fact->key));
		enum nvvgpu_vgpu_state state;

		ck_assert(nvvgpu_vgpu_was_created(vgpu));
		ck_assert_uint_eq(nvvgpu_vgpu_get_type_id(vgpu), fact->id);
		ck_assert_str_eq(nvvgpu_vgpu_get_type_name(vgpu), fact->name);
		ck_assert_uint_eq(nvvgpu_vgpu_get_framebuffer_bytes(vgpu), fact->framebuffer_bytes);
		ck_assert_str_eq(nvvgpu_vgpu_get_owner(vgpu), "");
		ck_assert_str_ne(nvvgpu_vgpu_get_vfio(vgpu), "");
		assert_ok(nvvgpu_vgpu_get_state(vgpu, &state));
		ck_assert_int_eq(state, NVVGPU_VGPU_ASSIGNED);
		ck_assert_uint_eq(vgpu_count(), 1);
		ck_assert_uint_eq(available_now(fact->key), fact->max_instances - 1);
		destroy(vgpu);
		ck_assert_uint_eq(vgpu_count(), 0);
	}
}
END_TEST

START_TEST(fill_with_the_smallest)
{
	const struct fact *fact = smallest();
	uint32_t created;

	for (created = 0; created < fact->max_instances; created++) {
		ck_assert_uint_eq(available_now(fact->key), fact->max_instances - created);
		nvvgpu_vgpu_unref(create(WISH(.type = fact->key)));
	}
	ck_assert_uint_eq(vgpu_count(), fact->max_instances);
	ck_assert_uint_eq(available_now(fact->key), 0);
	create_refused(WISH(.type = fact->key), ENOSPC, NVVGPU_REASON_EXHAUSTED);
}
END_TEST

START_TEST(fill_with_each_type)
{
	size_t i;
	uint32_t n;

	for (i = 0; i < board.fact_count; i++) {
		for (n = 0; n < board.facts[i].max_instances; n++)
			nvvgpu_vgpu_unref(create(WISH(.type = board.facts[i].key)));
		create_refused(WISH(.type = board.facts[i].key), ENOSPC, NVVGPU_REASON_EXHAUSTED);
		destroy_all();
	}
}
END_TEST

/* Every second one goes and comes back: holes are found again. */
START_TEST(holes_are_filled)
{
	struct nvvgpu_vgpu *vgpus[MAX_VGPUS];
	const struct fact *fact = smallest();
	uint32_t i;

	ck_assert_uint_le(fact->max_instances, MAX_VGPUS);
	for (i = 0; i < fact->max_instances; i++)
		vgpus[i] = create(WISH(.type = fact->key));
	for (i = 0; i < fact->max_instances; i += 2)
		destroy(vgpus[i]);
	for (i = 0; i < fact->max_instances; i += 2)
		vgpus[i] = create(WISH(.type = fact->key));
	create_refused(WISH(.type = fact->key), ENOSPC, NVVGPU_REASON_EXHAUSTED);
	for (i = 0; i < fact->max_instances; i++)
		nvvgpu_vgpu_unref(vgpus[i]);
}
END_TEST

START_TEST(unknown_type)
{
	create_refused(WISH(.type = "65000"), ENOENT, NVVGPU_REASON_NOT_FOUND);
	create_refused(WISH(.type = "NVIDIA L40-1BB"), ENOENT, NVVGPU_REASON_NOT_FOUND);
}
END_TEST

START_TEST(spec_without_type)
{
	struct nvvgpu_spec *spec;
	struct nvvgpu_vgpu *vgpu;

	assert_ok(nvvgpu_spec_new(&spec));
	check_error(nvvgpu_create(board.gpu, spec, &vgpu), EINVAL, NVVGPU_REASON_INVALID_ARGUMENT);
	nvvgpu_spec_free(spec);
}
END_TEST

START_TEST(uuid_chosen_and_idempotent)
{
	const struct fact *fact = smallest();
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = fact->key, .uuid = UUID_A)), *again, *found;

	ck_assert_str_eq(nvvgpu_vgpu_get_uuid(vgpu), UUID_A);
	again = create(WISH(.type = fact->key, .uuid = UUID_A));
	ck_assert(!nvvgpu_vgpu_was_created(again));
	ck_assert(nvvgpu_vgpu_was_created(vgpu));
	ck_assert_uint_eq(vgpu_count(), 1);
	assert_ok(nvvgpu_vgpu_lookup(board.host, UUID_A, &found));
	ck_assert_str_eq(nvvgpu_vgpu_get_uuid(found), UUID_A);
	nvvgpu_vgpu_unref(found);
	check_error(nvvgpu_vgpu_lookup(board.host, UUID_B, &found), ENODEV,
		    NVVGPU_REASON_NOT_FOUND);
	check_error(nvvgpu_vgpu_lookup(board.host, "neither", &found), EINVAL,
		    NVVGPU_REASON_INVALID_ARGUMENT);
	nvvgpu_vgpu_unref(again);
	destroy(vgpu);
}
END_TEST

START_TEST(uuid_of_another_type)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key, .uuid = UUID_A));
	size_t i;

	for (i = 1; i < board.fact_count; i++)
		create_refused(WISH(.type = board.facts[i].key, .uuid = UUID_A), EEXIST,
			       NVVGPU_REASON_EXISTS);
	destroy(vgpu);
}
END_TEST

/* Both name what a VMM opens, and nothing else. */
START_TEST(handed_to_a_vmm)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key));
	const char *vfio = nvvgpu_vgpu_get_vfio(vgpu), *name = strrchr(vfio, '/') + 1;
	bool is_mdev = !strncmp(vfio, "/sys/bus/mdev/", 14);
	char *xml, *args;

	assert_ok(nvvgpu_vgpu_to_libvirt_xml(vgpu, &xml));
	assert_ok(nvvgpu_vgpu_to_qemu_args(vgpu, &args));
	ck_assert_ptr_nonnull(strstr(xml, is_mdev ? "type='mdev'" : "type='pci'"));
	ck_assert_ptr_nonnull(strstr(xml, "managed='no'"));
	ck_assert_int_eq(strstr(xml, nvvgpu_vgpu_get_uuid(vgpu)) != NULL, is_mdev);
	ck_assert_ptr_nonnull(strstr(args, name));
	ck_assert_int_eq(strncmp(args, "-device vfio-pci,", 17), 0);
	nvvgpu_free(xml);
	nvvgpu_free(args);
	destroy(vgpu);
}
END_TEST

START_TEST(random_uuids_differ)
{
	struct nvvgpu_vgpu *a = create(WISH(.type = smallest()->key));
	struct nvvgpu_vgpu *b = create(WISH(.type = smallest()->key));

	ck_assert_uint_eq(strlen(nvvgpu_vgpu_get_uuid(a)), 36);
	ck_assert_str_ne(nvvgpu_vgpu_get_uuid(a), nvvgpu_vgpu_get_uuid(b));
	destroy(a);
	destroy(b);
}
END_TEST

START_TEST(destroyed_twice)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key));
	enum nvvgpu_vgpu_state state;

	assert_ok(nvvgpu_destroy(vgpu));
	assert_ok(nvvgpu_destroy(vgpu));
	check_error(nvvgpu_vgpu_get_state(vgpu, &state), ENODEV, NVVGPU_REASON_NOT_FOUND);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

/* An old handle must not reach the vGPU that came after it. */
START_TEST(stale_handle)
{
	struct nvvgpu_vgpu *old = create(WISH(.type = smallest()->key, .uuid = UUID_A));
	struct nvvgpu_vgpu *young;

	assert_ok(nvvgpu_destroy(old));
	young = create(WISH(.type = smallest()->key, .uuid = UUID_B));
	assert_ok(nvvgpu_destroy(old));
	ck_assert_uint_eq(vgpu_count(), 1);
	nvvgpu_vgpu_unref(old);
	destroy(young);
}
END_TEST

START_TEST(vf_chosen)
{
	struct nvvgpu_vgpu *first = create(WISH(.type = smallest()->key));
	struct nvvgpu_vgpu *second, *found;
	char *vf;

	if (nvvgpu_gpu_get_vfs_total(board.gpu) == 0) {
		ck_assert_ptr_null(nvvgpu_vgpu_get_vf(first));
		destroy(first);
		return;
	}
	second = create(WISH(.type = smallest()->key));
	ck_assert_str_ne(nvvgpu_vgpu_get_vf(first), nvvgpu_vgpu_get_vf(second));
	vf = strdup(nvvgpu_vgpu_get_vf(second));
	assert_ok(nvvgpu_vgpu_lookup(board.host, vf, &found));
	ck_assert_str_eq(nvvgpu_vgpu_get_uuid(found), nvvgpu_vgpu_get_uuid(second));
	nvvgpu_vgpu_unref(found);
	create_refused(WISH(.type = smallest()->key, .vf = vf), EBUSY, NVVGPU_REASON_VF_BUSY);
	destroy(first);
	destroy(second);

	second = create(WISH(.type = smallest()->key, .vf = vf));
	ck_assert_str_eq(nvvgpu_vgpu_get_vf(second), vf);
	destroy(second);
	free(vf);
}
END_TEST

START_TEST(vf_of_nobody)
{
	struct nvvgpu_vgpu *vgpu;
	int err = try_create(WISH(.type = smallest()->key, .vf = "fffe:fe:1f.7"), &vgpu);

	ck_assert_int_lt(err, 0);
	ck_assert_str_ne(nvvgpu_error_get_cause(nvvgpu_last_error()), "");
	ck_assert_uint_eq(vgpu_count(), 0);
}
END_TEST

static void check_params(struct nvvgpu_vgpu *vgpu, const char *wanted)
{
	char *params;

	assert_ok(nvvgpu_vgpu_get_params(vgpu, &params));
	ck_assert_str_eq(params, wanted);
	nvvgpu_free(params);
}

START_TEST(params_round_trip)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key,
					       .param_key = "frame_rate_limiter",
					       .param_value = "0"));

	check_params(vgpu, "frame_rate_limiter=0");
	assert_ok(nvvgpu_vgpu_set_params(vgpu, "disable_vnc=1,frame_rate_limiter=1"));
	check_params(vgpu, "disable_vnc=1,frame_rate_limiter=1");
	assert_ok(nvvgpu_vgpu_set_params(vgpu, ""));
	check_params(vgpu, "");
	destroy(vgpu);
}
END_TEST

START_TEST(params_malformed)
{
	static const char *const wrong[] = {"=", "=1", "a", "a=1,", ",a=1", "a=1,,b=2", "a=1\n",
					    "a=1,b", "a=", "a=1,a=2"};
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key));
	char *long_params = calloc(1, 65536);
	size_t i;

	assert_ok(nvvgpu_vgpu_set_params(vgpu, "a=1"));
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		check_error(nvvgpu_vgpu_set_params(vgpu, wrong[i]), EINVAL, NVVGPU_REASON_PARAMS);
	memset(long_params, 'x', 65535);
	long_params[1] = '=';
	check_error(nvvgpu_vgpu_set_params(vgpu, long_params), EINVAL, NVVGPU_REASON_PARAMS);
	check_params(vgpu, "a=1");
	free(long_params);
	destroy(vgpu);
}
END_TEST

START_TEST(spec_refuses_malformed)
{
	struct nvvgpu_spec *spec;
	char owner[66];

	assert_ok(nvvgpu_spec_new(&spec));
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "a,b", "1"), -EINVAL);
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "a=b", "1"), -EINVAL);
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "a", "1,b=2"), -EINVAL);
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "a", "1\n"), -EINVAL);
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "", "1"), -EINVAL);
	ck_assert_int_eq(nvvgpu_spec_set_uuid(spec, "6f1bd1a2"), -EINVAL);
	ck_assert_int_eq(nvvgpu_spec_set_vf(spec, "virtfn0"), -EINVAL);
	memset(owner, 'o', sizeof(owner));
	owner[64] = '\0';
	ck_assert_int_eq(nvvgpu_spec_set_owner(spec, owner), -EINVAL);
	owner[63] = '\0';
	assert_ok(nvvgpu_spec_set_owner(spec, owner));
	nvvgpu_spec_free(spec);
}
END_TEST

START_TEST(owner_round_trip)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key, .owner = "scheduler-7"));
	struct nvvgpu_vgpu *found;

	ck_assert_str_eq(nvvgpu_vgpu_get_owner(vgpu), "scheduler-7");
	assert_ok(nvvgpu_vgpu_lookup(board.host, nvvgpu_vgpu_get_uuid(vgpu), &found));
	ck_assert_str_eq(nvvgpu_vgpu_get_owner(found), "scheduler-7");
	nvvgpu_vgpu_unref(found);
	destroy(vgpu);
}
END_TEST

START_TEST(statistics_count)
{
	uint64_t created, destroyed, framebuffer;
	struct nvvgpu_vgpu *vgpu;

	ck_assert_ptr_null(nvvgpu_statistic_name(NVVGPU_STAT_FIRMWARE_CALLS + 1));
	if (without_counters())
		return;
	created = stat_now(NVVGPU_STAT_CREATED);
	destroyed = stat_now(NVVGPU_STAT_DESTROYED);
	framebuffer = stat_now(NVVGPU_STAT_FRAMEBUFFER_FREE_BYTES);
	vgpu = create(WISH(.type = smallest()->key));
	ck_assert_uint_eq(stat_now(NVVGPU_STAT_VGPUS), 1);
	ck_assert_uint_eq(stat_now(NVVGPU_STAT_CREATED), created + 1);
	ck_assert_uint_ge(framebuffer - stat_now(NVVGPU_STAT_FRAMEBUFFER_FREE_BYTES),
			  smallest()->framebuffer_bytes);
	ck_assert_uint_lt(stat_now(NVVGPU_STAT_CHANNELS_FREE), stat_now(NVVGPU_STAT_CHANNELS_TOTAL));
	destroy(vgpu);
	ck_assert_uint_eq(stat_now(NVVGPU_STAT_DESTROYED), destroyed + 1);
}
END_TEST

/* Emulated boards without a state directory belong to the host object that made them. */
START_TEST(two_hosts_independent)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key));
	struct nvvgpu_vgpu_list *list;
	struct nvvgpu *other;

	if (strncmp(board.uri, "emu:", 4) == 0 && !strchr(board.uri, '?')) {
		assert_ok(nvvgpu_open(board.uri, &other));
		assert_ok(nvvgpu_vgpu_list_all(other, &list));
		ck_assert_uint_eq(nvvgpu_vgpu_list_size(list), 0);
		nvvgpu_vgpu_list_unref(list);
		nvvgpu_unref(other);
		ck_assert_uint_eq(vgpu_count(), 1);
	}
	destroy(vgpu);
}
END_TEST

TCase *lifecycle_cases(void)
{
	TCase *cases = tcase_create("lifecycle");

	tcase_set_timeout(cases, 60);
	tcase_add_checked_fixture(cases, board_setup, board_teardown);
	tcase_add_test(cases, each_type_once);
	tcase_add_test(cases, fill_with_the_smallest);
	tcase_add_test(cases, fill_with_each_type);
	tcase_add_test(cases, holes_are_filled);
	tcase_add_test(cases, unknown_type);
	tcase_add_test(cases, spec_without_type);
	tcase_add_test(cases, uuid_chosen_and_idempotent);
	tcase_add_test(cases, uuid_of_another_type);
	tcase_add_test(cases, handed_to_a_vmm);
	tcase_add_test(cases, random_uuids_differ);
	tcase_add_test(cases, destroyed_twice);
	tcase_add_test(cases, stale_handle);
	tcase_add_test(cases, vf_chosen);
	tcase_add_test(cases, vf_of_nobody);
	tcase_add_test(cases, params_round_trip);
	tcase_add_test(cases, params_malformed);
	tcase_add_test(cases, spec_refuses_malformed);
	tcase_add_test(cases, owner_round_trip);
	tcase_add_test(cases, statistics_count);
	tcase_add_test(cases, two_hosts_independent);
	return cases;
}
