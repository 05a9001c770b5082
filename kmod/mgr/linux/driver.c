// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The vGPU manager as a driver of the auxiliary device that the core driver makes for each
 * physical function.
 *
 * Locks, in the order in which they may be taken:
 *
 *  (device locks of a function, then the core's sriov_lock)
 *  board_lock	a front end of mediated devices gets the board, or loses it.  Held while it
 *		waits for who has a vGPU open; all below comes under it.
 *  vf_lock	our files come into a VF's sysfs and go from it.  Removing them waits for who
 *		reads or writes one, so this is taken before all that a show function takes,
 *		and nobody waits for it with the gate held.
 *  uevent_lock	one sends uevents; the character device stays.
 *  lock of an open file (chardev.c)
 *  gate	an rwsem: the manager stays.  Held for reading across a whole request, for
 *		writing only by who makes md->mgr or takes it away, and then without any wait
 *		for sysfs, debugfs or a work item.
 *  those of ../internal.h
 *
 *  devices_lock	the list of managers; nothing else is taken under it.
 *
 * The manager calls host_ops->event() with the gate held (or from the core's interrupt thread),
 * so that function takes no lock.
 */
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/module.h>
#include "../internal.h"
#include "glue.h"

static DEFINE_MUTEX(devices_lock);
static LIST_HEAD(devices);
static DEFINE_IDA(minors);

/* -------------------------------------------------------- who knows a manager */

struct mgr_device *mgr_device_get(const struct pci_dev *pf)
{
	struct mgr_device *md, *found = NULL;

	mutex_lock(&devices_lock);
	list_for_each_entry(md, &devices, entry)
		if (md->pdev == pf)
			found = md;
	if (found)
		kref_get(&found->ref);
	mutex_unlock(&devices_lock);
	return found;
}

struct mgr_device *mgr_device_get_minor(unsigned int minor)
{
	struct mgr_device *md, *found = NULL;

	mutex_lock(&devices_lock);
	list_for_each_entry(md, &devices, entry)
		if (md->minor == minor)
			found = md;
	if (found)
		kref_get(&found->ref);
	mutex_unlock(&devices_lock);
	return found;
}

static void release(struct kref *ref)
{
	struct mgr_device *md = container_of(ref, struct mgr_device, ref);

	put_device(&md->aux->dev);
	mutex_destroy(&md->board_lock);
	mutex_destroy(&md->vf_lock);
	mutex_destroy(&md->uevent_lock);
	ida_free(&minors, md->minor);
	kvfree(md->image);
	kfree(md);
}

void mgr_device_put(struct mgr_device *md)
{
	kref_put(&md->ref, release);
}

static void list(struct mgr_device *md)
{
	mutex_lock(&devices_lock);
	list_add_tail(&md->entry, &devices);
	mutex_unlock(&devices_lock);
}

static void unlist(struct mgr_device *md)
{
	mutex_lock(&devices_lock);
	list_del(&md->entry);
	mutex_unlock(&devices_lock);
}

int mgr_device_enter(struct mgr_device *md)
{
	if (down_read_killable(&md->gate))
		return -EINTR;
	if (md->mgr)
		return 0;
	up_read(&md->gate);
	return -ENODEV;
}

void mgr_device_leave(struct mgr_device *md)
{
	up_read(&md->gate);
}

void mgr_device_hang_up(struct mgr_device *md)
{
	WRITE_ONCE(md->gone, true);
	atomic_inc(&md->news);
	wake_up_interruptible_poll(&md->wait, EPOLLHUP | EPOLLERR);
}

/* -------------------------------------------------------------------- SR-IOV */

u32 mgr_vf_id(const struct mgr_device *md, u32 slot)
{
	return pci_dev_id(md->pdev) + md->vf_offset + md->vf_stride * slot;
}

void mgr_vf_address(const struct mgr_device *md, u32 slot, char address[MGR_ADDRESS_LEN])
{
	u32 id = mgr_vf_id(md, slot);

	snprintf(address, MGR_ADDRESS_LEN, "%04x:%02x:%02x.%d", pci_domain_nr(md->pdev->bus),
		 PCI_BUS_NUM(id), PCI_SLOT(id), PCI_FUNC(id));
}

int mgr_device_set_vfs(struct mgr_device *md, struct nvvgpu_mgr *mgr, unsigned int vfs)
{
	return md->sriov ? nvvgpu_mgr_set_slots_enabled(mgr, min(vfs, md->slots)) : 0;
}

static int set_vfs(struct mgr_device *md, unsigned int vfs)
{
	int err = 0;

	down_read(&md->gate);
	if (md->mgr)
		err = mgr_device_set_vfs(md, md->mgr, vfs);
	up_read(&md->gate);
	return err;
}

/* When there are to be fewer, no vGPU may be created from here on where none can stay. */
static int vfs_may_change(void *priv, unsigned int vfs)
{
	struct mgr_device *md = priv;

	return vfs < pci_num_vf(md->pdev) ? set_vfs(md, vfs) : 0;
}

static void vfs_going(void *priv)
{
	struct mgr_device *md = priv;

	mgr_debugfs_remove_logs(md);
	mgr_vf_sysfs_remove(md);
	down_read(&md->gate);
	if (md->mgr)
		nvvgpu_mgr_forget_placements(md->mgr);
	up_read(&md->gate);
}

/* -EBUSY: the board goes away with vGPUs on it; so will the manager, and take them along. */
static void vfs_changed(void *priv, unsigned int vfs)
{
	struct mgr_device *md = priv;

	set_vfs(md, vfs);
	mgr_vf_sysfs_add(md, vfs);
	mgr_debugfs_add_logs(md, vfs);
}

static const struct nvvgpu_core_listener listener = {
	.vfs_may_change = vfs_may_change,
	.vfs_going = vfs_going,
	.vfs_changed = vfs_changed,
};

/* --------------------------------------------------------------------- manager */

int mgr_device_start(struct mgr_device *md, struct nvvgpu_mgr **ret)
{
	struct nvvgpu_core_device *core = nvvgpu_core_device(md->aux);
	struct nvvgpu_mgr_config config = {
		.slots = md->slots,
		.sriov = md->sriov,
		.mixed_size_capable = core->mixed_size,
		.placement_capable = core->placement,
		.placement_units = core->placement_units,
		.driver_version = NVVGPU_VERSION,
		.host_ops = &mgr_host_ops,
		.host_priv = md,
	};
	struct nvvgpu_mgr *mgr;
	int err;

	if (!core->core)	/* it did not come back from suspend, and said why */
		return -ENODEV;
	err = nvvgpu_mgr_start(core->core, &config, &mgr);
	if (err)
		return err;
	if (core->type_count)
		err = nvvgpu_mgr_types_add(mgr, core->types, core->type_count);
	if (err) {
		nvvgpu_mgr_stop(mgr);
		return err;
	}
	*ret = mgr;
	return 0;
}

/*
 * Waits for the requests under way.  No vGPU is open: the drivers of their functions were taken
 * off before.  What WARM_SAVE saved is kept for the next manager, unless something happened since.
 */
static void stop(struct mgr_device *md)
{
	struct nvvgpu_mgr *mgr;

	down_write(&md->gate);
	mgr = md->mgr;
	md->mgr = NULL;
	up_write(&md->gate);
	mgr_device_hang_up(md);
	if (mgr && md->saved_at == nvvgpu_mgr_event_cursor(mgr))
		nvvgpu_mgr_stop_warm(mgr);
	else if (mgr)
		nvvgpu_mgr_stop(mgr);
	cancel_work_sync(&md->uevent_work);
}

static int new_device(struct auxiliary_device *aux, struct mgr_device **ret)
{
	struct nvvgpu_core_device *core = nvvgpu_core_device(aux);
	u32 vfs = pci_sriov_get_totalvfs(core->pdev);
	struct mgr_device *md;
	int minor;

	md = kzalloc(sizeof(*md), GFP_KERNEL);
	if (!md)
		return -ENOMEM;
	minor = ida_alloc_max(&minors, MGR_MINORS - 1, GFP_KERNEL);
	if (minor < 0) {
		kfree(md);
		return minor;
	}
	kref_init(&md->ref);
	md->minor = minor;
	md->aux = aux;
	get_device(&aux->dev);
	md->pdev = core->pdev;
	md->sriov = vfs;
	md->framework = core->framework;
	md->slots = vfs ? min_t(u32, vfs, NVVGPU_MAX_VGPUS) : core->instances;
	init_rwsem(&md->gate);
	init_waitqueue_head(&md->wait);
	mutex_init(&md->vf_lock);
	mutex_init(&md->board_lock);
	mgr_uevent_init(md);
	*ret = md;
	return 0;
}

static int probe(struct auxiliary_device *aux, const struct auxiliary_device_id *id)
{
	struct mgr_device *md;
	int err;

	err = new_device(aux, &md);
	if (err)
		return err;
	err = mgr_device_start(md, &md->mgr);
	if (err)
		goto err_put;
	md->vf_offset = md->mgr->info.vf_offset;
	md->vf_stride = md->mgr->info.vf_stride;
	auxiliary_set_drvdata(aux, md);
	mgr_debugfs_add(md);
	list(md);
	nvvgpu_core_listen(nvvgpu_core_device(aux), &listener, md);
	mgr_mdev_add_board(md);
	/* last, so that who opens it at once sees the VFs */
	err = mgr_chardev_add(md);
	if (err)
		goto err_board;
	return 0;

err_board:
	mgr_mdev_remove_board(md);
	nvvgpu_core_unlisten(nvvgpu_core_device(aux));
	unlist(md);
	mgr_debugfs_remove(md);
	stop(md);
err_put:
	mgr_device_put(md);
	return err;
}

static void remove(struct auxiliary_device *aux)
{
	struct mgr_device *md = auxiliary_get_drvdata(aux);

	mgr_mdev_remove_board(md);
	mgr_chardev_remove(md);
	nvvgpu_core_unlisten(nvvgpu_core_device(aux));	/* the VFs' files go with it */
	unlist(md);
	mgr_debugfs_remove(md);
	stop(md);
	mgr_device_put(md);
}

/* ------------------------------------------------------ for the drivers of the VFs */

static int is_core_device(struct device *dev, void *unused)
{
	return strstarts(dev_name(dev), "nvvgpu_core");
}

/* The physical function has an auxiliary device for a manager, so one may come. */
static bool runs_core(struct pci_dev *pf)
{
	return device_for_each_child(&pf->dev, NULL, is_core_device);
}

/* For as long as somebody may need to look at it. */
static bool lock_soon(struct device *dev)
{
	int tries;

	for (tries = 0; tries < 20; tries++) {
		if (device_trylock(dev))
			return true;
		msleep(5);
	}
	return false;
}

/*
 * The aux device's lock is only tried: who has it binds the manager, or unbinds it, and may wait
 * for sriov_lock, which the caller may hold (VFs are probed while they are being enabled).  With
 * it, the state says whether the manager is there to stay: between two VFs that an unbinding
 * manager has taken off their drivers, the lock is free.  Not only once: a bound manager has the
 * deferred tried again before it drops the lock.
 */
static int link_vf(struct pci_dev *vf, struct device *manager)
{
	int err = -EPROBE_DEFER;

	if (!lock_soon(manager))
		return err;
	if (manager->links.status == DL_DEV_DRIVER_BOUND)
		err = device_link_add(&vf->dev, manager, DL_FLAG_AUTOREMOVE_CONSUMER) ? 0 :
											 -EINVAL;
	device_unlock(manager);
	return err;
}

int nvvgpu_mgr_vf_bind(struct pci_dev *vf)
{
	struct pci_dev *pf = pci_physfn(vf);
	struct mgr_device *md;
	int err;

	if (!vf->is_virtfn)
		return -ENODEV;
	md = mgr_device_get(pf);
	if (!md)
		return runs_core(pf) ? -EPROBE_DEFER : -ENODEV;
	err = link_vf(vf, &md->aux->dev);
	mgr_device_put(md);
	return err;
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_vf_bind);

int mgr_vf_enter(struct pci_dev *vf, struct mgr_device **ret)
{
	struct mgr_device *md;
	int err;

	md = mgr_device_get(pci_physfn(vf));
	if (!md)
		return -ENODEV;
	err = mgr_device_enter(md);
	if (err) {
		mgr_device_put(md);
		return err;
	}
	*ret = md;
	return 0;
}

void mgr_vf_leave(struct mgr_device *md)
{
	mgr_device_leave(md);
	mgr_device_put(md);
}

int nvvgpu_mgr_vf_check(struct pci_dev *vf)
{
	int slot = pci_iov_vf_id(vf);
	struct mgr_device *md;
	int err;

	if (slot < 0 || slot >= NVVGPU_MAX_VGPUS)
		return -ENODEV;
	err = mgr_vf_enter(vf, &md);
	if (err)
		return err;
	mutex_lock(&md->mgr->lock);
	err = md->mgr->vgpus[slot] ? 0 : -ENODEV;
	mutex_unlock(&md->mgr->lock);
	mgr_vf_leave(md);
	return err;
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_vf_check);

int nvvgpu_mgr_vf_open(struct pci_dev *vf, u32 vm_pid, struct nvvgpu_mgr_vgpu **ret)
{
	int slot = pci_iov_vf_id(vf);
	struct mgr_device *md;
	int err;

	if (slot < 0)
		return -ENODEV;
	err = mgr_vf_enter(vf, &md);
	if (err)
		return err;
	err = nvvgpu_mgr_open(md->mgr, slot, vm_pid, ret);
	mgr_vf_leave(md);
	return err;
}
EXPORT_SYMBOL_GPL(nvvgpu_mgr_vf_open);

/* ----------------------------------------------------------------------- module */

static const struct auxiliary_device_id ids[] = {
	{ .name = "nvvgpu_core." NVVGPU_CORE_AUX_NAME },
	{ .name = "nvvgpu_core_nvkm." NVVGPU_CORE_AUX_NAME },	/* ../../core/nvkm.c */
	{ }
};
MODULE_DEVICE_TABLE(auxiliary, ids);

static struct auxiliary_driver driver = {
	.probe = probe,
	.remove = remove,
	.id_table = ids,
	.driver.pm = pm_sleep_ptr(&mgr_pm_ops),
};

static int __init init(void)
{
	int err;

	err = mgr_chardev_init();
	if (err)
		return err;
	mgr_debugfs_init();
	err = mgr_vf_sysfs_init();
	if (err)
		goto err_debugfs;
	err = auxiliary_driver_register(&driver);
	if (err)
		goto err_vf_sysfs;
	return 0;

err_vf_sysfs:
	mgr_vf_sysfs_exit();
err_debugfs:
	mgr_debugfs_exit();
	mgr_chardev_exit();
	return err;
}

static void __exit fini(void)
{
	auxiliary_driver_unregister(&driver);
	mgr_vf_sysfs_exit();
	mgr_debugfs_exit();
	mgr_chardev_exit();
	ida_destroy(&minors);
}

module_init(init);
module_exit(fini);
MODULE_DESCRIPTION("NVIDIA vGPU manager");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION(NVVGPU_VERSION);
