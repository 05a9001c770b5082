// SPDX-License-Identifier: MIT
/*
 * framework=mdev: the boards as a driver of the mdev era shows them.
 *
 *   bus/pci/devices/<parent>/mdev_supported_types/nvidia-<id>/	a type, and create
 *   bus/mdev/devices/<uuid>/					a vGPU
 *
 * A parent is a virtual function, or the GPU of a board without SR-IOV.  What the files print and
 * do is the manager's (kmod/mgr/mdev.c); what the kernel's mdev core adds is here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "emu.h"
#include "internal.h"

#define TYPES	"mdev_supported_types"
#define MDEVS	"bus/mdev/devices"
#define PARAMS	"nvidia/vgpu_params"

static const char *const type_files[] = {
	"available_instances", "create", "description", "device_api", "devices", "name",
};

static const char *const mdev_files[] = {
	"driver", "iommu_group", "mdev_type", "nvidia", "remove",
};

/* What follows a component of a path: "" at the end, NULL when the path does not begin with it. */
static const char *after(const char *path, const char *component)
{
	size_t len = strlen(component);

	if (strncmp(path, component, len) || (path[len] && path[len] != '/'))
		return NULL;
	return path[len] ? path + len + 1 : path + len;
}

/* A text for an attribute: what a reader gets. */
static int give(const char *text, char *buf, size_t size, size_t *ret_len)
{
	size_t len = strlen(text);

	if (len >= size)
		return -EMSGSIZE;
	memcpy(buf, text, len + 1);
	if (ret_len)
		*ret_len = len;
	return 0;
}

static int give_name(const char *name, char *buf, size_t size)
{
	return give(name, buf, size, NULL);
}

static int list_names(const char *const *names, size_t count,
		      int (*each)(const char *name, void *arg), void *arg)
{
	int stop = 0;

	for (size_t i = 0; !stop && i < count; i++)
		stop = each(names[i], arg);
	return stop;
}

/* -------------------------------------------------------------------- vGPUs */

static int vgpus_of(struct emu_gpu *gpu, struct nvvgpu_vgpu_info infos[NVVGPU_MAX_VGPUS],
		    u32 *ret_count)
{
	struct nvvgpu_ioctl_vgpu_list list = {
		.size = sizeof(list),
		.count = NVVGPU_MAX_VGPUS,
		.infos = (uintptr_t)infos,
	};
	int err = emu_gpu_begin(gpu, EMU_READ);

	if (err)
		return err;
	err = nvvgpu_mgr_ioctl(gpu->mgr, NVVGPU_IOCTL_VGPU_LIST, &list, false);
	emu_gpu_end(gpu, EMU_READ);
	*ret_count = list.count;
	return err;
}

int emu_mdev_find(struct emu_host *host, const u8 *uuid, struct emu_gpu **ret_gpu,
		  struct nvvgpu_vgpu_info *info)
{
	int err = -ENOENT;

	for (size_t i = 0; err == -ENOENT && i < host->gpu_count; i++) {
		struct emu_gpu *gpu = &host->gpus[i];

		err = emu_gpu_begin(gpu, EMU_READ);
		if (err)
			break;
		err = nvvgpu_mgr_mdev_find(gpu->mgr, uuid, info) ? -ENOENT : 0;
		emu_gpu_end(gpu, EMU_READ);
		*ret_gpu = gpu;
	}
	return err;
}

/* -------------------------------------------------------------- their types */

/* A type of a parent, and what follows its directory. */
struct type_place {
	struct emu_place parent;
	u32 slot;
	const struct nvvgpu_type_desc *type;
	const char *rest;
};

static void type_name(const struct nvvgpu_type_desc *type, char name[16])
{
	snprintf(name, 16, "nvidia-%u", type->id);
}

static const struct nvvgpu_type_desc *type_of_id(const struct emu_gpu *gpu, u32 id)
{
	for (u32 i = 0; i < gpu->data->type_count; i++)
		if (gpu->data->types[i].id == id)
			return &gpu->data->types[i];
	return NULL;
}

