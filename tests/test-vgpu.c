// SPDX-License-Identifier: MIT
/* vGPUs of an emulated host: specs, create, find, live values, destroy. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/gpus.h"
#include "objects.h"

#define UUID "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
#define OTHER_UUID "6ba7b811-9dad-41d1-80b4-00c04fd430c8"

static struct nvvgpu *host;
static struct nvvgpu_gpu *gpu, *other_gpu;
static struct nvvgpu_spec *spec;

static void setup(void)
{
	ck_assert_int_eq(nvvgpu_open("emu:l40*2", &host), 0);
	gpu = gpu_at(host, 0);
	ck_assert_ptr_nonnull(gpu);
	other_gpu = gpu_at(host, 1);
	ck_assert_int_eq(nvvgpu_spec_new(&spec), 0);
	ck_assert_int_eq(nvvgpu_spec_set_type(spec, "L40-4Q"), 0);
}

static void teardown(void)
{
	nvvgpu_spec_free(spec);
	nvvgpu_unref(host);
}

static struct nvvgpu_vgpu *create(void)
{
	struct nvvgpu_vgpu *vgpu;

	ck_assert_int_eq(nvvgpu_create(gpu, spec, &vgpu), 0);
	return vgpu;
}

static void assert_error(int err, int wanted_err, int wanted_reason)
{
	ck_assert_int_eq(err, -wanted_err);
	ck_assert_int_eq(nvvgpu_error_get_errno(nvvgpu_last_error()), wanted_err);
	ck_assert_int_eq(nvvgpu_error_get_reason(nvvgpu_last_error()), wanted_reason);
	ck_assert_str_ne(nvvgpu_error_get_object(nvvgpu_last_error()), "");
	ck_assert_str_ne(nvvgpu_error_get_cause(nvvgpu_last_error()), "");
}

static void assert_refused(int err, int reason)
{
	struct nvvgpu_vgpu *vgpu = (void *)&host;

	assert_error(nvvgpu_create(gpu, spec, &vgpu), err, reason);
	ck_assert_ptr_eq(vgpu, &host);
}

static size_t count(struct nvvgpu_gpu *of)
{
	struct nvvgpu_vgpu_list *list;
	size_t size;

	ck_assert_int_eq(of ? nvvgpu_vgpu_list(of, &list) : nvvgpu_vgpu_list_all(host, &list), 0);
	size = nvvgpu_vgpu_list_size(list);
	nvvgpu_vgpu_list_unref(list);
	return size;
}

/* -------------------------------------------------------------------- create */

START_TEST(test_facts)
{
	struct nvvgpu_vgpu *vgpu;
	uint32_t placement;
	uint8_t uuid[16];
	char vfio[64];

	vgpu = create();
	ck_assert_int_eq(uuid_parse_text(nvvgpu_vgpu_get_uuid(vgpu), uuid), 0);
	ck_assert_str_eq(nvvgpu_vgpu_get_type_name(vgpu), "NVIDIA L40-4Q");
	ck_assert_uint_eq(nvvgpu_vgpu_get_framebuffer_bytes(vgpu), 4ULL << 30);
	ck_assert_str_eq(nvvgpu_gpu_get_address(nvvgpu_vgpu_get_gpu(vgpu)),
			 nvvgpu_gpu_get_address(gpu));
	ck_assert_ptr_nonnull(nvvgpu_vgpu_get_vf(vgpu));
	snprintf(vfio, sizeof(vfio), "/sys/bus/pci/devices/%s", nvvgpu_vgpu_get_vf(vgpu));
	ck_assert_str_eq(nvvgpu_vgpu_get_vfio(vgpu), vfio);
	ck_assert_int_eq(nvvgpu_vgpu_get_placement(vgpu, &placement), 0);
	ck_assert_uint_eq(placement, 0);
	ck_assert_str_eq(nvvgpu_vgpu_get_owner(vgpu), "");
	ck_assert(nvvgpu_vgpu_was_created(vgpu));
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

START_TEST(test_whole_spec)
{
	struct nvvgpu_vgpu *vgpu = create();
	char vf[PCI_ADDRESS_LEN], *params;
	uint32_t placement;

	snprintf(vf, sizeof(vf), "%s", nvvgpu_vgpu_get_vf(vgpu));
	ck_assert_int_eq(nvvgpu_destroy(vgpu), 0);
	nvvgpu_vgpu_unref(vgpu);
	ck_assert_int_eq(nvvgpu_spec_set_uuid(spec, UUID), 0);
	ck_assert_int_eq(nvvgpu_spec_set_vf(spec, vf), 0);
	ck_assert_int_eq(nvvgpu_spec_set_placement(spec, 8), 0);
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "frame_rate_limiter", "0"), 0);
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "enable_profiling", "1"), 0);
	ck_assert_int_eq(nvvgpu_spec_set_owner(spec, "manager"), 0);
	vgpu = create();
	ck_assert_str_eq(nvvgpu_vgpu_get_uuid(vgpu), UUID);
	ck_assert_str_eq(nvvgpu_vgpu_get_vf(vgpu), vf);
	ck_assert_int_eq(nvvgpu_vgpu_get_placement(vgpu, &placement), 0);
	ck_assert_uint_eq(placement, 8);
	ck_assert_int_eq(nvvgpu_vgpu_get_params(vgpu, &params), 0);
	ck_assert_str_eq(params, "frame_rate_limiter=0,enable_profiling=1");
	ck_assert_str_eq(nvvgpu_vgpu_get_owner(vgpu), "manager");
	nvvgpu_free(params);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

