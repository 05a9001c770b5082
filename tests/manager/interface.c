// SPDX-License-Identifier: MIT
/* What user space sees: events, ioctls, sysfs. */
#include "manager.h"

/* ---------------------------------------------------------------------------------- events */

START_TEST(events_tell_the_story)
{
	struct nvvgpu_event_record record;
	struct nvvgpu_mgr_vgpu *vgpu;
	struct nvvgpu_vgpu_info created;
	unsigned int wakeups;
	u64 cursor;
	u32 why;

	start("l40");
	cursor = nvvgpu_mgr_event_cursor(board.mgr);
	ck_assert(!nvvgpu_mgr_event_pending(board.mgr, cursor));
	ck_assert_int_eq(nvvgpu_mgr_event_read(board.mgr, &cursor, &record, sizeof(record)), 0);
	ck_assert_int_eq(nvvgpu_mgr_event_read(board.mgr, &cursor, &record, sizeof(record) - 1),
			 -EINVAL);

	wakeups = board.wakeups;
	created = create(&board, 869);
	ck_assert_uint_eq(board.wakeups, wakeups + 1);
	ck_assert(nvvgpu_mgr_event_pending(board.mgr, cursor));
	set_params(created.id, "a=1", 3, &why);
	vgpu = open_slot(&board, created.slot);
	nvvgpu_mgr_reset(vgpu);
	board_settle(&board);
	wakeups = board.wakeups;
	nvvgpu_emu_crash_plugin(board.emu, created.gfid);
	board_settle(&board);
	ck_assert_uint_gt(board.wakeups, wakeups);
	close_vgpu(&board, vgpu);
	destroy(&board, created.id);
	set_mode(&board, NVVGPU_MODE_MIXED_SIZE, NULL);
	nvvgpu_mgr_set_slots_enabled(board.mgr, 7);

	expect_event(&cursor, NVVGPU_EVENT_CREATED, created.id, 0);
	expect_event(&cursor, NVVGPU_EVENT_PARAMS, created.id, 0);
	expect_event(&cursor, NVVGPU_EVENT_STARTED, created.id, 0);
	expect_event(&cursor, NVVGPU_EVENT_RESET, created.id, 0);
	expect_event(&cursor, NVVGPU_EVENT_CRASHED, created.id, 0);
	expect_event(&cursor, NVVGPU_EVENT_STOPPED, created.id, 0);
	expect_event(&cursor, NVVGPU_EVENT_DESTROYED, created.id, 0);
	expect_event(&cursor, NVVGPU_EVENT_MODE, 0, NVVGPU_MODE_MIXED_SIZE);
	expect_event(&cursor, NVVGPU_EVENT_VFS, 0, 7);
	ck_assert(!nvvgpu_mgr_event_pending(board.mgr, cursor));
	board_stop(&board);
}
END_TEST

START_TEST(slow_readers_are_told)
{
	struct nvvgpu_event_record records[300];
	u64 cursor, first;
	ssize_t len;

	start("l40");
	first = cursor = nvvgpu_mgr_event_cursor(board.mgr);
	for (u32 i = 0; i < 300; i++)
		nvvgpu_mgr_set_slots_enabled(board.mgr, i % 2);
	len = nvvgpu_mgr_event_read(board.mgr, &cursor, records, sizeof(records));
	ck_assert_int_eq(len, 257 * sizeof(records[0]));
	ck_assert_uint_eq(records[0].kind, NVVGPU_EVENT_LOST);
	ck_assert_uint_eq(records[0].value, 44);
	for (u32 i = 0; i < 257; i++)
		ck_assert_uint_eq(records[i].sequence, first + 43 + i);
	ck_assert_uint_eq(cursor, first + 300);
	/* a cursor from another life of the GPU */
	cursor = first + 1000;
	ck_assert_int_eq(nvvgpu_mgr_event_read(board.mgr, &cursor, records, sizeof(records)), 0);
	ck_assert_uint_eq(cursor, first + 300);
	board_stop(&board);
}
END_TEST

/* --------------------------------------------------------------------------- ioctl manners */

