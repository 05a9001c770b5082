// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "hosts.h"

#define PATH_LEN	512
#define TEXT_LEN	4096
#define FIRST_BUS	0x41
#define MAX_VFS		32

/* --------------------------------------------------------------------- types */

/* Types of one series follow each other: their sizes in GiB, and what all of them have. */
struct series {
	unsigned int first_id;
	const char *sizes;
	const char *suffix;
	unsigned int heads, rate, width, height;
};

#define LARGE "1 2 3 4 6 8 12 16 24 48"
#define SMALL "1 2 4 8 16"

static const struct series a40_series[] = {
	{ 555, "1 2", "B", 4, 45, 5120, 2880 },
	{ 557, LARGE, "Q", 4, 60, 7680, 4320 },
	{ 567, LARGE, "A", 1, 60, 1280, 1024 },
	{ 0 }
};

/* Only 869 is published; the order is that of other boards. */
static const struct series l40_series[] = {
	{ 869, "1 2", "B", 4, 45, 5120, 2880 },
	{ 871, LARGE, "Q", 4, 60, 7680, 4320 },
	{ 881, LARGE, "A", 1, 60, 1280, 1024 },
	{ 0 }
};

static const struct series t4_series[] = {
	{ 222, "1 2", "B", 4, 45, 5120, 2880 },
	{ 224, "2", "B4", 4, 45, 5120, 2880 },
	{ 225, SMALL, "A", 1, 60, 1280, 1024 },
	{ 230, SMALL, "Q", 4, 60, 7680, 4320 },
	{ 252, "1", "B4", 4, 45, 5120, 2880 },
	{ 319, "4 8 16", "C", 1, 60, 4096, 2160 },
	{ 0 }
};

static const struct board {
	const char *name, *prefix;
	const struct series *series;
	unsigned int gib, most;		/* most: vGPUs of any type */
	unsigned int device, subsystem;
	bool sriov;
} boards[] = {
	{ "t4", "GRID T4", t4_series, 16, 16, 0x1eb8, 0x12a2, false },
	{ "a40", "NVIDIA A40", a40_series, 48, 32, 0x2235, 0x145a, true },
	{ "l40", "NVIDIA L40", l40_series, 48, 32, 0x26b5, 0x169d, true },
};

static const struct board *find_board(const char *name)
{
	for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++)
		if (!strcmp(boards[i].name, name))
			return &boards[i];
	return NULL;
}

static unsigned int add_series(const struct board *board, const struct series *series,
			       struct host_type *types)
{
	const char *sizes = series->sizes;
	unsigned int gib, count = 0;
	int len;

	for (; sscanf(sizes, " %u%n", &gib, &len) == 1; sizes += len) {
		struct host_type *type = &types[count];

		*type = (struct host_type){
			.id = series->first_id + count,
			.mib = gib * 1024,
			.max = board->gib / gib < board->most ? board->gib / gib : board->most,
			.heads = series->heads,
			.rate = series->rate,
			.width = series->width,
			.height = series->height,
		};
		snprintf(type->name, sizeof(type->name), "%s-%u%s", board->prefix, gib,
			 series->suffix);
		count++;
	}
	return count;
}

unsigned int host_types(const char *name, struct host_type types[HOST_TYPES])
{
	const struct board *board = find_board(name);
	unsigned int count = 0;

	for (const struct series *s = board ? board->series : NULL; s && s->first_id; s++)
		count += add_series(board, s, types + count);
	return count;
}

/* --------------------------------------------------------------------- names */

void host_gpu_address(unsigned int gpu, char address[16])
{
	snprintf(address, 16, "0000:%02x:00.0", (FIRST_BUS + gpu) & 0xff);
}

void host_vf_address(unsigned int gpu, unsigned int vf, char address[16])
{
	unsigned int function = 4 + vf;

	snprintf(address, 16, "0000:%02x:%02x.%x", (FIRST_BUS + gpu) & 0xff,
		 function >> 3 & 0x1f, function & 7);
}

void host_uuid(unsigned int gpu, unsigned int vgpu, char uuid[37])
{
	snprintf(uuid, 37, "%08x-9d32-4f0a-8b1c-%012x", gpu, vgpu);
}

/* --------------------------------------------------------------------- files */

