// SPDX-License-Identifier: MIT
/* Events: one control file per GPU, read when its poll descriptor says so, merged by time. */
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <uapi/nvvgpu.h>
#include "objects.h"

#define NS_PER_SECOND	1000000000LL
#define BATCH		16	/* records that one read takes */

struct nvvgpu_event {
	struct nvvgpu_event_record record;
	char gpu_address[PCI_ADDRESS_LEN];
	char uuid[37];		/* "": about the GPU */
};

struct source {
	char gpu_address[PCI_ADDRESS_LEN];
	struct os_file *file;	/* NULL: it has failed and is no longer watched */
	struct nvvgpu_event_record batch[BATCH];
	size_t first, count;	/* what of the batch has not been given out */
};

struct nvvgpu_monitor {
	struct nvvgpu *host;
	int epoll_fd;
	int more_fd;		/* eventfd: makes epoll_fd readable while records wait in a batch */
	bool more;		/* it is set */
	atomic_flag reading;	/* in nvvgpu_monitor_next() */
	size_t watched;		/* sources that have not failed */
	size_t count;
	struct source sources[];
};

NVVGPU_EXPORT const char *nvvgpu_event_kind_name(enum nvvgpu_event_kind kind)
{
	static const char *const names[] = {
		[NVVGPU_EVENT_KIND_CREATED] = "created",
		[NVVGPU_EVENT_KIND_DESTROYED] = "destroyed",
		[NVVGPU_EVENT_KIND_STARTED] = "started",
		[NVVGPU_EVENT_KIND_STOPPED] = "stopped",
		[NVVGPU_EVENT_KIND_CRASHED] = "crashed",
		[NVVGPU_EVENT_KIND_RESET] = "reset",
		[NVVGPU_EVENT_KIND_MODE] = "mode",
		[NVVGPU_EVENT_KIND_VFS] = "vfs",
		[NVVGPU_EVENT_KIND_MIGRATION] = "migration",
		[NVVGPU_EVENT_KIND_PARAMS] = "params",
		[NVVGPU_EVENT_KIND_LOST] = "lost",
	};

	if ((size_t)kind >= sizeof(names) / sizeof(names[0]) || !names[kind])
		return "unknown";
	return names[kind];
}

/* ------------------------------------------------------------ open and close */

static int watch(struct nvvgpu_monitor *monitor, struct source *source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = source };
	int fd = os_file_poll_fd(source->file);

	if (fd < 0)
		return error_errno(fd, source->gpu_address, "waiting for events");
	if (epoll_ctl(monitor->epoll_fd, EPOLL_CTL_ADD, fd, &event))
		return error_errno(errno, source->gpu_address, "waiting for events");
	return 0;
}

/* 0 also for a GPU that has no events: it is not watched. */
static int add_gpu(struct nvvgpu_monitor *monitor, struct nvvgpu_gpu *gpu)
{
	struct source *source = &monitor->sources[monitor->count];
	struct framework *fw = gpu->framework;
	struct framework_info info;
	int err;

	if (!gpu_is_shared(gpu))
		return 0;
	err = fw->ops.info(fw, &info);
	if (err || !info.has_events)
		return err == -ENODEV ? 0 : err;
	err = fw->ops.control_open(fw, &source->file);
	if (err)
		return err;
	memcpy(source->gpu_address, gpu->address, sizeof(source->gpu_address));
	err = watch(monitor, source);
	if (err) {
		os_file_close(source->file);
		return err;
	}
	monitor->count++;
	monitor->watched++;
	return 0;
}

static int add_gpus(struct nvvgpu_monitor *monitor, const struct gpu_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		int err = add_gpu(monitor, table->gpus[i]);

		if (err)
			return err;
	}
	if (!monitor->count)
		return error_set(EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED, monitor->host->uri,
				 "no GPU of this host has events",
				 "see why in the list of GPUs, or ask for states instead");
	return 0;
}