START_TEST(test_same_uuid_same_vgpu)
{
	struct nvvgpu_vgpu *first, *again;

	ck_assert_int_eq(nvvgpu_spec_set_uuid(spec, UUID), 0);
	first = create();
	again = create();
	ck_assert(nvvgpu_vgpu_was_created(first));
	ck_assert(!nvvgpu_vgpu_was_created(again));
	ck_assert_str_eq(nvvgpu_vgpu_get_vf(again), nvvgpu_vgpu_get_vf(first));
	ck_assert_uint_eq(count(gpu), 1);
	ck_assert_int_eq(nvvgpu_spec_set_vf(spec, nvvgpu_vgpu_get_vf(first)), 0);
	ck_assert_int_eq(nvvgpu_spec_set_placement(spec, 0), 0);
	nvvgpu_vgpu_unref(again);
	again = create();
	ck_assert(!nvvgpu_vgpu_was_created(again));
	nvvgpu_vgpu_unref(again);
	nvvgpu_vgpu_unref(first);
}
END_TEST

START_TEST(test_same_uuid_other_vgpu)
{
	struct nvvgpu_vgpu *vgpu;

	ck_assert_int_eq(nvvgpu_spec_set_uuid(spec, UUID), 0);
	ck_assert_int_eq(nvvgpu_spec_set_owner(spec, "one"), 0);
	vgpu = create();
	switch (_i) {
	case 0:
		ck_assert_int_eq(nvvgpu_spec_set_type(spec, "L40-4A"), 0);
		break;
	case 1:
		ck_assert_int_eq(nvvgpu_spec_set_vf(spec, "fffe:00:00.1"), 0);
		break;
	case 2:
		ck_assert_int_eq(nvvgpu_spec_set_placement(spec, 4), 0);
		break;
	case 3:
		gpu = other_gpu;
		break;
	case 4:
		ck_assert_int_eq(nvvgpu_spec_set_owner(spec, "two"), 0);
		break;
	}
	assert_refused(EEXIST, _i == 4 ? NVVGPU_REASON_FOREIGN_OWNER : NVVGPU_REASON_EXISTS);
	ck_assert_str_eq(nvvgpu_error_get_object(nvvgpu_last_error()), UUID);
	ck_assert_uint_eq(count(NULL), 1);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

static const struct {
	const char *params;
	bool same;
} other_params[] = {
	{ "a=1,bc=2,d=3", true },
	{ "d=3,a=1,bc=2", true },
	{ "a=1,bc=2", false },
	{ "a=1,bc=2,d=3,e=4", false },
	{ "a=1,bc=2,d=4", false },
	{ "bc=2,d=3,f=1", false },
	{ "a=1,d=3,xbc=2", false },
	{ "", false },
};

START_TEST(test_same_params_in_any_order)
{
	struct nvvgpu_vgpu *first = create(), *again = NULL;

	ck_assert_int_eq(nvvgpu_vgpu_set_params(first, other_params[_i].params), 0);
	ck_assert_int_eq(nvvgpu_spec_set_uuid(spec, nvvgpu_vgpu_get_uuid(first)), 0);
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "d", "3"), 0);
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "bc", "2"), 0);
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "a", "1"), 0);
	if (other_params[_i].same)
		ck_assert_int_eq(nvvgpu_create(gpu, spec, &again), 0);
	else
		assert_error(nvvgpu_create(gpu, spec, &again), EEXIST, NVVGPU_REASON_EXISTS);
	nvvgpu_vgpu_unref(again);
	nvvgpu_vgpu_unref(first);
}
END_TEST