static const struct {
	unsigned int cmd;
	u32 size;
	bool change;
	u32 reserved;		/* offset, 0: none */
} requests[] = {
	{ NVVGPU_IOCTL_INFO, sizeof(struct nvvgpu_ioctl_info), false,
	  offsetof(struct nvvgpu_ioctl_info, __reserved) },
	{ NVVGPU_IOCTL_TYPE_ADD, sizeof(struct nvvgpu_ioctl_type), true, 0 },
	{ NVVGPU_IOCTL_TYPE_GET, sizeof(struct nvvgpu_ioctl_type), false, 0 },
	{ NVVGPU_IOCTL_TYPE_LIST, sizeof(struct nvvgpu_ioctl_type_list), false,
	  offsetof(struct nvvgpu_ioctl_type_list, __reserved) },
	{ NVVGPU_IOCTL_CREATE, sizeof(struct nvvgpu_ioctl_create), true,
	  offsetof(struct nvvgpu_ioctl_create, __reserved) },
	{ NVVGPU_IOCTL_DESTROY, sizeof(struct nvvgpu_ioctl_destroy), true, 0 },
	{ NVVGPU_IOCTL_VGPU_LIST, sizeof(struct nvvgpu_ioctl_vgpu_list), false,
	  offsetof(struct nvvgpu_ioctl_vgpu_list, __reserved) },
	{ NVVGPU_IOCTL_VGPU_GET, sizeof(struct nvvgpu_ioctl_vgpu_get), false,
	  offsetof(struct nvvgpu_ioctl_vgpu_get, __reserved) },
	{ NVVGPU_IOCTL_PARAMS, sizeof(struct nvvgpu_ioctl_params), false,
	  offsetof(struct nvvgpu_ioctl_params, __reserved) },
	{ NVVGPU_IOCTL_PLACEMENTS, sizeof(struct nvvgpu_ioctl_placements), false, 0 },
	{ NVVGPU_IOCTL_MODE_SET, sizeof(struct nvvgpu_ioctl_mode), true, 0 },
	{ NVVGPU_IOCTL_STATS, sizeof(struct nvvgpu_ioctl_stats), false, 0 },
	{ NVVGPU_IOCTL_WARM_SAVE, sizeof(struct nvvgpu_ioctl_warm), true, 0 },
	{ NVVGPU_IOCTL_WARM_RESTORE, sizeof(struct nvvgpu_ioctl_warm), true, 0 },
};

static void manners_of(u32 index)
{
	u32 buf[PAGE_SIZE / sizeof(u32) + 2];
	u32 size = requests[index].size;
	unsigned int cmd = requests[index].cmd;
	char *tail = (char *)buf + size;

	/* size: below the first published, far too large */
	memset(buf, 0, sizeof(buf));
	ck_assert_int_eq(board_ioctl(&board, cmd, buf), -EINVAL);
	buf[0] = size - 1;
	ck_assert_int_eq(board_ioctl(&board, cmd, buf), -EINVAL);
	buf[0] = PAGE_SIZE + 1;
	ck_assert_int_eq(board_ioctl(&board, cmd, buf), -E2BIG);
	buf[0] = ~0U;
	ck_assert_int_eq(board_ioctl(&board, cmd, buf), -E2BIG);
	/* a tail that this driver does not know */
	buf[0] = size + 8;
	tail[7] = 1;
	ck_assert_int_eq(board_ioctl(&board, cmd, buf), -E2BIG);
	tail[7] = 0;
	/* flags, rights, reserved */
	buf[1] = 0x80000000;
	ck_assert_int_eq(board_ioctl(&board, cmd, buf), -EOPNOTSUPP);
	buf[1] = 0;
	if (requests[index].reserved) {
		buf[requests[index].reserved / 4] = 1;
		ck_assert_int_eq(board_ioctl(&board, cmd, buf), -EINVAL);
		buf[requests[index].reserved / 4] = 0;
	}
	if (requests[index].change)
		ck_assert_int_eq(nvvgpu_mgr_ioctl(board.mgr, cmd, buf, false), -EACCES);
	else
		ck_assert_int_ne(nvvgpu_mgr_ioctl(board.mgr, cmd, buf, false), -EACCES);
	/* a zero tail is fine, and is not written */
	memset(buf, 0, sizeof(buf));
	buf[0] = size + 8;
	ck_assert_int_ne(board_ioctl(&board, cmd, buf), -E2BIG);
	ck_assert_uint_eq(buf[0], size + 8);
	for (u32 i = 0; i < 8; i++)
		ck_assert_int_eq(tail[i], 0);
}

