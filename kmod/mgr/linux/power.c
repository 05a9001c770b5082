// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Suspend and resume.  The manager's auxiliary device is a child of the physical function, so it
 * goes before the core driver and comes back after it; the core forgets everything in between.
 * What the manager knows is kept as a warm-update image, taken and given back as user space does.
 *
 * User space is frozen then, so nobody is on the way out of nvvgpu_mgr_close(), the one call that
 * is made without the gate.
 */
#include <linux/pm.h>
#include "../internal.h"
#include "glue.h"

static bool any_open(struct nvvgpu_mgr *mgr)
{
	bool open = false;
	u32 slot;

	mutex_lock(&mgr->lock);
	for (slot = 0; slot < NVVGPU_MAX_VGPUS; slot++)
		open |= mgr->vgpus[slot] && mgr->vgpus[slot]->open;
	mutex_unlock(&mgr->lock);
	return open;
}

/* The gate is held for writing. */
static int take_image(struct mgr_device *md)
{
	if (any_open(md->mgr))
		return -EBUSY;
	return mgr_warm_save(md->mgr, &md->image, &md->image_len);
}

static int suspend(struct device *dev)
{
	struct mgr_device *md = dev_get_drvdata(dev);
	struct nvvgpu_mgr *mgr;
	int err = 0;

	down_write(&md->gate);
	mgr = md->mgr;
	if (mgr)
		err = take_image(md);
	if (!err)
		md->mgr = NULL;
	up_write(&md->gate);
	if (mgr && !err)
		nvvgpu_mgr_stop_warm(mgr);
	return err;
}

/* Without its vGPUs the GPU can still be used. */
static void give_back(struct mgr_device *md, struct nvvgpu_mgr *mgr)
{
	int err;

	err = mgr_device_set_vfs(md, mgr, pci_num_vf(md->pdev));
	if (!err)
		err = mgr_warm_restore(mgr, md->image, md->image_len, NULL);
	if (err) {
		dev_err(&md->pdev->dev, "the vGPUs were lost in suspend: %d\n", err);
		md->saved_at = 0;
	}
	kvfree(md->image);
	md->image = NULL;
}

static int resume(struct device *dev)
{
	struct mgr_device *md = dev_get_drvdata(dev);
	struct nvvgpu_mgr *mgr;
	int err;

	if (!md->image)
		return 0;	/* there was no manager before either */
	err = mgr_device_start(md, &mgr);
	if (err) {
		mgr_device_hang_up(md);
		return err;
	}
	give_back(md, mgr);
	down_write(&md->gate);
	md->mgr = mgr;
	WRITE_ONCE(md->gone, false);	/* set when an earlier resume failed */
	up_write(&md->gate);
	/* what the suspend kept from being sent, and who polls with an older cursor */
	mgr_host_ops.event(md);
	return 0;
}

DEFINE_SIMPLE_DEV_PM_OPS(mgr_pm_ops, suspend, resume);