START_TEST(test_no_type)
{
	struct nvvgpu_spec *empty;
	struct nvvgpu_vgpu *vgpu;

	ck_assert_int_eq(nvvgpu_spec_set_type(spec, "L40-4X"), 0);
	assert_refused(ENOENT, NVVGPU_REASON_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(nvvgpu_error_get_next_step(nvvgpu_last_error()), "near: "));
	ck_assert_int_eq(nvvgpu_spec_new(&empty), 0);
	assert_error(nvvgpu_create(gpu, empty, &vgpu), EINVAL, NVVGPU_REASON_INVALID_ARGUMENT);
	nvvgpu_spec_free(empty);
}
END_TEST

START_TEST(test_equal_size)
{
	nvvgpu_vgpu_unref(create());
	ck_assert_int_eq(nvvgpu_spec_set_type(spec, "L40-8Q"), 0);
	assert_refused(EINVAL, NVVGPU_REASON_EQUAL_SIZE);
	ck_assert_ptr_nonnull(strstr(nvvgpu_error_get_cause(nvvgpu_last_error()),
				     "only 4 GiB types"));
	ck_assert_str_eq(nvvgpu_error_get_object(nvvgpu_last_error()), nvvgpu_gpu_get_address(gpu));
	ck_assert_int_eq(nvvgpu_spec_set_type(spec, "L40-4A"), 0);
	nvvgpu_vgpu_unref(create());
}
END_TEST

START_TEST(test_exhausted)
{
	ck_assert_int_eq(nvvgpu_spec_set_type(spec, "L40-24Q"), 0);
	nvvgpu_vgpu_unref(create());
	nvvgpu_vgpu_unref(create());
	assert_refused(ENOSPC, NVVGPU_REASON_EXHAUSTED);
	ck_assert_uint_eq(count(gpu), 2);
	ck_assert_uint_eq(count(other_gpu), 0);
}
END_TEST

