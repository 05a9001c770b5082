/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What changed from 6.1 to 7.2 in the interfaces that the board uses.  Which of it a kernel has
 * is asked of its headers in features.mk.
 */
#ifndef NVVGPU_COMPAT_EMU_H
#define NVVGPU_COMPAT_EMU_H

#include <linux/mm.h>
#include <linux/pci.h>

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

#endif
