// SPDX-License-Identifier: MIT
/* What /sys would show of the emulated functions: bus/pci/devices/<address>/<attribute>. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "emu.h"

#define DEVICES "bus/pci/devices"

struct emu_gpu *emu_host_find(struct emu_host *host, const char *address)
{
	for (size_t i = 0; i < host->gpu_count; i++)
		if (!strcmp(host->gpus[i].address, address))
			return &host->gpus[i];
	return NULL;
}

static void slot_name(const struct emu_gpu *gpu, unsigned int slot, char *buf, size_t size)
{
	if (gpu->data->vfs_total)
		emu_gpu_vf_address(gpu, slot, buf, size);
	else
		snprintf(buf, size, "%s#%u", gpu->address, slot);
}

/* The slot that the name could mean on this GPU; the name is right if it is that slot's. */
static bool guess_slot(const struct emu_gpu *gpu, const char *name, unsigned int *ret_slot)
{
	unsigned int first = (gpu->bus << 8) + gpu->data->vf_offset, bus, device, function, id;

	if (!gpu->data->vfs_total)
		return sscanf(name, "%*[^#]#%u", ret_slot) == 1;
	if (sscanf(name, "0000:%2x:%2x.%1x", &bus, &device, &function) != 3)
		return false;
	id = bus << 8 | device << 3 | function;
	if (id < first)
		return false;
	*ret_slot = (id - first) / gpu->data->vf_stride;
	return true;
}

struct emu_gpu *emu_host_find_slot(struct emu_host *host, const char *name, unsigned int *ret_slot)
{
	for (size_t i = 0; i < host->gpu_count; i++) {
		struct emu_gpu *gpu = &host->gpus[i];
		char canonical[32];
		unsigned int slot;

		if (!guess_slot(gpu, name, &slot) || slot >= emu_gpu_slots(gpu))
			continue;
		slot_name(gpu, slot, canonical, sizeof(canonical));
		if (!strcmp(canonical, name)) {
			*ret_slot = slot;
			return gpu;
		}
	}
	return NULL;
}

int emu_sysfs_find(struct emu_host *host, const char *path, struct emu_place *place)
{
	size_t prefix = strlen(DEVICES);
	char name[32];
	const char *slash;
	unsigned int slot;
	size_t len;

	if (strncmp(path, DEVICES "/", prefix + 1))
		return -ENOENT;
	path += prefix + 1;
	slash = strchr(path, '/');
	len = slash ? (size_t)(slash - path) : strlen(path);
	if (len >= sizeof(name))
		return -ENOENT;
	memcpy(name, path, len);
	name[len] = '\0';
	place->rest = slash ? slash + 1 : path + len;
	place->slot = -1;
	place->host = host;
	place->gpu = emu_host_find(host, name);
	if (!place->gpu) {
		place->gpu = emu_host_find_slot(host, name, &slot);
		if (!place->gpu || slot >= emu_gpu_vfs(place->gpu))
			return -ENOENT;
		place->slot = slot;
	}
	return 0;
}

/* --------------------------------------------------------------- attributes */

static u16 config_u16(const struct emu_place *place, unsigned int offset)
{
	u8 image[4096];

	nvvgpu_emu_config_image(place->gpu->data, place->slot, image);
	return get_unaligned_le16(image + offset);
}

static int show_vendor(const struct emu_place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "0x10de\n");
}

static int show_device(const struct emu_place *p, char *buf, size_t size)
{
	u16 id = p->slot < 0 ? p->gpu->data->device_id : p->gpu->data->vf_device_id;

	return snprintf(buf, size, "0x%04x\n", id);
}

static int show_subsystem_vendor(const struct emu_place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "0x%04x\n", config_u16(p, 0x2c));
}

static int show_subsystem_device(const struct emu_place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "0x%04x\n", config_u16(p, 0x2e));
}

static int show_class(const struct emu_place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "0x%06x\n", p->gpu->data->pci_class);
}

static int show_revision(const struct emu_place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "0xa1\n");
}

static int show_numa_node(const struct emu_place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "-1\n");
}

static int show_driver_override(const struct emu_place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "(null)\n");
}

static int show_vfs_total(const struct emu_place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "%u\n", p->gpu->data->vfs_total);
}

static int show_vfs(const struct emu_place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "%u\n", emu_gpu_vfs(p->gpu));
}

static int store_vfs(const struct emu_place *p, const char *value)
{
	u32 count;

	if (kstrtou32(value, 10, &count))
		return -EINVAL;
	return emu_gpu_set_vfs(p->gpu, count);
}

static int show_vf_offset(const struct emu_place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "%u\n", p->gpu->data->vf_offset);
}

static int show_vf_stride(const struct emu_place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "%u\n", p->gpu->data->vf_stride);
}

static int show_config(const struct emu_place *p, char *buf, size_t size)
{
	if (size <= 4096)
		return -EMSGSIZE;
	nvvgpu_emu_config_image(p->gpu->data, p->slot, (u8 *)buf);
	return 4096;
}

