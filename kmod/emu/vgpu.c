// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Life of a vGPU in the firmware: boot, shutdown, cleanup; and its framebuffer,
 * which the guest sees as one piece.  Boot checks everything the driver says
 * against the type, the board and the vGPUs that are there.
 */
#include "board.h"

struct nvvgpu_emu_vgpu *nvvgpu_emu_vgpu_find(struct nvvgpu_emu_board *board, u32 gfid)
{
	struct nvvgpu_emu_vgpu *vgpu;

	if (!gfid || gfid > nvvgpu_emu_slots(board))
		return NULL;
	vgpu = &board->vgpus[gfid - 1];
	return vgpu->state == NVVGPU_EMU_VGPU_NONE ? NULL : vgpu;
}

/* ------------------------------------------------------------------ checks */

static bool overlap(u64 a, u64 a_len, u64 b, u64 b_len)
{
	return a < b + b_len && b < a + a_len;
}

static bool segment_taken(const struct nvvgpu_emu_vgpu *vgpu, u64 address, u64 len)
{
	u32 i;

	for (i = 0; i < vgpu->segment_count; i++)
		if (overlap(address, len, vgpu->segments[i].address, vgpu->segments[i].length))
			return true;
	return false;
}

/* Where SR-IOV puts VF gfid - 1; a board without it has the PF alone. */
static u32 expected_dbdf(struct nvvgpu_emu_board *board, u32 gfid)
{
	const struct nvvgpu_emu_board_data *data = board->data;
	u32 bdf = board->gsp.dbdf & 0xffff;

	if (data->vfs_total)
		bdf += data->vf_offset + (gfid - 1) * data->vf_stride;
	return (board->gsp.dbdf & 0xffff0000) | (bdf & 0xffff);
}

static u32 check_identity(struct nvvgpu_emu_board *board, const struct nv_vgpu_bootload *boot,
			  const struct nvvgpu_emu_type *type)
{
	u32 gfid = le32_to_cpu(boot->gfid);
	u32 same_type = 0;
	u32 i;

	if (le32_to_cpu(boot->dbdf) != expected_dbdf(board, gfid))
		return NV_ERR_INVALID_DEVICE;
	if (boot->disable_smc_restore > 1 || boot->device_profiling > 1)
		return NV_ERR_INVALID_ARGUMENT;
	for (i = 1; i <= nvvgpu_emu_slots(board); i++) {
		const struct nvvgpu_emu_vgpu *other = nvvgpu_emu_vgpu_find(board, i);

		if (!other)
			continue;
		same_type += other->type_id == type->id;
		if (!board->mixed_size && other->fb_bytes != type->fb_bytes)
			return NV_ERR_INVALID_OPERATION;
	}
	return same_type < type->max_instances ? NV_OK : NV_ERR_INSUFFICIENT_RESOURCES;
}

/* The same range of ids on every engine the board has, nothing on others. */
static u32 check_channels(struct nvvgpu_emu_board *board, const struct nv_vgpu_bootload *boot)
{
	const char *engines = (const char *)board->data->engines;
	u32 first = le32_to_cpu(boot->chid_offset[board->data->engines[0]]);
	u32 count = le32_to_cpu(boot->num_channels);
	u32 i, present = 0;

	if (!count || count > NV_CHANNELS_TOTAL || first < NV_CHANNELS_HOST ||
	    first > NV_CHANNELS_TOTAL - count || le32_to_cpu(boot->num_plugin_channels) > count)
		return NV_ERR_INVALID_CHANNEL;
	for (i = 0; i < ARRAY_SIZE(boot->chid_offset); i++) {
		if (!boot->chid_offset[i])
			continue;
		present++;
		if (le32_to_cpu(boot->chid_offset[i]) != first || !strchr(engines, i))
			return NV_ERR_INVALID_CHANNEL;
	}
	if (present != strlen(engines))
		return NV_ERR_INVALID_CHANNEL;
	for (i = 1; i <= nvvgpu_emu_slots(board); i++) {
		const struct nvvgpu_emu_vgpu *other = nvvgpu_emu_vgpu_find(board, i);

		if (other && overlap(first, count, other->channel_first, other->channel_count))
			return NV_ERR_INVALID_CHANNEL;
	}
	return NV_OK;
}

