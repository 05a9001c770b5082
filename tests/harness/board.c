// SPDX-License-Identifier: MIT
#include <string.h>
#include "board.h"

static void on_event(void *priv)
{
	((struct board *)priv)->wakeups++;
}

static const struct nvvgpu_mgr_host_ops host_ops = {
	.event = on_event,
};

u32 board_slots(const struct board *board)
{
	return emu_gpu_slots(&board->gpu);
}

int board_start_manager(struct board *board)
{
	int err = emu_gpu_start_manager(&board->gpu, &host_ops, board);

	if (!err)
		board->mgr = board->gpu.mgr;
	return err;
}

int board_start(struct board *board, const char *id)
{
	const struct nvvgpu_emu_board_data *data = nvvgpu_emu_board_find(id, strlen(id));
	int err;

	memset(board, 0, sizeof(*board));
	if (!data)
		return -ENOENT;
	err = emu_gpu_init(&board->gpu, data, 0);
	if (err)
		return err;
	err = emu_gpu_boot(&board->gpu);
	if (err)
		goto out;
	board->data = data;
	board->emu = board->gpu.board;
	board->core = board->gpu.core;
	board_settle(board);
	err = board_start_manager(board);
out:
	if (err)
		emu_gpu_fini(&board->gpu);
	else
		board_settle(board);
	return err;
}

void board_stop(struct board *board)
{
	board->gpu.mgr = board->mgr;	/* a test may have stopped it */
	emu_gpu_fini(&board->gpu);
}

void board_settle(struct board *board)
{
	emu_gpu_settle(&board->gpu);
}

long board_ioctl(struct board *board, unsigned int cmd, void *arg)
{
	long ret = nvvgpu_mgr_ioctl(board->mgr, cmd, arg, true);

	board_settle(board);
	return ret;
}

int board_fb_write(struct board *board, u64 address, const void *buf, size_t len)
{
	return emu_fb_write(&board->gpu.fb, address, buf, len);
}

int board_fb_read(struct board *board, u64 address, void *buf, size_t len)
{
	return emu_fb_read(&board->gpu.fb, address, buf, len);
}

bool board_fb_used(struct board *board, u64 address, u64 len)
{
	u64 start, run;

	return !emu_fb_next_data(&board->gpu.fb, address, address + len, &start, &run);
}
