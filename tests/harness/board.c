// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "board.h"

#define FIRST_BUS	0x100000000ULL	/* unlike any pointer: a device sees bus addresses */
#define PF_BAR1_BUS	0x100000000000ULL

/* ------------------------------------------- the function as the driver sees it */

static struct board *to_board(struct nvvgpu_hw *hw)
{
	return container_of(hw, struct board, hw);
}

static u32 hw_rd32(struct nvvgpu_hw *hw, u32 reg)
{
	return nvvgpu_emu_rd32(to_board(hw)->emu, reg);
}

static void hw_wr32(struct nvvgpu_hw *hw, u32 reg, u32 val)
{
	nvvgpu_emu_wr32(to_board(hw)->emu, reg, val);
}

static int hw_bar1_read(struct nvvgpu_hw *hw, u64 offset, void *buf, size_t len)
{
	return nvvgpu_emu_bar1_read(to_board(hw)->emu, offset, buf, len);
}

static int hw_bar1_write(struct nvvgpu_hw *hw, u64 offset, const void *buf, size_t len)
{
	return nvvgpu_emu_bar1_write(to_board(hw)->emu, offset, buf, len);
}

static int hw_dma_alloc(struct nvvgpu_hw *hw, size_t size, struct nvvgpu_dma *dma)
{
	struct board *board = to_board(hw);
	size_t i = 0;

	while (i < BOARD_DMA_MAX && board->dma[i].vaddr)
		i++;
	if (i == BOARD_DMA_MAX)
		return -ENOMEM;
	/* from the counted allocator, so that fault injection and leak checks reach it */
	dma->vaddr = kvzalloc(size, GFP_KERNEL);
	if (!dma->vaddr)
		return -ENOMEM;
	dma->bus = board->next_bus;
	dma->size = size;
	/* a hole behind each: an overrun of the device is caught */
	board->next_bus += ALIGN(size, PAGE_SIZE) + PAGE_SIZE;
	board->dma[i] = *dma;
	return 0;
}

static void hw_dma_free(struct nvvgpu_hw *hw, struct nvvgpu_dma *dma)
{
	struct board *board = to_board(hw);
	size_t i;

	for (i = 0; i < BOARD_DMA_MAX; i++)
		if (board->dma[i].vaddr && board->dma[i].bus == dma->bus)
			memset(&board->dma[i], 0, sizeof(board->dma[i]));
	kvfree(dma->vaddr);
}

static const struct nvvgpu_hw_ops hw_ops = {
	.rd32 = hw_rd32,
	.wr32 = hw_wr32,
	.bar1_read = hw_bar1_read,
	.bar1_write = hw_bar1_write,
	.dma_alloc = hw_dma_alloc,
	.dma_free = hw_dma_free,
};

/* -------------------------------------------- the machine as the device sees it */

static void *dma_find(struct board *board, u64 bus, size_t len)
{
	size_t i;

	for (i = 0; i < BOARD_DMA_MAX; i++) {
		struct nvvgpu_dma *dma = &board->dma[i];

		if (dma->vaddr && bus >= dma->bus && bus - dma->bus <= dma->size &&
		    len <= dma->size - (bus - dma->bus))
			return (char *)dma->vaddr + (bus - dma->bus);
	}
	return NULL;
}

static int machine_dma_read(void *priv, u64 bus, void *buf, size_t len)
{
	const void *from = dma_find(priv, bus, len);

	if (!from)
		return -EFAULT;
	memcpy(buf, from, len);
	return 0;
}

static int machine_dma_write(void *priv, u64 bus, const void *buf, size_t len)
{
	void *to = dma_find(priv, bus, len);

	if (!to)
		return -EFAULT;
	memcpy(to, buf, len);
	return 0;
}

static void machine_interrupt(void *priv)
{
	((struct board *)priv)->interrupt = true;
}

static void machine_vf_interrupt(void *priv, u32 gfid, u32 vector)
{
}

static u64 fb_bytes(const struct board *board)
{
	return board->data->guest_fb_bytes + board->data->host_fb_bytes;
}

static int fb_check(const struct board *board, u64 address, u64 len)
{
	return address <= fb_bytes(board) && len <= fb_bytes(board) - address ? 0 : -ERANGE;
}

static int machine_fb_read(void *priv, u64 address, void *buf, size_t len)
{
	struct board *board = priv;

	if (fb_check(board, address, len))
		return -ERANGE;
	return pread(board->fb_fd, buf, len, address) == (ssize_t)len ? 0 : -EIO;
}

static int machine_fb_write(void *priv, u64 address, const void *buf, size_t len)
{
	struct board *board = priv;

	if (fb_check(board, address, len))
		return -ERANGE;
	return pwrite(board->fb_fd, buf, len, address) == (ssize_t)len ? 0 : -EIO;
}

static int machine_fb_zero(void *priv, u64 address, u64 len)
{
	struct board *board = priv;

	if (fb_check(board, address, len))
		return -ERANGE;
	if (!len)
		return 0;
	return fallocate(board->fb_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, address, len) ?
		       -errno :
		       0;
}

static int machine_fb_next_data(void *priv, u64 address, u64 end, u64 *ret_start, u64 *ret_len)
{
	struct board *board = priv;
	off_t data, hole;

	if (end < address || fb_check(board, address, end - address))
		return -ERANGE;
	data = lseek(board->fb_fd, address, SEEK_DATA);
	if (data < 0 || (u64)data >= end)
		return -ENXIO;
	hole = lseek(board->fb_fd, data, SEEK_HOLE);
	if (hole < 0)
		return -errno;
	*ret_start = data;
	*ret_len = min((u64)hole, end) - data;
	return 0;
}

