// SPDX-License-Identifier: MIT
/* Hosts: uris, references, searches, logs, threads. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/gpus.h"
#include "harness/tree.h"
#include "internal.h"

static struct tree tree;

static void setup(void)
{
	tree_make(&tree, "odds");
}

static void teardown(void)
{
	tree_remove(&tree);
}

static struct nvvgpu *open_tree(void)
{
	struct nvvgpu *host = NULL;

	ck_assert_int_eq(nvvgpu_open(tree.uri, &host), 0);
	return host;
}

static size_t count_gpus(struct nvvgpu *host)
{
	struct nvvgpu_gpu_list *gpus;
	size_t count;

	ck_assert_int_eq(nvvgpu_gpu_list(host, &gpus), 0);
	count = nvvgpu_gpu_list_size(gpus);
	ck_assert_ptr_null(nvvgpu_gpu_list_get(gpus, count));
	nvvgpu_gpu_list_unref(gpus);
	return count;
}

START_TEST(test_running_host)
{
	struct nvvgpu *host;

	ck_assert_int_eq(nvvgpu_open(NULL, &host), 0);
	ck_assert_str_eq(nvvgpu_get_uri(host), "host:");
	nvvgpu_unref(host);
	ck_assert_int_eq(nvvgpu_open("host:", &host), 0);
	ck_assert_ptr_null(nvvgpu_unref(host));
	ck_assert_ptr_null(nvvgpu_unref(NULL));
}
END_TEST

static const struct {
	const char *uri;
	int err, reason;
} bad_uris[] = {
	{ "", EINVAL, NVVGPU_REASON_INVALID_ARGUMENT },
	{ "usb:", EINVAL, NVVGPU_REASON_INVALID_ARGUMENT },
	{ "host:0", EINVAL, NVVGPU_REASON_INVALID_ARGUMENT },
	{ "tree:", EINVAL, NVVGPU_REASON_INVALID_ARGUMENT },
	{ "tree:/nonexistent/tree", ENOENT, NVVGPU_REASON_NOT_FOUND },
	{ "emu:no-such-board", EINVAL, NVVGPU_REASON_INVALID_ARGUMENT },
};

START_TEST(test_bad_uri)
{
	struct nvvgpu *host = (void *)&bad_uris;

	ck_assert_int_eq(nvvgpu_open(bad_uris[_i].uri, &host), -bad_uris[_i].err);
	ck_assert_ptr_eq(host, &bad_uris);
	ck_assert_int_eq(nvvgpu_error_get_errno(nvvgpu_last_error()), bad_uris[_i].err);
	ck_assert_int_eq(nvvgpu_error_get_reason(nvvgpu_last_error()), bad_uris[_i].reason);
	ck_assert_str_eq(nvvgpu_error_get_object(nvvgpu_last_error()), bad_uris[_i].uri);
	ck_assert_str_ne(nvvgpu_error_get_cause(nvvgpu_last_error()), "");
}
END_TEST

START_TEST(test_version)
{
	unsigned int major, minor, patch;
	char end;

	ck_assert_int_eq(sscanf(nvvgpu_version(), "%u.%u.%u%c", &major, &minor, &patch, &end), 3);
	nvvgpu_free(NULL);
	nvvgpu_free(strdup("x"));
}
END_TEST

START_TEST(test_walk_ends_without_error)
{
	struct nvvgpu *host = open_tree();

	error_nomem();
	ck_assert_uint_eq(count_gpus(host), 6);
	nvvgpu_unref(host);
}
END_TEST

START_TEST(test_failed_search_is_not_none)
{
	struct nvvgpu *host = open_tree();
	struct nvvgpu_gpu_list *gpus;
	char from[128], to[128];

	snprintf(from, sizeof(from), "%s/sys/bus", tree.dir);
	snprintf(to, sizeof(to), "%s/sys/gone", tree.dir);
	ck_assert_int_eq(rename(from, to), 0);
	ck_assert_int_eq(nvvgpu_gpu_list(host, &gpus), -ENOENT);
	ck_assert_int_eq(nvvgpu_error_get_errno(nvvgpu_last_error()), ENOENT);
	ck_assert_int_eq(nvvgpu_refresh(host), -ENOENT);
	ck_assert_int_eq(rename(to, from), 0);
	ck_assert_uint_eq(count_gpus(host), 6);
	nvvgpu_unref(host);
}
END_TEST

START_TEST(test_refresh_finds_what_came)
{
	struct nvvgpu *host = open_tree();
	struct nvvgpu_gpu_list *before;
	struct nvvgpu_gpu *gpu;
	char path[128];

	ck_assert_int_eq(nvvgpu_gpu_list(host, &before), 0);
	ck_assert_int_eq(nvvgpu_gpu_lookup(host, "01:00.0", &gpu), 0);
	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/0000:01:00.0", tree.dir);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_uint_eq(count_gpus(host), 6);
	ck_assert_int_eq(nvvgpu_refresh(host), 0);
	ck_assert_uint_eq(count_gpus(host), 5);
	ck_assert_str_eq(nvvgpu_gpu_get_address(gpu_at(host, 0)), "0000:02:00.0");
	/* list and references outlive the search, and the host */
	nvvgpu_unref(host);
	ck_assert_uint_eq(nvvgpu_gpu_list_size(before), 6);
	ck_assert_ptr_eq(nvvgpu_gpu_list_get(before, 0), gpu);
	ck_assert_ptr_eq(nvvgpu_gpu_list_ref(before), before);
	ck_assert_ptr_null(nvvgpu_gpu_list_unref(before));
	ck_assert_str_eq(nvvgpu_gpu_get_name(nvvgpu_gpu_list_get(before, 1)),
			 nvvgpu_gpu_get_name(nvvgpu_gpu_list_get(before, 1)));
	nvvgpu_gpu_list_unref(before);
	ck_assert_str_eq(nvvgpu_gpu_get_address(gpu), "0000:01:00.0");
	nvvgpu_gpu_unref(gpu);
	ck_assert_ptr_null(nvvgpu_gpu_list_unref(NULL));
}
END_TEST

