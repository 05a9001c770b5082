// SPDX-License-Identifier: MIT
/* A GPU: found among the PCI functions of the host, described, asked for live values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "objects.h"
#include "os/drm.h"
#include "os/machine.h"
#include "os/pci.h"
#include "util/text.h"

#define DEVICES		"bus/pci/devices"
#define PATH_LEN	128
#define MAX_DRM_NODES	64
#define NAMES_AT_ONCE	32

#define VENDOR_NVIDIA		0x10de
#define CLASS_VGA		0x0300
#define CLASS_3D		0x0302

NVVGPU_EXPORT const char *nvvgpu_framework_name(enum nvvgpu_framework framework)
{
	switch (framework) {
	case NVVGPU_FRAMEWORK_NVVGPU:
		return "nvvgpu";
	case NVVGPU_FRAMEWORK_VENDOR_VFIO:
		return "vendor-vfio";
	case NVVGPU_FRAMEWORK_MDEV:
		return "mdev";
	default:
		return "none";
	}
}

NVVGPU_EXPORT const char *nvvgpu_mode_name(enum nvvgpu_mode mode)
{
	switch (mode) {
	case NVVGPU_GPU_MODE_EQUAL_SIZE:
		return "equal-size";
	case NVVGPU_GPU_MODE_MIXED_SIZE:
		return "mixed-size";
	case NVVGPU_GPU_MODE_MIG:
		return "mig";
	default:
		return "unknown";
	}
}

/* --------------------------------------------------------------- attributes */

static const char *path_of(char path[PATH_LEN], const char *address, const char *attribute)
{
	snprintf(path, PATH_LEN, DEVICES "/%s/%s", address, attribute);
	return path;
}

static int read_u64(struct os *os, const char *address, const char *attribute, uint64_t *ret)
{
	char path[PATH_LEN];

	return os_attr_u64(os, path_of(path, address, attribute), ret);
}

static uint16_t read_id(struct os *os, const char *address, const char *attribute)
{
	uint64_t value;

	return read_u64(os, address, attribute, &value) || value > UINT16_MAX ? 0 : value;
}

static int read_link(struct os *os, const char *address, const char *name, char *buf, size_t size)
{
	char path[PATH_LEN];

	return os->ops->link_read(os, path_of(path, address, name), buf, size);
}

static char *read_driver(struct os *os, const char *address)
{
	char name[64];

	if (read_link(os, address, "driver", name, sizeof(name)))
		return NULL;
	text_sanitize(name);
	return strdup(name);
}

/* What a loaded module says of itself; few but NVIDIA's have a version. */
static char *read_module_version(struct os *os, const char *driver)
{
	char path[PATH_LEN], module[64], version[64];

	machine_module(os, driver, module, sizeof(module));
	if (strchr(module, '/'))
		return NULL;
	snprintf(path, sizeof(path), "module/%s/version", module);
	return os_attr_line(os, path, version, sizeof(version)) ? NULL : strdup(version);
}

static int read_numa_node(struct os *os, const char *address)
{
	char path[PATH_LEN], line[16], *end;
	long node;

	if (os_attr_line(os, path_of(path, address, "numa_node"), line, sizeof(line)))
		return -1;
	node = strtol(line, &end, 10);
	return *end || end == line || node < 0 || node > INT32_MAX ? -1 : (int)node;
}

static uint32_t read_vfs_total(struct os *os, const char *address)
{
	uint64_t value;
	uint16_t vfs;

	if (!read_u64(os, address, "sriov_totalvfs", &value))
		return value > UINT16_MAX ? 0 : value;
	return os_pci_total_vfs(os, address, &vfs) ? 0 : vfs;
}

/* --------------------------------------------------------------- DRM nodes */

struct node_list {
	char **nodes;
	size_t count;
};

static int add_node(const char *node, void *arg)
{
	struct node_list *list = arg;
	char *copy;

	if (list->count == MAX_DRM_NODES)
		return 0;
	copy = strdup(node);
	if (!copy)
		return -ENOMEM;
	list->nodes[list->count++] = copy;
	return 0;
}