bool emu_mdev_is_parent(const struct emu_place *place)
{
	return place->host->framework == EMU_MDEV &&
	       (place->slot >= 0) == (place->gpu->data->vfs_total > 0);
}

/* What follows mdev_supported_types of a parent; NULL: the path is not in one */
static const char *in_types(struct emu_host *host, const char *path, struct emu_place *parent)
{
	if (emu_sysfs_find(host, path, parent) || !emu_mdev_is_parent(parent))
		return NULL;
	return after(parent->rest, TYPES);
}

static int find_type(const struct emu_place *parent, const char *rest, struct type_place *place)
{
	const struct nvvgpu_emu_board_data *data = parent->gpu->data;
	char name[16];

	place->parent = *parent;
	place->slot = parent->slot < 0 ? NVVGPU_SLOT_ANY : (u32)parent->slot;
	for (u32 i = 0; i < data->type_count; i++) {
		type_name(&data->types[i], name);
		place->rest = after(rest, name);
		if (place->rest) {
			place->type = &data->types[i];
			return 0;
		}
	}
	return -ENOENT;
}

static int read_available(const struct type_place *place, char *text, size_t size)
{
	struct emu_gpu *gpu = place->parent.gpu;
	int err = emu_gpu_begin(gpu, EMU_READ);

	if (err)
		return err;
	snprintf(text, size, "%u\n",
		 nvvgpu_mgr_mdev_available(gpu->mgr, place->slot, place->type->id));
	emu_gpu_end(gpu, EMU_READ);
	return 0;
}

static int read_type(const struct type_place *place, char *buf, size_t size, size_t *ret_len)
{
	char text[PAGE_SIZE];
	int err = 0;

	if (!strcmp(place->rest, "name"))
		snprintf(text, sizeof(text), "%s\n", place->type->name);
	else if (!strcmp(place->rest, "description"))
		nvvgpu_mgr_show_mdev_description(place->type, text);
	else if (!strcmp(place->rest, "device_api"))
		snprintf(text, sizeof(text), "vfio-pci\n");
	else if (!strcmp(place->rest, "available_instances"))
		err = read_available(place, text, sizeof(text));
	else
		err = strcmp(place->rest, "create") ? -ENOENT : -EACCES;
	return err ? err : give(text, buf, size, ret_len);
}

/* As the mdev core takes it: a 37th character, a newline, is not looked at. */
static int parse_uuid(const char *value, u8 *uuid)
{
	char text[37];

	if (strlen(value) != 36 && strlen(value) != 37)
		return -EINVAL;
	memcpy(text, value, 36);
	text[36] = '\0';
	return uuid_parse_text(text, uuid);
}

/* A uuid is one on the whole host; the same at once on two GPUs is not caught. */
static int create(struct emu_host *host, const struct type_place *place, const char *value)
{
	struct emu_gpu *gpu = place->parent.gpu, *other;
	struct nvvgpu_vgpu_info info;
	u8 uuid[NVVGPU_UUID_LEN];
	int err, end;

	err = parse_uuid(value, uuid);
	if (err)
		return err;
	if (!emu_mdev_find(host, uuid, &other, &info))
		return -EEXIST;
	err = emu_gpu_begin(gpu, EMU_CHANGE);
	if (err)
		return err;
	err = nvvgpu_mgr_mdev_create(gpu->mgr, place->slot, place->type->id, uuid);
	end = emu_gpu_end(gpu, EMU_CHANGE);
	return err ? err : end;
}

/* The directory devices/: links to the mdevs of this type on this parent. */
static int list_devices(const struct type_place *place,
			int (*each)(const char *name, void *arg), void *arg)
{
	struct nvvgpu_vgpu_info infos[NVVGPU_MAX_VGPUS];
	int stop = 0;
	char name[37];
	u32 count;

	stop = vgpus_of(place->parent.gpu, infos, &count);
	for (u32 i = 0; !stop && i < count; i++) {
		if (infos[i].type_id != place->type->id ||
		    (place->slot != NVVGPU_SLOT_ANY && infos[i].slot != place->slot))
			continue;
		uuid_format(infos[i].uuid, name);
		stop = each(name, arg);
	}
	return stop;
}