/* Bit 0: the host first; bit 1: two references of the GPU. */
START_TEST(test_release_order)
{
	struct nvvgpu *host = open_tree();
	struct nvvgpu_gpu *gpu;

	ck_assert_int_eq(nvvgpu_gpu_lookup(host, "02:00.0", &gpu), 0);
	if (_i & 2)
		ck_assert_ptr_eq(nvvgpu_gpu_ref(gpu), gpu);
	if (_i & 1)
		nvvgpu_unref(host);
	if (_i & 2)
		ck_assert_ptr_null(nvvgpu_gpu_unref(gpu));
	ck_assert_str_eq(nvvgpu_gpu_get_address(gpu), "0000:02:00.0");
	nvvgpu_gpu_unref(gpu);
	if (!(_i & 1))
		nvvgpu_unref(host);
	ck_assert_ptr_null(nvvgpu_gpu_unref(NULL));
}
END_TEST

START_TEST(test_host_references)
{
	struct nvvgpu *host = open_tree();

	ck_assert_ptr_eq(nvvgpu_ref(host), host);
	nvvgpu_unref(host);
	ck_assert_str_eq(nvvgpu_get_uri(host), tree.uri);
	nvvgpu_unref(host);
}
END_TEST

struct log {
	size_t lines;
	enum nvvgpu_log_level most_detailed;
	size_t released;
};

static void count_release(void *arg)
{
	((struct log *)arg)->released++;
}

static void count_line(void *arg, enum nvvgpu_log_level level, const char *line)
{
	struct log *log = arg;

	ck_assert_ptr_null(strchr(line, '\n'));
	log->lines++;
	if (level > log->most_detailed)
		log->most_detailed = level;
}

START_TEST(test_log)
{
	struct nvvgpu *host = open_tree();
	struct log log = { 0 };

	ck_assert_int_eq(nvvgpu_set_log(host, NVVGPU_LOG_WARNING, count_line, &log, count_release),
			 0);
	ck_assert_int_eq(nvvgpu_refresh(host), 0);
	ck_assert_uint_eq(log.lines, 1);		/* the function with an odd class */
	ck_assert_int_eq(log.most_detailed, NVVGPU_LOG_WARNING);
	ck_assert_int_eq(nvvgpu_set_log(host, NVVGPU_LOG_INFO, count_line, &log, count_release), 0);
	ck_assert_uint_eq(log.released, 1);
	ck_assert_int_eq(nvvgpu_refresh(host), 0);
	ck_assert_uint_eq(log.lines, 1 + 1 + 6);
	ck_assert_int_eq(nvvgpu_set_log(host, NVVGPU_LOG_DEBUG, NULL, NULL, NULL), 0);
	ck_assert_uint_eq(log.released, 2);
	ck_assert_int_eq(nvvgpu_refresh(host), 0);
	ck_assert_uint_eq(log.lines, 8);
	nvvgpu_unref(host);
	ck_assert_uint_eq(log.released, 2);
}
END_TEST

/* Whatever becomes of the call, what was handed over is given back once. */
START_TEST(test_log_is_released)
{
	struct nvvgpu *host = open_tree();
	struct nvvgpu_gpu *gpu;
	struct log log = { 0 };

	ck_assert_int_eq(nvvgpu_set_log(host, 0, count_line, &log, count_release), -EINVAL);
	ck_assert_uint_eq(log.released, 1);
	ck_assert_int_eq(nvvgpu_set_log(host, NVVGPU_LOG_DEBUG + 1, count_line, &log,
					count_release), -EINVAL);
	ck_assert_uint_eq(log.released, 2);
	ck_assert_int_eq(nvvgpu_set_log(host, NVVGPU_LOG_DEBUG, NULL, &log, count_release), 0);
	ck_assert_uint_eq(log.released, 3);
	ck_assert_int_eq(nvvgpu_set_log(host, NVVGPU_LOG_DEBUG, count_line, &log, count_release),
			 0);
	ck_assert_int_eq(nvvgpu_gpu_lookup(host, "02:00.0", &gpu), 0);
	nvvgpu_unref(host);
	ck_assert_uint_eq(log.released, 3);	/* the GPU holds the host */
	nvvgpu_gpu_unref(gpu);
	ck_assert_uint_eq(log.released, 4);
}
END_TEST

