// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Programs know mdev types by the name of the driver that their parent is bound to, "nvidia-222".
 * So there is a PCI driver of that name here.  All that it does for a board is the core driver's;
 * virtual functions of a board whose framework is mdev get their types from it.  Like the core
 * driver it binds where driver_override names it and nowhere else, and no module alias loads it for
 * somebody's card.
 *
 * The types of a board without SR-IOV are there as long as its manager, which tells of it by
 * probe() and remove(), whatever driver the board is bound to.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include "outstanding.h"
#include "../../core/linux/core_device.h"
#include "device.h"

#define VENDOR_NVIDIA	0x10de

struct nvvgpu_mdev_ops nvvgpu_mdev_back __ro_after_init = {
	.version_string = NVVGPU_MDEV_OPS_VERSION,
};

/* ------------------------------------------------------------------- life of module */

static atomic_t holders = ATOMIC_INIT(0);

void nvvgpu_mdev_hold(void)
{
	outstanding_add(&holders);
}

void nvvgpu_mdev_drop(void)
{
	outstanding_drop(&holders);
}

/* --------------------------------------------------------------------------- mdevs */

static void destroy(struct nvvgpu_mdev *nm)
{
	int err;

	err = nvvgpu_mdev_back.vgpu_delete(nm->manager, nm->uuid);
	/* user space may have done that already, through the manager's own device */
	if (err && err != -ENODEV)
		dev_err(nm->vdev.dev, "its vGPU cannot be destroyed: %d\n", err);
}

static int create(struct nvvgpu_mdev *nm, struct mdev_device *mdev)
{
	uuid_t uuid;
	int err;

	err = uuid_parse(dev_name(&mdev->dev), &uuid);
	if (err)
		return err;
	export_uuid(nm->uuid, &uuid);
	nm->manager = to_nvvgpu_mdev_parent(mdev->type)->manager;
	return nvvgpu_mdev_back.vgpu_create(nm->manager, nvvgpu_mdev_type_id(mdev->type),
					    nm->uuid);
}

static int mdev_probe(struct mdev_device *mdev)
{
	struct nvvgpu_mdev *nm;
	int err;

	nm = vfio_alloc_device(nvvgpu_mdev, vdev, &mdev->dev, &nvvgpu_mdev_vfio_ops);
	if (IS_ERR(nm))
		return PTR_ERR(nm);
	err = create(nm, mdev);
	if (err)
		goto err_put;
	err = vfio_register_emulated_iommu_dev(&nm->vdev);
	if (err)
		goto err_destroy;
	dev_set_drvdata(&mdev->dev, nm);
	return 0;

err_destroy:
	destroy(nm);
err_put:
	vfio_put_device(&nm->vdev);
	return err;
}

/*
 * Whoever has the device open is asked for it, and waited for.  The vGPU is given back here and
 * not with the device's memory, which others may hold for longer.
 */
static void mdev_remove(struct mdev_device *mdev)
{
	struct nvvgpu_mdev *nm = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&nm->vdev);
	destroy(nm);
	vfio_put_device(&nm->vdev);
}

/* --------------------------------------------------------------- files of the types */

static unsigned int available(struct mdev_type *type)
{
	return nvvgpu_mdev_back.get_instances(to_nvvgpu_mdev_parent(type)->manager,
					      nvvgpu_mdev_type_id(type));
}

static ssize_t show_description(struct mdev_type *type, char *buf)
{
	return nvvgpu_mdev_back.get_description(to_nvvgpu_mdev_parent(type)->manager,
						nvvgpu_mdev_type_id(type), buf);
}

/* -------------------------------------------------------- nvidia/ of each mdev */

static ssize_t vgpu_params_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct nvvgpu_mdev *nm = dev_get_drvdata(dev);

	return nvvgpu_mdev_back.get_params(nm->manager, nm->uuid, buf);
}

static ssize_t vgpu_params_store(struct device *dev, struct device_attribute *attr,
				 const char *buf, size_t len)
{
	struct nvvgpu_mdev *nm = dev_get_drvdata(dev);

	return nvvgpu_mdev_back.update_request(nm->manager, nm->uuid, buf, len);
}
static DEVICE_ATTR_RW(vgpu_params);

static struct attribute *mdev_files[] = {
	&dev_attr_vgpu_params.attr,
	NULL
};

static const struct attribute_group mdev_directory = {
	.name = "nvidia",
	.attrs = mdev_files,
};

static const struct attribute_group *mdev_groups[] = { &mdev_directory, NULL };

static struct mdev_driver mdev_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.probe = mdev_probe,
	.remove = mdev_remove,
	.get_available = available,
	.show_description = show_description,
	.driver = {
		.name = "nvvgpu_mdev",
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
		.dev_groups = mdev_groups,
	},
};

/* -------------------------------------------------------------- for the back end */

