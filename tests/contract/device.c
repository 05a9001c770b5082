/* SPDX-License-Identifier: MIT */
/* The VFIO device of a vGPU: contents, isolation, reset, save and restore. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "fixture.h"

static int state_of(struct nvvgpu_vgpu *vgpu)
{
	enum nvvgpu_vgpu_state state;

	assert_ok(nvvgpu_vgpu_get_state(vgpu, &state));
	return state;
}

START_TEST(open_close)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key));
	struct nvvgpu_device *device, *second = NULL;
	uint64_t booted = stat_now(NVVGPU_STAT_BOOTED);

	device = open_device(vgpu);
	ck_assert_int_eq(state_of(vgpu), NVVGPU_VGPU_RUNNING);
	ck_assert_uint_eq(stat_now(NVVGPU_STAT_BOOTED), booted + board.counters);
	check_error(nvvgpu_device_open(vgpu, &second), EBUSY, NVVGPU_REASON_IN_USE);
	ck_assert_ptr_null(second);
	nvvgpu_device_unref(nvvgpu_device_ref(device));
	ck_assert_int_eq(state_of(vgpu), NVVGPU_VGPU_RUNNING);
	ck_assert_ptr_null(nvvgpu_device_unref(device));
	ck_assert_int_eq(state_of(vgpu), NVVGPU_VGPU_ASSIGNED);
	destroy(vgpu);
}
END_TEST

START_TEST(busy_while_open)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key));
	struct nvvgpu_device *device = open_device(vgpu);

	check_error(nvvgpu_destroy(vgpu), EBUSY, NVVGPU_REASON_IN_USE);
	check_error(nvvgpu_vgpu_set_params(vgpu, "a=1"), EBUSY, NVVGPU_REASON_IN_USE);
	nvvgpu_device_unref(device);
	destroy(vgpu);
}
END_TEST

START_TEST(open_of_a_destroyed)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key));
	struct nvvgpu_device *device;

	assert_ok(nvvgpu_destroy(vgpu));
	check_error(nvvgpu_device_open(vgpu, &device), ENODEV, NVVGPU_REASON_NOT_FOUND);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

START_TEST(regions)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key));
	struct nvvgpu_device *device = open_device(vgpu);
	uint64_t config, bar0;
	uint8_t ids[2], byte;

	assert_ok(nvvgpu_device_get_region_bytes(device, NVVGPU_REGION_CONFIG, &config));
	assert_ok(nvvgpu_device_get_region_bytes(device, NVVGPU_REGION_BAR0, &bar0));
	ck_assert_uint_ge(config, 256);
	ck_assert_uint_gt(bar0, 0);
	ck_assert_int_eq(nvvgpu_device_read(device, NVVGPU_REGION_CONFIG, 0, ids, 2), 2);
	ck_assert_uint_eq(ids[0] | ids[1] << 8, 0x10de);
	ck_assert_int_lt(nvvgpu_device_read(device, NVVGPU_REGION_CONFIG, config, &byte, 1), 0);
	ck_assert_int_lt(nvvgpu_device_read(device, NVVGPU_REGION_BAR0, bar0, &byte, 1), 0);
	ck_assert_int_lt(nvvgpu_device_read(device, NVVGPU_REGION_BAR0, UINT64_MAX, &byte, 1), 0);
	ck_assert_int_lt(nvvgpu_device_read(device, 1000, 0, &byte, 1), 0);
	nvvgpu_device_unref(device);
	destroy(vgpu);
}
END_TEST

START_TEST(contents_survive_close)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key));
	struct nvvgpu_device *device = open_device(vgpu);

	check_zero(device, vgpu);
	fill(device, vgpu, 7);
	check_filled(device, vgpu, 7);
	nvvgpu_device_unref(device);
	device = open_device(vgpu);
	check_filled(device, vgpu, 7);
	nvvgpu_device_unref(device);
	destroy(vgpu);
}
END_TEST

START_TEST(reset_scrubs)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key));
	struct nvvgpu_device *device = open_device(vgpu);

	fill(device, vgpu, 8);
	assert_ok(nvvgpu_device_reset(device));
	check_zero(device, vgpu);
	fill(device, vgpu, 9);
	check_filled(device, vgpu, 9);
	nvvgpu_device_unref(device);
	destroy(vgpu);
}
END_TEST

START_TEST(neighbours_never_meet)
{
	struct nvvgpu_device *devices[MAX_VGPUS];
	struct nvvgpu_vgpu *vgpus[MAX_VGPUS];
	const struct fact *fact = smallest();
	uint32_t i;

	for (i = 0; i < fact->max_instances; i++) {
		vgpus[i] = create(WISH(.type = fact->key));
		devices[i] = open_device(vgpus[i]);
		fill(devices[i], vgpus[i], i);
	}
	for (i = 0; i < fact->max_instances; i++)
		check_filled(devices[i], vgpus[i], i);
	assert_ok(nvvgpu_device_reset(devices[0]));
	check_zero(devices[0], vgpus[0]);
	for (i = 1; i < fact->max_instances; i++)
		check_filled(devices[i], vgpus[i], i);
	for (i = 0; i < fact->max_instances; i++) {
		nvvgpu_device_unref(devices[i]);
		destroy(vgpus[i]);
	}
}
END_TEST

/* The whole board was written to; whoever comes next, of any size, finds zeros. */
START_TEST(successors_find_zeros)
{
	const struct fact *fact = smallest(), *largest = &board.facts[board.fact_count - 1];
	struct nvvgpu_device *device;
	struct nvvgpu_vgpu *vgpu;
	uint32_t i;

	for (i = 0; i < fact->max_instances; i++) {
		vgpu = create(WISH(.type = fact->key));
		device = open_device(vgpu);
		check_zero(device, vgpu);
		fill(device, vgpu, i + 100);
		nvvgpu_device_unref(device);
		nvvgpu_vgpu_unref(vgpu);
	}
	destroy_all();
	for (i = 0; i < largest->max_instances; i++) {
		vgpu = create(WISH(.type = largest->key));
		device = open_device(vgpu);
		check_zero(device, vgpu);
		nvvgpu_device_unref(device);
		nvvgpu_vgpu_unref(vgpu);
	}
}
END_TEST

