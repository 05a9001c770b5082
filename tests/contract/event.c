/* SPDX-License-Identifier: MIT */
/* Events: one stream, whoever tells; each change once; nothing when nothing happens. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "fixture.h"

#define UUID_A		"6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a001"
#define UUID_B		"6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a002"
#define WAIT_NS		20000000000	/* no event takes that long */
#define QUIET_NS	600000000	/* a look of a monitor that has to look */
#define VFS_NS		60000000000
#define MAX_VFS		64

static struct nvvgpu_monitor *open_monitor(void)
{
	struct nvvgpu_monitor *monitor;

	assert_ok(nvvgpu_monitor_open(board.host, &monitor));
	return monitor;
}

static struct nvvgpu_event *next(struct nvvgpu_monitor *monitor)
{
	struct nvvgpu_event *event;

	assert_ok(nvvgpu_monitor_next(monitor, WAIT_NS, &event));
	ck_assert_str_eq(nvvgpu_event_get_gpu_address(event), nvvgpu_gpu_get_address(board.gpu));
	return event;
}

static int kind_of(const struct nvvgpu_event *event)
{
	return nvvgpu_event_get_kind(event);
}

/* The next that is about a vGPU. */
static struct nvvgpu_event *next_of_vgpu(struct nvvgpu_monitor *monitor)
{
	struct nvvgpu_event *event = next(monitor);

	while (kind_of(event) == NVVGPU_EVENT_KIND_TYPES) {
		nvvgpu_event_free(event);
		event = next(monitor);
	}
	return event;
}

static void expect(struct nvvgpu_monitor *monitor, int kind, const char *uuid)
{
	struct nvvgpu_event *event = next_of_vgpu(monitor);

	ck_assert_str_eq(nvvgpu_event_kind_name(kind_of(event)), nvvgpu_event_kind_name(kind));
	ck_assert_ptr_nonnull(nvvgpu_event_get_uuid(event));
	ck_assert_str_eq(nvvgpu_event_get_uuid(event), uuid);
	ck_assert_uint_eq(nvvgpu_event_get_type_id(event), smallest()->id);
	nvvgpu_event_free(event);
}

static void expect_types(struct nvvgpu_monitor *monitor, uint64_t count)
{
	struct nvvgpu_event *event = next(monitor);

	ck_assert_str_eq(nvvgpu_event_kind_name(kind_of(event)), "types");
	ck_assert_ptr_null(nvvgpu_event_get_uuid(event));
	ck_assert_ptr_null(nvvgpu_event_get_vf(event));
	ck_assert_uint_eq(nvvgpu_event_get_type_id(event), 0);
	ck_assert_uint_eq(nvvgpu_event_get_sequence(event), 0);
	ck_assert_uint_eq(nvvgpu_event_get_value(event), count);
	nvvgpu_event_free(event);
}

static void expect_nothing(struct nvvgpu_monitor *monitor, int64_t timeout_ns)
{
	struct nvvgpu_event *event = NULL;
	int err = nvvgpu_monitor_next(monitor, timeout_ns, &event);

	ck_assert_msg(err == -EAGAIN, "%d, %s", err,
		      err ? "" : nvvgpu_event_kind_name(kind_of(event)));
}

static size_t creatable_count(void)
{
	struct nvvgpu_type_list *types;
	size_t count;

	assert_ok(nvvgpu_type_list(board.gpu, NVVGPU_TYPE_CREATABLE, &types));
	count = nvvgpu_type_list_size(types);
	nvvgpu_type_list_unref(types);
	return count;
}

