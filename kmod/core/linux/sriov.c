// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The virtual functions.  They come up empty and get their vGPUs later; nobody changes their
 * number while one of them is in use, whoever drives it.
 */
#include <linux/iommu.h>
#include "glue.h"

/*
 * A driver that leaves DMA to the kernel, as that of mdevs does, counts as an owner itself.  Who
 * holds the lock may be waiting for somebody to close the function: not to be waited for.
 */
static bool has_kernel_driver(struct pci_dev *vf)
{
	bool found;

	if (!device_trylock(&vf->dev))
		return false;
	found = vf->driver && !vf->driver->driver_managed_dma;
	device_unlock(&vf->dev);
	return found;
}

/* Somebody in user space owns the function's DMA: a VFIO device or its group is open. */
static bool is_owned(struct pci_dev *vf)
{
	struct iommu_group *group = iommu_group_get(&vf->dev);
	bool owned = group && iommu_group_dma_owner_claimed(group) && !has_kernel_driver(vf);

	iommu_group_put(group);
	return owned;
}

static bool any_owned(struct pci_dev *pdev)
{
	struct pci_dev *vf = NULL;
	bool owned = false;

	while (!owned && (vf = pci_get_device(pdev->vendor, PCI_ANY_ID, vf)))
		owned = vf->is_virtfn && vf->physfn == pdev && is_owned(vf);
	pci_dev_put(vf);
	return owned;
}

static void tell_changed(struct core_pci *pf, unsigned int vfs)
{
	if (pf->listener)
		pf->listener->vfs_changed(pf->listener_priv, vfs);
}

static int may_change(struct core_pci *pf, unsigned int vfs)
{
	if (any_owned(pf->pdev))
		return -EBUSY;
	return pf->listener ? pf->listener->vfs_may_change(pf->listener_priv, vfs) : 0;
}

/* sriov_lock held */
static void disable(struct core_pci *pf)
{
	if (pf->listener)
		pf->listener->vfs_going(pf->listener_priv);
	pci_disable_sriov(pf->pdev);
	tell_changed(pf, 0);
}

static int configure(struct core_pci *pf, unsigned int vfs)
{
	int err;

	err = may_change(pf, vfs);
	if (err)
		return err;
	if (!vfs) {
		disable(pf);
		return 0;
	}
	err = pci_enable_sriov(pf->pdev, vfs);
	if (err)
		return err;
	tell_changed(pf, vfs);
	return vfs;
}

int nvvgpu_core_sriov_configure(struct pci_dev *pdev, int vfs)
{
	struct core_pci *pf = pci_get_drvdata(pdev);
	int ret;

	mutex_lock(&pf->sriov_lock);
	ret = configure(pf, vfs);
	mutex_unlock(&pf->sriov_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(nvvgpu_core_sriov_configure);

void core_sriov_end(struct core_pci *pf)
{
	mutex_lock(&pf->sriov_lock);
	if (pci_num_vf(pf->pdev))
		disable(pf);
	mutex_unlock(&pf->sriov_lock);
}

/* Whoever has the device's lock takes the driver off himself, and may wait for this walk to end. */
static int end_vfs(struct device *dev, void *unused)
{
	struct core_pci *pf;

	if (to_pci_dev(dev)->is_virtfn || !device_trylock(dev))
		return 0;
	pf = dev_get_drvdata(dev);
	if (pf)
		core_sriov_end(pf);
	device_unlock(dev);
	return 0;
}

/*
 * Functions are only taken off the bus under the rescan lock, which a driver's remove() cannot
 * take (who unplugs a board holds it).
 */
void nvvgpu_core_end_vfs(struct pci_driver *driver)
{
	pci_lock_rescan_remove();
	WARN_ON(driver_for_each_device(&driver->driver, NULL, NULL, end_vfs));
	pci_unlock_rescan_remove();
}
EXPORT_SYMBOL_GPL(nvvgpu_core_end_vfs);

void nvvgpu_core_listen(struct nvvgpu_core_device *device,
			const struct nvvgpu_core_listener *listener, void *priv)
{
	struct core_pci *pf = to_core_pci(device);
	int vfs;

	mutex_lock(&pf->sriov_lock);
	pf->listener = listener;
	pf->listener_priv = priv;
	vfs = pci_num_vf(pf->pdev);
	if (vfs)
		tell_changed(pf, vfs);
	mutex_unlock(&pf->sriov_lock);
}
EXPORT_SYMBOL_GPL(nvvgpu_core_listen);

void nvvgpu_core_unlisten(struct nvvgpu_core_device *device)
{
	struct core_pci *pf = to_core_pci(device);

	mutex_lock(&pf->sriov_lock);
	if (pf->listener && pci_num_vf(pf->pdev))
		pf->listener->vfs_going(pf->listener_priv);
	pf->listener = NULL;
	mutex_unlock(&pf->sriov_lock);
}
EXPORT_SYMBOL_GPL(nvvgpu_core_unlisten);