/* --------------------------------------------------------- save and restore */

static struct nvvgpu_vgpu *filled_vgpu(uint64_t seed)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key));
	struct nvvgpu_device *device = open_device(vgpu);

	fill(device, vgpu, seed);
	nvvgpu_device_unref(device);
	return vgpu;
}

static int new_stream(void)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

START_TEST(save_and_restore)
{
	struct nvvgpu_vgpu *vgpu = filled_vgpu(21), *restored;
	struct nvvgpu_device *device;
	char *uuid = strdup(nvvgpu_vgpu_get_uuid(vgpu));
	int fd = new_stream();

	assert_ok(nvvgpu_migrate_save(vgpu, fd, NULL));
	ck_assert_int_eq(state_of(vgpu), NVVGPU_VGPU_ASSIGNED);
	destroy(vgpu);

	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	assert_ok(nvvgpu_migrate_verify(fd, NULL, NULL));
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	assert_ok(nvvgpu_migrate_restore(board.gpu, fd, NULL, &restored));
	ck_assert_str_eq(nvvgpu_vgpu_get_uuid(restored), uuid);
	ck_assert_uint_eq(nvvgpu_vgpu_get_type_id(restored), smallest()->id);
	device = open_device(restored);
	check_filled(device, restored, 21);
	nvvgpu_device_unref(device);
	destroy(restored);
	close(fd);
	free(uuid);
}
END_TEST

/* Beside its source: a uuid of its own, contents of its own. */
START_TEST(restore_beside_its_source)
{
	struct nvvgpu_vgpu *vgpu = filled_vgpu(22), *restored;
	struct nvvgpu_device *device;
	int fd = new_stream();

	assert_ok(nvvgpu_migrate_save(vgpu, fd, NULL));
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	assert_ok(nvvgpu_migrate_restore(board.gpu, fd, NULL, &restored));
	ck_assert_str_ne(nvvgpu_vgpu_get_uuid(restored), nvvgpu_vgpu_get_uuid(vgpu));
	device = open_device(restored);
	check_filled(device, restored, 22);
	fill(device, restored, 23);
	nvvgpu_device_unref(device);
	device = open_device(vgpu);
	check_filled(device, vgpu, 22);
	nvvgpu_device_unref(device);
	destroy(restored);
	close(fd);
	destroy(vgpu);
}
END_TEST

START_TEST(restore_of_garbage)
{
	struct nvvgpu_vgpu *restored = NULL;
	int fd = new_stream();

	check_error(nvvgpu_migrate_restore(board.gpu, fd, NULL, &restored), EBADMSG,
		    NVVGPU_REASON_STREAM_TRUNCATED);
	ck_assert_int_eq(write(fd, "this is not a stream of ours, is it? no, it is not; by no means.",
			       64),
			 64);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	check_error(nvvgpu_migrate_restore(board.gpu, fd, NULL, &restored), EBADMSG,
		    NVVGPU_REASON_STREAM_FOREIGN);
	ck_assert_ptr_null(restored);
	ck_assert_uint_eq(vgpu_count(), 0);
	close(fd);
}
END_TEST

START_TEST(restore_that_fits_nowhere)
{
	struct nvvgpu_vgpu *vgpu = filled_vgpu(24), *restored = NULL;
	const struct fact *fact = smallest();
	int fd = new_stream();
	uint32_t i;

	assert_ok(nvvgpu_migrate_save(vgpu, fd, NULL));
	for (i = 1; i < fact->max_instances; i++)
		nvvgpu_vgpu_unref(create(WISH(.type = fact->key)));
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	check_error(nvvgpu_migrate_restore(board.gpu, fd, NULL, &restored), ENOSPC,
		    NVVGPU_REASON_EXHAUSTED);
	ck_assert_uint_eq(vgpu_count(), fact->max_instances);
	close(fd);
	destroy(vgpu);
}
END_TEST

TCase *device_cases(void)
{
	TCase *cases = tcase_create("device");

	tcase_set_timeout(cases, 120);
	tcase_add_checked_fixture(cases, board_setup, board_teardown);
	tcase_add_test(cases, open_close);
	tcase_add_test(cases, busy_while_open);
	tcase_add_test(cases, open_of_a_destroyed);
	tcase_add_test(cases, regions);
	tcase_add_test(cases, contents_survive_close);
	tcase_add_test(cases, reset_scrubs);
	tcase_add_test(cases, neighbours_never_meet);
	tcase_add_test(cases, successors_find_zeros);
	tcase_add_test(cases, save_and_restore);
	tcase_add_test(cases, restore_beside_its_source);
	tcase_add_test(cases, restore_of_garbage);
	tcase_add_test(cases, restore_that_fits_nowhere);
	return cases;
}