START_TEST(ioctl_manners)
{
	struct nvvgpu_ioctl_params params = {
		.size = sizeof(params),
		.flags = NVVGPU_PARAMS_SET,
	};
	struct footprint before, after;
	u32 nothing = 4;

	start("rtx6000-ada");
	before = footprint(&board);
	for (u32 i = 0; i < ARRAY_SIZE(requests); i++)
		manners_of(i);
	ck_assert_int_eq(nvvgpu_mgr_ioctl(board.mgr, NVVGPU_IOCTL_PARAMS, &params, false), -EACCES);
	ck_assert_int_eq(board_ioctl(&board, 0, &nothing), -ENOTTY);
	ck_assert_int_eq(board_ioctl(&board, _IO(NVVGPU_IOCTL_TYPE, 0x7f), &nothing), -ENOTTY);
	ck_assert_int_eq(board_ioctl(&board, _IOR(NVVGPU_IOCTL_TYPE, 0, u32), &nothing), -ENOTTY);
	after = footprint(&board);
	same_footprint(&before, &after);
	board_stop(&board);
}
END_TEST

START_TEST(array_replies)
{
	struct nvvgpu_type_state states[NVVGPU_MAX_TYPES];
	struct nvvgpu_ioctl_type_list types = { .size = sizeof(types) };
	struct nvvgpu_ioctl_vgpu_list vgpus = { .size = sizeof(vgpus) };
	struct nvvgpu_vgpu_info infos[4];
	u32 expected;

	start("l40");
	expected = board.data->type_count;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_TYPE_LIST, &types), -ENOSPC);
	ck_assert_uint_eq(types.count, expected);
	memset(states, 0xee, sizeof(states));
	types.states = (uintptr_t)states;
	types.count = expected - 1;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_TYPE_LIST, &types), -ENOSPC);
	ck_assert_uint_eq(states[0].id, 0xeeeeeeee);
	types.count = expected + 1;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_TYPE_LIST, &types), 0);
	ck_assert_uint_eq(types.count, expected);
	ck_assert_uint_eq(states[expected].id, 0xeeeeeeee);

	/* none need no room; by slot when there are some */
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_VGPU_LIST, &vgpus), 0);
	for (u32 slot = 3; slot < 4; slot--) {
		struct nvvgpu_ioctl_create arg = recipe(&board, 869);

		arg.slot = slot;
		ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_CREATE, &arg), 0);
	}
	vgpus.count = 4;
	vgpus.infos = (uintptr_t)infos;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_VGPU_LIST, &vgpus), 0);
	for (u32 slot = 0; slot < 4; slot++)
		ck_assert_uint_eq(infos[slot].slot, slot);
	board_stop(&board);
}
END_TEST

/* ----------------------------------------------------------------------------------- sysfs */

START_TEST(sysfs_formats)
{
	struct nvvgpu_ioctl_create arg;
	char page[PAGE_SIZE];
	u32 why;

	start("rtx6000-ada");
	ck_assert_int_gt(nvvgpu_mgr_show_creatable_types(board.mgr, 0, page), 0);
	ck_assert_str_eq(page, "ID    : vGPU Name\n"
			       "941   : NVIDIA RTX6000-Ada-1Q\n"
			       "942   : NVIDIA RTX6000-Ada-2Q\n"
			       "943   : NVIDIA RTX6000-Ada-3Q\n"
			       "944   : NVIDIA RTX6000-Ada-4Q\n"
			       "945   : NVIDIA RTX6000-Ada-6Q\n"
			       "946   : NVIDIA RTX6000-Ada-8Q\n"
			       "947   : NVIDIA RTX6000-Ada-12Q\n"
			       "948   : NVIDIA RTX6000-Ada-16Q\n"
			       "949   : NVIDIA RTX6000-Ada-24Q\n"
			       "950   : NVIDIA RTX6000-Ada-48Q\n");
	ck_assert_int_eq(nvvgpu_mgr_show_current_type(board.mgr, 0, page), 2);
	ck_assert_str_eq(page, "0\n");
	ck_assert_int_eq(nvvgpu_mgr_show_placement(board.mgr, 0, page), -ENXIO);
	ck_assert_int_eq(nvvgpu_mgr_show_params(board.mgr, 0, page), 1);
	ck_assert_int_eq(nvvgpu_mgr_show_params(board.mgr, 99, page), -ENODEV);

	arg = recipe(&board, 944);
	arg.slot = 3;
	arg.placement = 8;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_CREATE, &arg), 0);
	set_params(arg.info.id, "enable_uvm=1", 12, &why);
	nvvgpu_mgr_show_current_type(board.mgr, 3, page);
	ck_assert_str_eq(page, "944\n");
	nvvgpu_mgr_show_placement(board.mgr, 3, page);
	ck_assert_str_eq(page, "8\n");
	nvvgpu_mgr_show_params(board.mgr, 3, page);
	ck_assert_str_eq(page, "enable_uvm=1\n");
	nvvgpu_mgr_show_creatable_types(board.mgr, 3, page);
	ck_assert_str_eq(page, "ID    : vGPU Name\n");
	nvvgpu_mgr_show_creatable_types(board.mgr, 4, page);
	ck_assert_str_eq(page, "ID    : vGPU Name\n944   : NVIDIA RTX6000-Ada-4Q\n");
	board_stop(&board);

	start("a40");
	create(&board, 557);
	nvvgpu_mgr_show_placement(board.mgr, 0, page);
	ck_assert_str_eq(page, "Not Applicable\n");
	board_stop(&board);
}
END_TEST

