// SPDX-License-Identifier: MIT
/*
 * What is not read again: on a running host as long as the kernel tells of no change, and not for
 * longer than a second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "framework/framework.h"
#include "framework/mdev.h"
#include "mdev.h"
#include "os/mdevs.h"
#include "../harness/door.h"
#include "../harness/hosts.h"
#include "../harness/tree.h"

#define GPU	"0000:41:00.0"
#define A40_4Q	560
#define UUID	"6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a002"

static struct door door;
static struct framework *fw;

/* Every look at the host. */
static int note(struct door *d)
{
	d->number++;
	return DOOR_PASS;
}

static int note_read(struct door *d, const char *path, char *buf, size_t size)
{
	return note(d);
}

static int note_list(struct door *d, const char *path)
{
	return note(d);
}

static void setup(void)
{
	door_open(&door, "emu:a40?framework=mdev");
	os_mdevs_init(&door.os);
	door.on_read = door.on_link = note_read;
	door.on_list = note_list;
	door.changes = 7;
	ck_assert_int_eq(framework_open(&door.os, GPU, &fw), 0);
}

static void teardown(void)
{
	framework_close(fw);
	os_mdevs_fini(&door.os);
	door_close(&door);
}

/* vGPUs of the type, and how many there are at all; returns how often the host was looked at. */
static int look(uint32_t *created, size_t *all)
{
	struct framework_state states[FRAMEWORK_MAX_TYPES];
	struct framework_types *types;
	struct framework_vgpu *vgpus;
	uint32_t number;

	door.number = 0;
	ck_assert_int_eq(fw->ops.type_states(fw, states, FRAMEWORK_MAX_TYPES, &number, &types), 0);
	*created = 0;
	for (uint32_t i = 0; i < number; i++)
		*created += states[i].created;
	framework_types_unref(types);
	ck_assert_int_eq(fw->ops.vgpu_list(fw, &vgpus, all), 0);
	free(vgpus);
	return door.number;
}

static int look_again(void)
{
	uint32_t created;
	size_t all;

	return look(&created, &all);
}

static void other_creates(void)
{
	static const char path[] = "bus/pci/devices/0000:41:00.4/" MDEV_TYPES
				   "/nvidia-560/create";

	ck_assert_int_eq(door.inner->ops->attr_write(door.inner, path, UUID), 0);
}

START_TEST(nothing_happened)
{
	uint32_t created;
	size_t all;

	ck_assert_int_gt(look(&created, &all), 0);
	ck_assert_int_eq(look(&created, &all), 0);
	ck_assert_uint_eq(created, 0);
	ck_assert_uint_eq(all, 0);
}
END_TEST

START_TEST(something_happened)
{
	uint32_t created;
	size_t all;

	look_again();
	other_creates();
	door.changes++;
	ck_assert_int_gt(look(&created, &all), 0);
	ck_assert_uint_eq(created, 1);
	ck_assert_uint_eq(all, 1);
}
END_TEST

/* A kernel that tells of nothing; whatever it does not tell of is seen after a second. */
START_TEST(a_second_passed)
{
	const struct timespec second = { .tv_sec = 1, .tv_nsec = 50000000 };
	uint32_t created;
	size_t all;

	look_again();
	other_creates();
	nanosleep(&second, NULL);
	ck_assert_int_gt(look(&created, &all), 0);
	ck_assert_uint_eq(created, 1);
	ck_assert_uint_eq(all, 1);
}
END_TEST

static int fail_changes(struct os *os, uint64_t *ret)
{
	return -EACCES;
}

START_TEST(kernel_that_does_not_tell)
{
	struct os_ops ops = *door.os.ops;
	uint32_t created;
	size_t all;

	ops.changes = fail_changes;
	door.os.ops = &ops;
	look_again();
	other_creates();
	ck_assert_int_gt(look(&created, &all), 0);
	ck_assert_uint_eq(created, 1);
	ck_assert_uint_eq(all, 1);
}
END_TEST

static int name_slices(struct door *d, const char *path, char *buf, size_t size)
{
	note(d);
	if (!door_ends(path, "/nvidia-560/name"))
		return DOOR_PASS;
	snprintf(buf, size, "NVIDIA A100-1-4C\n");
	return DOOR_DONE;
}

/* MIG is switched without a word. */
START_TEST(slices)
{
	framework_close(fw);
	door.on_read = name_slices;
	ck_assert_int_eq(framework_open(&door.os, GPU, &fw), 0);
	look_again();
	ck_assert_int_gt(look_again(), 0);
}
END_TEST

/* What was made by this program too. */
START_TEST(own_creation)
{
	struct framework_request request = { .uuid = { 1 }, .params = "", .owner = "me" };
	struct framework_types *types;
	struct framework_vgpu vgpu;
	uint32_t created;
	size_t all;

	look_again();
	ck_assert_int_eq(fw->ops.types(fw, &types), 0);
	request.type = framework_types_find(types, A40_4Q);
	ck_assert_int_eq(fw->ops.create(fw, &request, &vgpu), 0);
	door.changes++;
	look(&created, &all);
	ck_assert_uint_eq(created, 1);
	ck_assert_uint_eq(all, 1);
	framework_types_unref(types);
}
END_TEST

static int note_names(struct door *d, const char *path, char *buf, size_t size)
{
	return door_ends(path, "/name") ? note(d) : DOOR_PASS;
}

static uint32_t count_types(void)
{
	struct framework_types *types;
	uint32_t number;

	door.number = 0;
	ck_assert_int_eq(fw->ops.types(fw, &types), 0);
	number = types->count;
	framework_types_unref(types);
	return number;
}

/* It never changes: of a type that comes, that one alone is read. */
START_TEST(type_that_comes)
{
	struct tree tree;

	tree_generate(&tree, &(struct host_spec){ "a40", true, 1, 2, 0 });
	door_open(&door, tree.uri);
	door.changes = 7;
	door.on_read = note_names;
	ck_assert_int_eq(framework_open(&door.os, GPU, &fw), 0);
	ck_assert_uint_eq(count_types(), 22);
	ck_assert_int_eq(door.number, 22);
	tree_file(&tree, "devices/pci0000:40/0000:40:01.0/0000:41:00.4/" MDEV_TYPES
		  "/nvidia-999/name", "NVIDIA A40-9Q\n", 14);
	door.changes++;
	ck_assert_uint_eq(count_types(), 23);
	ck_assert_int_eq(door.number, 1);
	framework_close(fw);
	door_close(&door);
	tree_remove(&tree);
}
END_TEST

void add_kept_cases(Suite *suite)
{
	TCase *cases = tcase_create("kept");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, nothing_happened);
	tcase_add_test(cases, something_happened);
	tcase_add_test(cases, a_second_passed);
	tcase_add_test(cases, kernel_that_does_not_tell);
	tcase_add_test(cases, slices);
	tcase_add_test(cases, own_creation);
	suite_add_tcase(suite, cases);

	cases = tcase_create("types kept");
	tcase_add_test(cases, type_that_comes);
	suite_add_tcase(suite, cases);
}
