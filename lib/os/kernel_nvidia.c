// SPDX-License-Identifier: MIT
/* Files and programs that come with NVIDIA's driver. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "os/below.h"
#include "os/kernel.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text.h"

int kernel_vgpu_config(struct os *os, char **ret, size_t *ret_len)
{
	struct kernel *kernel = (struct kernel *)os;

	return os_read_text(kernel->root, kernel->paths.vgpu_config + 1, ret, ret_len);
}

/* ------------------------------------------------------------- sriov-manage */

#define POLL_MS 20

/* In a process group of its own, so that what it starts ends with it. */
static int start(char *const argv[], int output, pid_t *ret)
{
	static char *const environment[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL,
	};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t signals;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&attributes, &signals);
	sigfillset(&signals);
	posix_spawnattr_setsigdefault(&attributes, &signals);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	err = -posix_spawn(ret, argv[0], &actions, &attributes, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return err;
}

/* A caller that ignores SIGCHLD has nothing to be waited for. */
static bool has_ended(pid_t pid)
{
	pid_t done = waitpid(pid, NULL, WNOHANG);

	return done == pid || (done < 0 && errno != EINTR);
}

/* What does not fit is read and dropped.  0: the end, or an error, which ends it too */
static ssize_t take_output(int fd, char *output, size_t size, size_t *len)
{
	bool full = *len + 1 == size;
	char rest[4096];
	ssize_t n;

	n = full ? read(fd, rest, sizeof(rest)) : read(fd, output + *len, size - 1 - *len);
	if (n < 0 && errno == EINTR)
		return 1;
	if (n <= 0)
		return 0;
	*len += full ? 0 : n;
	output[*len] = '\0';
	return n;
}

/*
 * Until the program has ended, also when something it started still holds its output.
 * -ETIMEDOUT: it has not
 */
static int wait_for(pid_t pid, int fd, uint64_t deadline_ns, char *output, size_t size)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	bool ended = false;
	size_t len = 0;

	output[0] = '\0';
	do {
		int ready = poll(&pollfd, 1, ended ? 0 : POLL_MS);

		if (ready > 0 && !take_output(fd, output, size, &len))
			pollfd.fd = -1;		/* from here on only the end is waited for */
		if (ready <= 0 && ended)
			return 0;
		ended = ended || has_ended(pid);
	} while (clock_left_ns(deadline_ns));
	return ended ? 0 : -ETIMEDOUT;
}

static void end_group(pid_t pid)
{
	kill(-pid, SIGKILL);
	for (int i = 0; i < 100 && !has_ended(pid); i++)
		clock_pause_ns(POLL_MS * NS_PER_MS);
}

static void sanitize_lines(char *text)
{
	for (char *line = text; line; line = strchr(line, '\n')) {
		char *next;

		line += *line == '\n';
		next = strchr(line, '\n');
		if (next)
			*next = '\0';
		text_sanitize(line);
		if (!next)
			return;
		*next = '\n';
	}
}

int kernel_sriov_manage(struct os *os, const char *gpu, bool enable, uint64_t timeout_ns,
			char *output, size_t size)
{
	struct kernel *kernel = (struct kernel *)os;
	char *argv[] = { kernel->paths.sriov_manage, enable ? "-e" : "-d", (char *)gpu, NULL };
	uint64_t deadline_ns = clock_deadline_ns(timeout_ns);
	int ends[2], err;
	pid_t pid;

	if (access(argv[0], X_OK))
		return -errno;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	err = start(argv, ends[1], &pid);
	close(ends[1]);
	if (!err) {
		err = wait_for(pid, ends[0], deadline_ns, output, size);
		if (err)
			end_group(pid);
		sanitize_lines(output);
	}
	close(ends[0]);
	return err;
}
