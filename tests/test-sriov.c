// SPDX-License-Identifier: MIT
/*
 * VFs switched: on the emulated host, behind a door that makes its driver look and fail as
 * NVIDIA's; and the programs of NVIDIA's driver, as the running host starts them.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "harness/door.h"
#include "harness/gpus.h"
#include "objects.h"
#include "os/run.h"
#include "util/clock.h"

#define GPU	"0000:41:00.0"
#define VF	"0000:41:00.4"
#define MS	1000000ULL
#define SHORT	(300 * MS)

static struct door door;
static struct nvvgpu *host;
static struct os *real;

/* Both the GPU and its VFs are NVIDIA's driver's. */
static int nvidia_driver(struct door *d, const char *path, char *buf, size_t size)
{
	if (!door_ends(path, "/driver"))
		return DOOR_PASS;
	snprintf(buf, size, "nvidia");
	return DOOR_DONE;
}

static void setup(void)
{
	door_open(&door, "emu:l40?framework=vendor-vfio");
	ck_assert_int_eq(nvvgpu_open("emu:", &host), 0);
	real = host->os;
	host->os = &door.os;
	door.on_link = nvidia_driver;
}

static void teardown(void)
{
	gpu_table_unref(host->gpus);	/* its frameworks were opened behind the door */
	host->gpus = NULL;
	host->os = real;
	nvvgpu_unref(host);
	door_close(&door);
}

static struct nvvgpu_gpu *gpu(void)
{
	struct nvvgpu_gpu *found = gpu_at(host, 0);

	ck_assert_ptr_nonnull(found);
	return found;
}

static int set(uint32_t count, uint64_t timeout_ns)
{
	struct nvvgpu_gpu *ours = nvvgpu_gpu_ref(gpu());
	int err = nvvgpu_gpu_set_vfs(ours, count, timeout_ns);

	nvvgpu_gpu_unref(ours);
	return err;
}

static uint32_t enabled(void)
{
	uint32_t count;

	ck_assert_int_eq(nvvgpu_gpu_get_vfs_enabled(gpu(), &count), 0);
	return count;
}

static void assert_error(int err, int wanted_err, enum nvvgpu_reason wanted, const char *words)
{
	const char *cause = nvvgpu_error_get_cause(nvvgpu_last_error());

	ck_assert_int_eq(err, -wanted_err);
	ck_assert_str_eq(nvvgpu_reason_name(nvvgpu_error_get_reason(nvvgpu_last_error())),
			 nvvgpu_reason_name(wanted));
	ck_assert_msg(strstr(cause, words) != NULL, "\"%s\" does not have \"%s\"", cause, words);
}

static void write_inside(struct door *d, uint32_t count)
{
	char text[16];

	snprintf(text, sizeof(text), "%u\n", count);
	ck_assert_int_eq(d->inner->ops->attr_write(d->inner, "bus/pci/devices/" GPU "/sriov_numvfs",
						   text), 0);
}

/* --------------------------------------------------------------------- tool */

static int good_tool(struct door *d, bool enable, char *output, size_t size)
{
	d->number++;
	write_inside(d, enable ? 32 : 0);
	return 0;
}

/* NVIDIA's driver refuses the plain write. */
static int no_write(struct door *d, const char *path, const char *value)
{
	return door_ends(path, "/sriov_numvfs") ? -ENOENT : DOOR_PASS;
}

START_TEST(test_tool)
{
	door.on_write = no_write;
	door.tool = good_tool;
	ck_assert_int_eq(set(32, 0), 0);
	ck_assert_int_eq(door.number, 0);		/* it was so already */
	ck_assert_int_eq(set(0, 0), 0);
	ck_assert_uint_eq(enabled(), 0);
	ck_assert_int_eq(nvvgpu_gpu_get_reason(gpu()), NVVGPU_REASON_VFS_DISABLED);
	ck_assert_int_eq(set(32, 0), 0);
	ck_assert_uint_eq(enabled(), 32);
	ck_assert_int_eq(nvvgpu_gpu_get_reason(gpu()), NVVGPU_REASON_NONE);
	ck_assert_int_eq(door.number, 2);
}
END_TEST

START_TEST(test_tool_has_the_time)
{
	door.on_write = no_write;
	door.tool = good_tool;
	ck_assert_int_eq(set(0, UINT64_MAX), 0);
	ck_assert_uint_gt(door.tool_timeout_ns, 3600 * NS_PER_SECOND);
	ck_assert_int_eq(set(32, 5 * NS_PER_SECOND), 0);
	ck_assert_uint_le(door.tool_timeout_ns, 5 * NS_PER_SECOND);
	ck_assert_uint_gt(door.tool_timeout_ns, 0);
}
END_TEST