static int list_types(const struct emu_place *parent, const char *rest,
		      int (*each)(const char *name, void *arg), void *arg)
{
	const struct nvvgpu_emu_board_data *data = parent->gpu->data;
	struct type_place place;
	char name[16];
	int stop = 0;

	if (*rest) {
		stop = find_type(parent, rest, &place);
		if (stop)
			return stop;
		if (!*place.rest)
			return list_names(type_files, ARRAY_SIZE(type_files), each, arg);
		return strcmp(place.rest, "devices") ? -ENOENT : list_devices(&place, each, arg);
	}
	for (u32 i = 0; !stop && i < data->type_count; i++) {
		type_name(&data->types[i], name);
		stop = each(name, arg);
	}
	return stop;
}

/* -------------------------------------------------------------------- mdevs */

/* An mdev, and what follows its directory. */
struct mdev_place {
	struct emu_gpu *gpu;
	struct nvvgpu_vgpu_info info;
	char name[37];
	const char *rest;
};

static int find_mdev(struct emu_host *host, const char *rest, struct mdev_place *place)
{
	u8 uuid[NVVGPU_UUID_LEN];

	if (strlen(rest) < 36)
		return -ENOENT;
	memcpy(place->name, rest, 36);
	place->name[36] = '\0';
	place->rest = after(rest, place->name);
	if (!place->rest || uuid_parse_text(place->name, uuid))
		return -ENOENT;
	return emu_mdev_find(host, uuid, &place->gpu, &place->info);
}

static int read_mdev(struct mdev_place *place, char *buf, size_t size, size_t *ret_len)
{
	char text[PAGE_SIZE];
	ssize_t len;

	if (strcmp(place->rest, PARAMS))
		return strcmp(place->rest, "remove") ? -ENOENT : -EACCES;
	len = emu_gpu_begin(place->gpu, EMU_READ);
	if (len)
		return len;
	len = nvvgpu_mgr_show_params(place->gpu->mgr, place->info.slot, text);
	emu_gpu_end(place->gpu, EMU_READ);
	return len < 0 ? (int)len : give(text, buf, size, ret_len);
}

/* In the kernel this waits until the device is closed. */
static int remove_mdev(struct emu_gpu *gpu, const u8 *uuid, const char *value)
{
	u32 yes;

	if (kstrtou32(value, 0, &yes))
		return -EINVAL;
	return yes ? nvvgpu_mgr_mdev_destroy(gpu->mgr, uuid) : 0;
}

static int store_params(struct emu_gpu *gpu, const u8 *uuid, const char *value)
{
	struct nvvgpu_vgpu_info now;
	ssize_t len;

	len = nvvgpu_mgr_mdev_find(gpu->mgr, uuid, &now);
	if (!len)
		len = nvvgpu_mgr_store_params(gpu->mgr, now.slot, value, strlen(value));
	return len < 0 ? (int)len : 0;
}

static int write_mdev(struct mdev_place *place, const char *value)
{
	bool remove = !strcmp(place->rest, "remove");
	int err, end;

	if (!remove && strcmp(place->rest, PARAMS))
		return -ENOENT;
	err = emu_gpu_begin(place->gpu, EMU_CHANGE);
	if (err)
		return err;
	err = (remove ? remove_mdev : store_params)(place->gpu, place->info.uuid, value);
	end = emu_gpu_end(place->gpu, EMU_CHANGE);
	return err ? err : end;
}

static void parent_name(const struct mdev_place *place, char *buf, size_t size)
{
	if (place->gpu->data->vfs_total)
		emu_gpu_vf_address(place->gpu, place->info.slot, buf, size);
	else
		snprintf(buf, size, "%s", place->gpu->address);
}