START_TEST(test_vf_busy)
{
	struct nvvgpu_vgpu *vgpu = create();

	ck_assert_int_eq(nvvgpu_spec_set_vf(spec, nvvgpu_vgpu_get_vf(vgpu)), 0);
	assert_refused(EBUSY, NVVGPU_REASON_VF_BUSY);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

START_TEST(test_foreign_vf)
{
	ck_assert_int_eq(nvvgpu_spec_set_vf(spec, "fffe:00:00.1"), 0);
	assert_refused(EINVAL, NVVGPU_REASON_NOT_FOUND);
	ck_assert_str_eq(nvvgpu_error_get_object(nvvgpu_last_error()), "fffe:00:00.1");
}
END_TEST

START_TEST(test_placements)
{
	ck_assert_int_eq(nvvgpu_spec_set_placement(spec, 4), 0);
	nvvgpu_vgpu_unref(create());
	assert_refused(EINVAL, NVVGPU_REASON_PLACEMENT_TAKEN);
	ck_assert_int_eq(nvvgpu_spec_set_placement(spec, 5), 0);
	assert_refused(EINVAL, NVVGPU_REASON_PLACEMENT_INVALID);
	ck_assert_ptr_nonnull(strstr(nvvgpu_error_get_cause(nvvgpu_last_error()), "5 is not"));
}
END_TEST

START_TEST(test_without_sriov)
{
	struct nvvgpu *t4;
	struct nvvgpu_vgpu *vgpu;
	uint32_t placement;
	char vfio[64];

	ck_assert_int_eq(nvvgpu_open("emu:t4", &t4), 0);
	gpu = gpu_at(t4, 0);
	ck_assert_int_eq(nvvgpu_spec_set_type(spec, "T4-2Q"), 0);
	vgpu = create();
	ck_assert_ptr_null(nvvgpu_vgpu_get_vf(vgpu));
	snprintf(vfio, sizeof(vfio), "/sys/bus/mdev/devices/%s", nvvgpu_vgpu_get_uuid(vgpu));
	ck_assert_str_eq(nvvgpu_vgpu_get_vfio(vgpu), vfio);
	assert_error(nvvgpu_vgpu_get_placement(vgpu, &placement), ENODATA,
		     NVVGPU_REASON_NOT_SUPPORTED);
	ck_assert_int_eq(nvvgpu_spec_set_vf(spec, "0000:41:00.4"), 0);
	assert_refused(EINVAL, NVVGPU_REASON_NOT_FOUND);
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_unref(t4);
}
END_TEST

/* --------------------------------------------------------------------- spec */

static const char *const bad_owners[] = {
	"0123456789012345678901234567890123456789012345678901234567890123", "a\nb", "\x1b[31m",
	"\xff",
};

START_TEST(test_spec_owner)
{
	char longest[64];

	memset(longest, 'x', 63);
	longest[63] = '\0';
	ck_assert_int_eq(nvvgpu_spec_set_owner(spec, longest), 0);
	for (size_t i = 0; i < sizeof(bad_owners) / sizeof(bad_owners[0]); i++)
		assert_error(nvvgpu_spec_set_owner(spec, bad_owners[i]), EINVAL,
			     NVVGPU_REASON_INVALID_ARGUMENT);
	ck_assert_str_eq(spec->owner, longest);
	ck_assert_int_eq(nvvgpu_spec_set_owner(spec, NULL), 0);
	ck_assert_ptr_null(spec->owner);
}
END_TEST

static const struct {
	const char *key, *value;
} bad_params[] = {
	{ "a,b", "1" }, { "a=b", "1" }, { "a", "1,2" }, { "a", "1=2" }, { "a\n", "1" },
	{ "a", "\x01" }, { "", "1" }, { "a", "" }, { NULL, "1" }, { "a", NULL },
};

START_TEST(test_spec_params)
{
	char longest[1100];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "a", "1"), 0);
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "ab", "2"), 0);
	for (size_t i = 0; i < sizeof(bad_params) / sizeof(bad_params[0]); i++) {
		ck_assert_int_eq(nvvgpu_spec_add_param(spec, bad_params[i].key,
						       bad_params[i].value), -EINVAL);
		ck_assert_int_eq(nvvgpu_error_get_reason(nvvgpu_last_error()),
				 NVVGPU_REASON_PARAMS);
	}
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "ab", "3"), -EINVAL);
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "c", longest), -EINVAL);
	ck_assert_str_eq(spec->params, "a=1,ab=2");
	longest[1023 - strlen("a=1,ab=2,c=")] = '\0';
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "c", longest), 0);
	ck_assert_uint_eq(strlen(spec->params), 1023);
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "d", "4"), -EINVAL);
}
END_TEST

START_TEST(test_spec_addresses)
{
	ck_assert_int_eq(nvvgpu_spec_set_vf(spec, "41:00.4"), 0);
	ck_assert_str_eq(spec->vf, "0000:41:00.4");
	assert_error(nvvgpu_spec_set_vf(spec, "VF 4"), EINVAL, NVVGPU_REASON_INVALID_ARGUMENT);
	ck_assert_str_eq(spec->vf, "0000:41:00.4");
	assert_error(nvvgpu_spec_set_uuid(spec, "not a uuid"), EINVAL,
		     NVVGPU_REASON_INVALID_ARGUMENT);
	assert_error(nvvgpu_spec_set_uuid(spec, "00000000-0000-0000-0000-000000000000"), EINVAL,
		     NVVGPU_REASON_INVALID_ARGUMENT);
	ck_assert(!spec->has_uuid);
	ck_assert_int_eq(nvvgpu_spec_set_placement(spec, UINT32_MAX), -EINVAL);
	ck_assert(!spec->has_placement);
}
END_TEST

START_TEST(test_spec_copy)
{
	struct nvvgpu_spec *copy;

	ck_assert_int_eq(nvvgpu_spec_set_uuid(spec, UUID), 0);
	ck_assert_int_eq(nvvgpu_spec_set_vf(spec, "41:00.4"), 0);
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "a", "1"), 0);
	ck_assert_int_eq(spec_copy(spec, &copy), 0);
	nvvgpu_spec_free(spec);
	spec = NULL;
	ck_assert_str_eq(copy->type, "L40-4Q");
	ck_assert_str_eq(copy->vf, "0000:41:00.4");
	ck_assert_str_eq(copy->params, "a=1");
	ck_assert_ptr_null(copy->owner);
	ck_assert(copy->has_uuid);
	nvvgpu_spec_free(copy);
}
END_TEST

/* ----------------------------------------------------------- list and lookup */

