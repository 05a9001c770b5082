// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Device state of a stopped vGPU as a byte stream, the payload of plugin
 * messages 6 and 8.  The layout is ours; it says what a restore needs to refuse
 * a wrong one.  All numbers little endian:
 *
 *   header   296  magic, version, type, framebuffer length, device id, window,
 *                 number of scratch registers, 0, scratch registers
 *   extent    16  offset, length; then as many bytes.  Ascending, not empty,
 *                 not overlapping.  What no extent covers is zero.
 *   end       32  offset all ones, length 0, number of extents, bytes in them
 *
 * Chunks cut the stream anywhere.
 */
#include "board.h"

#define STATE_MAGIC		0x3154534750564e45ULL
#define STATE_VERSION		1
#define STATE_HEADER_BYTES	(40 + 4 * NVVGPU_EMU_SCRATCH)
#define STATE_RECORD_BYTES	16
#define STATE_END		U64_MAX

static_assert(STATE_HEADER_BYTES == NVVGPU_EMU_STATE_RECORD, "room for a header");

/* ------------------------------------------------------------------- save */

static void put_header(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu)
{
	struct nvvgpu_emu_save *save = &vgpu->save;
	u8 *p = save->record;
	u32 i;

	put_unaligned_le64(STATE_MAGIC, p);
	put_unaligned_le32(STATE_VERSION, p + 8);
	put_unaligned_le32(vgpu->type_id, p + 12);
	put_unaligned_le64(vgpu->fb_bytes, p + 16);
	put_unaligned_le32(board->data->device_id, p + 24);
	put_unaligned_le32(vgpu->window, p + 28);
	put_unaligned_le32(NVVGPU_EMU_SCRATCH, p + 32);
	put_unaligned_le32(0, p + 36);
	for (i = 0; i < NVVGPU_EMU_SCRATCH; i++)
		put_unaligned_le32(vgpu->scratch[i], p + 40 + 4 * i);
	save->record_len = STATE_HEADER_BYTES;
	save->record_at = 0;
}

static void put_pair(struct nvvgpu_emu_save *save, u32 at, u64 first, u64 second)
{
	put_unaligned_le64(first, save->record + at);
	put_unaligned_le64(second, save->record + at + 8);
	save->record_len = at + STATE_RECORD_BYTES;
	save->record_at = 0;
}

static void put_end(struct nvvgpu_emu_save *save)
{
	put_pair(save, 0, STATE_END, 0);
	put_pair(save, STATE_RECORD_BYTES, save->extents, save->bytes);
	save->ended = true;
}

/* The record after the current extent: the next one, or the end. */
static int next_record(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu)
{
	struct nvvgpu_emu_save *save = &vgpu->save;
	u64 start, len;
	int err;

	err = nvvgpu_emu_vgpu_fb_next_data(board, vgpu, save->extent_at, &start, &len);
	if (err == -ENXIO) {
		put_end(save);
		return 0;
	}
	if (err)
		return err;
	put_pair(save, 0, start, len);
	save->extent_at = start;
	save->extent_left = len;
	save->extents++;
	save->bytes += len;
	return 0;
}

static size_t take_record(struct nvvgpu_emu_save *save, u8 *to, size_t room)
{
	size_t n = min_t(size_t, room, save->record_len - save->record_at);

	memcpy(to, save->record + save->record_at, n);
	save->record_at += n;
	save->complete = save->ended && save->record_at == save->record_len;
	return n;
}

static int take_data(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu, u8 *to,
		     size_t room, size_t *taken)
{
	struct nvvgpu_emu_save *save = &vgpu->save;
	size_t n = min_t(u64, room, save->extent_left);
	int err = nvvgpu_emu_vgpu_fb_read(board, vgpu, save->extent_at, to, n);

	if (err)
		return err;
	save->extent_at += n;
	save->extent_left -= n;
	*taken = n;
	return 0;
}

