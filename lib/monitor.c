// SPDX-License-Identifier: MIT
/*
 * A monitor: one descriptor over all that tells of events.  Control files of drivers are read; a
 * notice of the kernel, or a tick of the timer where nobody tells, is a reason to look at GPUs.
 */
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include "util/clock.h"
#include "watched.h"

#define TICK_NS		500000000L
#define READY		16	/* descriptors that one wait tells of */
#define NOTICES		128	/* that one read takes */
#define MAX_QUEUED	1024	/* events, before what is behind them has to wait */
/*
 * A driver may be behind with its files when the kernel tells, and what was read of them may be
 * kept for a second: looks for so many ticks more.
 */
#define SETTLING	4

struct nvvgpu_monitor {
	struct nvvgpu *host;
	int epoll_fd;
	int more_fd;		/* eventfd: makes epoll_fd readable while events are queued */
	bool more;		/* it is set */
	int timer_fd;
	bool ticking;
	atomic_flag reading;	/* in nvvgpu_monitor_next() */
	struct event_queue queue;
	struct os_file *notices;	/* NULL: nobody tells, all is looked at with each tick */
	bool search;		/* GPUs may have come or gone, or got another driver */
	bool again;		/* the last search left open which are there: again with the next tick */
	unsigned int settling;	/* ticks to one more search, after a function came that nobody knew */
	struct watched **gpus;
	size_t gpu_count;
};

/* ------------------------------------------------------------ what is watched */

