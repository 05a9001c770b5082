// SPDX-License-Identifier: MIT
/*
 * The framework mdev over the emulated host's own driver, which a door between them makes fail,
 * lie, and be faster than we are.
 */
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "framework/framework.h"
#include "framework/mdev.h"
#include "mdev.h"
#include "os/run.h"
#include "../harness/door.h"

#define GPU	"0000:41:00.0"
#define VF	"0000:41:00.4"		/* the first */
#define NEXT_VF	"0000:41:00.5"
#define A40_4Q	560
#define A40_8Q	562
#define PARAMS	"/nvidia/vgpu_params"
#define UUID	"01020300-0000-0000-0000-000000000000"
#define OTHER	"6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a002"

static struct door door;
static struct framework *fw;
static struct framework_types *types;

static void open_framework(const char *uri)
{
	door_open(&door, uri);
	ck_assert_int_eq(framework_open(&door.os, GPU, &fw), 0);
	ck_assert_str_eq(fw->ops.name, "mdev");
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
	open_framework("emu:a40?framework=mdev");
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
		.type = framework_types_find(types, A40_4Q),
		.uuid = { 1, 2, 3 },
		.params = "frame_rate_limiter=0",
		.owner = "me",
	};
}

static int create(struct framework_vgpu *vgpu)
{
	struct framework_request request = wish();

	return fw->ops.create(fw, &request, vgpu);
}

static int create_on(const char *vf, struct framework_vgpu *vgpu)
{
	struct framework_request request = wish();

	request.vf = vf;
	return fw->ops.create(fw, &request, vgpu);
}

static size_t list(struct framework_vgpu **ret)
{
	size_t count = 77;

	ck_assert_int_eq(fw->ops.vgpu_list(fw, ret, &count), 0);
	return count;
}

static size_t count(void)
{
	struct framework_vgpu *vgpus;
	size_t number = list(&vgpus);

	free(vgpus);
	return number;
}

/* What another program does, behind our back. */
static int other_creates(const char *vf, unsigned int type, const char *uuid)
{
	char path[128];

	snprintf(path, sizeof(path), "bus/pci/devices/%s/" MDEV_TYPES "/nvidia-%u/create", vf, type);
	return door.inner->ops->attr_write(door.inner, path, uuid);
}

static void other_removes(const char *uuid)
{
	char path[128];

	snprintf(path, sizeof(path), "bus/mdev/devices/%s/remove", uuid);
	ck_assert_int_eq(door.inner->ops->attr_write(door.inner, path, "1\n"), 0);
}

static int refuse_any(const char *name, void *arg)
{
	ck_assert_msg(strstr(name, ".lock"), "left over in the run directory: %s", name);
	return 0;
}

static void assert_no_records(void)
{
	ck_assert_int_eq(run_list(door.os.ops->run(&door.os), refuse_any, NULL), 0);
}

/* Nobody could say that anything was tried. */
static void assert_untouched(void)
{
	door.on_write = NULL;
	door.on_read = NULL;
	door.on_link = NULL;
	door.on_holders = NULL;
	ck_assert_uint_eq(count(), 0);
	assert_no_records();
}

/* ------------------------------------------------------------------ create */

static int read_record(struct record *record)
{
	char key[RECORD_KEY_LEN];

	mdev_key(key, GPU, UUID);
	return record_read(&door.os, key, record);
}