typedef ssize_t (*store_file)(struct nvvgpu_mgr *mgr, u32 slot, const char *buf, size_t len);

static ssize_t store(store_file file, u32 slot, const char *text)
{
	return file(board.mgr, slot, text, strlen(text));
}

static void expect_file(ssize_t (*show)(struct nvvgpu_mgr *mgr, u32 slot, char *buf), u32 slot,
			const char *text)
{
	char page[PAGE_SIZE];

	ck_assert_int_eq(show(board.mgr, slot, page), strlen(text));
	ck_assert_str_eq(page, text);
}

START_TEST(sysfs_sets_the_type)
{
	store_file type = nvvgpu_mgr_store_current_type;
	struct nvvgpu_ioctl_vgpu_list list = { .size = sizeof(list), .count = 2 };
	struct nvvgpu_vgpu_info infos[2];
	struct footprint before, after;
	struct nvvgpu_mgr_vgpu *vgpu;

	start("rtx6000-ada");
	before = footprint(&board);
	ck_assert_int_eq(store(type, 0, "0\n"), -EPERM);
	ck_assert_int_eq(store(type, 0, "\n"), -EINVAL);
	ck_assert_int_eq(store(type, 0, ""), -EINVAL);
	ck_assert_int_eq(store(type, 0, "944Q\n"), -EINVAL);
	ck_assert_int_eq(store(type, 0, "-1\n"), -EINVAL);
	ck_assert_int_eq(store(type, 0, "0x3b0\n"), -EINVAL);
	ck_assert_int_eq(store(type, 0, "4294967296\n"), -EINVAL);
	ck_assert_int_eq(store(type, 0, "12345\n"), -ENODEV);
	ck_assert_int_eq(store(type, 99, "944\n"), -ENODEV);
	ck_assert_int_eq(store(type, 99, "0\n"), -ENODEV);

	ck_assert_int_eq(store(type, 3, "949\n"), 4);
	expect_file(nvvgpu_mgr_show_current_type, 3, "949\n");
	ck_assert_int_eq(store(type, 3, "949\n"), -EPERM);
	ck_assert_int_eq(store(type, 3, "12345\n"), -EPERM);
	ck_assert_int_eq(store(type, 4, "950\n"), -EINVAL);	/* another size */
	ck_assert_int_eq(store(type, 4, "949"), 3);		/* no newline, no matter */
	ck_assert_int_eq(store(type, 5, "949\n"), -ENOSPC);
	list.infos = (uintptr_t)infos;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_VGPU_LIST, &list), 0);
	ck_assert_uint_eq(list.count, 2);
	ck_assert_str_eq(infos[0].owner, "");
	ck_assert_int_eq(infos[0].uuid[6] >> 4, 4);
	ck_assert_int_ne(memcmp(infos[0].uuid, infos[1].uuid, sizeof(infos[0].uuid)), 0);

	vgpu = open_slot(&board, 3);
	ck_assert_int_eq(store(type, 3, "0\n"), -EBUSY);
	close_vgpu(&board, vgpu);
	ck_assert_int_eq(store(type, 3, "0\n"), 2);
	ck_assert_int_eq(store(type, 3, "0\n"), -EPERM);
	ck_assert_int_eq(store(type, 4, "0\n"), 2);
	after = footprint(&board);
	same_footprint(&before, &after);
	board_stop(&board);
}
END_TEST

