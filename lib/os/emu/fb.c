// SPDX-License-Identifier: MIT
/* Framebuffer contents: sparse files, read and written without mapping them into memory. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "emu.h"

static int sparse_memory(const char *name, uint64_t bytes)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, bytes)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int emu_fb_init(struct emu_fb *fb, uint64_t guest_bytes, uint64_t host_bytes)
{
	memset(fb, 0, sizeof(*fb));
	fb->guest_bytes = guest_bytes;
	fb->host_bytes = host_bytes;
	fb->host_fd = -1;
	fb->guest_fd = sparse_memory("nvvgpu-guest-fb", guest_bytes);
	if (fb->guest_fd < 0)
		return fb->guest_fd;
	fb->host_fd = sparse_memory("nvvgpu-host-fb", host_bytes);
	if (fb->host_fd < 0) {
		int err = fb->host_fd;

		emu_fb_fini(fb);
		return err;
	}
	return 0;
}

void emu_fb_fini(struct emu_fb *fb)
{
	if (fb->guest_fd >= 0)
		close(fb->guest_fd);
	if (fb->host_fd >= 0)
		close(fb->host_fd);
	fb->guest_fd = fb->host_fd = -1;
	emu_fb_forget(fb);
}

int emu_fb_set_file(struct emu_fb *fb, int fd)
{
	if (ftruncate(fd, fb->guest_bytes))
		return -errno;
	close(fb->guest_fd);
	fb->guest_fd = fd;
	fb->deferred = true;
	return 0;
}

/* Which file holds an address, and how much of [address, address + len) lies in it. */
static int locate(const struct emu_fb *fb, uint64_t address, uint64_t len, off_t *ret_offset,
		  uint64_t *ret_len)
{
	if (address < fb->guest_bytes) {
		*ret_offset = address;
		*ret_len = min(len, fb->guest_bytes - address);
		return fb->guest_fd;
	}
	*ret_offset = address - fb->guest_bytes;
	*ret_len = len;
	return fb->host_fd;
}

static int in_bounds(const struct emu_fb *fb, uint64_t address, uint64_t len)
{
	uint64_t total = fb->guest_bytes + fb->host_bytes;

	return address <= total && len <= total - address ? 0 : -ERANGE;
}

static int read_all(int fd, char *buf, size_t len, off_t offset)
{
	while (len) {
		ssize_t n = pread(fd, buf, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0) {	/* a file someone cut short: what is missing was never written */
			memset(buf, 0, len);
			return 0;
		}
		buf += n;
		offset += n;
		len -= n;
	}
	return 0;
}

static int write_all(int fd, const char *buf, size_t len, off_t offset)
{
	while (len) {
		ssize_t n = pwrite(fd, buf, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf += n;
		offset += n;
		len -= n;
	}
	return 0;
}

/* What a deferred zeroing covers reads as zeros already. */
static void blank_pending(const struct emu_fb *fb, uint64_t address, char *buf, size_t len)
{
	for (size_t i = 0; i < fb->pending_count; i++) {
		const struct emu_range *r = &fb->pending[i];
		uint64_t from = max(address, r->address);
		uint64_t to = min(address + len, r->address + r->len);

		if (from < to)
			memset(buf + (from - address), 0, to - from);
	}
}

int emu_fb_read(struct emu_fb *fb, uint64_t address, void *buf, size_t len)
{
	char *p = buf;
	int err = in_bounds(fb, address, len);

	for (size_t done = 0; !err && done < len;) {
		uint64_t part;
		off_t offset;
		int fd = locate(fb, address + done, len - done, &offset, &part);

		err = read_all(fd, p + done, part, offset);
		done += part;
	}
	if (!err && fb->pending_count)
		blank_pending(fb, address, buf, len);
	return err;
}

static bool overlaps_pending(const struct emu_fb *fb, uint64_t address, uint64_t len)
{
	for (size_t i = 0; i < fb->pending_count; i++) {
		const struct emu_range *r = &fb->pending[i];

		if (address < r->address + r->len && r->address < address + len)
			return true;
	}
	return false;
}

int emu_fb_write(struct emu_fb *fb, uint64_t address, const void *buf, size_t len)
{
	const char *p = buf;
	int err = in_bounds(fb, address, len);

	if (!err && overlaps_pending(fb, address, len))
		err = emu_fb_apply(fb);
	for (size_t done = 0; !err && done < len;) {
		uint64_t part;
		off_t offset;
		int fd = locate(fb, address + done, len - done, &offset, &part);

		err = write_all(fd, p + done, part, offset);
		done += part;
	}
	return err;
}

static int punch(int fd, off_t offset, uint64_t len)
{
	static const char zeros[65536];
	int err = 0;

	if (!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, len))
		return 0;
	if (errno != EOPNOTSUPP)
		return -errno;
	for (uint64_t done = 0; !err && done < len; done += sizeof(zeros))
		err = write_all(fd, zeros, min_t(uint64_t, sizeof(zeros), len - done),
				offset + done);
	return err;
}

static int zero_now(struct emu_fb *fb, uint64_t address, uint64_t len)
{
	int err = 0;

	for (uint64_t done = 0; !err && done < len;) {
		uint64_t part;
		off_t offset;
		int fd = locate(fb, address + done, len - done, &offset, &part);

		err = punch(fd, offset, part);
		done += part;
	}
	return err;
}

int emu_fb_zero(struct emu_fb *fb, uint64_t address, uint64_t len)
{
	struct emu_range *pending;
	int err = in_bounds(fb, address, len);

	if (err)
		return err;
	if (!fb->deferred || address >= fb->guest_bytes)
		return zero_now(fb, address, len);
	pending = realloc(fb->pending, (fb->pending_count + 1) * sizeof(*pending));
	if (!pending)
		return -ENOMEM;
	pending[fb->pending_count++] = (struct emu_range){ address, len };
	fb->pending = pending;
	return 0;
}

int emu_fb_apply(struct emu_fb *fb)
{
	for (size_t i = 0; i < fb->pending_count; i++) {
		int err = zero_now(fb, fb->pending[i].address, fb->pending[i].len);

		if (err)
			return err;
	}
	emu_fb_forget(fb);
	return 0;
}

void emu_fb_forget(struct emu_fb *fb)
{
	free(fb->pending);
	fb->pending = NULL;
	fb->pending_count = 0;
}

int emu_fb_next_data(struct emu_fb *fb, uint64_t address, uint64_t end, uint64_t *ret_start,
		     uint64_t *ret_len)
{
	uint64_t part, base;
	off_t offset, data, hole;
	int fd, err;

	err = end < address ? -ERANGE : in_bounds(fb, address, end - address);
	if (!err)
		err = emu_fb_apply(fb);
	while (!err && address < end) {
		fd = locate(fb, address, end - address, &offset, &part);
		base = address - offset;
		data = lseek(fd, offset, SEEK_DATA);
		if (data >= 0 && (uint64_t)data < offset + part) {
			hole = lseek(fd, data, SEEK_HOLE);
			if (hole < 0)
				return -errno;
			*ret_start = base + data;
			*ret_len = min_t(uint64_t, hole, offset + part) - data;
			return 0;
		}
		if (data < 0 && errno != ENXIO)
			return -errno;
		address += part;
	}
	return err ? err : -ENXIO;
}
