// SPDX-License-Identifier: MIT
/* Events of the GPUs and of the guests' QEMUs, together in one loop. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "vmm.h"

#define LOOK_SECONDS 1		/* a new guest is seen within that time */
#define GREETING_SECONDS 2
#define CLEAN_AGAIN_SECONDS 60	/* after what could not be removed */
#define EVENTS_PER_TURN 256	/* of a guest: nobody keeps the others waiting */

struct watched {
	char name[NAME_BYTES];
	struct qmp qmp;
};

struct watcher {
	const struct state *state;
	bool clean;
	int64_t clean_ns;		/* not before */
	int signals, lock;
	struct nvvgpu_monitor *monitor;	/* NULL: no GPU of the host has events */
	struct watched *guests;
	size_t count;
	bool more;			/* a guest has said more than could be told in this turn */
};

/* ------------------------------------------------------------------------- output */

static void print_object(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_FORM));
	fflush(stdout);		/* who reads this wants it now */
	json_object_put(object);
}

static void tell_guest(const struct watcher *w, const char *name, const char *event,
		       struct json_object *data)
{
	struct json_object *object;

	if (!w->state->json) {
		printf("guest %s ", name);
		print_safe(event);
		putchar('\n');
		fflush(stdout);
		return;
	}
	object = json_object_new_object();
	config_set(object, "guest", name);
	config_set(object, "event", event);
	if (data)
		json_object_object_add(object, "data", json_object_get(data));
	print_object(object);
}

static int tell_gpu(const struct watcher *w, const struct nvvgpu_event *event)
{
	const char *uuid = nvvgpu_event_get_uuid(event);
	char *text;

	if (!w->state->json) {
		printf("gpu %s %s %s\n", nvvgpu_event_get_gpu_address(event),
		       nvvgpu_event_kind_name(nvvgpu_event_get_kind(event)), uuid ? uuid : "-");
	} else {
		if (nvvgpu_event_to_json(event, &text))
			return fail_library();
		puts(text);
		nvvgpu_free(text);
	}
	fflush(stdout);
	return 0;
}

/* ------------------------------------------------------------------------- guests */

static bool is_watched(const struct watcher *w, const char *name)
{
	for (size_t i = 0; i < w->count; i++)
		if (!strcmp(w->guests[i].name, name))
			return true;
	return false;
}

static void add_guest(struct watcher *w, const char *name, const struct qmp *qmp)
{
	struct watched *guests = realloc(w->guests, (w->count + 1) * sizeof(*guests));

	if (!guests)
		fail_memory();
	w->guests = guests;
	guests[w->count].qmp = *qmp;
	snprintf(guests[w->count++].name, NAME_BYTES, "%s", name);
	tell_guest(w, name, "watched", NULL);
}

/* One that somebody works on is tried again at the next look: its vmm may end before it. */
static int clean_up(struct watcher *w, const char *name)
{
	struct guest guest;
	int code = guest_open(w->state, name, true, &guest);
	bool described;

	if (code)
		return code < 0 ? 0 : code;
	described = guest.config;	/* without, it may be one that is only coming */
	if (!guest_pid(&guest)) {
		code = guest_discard(&guest);
		if (!code && described)
			tell_guest(w, name, "removed", NULL);
	}
	guest_close(&guest);
	return code;
}

/* One that cannot be watched now is tried again at the next look. */
static int look_at_guest(struct watcher *w, const char *name, bool clean)
{
	struct guest guest;
	struct qmp qmp;
	bool lives;

	if (guest_peek(w->state, name, &guest))
		return 0;
	lives = guest_pid(&guest);
	if (lives &&
	    !guest_connect(&guest, "events", now_ns() + GREETING_SECONDS * NS_PER_SECOND, &qmp))
		add_guest(w, name, &qmp);
	guest_close(&guest);
	return !lives && clean ? clean_up(w, name) : 0;
}

static int look_for_guests(struct watcher *w)
{
	struct json_object *names;
	const char *name;
	bool clean = w->clean && now_ns() >= w->clean_ns;
	int code = state_names(w->state, &names);

	if (code)
		return code;
	for (size_t i = 0; (name = name_at(names, i)); i++)
		if (!is_watched(w, name) && look_at_guest(w, name, clean))
			w->clean_ns = now_ns() + CLEAN_AGAIN_SECONDS * NS_PER_SECOND;
	json_object_put(names);
	return 0;
}

