// SPDX-License-Identifier: MIT
/* Save and load through the VFIO part. */
#include "manager.h"
#include "kmod/vfio/migration.h"

#define STREAM_MAX	(16U << 20)

struct device {
	struct board *board;
	struct nvvgpu_vgpu_info vgpu;
	struct nvvgpu_mgr_vgpu *open;
	struct nvvgpu_migration *mig;
};

static struct device device_new(struct board *b, u32 type)
{
	struct device d = { .board = b, .vgpu = create(b, type) };

	d.open = open_slot(b, d.vgpu.slot);
	ck_assert_int_eq(nvvgpu_migration_init(d.open, &d.mig), 0);
	return d;
}

static void device_end(struct device *d)
{
	nvvgpu_migration_fini(d->mig);
	close_vgpu(d->board, d->open);
	destroy(d->board, d->vgpu.id);
}

static struct nvvgpu_migration_session *go(struct device *d, u32 state)
{
	struct nvvgpu_migration_session *session = NULL;

	ck_assert_int_eq(nvvgpu_migration_set_state(d->mig, state, &session), 0);
	ck_assert_uint_eq(nvvgpu_migration_state(d->mig), state);
	ck_assert((session != NULL) == (state == MIG_STOP_COPY || state == MIG_RESUMING));
	return session;
}

/* The whole stream in reads of one size, back in RUNNING. */
static size_t save(struct device *d, char *stream, size_t chunk)
{
	struct nvvgpu_migration_session *session = go(d, MIG_STOP_COPY);
	size_t len = 0;
	ssize_t n;
	u64 estimate;

	ck_assert_int_eq(nvvgpu_migration_data_size(d->mig, &estimate), 0);
	while ((n = nvvgpu_migration_read(session, stream + len, min(chunk, STREAM_MAX - len))) > 0)
		len += n;
	ck_assert_int_eq(n, 0);
	ck_assert_uint_eq(len, estimate);
	ck_assert_uint_eq(state_of(d->board, d->vgpu.id), NVVGPU_STATE_STOPPED);
	ck_assert(!go(d, MIG_RUNNING));
	ck_assert_uint_eq(state_of(d->board, d->vgpu.id), NVVGPU_STATE_RUNNING);
	ck_assert_int_eq(nvvgpu_migration_read(session, stream, 1), -ENODEV);
	nvvgpu_migration_session_put(session);
	return len;
}

/* Into RESUMING and, if it takes it, back to RUNNING; the errno of RESUMING -> STOP. */
static int load(struct device *d, const char *stream, size_t len, size_t chunk)
{
	struct nvvgpu_migration_session *session = go(d, MIG_RESUMING), *none;
	size_t done = 0;
	ssize_t n = 0;
	int err;

	while (done < len) {
		n = nvvgpu_migration_write(session, stream + done, min(chunk, len - done));
		if (n < 0)
			break;
		done += n;
	}
	err = nvvgpu_migration_set_state(d->mig, MIG_RUNNING, &none);
	ck_assert(n >= 0 || err == -EINVAL);
	nvvgpu_migration_session_put(session);
	return err;
}

static void fill_framebuffer(struct device *d, u32 seed)
{
	u64 base = (u64)d->vgpu.placement << 30, size = d->vgpu.framebuffer_bytes;
	u8 buf[5000];

	for (u32 i = 0; i < 40; i++) {
		for (u32 j = 0; j < sizeof(buf); j++)
			buf[j] = random_below(&seed, 256);
		ck_assert_int_eq(board_fb_write(d->board,
						base + (u64)random_below(&seed, 1 << 20) * 900,
						buf, sizeof(buf)), 0);
	}
	ck_assert_int_eq(board_fb_write(d->board, base + size - 7, buf, 7), 0);
	ck_assert_int_eq(board_fb_write(d->board, base, buf, 7), 0);
}

