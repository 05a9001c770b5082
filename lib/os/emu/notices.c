// SPDX-License-Identifier: MIT
/*
 * What a kernel would tell of an emulated host: that VFs came or went, and, where there are mdevs,
 * those.  Of a type that is written to a VF it tells nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "emu.h"
#include "internal.h"

#define BATCH 16

struct emu_notices {
	struct os_file file;
	struct emu_host *host;
	int poll_fd;			/* readable when one of the files is; -1 until someone polls */
	struct os_file *controls[];	/* of each GPU; its events are what is told */
};

static struct emu_notices *to_notices(struct os_file *file)
{
	return container_of(file, struct emu_notices, file);
}

static void notices_close(struct os_file *file)
{
	struct emu_notices *own = to_notices(file);

	for (size_t i = 0; i < own->host->gpu_count; i++)
		os_file_close(own->controls[i]);
	if (own->poll_fd >= 0)
		close(own->poll_fd);
	free(own);
}

/* What fell out of the ring may have been of VFs; mdevs among it are lost: -ENOBUFS. */
static int sort_record(struct emu_notices *own, u32 kind, bool *ret_function, bool *ret_mdev)
{
	bool mdevs = own->host->framework == EMU_MDEV;

	if (kind == NVVGPU_EVENT_LOST && mdevs)
		return -ENOBUFS;
	*ret_function |= kind == NVVGPU_EVENT_VFS || kind == NVVGPU_EVENT_LOST;
	*ret_mdev |= mdevs && (kind == NVVGPU_EVENT_CREATED || kind == NVVGPU_EVENT_DESTROYED);
	return 0;
}

static int read_gpu(struct emu_notices *own, size_t index, bool *ret_function, bool *ret_mdev)
{
	struct nvvgpu_event_record records[BATCH];
	ssize_t n;

	while ((n = os_file_read(own->controls[index], records, sizeof(records))) > 0) {
		for (size_t i = 0; i < n / sizeof(records[0]); i++) {
			int err = sort_record(own, records[i].kind, ret_function, ret_mdev);

			if (err)
				return err;
		}
	}
	return n == -EAGAIN ? 0 : n;
}

static size_t put(struct os_notice *notice, const struct emu_gpu *gpu, bool child)
{
	memcpy(notice->function, gpu->address, sizeof(gpu->address));
	notice->child = child;
	return 1;
}

/* Two of each GPU have to fit: less is not asked for. */
static ssize_t notices_read(struct os_file *file, void *buf, size_t len)
{
	struct emu_notices *own = to_notices(file);
	struct os_notice *notices = buf;
	size_t count = 0, room = len / sizeof(*notices);

	for (size_t i = 0; i < own->host->gpu_count && count + 2 <= room; i++) {
		bool function = false, mdev = false;
		int err = read_gpu(own, i, &function, &mdev);

		if (err)
			return err;
		if (function)
			count += put(&notices[count], &own->host->gpus[i], false);
		if (mdev)
			count += put(&notices[count], &own->host->gpus[i], true);
	}
	return count ? (ssize_t)(count * sizeof(*notices)) : -EAGAIN;
}

static int poll_gpu(struct emu_notices *own, size_t index)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = os_file_poll_fd(own->controls[index]);

	if (fd < 0)
		return fd;
	return epoll_ctl(own->poll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int poll_start(struct emu_notices *own)
{
	int err = 0;

	own->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (own->poll_fd < 0)
		return -errno;
	for (size_t i = 0; !err && i < own->host->gpu_count; i++)
		err = poll_gpu(own, i);
	return err;
}

static int notices_poll_fd(struct os_file *file)
{
	struct emu_notices *own = to_notices(file);
	int err = own->poll_fd < 0 ? poll_start(own) : 0;

	return err ? err : own->poll_fd;
}

static const struct os_file_ops notices_ops = {
	.close = notices_close,
	.read = notices_read,
	.poll_fd = notices_poll_fd,
};

int emu_notices_open(struct emu_host *host, struct os_file **ret)
{
	struct emu_notices *own;
	int err = 0;

	own = calloc(1, sizeof(*own) + host->gpu_count * sizeof(own->controls[0]));
	if (!own)
		return -ENOMEM;
	own->file.ops = &notices_ops;
	own->host = host;
	own->poll_fd = -1;
	for (size_t i = 0; !err && i < host->gpu_count; i++)
		err = emu_control_open(&host->gpus[i], false, &own->controls[i]);
	if (err) {
		notices_close(&own->file);
		return err;
	}
	*ret = &own->file;
	return 0;
}