START_TEST(create_and_destroy)
{
	struct framework_vgpu vgpu, *vgpus;
	struct record record;
	char *params, name[64];
	bool destroyed;

	ck_assert_int_eq(create(&vgpu), 0);
	ck_assert_str_eq(vgpu.vf, VF);
	ck_assert_str_eq(vgpu.owner, "me");
	ck_assert_str_eq(vgpu.type_name, "NVIDIA A40-4Q");
	ck_assert_mem_eq(vgpu.uuid, ((uint8_t[16]){ 1, 2, 3 }), 16);
	ck_assert(!vgpu.has_placement);
	ck_assert_int_eq(fw->ops.get_params(fw, &vgpu, &params), 0);
	ck_assert_str_eq(params, "frame_rate_limiter=0");
	free(params);
	ck_assert_int_eq(fw->ops.vfio_name(fw, &vgpu, name, sizeof(name)), 0);
	ck_assert_str_eq(name, "/sys/bus/mdev/devices/" UUID);
	ck_assert_int_eq(read_record(&record), 0);
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
START_TEST(each_write_fails)
{
	struct framework_vgpu vgpu;
	int number = 1;

	for (;; number++) {
		door.on_write = fail_one_write;
		door.writes = 0;
		door.number = number;
		if (!create(&vgpu))
			break;
		ck_assert_int_lt(number, 10);
		ck_assert_int_eq(nvvgpu_error_get_errno(nvvgpu_last_error()), EIO);
		assert_untouched();
	}
	ck_assert_int_eq(number, 3);		/* the uuid, the parameters */
}
END_TEST

static int fail_one_look(struct door *d, const char *path)
{
	return --d->number ? DOOR_PASS : -EIO;
}

static int fail_read(struct door *d, const char *path, char *buf, size_t size)
{
	return fail_one_look(d, path);
}

/* Reads and links: either it is created whole, or nothing is left. */
START_TEST(each_look_fails)
{
	struct framework_vgpu vgpu;
	unsigned int failures = 0;
	char *params;
	bool destroyed;

	for (int number = 1; number < 60; number++) {
		door.on_read = door.on_link = fail_read;
		door.on_list = fail_one_look;
		door.number = number;
		failures += create(&vgpu) != 0;
		door.on_list = NULL;
		door.on_read = door.on_link = NULL;
		if (!count()) {
			assert_untouched();
			continue;
		}
		ck_assert_int_eq(fw->ops.get_params(fw, &vgpu, &params), 0);
		ck_assert_str_eq(params, "frame_rate_limiter=0");
		free(params);
		ck_assert_int_eq(fw->ops.destroy(fw, &vgpu, &destroyed), 0);
		ck_assert(destroyed);
	}
	ck_assert_uint_gt(failures, 3);
}
END_TEST

static const struct {
	int err, wanted_err;
	enum nvvgpu_reason reason;
	const char *next;
} refusals[] = {
	{ -EIO, EIO, NVVGPU_REASON_FIRMWARE, "nvidia-vgpu-mgr" },
	{ -EINVAL, EINVAL, NVVGPU_REASON_FIRMWARE, "nvidia-vgpu-mgr" },
	{ -EACCES, EACCES, NVVGPU_REASON_PERMISSION, "" },
	{ -ENOMEM, ENOMEM, NVVGPU_REASON_OUT_OF_MEMORY, "" },
	{ -EUSERS, EBUSY, NVVGPU_REASON_BUSY, "again" },	/* offered, and always taken by others */
	{ -EBUSY, EBUSY, NVVGPU_REASON_BUSY, "again" },
	{ -EEXIST, EEXIST, NVVGPU_REASON_EXISTS, "" },
};

static int refuse_uuid(struct door *d, const char *path, const char *value)
{
	return door_ends(path, "/create") ? refusals[d->number].err : DOOR_PASS;
}

START_TEST(driver_refuses)
{
	struct framework_vgpu vgpu;

	door.on_write = refuse_uuid;
	door.number = _i;
	assert_error(create(&vgpu), refusals[_i].wanted_err, refusals[_i].reason);
	ck_assert_ptr_nonnull(strstr(nvvgpu_error_get_next_step(nvvgpu_last_error()),
				     refusals[_i].next));
	assert_untouched();
}
END_TEST

/* Another program, that knows nothing of locks, takes the VF between our look and our write. */
static int steal(struct door *d, const char *path, const char *value)
{
	if (!door_ends(path, "/create") || d->flag)
		return DOOR_PASS;
	d->flag = true;
	ck_assert_int_eq(d->inner->ops->attr_write(d->inner, path, OTHER), 0);
	return DOOR_PASS;
}

START_TEST(vf_stolen)
{
	struct framework_vgpu vgpu, *vgpus;

	door.on_write = steal;
	ck_assert_int_eq(create(&vgpu), 0);
	ck_assert_str_eq(vgpu.vf, NEXT_VF);
	ck_assert_uint_eq(list(&vgpus), 2);
	ck_assert_str_eq(vgpus[0].vf, VF);
	ck_assert_str_eq(vgpus[0].owner, RECORD_FOREIGN);
	ck_assert_str_eq(vgpus[1].owner, "me");
	free(vgpus);
}
END_TEST

static int refuse_once(struct door *d, const char *path, const char *value)
{
	if (!door_ends(path, "/create") || d->flag)
		return DOOR_PASS;
	d->flag = true;
	return -EBUSY;
}

/* Whoever took it has given it back. */
START_TEST(named_vf_stolen_for_a_moment)
{
	struct framework_vgpu vgpu;

	door.on_write = refuse_once;
	ck_assert_int_eq(create_on(VF, &vgpu), 0);
	ck_assert_str_eq(vgpu.vf, VF);
}
END_TEST

static int expect_lock(struct door *d, const char *path, const char *value)
{
	struct os_file *lock;

	ck_assert_int_eq(run_lock(d->os.ops->run(&d->os), GPU ".lock", 0, &lock), -EBUSY);
	d->number++;
	return DOOR_PASS;
}

/* Whatever is written to the driver. */
START_TEST(locked_while_writing)
{
	struct framework_vgpu vgpu;
	bool destroyed;

	door.on_write = expect_lock;
	ck_assert_int_eq(create(&vgpu), 0);
	ck_assert_int_eq(fw->ops.set_params(fw, &vgpu, "disable_vnc=1"), 0);
	ck_assert_int_eq(fw->ops.destroy(fw, &vgpu, &destroyed), 0);
	ck_assert_int_eq(door.number, 4);	/* the uuid, parameters twice, the end */
}
END_TEST

START_TEST(named_vf_stolen)
{
	struct framework_vgpu vgpu, *vgpus;

	door.on_write = steal;
	assert_error(create_on(VF, &vgpu), EBUSY, NVVGPU_REASON_VF_BUSY);
	ck_assert_uint_eq(list(&vgpus), 1);
	ck_assert_str_eq(vgpus[0].owner, RECORD_FOREIGN);
	free(vgpus);
	assert_no_records();
}
END_TEST

/* The other one's is of another size: then the driver says EINVAL, and offers ours nowhere. */
static int steal_the_size(struct door *d, const char *path, const char *value)
{
	if (!door_ends(path, "/create") || d->flag)
		return DOOR_PASS;
	d->flag = true;
	ck_assert_int_eq(other_creates(NEXT_VF, A40_8Q, OTHER), 0);
	return DOOR_PASS;
}

START_TEST(size_stolen)
{
	struct framework_vgpu vgpu;

	door.on_write = steal_the_size;
	assert_error(create(&vgpu), EINVAL, NVVGPU_REASON_EQUAL_SIZE);
	assert_cause("8 GiB");
	ck_assert_uint_eq(count(), 1);
	assert_no_records();
}
END_TEST

static int steal_the_uuid(struct door *d, const char *path, const char *value)
{
	if (!door_ends(path, "/create") || d->flag)
		return DOOR_PASS;
	d->flag = true;
	ck_assert_int_eq(other_creates(NEXT_VF, A40_4Q, value), 0);
	return DOOR_PASS;
}

/* It is theirs, and stays so. */
START_TEST(uuid_stolen)
{
	struct framework_vgpu vgpu, *vgpus;

	door.on_write = steal_the_uuid;
	assert_error(create(&vgpu), EEXIST, NVVGPU_REASON_EXISTS);
	ck_assert_uint_eq(list(&vgpus), 1);
	ck_assert_str_eq(vgpus[0].vf, NEXT_VF);
	ck_assert_str_eq(vgpus[0].owner, RECORD_FOREIGN);
	free(vgpus);
	assert_no_records();
}
END_TEST

START_TEST(uuid_taken)
{
	struct framework_vgpu vgpu;

	ck_assert_int_eq(create(&vgpu), 0);
	door.writes = 0;
	assert_error(create(&vgpu), EEXIST, NVVGPU_REASON_EXISTS);
	ck_assert_int_eq(door.writes, 0);
}
END_TEST

/* A VF says that there is room, and there is none: the next one may be right. */
static int boast(struct door *d, const char *path, char *buf, size_t size)
{
	if (!strstr(path, VF) || !door_ends(path, "/available_instances"))
		return DOOR_PASS;
	snprintf(buf, size, "%s", d->number ? "0\n" : "1\n");
	return DOOR_DONE;
}

START_TEST(count_that_lies)
{
	struct framework_vgpu vgpu;

	ck_assert_int_eq(other_creates(VF, A40_4Q, OTHER), 0);
	door.on_read = boast;
	assert_error(create_on(VF, &vgpu), EBUSY, NVVGPU_REASON_VF_BUSY);
	ck_assert_int_eq(create(&vgpu), 0);
	ck_assert_str_eq(vgpu.vf, NEXT_VF);
	ck_assert_int_eq(door.writes, 2);	/* where there is one nothing is tried */
}
END_TEST

/* Or that there is none where there would be: it is not tried. */
START_TEST(count_that_is_modest)
{
	struct framework_vgpu vgpu;

	door.on_read = boast;
	door.number = 1;
	assert_error(create_on(VF, &vgpu), EBUSY, NVVGPU_REASON_VF_BUSY);
	ck_assert_int_eq(door.writes, 0);
	ck_assert_int_eq(create(&vgpu), 0);
	ck_assert_str_eq(vgpu.vf, NEXT_VF);
}
END_TEST

START_TEST(vf_of_nobody)
{
	struct framework_vgpu vgpu;

	assert_error(create_on("0000:99:00.4", &vgpu), EINVAL, NVVGPU_REASON_NOT_FOUND);
	assert_error(create_on(GPU, &vgpu), EINVAL, NVVGPU_REASON_NOT_FOUND);
	assert_untouched();
}
END_TEST

START_TEST(placement_wanted)
{
	struct framework_request request = wish();
	struct framework_vgpu vgpu;

	request.has_placement = true;
	assert_error(fw->ops.create(fw, &request, &vgpu), EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED);
	assert_untouched();
}
END_TEST

/* Drivers that take something and show another thing. */
static int lie(struct door *d, const char *path, char *buf, size_t size)
{
	static const char *const lies[] = { "frame_rate_limiter=\n", "", "a\nb\n", "\x1b\n" };

	if (!d->writes || !door_ends(path, PARAMS))
		return DOOR_PASS;
	snprintf(buf, size, "%s", lies[d->number]);
	return DOOR_DONE;
}

START_TEST(params_read_back)
{
	struct framework_vgpu vgpu;

	door.on_read = lie;
	door.number = _i;
	ck_assert_int_lt(create(&vgpu), 0);
	ck_assert_str_ne(nvvgpu_error_get_cause(nvvgpu_last_error()), "");
	assert_untouched();
}
END_TEST

static int other_type(struct door *d, const char *path, char *buf, size_t size)
{
	if (!d->writes || !door_ends(path, "/mdev_type"))
		return DOOR_PASS;
	snprintf(buf, size, "nvidia-557");
	return DOOR_DONE;
}

START_TEST(type_read_back)
{
	struct framework_vgpu vgpu;

	door.on_link = other_type;
	assert_error(create(&vgpu), EIO, NVVGPU_REASON_IO);
	door.on_link = NULL;
	/* what is there is not what was asked for: it is told, not touched */
	assert_no_records();
	ck_assert_uint_eq(count(), 1);
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
	strcpy(directory, "/tmp/nvvgpu-mdev-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(state_uri, sizeof(state_uri), "emu:a40?framework=mdev&state=%s", directory);
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
	size_t number = list(&vgpus);

	ck_assert_uint_le(number, 1);
	if (number) {
		ck_assert_str_eq(vgpus->owner, "me");
		ck_assert_mem_eq(vgpus->uuid, ((uint8_t[16]){ 1, 2, 3 }), 16);
	}
	free(vgpus);
	return number;
}

/* The next change, by anybody, ends it: the vGPU is whole then, and its record too. */
static void check_whole(void)
{
	struct framework_request request = wish();
	struct framework_vgpu other, *vgpus;
	struct record record;
	bool destroyed;
	char *params;

	request.uuid[0] = 9;
	ck_assert_int_eq(fw->ops.create(fw, &request, &other), 0);
	ck_assert_int_eq(fw->ops.destroy(fw, &other, &destroyed), 0);
	if (check_known()) {
		list(&vgpus);
		ck_assert_int_eq(fw->ops.get_params(fw, vgpus, &params), 0);
		ck_assert_str_eq(params, "frame_rate_limiter=0");
		free(params);
		ck_assert_int_eq(read_record(&record), 0);
		ck_assert(record.complete);
		ck_assert_int_eq(fw->ops.destroy(fw, vgpus, &destroyed), 0);
		ck_assert(destroyed);
		free(vgpus);
	}
	assert_no_records();
}

START_TEST(killed_at_each_step)
{
	bool behind = _i, killed = true;
	int number;

	for (number = 1; killed; number++) {
		ck_assert_int_lt(number, 10);
		setup_state();
		killed = create_and_die(number, behind);
		open_framework(state_uri);
		ck_assert_uint_eq(check_known(), number > 1 || behind);
		check_whole();
		close_framework();
		teardown_state();
	}
	ck_assert_int_ge(number, 3);
}
END_TEST

/* ------------------------------------------------------------------ records */

START_TEST(foreign)
{
	struct framework_vgpu *vgpus;

	ck_assert_int_eq(other_creates(VF, A40_4Q, OTHER), 0);
	ck_assert_uint_eq(list(&vgpus), 1);
	ck_assert_str_eq(vgpus->owner, RECORD_FOREIGN);
	free(vgpus);
}
END_TEST

/* What another program made with the uuid of ours is not ours, and the record goes. */
START_TEST(record_of_one_that_is_gone)
{
	struct framework_vgpu vgpu, other, *vgpus;
	enum nvvgpu_vgpu_state state;
	struct record record;
	bool destroyed = true;

	ck_assert_int_eq(create(&vgpu), 0);
	other_removes(UUID);
	ck_assert_uint_eq(count(), 0);
	assert_error(fw->ops.get_state(fw, &vgpu, &state), ENODEV, NVVGPU_REASON_NOT_FOUND);
	ck_assert_int_eq(other_creates(NEXT_VF, A40_8Q, UUID), 0);
	ck_assert_uint_eq(list(&vgpus), 1);
	ck_assert_str_eq(vgpus->owner, RECORD_FOREIGN);
	free(vgpus);
	ck_assert_int_eq(fw->ops.destroy(fw, &vgpu, &destroyed), 0);
	ck_assert(!destroyed);
	ck_assert_uint_eq(count(), 1);
	ck_assert_int_eq(read_record(&record), -ENOENT);
	other_removes(UUID);
	ck_assert_int_eq(create(&other), 0);
}
END_TEST

/*
 * A program was killed while it wrote a record: nothing was made, and the next change removes it.
 * A record of another GPU may be one that is being written.
 */
START_TEST(torn_records)
{
	static const char *const texts[] = { "", "nvvgpu-record 1\ngpu " GPU "\nuuid 6f1b" };
	static const char other[] = "6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a00a@0000:99:00.0.creating";
	struct run *run = door.os.ops->run(&door.os);
	struct framework_vgpu vgpu;
	bool destroyed;
	char name[80], text[8];

	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a00%zu@" GPU
			 ".creating", i);
		ck_assert_int_eq(run_write(run, name, texts[i]), 0);
	}
	ck_assert_int_eq(run_write(run, other, ""), 0);
	ck_assert_int_eq(create(&vgpu), 0);
	ck_assert_int_eq(fw->ops.destroy(fw, &vgpu, &destroyed), 0);
	for (size_t i = 0; i < 2; i++) {
		name[strlen("6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a00")] = '0' + i;
		ck_assert_int_eq(run_read(run, name, text, sizeof(text)), -ENOENT);
	}
	ck_assert_int_eq(run_read(run, other, text, sizeof(text)), 0);
}
END_TEST