static int monitor_new(struct nvvgpu *host, size_t gpus, struct nvvgpu_monitor **ret)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
	struct nvvgpu_monitor *monitor;

	monitor = calloc(1, sizeof(*monitor) + gpus * sizeof(monitor->sources[0]));
	if (!monitor)
		return error_nomem();
	atomic_flag_clear(&monitor->reading);
	monitor->host = nvvgpu_ref(host);
	monitor->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	monitor->more_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (monitor->epoll_fd < 0 || monitor->more_fd < 0 ||
	    epoll_ctl(monitor->epoll_fd, EPOLL_CTL_ADD, monitor->more_fd, &event)) {
		int err = error_errno(errno, host->uri, "waiting for events");

		nvvgpu_monitor_close(monitor);
		return err;
	}
	*ret = monitor;
	return 0;
}

NVVGPU_EXPORT int nvvgpu_monitor_open(struct nvvgpu *host, struct nvvgpu_monitor **ret)
{
	struct nvvgpu_monitor *monitor = NULL;
	struct gpu_table *table;
	int err;

	err = host_gpus(host, &table);
	if (err)
		return err;
	err = monitor_new(host, table->count, &monitor);
	if (!err) {
		err = add_gpus(monitor, table);
		if (err)
			nvvgpu_monitor_close(monitor);
	}
	gpu_table_unref(table);
	if (!err)
		*ret = monitor;
	return err;
}

NVVGPU_EXPORT void nvvgpu_monitor_close(struct nvvgpu_monitor *monitor)
{
	if (!monitor)
		return;
	for (size_t i = 0; i < monitor->count; i++)
		os_file_close(monitor->sources[i].file);
	if (monitor->more_fd >= 0)
		close(monitor->more_fd);
	if (monitor->epoll_fd >= 0)
		close(monitor->epoll_fd);
	nvvgpu_unref(monitor->host);
	free(monitor);
}

NVVGPU_EXPORT int nvvgpu_monitor_get_fd(struct nvvgpu_monitor *monitor)
{
	return monitor->epoll_fd;
}

/* --------------------------------------------------------------------- read */

static void drop(struct nvvgpu_monitor *monitor, struct source *source, int err)
{
	host_log(monitor->host, NVVGPU_LOG_WARNING, "%s: no longer watched for events (error %d)",
		 source->gpu_address, -err);
	epoll_ctl(monitor->epoll_fd, EPOLL_CTL_DEL, os_file_poll_fd(source->file), NULL);
	os_file_close(source->file);
	source->file = NULL;
	monitor->watched--;
}

static void fill(struct nvvgpu_monitor *monitor, struct source *source)
{
	ssize_t n;

	if (!source->file || source->first < source->count)
		return;
	n = os_file_read(source->file, source->batch, sizeof(source->batch));
	source->first = source->count = 0;
	if (n == -EAGAIN)
		return;
	if (n <= 0 || (size_t)n > sizeof(source->batch) || n % sizeof(source->batch[0]))
		drop(monitor, source, n < 0 ? (int)n : -EIO);
	else
		source->count = n / sizeof(source->batch[0]);
}

/* Takes from each GPU that has something. */
static void fill_ready(struct nvvgpu_monitor *monitor)
{
	struct epoll_event events[BATCH];
	int n = epoll_wait(monitor->epoll_fd, events, BATCH, 0);

	for (int i = 0; i < n; i++)
		if (events[i].data.ptr)
			fill(monitor, events[i].data.ptr);
}

static struct source *oldest(struct nvvgpu_monitor *monitor)
{
	struct source *best = NULL;

	for (size_t i = 0; i < monitor->count; i++) {
		struct source *source = &monitor->sources[i];

		if (source->first == source->count)
			continue;
		if (!best || source->batch[source->first].time_ns <
			     best->batch[best->first].time_ns)
			best = source;
	}
	return best;
}

/* Who waits on the descriptor does not see what was read already; more_fd tells. */
static void tell_more(struct nvvgpu_monitor *monitor)
{
	bool more = oldest(monitor);
	eventfd_t value;

	if (more && !monitor->more)
		eventfd_write(monitor->more_fd, 1);
	else if (!more && monitor->more)
		eventfd_read(monitor->more_fd, &value);
	monitor->more = more;
}