START_TEST(created_and_destroyed)
{
	struct nvvgpu_monitor *monitor = open_monitor();
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key, .uuid = UUID_A));
	struct nvvgpu_event *event = next_of_vgpu(monitor);
	const char *vf = nvvgpu_vgpu_get_vf(vgpu);

	ck_assert_int_eq(kind_of(event), NVVGPU_EVENT_KIND_CREATED);
	ck_assert_str_eq(nvvgpu_event_get_uuid(event), UUID_A);
	ck_assert_uint_eq(nvvgpu_event_get_type_id(event), smallest()->id);
	ck_assert_pstr_eq(nvvgpu_event_get_vf(event), vf);
	ck_assert_int_eq(nvvgpu_event_get_sequence(event) > 0, board.tells);
	ck_assert_uint_gt(nvvgpu_event_get_time_ns(event), 0);
	nvvgpu_event_free(event);
	assert_ok(nvvgpu_destroy(vgpu));
	event = next_of_vgpu(monitor);
	ck_assert_int_eq(kind_of(event), NVVGPU_EVENT_KIND_DESTROYED);
	ck_assert_str_eq(nvvgpu_event_get_uuid(event), UUID_A);
	ck_assert_pstr_eq(nvvgpu_event_get_vf(event), vf);
	nvvgpu_event_free(event);
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_monitor_close(monitor);
}
END_TEST

/* The other vGPU has the place, the type, all but the name of the first. */
START_TEST(another_in_its_place)
{
	struct nvvgpu_monitor *monitor = open_monitor();
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key, .uuid = UUID_A));

	expect(monitor, NVVGPU_EVENT_KIND_CREATED, UUID_A);
	destroy(vgpu);
	vgpu = create(WISH(.type = smallest()->key, .uuid = UUID_B));
	expect(monitor, NVVGPU_EVENT_KIND_DESTROYED, UUID_A);
	expect(monitor, NVVGPU_EVENT_KIND_CREATED, UUID_B);
	destroy(vgpu);
	expect(monitor, NVVGPU_EVENT_KIND_DESTROYED, UUID_B);
	nvvgpu_monitor_close(monitor);
}
END_TEST

/* Only when the list is another one: a second of the same type leaves it as it is. */
START_TEST(types_change)
{
	struct nvvgpu_monitor *monitor = open_monitor();
	size_t at_first = creatable_count(), then;
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key)), *second;

	then = creatable_count();
	expect(monitor, NVVGPU_EVENT_KIND_CREATED, nvvgpu_vgpu_get_uuid(vgpu));
	if (then != at_first)
		expect_types(monitor, then);
	if (smallest()->max_instances > 2) {
		second = create(WISH(.type = smallest()->key));
		expect(monitor, NVVGPU_EVENT_KIND_CREATED, nvvgpu_vgpu_get_uuid(second));
		ck_assert_uint_eq(creatable_count(), then);
		expect_nothing(monitor, QUIET_NS);
		assert_ok(nvvgpu_destroy(second));
		expect(monitor, NVVGPU_EVENT_KIND_DESTROYED, nvvgpu_vgpu_get_uuid(second));
		nvvgpu_vgpu_unref(second);
	}
	assert_ok(nvvgpu_destroy(vgpu));
	expect(monitor, NVVGPU_EVENT_KIND_DESTROYED, nvvgpu_vgpu_get_uuid(vgpu));
	if (then != at_first)
		expect_types(monitor, at_first);
	nvvgpu_vgpu_unref(vgpu);
	nvvgpu_monitor_close(monitor);
}
END_TEST

/* What was told of VFs since a monitor was opened. */
struct told {
	char vfs[MAX_VFS][24];		/* that are there */
	size_t count;
	uint64_t creatable;		/* of the last such event */
};

static void take_vf(struct told *told, const char *vf, bool added)
{
	size_t at;

	ck_assert_ptr_nonnull(vf);
	for (at = 0; at < told->count && strcmp(told->vfs[at], vf); at++)
		;
	ck_assert_msg((at == told->count) == added, "%s told twice", vf);
	if (added) {
		ck_assert_uint_lt(at, MAX_VFS);
		strncpy(told->vfs[told->count++], vf, sizeof(told->vfs[0]) - 1);
	} else {
		memmove(told->vfs[at], told->vfs[--told->count], sizeof(told->vfs[0]));
	}
}