static u32 check_segment(struct nvvgpu_emu_board *board, const struct nvvgpu_emu_vgpu *boot,
			 u64 address, u64 len)
{
	u64 guest = board->data->guest_fb_bytes;
	u64 segment = board->data->vmmu_segment_bytes;
	u32 i;

	if (!len || !IS_ALIGNED(address, segment) || !IS_ALIGNED(len, segment) ||
	    address > guest || len > guest - address)
		return NV_ERR_INVALID_ADDRESS;
	if (segment_taken(boot, address, len))
		return NV_ERR_INVALID_ADDRESS;
	for (i = 1; i <= nvvgpu_emu_slots(board); i++) {
		const struct nvvgpu_emu_vgpu *other = nvvgpu_emu_vgpu_find(board, i);

		if (other && segment_taken(other, address, len))
			return NV_ERR_STATE_IN_USE;
	}
	return NV_OK;
}

/* Fills the segments of the vGPU to be. */
static u32 take_segments(struct nvvgpu_emu_board *board, const struct nv_vgpu_bootload *boot,
			 const struct nvvgpu_emu_type *type, struct nvvgpu_emu_vgpu *vgpu)
{
	u32 count = le32_to_cpu(boot->num_guest_fb_segments);
	u64 total = 0;
	u32 i, status;

	if (!count || count > NVVGPU_EMU_SEGMENTS)
		return NV_ERR_INVALID_ARGUMENT;
	for (i = 0; i < count; i++) {
		u64 address = le64_to_cpu(boot->guest_fb_phys_addr[i]);
		u64 len = le64_to_cpu(boot->guest_fb_length[i]);

		status = check_segment(board, vgpu, address, len);
		if (status != NV_OK)
			return status;
		vgpu->segments[i] = (struct nvvgpu_emu_segment){ address, len };
		vgpu->segment_count = i + 1;
		total += len;
	}
	if (total != round_up(type->fb_bytes, board->data->vmmu_segment_bytes))
		return NV_ERR_INVALID_LIMIT;
	return NV_OK;
}

static bool log_in_heap(u64 heap, u64 heap_len, __le64 offset, __le64 size)
{
	u64 at = le64_to_cpu(offset);
	u64 len = le64_to_cpu(size);

	if (!len)
		return true;
	return at >= heap + NV_PLUGIN_INIT_LOG_OFFSET && at - heap <= heap_len &&
	       len <= heap_len - (at - heap);
}

static u32 check_heap(struct nvvgpu_emu_board *board, const struct nv_vgpu_bootload *boot,
		      const struct nvvgpu_emu_type *type)
{
	u64 heap = le64_to_cpu(boot->heap_phys_addr);
	u64 len = le64_to_cpu(boot->heap_length);
	u32 i;

	if (!IS_ALIGNED(heap, SZ_4K) || len < type->heap_bytes ||
	    heap < board->data->guest_fb_bytes || heap > board->heap_end ||
	    len > board->heap_end - heap)
		return NV_ERR_INVALID_ADDRESS;
	/* the log "offsets" are addresses, as the published drivers send them */
	if (boot->ctrl_buff_offset ||
	    !log_in_heap(heap, len, boot->init_task_log_offset, boot->init_task_log_size) ||
	    !log_in_heap(heap, len, boot->vgpu_task_log_offset, boot->vgpu_task_log_size))
		return NV_ERR_INVALID_ARGUMENT;
	for (i = 1; i <= nvvgpu_emu_slots(board); i++) {
		const struct nvvgpu_emu_vgpu *other = nvvgpu_emu_vgpu_find(board, i);

		if (other && overlap(heap, len, other->heap, other->heap_bytes))
			return NV_ERR_STATE_IN_USE;
	}
	return NV_OK;
}

/* -------------------------------------------------------------------- life */