static int give(struct source *source, struct nvvgpu_event **ret)
{
	struct nvvgpu_event *event = calloc(1, sizeof(*event));

	if (!event)
		return error_nomem();
	event->record = source->batch[source->first++];
	memcpy(event->gpu_address, source->gpu_address, sizeof(event->gpu_address));
	if (event->record.vgpu_id && !uuid_is_null(event->record.uuid))
		uuid_format(event->record.uuid, event->uuid);
	*ret = event;
	return 0;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static int64_t deadline_of(int64_t timeout_ns)
{
	int64_t deadline;

	if (timeout_ns < 0 || __builtin_add_overflow(now_ns(), timeout_ns, &deadline))
		return INT64_MAX;
	return deadline;
}

/* 0: something is there; -EAGAIN: the time is over; -EINTR */
static int wait_ready(struct nvvgpu_monitor *monitor, int64_t deadline)
{
	struct pollfd pollfd = { .fd = monitor->epoll_fd, .events = POLLIN };
	int64_t left = deadline == INT64_MAX ? 0 : deadline - now_ns();
	struct timespec timeout;
	int n;

	if (left < 0)
		left = 0;
	timeout.tv_sec = left / NS_PER_SECOND;
	timeout.tv_nsec = left % NS_PER_SECOND;
	n = ppoll(&pollfd, 1, deadline == INT64_MAX ? NULL : &timeout, NULL);
	if (n > 0)
		return 0;
	return n ? -errno : -EAGAIN;
}

static int next_event(struct nvvgpu_monitor *monitor, int64_t timeout_ns,
		      struct nvvgpu_event **ret)
{
	int64_t deadline = deadline_of(timeout_ns);
	struct source *source;
	int err;

	for (;;) {
		fill_ready(monitor);
		source = oldest(monitor);
		if (source) {
			err = give(source, ret);
			tell_more(monitor);
			return err;
		}
		if (!monitor->watched)
			return error_set(EIO, NVVGPU_REASON_IO, monitor->host->uri,
					 "no GPU that was watched answers any more",
					 "open a new monitor");
		err = wait_ready(monitor, deadline);
		if (err == -EAGAIN)
			return error_set(err, NVVGPU_REASON_DEADLINE, monitor->host->uri,
					 "nothing happened within the time", "");
		if (err)
			return error_errno(err, monitor->host->uri, "waiting for events");
	}
}

/* A second thread, or a log function that wants to see more, is told instead of let in. */
NVVGPU_EXPORT int nvvgpu_monitor_next(struct nvvgpu_monitor *monitor, int64_t timeout_ns,
				      struct nvvgpu_event **ret)
{
	int err;

	if (atomic_flag_test_and_set_explicit(&monitor->reading, memory_order_acquire))
		return error_set(EBUSY, NVVGPU_REASON_BUSY, monitor->host->uri,
				 "another call waits for events of this monitor",
				 "open a monitor for each thread");
	err = next_event(monitor, timeout_ns, ret);
	atomic_flag_clear_explicit(&monitor->reading, memory_order_release);
	return err;
}

/* -------------------------------------------------------------------- event */

NVVGPU_EXPORT void nvvgpu_event_free(struct nvvgpu_event *event)
{
	free(event);
}

NVVGPU_EXPORT enum nvvgpu_event_kind nvvgpu_event_get_kind(const struct nvvgpu_event *event)
{
	return event->record.kind;
}

NVVGPU_EXPORT const char *nvvgpu_event_get_gpu_address(const struct nvvgpu_event *event)
{
	return event->gpu_address;
}

NVVGPU_EXPORT const char *nvvgpu_event_get_uuid(const struct nvvgpu_event *event)
{
	return event->uuid[0] ? event->uuid : NULL;
}

NVVGPU_EXPORT uint32_t nvvgpu_event_get_type_id(const struct nvvgpu_event *event)
{
	return event->record.type_id;
}

NVVGPU_EXPORT uint64_t nvvgpu_event_get_sequence(const struct nvvgpu_event *event)
{
	return event->record.sequence;
}

NVVGPU_EXPORT uint64_t nvvgpu_event_get_time_ns(const struct nvvgpu_event *event)
{
	return event->record.time_ns;
}

NVVGPU_EXPORT uint64_t nvvgpu_event_get_value(const struct nvvgpu_event *event)
{
	return event->record.value;
}