START_TEST(test_lists)
{
	struct nvvgpu_vgpu_list *list;
	struct nvvgpu_vgpu *vgpus[3];

	vgpus[0] = create();
	vgpus[1] = create();
	gpu = other_gpu;
	vgpus[2] = create();
	ck_assert_int_eq(nvvgpu_vgpu_list_all(host, &list), 0);
	ck_assert_uint_eq(nvvgpu_vgpu_list_size(list), 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_str_eq(nvvgpu_vgpu_get_uuid(nvvgpu_vgpu_list_get(list, i)),
				 nvvgpu_vgpu_get_uuid(vgpus[i]));
		ck_assert(!nvvgpu_vgpu_was_created(nvvgpu_vgpu_list_get(list, i)));
		nvvgpu_vgpu_unref(vgpus[i]);
	}
	ck_assert_ptr_null(nvvgpu_vgpu_list_get(list, 3));
	ck_assert_ptr_eq(nvvgpu_vgpu_list_ref(list), list);
	nvvgpu_vgpu_list_unref(list);
	ck_assert_ptr_null(nvvgpu_vgpu_list_unref(list));
	ck_assert_ptr_null(nvvgpu_vgpu_list_unref(NULL));
	ck_assert_uint_eq(count(other_gpu), 1);
}
END_TEST

START_TEST(test_lookup)
{
	struct nvvgpu_vgpu *vgpu = create(), *found;
	const char *keys[] = { nvvgpu_vgpu_get_uuid(vgpu), nvvgpu_vgpu_get_vf(vgpu) };

	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(nvvgpu_vgpu_lookup(host, keys[i], &found), 0);
		ck_assert_str_eq(nvvgpu_vgpu_get_uuid(found), nvvgpu_vgpu_get_uuid(vgpu));
		nvvgpu_vgpu_unref(found);
	}
	assert_error(nvvgpu_vgpu_lookup(host, OTHER_UUID, &found), ENODEV, NVVGPU_REASON_NOT_FOUND);
	assert_error(nvvgpu_vgpu_lookup(host, "fffe:00:00.1", &found), ENODEV,
		     NVVGPU_REASON_NOT_FOUND);
	assert_error(nvvgpu_vgpu_lookup(host, "my vGPU", &found), EINVAL,
		     NVVGPU_REASON_INVALID_ARGUMENT);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

/* -------------------------------------------------------------- live values */

