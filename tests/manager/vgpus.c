// SPDX-License-Identifier: MIT
/* The life of a vGPU. */
#include "kmod/emu/board.h"
#include "kmod/emu/pv.h"
#include "kmod/mgr/internal.h"
#include "manager.h"

/* ------------------------------------------------------------------------- create, destroy */

START_TEST(create_says_why_not)
{
	struct nvvgpu_ioctl_create arg, first;
	u32 why;

	start("l40");
	refuse(&board, recipe(&board, 4711), -ENODEV, NVVGPU_WHY_NO_TYPE, 4711);
	arg = recipe(&board, 869);
	memset(arg.uuid, 0, sizeof(arg.uuid));
	refuse(&board, arg, -EINVAL, NVVGPU_WHY_NONE, 0);
	arg = recipe(&board, 869);
	memset(arg.owner, 'x', sizeof(arg.owner));
	refuse(&board, arg, -EINVAL, NVVGPU_WHY_NONE, 0);
	arg = recipe(&board, 869);
	arg.slot = 32;
	refuse(&board, arg, -ENODEV, NVVGPU_WHY_VFS_DISABLED, 32);
	arg = recipe(&board, 869);
	arg.params_len = NVVGPU_PARAMS_LEN;
	refuse(&board, arg, -EINVAL, NVVGPU_WHY_PARAMS, NVVGPU_PARAMS_LEN - 1);
	arg = recipe(&board, 869);
	arg.params = (uintptr_t)"a=1,,b=2";
	arg.params_len = 8;
	refuse(&board, arg, -EINVAL, NVVGPU_WHY_PARAMS, 4);

	first = recipe(&board, 869);
	first.slot = 5;
	strcpy(first.owner, "test");
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_CREATE, &first), 0);
	ck_assert_uint_eq(first.info.slot, 5);
	ck_assert_str_eq(first.info.owner, "test");
	refuse(&board, first, -EEXIST, NVVGPU_WHY_DUPLICATE_UUID, 0);
	arg = recipe(&board, 869);
	arg.slot = 5;
	refuse(&board, arg, -EBUSY, NVVGPU_WHY_SLOT_BUSY, 5);

	ck_assert_int_eq(try_destroy(&board, first.info.id + 1, &why), -ENODEV);
	destroy(&board, first.info.id);
	ck_assert_int_eq(try_destroy(&board, first.info.id, &why), -ENODEV);
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

START_TEST(ids_rotate)
{
	u32 first, id;

	start("l4");
	first = create(&board, type_id(&board, "1Q")).id;
	ck_assert_uint_eq(first, 1);
	for (u32 i = 2; i < 20; i++) {
		id = create(&board, type_id(&board, "1Q")).id;
		ck_assert_uint_eq(id, i);
		destroy(&board, id);
	}
	board_stop(&board);
}
END_TEST

/* What one vGPU wrote is gone for the next, and nobody else loses anything. */
START_TEST(scrubs)
{
	static const char secret[] = "what the last tenant left behind";
	struct nvvgpu_vgpu_info vgpu, other;
	struct nvvgpu_mgr_vgpu *open;
	u64 here, there, base = 1ULL << 30;
	char back[sizeof(secret)];

	start("l40");
	vgpu = create(&board, 869);
	other = create(&board, 869);
	here = vgpu.placement * base + 12345;
	there = other.placement * base + base - sizeof(secret);
	ck_assert_int_eq(board_fb_write(&board, here, secret, sizeof(secret)), 0);
	ck_assert_int_eq(board_fb_write(&board, there, secret, sizeof(secret)), 0);

	/* close and open keep the contents, reset does not */
	open = open_slot(&board, vgpu.slot);
	close_vgpu(&board, open);
	ck_assert_int_eq(board_fb_read(&board, here, back, sizeof(back)), 0);
	ck_assert_str_eq(back, secret);
	open = open_slot(&board, vgpu.slot);
	ck_assert_int_eq(nvvgpu_mgr_reset(open), 0);
	ck_assert(!board_fb_used(&board, vgpu.placement * base, base));
	close_vgpu(&board, open);

	ck_assert_int_eq(board_fb_write(&board, here, secret, sizeof(secret)), 0);
	destroy(&board, vgpu.id);
	ck_assert(!board_fb_used(&board, vgpu.placement * base, base));
	ck_assert_int_eq(board_fb_write(&board, here, secret, sizeof(secret)), 0);
	ck_assert_uint_eq(create(&board, 869).placement, vgpu.placement);
	ck_assert(!board_fb_used(&board, vgpu.placement * base, base));

	ck_assert_int_eq(board_fb_read(&board, there, back, sizeof(back)), 0);
	ck_assert_str_eq(back, secret);
	ck_assert_uint_eq(stats(&board).scrubbed_bytes_total, 5 * base);
	board_stop(&board);
}
END_TEST

