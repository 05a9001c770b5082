// SPDX-License-Identifier: MIT
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "internal.h"
#include "os/machine.h"
#include "util/text.h"

#define FUNCTIONS	"bus/pci/devices"
#define PATH_LEN	160
#define CLASS_BRIDGE	0x06

static int count_name(const char *name, void *arg)
{
	++*(unsigned int *)arg;
	return 0;
}

static int count_names(struct os *os, const char *path, unsigned int *ret)
{
	*ret = 0;
	return os->ops->list(os, path, count_name, ret);
}

static bool is_there(struct os *os, const char *path)
{
	unsigned int count;

	return !count_names(os, path, &count);
}

/* ------------------------------------------------------------------- kernel */

int machine_kernel(struct os *os, char *buf, size_t size)
{
	return os_root_line(os, "proc/sys/kernel/osrelease", buf, size);
}

/* The value behind the colon of the first line that begins with @key. */
static int value_of(struct os *os, const char *path, const char *key, char *buf, size_t size)
{
	char text[OS_ATTR_MAX], *line = text;
	int err = os->ops->root_read(os, path, text, sizeof(text), NULL);

	if (err)
		return err;
	while (line && strncmp(line, key, strlen(key))) {
		line = strchr(line, '\n');
		line += line != NULL;
	}
	line = line ? strchr(line, ':') : NULL;
	if (!line)
		return -ENOENT;
	line += 1 + strspn(line + 1, " \t");
	line[strcspn(line, "\n")] = '\0';
	text_copy(buf, size, line);
	text_sanitize(buf);
	return 0;
}

int machine_cpu_vendor(struct os *os, char *buf, size_t size)
{
	return value_of(os, "proc/cpuinfo", "vendor_id", buf, size);
}

static bool is_about_devices(const char *word)
{
	static const char *const begins[] = {
		"amd_iommu", "intel_iommu", "iommu", "module_blacklist=", "modprobe.blacklist=",
		"nouveau.", "nvidia", "pci=", "rd.driver.blacklist=", "vfio", NULL,
	};

	for (const char *const *begin = begins; *begin; begin++)
		if (!strncmp(word, *begin, strlen(*begin)))
			return true;
	return false;
}

/* What is kept moves to the front: never farther than where it was. */
void machine_filter_command_line(char *text)
{
	char *rest = text, *word, *to = text;

	while ((word = strsep(&rest, " \n"))) {
		size_t len = strlen(word);

		if (!is_about_devices(word))
			continue;
		if (to > text)
			*to++ = ' ';
		memmove(to, word, len);
		to += len;
	}
	*to = '\0';
}

int machine_command_line(struct os *os, char *buf, size_t size)
{
	char text[4096];
	int err = os->ops->root_read(os, "proc/cmdline", text, sizeof(text), NULL);

	if (err)
		return err;
	machine_filter_command_line(text);
	text_copy(buf, size, text);
	text_sanitize(buf);
	return 0;
}

/* -------------------------------------------------------------- IOMMU, VFIO */

int machine_iommus(struct os *os, unsigned int *ret_iommus, unsigned int *ret_groups)
{
	int no_iommus = count_names(os, "class/iommu", ret_iommus);
	int no_groups = count_names(os, "kernel/iommu_groups", ret_groups);

	return no_iommus && no_groups ? no_iommus : 0;
}

int machine_vfio(struct os *os, struct machine_vfio *ret)
{
	struct machine_vfio vfio = { .container = false };
	struct os_node node;
	char line[8];

	if (!is_there(os, "class"))
		return -ENOENT;
	vfio.container = is_there(os, "class/misc/vfio") ||
			 !os->ops->node_get(os, "vfio/vfio", &node);
	vfio.iommufd = is_there(os, "class/misc/iommu") || !os->ops->node_get(os, "iommu", &node);
	vfio.unsafe_noiommu = !os_attr_line(os, "module/vfio/parameters/"
					    "enable_unsafe_noiommu_mode", line, sizeof(line)) &&
			      line[0] == 'Y';
	*ret = vfio;
	return 0;
}

struct neighbours {
	struct os *os;
	const char *address;
	struct machine_group *group;
};