static int parent_probe(struct nvvgpu_mgr_parent *parent)
{
	struct nvvgpu_mdev_parent *mdevs;
	int err;

	err = nvvgpu_mdev_parent_add(parent, &mdev_driver, &mdevs);
	if (err)
		return err;
	parent->front = mdevs;
	return 0;
}

static void parent_remove(struct nvvgpu_mgr_parent *parent)
{
	nvvgpu_mdev_parent_remove(parent->front);
}

static const struct nvvgpu_mdev_front_ops front_ops = {
	.probe = parent_probe,
	.remove = parent_remove,
	.vgpu = {
		.inject_interrupt = nvvgpu_mdev_inject_interrupt,
		.dma_rw = nvvgpu_mdev_dma_rw,
	},
};

/* ----------------------------------------------------------------- board and its VFs */

/* What is in BAR0 of a VF is for its mdev; the function itself does nothing. */
static int enable_vf(struct pci_dev *vf)
{
	int err;

	err = pci_enable_device(vf);
	if (err)
		return err;
	err = pci_request_mem_regions(vf, "nvvgpu_mdev");
	if (err)
		pci_disable_device(vf);
	return err;
}

static void disable_vf(struct pci_dev *vf)
{
	pci_release_mem_regions(vf);
	pci_disable_device(vf);
}

static int vf_probe(struct pci_dev *vf)
{
	struct nvvgpu_mgr_parent *parent;
	int err;

	err = nvvgpu_mgr_vf_bind(vf);
	if (err)
		return err;
	err = enable_vf(vf);
	if (err)
		return err;
	err = nvvgpu_mgr_mdev_add_vf(vf, &parent);
	if (err) {
		disable_vf(vf);
		return err;
	}
	pci_set_drvdata(vf, parent);
	return 0;
}

static void vf_remove(struct pci_dev *vf)
{
	nvvgpu_mgr_mdev_remove_vf(pci_get_drvdata(vf));
	disable_vf(vf);
}

static int function_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return pdev->is_virtfn ? vf_probe(pdev) : nvvgpu_core_probe(pdev, id);
}

static void function_remove(struct pci_dev *pdev)
{
	if (pdev->is_virtfn)
		vf_remove(pdev);
	else
		nvvgpu_core_remove(pdev);
}

/* A VF's vGPUs are put aside with the board's. */
static int function_suspend(struct device *dev)
{
	return to_pci_dev(dev)->is_virtfn ? 0 : nvvgpu_core_pm_ops.suspend(dev);
}

static int function_resume(struct device *dev)
{
	return to_pci_dev(dev)->is_virtfn ? 0 : nvvgpu_core_pm_ops.resume(dev);
}

static DEFINE_SIMPLE_DEV_PM_OPS(function_pm_ops, function_suspend, function_resume);

static const struct pci_device_id function_ids[] = {
	{
		PCI_DEVICE_DRIVER_OVERRIDE(VENDOR_NVIDIA, PCI_ANY_ID, 1),
		.class = PCI_BASE_CLASS_DISPLAY << 16, .class_mask = 0xff0000,
	},
	{ }
};

static struct pci_driver function_driver = {
	.name = "nvidia",
	.id_table = function_ids,
	.probe = function_probe,
	.remove = function_remove,
	.sriov_configure = nvvgpu_core_sriov_configure,
	.driver.pm = pm_sleep_ptr(&function_pm_ops),
};

/* -------------------------------------------------------------------------- module */

static int __init meet_back_end(void)
{
	int err = nvvgpu_mgr_mdev_get_ops(&nvvgpu_mdev_back);

	if (err)
		pr_err("this is for \"%s\", the manager is \"%s\": load matching modules\n",
		       NVVGPU_MDEV_OPS_VERSION, nvvgpu_mdev_back.version_string);
	return err;
}

static int __init mdev_adapter_init(void)
{
	int err;

	err = meet_back_end();
	if (err)
		return err;
	err = mdev_register_driver(&mdev_driver);
	if (err)
		return err;
	err = nvvgpu_mgr_mdev_set_front(&front_ops);
	if (err)
		goto err_mdev;
	err = pci_register_driver(&function_driver);
	if (err)
		goto err_front;
	return 0;

err_front:
	nvvgpu_mgr_mdev_set_front(NULL);
err_mdev:
	mdev_unregister_driver(&mdev_driver);
	outstanding_wait(&holders);
	return err;
}

static void __exit mdev_adapter_exit(void)
{
	nvvgpu_core_end_vfs(&function_driver);
	pci_unregister_driver(&function_driver);
	nvvgpu_mgr_mdev_set_front(NULL);
	mdev_unregister_driver(&mdev_driver);
	outstanding_wait(&holders);
}

module_init(mdev_adapter_init);
module_exit(mdev_adapter_exit);
MODULE_DESCRIPTION("NVIDIA vGPUs as mediated devices");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION(NVVGPU_VERSION);