/* On another VF it is another one, whatever it is called. */
START_TEST(stale_handle)
{
	struct framework_vgpu vgpu;
	bool destroyed = true;

	ck_assert_int_eq(create(&vgpu), 0);
	other_removes(UUID);
	ck_assert_int_eq(other_creates(NEXT_VF, A40_4Q, UUID), 0);
	ck_assert_int_eq(fw->ops.destroy(fw, &vgpu, &destroyed), 0);
	ck_assert(!destroyed);
	ck_assert_uint_eq(count(), 1);
}
END_TEST

/* Two GPUs and one uuid: who loses takes nothing of the other's with it. */
START_TEST(one_uuid_on_two_gpus)
{
	struct framework_request request = wish();
	struct framework_vgpu vgpu, *vgpus;
	struct framework *second;

	close_framework();
	open_framework("emu:a40*2?framework=mdev");
	ck_assert_int_eq(framework_open(&door.os, "0000:42:00.0", &second), 0);
	ck_assert_int_eq(create(&vgpu), 0);
	assert_error(second->ops.create(second, &request, &vgpu), EEXIST, NVVGPU_REASON_EXISTS);
	ck_assert_uint_eq(list(&vgpus), 1);
	ck_assert_str_eq(vgpus->owner, "me");
	free(vgpus);
	framework_close(second);
}
END_TEST