/* The per-VF nvidia/ directory is the manager's. */
static int show_manager(const struct emu_place *p, char *buf, size_t size,
			ssize_t (*show)(struct nvvgpu_mgr *mgr, u32 slot, char *buf))
{
	char *page = malloc(PAGE_SIZE);
	ssize_t len;

	if (!page)
		return -ENOMEM;
	len = emu_gpu_begin(p->gpu, EMU_READ);
	if (!len) {
		len = show(p->gpu->mgr, p->slot, page);
		emu_gpu_end(p->gpu, EMU_READ);
	}
	if (len >= 0 && (size_t)len >= size)
		len = -EMSGSIZE;
	if (len >= 0)
		memcpy(buf, page, len);
	free(page);
	return len;
}

static int store_manager(const struct emu_place *p, const char *value,
			 ssize_t (*store)(struct nvvgpu_mgr *mgr, u32 slot, const char *buf,
					  size_t len))
{
	ssize_t len;
	int err;

	err = emu_gpu_begin(p->gpu, EMU_CHANGE);
	if (err)
		return err;
	len = store(p->gpu->mgr, p->slot, value, strlen(value));
	err = emu_gpu_end(p->gpu, EMU_CHANGE);
	return len < 0 ? len : err;
}

#define SHOW_MANAGER(what)							\
static int show_##what(const struct emu_place *p, char *buf, size_t size)		\
{										\
	return show_manager(p, buf, size, nvvgpu_mgr_show_##what);		\
}

#define STORE_MANAGER(what)							\
static int store_##what(const struct emu_place *p, const char *value)		\
{										\
	return store_manager(p, value, nvvgpu_mgr_store_##what);		\
}

SHOW_MANAGER(creatable_types)
SHOW_MANAGER(current_type)
SHOW_MANAGER(gpu_instance)
SHOW_MANAGER(params)
SHOW_MANAGER(placement)
SHOW_MANAGER(warm_update)
STORE_MANAGER(current_type)
STORE_MANAGER(gpu_instance)
STORE_MANAGER(params)
STORE_MANAGER(placement)
STORE_MANAGER(warm_update)

enum {
	ON_PF = 1,
	ON_VF = 2,
	SRIOV = 4,	/* only on boards with SR-IOV */
	NO_MDEV = 8,	/* not of a driver of the mdev era */
};

/* store NULL: it cannot be written */
static const struct attribute {
	const char *name;
	int where;
	int (*show)(const struct emu_place *place, char *buf, size_t size);
	int (*store)(const struct emu_place *place, const char *value);
} attributes[] = {
	{ "class", ON_PF | ON_VF, show_class, NULL },
	{ "config", ON_PF | ON_VF, show_config, NULL },
	{ "device", ON_PF | ON_VF, show_device, NULL },
	{ "driver_override", ON_PF | ON_VF, show_driver_override, NULL },
	{ "numa_node", ON_PF | ON_VF, show_numa_node, NULL },
	{ "nvidia/creatable_vgpu_types", ON_VF | NO_MDEV, show_creatable_types, NULL },
	{ "nvidia/current_vgpu_type", ON_VF | NO_MDEV, show_current_type, store_current_type },
	{ "nvidia/gpu_instance_id", ON_VF | NO_MDEV, show_gpu_instance, store_gpu_instance },
	{ "nvidia/placement_id", ON_VF | NO_MDEV, show_placement, store_placement },
	{ "nvidia/vgpu_params", ON_VF | NO_MDEV, show_params, store_params },
	{ "nvidia/warm_update", ON_VF | NO_MDEV, show_warm_update, store_warm_update },
	{ "revision", ON_PF | ON_VF, show_revision, NULL },
	{ "sriov_numvfs", ON_PF | SRIOV, show_vfs, store_vfs },
	{ "sriov_offset", ON_PF | SRIOV, show_vf_offset, NULL },
	{ "sriov_stride", ON_PF | SRIOV, show_vf_stride, NULL },
	{ "sriov_totalvfs", ON_PF | SRIOV, show_vfs_total, NULL },
	{ "subsystem_device", ON_PF | ON_VF, show_subsystem_device, NULL },
	{ "subsystem_vendor", ON_PF | ON_VF, show_subsystem_vendor, NULL },
	{ "vendor", ON_PF | ON_VF, show_vendor, NULL },
};

static bool is_here(const struct attribute *attribute, const struct emu_place *place)
{
	if ((attribute->where & SRIOV) && !place->gpu->data->vfs_total)
		return false;
	if ((attribute->where & NO_MDEV) && place->host->framework == EMU_MDEV)
		return false;
	return attribute->where & (place->slot < 0 ? ON_PF : ON_VF);
}

static int find_attribute(struct emu_host *host, const char *path, struct emu_place *place,
			  const struct attribute **ret)
{
	int err;

	err = emu_sysfs_find(host, path, place);
	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		if (strcmp(attributes[i].name, place->rest) || !is_here(&attributes[i], place))
			continue;
		*ret = &attributes[i];
		return 0;
	}
	return -ENOENT;
}

int emu_sysfs_read(struct emu_host *host, const char *path, char *buf, size_t size, size_t *ret_len)
{
	const struct attribute *attribute;
	struct emu_place place;
	int err, len;

	err = find_attribute(host, path, &place, &attribute);
	if (err)
		return err;
	len = attribute->show(&place, buf, size);
	if (len < 0)
		return len;
	if ((size_t)len >= size)
		return -EMSGSIZE;
	buf[len] = '\0';
	if (ret_len)
		*ret_len = len;
	return 0;
}

int emu_sysfs_write(struct emu_host *host, const char *path, const char *value)
{
	const struct attribute *attribute;
	struct emu_place place;
	int err;

	err = find_attribute(host, path, &place, &attribute);
	if (err)
		return err;
	return attribute->store ? attribute->store(&place, value) : -EACCES;
}

/* -------------------------------------------------------------------- links */

static const char *driver_of(const struct emu_place *place)
{
	if (place->host->framework == EMU_MDEV)
		return "nvidia";
	return place->slot < 0 ? "nvvgpu_core" : "nvvgpu_vfio";
}

int emu_sysfs_link(struct emu_host *host, const char *path, char *buf, size_t size)
{
	struct emu_place place;
	unsigned int vf;
	char end;
	int err, len = -1;

	err = emu_sysfs_find(host, path, &place);
	if (err)
		return err;
	if (!strcmp(place.rest, "driver"))
		len = snprintf(buf, size, "%s", driver_of(&place));
	else if (!strcmp(place.rest, "physfn") && place.slot >= 0)
		len = snprintf(buf, size, "%s", place.gpu->address);
	else if (place.slot < 0 && sscanf(place.rest, "virtfn%u%c", &vf, &end) == 1 &&
		 vf < emu_gpu_vfs(place.gpu)) {
		emu_gpu_vf_address(place.gpu, vf, buf, size);
		len = strlen(buf);
	}
	if (len < 0)
		return -ENOENT;
	return (size_t)len < size ? 0 : -EMSGSIZE;
}

/* -------------------------------------------------------------- directories */

static int list_functions(struct emu_host *host, int (*each)(const char *name, void *arg),
			  void *arg)
{
	int stop = 0;

	for (size_t i = 0; !stop && i < host->gpu_count; i++) {
		struct emu_gpu *gpu = &host->gpus[i];
		unsigned int vfs = emu_gpu_vfs(gpu);

		stop = each(gpu->address, arg);
		for (unsigned int vf = 0; !stop && vf < vfs; vf++) {
			char name[32];

			emu_gpu_vf_address(gpu, vf, name, sizeof(name));
			stop = each(name, arg);
		}
	}
	return stop;
}

static int list_function(const struct emu_place *place, int (*each)(const char *name, void *arg),
			 void *arg)
{
	unsigned int vfs = place->slot < 0 ? emu_gpu_vfs(place->gpu) : 0;
	char name[32];
	int stop;

	stop = each("driver", arg);
	for (size_t i = 0; !stop && i < ARRAY_SIZE(attributes); i++)
		if (!strchr(attributes[i].name, '/') && is_here(&attributes[i], place))
			stop = each(attributes[i].name, arg);
	if (!stop && emu_mdev_is_parent(place))
		stop = each("mdev_supported_types", arg);
	if (!stop && place->slot >= 0 && place->host->framework != EMU_MDEV)
		stop = each("nvidia", arg);
	if (!stop && place->slot >= 0)
		stop = each("physfn", arg);
	for (unsigned int vf = 0; !stop && vf < vfs; vf++) {
		snprintf(name, sizeof(name), "virtfn%u", vf);
		stop = each(name, arg);
	}
	return stop;
}

static int list_manager(const struct emu_place *place, int (*each)(const char *name, void *arg),
			void *arg)
{
	int stop = 0;

	for (size_t i = 0; !stop && i < ARRAY_SIZE(attributes); i++)
		if (!strncmp(attributes[i].name, "nvidia/", 7) && is_here(&attributes[i], place))
			stop = each(attributes[i].name + 7, arg);
	return stop;
}

int emu_sysfs_list(struct emu_host *host, const char *path,
		   int (*each)(const char *name, void *arg), void *arg)
{
	struct emu_place place;
	int err;

	if (!strcmp(path, DEVICES))
		return list_functions(host, each, arg);
	err = emu_sysfs_find(host, path, &place);
	if (err)
		return err;
	if (!*place.rest)
		return list_function(&place, each, arg);
	if (!strcmp(place.rest, "nvidia") && place.slot >= 0 && host->framework != EMU_MDEV)
		return list_manager(&place, each, arg);
	return -ENOENT;
}
