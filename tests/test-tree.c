// SPDX-License-Identifier: MIT
/* The door to a captured tree: what it reads, what it refuses. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "harness/tree.h"
#include "internal.h"
#include "os/archive.h"
#include "os/pci.h"

#define GPU "bus/pci/devices/0000:41:00.0/"
#define GPU_DIR "devices/pci0000:00/0000:41:00.0/"

static struct tree tree;
static struct os *os;

static void setup(void)
{
	const char *detail = NULL;

	tree_make(&tree, "l40s");
	ck_assert_int_eq(os_open(tree.uri, &os, &detail), 0);
}

static void setup_archive(void)
{
	const char *detail = NULL;

	tree_make(&tree, "l40s");
	tree_pack(&tree);
	ck_assert_int_eq(os_open(tree.uri, &os, &detail), 0);
}

static void teardown(void)
{
	os_close(os);
	tree_remove(&tree);
}

static int read_attr(const char *path, char *buf, size_t size)
{
	return os->ops->attr_read(os, path, buf, size, NULL);
}

START_TEST(test_attributes)
{
	char buf[64];
	uint64_t value;
	size_t len;

	ck_assert_int_eq(os->ops->attr_read(os, GPU "vendor", buf, sizeof(buf), &len), 0);
	ck_assert_str_eq(buf, "0x10de\n");
	ck_assert_uint_eq(len, 7);
	ck_assert_int_eq(os_attr_line(os, GPU "vendor", buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "0x10de");
	ck_assert_int_eq(os_attr_u64(os, GPU "vendor", &value), 0);
	ck_assert_uint_eq(value, 0x10de);
	ck_assert_int_eq(os_attr_u64(os, GPU "sriov_totalvfs", &value), 0);
	ck_assert_uint_eq(value, 32);
}
END_TEST

START_TEST(test_sizes)
{
	char buf[8];
	char *big = calloc(1, 70000);

	ck_assert_int_eq(read_attr(GPU "vendor", buf, 8), 0);
	ck_assert_int_eq(read_attr(GPU "vendor", buf, 7), -EMSGSIZE);
	tree_file(&tree, GPU_DIR "big", big, 70000);
	ck_assert_int_eq(read_attr(GPU "big", buf, sizeof(buf)), -EMSGSIZE);
	tree_file(&tree, GPU_DIR "empty", "", 0);
	ck_assert_int_eq(read_attr(GPU "empty", buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "");
	free(big);
}
END_TEST

static const struct {
	const char *text;
	int err;
	uint64_t value;
} numbers[] = {
	{ "0\n", 0, 0 }, { "12", 0, 12 }, { "0x1F\n", 0, 31 }, { "0X1f", 0, 31 },
	{ "18446744073709551615", 0, UINT64_MAX }, { "0xffffffffffffffff", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 0 }, { "0x10000000000000000", -ERANGE, 0 },
	{ "", -EINVAL, 0 }, { "0x", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "12 ", -EINVAL, 0 },
	{ "12f", -EINVAL, 0 }, { "\n12", -EINVAL, 0 }, { "+1", -EINVAL, 0 },
	{ "1111111111111111111111111111111111111111", -EMSGSIZE, 0 },
};

START_TEST(test_numbers)
{
	uint64_t value = 77;

	tree_file(&tree, GPU_DIR "number", numbers[_i].text, strlen(numbers[_i].text));
	ck_assert_int_eq(os_attr_u64(os, GPU "number", &value), numbers[_i].err);
	ck_assert_uint_eq(value, numbers[_i].err ? 77 : numbers[_i].value);
}
END_TEST

START_TEST(test_line_is_printable)
{
	char buf[32];

	tree_file(&tree, GPU_DIR "odd", "a\x1b[31m\0b\nc", 10);
	ck_assert_int_eq(os_attr_line(os, GPU "odd", buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "a?[31m");
}
END_TEST

START_TEST(test_links)
{
	char buf[32];

	ck_assert_int_eq(os->ops->link_read(os, GPU "driver", buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "nvidia");
	ck_assert_int_eq(os->ops->link_read(os, GPU "virtfn3", buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "0000:41:00.7");
	ck_assert_int_eq(os->ops->link_read(os, GPU "virtfn3", buf, 4), -EMSGSIZE);
	ck_assert_int_eq(os->ops->link_read(os, GPU "virtfn4", buf, sizeof(buf)), -ENOENT);
	ck_assert_int_eq(os->ops->link_read(os, GPU "vendor", buf, sizeof(buf)), -EINVAL);
}
END_TEST

static int count_names(const char *name, void *arg)
{
	ck_assert_str_ne(name, ".");
	ck_assert_str_ne(name, "..");
	++*(int *)arg;
	return 0;
}

static int stop_at_driver(const char *name, void *arg)
{
	return strcmp(name, "driver") ? 0 : 42;
}

START_TEST(test_list)
{
	int count = 0;

	ck_assert_int_eq(os->ops->list(os, "bus/pci/devices", count_names, &count), 0);
	ck_assert_int_eq(count, 5);
	ck_assert_int_eq(os->ops->list(os, GPU ".", stop_at_driver, NULL), 42);
	ck_assert_int_eq(os->ops->list(os, "bus/nothing", count_names, &count), -ENOENT);
	ck_assert_int_eq(os->ops->list(os, GPU "vendor", count_names, &count), -ENOTDIR);
}
END_TEST

START_TEST(test_read_only)
{
	struct os_file *file = NULL;

	ck_assert_int_eq(os->ops->attr_write(os, GPU "sriov_numvfs", "0"), -EROFS);
	ck_assert_int_eq(os->ops->vfio_open(os, "0000:41:00.4", &file), -EROFS);
	ck_assert_int_eq(os->ops->control_open(os, "0000:41:00.0", false, &file), -ENOENT);
	ck_assert_int_eq(os->ops->control_open(os, "0000:41:00.0", true, &file), -ENOENT);
	ck_assert_ptr_null(file);
}
END_TEST

static const char *const bad_paths[] = {
	"", "/", "/etc/passwd", "..", "../etc/passwd", "bus/../../etc/passwd", "bus/pci/..",
	"bus//../..",
};

START_TEST(test_bad_paths)
{
	char buf[64];
	int count = 0;

	ck_assert_int_eq(read_attr(bad_paths[_i], buf, sizeof(buf)), -EINVAL);
	ck_assert_int_eq(os->ops->link_read(os, bad_paths[_i], buf, sizeof(buf)), -EINVAL);
	ck_assert_int_eq(os->ops->list(os, bad_paths[_i], count_names, &count), -EINVAL);
}
END_TEST

/* From here on read from an archive of what is there. */
static void reopen_packed(void)
{
	const char *detail = NULL;

	os_close(os);
	tree_pack(&tree);
	ck_assert_int_eq(os_open(tree.uri, &os, &detail), 0);
}

