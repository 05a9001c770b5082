// SPDX-License-Identifier: MIT
/*
 * The QEMU of a guest.  It belongs to nobody: it goes on when the vmm that started it ends, and
 * the next vmm finds it by the lock that it has on the file "alive" of the guest's directory.  The
 * kernel gives that lock up when the process is gone, and says who has it: no process number is
 * kept anywhere, so none can be out of date.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "vmm.h"

#define MAX_WORDS 128
#define LOG_TAIL_BYTES 1024
#define QUIT_SECONDS 5
#define KILL_SECONDS 60

/* ------------------------------------------------------------------------ alive */

pid_t guest_pid(const struct guest *guest)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = openat(guest->fd, "alive", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	bool known;

	if (fd < 0)
		return 0;
	known = !fcntl(fd, F_GETLK, &lock);
	close(fd);
	if (!known || lock.l_type == F_UNLCK)
		return 0;
	return lock.l_pid > 0 ? lock.l_pid : -1;
}

/* A handle on the process, which no other can take the place of; -1: there is none to have. */
static int open_process(const struct guest *guest)
{
	pid_t pid = guest_pid(guest);
	int fd = pid > 0 ? pidfd_open(pid, 0) : -1;

	if (fd >= 0 && guest_pid(guest) != pid) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Has it ended by then? */
static bool wait_process(int process, int64_t deadline_ns)
{
	struct pollfd pollfd = { .fd = process, .events = POLLIN };
	int left, n;

	do {
		left = poll_ms(deadline_ns);
		n = poll(&pollfd, 1, left);
	} while (n <= 0 && left > 0);
	return n > 0;
}

bool guest_wait(struct guest *guest, int64_t deadline_ns)
{
	int process = open_process(guest);
	bool ended;

	if (process < 0)
		return !guest_pid(guest);
	ended = wait_process(process, deadline_ns);
	close(process);
	return ended;
}

/* ----------------------------------------------------------------------- sockets */

/* By way of the directory's descriptor: a path of any length fits. */
static socklen_t address_of(const struct guest *guest, const char *name, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", guest->fd, name);
	return sizeof(*ret);
}

static int listen_at(const struct guest *guest, const char *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	socklen_t length = address_of(guest, name, &address);

	if (fd >= 0 && (bind(fd, (struct sockaddr *)&address, length) || listen(fd, 4))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int guest_connect(struct guest *guest, const char *name, int64_t deadline_ns, struct qmp *ret)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;
	struct sockaddr_un address;
	socklen_t length = address_of(guest, name, &address);

	*ret = (struct qmp){ .fd = -1 };
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, length)) {
		err = -errno;
		snprintf(ret->error, sizeof(ret->error), "its monitor cannot be reached: %s",
			 strerror(-err));
		if (fd >= 0)
			close(fd);
		return err;
	}
	return qmp_open(ret, fd, deadline_ns);
}

/* ------------------------------------------------------------------ QEMU's words */