static void take_event(struct told *told, const struct nvvgpu_event *event)
{
	switch (kind_of(event)) {
	case NVVGPU_EVENT_KIND_VF_ADDED:
	case NVVGPU_EVENT_KIND_VF_REMOVED:
		ck_assert_uint_eq(nvvgpu_event_get_sequence(event), 0);
		take_vf(told, nvvgpu_event_get_vf(event),
			kind_of(event) == NVVGPU_EVENT_KIND_VF_ADDED);
		break;
	case NVVGPU_EVENT_KIND_TYPES:
		told->creatable = nvvgpu_event_get_value(event);
		break;
	default:
		ck_assert_int_eq(kind_of(event), NVVGPU_EVENT_KIND_VFS);
		ck_assert(board.tells);
	}
}

static void switch_vfs(struct nvvgpu_monitor *monitor, struct told *told, uint32_t count,
		       uint64_t creatable)
{
	assert_ok(nvvgpu_gpu_set_vfs(board.gpu, count, VFS_NS));
	while (told->count != count || told->creatable != creatable) {
		struct nvvgpu_event *event = next(monitor);

		take_event(told, event);
		nvvgpu_event_free(event);
	}
}

/* Of each VF by its address; without any, nothing can be created. */
START_TEST(vfs_come_and_go)
{
	uint64_t creatable = creatable_count();
	struct told told = { .creatable = creatable };
	struct nvvgpu_monitor *monitor;
	uint32_t enabled;

	assert_ok(nvvgpu_gpu_get_vfs_enabled(board.gpu, &enabled));
	if (!enabled)
		return;
	assert_ok(nvvgpu_gpu_set_vfs(board.gpu, 0, VFS_NS));
	monitor = open_monitor();
	told.creatable = 0;
	switch_vfs(monitor, &told, enabled, creatable);
	switch_vfs(monitor, &told, 0, 0);
	switch_vfs(monitor, &told, enabled, creatable);
	nvvgpu_monitor_close(monitor);
}
END_TEST

START_TEST(nothing_happens)
{
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key));
	struct nvvgpu_monitor *monitor = open_monitor();

	expect_nothing(monitor, QUIET_NS);
	create_refused(WISH(.type = "65000"), ENOENT, NVVGPU_REASON_NOT_FOUND);
	expect_nothing(monitor, QUIET_NS);
	nvvgpu_monitor_close(monitor);
	destroy(vgpu);
}
END_TEST

/* Who waits on the descriptor alone, and never in a call, misses nothing. */
START_TEST(one_descriptor)
{
	struct nvvgpu_monitor *monitor = open_monitor();
	struct pollfd fd = { .fd = nvvgpu_monitor_get_fd(monitor), .events = POLLIN };
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key, .uuid = UUID_A));
	struct nvvgpu_event *event;
	int err = -EAGAIN;

	while (err) {
		ck_assert_int_eq(poll(&fd, 1, (int)(WAIT_NS / 1000000)), 1);
		err = nvvgpu_monitor_next(monitor, 0, &event);
		ck_assert(!err || err == -EAGAIN);
	}
	ck_assert_int_eq(kind_of(event), NVVGPU_EVENT_KIND_CREATED);
	nvvgpu_event_free(event);
	destroy(vgpu);
	nvvgpu_monitor_close(monitor);
}
END_TEST