START_TEST(slots_follow_sriov)
{
	struct nvvgpu_ioctl_create arg;

	start("l40");
	ck_assert_int_eq(nvvgpu_mgr_set_slots_enabled(board.mgr, 33), -EINVAL);
	ck_assert_int_eq(nvvgpu_mgr_set_slots_enabled(board.mgr, 2), 0);
	ck_assert_uint_eq(type_state(&board, 869).available, 2);
	create(&board, 869);
	arg = recipe(&board, 869);
	arg.slot = 2;
	refuse(&board, arg, -ENODEV, NVVGPU_WHY_VFS_DISABLED, 2);
	create(&board, 869);
	refuse(&board, recipe(&board, 869), -ENOSPC, NVVGPU_WHY_EXHAUSTED, 2);
	ck_assert_int_eq(nvvgpu_mgr_set_slots_enabled(board.mgr, 1), -EBUSY);
	destroy_all(&board);
	ck_assert_int_eq(nvvgpu_mgr_set_slots_enabled(board.mgr, 0), 0);
	ck_assert_uint_eq(type_state(&board, 869).why, NVVGPU_WHY_VFS_DISABLED);
	refuse(&board, recipe(&board, 869), -ENOSPC, NVVGPU_WHY_VFS_DISABLED, 0);
	board_stop(&board);

	start("t4");
	ck_assert_int_eq(nvvgpu_mgr_set_slots_enabled(board.mgr, 16), 0);
	ck_assert_int_eq(nvvgpu_mgr_set_slots_enabled(board.mgr, 4), -EOPNOTSUPP);
	board_stop(&board);
}
END_TEST

START_TEST(mode_rules)
{
	u32 why, id;
	u64 cursor;

	start("t4");
	ck_assert_int_eq(set_mode(&board, NVVGPU_MODE_MIXED_SIZE, &why), -EOPNOTSUPP);
	ck_assert_uint_eq(why, NVVGPU_WHY_NOT_SUPPORTED);
	ck_assert_int_eq(set_mode(&board, NVVGPU_MODE_EQUAL_SIZE, &why), 0);
	ck_assert_int_eq(set_mode(&board, 2, &why), -EINVAL);
	board_stop(&board);

	start("a40");
	id = create(&board, 557).id;
	ck_assert_int_eq(set_mode(&board, NVVGPU_MODE_MIXED_SIZE, &why), -EBUSY);
	ck_assert_uint_eq(why, NVVGPU_WHY_LIVE_VGPUS);
	destroy(&board, id);
	ck_assert_int_eq(set_mode(&board, NVVGPU_MODE_MIXED_SIZE, &why), 0);
	ck_assert_uint_eq(info(&board).mode, NVVGPU_MODE_MIXED_SIZE);
	cursor = nvvgpu_mgr_event_cursor(board.mgr);
	ck_assert_int_eq(set_mode(&board, NVVGPU_MODE_MIXED_SIZE, &why), 0);
	ck_assert(!nvvgpu_mgr_event_pending(board.mgr, cursor));
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

/* ------------------------------------------------------------------------------ parameters */

START_TEST(parameters)
{
	static const char *const good[] = {
		"a=1", "a=1,b=2", "frame_rate_limiter=0,disable_vnc=1", "a=x y=z", "",
	};
	static const struct {
		const char *text;
		u32 offset;
	} bad[] = {
		{ "a", 1 }, { "=1", 0 }, { "a=", 2 }, { "a=1,", 4 }, { ",a=1", 0 },
		{ "a=1,,b=2", 4 }, { "a=1,a=2", 4 }, { "a b=1", 1 }, { "a=\t", 2 },
		{ "a=1\n", 3 }, { "a=\xc3\xa4", 2 }, { "a=1,b=2,ab=3,b=4", 13 },
	};
	struct nvvgpu_ioctl_params get = { .size = sizeof(get) };
	struct nvvgpu_ioctl_create arg;
	struct nvvgpu_mgr_vgpu *open;
	char buf[NVVGPU_PARAMS_LEN], big[NVVGPU_PARAMS_LEN];
	size_t len;
	u32 why;

	start("l40");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		arg = recipe(&board, 869);
		arg.params = (uintptr_t)bad[i].text;
		arg.params_len = strlen(bad[i].text);
		refuse(&board, arg, -EINVAL, NVVGPU_WHY_PARAMS, bad[i].offset);
	}
	arg = recipe(&board, 869);
	arg.params = (uintptr_t)"a=1,b=2 not read";
	arg.params_len = 7;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_CREATE, &arg), 0);
	get.id = arg.info.id;

	/* get: needed length, exact room, room for a NUL */
	get.params = (uintptr_t)buf;
	get.len = 6;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_PARAMS, &get), -ENOSPC);
	ck_assert_uint_eq(get.len, 7);
	memset(buf, 'z', sizeof(buf));
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_PARAMS, &get), 0);
	ck_assert(!memcmp(buf, "a=1,b=2z", 8));
	get.len = 8;
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_PARAMS, &get), 0);
	ck_assert_str_eq(buf, "a=1,b=2");
	ck_assert_uint_eq(get.len, 7);

	/* set: whole or not at all */
	ck_assert_int_eq(set_params(get.id, "a\0=1", 4, &why), -EINVAL);
	ck_assert_uint_eq(why, NVVGPU_WHY_PARAMS);
	ck_assert_int_eq(set_params(get.id + 1, "a=1", 3, &why), -ENODEV);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		ck_assert_int_eq(set_params(get.id, good[i], strlen(good[i]), &why), 0);
		get.len = sizeof(buf);
		ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_PARAMS, &get), 0);
		ck_assert_str_eq(buf, good[i]);
	}
	memset(big, 'v', sizeof(big));
	memcpy(big, "key=", 4);
	ck_assert_int_eq(set_params(get.id, big, 4 + 256, &why), -EINVAL);
	ck_assert_int_eq(set_params(get.id, big, 4 + 255, &why), 0);
	for (len = 0; len + 7 < sizeof(big); len += 7)
		sprintf(big + len, "k%03zu=v,", len / 7);
	ck_assert_int_eq(set_params(get.id, big, len - 1, &why), 0);

	open = open_slot(&board, arg.info.slot);
	ck_assert_int_eq(set_params(get.id, "a=1", 3, &why), -EBUSY);
	ck_assert_uint_eq(why, NVVGPU_WHY_IN_USE);
	close_vgpu(&board, open);
	board_stop(&board);
}
END_TEST