static int idle_tool(struct door *d, bool enable, char *output, size_t size)
{
	d->number++;
	snprintf(output, size, "Enabling VFs on " GPU "\nall is well\n");
	return 0;
}

/* It says that it worked, and has done nothing. */
START_TEST(test_tool_is_not_believed)
{
	door.tool = idle_tool;
	assert_error(set(0, SHORT), ETIMEDOUT, NVVGPU_REASON_DEADLINE,
		     "32 VFs are enabled instead of 0; sriov-manage: all is well");
	ck_assert_int_eq(door.number, 1);		/* only what is known to pass is tried again */
	ck_assert_uint_eq(enabled(), 32);
}
END_TEST

static int locked_tool(struct door *d, bool enable, char *output, size_t size)
{
	if (d->number++ < 2) {
		snprintf(output, size, "Cannot obtain unbindLock for " GPU "\n");
		return 0;
	}
	return good_tool(d, enable, output, size);
}

START_TEST(test_tool_is_tried_again)
{
	door.tool = locked_tool;
	ck_assert_int_eq(set(0, 0), 0);
	ck_assert_int_eq(door.number, 4);
	ck_assert_uint_eq(enabled(), 0);
}
END_TEST

static int always_locked_tool(struct door *d, bool enable, char *output, size_t size)
{
	d->number++;
	snprintf(output, size, "Cannot obtain unbindLock for " GPU "\n");
	return 0;
}

static int holder_of_gpu(struct door *d, const char *name,
			 int (*each)(pid_t pid, const char *program, void *arg), void *arg)
{
	return strcmp(name, GPU) ? 0 : each(815, "nv-hostengine", arg);
}

START_TEST(test_who_is_in_the_way)
{
	door.tool = always_locked_tool;
	door.on_holders = holder_of_gpu;
	assert_error(set(0, 1200 * MS), ETIMEDOUT, NVVGPU_REASON_DEADLINE,
		     "process 815 (nv-hostengine) has the GPU open");
	ck_assert_int_ge(door.number, 2);
	ck_assert_int_le(door.number, 4);
}
END_TEST

static int broken_tool(struct door *d, bool enable, char *output, size_t size)
{
	return -EACCES;
}

START_TEST(test_tool_that_cannot_be_run)
{
	door.tool = broken_tool;
	assert_error(set(0, SHORT), EACCES, NVVGPU_REASON_PERMISSION, "sriov-manage");
	ck_assert_uint_eq(enabled(), 32);
}
END_TEST

/* Another number than all: the tool does not know such, the driver may. */
START_TEST(test_some)
{
	door.tool = good_tool;
	ck_assert_int_eq(set(4, 0), 0);
	ck_assert_int_eq(door.number, 1);		/* off, by the tool */
	ck_assert_uint_eq(enabled(), 4);
}
END_TEST

START_TEST(test_no_tool)
{
	ck_assert_int_eq(set(0, 0), 0);
	ck_assert_uint_eq(enabled(), 0);
	door.on_write = no_write;
	assert_error(set(32, 0), EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED, "sriov_numvfs");
	ck_assert_ptr_nonnull(strstr(nvvgpu_error_get_next_step(nvvgpu_last_error()),
				     "sriov-manage"));
}
END_TEST

/* ------------------------------------------------------------------ conditions */

static int late_directory(struct door *d, const char *path)
{
	return door_ends(path, "/nvidia") && d->number-- > 0 ? -ENOENT : DOOR_PASS;
}

/* What VFs offer comes a while after them. */
START_TEST(test_late_directory)
{
	ck_assert_int_eq(set(0, 0), 0);
	door.on_list = late_directory;
	door.number = 6;
	ck_assert_int_eq(set(32, 0), 0);
	ck_assert_int_lt(door.number, 0);
	ck_assert_int_eq(nvvgpu_gpu_get_reason(gpu()), NVVGPU_REASON_NONE);
}
END_TEST

START_TEST(test_no_directory)
{
	ck_assert_int_eq(set(0, 0), 0);
	door.on_list = late_directory;
	door.number = 1 << 30;
	assert_error(set(32, SHORT), ETIMEDOUT, NVVGPU_REASON_DEADLINE,
		     "the VF " VF " has no driver, or neither a nvidia directory nor mdev types");
	ck_assert_uint_eq(enabled(), 32);
	/* the same again goes on where that ended */
	door.number = 0;
	ck_assert_int_eq(set(32, SHORT), 0);
}
END_TEST