/* Fills the buffer; less than room only at the end of the stream. */
static int fill(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu, size_t room,
		size_t *filled)
{
	struct nvvgpu_emu_save *save = &vgpu->save;
	size_t done, n;
	int err = 0;

	for (done = 0; done < room && !save->complete; done += n) {
		n = 0;
		if (save->record_at < save->record_len)
			n = take_record(save, board->buffer + done, room - done);
		else if (save->extent_left)
			err = take_data(board, vgpu, board->buffer + done, room - done, &n);
		else
			err = next_record(board, vgpu);
		if (err)
			return err;
	}
	*filled = done;
	return 0;
}

u32 nvvgpu_emu_state_save(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu, u64 target,
			  u32 want, u32 *ret_len, bool *ret_complete)
{
	struct nvvgpu_emu_save *save = &vgpu->save;
	size_t part;
	u32 done;

	if (!save->active) {
		memset(save, 0, sizeof(*save));
		save->active = true;
		put_header(board, vgpu);
	}
	for (done = 0; done < want && !save->complete; done += part) {
		part = min_t(size_t, want - done, NVVGPU_EMU_BUFFER_BYTES);
		if (fill(board, vgpu, part, &part) ||
		    nvvgpu_emu_fb_write(board, target + done, board->buffer, part)) {
			save->complete = true;	/* bytes are lost: this save cannot go on */
			return NV_ERR_MEMORY_ERROR;
		}
	}
	*ret_len = done;
	*ret_complete = save->complete;
	return NV_OK;
}

/* Exactly what a save would produce now. */
u64 nvvgpu_emu_state_bytes(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu)
{
	u64 total = STATE_HEADER_BYTES + 2 * STATE_RECORD_BYTES;
	u64 at = 0, start, len;

	while (!nvvgpu_emu_vgpu_fb_next_data(board, vgpu, at, &start, &len)) {
		total += STATE_RECORD_BYTES + len;
		at = start + len;
	}
	return total;
}

/* ---------------------------------------------------------------- restore */

static u32 check_header(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu)
{
	struct nvvgpu_emu_restore *restore = &vgpu->restore;
	const u8 *p = restore->record;
	u32 i;

	if (get_unaligned_le64(p) != STATE_MAGIC || get_unaligned_le32(p + 8) != STATE_VERSION ||
	    get_unaligned_le32(p + 12) != vgpu->type_id ||
	    get_unaligned_le64(p + 16) != vgpu->fb_bytes ||
	    get_unaligned_le32(p + 24) != board->data->device_id ||
	    get_unaligned_le32(p + 32) != NVVGPU_EMU_SCRATCH || get_unaligned_le32(p + 36))
		return NV_ERR_INVALID_DATA;
	restore->window = get_unaligned_le32(p + 28);
	for (i = 0; i < NVVGPU_EMU_SCRATCH; i++)
		restore->scratch[i] = get_unaligned_le32(p + 40 + 4 * i);
	restore->stage = NVVGPU_EMU_RESTORE_EXTENT;
	return NV_OK;
}

static u32 check_extent(struct nvvgpu_emu_vgpu *vgpu)
{
	struct nvvgpu_emu_restore *restore = &vgpu->restore;
	u64 offset = get_unaligned_le64(restore->record);
	u64 len = get_unaligned_le64(restore->record + 8);

	if (offset == STATE_END && !len) {
		restore->stage = NVVGPU_EMU_RESTORE_TOTALS;
		return NV_OK;
	}
	if (!len || offset < restore->extent_at || offset > vgpu->fb_bytes ||
	    len > vgpu->fb_bytes - offset)
		return NV_ERR_INVALID_DATA;
	restore->extent_at = offset;
	restore->extent_left = len;
	restore->extents++;
	restore->bytes += len;
	restore->stage = NVVGPU_EMU_RESTORE_DATA;
	return NV_OK;
}

static u32 check_totals(struct nvvgpu_emu_vgpu *vgpu)
{
	struct nvvgpu_emu_restore *restore = &vgpu->restore;

	if (get_unaligned_le64(restore->record) != restore->extents ||
	    get_unaligned_le64(restore->record + 8) != restore->bytes)
		return NV_ERR_INVALID_DATA;
	restore->stage = NVVGPU_EMU_RESTORE_WHOLE;
	return NV_OK;
}