static int link_mdev(struct mdev_place *place, char *buf, size_t size)
{
	const struct nvvgpu_type_desc *type = type_of_id(place->gpu, place->info.type_id);
	char name[16];

	if (!*place->rest)
		return give_name(place->name, buf, size);
	if (!strcmp(place->rest, "driver"))
		return give_name("nvvgpu_mdev", buf, size);
	if (!strcmp(place->rest, "iommu_group")) {
		snprintf(name, sizeof(name), "%u", (place->gpu->bus << 6) + place->info.slot);
		return give_name(name, buf, size);
	}
	if (strcmp(place->rest, "mdev_type") || !type)
		return -ENOENT;
	type_name(type, name);
	return give_name(name, buf, size);
}

static int list_gpu_mdevs(struct emu_gpu *gpu, int (*each)(const char *name, void *arg), void *arg)
{
	struct nvvgpu_vgpu_info infos[NVVGPU_MAX_VGPUS];
	char name[37];
	u32 count;
	int stop;

	stop = vgpus_of(gpu, infos, &count);
	for (u32 i = 0; !stop && i < count; i++) {
		uuid_format(infos[i].uuid, name);
		stop = each(name, arg);
	}
	return stop;
}

static int list_mdevs(struct emu_host *host, const char *rest,
		      int (*each)(const char *name, void *arg), void *arg)
{
	struct mdev_place place;
	int stop = 0;

	if (!*rest) {
		for (size_t i = 0; !stop && i < host->gpu_count; i++)
			stop = list_gpu_mdevs(&host->gpus[i], each, arg);
		return stop;
	}
	stop = find_mdev(host, rest, &place);
	if (stop)
		return stop;
	if (!*place.rest)
		return list_names(mdev_files, ARRAY_SIZE(mdev_files), each, arg);
	return strcmp(place.rest, "nvidia") ? -ENOENT : each("vgpu_params", arg);
}

/* ----------------------------------------------------------------- the door */

/* What follows the directory of mdevs, which is there when the mdev core is. */
static const char *in_mdevs(struct emu_host *host, const char *path)
{
	return host->framework == EMU_MDEV ? after(path, MDEVS) : NULL;
}

int emu_mdev_read(struct emu_host *host, const char *path, char *buf, size_t size, size_t *ret_len)
{
	const char *rest = in_mdevs(host, path);
	struct emu_place parent;
	struct type_place type;
	struct mdev_place mdev;
	int err;

	if (rest) {
		err = find_mdev(host, rest, &mdev);
		return err ? err : read_mdev(&mdev, buf, size, ret_len);
	}
	rest = in_types(host, path, &parent);
	err = rest ? find_type(&parent, rest, &type) : -ENOENT;
	return err ? err : read_type(&type, buf, size, ret_len);
}

int emu_mdev_write(struct emu_host *host, const char *path, const char *value)
{
	const char *rest = in_mdevs(host, path);
	struct emu_place parent;
	struct type_place type;
	struct mdev_place mdev;
	int err;

	if (rest) {
		err = find_mdev(host, rest, &mdev);
		return err ? err : write_mdev(&mdev, value);
	}
	rest = in_types(host, path, &parent);
	err = rest ? find_type(&parent, rest, &type) : -ENOENT;
	if (!err && strcmp(type.rest, "create"))
		err = -EACCES;
	return err ? err : create(host, &type, value);
}

int emu_mdev_link(struct emu_host *host, const char *path, bool parent, char *buf, size_t size)
{
	const char *rest = in_mdevs(host, path);
	struct mdev_place mdev;
	char name[24];
	int err;

	err = rest ? find_mdev(host, rest, &mdev) : -ENOENT;
	if (err)
		return err;
	if (!parent)
		return link_mdev(&mdev, buf, size);
	if (*mdev.rest)
		return -ENOENT;
	parent_name(&mdev, name, sizeof(name));
	return give_name(name, buf, size);
}

int emu_mdev_list(struct emu_host *host, const char *path,
		  int (*each)(const char *name, void *arg), void *arg)
{
	const char *rest = in_mdevs(host, path);
	struct emu_place parent;

	if (rest)
		return list_mdevs(host, rest, each, arg);
	rest = in_types(host, path, &parent);
	return rest ? list_types(&parent, rest, each, arg) : -ENOENT;
}