static int unbound(struct door *d, const char *path, char *buf, size_t size)
{
	if (door_ends(path, "41:00.7/driver"))
		return -ENOENT;
	return nvidia_driver(d, path, buf, size);
}

START_TEST(test_vf_without_driver)
{
	ck_assert_int_eq(set(0, 0), 0);
	door.on_link = unbound;
	assert_error(set(32, SHORT), ETIMEDOUT, NVVGPU_REASON_DEADLINE, "the VF 0000:41:00.7");
}
END_TEST

/* ----------------------------------------------------------------------- guards */

static void create_one(void)
{
	struct nvvgpu_spec *spec;
	struct nvvgpu_vgpu *vgpu;

	ck_assert_int_eq(nvvgpu_spec_new(&spec), 0);
	ck_assert_int_eq(nvvgpu_spec_set_type(spec, "L40-4Q"), 0);
	ck_assert_int_eq(nvvgpu_create(gpu(), spec, &vgpu), 0);
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_spec_free(spec);
}

START_TEST(test_live_vgpus)
{
	create_one();
	door.tool = good_tool;
	door.writes = 0;
	assert_error(set(0, 0), EBUSY, NVVGPU_REASON_LIVE_VGPUS, "1 vGPUs exist");
	assert_error(set(8, 0), EBUSY, NVVGPU_REASON_LIVE_VGPUS, "");
	ck_assert_int_eq(set(32, 0), 0);
	ck_assert_int_eq(door.number + door.writes, 0);
}
END_TEST

static int holder_of_vf(struct door *d, const char *name,
			int (*each)(pid_t pid, const char *program, void *arg), void *arg)
{
	return strcmp(name, "0000:41:01.0") ? 0 : each(4711, "qemu", arg);
}

START_TEST(test_open_vf)
{
	door.tool = good_tool;
	door.on_holders = holder_of_vf;
	assert_error(set(0, 0), EBUSY, NVVGPU_REASON_IN_USE, "open in process 4711 (qemu)");
	ck_assert_int_eq(door.number, 0);
	ck_assert_uint_eq(enabled(), 32);
}
END_TEST

static int busy_write(struct door *d, const char *path, const char *value)
{
	return door_ends(path, "/sriov_numvfs") ? -EBUSY : DOOR_PASS;
}

START_TEST(test_busy_driver)
{
	door.on_write = busy_write;
	assert_error(set(0, 0), EBUSY, NVVGPU_REASON_IN_USE, "in use");
}
END_TEST

/* As NVIDIA's does: whoever switches VFs ends mixed-size mode. */
static int forgetful_tool(struct door *d, bool enable, char *output, size_t size)
{
	ck_assert_int_eq(d->inner->ops->mixed_size_set(d->inner, GPU, false), 0);
	return good_tool(d, enable, output, size);
}

START_TEST(test_mode_is_kept)
{
	enum nvvgpu_mode mode;

	door.tool = forgetful_tool;
	ck_assert_int_eq(nvvgpu_gpu_set_mixed_size(gpu(), true), 0);
	ck_assert_int_eq(set(16, 0), 0);
	ck_assert_int_eq(nvvgpu_gpu_get_mode(gpu(), &mode), 0);
	ck_assert_int_eq(mode, NVVGPU_GPU_MODE_MIXED_SIZE);
	ck_assert_int_eq(door.number, 1);
}
END_TEST

static int no_mixed_size(struct door *d, bool mixed)
{
	return -EIO;
}

START_TEST(test_mode_is_lost)
{
	door.tool = forgetful_tool;
	ck_assert_int_eq(nvvgpu_gpu_set_mixed_size(gpu(), true), 0);
	door.on_mixed_set = no_mixed_size;
	assert_error(set(16, 0), EIO, NVVGPU_REASON_IO, "changing the mode");
	ck_assert_uint_eq(enabled(), 16);
}
END_TEST

/* Nobody else changes the GPU meanwhile. */
static int try_lock(struct door *d, const char *path, const char *value)
{
	struct os_file *lock;

	if (!door_ends(path, "/sriov_numvfs"))
		return DOOR_PASS;
	d->number = run_lock(d->inner->ops->run(d->inner), GPU ".lock", 1, &lock);
	return DOOR_PASS;
}

START_TEST(test_lock)
{
	struct os_file *lock;

	door.on_write = try_lock;
	ck_assert_int_eq(set(0, 0), 0);
	ck_assert_int_eq(door.number, -EBUSY);
	ck_assert_int_eq(run_lock(door.inner->ops->run(door.inner), GPU ".lock", 1, &lock), 0);
	os_file_close(lock);
}
END_TEST

