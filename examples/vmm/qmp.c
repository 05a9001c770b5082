// SPDX-License-Identifier: MIT
/*
 * QEMU's monitor protocol: one JSON object a line.  Lines have a longest length, objects a deepest
 * nesting, every wait a deadline; nothing is taken for what it should be before it was checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "vmm.h"

#define LINE_MAX_BYTES (1u << 20)
#define FIRST_BYTES 4096u
#define DEPTH_MAX 32

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

int poll_ms(int64_t deadline_ns)
{
	int64_t left = deadline_ns - now_ns();

	return left <= 0 ? 0 : left / 1000000 < INT_MAX ? (int)((left + 999999) / 1000000) : INT_MAX;
}

int64_t earlier(int64_t deadline_ns, unsigned int seconds_from_now)
{
	int64_t then = now_ns() + seconds_from_now * NS_PER_SECOND;

	return then < deadline_ns ? then : deadline_ns;
}

const char *json_text(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return "";
	return json_object_get_string(value);
}

static int __attribute__((format(printf, 3, 4)))
refuse(struct qmp *qmp, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(qmp->error, sizeof(qmp->error), format, args);
	va_end(args);
	return -err;
}

/* Also asked after something came: who never stops talking would keep a caller for ever. */
static int check_time(struct qmp *qmp, int64_t deadline_ns)
{
	return now_ns() < deadline_ns ? 0 : refuse(qmp, ETIMEDOUT, "QEMU did not answer in time");
}

static int await(struct qmp *qmp, short events, int64_t deadline_ns)
{
	struct pollfd pollfd = { .fd = qmp->fd, .events = events };
	int n = poll(&pollfd, 1, poll_ms(deadline_ns));

	if (n < 0 && errno != EINTR)
		return refuse(qmp, errno, "poll: %s", strerror(errno));
	return n > 0 ? 0 : check_time(qmp, deadline_ns);
}

/* ------------------------------------------------------------------------ reading */

static int make_room(struct qmp *qmp)
{
	size_t size = qmp->size ? qmp->size * 2 : FIRST_BYTES;
	char *in;

	if (qmp->length < qmp->size)
		return 0;
	if (qmp->size >= LINE_MAX_BYTES)
		return refuse(qmp, EMSGSIZE, "QEMU sent a line of more than %u bytes",
			      LINE_MAX_BYTES);
	in = realloc(qmp->in, size);
	if (!in)
		return refuse(qmp, ENOMEM, "out of memory");
	qmp->in = in;
	qmp->size = size;
	return 0;
}

static int read_more(struct qmp *qmp, int64_t deadline_ns)
{
	ssize_t n;
	int err;

	err = make_room(qmp);
	if (!err)
		err = await(qmp, POLLIN, deadline_ns);
	if (err)
		return err;
	n = recv(qmp->fd, qmp->in + qmp->length, qmp->size - qmp->length, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return refuse(qmp, ECONNRESET, "QEMU closed the connection");
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return refuse(qmp, errno, "recv: %s", strerror(errno));
	if (n > 0)
		qmp->length += (size_t)n;
	return 0;
}

static int parse(struct qmp *qmp, const char *line, size_t length, struct json_object **ret)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *object;
	bool whole;

	if (!tokener)
		return refuse(qmp, ENOMEM, "out of memory");
	object = json_tokener_parse_ex(tokener, line, (int)length);
	whole = json_tokener_get_error(tokener) == json_tokener_success;
	json_tokener_free(tokener);
	if (!whole || !json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		return refuse(qmp, EPROTO, "QEMU sent a line that is no JSON object");
	}
	*ret = object;
	return 0;
}

/* NULL: there is no whole line yet */
static const char *find_end(const struct qmp *qmp)
{
	return qmp->length ? memchr(qmp->in, '\n', qmp->length) : NULL;
}

static int next_message(struct qmp *qmp, int64_t deadline_ns, struct json_object **ret)
{
	const char *end = find_end(qmp);
	size_t length;
	int err;

	while (!end) {
		err = read_more(qmp, deadline_ns);
		end = find_end(qmp);
		if (!err && !end)
			err = check_time(qmp, deadline_ns);
		if (err)
			return err;
	}
	length = (size_t)(end - qmp->in);
	err = parse(qmp, qmp->in, length, ret);
	qmp->length -= length + 1;
	memmove(qmp->in, end + 1, qmp->length);
	return err;
}

/* The next message that fits; others are passed over. */
static int next_that(struct qmp *qmp, bool (*fits)(const struct qmp *, struct json_object *),
		     int64_t deadline_ns, struct json_object **ret)
{
	struct json_object *message;
	int err;

	for (;;) {
		err = next_message(qmp, deadline_ns, &message);
		if (err)
			return err;
		if (fits(qmp, message))
			break;
		json_object_put(message);
		err = check_time(qmp, deadline_ns);
		if (err)
			return err;
	}
	*ret = message;
	return 0;
}

