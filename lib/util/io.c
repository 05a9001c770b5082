/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "io.h"

#define IO_CHECK_MS 100

/*
 * A blocking write to a pipe returns when all of it is in, however long the
 * reader sleeps, and O_NONBLOCK on the caller's descriptor would change it for
 * everybody who shares it.  So the pipe is opened once more.  Where that is not
 * possible (no /proc, someone else's pipe) writing blocks, reading polls first.
 */
static int open_twin(int fd, bool write)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, (write ? O_WRONLY : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
}

static int check_socket(int fd)
{
	int type;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len))
		return -errno;
	return type == SOCK_STREAM ? 0 : -EOPNOTSUPP;
}

int io_open(struct io *io, int fd, bool write, io_check_fn check, void *arg)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;
	int err;

	if (flags < 0 || (flags & O_ACCMODE) == (write ? O_RDONLY : O_WRONLY) || fstat(fd, &st))
		return -EBADF;
	*io = (struct io){ .fd = fd, .twin = -1, .kind = IO_FILE, .check = check, .arg = arg };
	if (S_ISSOCK(st.st_mode)) {
		err = check_socket(fd);
		if (err)
			return err;
		io->kind = IO_SOCKET;
	} else if (S_ISFIFO(st.st_mode)) {
		io->kind = IO_PIPE;
		io->twin = open_twin(fd, write);
	}
	return 0;
}

void io_close(struct io *io)
{
	if (io->twin >= 0)
		close(io->twin);
	io->twin = -1;
}

static int io_wait(struct io *io, short events)
{
	struct pollfd pfd = { .fd = io->twin >= 0 ? io->twin : io->fd, .events = events };
	int err, n;

	do {
		err = io->check ? io->check(io->arg) : 0;
		if (err) {
			io->gave_up = true;
			return err;
		}
		n = poll(&pfd, 1, IO_CHECK_MS);
	} while (n == 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

/* writev() to a pipe nobody reads: EPIPE, without the signal that comes with it. */
static ssize_t writev_quiet(int fd, const struct iovec *iov, int count)
{
	const struct timespec now = { 0 };
	sigset_t sigpipe, pending, before;
	ssize_t n;
	int saved;

	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
	n = writev(fd, iov, count);
	saved = errno;
	if (n < 0 && saved == EPIPE && !sigismember(&pending, SIGPIPE))
		while (sigtimedwait(&sigpipe, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return n;
}

static ssize_t write_some(struct io *io, struct iovec *iov, int count)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)count };

	switch (io->kind) {
	case IO_SOCKET:
		return sendmsg(io->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	case IO_PIPE:
		return writev_quiet(io->twin >= 0 ? io->twin : io->fd, iov, count);
	default:
		return writev(io->fd, iov, count);
	}
}

/* Takes n written bytes off the front; the number of elements used up. */
static int advance(struct iovec *iov, int count, size_t n)
{
	int i;

	for (i = 0; i < count && n >= iov[i].iov_len; i++)
		n -= iov[i].iov_len;
	if (i < count) {
		iov[i].iov_base = (uint8_t *)iov[i].iov_base + n;
		iov[i].iov_len -= n;
	}
	return i;
}

int io_write(struct io *io, struct iovec *iov, int count)
{
	int done = advance(iov, count, 0), err = 0;
	ssize_t n;

	while (done < count && !err) {
		n = write_some(io, iov + done, count - done);
		if (n > 0)
			done += advance(iov + done, count - done, (size_t)n);
		else if (n == 0)
			return -EIO;
		else if (errno == EINTR)
			continue;
		else if (errno != EAGAIN)
			return -errno;
		if (done < count)	/* short: there was room for no more */
			err = io_wait(io, POLLOUT);
	}
	return err;
}

static ssize_t read_some(struct io *io, void *buf, size_t len)
{
	int err;

	switch (io->kind) {
	case IO_SOCKET:
		return recv(io->fd, buf, len, MSG_DONTWAIT);
	case IO_PIPE:
		if (io->twin >= 0)
			return read(io->twin, buf, len);
		err = io_wait(io, POLLIN);
		if (err) {
			errno = -err;
			return -1;
		}
		return read(io->fd, buf, len);
	default:
		return read(io->fd, buf, len);
	}
}

ssize_t io_read(struct io *io, void *buf, size_t len)
{
	size_t have = 0;
	ssize_t n;
	int err;

	while (have < len) {
		n = read_some(io, (uint8_t *)buf + have, len - have);
		if (n > 0) {
			have += (size_t)n;
		} else if (n == 0) {
			break;
		} else if (errno == EAGAIN) {
			err = io_wait(io, POLLIN);
			if (err)
				return err;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return (ssize_t)have;
}