/* ------------------------------------------------------------------ destroy */

static int one_holder(struct door *d, const char *name,
		      int (*each)(pid_t pid, const char *program, void *arg), void *arg)
{
	ck_assert_str_eq(name, UUID);
	return each(4711, "qemu-system\x1b", arg);
}

START_TEST(destroy_open)
{
	struct framework_vgpu vgpu;
	enum nvvgpu_vgpu_state state;
	bool destroyed;

	ck_assert_int_eq(create(&vgpu), 0);
	door.on_holders = one_holder;
	door.writes = 0;
	assert_error(fw->ops.destroy(fw, &vgpu, &destroyed), EBUSY, NVVGPU_REASON_IN_USE);
	assert_cause("open in process 4711 (qemu-system?)");
	ck_assert(!destroyed);
	assert_error(fw->ops.set_params(fw, &vgpu, "a=1"), EBUSY, NVVGPU_REASON_IN_USE);
	ck_assert_int_eq(door.writes, 0);		/* the driver was not even asked */
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
	return door_ends(path, "/remove") ? -EBUSY : DOOR_PASS;
}

/* Who has it open cannot be found out: then it is not told, and nothing is destroyed. */
START_TEST(destroy_open_by_somebody)
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
	return door_ends(path, "/remove") && d->number-- > 0 ? (d->flag ? -EAGAIN : -EBUSY) :
							       DOOR_PASS;
}

