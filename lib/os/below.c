// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "os/below.h"
#include "util/cleanup.h"

bool path_is_safe(const char *path)
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
int open_below(int root, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	if (!path_is_safe(path))
		return -EINVAL;
	do
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(root, path, flags | O_CLOEXEC | O_NOFOLLOW, mode);
	return fd < 0 ? -errno : (int)fd;
}

ssize_t read_to_end(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, buf + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += n;
	}
	return len;
}

int os_read_text(int root, const char *path, char **ret, size_t *ret_len)
{
	__cleanup_fd int fd = open_below(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	__cleanup_free char *text = NULL;
	struct stat st;
	ssize_t len;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > OS_TEXT_MAX)
		return -EFBIG;
	text = malloc(st.st_size + 1);
	if (!text)
		return -ENOMEM;
	len = read_to_end(fd, text, st.st_size);
	if (len < 0)
		return len;
	text[len] = '\0';
	*ret = take_ptr(text);
	*ret_len = len;
	return 0;
}
