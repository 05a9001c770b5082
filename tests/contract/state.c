/* SPDX-License-Identifier: MIT */
/*
 * emu:BOARD?state=DIR: processes share a board, die, and find damaged files.
 *
 * A process that forks holds no host while it does, but in the case about just that.
 *
 * usage: state        TEST_LEVEL=quick|normal|all: how often processes are killed
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "fixture.h"
#include "../harness/gpus.h"

#define TYPE		"NVIDIA L40-1B"
#define INSTANCES	32
#define WORKERS		4

static char directory[] = "/tmp/nvvgpu-state-XXXXXX";
static char uri[PATH_MAX];

static void make_directory(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(uri, sizeof(uri), "emu:l40?state=%s", directory);
}

static void remove_directory(void)
{
	struct dirent *entry;
	DIR *files = opendir(directory);
	char path[PATH_MAX + 256];

	while (files && (entry = readdir(files))) {
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		unlink(path);
	}
	if (files)
		closedir(files);
	ck_assert_int_eq(rmdir(directory), 0);
}

/* The state as this process sees it, through the fixture's helpers. */
static void open_host(void)
{
	board.uri = uri;
	assert_ok(nvvgpu_open(uri, &board.host));
	board.gpu = nvvgpu_gpu_ref(gpu_at(board.host, 0));
	ck_assert_ptr_nonnull(board.gpu);
}

static void close_host(void)
{
	board.gpu = nvvgpu_gpu_unref(board.gpu);
	board.host = nvvgpu_unref(board.host);
}

static pid_t start(int (*work)(void *arg), void *arg)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(work(arg));
	return pid;
}