START_TEST(sysfs_sets_params)
{
	store_file params = nvvgpu_mgr_store_params;
	char text[NVVGPU_PARAMS_LEN + 2];
	struct nvvgpu_mgr_vgpu *vgpu;
	u32 slot;

	start("l40");
	ck_assert_int_eq(store(params, 0, "a=1\n"), -ENXIO);
	ck_assert_int_eq(store(params, 99, "a=1\n"), -ENODEV);
	slot = create(&board, 869).slot;
	ck_assert_int_eq(store(params, slot, "a=1,b=2\n"), 8);
	expect_file(nvvgpu_mgr_show_params, slot, "a=1,b=2\n");
	/* the last character is eaten, as the vendor driver does */
	ck_assert_int_eq(store(params, slot, "c=34"), 4);
	expect_file(nvvgpu_mgr_show_params, slot, "c=3\n");
	ck_assert_int_eq(store(params, slot, "d=4"), -EINVAL);
	ck_assert_int_eq(store(params, slot, "nonsense\n"), -EINVAL);
	ck_assert_int_eq(store(params, slot, "a=1\n\n"), -EINVAL);
	ck_assert_int_eq(store(params, slot, "  \n"), -EINVAL);
	ck_assert_int_eq(params(board.mgr, slot, "a=1\0b\n", 6), -EINVAL);
	expect_file(nvvgpu_mgr_show_params, slot, "c=3\n");
	ck_assert_int_eq(store(params, slot, " \n"), 2);
	expect_file(nvvgpu_mgr_show_params, slot, "\n");
	ck_assert_int_eq(store(params, slot, "c=3\n"), 4);
	ck_assert_int_eq(store(params, slot, " "), 1);
	expect_file(nvvgpu_mgr_show_params, slot, "\n");

	/* the longest there is: values have a limit of their own */
	memset(text, 'x', sizeof(text));
	for (u32 i = 0; i < 4; i++) {
		text[i * 256] = 'a' + i;
		text[i * 256 + 1] = '=';
		text[i * 256 + 255] = ',';
	}
	memcpy(text + NVVGPU_PARAMS_LEN - 1, "\n", 2);
	ck_assert_int_eq(store(params, slot, text), NVVGPU_PARAMS_LEN);
	memcpy(text + NVVGPU_PARAMS_LEN - 1, "x\n", 3);
	ck_assert_int_eq(store(params, slot, text), -EINVAL);

	vgpu = open_slot(&board, slot);
	ck_assert_int_eq(store(params, slot, "a=1\n"), -EBUSY);
	ck_assert_int_eq(store(params, slot, " \n"), -EBUSY);
	close_vgpu(&board, vgpu);
	board_stop(&board);
}
END_TEST

START_TEST(sysfs_wants_a_placement)
{
	store_file place = nvvgpu_mgr_store_placement;
	store_file type = nvvgpu_mgr_store_current_type;

	start("rtx6000-ada");
	ck_assert_int_eq(store(place, 99, "8\n"), -ENODEV);
	ck_assert_int_eq(store(place, 1, "48\n"), -EINVAL);
	ck_assert_int_eq(store(place, 1, "4294967295\n"), -EINVAL);
	ck_assert_int_eq(store(place, 1, "first\n"), -EINVAL);
	ck_assert_int_eq(store(place, 1, "\n"), -EINVAL);
	ck_assert_int_eq(store(place, 1, "8\n"), 2);
	ck_assert_int_eq(nvvgpu_mgr_show_placement(board.mgr, 1, (char[PAGE_SIZE]){}), -ENXIO);

	/* for that VF alone, and for one vGPU */
	ck_assert_int_eq(store(type, 0, "944\n"), 4);
	expect_file(nvvgpu_mgr_show_placement, 0, "0\n");
	ck_assert_int_eq(store(type, 1, "944\n"), 4);
	expect_file(nvvgpu_mgr_show_placement, 1, "8\n");
	ck_assert_int_eq(store(place, 1, "8\n"), 2);
	ck_assert_int_eq(store(place, 1, "12\n"), -EOPNOTSUPP);
	ck_assert_int_eq(store(place, 1, " \n"), -EOPNOTSUPP);
	ck_assert_int_eq(store(type, 1, "0\n"), 2);
	ck_assert_int_eq(store(type, 1, "944\n"), 4);
	expect_file(nvvgpu_mgr_show_placement, 1, "4\n");

	/* taken, or none of that type: still wanted until it is said otherwise */
	ck_assert_int_eq(store(place, 2, "4\n"), 2);
	ck_assert_int_eq(store(type, 2, "944\n"), -EINVAL);
	ck_assert_int_eq(store(type, 2, "944\n"), -EINVAL);
	ck_assert_int_eq(store(place, 2, " \n"), 2);
	ck_assert_int_eq(store(type, 2, "944\n"), 4);
	expect_file(nvvgpu_mgr_show_placement, 2, "8\n");

	/* the VF goes, its wishes too */
	ck_assert_int_eq(store(place, 3, "20\n"), 3);
	nvvgpu_mgr_forget_placements(board.mgr);
	ck_assert_int_eq(store(type, 3, "944\n"), 4);
	expect_file(nvvgpu_mgr_show_placement, 3, "12\n");
	board_stop(&board);

	/* placements in mixed-size mode only */
	start("a40");
	ck_assert_int_eq(store(place, 0, "24\n"), 3);
	ck_assert_int_eq(store(type, 0, "557\n"), -EINVAL);
	ck_assert_int_eq(set_mode(&board, NVVGPU_MODE_MIXED_SIZE, NULL), 0);
	ck_assert_int_eq(store(type, 0, "557\n"), 4);
	expect_file(nvvgpu_mgr_show_placement, 0, "24\n");
	board_stop(&board);

	/* none at all */
	start("t4");
	ck_assert_int_eq(store(place, 0, "0\n"), -EOPNOTSUPP);
	ck_assert_int_eq(store(place, 0, " \n"), -EOPNOTSUPP);
	board_stop(&board);
}
END_TEST

