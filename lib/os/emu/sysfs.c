// SPDX-License-Identifier: MIT
/* What /sys would show of the emulated functions: bus/pci/devices/<address>/<attribute>. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "emu.h"

#define DEVICES "bus/pci/devices"

/* A place in the tree: a function (slot < 0: the PF) and what follows its directory. */
struct place {
	struct emu_gpu *gpu;
	int slot;
	const char *rest;	/* "" for the directory itself */
};

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

static int find(struct emu_host *host, const char *path, struct place *place)
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
	place->gpu = emu_host_find(host, name);
	if (!place->gpu) {
		place->gpu = emu_host_find_slot(host, name, &slot);
		if (!place->gpu || !place->gpu->data->vfs_total)
			return -ENOENT;
		place->slot = slot;
	}
	return 0;
}

/* --------------------------------------------------------------- attributes */

static u16 config_u16(const struct place *place, unsigned int offset)
{
	u8 image[4096];

	nvvgpu_emu_config_image(place->gpu->data, place->slot, image);
	return get_unaligned_le16(image + offset);
}

static int show_vendor(const struct place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "0x10de\n");
}

static int show_device(const struct place *p, char *buf, size_t size)
{
	u16 id = p->slot < 0 ? p->gpu->data->device_id : p->gpu->data->vf_device_id;

	return snprintf(buf, size, "0x%04x\n", id);
}

static int show_subsystem_vendor(const struct place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "0x%04x\n", config_u16(p, 0x2c));
}

static int show_subsystem_device(const struct place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "0x%04x\n", config_u16(p, 0x2e));
}

static int show_class(const struct place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "0x%06x\n", p->gpu->data->pci_class);
}

static int show_revision(const struct place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "0xa1\n");
}

static int show_numa_node(const struct place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "-1\n");
}

static int show_driver_override(const struct place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "(null)\n");
}

static int show_vfs(const struct place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "%u\n", p->gpu->data->vfs_total);
}

static int show_vf_offset(const struct place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "%u\n", p->gpu->data->vf_offset);
}

static int show_vf_stride(const struct place *p, char *buf, size_t size)
{
	return snprintf(buf, size, "%u\n", p->gpu->data->vf_stride);
}

static int show_config(const struct place *p, char *buf, size_t size)
{
	if (size <= 4096)
		return -EMSGSIZE;
	nvvgpu_emu_config_image(p->gpu->data, p->slot, (u8 *)buf);
	return 4096;
}