static int finish(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "a worker died of signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* ----------------------------------------------------------------- sharing */

#define OWNER "first process"

static int create_one(void *arg)
{
	open_host();
	nvvgpu_vgpu_unref(create(WISH(.type = TYPE, .uuid = arg, .owner = OWNER)));
	close_host();
	return 0;
}

/* Takes the reference; not without the owner's name. */
static void destroy_owned(struct nvvgpu_vgpu *vgpu)
{
	bool destroyed = false;

	check_error(nvvgpu_destroy(vgpu), EPERM, NVVGPU_REASON_FOREIGN_OWNER);
	check_error(nvvgpu_destroy_as(vgpu, "second process", 0, &destroyed), EPERM,
		    NVVGPU_REASON_FOREIGN_OWNER);
	assert_ok(nvvgpu_destroy_as(vgpu, OWNER, 0, &destroyed));
	ck_assert(destroyed);
	assert_ok(nvvgpu_destroy_as(vgpu, OWNER, 0, &destroyed));
	ck_assert(!destroyed);
	nvvgpu_vgpu_unref(vgpu);
}

START_TEST(another_process_sees_it)
{
	char uuid[] = "0b3f5b4e-3a6c-4a3e-9f3c-6f6d1c1b0001";
	struct nvvgpu_vgpu *vgpu;

	ck_assert_int_eq(finish(start(create_one, uuid)), 0);
	open_host();
	assert_ok(nvvgpu_vgpu_lookup(board.host, uuid, &vgpu));
	ck_assert_str_eq(nvvgpu_vgpu_get_type_name(vgpu), TYPE);
	ck_assert_str_eq(nvvgpu_vgpu_get_owner(vgpu), OWNER);
	ck_assert_uint_eq(available_now(TYPE), INSTANCES - 1);
	destroy_owned(vgpu);
	close_host();
	open_host();
	ck_assert_uint_eq(vgpu_count(), 0);
	close_host();
}
END_TEST

START_TEST(two_hosts_in_one_process)
{
	struct nvvgpu_vgpu *vgpu, *seen;
	struct nvvgpu *other;

	open_host();
	assert_ok(nvvgpu_open(uri, &other));
	vgpu = create(WISH(.type = TYPE));
	assert_ok(nvvgpu_vgpu_lookup(other, nvvgpu_vgpu_get_uuid(vgpu), &seen));
	assert_ok(nvvgpu_destroy(seen));
	nvvgpu_vgpu_unref(seen);
	ck_assert_uint_eq(vgpu_count(), 0);
	assert_ok(nvvgpu_destroy(vgpu));
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_unref(other);
	close_host();
}
END_TEST

/* Exits with the number of vGPUs it got, or 255. */
static int create_until_full(void *arg)
{
	struct nvvgpu_vgpu *vgpu;
	int got = 0, err;

	open_host();
	while ((err = try_create(WISH(.type = TYPE), &vgpu)) == 0) {
		nvvgpu_vgpu_unref(vgpu);
		got++;
	}
	close_host();
	return err == -ENOSPC ? got : 255;
}

static int destroy_everything(void *arg)
{
	open_host();
	destroy_all();
	close_host();
	return 0;
}

static void check_all_different(void)
{
	bool slots[INSTANCES] = {false}, units[64] = {false};
	struct nvvgpu_vgpu_list *list;
	unsigned int device, function;
	uint32_t placement;
	size_t i;

	assert_ok(nvvgpu_vgpu_list_all(board.host, &list));
	ck_assert_uint_eq(nvvgpu_vgpu_list_size(list), INSTANCES);
	for (i = 0; i < INSTANCES; i++) {
		struct nvvgpu_vgpu *vgpu = nvvgpu_vgpu_list_get(list, i);

		assert_ok(nvvgpu_vgpu_get_placement(vgpu, &placement));
		ck_assert_uint_lt(placement, 64);
		ck_assert(!units[placement]);
		units[placement] = true;
		ck_assert_int_eq(sscanf(nvvgpu_vgpu_get_vf(vgpu), "%*x:%*x:%x.%x", &device,
					&function),
				 2);
		ck_assert_uint_lt(device * 8 + function - 4, INSTANCES);
		ck_assert(!slots[device * 8 + function - 4]);
		slots[device * 8 + function - 4] = true;
	}
	nvvgpu_vgpu_list_unref(list);
}

START_TEST(nobody_wins_a_slot_twice)
{
	pid_t workers[WORKERS];
	unsigned int i, sum = 0;

	for (i = 0; i < WORKERS; i++)
		workers[i] = start(create_until_full, NULL);
	for (i = 0; i < WORKERS; i++)
		sum += (unsigned int)finish(workers[i]);
	ck_assert_uint_eq(sum, INSTANCES);
	open_host();
	check_all_different();
	close_host();

	for (i = 0; i < WORKERS; i++)
		workers[i] = start(destroy_everything, NULL);
	for (i = 0; i < WORKERS; i++)
		ck_assert_int_eq(finish(workers[i]), 0);
	open_host();
	ck_assert_uint_eq(vgpu_count(), 0);
	ck_assert_uint_eq(stat_now(NVVGPU_STAT_FRAMEBUFFER_FREE_BYTES),
			  stat_now(NVVGPU_STAT_FRAMEBUFFER_TOTAL_BYTES));
	close_host();
}
END_TEST

/* ------------------------------------------------------------ open elsewhere */

static int hold_device(void *arg)
{
	struct nvvgpu_vgpu *vgpu;

	open_host();
	assert_ok(nvvgpu_vgpu_lookup(board.host, "0b3f5b4e-3a6c-4a3e-9f3c-6f6d1c1b0002", &vgpu));
	open_device(vgpu);
	if (write(*(int *)arg, "o", 1) == 1)
		pause();
	return 1;
}

START_TEST(open_in_a_process_that_dies)
{
	char uuid[] = "0b3f5b4e-3a6c-4a3e-9f3c-6f6d1c1b0002", byte;
	struct nvvgpu_vgpu *vgpu;
	struct nvvgpu_device *device;
	enum nvvgpu_vgpu_state state;
	int pipes[2], status;
	pid_t holder;

	ck_assert_int_eq(finish(start(create_one, uuid)), 0);
	ck_assert_int_eq(pipe(pipes), 0);
	holder = start(hold_device, &pipes[1]);
	ck_assert_int_eq(read(pipes[0], &byte, 1), 1);

	/* readers do not wait for it */
	open_host();
	ck_assert_uint_eq(vgpu_count(), 1);
	ck_assert_uint_eq(available_now(TYPE), INSTANCES - 1);
	assert_ok(nvvgpu_vgpu_lookup(board.host, uuid, &vgpu));
	assert_ok(nvvgpu_vgpu_get_state(vgpu, &state));
	ck_assert_int_eq(state, NVVGPU_VGPU_RUNNING);
	check_error(nvvgpu_device_open(vgpu, &device), EBUSY, NVVGPU_REASON_IN_USE);
	ck_assert_int_eq(nvvgpu_destroy_as(vgpu, OWNER, 0, NULL), -EBUSY);

	ck_assert_int_eq(kill(holder, SIGKILL), 0);
	ck_assert_int_eq(waitpid(holder, &status, 0), holder);
	assert_ok(nvvgpu_vgpu_get_state(vgpu, &state));
	ck_assert_int_eq(state, NVVGPU_VGPU_ASSIGNED);
	device = open_device(vgpu);
	nvvgpu_device_unref(device);
	destroy_owned(vgpu);
	close_host();
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

/* -------------------------------------------------------------------- kill */

#define UUIDS	6
#define SEED	77
#define RESTORING_NONE UUIDS

/*
 * What the victim was about to do, in memory that outlives it.  "after" is
 * written before the call, "before" when it has returned: whenever the victim
 * dies, the state must equal one of the two.
 */
struct journal {
	volatile unsigned int before, after;	/* bit i: the vGPU with uuid i exists */
	volatile unsigned int params_before[UUIDS], params_after[UUIDS];
	volatile unsigned int restoring;	/* whose restore is under way */
	volatile unsigned int failed;		/* line of a failed check */
	volatile unsigned int calls;
	unsigned int random;
	int stream_fd;
};

static const char *uuid_of(unsigned int i, char text[37])
{
	snprintf(text, 37, "0b3f5b4e-3a6c-4a3e-9f3c-6f6d1c1b1%03u", i);
	return text;
}

/* In the victim Check cannot report: the parent reads the line. */
#define victim_assert(journal, condition)                \
	do {                                             \
		if (!(condition)) {                      \
			(journal)->failed = __LINE__;    \
			_exit(1);                        \
		}                                        \
	} while (0)

static void victim_create(struct journal *journal, unsigned int i)
{
	struct nvvgpu_device *device;
	struct nvvgpu_vgpu *vgpu;
	uint64_t words[512];
	size_t n;
	char text[37];

	journal->params_after[i] = journal->params_before[i] = 0;
	journal->after = journal->before | 1u << i;
	victim_assert(journal, try_create(WISH(.type = TYPE, .uuid = uuid_of(i, text)), &vgpu) == 0);
	journal->before = journal->after;

	/* nobody's old bytes; then bytes of ours, for the next one not to find */
	victim_assert(journal, nvvgpu_device_open(vgpu, &device) == 0);
	victim_assert(journal, nvvgpu_device_read(device, NVVGPU_REGION_BAR1, 0, words,
						  sizeof(words)) == sizeof(words));
	for (n = 0; n < 512; n++)
		victim_assert(journal, words[n] == 0);
	memset(words, 0x5a, sizeof(words));
	victim_assert(journal, nvvgpu_device_write(device, NVVGPU_REGION_BAR1, 0, words,
						   sizeof(words)) == sizeof(words));
	nvvgpu_device_unref(device);
	nvvgpu_vgpu_unref(vgpu);
}

static void victim_destroy(struct journal *journal, struct nvvgpu_vgpu *vgpu, unsigned int i)
{
	journal->after = journal->before & ~(1u << i);
	victim_assert(journal, nvvgpu_destroy(vgpu) == 0);
	journal->before = journal->after;
}

static void victim_params(struct journal *journal, struct nvvgpu_vgpu *vgpu, unsigned int i)
{
	char params[32];

	journal->params_after[i] = journal->params_before[i] + 1;
	snprintf(params, sizeof(params), "n=%u", journal->params_after[i]);
	victim_assert(journal, nvvgpu_vgpu_set_params(vgpu, params) == 0);
	journal->params_before[i] = journal->params_after[i];
}

static void victim_save(struct journal *journal, struct nvvgpu_vgpu *vgpu)
{
	int fd = memfd_create("saved", MFD_CLOEXEC);

	victim_assert(journal, fd >= 0);
	victim_assert(journal, nvvgpu_migrate_save(vgpu, fd, NULL) == 0);
	close(fd);
}

static void victim_restore(struct journal *journal, unsigned int i)
{
	struct nvvgpu_migrate_options *options;
	struct nvvgpu_spec *spec;
	struct nvvgpu_vgpu *vgpu;
	char text[37];

	victim_assert(journal, nvvgpu_migrate_options_new(&options) == 0);
	victim_assert(journal, nvvgpu_spec_new(&spec) == 0);
	victim_assert(journal, nvvgpu_spec_set_uuid(spec, uuid_of(i, text)) == 0);
	victim_assert(journal, nvvgpu_migrate_options_set_spec(options, spec) == 0);
	victim_assert(journal, lseek(journal->stream_fd, 0, SEEK_SET) == 0);

	journal->params_after[i] = journal->params_before[i] = 0;
	journal->restoring = i;
	journal->after = journal->before | 1u << i;
	victim_assert(journal, nvvgpu_migrate_restore(board.gpu, journal->stream_fd, options,
						      &vgpu) == 0);
	journal->before = journal->after;
	journal->restoring = RESTORING_NONE;
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_spec_free(spec);
	nvvgpu_migrate_options_free(options);
}

static void victim_step(struct journal *journal)
{
	unsigned int random = journal->random = journal->random * 1103515245 + 12345;
	unsigned int i = (random >> 8) % UUIDS, what = (random >> 20) % 4;
	struct nvvgpu_vgpu *vgpu;
	char text[37];

	journal->calls++;
	if (!(journal->before & 1u << i)) {
		if (what < 2)
			victim_create(journal, i);
		else
			victim_restore(journal, i);
		return;
	}
	victim_assert(journal, nvvgpu_vgpu_lookup(board.host, uuid_of(i, text), &vgpu) == 0);
	if (what == 0)
		victim_params(journal, vgpu, i);
	else if (what == 1)
		victim_save(journal, vgpu);
	else
		victim_destroy(journal, vgpu, i);
	nvvgpu_vgpu_unref(vgpu);
}

static int victim(void *arg)
{
	struct journal *journal = arg;

	board.uri = uri;
	victim_assert(journal, nvvgpu_open(uri, &board.host) == 0);
	board.gpu = nvvgpu_gpu_ref(gpu_at(board.host, 0));
	victim_assert(journal, board.gpu);
	for (;;)
		victim_step(journal);
}

/* A restore that was cut off left an empty vGPU, one that came through a full one. */
static void check_restored(const char *uuid)
{
	struct nvvgpu_device *device;
	struct nvvgpu_vgpu *vgpu;
	uint64_t first = 0;

	assert_ok(nvvgpu_vgpu_lookup(board.host, uuid, &vgpu));
	device = open_device(vgpu);
	ck_assert_int_eq(nvvgpu_device_read(device, NVVGPU_REGION_BAR1, 0, &first, sizeof(first)),
			 (ssize_t)sizeof(first));
	if (first)
		check_filled(device, vgpu, SEED);
	else
		check_zero(device, vgpu);
	nvvgpu_device_unref(device);
	nvvgpu_vgpu_unref(vgpu);
}

static void check_params(struct journal *journal, struct nvvgpu_vgpu *vgpu, unsigned int i)
{
	unsigned int number = 0;
	char *params;

	assert_ok(nvvgpu_vgpu_get_params(vgpu, &params));
	ck_assert(params[0] == '\0' || sscanf(params, "n=%u", &number) == 1);
	ck_assert(number == journal->params_before[i] || number == journal->params_after[i]);
	journal->params_before[i] = journal->params_after[i] = number;
	nvvgpu_free(params);
}

/* Old or new; the journal then starts from what was found. */
static void check_after_death(struct journal *journal)
{
	unsigned int found = 0, i;
	struct nvvgpu_vgpu *vgpu;
	char text[37];

	open_host();
	for (i = 0; i < UUIDS; i++) {
		if (nvvgpu_vgpu_lookup(board.host, uuid_of(i, text), &vgpu))
			continue;
		found |= 1u << i;
		check_params(journal, vgpu, i);
		nvvgpu_vgpu_unref(vgpu);
	}
	ck_assert_msg(found == journal->before || found == journal->after,
		      "found %#x, before %#x, after %#x", found, journal->before, journal->after);
	ck_assert_uint_eq(vgpu_count(), (unsigned int)__builtin_popcount(found));
	ck_assert_uint_eq(stat_now(NVVGPU_STAT_FRAMEBUFFER_TOTAL_BYTES) -
				  stat_now(NVVGPU_STAT_FRAMEBUFFER_FREE_BYTES),
			  (unsigned int)__builtin_popcount(found) * GIB);
	if (journal->restoring < UUIDS && found & 1u << journal->restoring)
		check_restored(uuid_of(journal->restoring, text));
	journal->restoring = RESTORING_NONE;
	journal->before = journal->after = found;
	close_host();
}

/* A stream to restore from, of a vGPU that was filled. */
static int make_stream(void)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);
	struct nvvgpu_device *device;
	struct nvvgpu_vgpu *vgpu;

	ck_assert_int_ge(fd, 0);
	open_host();
	vgpu = create(WISH(.type = TYPE));
	device = open_device(vgpu);
	fill(device, vgpu, SEED);
	nvvgpu_device_unref(device);
	assert_ok(nvvgpu_migrate_save(vgpu, fd, NULL));
	destroy(vgpu);
	close_host();
	return fd;
}