/* The end of what QEMU left in its log, as one line: what it says last is seldom what says most. */
static void last_words(const struct guest *guest, char ret[LOG_TAIL_BYTES + 1])
{
	int fd = openat(guest->fd, "log", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t n = 0;

	if (end > 0)
		n = pread(fd, ret, LOG_TAIL_BYTES, end > LOG_TAIL_BYTES ? end - LOG_TAIL_BYTES : 0);
	if (fd >= 0)
		close(fd);
	while (n > 0 && ret[n - 1] == '\n')
		n--;
	ret[n > 0 ? n : 0] = '\0';
	while ((ret = strpbrk(ret, "\r\n")))
		*ret = ' ';
}

int guest_fail(struct guest *guest, struct qmp *qmp, int err, const char *doing)
{
	char words[LOG_TAIL_BYTES + 1] = "";
	bool gone = err == -ECONNRESET || err == -ECONNREFUSED;

	if (gone) {
		guest_wait(guest, earlier(guest->state->deadline_ns, 1));
		last_words(guest, words);
	}
	return fail(-err,
		    err == -ETIMEDOUT ? NVVGPU_REASON_DEADLINE : NVVGPU_REASON_IO, guest->name,
		    err != -ETIMEDOUT ? "" :
		    "give it more time: --timeout; a migration may need more --downtime too",
		    "QEMU could not %s: %s", doing, *words ? words : qmp->error);
}

int guest_status(struct qmp *qmp, int64_t deadline_ns, char ret[32])
{
	struct json_object *answer;
	int err;

	err = qmp_call(qmp, "query-status", NULL, -1, deadline_ns, &answer);
	if (err)
		return err;
	snprintf(ret, 32, "%s", json_text(answer, "status"));
	json_object_put(answer);
	return 0;
}

/* ----------------------------------------------------------------- its arguments */

struct words {
	char *word[MAX_WORDS + 1];	/* the last stays NULL */
	size_t count;
};

static void __attribute__((format(printf, 2, 3)))
add(struct words *words, const char *format, ...)
{
	va_list args;
	int length;

	if (words->count == MAX_WORDS)
		return;		/* is seen by who counts */
	va_start(args, format);
	length = vasprintf(&words->word[words->count++], format, args);
	va_end(args);
	if (length < 0)
		fail_memory();
}

static void add_option(struct words *words, const char *option, const char *value)
{
	if (!*value)
		return;
	add(words, "-%s", option);
	add(words, "%s", value);
}

static void add_monitor(struct words *words, const char *name, int fd)
{
	add(words, "-chardev");
	add(words, "socket,id=%s,fd=%d,server=on,wait=off", name, fd);
	add(words, "-mon");
	add(words, "chardev=%s,mode=control", name);
}

/*
 * Left to itself QEMU refuses to move a device that does not say which memory it has written; asked
 * for it, it moves all memory again while the guest stands still, which is always right.
 */
static int add_vgpu(struct words *words, struct guest *guest, struct nvvgpu_vgpu *vgpu)
{
	bool migratable = config_is_migratable(guest->config);
	char *text, *rest, *word;

	if (nvvgpu_vgpu_to_qemu_args(vgpu, &text))
		return fail_library();
	for (rest = text; (word = strsep(&rest, " "));)
		add(words, "%s%s", word, !rest && migratable ? ",enable-migration=on" : "");
	nvvgpu_free(text);
	return 0;
}

static void add_more(struct words *words, struct json_object *more)
{
	for (size_t i = 0; more && i < json_object_array_length(more); i++)
		add(words, "%s", json_object_get_string(json_object_array_get_idx(more, i)));
}

static int make_words(struct words *words, struct guest *guest, struct nvvgpu_vgpu *vgpu,
		      const int monitors[2], bool incoming)
{
	struct json_object *config = guest->config;
	int code = 0;

	add(words, "%s", json_text(config, KEY_QEMU));
	add_option(words, "name", guest->name);
	add_option(words, "uuid", json_text(config, KEY_UUID));
	add(words, "-machine");
	add(words, "%s,accel=%s", json_text(config, KEY_MACHINE), json_text(config, KEY_ACCEL));
	add_option(words, "cpu", "max");
	add_option(words, "m",
		   json_object_get_string(json_object_object_get(config, KEY_MEMORY)));
	add(words, "-nodefaults");
	add(words, "-no-user-config");
	add_option(words, "display", "none");
	add_option(words, "kernel", json_text(config, KEY_KERNEL));
	add_option(words, "initrd", json_text(config, KEY_INITRD));
	add_option(words, "append", json_text(config, KEY_APPEND));
	add_option(words, "chardev", "file,id=console,path=console");
	add_option(words, "serial", "chardev:console");
	add_monitor(words, "qmp", monitors[0]);
	add_monitor(words, "events", monitors[1]);
	if (vgpu)
		code = add_vgpu(words, guest, vgpu);
	add_option(words, "incoming", incoming ? "defer" : "");
	add_more(words, json_object_object_get(config, KEY_ARGUMENTS));
	if (!code && words->count == MAX_WORDS)
		code = fail(E2BIG, NVVGPU_REASON_INVALID_ARGUMENT, guest->name,
			    "give fewer", "QEMU would get more than %d arguments", MAX_WORDS - 1);
	return code;
}

/* ------------------------------------------------------------------- its process */

/* What the child takes along; -1: not there. */
struct luggage {
	int monitors[2];	/* listening */
	int alive, log, null;
	int answer[2];		/* a pipe that brings why it did not start, and closes when it did */
};

static void unpack(struct luggage *luggage)
{
	int *fds = (int *)luggage;

	for (size_t i = 0; i < sizeof(*luggage) / sizeof(int); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int pack(struct guest *guest, struct luggage *luggage)
{
	memset(luggage, -1, sizeof(*luggage));
	luggage->alive = openat(guest->fd, "alive", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	luggage->log = openat(guest->fd, "log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	luggage->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	luggage->monitors[0] = listen_at(guest, "qmp");
	luggage->monitors[1] = listen_at(guest, "events");
	if (luggage->alive >= 0 && luggage->log >= 0 && luggage->null >= 0 &&
	    luggage->monitors[0] >= 0 && luggage->monitors[1] >= 0 &&
	    !pipe2(luggage->answer, O_CLOEXEC))
		return 0;
	return fail_errno(guest->name, "prepare its files");
}

/*
 * The guest's directory stays locked in this process too until it is QEMU: so nobody finds the
 * guest neither locked nor alive, even when the parent is killed right now.
 */
static _Noreturn void become_qemu(const struct guest *guest, const struct luggage *luggage,
				  char *const *argv)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int err;

	if (setsid() >= 0 && !fcntl(luggage->alive, F_SETLK, &lock) && !fchdir(guest->fd) &&
	    dup2(luggage->null, STDIN_FILENO) >= 0 && dup2(luggage->log, STDOUT_FILENO) >= 0 &&
	    dup2(luggage->log, STDERR_FILENO) >= 0 && !fcntl(luggage->alive, F_SETFD, 0) &&
	    !fcntl(luggage->monitors[0], F_SETFD, 0) && !fcntl(luggage->monitors[1], F_SETFD, 0))
		execvp(argv[0], argv);
	err = errno;
	if (write(luggage->answer[1], &err, sizeof(err)) != sizeof(err))
		_exit(126);
	_exit(127);
}

static int spawn(struct guest *guest, struct luggage *luggage, char *const *argv)
{
	int err = 0;
	pid_t child = fork();

	if (child < 0)
		return fail_errno(guest->name, "start a process");
	if (!child)
		become_qemu(guest, luggage, argv);
	close(luggage->answer[1]);
	luggage->answer[1] = -1;
	if (read(luggage->answer[0], &err, sizeof(err)) != sizeof(err))
		return 0;
	waitpid(child, NULL, 0);
	errno = err;
	return fail_errno(argv[0], "start it");
}

/*
 * "q35" is another machine in another QEMU; which one it is now is kept, so that a saved guest
 * finds the same later.
 */
static int keep_machine(struct guest *guest, struct qmp *qmp)
{
	struct json_object *arguments = json_object_new_object(), *answer;
	const char *given = json_text(guest->config, KEY_MACHINE), *type, *end, *options;
	char *machine;
	int err;

	config_set(arguments, "path", "/machine");
	config_set(arguments, "property", "type");
	err = qmp_call(qmp, "qom-get", arguments, -1, guest->state->deadline_ns, &answer);
	if (err)
		return guest_fail(guest, qmp, err, "name its machine");
	type = json_object_is_type(answer, json_type_string) ? json_object_get_string(answer) : "";
	end = strstr(type, "-machine");
	options = strchrnul(given, ',');
	if (asprintf(&machine, "%.*s%s", end ? (int)(end - type) : 0, type, options) < 0)
		fail_memory();
	if (end && !end[strlen("-machine")] && !strchr(type, ','))
		config_set(guest->config, KEY_MACHINE, machine);
	free(machine);
	json_object_put(answer);
	return guest_write(guest);
}

int guest_start(struct guest *guest, struct nvvgpu_vgpu *vgpu, bool incoming, struct qmp *ret)
{
	struct words words = { .count = 0 };
	struct luggage luggage;
	int code, err;

	code = pack(guest, &luggage);
	if (!code)
		code = make_words(&words, guest, vgpu, luggage.monitors, incoming);
	if (!code)
		code = spawn(guest, &luggage, words.word);
	unpack(&luggage);
	for (size_t i = 0; i < words.count; i++)
		free(words.word[i]);
	if (code)
		return code;
	err = guest_connect(guest, "qmp", guest->state->deadline_ns, ret);
	if (err)
		return guest_fail(guest, ret, err, "start");
	return incoming ? 0 : keep_machine(guest, ret);
}

/* ------------------------------------------------------------------------ its end */

/* Does it end when it is asked? */
static bool quit(struct guest *guest, int process)
{
	int64_t end = now_ns() + QUIT_SECONDS * NS_PER_SECOND;
	struct qmp qmp;
	int err;

	if (guest_connect(guest, "qmp", end, &qmp))
		return false;
	err = qmp_call(&qmp, "quit", NULL, -1, end, NULL);
	qmp_close(&qmp);
	return !err && wait_process(process, end);
}

static int end_process(struct guest *guest)
{
	int process = open_process(guest);
	bool ended = false;

	if (process >= 0) {
		ended = quit(guest, process);
		if (!ended && !pidfd_send_signal(process, SIGKILL, NULL, 0))
			ended = wait_process(process, now_ns() + KILL_SECONDS * NS_PER_SECOND);
		close(process);
	}
	if (ended || !guest_pid(guest))
		return 0;
	return fail(EBUSY, NVVGPU_REASON_IN_USE, guest->name,
		    "look for it in the container that it runs in, and at its /proc/PID/stack",
		    "its QEMU cannot be killed");
}

int guest_discard(struct guest *guest)
{
	const char *part = json_text(guest->config, KEY_SAVING);
	int code = end_process(guest);

	if (!code && *part && unlink(part) && errno != ENOENT)
		code = fail_errno(part, "remove it");
	if (!code)
		code = vgpu_destroy(guest);
	return code ?: guest_remove(guest);
}