/* source: a struct watched, or one of the monitor's own descriptors */
static int poll_add(struct nvvgpu_monitor *monitor, int fd, void *source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = source };

	if (fd < 0)
		return fd;
	return epoll_ctl(monitor->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static void poll_remove(struct nvvgpu_monitor *monitor, int fd)
{
	epoll_ctl(monitor->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static void close_control(struct nvvgpu_monitor *monitor, struct watched *watched)
{
	if (watched->control)
		poll_remove(monitor, os_file_poll_fd(watched->control));
	watched_close_control(watched);
}

static int wait_for_control(struct nvvgpu_monitor *monitor, struct watched *watched)
{
	int err = 0;

	if (watched->control)
		err = poll_add(monitor, os_file_poll_fd(watched->control), watched);
	return err ? error_errno(err, watched->gpu->address, "waiting for events") : 0;
}

static void settle(struct watched *watched)
{
	watched->stale = STALE_ALL;
	watched->settling = SETTLING;
}

static int add_gpu(struct nvvgpu_monitor *monitor, struct nvvgpu_gpu *gpu, struct watched **ret)
{
	struct watched **gpus, *watched;
	int err;

	gpus = realloc(monitor->gpus, (monitor->gpu_count + 1) * sizeof(*gpus));
	if (!gpus)
		return error_nomem();
	monitor->gpus = gpus;
	err = watched_new(gpu, &watched);
	if (err)
		return err;
	monitor->gpus[monitor->gpu_count++] = watched;
	*ret = watched;
	return 0;
}

static void remove_gpu(struct nvvgpu_monitor *monitor, size_t index)
{
	close_control(monitor, monitor->gpus[index]);
	watched_free(monitor->gpus[index]);
	monitor->gpus[index] = monitor->gpus[--monitor->gpu_count];
}

/*
 * Who may open the node is often settled a moment after it is there.  What is the matter is said
 * once, until it is heard.
 */
static int want_control(struct nvvgpu_monitor *monitor, struct watched *watched)
{
	int err;

	if (watched->control)
		return 0;
	err = watched_open_control(watched);
	if (!err)
		err = wait_for_control(monitor, watched);
	if (err) {
		host_log(monitor->host, watched->deaf ? NVVGPU_LOG_DEBUG : NVVGPU_LOG_WARNING,
			 "%s: its driver's events cannot be heard: %s", watched->gpu->address,
			 nvvgpu_error_get_cause(nvvgpu_last_error()));
		watched_close_control(watched);
	} else if (watched->control) {
		watched->unsure = true;
		watched->stale = STALE_ALL;
	}
	watched->deaf = err != 0;
	return err;
}

/* ------------------------------------------------------------ open and close */

static bool is_denied(int err)
{
	return err == -EACCES || err == -EPERM;
}

/* One that does not answer keeps nobody from hearing the others. */
static int watch_gpus(struct nvvgpu_monitor *monitor, const struct gpu_table *table)
{
	size_t denied = 0;
	int err = 0;

	for (size_t i = 0; i < table->count; i++) {
		struct watched *watched;

		err = add_gpu(monitor, table->gpus[i], &watched);
		if (err)
			return err;
		err = want_control(monitor, watched);
		if (err == -ENOMEM)
			return err;
		denied += is_denied(err);
		if (err || watched_look(watched, &monitor->queue))
			settle(watched);
	}
	return denied && denied == table->count ? err : 0;
}

static int listen_to_host(struct nvvgpu_monitor *monitor)
{
	struct nvvgpu *host = monitor->host;
	int err = -EOPNOTSUPP;

	if (host->os->ops->notices_open)
		err = host->os->ops->notices_open(host->os, &monitor->notices);
	if (err == -ENOMEM)
		return error_nomem();
	if (err)
		host_log(host, NVVGPU_LOG_WARNING, "%s: the kernel's events cannot be heard (error %d), "
			 "all GPUs are looked at twice a second", host->uri, -err);
	return 0;
}

static int wait_for_notices(struct nvvgpu_monitor *monitor)
{
	int err = 0;

	if (monitor->notices)
		err = poll_add(monitor, os_file_poll_fd(monitor->notices), &monitor->notices);
	return err ? error_errno(err, monitor->host->uri, "waiting for events") : 0;
}

static int make_descriptors(struct nvvgpu_monitor *monitor)
{
	int err;

	monitor->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	monitor->more_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	monitor->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (monitor->epoll_fd < 0 || monitor->more_fd < 0 || monitor->timer_fd < 0)
		return error_errno(errno, monitor->host->uri, "waiting for events");
	err = poll_add(monitor, monitor->more_fd, &monitor->more_fd);
	if (!err)
		err = poll_add(monitor, monitor->timer_fd, &monitor->timer_fd);
	return err ? error_errno(err, monitor->host->uri, "waiting for events") : 0;
}

static void set_timer(struct nvvgpu_monitor *monitor);

/* All is opened before anything is looked at, so that nothing happens unseen between. */
static int monitor_start(struct nvvgpu_monitor *monitor)
{
	struct gpu_table *table = NULL;
	int err = make_descriptors(monitor);

	if (!err)
		err = listen_to_host(monitor);
	if (!err)
		err = gpu_table_search(monitor->host, NVVGPU_LOG_WARNING, &table);
	if (!err)
		err = watch_gpus(monitor, table);
	gpu_table_unref(table);
	if (!err)
		err = wait_for_notices(monitor);
	if (!err)
		set_timer(monitor);
	return err;
}

NVVGPU_EXPORT int nvvgpu_monitor_open(struct nvvgpu *host, struct nvvgpu_monitor **ret)
{
	struct nvvgpu_monitor *monitor;
	int err;

	if (host_is_read_only(host))
		return error_set(EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED, host->uri,
				 "nothing happens on a captured machine", "watch the machine itself");
	monitor = calloc(1, sizeof(*monitor));
	if (!monitor)
		return error_nomem();
	atomic_flag_clear(&monitor->reading);
	monitor->host = nvvgpu_ref(host);
	monitor->epoll_fd = monitor->more_fd = monitor->timer_fd = -1;
	err = monitor_start(monitor);
	if (err)
		nvvgpu_monitor_close(monitor);
	else
		*ret = monitor;
	return err;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

NVVGPU_EXPORT void nvvgpu_monitor_close(struct nvvgpu_monitor *monitor)
{
	if (!monitor)
		return;
	for (size_t i = 0; i < monitor->gpu_count; i++)
		watched_free(monitor->gpus[i]);
	free(monitor->gpus);
	os_file_close(monitor->notices);
	event_queue_fini(&monitor->queue);
	close_fd(monitor->timer_fd);
	close_fd(monitor->more_fd);
	close_fd(monitor->epoll_fd);
	nvvgpu_unref(monitor->host);
	free(monitor);
}

NVVGPU_EXPORT int nvvgpu_monitor_get_fd(struct nvvgpu_monitor *monitor)
{
	return monitor->epoll_fd;
}

/* ------------------------------------------------------------------- reasons */

static void take_control(struct nvvgpu_monitor *monitor, struct watched *watched)
{
	int err = watched->control ? watched_take(watched, &monitor->queue) : 0;

	if (!err)
		return;
	host_log(monitor->host, NVVGPU_LOG_WARNING, "%s: its driver tells no more events (error %d)",
		 watched->gpu->address, -err);
	close_control(monitor, watched);
	settle(watched);
	monitor->again = true;		/* with the next tick, or it would go round and round */
}

static void doubt_all(struct nvvgpu_monitor *monitor)
{
	for (size_t i = 0; i < monitor->gpu_count; i++)
		settle(monitor->gpus[i]);
	monitor->search = true;
}

static void take_lost(struct nvvgpu_monitor *monitor)
{
	const struct nvvgpu_event event = {
		.kind = NVVGPU_EVENT_KIND_LOST,
		.time_ns = clock_real_ns(),
	};

	event_queue_add(&monitor->queue, &event);
	doubt_all(monitor);
}

static struct watched *find_function(struct nvvgpu_monitor *monitor, const char *function)
{
	for (size_t i = 0; i < monitor->gpu_count; i++)
		if (watched_has(monitor->gpus[i], function))
			return monitor->gpus[i];
	return NULL;
}

/* Of one that nobody knows: it may be a new GPU, or a new VF of one, or cannot be read yet. */
static void take_unknown(struct nvvgpu_monitor *monitor, const char *function)
{
	char gpu[PCI_ADDRESS_LEN];
	struct watched *watched;
	int found = gpu_find_function(monitor->host->os, function, gpu);

	if (!found || os_is_gone(found))
		return;
	watched = found > 0 ? find_function(monitor, gpu) : NULL;
	if (watched)
		settle(watched);
	monitor->settling = SETTLING;
	monitor->search = true;
}

static void take_notice(struct nvvgpu_monitor *monitor, const struct os_notice *notice)
{
	struct watched *watched = find_function(monitor, notice->function);

	if (!watched) {
		take_unknown(monitor, notice->function);
		return;
	}
	watched->settling = SETTLING;
	watched->stale |= notice->child ? STALE_VGPUS | STALE_TYPES : STALE_ALL;
	monitor->search |= !notice->child;
}

static void take_notices(struct nvvgpu_monitor *monitor)
{
	struct os_notice notices[NOTICES];
	ssize_t n = os_file_read(monitor->notices, notices, sizeof(notices));

	if (n == -EAGAIN)
		return;
	if (n == -ENOBUFS) {
		take_lost(monitor);
		return;
	}
	if (n < 0) {
		host_log(monitor->host, NVVGPU_LOG_WARNING, "%s: the kernel's events are no longer "
			 "heard (error %d)", monitor->host->uri, (int)-n);
		poll_remove(monitor, os_file_poll_fd(monitor->notices));
		os_file_close(monitor->notices);
		monitor->notices = NULL;
		take_lost(monitor);
		return;
	}
	for (size_t i = 0; i < n / sizeof(notices[0]); i++)
		take_notice(monitor, &notices[i]);
}

static void take_tick(struct nvvgpu_monitor *monitor)
{
	uint64_t ticks;

	if (read(monitor->timer_fd, &ticks, sizeof(ticks)) < 0)
		return;
	if (!monitor->notices)
		doubt_all(monitor);
	monitor->search |= monitor->again;
	if (monitor->settling)
		monitor->search |= !--monitor->settling;
	for (size_t i = 0; i < monitor->gpu_count; i++) {
		struct watched *watched = monitor->gpus[i];

		if (watched->settling) {
			watched->stale = STALE_ALL;
			monitor->search |= !--watched->settling;
		} else if (watched_needs_polling(watched)) {
			watched->stale |= STALE_VGPUS | STALE_TYPES;
		}
	}
}

static void take(struct nvvgpu_monitor *monitor, void *source)
{
	if (source == &monitor->timer_fd)
		take_tick(monitor);
	else if (source == &monitor->notices)
		take_notices(monitor);
	else if (source != &monitor->more_fd)
		take_control(monitor, source);
}

/* Takes from each that has something, as long as there is room. */
static void take_ready(struct nvvgpu_monitor *monitor)
{
	struct epoll_event events[READY];
	int n;

	if (monitor->queue.count >= MAX_QUEUED)
		return;
	n = epoll_wait(monitor->epoll_fd, events, READY, 0);
	for (int i = 0; i < n; i++)
		take(monitor, events[i].data.ptr);
}

/* --------------------------------------------------------------------- looks */

static struct watched *find_watched(const struct nvvgpu_monitor *monitor, const char *address)
{
	for (size_t i = 0; i < monitor->gpu_count; i++)
		if (!strcmp(monitor->gpus[i]->gpu->address, address))
			return monitor->gpus[i];
	return NULL;
}

static struct nvvgpu_gpu *find_gpu(const struct gpu_table *table, const char *address)
{
	for (size_t i = 0; i < table->count; i++)
		if (!strcmp(table->gpus[i]->address, address))
			return table->gpus[i];
	return NULL;
}

/* One that could not be read for a moment was passed over as well. */
static bool is_gone(struct nvvgpu_monitor *monitor, const char *address)
{
	char gpu[PCI_ADDRESS_LEN];
	int found = gpu_find_function(monitor->host->os, address, gpu);

	return found > 0 ? strcmp(gpu, address) : !found || os_is_gone(found);
}

static void drop_missing(struct nvvgpu_monitor *monitor, const struct gpu_table *table)
{
	for (size_t i = monitor->gpu_count; i-- > 0;) {
		const char *address = monitor->gpus[i]->gpu->address;

		if (find_gpu(table, address))
			continue;
		if (is_gone(monitor, address)) {
			watched_tell_gone(monitor->gpus[i], &monitor->queue);
			remove_gpu(monitor, i);
		} else {
			monitor->again = true;
		}
	}
}

/*
 * One whose driver does not answer stays what it was.  The search behind the last of its looks does
 * not make it settle once more, or there would be no end where it never answers.
 */
static void take_gpu(struct nvvgpu_monitor *monitor, struct nvvgpu_gpu *gpu)
{
	struct watched *watched = find_watched(monitor, gpu->address);

	if (!watched) {
		if (add_gpu(monitor, gpu, &watched)) {
			monitor->queue.lost = true;
			return;
		}
		watched_tell_new(watched, &monitor->queue);
		settle(watched);
	} else if (gpu->framework->broken) {
		return;
	} else if (!watched_is(watched, gpu)) {
		close_control(monitor, watched);
		watched_become(watched, gpu);
		settle(watched);
	} else if (watched->unsure) {
		close_control(monitor, watched);
		watched_become(watched, gpu);
	}
	want_control(monitor, watched);
}

/* The list that callers have of the host's GPUs stays as it is: this one is the monitor's own. */
static void search(struct nvvgpu_monitor *monitor)
{
	enum nvvgpu_log_level level = monitor->again ? NVVGPU_LOG_DEBUG : NVVGPU_LOG_WARNING;
	struct gpu_table *table;

	if (gpu_table_search(monitor->host, monitor->notices ? level : NVVGPU_LOG_DEBUG, &table)) {
		host_log(monitor->host, level, "%s: GPUs cannot be searched: %s",
			 monitor->host->uri, nvvgpu_error_get_cause(nvvgpu_last_error()));
		monitor->again = true;
		return;
	}
	monitor->again = false;
	drop_missing(monitor, table);
	for (size_t i = 0; i < table->count; i++)
		take_gpu(monitor, table->gpus[i]);
	gpu_table_unref(table);
}

static bool needs_ticks(const struct nvvgpu_monitor *monitor)
{
	bool needed = !monitor->notices || monitor->again || monitor->settling;

	for (size_t i = 0; !needed && i < monitor->gpu_count; i++)
		needed = monitor->gpus[i]->settling || watched_needs_polling(monitor->gpus[i]);
	return needed;
}

static void set_timer(struct nvvgpu_monitor *monitor)
{
	bool wanted = needs_ticks(monitor);
	const struct timespec tick = { .tv_nsec = wanted ? TICK_NS : 0 };
	const struct itimerspec spec = { .it_interval = tick, .it_value = tick };

	if (wanted != monitor->ticking && !timerfd_settime(monitor->timer_fd, 0, &spec, NULL))
		monitor->ticking = wanted;
}

static void look(struct nvvgpu_monitor *monitor)
{
	if (monitor->search) {
		monitor->search = false;
		search(monitor);
	}
	for (size_t i = 0; i < monitor->gpu_count; i++) {
		struct watched *watched = monitor->gpus[i];
		int err = watched->stale ? watched_look(watched, &monitor->queue) : 0;

		if (err)
			host_log(monitor->host, NVVGPU_LOG_DEBUG, "%s: cannot be looked at (error "
				 "%d)", watched->gpu->address, -err);
	}
	set_timer(monitor);
}

/* --------------------------------------------------------------------- next */

/* Who waits on the descriptor does not see what was read already; more_fd tells. */
static void tell_more(struct nvvgpu_monitor *monitor)
{
	bool more = monitor->queue.first;
	eventfd_t value;

	if (more && !monitor->more)
		eventfd_write(monitor->more_fd, 1);
	else if (!more && monitor->more)
		eventfd_read(monitor->more_fd, &value);
	monitor->more = more;
}

/* 0: something is there; -EAGAIN: the time is over; -EINTR */
static int wait_ready(struct nvvgpu_monitor *monitor, uint64_t deadline_ns)
{
	struct pollfd pollfd = { .fd = monitor->epoll_fd, .events = POLLIN };
	uint64_t left_ns = clock_left_ns(deadline_ns);
	const struct timespec timeout = {
		.tv_sec = (time_t)(left_ns / NS_PER_SECOND),
		.tv_nsec = (long)(left_ns % NS_PER_SECOND),
	};
	int n = ppoll(&pollfd, 1, deadline_ns == CLOCK_NEVER ? NULL : &timeout, NULL);

	if (n > 0)
		return 0;
	return n ? -errno : -EAGAIN;
}

/* 1: *ret is one */
static int take_event(struct nvvgpu_monitor *monitor, struct nvvgpu_event **ret)
{
	struct nvvgpu_event *event;

	take_ready(monitor);
	look(monitor);
	event = event_queue_take(&monitor->queue);
	tell_more(monitor);
	if (event) {
		*ret = event;
		return 1;
	}
	if (!monitor->queue.lost)
		return 0;
	monitor->queue.lost = false;
	return error_nomem();
}

static int next_event(struct nvvgpu_monitor *monitor, int64_t timeout_ns,
		      struct nvvgpu_event **ret)
{
	uint64_t deadline_ns = timeout_ns < 0 ? CLOCK_NEVER :
						clock_deadline_ns((uint64_t)timeout_ns);
	int err;

	do {
		err = take_event(monitor, ret);
		if (err)
			return err < 0 ? err : 0;
		err = wait_ready(monitor, deadline_ns);
	} while (!err);
	if (err == -EAGAIN)
		return error_set(err, NVVGPU_REASON_DEADLINE, monitor->host->uri,
				 "nothing happened within the time", "");
	return error_errno(err, monitor->host->uri, "waiting for events");
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
