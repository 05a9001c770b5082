// SPDX-License-Identifier: MIT
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"
#include "os/answers.h"
#include "os/capture.h"
#include "os/drm.h"
#include "os/machine.h"
#include "os/run.h"
#include "util/text.h"

#define FUNCTIONS	"bus/pci/devices"
#define MAX_NAMES	65536	/* in one directory */
#define VENDOR_NVIDIA	0x10de

struct names {
	char **names;
	size_t count, room;
};

struct capture {
	struct os *os;
	struct snapshot *snapshot;
	char *buffer;		/* one attribute */
	struct names nodes;	/* the lines of dev.list */
	struct names holders;	/* of holders.list */
	int err;		/* the first one that is not about a single file */
};

/* --------------------------------------------------------------------- names */

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
}

#define AUTO_NAMES __cleanup(names_free)

static int names_add(const char *name, void *arg)
{
	struct names *names = arg;

	if (names->count == names->room) {
		size_t room = names->room ? names->room * 2 : 64;
		char **grown;

		if (names->count >= MAX_NAMES)
			return -EFBIG;
		grown = realloc(names->names, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		names->names = grown;
		names->room = room;
	}
	names->names[names->count] = strdup(name);
	if (!names->names[names->count])
		return -ENOMEM;
	names->count++;
	return 0;
}

/* In no order: the snapshot has one.  A directory that cannot be read has no names. */
static void list_names(struct capture *capture, bool sys, const char *path, struct names *names)
{
	const struct os_ops *ops = capture->os->ops;
	int err;

	if (capture->err)
		return;
	err = sys ? ops->list(capture->os, path, names_add, names) :
		    ops->root_list(capture->os, path, names_add, names);
	if (err == -ENOMEM || err == -EFBIG)
		capture->err = err;
}

/* --------------------------------------------------------------------- files */

/* Longer ones are none: they become "", which nothing takes. */
struct path {
	char text[512];
};

static struct path path_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct path path_of(const char *format, ...)
{
	struct path path;
	va_list args;

	va_start(args, format);
	if (vsnprintf(path.text, sizeof(path.text), format, args) >= (int)sizeof(path.text))
		path.text[0] = '\0';
	va_end(args);
	return path;
}

/* Names that come from a machine need not be names for the snapshot: those are left out. */
static void note(struct capture *capture, int err)
{
	if (err && err != -EINVAL && !capture->err)
		capture->err = err;
}

static void add_directory(struct capture *capture, const char *path)
{
	note(capture, snapshot_add_directory(capture->snapshot, path_of("sys/%s", path).text));
}

static void add_empty(struct capture *capture, const char *path)
{
	note(capture, snapshot_add_file(capture->snapshot, path_of("sys/%s", path).text, "", 0));
}

/* Read by one path, kept by another one that leads to the same. */
static void take_file_as(struct capture *capture, const char *from, const char *path)
{
	size_t len;

	if (capture->err || capture->os->ops->attr_read(capture->os, from, capture->buffer,
							OS_ATTR_MAX, &len))
		return;
	note(capture, snapshot_add_file(capture->snapshot, path_of("sys/%s", path).text,
					capture->buffer, len));
}

static void take_file(struct capture *capture, const char *path)
{
	take_file_as(capture, path, path);
}

static void take_files(struct capture *capture, const char *directory, const char *const *names)
{
	for (; *names; names++)
		take_file(capture, path_of("%s/%s", directory, *names).text);
}

/* @to has a %s, where the last component of the link goes: as much as is looked at. */
static void take_link_as(struct capture *capture, const char *from, const char *path,
			 const char *to)
{
	const char *mark = strstr(to, "%s");
	char name[NAME_MAX + 1];

	if (capture->err || capture->os->ops->link_read(capture->os, from, name, sizeof(name)))
		return;
	note(capture, snapshot_add_link(capture->snapshot, path_of("sys/%s", path).text,
					path_of("%.*s%s%s", (int)(mark - to), to, name,
						mark + 2).text));
}

static void take_link(struct capture *capture, const char *path, const char *to)
{
	take_link_as(capture, path, path, to);
}

/* The names in a directory, as directories that are empty. */
static void take_names(struct capture *capture, const char *path)
{
	struct names names AUTO_NAMES = { .names = NULL };

	list_names(capture, true, path, &names);
	for (size_t i = 0; i < names.count; i++)
		add_directory(capture, path_of("%s/%s", path, names.names[i]).text);
}

/* Outside of /sys: what was read, perhaps shortened by @filter. */
static void take_root_file(struct capture *capture, const char *path, void (*filter)(char *text))
{
	size_t len;

	if (capture->err || capture->os->ops->root_read(capture->os, path, capture->buffer,
							OS_ATTR_MAX, &len))
		return;
	if (filter) {
		filter(capture->buffer);
		len = strlen(capture->buffer);
	}
	note(capture, snapshot_add_file(capture->snapshot, path, capture->buffer, len));
}

/* --------------------------------------------------------------------- nodes */

static void take_node(struct capture *capture, const char *path)
{
	struct os_node node;
	struct path line;

	if (capture->err || capture->os->ops->node_get(capture->os, path, &node))
		return;
	line = path_of("%o %u %u %c%c %s %s\n", node.mode, node.uid, node.gid,
		       node.readable ? 'r' : '-', node.writable ? 'w' : '-',
		       node.label[0] && !strchr(node.label, ' ') ? node.label : "-", path);
	note(capture, names_add(line.text, &capture->nodes));
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A file of lines, in an order of their own: directories have none. */
static void add_lines(struct capture *capture, const char *path, struct names *lines)
{
	size_t len = 0;
	char *text, *end;

	for (size_t i = 0; i < lines->count; i++)
		len += strlen(lines->names[i]);
	if (!len || capture->err)
		return;
	qsort(lines->names, lines->count, sizeof(lines->names[0]), compare_lines);
	text = malloc(len + 1);
	if (!text) {
		capture->err = -ENOMEM;
		return;
	}
	end = text;
	for (size_t i = 0; i < lines->count; i++)
		end = stpcpy(end, lines->names[i]);
	note(capture, snapshot_add_file(capture->snapshot, path, text, len));
	free(text);
}

/* ------------------------------------------------------------------- holders */

struct holder_visit {
	struct capture *capture;
	const char *name;
	bool held;
};

static int visit_holder(pid_t pid, const char *program, void *arg)
{
	struct holder_visit *visit = arg;
	char name[64];

	text_copy(name, sizeof(name), program);
	text_sanitize(name);
	visit->held = true;
	note(visit->capture, names_add(path_of("%s %d %s\n", visit->name, pid, name).text,
				       &visit->capture->holders));
	return 0;
}

/* Who has the device of a vGPU open.  When not all processes may be looked at, nothing is said. */
static void take_holders(struct capture *capture, const char *name)
{
	struct holder_visit visit = { capture, name, false };
	struct os *os = capture->os;

	if (capture->err || os->ops->holders(os, name, visit_holder, &visit) || visit.held)
		return;
	note(capture, names_add(path_of("%s\n", name).text, &capture->holders));
}

/* --------------------------------------------------------------- mdev, nvidia */

static const char *const nvidia_files[] = {
	"creatable_vgpu_types", "current_vgpu_type", "gpu_instance_id", "placement_id",
	"vgpu_params", "warm_update", NULL,
};

static const char *const type_files[] = {
	"available_instances", "description", "device_api", "name", NULL,
};

static void take_nvidia(struct capture *capture, const char *from, const char *directory)
{
	struct path nvidia = path_of("%s/nvidia", directory);
	struct names names AUTO_NAMES = { .names = NULL };

	list_names(capture, true, path_of("%s/nvidia", from).text, &names);
	if (!names.count)
		return;
	add_directory(capture, nvidia.text);
	for (const char *const *name = nvidia_files; *name; name++)
		take_file_as(capture, path_of("%s/nvidia/%s", from, *name).text,
			     path_of("%s/%s", nvidia.text, *name).text);
}

/* Where it is in a machine: below its parent, with a link to it from the bus, where it is read. */
static void take_mdev(struct capture *capture, const char *parent, const char *type,
		      const char *uuid)
{
	struct path from = path_of("bus/mdev/devices/%s", uuid);
	struct path device = path_of(FUNCTIONS "/%s/%s", parent, uuid);

	note(capture, snapshot_add_link(capture->snapshot, path_of("sys/%s", from.text).text,
					path_of("../../pci/devices/%s/%s", parent, uuid).text));
	note(capture, snapshot_add_link(capture->snapshot,
					path_of("sys/" FUNCTIONS "/%s/mdev_supported_types/%s/"
						"devices/%s", parent, type, uuid).text,
					path_of("../../../%s", uuid).text));
	note(capture, snapshot_add_link(capture->snapshot,
					path_of("sys/%s/mdev_type", device.text).text,
					path_of("../mdev_supported_types/%s", type).text));
	add_empty(capture, path_of("%s/remove", device.text).text);
	take_nvidia(capture, from.text, device.text);
	take_holders(capture, uuid);
	take_link_as(capture, path_of("%s/driver", from.text).text,
		     path_of("%s/driver", device.text).text, "../../../../mdev/drivers/%s");
	take_link_as(capture, path_of("%s/iommu_group", from.text).text,
		     path_of("%s/iommu_group", device.text).text,
		     "../../../../../kernel/iommu_groups/%s");
	take_names(capture, path_of("%s/vfio-dev", device.text).text);
}

static void take_type(struct capture *capture, const char *parent, const char *type)
{
	struct path directory = path_of(FUNCTIONS "/%s/mdev_supported_types/%s", parent, type);
	struct path devices = path_of("%s/devices", directory.text);
	struct names names AUTO_NAMES = { .names = NULL };

	take_files(capture, directory.text, type_files);
	add_empty(capture, path_of("%s/create", directory.text).text);	/* can only be written */
	add_directory(capture, devices.text);
	list_names(capture, true, devices.text, &names);
	for (size_t i = 0; i < names.count; i++)
		take_mdev(capture, parent, type, names.names[i]);
}

static void take_types(struct capture *capture, const char *address)
{
	struct path directory = path_of(FUNCTIONS "/%s/mdev_supported_types", address);
	struct names names AUTO_NAMES = { .names = NULL };

	list_names(capture, true, directory.text, &names);
	if (!names.count)
		return;
	for (size_t i = 0; i < names.count; i++)
		take_type(capture, address, names.names[i]);
	take_link(capture, path_of("class/mdev_bus/%s", address).text, "../../" FUNCTIONS "/%s");
}

/* ----------------------------------------------------------------- functions */

static const char *const function_files[] = {
	"class", "device", "driver_override", "numa_node", "revision", "sriov_drivers_autoprobe",
	"sriov_numvfs", "sriov_offset", "sriov_stride", "sriov_totalvfs", "subsystem_device",
	"subsystem_vendor", "vendor", NULL,
};

struct drm_visit {
	struct capture *capture;
	const char *address;
};

/* As the library lists them: by their names, whoever told them. */
static int visit_drm(const char *node, void *arg)
{
	struct drm_visit *visit = arg;

	add_directory(visit->capture, path_of(FUNCTIONS "/%s/drm/%s", visit->address,
					      strrchr(node, '/') + 1).text);
	return visit->capture->err;
}

static void take_drm(struct capture *capture, const char *address)
{
	struct drm_visit visit = { capture, address };
	struct os *os = capture->os;

	if (os->ops->drm_nodes)
		os->ops->drm_nodes(os, address, visit_drm, &visit);
	else
		os_drm_directory(os, address, visit_drm, &visit);
}

/* and the module that the driver is in, which may be called otherwise */
static void take_driver(struct capture *capture, const char *address)
{
	struct path link = path_of(FUNCTIONS "/%s/driver", address);
	char driver[NAME_MAX + 1];

	take_link(capture, link.text, "../../drivers/%s");
	if (!capture->os->ops->link_read(capture->os, link.text, driver, sizeof(driver)))
		take_link(capture, path_of("bus/pci/drivers/%s/module", driver).text,
			  "../../../../module/%s");
}

static void take_virtual_functions(struct capture *capture, const char *address)
{
	struct names names AUTO_NAMES = { .names = NULL };

	list_names(capture, true, path_of(FUNCTIONS "/%s", address).text, &names);
	for (size_t i = 0; i < names.count; i++)
		if (!strncmp(names.names[i], "virtfn", 6))
			take_link(capture, path_of(FUNCTIONS "/%s/%s", address,
						   names.names[i]).text, "../%s");
}

/* A VF that is a vGPU of its own, not by an mdev. */
static void take_vendor_vgpu(struct capture *capture, const char *address)
{
	uint64_t type_id;

	if (!os_attr_u64(capture->os, path_of(FUNCTIONS "/%s/nvidia/current_vgpu_type",
					      address).text, &type_id) && type_id)
		take_holders(capture, address);
}

/* What NVIDIA's driver has no file for. */
static void take_mode(struct capture *capture, const char *address)
{
	struct os *os = capture->os;
	const char *mode;
	bool mixed;

	if (capture->err || os->ops->mixed_size_get(os, address, &mixed))
		return;
	mode = mixed ? "mixed-size\n" : "equal-size\n";
	note(capture, snapshot_add_file(capture->snapshot, path_of("dev/nvidia/%s", address).text,
					mode, strlen(mode)));
}

/* Also one that may not be opened gives an answer: that it may not. */
static void take_answers(struct capture *capture, const char *address)
{
	__cleanup_free uint8_t *answers = NULL;
	struct os_file *file = NULL;
	struct path path = path_of("dev/nvvgpu/%s", address);
	size_t len;
	int err;

	if (capture->err)
		return;
	err = capture->os->ops->control_open(capture->os, address, false, &file);
	if (err == -ENOENT || err == -ENODEV || err == -ENXIO)
		return;
	err = answers_take(file, err, &answers, &len);
	os_file_close(file);
	note(capture, err ? err : snapshot_add_file(capture->snapshot, path.text, answers, len));
	take_node(capture, path_of("nvvgpu/%s", address).text);
}

static void take_function(struct capture *capture, const char *address)
{
	struct path directory = path_of(FUNCTIONS "/%s", address);

	take_files(capture, directory.text, function_files);
	take_driver(capture, address);
	take_link(capture, path_of("%s/physfn", directory.text).text, "../%s");
	take_link(capture, path_of("%s/iommu_group", directory.text).text,
		  "../../../../kernel/iommu_groups/%s");
	take_virtual_functions(capture, address);
	take_nvidia(capture, directory.text, directory.text);
	take_vendor_vgpu(capture, address);
	take_types(capture, address);
	take_mode(capture, address);
	take_names(capture, path_of("%s/vfio-dev", directory.text).text);
	take_drm(capture, address);
	take_answers(capture, address);
}

/* What shares a group with a function, so that who looks can tell what it is. */
static void take_neighbour(struct capture *capture, const char *group, const char *address)
{
	static const char *const files[] = { "class", "vendor", "device", NULL };

	note(capture, snapshot_add_link(capture->snapshot,
					path_of("sys/kernel/iommu_groups/%s/devices/%s", group,
						address).text,
					path_of("../../../../" FUNCTIONS "/%s", address).text));
	take_files(capture, path_of(FUNCTIONS "/%s", address).text, files);
	take_driver(capture, address);
}

static void take_vfio_nodes(struct capture *capture, const char *directory)
{
	struct names names AUTO_NAMES = { .names = NULL };

	list_names(capture, true, path_of("%s/vfio-dev", directory).text, &names);
	for (size_t i = 0; i < names.count; i++)
		take_node(capture, path_of("vfio/devices/%s", names.names[i]).text);
}

/* Groups are few: each is taken with the first of its functions. */
static void take_group(struct capture *capture, const char *address, struct names *seen)
{
	struct path link = path_of(FUNCTIONS "/%s/iommu_group", address);
	struct names names AUTO_NAMES = { .names = NULL };
	char group[16];

	take_vfio_nodes(capture, path_of(FUNCTIONS "/%s", address).text);
	if (capture->err ||
	    capture->os->ops->link_read(capture->os, link.text, group, sizeof(group)))
		return;
	for (size_t i = 0; i < seen->count; i++)
		if (!strcmp(seen->names[i], group))
			return;
	note(capture, names_add(group, seen));
	take_file(capture, path_of("kernel/iommu_groups/%s/type", group).text);
	take_node(capture, path_of("vfio/%s", group).text);
	list_names(capture, true, path_of("kernel/iommu_groups/%s/devices", group).text, &names);
	for (size_t i = 0; i < names.count; i++)
		take_neighbour(capture, group, names.names[i]);
}

static bool is_gpu(struct capture *capture, const char *address)
{
	uint64_t vendor, class;

	if (os_attr_u64(capture->os, path_of(FUNCTIONS "/%s/vendor", address).text, &vendor) ||
	    os_attr_u64(capture->os, path_of(FUNCTIONS "/%s/class", address).text, &class))
		return false;
	return vendor == VENDOR_NVIDIA && class >> 16 == 0x03;
}

static int take_functions(struct capture *capture, os_capture_fn report, void *arg)
{
	struct names names AUTO_NAMES = { .names = NULL }, seen AUTO_NAMES = { .names = NULL };
	int err = capture->os->ops->list(capture->os, FUNCTIONS, names_add, &names);

	if (err)
		return err;
	add_directory(capture, FUNCTIONS);
	for (size_t i = 0; !err && !capture->err && i < names.count; i++) {
		if (is_gpu(capture, names.names[i])) {
			take_function(capture, names.names[i]);
			take_group(capture, names.names[i], &seen);
		}
		err = report(arg, i + 1, names.count, capture->snapshot->bytes);
	}
	return err;
}

/* ------------------------------------------------------------------- machine */

static const char *const modules[] = {
	"iommufd", "kvm", "mdev", "nouveau", "nvidia", "nvidia_vgpu_vfio", "nvvgpu_core",
	"nvvgpu_emu", "nvvgpu_mdev", "nvvgpu_mgr", "nvvgpu_vfio", "vfio", "vfio_iommu_type1",
	"vfio_pci", "vfio_pci_core", NULL,
};

static int any_name(const char *name, void *arg)
{
	return 1;
}

static void take_modules(struct capture *capture)
{
	for (const char *const *module = modules; *module; module++) {
		struct path path = path_of("module/%s", *module);

		if (capture->os->ops->list(capture->os, path.text, any_name, NULL) < 0)
			continue;
		add_directory(capture, path.text);
		take_file(capture, path_of("%s/version", path.text).text);
	}
}

/* The one line that begins so, or nothing. */
static void keep_line(char *text, const char *begin)
{
	char *line = text;
	size_t len;

	while (line && strncmp(line, begin, strlen(begin))) {
		line = strchr(line, '\n');
		line += line != NULL;
	}
	len = line ? strcspn(line, "\n") : 0;
	memmove(text, line ? line : text, len);
	strcpy(text + len, len ? "\n" : "");
}

static void filter_cpu(char *text)
{
	keep_line(text, "vendor_id");
}

/* The rest of it names the board's own numbers. */
static void filter_information(char *text)
{
	keep_line(text, "Device Minor:");
}

static void take_nvidia_driver(struct capture *capture)
{
	struct names gpus AUTO_NAMES = { .names = NULL }, capabilities AUTO_NAMES = { .names = NULL };

	take_root_file(capture, "proc/driver/nvidia/version", NULL);
	list_names(capture, false, "proc/driver/nvidia/gpus", &gpus);
	for (size_t i = 0; i < gpus.count; i++)
		take_root_file(capture, path_of("proc/driver/nvidia/gpus/%s/information",
						gpus.names[i]).text, filter_information);
	list_names(capture, false, "proc/driver/nvidia/capabilities", &capabilities);
	for (size_t i = 0; i < capabilities.count; i++) {
		struct path mig = path_of("proc/driver/nvidia/capabilities/%s/mig",
					  capabilities.names[i]);
		struct names instances AUTO_NAMES = { .names = NULL };

		list_names(capture, false, mig.text, &instances);
		for (size_t k = 0; k < instances.count; k++)
			note(capture, snapshot_add_directory(capture->snapshot,
							     path_of("%s/%s", mig.text,
								     instances.names[k]).text));
	}
}

/* Of all processes, NVIDIA's daemons; that the first one is there says that all could be seen. */
static void take_services(struct capture *capture)
{
	struct names names AUTO_NAMES = { .names = NULL };
	char comm[32];

	list_names(capture, false, "proc", &names);
	for (size_t i = 0; i < names.count; i++) {
		struct path path = path_of("proc/%s/comm", names.names[i]);

		if (names.names[i][strspn(names.names[i], "0123456789")] ||
		    os_root_line(capture->os, path.text, comm, sizeof(comm)) ||
		    (strcmp(names.names[i], "1") && strncmp(comm, "nvidia-vgpu", 11)))
			continue;
		take_root_file(capture, path.text, NULL);
	}
}

static bool is_lock(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && !strcmp(dot, ".lock");
}

/* Who owns which vGPU: what this library itself has written. */
static void take_records(struct capture *capture)
{
	struct run *run = capture->os->ops->run(capture->os);
	struct names names AUTO_NAMES = { .names = NULL };
	char text[RUN_TEXT_LEN];

	if (capture->err || run_list(run, names_add, &names))
		return;
	for (size_t i = 0; i < names.count; i++) {
		if (is_lock(names.names[i]) || run_read(run, names.names[i], text, sizeof(text)))
			continue;
		note(capture, snapshot_add_file(capture->snapshot,
						path_of("run/nvvgpu/%s", names.names[i]).text, text,
						strlen(text)));
	}
}

/* Types are described there, where sysfs has only their names. */
static void take_vgpu_config(struct capture *capture)
{
	static const char path[] = "usr/share/nvidia/vgpu/vgpuConfig.xml";
	struct os *os = capture->os;
	__cleanup_free char *text = NULL;
	size_t len;

	if (capture->err || !os->ops->vgpu_config || os->ops->vgpu_config(os, &text, &len))
		return;
	note(capture, snapshot_add_file(capture->snapshot, path, text, len));
}

static void take_machine(struct capture *capture)
{
	static const char *const names[] = { "class/iommu", "class/misc/iommu", "class/misc/vfio" };

	take_modules(capture);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (capture->os->ops->list(capture->os, names[i], any_name, NULL) < 0)
			continue;
		add_directory(capture, names[i]);
	}
	take_names(capture, "class/iommu");
	if (capture->os->ops->list(capture->os, "class", any_name, NULL) >= 0)
		add_directory(capture, "class");
	take_file(capture, "fs/selinux/enforce");
	take_file(capture, "module/vfio/parameters/enable_unsafe_noiommu_mode");
	take_root_file(capture, "proc/sys/kernel/osrelease", NULL);
	take_root_file(capture, "proc/cmdline", machine_filter_command_line);
	take_root_file(capture, "proc/cpuinfo", filter_cpu);
	take_nvidia_driver(capture);
	take_services(capture);
	take_records(capture);
	take_vgpu_config(capture);
	take_node(capture, "vfio/vfio");
	take_node(capture, "iommu");
	take_node(capture, "nvidiactl");
}

static int capture_all(struct capture *capture, os_capture_fn report, void *arg)
{
	int err;

	if (!capture->snapshot || !capture->buffer)
		return -ENOMEM;
	err = take_functions(capture, report, arg);
	if (err)
		return err;
	take_machine(capture);
	add_lines(capture, "dev.list", &capture->nodes);
	add_lines(capture, "holders.list", &capture->holders);
	return capture->err ? capture->err : snapshot_seal(capture->snapshot);
}

int os_capture(struct os *os, os_capture_fn report, void *arg, struct snapshot **ret)
{
	struct capture capture = {
		.os = os,
		.snapshot = snapshot_new(),
		.buffer = malloc(OS_ATTR_MAX),
	};
	int err = capture_all(&capture, report, arg);

	free(capture.buffer);
	names_free(&capture.nodes);
	names_free(&capture.holders);
	if (err) {
		snapshot_free(capture.snapshot);
		return err;
	}
	*ret = capture.snapshot;
	return 0;
}
