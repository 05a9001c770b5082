// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * PCI driver of the virtual functions of our boards, and of no other: whatever is not one is
 * refused before it is touched, and there is no module alias that would have the kernel load
 * this for somebody's card.  Opening the VFIO device boots the vGPU that was assigned to the
 * function, closing it shuts it down.
 */
#include <linux/module.h>
#include <linux/sched.h>
#include "../../mgr/linux/mgr_device.h"
#include "compat.h"
#include "device.h"
#include "outstanding.h"

#define VENDOR_NVIDIA	0x10de

/* VFIO devices alive, long after remove() perhaps. */
static atomic_t devices = ATOMIC_INIT(0);

static struct nvvgpu_vfio *to_nv(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);

	return container_of(core, struct nvvgpu_vfio, core);
}

ssize_t nvvgpu_vfio_core_rw(struct nvvgpu_vfio *nv, u32 index, u64 offset, char __user *buf,
			    size_t count, bool write)
{
	loff_t pos = VFIO_PCI_INDEX_TO_OFFSET(index) | offset;

	return write ? vfio_pci_core_write(&nv->core.vdev, buf, count, &pos) :
		       vfio_pci_core_read(&nv->core.vdev, buf, count, &pos);
}

/* ------------------------------------------------------------------- bus master */

/* state.lock held */
static int sync_bus_master(struct nvvgpu_vfio *nv)
{
	u16 command;

	pci_read_config_word(nv->core.pdev, PCI_COMMAND, &command);
	return nvvgpu_state_set_bus_master(&nv->state, !PCI_POSSIBLE_ERROR(command) &&
							       command & PCI_COMMAND_MASTER);
}

int nvvgpu_vfio_sync_bus_master(struct nvvgpu_vfio *nv)
{
	int err;

	mutex_lock(&nv->state.lock);
	err = sync_bus_master(nv);
	mutex_unlock(&nv->state.lock);
	return err;
}

/* ------------------------------------------------------------------------ reset */

/*
 * state.lock held, the function itself was reset.  Afterwards the task allows no DMA, while the
 * PCI core has put the command register back to what it was.
 */
static int reset_vgpu(struct nvvgpu_vfio *nv)
{
	int err;

	err = nvvgpu_state_reset(&nv->state);
	if (err)
		return err;
	nvvgpu_vfio_config_init(nv);
	return sync_bus_master(nv);
}

/* The resets that vfio_pci_core does itself, around open and close, are nobody's. */
static void reset_work(struct work_struct *work)
{
	struct nvvgpu_vfio *nv = container_of(work, struct nvvgpu_vfio, reset_work);

	mutex_lock(&nv->state.lock);
	if (nv->state.vgpu) {
		nv->reset_error = reset_vgpu(nv);
		if (nv->reset_error)
			pci_err(nv->core.pdev, "the vGPU could not be reset: %d\n",
				nv->reset_error);
	}
	mutex_unlock(&nv->state.lock);
}

static void reset_done(struct pci_dev *pdev)
{
	queue_work(system_long_wq, &to_nv(pdev)->reset_work);
}

static const struct pci_error_handlers err_handlers = {
	.error_detected = vfio_pci_core_aer_err_detected,
	.reset_done = reset_done,
};

static long reset_ioctl(struct nvvgpu_vfio *nv, unsigned int cmd, unsigned long arg)
{
	long err;

	err = vfio_pci_core_ioctl(&nv->core.vdev, cmd, arg);
	if (err)
		return err;
	flush_work(&nv->reset_work);
	mutex_lock(&nv->state.lock);
	err = nv->reset_error;
	mutex_unlock(&nv->state.lock);
	return err;
}

/* --------------------------------------------------------------- open and close */

/* Boots the vGPU of the function. */
static int start(struct nvvgpu_vfio *nv)
{
	struct nvvgpu_mgr_vgpu *vgpu;
	int err;

	err = nvvgpu_mgr_vf_open(nv->core.pdev, task_tgid_vnr(current), &vgpu);
	if (err)
		return err;
	err = nvvgpu_state_open(&nv->state, vgpu);
	if (err)
		return err;
	err = nvvgpu_vfio_regions_init(nv);
	if (err) {
		nvvgpu_state_close(&nv->state);
		return err;
	}
	nvvgpu_vfio_config_init(nv);
	return 0;
}

static int open_device(struct vfio_device *vdev)
{
	struct nvvgpu_vfio *nv = to_nvvgpu_vfio(vdev);
	int err;

	/* before anything is reset */
	err = nvvgpu_mgr_vf_check(nv->core.pdev);
	if (err)
		return err;
	err = vfio_pci_core_enable(&nv->core);
	if (err)
		return err;
	cancel_work_sync(&nv->reset_work);
	err = start(nv);
	if (err) {
		vfio_pci_core_disable(&nv->core);
		return err;
	}
	vfio_pci_core_finish_enable(&nv->core);
	nvvgpu_vfio_areas_init(nv);
	return 0;
}

static void close_device(struct vfio_device *vdev)
{
	struct nvvgpu_vfio *nv = to_nvvgpu_vfio(vdev);

	flush_work(&nv->reset_work);
	nvvgpu_state_close(&nv->state);
	vfio_pci_core_close_device(vdev);
}