/* ---------------------------------------------------------------------- open, crash, reset */

START_TEST(open_and_close)
{
	struct nvvgpu_mgr_vgpu *vgpu, *again;
	struct nvvgpu_vgpu_info created;
	struct footprint before, after;
	u32 why;

	start(board_ids[_i]);
	ck_assert_int_eq(nvvgpu_mgr_open(board.mgr, 0, 1, &vgpu), -ENODEV);
	ck_assert_int_eq(nvvgpu_mgr_open(board.mgr, 1000, 1, &vgpu), -ENODEV);
	created = create(&board, board.data->types[0].id);
	before = footprint(&board);

	vgpu = open_slot(&board, created.slot);
	ck_assert_uint_eq(state_of(&board, created.id), NVVGPU_STATE_RUNNING);
	ck_assert_uint_eq(nvvgpu_mgr_vgpu_gfid(vgpu), created.gfid);
	ck_assert_uint_eq(nvvgpu_mgr_vgpu_type(vgpu)->id, created.type_id);
	ck_assert_int_eq(nvvgpu_mgr_open(board.mgr, created.slot, 1, &again), -EBUSY);
	ck_assert_int_eq(try_destroy(&board, created.id, &why), -EBUSY);
	ck_assert_uint_eq(why, NVVGPU_WHY_IN_USE);
	ck_assert_int_eq(nvvgpu_mgr_set_bus_master(vgpu, true), 0);
	ck_assert_int_eq(nvvgpu_mgr_reset(vgpu), 0);
	close_vgpu(&board, vgpu);

	ck_assert_uint_eq(state_of(&board, created.id), NVVGPU_STATE_ASSIGNED);
	after = footprint(&board);
	same_footprint(&before, &after);
	ck_assert_uint_eq(after.stats.booted_total, 1);
	destroy(&board, created.id);
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

static u32 vf_get(struct nvvgpu_mgr_vgpu *vgpu, u64 offset)
{
	u32 value = 0xa5a5a5a5;

	ck_assert_int_eq(nvvgpu_mgr_bar_read(vgpu, 0, offset, &value, sizeof(value)), 0);
	return value;
}

static void vf_set(struct nvvgpu_mgr_vgpu *vgpu, u64 offset, u32 value)
{
	ck_assert_int_eq(nvvgpu_mgr_bar_write(vgpu, 0, offset, &value, sizeof(value)), 0);
}

static u32 copy(struct nvvgpu_mgr_vgpu *vgpu, u64 offset, u32 bytes, u32 command)
{
	vf_set(vgpu, NVVGPU_EMU_VF_COPY_BUS_LO, 0x1000);
	vf_set(vgpu, NVVGPU_EMU_VF_COPY_BUS_HI, 1);
	vf_set(vgpu, NVVGPU_EMU_VF_COPY_FB_LO, lower_32_bits(offset));
	vf_set(vgpu, NVVGPU_EMU_VF_COPY_FB_HI, upper_32_bits(offset));
	vf_set(vgpu, NVVGPU_EMU_VF_COPY_BYTES, bytes);
	vf_set(vgpu, NVVGPU_EMU_VF_COPY_COMMAND, command);
	return vf_get(vgpu, NVVGPU_EMU_VF_COPY_STATUS);
}

/* In this process nobody maps memory for a VF: what is right otherwise ends with EFAULT. */
START_TEST(copy_engine_checks)
{
	struct nvvgpu_mgr_vgpu *vgpu;
	u64 fb;

	start("l40");
	vgpu = open_slot(&board, create(&board, 869).slot);
	fb = nvvgpu_mgr_vgpu_type(vgpu)->framebuffer_bytes;
	ck_assert_uint_eq(copy(vgpu, 0, 4096, NVVGPU_EMU_VF_COPY_TO_FB), EACCES);
	ck_assert_int_eq(nvvgpu_mgr_set_bus_master(vgpu, true), 0);
	ck_assert_uint_eq(copy(vgpu, 0, 4096, NVVGPU_EMU_VF_COPY_TO_FB), EFAULT);
	ck_assert_uint_eq(copy(vgpu, fb - 4096, 4096, NVVGPU_EMU_VF_COPY_FROM_FB), EFAULT);
	ck_assert_uint_eq(copy(vgpu, 0, 0, NVVGPU_EMU_VF_COPY_TO_FB), EINVAL);
	ck_assert_uint_eq(copy(vgpu, 0, NVVGPU_EMU_VF_COPY_MAX + 1, 1), EINVAL);
	ck_assert_uint_eq(copy(vgpu, 0, 4096, 3), EINVAL);
	ck_assert_uint_eq(copy(vgpu, fb, 1, NVVGPU_EMU_VF_COPY_FROM_FB), ERANGE);
	ck_assert_uint_eq(copy(vgpu, ~0ULL, 4096, NVVGPU_EMU_VF_COPY_TO_FB), ERANGE);
	ck_assert_uint_eq(vf_get(vgpu, NVVGPU_EMU_VF_COPY_BYTES), 4096);
	ck_assert_int_eq(nvvgpu_mgr_reset(vgpu), 0);
	ck_assert_uint_eq(vf_get(vgpu, NVVGPU_EMU_VF_COPY_BYTES), 0);
	ck_assert_uint_eq(nvvgpu_mgr_trap_pages(vgpu) & NVVGPU_EMU_VF_TRAP_PAGES,
			  NVVGPU_EMU_VF_TRAP_PAGES);
	close_vgpu(&board, vgpu);
	board_stop(&board);
}
END_TEST

static int leave_dma_read(void *priv, u32 gfid, u64 bus, void *buf, size_t len)
{
	return -EINPROGRESS;
}

static int leave_dma_write(void *priv, u32 gfid, u64 bus, const void *buf, size_t len)
{
	return -EINPROGRESS;
}

static u32 told;	/* interrupts of vector 1 */

static void count_interrupts(void *priv, u32 gfid, u32 vector)
{
	told += vector == 1;
}

static int copy_window(u32 gfid, u64 offset, void *buf, size_t len, bool write)
{
	return write ? nvvgpu_emu_vf_write(board.emu, gfid, NVVGPU_PV_BAR_COPY, offset, buf, len) :
		       nvvgpu_emu_vf_read(board.emu, gfid, NVVGPU_PV_BAR_COPY, offset, buf, len);
}

/* What the copy engine leaves to the host, by the window of pv.h. */
START_TEST(copy_by_host)
{
	struct nvvgpu_emu_host_ops ops;
	u32 command = NVVGPU_EMU_VF_COPY_TO_FB, status = 0, gfid;
	struct nvvgpu_pv_copy job;
	struct nvvgpu_mgr_vgpu *vgpu;
	u8 data[4096], back[4096];

	start("t4");
	ops = *board.emu->ops;
	ops.vf_dma_read = leave_dma_read;
	ops.vf_dma_write = leave_dma_write;
	ops.vf_interrupt = count_interrupts;
	board.emu->ops = &ops;
	told = 0;
	vgpu = open_slot(&board, create(&board, 222).slot);
	gfid = nvvgpu_mgr_vgpu_gfid(vgpu);
	ck_assert_int_eq(copy_window(gfid, 0, &job, sizeof(job), false), -EINVAL);
	ck_assert_int_eq(copy_window(gfid, 0, &status, sizeof(status), true), -EINVAL);
	ck_assert_uint_eq(copy(vgpu, 8192, sizeof(data), command), EACCES);
	ck_assert_int_eq(nvvgpu_mgr_set_bus_master(vgpu, true), 0);

	/* to the framebuffer */
	ck_assert_int_eq(nvvgpu_mgr_bar_write(vgpu, 0, NVVGPU_EMU_VF_COPY_COMMAND, &command,
					      sizeof(command)), -EINPROGRESS);
	ck_assert_uint_eq(vf_get(vgpu, NVVGPU_EMU_VF_COPY_STATUS), EINPROGRESS);
	ck_assert_int_eq(copy_window(gfid, 0, &job, sizeof(job), false), 0);
	ck_assert_uint_eq(job.bus, 0x100001000);
	ck_assert_uint_eq(job.bytes, sizeof(data));
	ck_assert_uint_eq(job.to_guest, 0);
	memset(data, 0x5a, sizeof(data));
	ck_assert_int_eq(copy_window(gfid, NVVGPU_PV_COPY_DATA, data, sizeof(data), true), 0);
	ck_assert_int_eq(copy_window(gfid, NVVGPU_PV_COPY_DATA + 1, data, sizeof(data), true),
			 -ERANGE);
	ck_assert_int_eq(copy_window(gfid, NVVGPU_PV_COPY_DATA, back, 4, false), -EINVAL);
	ck_assert_int_eq(copy_window(gfid, 4, data, 4, true), -EINVAL);
	ck_assert_uint_eq(told, 0);
	ck_assert_int_eq(copy_window(gfid, 0, &status, sizeof(status), true), 0);
	ck_assert_uint_eq(told, 1);
	ck_assert_uint_eq(vf_get(vgpu, NVVGPU_EMU_VF_COPY_STATUS), 0);
	ck_assert_int_eq(nvvgpu_mgr_bar_read(vgpu, 1, 8192, back, sizeof(back)), 0);
	ck_assert(!memcmp(back, data, sizeof(data)));

	/* and from there, with an error to end it */
	command = NVVGPU_EMU_VF_COPY_FROM_FB;
	ck_assert_int_eq(nvvgpu_mgr_bar_write(vgpu, 0, NVVGPU_EMU_VF_COPY_COMMAND, &command,
					      sizeof(command)), -EINPROGRESS);
	ck_assert_int_eq(copy_window(gfid, 0, &job, sizeof(job), false), 0);
	ck_assert_uint_eq(job.to_guest, 1);
	memset(back, 0, sizeof(back));
	ck_assert_int_eq(copy_window(gfid, NVVGPU_PV_COPY_DATA, back, sizeof(back), false), 0);
	ck_assert(!memcmp(back, data, sizeof(data)));
	ck_assert_int_eq(copy_window(gfid, NVVGPU_PV_COPY_DATA, data, 4, true), -EINVAL);
	status = EFAULT;
	ck_assert_int_eq(copy_window(gfid, 0, &status, sizeof(status), true), 0);
	ck_assert_uint_eq(told, 2);
	ck_assert_uint_eq(vf_get(vgpu, NVVGPU_EMU_VF_COPY_STATUS), EFAULT);
	ck_assert_int_eq(copy_window(gfid, 0, &job, sizeof(job), false), -EINVAL);

	/* a reset ends it, too */
	ck_assert_int_eq(nvvgpu_mgr_bar_write(vgpu, 0, NVVGPU_EMU_VF_COPY_COMMAND, &command,
					      sizeof(command)), -EINPROGRESS);
	ck_assert_int_eq(nvvgpu_mgr_reset(vgpu), 0);
	ck_assert_int_eq(copy_window(gfid, 0, &job, sizeof(job), false), -EINVAL);
	close_vgpu(&board, vgpu);
	board_stop(&board);
}
END_TEST

static void expect_bar1(const char *id, u32 type, u64 own, u64 overridden)
{
	static const char on[] = "override_bar1_size=1", off[] = "override_bar1_size=0";
	struct nvvgpu_vgpu_info created;
	struct nvvgpu_mgr_vgpu *vgpu;
	u32 why;

	start(id);
	created = create(&board, type);
	ck_assert_int_eq(set_params(created.id, on, strlen(on), &why), 0);
	vgpu = open_slot(&board, created.slot);
	ck_assert_uint_eq(nvvgpu_mgr_bar_bytes(vgpu, 1), overridden);
	close_vgpu(&board, vgpu);
	ck_assert_int_eq(set_params(created.id, off, strlen(off), &why), 0);
	vgpu = open_slot(&board, created.slot);
	ck_assert_uint_eq(nvvgpu_mgr_bar_bytes(vgpu, 0), 0x40000);
	ck_assert_uint_eq(nvvgpu_mgr_bar_bytes(vgpu, 1), own);
	ck_assert_uint_eq(nvvgpu_mgr_bar_bytes(vgpu, 2), 0);
	ck_assert_uint_eq(nvvgpu_mgr_bar_bytes(vgpu, 3), 32 << 20);
	ck_assert_uint_eq(nvvgpu_mgr_bar_bytes(vgpu, 4), 0);
	close_vgpu(&board, vgpu);
	board_stop(&board);
}

START_TEST(bar_sizes)
{
	struct nvvgpu_mgr_vgpu *vgpu;

	expect_bar1("a40", 557, 256 << 20, 2ull << 30);		/* its function's */
	expect_bar1("t4", 222, 256 << 20, 256 << 20);		/* the board has no more */

	/* a board without SR-IOV with more of it */
	start("t4");
	board.mgr->info.slot_bar1_bytes = 48ull << 30;
	vgpu = open_slot(&board, create(&board, 222).slot);
	strcpy(vgpu->params, "override_bar1_size=1");
	ck_assert_uint_eq(nvvgpu_mgr_vgpu_type(vgpu)->max_instances, 16);
	ck_assert_uint_eq(nvvgpu_mgr_bar_bytes(vgpu, 1), 2ull << 30);
	close_vgpu(&board, vgpu);
	board_stop(&board);
}
END_TEST

/* All that is no register, and nothing else. */
START_TEST(areas_to_map)
{
	struct nvvgpu_mgr_area areas[NVVGPU_MGR_AREAS];
	struct nvvgpu_mgr_vgpu *vgpu;
	u64 pages = 0;
	u32 count;

	start("l40");
	vgpu = open_slot(&board, create(&board, 869).slot);
	count = nvvgpu_mgr_sparse_mmap(vgpu, areas);
	ck_assert_uint_eq(count, 4);
	for (u32 i = 0; i < count; i++) {
		ck_assert(!i || areas[i].offset > areas[i - 1].offset + areas[i - 1].bytes);
		for (u64 at = 0; at < areas[i].bytes; at += 4096)
			pages |= BIT_ULL((areas[i].offset + at) / 4096);
	}
	ck_assert_uint_eq(pages, ~nvvgpu_mgr_trap_pages(vgpu));
	close_vgpu(&board, vgpu);
	board_stop(&board);
}
END_TEST

static u32 injected, moved;

static void inject(void *guest, u32 vector)
{
	ck_assert_ptr_eq(guest, &board);
	injected += 1 + vector;
}

static int move(void *guest, u64 bus, void *buf, size_t len, bool to_guest)
{
	ck_assert_ptr_eq(guest, &board);
	moved += len;
	return 0;
}

/* Whoever has a vGPU open is called for it, from when it says so to the close. */
START_TEST(guest_is_called)
{
	static const struct nvvgpu_mgr_guest_ops ops = {
		.inject_interrupt = inject, .dma_rw = move,
	};
	struct nvvgpu_mgr_vgpu *vgpu;
	u32 gfid;
	u8 byte;

	start("t4");
	vgpu = open_slot(&board, create(&board, 222).slot);
	gfid = nvvgpu_mgr_vgpu_gfid(vgpu);
	injected = moved = 0;
	mgr_guest_ops.interrupt(board.mgr, gfid, 3);
	ck_assert_int_eq(mgr_guest_ops.dma(board.mgr, gfid, 0, &byte, 1, true), -EFAULT);
	nvvgpu_mgr_set_guest(vgpu, &ops, &board);
	mgr_guest_ops.interrupt(board.mgr, gfid, 3);
	mgr_guest_ops.interrupt(board.mgr, gfid + 1, 0);
	mgr_guest_ops.interrupt(board.mgr, 0, 0);
	mgr_guest_ops.interrupt(board.mgr, ~0u, 0);
	ck_assert_int_eq(mgr_guest_ops.dma(board.mgr, gfid, 0, &byte, 1, true), 0);
	ck_assert_int_eq(mgr_guest_ops.dma(board.mgr, gfid + 1, 0, &byte, 1, true), -EFAULT);
	ck_assert_uint_eq(injected, 4);
	ck_assert_uint_eq(moved, 1);
	close_vgpu(&board, vgpu);
	mgr_guest_ops.interrupt(board.mgr, gfid, 3);
	ck_assert_int_eq(mgr_guest_ops.dma(board.mgr, gfid, 0, &byte, 1, true), -EFAULT);
	ck_assert_uint_eq(injected, 4);
	board_stop(&board);
}
END_TEST

/* Registers are dwords; whoever comes in other sizes is served all the same. */
START_TEST(registers_of_any_size)
{
	const u8 pattern[11] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
	u64 at = NVVGPU_EMU_VF_SCRATCH(4);
	struct nvvgpu_mgr_vgpu *vgpu;
	u8 back[11];

	start("l40");
	vgpu = open_slot(&board, create(&board, 869).slot);
	for (u32 shift = 0; shift < 4; shift++) {
		for (u32 len = 1; len <= sizeof(pattern); len++) {
			for (u32 i = 0; i < 4; i++)
				vf_set(vgpu, at + 4 * i, 0xeeeeeeee);
			ck_assert_int_eq(nvvgpu_mgr_bar_write(vgpu, 0, at + shift, pattern, len), 0);
			ck_assert_int_eq(nvvgpu_mgr_bar_read(vgpu, 0, at + shift, back, len), 0);
			ck_assert(!memcmp(back, pattern, len));
			/* the bytes beside it are as they were */
			ck_assert_int_eq(nvvgpu_mgr_bar_read(vgpu, 0, at + shift + len, back, 1), 0);
			ck_assert_uint_eq(back[0], 0xee);
			ck_assert_int_eq(nvvgpu_mgr_bar_read(vgpu, 0, at, back, 3), 0);
			for (u32 i = 0; i < shift; i++)
				ck_assert_uint_eq(back[i], 0xee);
		}
	}
	ck_assert_int_eq(nvvgpu_mgr_bar_read(vgpu, 0, NVVGPU_EMU_VF_BAR0_BYTES - 2, back, 4), -ERANGE);
	close_vgpu(&board, vgpu);
	board_stop(&board);
}
END_TEST

START_TEST(task_logs)
{
	struct nvvgpu_vgpu_info created;
	char log[256] = { 0 };
	ssize_t len;

	start("l40");
	ck_assert_int_eq(nvvgpu_mgr_log_read(board.mgr, 0, NVVGPU_PLUGIN_LOG_INIT, 0, log, 9), -ENODEV);
	ck_assert_int_eq(nvvgpu_mgr_log_read(board.mgr, 99, NVVGPU_PLUGIN_LOG_INIT, 0, log, 9), -ENODEV);
	created = create(&board, 871);
	close_vgpu(&board, open_slot(&board, created.slot));
	len = nvvgpu_mgr_log_read(board.mgr, created.slot, NVVGPU_PLUGIN_LOG_INIT, 0, log, 255);
	ck_assert_str_eq(log, "plugin task started, vGPU type 871\n");
	ck_assert_int_eq(len, strlen(log));
	ck_assert_int_eq(nvvgpu_mgr_log_read(board.mgr, created.slot, NVVGPU_PLUGIN_LOG_INIT, len,
					     log, 255), 0);
	len = nvvgpu_mgr_log_read(board.mgr, created.slot, NVVGPU_PLUGIN_LOG_VGPU, 0, log, 255);
	ck_assert_int_gt(len, 0);
	ck_assert_ptr_nonnull(strstr(log, "message 1, type 1: status 0x0\nmessage 2, type 2: status 0x0\n"));
	ck_assert_int_eq(nvvgpu_mgr_log_read(board.mgr, created.slot, NVVGPU_PLUGIN_LOG_VGPU,
					     1ULL << 40, log, 255), 0);
	board_stop(&board);
}
END_TEST

START_TEST(crash_and_revival)
{
	struct nvvgpu_vgpu_info created;
	struct nvvgpu_mgr_vgpu *vgpu;
	struct footprint before, after;
	u64 estimate;

	start("l40");
	created = create(&board, 869);
	before = footprint(&board);
	vgpu = open_slot(&board, created.slot);
	ck_assert_int_eq(nvvgpu_emu_crash_plugin(board.emu, created.gfid), 0);
	board_settle(&board);
	ck_assert_uint_eq(state_of(&board, created.id), NVVGPU_STATE_FAILED);
	ck_assert_int_eq(nvvgpu_mgr_stop_work(vgpu, &estimate), -EIO);
	ck_assert_int_eq(nvvgpu_mgr_set_bus_master(vgpu, true), -EIO);

	ck_assert_int_eq(nvvgpu_mgr_reset(vgpu), 0);
	board_settle(&board);
	ck_assert_uint_eq(state_of(&board, created.id), NVVGPU_STATE_RUNNING);
	ck_assert_int_eq(nvvgpu_mgr_stop_work(vgpu, &estimate), 0);
	ck_assert_int_eq(nvvgpu_mgr_resume_work(vgpu), 0);

	/* closed without a reset: nothing stays behind */
	ck_assert_int_eq(nvvgpu_emu_crash_plugin(board.emu, created.gfid), 0);
	board_settle(&board);
	close_vgpu(&board, vgpu);
	ck_assert_uint_eq(state_of(&board, created.id), NVVGPU_STATE_ASSIGNED);
	after = footprint(&board);
	same_footprint(&before, &after);
	vgpu = open_slot(&board, created.slot);
	ck_assert_uint_eq(state_of(&board, created.id), NVVGPU_STATE_RUNNING);
	close_vgpu(&board, vgpu);
	board_stop(&board);
}
END_TEST

/* --------------------------------------------------------------------------------- threads */

static void *keep_listing(void *arg)
{
	struct nvvgpu_type_state states[NVVGPU_MAX_TYPES];
	bool *done = arg;
	u64 cursor = nvvgpu_mgr_event_cursor(board.mgr);

	while (!__atomic_load_n(done, __ATOMIC_ACQUIRE)) {
		struct nvvgpu_event_record records[16];
		struct nvvgpu_ioctl_type_list list = {
			.size = sizeof(list),
			.count = NVVGPU_MAX_TYPES,
			.states = (uintptr_t)states,
		};

		if (nvvgpu_mgr_ioctl(board.mgr, NVVGPU_IOCTL_TYPE_LIST, &list, false))
			return (void *)"type list failed";
		for (u32 i = 0; i < list.count; i++)
			if (!states[i].available && states[i].why == NVVGPU_WHY_NONE)
				return (void *)"0 without a why";
		nvvgpu_mgr_event_read(board.mgr, &cursor, records, sizeof(records));
	}
	return NULL;
}

START_TEST(lists_beside_changes)
{
	bool done = false;
	pthread_t reader;
	void *complaint;

	start("l40");
	ck_assert_int_eq(pthread_create(&reader, NULL, keep_listing, &done), 0);
	for (u32 i = 0; i < 300; i++) {
		u32 id = create(&board, board.data->types[i % 3].id).id;

		if (i % 3)
			close_vgpu(&board, open_slot(&board, 0));
		destroy(&board, id);
	}
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	pthread_join(reader, &complaint);
	ck_assert_msg(!complaint, "%s", (const char *)complaint);
	board_stop(&board);
}
END_TEST

void add_vgpus_cases(Suite *s)
{
	TCase *c;

	c = tcase_create("vgpus");
	tcase_set_timeout(c, 30);
	tcase_add_test(c, create_says_why_not);
	tcase_add_test(c, ids_rotate);
	tcase_add_test(c, scrubs);
	tcase_add_test(c, slots_follow_sriov);
	tcase_add_test(c, mode_rules);
	tcase_add_test(c, parameters);
	tcase_add_loop_test(c, open_and_close, 0, BOARDS);
	tcase_add_test(c, copy_engine_checks);
	tcase_add_test(c, copy_by_host);
	tcase_add_test(c, bar_sizes);
	tcase_add_test(c, areas_to_map);
	tcase_add_test(c, guest_is_called);
	tcase_add_test(c, registers_of_any_size);
	tcase_add_test(c, task_logs);
	tcase_add_test(c, crash_and_revival);
	tcase_add_test(c, lists_beside_changes);
	suite_add_tcase(s, c);
}