/* The per-VF nvidia/ directory is the manager's. */
static int show_manager(const struct place *p, char *buf, size_t size,
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

static int show_creatable(const struct place *p, char *buf, size_t size)
{
	return show_manager(p, buf, size, nvvgpu_mgr_show_creatable_types);
}

static int show_current(const struct place *p, char *buf, size_t size)
{
	return show_manager(p, buf, size, nvvgpu_mgr_show_current_type);
}

static int show_params(const struct place *p, char *buf, size_t size)
{
	return show_manager(p, buf, size, nvvgpu_mgr_show_params);
}

static int show_placement(const struct place *p, char *buf, size_t size)
{
	return show_manager(p, buf, size, nvvgpu_mgr_show_placement);
}

static int show_gpu_instance(const struct place *p, char *buf, size_t size)
{
	return show_manager(p, buf, size, nvvgpu_mgr_show_gpu_instance);
}

static int show_warm_update(const struct place *p, char *buf, size_t size)
{
	return show_manager(p, buf, size, nvvgpu_mgr_show_warm_update);
}

enum {
	ON_PF = 1,
	ON_VF = 2,
	SRIOV = 4,	/* only on boards with SR-IOV */
};

static const struct attribute {
	const char *name;
	int where;
	int (*show)(const struct place *place, char *buf, size_t size);
} attributes[] = {
	{ "class", ON_PF | ON_VF, show_class },
	{ "config", ON_PF | ON_VF, show_config },
	{ "device", ON_PF | ON_VF, show_device },
	{ "driver_override", ON_PF | ON_VF, show_driver_override },
	{ "numa_node", ON_PF | ON_VF, show_numa_node },
	{ "nvidia/creatable_vgpu_types", ON_VF, show_creatable },
	{ "nvidia/current_vgpu_type", ON_VF, show_current },
	{ "nvidia/gpu_instance_id", ON_VF, show_gpu_instance },
	{ "nvidia/placement_id", ON_VF, show_placement },
	{ "nvidia/vgpu_params", ON_VF, show_params },
	{ "nvidia/warm_update", ON_VF, show_warm_update },
	{ "revision", ON_PF | ON_VF, show_revision },
	{ "sriov_numvfs", ON_PF | SRIOV, show_vfs },
	{ "sriov_offset", ON_PF | SRIOV, show_vf_offset },
	{ "sriov_stride", ON_PF | SRIOV, show_vf_stride },
	{ "sriov_totalvfs", ON_PF | SRIOV, show_vfs },
	{ "subsystem_device", ON_PF | ON_VF, show_subsystem_device },
	{ "subsystem_vendor", ON_PF | ON_VF, show_subsystem_vendor },
	{ "vendor", ON_PF | ON_VF, show_vendor },
};

static bool is_here(const struct attribute *attribute, const struct place *place)
{
	if ((attribute->where & SRIOV) && !place->gpu->data->vfs_total)
		return false;
	return attribute->where & (place->slot < 0 ? ON_PF : ON_VF);
}

int emu_sysfs_read(struct emu_host *host, const char *path, char *buf, size_t size, size_t *ret_len)
{
	struct place place;
	int err;

	err = find(host, path, &place);
	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		int len;

		if (strcmp(attributes[i].name, place.rest) || !is_here(&attributes[i], &place))
			continue;
		len = attributes[i].show(&place, buf, size);
		if (len < 0)
			return len;
		if ((size_t)len >= size)
			return -EMSGSIZE;
		buf[len] = '\0';
		if (ret_len)
			*ret_len = len;
		return 0;
	}
	return -ENOENT;
}

/* -------------------------------------------------------------------- links */

int emu_sysfs_link(struct emu_host *host, const char *path, char *buf, size_t size)
{
	struct place place;
	unsigned int vf;
	char end;
	int err, len = -1;

	err = find(host, path, &place);
	if (err)
		return err;
	if (!strcmp(place.rest, "driver"))
		len = snprintf(buf, size, "%s", place.slot < 0 ? "nvvgpu_core" : "nvvgpu_vfio");
	else if (!strcmp(place.rest, "physfn") && place.slot >= 0)
		len = snprintf(buf, size, "%s", place.gpu->address);
	else if (place.slot < 0 && sscanf(place.rest, "virtfn%u%c", &vf, &end) == 1 &&
		 vf < place.gpu->data->vfs_total) {
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

		stop = each(gpu->address, arg);
		for (unsigned int vf = 0; !stop && vf < gpu->data->vfs_total; vf++) {
			char name[32];

			emu_gpu_vf_address(gpu, vf, name, sizeof(name));
			stop = each(name, arg);
		}
	}
	return stop;
}

static int list_function(const struct place *place, int (*each)(const char *name, void *arg),
			 void *arg)
{
	char name[32];
	int stop;

	stop = each("driver", arg);
	for (size_t i = 0; !stop && i < ARRAY_SIZE(attributes); i++)
		if (!strchr(attributes[i].name, '/') && is_here(&attributes[i], place))
			stop = each(attributes[i].name, arg);
	if (!stop && place->slot >= 0)
		stop = each("nvidia", arg);
	if (!stop && place->slot >= 0)
		stop = each("physfn", arg);
	for (unsigned int vf = 0; !stop && place->slot < 0 && vf < place->gpu->data->vfs_total; vf++) {
		snprintf(name, sizeof(name), "virtfn%u", vf);
		stop = each(name, arg);
	}
	return stop;
}

static int list_manager(const struct place *place, int (*each)(const char *name, void *arg),
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
	struct place place;
	int err;

	if (!strcmp(path, DEVICES))
		return list_functions(host, each, arg);
	err = find(host, path, &place);
	if (err)
		return err;
	if (!*place.rest)
		return list_function(&place, each, arg);
	if (!strcmp(place.rest, "nvidia") && place.slot >= 0)
		return list_manager(&place, each, arg);
	return -ENOENT;
}
