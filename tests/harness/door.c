// SPDX-License-Identifier: MIT
#include <check.h>
#include <errno.h>
#include <string.h>
#include "door.h"

static struct door *own(struct os *os)
{
	return (struct door *)os;
}

static struct os *inner(struct os *os)
{
	return own(os)->inner;
}

static void door_os_close(struct os *os)
{
}

static int door_read(struct os *os, const char *path, char *buf, size_t size, size_t *ret_len)
{
	int ret = own(os)->on_read ? own(os)->on_read(own(os), path, buf, size) : DOOR_PASS;

	if (ret == DOOR_PASS)
		return inner(os)->ops->attr_read(inner(os), path, buf, size, ret_len);
	if (ret == DOOR_DONE && ret_len)
		*ret_len = strlen(buf);
	return ret == DOOR_DONE ? 0 : ret;
}

static int door_write(struct os *os, const char *path, const char *value)
{
	int ret;

	own(os)->writes++;
	ret = own(os)->on_write ? own(os)->on_write(own(os), path, value) : DOOR_PASS;
	if (ret == DOOR_PASS)
		return inner(os)->ops->attr_write(inner(os), path, value);
	return ret == DOOR_DONE ? 0 : ret;
}

static int door_link(struct os *os, const char *path, char *buf, size_t size)
{
	int ret = own(os)->on_link ? own(os)->on_link(own(os), path, buf, size) : DOOR_PASS;

	if (ret == DOOR_PASS)
		return inner(os)->ops->link_read(inner(os), path, buf, size);
	return ret == DOOR_DONE ? 0 : ret;
}

static int door_parent(struct os *os, const char *path, char *buf, size_t size)
{
	int ret = own(os)->on_link ? own(os)->on_link(own(os), path, buf, size) : DOOR_PASS;

	if (ret == DOOR_PASS)
		return inner(os)->ops->link_parent(inner(os), path, buf, size);
	return ret == DOOR_DONE ? 0 : ret;
}

static int door_changes(struct os *os, uint64_t *ret)
{
	if (own(os)->changes) {
		*ret = own(os)->changes;
		return 0;
	}
	return inner(os)->ops->changes ? inner(os)->ops->changes(inner(os), ret) : -EOPNOTSUPP;
}

static int door_pci(struct os *os, unsigned int *method, const char **param, const char **value)
{
	return inner(os)->ops->pci_access(inner(os), method, param, value);
}

static int door_list(struct os *os, const char *path, int (*each)(const char *name, void *arg),
		     void *arg)
{
	int ret = own(os)->on_list ? own(os)->on_list(own(os), path) : DOOR_PASS;

	return ret ? ret : inner(os)->ops->list(inner(os), path, each, arg);
}

static int door_control(struct os *os, const char *address, bool write, struct os_file **ret)
{
	return inner(os)->ops->control_open(inner(os), address, write, ret);
}

static int door_vfio(struct os *os, const char *name, struct os_file **ret)
{
	return inner(os)->ops->vfio_open(inner(os), name, ret);
}

static int door_adopt(struct os *os, struct os_file *vfio, int data_fd, struct os_file **ret)
{
	return inner(os)->ops->data_adopt(inner(os), vfio, data_fd, ret);
}

static struct run *door_run(struct os *os)
{
	return inner(os)->ops->run(inner(os));
}

static int door_holders(struct os *os, const char *name,
			int (*each)(pid_t pid, const char *program, void *arg), void *arg)
{
	if (own(os)->on_holders)
		return own(os)->on_holders(own(os), name, each, arg);
	return inner(os)->ops->holders(inner(os), name, each, arg);
}

static int door_mixed_get(struct os *os, const char *gpu, bool *ret)
{
	return inner(os)->ops->mixed_size_get(inner(os), gpu, ret);
}

static int door_mixed_set(struct os *os, const char *gpu, bool mixed)
{
	int ret = own(os)->on_mixed_set ? own(os)->on_mixed_set(own(os), mixed) : DOOR_PASS;

	if (ret == DOOR_PASS)
		return inner(os)->ops->mixed_size_set(inner(os), gpu, mixed);
	return ret == DOOR_DONE ? 0 : ret;
}

static int door_tool(struct os *os, const char *gpu, bool enable, uint64_t timeout_ns,
		     char *output, size_t size)
{
	output[0] = '\0';
	own(os)->tool_timeout_ns = timeout_ns;
	return own(os)->tool ? own(os)->tool(own(os), enable, output, size) : -ENOENT;
}

static const struct os_ops door_ops = {
	.scheme = "door",
	.close = door_os_close,
	.attr_read = door_read,
	.attr_write = door_write,
	.link_read = door_link,
	.link_parent = door_parent,
	.list = door_list,
	.control_open = door_control,
	.vfio_open = door_vfio,
	.data_adopt = door_adopt,
	.run = door_run,
	.holders = door_holders,
	.mixed_size_get = door_mixed_get,
	.mixed_size_set = door_mixed_set,
	.sriov_manage = door_tool,
	.changes = door_changes,
	.pci_access = door_pci,
};

void door_open(struct door *door, const char *uri)
{
	const char *detail = NULL;

	*door = (struct door){ .os.ops = &door_ops };
	ck_assert_msg(!os_open(uri, &door->inner, &detail), "%s: %s", uri, detail);
}

void door_close(struct door *door)
{
	os_close(door->inner);
}

bool door_ends(const char *path, const char *end)
{
	size_t len = strlen(path), end_len = strlen(end);

	return len >= end_len && !strcmp(path + len - end_len, end);
}
