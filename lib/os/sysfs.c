// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "os/sysfs.h"
#include "util/cleanup.h"

static bool is_safe(const char *path)
{
	if (!*path || *path == '/')
		return false;
	for (const char *p = path; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (!strncmp(p, "..", 2) && (p[2] == '/' || !p[2]))
			return false;
	}
	return true;
}

/*
 * A captured tree is somebody else's: its links must not lead out of it.  Where
 * there is no openat2() (before Linux 5.6, or behind a filter of system calls)
 * the last component at least is not followed.
 */
static int open_below(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	char full[PATH_MAX];
	long fd;

	if (!is_safe(path))
		return -EINVAL;
	if ((size_t)snprintf(full, sizeof(full), "sys/%s", path) >= sizeof(full))
		return -ENAMETOOLONG;
	do
		fd = syscall(SYS_openat2, root, full, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(root, full, flags | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : (int)fd;
}

/* Opened without waiting, since what a tree calls an attribute may be a FIFO. */
static int open_attr(int root, const char *path, int flags)
{
	__cleanup_fd int fd = open_below(root, path, flags | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	return take_fd(fd);
}

int sysfs_attr_read(int root, const char *path, char *buf, size_t size, size_t *ret_len)
{
	__cleanup_fd int fd = open_attr(root, path, O_RDONLY);
	size_t len = 0;

	if (fd < 0)
		return fd;
	for (;;) {
		ssize_t n = read(fd, buf + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += n;
		if (len == size)
			return -EMSGSIZE;
	}
	buf[len] = '\0';
	if (ret_len)
		*ret_len = len;
	return 0;
}

/* One write: to a driver, two would be two requests. */
int sysfs_attr_write(int root, const char *path, const char *value)
{
	__cleanup_fd int fd = open_attr(root, path, O_WRONLY);
	size_t len = strlen(value);
	ssize_t n;

	if (fd < 0)
		return fd;
	do
		n = write(fd, value, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int sysfs_link_read(int root, const char *path, char *buf, size_t size)
{
	__cleanup_fd int fd = open_below(root, path, O_PATH | O_NOFOLLOW);
	char target[PATH_MAX];
	const char *name;
	struct stat st;
	ssize_t len;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISLNK(st.st_mode))
		return -EINVAL;
	len = readlinkat(fd, "", target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (!*name)
		return -EINVAL;
	if (strlen(name) >= size)
		return -EMSGSIZE;
	memcpy(buf, name, strlen(name) + 1);
	return 0;
}

int sysfs_list(int root, const char *path, int (*each)(const char *name, void *arg), void *arg)
{
	__cleanup_fd int fd = -1;
	char itself[PATH_MAX];
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	/* a function's directory is a link: what is not followed is only the last component */
	if ((size_t)snprintf(itself, sizeof(itself), "%s/.", path) >= sizeof(itself))
		return -ENAMETOOLONG;
	fd = open_below(root, itself, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	fd = -1;	/* the directory's now */
	while (!ret) {
		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			ret = -errno;
			break;
		}
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			ret = each(entry->d_name, arg);
	}
	closedir(dir);
	return ret;
}