/* A record that may come in pieces; looked at when it is whole. */
static u32 take_in_record(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu,
			  const u8 *from, size_t len, size_t *taken)
{
	struct nvvgpu_emu_restore *restore = &vgpu->restore;
	bool header = restore->stage == NVVGPU_EMU_RESTORE_HEADER;
	u32 need = header ? STATE_HEADER_BYTES : STATE_RECORD_BYTES;

	*taken = min_t(size_t, len, need - restore->have);
	memcpy(restore->record + restore->have, from, *taken);
	restore->have += *taken;
	if (restore->have < need)
		return NV_OK;
	restore->have = 0;
	if (header)
		return check_header(board, vgpu);
	return restore->stage == NVVGPU_EMU_RESTORE_EXTENT ? check_extent(vgpu) : check_totals(vgpu);
}

static u32 take_in_data(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu,
			const u8 *from, size_t len, size_t *taken)
{
	struct nvvgpu_emu_restore *restore = &vgpu->restore;
	size_t n = min_t(u64, len, restore->extent_left);
	int err = nvvgpu_emu_vgpu_fb_write(board, vgpu, restore->extent_at, from, n);

	if (err)
		return err == -ENOMEM ? NV_ERR_NO_MEMORY : NV_ERR_MEMORY_ERROR;
	restore->extent_at += n;
	restore->extent_left -= n;
	if (!restore->extent_left)
		restore->stage = NVVGPU_EMU_RESTORE_EXTENT;
	*taken = n;
	return NV_OK;
}

static u32 consume(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu, const u8 *from,
		   size_t len)
{
	struct nvvgpu_emu_restore *restore = &vgpu->restore;
	u32 status = NV_OK;
	size_t n = 0;

	for (; len && status == NV_OK; from += n, len -= n) {
		if (restore->stage == NVVGPU_EMU_RESTORE_WHOLE)
			status = NV_ERR_INVALID_DATA;	/* bytes behind the end */
		else if (restore->stage == NVVGPU_EMU_RESTORE_DATA)
			status = take_in_data(board, vgpu, from, len, &n);
		else
			status = take_in_record(board, vgpu, from, len, &n);
	}
	return status;
}

static u32 restore_begin(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu)
{
	memset(&vgpu->restore, 0, sizeof(vgpu->restore));
	vgpu->restore.stage = NVVGPU_EMU_RESTORE_HEADER;
	return nvvgpu_emu_vgpu_fb_zero(board, vgpu) ? NV_ERR_MEMORY_ERROR : NV_OK;
}

static u32 restore_parts(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu, u64 source,
			 u32 len)
{
	u32 done, part, status = NV_OK;

	for (done = 0; done < len && status == NV_OK; done += part) {
		part = min_t(u32, len - done, NVVGPU_EMU_BUFFER_BYTES);
		if (nvvgpu_emu_fb_read(board, source + done, board->buffer, part))
			return NV_ERR_MEMORY_ERROR;
		status = consume(board, vgpu, board->buffer, part);
	}
	return status;
}

/* A restore that failed once stays failed until it is dropped. */
u32 nvvgpu_emu_state_restore(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu,
			     u64 source, u32 len)
{
	u32 status = NV_OK;

	if (vgpu->restore.stage == NVVGPU_EMU_RESTORE_NONE)
		status = restore_begin(board, vgpu);
	if (vgpu->restore.stage == NVVGPU_EMU_RESTORE_FAILED)
		return NV_ERR_INVALID_DATA;
	if (status == NV_OK)
		status = restore_parts(board, vgpu, source, len);
	if (status != NV_OK)
		vgpu->restore.stage = NVVGPU_EMU_RESTORE_FAILED;
	return status;
}

/* The registers take effect only when the whole stream was good. */
u32 nvvgpu_emu_state_apply(struct nvvgpu_emu_vgpu *vgpu)
{
	struct nvvgpu_emu_restore *restore = &vgpu->restore;

	if (restore->stage != NVVGPU_EMU_RESTORE_WHOLE) {
		restore->stage = NVVGPU_EMU_RESTORE_FAILED;
		return NV_ERR_INVALID_DATA;
	}
	vgpu->window = restore->window;
	memcpy(vgpu->scratch, restore->scratch, sizeof(vgpu->scratch));
	restore->stage = NVVGPU_EMU_RESTORE_NONE;
	return NV_OK;
}
