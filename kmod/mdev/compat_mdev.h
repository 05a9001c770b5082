/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Differences between kernels that only the mdev adapter meets; see features.mk. */
#ifndef NVVGPU_COMPAT_MDEV_H
#define NVVGPU_COMPAT_MDEV_H

#include <linux/eventfd.h>
#include "../vfio/linux/compat_vfio.h"

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
