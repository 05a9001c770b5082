// SPDX-License-Identifier: MIT
/* The open device of an emulated vGPU: regions, bounds, reset, references. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "harness/gpus.h"
#include "internal.h"
#include "os/vfio_uapi.h"

/* kmod/emu/emu.h, the registers of a virtual function */
#define VF_BOOT1	0x000004
#define VF_SCRATCH	0x001400
#define VF_WINDOW	0x001700

static struct nvvgpu *host;
static struct nvvgpu_vgpu *vgpu;
static struct nvvgpu_device *device;

static void setup(void)
{
	struct nvvgpu_spec *spec;

	ck_assert_int_eq(nvvgpu_open("emu:l40", &host), 0);
	ck_assert_int_eq(nvvgpu_spec_new(&spec), 0);
	ck_assert_int_eq(nvvgpu_spec_set_type(spec, "L40-1B"), 0);
	ck_assert_int_eq(nvvgpu_create(gpu_at(host, 0), spec, &vgpu), 0);
	ck_assert_int_eq(nvvgpu_device_open(vgpu, &device), 0);
	nvvgpu_spec_free(spec);
}

static void teardown(void)
{
	nvvgpu_device_unref(device);
	ck_assert_int_eq(nvvgpu_destroy(vgpu), 0);
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_unref(host);
}

static void assert_reason(int reason)
{
	ck_assert_int_eq(nvvgpu_error_get_reason(nvvgpu_last_error()), reason);
}

static uint32_t get32(uint64_t offset)
{
	uint32_t value = 0;

	ck_assert_int_eq(nvvgpu_device_read(device, NVVGPU_REGION_BAR0, offset, &value, 4), 4);
	return value;
}

static void set32(uint64_t offset, uint32_t value)
{
	ck_assert_int_eq(nvvgpu_device_write(device, NVVGPU_REGION_BAR0, offset, &value, 4), 4);
}

START_TEST(test_regions)
{
	uint64_t bytes, untouched = 77;

	ck_assert_int_eq(nvvgpu_device_get_region_bytes(device, NVVGPU_REGION_BAR0, &bytes), 0);
	ck_assert_uint_ge(bytes, 0x30094);	/* its last register */
	ck_assert_int_eq(nvvgpu_device_get_region_bytes(device, NVVGPU_REGION_BAR1, &bytes), 0);
	ck_assert_uint_ge(bytes, 1 << 20);
	ck_assert_int_eq(nvvgpu_device_get_region_bytes(device, NVVGPU_REGION_CONFIG, &bytes), 0);
	ck_assert_uint_eq(bytes, 4096);
	ck_assert_int_eq(nvvgpu_device_get_region_bytes(device,
						(enum nvvgpu_region)VFIO_PCI_ROM_REGION_INDEX,
						&bytes),
			 0);
	ck_assert_uint_eq(bytes, 0);
	ck_assert_int_eq(nvvgpu_device_get_region_bytes(device, -1, &untouched), -EINVAL);
	ck_assert_int_eq(nvvgpu_device_get_region_bytes(device,
						(enum nvvgpu_region)VFIO_PCI_NUM_REGIONS,
						&untouched),
			 -EINVAL);
	assert_reason(NVVGPU_REASON_INVALID_ARGUMENT);
	ck_assert_uint_eq(untouched, 77);
}
END_TEST

START_TEST(test_bounds)
{
	static const int regions[] = { NVVGPU_REGION_BAR0, NVVGPU_REGION_BAR1, NVVGPU_REGION_BAR3,
				       NVVGPU_REGION_CONFIG, VFIO_PCI_ROM_REGION_INDEX };
	uint8_t buf[16] = { 0 };
	uint64_t bytes;
	int region = regions[_i];

	ck_assert_int_eq(nvvgpu_device_get_region_bytes(device, region, &bytes), 0);
	ck_assert_int_eq(nvvgpu_device_read(device, region, bytes, buf, 0), 0);
	ck_assert_int_eq(nvvgpu_device_read(device, region, bytes, buf, 1), -ERANGE);
	assert_reason(NVVGPU_REASON_INVALID_ARGUMENT);
	ck_assert_int_eq(nvvgpu_device_write(device, region, bytes, buf, 1), -ERANGE);
	ck_assert_int_eq(nvvgpu_device_read(device, region, bytes + 1, buf, 0), -ERANGE);
	ck_assert_int_eq(nvvgpu_device_read(device, region, UINT64_MAX, buf, 1), -ERANGE);
	ck_assert_int_eq(nvvgpu_device_read(device, region, UINT64_MAX - 3, buf, 4), -ERANGE);
	ck_assert_int_eq(nvvgpu_device_write(device, region, 0, buf, SIZE_MAX), -ERANGE);
	if (bytes)
		ck_assert_int_eq(nvvgpu_device_write(device, region, bytes - 4, buf, 8), -ERANGE);
}
END_TEST

START_TEST(test_registers)
{
	uint16_t vendor = 0;
	unsigned int i;

	ck_assert_int_eq(nvvgpu_device_read(device, NVVGPU_REGION_CONFIG, 0, &vendor, 2), 2);
	ck_assert_uint_eq(vendor, 0x10de);
	ck_assert_uint_eq(get32(VF_BOOT1), 0x00020000);
	for (i = 0; i < 64; i++)
		set32(VF_SCRATCH + 4 * i, i * 0x01010101);
	for (i = 0; i < 64; i++)
		ck_assert_uint_eq(get32(VF_SCRATCH + 4 * i), i * 0x01010101);
}
END_TEST

