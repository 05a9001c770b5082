// SPDX-License-Identifier: MIT
/* The manager's character device, without a kernel in between. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>
#include "emu.h"

struct emu_control {
	struct os_file file;
	struct emu_gpu *gpu;
	bool write;
	u64 cursor;		/* of the event stream */
	int event_fd;		/* this process did something; -1 until someone polls */
	int watch_fd;		/* another process committed a state */
	int poll_fd;		/* both */
	struct emu_control *next;
};

static struct emu_control *to_control(struct os_file *file)
{
	return container_of(file, struct emu_control, file);
}

static enum emu_access access_of(unsigned long request)
{
	switch (request) {
	case NVVGPU_IOCTL_TYPE_ADD:
	case NVVGPU_IOCTL_CREATE:
	case NVVGPU_IOCTL_DESTROY:
	case NVVGPU_IOCTL_PARAMS:
	case NVVGPU_IOCTL_MODE_SET:
	case NVVGPU_IOCTL_WARM_RESTORE:
		return EMU_CHANGE;
	default:
		return EMU_READ;
	}
}

static void mark_running(struct nvvgpu_vgpu_info *info, u64 open_slots)
{
	if (info->slot < EMU_MAX_SLOTS && (open_slots & (1ULL << info->slot)))
		info->state = NVVGPU_STATE_RUNNING;
}

/* The committed state does not know which devices another process has open; its lock does. */
static void tell_foreign_open(struct emu_gpu *gpu, unsigned long request, void *arg)
{
	u64 open_slots = emu_state_foreign_open(gpu);

	if (open_slots && request == NVVGPU_IOCTL_VGPU_LIST) {
		struct nvvgpu_ioctl_vgpu_list *list = arg;
		struct nvvgpu_vgpu_info *infos = (void *)(uintptr_t)list->infos;

		for (u32 i = 0; infos && i < list->count; i++)
			mark_running(&infos[i], open_slots);
	} else if (open_slots && request == NVVGPU_IOCTL_VGPU_GET) {
		mark_running(&((struct nvvgpu_ioctl_vgpu_get *)arg)->info, open_slots);
	}
}

static int control_ioctl(struct os_file *file, unsigned long request, void *arg)
{
	struct emu_control *control = to_control(file);
	struct emu_gpu *gpu = control->gpu;
	enum emu_access access = control->write ? access_of(request) : EMU_READ;
	int err, end;

	err = emu_gpu_begin(gpu, access);
	if (err)
		return err;
	err = nvvgpu_mgr_ioctl(gpu->mgr, request, (void __user *)arg, control->write);
	if (!err && gpu->state.dir_fd >= 0)
		tell_foreign_open(gpu, request, arg);
	end = emu_gpu_end(gpu, access);
	return err ? err : end;
}

static void drain(int fd)
{
	char buf[4096];

	while (fd >= 0 && read(fd, buf, sizeof(buf)) > 0)
		;
}

static ssize_t control_read(struct os_file *file, void *buf, size_t len)
{
	struct emu_control *control = to_control(file);
	struct emu_gpu *gpu = control->gpu;
	ssize_t n;
	int err;

	/* before the state is looked at: what comes later wakes again */
	drain(control->event_fd);
	drain(control->watch_fd);
	err = emu_gpu_begin(gpu, EMU_READ);
	if (err)
		return err;
	n = nvvgpu_mgr_event_read(gpu->mgr, &control->cursor, buf, len);
	if (control->event_fd >= 0 && nvvgpu_mgr_event_pending(gpu->mgr, control->cursor))
		eventfd_write(control->event_fd, 1);
	emu_gpu_end(gpu, EMU_READ);
	return n ? n : -EAGAIN;
}

void emu_control_notify(struct emu_gpu *gpu)
{
	for (struct emu_control *control = gpu->controls; control; control = control->next)
		if (control->event_fd >= 0)
			eventfd_write(control->event_fd, 1);
}

static int watch_directory(int dir_fd)
{
	char path[32];
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir_fd);
	if (inotify_add_watch(fd, path, IN_MOVED_TO) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static int poll_add(int poll_fd, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int poll_start(struct emu_control *control)
{
	int err = 0;

	control->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	control->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (control->poll_fd < 0 || control->event_fd < 0)
		return -errno;
	err = poll_add(control->poll_fd, control->event_fd);
	if (!err && control->gpu->state.dir_fd >= 0) {
		control->watch_fd = watch_directory(control->gpu->state.dir_fd);
		err = control->watch_fd < 0 ? control->watch_fd :
					      poll_add(control->poll_fd, control->watch_fd);
	}
	/* what happened between the open and now */
	if (!err)
		eventfd_write(control->event_fd, 1);
	return err;
}

static void poll_stop(struct emu_control *control)
{
	if (control->watch_fd >= 0)
		close(control->watch_fd);
	if (control->event_fd >= 0)
		close(control->event_fd);
	if (control->poll_fd >= 0)
		close(control->poll_fd);
	control->watch_fd = control->event_fd = control->poll_fd = -1;
}

static int control_poll_fd(struct os_file *file)
{
	struct emu_control *control = to_control(file);
	int fd;

	pthread_mutex_lock(&control->gpu->lock);
	fd = control->poll_fd;
	if (fd < 0) {
		int err = poll_start(control);

		if (err)
			poll_stop(control);
		fd = err ? err : control->poll_fd;
	}
	pthread_mutex_unlock(&control->gpu->lock);
	return fd;
}

static void control_close(struct os_file *file)
{
	struct emu_control *control = to_control(file);
	struct emu_gpu *gpu = control->gpu;

	pthread_mutex_lock(&gpu->lock);
	for (struct emu_control **p = &gpu->controls; *p; p = &(*p)->next) {
		if (*p == control) {
			*p = control->next;
			break;
		}
	}
	poll_stop(control);
	pthread_mutex_unlock(&gpu->lock);
	free(control);
}

static const struct os_file_ops control_ops = {
	.close = control_close,
	.ioctl = control_ioctl,
	.read = control_read,
	.poll_fd = control_poll_fd,
};

int emu_control_open(struct emu_gpu *gpu, bool write, struct os_file **ret)
{
	struct emu_control *control = calloc(1, sizeof(*control));
	int err;

	if (!control)
		return -ENOMEM;
	err = emu_gpu_begin(gpu, EMU_READ);
	if (err) {
		free(control);
		return err;
	}
	control->file.ops = &control_ops;
	control->gpu = gpu;
	control->write = write;
	control->event_fd = control->watch_fd = control->poll_fd = -1;
	control->cursor = nvvgpu_mgr_event_cursor(gpu->mgr);
	control->next = gpu->controls;
	gpu->controls = control;
	emu_gpu_end(gpu, EMU_READ);
	*ret = &control->file;
	return 0;
}
