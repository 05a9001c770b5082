// SPDX-License-Identifier: MIT
/* The manager is replaced, its vGPUs stay. */
#include "manager.h"

static u64 created_total(struct board *b)
{
	struct nvvgpu_ioctl_stats stats = { .size = sizeof(stats) };

	ck_assert_int_eq(board_ioctl(b, NVVGPU_IOCTL_STATS, &stats), 0);
	return stats.created_total;
}

START_TEST(warm_update)
{
	static const char text[] = "what a running guest has in its framebuffer";
	static struct image image, again;
	struct nvvgpu_vgpu_info before[NVVGPU_MAX_VGPUS], after[NVVGPU_MAX_VGPUS];
	struct nvvgpu_type_state then[NVVGPU_MAX_TYPES], now[NVVGPU_MAX_TYPES];
	struct nvvgpu_ioctl_params params = { .size = sizeof(params) };
	struct footprint full, restored;
	char buf[64];
	u32 count, why;
	u64 cursor;

	start(board_ids[_i]);
	populate(&board);
	ck_assert_int_eq(board_fb_write(&board, 100, text, sizeof(text)), 0);
	count = list_vgpus(&board, before);
	list_types(&board, then);
	full = footprint(&board);
	cursor = nvvgpu_mgr_event_cursor(board.mgr);
	ck_assert_int_eq(warm_save(&board, &image), 0);

	/* not over live vGPUs */
	ck_assert_int_eq(warm_restore(&board, image.data, image.len, &why), -EBUSY);
	ck_assert_uint_eq(why, NVVGPU_WHY_LIVE_VGPUS);

	replace_manager(&board);
	ck_assert_uint_eq(info(&board).vgpus, 0);
	ck_assert_int_eq(warm_restore(&board, image.data, image.len, &why), 0);
	ck_assert_uint_eq(why, NVVGPU_WHY_NONE);
	memset(after, 0, sizeof(after));
	ck_assert_uint_eq(list_vgpus(&board, after), count);
	ck_assert(!memcmp(before, after, count * sizeof(before[0])));
	list_types(&board, now);
	ck_assert(!memcmp(then, now, board.data->type_count * sizeof(then[0])));
	ck_assert_uint_eq(nvvgpu_mgr_event_cursor(board.mgr), cursor);
	ck_assert_int_eq(board_fb_read(&board, 100, buf, sizeof(text)), 0);
	ck_assert_str_eq(buf, text);
	restored = footprint(&board);
	same_footprint(&full, &restored);
	ck_assert_uint_ge(count, 1);
	ck_assert_uint_ge(created_total(&board), count);

	/* parameters, owner, ids; the image of the copy is the same */
	ck_assert_str_eq(after[1].owner, "someone");
	params.id = after[1].id;
	params.params = (uintptr_t)buf;
	params.len = sizeof(buf);
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_PARAMS, &params), 0);
	ck_assert_str_eq(buf, "a=1,b=2");
	ck_assert_int_eq(warm_save(&board, &again), 0);
	ck_assert_uint_eq(again.len, image.len);
	ck_assert(!memcmp(again.data, image.data, image.len));
	ck_assert_uint_gt(create(&board, type_id(&board, "2Q")).id, 3);

	/* the restored ones live */
	close_vgpu(&board, open_slot(&board, after[1].slot));
	destroy_all(&board);
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

START_TEST(warm_image_of_another_board)
{
	static struct image image;
	u32 why;

	start("l40");
	populate(&board);
	ck_assert_int_eq(warm_save(&board, &image), 0);
	board_stop(&board);
	start("l40s");
	ck_assert_int_eq(warm_restore(&board, image.data, image.len, &why), -EBADMSG);
	ck_assert_uint_eq(why, NVVGPU_WHY_BAD_IMAGE);
	board_stop(&board);
}
END_TEST

/* Not an image, but who owns the VFs says how many there are. */
START_TEST(warm_image_of_other_vfs)
{
	static struct image image;
	u32 why;

	start("l40");
	populate(&board);
	ck_assert_int_eq(warm_save(&board, &image), 0);
	destroy_all(&board);
	ck_assert_int_eq(nvvgpu_mgr_set_slots_enabled(board.mgr, 4), 0);
	ck_assert_int_eq(warm_restore(&board, image.data, image.len, &why), -EBADMSG);
	ck_assert_uint_eq(why, NVVGPU_WHY_BAD_IMAGE);
	ck_assert_uint_eq(info(&board).slots_enabled, 4);
	ck_assert_int_eq(nvvgpu_mgr_set_slots_enabled(board.mgr, board_slots(&board)), 0);
	ck_assert_int_eq(warm_restore(&board, image.data, image.len, NULL), 0);
	destroy_all(&board);
	board_stop(&board);
}
END_TEST

