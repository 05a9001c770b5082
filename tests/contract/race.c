/* SPDX-License-Identifier: MIT */
/*
 * Many processes want vGPUs of one board at once; half of them are killed.
 *
 * usage: race URI    a board with 32 VFs and a smallest type that fits 32 times; "state="
 *                    is added, as the processes share it.  TEST_LEVEL=quick|normal|all: how
 *                    often processes are killed
 */
#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "fixture.h"
#include "../harness/gpus.h"

#define TYPE		"L40-1B"
#define INSTANCES	32
#define RACERS		64
#define PARAMS		"frame_rate_limiter=0"

/* What a racer says of its end, where its parent sees it. */
struct outcome {
	int err;		/* 1: none yet */
	int reason;
	char message[256];
	char uuid[37];
};

static struct {
	volatile int go;
	struct outcome outcomes[RACERS];
} *shared;

static const char *base_uri;
static char directory[32];
static char uri[PATH_MAX];

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

static void setup(void)
{
	strcpy(directory, "/tmp/nvvgpu-race-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(uri, sizeof(uri), "%s%cstate=%s", base_uri, strchr(base_uri, '?') ? '&' : '?',
		 directory);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	for (int i = 0; i < RACERS; i++)
		shared->outcomes[i].err = 1;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void teardown(void)
{
	munmap(shared, sizeof(*shared));
	ck_assert_int_eq(nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* ------------------------------------------------------------------- racers */

static void owner_of(int number, char owner[16])
{
	snprintf(owner, 16, "racer %d", number);
}

/* Without asserts: a failed one would end as the parent's. */
static void run_racer(int number)
{
	struct outcome *outcome = &shared->outcomes[number];
	struct nvvgpu_spec *spec = NULL;
	struct nvvgpu_vgpu *vgpu = NULL;
	struct nvvgpu *host = NULL;
	char owner[16];
	int err;

	owner_of(number, owner);
	err = nvvgpu_open(uri, &host);
	while (!shared->go)
		usleep(100);
	if (!err)
		err = nvvgpu_spec_new(&spec);
	if (!err)
		err = nvvgpu_spec_set_type(spec, TYPE);
	if (!err)
		err = nvvgpu_spec_set_owner(spec, owner);
	if (!err)
		err = nvvgpu_spec_add_param(spec, "frame_rate_limiter", "0");
	if (!err)
		err = nvvgpu_create(gpu_at(host, 0), spec, &vgpu);
	if (err) {
		outcome->reason = nvvgpu_error_get_reason(nvvgpu_last_error());
		snprintf(outcome->message, sizeof(outcome->message), "%s",
			 nvvgpu_error_get_message(nvvgpu_last_error()));
	} else {
		strcpy(outcome->uuid, nvvgpu_vgpu_get_uuid(vgpu));
	}
	outcome->err = err;
	_exit(0);
}

static void start_racers(pid_t pids[RACERS])
{
	shared->go = 0;
	for (int i = 0; i < RACERS; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (!pids[i])
			run_racer(i);
	}
	shared->go = 1;
}

static void wait_racers(const pid_t pids[RACERS])
{
	for (int i = 0; i < RACERS; i++)
		ck_assert_int_eq(waitpid(pids[i], NULL, 0), pids[i]);
}

/* ------------------------------------------------------------------ accounts */

/* The records that the library keeps where its driver has no owners; nothing else is there. */
static int count_records(void)
{
	char path[64];
	struct dirent *entry;
	int count = 0;
	DIR *run;

	snprintf(path, sizeof(path), "%s/run", directory);
	run = opendir(path);
	while (run && (entry = readdir(run))) {
		const char *suffix = strrchr(entry->d_name, '.');

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    !strcmp(suffix, ".lock"))
			continue;
		ck_assert_msg(!strcmp(suffix, ".vgpu"), "left over: %s", entry->d_name);
		count++;
	}
	if (run)
		closedir(run);
	return count;
}

/* Whole: of the type, with all that its racer asked for; and of that racer. */
static void check_vgpu(struct nvvgpu_vgpu *vgpu, bool seen[RACERS])
{
	int number = -1;
	char *params;

	ck_assert_str_eq(nvvgpu_vgpu_get_type_name(vgpu), "NVIDIA " TYPE);
	ck_assert_msg(sscanf(nvvgpu_vgpu_get_owner(vgpu), "racer %d", &number) == 1 &&
		      number >= 0 && number < RACERS, "owner \"%s\"", nvvgpu_vgpu_get_owner(vgpu));
	ck_assert(!seen[number]);
	seen[number] = true;
	assert_ok(nvvgpu_vgpu_get_params(vgpu, &params));
	ck_assert_str_eq(params, PARAMS);
	nvvgpu_free(params);
	if (shared->outcomes[number].err == 0)
		ck_assert_str_eq(nvvgpu_vgpu_get_uuid(vgpu), shared->outcomes[number].uuid);
}

static size_t check_vgpus(bool seen[RACERS])
{
	struct nvvgpu_vgpu_list *list;
	size_t count;

	memset(seen, 0, RACERS * sizeof(*seen));
	assert_ok(nvvgpu_vgpu_list(board.gpu, &list));
	count = nvvgpu_vgpu_list_size(list);
	for (size_t i = 0; i < count; i++)
		check_vgpu(nvvgpu_vgpu_list_get(list, i), seen);
	nvvgpu_vgpu_list_unref(list);
	return count;
}

static void check_loser(const struct outcome *outcome)
{
	ck_assert_msg(outcome->err == -ENOSPC || outcome->err == -EBUSY, "error %d: %s",
		      outcome->err, outcome->message);
	ck_assert_msg(outcome->reason == NVVGPU_REASON_EXHAUSTED ||
		      outcome->reason == NVVGPU_REASON_BUSY ||
		      outcome->reason == NVVGPU_REASON_VF_BUSY, "%s", outcome->message);
	ck_assert_str_ne(outcome->message, "");
}

/* The board is as it was before anybody came. */
static void check_empty(void)
{
	destroy_all();
	ck_assert_uint_eq(vgpu_count(), 0);
	ck_assert_int_eq(count_records(), 0);
	ck_assert_uint_eq(available_now(TYPE), INSTANCES);
}

START_TEST(thirty_two_of_sixty_four)
{
	bool vendor = strstr(base_uri, "framework=");
	bool seen[RACERS];
	pid_t pids[RACERS];
	int winners = 0;

	start_racers(pids);
	wait_racers(pids);
	for (int i = 0; i < RACERS; i++) {
		winners += shared->outcomes[i].err == 0;
		if (shared->outcomes[i].err)
			check_loser(&shared->outcomes[i]);
	}
	ck_assert_int_eq(winners, INSTANCES);
	open_host();
	ck_assert_uint_eq(check_vgpus(seen), INSTANCES);
	for (int i = 0; i < RACERS; i++)
		ck_assert_int_eq(seen[i], shared->outcomes[i].err == 0);
	ck_assert_int_eq(count_records(), vendor ? INSTANCES : 0);
	check_empty();
	close_host();
}
END_TEST

/* ------------------------------------------------------------------- killing */

static int rounds(void)
{
	const char *level = getenv("TEST_LEVEL");

	if (level && !strcmp(level, "all"))
		return 40;
	return level && !strcmp(level, "quick") ? 2 : 8;
}

/* Half of them, each at its own moment. */
static void kill_half(const pid_t pids[RACERS], unsigned int *random)
{
	for (int i = 0; i < RACERS; i += 2) {
		*random = *random * 1103515245 + 12345;
		usleep((*random >> 16) % 40000);
		kill(pids[i], SIGKILL);
	}
}

/* Whoever changes the board next ends what was left half done. */
static void end_halves(void)
{
	struct nvvgpu_vgpu_list *list;

	assert_ok(nvvgpu_vgpu_list(board.gpu, &list));
	if (nvvgpu_vgpu_list_size(list) < INSTANCES)
		destroy(create(WISH(.type = TYPE)));
	else
		assert_ok(nvvgpu_destroy_as(nvvgpu_vgpu_list_get(list, 0), NULL,
					    NVVGPU_DESTROY_FOREIGN, NULL));
	nvvgpu_vgpu_list_unref(list);
}

START_TEST(half_of_them_killed)
{
	unsigned int random = (unsigned int)time(NULL);
	bool seen[RACERS];
	pid_t pids[RACERS];
	int unfinished = 0;
	size_t count;

	printf("# seed %u\n", random);
	for (int round = 0; round < rounds(); round++) {
		for (int i = 0; i < RACERS; i++)
			shared->outcomes[i].err = 1;
		start_racers(pids);
		kill_half(pids, &random);
		wait_racers(pids);
		open_host();
		end_halves();
		count = check_vgpus(seen);
		ck_assert_uint_le(count, INSTANCES);
		for (int i = 1; i < RACERS; i += 2)
			if (shared->outcomes[i].err)
				check_loser(&shared->outcomes[i]);
		/* who lived and won has it, but for the one that had to make room */
		for (int i = 0, missing = 0; i < RACERS; i++) {
			missing += shared->outcomes[i].err == 0 && !seen[i];
			ck_assert_int_le(missing, 1);
		}
		for (int i = 0; i < RACERS; i += 2)
			unfinished += shared->outcomes[i].err == 1;
		for (; count < INSTANCES; count++)
			nvvgpu_vgpu_unref(create(WISH(.type = TYPE)));
		create_refused(WISH(.type = TYPE), ENOSPC, NVVGPU_REASON_EXHAUSTED);
		check_empty();
		close_host();
	}
	printf("# %d of %d were killed before their end\n", unfinished, rounds() * RACERS / 2);
	ck_assert_int_gt(unfinished, 0);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("race");
	TCase *cases = tcase_create("race");
	SRunner *runner;
	int failed;

	if (argc != 2) {
		fprintf(stderr, "usage: race URI\n");
		return 2;
	}
	base_uri = argv[1];
	tcase_set_timeout(cases, 1200);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, thirty_two_of_sixty_four);
	tcase_add_test(cases, half_of_them_killed);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
