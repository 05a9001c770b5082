// SPDX-License-Identifier: MIT
/* Chooses the implementation by the scheme of a uri; what all of them share. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include "os/os.h"
#include "util/clock.h"
#include "util/text.h"

static const struct {
	const char *scheme;
	int (*open)(const char *rest, struct os **ret, const char **ret_detail);
} schemes[] = {
	{ "host:", os_kernel_open },
	{ "tree:", os_tree_open },
	{ "emu:", os_emu_open },
};

int os_open(const char *uri, struct os **ret, const char **ret_detail)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i].scheme);

		if (!strncmp(uri, schemes[i].scheme, len))
			return schemes[i].open(uri + len, ret, ret_detail);
	}
	*ret_detail = "the uri begins with none of host:, tree: and emu:";
	return -EINVAL;
}

void os_close(struct os *os)
{
	if (os)
		os->ops->close(os);
}

bool os_is_gone(int err)
{
	return err == -ENOENT || err == -ENODEV;
}

/* --------------------------------------------------------------- attributes */

static int first_line(const char *text, char *buf, size_t size)
{
	size_t len = strcspn(text, "\n");

	if (len >= size)
		return -EMSGSIZE;
	memcpy(buf, text, len);
	buf[len] = '\0';
	text_sanitize(buf);
	return 0;
}

int os_attr_line(struct os *os, const char *path, char *buf, size_t size)
{
	char line[256];
	int err = os->ops->attr_read(os, path, line, sizeof(line), NULL);

	return err ? err : first_line(line, buf, size);
}

int os_root_line(struct os *os, const char *path, char *buf, size_t size)
{
	char line[256];
	int err = os->ops->root_read(os, path, line, sizeof(line), NULL);

	return err ? err : first_line(line, buf, size);
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static int parse_u64(const char *text, uint64_t *ret)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	unsigned int base = hex ? 16 : 10;
	uint64_t value = 0;

	text += hex ? 2 : 0;
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		unsigned int digit = digit_value(*text);

		if (digit >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return -ERANGE;
	}
	*ret = value;
	return 0;
}

int os_attr_u64(struct os *os, const char *path, uint64_t *ret)
{
	char line[32];
	int err = os_attr_line(os, path, line, sizeof(line));

	return err ? err : parse_u64(line, ret);
}

/* ------------------------------------------------------------------- stamps */

#define STAMP_NS NS_PER_SECOND

void os_stamp_take(struct os *os, struct os_stamp *stamp)
{
	stamp->known = os->ops->changes && !os->ops->changes(os, &stamp->changes);
	stamp->time_ns = clock_now_ns();
}

bool os_stamp_holds(struct os *os, const struct os_stamp *stamp)
{
	uint64_t changes;

	if (!stamp->known)
		return false;
	if (os_stamp_lasts(stamp))
		return true;
	return clock_now_ns() - stamp->time_ns < STAMP_NS && !os->ops->changes(os, &changes) &&
	       changes == stamp->changes;
}

bool os_stamp_lasts(const struct os_stamp *stamp)
{
	return stamp->known && !stamp->changes;
}

/* -------------------------------------------------------------------- files */

void os_file_close(struct os_file *file)
{
	if (file)
		file->ops->close(file);
}

/* A positive answer has no meaning in any request that is made through here. */
int os_file_ioctl(struct os_file *file, unsigned long request, void *arg)
{
	int ret;

	do
		ret = file->ops->ioctl(file, request, arg);
	while (ret == -EINTR);
	return ret > 0 ? -EBADE : ret;
}

ssize_t os_file_read(struct os_file *file, void *buf, size_t len)
{
	ssize_t n;

	do
		n = file->ops->read(file, buf, len);
	while (n == -EINTR);
	return n;
}

ssize_t os_file_write(struct os_file *file, const void *buf, size_t len)
{
	ssize_t n;

	do
		n = file->ops->write(file, buf, len);
	while (n == -EINTR);
	return n;
}

ssize_t os_file_pread(struct os_file *file, void *buf, size_t len, uint64_t offset)
{
	ssize_t n;

	do
		n = file->ops->pread(file, buf, len, offset);
	while (n == -EINTR);
	return n;
}

ssize_t os_file_pwrite(struct os_file *file, const void *buf, size_t len, uint64_t offset)
{
	ssize_t n;

	do
		n = file->ops->pwrite(file, buf, len, offset);
	while (n == -EINTR);
	return n;
}

int os_file_poll_fd(struct os_file *file)
{
	return file->ops->poll_fd(file);
}