static void same_framebuffers(struct device *a, struct device *b)
{
	u64 base_a = (u64)a->vgpu.placement << 30, base_b = (u64)b->vgpu.placement << 30;
	static u8 x[1 << 20], y[1 << 20];

	for (u64 at = 0; at < a->vgpu.framebuffer_bytes; at += sizeof(x)) {
		if (!board_fb_used(a->board, base_a + at, sizeof(x)) &&
		    !board_fb_used(b->board, base_b + at, sizeof(y)))
			continue;
		ck_assert_int_eq(board_fb_read(a->board, base_a + at, x, sizeof(x)), 0);
		ck_assert_int_eq(board_fb_read(b->board, base_b + at, y, sizeof(y)), 0);
		ck_assert(!memcmp(x, y, sizeof(x)));
	}
}

START_TEST(migrates)
{
	static const size_t chunks[] = {
		1000, 65536, 1 << 20, NVVGPU_PLUGIN_STATE_MAX, STREAM_MAX,
	};
	static struct board other;
	char *stream = malloc(STREAM_MAX);
	struct device from, to;

	start("l40");
	ck_assert_int_eq(board_start(&other, "l40"), 0);
	create(&other, 869);
	from = device_new(&board, 869);
	to = device_new(&other, 869);
	ck_assert_uint_ne(from.vgpu.placement, to.vgpu.placement);
	fill_framebuffer(&from, 1);
	for (u32 i = 0; i < ARRAY_SIZE(chunks); i++) {
		size_t len;

		fill_framebuffer(&to, 2 + i);
		len = save(&from, stream, chunks[i]);
		ck_assert_uint_gt(len, 7);
		ck_assert_int_eq(load(&to, stream, len, chunks[ARRAY_SIZE(chunks) - 1 - i]), 0);
		same_framebuffers(&from, &to);
	}
	device_end(&to);
	device_end(&from);
	nothing_refused(&board);
	nothing_refused(&other);
	board_stop(&other);
	board_stop(&board);
	free(stream);
}
END_TEST

START_TEST(migration_arcs)
{
	static const u32 impossible[] = { MIG_ERROR, 5, 6, 7, 8, ~0U };
	struct nvvgpu_migration_session *session, *none;
	struct nvvgpu_event_record record;
	struct device d;
	u64 cursor, size;
	char byte;

	start("l40");
	d = device_new(&board, 869);
	for (u32 i = 0; i < ARRAY_SIZE(impossible); i++)
		ck_assert_int_eq(nvvgpu_migration_set_state(d.mig, impossible[i], &none), -EINVAL);
	ck_assert_uint_eq(nvvgpu_migration_state(d.mig), MIG_RUNNING);
	ck_assert_int_eq(nvvgpu_migration_data_size(d.mig, &size), 0);
	ck_assert_uint_eq(size, d.vgpu.framebuffer_bytes);

	cursor = nvvgpu_mgr_event_cursor(board.mgr);
	session = go(&d, MIG_STOP_COPY);
	expect_event(&cursor, NVVGPU_EVENT_MIGRATION, d.vgpu.id, MIG_STOP);
	expect_event(&cursor, NVVGPU_EVENT_MIGRATION, d.vgpu.id, MIG_STOP_COPY);
	ck_assert_int_eq(nvvgpu_mgr_event_read(board.mgr, &cursor, &record, sizeof(record)), 0);
	ck_assert_int_eq(nvvgpu_migration_write(session, &byte, 1), -EINVAL);
	/* given up after one byte, then begun anew */
	ck_assert_int_eq(nvvgpu_migration_read(session, &byte, 1), 1);
	go(&d, MIG_STOP);
	ck_assert_int_eq(nvvgpu_migration_read(session, &byte, 1), -ENODEV);
	nvvgpu_migration_session_put(session);
	session = go(&d, MIG_STOP_COPY);
	ck_assert_int_eq(nvvgpu_migration_read(session, &byte, 1), 1);
	nvvgpu_migration_session_put(session);
	go(&d, MIG_RUNNING);
	session = go(&d, MIG_STOP_COPY);
	nvvgpu_migration_session_put(session);
	session = go(&d, MIG_RESUMING);
	ck_assert_int_eq(nvvgpu_migration_read(session, &byte, 1), -EINVAL);
	nvvgpu_migration_session_put(session);
	ck_assert_int_eq(nvvgpu_mgr_reset(d.open), 0);
	ck_assert_int_eq(nvvgpu_migration_reset(d.mig), 0);
	ck_assert_uint_eq(nvvgpu_migration_state(d.mig), MIG_RUNNING);
	ck_assert_uint_eq(state_of(&board, d.vgpu.id), NVVGPU_STATE_RUNNING);
	device_end(&d);
	nothing_refused(&board);
	board_stop(&board);
}
END_TEST