static const struct nvvgpu_emu_host_ops machine_ops = {
	.dma_read = machine_dma_read,
	.dma_write = machine_dma_write,
	.interrupt = machine_interrupt,
	.vf_interrupt = machine_vf_interrupt,
	.fb_read = machine_fb_read,
	.fb_write = machine_fb_write,
	.fb_zero = machine_fb_zero,
	.fb_next_data = machine_fb_next_data,
};

/* ----------------------------------------------------------------- start and stop */

static void describe_function(struct board *board)
{
	const struct nvvgpu_emu_board_data *data = board->data;

	board->hw = (struct nvvgpu_hw){
		.ops = &hw_ops,
		.domain_bdf = 0x4100,
		.vendor_id = 0x10de,
		.device_id = data->device_id,
		.subsystem_vendor_id = data->subsystem_vendor_id,
		.subsystem_device_id = data->subsystem_device_id,
		.bar_address = { 0xf0000000, PF_BAR1_BUS, 0, PF_BAR1_BUS + data->bar1_bytes },
		.bar1_bytes = data->bar1_bytes,
		.emulated = true,
		.name = "0000:41:00.0",
	};
	if (!data->vfs_total)
		return;
	board->hw.vfs_total = data->vfs_total;
	board->hw.vf_offset = data->vf_offset;
	board->hw.vf_stride = data->vf_stride;
	board->hw.vf_bar_address[0] = 0xf1000000;
	board->hw.vf_bar_address[1] = 2 * PF_BAR1_BUS;
	board->hw.vf_bar_address[2] = 3 * PF_BAR1_BUS;
	board->hw.vf_bar_64bit[1] = board->hw.vf_bar_64bit[2] = true;
}

static void on_event(void *priv)
{
	((struct board *)priv)->wakeups++;
}

static const struct nvvgpu_mgr_host_ops host_ops = {
	.event = on_event,
};

u32 board_slots(const struct board *board)
{
	return board->data->vfs_total ? board->data->vfs_total : board->data->instances;
}

static int start_bare_manager(struct board *board)
{
	struct nvvgpu_mgr_config config = {
		.slots = board_slots(board),
		.sriov = board->data->vfs_total,
		.mixed_size_capable = board->data->mixed_size,
		.placement_capable = board->data->placement,
		.driver_version = "0.1.0",
		.host_ops = &host_ops,
		.host_priv = board,
	};

	if (config.mixed_size_capable || config.placement_capable)
		config.placement_units = board->data->guest_fb_bytes / SZ_1G;
	return nvvgpu_mgr_start(board->core, &config, &board->mgr);
}

int board_start_manager(struct board *board)
{
	int err;

	err = start_bare_manager(board);
	if (err)
		return err;
	err = nvvgpu_mgr_types_add(board->mgr, board->data->types, board->data->type_count);
	if (!err && board->data->vfs_total)
		err = nvvgpu_mgr_set_slots_enabled(board->mgr, board_slots(board));
	if (err) {
		nvvgpu_mgr_stop(board->mgr);
		board->mgr = NULL;
	}
	return err;
}

int board_start(struct board *board, const char *id)
{
	int err;

	memset(board, 0, sizeof(*board));
	board->next_bus = FIRST_BUS;
	board->data = nvvgpu_emu_board_find(id, strlen(id));
	if (!board->data)
		return -ENOENT;
	board->fb_fd = memfd_create("framebuffer", MFD_CLOEXEC);
	if (board->fb_fd < 0)
		return -errno;
	err = ftruncate(board->fb_fd, fb_bytes(board)) ? -errno : 0;
	if (!err)
		err = nvvgpu_emu_board_new(board->data, &machine_ops, board, &board->emu);
	if (err)
		goto close_fb;
	describe_function(board);
	err = nvvgpu_core_start(&board->hw, &board->core);
	if (err)
		goto free_emu;
	board_settle(board);
	err = board_start_manager(board);
	if (err)
		goto stop_core;
	board_settle(board);
	return 0;

stop_core:
	nvvgpu_core_stop(board->core);
free_emu:
	nvvgpu_emu_board_free(board->emu);
close_fb:
	close(board->fb_fd);
	return err;
}

void board_stop(struct board *board)
{
	if (board->mgr)
		nvvgpu_mgr_stop(board->mgr);
	nvvgpu_core_stop(board->core);
	nvvgpu_emu_board_free(board->emu);
	close(board->fb_fd);
}

/* ------------------------------------------------------------------------- use */

void board_settle(struct board *board)
{
	/* the handler's own calls may interrupt again; a device that never rests is a bug */
	for (int rounds = 0; board->interrupt && rounds < 16; rounds++) {
		board->interrupt = false;
		nvvgpu_core_interrupt(board->core);
	}
}

long board_ioctl(struct board *board, unsigned int cmd, void *arg)
{
	long ret = nvvgpu_mgr_ioctl(board->mgr, cmd, arg, true);

	board_settle(board);
	return ret;
}

int board_fb_write(struct board *board, u64 address, const void *buf, size_t len)
{
	return machine_fb_write(board, address, buf, len);
}

int board_fb_read(struct board *board, u64 address, void *buf, size_t len)
{
	return machine_fb_read(board, address, buf, len);
}

bool board_fb_used(struct board *board, u64 address, u64 len)
{
	u64 start, run;

	return !machine_fb_next_data(board, address, address + len, &start, &run);
}
