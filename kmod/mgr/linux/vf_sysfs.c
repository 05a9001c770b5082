// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The directory nvidia/ of every virtual function.  It belongs to the manager, not to the
 * function's driver: it is there whether one is bound or not, and says so when there is no
 * manager behind it any more.
 */
#include <linux/notifier.h>
#include <linux/sysfs.h>
#include "glue.h"

/* One file, and the manager's functions behind it. */
struct vf_file {
	struct device_attribute attr;
	ssize_t (*show)(struct nvvgpu_mgr *mgr, u32 slot, char *buf);
	ssize_t (*store)(struct nvvgpu_mgr *mgr, u32 slot, const char *buf, size_t len);
};

static ssize_t show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct vf_file *file = container_of(attr, struct vf_file, attr);
	struct pci_dev *vf = to_pci_dev(dev);
	struct mgr_device *md;
	ssize_t n;

	n = mgr_vf_enter(vf, &md);
	if (n)
		return n;
	n = file->show(md->mgr, pci_iov_vf_id(vf), buf);
	mgr_vf_leave(md);
	return n;
}

static ssize_t store(struct device *dev, struct device_attribute *attr, const char *buf,
		     size_t len)
{
	const struct vf_file *file = container_of(attr, struct vf_file, attr);
	struct pci_dev *vf = to_pci_dev(dev);
	struct mgr_device *md;
	ssize_t n;

	n = mgr_vf_enter(vf, &md);
	if (n)
		return n;
	n = file->store(md->mgr, pci_iov_vf_id(vf), buf, len);
	mgr_vf_leave(md);
	return n;
}

#define VF_FILE(_name, _what)						\
	static struct vf_file _name = {					\
		.attr = __ATTR(_name, 0644, show, store),		\
		.show = nvvgpu_mgr_show_##_what,			\
		.store = nvvgpu_mgr_store_##_what,			\
	}

static struct vf_file creatable_vgpu_types = {
	.attr = __ATTR(creatable_vgpu_types, 0444, show, NULL),
	.show = nvvgpu_mgr_show_creatable_types,
};

VF_FILE(current_vgpu_type, current_type);
VF_FILE(gpu_instance_id, gpu_instance);
VF_FILE(placement_id, placement);
VF_FILE(vgpu_params, params);
VF_FILE(warm_update, warm_update);

static struct attribute *files[] = {
	&creatable_vgpu_types.attr.attr,
	&current_vgpu_type.attr.attr,
	&gpu_instance_id.attr.attr,
	&placement_id.attr.attr,
	&vgpu_params.attr.attr,
	&warm_update.attr.attr,
	NULL
};

static const struct attribute_group directory = {
	.name = "nvidia",
	.attrs = files,
};

/* ------------------------------------------------------------- coming and going */

/* vf_lock held, which keeps a function that is found from leaving sysfs: see removed(). */
static void add(struct mgr_device *md, u32 slot)
{
	u32 id = mgr_vf_id(md, slot);
	struct pci_dev *vf;
	int err;

	vf = pci_get_domain_bus_and_slot(pci_domain_nr(md->pdev->bus), PCI_BUS_NUM(id), id & 0xff);
	if (!vf || md->vfs[slot] || !vf->is_virtfn || pci_physfn(vf) != md->pdev)
		goto put;
	err = sysfs_create_group(&vf->dev.kobj, &directory);
	if (err) {
		pci_warn(vf, "no directory nvidia: %d\n", err);
		goto put;
	}
	md->vfs[slot] = vf;
	return;
put:
	pci_dev_put(vf);
}

/* vf_lock held; waits for who is reading or writing one of the files */
static void take_away(struct mgr_device *md, u32 slot)
{
	if (!md->vfs[slot])
		return;
	sysfs_remove_group(&md->vfs[slot]->dev.kobj, &directory);
	pci_dev_put(md->vfs[slot]);
	md->vfs[slot] = NULL;
}

void mgr_vf_sysfs_add(struct mgr_device *md, unsigned int vfs)
{
	u32 slot;

	if (md->framework == NVVGPU_BOARD_MDEV)
		return;
	mutex_lock(&md->vf_lock);
	for (slot = 0; slot < min(vfs, md->slots); slot++)
		add(md, slot);
	mutex_unlock(&md->vf_lock);
}

void mgr_vf_sysfs_remove(struct mgr_device *md)
{
	u32 slot;

	mutex_lock(&md->vf_lock);
	for (slot = 0; slot < NVVGPU_MAX_VGPUS; slot++)
		take_away(md, slot);
	mutex_unlock(&md->vf_lock);
}

static void forget(struct mgr_device *md, const struct pci_dev *vf)
{
	u32 slot;

	mutex_lock(&md->vf_lock);
	for (slot = 0; slot < NVVGPU_MAX_VGPUS; slot++)
		if (md->vfs[slot] == vf)
			take_away(md, slot);
	mutex_unlock(&md->vf_lock);
}

/*
 * A function can be unplugged alone, by its file "remove".  This comes when it is off the bus, so
 * that nobody finds it any more, and still in sysfs.
 */
static int removed(struct notifier_block *nb, unsigned long action, void *data)
{
	struct pci_dev *vf = to_pci_dev(data);
	struct mgr_device *md;

	if (action != BUS_NOTIFY_REMOVED_DEVICE || !vf->is_virtfn)
		return NOTIFY_DONE;
	md = mgr_device_get(pci_physfn(vf));
	if (md) {
		forget(md, vf);
		mgr_device_put(md);
	}
	return NOTIFY_DONE;
}

static struct notifier_block on_bus = {
	.notifier_call = removed,
};

int mgr_vf_sysfs_init(void)
{
	return bus_register_notifier(&pci_bus_type, &on_bus);
}

void mgr_vf_sysfs_exit(void)
{
	bus_unregister_notifier(&pci_bus_type, &on_bus);
}
