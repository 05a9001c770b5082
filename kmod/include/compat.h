/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The differences between the kernels that the modules build for, 6.1 to 7.2, for the glue in
 * the linux/ folders.  Which of them a kernel has is asked of its headers (../features.mk), not of
 * its version: distributions take changes back to older ones.
 */
#ifndef NVVGPU_COMPAT_H
#define NVVGPU_COMPAT_H

#include <linux/device.h>
#include <linux/eventfd.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio_pci_core.h>

/* -------------------------------------------------------------------- devices */

static inline struct class *nvvgpu_class_create(const char *name)
{
#ifdef NVVGPU_HAVE_CLASS_CREATE_BY_NAME
	return class_create(name);
#else
	return class_create(THIS_MODULE, name);
#endif
}

/* of the device that a devnode() callback gets */
#ifdef NVVGPU_HAVE_CONST_DEVNODE
#define NVVGPU_DEVNODE_CONST const
#else
#define NVVGPU_DEVNODE_CONST
#endif

/* --------------------------------------------------------- the emulated board */

#ifdef NVVGPU_HAVE_VMA_FLAGS
#define EMU_SHMEM_NORESERVE	mk_vma_flags(VMA_NORESERVE_BIT)
#else
#define EMU_SHMEM_NORESERVE	VM_NORESERVE
#endif

/* Names the only driver that may bind to a device which no driver has seen yet. */
static inline int emu_set_driver_override(struct pci_dev *pdev, const char *name)
{
#ifdef NVVGPU_HAVE_DEVICE_DRIVER_OVERRIDE
	return device_set_driver_override(&pdev->dev, name);
#else
	return driver_set_override(&pdev->dev, &pdev->driver_override, name, strlen(name));
#endif
}

/* attach_dev() is told the former domain since 7.0 or so. */
#ifdef NVVGPU_HAVE_IOMMU_ATTACH_OLD
#define EMU_ATTACH_ARGS \
	struct iommu_domain *domain, struct device *dev, struct iommu_domain *unused
#else
#define EMU_ATTACH_ARGS \
	struct iommu_domain *domain, struct device *dev
#endif

/* ----------------------------------------------------------------------- VFIO */

/* Members of struct vfio_device_ops and struct vfio_migration_ops that not every kernel has. */
#ifdef NVVGPU_HAVE_VFIO_IOMMUFD
#define NVVGPU_VFIO_IOMMUFD_OPS						\
	.bind_iommufd = vfio_iommufd_physical_bind,			\
	.unbind_iommufd = vfio_iommufd_physical_unbind,			\
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
#else
#define NVVGPU_VFIO_IOMMUFD_OPS
#endif

#ifdef NVVGPU_HAVE_VFIO_DETACH_IOAS
#define NVVGPU_VFIO_DETACH_OPS						\
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
#else
#define NVVGPU_VFIO_DETACH_OPS
#endif

#ifdef NVVGPU_HAVE_VFIO_MATCH_TOKEN_UUID
#define NVVGPU_VFIO_MATCH_TOKEN_OPS					\
	.match_token_uuid = vfio_pci_core_match_token_uuid,
#else
#define NVVGPU_VFIO_MATCH_TOKEN_OPS
#endif

#ifdef NVVGPU_HAVE_VFIO_DATA_SIZE
#define NVVGPU_VFIO_DATA_SIZE_OPS(fn)					\
	.migration_get_data_size = (fn),
#else
#define NVVGPU_VFIO_DATA_SIZE_OPS(fn)
#endif

/* What get_region_info_caps of the youngest kernels is. */
typedef int nvvgpu_vfio_region_info_fn(struct vfio_device *vdev, struct vfio_region_info *info,
				       struct vfio_info_cap *caps);

#ifdef NVVGPU_HAVE_VFIO_REGION_INFO_CAPS
#define NVVGPU_VFIO_REGION_INFO_OPS(fn)					\
	.get_region_info_caps = (fn),

/* The VFIO core answers this request itself. */
static inline long nvvgpu_vfio_region_info_ioctl(struct vfio_device *vdev, unsigned long arg,
						 nvvgpu_vfio_region_info_fn *fn)
{
	return -ENOTTY;
}
#else
#define NVVGPU_VFIO_REGION_INFO_OPS(fn)

static inline int nvvgpu_vfio_region_info_reply(struct vfio_region_info __user *arg,
						struct vfio_region_info *info,
						struct vfio_info_cap *caps)
{
	if (caps->size) {
		info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
		if (info->argsz < sizeof(*info) + caps->size) {
			info->argsz = sizeof(*info) + caps->size;
			info->cap_offset = 0;
		} else {
			vfio_info_cap_shift(caps, sizeof(*info));
			if (copy_to_user(arg + 1, caps->buf, caps->size))
				return -EFAULT;
			info->cap_offset = sizeof(*info);
		}
	}
	return copy_to_user(arg, info, offsetofend(struct vfio_region_info, offset)) ? -EFAULT : 0;
}

static inline long nvvgpu_vfio_region_info_ioctl(struct vfio_device *vdev, unsigned long arg,
						 nvvgpu_vfio_region_info_fn *fn)
{
	struct vfio_region_info __user *user = (void __user *)arg;
	struct vfio_info_cap caps = {};
	struct vfio_region_info info;
	int err;

	if (copy_from_user(&info, user, offsetofend(struct vfio_region_info, offset)))
		return -EFAULT;
	if (info.argsz < offsetofend(struct vfio_region_info, offset))
		return -EINVAL;
	err = fn(vdev, &info, &caps);
	if (!err)
		err = nvvgpu_vfio_region_info_reply(user, &info, &caps);
	kfree(caps.buf);
	return err;
}
#endif

/* Members of struct vfio_device_ops for a device whose DMA goes through no IOMMU of its own. */
#ifdef NVVGPU_HAVE_VFIO_EMULATED
#define NVVGPU_VFIO_EMULATED_OPS					\
	.bind_iommufd = vfio_iommufd_emulated_bind,			\
	.unbind_iommufd = vfio_iommufd_emulated_unbind,			\
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,
#else
#define NVVGPU_VFIO_EMULATED_OPS
#endif

#ifdef NVVGPU_HAVE_VFIO_EMULATED_DETACH
#define NVVGPU_VFIO_EMULATED_DETACH_OPS					\
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
#else
#define NVVGPU_VFIO_EMULATED_DETACH_OPS
#endif

static inline void nvvgpu_eventfd_signal(struct eventfd_ctx *ctx)
{
#ifdef NVVGPU_HAVE_EVENTFD_SIGNAL_ONE
	eventfd_signal(ctx);
#else
	eventfd_signal(ctx, 1);
#endif
}

#endif