static bool is_event(const struct qmp *qmp, struct json_object *message)
{
	(void)qmp;
	return *json_text(message, "event");
}

int qmp_next_event(struct qmp *qmp, int64_t deadline_ns, struct json_object **ret)
{
	return next_that(qmp, is_event, deadline_ns, ret);
}

/* ----------------------------------------------------------------------- commands */

static ssize_t send_with(int fd, const char *text, size_t length, int pass)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = "" };
	struct iovec iov = { .iov_base = (void *)text, .iov_len = length };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (pass >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &pass, sizeof(int));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* How many bytes went, perhaps none; or a negative errno */
static ssize_t send_some(struct qmp *qmp, const char *text, size_t length, int pass)
{
	ssize_t n = send_with(qmp->fd, text, length, pass);

	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	if (errno == EPIPE || errno == ECONNRESET)
		return refuse(qmp, ECONNRESET, "QEMU closed the connection");
	return refuse(qmp, errno, "send: %s", strerror(errno));
}

static int send_all(struct qmp *qmp, const char *text, int pass, int64_t deadline_ns)
{
	size_t left = strlen(text);

	while (left) {
		int err = await(qmp, POLLOUT, deadline_ns);
		ssize_t n = err ?: send_some(qmp, text, left, pass);

		if (!n)
			n = check_time(qmp, deadline_ns);
		else if (n > 0)
			pass = -1;	/* it went along with the first byte */
		if (n < 0)
			return (int)n;
		text += n;
		left -= (size_t)n;
	}
	return 0;
}

/* Is it the answer to the last command?  Events come in between. */
static bool is_answer(const struct qmp *qmp, struct json_object *message)
{
	struct json_object *id;

	return json_object_object_get_ex(message, "id", &id) &&
	       json_object_is_type(id, json_type_int) &&
	       json_object_get_int64(id) == (int64_t)qmp->id;
}

static int take_answer(struct qmp *qmp, struct json_object *message, struct json_object **ret)
{
	struct json_object *value;

	if (json_object_object_get_ex(message, "error", &value)) {
		const char *words = json_text(value, "desc");

		return refuse(qmp, EREMOTEIO, "%s", *words ? words : "refused without a word");
	}
	if (!json_object_object_get_ex(message, "return", &value))
		return refuse(qmp, EPROTO, "QEMU sent an answer that is none");
	if (ret)
		*ret = json_object_get(value);
	return 0;
}

/* @arguments are given away.  Return: a line, to be freed */
static char *compose(struct qmp *qmp, const char *command, struct json_object *arguments)
{
	struct json_object *message = json_object_new_object();
	char *line;

	json_object_object_add(message, "execute", json_object_new_string(command));
	json_object_object_add(message, "id", json_object_new_int64(++qmp->id));
	if (arguments)
		json_object_object_add(message, "arguments", arguments);
	if (asprintf(&line, "%s\n", json_object_to_json_string_ext(message, JSON_FORM)) < 0)
		fail_memory();
	json_object_put(message);
	return line;
}

int qmp_call(struct qmp *qmp, const char *command, struct json_object *arguments, int pass,
	     int64_t deadline_ns, struct json_object **ret)
{
	char *line = compose(qmp, command, arguments);
	struct json_object *answer;
	int err;

	err = send_all(qmp, line, pass, deadline_ns);
	free(line);
	if (!err)
		err = next_that(qmp, is_answer, deadline_ns, &answer);
	if (err)
		return err;
	err = take_answer(qmp, answer, ret);
	json_object_put(answer);
	return err;
}

/* --------------------------------------------------------------------- connections */

/* {"QMP": {"version": {"qemu": {"major": 10, ... */
static int take_greeting(struct qmp *qmp, struct json_object *greeting)
{
	struct json_object *value = greeting;
	static const char *const path[] = { "QMP", "version", "qemu", "major" };

	for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++)
		if (!json_object_is_type(value, json_type_object) ||
		    !json_object_object_get_ex(value, path[i], &value))
			return refuse(qmp, EPROTO, "what answers is not QEMU's monitor");
	if (!json_object_is_type(value, json_type_int))
		return refuse(qmp, EPROTO, "QEMU's version is no number");
	qmp->major = json_object_get_int(value);
	return 0;
}

int qmp_open(struct qmp *qmp, int fd, int64_t deadline_ns)
{
	struct json_object *greeting;
	int err;

	*qmp = (struct qmp){ .fd = fd };
	err = next_message(qmp, deadline_ns, &greeting);
	if (!err) {
		err = take_greeting(qmp, greeting);
		json_object_put(greeting);
	}
	if (!err)
		err = qmp_call(qmp, "qmp_capabilities", NULL, -1, deadline_ns, NULL);
	if (err)
		qmp_close(qmp);
	return err;
}

/* What was said of an error stays. */
void qmp_close(struct qmp *qmp)
{
	if (qmp->fd >= 0)
		close(qmp->fd);
	free(qmp->in);
	qmp->fd = -1;
	qmp->in = NULL;
	qmp->length = qmp->size = 0;
}