static int compare_nodes(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

static int read_drm_nodes(struct nvvgpu_gpu *gpu, struct os *os)
{
	char *nodes[MAX_DRM_NODES];
	struct node_list list = { .nodes = nodes };
	int err;

	err = os->ops->drm_nodes ? os->ops->drm_nodes(os, gpu->address, add_node, &list) :
				   os_drm_directory(os, gpu->address, add_node, &list);
	if (list.count) {
		gpu->drm_nodes = malloc(list.count * sizeof(*nodes));
		if (!gpu->drm_nodes)
			err = -ENOMEM;
	}
	if (err == -ENOMEM) {
		while (list.count)
			free(nodes[--list.count]);
		return error_nomem();
	}
	if (list.count) {
		memcpy(gpu->drm_nodes, nodes, list.count * sizeof(*nodes));
		qsort(gpu->drm_nodes, list.count, sizeof(*nodes), compare_nodes);
	}
	gpu->drm_node_count = list.count;
	return 0;
}

/* -------------------------------------------------------------- a GPU found */

static void gpu_free(struct nvvgpu_gpu *gpu)
{
	framework_close(gpu->framework);
	for (size_t i = 0; i < gpu->drm_node_count; i++)
		free(gpu->drm_nodes[i]);
	free(gpu->drm_nodes);
	free(gpu->driver);
	free(gpu->driver_version);
	free(gpu->firmware_version);
	free(gpu);
}

bool gpu_is_shared(const struct nvvgpu_gpu *gpu)
{
	return gpu->framework->reason == NVVGPU_REASON_NONE;
}

static void gpu_release(struct nvvgpu_gpu *gpu)
{
	if (atomic_fetch_sub_explicit(&gpu->refs, 1, memory_order_acq_rel) == 1)
		gpu_free(gpu);
}

static void read_ids(struct nvvgpu_gpu *gpu, struct os *os)
{
	gpu->vendor_id = VENDOR_NVIDIA;
	gpu->device_id = read_id(os, gpu->address, "device");
	gpu->subsystem_vendor_id = read_id(os, gpu->address, "subsystem_vendor");
	gpu->subsystem_device_id = read_id(os, gpu->address, "subsystem_device");
	gpu->numa_node = read_numa_node(os, gpu->address);
	gpu->vfs_total = read_vfs_total(os, gpu->address);
	gpu->driver = read_driver(os, gpu->address);
}

/* What need not be read again. */
static void tell_framework(struct nvvgpu_gpu *gpu)
{
	struct framework_ids *ids = &gpu->framework->ids;

	ids->device = gpu->device_id;
	ids->subsystem = gpu->subsystem_device_id;
	text_copy(ids->driver, sizeof(ids->driver), gpu->driver ? gpu->driver : "");
}

/* What only the driver knows; a GPU whose driver does not answer is shown without. */
static void read_info(struct nvvgpu_gpu *gpu)
{
	struct framework_info info;

	if (!gpu_is_shared(gpu) || gpu->framework->ops.info(gpu->framework, &info))
		return;
	text_copy(gpu->name, sizeof(gpu->name), info.board_name);
	gpu->framebuffer_bytes = info.framebuffer_bytes;
	if (info.driver_version[0])
		gpu->driver_version = strdup(info.driver_version);
	if (info.firmware_version[0])
		gpu->firmware_version = strdup(info.firmware_version);
}

static int gpu_new(struct nvvgpu *host, const char *address, struct nvvgpu_gpu **ret)
{
	struct nvvgpu_gpu *gpu = calloc(1, sizeof(*gpu));
	int err;

	if (!gpu)
		return error_nomem();
	atomic_init(&gpu->refs, 1);
	atomic_init(&gpu->type_room, FRAMEWORK_MAX_TYPES);
	gpu->host = host;
	text_copy(gpu->address, sizeof(gpu->address), address);
	read_ids(gpu, host->os);
	err = framework_open(host->os, address, &gpu->framework);
	if (!err)
		tell_framework(gpu);
	if (!err)
		err = read_drm_nodes(gpu, host->os);
	if (err) {
		gpu_free(gpu);
		return err;
	}
	read_info(gpu);
	*ret = gpu;
	return 0;
}

/* ------------------------------------------------------------------- search */

struct search {
	struct nvvgpu *host;
	enum nvvgpu_log_level level;
	struct gpu_table *table;
	size_t room;
};

static int find_physical(struct os *os, const char *function, char ret[PCI_ADDRESS_LEN])
{
	char physfn[PCI_ADDRESS_LEN];
	int err = read_link(os, function, "physfn", physfn, sizeof(physfn));

	if (!err)
		return pci_address_canonical(physfn, ret);
	if (err == -ENOENT)
		text_copy(ret, PCI_ADDRESS_LEN, function);
	return err == -ENOENT ? 0 : err;
}

int gpu_find_function(struct os *os, const char *function, char ret[PCI_ADDRESS_LEN])
{
	uint64_t vendor, class;
	int err = read_u64(os, function, "vendor", &vendor);

	if (!err && vendor != VENDOR_NVIDIA)
		return 0;
	if (!err)
		err = read_u64(os, function, "class", &class);
	if (!err && class >> 8 != CLASS_VGA && class >> 8 != CLASS_3D)
		return 0;
	if (!err)
		err = find_physical(os, function, ret);
	return err ? err : 1;
}

static bool is_gpu(struct search *search, const char *address)
{
	char gpu[PCI_ADDRESS_LEN];
	int found = gpu_find_function(search->host->os, address, gpu);

	if (found < 0)
		host_log(search->host, search->level, "%s: passed over, what it is cannot be read "
			 "(error %d)", address, -found);
	return found > 0 && !strcmp(gpu, address);
}

static int table_add(struct search *search, struct nvvgpu_gpu *gpu)
{
	struct gpu_table *table = search->table;

	if (table->count == search->room) {
		size_t room = search->room * 2;

		table = realloc(table, sizeof(*table) + room * sizeof(table->gpus[0]));
		if (!table)
			return error_nomem();
		search->table = table;
		search->room = room;
	}
	table->gpus[table->count++] = gpu;
	return 0;
}

static int visit(const char *name, void *arg)
{
	struct search *search = arg;
	char address[PCI_ADDRESS_LEN];
	struct nvvgpu_gpu *gpu = NULL;
	int err;

	if (pci_address_canonical(name, address) || strcmp(name, address) ||
	    !is_gpu(search, address))
		return 0;
	err = gpu_new(search->host, address, &gpu);
	if (err)
		return err;
	err = table_add(search, gpu);
	if (err)
		gpu_release(gpu);
	else
		host_log(search->host, NVVGPU_LOG_INFO, "%s: GPU with framework %s%s%s", address,
			 gpu->framework->ops.name, gpu->framework->reason ? ": " : "",
			 gpu->framework->reason_text);
	return err;
}

static char *version_among(const struct gpu_table *table, size_t count, const char *driver)
{
	for (size_t i = 0; i < count; i++) {
		const struct nvvgpu_gpu *gpu = table->gpus[i];

		if (gpu->driver_version && gpu->driver && !strcmp(gpu->driver, driver))
			return strdup(gpu->driver_version);
	}
	return NULL;
}

/* Where no framework told the version its module does, once for all GPUs. */
static void complete_versions(struct os *os, struct gpu_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		struct nvvgpu_gpu *gpu = table->gpus[i];

		if (!gpu->driver || gpu->driver_version)
			continue;
		gpu->driver_version = version_among(table, i, gpu->driver);
		if (!gpu->driver_version)
			gpu->driver_version = read_module_version(os, gpu->driver);
	}
}