/* Damage: every bit, every length. */
START_TEST(warm_image_damaged)
{
	static struct image image;
	struct footprint before, after;

	start("t4");
	populate(&board);
	ck_assert_int_eq(warm_save(&board, &image), 0);
	replace_manager(&board);
	before = footprint(&board);
	for (u32 len = 0; len < image.len; len++)
		ck_assert_int_eq(warm_restore(&board, image.data, len, NULL), -EBADMSG);
	ck_assert_int_eq(warm_restore(&board, image.data, image.len + 1, NULL), -EBADMSG);
	for (u32 bit = 0; bit < image.len * 8; bit++) {
		image.data[bit / 8] ^= 1 << bit % 8;
		ck_assert_int_eq(warm_restore(&board, image.data, image.len, NULL), -EBADMSG);
		image.data[bit / 8] ^= 1 << bit % 8;
	}
	after = footprint(&board);
	same_footprint(&before, &after);
	ck_assert_uint_eq(info(&board).types, board.data->type_count);
	ck_assert_int_eq(warm_restore(&board, image.data, image.len, NULL), 0);
	destroy_all(&board);
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

/* Hostile: a wrong value under a right checksum is refused or harmless, never half done. */
START_TEST(warm_image_forged)
{
	static struct image image;
	struct footprint before, after;
	u32 accepted = 0, refused = 0;

	start("l4");
	populate(&board);
	ck_assert_int_eq(warm_save(&board, &image), 0);
	replace_manager(&board);
	set_mode(&board, NVVGPU_MODE_EQUAL_SIZE, NULL);
	before = footprint(&board);
	for (u32 bit = 20 * 8; bit < image.len * 8; bit += 37) {
		u32 crc;

		image.data[bit / 8] ^= 1 << bit % 8;
		crc = crc32_le(crc32_le(~0U, image.data, 16), image.data + 20, image.len - 20);
		put_unaligned_le32(crc, image.data + 16);
		if (warm_restore(&board, image.data, image.len, NULL)) {
			refused++;
		} else {
			accepted++;
			destroy_all(&board);
			replace_manager(&board);
		}
		image.data[bit / 8] ^= 1 << bit % 8;
		after = footprint(&board);
		ck_assert_uint_eq(after.core.guest_fb_free, before.core.guest_fb_free);
		ck_assert_uint_eq(after.core.channels_free, before.core.channels_free);
		ck_assert_uint_eq(after.core.heap_free, before.core.heap_free);
		ck_assert_uint_eq(after.core.clients, before.core.clients);
	}
	ck_assert_uint_gt(refused, 0);
	ck_assert_uint_gt(accepted, 0);
	board_stop(&board);
}
END_TEST

START_TEST(warm_arguments)
{
	struct nvvgpu_ioctl_warm arg = { .size = sizeof(arg) };
	u8 byte = 0;
	u32 why;

	start("t4");
	ck_assert_int_eq(board_ioctl(&board, NVVGPU_IOCTL_WARM_SAVE, &arg), -ENOSPC);
	ck_assert_uint_gt(arg.len, 20);
	ck_assert_int_eq(warm_restore(&board, &byte, 0, &why), -EBADMSG);
	ck_assert_int_eq(warm_restore(&board, &byte, 1, &why), -EBADMSG);
	ck_assert_int_eq(warm_restore(&board, &byte, NVVGPU_MAX_WARM_STATE + 1, &why), -EBADMSG);
	ck_assert_uint_eq(why, NVVGPU_WHY_BAD_IMAGE);
	board_stop(&board);
}
END_TEST

void add_warm_cases(Suite *s)
{
	TCase *c;

	c = tcase_create("warm update");
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, warm_update, 0, BOARDS);
	tcase_add_test(c, warm_image_of_another_board);
	tcase_add_test(c, warm_image_of_other_vfs);
	tcase_add_test(c, warm_image_damaged);
	tcase_add_test(c, warm_image_forged);
	tcase_add_test(c, warm_arguments);
	suite_add_tcase(s, c);
}