/* One that is closed with events in it takes nothing from the other. */
START_TEST(two_monitors)
{
	struct nvvgpu_monitor *first = open_monitor(), *second = open_monitor();
	struct nvvgpu_vgpu *vgpu = create(WISH(.type = smallest()->key, .uuid = UUID_A));

	expect(first, NVVGPU_EVENT_KIND_CREATED, UUID_A);
	destroy(vgpu);
	expect(first, NVVGPU_EVENT_KIND_DESTROYED, UUID_A);
	vgpu = create(WISH(.type = smallest()->key, .uuid = UUID_B));
	expect(first, NVVGPU_EVENT_KIND_CREATED, UUID_B);
	nvvgpu_monitor_close(first);
	first = open_monitor();
	if (board.tells) {	/* the others see what is, not all that was */
		expect(second, NVVGPU_EVENT_KIND_CREATED, UUID_A);
		expect(second, NVVGPU_EVENT_KIND_DESTROYED, UUID_A);
	}
	expect(second, NVVGPU_EVENT_KIND_CREATED, UUID_B);
	destroy(vgpu);
	expect(second, NVVGPU_EVENT_KIND_DESTROYED, UUID_B);
	expect(first, NVVGPU_EVENT_KIND_DESTROYED, UUID_B);
	nvvgpu_monitor_close(first);
	nvvgpu_monitor_close(second);
}
END_TEST

/* The next event of UUID_A; those of the driver are in order, and none is lost. */
static void expect_numbered(struct nvvgpu_monitor *monitor, int kind, uint64_t *sequence)
{
	struct nvvgpu_event *event = next(monitor);

	ck_assert_str_eq(nvvgpu_event_kind_name(kind_of(event)), nvvgpu_event_kind_name(kind));
	ck_assert_ptr_nonnull(nvvgpu_event_get_uuid(event));
	ck_assert_str_eq(nvvgpu_event_get_uuid(event), UUID_A);
	ck_assert_uint_eq(nvvgpu_event_get_type_id(event), smallest()->id);
	if (*sequence)
		ck_assert_uint_eq(nvvgpu_event_get_sequence(event), *sequence + 1);
	*sequence = nvvgpu_event_get_sequence(event);
	nvvgpu_event_free(event);
}

/* Where the driver tells the whole life of a vGPU; nothing is added to what it says. */
START_TEST(events_in_order)
{
	struct nvvgpu_monitor *monitor;
	struct nvvgpu_device *device;
	struct nvvgpu_vgpu *vgpu;
	uint64_t sequence = 0;

	if (!board.tells)
		return;
	monitor = open_monitor();
	expect_nothing(monitor, 0);
	vgpu = create(WISH(.type = smallest()->key, .uuid = UUID_A));
	assert_ok(nvvgpu_vgpu_set_params(vgpu, "a=1"));
	device = open_device(vgpu);
	assert_ok(nvvgpu_device_reset(device));
	nvvgpu_device_unref(device);
	assert_ok(nvvgpu_destroy(vgpu));

	expect_numbered(monitor, NVVGPU_EVENT_KIND_CREATED, &sequence);
	expect_numbered(monitor, NVVGPU_EVENT_KIND_PARAMS, &sequence);
	expect_numbered(monitor, NVVGPU_EVENT_KIND_STARTED, &sequence);
	expect_numbered(monitor, NVVGPU_EVENT_KIND_RESET, &sequence);
	expect_numbered(monitor, NVVGPU_EVENT_KIND_STOPPED, &sequence);
	expect_numbered(monitor, NVVGPU_EVENT_KIND_DESTROYED, &sequence);
	expect_nothing(monitor, 0);
	nvvgpu_monitor_close(monitor);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

TCase *event_cases(void)
{
	TCase *cases = tcase_create("event");

	tcase_set_timeout(cases, 120);
	tcase_add_checked_fixture(cases, board_setup, board_teardown);
	tcase_add_test(cases, created_and_destroyed);
	tcase_add_test(cases, another_in_its_place);
	tcase_add_test(cases, types_change);
	tcase_add_test(cases, vfs_come_and_go);
	tcase_add_test(cases, nothing_happens);
	tcase_add_test(cases, one_descriptor);
	tcase_add_test(cases, two_monitors);
	tcase_add_test(cases, events_in_order);
	return cases;
}
