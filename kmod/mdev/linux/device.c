// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The VFIO device of an mdev.  Opening it boots its vGPU, closing it shuts the vGPU down.  VFIO
 * calls nothing of a device that is not open but open_device() and request().
 */
#include <linux/sched.h>
#include "compat.h"
#include "device.h"

/* --------------------------------------------------------------- bus master, reset */

int nvvgpu_mdev_sync_bus_master(struct nvvgpu_mdev *nm)
{
	int err;

	mutex_lock(&nm->state.lock);
	err = nvvgpu_state_set_bus_master(&nm->state, nvvgpu_mdev_config_bus_master(nm));
	mutex_unlock(&nm->state.lock);
	return err;
}

/* Afterwards the task allows no DMA, as the fresh command register says. */
int nvvgpu_mdev_reset(struct nvvgpu_mdev *nm)
{
	int err;

	mutex_lock(&nm->state.lock);
	err = nvvgpu_state_reset(&nm->state);
	if (!err) {
		nvvgpu_mdev_memory_clear(nm);
		nvvgpu_mdev_config_init(nm);
	}
	mutex_unlock(&nm->state.lock);
	return err;
}

/* ------------------------------------------------------------------ open and close */

static int open_device(struct vfio_device *vdev)
{
	struct nvvgpu_mdev *nm = to_nvvgpu_mdev(vdev);
	struct nvvgpu_mgr_vgpu *vgpu;
	int err;

	err = nvvgpu_mdev_back.vgpu_start(nm->manager, nm->uuid, task_tgid_vnr(current), nm, &vgpu);
	if (err)
		return err;
	err = nvvgpu_state_open(&nm->state, vgpu);
	if (err)
		return err;
	err = nvvgpu_mdev_regions_init(nm);
	if (err) {
		nvvgpu_state_close(&nm->state);
		return err;
	}
	nvvgpu_mdev_config_init(nm);
	return 0;
}

static void close_device(struct vfio_device *vdev)
{
	struct nvvgpu_mdev *nm = to_nvvgpu_mdev(vdev);

	nvvgpu_state_close(&nm->state);
	nvvgpu_mdev_regions_fini(nm);
	nvvgpu_mdev_irqs_clear(nm);
}

/* ------------------------------------------------------------------------ requests */

static long get_info(void __user *arg)
{
	const size_t bytes = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info;

	if (copy_from_user(&info, arg, bytes))
		return -EFAULT;
	if (info.argsz < bytes)
		return -EINVAL;
	info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = VFIO_PCI_NUM_REGIONS;
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	return copy_to_user(arg, &info, bytes) ? -EFAULT : 0;
}

static long get_irq_info(void __user *arg)
{
	const size_t bytes = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info;

	if (copy_from_user(&info, arg, bytes))
		return -EFAULT;
	if (info.argsz < bytes || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info.count = nvvgpu_mdev_irq_count(info.index);
	info.flags = info.count ? VFIO_IRQ_INFO_EVENTFD : 0;
	return copy_to_user(arg, &info, bytes) ? -EFAULT : 0;
}

static long set_irqs(struct nvvgpu_mdev *nm, void __user *arg)
{
	const size_t bytes = offsetofend(struct vfio_irq_set, count);
	struct vfio_irq_set set;
	void *data = NULL;
	size_t len = 0;
	long err;

	if (copy_from_user(&set, arg, bytes))
		return -EFAULT;
	err = vfio_set_irqs_validate_and_prepare(&set, nvvgpu_mdev_irq_count(set.index),
						 VFIO_PCI_NUM_IRQS, &len);
	if (err)
		return err;
	if (len)
		data = memdup_user(arg + bytes, len);
	if (IS_ERR(data))
		return PTR_ERR(data);
	err = nvvgpu_mdev_set_irqs(nm, &set, data);
	kfree(data);
	return err;
}

static int region_info(struct vfio_device *vdev, struct vfio_region_info *info,
		       struct vfio_info_cap *caps)
{
	return nvvgpu_regions_info(&to_nvvgpu_mdev(vdev)->regions, info, caps);
}

static long ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	struct nvvgpu_mdev *nm = to_nvvgpu_mdev(vdev);
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return get_info(user);
	case VFIO_DEVICE_GET_REGION_INFO:
		return nvvgpu_vfio_region_info_ioctl(vdev, arg, region_info);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return get_irq_info(user);
	case VFIO_DEVICE_SET_IRQS:
		return set_irqs(nm, user);
	case VFIO_DEVICE_RESET:
		return nvvgpu_mdev_reset(nm);
	default:
		return -ENOTTY;
	}
}

static ssize_t read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *pos)
{
	return nvvgpu_regions_rw(&to_nvvgpu_mdev(vdev)->regions, buf, count, pos, false);
}

static ssize_t write(struct vfio_device *vdev, const char __user *buf, size_t count, loff_t *pos)
{
	return nvvgpu_regions_rw(&to_nvvgpu_mdev(vdev)->regions, (char __user *)buf, count, pos,
				 true);
}

/* -------------------------------------------------------------------- migration */

static struct file *migrate(struct vfio_device *vdev, enum vfio_device_mig_state target)
{
	return nvvgpu_state_migrate(&to_nvvgpu_mdev(vdev)->state, vdev, target);
}

static int get_migration(struct vfio_device *vdev, enum vfio_device_mig_state *ret)
{
	return nvvgpu_state_get_migration(&to_nvvgpu_mdev(vdev)->state, ret);
}

static int __maybe_unused get_data_size(struct vfio_device *vdev, unsigned long *ret)
{
	return nvvgpu_state_get_data_size(&to_nvvgpu_mdev(vdev)->state, ret);
}

static const struct vfio_migration_ops migration_ops = {
	.migration_set_state = migrate,
	.migration_get_state = get_migration,
	NVVGPU_VFIO_DATA_SIZE_OPS(get_data_size)
};

/* --------------------------------------------------------------------- VFIO device */

static int init_device(struct vfio_device *vdev)
{
	struct nvvgpu_mdev *nm = to_nvvgpu_mdev(vdev);

	nvvgpu_state_init(&nm->state);
	nm->regions.ops = &nvvgpu_mdev_region_ops;
	mutex_init(&nm->config.lock);
	mutex_init(&nm->irqs.lock);
	vdev->migration_flags = VFIO_MIGRATION_STOP_COPY;
	vdev->mig_ops = &migration_ops;
	nvvgpu_mdev_hold();
	return 0;
}

static void release_device(struct vfio_device *vdev)
{
	struct nvvgpu_mdev *nm = to_nvvgpu_mdev(vdev);

	mutex_destroy(&nm->irqs.lock);
	mutex_destroy(&nm->config.lock);
	nvvgpu_state_fini(&nm->state);
	nvvgpu_mdev_drop();
}

const struct vfio_device_ops nvvgpu_mdev_vfio_ops = {
	.name = "nvvgpu_mdev",
	.init = init_device,
	.release = release_device,
	.open_device = open_device,
	.close_device = close_device,
	.ioctl = ioctl,
	.read = read,
	.write = write,
	.mmap = nvvgpu_mdev_mmap,
	.request = nvvgpu_mdev_request,
	NVVGPU_VFIO_REGION_INFO_OPS(region_info)
	NVVGPU_VFIO_EMULATED_OPS
	NVVGPU_VFIO_EMULATED_DETACH_OPS
};
