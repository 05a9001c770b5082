// SPDX-License-Identifier: MIT
/*
 * The framework vendor-vfio: over the emulated host's own driver, which a door between
 * them makes fail; and on trees that no driver would make.
 */
#include <check.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "framework/framework.h"
#include "framework/record.h"
#include "harness/door.h"
#include "harness/gpus.h"
#include "harness/tree.h"
#include "os/run.h"

#define GPU	"0000:41:00.0"
#define VF	"0000:41:00.4"		/* the first */
#define NEXT_VF	"0000:41:00.5"
#define L40_4Q	874
#define CURRENT	"/nvidia/current_vgpu_type"
#define PLACE	"/nvidia/placement_id"
#define PARAMS	"/nvidia/vgpu_params"
#define ROWS	"/nvidia/creatable_vgpu_types"

static struct door door;
static struct framework *fw;
static struct framework_types *types;

static void open_framework(const char *uri)
{
	door_open(&door, uri);
	ck_assert_int_eq(framework_open(&door.os, GPU, &fw), 0);
	ck_assert_str_eq(fw->ops.name, "vendor-vfio");
	ck_assert_int_eq(fw->ops.types(fw, &types), 0);
}

static void close_framework(void)
{
	framework_types_unref(types);
	framework_close(fw);
	door_close(&door);
}

static void setup(void)
{
	open_framework("emu:l40?framework=vendor-vfio");
}

static void assert_error(int err, int wanted_err, enum nvvgpu_reason wanted)
{
	ck_assert_int_eq(err, -wanted_err);
	ck_assert_int_eq(nvvgpu_error_get_errno(nvvgpu_last_error()), wanted_err);
	ck_assert_str_eq(nvvgpu_reason_name(nvvgpu_error_get_reason(nvvgpu_last_error())),
			 nvvgpu_reason_name(wanted));
	ck_assert_str_ne(nvvgpu_error_get_object(nvvgpu_last_error()), "");
	ck_assert_str_ne(nvvgpu_error_get_cause(nvvgpu_last_error()), "");
}

static void assert_cause(const char *words)
{
	const char *cause = nvvgpu_error_get_cause(nvvgpu_last_error());

	ck_assert_msg(strstr(cause, words) != NULL, "\"%s\" does not have \"%s\"", cause, words);
}

static struct framework_request wish(void)
{
	return (struct framework_request){
		.type = framework_types_find(types, L40_4Q),
		.uuid = { 1, 2, 3 },
		.has_placement = true,
		.placement = 8,
		.params = "frame_rate_limiter=0",
		.owner = "me",
	};
}

static int create(struct framework_vgpu *vgpu)
{
	struct framework_request request = wish();

	return fw->ops.create(fw, &request, vgpu);
}

static size_t list(struct framework_vgpu **ret)
{
	size_t count = 77;

	ck_assert_int_eq(fw->ops.vgpu_list(fw, ret, &count), 0);
	return count;
}

static int refuse_any(const char *name, void *arg)
{
	if (strstr(name, ".lock"))
		return 0;
	ck_abort_msg("left over in the run directory: %s", name);
	return 0;
}

/* Nobody could say that anything was tried. */
static void assert_untouched(void)
{
	struct framework_vgpu *vgpus, vgpu;
	bool destroyed;

	door.on_write = NULL;
	door.on_read = NULL;
	door.on_holders = NULL;
	ck_assert_uint_eq(list(&vgpus), 0);
	free(vgpus);
	ck_assert_int_eq(run_list(door.os.ops->run(&door.os), refuse_any, NULL), 0);
	/* nor is a placement kept that was asked for */
	ck_assert_int_eq(fw->ops.create(fw, &(struct framework_request){
		.type = framework_types_find(types, L40_4Q), .uuid = { 9 }, .vf = VF, .params = "",
		.owner = "" }, &vgpu), 0);
	ck_assert_uint_eq(vgpu.placement, 0);
	ck_assert_int_eq(fw->ops.destroy(fw, &vgpu, &destroyed), 0);
	ck_assert(destroyed);
}

/* ------------------------------------------------------------------ create */

START_TEST(test_create)
{
	struct framework_vgpu vgpu, *vgpus;
	struct record record;
	char *params;
	bool destroyed;

	ck_assert_int_eq(create(&vgpu), 0);
	ck_assert_str_eq(vgpu.vf, VF);
	ck_assert_str_eq(vgpu.owner, "me");
	ck_assert_str_eq(vgpu.type_name, "NVIDIA L40-4Q");
	ck_assert_mem_eq(vgpu.uuid, ((uint8_t[16]){ 1, 2, 3 }), 16);
	ck_assert(vgpu.has_placement && vgpu.placement == 8);
	ck_assert_int_eq(fw->ops.get_params(fw, &vgpu, &params), 0);
	ck_assert_str_eq(params, "frame_rate_limiter=0");
	free(params);
	ck_assert_int_eq(record_read(&door.os, VF, &record), 0);
	ck_assert(record.complete);
	ck_assert_uint_eq(list(&vgpus), 1);
	ck_assert_mem_eq(vgpus, &vgpu, sizeof(vgpu));
	free(vgpus);
	ck_assert_int_eq(fw->ops.destroy(fw, &vgpu, &destroyed), 0);
	ck_assert(destroyed);
	ck_assert_int_eq(fw->ops.destroy(fw, &vgpu, &destroyed), 0);
	ck_assert(!destroyed);
	assert_untouched();
}
END_TEST

