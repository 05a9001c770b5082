// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* The back end of mediated devices: see mdev_ops.h. */
#include "../internal.h"
#include "glue.h"
#include "mdev_ops.h"

int nvvgpu_mgr_vf_parent(struct pci_dev *vf, struct nvvgpu_mgr_parent *ret)
{
	struct mgr_device *md = mgr_device_get(pci_physfn(vf));
	int slot = pci_iov_vf_id(vf);

	if (!md)
		return -ENODEV;
	if (md->framework != NVVGPU_BOARD_MDEV || slot < 0 || slot >= md->slots) {
		mgr_device_put(md);
		return -ENODEV;
	}
	*ret = (struct nvvgpu_mgr_parent) { .pdev = vf, .md = md, .slot = slot };
	return 0;
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_vf_parent);

void nvvgpu_mgr_vf_parent_put(const struct nvvgpu_mgr_parent *parent)
{
	mgr_device_put(parent->md);
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_vf_parent_put);

static int get_types(const struct nvvgpu_mgr_parent *parent, struct nvvgpu_type_desc *types)
{
	struct nvvgpu_mgr *mgr;
	int count;

	count = mgr_device_enter(parent->md);
	if (count)
		return count;
	mgr = parent->md->mgr;
	mutex_lock(&mgr->lock);
	count = mgr->types.count;
	memcpy(types, mgr->types.desc, array_size(count, sizeof(*types)));
	mutex_unlock(&mgr->lock);
	mgr_device_leave(parent->md);
	return count;
}

static u32 get_instances(const struct nvvgpu_mgr_parent *parent, u32 type_id)
{
	u32 count;

	if (mgr_device_enter(parent->md))
		return 0;
	count = nvvgpu_mgr_mdev_available(parent->md->mgr, parent->slot, type_id);
	mgr_device_leave(parent->md);
	return count;
}

static int vgpu_create(const struct nvvgpu_mgr_parent *parent, u32 type_id, const u8 *uuid)
{
	int err;

	err = mgr_device_enter(parent->md);
	if (err)
		return err;
	err = nvvgpu_mgr_mdev_create(parent->md->mgr, parent->slot, type_id, uuid);
	mgr_device_leave(parent->md);
	return err;
}

/* Not mgr_device_enter(): what has to be given back is, also when the caller is being killed. */
static int vgpu_delete(const struct nvvgpu_mgr_parent *parent, const u8 *uuid)
{
	struct mgr_device *md = parent->md;
	int err = -ENODEV;

	down_read(&md->gate);
	if (md->mgr)
		err = nvvgpu_mgr_mdev_destroy(md->mgr, uuid);
	up_read(&md->gate);
	return err;
}

/* User space may destroy it in between, and give its slot to another. */
static int start_uuid(struct nvvgpu_mgr *mgr, const u8 *uuid, u32 vm_pid,
		      struct nvvgpu_mgr_vgpu **ret)
{
	struct nvvgpu_mgr_vgpu *vgpu;
	struct nvvgpu_vgpu_info info;
	int err;

	err = nvvgpu_mgr_mdev_find(mgr, uuid, &info);
	if (!err)
		err = nvvgpu_mgr_open(mgr, info.slot, vm_pid, &vgpu);
	if (err)
		return err;
	if (memcmp(vgpu->uuid, uuid, sizeof(vgpu->uuid))) {
		nvvgpu_mgr_close(vgpu);
		return -ENODEV;
	}
	*ret = vgpu;
	return 0;
}

static int vgpu_start(const struct nvvgpu_mgr_parent *parent, const u8 *uuid, u32 vm_pid,
		      struct nvvgpu_mgr_vgpu **ret)
{
	int err;

	err = mgr_device_enter(parent->md);
	if (err)
		return err;
	err = start_uuid(parent->md->mgr, uuid, vm_pid, ret);
	mgr_device_leave(parent->md);
	return err;
}

static ssize_t get_params(const struct nvvgpu_mgr_parent *parent, const u8 *uuid, char *buf)
{
	struct nvvgpu_vgpu_info info;
	ssize_t n;

	n = mgr_device_enter(parent->md);
	if (n)
		return n;
	n = nvvgpu_mgr_mdev_find(parent->md->mgr, uuid, &info);
	if (!n)
		n = nvvgpu_mgr_show_params(parent->md->mgr, info.slot, buf);
	mgr_device_leave(parent->md);
	return n;
}

static ssize_t update_request(const struct nvvgpu_mgr_parent *parent, const u8 *uuid,
			      const char *buf, size_t len)
{
	struct nvvgpu_vgpu_info info;
	ssize_t n;

	n = mgr_device_enter(parent->md);
	if (n)
		return n;
	n = nvvgpu_mgr_mdev_find(parent->md->mgr, uuid, &info);
	if (!n)
		n = nvvgpu_mgr_store_params(parent->md->mgr, info.slot, buf, len);
	mgr_device_leave(parent->md);
	return n;
}

static const struct nvvgpu_mdev_ops mdev_ops = {
	.version_string = NVVGPU_MDEV_OPS_VERSION,
	.get_types = get_types,
	.get_description = nvvgpu_mgr_show_mdev_description,
	.get_instances = get_instances,
	.vgpu_create = vgpu_create,
	.vgpu_delete = vgpu_delete,
	.get_params = get_params,
	.update_request = update_request,
	.vgpu_start = vgpu_start,
	.vgpu_stop = nvvgpu_mgr_close,
	.vgpu_reset = nvvgpu_mgr_reset,
	.vgpu_set_bus_master = nvvgpu_mgr_set_bus_master,
	.vgpu_type = nvvgpu_mgr_vgpu_type,
	.vgpu_bar_read = nvvgpu_mgr_bar_read,
	.vgpu_bar_write = nvvgpu_mgr_bar_write,
};

int nvvgpu_mgr_mdev_get_ops(struct nvvgpu_mdev_ops *ops)
{
	if (strncmp(ops->version_string, NVVGPU_MDEV_OPS_VERSION, sizeof(ops->version_string))) {
		strscpy(ops->version_string, NVVGPU_MDEV_OPS_VERSION, sizeof(ops->version_string));
		return -EPROTONOSUPPORT;
	}
	*ops = mdev_ops;
	return 0;
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_mdev_get_ops);