static unsigned int deaths(void)
{
	const char *level = getenv("TEST_LEVEL");

	if (level && strcmp(level, "quick") == 0)
		return 30;
	return level && strcmp(level, "all") == 0 ? 1500 : 200;
}

static void sleep_us(unsigned int us)
{
	const struct timespec time = {.tv_nsec = (long)us * 1000};

	nanosleep(&time, NULL);
}

START_TEST(killed_at_any_instant)
{
	struct journal *journal = mmap(NULL, sizeof(*journal), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int death, random = (unsigned int)time(NULL);
	int status;

	ck_assert(journal != MAP_FAILED);
	printf("# seed %u\n", random);
	journal->stream_fd = make_stream();
	journal->restoring = RESTORING_NONE;
	journal->random = random;
	for (death = 0; death < deaths(); death++) {
		pid_t pid = start(victim, journal);

		random = random * 1103515245 + 12345;
		sleep_us(1000 + (random >> 8) % 60000);
		kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_msg(!journal->failed, "the victim failed in line %u", journal->failed);
		ck_assert(WIFSIGNALED(status));
		check_after_death(journal);
	}
	ck_assert_uint_gt(journal->calls, deaths());
	open_host();
	destroy_all();
	ck_assert_uint_eq(stat_now(NVVGPU_STAT_FRAMEBUFFER_FREE_BYTES),
			  stat_now(NVVGPU_STAT_FRAMEBUFFER_TOTAL_BYTES));
	close_host();
	close(journal->stream_fd);
}
END_TEST

/* ------------------------------------------------------------------ damage */

/* The one file of the directory with this ending. */
static void find_file(const char *ending, char path[PATH_MAX + 256])
{
	DIR *files = opendir(directory);
	struct dirent *entry;

	path[0] = '\0';
	ck_assert_ptr_nonnull(files);
	while ((entry = readdir(files))) {
		size_t len = strlen(entry->d_name);

		if (len > strlen(ending) &&
		    strcmp(entry->d_name + len - strlen(ending), ending) == 0)
			snprintf(path, PATH_MAX + 256, "%s/%s", directory, entry->d_name);
	}
	closedir(files);
	ck_assert_str_ne(path, "");
}

static void put(const char *path, const uint8_t *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static void expect_damaged(const char *what, size_t position)
{
	struct nvvgpu *host = NULL;
	int err = nvvgpu_open(uri, &host);

	ck_assert_msg(err == -EBADMSG, "%s at %zu: %d", what, position, err);
	check_error(err, EBADMSG, NVVGPU_REASON_STATE_DAMAGED);
	ck_assert_ptr_null(host);
}

static size_t read_file(const char *path, uint8_t *bytes, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	ck_assert_int_ge(fd, 0);
	len = read(fd, bytes, size);
	close(fd);
	ck_assert_int_gt(len, 0);
	ck_assert_int_lt(len, (ssize_t)size);
	return (size_t)len;
}

START_TEST(damaged_state_is_refused)
{
	char uuid[] = "0b3f5b4e-3a6c-4a3e-9f3c-6f6d1c1b0003", path[PATH_MAX + 256];
	size_t size = 4 << 20, len, at, step;
	uint8_t *bytes = calloc(1, size);

	ck_assert_int_eq(finish(start(create_one, uuid)), 0);
	find_file(".state", path);
	len = read_file(path, bytes, size);
	step = len > 4000 ? len / 4000 : 1;
	for (at = 0; at < len; at += step) {
		bytes[at] ^= 1u << at % 8;
		put(path, bytes, len);
		expect_damaged("a flipped bit", at);
		bytes[at] ^= 1u << at % 8;
	}
	for (at = 0; at < len; at += step) {
		put(path, bytes, at);
		expect_damaged("cut off", at);
	}
	put(path, bytes, len + 1);
	expect_damaged("a byte more", len);
	put(path, bytes, size);
	expect_damaged("far too long", size);

	put(path, bytes, len);
	free(bytes);
	open_host();
	ck_assert_uint_eq(vgpu_count(), 1);
	destroy_all();
	close_host();
}
END_TEST

START_TEST(state_of_another_board)
{
	char uuid[] = "0b3f5b4e-3a6c-4a3e-9f3c-6f6d1c1b0004", other[PATH_MAX];
	struct nvvgpu_gpu *gpu;
	struct nvvgpu *host;

	ck_assert_int_eq(finish(start(create_one, uuid)), 0);
	snprintf(other, sizeof(other), "emu:a40?state=%s", directory);
	assert_ok(nvvgpu_open(other, &host));
	gpu = gpu_at(host, 0);
	ck_assert_ptr_nonnull(gpu);
	ck_assert_int_eq(nvvgpu_gpu_get_reason(gpu), NVVGPU_REASON_STATE_DAMAGED);
	ck_assert_str_ne(nvvgpu_gpu_get_reason_text(gpu), "");
	nvvgpu_unref(host);
	open_host();
	ck_assert_uint_eq(vgpu_count(), 1);
	close_host();
}
END_TEST

START_TEST(lost_framebuffer_file)
{
	char uuid[] = "0b3f5b4e-3a6c-4a3e-9f3c-6f6d1c1b0005", path[PATH_MAX + 256];
	struct nvvgpu_vgpu *vgpu;
	struct nvvgpu_device *device;

	ck_assert_int_eq(finish(start(create_one, uuid)), 0);
	find_file(".fb", path);
	ck_assert_int_eq(unlink(path), 0);
	open_host();
	assert_ok(nvvgpu_vgpu_lookup(board.host, uuid, &vgpu));
	device = open_device(vgpu);
	check_zero(device, vgpu);
	nvvgpu_device_unref(device);
	destroy_owned(vgpu);
	close_host();
}
END_TEST

/* A host that was opened before a fork: its children exclude each other all the same. */
static int create_six(void *arg)
{
	struct nvvgpu_vgpu *vgpu;
	int failures = 0;

	for (int i = 0; i < 6; i++) {
		failures += !!try_create(WISH(.type = TYPE), &vgpu);
		nvvgpu_vgpu_unref(vgpu);
	}
	return failures;
}

START_TEST(forked_with_an_open_host)
{
	pid_t children[WORKERS];

	open_host();
	for (int i = 0; i < WORKERS; i++)
		children[i] = start(create_six, NULL);
	for (int i = 0; i < WORKERS; i++)
		ck_assert_int_eq(finish(children[i]), 0);
	ck_assert_uint_eq(vgpu_count(), 6 * WORKERS);
	close_host();
}
END_TEST

START_TEST(no_such_directory)
{
	struct nvvgpu *host;

	check_error(nvvgpu_open("emu:l40?state=/nonexistent/directory", &host), ENOENT,
		    NVVGPU_REASON_NOT_FOUND);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state");
	TCase *cases = tcase_create("state");
	SRunner *runner;
	int failed;

	tcase_set_timeout(cases, 1100);
	tcase_add_checked_fixture(cases, make_directory, remove_directory);
	tcase_add_test(cases, another_process_sees_it);
	tcase_add_test(cases, two_hosts_in_one_process);
	tcase_add_test(cases, nobody_wins_a_slot_twice);
	tcase_add_test(cases, open_in_a_process_that_dies);
	tcase_add_test(cases, killed_at_any_instant);
	tcase_add_test(cases, damaged_state_is_refused);
	tcase_add_test(cases, state_of_another_board);
	tcase_add_test(cases, lost_framebuffer_file);
	tcase_add_test(cases, forked_with_an_open_host);
	tcase_add_test(cases, no_such_directory);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