START_TEST(destroy_behind_a_vmm)
{
	struct framework_vgpu vgpu;
	bool destroyed;

	ck_assert_int_eq(create(&vgpu), 0);
	door.on_write = busy_for_a_while;
	door.number = 3;
	door.flag = _i;
	ck_assert_int_eq(fw->ops.destroy(fw, &vgpu, &destroyed), 0);
	ck_assert(destroyed);
	assert_untouched();
}
END_TEST

/* The driver removes it by itself just before: that is what was wanted. */
static int removed_already(struct door *d, const char *path, const char *value)
{
	if (door_ends(path, "/remove"))
		d->inner->ops->attr_write(d->inner, path, value);
	return DOOR_PASS;
}

/* Or fails at what it has begun. */
static int removed_and_failed(struct door *d, const char *path, const char *value)
{
	if (!door_ends(path, "/remove"))
		return DOOR_PASS;
	d->inner->ops->attr_write(d->inner, path, value);
	return -EIO;
}

START_TEST(destroy_of_one_that_goes)
{
	struct framework_vgpu vgpu;
	bool destroyed;

	ck_assert_int_eq(create(&vgpu), 0);
	door.on_write = _i ? removed_and_failed : removed_already;
	ck_assert_int_eq(fw->ops.destroy(fw, &vgpu, &destroyed), 0);
	assert_untouched();
}
END_TEST

