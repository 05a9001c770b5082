// SPDX-License-Identifier: MIT
/*
 * Who has a device open.  A device is known by the number of its node, since a container
 * may have the node under another name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "internal.h"
#include "os/below.h"
#include "os/proc.h"
#include "util/text.h"

#define MAX_DEVICES	4	/* nodes of one VFIO device: its group's and its own */
#define NVIDIA_MAJOR	195
#define PATH_LEN	128

struct devices {
	dev_t numbers[MAX_DEVICES];
	size_t count;
};

/* -------------------------------------------------------------------- nodes */

static void add_number(struct devices *devices, unsigned int major_number,
		       unsigned int minor_number)
{
	if (devices->count < MAX_DEVICES)
		devices->numbers[devices->count++] = makedev(major_number, minor_number);
}

/* "dev" of a class device: "510:3" */
static void add_class_device(struct os *os, struct devices *devices, const char *directory)
{
	unsigned int major_number, minor_number;
	char path[PATH_LEN], line[32], end;

	snprintf(path, sizeof(path), "%s/dev", directory);
	if (!os_attr_line(os, path, line, sizeof(line)) &&
	    sscanf(line, "%u:%u%c", &major_number, &minor_number, &end) == 2)
		add_number(devices, major_number, minor_number);
}

struct own_node {
	char name[32];
};

static int take_own_node(const char *name, void *arg)
{
	struct own_node *node = arg;

	if (strncmp(name, "vfio", 4) || strlen(name) >= sizeof(node->name))
		return 0;
	text_copy(node->name, sizeof(node->name), name);
	return 1;
}

static void add_vfio(struct os *os, struct devices *devices, const char *directory)
{
	char path[PATH_LEN + 16], group[32];
	struct own_node node;

	snprintf(path, sizeof(path), "%s/vfio-dev", directory);
	if (os->ops->list(os, path, take_own_node, &node) > 0) {
		snprintf(path, sizeof(path), "class/vfio-dev/%s", node.name);
		add_class_device(os, devices, path);
	}
	snprintf(path, sizeof(path), "%s/iommu_group", directory);
	if (os->ops->link_read(os, path, group, sizeof(group)))
		return;
	snprintf(path, sizeof(path), "class/vfio/%s", group);
	add_class_device(os, devices, path);
	snprintf(path, sizeof(path), "class/vfio/noiommu-%s", group);
	add_class_device(os, devices, path);
}

static int read_file(int root, const char *path, char *buf, size_t size)
{
	__cleanup_fd int fd = open_below(root, path, O_RDONLY, 0);
	ssize_t n;

	if (fd < 0)
		return fd;
	do
		n = read(fd, buf, size - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

/* NVIDIA's driver says which of its nodes is a GPU's. */
static void add_nvidia(int root, struct devices *devices, const char *address)
{
	char path[PATH_LEN], text[1024], *line;
	unsigned int minor_number;

	snprintf(path, sizeof(path), "proc/driver/nvidia/gpus/%s/information", address);
	if (read_file(root, path, text, sizeof(text)))
		return;
	line = strstr(text, "Device Minor:");
	if (line && sscanf(line, "Device Minor: %u", &minor_number) == 1)
		add_number(devices, NVIDIA_MAJOR, minor_number);
}

/* ---------------------------------------------------------------- processes */

static bool is_number(const char *name)
{
	return *name && !name[strspn(name, "0123456789")];
}

/* Only what is below /dev is looked at closer: a file of a network could keep us waiting. */
static bool is_device(int directory, const char *name, const struct devices *devices)
{
	char target[6] = "";
	struct stat st;

	if (readlinkat(directory, name, target, sizeof(target) - 1) < 0 ||
	    strcmp(target, "/dev/") || fstatat(directory, name, &st, 0) || !S_ISCHR(st.st_mode))
		return false;
	for (size_t i = 0; i < devices->count; i++)
		if (st.st_rdev == devices->numbers[i])
			return true;
	return false;
}

/* -EACCES: it may not be looked at; what is gone has nothing open */
static int has_open(int proc, const char *pid, const struct devices *devices)
{
	struct dirent *entry;
	char path[32];
	int fd, found = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%.16s/fd", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES || errno == EPERM ? -EACCES : 0;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (!found && (entry = readdir(dir)))
		found = is_number(entry->d_name) && is_device(fd, entry->d_name, devices);
	closedir(dir);
	return found;
}

static void program_of(int proc, const char *pid, char *buf, size_t size)
{
	char path[32], name[32];

	snprintf(path, sizeof(path), "%.16s/comm", pid);
	if (read_file(proc, path, name, sizeof(name)))
		strcpy(name, "unknown");
	name[strcspn(name, "\n")] = '\0';
	text_copy(buf, size, name);
	text_sanitize(buf);
}

static int look_at(int proc, DIR *dir, const struct devices *devices,
		   int (*each)(pid_t pid, const char *program, void *arg), void *arg)
{
	bool blind = false, found = false;
	struct dirent *entry;
	char program[32];
	int ret = 0;

	while (ret >= 0 && (entry = readdir(dir))) {
		if (!is_number(entry->d_name))
			continue;
		ret = has_open(proc, entry->d_name, devices);
		if (ret == -EACCES) {
			blind = true;
			ret = 0;
		}
		if (ret <= 0)
			continue;
		found = true;
		program_of(proc, entry->d_name, program, sizeof(program));
		ret = each(atoi(entry->d_name), program, arg);
		if (ret)
			return ret;
	}
	return ret ? ret : blind && !found ? -EACCES : 0;
}

static int find_open(int root, const struct devices *devices,
		     int (*each)(pid_t pid, const char *program, void *arg), void *arg)
{
	int proc, ret;
	DIR *dir;

	if (!devices->count)
		return 0;
	proc = open_below(root, "proc", O_RDONLY | O_DIRECTORY, 0);
	if (proc < 0)
		return proc;
	dir = fdopendir(proc);
	if (!dir) {
		close(proc);
		return -ENOMEM;
	}
	ret = look_at(proc, dir, devices, each, arg);
	closedir(dir);
	return ret;
}

int proc_find_open(int root, const dev_t *numbers, size_t count,
		   int (*each)(pid_t pid, const char *program, void *arg), void *arg)
{
	struct devices devices = { .count = count };

	if (count > MAX_DEVICES)
		return -EINVAL;
	memcpy(devices.numbers, numbers, count * sizeof(*numbers));
	return find_open(root, &devices, each, arg);
}

int proc_holders(struct os *os, int root, const char *name,
		 int (*each)(pid_t pid, const char *program, void *arg), void *arg)
{
	char address[PCI_ADDRESS_LEN], path[PATH_LEN];
	struct devices devices = { .count = 0 };
	uint8_t uuid[16];

	if (!pci_address_canonical(name, address)) {
		snprintf(path, sizeof(path), "bus/pci/devices/%s", address);
		add_nvidia(root, &devices, address);
	} else if (!uuid_parse_text(name, uuid)) {
		snprintf(path, sizeof(path), "bus/mdev/devices/%s", name);
	} else {
		return -EINVAL;
	}
	add_vfio(os, &devices, path);
	return find_open(root, &devices, each, arg);
}