struct host {
	const struct host_spec *spec;
	const struct board *board;
	struct host_type types[HOST_TYPES];
	unsigned int type_count, active;	/* index of the type that the vGPUs have */
	int root;
	int err;				/* of the first call that failed; then none follows */
};

static void fail(struct host *host)
{
	if (!host->err)
		host->err = -errno;
}

__attribute__((format(printf, 2, 3)))
static void directory(struct host *host, const char *format, ...)
{
	char path[PATH_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	if (!host->err && mkdirat(host->root, path, 0755) && errno != EEXIST)
		fail(host);
}

__attribute__((format(printf, 3, 4)))
static void file(struct host *host, const char *text, const char *format, ...)
{
	size_t len = strlen(text);
	char path[PATH_LEN];
	va_list args;
	int fd;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	if (host->err)
		return;
	fd = openat(host->root, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		fail(host);
	if (fd >= 0)
		close(fd);
}

__attribute__((format(printf, 3, 4)))
static void number(struct host *host, unsigned int value, const char *format, ...)
{
	char path[PATH_LEN], text[16];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	snprintf(text, sizeof(text), "%u\n", value);
	file(host, text, "%s", path);
}

__attribute__((format(printf, 3, 4)))
static void point(struct host *host, const char *target, const char *format, ...)
{
	char path[PATH_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	if (!host->err && symlinkat(target, host->root, path))
		fail(host);
}

/* ----------------------------------------------------------------- functions */

/* Where a function is, seen from sys/; the bridges stand beside each other on bus 40. */
static void device_path(unsigned int gpu, const char *address, char path[128])
{
	snprintf(path, 128, "devices/pci0000:40/0000:40:%02x.%u/%s", 1 + gpu / 8, gpu % 8, address);
}

/* What a function has besides: nobody reads it, and who lists the directory passes it. */
static const char *const other_files[] = {
	"ari_enabled", "broken_parity_status", "consistent_dma_mask_bits", "current_link_speed",
	"d3cold_allowed", "dma_mask_bits", "enable", "irq", "local_cpulist", "local_cpus",
	"max_link_speed", "modalias", "msi_bus", "power_state", "remove", "rescan", "reset",
	"resource", "resource0", "resource1", "resource3", "uevent",
};

static void function(struct host *host, unsigned int gpu, const char *address, bool is_vf)
{
	char path[128], text[160];

	device_path(gpu, address, path);
	directory(host, "sys/%s", path);
	file(host, "0x10de\n", "sys/%s/vendor", path);
	snprintf(text, sizeof(text), "0x%04x\n", host->board->device);
	file(host, text, "sys/%s/device", path);
	file(host, "0x030200\n", "sys/%s/class", path);
	file(host, "0x10de\n", "sys/%s/subsystem_vendor", path);
	snprintf(text, sizeof(text), "0x%04x\n", is_vf ? 0 : host->board->subsystem);
	file(host, text, "sys/%s/subsystem_device", path);
	file(host, "0xa1\n", "sys/%s/revision", path);
	file(host, "0\n", "sys/%s/numa_node", path);
	file(host, "(null)\n", "sys/%s/driver_override", path);
	for (size_t i = 0; i < sizeof(other_files) / sizeof(other_files[0]); i++)
		file(host, "0\n", "sys/%s/%s", path, other_files[i]);
	point(host, "../../../../bus/pci/drivers/nvidia", "sys/%s/driver", path);
	point(host, "../../../../bus/pci", "sys/%s/subsystem", path);
	snprintf(text, sizeof(text), "../../../%s", path);
	point(host, text, "sys/bus/pci/devices/%s", address);
}

/* --------------------------------------------------------------- what exists */

static bool is_busy(const struct host *host, unsigned int vf)
{
	return vf < host->spec->vgpus;
}

static bool same_size(const struct host *host, const struct host_type *type)
{
	return type->mib == host->types[host->active].mib;
}

/* How many more of it there could be on the GPU: the first one fixes the size. */
static unsigned int left_of(const struct host *host, const struct host_type *type)
{
	unsigned int vgpus = host->spec->vgpus;

	if (!vgpus)
		return type->max;
	return same_size(host, type) && type->max > vgpus ? type->max - vgpus : 0;
}

/* ---------------------------------------------------------------------- mdev */

static void mdev_type(struct host *host, const char *parent, const struct host_type *type,
		      unsigned int available)
{
	char path[192], text[160];

	snprintf(path, sizeof(path), "sys/%s/mdev_supported_types/nvidia-%u", parent, type->id);
	directory(host, "%s", path);
	directory(host, "%s/devices", path);
	number(host, available, "%s/available_instances", path);
	file(host, "", "%s/create", path);
	snprintf(text, sizeof(text), "num_heads=%u, frl_config=%u, framebuffer=%uM, "
		 "max_resolution=%ux%u, max_instance=%u\n", type->heads, type->rate, type->mib,
		 type->width, type->height, type->max);
	file(host, text, "%s/description", path);
	file(host, "vfio-pci\n", "%s/device_api", path);
	snprintf(text, sizeof(text), "%s\n", type->name);
	file(host, text, "%s/name", path);
}

static void mdev_parent(struct host *host, unsigned int gpu, const char *address, int vf)
{
	char path[128], text[160];

	device_path(gpu, address, path);
	directory(host, "sys/%s/mdev_supported_types", path);
	for (unsigned int i = 0; i < host->type_count; i++) {
		unsigned int left = left_of(host, &host->types[i]);

		if (vf >= 0)
			left = left && !is_busy(host, vf);
		mdev_type(host, path, &host->types[i], left);
	}
	snprintf(text, sizeof(text), "../../%s", path);
	point(host, text, "sys/class/mdev_bus/%s", address);
}

static void mdev_device(struct host *host, unsigned int gpu, const char *parent, unsigned int vgpu)
{
	unsigned int type = host->types[host->active].id;
	char path[128], uuid[37], text[224];

	device_path(gpu, parent, path);
	host_uuid(gpu, vgpu, uuid);
	directory(host, "sys/%s/%s", path, uuid);
	directory(host, "sys/%s/%s/nvidia", path, uuid);
	file(host, "\n", "sys/%s/%s/nvidia/vgpu_params", path, uuid);
	file(host, "", "sys/%s/%s/remove", path, uuid);
	snprintf(text, sizeof(text), "../mdev_supported_types/nvidia-%u", type);
	point(host, text, "sys/%s/%s/mdev_type", path, uuid);
	snprintf(text, sizeof(text), "../../../../../kernel/iommu_groups/%u",
		 gpu * MAX_VFS + vgpu);
	point(host, text, "sys/%s/%s/iommu_group", path, uuid);
	point(host, "../../../../../bus/mdev/drivers/nvidia-vgpu-vfio", "sys/%s/%s/driver", path,
	      uuid);
	snprintf(text, sizeof(text), "../../../%s/%s", path, uuid);
	point(host, text, "sys/bus/mdev/devices/%s", uuid);
	snprintf(text, sizeof(text), "../../../../%s", uuid);
	point(host, text, "sys/%s/mdev_supported_types/nvidia-%u/devices/%s", path, type, uuid);
}

static void mdev_gpu(struct host *host, unsigned int gpu)
{
	char address[16];

	host_gpu_address(gpu, address);
	if (!host->board->sriov)
		mdev_parent(host, gpu, address, -1);
	for (unsigned int vf = 0; host->board->sriov && vf < host->spec->vfs; vf++) {
		host_vf_address(gpu, vf, address);
		mdev_parent(host, gpu, address, vf);
	}
	for (unsigned int vgpu = 0; vgpu < host->spec->vgpus; vgpu++) {
		if (host->board->sriov)
			host_vf_address(gpu, vgpu, address);
		mdev_device(host, gpu, address, vgpu);
	}
}

/* --------------------------------------------------------------- vendor-vfio */

static void vendor_vf(struct host *host, unsigned int gpu, unsigned int vf)
{
	char address[16], path[128], rows[TEXT_LEN];
	size_t len = snprintf(rows, sizeof(rows), "ID    : vGPU Name\n");

	for (unsigned int i = 0; i < host->type_count && !is_busy(host, vf); i++)
		if (left_of(host, &host->types[i]))
			len += snprintf(rows + len, sizeof(rows) - len, "%-5u : %s\n",
					host->types[i].id, host->types[i].name);
	host_vf_address(gpu, vf, address);
	device_path(gpu, address, path);
	directory(host, "sys/%s/nvidia", path);
	file(host, rows, "sys/%s/nvidia/creatable_vgpu_types", path);
	number(host, is_busy(host, vf) ? host->types[host->active].id : 0,
	       "sys/%s/nvidia/current_vgpu_type", path);
	file(host, "\n", "sys/%s/nvidia/vgpu_params", path);
	file(host, "0\n", "sys/%s/nvidia/warm_update", path);
	/* those of a free VF cannot be read */
	if (is_busy(host, vf)) {
		number(host, vf * host->types[host->active].mib / 1024,
		       "sys/%s/nvidia/placement_id", path);
		file(host, "Not Applicable\n", "sys/%s/nvidia/gpu_instance_id", path);
	}
}

/* ------------------------------------------------------------------ the host */

static void make_vf(struct host *host, unsigned int gpu, unsigned int vf)
{
	char address[16], gpu_address[16], path[128], gpu_path[128], target[32];

	host_gpu_address(gpu, gpu_address);
	host_vf_address(gpu, vf, address);
	device_path(gpu, address, path);
	device_path(gpu, gpu_address, gpu_path);
	function(host, gpu, address, true);
	snprintf(target, sizeof(target), "../%s", gpu_address);
	point(host, target, "sys/%s/physfn", path);
	snprintf(target, sizeof(target), "../%s", address);
	point(host, target, "sys/%s/virtfn%u", gpu_path, vf);
	if (!host->spec->mdev)
		vendor_vf(host, gpu, vf);
}

static void make_gpu(struct host *host, unsigned int gpu)
{
	char address[16], path[128];

	host_gpu_address(gpu, address);
	device_path(gpu, address, path);
	directory(host, "sys/devices/pci0000:40/0000:40:%02x.%u", 1 + gpu / 8, gpu % 8);
	function(host, gpu, address, false);
	if (host->board->sriov) {
		number(host, MAX_VFS, "sys/%s/sriov_totalvfs", path);
		number(host, host->spec->vfs, "sys/%s/sriov_numvfs", path);
		number(host, 4, "sys/%s/sriov_offset", path);
		number(host, 1, "sys/%s/sriov_stride", path);
		for (unsigned int vf = 0; vf < host->spec->vfs; vf++)
			make_vf(host, gpu, vf);
	}
	if (host->spec->mdev)
		mdev_gpu(host, gpu);
}

static void make_frame(struct host *host)
{
	static const char *const directories[] = {
		"sys", "sys/bus", "sys/bus/pci", "sys/bus/pci/devices", "sys/bus/pci/drivers",
		"sys/bus/pci/drivers/nvidia", "sys/devices", "sys/devices/pci0000:40", "sys/module",
		"sys/module/nvidia", "sys/class",
	};
	static const char *const for_mdevs[] = {
		"sys/bus/mdev", "sys/bus/mdev/devices", "sys/bus/mdev/drivers",
		"sys/bus/mdev/drivers/nvidia-vgpu-vfio", "sys/class/mdev_bus",
	};

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		directory(host, "%s", directories[i]);
	for (size_t i = 0; host->spec->mdev && i < sizeof(for_mdevs) / sizeof(for_mdevs[0]); i++)
		directory(host, "%s", for_mdevs[i]);
	file(host, host->spec->mdev ? "535.161.05\n" : "550.90.05\n", "sys/module/nvidia/version");
}

static bool is_possible(const struct host *host)
{
	const struct host_spec *spec = host->spec;

	if (!spec->gpus || spec->gpus > 64 || spec->vfs > MAX_VFS)
		return false;
	if (!host->board->sriov)
		return spec->mdev && !spec->vfs && spec->vgpus <= host->types[host->active].max;
	return spec->vgpus <= spec->vfs && spec->vgpus <= host->types[host->active].max;
}

static unsigned int find_active(const struct host *host)
{
	for (unsigned int i = 0; i < host->type_count; i++)
		if (strstr(host->types[i].name, "-4Q"))
			return i;
	return 0;
}

int host_make(const char *directory_path, const struct host_spec *spec)
{
	struct host host = { .spec = spec, .board = find_board(spec->board) };

	if (!host.board)
		return -EINVAL;
	host.type_count = host_types(spec->board, host.types);
	host.active = find_active(&host);
	if (!is_possible(&host))
		return -EINVAL;
	host.root = open(directory_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (host.root < 0)
		return -errno;
	make_frame(&host);
	for (unsigned int gpu = 0; !host.err && gpu < spec->gpus; gpu++)
		make_gpu(&host, gpu);
	close(host.root);
	return host.err;
}
