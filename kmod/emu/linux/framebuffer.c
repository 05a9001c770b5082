// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Framebuffer contents: a sparse file in memory per GPU.  Only what was written takes memory,
 * it can be swapped out, and a hole is what was never written or zeroed.  The pages are
 * charged to nobody: the thread that writes them belongs to the kernel, the board to no process.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/falloc.h>	/* needs the types of fs.h */
#include <linux/shmem_fs.h>
#include "glue.h"

static u64 bytes_of(struct emu_gpu *gpu)
{
	return gpu->data->guest_fb_bytes + gpu->data->host_fb_bytes;
}

static bool contains(struct emu_gpu *gpu, u64 address, u64 len)
{
	u64 total = bytes_of(gpu);

	return address <= total && len <= total - address;
}

int emu_framebuffer_init(struct emu_gpu *gpu)
{
	struct file *file;

	file = shmem_file_setup("nvvgpu_emu", bytes_of(gpu), EMU_SHMEM_NORESERVE);
	if (IS_ERR(file))
		return PTR_ERR(file);
	file->f_flags |= O_LARGEFILE;	/* without it writes end at 2 GiB */
	gpu->framebuffer = file;
	return 0;
}

void emu_framebuffer_fini(struct emu_gpu *gpu)
{
	fput(gpu->framebuffer);
}

int emu_framebuffer_read(struct emu_gpu *gpu, u64 address, void *buf, size_t len)
{
	loff_t at = address;
	ssize_t n;

	if (!contains(gpu, address, len))
		return -ERANGE;
	while (len) {
		n = kernel_read(gpu->framebuffer, buf, len, &at);
		if (n <= 0)
			return n ? n : -EIO;	/* the file is as long as the framebuffer */
		buf += n;
		len -= n;
	}
	return 0;
}

int emu_framebuffer_write(struct emu_gpu *gpu, u64 address, const void *buf, size_t len)
{
	loff_t at = address;
	ssize_t n;

	if (!contains(gpu, address, len))
		return -ERANGE;
	while (len) {
		n = kernel_write(gpu->framebuffer, buf, len, &at);
		if (n <= 0)
			return n ? n : -EIO;
		buf += n;
		len -= n;
	}
	return 0;
}

int emu_framebuffer_zero(struct emu_gpu *gpu, u64 address, u64 len)
{
	if (!contains(gpu, address, len))
		return -ERANGE;
	if (!len)
		return 0;
	return vfs_fallocate(gpu->framebuffer, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, address,
			     len);
}

int emu_framebuffer_next_data(struct emu_gpu *gpu, u64 address, u64 end, u64 *ret_start,
			      u64 *ret_len)
{
	loff_t data, hole;

	if (end < address || !contains(gpu, address, end - address))
		return -ERANGE;
	data = vfs_llseek(gpu->framebuffer, address, SEEK_DATA);
	if (data < 0)
		return data;			/* -ENXIO: only holes from here on */
	if (data >= end)
		return -ENXIO;
	hole = vfs_llseek(gpu->framebuffer, data, SEEK_HOLE);
	if (hole < 0)
		return hole;
	*ret_start = data;
	*ret_len = min_t(u64, hole, end) - data;
	return 0;
}
