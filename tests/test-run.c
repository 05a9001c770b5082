// SPDX-License-Identifier: MIT
/* The run directory: locks, records, and who has a device open. */
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include "framework/holder.h"
#include "framework/lock.h"
#include "framework/record.h"
#include "os/proc.h"
#include "os/run.h"

#define GPU	"0000:41:00.0"
#define VF	"0000:41:00.4"

static char directory[32];
static int root;
static struct run *run;

/* A door that has nothing but a run directory. */
static struct run *door_run(struct os *os)
{
	return run;
}

static const struct os_ops door_ops = { .scheme = "fake", .run = door_run };
static struct os door = { .ops = &door_ops };

static void setup_files(void)
{
	strcpy(directory, "/tmp/nvvgpu-run-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	root = open(directory, O_PATH | O_DIRECTORY);
	ck_assert_int_eq(run_new(root, "run", 0700, &run), 0);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void teardown_files(void)
{
	run_free(run);
	close(root);
	ck_assert_int_eq(nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void setup_memory(void)
{
	ck_assert_int_eq(run_new(-1, "", 0, &run), 0);
}

static void teardown_memory(void)
{
	run_free(run);
}

/* -------------------------------------------------------------------- texts */

static int append(const char *name, void *arg)
{
	strcat(strcat(arg, name), " ");
	return 0;
}

static const char *names(void)
{
	static char text[512];

	text[0] = '\0';
	ck_assert_int_eq(run_list(run, append, text), 0);
	return text;
}

START_TEST(test_texts)
{
	char buf[16];

	ck_assert_str_eq(names(), "");
	ck_assert_int_eq(run_read(run, "a", buf, sizeof(buf)), -ENOENT);
	ck_assert_int_eq(run_remove(run, "a"), 0);
	ck_assert_int_eq(run_write(run, "a", "longer text"), 0);
	ck_assert_int_eq(run_write(run, "a", "text"), 0);
	ck_assert_int_eq(run_read(run, "a", buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "text");
	ck_assert_int_eq(run_read(run, "a", buf, 4), -EMSGSIZE);
	ck_assert_int_eq(run_read(run, "a", buf, 5), 0);
	ck_assert_int_eq(run_rename(run, "b", "a"), -ENOENT);
	ck_assert_int_eq(run_write(run, "b", "other"), 0);
	ck_assert_int_eq(run_rename(run, "b", "a"), 0);
	ck_assert_int_eq(run_read(run, "a", buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "other");
	ck_assert_str_eq(names(), "a ");
	ck_assert_int_eq(run_remove(run, "a"), 0);
	ck_assert_str_eq(names(), "");
}
END_TEST

static int remove_it(const char *name, void *arg)
{
	return run_remove(run, name);
}

static int stop(const char *name, void *arg)
{
	return 5;
}

START_TEST(test_list)
{
	ck_assert_int_eq(run_write(run, "a", ""), 0);
	ck_assert_int_eq(run_write(run, "b", ""), 0);
	ck_assert_int_eq(run_list(run, stop, NULL), 5);
	ck_assert_int_eq(run_list(run, remove_it, NULL), 0);
	ck_assert_str_eq(names(), "");
}
END_TEST

START_TEST(test_bad_names)
{
	static const char *const bad[] = { "", ".", "..", ".hidden", "a/b", "/etc/passwd", "../a" };
	char buf[16], long_name[RUN_NAME_LEN + 1] = { 0 };

	memset(long_name, 'x', RUN_NAME_LEN);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(run_write(run, bad[i], "x"), -EINVAL);
		ck_assert_int_eq(run_read(run, bad[i], buf, sizeof(buf)), -EINVAL);
		ck_assert_int_eq(run_remove(run, bad[i]), -EINVAL);
		ck_assert_int_eq(run_rename(run, "a", bad[i]), -EINVAL);
	}
	ck_assert_int_eq(run_write(run, long_name, "x"), -EINVAL);
}
END_TEST

START_TEST(test_links_are_not_followed)
{
	char path[64], buf[4096];

	ck_assert_int_eq(run_write(run, "a", "x"), 0);
	snprintf(path, sizeof(path), "%s/run/b", directory);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	ck_assert_int_eq(run_read(run, "b", buf, sizeof(buf)), -ELOOP);
	ck_assert_int_eq(run_write(run, "b", "x"), -ELOOP);
}
END_TEST

/* Who could write there could make others' vGPUs his own. */
START_TEST(test_open_to_everybody)
{
	char path[64], buf[16];

	ck_assert_int_eq(run_write(run, "a", "x"), 0);
	snprintf(path, sizeof(path), "%s/run", directory);
	ck_assert_int_eq(chmod(path, 0777), 0);
	ck_assert_int_eq(run_read(run, "a", buf, sizeof(buf)), -EPERM);
	ck_assert_int_eq(run_write(run, "a", "y"), -EPERM);
	ck_assert_int_eq(chmod(path, 0750), 0);
	ck_assert_int_eq(run_read(run, "a", buf, sizeof(buf)), 0);
}
END_TEST

/* As a captured tree's. */
START_TEST(test_read_only)
{
	struct os_file *lock;
	struct run *captured;
	char buf[16];

	ck_assert_int_eq(run_new(root, "run", 0, &captured), 0);
	ck_assert_int_eq(run_read(captured, "a", buf, sizeof(buf)), -ENOENT);
	ck_assert_int_eq(run_write(captured, "a", "x"), -EROFS);
	ck_assert_int_eq(run_lock(captured, "a.lock", 0, &lock), -EROFS);
	ck_assert_int_eq(run_write(run, "a", "x"), 0);
	ck_assert_int_eq(run_read(captured, "a", buf, sizeof(buf)), 0);
	ck_assert_int_eq(run_remove(captured, "a"), -EROFS);
	run_free(captured);
}
END_TEST

/* -------------------------------------------------------------------- locks */

START_TEST(test_lock)
{
	struct os_file *lock, *other;
	char holder[64], wanted[64];

	snprintf(wanted, sizeof(wanted), "%d %s", getpid(), program_invocation_short_name);
	ck_assert_int_eq(run_lock(run, "a.lock", 0, &lock), 0);
	ck_assert_int_eq(run_lock(run, "a.lock", 0, &other), -EBUSY);
	ck_assert_int_eq(run_lock_holder(run, "a.lock", holder, sizeof(holder)), 0);
	ck_assert_str_eq(holder, wanted);
	ck_assert_int_eq(run_lock(run, "b.lock", 0, &other), 0);
	os_file_close(other);
	os_file_close(lock);
	ck_assert_int_eq(run_lock(run, "a.lock", 0, &lock), 0);
	os_file_close(lock);
}
END_TEST

#define THREADS 8
#define TURNS	50

static int inside, turns;

static void *take_turns(void *arg)
{
	struct os_file *lock;

	for (int i = 0; i < TURNS; i++) {
		ck_assert_int_eq(run_lock(run, "a.lock", 60000, &lock), 0);
		ck_assert_int_eq(inside++, 0);
		turns++;
		inside--;
		os_file_close(lock);
	}
	return NULL;
}

START_TEST(test_lock_of_threads)
{
	pthread_t threads[THREADS];

	inside = turns = 0;
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take_turns, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(turns, THREADS * TURNS);
}
END_TEST

/* A process with the lock; told through the pipe when it has it. */
static pid_t hold_elsewhere(int *ret_fd)
{
	struct os_file *lock;
	int ends[2];
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		if (!run_lock(run, GPU ".lock", 0, &lock) && write(ends[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq(read(ends[0], &c, 1), 1);
	*ret_fd = ends[0];
	close(ends[1]);
	return pid;
}

START_TEST(test_lock_of_a_process_that_dies)
{
	char holder[64], wanted[64];
	struct os_file *lock;
	int fd;
	pid_t pid = hold_elsewhere(&fd);

	ck_assert_int_eq(run_lock(run, GPU ".lock", 20, &lock), -EBUSY);
	snprintf(wanted, sizeof(wanted), "%d %s", pid, program_invocation_short_name);
	ck_assert_int_eq(run_lock_holder(run, GPU ".lock", holder, sizeof(holder)), 0);
	ck_assert_str_eq(holder, wanted);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(framework_lock(&door, GPU, &lock), 0);
	framework_unlock(&lock);
	close(fd);
}
END_TEST

/* A child that was forked meanwhile has the descriptor too, but not the lock. */
START_TEST(test_lock_is_not_inherited)
{
	struct os_file *lock;
	pid_t pid;

	ck_assert_int_eq(run_lock(run, "a.lock", 0, &lock), 0);
	pid = fork();
	if (!pid) {
		pause();
		_exit(1);
	}
	os_file_close(lock);
	ck_assert_int_eq(run_lock(run, "a.lock", 0, &lock), 0);
	os_file_close(lock);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

/* ------------------------------------------------------------------ records */

static struct record some_record(void)
{
	return (struct record){
		.key = VF, .gpu = GPU, .uuid = { 1, 2, 3 }, .type_id = 1150, .has_placement = true,
		.placement = 8, .owner = "a cluster, 1 of 2", .params = "frame_rate_limiter=0,a=1",
	};
}

static int count_them(const struct record *record, void *arg)
{
	++*(int *)arg;
	return 0;
}

static int records_of(const char *gpu)
{
	int count = 0;

	ck_assert_int_eq(record_walk(&door, gpu, count_them, &count), 0);
	return count;
}

START_TEST(test_record)
{
	struct record record = some_record(), back;

	ck_assert_int_eq(record_read(&door, VF, &back), -ENOENT);
	ck_assert_int_eq(record_write(&door, &record), 0);
	ck_assert_int_eq(record_read(&door, VF, &back), 0);
	ck_assert(!back.complete);
	ck_assert_int_eq(record_complete(&door, VF), 0);
	ck_assert_int_eq(record_read(&door, VF, &back), 0);
	ck_assert(back.complete);
	ck_assert_str_eq(back.key, VF);
	ck_assert_str_eq(back.gpu, GPU);
	ck_assert_mem_eq(back.uuid, record.uuid, 16);
	ck_assert_uint_eq(back.type_id, 1150);
	ck_assert(back.has_placement && back.placement == 8);
	ck_assert_str_eq(back.owner, record.owner);
	ck_assert_str_eq(back.params, record.params);
	ck_assert_int_eq(records_of(NULL), 1);
	ck_assert_int_eq(records_of(GPU), 1);
	ck_assert_int_eq(records_of("0000:42:00.0"), 0);
	ck_assert_int_eq(record_remove(&door, VF), 0);
	ck_assert_int_eq(record_remove(&door, VF), 0);
	ck_assert_int_eq(records_of(NULL), 0);
}
END_TEST

/* What is begun on a VF counts more than what was there before. */
START_TEST(test_record_replaced)
{
	struct record record = some_record(), back;

	ck_assert_int_eq(record_write(&door, &record), 0);
	ck_assert_int_eq(record_complete(&door, VF), 0);
	record.type_id = 7;
	record.has_placement = false;
	ck_assert_int_eq(record_write(&door, &record), 0);
	ck_assert_int_eq(record_read(&door, VF, &back), 0);
	ck_assert_uint_eq(back.type_id, 7);
	ck_assert(!back.complete && !back.has_placement);
	ck_assert_int_eq(record_remove(&door, VF), 0);
	ck_assert_int_eq(record_read(&door, VF, &back), -ENOENT);
}
END_TEST

/* A record of which any byte is missing is none. */
START_TEST(test_record_cut)
{
	struct record record = some_record(), back;
	char text[RUN_TEXT_LEN];

	ck_assert_int_eq(record_write(&door, &record), 0);
	ck_assert_int_eq(run_read(run, VF ".creating", text, sizeof(text)), 0);
	for (size_t len = strlen(text) - 1; len; len--) {
		text[len] = '\0';
		ck_assert_int_eq(run_write(run, VF ".creating", text), 0);
		ck_assert_int_eq(record_read(&door, VF, &back), -ENOENT);
		ck_assert_int_eq(records_of(NULL), 0);
	}
}
END_TEST

static const char *const bad_records[] = {
	"", "x", "nvvgpu-record 2\ngpu g\nuuid 6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a001\ntype 1\nowner \nparams \nend\n",
	"nvvgpu-record 1\ngpu g\nuuid 0\ntype 1\nowner \nparams \nend\n",
	"nvvgpu-record 1\ngpu g\nuuid 00000000-0000-0000-0000-000000000000\ntype 1\nowner \nparams \nend\n",
	"nvvgpu-record 1\ngpu g\nuuid 6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a001\ntype 0\nowner \nparams \nend\n",
	"nvvgpu-record 1\ngpu g\nuuid 6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a001\ntype -1\nowner \nparams \nend\n",
	"nvvgpu-record 1\ngpu g\nuuid 6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a001\ntype 1\nowner \x1b[2J\nparams \nend\n",
	"nvvgpu-record 1\ngpu g\nuuid 6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a001\ntype 1\nparams \nend\n",
	"nvvgpu-record 1\ngpu gggggggggggggggggggggggggggggggggggggg\n"
	"uuid 6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a001\ntype 1\nowner \nparams \nend\n",
	"nvvgpu-record 1\ngpu g\nuuid 6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a001\ntype 1\nowner "
	"oooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooo\nparams \nend\n",
};

START_TEST(test_bad_record)
{
	struct record back = { .type_id = 77 };

	ck_assert_int_eq(run_write(run, VF ".vgpu", bad_records[_i]), 0);
	ck_assert_int_eq(record_read(&door, VF, &back), -ENOENT);
	ck_assert_uint_eq(back.type_id, 77);
	ck_assert_int_eq(records_of(NULL), 0);
}
END_TEST

START_TEST(test_other_files_are_passed_over)
{
	char name[RUN_NAME_LEN];

	memset(name, 'x', sizeof(name));
	strcpy(name + sizeof(name) - 6, ".vgpu");
	ck_assert_int_eq(run_write(run, name, bad_records[2]), 0);
	ck_assert_int_eq(run_write(run, "README", "x"), 0);
	ck_assert_int_eq(run_write(run, "a.vgpu.old", "x"), 0);
	ck_assert_int_eq(records_of(NULL), 0);
}
END_TEST

START_TEST(test_foreign_uuid)
{
	uint8_t a[16], b[16];

	record_foreign_uuid(VF, 1150, a);
	record_foreign_uuid(VF, 1150, b);
	ck_assert_mem_eq(a, b, 16);
	ck_assert_uint_eq(a[6] >> 4, 8);
	ck_assert_uint_eq(a[8] >> 6, 2);
	record_foreign_uuid(VF, 1151, b);
	ck_assert_mem_ne(a, b, 16);
	record_foreign_uuid("0000:41:00.5", 1150, b);
	ck_assert_mem_ne(a, b, 16);
}
END_TEST

/* ------------------------------------------------------------------ holders */

struct found {
	pid_t pid;
	char program[32];
	int count;
};

static int take(pid_t pid, const char *program, void *arg)
{
	struct found *found = arg;

	found->count++;
	if (pid == found->pid)
		snprintf(found->program, sizeof(found->program), "%s", program);
	return 0;
}

/* By the node's number, also for another name of it; and nobody who has it not. */
START_TEST(test_who_has_it_open)
{
	const dev_t numbers[] = { makedev(1, 7), makedev(1, 200) };	/* /dev/full; nothing */
	int slash = open("/", O_PATH | O_DIRECTORY), fd, ends[2];
	struct found found = { .count = 0 };
	char c;

	ck_assert_int_eq(proc_find_open(slash, &numbers[1], 1, take, &found), 0);
	ck_assert_int_eq(found.count, 0);
	ck_assert_int_eq(pipe(ends), 0);
	found.pid = fork();
	if (!found.pid) {
		fd = open("/dev/full", O_RDWR);
		if (fd >= 0 && write(ends[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq(read(ends[0], &c, 1), 1);
	ck_assert_int_eq(proc_find_open(slash, numbers, 2, take, &found), 0);
	ck_assert_int_ge(found.count, 1);
	ck_assert_int_eq(strncmp(found.program, program_invocation_short_name, 15), 0);
	kill(found.pid, SIGKILL);
	ck_assert_int_eq(waitpid(found.pid, NULL, 0), found.pid);
	found.count = 0;
	found.program[0] = '\0';
	ck_assert_int_eq(proc_find_open(slash, numbers, 2, take, &found), 0);
	ck_assert_str_eq(found.program, "");
	close(slash);
}
END_TEST

int main(void)
{
	const int bad = sizeof(bad_records) / sizeof(bad_records[0]);
	Suite *suite = suite_create("run");
	TCase *files = tcase_create("files"), *memory = tcase_create("memory");
	TCase *both[] = { files, memory };
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(files, setup_files, teardown_files);
	tcase_add_checked_fixture(memory, setup_memory, teardown_memory);
	for (int i = 0; i < 2; i++) {
		tcase_add_test(both[i], test_texts);
		tcase_add_test(both[i], test_list);
		tcase_add_test(both[i], test_bad_names);
		tcase_add_test(both[i], test_lock);
		tcase_add_test(both[i], test_lock_of_threads);
		tcase_add_test(both[i], test_record);
		tcase_add_test(both[i], test_record_replaced);
		tcase_add_test(both[i], test_record_cut);
		tcase_add_loop_test(both[i], test_bad_record, 0, bad);
		tcase_add_test(both[i], test_other_files_are_passed_over);
	}
	tcase_add_test(files, test_links_are_not_followed);
	tcase_add_test(files, test_open_to_everybody);
	tcase_add_test(files, test_read_only);
	tcase_add_test(files, test_lock_of_a_process_that_dies);
	tcase_add_test(files, test_lock_is_not_inherited);
	tcase_add_test(memory, test_foreign_uuid);
	tcase_add_test(memory, test_who_has_it_open);
	suite_add_tcase(suite, files);
	suite_add_tcase(suite, memory);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