static int refuse_remove(struct door *d, const char *path, const char *value)
{
	return door_ends(path, "/remove") ? -d->number : DOOR_PASS;
}

START_TEST(destroy_refused)
{
	struct framework_vgpu vgpu, *vgpus;
	bool destroyed = true;

	ck_assert_int_eq(create(&vgpu), 0);
	door.on_write = refuse_remove;
	door.number = EACCES;
	assert_error(fw->ops.destroy(fw, &vgpu, &destroyed), EACCES, NVVGPU_REASON_PERMISSION);
	ck_assert(!destroyed);
	door.number = EIO;
	assert_error(fw->ops.destroy(fw, &vgpu, &destroyed), EIO, NVVGPU_REASON_IO);
	ck_assert_uint_eq(list(&vgpus), 1);
	ck_assert_str_eq(vgpus->owner, "me");		/* still known */
	free(vgpus);
}
END_TEST

/* ---------------------------------------------------------------- the rest */

START_TEST(params_are_cleared)
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

static int ignore_mode(struct door *d, bool mixed)
{
	return DOOR_DONE;
}

START_TEST(mode_read_back)
{
	door.on_mixed_set = ignore_mode;
	assert_error(fw->ops.set_mixed_size(fw, true), EIO, NVVGPU_REASON_IO);
}
END_TEST