START_TEST(test_framebuffer)
{
	char text[16] = "";

	set32(VF_WINDOW, 0x100);	/* 16 MiB into the framebuffer */
	ck_assert_int_eq(nvvgpu_device_write(device, NVVGPU_REGION_BAR1, 5, "contents", 9), 9);
	set32(VF_WINDOW, 0);
	ck_assert_int_eq(nvvgpu_device_read(device, NVVGPU_REGION_BAR1, 5, text, 9), 9);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(nvvgpu_device_read(device, NVVGPU_REGION_BAR1, (16 << 20) + 5, text, 9),
			 9);
	ck_assert_str_eq(text, "contents");
}
END_TEST

START_TEST(test_reset)
{
	char text[16] = "";

	set32(VF_SCRATCH, 1);
	ck_assert_int_eq(nvvgpu_device_write(device, NVVGPU_REGION_BAR1, 0, "contents", 9), 9);
	ck_assert_int_eq(nvvgpu_device_reset(device), 0);
	ck_assert_int_eq(nvvgpu_device_read(device, NVVGPU_REGION_BAR1, 0, text, 9), 9);
	ck_assert_str_eq(text, "");
	ck_assert_uint_eq(get32(VF_SCRATCH), 0);
}
END_TEST

START_TEST(test_references)
{
	struct nvvgpu_device *again = NULL;
	enum nvvgpu_vgpu_state state;

	ck_assert_int_eq(nvvgpu_device_open(vgpu, &again), -EBUSY);
	assert_reason(NVVGPU_REASON_IN_USE);
	ck_assert_ptr_null(again);
	ck_assert_ptr_eq(nvvgpu_device_ref(device), device);
	ck_assert_ptr_null(nvvgpu_device_unref(device));
	ck_assert_int_eq(nvvgpu_vgpu_get_state(vgpu, &state), 0);
	ck_assert_int_eq(state, NVVGPU_VGPU_RUNNING);
	nvvgpu_device_unref(device);
	ck_assert_int_eq(nvvgpu_vgpu_get_state(vgpu, &state), 0);
	ck_assert_int_eq(state, NVVGPU_VGPU_ASSIGNED);
	ck_assert_ptr_null(nvvgpu_device_unref(NULL));
	ck_assert_int_eq(nvvgpu_device_open(vgpu, &device), 0);
}
END_TEST

/* The device keeps all that it needs. */
START_TEST(test_outlives_its_handles)
{
	ck_assert_ptr_eq(nvvgpu_vgpu_ref(vgpu), vgpu);
	nvvgpu_vgpu_unref(vgpu);
	ck_assert(nvvgpu_device_is_migratable(device));
	ck_assert_ptr_eq(device_vgpu(device), vgpu);
	ck_assert_uint_eq(get32(VF_BOOT1), 0x00020000);
}
END_TEST

START_TEST(test_migration_calls)
{
	struct os_file *data = NULL;
	uint64_t bytes = 0;
	uint32_t state;

	ck_assert_int_eq(device_get_migration_state(device, &state), 0);
	ck_assert_uint_eq(state, VFIO_DEVICE_STATE_RUNNING);
	ck_assert_int_eq(device_get_data_size(device, &bytes), 0);
	ck_assert_uint_gt(bytes, 0);
	ck_assert_int_eq(device_set_migration_state(device, VFIO_DEVICE_STATE_STOP, &data), 0);
	ck_assert_ptr_null(data);
	ck_assert_int_eq(device_set_migration_state(device, VFIO_DEVICE_STATE_STOP_COPY, &data), 0);
	ck_assert_ptr_nonnull(data);
	ck_assert_int_eq(device_claim(device), -EBUSY);
	ck_assert_int_eq(device_set_migration_state(device, VFIO_DEVICE_STATE_RUNNING, NULL), 0);
	ck_assert_int_lt(os_file_read(data, &state, sizeof(state)), 0);	/* the session is over */
	os_file_close(data);
	/* a session that nobody takes is closed */
	ck_assert_int_eq(device_set_migration_state(device, VFIO_DEVICE_STATE_STOP_COPY, NULL), 0);
	ck_assert_int_eq(device_set_migration_state(device, VFIO_DEVICE_STATE_RUNNING, NULL), 0);
	ck_assert_int_eq(device_set_migration_state(device, 99, NULL), -EIO);
	ck_assert_int_eq(device_claim(device), 0);
	ck_assert_int_eq(device_claim(device), -EBUSY);
	device_release(device);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device");
	TCase *tcase = tcase_create("device");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_regions);
	tcase_add_loop_test(tcase, test_bounds, 0, 5);
	tcase_add_test(tcase, test_registers);
	tcase_add_test(tcase, test_framebuffer);
	tcase_add_test(tcase, test_reset);
	tcase_add_test(tcase, test_references);
	tcase_add_test(tcase, test_outlives_its_handles);
	tcase_add_test(tcase, test_migration_calls);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