static int fail_one_write(struct door *d, const char *path, const char *value)
{
	return d->writes == d->number ? -EIO : DOOR_PASS;
}

/* Whichever file cannot be written: what was done before is undone. */
START_TEST(test_each_write_fails)
{
	struct framework_vgpu vgpu;
	int err = -1;

	door.on_write = fail_one_write;
	for (int number = 1; err; number++) {
		ck_assert_int_lt(number, 10);
		door.writes = 0;
		door.number = number;
		err = create(&vgpu);
		if (!err) {
			/* but for the placement, which is tried again, each of the three had its turn */
			ck_assert_int_ge(number, 4);
			break;
		}
		ck_assert_int_eq(err, -nvvgpu_error_get_errno(nvvgpu_last_error()));
		assert_untouched();
		door.on_write = fail_one_write;
	}
}
END_TEST

static int fail_one_read(struct door *d, const char *path, char *buf, size_t size)
{
	if (!strstr(path, "/nvidia/"))
		return DOOR_PASS;
	return --d->number ? DOOR_PASS : -EIO;
}

START_TEST(test_each_read_fails)
{
	struct framework_vgpu vgpu;
	int number = 1;

	for (;; number++) {
		door.on_read = fail_one_read;
		door.number = number;
		if (!create(&vgpu))
			break;
		ck_assert_int_lt(number, 200);
		ck_assert_int_eq(nvvgpu_error_get_errno(nvvgpu_last_error()), EIO);
		assert_untouched();
	}
	ck_assert_int_gt(number, 33);		/* types of 32 VFs, rows, what is read back */
}
END_TEST

/* Another program writes its type between our look at the VF and our write. */
static int steal(struct door *d, const char *path, const char *value)
{
	if (!door_ends(path, CURRENT) || strcmp(value, "874\n") || d->flag)
		return DOOR_PASS;
	d->flag = true;
	ck_assert_int_eq(d->inner->ops->attr_write(d->inner, path, "884\n"), 0);
	return DOOR_PASS;
}

START_TEST(test_vf_stolen)
{
	struct framework_request request = wish();
	struct framework_vgpu vgpu, *vgpus;

	door.on_write = steal;
	request.has_placement = false;
	ck_assert_int_eq(fw->ops.create(fw, &request, &vgpu), 0);
	ck_assert_str_eq(vgpu.vf, NEXT_VF);
	ck_assert_uint_eq(list(&vgpus), 2);
	ck_assert_str_eq(vgpus[0].vf, VF);
	ck_assert_uint_eq(vgpus[0].type_id, 884);
	ck_assert_str_eq(vgpus[0].owner, RECORD_FOREIGN);
	ck_assert_str_eq(vgpus[1].owner, "me");
	free(vgpus);
}
END_TEST

START_TEST(test_named_vf_stolen)
{
	struct framework_request request = wish();
	struct framework_vgpu vgpu, *vgpus;

	door.on_write = steal;
	request.vf = VF;
	assert_error(fw->ops.create(fw, &request, &vgpu), EBUSY, NVVGPU_REASON_VF_BUSY);
	ck_assert_uint_eq(list(&vgpus), 1);
	ck_assert_str_eq(vgpus[0].owner, RECORD_FOREIGN);
	free(vgpus);
}
END_TEST

static const struct {
	int err, wanted_err;
	enum nvvgpu_reason reason;
	const char *next;
} refusals[] = {
	{ -EIO, EIO, NVVGPU_REASON_FIRMWARE, "nvidia-vgpu-mgr" },
	{ -EPERM, EIO, NVVGPU_REASON_FIRMWARE, "" },	/* though it is free: not a matter of rights */
	{ -ENODEV, ENOENT, NVVGPU_REASON_NOT_FOUND, "" },
	{ -ENOSPC, ENOSPC, NVVGPU_REASON_EXHAUSTED, "" },
	{ -EINVAL, EINVAL, NVVGPU_REASON_UNKNOWN, "" },
	{ -EBUSY, EBUSY, NVVGPU_REASON_BUSY, "" },
	{ -EACCES, EACCES, NVVGPU_REASON_PERMISSION, "" },
};

static int refuse_type(struct door *d, const char *path, const char *value)
{
	return door_ends(path, CURRENT) ? refusals[d->number].err : DOOR_PASS;
}

START_TEST(test_driver_refuses)
{
	struct framework_vgpu vgpu;

	door.on_write = refuse_type;
	door.number = _i;
	assert_error(create(&vgpu), refusals[_i].wanted_err, refusals[_i].reason);
	ck_assert_ptr_nonnull(strstr(nvvgpu_error_get_next_step(nvvgpu_last_error()),
				     refusals[_i].next));
	assert_untouched();
}
END_TEST