START_TEST(sysfs_says_what_there_is_not)
{
	char page[PAGE_SIZE];
	u32 slot;

	start("l40");
	ck_assert_int_eq(nvvgpu_mgr_show_gpu_instance(board.mgr, 0, page), -ENXIO);
	ck_assert_int_eq(nvvgpu_mgr_show_gpu_instance(board.mgr, 99, page), -ENODEV);
	ck_assert_int_eq(nvvgpu_mgr_show_warm_update(board.mgr, 99, page), -ENODEV);
	expect_file(nvvgpu_mgr_show_warm_update, 0, "0\n");
	slot = create(&board, 869).slot;
	expect_file(nvvgpu_mgr_show_gpu_instance, slot, "Not Applicable\n");
	expect_file(nvvgpu_mgr_show_warm_update, slot, "0\n");
	ck_assert_int_eq(store(nvvgpu_mgr_store_gpu_instance, slot, "3\n"), -EOPNOTSUPP);
	ck_assert_int_eq(store(nvvgpu_mgr_store_gpu_instance, 99, "3\n"), -ENODEV);
	ck_assert_int_eq(store(nvvgpu_mgr_store_warm_update, slot, "0\n"), 2);
	ck_assert_int_eq(store(nvvgpu_mgr_store_warm_update, slot, "1\n"), -EOPNOTSUPP);
	ck_assert_int_eq(store(nvvgpu_mgr_store_warm_update, slot, "2\n"), -EINVAL);
	ck_assert_int_eq(store(nvvgpu_mgr_store_warm_update, slot, "yes\n"), -EINVAL);
	ck_assert_int_eq(store(nvvgpu_mgr_store_warm_update, 99, "0\n"), -ENODEV);
	board_stop(&board);
}
END_TEST

/* ------------------------------------------------------------------------------------ mdev */

START_TEST(mdev_describes_types)
{
	char page[PAGE_SIZE];

	start("a40");
	nvvgpu_mgr_show_mdev_description(type_by_name(&board, "1B"), page);
	ck_assert_str_eq(page, "num_heads=4, frl_config=45, framebuffer=1024M, "
			       "max_resolution=5120x2880, max_instance=32\n");
	board_stop(&board);
}
END_TEST

