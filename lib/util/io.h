/* SPDX-License-Identifier: MIT */
/*
 * Whole reads and writes on a descriptor of the caller: file, pipe or socket,
 * blocking or not.  Waiting can be ended, SIGPIPE is never raised, and neither
 * the caller's file flags nor more bytes than asked for are touched.
 */
#ifndef NVVGPU_UTIL_IO_H
#define NVVGPU_UTIL_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Asked before every wait, at least ten times a second while one lasts; -errno ends it. */
typedef int (*io_check_fn)(void *arg);

enum io_kind {
	IO_FILE,	/* regular file, block or character device: is not waited for */
	IO_PIPE,
	IO_SOCKET,
};

struct io {
	int fd;		/* the caller's */
	int twin;	/* the same pipe, opened again without blocking; -1: none */
	enum io_kind kind;
	io_check_fn check;	/* may be NULL */
	void *arg;
	bool gave_up;	/* the last failure was the check's */
};

/* -EBADF: not open, or not for that direction; -EOPNOTSUPP: not a stream socket */
int io_open(struct io *io, int fd, bool write, io_check_fn check, void *arg);
void io_close(struct io *io);	/* the caller's descriptor stays open */

/* All of it or -errno; iov is used up.  After a failure nobody knows how much was written. */
int io_write(struct io *io, struct iovec *iov, int count);
/* All of len; less only at the end of file; or -errno. */
ssize_t io_read(struct io *io, void *buf, size_t len);

#endif
