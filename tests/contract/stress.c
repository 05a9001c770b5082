/* SPDX-License-Identifier: MIT */
/*
 * Thousands of lives of a vGPU: nothing grows.
 *
 * usage: stress [URI]        TEST_LEVEL=quick: 500 cycles instead of 10000
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fixture.h"

/* Freed memory stays in the sanitizer's quarantine; there its leak check judges. */
#if defined(__SANITIZE_ADDRESS__)
#define RESIDENT_IS_TRUE false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RESIDENT_IS_TRUE false
#endif
#endif
#ifndef RESIDENT_IS_TRUE
#define RESIDENT_IS_TRUE true
#endif

#define TOLERANCE_BYTES (256 << 10)

static unsigned int cycles(void)
{
	const char *level = getenv("TEST_LEVEL");

	return level && strcmp(level, "quick") == 0 ? 500 : 10000;
}

static long resident_bytes(void)
{
	long total, resident;
	FILE *file = fopen("/proc/self/statm", "r");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%ld %ld", &total, &resident), 2);
	fclose(file);
	return resident * sysconf(_SC_PAGESIZE);
}

static unsigned int open_files(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned int count = 0;

	ck_assert_ptr_nonnull(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

/* Each type in turn; now and then the device is opened and written. */
static void one_life(unsigned int number)
{
	const struct fact *fact = &board.facts[number % board.fact_count];
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = fact->key, .owner = "stress",
					       .param_key = "cycle", .param_value = "1"));

	if (number % 16 == 0) {
		struct nvvgpu_device *device = open_device(vgpu);

		fill(device, vgpu, number);
		check_filled(device, vgpu, number);
		nvvgpu_device_unref(device);
	}
	if (number % 8 == 0)
		nvvgpu_type_unref(type_now(fact->key));
	destroy(vgpu);
}

START_TEST(nothing_grows)
{
	unsigned int number, warm_up = cycles() / 10, files = open_files();
	long start = 0, end;

	for (number = 0; number < cycles(); number++) {
		if (number == warm_up)
			start = resident_bytes();
		one_life(number);
	}
	end = resident_bytes();
	ck_assert_uint_eq(open_files(), files);
	if (RESIDENT_IS_TRUE)
		ck_assert_msg(end - start <= TOLERANCE_BYTES,
			      "resident: %ld KiB after %u cycles, %ld KiB after %u", start >> 10,
			      warm_up, end >> 10, cycles());
}
END_TEST

/* Whole hosts too: boot, one vGPU, away. */
START_TEST(hosts_come_and_go)
{
	unsigned int number, count = cycles() / 50, warm_up = count / 10, files = open_files();
	long start = 0, end;

	for (number = 0; number < count; number++) {
		struct nvvgpu_vgpu_list *list;
		struct nvvgpu *host;

		if (number == warm_up)
			start = resident_bytes();
		assert_ok(nvvgpu_open(board.uri, &host));
		assert_ok(nvvgpu_vgpu_list_all(host, &list));
		nvvgpu_vgpu_list_unref(list);
		nvvgpu_unref(host);
	}
	end = resident_bytes();
	ck_assert_uint_eq(open_files(), files);
	if (RESIDENT_IS_TRUE)
		ck_assert_msg(end - start <= TOLERANCE_BYTES, "resident: %ld KiB, then %ld KiB",
			      start >> 10, end >> 10);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("stress");
	TCase *cases = tcase_create("stress");
	SRunner *runner;
	int failed;

	board.uri = argc > 1 ? argv[1] : "emu:l40";
	tcase_set_timeout(cases, 1200);
	tcase_add_checked_fixture(cases, board_setup, board_teardown);
	tcase_add_test(cases, nothing_grows);
	tcase_add_test(cases, hosts_come_and_go);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