static u32 check_boot(struct nvvgpu_emu_board *board, const struct nv_vgpu_bootload *boot,
		      struct nvvgpu_emu_vgpu *vgpu, const struct nvvgpu_emu_type **ret_type)
{
	const struct nvvgpu_emu_type *type;
	u32 status;

	type = nvvgpu_emu_type_find(board, le32_to_cpu(boot->vgpu_type));
	if (!type)
		return NV_ERR_OBJECT_NOT_FOUND;
	status = check_identity(board, boot, type);
	if (status == NV_OK)
		status = check_channels(board, boot);
	if (status == NV_OK)
		status = check_heap(board, boot, type);
	if (status == NV_OK)
		status = take_segments(board, boot, type, vgpu);
	if (status == NV_OK && !nvvgpu_emu_gsp_event_room(board))
		status = NV_ERR_INSUFFICIENT_RESOURCES;
	*ret_type = type;
	return status;
}

static void take_boot(struct nvvgpu_emu_vgpu *vgpu, const struct nv_vgpu_bootload *boot,
		      const struct nvvgpu_emu_type *type, u32 first_engine)
{
	vgpu->type_id = type->id;
	vgpu->fb_bytes = type->fb_bytes;
	vgpu->dbdf = le32_to_cpu(boot->dbdf);
	vgpu->swizz_id = le32_to_cpu(boot->swizz_id);
	vgpu->channel_first = le32_to_cpu(boot->chid_offset[first_engine]);
	vgpu->channel_count = le32_to_cpu(boot->num_channels);
	vgpu->plugin_channels = le32_to_cpu(boot->num_plugin_channels);
	vgpu->heap = le64_to_cpu(boot->heap_phys_addr);
	vgpu->heap_bytes = le64_to_cpu(boot->heap_length);
	vgpu->state = NVVGPU_EMU_VGPU_BOOTED;
}

u32 nvvgpu_emu_vgpu_bootload(struct nvvgpu_emu_board *board, void *params)
{
	const struct nv_vgpu_bootload *boot = params;
	u32 gfid = le32_to_cpu(boot->gfid);
	const struct nvvgpu_emu_type *type;
	struct nvvgpu_emu_vgpu *vgpu;
	u32 status;

	if (!gfid || gfid > nvvgpu_emu_slots(board))
		return NV_ERR_INVALID_ARGUMENT;
	if (nvvgpu_emu_vgpu_find(board, gfid))
		return NV_ERR_STATE_IN_USE;
	vgpu = &board->vgpus[gfid - 1];
	memset(vgpu, 0, sizeof(*vgpu));
	status = check_boot(board, boot, vgpu, &type);
	if (status != NV_OK)
		return status;
	take_boot(vgpu, boot, type, board->data->engines[0]);
	if (nvvgpu_emu_plugin_start(board, vgpu) ||
	    nvvgpu_emu_gsp_event(board, gfid, NVVGPU_EMU_EVENT_BOOTLOADED)) {
		vgpu->state = NVVGPU_EMU_VGPU_NONE;
		return NV_ERR_MEMORY_ERROR;
	}
	return NV_OK;
}

u32 nvvgpu_emu_vgpu_shutdown(struct nvvgpu_emu_board *board, void *params)
{
	u32 gfid = le32_to_cpu(((const struct nv_vgpu_gfid *)params)->gfid);
	struct nvvgpu_emu_vgpu *vgpu = nvvgpu_emu_vgpu_find(board, gfid);

	if (!vgpu || vgpu->state == NVVGPU_EMU_VGPU_SHUT)
		return NV_ERR_INVALID_STATE;
	if (!nvvgpu_emu_gsp_event_room(board) ||
	    nvvgpu_emu_gsp_event(board, gfid, NVVGPU_EMU_EVENT_UNLOADED))
		return NV_ERR_INSUFFICIENT_RESOURCES;
	vgpu->state = NVVGPU_EMU_VGPU_SHUT;
	return NV_OK;
}

