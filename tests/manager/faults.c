// SPDX-License-Identifier: MIT
/* Every allocation, message and answer that can fail, fails once. */
#include "manager.h"

#define STATUS_REFUSED	0x56		/* any NV status that is not success */
#define FAULTS_MAX	200

enum fault {
	FAULT_ALLOC,
	FAULT_RPC_REFUSED,
	FAULT_RPC_SILENT,
	FAULT_MESSAGE_REFUSED,
	FAULT_MESSAGE_SILENT,
	FAULT_PLUGIN_START,
	FAULTS,
};

static void inject(enum fault fault, u32 nth)
{
	switch (fault) {
	case FAULT_ALLOC:
		nvvgpu_shim_fail_alloc_nth(nth);
		break;
	case FAULT_RPC_REFUSED:
		nvvgpu_emu_fail_nth(board.emu, NVVGPU_EMU_FAULT_RPC, nth, STATUS_REFUSED);
		break;
	case FAULT_RPC_SILENT:
		nvvgpu_emu_fail_nth(board.emu, NVVGPU_EMU_FAULT_RPC, nth, 0);
		break;
	case FAULT_MESSAGE_REFUSED:
		nvvgpu_emu_fail_nth(board.emu, NVVGPU_EMU_FAULT_MESSAGE, nth, STATUS_REFUSED);
		break;
	case FAULT_MESSAGE_SILENT:
		nvvgpu_emu_fail_nth(board.emu, NVVGPU_EMU_FAULT_MESSAGE, nth, 0);
		break;
	default:
		nvvgpu_emu_fail_nth(board.emu, NVVGPU_EMU_FAULT_PLUGIN_START, nth, 0);
	}
}

static void no_faults(void)
{
	nvvgpu_shim_fail_alloc_nth(0);
	nvvgpu_emu_fail_nth(board.emu, NVVGPU_EMU_FAULT_NONE, 0, 0);
}

static bool fault_in_create(enum fault fault, u32 nth)
{
	struct footprint before = footprint(&board), after;
	struct nvvgpu_ioctl_create arg = recipe(&board, 869);
	long err;

	inject(fault, nth);
	err = board_ioctl(&board, NVVGPU_IOCTL_CREATE, &arg);
	no_faults();
	if (!err) {
		destroy(&board, arg.info.id);
	} else if (fault == FAULT_ALLOC) {
		ck_assert_int_eq(err, -ENOMEM);
		ck_assert_uint_eq(arg.why, NVVGPU_WHY_NONE);
	} else {
		ck_assert_int_eq(err, -EIO);
		ck_assert_uint_eq(arg.why, NVVGPU_WHY_FIRMWARE);
		if (fault == FAULT_RPC_REFUSED)
			ck_assert_uint_eq(arg.why_detail, STATUS_REFUSED);
	}
	after = footprint(&board);
	same_footprint(&before, &after);
	return err;
}

/* Each allocation and each call of the firmware fails once; nothing is left behind. */
START_TEST(create_unwinds)
{
	static const enum fault faults[] = { FAULT_ALLOC, FAULT_RPC_REFUSED, FAULT_RPC_SILENT };
	u32 nth;

	start("l40");
	destroy(&board, create(&board, 869).id);
	for (u32 i = 0; i < ARRAY_SIZE(faults); i++) {
		for (nth = 1; nth < FAULTS_MAX && fault_in_create(faults[i], nth); nth++)
			;
		/* some failed, and in the end none did */
		ck_assert_uint_gt(nth, 1);
		ck_assert_uint_lt(nth, FAULTS_MAX);
	}
	ck_assert_uint_eq(type_state(&board, 869).available, 32);
	board_stop(&board);
}
END_TEST

static bool fault_in_open(const struct nvvgpu_vgpu_info *vgpu, enum fault fault, u32 nth)
{
	struct footprint before = footprint(&board), after;
	struct nvvgpu_mgr_vgpu *open;
	int err;

	inject(fault, nth);
	err = nvvgpu_mgr_open(board.mgr, vgpu->slot, 1, &open);
	no_faults();
	board_settle(&board);
	if (!err)
		close_vgpu(&board, open);
	ck_assert_uint_eq(state_of(&board, vgpu->id), NVVGPU_STATE_ASSIGNED);
	after = footprint(&board);
	same_footprint(&before, &after);
	/* and the next one works */
	close_vgpu(&board, open_slot(&board, vgpu->slot));
	return err;
}

START_TEST(open_unwinds)
{
	struct nvvgpu_vgpu_info vgpu;
	u32 nth;

	start("l40");
	vgpu = create(&board, 869);
	for (int fault = FAULT_ALLOC; fault < FAULTS; fault++) {
		for (nth = 1; nth < FAULTS_MAX && fault_in_open(&vgpu, fault, nth); nth++)
			;
		ck_assert_uint_gt(nth, 1);
		ck_assert_uint_lt(nth, FAULTS_MAX);
	}
	board_stop(&board);
}
END_TEST