/* Bus, device and function of an address, as one number; *domain is what is before them. */
static unsigned int routing_id(const char *address, unsigned int *domain)
{
	unsigned int bus = 0, device = 0, function = 0;

	sscanf(address, "%x:%x:%x.%x", domain, &bus, &device, &function);
	return bus << 8 | device << 3 | function;
}

/* By where its functions are, which its SR-IOV capability says (PCIe base specification). */
static bool has_function_at(struct os *os, const struct nvvgpu_gpu *gpu, const char *address)
{
	unsigned int domain, other_domain, id = routing_id(gpu->address, &domain);
	unsigned int wanted = routing_id(address, &other_domain);
	uint64_t offset, stride;

	if (!gpu->vfs_total || domain != other_domain || wanted <= id ||
	    read_u64(os, gpu->address, "sriov_offset", &offset) ||
	    read_u64(os, gpu->address, "sriov_stride", &stride) || wanted < id + offset)
		return false;
	wanted -= id + offset;
	return !wanted || (stride && !(wanted % stride) && wanted / stride < gpu->vfs_total);
}

/*
 * The kernel links a VF to its GPU a moment after it shows it, and cuts the link a moment before
 * it is gone: then it looks like a GPU without SR-IOV.
 */
static void drop_functions(struct os *os, struct gpu_table *table)
{
	size_t kept = 0;

	for (size_t i = 0; i < table->count; i++) {
		struct nvvgpu_gpu *gpu = table->gpus[i];
		bool is_function = false;

		for (size_t at = 0; !gpu->vfs_total && !is_function && at < kept; at++)
			is_function = has_function_at(os, table->gpus[at], gpu->address);
		if (is_function)
			gpu_release(gpu);
		else
			table->gpus[kept++] = gpu;
	}
	table->count = kept;
}