START_TEST(test_state)
{
	struct nvvgpu_vgpu *vgpu = create();
	struct nvvgpu_device *device;
	enum nvvgpu_vgpu_state state;

	ck_assert_int_eq(nvvgpu_vgpu_get_state(vgpu, &state), 0);
	ck_assert_int_eq(state, NVVGPU_VGPU_ASSIGNED);
	ck_assert_int_eq(nvvgpu_device_open(vgpu, &device), 0);
	ck_assert_int_eq(nvvgpu_vgpu_get_state(vgpu, &state), 0);
	ck_assert_int_eq(state, NVVGPU_VGPU_RUNNING);
	assert_error(nvvgpu_destroy(vgpu), EBUSY, NVVGPU_REASON_IN_USE);
	assert_error(nvvgpu_vgpu_set_params(vgpu, "a=1"), EBUSY, NVVGPU_REASON_IN_USE);
	nvvgpu_device_unref(device);
	ck_assert_int_eq(nvvgpu_destroy(vgpu), 0);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

START_TEST(test_state_names)
{
	ck_assert_str_eq(nvvgpu_vgpu_state_name(NVVGPU_VGPU_ASSIGNED), "assigned");
	ck_assert_str_eq(nvvgpu_vgpu_state_name(NVVGPU_VGPU_RUNNING), "running");
	ck_assert_str_eq(nvvgpu_vgpu_state_name(NVVGPU_VGPU_STOPPED), "stopped");
	ck_assert_str_eq(nvvgpu_vgpu_state_name(NVVGPU_VGPU_FAILED), "failed");
	ck_assert_str_eq(nvvgpu_vgpu_state_name(NVVGPU_VGPU_UNKNOWN), "unknown");
	ck_assert_str_eq(nvvgpu_vgpu_state_name(99), "unknown");
}
END_TEST

START_TEST(test_params)
{
	struct nvvgpu_vgpu *vgpu = create();
	char *params, too_long[1025];

	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[1024] = '\0';
	ck_assert_int_eq(nvvgpu_vgpu_set_params(vgpu, "frame_rate_limiter=0"), 0);
	ck_assert_int_eq(nvvgpu_vgpu_get_params(vgpu, &params), 0);
	ck_assert_str_eq(params, "frame_rate_limiter=0");
	nvvgpu_free(params);
	assert_error(nvvgpu_vgpu_set_params(vgpu, "no value"), EINVAL, NVVGPU_REASON_PARAMS);
	assert_error(nvvgpu_vgpu_set_params(vgpu, too_long), EINVAL, NVVGPU_REASON_PARAMS);
	assert_error(nvvgpu_vgpu_set_params(vgpu, NULL), EINVAL, NVVGPU_REASON_INVALID_ARGUMENT);
	ck_assert_int_eq(nvvgpu_vgpu_set_params(vgpu, ""), 0);
	ck_assert_int_eq(nvvgpu_vgpu_get_params(vgpu, &params), 0);
	ck_assert_str_eq(params, "");
	nvvgpu_free(params);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

/* What was destroyed stays known by its object, and is gone for every question. */
START_TEST(test_gone)
{
	struct nvvgpu_vgpu *vgpu = create();
	char *params;
	enum nvvgpu_vgpu_state state;

	ck_assert_int_eq(nvvgpu_destroy(vgpu), 0);
	ck_assert_int_eq(nvvgpu_destroy(vgpu), 0);
	assert_error(nvvgpu_vgpu_get_state(vgpu, &state), ENODEV, NVVGPU_REASON_NOT_FOUND);
	assert_error(nvvgpu_vgpu_get_params(vgpu, &params), ENODEV, NVVGPU_REASON_NOT_FOUND);
	assert_error(nvvgpu_vgpu_set_params(vgpu, ""), ENODEV, NVVGPU_REASON_NOT_FOUND);
	ck_assert_str_eq(nvvgpu_vgpu_get_type_name(vgpu), "NVIDIA L40-4Q");
	/* another one in its place is not taken for it */
	nvvgpu_vgpu_unref(create());
	ck_assert_int_eq(nvvgpu_destroy(vgpu), 0);
	ck_assert_uint_eq(count(gpu), 1);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

/* Every order of releasing host, GPU, vGPU and list. */
START_TEST(test_release_order)
{
	struct nvvgpu_vgpu *vgpu = create();
	struct nvvgpu_gpu *held = nvvgpu_gpu_ref(gpu);
	struct nvvgpu_vgpu_list *list;
	static const int orders[24] = {
		0123, 0132, 0213, 0231, 0312, 0321, 01023, 01032, 01203, 01230, 01302, 01320,
		02013, 02031, 02103, 02130, 02301, 02310, 03012, 03021, 03102, 03120, 03201, 03210,
	};

	ck_assert_int_eq(nvvgpu_vgpu_list_all(host, &list), 0);
	for (int digit = 9; digit >= 0; digit -= 3) {
		switch (orders[_i] >> digit & 7) {
		case 0:
			nvvgpu_unref(host);
			break;
		case 1:
			nvvgpu_gpu_unref(held);
			break;
		case 2:
			nvvgpu_vgpu_unref(vgpu);
			break;
		case 3:
			nvvgpu_vgpu_list_unref(list);
			break;
		}
	}
	host = NULL;
}
END_TEST

static void *create_and_destroy(void *arg)
{
	for (int i = 0; i < 8; i++) {
		struct nvvgpu_vgpu *vgpu;
		int err = nvvgpu_create(gpu, spec, &vgpu);

		ck_assert_int_eq(err, 0);
		ck_assert_int_eq(nvvgpu_destroy(vgpu), 0);
		nvvgpu_vgpu_unref(vgpu);
	}
	return NULL;
}

START_TEST(test_threads)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, create_and_destroy, NULL), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_eq(count(gpu), 0);
}
END_TEST

/* ----------------------------------------------------------------------- VMM */

static const struct {
	const char *vfio, *xml, *args;
} handovers[] = {
	{ "/sys/bus/pci/devices/0000:41:00.4",
	  "type='pci' managed='no'>\n  <source>\n    "
	  "<address domain='0x0000' bus='0x41' slot='0x00' function='0x4'/>",
	  "-device vfio-pci,host=0000:41:00.4" },
	{ "/sys/bus/pci/devices/ffff:c1:1f.7",
	  "<address domain='0xffff' bus='0xc1' slot='0x1f' function='0x7'/>",
	  "-device vfio-pci,host=ffff:c1:1f.7" },
	/* QEMU's host= does not take these */
	{ "/sys/bus/pci/devices/10000:01:02.3",
	  "<address domain='0x10000' bus='0x01' slot='0x02' function='0x3'/>",
	  "-device vfio-pci,sysfsdev=/sys/bus/pci/devices/10000:01:02.3" },
	{ "/sys/bus/mdev/devices/" UUID,
	  "type='mdev' managed='no' model='vfio-pci'>\n  <source>\n    <address uuid='" UUID "'/>",
	  "-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/" UUID },
};

static const char *handed_over;

static int vfio_name(struct framework *fw, const struct framework_vgpu *vgpu, char *buf,
		     size_t size)
{
	snprintf(buf, size, "%s", handed_over);
	return 0;
}

/* By what a VMM opens, whatever framework and VF the vGPU has. */
START_TEST(test_vmm)
{
	struct nvvgpu_vgpu *vgpu;
	char *text;

	handed_over = handovers[_i].vfio;
	gpu->framework->ops.vfio_name = vfio_name;
	ck_assert_int_eq(nvvgpu_spec_set_uuid(spec, UUID), 0);
	vgpu = create();
	ck_assert_ptr_nonnull(nvvgpu_vgpu_get_vf(vgpu));
	ck_assert_int_eq(nvvgpu_vgpu_to_libvirt_xml(vgpu, &text), 0);
	ck_assert_msg(strstr(text, handovers[_i].xml) != NULL, "%s", text);
	nvvgpu_free(text);
	ck_assert_int_eq(nvvgpu_vgpu_to_qemu_args(vgpu, &text), 0);
	ck_assert_str_eq(text, handovers[_i].args);
	nvvgpu_free(text);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

START_TEST(test_vm_uuid)
{
	struct nvvgpu_vgpu *vgpu = create();

	ck_assert(!nvvgpu_vgpu_needs_vm_uuid(vgpu));
	gpu->framework->ops.id = NVVGPU_FRAMEWORK_VENDOR_VFIO;
	ck_assert(!nvvgpu_vgpu_needs_vm_uuid(vgpu));
	gpu->framework->ops.id = NVVGPU_FRAMEWORK_MDEV;
	ck_assert(nvvgpu_vgpu_needs_vm_uuid(vgpu));
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

static TCase *create_case(void)
{
	TCase *tcase = tcase_create("create");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_facts);
	tcase_add_test(tcase, test_whole_spec);
	tcase_add_test(tcase, test_same_uuid_same_vgpu);
	tcase_add_loop_test(tcase, test_same_uuid_other_vgpu, 0, 5);
	tcase_add_loop_test(tcase, test_same_params_in_any_order, 0,
			    sizeof(other_params) / sizeof(other_params[0]));
	tcase_add_test(tcase, test_no_type);
	tcase_add_test(tcase, test_equal_size);
	tcase_add_test(tcase, test_exhausted);
	tcase_add_test(tcase, test_vf_busy);
	tcase_add_test(tcase, test_foreign_vf);
	tcase_add_test(tcase, test_placements);
	tcase_add_test(tcase, test_without_sriov);
	return tcase;
}

static TCase *spec_case(void)
{
	TCase *tcase = tcase_create("spec");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_spec_owner);
	tcase_add_test(tcase, test_spec_params);
	tcase_add_test(tcase, test_spec_addresses);
	tcase_add_test(tcase, test_spec_copy);
	return tcase;
}

static TCase *vmm_case(void)
{
	TCase *tcase = tcase_create("vmm");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_vmm, 0, sizeof(handovers) / sizeof(handovers[0]));
	tcase_add_test(tcase, test_vm_uuid);
	return tcase;
}

static TCase *live_case(void)
{
	TCase *tcase = tcase_create("live");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_lists);
	tcase_add_test(tcase, test_lookup);
	tcase_add_test(tcase, test_state);
	tcase_add_test(tcase, test_state_names);
	tcase_add_test(tcase, test_params);
	tcase_add_test(tcase, test_gone);
	tcase_add_loop_test(tcase, test_release_order, 0, 24);
	tcase_add_test(tcase, test_threads);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("vgpu");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, create_case());
	suite_add_tcase(suite, spec_case());
	suite_add_tcase(suite, live_case());
	suite_add_tcase(suite, vmm_case());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