u32 nvvgpu_emu_vgpu_cleanup(struct nvvgpu_emu_board *board, void *params)
{
	u32 gfid = le32_to_cpu(((const struct nv_vgpu_gfid *)params)->gfid);
	struct nvvgpu_emu_vgpu *vgpu = nvvgpu_emu_vgpu_find(board, gfid);

	if (!vgpu || vgpu->state != NVVGPU_EMU_VGPU_SHUT)
		return NV_ERR_INVALID_STATE;
	vgpu->state = NVVGPU_EMU_VGPU_NONE;
	return NV_OK;
}

/* Anything of the guest part, and of what is the driver's in the host part. */
u32 nvvgpu_emu_vgpu_scrub(struct nvvgpu_emu_board *board, void *params)
{
	const struct nvvgpu_scrub_fb *scrub = params;
	u64 address = le64_to_cpu(scrub->address);
	u64 len = le64_to_cpu(scrub->length);

	if (!len || !IS_ALIGNED(address, SZ_4K) || !IS_ALIGNED(len, SZ_4K) ||
	    address > board->heap_end || len > board->heap_end - address)
		return NV_ERR_INVALID_ADDRESS;
	return board->ops->fb_zero(board->priv, address, len) ? NV_ERR_MEMORY_ERROR : NV_OK;
}

/* ------------------------------------------------------------- framebuffer */

/* Which address an offset has, and how far it goes on without a break. */
static u64 locate(const struct nvvgpu_emu_vgpu *vgpu, u64 offset, u64 *address)
{
	u32 i;

	for (i = 0; i < vgpu->segment_count; i++) {
		if (offset < vgpu->segments[i].length) {
			*address = vgpu->segments[i].address + offset;
			return vgpu->segments[i].length - offset;
		}
		offset -= vgpu->segments[i].length;
	}
	return 0;
}

int nvvgpu_emu_vgpu_fb_read(struct nvvgpu_emu_board *board, const struct nvvgpu_emu_vgpu *vgpu,
			    u64 offset, void *buf, size_t len)
{
	u8 *to = buf;
	u64 address, run;
	size_t part;
	int err = 0;

	for (; len && !err; len -= part, offset += part, to += part) {
		run = locate(vgpu, offset, &address);
		if (!run)
			return -ERANGE;
		part = min_t(u64, len, run);
		err = nvvgpu_emu_fb_read(board, address, to, part);
	}
	return err;
}

int nvvgpu_emu_vgpu_fb_write(struct nvvgpu_emu_board *board, const struct nvvgpu_emu_vgpu *vgpu,
			     u64 offset, const void *buf, size_t len)
{
	const u8 *from = buf;
	u64 address, run;
	size_t part;
	int err = 0;

	for (; len && !err; len -= part, offset += part, from += part) {
		run = locate(vgpu, offset, &address);
		if (!run)
			return -ERANGE;
		part = min_t(u64, len, run);
		err = nvvgpu_emu_fb_write(board, address, from, part);
	}
	return err;
}

/* All of its segments, the rounding at their end included. */
int nvvgpu_emu_vgpu_fb_zero(struct nvvgpu_emu_board *board, const struct nvvgpu_emu_vgpu *vgpu)
{
	int err = 0;
	u32 i;

	for (i = 0; i < vgpu->segment_count && !err; i++)
		err = board->ops->fb_zero(board->priv, vgpu->segments[i].address,
					  vgpu->segments[i].length);
	return err;
}

/* First run of data at or behind an offset; -ENXIO when there is none. */
int nvvgpu_emu_vgpu_fb_next_data(struct nvvgpu_emu_board *board,
				 const struct nvvgpu_emu_vgpu *vgpu, u64 offset, u64 *ret_start,
				 u64 *ret_len)
{
	u64 address, run, start, len;
	int err;

	for (; offset < vgpu->fb_bytes; offset += run) {
		run = locate(vgpu, offset, &address);
		if (!run)
			return -ERANGE;
		run = min(run, vgpu->fb_bytes - offset);
		err = board->ops->fb_next_data(board->priv, address, address + run, &start, &len);
		if (!err) {
			*ret_start = offset + (start - address);
			*ret_len = min(len, address + run - start);
			return 0;
		}
		if (err != -ENXIO)
			return err;
	}
	return -ENXIO;
}