START_TEST(vfs_come_and_go)
{
	struct framework_vgpu vgpu;
	struct framework_state state;

	ck_assert_int_eq(door.inner->ops->attr_write(door.inner, "bus/pci/devices/" GPU
						     "/sriov_numvfs", "0"), 0);
	ck_assert_int_eq(mdev_judge(fw, A40_4Q, &state), 0);
	ck_assert_uint_eq(state.available, 0);
	ck_assert_int_lt(create(&vgpu), 0);
	assert_untouched();
	ck_assert_int_eq(door.inner->ops->attr_write(door.inner, "bus/pci/devices/" GPU
						     "/sriov_numvfs", "2"), 0);
	ck_assert_int_eq(mdev_judge(fw, A40_4Q, &state), 0);
	ck_assert_uint_eq(state.available, 2);
	ck_assert_int_eq(create(&vgpu), 0);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

void add_framework_cases(Suite *suite)
{
	TCase *cases = tcase_create("framework");

	tcase_set_timeout(cases, 60);
	tcase_add_checked_fixture(cases, setup, close_framework);
	tcase_add_test(cases, create_and_destroy);
	tcase_add_test(cases, each_write_fails);
	tcase_add_test(cases, each_look_fails);
	tcase_add_loop_test(cases, driver_refuses, 0, COUNT(refusals));
	tcase_add_test(cases, vf_stolen);
	tcase_add_test(cases, named_vf_stolen);
	tcase_add_test(cases, named_vf_stolen_for_a_moment);
	tcase_add_test(cases, locked_while_writing);
	tcase_add_test(cases, size_stolen);
	tcase_add_test(cases, uuid_stolen);
	tcase_add_test(cases, uuid_taken);
	tcase_add_test(cases, count_that_lies);
	tcase_add_test(cases, count_that_is_modest);
	tcase_add_test(cases, vf_of_nobody);
	tcase_add_test(cases, placement_wanted);
	tcase_add_loop_test(cases, params_read_back, 0, 4);
	tcase_add_test(cases, type_read_back);
	tcase_add_test(cases, foreign);
	tcase_add_test(cases, record_of_one_that_is_gone);
	tcase_add_test(cases, torn_records);
	tcase_add_test(cases, stale_handle);
	tcase_add_test(cases, one_uuid_on_two_gpus);
	tcase_add_test(cases, destroy_open);
	tcase_add_test(cases, destroy_open_by_somebody);
	tcase_add_loop_test(cases, destroy_behind_a_vmm, 0, 2);
	tcase_add_loop_test(cases, destroy_of_one_that_goes, 0, 2);
	tcase_add_test(cases, destroy_refused);
	tcase_add_test(cases, params_are_cleared);
	tcase_add_test(cases, mode_read_back);
	tcase_add_test(cases, vfs_come_and_go);
	suite_add_tcase(suite, cases);

	cases = tcase_create("killed");
	tcase_set_timeout(cases, 60);
	tcase_add_loop_test(cases, killed_at_each_step, 0, 2);
	suite_add_tcase(suite, cases);
}