/* A VF has one or none, and none of any type once it holds a vGPU; the GPU counts down. */
START_TEST(mdev_on_a_vf)
{
	static const u8 uuid[NVVGPU_UUID_LEN] = { 1 }, other[NVVGPU_UUID_LEN] = { 2 };
	struct footprint before, after;
	struct nvvgpu_mgr_vgpu *vgpu;
	struct nvvgpu_vgpu_info got;

	start("a40");
	before = footprint(&board);
	ck_assert_uint_eq(nvvgpu_mgr_mdev_available(board.mgr, 3, 560), 1);
	ck_assert_uint_eq(nvvgpu_mgr_mdev_available(board.mgr, NVVGPU_SLOT_ANY, 560), 12);
	ck_assert_uint_eq(nvvgpu_mgr_mdev_available(board.mgr, 3, 1), 0);
	ck_assert_uint_eq(nvvgpu_mgr_mdev_available(board.mgr, 99, 560), 0);

	ck_assert_int_eq(nvvgpu_mgr_mdev_create(board.mgr, 3, 560, uuid), 0);
	ck_assert_int_eq(nvvgpu_mgr_mdev_find(board.mgr, uuid, &got), 0);
	ck_assert_uint_eq(got.slot, 3);
	ck_assert_str_eq(got.owner, "mdev");
	ck_assert_uint_eq(nvvgpu_mgr_mdev_available(board.mgr, 3, 560), 0);
	ck_assert_uint_eq(nvvgpu_mgr_mdev_available(board.mgr, 4, 560), 1);
	ck_assert_uint_eq(nvvgpu_mgr_mdev_available(board.mgr, 4, 570), 1);	/* 4A beside 4Q */
	ck_assert_uint_eq(nvvgpu_mgr_mdev_available(board.mgr, 4, 562), 0);	/* 8Q */
	ck_assert_uint_eq(nvvgpu_mgr_mdev_available(board.mgr, NVVGPU_SLOT_ANY, 560), 11);

	ck_assert_int_eq(nvvgpu_mgr_mdev_create(board.mgr, 3, 560, other), -EBUSY);
	ck_assert_int_eq(nvvgpu_mgr_mdev_create(board.mgr, 4, 560, uuid), -EEXIST);
	ck_assert_int_eq(nvvgpu_mgr_mdev_create(board.mgr, 4, 562, other), -EINVAL);
	ck_assert_int_eq(nvvgpu_mgr_mdev_create(board.mgr, 4, 1, other), -ENODEV);
	ck_assert_int_eq(nvvgpu_mgr_mdev_find(board.mgr, other, &got), -ENODEV);
	ck_assert_int_eq(nvvgpu_mgr_mdev_destroy(board.mgr, other), -ENODEV);

	vgpu = open_slot(&board, 3);
	ck_assert_int_eq(nvvgpu_mgr_mdev_destroy(board.mgr, uuid), -EBUSY);
	close_vgpu(&board, vgpu);
	ck_assert_int_eq(nvvgpu_mgr_mdev_destroy(board.mgr, uuid), 0);
	after = footprint(&board);
	same_footprint(&before, &after);
	board_stop(&board);
}
END_TEST

START_TEST(mdev_on_the_gpu)
{
	u8 uuid[NVVGPU_UUID_LEN] = { 1 };

	start("t4");
	for (u32 left = 8; left; left--) {
		ck_assert_uint_eq(nvvgpu_mgr_mdev_available(board.mgr, NVVGPU_SLOT_ANY, 231), left);
		uuid[1] = left;
		ck_assert_int_eq(nvvgpu_mgr_mdev_create(board.mgr, NVVGPU_SLOT_ANY, 231, uuid), 0);
	}
	ck_assert_uint_eq(nvvgpu_mgr_mdev_available(board.mgr, NVVGPU_SLOT_ANY, 231), 0);
	uuid[1] = 9;
	ck_assert_int_eq(nvvgpu_mgr_mdev_create(board.mgr, NVVGPU_SLOT_ANY, 231, uuid), -ENOSPC);
	board_stop(&board);
}
END_TEST

void add_interface_cases(Suite *s)
{
	TCase *c;

	c = tcase_create("interface");
	tcase_add_test(c, events_tell_the_story);
	tcase_add_test(c, slow_readers_are_told);
	tcase_add_test(c, ioctl_manners);
	tcase_add_test(c, array_replies);
	tcase_add_test(c, sysfs_formats);
	tcase_add_test(c, sysfs_sets_the_type);
	tcase_add_test(c, sysfs_sets_params);
	tcase_add_test(c, sysfs_wants_a_placement);
	tcase_add_test(c, sysfs_says_what_there_is_not);
	tcase_add_test(c, mdev_describes_types);
	tcase_add_test(c, mdev_on_a_vf);
	tcase_add_test(c, mdev_on_the_gpu);
	suite_add_tcase(s, c);
}
