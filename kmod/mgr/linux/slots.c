// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Boards without SR-IOV: their vGPUs have no functions of their own, so somebody else has to show
 * them to VFIO.  Whoever does is the driver of an auxiliary device, a child of the manager's own:
 * it comes when the manager is up, and is unbound before the manager goes.
 */
#include <linux/slab.h>
#include "outstanding.h"
#include "../internal.h"
#include "glue.h"

static atomic_t devices = ATOMIC_INIT(0);

/* ------------------------------------------------------------- coming and going */

static void release(struct device *dev)
{
	kfree(container_of(dev, struct nvvgpu_mgr_slots, aux.dev));
	outstanding_drop(&devices);
}

static struct nvvgpu_mgr_slots *new_slots(struct mgr_device *md)
{
	struct nvvgpu_mgr_slots *slots;

	slots = kzalloc(sizeof(*slots), GFP_KERNEL);
	if (!slots)
		return NULL;
	slots->pdev = md->pdev;
	slots->md = md;
	slots->aux.name = NVVGPU_MGR_SLOTS_NAME;
	slots->aux.id = md->aux->id;
	slots->aux.dev.parent = &md->aux->dev;
	slots->aux.dev.release = release;
	if (auxiliary_device_init(&slots->aux)) {
		kfree(slots);
		return NULL;
	}
	outstanding_add(&devices);
	return slots;
}

int mgr_slots_add(struct mgr_device *md, struct nvvgpu_mgr_slots **ret)
{
	struct nvvgpu_mgr_slots *slots;
	int err;

	if (md->sriov)
		return 0;
	slots = new_slots(md);
	if (!slots)
		return -ENOMEM;
	err = auxiliary_device_add(&slots->aux);
	if (err) {
		auxiliary_device_uninit(&slots->aux);
		return err;
	}
	*ret = slots;
	return 0;
}

void mgr_slots_remove(struct nvvgpu_mgr_slots *slots)
{
	if (!slots)
		return;
	auxiliary_device_delete(&slots->aux);
	auxiliary_device_uninit(&slots->aux);
}

void mgr_slots_exit(void)
{
	outstanding_wait(&devices);
}

/* ------------------------------------------------------- for the driver of the slots */

int nvvgpu_mgr_slots_types(struct nvvgpu_mgr_slots *slots, struct nvvgpu_type_desc *types)
{
	struct nvvgpu_mgr *mgr;
	int count;

	count = mgr_device_enter(slots->md);
	if (count)
		return count;
	mgr = slots->md->mgr;
	mutex_lock(&mgr->lock);
	count = mgr->types.count;
	memcpy(types, mgr->types.desc, array_size(count, sizeof(*types)));
	mutex_unlock(&mgr->lock);
	mgr_device_leave(slots->md);
	return count;
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_slots_types);

u32 nvvgpu_mgr_slots_available(struct nvvgpu_mgr_slots *slots, u32 type_id)
{
	u32 count;

	if (mgr_device_enter(slots->md))
		return 0;
	count = nvvgpu_mgr_mdev_available(slots->md->mgr, NVVGPU_SLOT_ANY, type_id);
	mgr_device_leave(slots->md);
	return count;
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_slots_available);

int nvvgpu_mgr_slots_create(struct nvvgpu_mgr_slots *slots, u32 type_id, const u8 *uuid)
{
	int err;

	err = mgr_device_enter(slots->md);
	if (err)
		return err;
	err = nvvgpu_mgr_mdev_create(slots->md->mgr, NVVGPU_SLOT_ANY, type_id, uuid);
	mgr_device_leave(slots->md);
	return err;
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_slots_create);

/* Not mgr_device_enter(): what has to be given back is, also when the caller is being killed. */
int nvvgpu_mgr_slots_destroy(struct nvvgpu_mgr_slots *slots, const u8 *uuid)
{
	struct mgr_device *md = slots->md;
	int err = -ENODEV;

	down_read(&md->gate);
	if (md->mgr)
		err = nvvgpu_mgr_mdev_destroy(md->mgr, uuid);
	up_read(&md->gate);
	return err;
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_slots_destroy);

/* User space may destroy it in between, and give its slot to another. */
static int open_uuid(struct nvvgpu_mgr *mgr, const u8 *uuid, u32 vm_pid,
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

int nvvgpu_mgr_slots_open(struct nvvgpu_mgr_slots *slots, const u8 *uuid, u32 vm_pid,
			  struct nvvgpu_mgr_vgpu **ret)
{
	int err;

	err = mgr_device_enter(slots->md);
	if (err)
		return err;
	err = open_uuid(slots->md->mgr, uuid, vm_pid, ret);
	mgr_device_leave(slots->md);
	return err;
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_slots_open);

ssize_t nvvgpu_mgr_slots_show_params(struct nvvgpu_mgr_slots *slots, const u8 *uuid, char *buf)
{
	struct nvvgpu_vgpu_info info;
	ssize_t n;

	n = mgr_device_enter(slots->md);
	if (n)
		return n;
	n = nvvgpu_mgr_mdev_find(slots->md->mgr, uuid, &info);
	if (!n)
		n = nvvgpu_mgr_show_params(slots->md->mgr, info.slot, buf);
	mgr_device_leave(slots->md);
	return n;
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_slots_show_params);

ssize_t nvvgpu_mgr_slots_store_params(struct nvvgpu_mgr_slots *slots, const u8 *uuid,
				      const char *buf, size_t len)
{
	struct nvvgpu_vgpu_info info;
	ssize_t n;

	n = mgr_device_enter(slots->md);
	if (n)
		return n;
	n = nvvgpu_mgr_mdev_find(slots->md->mgr, uuid, &info);
	if (!n)
		n = nvvgpu_mgr_store_params(slots->md->mgr, info.slot, buf, len);
	mgr_device_leave(slots->md);
	return n;
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_slots_store_params);