/* A driver that takes a placement only behind the type. */
static int placement_later_write(struct door *d, const char *path, const char *value)
{
	if (door_ends(path, CURRENT))
		d->flag = strcmp(value, "0\n");
	if (!door_ends(path, PLACE))
		return DOOR_PASS;
	if (!d->flag)
		return -ENXIO;
	d->number = atoi(value);
	return DOOR_DONE;
}

static int placement_later_read(struct door *d, const char *path, char *buf, size_t size)
{
	if (!door_ends(path, PLACE) || !d->flag)
		return DOOR_PASS;
	snprintf(buf, size, "%d\n", d->number);
	return DOOR_DONE;
}

START_TEST(test_placement_behind_the_type)
{
	struct framework_vgpu vgpu;

	door.on_write = placement_later_write;
	door.on_read = placement_later_read;
	ck_assert_int_eq(create(&vgpu), 0);
	ck_assert_uint_eq(vgpu.placement, 8);
}
END_TEST

/* Drivers that take something and show another thing. */
static int lie(struct door *d, const char *path, char *buf, size_t size)
{
	static const struct {
		const char *file, *text;
	} lies[] = { { PLACE, "16\n" }, { PARAMS, "frame_rate_limiter=\n" }, { PARAMS, "" },
		     { PLACE, "\x1b\n" }, { PARAMS, "a\nb\n" }, { CURRENT, "0\n" }, { CURRENT, "1\n" } };

	if (!d->writes || !door_ends(path, lies[d->number].file))
		return DOOR_PASS;
	snprintf(buf, size, "%s", lies[d->number].text);
	return DOOR_DONE;
}

START_TEST(test_read_back)
{
	struct framework_vgpu vgpu;

	door.on_read = lie;
	door.number = _i;
	ck_assert_int_lt(create(&vgpu), 0);
	ck_assert_str_ne(nvvgpu_error_get_cause(nvvgpu_last_error()), "");
	assert_untouched();
}
END_TEST

/* ------------------------------------------------------------------- killed */

