// SPDX-License-Identifier: MIT
/* Control devices, VFIO devices and migration data sessions of the running host. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "os/fd_file.h"

struct fd_file {
	struct os_file file;
	int fd;
	int held[FD_FILE_HELD];
};

static int fd_of(struct os_file *file)
{
	return ((struct fd_file *)file)->fd;
}

static void fd_close(struct os_file *file)
{
	struct fd_file *own = (struct fd_file *)file;

	close(own->fd);
	for (int i = 0; i < FD_FILE_HELD; i++)
		if (own->held[i] >= 0)
			close(own->held[i]);
	free(own);
}

static int fd_ioctl(struct os_file *file, unsigned long request, void *arg)
{
	int ret = ioctl(fd_of(file), request, arg);

	return ret < 0 ? -errno : ret;
}

static ssize_t fd_read(struct os_file *file, void *buf, size_t len)
{
	ssize_t n = read(fd_of(file), buf, len);

	return n < 0 ? -errno : n;
}

static ssize_t fd_write(struct os_file *file, const void *buf, size_t len)
{
	ssize_t n = write(fd_of(file), buf, len);

	return n < 0 ? -errno : n;
}

static ssize_t fd_pread(struct os_file *file, void *buf, size_t len, uint64_t offset)
{
	ssize_t n;

	if (offset > INT64_MAX)
		return -EINVAL;
	n = pread(fd_of(file), buf, len, (off_t)offset);
	return n < 0 ? -errno : n;
}

static ssize_t fd_pwrite(struct os_file *file, const void *buf, size_t len, uint64_t offset)
{
	ssize_t n;

	if (offset > INT64_MAX)
		return -EINVAL;
	n = pwrite(fd_of(file), buf, len, (off_t)offset);
	return n < 0 ? -errno : n;
}

static int fd_poll_fd(struct os_file *file)
{
	return fd_of(file);
}

static const struct os_file_ops fd_file_ops = {
	.close = fd_close,
	.ioctl = fd_ioctl,
	.read = fd_read,
	.write = fd_write,
	.pread = fd_pread,
	.pwrite = fd_pwrite,
	.poll_fd = fd_poll_fd,
};

int os_fd_file_new(int fd, const int held[FD_FILE_HELD], struct os_file **ret)
{
	struct fd_file *own = malloc(sizeof(*own));

	if (!own) {
		close(fd);
		for (int i = 0; i < FD_FILE_HELD; i++)
			if (held[i] >= 0)
				close(held[i]);
		return -ENOMEM;
	}
	own->file.ops = &fd_file_ops;
	own->fd = fd;
	for (int i = 0; i < FD_FILE_HELD; i++)
		own->held[i] = held[i];
	*ret = &own->file;
	return 0;
}