/*
 * Links that lead out of the tree are followed inside it, where there is
 * nothing: first in the directory, then in an archive of it.
 */
START_TEST(test_links_stay_inside)
{
	char secret[128], relative[256], buf[64];
	int fd;

	snprintf(secret, sizeof(secret), "%s-secret", tree.dir);
	fd = open(secret, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	snprintf(relative, sizeof(relative), "../../../../../../../../..%s", secret);
	tree_link(&tree, GPU_DIR "absolute", secret);
	tree_link(&tree, GPU_DIR "relative", relative);
	tree_link(&tree, GPU_DIR "magic", "/proc/self/cmdline");
	tree_link(&tree, GPU_DIR "loop", "loop");
	tree_link(&tree, GPU_DIR "up", "..");
	tree_link(&tree, GPU_DIR "inside", "/sys/" GPU "vendor");
	if (_i)
		reopen_packed();
	ck_assert_int_eq(read_attr(GPU "up/0000:41:00.4/vendor", buf, sizeof(buf)), 0);
	ck_assert_int_eq(read_attr(GPU "vendor/vendor", buf, sizeof(buf)), -ENOTDIR);
	ck_assert_int_eq(read_attr(GPU "absolute", buf, sizeof(buf)), -ENOENT);
	ck_assert_int_eq(read_attr(GPU "relative", buf, sizeof(buf)), -ENOENT);
	ck_assert_int_eq(read_attr(GPU "magic", buf, sizeof(buf)), -ENOENT);
	ck_assert_int_eq(read_attr(GPU "loop", buf, sizeof(buf)), -ELOOP);
	ck_assert_int_eq(read_attr(GPU "inside", buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "0x10de\n");
	unlink(secret);
}
END_TEST

START_TEST(test_no_attribute)
{
	char path[256], buf[64];

	snprintf(path, sizeof(path), "%s/sys/" GPU_DIR "fifo", tree.dir);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(read_attr(GPU "fifo", buf, sizeof(buf)), -EINVAL);
	ck_assert_int_eq(read_attr(GPU "drm", buf, sizeof(buf)), -EISDIR);
	ck_assert_int_eq(read_attr(GPU "nothing", buf, sizeof(buf)), -ENOENT);
}
END_TEST

/* The capabilities of a function whose SR-IOV capability stands at 0x100. */
static void add_config(uint16_t total_vfs)
{
	unsigned char config[4096] = { 0xde, 0x10, 0xb9, 0x26 };

	config[0x06] = 0x10;		/* status: there is a list of capabilities */
	config[0x34] = 0x40;
	config[0x40] = 0x10;		/* PCI Express */
	config[0x100] = 0x10;		/* SR-IOV, version 1, the last one */
	config[0x102] = 0x01;
	config[0x10e] = total_vfs & 0xff;
	config[0x10f] = total_vfs >> 8;
	tree_file(&tree, GPU_DIR "config", config, sizeof(config));
	tree_file(&tree, GPU_DIR "resource", "", 0);
	tree_file(&tree, GPU_DIR "irq", "0\n", 2);
}

START_TEST(test_libpci_capability)
{
	uint16_t vfs = 77;

	ck_assert_int_lt(os_pci_total_vfs(os, "0000:41:00.0", &vfs), 0);
	add_config(32);
	ck_assert_int_eq(os_pci_total_vfs(os, "0000:41:00.0", &vfs), 0);
	ck_assert_uint_eq(vfs, 32);
	ck_assert_int_eq(os_pci_total_vfs(os, "nonsense", &vfs), -EINVAL);
	/* libpci gives up on what is not there; the process lives on */
	ck_assert_int_lt(os_pci_total_vfs(os, "0000:42:00.0", &vfs), 0);
	ck_assert_uint_eq(vfs, 32);
}
END_TEST

START_TEST(test_libpci_name)
{
	char unlisted[64] = "untouched", l40[64] = "", small[8] = "";
	const struct os_pci_name names[] = {
		{ 0x10de, 0xffee, unlisted, sizeof(unlisted) },
		{ 0x10de, 0x26b5, l40, sizeof(l40) },
		{ 0x10de, 0x26b5, small, sizeof(small) },
	};

	os_pci_names(names, 3);
	ck_assert_str_eq(unlisted, "untouched");
	if (!*l40)
		return;		/* no list of PCI ids on this machine */
	ck_assert_str_eq(l40, "NVIDIA L40");
	ck_assert_str_eq(small, "NVIDIA ");
}
END_TEST

static const struct {
	const char *uri;
	int err;
} bad_uris[] = {
	{ "", -EINVAL }, { "host", -EINVAL }, { "host:x", -EINVAL }, { "tree:", -EINVAL },
	{ "tree", -EINVAL }, { "usb:", -EINVAL }, { "HOST:", -EINVAL },
	{ "tree:/nonexistent/tree", -ENOENT }, { "tree:/dev", -ENOENT },
	{ "tree:/dev/null", -ENOTDIR },
};

START_TEST(test_bad_uris)
{
	const char *detail = NULL;
	struct os *none = NULL;

	ck_assert_int_eq(os_open(bad_uris[_i].uri, &none, &detail), bad_uris[_i].err);
	ck_assert_ptr_null(none);
	ck_assert_int_eq(detail != NULL, bad_uris[_i].err == -EINVAL);
	os_close(NULL);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static bool has_archives(void)
{
	struct snapshot *none;
	const char *detail;

	return archive_load(-1, &none, &detail) != -EOPNOTSUPP;
}

/* What a directory and an archive have in common. */
static TCase *archive_case(void)
{
	TCase *tcase = tcase_create("archive");

	tcase_add_checked_fixture(tcase, setup_archive, teardown);
	tcase_add_test(tcase, test_attributes);
	tcase_add_test(tcase, test_links);
	tcase_add_test(tcase, test_list);
	tcase_add_test(tcase, test_read_only);
	tcase_add_loop_test(tcase, test_bad_paths, 0, COUNT(bad_paths));
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("tree");
	TCase *tcase = tcase_create("tree");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_attributes);
	tcase_add_test(tcase, test_sizes);
	tcase_add_loop_test(tcase, test_numbers, 0, COUNT(numbers));
	tcase_add_test(tcase, test_line_is_printable);
	tcase_add_test(tcase, test_links);
	tcase_add_test(tcase, test_list);
	tcase_add_test(tcase, test_read_only);
	tcase_add_loop_test(tcase, test_bad_paths, 0, COUNT(bad_paths));
	tcase_add_loop_test(tcase, test_links_stay_inside, 0, has_archives() ? 2 : 1);
	tcase_add_test(tcase, test_no_attribute);
	tcase_add_test(tcase, test_libpci_capability);
	tcase_add_test(tcase, test_libpci_name);
	tcase_add_loop_test(tcase, test_bad_uris, 0, COUNT(bad_uris));
	suite_add_tcase(suite, tcase);
	if (has_archives())
		suite_add_tcase(suite, archive_case());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