static char directory[32];
static char state_uri[96];

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void setup_state(void)
{
	strcpy(directory, "/tmp/nvvgpu-vendor-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(state_uri, sizeof(state_uri), "emu:l40?framework=vendor-vfio&state=%s", directory);
}

static void teardown_state(void)
{
	ck_assert_int_eq(nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* SIGKILL just before the n-th write, or just behind it. */
static int die(struct door *d, const char *path, const char *value)
{
	if (d->writes < d->number)
		return DOOR_PASS;
	if (d->flag)
		d->inner->ops->attr_write(d->inner, path, value);
	kill(getpid(), SIGKILL);
	return -EIO;
}

/* true: it was killed */
static bool create_and_die(int number, bool behind)
{
	struct framework_vgpu vgpu;
	int status;
	pid_t pid = fork();

	if (!pid) {
		open_framework(state_uri);
		door.on_write = die;
		door.number = number;
		door.flag = behind;
		_exit(create(&vgpu) ? 1 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return WIFSIGNALED(status);
}

/* At any time there is no vGPU, or one that is known to be its maker's. */
static size_t check_known(void)
{
	struct framework_vgpu *vgpus;
	size_t count = list(&vgpus);

	ck_assert_uint_le(count, 1);
	if (count) {
		ck_assert_str_eq(vgpus->owner, "me");
		ck_assert_mem_eq(vgpus->uuid, ((uint8_t[16]){ 1, 2, 3 }), 16);
		ck_assert_uint_eq(vgpus->placement, 8);
	}
	free(vgpus);
	return count;
}

/* The next change, by anybody, ends it: the vGPU is whole then, and its record too. */
static void check_whole(void)
{
	struct framework_vgpu other, *vgpus;
	struct record record;
	bool destroyed;
	char *params;

	ck_assert_int_eq(fw->ops.create(fw, &(struct framework_request){
		.type = framework_types_find(types, L40_4Q), .uuid = { 9 }, .vf = "0000:41:01.0",
		.params = "", .owner = "" }, &other), 0);
	ck_assert_int_eq(fw->ops.destroy(fw, &other, &destroyed), 0);
	if (check_known()) {
		list(&vgpus);
		ck_assert_int_eq(fw->ops.get_params(fw, vgpus, &params), 0);
		ck_assert_str_eq(params, "frame_rate_limiter=0");
		free(params);
		ck_assert_int_eq(record_read(&door.os, vgpus->vf, &record), 0);
		ck_assert(record.complete);
		ck_assert_int_eq(fw->ops.destroy(fw, vgpus, &destroyed), 0);
		ck_assert(destroyed);
		free(vgpus);
	}
	/* a placement that was kept by the driver for the VF is of the next vGPU there */
	ck_assert_int_eq(run_list(door.os.ops->run(&door.os), refuse_any, NULL), 0);
}

START_TEST(test_killed_at_each_step)
{
	bool behind = _i, killed = true;
	int number;

	for (number = 1; killed; number++) {
		ck_assert_int_lt(number, 10);
		setup_state();
		killed = create_and_die(number, behind);
		open_framework(state_uri);
		ck_assert_uint_eq(check_known(), number > 2 || (number == 2 && behind));
		check_whole();
		close_framework();
		teardown_state();
	}
	ck_assert_int_ge(number, 4);
}
END_TEST

/* ------------------------------------------------------------------ records */

static void write_type(const char *vf, const char *text)
{
	char path[96];

	snprintf(path, sizeof(path), "bus/pci/devices/%s" CURRENT, vf);
	ck_assert_int_eq(door.inner->ops->attr_write(door.inner, path, text), 0);
}

START_TEST(test_foreign)
{
	struct framework_vgpu *vgpus, *again;
	uint8_t uuid[16];

	write_type(VF, "874\n");
	record_foreign_uuid(VF, 874, uuid);
	ck_assert_uint_eq(list(&vgpus), 1);
	ck_assert_str_eq(vgpus->owner, RECORD_FOREIGN);
	ck_assert_mem_eq(vgpus->uuid, uuid, 16);
	list(&again);
	ck_assert_mem_eq(vgpus, again, sizeof(*vgpus));
	free(again);
	free(vgpus);
}
END_TEST

/* What another program put where ours was is not ours, and the record goes. */
START_TEST(test_record_of_one_that_is_gone)
{
	struct framework_vgpu vgpu, other, *vgpus;
	enum nvvgpu_vgpu_state state;
	struct record record;
	bool destroyed = true;

	ck_assert_int_eq(create(&vgpu), 0);
	write_type(VF, "0\n");
	ck_assert_uint_eq(list(&vgpus), 0);
	free(vgpus);
	assert_error(fw->ops.get_state(fw, &vgpu, &state), ENODEV, NVVGPU_REASON_NOT_FOUND);
	write_type(VF, "884\n");
	ck_assert_uint_eq(list(&vgpus), 1);
	ck_assert_str_eq(vgpus->owner, RECORD_FOREIGN);
	free(vgpus);
	ck_assert_int_eq(fw->ops.destroy(fw, &vgpu, &destroyed), 0);
	ck_assert(!destroyed);
	ck_assert_uint_eq(list(&vgpus), 1);
	free(vgpus);
	ck_assert_int_eq(record_read(&door.os, VF, &record), -ENOENT);
	ck_assert_int_eq(create(&other), 0);
	ck_assert_str_eq(other.vf, NEXT_VF);
}
END_TEST

/* What another program cleared does not keep its uuid. */
START_TEST(test_uuid_of_one_that_is_gone)
{
	struct framework_vgpu vgpu;

	ck_assert_int_eq(create(&vgpu), 0);
	write_type(VF, "0\n");
	ck_assert_int_eq(create(&vgpu), 0);
}
END_TEST

/* A record is nobody's word for what a VF holds. */
START_TEST(test_forged_records)
{
	struct record record = { .key = VF, .gpu = GPU, .uuid = { 7 }, .type_id = 1, .owner = "evil" };
	struct framework_vgpu *vgpus;

	ck_assert_int_eq(record_write(&door.os, &record), 0);
	strcpy(record.key, "0000:99:00.0");
	ck_assert_int_eq(record_write(&door.os, &record), 0);
	strcpy(record.key, "../../etc");
	ck_assert_int_eq(record_write(&door.os, &record), -EINVAL);
	ck_assert_uint_eq(list(&vgpus), 0);
	free(vgpus);
	write_type(VF, "874\n");
	ck_assert_uint_eq(list(&vgpus), 1);
	ck_assert_str_eq(vgpus->owner, RECORD_FOREIGN);
	free(vgpus);
}
END_TEST

START_TEST(test_uuid_taken)
{
	struct framework_vgpu vgpu;

	ck_assert_int_eq(create(&vgpu), 0);
	assert_error(create(&vgpu), EEXIST, NVVGPU_REASON_EXISTS);
}
END_TEST

/* ------------------------------------------------------------------ destroy */

static int one_holder(struct door *d, const char *name,
		      int (*each)(pid_t pid, const char *program, void *arg), void *arg)
{
	ck_assert_str_eq(name, VF);
	return each(4711, "qemu-system\x1b", arg);
}

START_TEST(test_destroy_open)
{
	struct framework_vgpu vgpu;
	enum nvvgpu_vgpu_state state;
	bool destroyed;

	ck_assert_int_eq(create(&vgpu), 0);
	door.on_holders = one_holder;
	door.writes = 0;
	assert_error(fw->ops.destroy(fw, &vgpu, &destroyed), EBUSY, NVVGPU_REASON_IN_USE);
	assert_cause("open in process 4711 (qemu-system?)");
	ck_assert_int_eq(door.writes, 0);		/* the driver was not even asked */
	assert_error(fw->ops.set_params(fw, &vgpu, "a=1"), EBUSY, NVVGPU_REASON_IN_USE);
	ck_assert_int_eq(door.writes, 0);
	ck_assert_int_eq(fw->ops.get_state(fw, &vgpu, &state), 0);
	ck_assert_int_eq(state, NVVGPU_VGPU_RUNNING);
}
END_TEST

static int blind(struct door *d, const char *name,
		 int (*each)(pid_t pid, const char *program, void *arg), void *arg)
{
	return -EACCES;
}

static int always_busy(struct door *d, const char *path, const char *value)
{
	return door_ends(path, CURRENT) ? -EBUSY : DOOR_PASS;
}

/* Who has it open cannot be found out: then it is not told, and nothing is destroyed. */
START_TEST(test_destroy_open_by_somebody)
{
	struct framework_vgpu vgpu, *vgpus;
	enum nvvgpu_vgpu_state state;
	bool destroyed;

	ck_assert_int_eq(create(&vgpu), 0);
	door.on_holders = blind;
	ck_assert_int_eq(fw->ops.get_state(fw, &vgpu, &state), 0);
	ck_assert_int_eq(state, NVVGPU_VGPU_UNKNOWN);
	door.on_write = always_busy;
	assert_error(fw->ops.destroy(fw, &vgpu, &destroyed), EBUSY, NVVGPU_REASON_IN_USE);
	ck_assert_uint_eq(list(&vgpus), 1);
	ck_assert_str_eq(vgpus->owner, "me");
	free(vgpus);
}
END_TEST

static int busy_for_a_while(struct door *d, const char *path, const char *value)
{
	return door_ends(path, CURRENT) && d->number-- > 0 ? -EBUSY : DOOR_PASS;
}

START_TEST(test_destroy_behind_a_vmm)
{
	struct framework_vgpu vgpu;
	bool destroyed;

	ck_assert_int_eq(create(&vgpu), 0);
	door.on_write = busy_for_a_while;
	door.number = 3;
	ck_assert_int_eq(fw->ops.destroy(fw, &vgpu, &destroyed), 0);
	ck_assert(destroyed);
	assert_untouched();
}
END_TEST

/* The driver removed it by itself just before: EPERM, which is what was wanted. */
static int clear_twice(struct door *d, const char *path, const char *value)
{
	if (door_ends(path, CURRENT) && !strcmp(value, "0\n"))
		d->inner->ops->attr_write(d->inner, path, value);
	return DOOR_PASS;
}

START_TEST(test_destroy_of_a_clear_one)
{
	struct framework_vgpu vgpu;
	bool destroyed;

	ck_assert_int_eq(create(&vgpu), 0);
	door.on_write = clear_twice;
	ck_assert_int_eq(fw->ops.destroy(fw, &vgpu, &destroyed), 0);
	assert_untouched();
}
END_TEST

/* --------------------------------------------------------------------- mode */

static int ignore_mode(struct door *d, bool mixed)
{
	return DOOR_DONE;
}

START_TEST(test_mode_read_back)
{
	door.on_mixed_set = ignore_mode;
	assert_error(fw->ops.set_mixed_size(fw, true), EIO, NVVGPU_REASON_IO);
	assert_cause("equal-size");
}
END_TEST

START_TEST(test_params_are_cleared)
{
	struct framework_vgpu vgpu;
	char *params;

	ck_assert_int_eq(create(&vgpu), 0);
	ck_assert_int_eq(fw->ops.set_params(fw, &vgpu, ""), 0);
	ck_assert_int_eq(fw->ops.get_params(fw, &vgpu, &params), 0);
	ck_assert_str_eq(params, "");
	free(params);
}
END_TEST

static int odd_params(struct door *d, const char *path, char *buf, size_t size)
{
	if (!door_ends(path, PARAMS))
		return DOOR_PASS;
	snprintf(buf, size, "a=\x1b[2J\n");
	return DOOR_DONE;
}

/* What cannot be read back was not refused. */
START_TEST(test_params_that_make_no_sense)
{
	struct framework_vgpu vgpu;
	char *params;

	ck_assert_int_eq(create(&vgpu), 0);
	door.on_read = odd_params;
	assert_error(fw->ops.get_params(fw, &vgpu, &params), EIO, NVVGPU_REASON_IO);
	assert_cause("makes no sense");
	assert_error(fw->ops.set_params(fw, &vgpu, "a=1"), EIO, NVVGPU_REASON_IO);
	assert_cause("setting the parameters");
}
END_TEST

/* -------------------------------------------------------------------- trees */

static struct tree tree;
static struct nvvgpu *host;

static void open_tree(void)
{
	ck_assert_int_eq(nvvgpu_open(tree.uri, &host), 0);
}

static void setup_tree(void)
{
	tree_make(&tree, "l40s");
	host = NULL;
}

static void teardown_tree(void)
{
	nvvgpu_unref(host);
	tree_remove(&tree);
}

static void put(const char *vf, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "devices/pci0000:00/%s%s", vf, file);
	tree_file(&tree, path, text, strlen(text));
}

static struct nvvgpu_gpu *gpu(void)
{
	return gpu_at(host, 0);
}

static const struct {
	const char *file, *text;
} nonsense[] = {
	{ CURRENT, "" }, { CURRENT, "1150 \n" }, { CURRENT, "NVIDIA L40S-4Q\n" }, { CURRENT, "-1\n" },
	{ CURRENT, "99999999999\n" }, { CURRENT, "\x1b[2J" },
	{ CURRENT, "111111111111111111111111111111111111111111111111111111111111111\n" },
	{ ROWS, "nonsense\n" }, { ROWS, "ID    : vGPU Name\n1 : \xff\n" },
	{ PLACE, "first\n" }, { PLACE, "" },
};

/* An answer that makes no sense is a failure that names the VF, not an empty list. */
START_TEST(test_nonsense)
{
	const char *vf = strcmp(nonsense[_i].file, ROWS) ? NEXT_VF : VF;
	struct nvvgpu_vgpu_list *vgpus = (void *)&tree;

	put(vf, nonsense[_i].file, nonsense[_i].text);
	open_tree();
	assert_error(nvvgpu_vgpu_list(gpu(), &vgpus), EIO, NVVGPU_REASON_IO);
	ck_assert_ptr_eq(vgpus, &tree);
	ck_assert_str_eq(nvvgpu_error_get_object(nvvgpu_last_error()), vf);
}
END_TEST

START_TEST(test_huge_attribute)
{
	struct nvvgpu_type_list *list;
	char *text = malloc(OS_ATTR_MAX + 1);

	memset(text, '\n', OS_ATTR_MAX);
	text[OS_ATTR_MAX] = '\0';
	put(VF, ROWS, text);
	open_tree();
	assert_error(nvvgpu_type_list(gpu(), 0, &list), EIO, NVVGPU_REASON_IO);
	free(text);
}
END_TEST

static const char *const odd_rows[] = {
	"1150  : NVIDIA L40S-4Q\n",			/* without header, once a vGPU exists */
	"ID    : vGPU Name\n1150  : NVIDIA L40S-4Q\n",
	"ID    : vGPU Name\n1150 : NVIDIA L40S-4Q",
};

START_TEST(test_odd_rows)
{
	struct nvvgpu_type *type;
	uint32_t available = 0;

	put(VF, ROWS, odd_rows[_i]);
	open_tree();
	ck_assert_int_eq(nvvgpu_type_lookup(gpu(), "L40S-4Q", &type), 0);
	ck_assert(nvvgpu_type_is_creatable(type));
	ck_assert_int_eq(nvvgpu_type_get_available(type, &available), 0);
	ck_assert_uint_eq(available, 3);
	nvvgpu_type_unref(type);
}
END_TEST

/* Nothing creatable: header only, or an empty file; with a reason. */
START_TEST(test_nothing_creatable)
{
	static const char *const texts[] = { "", "ID    : vGPU Name\n" };
	struct nvvgpu_type_list *list;
	struct nvvgpu_type *type;

	put(VF, ROWS, texts[_i]);
	put("0000:41:00.6", ROWS, texts[_i]);
	put("0000:41:00.7", ROWS, texts[_i]);
	open_tree();
	ck_assert_int_eq(nvvgpu_type_list(gpu(), NVVGPU_TYPE_CREATABLE, &list), 0);
	ck_assert_uint_eq(nvvgpu_type_list_size(list), 0);
	nvvgpu_type_list_unref(list);
	ck_assert_int_eq(nvvgpu_type_lookup(gpu(), "L40S-8Q", &type), 0);
	ck_assert_int_eq(nvvgpu_type_get_reason(type), NVVGPU_REASON_EQUAL_SIZE);
	ck_assert_ptr_nonnull(strstr(nvvgpu_type_get_reason_text(type), "4 GiB"));
	nvvgpu_type_unref(type);
}
END_TEST

/* VFs that the framework does not drive are no vGPUs; VFs go by their number. */
START_TEST(test_functions)
{
	struct nvvgpu_vgpu_list *vgpus;
	char name[64], path[160];

	for (int i = 4; i < 12; i++) {
		snprintf(name, sizeof(name), "devices/pci0000:00/0000:41:01.%x" CURRENT, i - 4);
		tree_file(&tree, name, i == 10 ? "1150\n" : "0\n", i == 10 ? 5 : 2);
		snprintf(path, sizeof(path), "devices/pci0000:00/" GPU "/virtfn%d", i);
		snprintf(name, sizeof(name), "../0000:41:01.%x", i - 4);
		tree_link(&tree, path, name);
		snprintf(path, sizeof(path), "bus/pci/devices/0000:41:01.%x", i - 4);
		snprintf(name, sizeof(name), "../../../devices/pci0000:00/0000:41:01.%x", i - 4);
		tree_link(&tree, path, name);
	}
	snprintf(path, sizeof(path), "%s/sys/devices/pci0000:00/" VF "/nvidia", tree.dir);
	ck_assert_int_eq(nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
	open_tree();
	ck_assert_int_eq(nvvgpu_vgpu_list(gpu(), &vgpus), 0);
	ck_assert_uint_eq(nvvgpu_vgpu_list_size(vgpus), 2);
	ck_assert_str_eq(nvvgpu_vgpu_get_vf(nvvgpu_vgpu_list_get(vgpus, 0)), NEXT_VF);
	ck_assert_str_eq(nvvgpu_vgpu_get_vf(nvvgpu_vgpu_list_get(vgpus, 1)), "0000:41:01.6");
	nvvgpu_vgpu_list_unref(vgpus);
}
END_TEST

START_TEST(test_dead_link)
{
	struct nvvgpu_vgpu_list *vgpus;

	tree_link(&tree, "devices/pci0000:00/" GPU "/virtfn9", "not an address");
	open_tree();
	/* the framework is not believed to be there, and the reason is told */
	ck_assert_int_ne(nvvgpu_gpu_get_reason(gpu()), NVVGPU_REASON_NONE);
	ck_assert_int_lt(nvvgpu_vgpu_list(gpu(), &vgpus), 0);
}
END_TEST

/* ------------------------------------------------------- boards and their types */

/* What the driver calls a type counts, whatever the table has under that id. */
START_TEST(test_ids_that_differ)
{
	static const char rows[] = "ID    : vGPU Name\n910   : NVIDIA L4-2B\n1000  : NVIDIA L4-4Q\n";
	static const char *const vfs[] = { VF, NEXT_VF, "0000:41:00.6", "0000:41:00.7" };
	struct nvvgpu_type_list *list;
	struct nvvgpu_type *type;

	put(GPU, "/device", "0x27b8\n");
	for (int i = 0; i < 4; i++) {
		put(vfs[i], CURRENT, "0\n");
		put(vfs[i], ROWS, rows);
	}
	open_tree();
	ck_assert_int_eq(nvvgpu_type_list(gpu(), 0, &list), 0);
	ck_assert_uint_eq(nvvgpu_type_list_size(list), 2);	/* nothing of the table's ids */
	type = nvvgpu_type_list_get(list, 0);
	ck_assert_uint_eq(nvvgpu_type_get_id(type), 910);
	ck_assert_str_eq(nvvgpu_type_get_name(type), "NVIDIA L4-2B");
	ck_assert_uint_eq(nvvgpu_type_get_framebuffer_bytes(type), 2ULL << 30);
	ck_assert_uint_eq(nvvgpu_type_get_max_instances(type), 12);	/* by its name */
	nvvgpu_type_list_unref(list);
}
END_TEST

/* A board that nobody knows: what its driver and the names say, and the rest unknown. */
START_TEST(test_unknown_board)
{
	static const char rows[] = "ID    : vGPU Name\n1428 : NVIDIA H200X-141C\n1429 : NVIDIA H200X-17C\n";
	struct nvvgpu_vgpu_list *vgpus;
	struct nvvgpu_type *type;
	uint32_t number;
	size_t count;

	put(GPU, "/device", "0x233b\n");
	put(VF, ROWS, rows);
	put(NEXT_VF, CURRENT, "1430\n");
	put(NEXT_VF, PLACE, "Not Applicable\n");
	open_tree();
	ck_assert_uint_eq(nvvgpu_gpu_get_framebuffer_bytes(gpu()), 0);
	ck_assert_int_eq(nvvgpu_type_lookup(gpu(), "H200X-17C", &type), 0);
	ck_assert_uint_eq(nvvgpu_type_get_framebuffer_bytes(type), 17ULL << 30);
	ck_assert_str_eq(nvvgpu_type_get_class(type), "Compute");
	ck_assert_uint_eq(nvvgpu_type_get_max_instances(type), 0);
	ck_assert_uint_eq(nvvgpu_type_get_heads(type), 0);
	ck_assert(nvvgpu_type_is_creatable(type));
	ck_assert_int_eq(nvvgpu_type_get_reason(type), NVVGPU_REASON_NONE);
	assert_error(nvvgpu_type_get_available(type, &number), ENODATA, NVVGPU_REASON_UNKNOWN);
	assert_error(nvvgpu_type_get_placements(type, NVVGPU_PLACEMENT_SUPPORTED, NULL, 0, &count,
						NULL), EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED);
	nvvgpu_type_unref(type);
	ck_assert_int_eq(nvvgpu_vgpu_list(gpu(), &vgpus), 0);
	ck_assert_uint_eq(nvvgpu_vgpu_list_size(vgpus), 1);
	ck_assert_str_eq(nvvgpu_vgpu_get_type_name(nvvgpu_vgpu_list_get(vgpus, 0)), "1430");
	ck_assert_int_eq(nvvgpu_vgpu_get_placement(nvvgpu_vgpu_list_get(vgpus, 0), &number), -ENODATA);
	nvvgpu_vgpu_list_unref(vgpus);
}
END_TEST

#ifdef HAS_XML
static void put_config(const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "mkdir -p %s/usr/share/nvidia/vgpu", tree.dir);
	ck_assert_int_eq(system(path), 0);
	snprintf(path, sizeof(path), "%s/usr/share/nvidia/vgpu/vgpuConfig.xml", tree.dir);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

/* The host's own table: all types of the board, also while none can be created. */
START_TEST(test_vgpu_config)
{
	struct nvvgpu_vgpu_list *vgpus;
	struct nvvgpu_type *type;
	uint32_t available;

	put(GPU, "/device", "0x233b\n");
	put(VF, ROWS, "ID    : vGPU Name\n1430 : NVIDIA H200X-35C\n");
	put(NEXT_VF, CURRENT, "1430\n");
	put_config("<vgpuconfig>"
		   "<vgpuType id=\"1428\" name=\"NVIDIA H200X-141C\" class=\"Compute\">"
		   "<profileSize>0x2340000000</profileSize></vgpuType>"
		   "<vgpuType id=\"1430\" name=\"NVIDIA H200X-35C\" class=\"Compute\">"
		   "<profileSize>0x8c0000000</profileSize><numHeads>1</numHeads></vgpuType>"
		   "<pgpu><devId deviceId=\"0x233B\" subsystemId=\"0\"/>"
		   "<supportedVgpu vgpuId=\"1430\"><maxVgpus>4</maxVgpus></supportedVgpu>"
		   "<supportedVgpu vgpuId=\"1428\"><maxVgpus>1</maxVgpus></supportedVgpu></pgpu>"
		   "</vgpuconfig>");
	open_tree();
	ck_assert_uint_eq(nvvgpu_gpu_get_framebuffer_bytes(gpu()), 141ULL << 30);
	ck_assert_int_eq(nvvgpu_type_lookup(gpu(), "H200X-141C", &type), 0);
	ck_assert_int_eq(nvvgpu_type_get_reason(type), NVVGPU_REASON_EQUAL_SIZE);
	ck_assert_uint_eq(nvvgpu_type_get_max_instances(type), 1);
	nvvgpu_type_unref(type);
	ck_assert_int_eq(nvvgpu_type_lookup(gpu(), "1430", &type), 0);
	ck_assert_uint_eq(nvvgpu_type_get_heads(type), 1);
	ck_assert_int_eq(nvvgpu_type_get_available(type, &available), 0);
	ck_assert_uint_eq(available, 3);
	nvvgpu_type_unref(type);
	ck_assert_int_eq(nvvgpu_vgpu_list(gpu(), &vgpus), 0);
	ck_assert_str_eq(nvvgpu_vgpu_get_type_name(nvvgpu_vgpu_list_get(vgpus, 0)),
			 "NVIDIA H200X-35C");
	nvvgpu_vgpu_list_unref(vgpus);
}
END_TEST
#endif

/* The records that were captured with a tree say whose its vGPUs are. */
START_TEST(test_captured_record)
{
	static const char text[] = "nvvgpu-record 1\ngpu " GPU "\nuuid 6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a001\n"
				   "type 1150\nowner me\nparams \nend\n";
	struct nvvgpu_vgpu *vgpu;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/run", tree.dir);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/run/nvvgpu", tree.dir);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/run/nvvgpu/" NEXT_VF ".vgpu", tree.dir);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	open_tree();
	ck_assert_int_eq(nvvgpu_vgpu_lookup(host, "6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a001", &vgpu), 0);
	ck_assert_str_eq(nvvgpu_vgpu_get_owner(vgpu), "me");
	assert_error(nvvgpu_destroy(vgpu), EROFS, NVVGPU_REASON_READ_ONLY);
	assert_error(nvvgpu_vgpu_set_params(vgpu, ""), EROFS, NVVGPU_REASON_READ_ONLY);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
	Suite *suite = suite_create("vendor");
	TCase *driver = tcase_create("driver"), *killed = tcase_create("killed"), *trees = tcase_create("trees");
	SRunner *runner;
	int failed;

	tcase_set_timeout(driver, 60);
	tcase_add_checked_fixture(driver, setup, close_framework);
	tcase_add_test(driver, test_create);
	tcase_add_test(driver, test_each_write_fails);
	tcase_add_test(driver, test_each_read_fails);
	tcase_add_test(driver, test_vf_stolen);
	tcase_add_test(driver, test_named_vf_stolen);
	tcase_add_loop_test(driver, test_driver_refuses, 0, COUNT(refusals));
	tcase_add_test(driver, test_placement_behind_the_type);
	tcase_add_loop_test(driver, test_read_back, 0, 7);
	tcase_add_test(driver, test_foreign);
	tcase_add_test(driver, test_record_of_one_that_is_gone);
	tcase_add_test(driver, test_uuid_of_one_that_is_gone);
	tcase_add_test(driver, test_forged_records);
	tcase_add_test(driver, test_uuid_taken);
	tcase_add_test(driver, test_destroy_open);
	tcase_add_test(driver, test_destroy_open_by_somebody);
	tcase_add_test(driver, test_destroy_behind_a_vmm);
	tcase_add_test(driver, test_destroy_of_a_clear_one);
	tcase_add_test(driver, test_mode_read_back);
	tcase_add_test(driver, test_params_are_cleared);
	tcase_add_test(driver, test_params_that_make_no_sense);
	suite_add_tcase(suite, driver);
	tcase_set_timeout(killed, 60);
	tcase_add_loop_test(killed, test_killed_at_each_step, 0, 2);
	suite_add_tcase(suite, killed);
	tcase_add_checked_fixture(trees, setup_tree, teardown_tree);
	tcase_add_loop_test(trees, test_nonsense, 0, COUNT(nonsense));
	tcase_add_test(trees, test_huge_attribute);
	tcase_add_loop_test(trees, test_odd_rows, 0, COUNT(odd_rows));
	tcase_add_loop_test(trees, test_nothing_creatable, 0, 2);
	tcase_add_test(trees, test_functions);
	tcase_add_test(trees, test_dead_link);
	tcase_add_test(trees, test_ids_that_differ);
	tcase_add_test(trees, test_unknown_board);
#ifdef HAS_XML
	tcase_add_test(trees, test_vgpu_config);
#endif
	tcase_add_test(trees, test_captured_record);
	suite_add_tcase(suite, trees);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