static int compare_gpus(const void *a, const void *b)
{
	return pci_address_compare((*(struct nvvgpu_gpu *const *)a)->address,
				   (*(struct nvvgpu_gpu *const *)b)->address);
}

int gpu_table_search(struct nvvgpu *host, enum nvvgpu_log_level level, struct gpu_table **ret)
{
	struct search search = { .host = host, .level = level, .room = 8 };
	int err;

	search.table = malloc(sizeof(*search.table) + search.room * sizeof(search.table->gpus[0]));
	if (!search.table)
		return error_nomem();
	atomic_init(&search.table->refs, 1);
	search.table->count = 0;
	err = host->os->ops->list(host->os, DEVICES, visit, &search);
	if (err) {
		gpu_table_unref(search.table);
		return err == -ENOMEM ? error_nomem() :
		       error_errno(err, host->uri, "searching " DEVICES " of sysfs for GPUs");
	}
	qsort(search.table->gpus, search.table->count, sizeof(search.table->gpus[0]), compare_gpus);
	drop_functions(host->os, search.table);
	complete_versions(host->os, search.table);
	*ret = search.table;
	return 0;
}

void gpu_table_unref(struct gpu_table *table)
{
	if (!table || atomic_fetch_sub_explicit(&table->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < table->count; i++)
		gpu_release(table->gpus[i]);
	free(table);
}

/* ----------------------------------------------------------- list and lookup */

struct nvvgpu_gpu_list {
	atomic_uint refs;
	struct nvvgpu *host;
	struct gpu_table *table;
};

NVVGPU_EXPORT int nvvgpu_gpu_list(struct nvvgpu *host, struct nvvgpu_gpu_list **ret)
{
	struct nvvgpu_gpu_list *list = malloc(sizeof(*list));
	int err;

	if (!list)
		return error_nomem();
	err = host_gpus(host, &list->table);
	if (err) {
		free(list);
		return err;
	}
	atomic_init(&list->refs, 1);
	list->host = nvvgpu_ref(host);
	*ret = list;
	return 0;
}

NVVGPU_EXPORT struct nvvgpu_gpu_list *nvvgpu_gpu_list_ref(struct nvvgpu_gpu_list *list)
{
	atomic_fetch_add_explicit(&list->refs, 1, memory_order_relaxed);
	return list;
}

NVVGPU_EXPORT struct nvvgpu_gpu_list *nvvgpu_gpu_list_unref(struct nvvgpu_gpu_list *list)
{
	if (!list || atomic_fetch_sub_explicit(&list->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	gpu_table_unref(list->table);
	nvvgpu_unref(list->host);
	free(list);
	return NULL;
}

NVVGPU_EXPORT size_t nvvgpu_gpu_list_size(struct nvvgpu_gpu_list *list)
{
	return list->table->count;
}

NVVGPU_EXPORT struct nvvgpu_gpu *nvvgpu_gpu_list_get(struct nvvgpu_gpu_list *list, size_t index)
{
	return index < list->table->count ? list->table->gpus[index] : NULL;
}

NVVGPU_EXPORT enum nvvgpu_reason nvvgpu_gpu_list_get_reason(struct nvvgpu_gpu_list *list)
{
	return list->table->count ? NVVGPU_REASON_NONE : NVVGPU_REASON_NOT_FOUND;
}

NVVGPU_EXPORT const char *nvvgpu_gpu_list_get_reason_text(struct nvvgpu_gpu_list *list)
{
	return list->table->count ? "" : "no NVIDIA display controller was found on this host";
}

NVVGPU_EXPORT int nvvgpu_gpu_lookup(struct nvvgpu *host, const char *address,
				    struct nvvgpu_gpu **ret)
{
	char canonical[PCI_ADDRESS_LEN];
	struct gpu_table *table;
	bool found = false;
	int err;

	if (pci_address_canonical(address, canonical))
		return error_set(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, address,
				 "this is not a PCI address", "write it like 0000:41:00.0");
	err = host_gpus(host, &table);
	if (err)
		return err;
	for (size_t i = 0; !found && i < table->count; i++) {
		found = !strcmp(table->gpus[i]->address, canonical);
		if (found)
			*ret = nvvgpu_gpu_ref(table->gpus[i]);
	}
	gpu_table_unref(table);
	return found ? 0 : error_set(ENODEV, NVVGPU_REASON_NOT_FOUND, canonical,
				     "there is no NVIDIA GPU at this address",
				     "list the GPUs of the host");
}

NVVGPU_EXPORT struct nvvgpu_gpu *nvvgpu_gpu_ref(struct nvvgpu_gpu *gpu)
{
	nvvgpu_ref(gpu->host);
	atomic_fetch_add_explicit(&gpu->refs, 1, memory_order_relaxed);
	return gpu;
}

NVVGPU_EXPORT struct nvvgpu_gpu *nvvgpu_gpu_unref(struct nvvgpu_gpu *gpu)
{
	struct nvvgpu *host;

	if (!gpu)
		return NULL;
	host = gpu->host;
	gpu_release(gpu);
	nvvgpu_unref(host);
	return NULL;
}

/* -------------------------------------------------------------------- facts */

NVVGPU_EXPORT const char *nvvgpu_gpu_get_address(struct nvvgpu_gpu *gpu)
{
	return gpu->address;
}

static void want_name(struct os_pci_name *name, struct nvvgpu_gpu *gpu)
{
	snprintf(gpu->name, sizeof(gpu->name), "NVIDIA %04x", gpu->device_id);
	*name = (struct os_pci_name){ gpu->vendor_id, gpu->device_id, gpu->name,
				      sizeof(gpu->name) };
}

/* Who asks for one name will ask for the others: the list of PCI ids is read once for all. */
static void look_up_names(struct nvvgpu_gpu *gpu)
{
	struct os_pci_name names[NAMES_AT_ONCE];
	struct gpu_table *table = NULL;
	size_t count = 0;

	want_name(&names[count++], gpu);
	if (!host_gpus(gpu->host, &table))
		for (size_t i = 0; i < table->count && count < NAMES_AT_ONCE; i++)
			if (!table->gpus[i]->name[0])
				want_name(&names[count++], table->gpus[i]);
	os_pci_names(names, count);
	gpu_table_unref(table);
}

/* The driver's own name for the board was taken at discovery. */
NVVGPU_EXPORT const char *nvvgpu_gpu_get_name(struct nvvgpu_gpu *gpu)
{
	pthread_mutex_lock(&gpu->host->name_lock);
	if (!gpu->name[0])
		look_up_names(gpu);
	pthread_mutex_unlock(&gpu->host->name_lock);
	return gpu->name;
}

NVVGPU_EXPORT uint16_t nvvgpu_gpu_get_vendor_id(struct nvvgpu_gpu *gpu)
{
	return gpu->vendor_id;
}

NVVGPU_EXPORT uint16_t nvvgpu_gpu_get_device_id(struct nvvgpu_gpu *gpu)
{
	return gpu->device_id;
}

NVVGPU_EXPORT uint16_t nvvgpu_gpu_get_subsystem_vendor_id(struct nvvgpu_gpu *gpu)
{
	return gpu->subsystem_vendor_id;
}

NVVGPU_EXPORT uint16_t nvvgpu_gpu_get_subsystem_device_id(struct nvvgpu_gpu *gpu)
{
	return gpu->subsystem_device_id;
}

NVVGPU_EXPORT const char *nvvgpu_gpu_get_driver(struct nvvgpu_gpu *gpu)
{
	return gpu->driver;
}

NVVGPU_EXPORT const char *nvvgpu_gpu_get_driver_version(struct nvvgpu_gpu *gpu)
{
	return gpu->driver_version;
}

NVVGPU_EXPORT const char *nvvgpu_gpu_get_firmware_version(struct nvvgpu_gpu *gpu)
{
	return gpu->firmware_version;
}

NVVGPU_EXPORT enum nvvgpu_framework nvvgpu_gpu_get_framework(struct nvvgpu_gpu *gpu)
{
	return gpu->framework->ops.id;
}

NVVGPU_EXPORT int nvvgpu_gpu_get_numa_node(struct nvvgpu_gpu *gpu)
{
	return gpu->numa_node;
}

NVVGPU_EXPORT uint64_t nvvgpu_gpu_get_framebuffer_bytes(struct nvvgpu_gpu *gpu)
{
	return gpu->framebuffer_bytes;
}

NVVGPU_EXPORT uint32_t nvvgpu_gpu_get_vfs_total(struct nvvgpu_gpu *gpu)
{
	return gpu->vfs_total;
}

NVVGPU_EXPORT const char *nvvgpu_gpu_get_drm_node(struct nvvgpu_gpu *gpu, size_t index)
{
	return index < gpu->drm_node_count ? gpu->drm_nodes[index] : NULL;
}

NVVGPU_EXPORT enum nvvgpu_reason nvvgpu_gpu_get_reason(struct nvvgpu_gpu *gpu)
{
	return gpu->framework->reason;
}

NVVGPU_EXPORT const char *nvvgpu_gpu_get_reason_text(struct nvvgpu_gpu *gpu)
{
	return gpu->framework->reason_text;
}

NVVGPU_EXPORT const char *nvvgpu_gpu_get_evidence(struct nvvgpu_gpu *gpu)
{
	return gpu->framework->evidence;
}

/* -------------------------------------------------------------- live values */

NVVGPU_EXPORT int nvvgpu_gpu_get_vfs_enabled(struct nvvgpu_gpu *gpu, uint32_t *ret)
{
	uint64_t value;
	int err = read_u64(gpu->host->os, gpu->address, "sriov_numvfs", &value);

	if (err == -ENOENT)
		value = 0;
	else if (err || value > UINT16_MAX)
		return error_errno(err ? err : -EIO, gpu->address, "reading sriov_numvfs");
	*ret = value;
	return 0;
}

NVVGPU_EXPORT int nvvgpu_gpu_get_mode(struct nvvgpu_gpu *gpu, enum nvvgpu_mode *ret)
{
	return gpu->framework->ops.get_mode(gpu->framework, ret);
}

NVVGPU_EXPORT int nvvgpu_gpu_set_mixed_size(struct nvvgpu_gpu *gpu, bool mixed)
{
	if (host_is_read_only(gpu->host))
		return error_errno(EROFS, gpu->address, "changing the mode");
	return gpu->framework->ops.set_mixed_size(gpu->framework, mixed);
}

NVVGPU_EXPORT const char *nvvgpu_statistic_name(enum nvvgpu_statistic statistic)
{
	static const char *const names[] = {
		[NVVGPU_STAT_VGPUS] = "vgpus",
		[NVVGPU_STAT_FRAMEBUFFER_TOTAL_BYTES] = "framebuffer_total_bytes",
		[NVVGPU_STAT_FRAMEBUFFER_FREE_BYTES] = "framebuffer_free_bytes",
		[NVVGPU_STAT_HEAP_TOTAL_BYTES] = "heap_total_bytes",
		[NVVGPU_STAT_HEAP_FREE_BYTES] = "heap_free_bytes",
		[NVVGPU_STAT_BAR1_TOTAL_BYTES] = "bar1_total_bytes",
		[NVVGPU_STAT_BAR1_FREE_BYTES] = "bar1_free_bytes",
		[NVVGPU_STAT_CHANNELS_TOTAL] = "channels_total",
		[NVVGPU_STAT_CHANNELS_FREE] = "channels_free",
		[NVVGPU_STAT_RM_CLIENTS] = "rm_clients",
		[NVVGPU_STAT_CREATED] = "created",
		[NVVGPU_STAT_DESTROYED] = "destroyed",
		[NVVGPU_STAT_CREATE_FAILED] = "create_failed",
		[NVVGPU_STAT_BOOTED] = "booted",
		[NVVGPU_STAT_SCRUBBED_BYTES] = "scrubbed_bytes",
		[NVVGPU_STAT_FIRMWARE_CALLS] = "firmware_calls",
	};

	if ((size_t)statistic >= sizeof(names) / sizeof(names[0]))
		return NULL;
	return names[statistic];
}

NVVGPU_EXPORT int nvvgpu_gpu_get_statistic(struct nvvgpu_gpu *gpu, enum nvvgpu_statistic statistic,
					   uint64_t *ret)
{
	if (!nvvgpu_statistic_name(statistic))
		return error_setf(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, gpu->address,
				  "use one of enum nvvgpu_statistic",
				  "there is no statistic number %d", statistic);
	return gpu->framework->ops.statistic(gpu->framework, statistic, ret);
}