/* The connection's end is QEMU's end, or as good as that: what it sends makes no sense any more. */
static void lose_guest(struct watcher *w, size_t index, const char *why)
{
	char name[NAME_BYTES];

	memcpy(name, w->guests[index].name, sizeof(name));
	qmp_close(&w->guests[index].qmp);
	w->guests[index] = w->guests[--w->count];
	tell_guest(w, name, why, NULL);
}

static void read_guest(struct watcher *w, size_t index)
{
	struct qmp *qmp = &w->guests[index].qmp;
	struct json_object *event;
	int err = 0;

	for (int i = 0; i < EVENTS_PER_TURN && !(err = qmp_next_event(qmp, 0, &event)); i++) {
		tell_guest(w, w->guests[index].name, json_text(event, "event"),
			   json_object_object_get(event, "data"));
		json_object_put(event);
	}
	if (!err)
		w->more = true;
	else if (err != -ETIMEDOUT)
		lose_guest(w, index, err == -ECONNRESET ? "ended" : qmp->error);
}

/* -------------------------------------------------------------------------- loop */

static int read_monitor(struct watcher *w)
{
	struct nvvgpu_event *event;
	int err, code = 0;

	while (!code && !(err = nvvgpu_monitor_next(w->monitor, 0, &event))) {
		code = tell_gpu(w, event);
		nvvgpu_event_free(event);
	}
	if (!code && err != -EAGAIN && err != -EINTR)
		code = fail_library();
	return code;
}

/* 1: a signal or the deadline says that it is enough */
static int turn(struct watcher *w)
{
	struct pollfd *fds = calloc(w->count + 2, sizeof(*fds));
	int left = poll_ms(w->state->deadline_ns), n, code = 0;

	if (!fds)
		fail_memory();
	fds[0] = (struct pollfd){ .fd = w->signals, .events = POLLIN };
	fds[1] = (struct pollfd){
		.fd = w->monitor ? nvvgpu_monitor_get_fd(w->monitor) : -1,
		.events = POLLIN,
	};
	for (size_t i = 0; i < w->count; i++)
		fds[i + 2] = (struct pollfd){ .fd = w->guests[i].qmp.fd, .events = POLLIN };
	n = poll(fds, w->count + 2,
		 w->more ? 0 : left < LOOK_SECONDS * 1000 ? left : LOOK_SECONDS * 1000);
	w->more = false;
	if (n > 0 && fds[1].revents)
		code = read_monitor(w);
	/* backwards: one that is lost gives its place to the last */
	for (size_t i = w->count; i-- > 0;)
		read_guest(w, i);
	if (!code && (left <= 0 || (n > 0 && fds[0].revents)))
		code = -1;
	free(fds);
	return code;
}

static int begin(struct watcher *w)
{
	sigset_t signals;
	int err;

	/* QEMU's monitor talks to one at a time */
	w->lock = openat(w->state->fd, ".watch", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (w->lock < 0)
		return fail_errno(w->state->path, "open .watch");
	if (flock(w->lock, LOCK_EX | LOCK_NB))
		return fail(EBUSY, NVVGPU_REASON_BUSY, w->state->path, "end the other one",
			    "another vmm watches these guests");
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	w->signals = signalfd(-1, &signals, SFD_CLOEXEC);
	if (w->signals < 0)
		return fail_errno("watch", "wait for signals");
	err = nvvgpu_monitor_open(w->state->host, &w->monitor);
	return err && err != -EOPNOTSUPP ? fail_library() : 0;
}

int watch(const struct state *state, bool clean)
{
	struct watcher w = { .state = state, .clean = clean, .signals = -1, .lock = -1 };
	int code = begin(&w);

	while (!code) {
		code = look_for_guests(&w);
		if (!code)
			code = turn(&w);
	}
	for (size_t i = 0; i < w.count; i++)
		qmp_close(&w.guests[i].qmp);
	free(w.guests);
	nvvgpu_monitor_close(w.monitor);
	if (w.signals >= 0)
		close(w.signals);
	if (w.lock >= 0)
		close(w.lock);
	return code < 0 ? VMM_OK : code;
}
