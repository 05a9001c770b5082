// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "os/below.h"
#include "os/sysfs.h"
#include "util/cleanup.h"

#define SYS "sys/"

/* Only the path is checked: the prefix is ours. */
static int open_in(int root, const char *prefix, const char *path, int flags)
{
	char full[PATH_MAX];

	if (!path_is_safe(path))
		return -EINVAL;
	if ((size_t)snprintf(full, sizeof(full), "%s%s", prefix, path) >= sizeof(full))
		return -ENAMETOOLONG;
	return open_below(root, full, flags, 0);
}

/* Opened without waiting, since what a tree calls an attribute may be a FIFO. */
static int open_file(int root, const char *prefix, const char *path, int flags)
{
	__cleanup_fd int fd = open_in(root, prefix, path, flags | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	return take_fd(fd);
}

/* One read, as a rule: of a regular file what is less than asked for is the end. */
static int read_file(int root, const char *prefix, const char *path, char *buf, size_t size,
		     size_t *ret_len)
{
	__cleanup_fd int fd = open_file(root, prefix, path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((size_t)n == size)
		return -EMSGSIZE;
	buf[n] = '\0';
	if (ret_len)
		*ret_len = n;
	return 0;
}

int sysfs_attr_read(int root, const char *path, char *buf, size_t size, size_t *ret_len)
{
	return read_file(root, SYS, path, buf, size, ret_len);
}

int root_file_read(int root, const char *path, char *buf, size_t size, size_t *ret_len)
{
	return read_file(root, "", path, buf, size, ret_len);
}

/* One write: to a driver, two would be two requests. */
int sysfs_attr_write(int root, const char *path, const char *value)
{
	__cleanup_fd int fd = open_file(root, SYS, path, O_WRONLY);
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

/* The whole target; its length. */
static ssize_t read_target(int root, const char *path, char target[PATH_MAX])
{
	__cleanup_fd int fd = open_in(root, SYS, path, O_PATH | O_NOFOLLOW);
	ssize_t len;

	if (fd < 0)
		return fd;
	len = readlinkat(fd, "", target, PATH_MAX - 1);
	if (len < 0)
		return errno == ENOENT ? -EINVAL : -errno;	/* there, but not a link */
	target[len] = '\0';
	return len;
}

int target_name(char *target, char *buf, size_t size)
{
	char *slash = strrchr(target, '/');
	const char *name = slash ? slash + 1 : target;

	if (!*name)
		return -EINVAL;
	if (strlen(name) >= size)
		return -EMSGSIZE;
	memcpy(buf, name, strlen(name) + 1);
	*(slash ? slash : target) = '\0';
	return 0;
}

int target_parent(char *target, char *buf, size_t size)
{
	char name[NAME_MAX + 1];
	int err = target_name(target, name, sizeof(name));

	return err ? err : target_name(target, buf, size);
}

int sysfs_link_read(int root, const char *path, char *buf, size_t size)
{
	char target[PATH_MAX];
	ssize_t len = read_target(root, path, target);

	return len < 0 ? (int)len : target_name(target, buf, size);
}

int sysfs_link_parent(int root, const char *path, char *buf, size_t size)
{
	char target[PATH_MAX];
	ssize_t len = read_target(root, path, target);

	return len < 0 ? (int)len : target_parent(target, buf, size);
}

static int list(int root, const char *prefix, const char *path,
		int (*each)(const char *name, void *arg), void *arg)
{
	__cleanup_fd int fd = -1;
	char itself[PATH_MAX];
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	/* a function's directory is a link: what is not followed is only the last component */
	if ((size_t)snprintf(itself, sizeof(itself), "%s/.", path) >= sizeof(itself))
		return -ENAMETOOLONG;
	fd = open_in(root, prefix, itself, O_RDONLY | O_DIRECTORY);
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

int sysfs_list(int root, const char *path, int (*each)(const char *name, void *arg), void *arg)
{
	return list(root, SYS, path, each, arg);
}

int root_list(int root, const char *path, int (*each)(const char *name, void *arg), void *arg)
{
	return list(root, "", path, each, arg);
}