static long ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case VFIO_DEVICE_GET_REGION_INFO:
		return nvvgpu_vfio_region_info_ioctl(vdev, arg, nvvgpu_vfio_region_info);
	case VFIO_DEVICE_RESET:
	case VFIO_DEVICE_PCI_HOT_RESET:
		return reset_ioctl(to_nvvgpu_vfio(vdev), cmd, arg);
	case VFIO_DEVICE_IOEVENTFD:
		return -ENOTTY;		/* would write past the model */
	default:
		return vfio_pci_core_ioctl(vdev, cmd, arg);
	}
}

/* -------------------------------------------------------------------- migration */

static struct file *migrate(struct vfio_device *vdev, enum vfio_device_mig_state target)
{
	return nvvgpu_state_migrate(&to_nvvgpu_vfio(vdev)->state, vdev, target);
}

static int get_migration(struct vfio_device *vdev, enum vfio_device_mig_state *ret)
{
	return nvvgpu_state_get_migration(&to_nvvgpu_vfio(vdev)->state, ret);
}

static int __maybe_unused get_data_size(struct vfio_device *vdev, unsigned long *ret)
{
	return nvvgpu_state_get_data_size(&to_nvvgpu_vfio(vdev)->state, ret);
}

static const struct vfio_migration_ops migration_ops = {
	.migration_set_state = migrate,
	.migration_get_state = get_migration,
	NVVGPU_VFIO_DATA_SIZE_OPS(get_data_size)
};

/* ------------------------------------------------------------------ VFIO device */

static int init_device(struct vfio_device *vdev)
{
	struct nvvgpu_vfio *nv = to_nvvgpu_vfio(vdev);
	int err;

	err = vfio_pci_core_init_dev(vdev);
	if (err)
		return err;
	nvvgpu_state_init(&nv->state);
	nv->regions.ops = &nvvgpu_vfio_region_ops;
	mutex_init(&nv->config.lock);
	INIT_WORK(&nv->reset_work, reset_work);
	vdev->migration_flags = VFIO_MIGRATION_STOP_COPY;
	vdev->mig_ops = &migration_ops;
	outstanding_add(&devices);
	return 0;
}

static void release_device(struct vfio_device *vdev)
{
	struct nvvgpu_vfio *nv = to_nvvgpu_vfio(vdev);

	mutex_destroy(&nv->config.lock);
	nvvgpu_state_fini(&nv->state);
	vfio_pci_core_release_dev(vdev);
	outstanding_drop(&devices);
}

static const struct vfio_device_ops vfio_ops = {
	.name = "nvvgpu_vfio",
	.init = init_device,
	.release = release_device,
	.open_device = open_device,
	.close_device = close_device,
	.ioctl = ioctl,
	.device_feature = vfio_pci_core_ioctl_feature,
	.read = nvvgpu_vfio_read,
	.write = nvvgpu_vfio_write,
	.mmap = nvvgpu_vfio_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
	NVVGPU_VFIO_REGION_INFO_OPS(nvvgpu_vfio_region_info)
	NVVGPU_VFIO_MATCH_TOKEN_OPS
	NVVGPU_VFIO_IOMMUFD_OPS
	NVVGPU_VFIO_DETACH_OPS
};

/* ------------------------------------------------------------------- PCI driver */

static int vfio_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct nvvgpu_vfio *nv;
	int err;

	if (!pdev->is_virtfn)
		return -ENODEV;
	err = nvvgpu_mgr_vf_bind(pdev);
	if (err)
		return err;
	nv = vfio_alloc_device(nvvgpu_vfio, core.vdev, &pdev->dev, &vfio_ops);
	if (IS_ERR(nv))
		return PTR_ERR(nv);
	dev_set_drvdata(&pdev->dev, &nv->core);
	err = vfio_pci_core_register_device(&nv->core);
	if (err)
		vfio_put_device(&nv->core.vdev);
	return err;
}

/* Whoever has the device open is asked for it, and waited for. */
static void vfio_remove(struct pci_dev *pdev)
{
	struct nvvgpu_vfio *nv = to_nv(pdev);

	vfio_pci_core_unregister_device(&nv->core);
	cancel_work_sync(&nv->reset_work);
	vfio_put_device(&nv->core.vdev);
}

static const struct pci_device_id vfio_ids[] = {
	{
		PCI_DEVICE(VENDOR_NVIDIA, PCI_ANY_ID),
		.class = PCI_CLASS_DISPLAY_VGA << 8, .class_mask = 0xffff00,
	},
	{
		PCI_DEVICE(VENDOR_NVIDIA, PCI_ANY_ID),
		.class = PCI_CLASS_DISPLAY_3D << 8, .class_mask = 0xffff00,
	},
	{ }
};

static struct pci_driver vfio_driver = {
	.name = "nvvgpu_vfio",
	.id_table = vfio_ids,
	.probe = vfio_probe,
	.remove = vfio_remove,
	.err_handler = &err_handlers,
	.driver_managed_dma = true,
};

static int __init vfio_init(void)
{
	return pci_register_driver(&vfio_driver);
}

static void __exit vfio_exit(void)
{
	pci_unregister_driver(&vfio_driver);
	outstanding_wait(&devices);
}

module_init(vfio_init);
module_exit(vfio_exit);
MODULE_DESCRIPTION("VFIO driver for NVIDIA vGPUs");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION(NVVGPU_VERSION);