/* A reset may fail, a second one without a fault never; nothing leaks on the way. */
START_TEST(reset_survives_faults)
{
	struct nvvgpu_vgpu_info vgpu;
	struct nvvgpu_mgr_vgpu *open;

	start("l40");
	vgpu = create(&board, 869);
	for (int fault = FAULT_ALLOC; fault < FAULTS; fault++) {
		for (u32 nth = 1; nth < 12; nth++) {
			struct footprint before = footprint(&board), after;

			open = open_slot(&board, vgpu.slot);
			if (nth % 2)
				nvvgpu_emu_crash_plugin(board.emu, vgpu.gfid);
			board_settle(&board);
			inject(fault, nth);
			nvvgpu_mgr_reset(open);
			no_faults();
			board_settle(&board);
			ck_assert_int_eq(nvvgpu_mgr_reset(open), 0);
			ck_assert_uint_eq(state_of(&board, vgpu.id), NVVGPU_STATE_RUNNING);
			close_vgpu(&board, open);
			after = footprint(&board);
			same_footprint(&before, &after);
		}
	}
	board_stop(&board);
}
END_TEST

/* Whatever the firmware says, a destroy gives back what is the host's. */
/* A task that the firmware does not let go may still use its memory: the vGPU stays. */
START_TEST(destroy_keeps_what_runs)
{
	struct nvvgpu_vgpu_info found[NVVGPU_MAX_VGPUS];
	struct footprint before, after;
	u32 id, why;

	start("l40");
	before = footprint(&board);
	id = create(&board, 869).id;
	for (int end = 0; end < 2; end++) {
		/* the second control of a shutdown is the cleanup */
		struct nvvgpu_mgr_vgpu *vgpu = end ? NULL : open_slot(&board, 0);

		inject(FAULT_RPC_REFUSED, 2);
		if (vgpu)
			nvvgpu_mgr_close(vgpu);
		else
			ck_assert_int_eq(try_destroy(&board, id, &why), -EIO);
		no_faults();
	}
	ck_assert_uint_eq(why, NVVGPU_WHY_FIRMWARE);
	ck_assert_uint_eq(list_vgpus(&board, found), 1);
	ck_assert_uint_eq(found[0].state, NVVGPU_STATE_FAILED);
	destroy(&board, id);
	after = footprint(&board);
	ck_assert_uint_eq(after.core.guest_fb_free, before.core.guest_fb_free);
	ck_assert_uint_eq(after.core.heap_free, before.core.heap_free);
	board_stop(&board);
}
END_TEST

START_TEST(destroy_never_leaks)
{
	struct footprint before, after;

	for (u32 nth = 1; nth < 8; nth++) {
		u32 id;

		start("l40");
		before = footprint(&board);
		id = create(&board, 869).id;
		inject(FAULT_RPC_REFUSED, nth);
		destroy(&board, id);
		no_faults();
		after = footprint(&board);
		ck_assert_uint_eq(after.core.guest_fb_free, before.core.guest_fb_free);
		ck_assert_uint_eq(after.core.heap_free, before.core.heap_free);
		ck_assert_uint_eq(after.core.bar1_free, before.core.bar1_free);
		ck_assert_uint_eq(after.core.channels_free, before.core.channels_free);
		ck_assert_int_eq(after.allocs, before.allocs);
		board_stop(&board);
	}
}
END_TEST

START_TEST(warm_restore_is_all_or_nothing)
{
	static struct image image;
	struct footprint before, after;
	u32 modes = 0, nth;
	long err;

	start("l40");
	populate(&board);
	ck_assert_int_eq(warm_save(&board, &image), 0);
	for (int fault = FAULT_ALLOC; fault <= FAULT_RPC_REFUSED; fault++) {
		for (nth = 1; nth < FAULTS_MAX; nth++) {
			replace_manager(&board);
			set_mode(&board, NVVGPU_MODE_EQUAL_SIZE, NULL);
			before = footprint(&board);
			inject(fault, nth);
			err = warm_restore(&board, image.data, image.len, NULL);
			no_faults();
			if (!err)
				break;
			after = footprint(&board);
			same_footprint(&before, &after);
			ck_assert_uint_eq(info(&board).mode, NVVGPU_MODE_EQUAL_SIZE);
			modes++;
		}
		ck_assert_uint_lt(nth, FAULTS_MAX);
		destroy_all(&board);
	}
	ck_assert_uint_gt(modes, 4);
	board_stop(&board);
}
END_TEST

/* Two boards worth of faults in the start itself. */
START_TEST(start_unwinds)
{
	long allocs = nvvgpu_shim_allocs();
	u32 nth;
	int err = -ENOMEM;

	for (nth = 1; err && nth < FAULTS_MAX; nth++) {
		nvvgpu_shim_fail_alloc_nth(nth);
		err = board_start(&board, "t4");
		nvvgpu_shim_fail_alloc_nth(0);
		if (err)
			ck_assert_int_eq(nvvgpu_shim_allocs(), allocs);
	}
	ck_assert_int_eq(err, 0);
	board_stop(&board);
	ck_assert_int_eq(nvvgpu_shim_allocs(), allocs);
}
END_TEST

void add_faults_cases(Suite *s)
{
	TCase *c;

	c = tcase_create("faults");
	tcase_set_timeout(c, 120);
	tcase_add_test(c, create_unwinds);
	tcase_add_test(c, open_unwinds);
	tcase_add_test(c, reset_survives_faults);
	tcase_add_test(c, destroy_keeps_what_runs);
	tcase_add_test(c, destroy_never_leaks);
	tcase_add_test(c, warm_restore_is_all_or_nothing);
	tcase_add_test(c, start_unwinds);
	suite_add_tcase(s, c);
}
