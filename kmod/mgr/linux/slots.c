// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Boards without SR-IOV: their vGPUs have no functions of their own, so somebody else has to show
 * them to VFIO.  Whoever does is the driver of an auxiliary device, a child of the manager's own:
 * it comes when the manager is up, and is unbound before the manager goes.
 */
#include <linux/slab.h>
#include "outstanding.h"
#include "glue.h"

static atomic_t devices = ATOMIC_INIT(0);

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
	slots->parent = (struct nvvgpu_mgr_parent) {
		.pdev = md->pdev, .md = md, .slot = NVVGPU_SLOT_ANY,
	};
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