/* Truncated or damaged: never RUNNING, latched, and a reset makes all good again. */
START_TEST(bad_streams_are_refused)
{
	char *stream = malloc(STREAM_MAX);
	struct device d;
	size_t len;

	start("t4");
	d = device_new(&board, type_id(&board, "1Q"));
	len = save(&d, stream, STREAM_MAX);
	for (size_t cut = 0; cut < len; cut++) {
		struct nvvgpu_migration_session *none;

		ck_assert_int_eq(load(&d, stream, cut, 100), -EINVAL);
		ck_assert_uint_eq(nvvgpu_migration_state(d.mig), MIG_RESUMING);
		ck_assert_int_eq(nvvgpu_migration_set_state(d.mig, MIG_STOP, &none), -EINVAL);
		ck_assert_int_eq(nvvgpu_mgr_reset(d.open), 0);
		ck_assert_int_eq(nvvgpu_migration_reset(d.mig), 0);
	}
	stream[0] ^= 1;
	ck_assert_int_eq(load(&d, stream, len, 100), -EINVAL);
	ck_assert_int_eq(nvvgpu_mgr_reset(d.open), 0);
	ck_assert_int_eq(nvvgpu_migration_reset(d.mig), 0);
	stream[0] ^= 1;
	ck_assert_int_eq(load(&d, stream, len, 100), 0);
	device_end(&d);
	board_stop(&board);
	free(stream);
}
END_TEST

START_TEST(crash_while_saving)
{
	struct nvvgpu_migration_session *session, *none;
	struct device d;
	char byte;

	start("l40");
	d = device_new(&board, 869);
	session = go(&d, MIG_STOP_COPY);
	nvvgpu_emu_crash_plugin(board.emu, d.vgpu.gfid);
	board_settle(&board);
	ck_assert_int_eq(nvvgpu_migration_read(session, &byte, 1), -EIO);
	ck_assert_int_eq(nvvgpu_migration_set_state(d.mig, MIG_RUNNING, &none), -EIO);
	ck_assert_uint_eq(nvvgpu_migration_state(d.mig), MIG_ERROR);
	ck_assert_int_eq(nvvgpu_migration_set_state(d.mig, MIG_RUNNING, &none), -EINVAL);
	nvvgpu_migration_session_put(session);
	ck_assert_int_eq(nvvgpu_mgr_reset(d.open), 0);
	ck_assert_int_eq(nvvgpu_migration_reset(d.mig), 0);
	ck_assert_uint_eq(state_of(&board, d.vgpu.id), NVVGPU_STATE_RUNNING);
	device_end(&d);
	board_stop(&board);
}
END_TEST

void add_migration_cases(Suite *s)
{
	TCase *c;

	c = tcase_create("migration");
	tcase_set_timeout(c, 60);
	tcase_add_test(c, migrates);
	tcase_add_test(c, migration_arcs);
	tcase_add_test(c, bad_streams_are_refused);
	tcase_add_test(c, crash_while_saving);
	suite_add_tcase(s, c);
}
