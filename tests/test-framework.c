// SPDX-License-Identifier: MIT
/* The framework of our own driver, against a driver that answers nonsense. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <uapi/nvvgpu.h>
#include "framework/framework.h"

#define GPU "0000:41:00.0"

/* What the driver answers; a test changes what it is about. */
static struct driver {
	int open_err, open_write_err;
	int ioctl_ret;			/* of the request below, 0: it works */
	unsigned long ioctl_request;
	struct nvvgpu_ioctl_info info;
	uint32_t type_count;		/* what it says; at most 4 are there */
	struct nvvgpu_type_state states[4];
	uint32_t vgpu_count;
	uint32_t vgpu_growth;		/* more of them by each call */
	struct nvvgpu_vgpu_info vgpu;
	uint32_t params_len;
	uint32_t why;
	int opened, closed, created, destroyed, type_gets, vgpu_lists;
} driver;

static struct framework *fw;

/* -------------------------------------------------------------- the driver */

static void get_type(struct nvvgpu_ioctl_type *type)
{
	driver.type_gets++;
	type->profile_bytes = (uint64_t)type->id << 30;
	memset(type->name, 'n', sizeof(type->name));		/* no NUL */
	memcpy(type->class_name, "a\x1b[1m", 6);
}

static int list_types(struct nvvgpu_ioctl_type_list *list)
{
	uint32_t room = list->count, there = driver.type_count < 4 ? driver.type_count : 4;

	list->count = driver.type_count;
	if (room < driver.type_count)
		return -ENOSPC;
	memcpy((void *)(uintptr_t)list->states, driver.states, there * sizeof(driver.states[0]));
	return 0;
}

static int list_vgpus(struct nvvgpu_ioctl_vgpu_list *list)
{
	struct nvvgpu_vgpu_info *infos = (void *)(uintptr_t)list->infos;
	uint32_t room = list->count;

	driver.vgpu_lists++;
	list->count = driver.vgpu_count;
	driver.vgpu_count += driver.vgpu_growth;
	if (room < list->count)
		return -ENOSPC;
	for (uint32_t i = 0; i < list->count; i++)
		infos[i] = driver.vgpu;
	return 0;
}

static int file_ioctl(struct os_file *file, unsigned long request, void *arg)
{
	if (driver.ioctl_ret && driver.ioctl_request == request) {
		if (request == NVVGPU_IOCTL_CREATE)
			((struct nvvgpu_ioctl_create *)arg)->why = driver.why;
		return driver.ioctl_ret;
	}
	switch (request) {
	case NVVGPU_IOCTL_INFO:
		*(struct nvvgpu_ioctl_info *)arg = driver.info;
		return 0;
	case NVVGPU_IOCTL_TYPE_GET:
		get_type(arg);
		return 0;
	case NVVGPU_IOCTL_TYPE_LIST:
		return list_types(arg);
	case NVVGPU_IOCTL_VGPU_LIST:
		return list_vgpus(arg);
	case NVVGPU_IOCTL_VGPU_GET:
		((struct nvvgpu_ioctl_vgpu_get *)arg)->info = driver.vgpu;
		return 0;
	case NVVGPU_IOCTL_CREATE:
		driver.created++;
		((struct nvvgpu_ioctl_create *)arg)->info = driver.vgpu;
		return 0;
	case NVVGPU_IOCTL_DESTROY:
		driver.destroyed++;
		return 0;
	case NVVGPU_IOCTL_PARAMS:
		((struct nvvgpu_ioctl_params *)arg)->len = driver.params_len;
		return 0;
	case NVVGPU_IOCTL_PLACEMENTS:
		((struct nvvgpu_ioctl_placements *)arg)->count = UINT32_MAX;
		return 0;
	default:
		return -ENOTTY;
	}
}

static void file_close(struct os_file *file)
{
	driver.closed++;
	free(file);
}

static const struct os_file_ops file_ops = { .close = file_close, .ioctl = file_ioctl };

static int control_open(struct os *os, const char *address, bool write, struct os_file **ret)
{
	int err = write ? driver.open_write_err : driver.open_err;

	ck_assert_str_eq(address, GPU);
	if (err)
		return err;
	*ret = calloc(1, sizeof(**ret));
	(*ret)->ops = &file_ops;
	driver.opened++;
	return 0;
}