/* ------------------------------------------------------------- the running host */

static char script[64], uri[128];

static void write_script(const char *text, mode_t mode)
{
	FILE *file;
	int fd;

	strcpy(script, "/tmp/sriov-manage-XXXXXX");
	fd = mkstemp(script);
	ck_assert_int_ge(fd, 0);
	file = fdopen(fd, "w");
	fputs(text, file);
	fclose(file);
	ck_assert_int_eq(chmod(script, mode), 0);
	snprintf(uri, sizeof(uri), "host:?sriov-manage=%s", script);
}

static int run_script(const char *text, mode_t mode, unsigned int timeout_ms, char *output,
		      size_t size)
{
	const char *detail = NULL;
	struct os *os;
	int err;

	write_script(text, mode);
	ck_assert_int_eq(os_open(uri, &os, &detail), 0);
	err = os->ops->sriov_manage(os, GPU, true, timeout_ms * NS_PER_MS, output, size);
	os_close(os);
	unlink(script);
	return err;
}

START_TEST(test_script)
{
	char output[256];

	ck_assert_int_eq(run_script("#!/bin/sh\necho \"$@\"\necho error >&2\nenv | grep -c SECRET\nexit 3\n",
				    0700, 10000, output, sizeof(output)), 0);
	ck_assert_str_eq(output, "-e " GPU "\nerror\n0\n");
	ck_assert_int_eq(run_script("#!/bin/sh\nprintf 'a\\033[2J\\nb'\n", 0700, 10000, output,
				    sizeof(output)), 0);
	ck_assert_str_eq(output, "a?[2J\nb");
	ck_assert_int_eq(run_script("#!/bin/sh\nread x || echo no input\n", 0700, 10000, output,
				    sizeof(output)), 0);
	ck_assert_str_eq(output, "no input\n");
}
END_TEST

START_TEST(test_script_that_says_much)
{
	char output[16];

	ck_assert_int_eq(run_script("#!/bin/sh\nhead -c 1000000 /dev/zero | tr '\\0' x\n", 0700,
				    30000, output, sizeof(output)), 0);
	ck_assert_str_eq(output, "xxxxxxxxxxxxxxx");
}
END_TEST

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* It and what it started are ended. */
START_TEST(test_script_that_hangs)
{
	char output[64], proc[64];
	double start = seconds();
	pid_t child = 0;

	ck_assert_int_eq(run_script("#!/bin/sh\nsleep 300 &\necho $!\nwait\n", 0700, 300, output,
				    sizeof(output)), -ETIMEDOUT);
	ck_assert(seconds() - start < 20);
	child = atoi(output);
	ck_assert_int_gt(child, 1);
	snprintf(proc, sizeof(proc), "/proc/%d/stat", child);
	for (int i = 0; i < 100 && !access(proc, F_OK); i++)
		usleep(20000);
	/* a zombie of nobody's is as good as gone */
	ck_assert_msg(access(proc, F_OK) || !kill(child, 0), "process %d lives", child);
}
END_TEST

/* What it leaves behind with its output is not waited for. */
START_TEST(test_script_that_leaves_a_child)
{
	char output[64];
	double start = seconds();

	ck_assert_int_eq(run_script("#!/bin/sh\nsleep 5 &\necho started\n", 0700, 60000, output,
				    sizeof(output)), 0);
	ck_assert_str_eq(output, "started\n");
	ck_assert(seconds() - start < 4);
}
END_TEST

START_TEST(test_no_script)
{
	const char *detail = NULL;
	char output[64];
	struct os *os;

	ck_assert_int_eq(run_script("#!/bin/sh\n", 0600, 1000, output, sizeof(output)), -EACCES);
	ck_assert_int_eq(os_open(uri, &os, &detail), 0);
	ck_assert_int_eq(os->ops->sriov_manage(os, GPU, true, NS_PER_SECOND, output,
					       sizeof(output)), -ENOENT);
	os_close(os);
	ck_assert_int_ne(run_script("no program", 0700, 1000, output, sizeof(output)), -ENOENT);
}
END_TEST

/* --------------------------------------------------------------------- library */

/* A library with NVML's functions, which do as FAKE_NVML says; see harness/fake-nvml.c. */
static int ask_nvml(const char *how, bool change, bool *mixed)
{
	const char *detail = NULL;
	struct os *os;
	int err;

	setenv("FAKE_NVML", how, 1);
	snprintf(uri, sizeof(uri), "host:?nvml=%s", FAKE_NVML);
	ck_assert_int_eq(os_open(uri, &os, &detail), 0);
	err = change ? os->ops->mixed_size_set(os, GPU, *mixed) :
		       os->ops->mixed_size_get(os, GPU, mixed);
	os_close(os);
	return err;
}