static int look_at_neighbour(const char *name, void *arg)
{
	struct neighbours *neighbours = arg;
	char path[PATH_LEN];
	uint64_t class;

	if (!strcmp(name, neighbours->address))
		return 0;
	snprintf(path, sizeof(path), FUNCTIONS "/%.32s/class", name);
	/* bridges have no memory of their own that a guest could reach */
	if (!os_attr_u64(neighbours->os, path, &class) && class >> 16 == CLASS_BRIDGE)
		return 0;
	text_copy(neighbours->group->shared_with, sizeof(neighbours->group->shared_with), name);
	text_sanitize(neighbours->group->shared_with);
	return 1;
}

int machine_group(struct os *os, const char *address, struct machine_group *ret)
{
	struct machine_group group = { .shared_with = "" };
	struct neighbours neighbours = { os, address, &group };
	char path[PATH_LEN];
	int err;

	snprintf(path, sizeof(path), FUNCTIONS "/%s/iommu_group", address);
	err = os->ops->link_read(os, path, group.number, sizeof(group.number));
	if (err)
		return err;
	text_sanitize(group.number);
	snprintf(path, sizeof(path), "kernel/iommu_groups/%s/devices", group.number);
	err = os->ops->list(os, path, look_at_neighbour, &neighbours);
	if (err < 0)
		return err;
	*ret = group;
	return 0;
}

/* ---------------------------------------------------------------- functions */

int machine_driver(struct os *os, const char *address, char *buf, size_t size)
{
	char path[PATH_LEN];
	int err;

	snprintf(path, sizeof(path), FUNCTIONS "/%s/driver", address);
	err = os->ops->link_read(os, path, buf, size);
	if (err == -ENOENT)
		buf[0] = '\0';
	text_sanitize(buf);
	return err == -ENOENT ? 0 : err;
}

void machine_module(struct os *os, const char *driver, char *buf, size_t size)
{
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "bus/pci/drivers/%s/module", driver);
	if (strchr(driver, '/') || os->ops->link_read(os, path, buf, size))
		text_copy(buf, size, driver);
	text_sanitize(buf);
}

/* ----------------------------------------------------------------- services */

struct service {
	struct os *os;
	const char *name;
};

static int match_process(const char *pid, void *arg)
{
	struct service *service = arg;
	char path[PATH_LEN], comm[32];

	if (pid[strspn(pid, "0123456789")])
		return 0;
	snprintf(path, sizeof(path), "proc/%.16s/comm", pid);
	return !os_root_line(service->os, path, comm, sizeof(comm)) && !strcmp(comm, service->name);
}

/* Whoever cannot see the first process cannot see the others. */
int machine_service(struct os *os, const char *name, bool *ret)
{
	struct service service = { os, name };
	char first[32];
	int err = os_root_line(os, "proc/1/comm", first, sizeof(first));

	if (!err)
		err = os->ops->root_list(os, "proc", match_process, &service);
	if (err < 0)
		return err;
	*ret = err;
	return 0;
}

int machine_selinux(struct os *os, bool *ret_enforcing)
{
	uint64_t enforce;
	int err = os_attr_u64(os, "fs/selinux/enforce", &enforce);

	if (!err)
		*ret_enforcing = enforce;
	return err;
}

/* ---------------------------------------------------------------------- MIG */

static int count_instance(const char *name, void *arg)
{
	if (!strncmp(name, "gi", 2))
		++*(unsigned int *)arg;
	return 0;
}

int machine_mig_instances(struct os *os, const char *address, unsigned int *ret)
{
	char path[PATH_LEN], minor[16];
	unsigned int count = 0;
	int err;

	snprintf(path, sizeof(path), "proc/driver/nvidia/gpus/%s/information", address);
	err = value_of(os, path, "Device Minor", minor, sizeof(minor));
	if (err)
		return err;
	snprintf(path, sizeof(path), "proc/driver/nvidia/capabilities/gpu%s/mig", minor);
	err = os->ops->root_list(os, path, count_instance, &count);
	if (err < 0)
		return err;
	*ret = count;
	return 0;
}