static int link_read(struct os *os, const char *path, char *buf, size_t size)
{
	if (strcmp(path, "bus/pci/devices/" GPU "/virtfn7"))
		return -ENOENT;
	strcpy(buf, "not an address");
	return 0;
}

static int attr_read(struct os *os, const char *path, char *buf, size_t size, size_t *ret_len)
{
	return -ENOENT;
}

static int list(struct os *os, const char *path, int (*each)(const char *name, void *arg),
		void *arg)
{
	return -ENOENT;
}

static const struct os_ops os_ops = {
	.scheme = "fake",
	.attr_read = attr_read,
	.link_read = link_read,
	.list = list,
	.control_open = control_open,
};

static struct os os = { .ops = &os_ops };

static void setup(void)
{
	driver = (struct driver){
		.info = { .abi_version = NVVGPU_ABI_VERSION, .features = NVVGPU_FEATURE_EVENTS },
		.type_count = 2,
		.states = { { .id = 3, .available = 1 }, { .id = 5, .why = NVVGPU_WHY_EXHAUSTED } },
		.vgpu = { .id = 1, .type_id = 3, .uuid = { 1 } },
	};
	ck_assert_int_eq(framework_open(&os, GPU, &fw), 0);
}

static void teardown(void)
{
	framework_close(fw);
	ck_assert_int_eq(driver.opened, driver.closed);
}

static void reopen(void)
{
	framework_close(fw);
	ck_assert_int_eq(framework_open(&os, GPU, &fw), 0);
}

static void assert_error(int err, int wanted_err, int wanted_reason)
{
	ck_assert_int_eq(err, -wanted_err);
	ck_assert_int_eq(nvvgpu_error_get_errno(nvvgpu_last_error()), wanted_err);
	ck_assert_int_eq(nvvgpu_error_get_reason(nvvgpu_last_error()), wanted_reason);
}

/* -------------------------------------------------------------------- probe */

START_TEST(test_no_control_device)
{
	driver.open_err = -ENOENT;
	reopen();
	ck_assert_str_eq(fw->ops.name, "none");
	ck_assert_int_eq(fw->reason, NVVGPU_REASON_NO_DRIVER);
}
END_TEST

/* Shown as a GPU of this framework; what is asked of it says that access is missing. */
START_TEST(test_no_access)
{
	struct framework_info info;

	driver.open_err = -EACCES;
	reopen();
	ck_assert_str_eq(fw->ops.name, "nvvgpu");
	ck_assert_int_eq(fw->reason, NVVGPU_REASON_NONE);
	assert_error(fw->ops.info(fw, &info), EACCES, NVVGPU_REASON_PERMISSION);
	ck_assert_str_eq(nvvgpu_error_get_object(nvvgpu_last_error()), GPU);
	driver.open_err = 0;
	ck_assert_int_eq(fw->ops.info(fw, &info), 0);
}
END_TEST

START_TEST(test_other_abi)
{
	driver.info.abi_version = NVVGPU_ABI_VERSION + 1;
	reopen();
	ck_assert_str_eq(fw->ops.name, "none");
	ck_assert_int_eq(fw->reason, NVVGPU_REASON_NO_FRAMEWORK);
	ck_assert_ptr_nonnull(strstr(fw->reason_text, "version 2"));
}
END_TEST

START_TEST(test_dead_driver)
{
	static const int errs[] = { -EIO, -ENODEV, -ENOTTY, 1 };

	driver.ioctl_request = NVVGPU_IOCTL_INFO;
	driver.ioctl_ret = errs[_i];
	reopen();
	ck_assert_str_eq(fw->ops.name, "none");
	ck_assert_int_ne(fw->reason, NVVGPU_REASON_NONE);
	ck_assert_str_ne(fw->reason_text, "");
}
END_TEST

START_TEST(test_info)
{
	struct framework_info info;
	enum nvvgpu_mode mode;

	memset(driver.info.board_name, 'x', NVVGPU_NAME_LEN);	/* no NUL */
	memcpy(driver.info.driver_version, "1\n2", 4);
	driver.info.mode = 77;
	ck_assert_int_eq(fw->ops.info(fw, &info), 0);
	ck_assert_uint_lt(strlen(info.board_name), NVVGPU_NAME_LEN);
	ck_assert_str_eq(info.driver_version, "1?2");
	ck_assert_str_eq(info.firmware_version, "");
	ck_assert_int_eq(fw->ops.get_mode(fw, &mode), 0);
	ck_assert_int_eq(mode, NVVGPU_GPU_MODE_UNKNOWN);
	ck_assert(info.has_events);
	ck_assert(!info.mixed_size_capable);
}
END_TEST

