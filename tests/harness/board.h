/* SPDX-License-Identifier: MIT */
/*
 * One emulated board with the real core and the real manager on it, in this
 * process: what the tests of the manager and the ioctl fuzzer stand on.  Every
 * function is for one thread per board.
 */
#ifndef NVVGPU_TESTS_HARNESS_BOARD_H
#define NVVGPU_TESTS_HARNESS_BOARD_H

#include "lib/os/emu/emu.h"

struct board {
	struct emu_gpu gpu;			/* as an emulated host has it */
	const struct nvvgpu_emu_board_data *data;
	struct nvvgpu_emu_board *emu;
	struct nvvgpu_core *core;
	struct nvvgpu_mgr *mgr;
	unsigned int wakeups;			/* calls of host_ops->event() */
	u32 next_uuid;
};

/* All of it up: board, core, manager, types known, slots enabled.  id as in emu:l40. */
int board_start(struct board *board, const char *id);
void board_stop(struct board *board);

/* The manager alone, on a running core, with the board's types. */
int board_start_manager(struct board *board);

u32 board_slots(const struct board *board);

/* After anything that may have rung a doorbell: the interrupt handler's second half. */
void board_settle(struct board *board);

/* One request, with all rights. */
long board_ioctl(struct board *board, unsigned int cmd, void *arg);

/* Framebuffer contents behind everybody's back; address is physical. */
int board_fb_write(struct board *board, u64 address, const void *buf, size_t len);
int board_fb_read(struct board *board, u64 address, void *buf, size_t len);
/* Does anything but holes lie in [address, address + len)? */
bool board_fb_used(struct board *board, u64 address, u64 len);

#endif