START_TEST(test_nvml)
{
	bool mixed = false;

	ck_assert_int_eq(ask_nvml("mode=1", false, &mixed), 0);
	ck_assert(mixed);
	ck_assert_int_eq(ask_nvml("mode=0", false, &mixed), 0);
	ck_assert(!mixed);
	ck_assert_int_eq(ask_nvml("mode=0", true, &mixed), 0);
	mixed = true;
	ck_assert_int_eq(ask_nvml("mode=1", true, &mixed), 0);
	ck_assert_int_eq(ask_nvml("mode=0", true, &mixed), -EINVAL);	/* the library checks */
}
END_TEST

static const struct {
	const char *how;
	int err;
} nvml_errors[] = {
	{ "init=9", -ENODEV }, { "find=6", -ENODEV }, { "get=3", -EOPNOTSUPP },
	{ "get=13", -EOPNOTSUPP }, { "get=4", -EACCES }, { "get=999", -EIO }, { "get=25", -EOPNOTSUPP },
	{ "get=19", -EBUSY }, { "get=2", -EINVAL }, { "get=10", -ETIMEDOUT },
};

START_TEST(test_nvml_fails)
{
	bool mixed = true;

	ck_assert_int_eq(ask_nvml(nvml_errors[_i].how, false, &mixed), nvml_errors[_i].err);
	ck_assert(mixed);
}
END_TEST

START_TEST(test_no_nvml)
{
	const char *detail = NULL;
	struct os *os;
	bool mixed;

	ck_assert_int_eq(os_open("host:?nvml=/nonexistent.so", &os, &detail), 0);
	ck_assert_int_eq(os->ops->mixed_size_get(os, GPU, &mixed), -EOPNOTSUPP);
	ck_assert_int_eq(os->ops->mixed_size_set(os, GPU, true), -EOPNOTSUPP);
	os_close(os);
}
END_TEST

static const char *const bad_uris[] = {
	"host:x", "host:?", "host:?x=/y", "host:?run=relative", "host:?run=/", "host:?run=/a&run=/b",
	"host:?run=/a&", "host:?run=/a?nvml=/b&&", "host:?sriov-manage",
};

START_TEST(test_bad_uri)
{
	const char *detail = NULL;
	struct os *os = NULL;

	ck_assert_int_eq(os_open(bad_uris[_i], &os, &detail), -EINVAL);
	ck_assert_ptr_nonnull(detail);
	ck_assert_ptr_null(os);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
	Suite *suite = suite_create("sriov");
	TCase *driver = tcase_create("driver"), *programs = tcase_create("programs");
	SRunner *runner;
	int failed;

	setenv("SECRET", "1", 1);
	tcase_set_timeout(driver, 60);
	tcase_add_checked_fixture(driver, setup, teardown);
	tcase_add_test(driver, test_tool);
	tcase_add_test(driver, test_tool_has_the_time);
	tcase_add_test(driver, test_tool_is_not_believed);
	tcase_add_test(driver, test_tool_is_tried_again);
	tcase_add_test(driver, test_who_is_in_the_way);
	tcase_add_test(driver, test_tool_that_cannot_be_run);
	tcase_add_test(driver, test_some);
	tcase_add_test(driver, test_no_tool);
	tcase_add_test(driver, test_late_directory);
	tcase_add_test(driver, test_no_directory);
	tcase_add_test(driver, test_vf_without_driver);
	tcase_add_test(driver, test_live_vgpus);
	tcase_add_test(driver, test_open_vf);
	tcase_add_test(driver, test_busy_driver);
	tcase_add_test(driver, test_mode_is_kept);
	tcase_add_test(driver, test_mode_is_lost);
	tcase_add_test(driver, test_lock);
	suite_add_tcase(suite, driver);
	tcase_set_timeout(programs, 60);
	tcase_add_test(programs, test_script);
	tcase_add_test(programs, test_script_that_says_much);
	tcase_add_test(programs, test_script_that_hangs);
	tcase_add_test(programs, test_script_that_leaves_a_child);
	tcase_add_test(programs, test_no_script);
	tcase_add_test(programs, test_nvml);
	tcase_add_loop_test(programs, test_nvml_fails, 0, COUNT(nvml_errors));
	tcase_add_test(programs, test_no_nvml);
	tcase_add_loop_test(programs, test_bad_uri, 0, COUNT(bad_uris));
	suite_add_tcase(suite, programs);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