/* -------------------------------------------------------------------- types */

START_TEST(test_types)
{
	struct framework_state states[FRAMEWORK_MAX_TYPES];
	struct framework_types *types, *again;
	uint32_t count;

	ck_assert_int_eq(fw->ops.type_states(fw, states, FRAMEWORK_MAX_TYPES, &count, &types), 0);
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(types->count, 2);
	ck_assert_uint_eq(strlen(types->types[0].name), NVVGPU_TYPE_NAME_LEN);
	ck_assert_str_eq(types->types[0].class_name, "a?[1m");
	ck_assert_ptr_eq(framework_types_find(types, 5), &types->types[1]);
	ck_assert_ptr_null(framework_types_find(types, 4));
	ck_assert_ptr_null(framework_types_find(types, 6));
	ck_assert_ptr_null(framework_types_find(types, 0));
	ck_assert_int_eq(fw->ops.types(fw, &again), 0);
	ck_assert_ptr_eq(again, types);
	ck_assert_int_eq(driver.type_gets, 2);		/* asked once */
	framework_types_unref(again);
	framework_types_unref(types);
}
END_TEST

START_TEST(test_type_added)
{
	struct framework_state states[FRAMEWORK_MAX_TYPES];
	struct framework_types *before, *after;
	uint32_t count = 0;

	ck_assert_int_eq(fw->ops.types(fw, &before), 0);
	driver.states[2].id = 9;
	driver.type_count = 3;
	ck_assert_int_eq(fw->ops.type_states(fw, states, 2, &count, &after), -ENOSPC);
	ck_assert_uint_eq(count, 3);
	ck_assert_int_eq(fw->ops.type_states(fw, states, 3, &count, &after), 0);
	ck_assert_uint_eq(after->count, 3);
	ck_assert_uint_eq(before->count, 2);
	framework_types_unref(before);
	framework_types_unref(after);
}
END_TEST

START_TEST(test_nonsense_types)
{
	struct framework_state states[FRAMEWORK_MAX_TYPES];
	struct framework_types *types = NULL;
	uint32_t count;

	switch (_i) {
	case 0:
		driver.states[1].id = 3;	/* twice */
		break;
	case 1:
		driver.states[1].id = 2;	/* out of order */
		break;
	case 2:
		driver.type_count = FRAMEWORK_MAX_TYPES + 1;
		break;
	case 3:
		driver.type_count = UINT32_MAX;
		break;
	case 4:
		driver.ioctl_request = NVVGPU_IOCTL_TYPE_LIST;
		driver.ioctl_ret = -ENOSPC;	/* though there is room */
		break;
	case 5:
		driver.ioctl_request = NVVGPU_IOCTL_TYPE_GET;
		driver.ioctl_ret = -EIO;
		break;
	}
	assert_error(fw->ops.type_states(fw, states, FRAMEWORK_MAX_TYPES, &count, &types), EIO,
		     NVVGPU_REASON_IO);
	ck_assert_ptr_null(types);
	assert_error(fw->ops.types(fw, &types), EIO, NVVGPU_REASON_IO);
}
END_TEST

START_TEST(test_nonsense_placements)
{
	struct framework_type type = { .id = 3 };
	size_t count = 77;

	assert_error(fw->ops.placements(fw, &type, 0, NULL, 0, &count, NULL), EIO,
		     NVVGPU_REASON_IO);
	ck_assert_uint_eq(count, 77);
}
END_TEST

/* -------------------------------------------------------------------- vGPUs */

