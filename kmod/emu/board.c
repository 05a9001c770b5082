// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Life of one emulated GPU, its framebuffer, its totals, faults on purpose. */
#include "board.h"

int nvvgpu_emu_board_new(const struct nvvgpu_emu_board_data *data,
			 const struct nvvgpu_emu_host_ops *ops, void *priv,
			 struct nvvgpu_emu_board **ret)
{
	struct nvvgpu_emu_board *board;

	board = kvzalloc(sizeof(*board), GFP_KERNEL);
	if (!board)
		return -ENOMEM;
	board->data = data;
	board->ops = ops;
	board->priv = priv;
	board->fb_bytes = data->guest_fb_bytes + data->host_fb_bytes;
	board->buffer = kvzalloc(NVVGPU_EMU_BUFFER_BYTES, GFP_KERNEL);
	if (!board->buffer)
		goto err_board;
	board->gsp.message = kvzalloc(NVVGPU_EMU_MESSAGE_BYTES, GFP_KERNEL);
	if (!board->gsp.message)
		goto err_buffer;
	board->gsp.queue.element = kvzalloc(GSP_QUEUE_MAX_ELEM_SLOTS * GSP_QUEUE_SLOT, GFP_KERNEL);
	if (!board->gsp.queue.element)
		goto err_message;
	nvvgpu_emu_config_image(data, -1, board->config);
	nvvgpu_emu_rm_reset(board);
	*ret = board;
	return 0;

err_message:
	kvfree(board->gsp.message);
err_buffer:
	kvfree(board->buffer);
err_board:
	kvfree(board);
	return -ENOMEM;
}

void nvvgpu_emu_board_free(struct nvvgpu_emu_board *board)
{
	if (!board)
		return;
	kvfree(board->gsp.queue.element);
	kvfree(board->gsp.message);
	kvfree(board->buffer);
	kvfree(board);
}

u32 nvvgpu_emu_slots(const struct nvvgpu_emu_board *board)
{
	u32 slots = board->data->vfs_total ? board->data->vfs_total : board->data->instances;

	return min_t(u32, slots, NVVGPU_EMU_VGPUS);
}

/* ------------------------------------------------------------- framebuffer */

int nvvgpu_emu_fb_read(struct nvvgpu_emu_board *board, u64 address, void *buf, size_t len)
{
	if (!nvvgpu_emu_fb_contains(board, address, len))
		return -EFAULT;
	return board->ops->fb_read(board->priv, address, buf, len);
}

int nvvgpu_emu_fb_write(struct nvvgpu_emu_board *board, u64 address, const void *buf, size_t len)
{
	if (!nvvgpu_emu_fb_contains(board, address, len))
		return -EFAULT;
	return board->ops->fb_write(board->priv, address, buf, len);
}

/* ------------------------------------------------------------------ totals */

void nvvgpu_emu_refused(struct nvvgpu_emu_board *board)
{
	board->totals.refused++;
}

void nvvgpu_emu_get_totals(struct nvvgpu_emu_board *board, struct nvvgpu_emu_totals *totals)
{
	u32 i;

	*totals = board->totals;
	nvvgpu_emu_rm_count(board, &totals->rm_clients, &totals->rm_objects);
	totals->bar1_pages = nvvgpu_emu_mmu_count(board);
	for (i = 0; i < ARRAY_SIZE(board->vgpus); i++)
		if (board->vgpus[i].state != NVVGPU_EMU_VGPU_NONE)
			totals->plugins++;
}

/* ------------------------------------------------------------------ faults */

void nvvgpu_emu_fail_nth(struct nvvgpu_emu_board *board, enum nvvgpu_emu_fault kind, u32 nth,
			 u32 status)
{
	board->fault = nth ? kind : NVVGPU_EMU_FAULT_NONE;
	board->fault_nth = nth;
	board->fault_status = status;
}

bool nvvgpu_emu_fault_due(struct nvvgpu_emu_board *board, enum nvvgpu_emu_fault kind, u32 *status)
{
	if (board->fault != kind || --board->fault_nth)
		return false;
	board->fault = NVVGPU_EMU_FAULT_NONE;
	*status = board->fault_status;
	return true;
}

int nvvgpu_emu_crash_plugin(struct nvvgpu_emu_board *board, u32 gfid)
{
	struct nvvgpu_emu_vgpu *vgpu = nvvgpu_emu_vgpu_find(board, gfid);
	int err;

	if (!vgpu || vgpu->state == NVVGPU_EMU_VGPU_CRASHED ||
	    vgpu->state == NVVGPU_EMU_VGPU_SHUT)
		return -ENODEV;
	err = nvvgpu_emu_gsp_event(board, gfid, NVVGPU_EMU_EVENT_CRASHED);
	if (!err)
		vgpu->state = NVVGPU_EMU_VGPU_CRASHED;
	return err;
}