struct walker {
	struct nvvgpu *host;
	size_t lines, released;
	bool inside;
};

static void walker_released(void *arg)
{
	struct walker *walker = arg;

	ck_assert(!walker->inside);
	walker->released++;
}

struct intruder {
	struct nvvgpu *host;
	bool done;
};

/* While a search runs, a GPU goes and another search, which begins later, is through first. */
static void intrude(void *arg, enum nvvgpu_log_level level, const char *line)
{
	struct intruder *intruder = arg;
	char path[128];

	if (intruder->done || !strstr(line, "0000:02:00.0"))
		return;
	intruder->done = true;
	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/0000:02:00.0", tree.dir);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(nvvgpu_refresh(intruder->host), 0);
}

START_TEST(test_latest_search_is_kept)
{
	struct nvvgpu *host = open_tree();
	struct intruder intruder = { .host = host };

	ck_assert_int_eq(nvvgpu_set_log(host, NVVGPU_LOG_INFO, intrude, &intruder, NULL), 0);
	ck_assert_int_eq(nvvgpu_refresh(host), 0);
	ck_assert(intruder.done);
	ck_assert_uint_eq(count_gpus(host), 5);
	nvvgpu_unref(host);
}
END_TEST

/* A log function may use the host that calls it, and even replace itself. */
static void walk(void *arg, enum nvvgpu_log_level level, const char *line)
{
	struct walker *walker = arg;

	walker->inside = true;
	walker->lines++;
	ck_assert_int_eq(nvvgpu_set_log(walker->host, NVVGPU_LOG_DEBUG, NULL, NULL, NULL), 0);
	ck_assert_uint_eq(walker->released, 0);		/* it is still in use: here */
	ck_assert_ptr_nonnull(gpu_at(walker->host, 0));
	walker->inside = false;
}

/* Each line is told once, though the function makes the library say them all again. */
static void ask(void *arg, enum nvvgpu_log_level level, const char *line)
{
	struct walker *walker = arg;

	walker->lines++;
	ck_assert_ptr_nonnull(gpu_at(walker->host, 0));
}

START_TEST(test_log_function_asks)
{
	struct nvvgpu *host = open_tree();
	struct walker walker = { .host = host };

	ck_assert_int_eq(nvvgpu_set_log(host, NVVGPU_LOG_INFO, ask, &walker, NULL), 0);
	ck_assert_uint_eq(count_gpus(host), 6);
	ck_assert_uint_eq(walker.lines, 1 + 6);
	nvvgpu_unref(host);
}
END_TEST

START_TEST(test_log_function_walks)
{
	struct nvvgpu *host = open_tree();
	struct walker walker = { .host = host };

	ck_assert_int_eq(nvvgpu_set_log(host, NVVGPU_LOG_DEBUG, walk, &walker, walker_released), 0);
	ck_assert_uint_eq(count_gpus(host), 6);
	ck_assert_uint_eq(walker.lines, 1);
	ck_assert_uint_eq(walker.released, 1);
	nvvgpu_unref(host);
}
END_TEST

static void *use_host(void *arg)
{
	struct nvvgpu *host = arg;
	struct nvvgpu_gpu *gpu;

	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(nvvgpu_gpu_lookup(host, "03:00.0", &gpu), 0);
		if (i < 2)
			ck_assert_str_ne(nvvgpu_gpu_get_name(gpu), "");
		ck_assert_int_eq(nvvgpu_refresh(host), 0);
		nvvgpu_gpu_unref(gpu);
	}
	nvvgpu_unref(host);
	return NULL;
}

START_TEST(test_threads)
{
	struct nvvgpu *host = open_tree();
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, use_host, nvvgpu_ref(host)), 0);
	nvvgpu_unref(host);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host");
	TCase *tcase = tcase_create("host");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_running_host);
	tcase_add_loop_test(tcase, test_bad_uri, 0, sizeof(bad_uris) / sizeof(bad_uris[0]));
	tcase_add_test(tcase, test_version);
	tcase_add_test(tcase, test_walk_ends_without_error);
	tcase_add_test(tcase, test_failed_search_is_not_none);
	tcase_add_test(tcase, test_refresh_finds_what_came);
	tcase_add_loop_test(tcase, test_release_order, 0, 4);
	tcase_add_test(tcase, test_host_references);
	tcase_add_test(tcase, test_log);
	tcase_add_test(tcase, test_log_is_released);
	tcase_add_test(tcase, test_latest_search_is_kept);
	tcase_add_test(tcase, test_log_function_walks);
	tcase_add_test(tcase, test_log_function_asks);
	tcase_add_test(tcase, test_threads);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