START_TEST(test_vgpus)
{
	struct framework_vgpu *vgpus;
	size_t count;

	driver.vgpu_count = 1;
	driver.vgpu.state = 99;
	memset(driver.vgpu.owner, 'o', NVVGPU_OWNER_LEN);	/* no NUL */
	ck_assert_int_eq(fw->ops.vgpu_list(fw, &vgpus, &count), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(vgpus->state, NVVGPU_VGPU_UNKNOWN);
	ck_assert_uint_lt(strlen(vgpus->owner), NVVGPU_OWNER_LEN);
	ck_assert_str_eq(vgpus->vf, "");
	ck_assert_uint_eq(vgpus->framebuffer_bytes, 3ULL << 30);
	free(vgpus);
}
END_TEST

/* The list is asked for with room for 32; it may be longer, and grow meanwhile. */
START_TEST(test_growing_list)
{
	static const struct {
		uint32_t count, growth;
		int err;
	} lists[] = { { 33, 0, 0 }, { 100, 1, -EIO }, { 4096, 0, 0 }, { 4097, 0, -EIO },
		      { UINT32_MAX, 0, -EIO } };
	struct framework_vgpu *vgpus;
	size_t count;

	driver.vgpu_count = lists[_i].count;
	driver.vgpu_growth = lists[_i].growth;
	ck_assert_int_eq(fw->ops.vgpu_list(fw, &vgpus, &count), lists[_i].err);
	ck_assert_int_le(driver.vgpu_lists, 8);
	if (lists[_i].err)
		return;
	ck_assert_uint_eq(count, lists[_i].count);
	free(vgpus);
}
END_TEST

START_TEST(test_nonsense_vgpus)
{
	struct framework_vgpu *vgpus;
	size_t count;

	driver.vgpu_count = 1;
	if (_i)
		driver.vgpu.slot = 7;		/* a VF without an address */
	else
		driver.vgpu.type_id = 4;	/* no such type */
	assert_error(fw->ops.vgpu_list(fw, &vgpus, &count), EIO, NVVGPU_REASON_IO);
}
END_TEST

static struct framework_request request_of(const struct framework_type *type)
{
	return (struct framework_request){ .type = type, .uuid = { 1 }, .params = "", .owner = "" };
}

START_TEST(test_create)
{
	struct framework_type type = { .id = 3 };
	struct framework_request request = request_of(&type);
	struct framework_vgpu vgpu;

	ck_assert_int_eq(fw->ops.create(fw, &request, &vgpu), 0);
	ck_assert_uint_eq(vgpu.id, 1);
	ck_assert_int_eq(driver.opened, 2);	/* one for reading, one for changes */
	ck_assert_int_eq(fw->ops.create(fw, &request, &vgpu), 0);
	ck_assert_int_eq(driver.opened, 2);
}
END_TEST

/* What cannot be described is not left behind. */
START_TEST(test_create_is_taken_back)
{
	struct framework_type type = { .id = 3 };
	struct framework_request request = request_of(&type);
	struct framework_vgpu vgpu;

	driver.vgpu.type_id = 4;
	assert_error(fw->ops.create(fw, &request, &vgpu), EIO, NVVGPU_REASON_IO);
	ck_assert_int_eq(driver.created, 1);
	ck_assert_int_eq(driver.destroyed, 1);
}
END_TEST

static const struct {
	int err;
	uint32_t why;
	int wanted_err, wanted_reason;
} failures[] = {
	{ -ENODEV, NVVGPU_WHY_NO_TYPE, ENOENT, NVVGPU_REASON_NOT_FOUND },
	{ -EBUSY, NVVGPU_WHY_SLOT_BUSY, EBUSY, NVVGPU_REASON_VF_BUSY },
	{ -ENOSPC, NVVGPU_WHY_NO_CHANNELS, ENOSPC, NVVGPU_REASON_NO_CHANNELS },
	{ -EIO, NVVGPU_WHY_FIRMWARE, EIO, NVVGPU_REASON_FIRMWARE },
	{ -EINVAL, 4711, EINVAL, NVVGPU_REASON_UNKNOWN },
	{ -EFAULT, NVVGPU_WHY_NONE, EFAULT, NVVGPU_REASON_IO },
	{ -EACCES, NVVGPU_WHY_NONE, EACCES, NVVGPU_REASON_PERMISSION },
	{ 7, NVVGPU_WHY_NONE, EBADE, NVVGPU_REASON_IO },
};

START_TEST(test_create_failures)
{
	struct framework_type type = { .id = 3 };
	struct framework_request request = request_of(&type);
	struct framework_vgpu vgpu;

	driver.ioctl_request = NVVGPU_IOCTL_CREATE;
	driver.ioctl_ret = failures[_i].err;
	driver.why = failures[_i].why;
	assert_error(fw->ops.create(fw, &request, &vgpu), failures[_i].wanted_err,
		     failures[_i].wanted_reason);
	ck_assert_int_eq(driver.created, 0);
}
END_TEST

START_TEST(test_no_access_to_change)
{
	struct framework_type type = { .id = 3 };
	struct framework_request request = request_of(&type);
	struct framework_vgpu vgpu;
	struct framework_info info;

	driver.open_write_err = -EACCES;
	assert_error(fw->ops.create(fw, &request, &vgpu), EACCES, NVVGPU_REASON_PERMISSION);
	ck_assert_int_eq(fw->ops.info(fw, &info), 0);
}
END_TEST

/* Numbers are used again: a vGPU that took the place of another is not taken for it. */
START_TEST(test_number_used_again)
{
	struct framework_vgpu vgpu = { .id = 1, .uuid = { 1 } };
	char *params = NULL;
	enum nvvgpu_vgpu_state state;
	bool destroyed = true;

	driver.vgpu.uuid[0] = 2;
	ck_assert_int_eq(fw->ops.destroy(fw, &vgpu, &destroyed), 0);
	ck_assert(!destroyed);
	ck_assert_int_eq(driver.destroyed, 0);
	assert_error(fw->ops.get_state(fw, &vgpu, &state), ENODEV, NVVGPU_REASON_NOT_FOUND);
	assert_error(fw->ops.get_params(fw, &vgpu, &params), ENODEV, NVVGPU_REASON_NOT_FOUND);
	assert_error(fw->ops.set_params(fw, &vgpu, ""), ENODEV, NVVGPU_REASON_NOT_FOUND);
	ck_assert_ptr_null(params);
}
END_TEST

START_TEST(test_nonsense_params)
{
	struct framework_vgpu vgpu = { .id = 1, .uuid = { 1 } };
	char *params = NULL;

	driver.params_len = NVVGPU_PARAMS_LEN;
	assert_error(fw->ops.get_params(fw, &vgpu, &params), EIO, NVVGPU_REASON_IO);
	driver.params_len = UINT32_MAX;
	assert_error(fw->ops.get_params(fw, &vgpu, &params), EIO, NVVGPU_REASON_IO);
	ck_assert_ptr_null(params);
}
END_TEST

/* An operation that a framework leaves out is answered, never called through NULL. */
START_TEST(test_left_out_operations)
{
	static const struct framework_ops bare = { .id = NVVGPU_FRAMEWORK_MDEV, .name = "bare" };
	struct framework own;
	uint64_t value;

	framework_init(&own, &bare, &os, GPU);
	for (size_t i = offsetof(struct framework_ops, probe); i < sizeof(own.ops);
	     i += sizeof(void (*)(void)))
		ck_assert(memcmp((char *)&own.ops + i, &(void *){ NULL }, sizeof(void *)));
	assert_error(own.ops.statistic(&own, 0, &value), EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED);
	ck_assert_ptr_nonnull(strstr(nvvgpu_error_get_cause(nvvgpu_last_error()), "bare"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("framework");
	TCase *tcase = tcase_create("framework");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_no_control_device);
	tcase_add_test(tcase, test_no_access);
	tcase_add_test(tcase, test_other_abi);
	tcase_add_loop_test(tcase, test_dead_driver, 0, 4);
	tcase_add_test(tcase, test_info);
	tcase_add_test(tcase, test_types);
	tcase_add_test(tcase, test_type_added);
	tcase_add_loop_test(tcase, test_nonsense_types, 0, 6);
	tcase_add_test(tcase, test_nonsense_placements);
	tcase_add_test(tcase, test_vgpus);
	tcase_add_loop_test(tcase, test_growing_list, 0, 5);
	tcase_add_loop_test(tcase, test_nonsense_vgpus, 0, 2);
	tcase_add_test(tcase, test_create);
	tcase_add_test(tcase, test_create_is_taken_back);
	tcase_add_loop_test(tcase, test_create_failures, 0,
			    sizeof(failures) / sizeof(failures[0]));
	tcase_add_test(tcase, test_no_access_to_change);
	tcase_add_test(tcase, test_number_used_again);
	tcase_add_test(tcase, test_nonsense_params);
	tcase_add_test(tcase, test_left_out_operations);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
