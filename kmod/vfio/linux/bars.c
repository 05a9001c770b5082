// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* The regions of a virtual function.  The memory in its BAR0 is vfio_pci_core's to give. */
#include <linux/pm_runtime.h>
#include "device.h"

static struct nvvgpu_vfio *to_nv(struct nvvgpu_regions *regions)
{
	return container_of(regions, struct nvvgpu_vfio, regions);
}

/* --------------------------------------------------------------- what is there */

/* Pages with a part of the MSI-X table, vfio_pci_core's: reads all ones, writes dropped. */
static u64 msix_pages(const struct vfio_pci_core_device *core, u64 bar0_bytes)
{
	u64 first = core->msix_offset / NVVGPU_REGISTER_PAGE_BYTES;
	u64 last;

	if (core->msix_bar != VFIO_PCI_BAR0_REGION_INDEX || !core->msix_size)
		return 0;
	last = ((u64)core->msix_offset + core->msix_size - 1) / NVVGPU_REGISTER_PAGE_BYTES;
	if (last >= bar0_bytes / NVVGPU_REGISTER_PAGE_BYTES)
		return 0;
	return GENMASK_ULL(last, first);
}

int nvvgpu_vfio_regions_init(struct nvvgpu_vfio *nv)
{
	struct nvvgpu_regions *regions = &nv->regions;
	u64 *bytes = regions->bytes, traps, msix;
	u32 i;

	regions->vgpu = nv->state.vgpu;
	for (i = 0; i < VFIO_PCI_ROM_REGION_INDEX; i++)
		bytes[i] = nvvgpu_regions_limit(nvvgpu_mgr_bar_bytes(regions->vgpu, i));
	bytes[VFIO_PCI_CONFIG_REGION_INDEX] = nv->core.pdev->cfg_size;
	traps = nvvgpu_mgr_trap_pages(regions->vgpu);
	msix = msix_pages(&nv->core, bytes[0]);
	/* a table where the manager knows of none could be mapped */
	if (pci_resource_len(nv->core.pdev, 0) < bytes[0] || msix & ~traps)
		return -ENODEV;
	regions->register_pages = traps & ~msix;
	return 0;
}

void nvvgpu_vfio_areas_init(struct nvvgpu_vfio *nv)
{
	struct nvvgpu_regions *regions = &nv->regions;

	regions->area_count = nv->core.bar_mmap_supported[0] ?
				      nvvgpu_mgr_sparse_mmap(regions->vgpu, regions->areas) : 0;
}

int nvvgpu_vfio_region_info(struct vfio_device *vdev, struct vfio_region_info *info,
			    struct vfio_info_cap *caps)
{
	return nvvgpu_regions_info(&to_nvvgpu_vfio(vdev)->regions, info, caps);
}

int nvvgpu_vfio_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	int err;

	err = nvvgpu_regions_check_mmap(&to_nvvgpu_vfio(vdev)->regions, vma);
	return err ? err : vfio_pci_core_mmap(vdev, vma);
}

/* -------------------------------------------------------------------- accesses */

/* As vfio_pci_core does it for memory: awake, not in D3, not while a reset is under way. */
static int begin(struct nvvgpu_regions *regions)
{
	struct nvvgpu_vfio *nv = to_nv(regions);
	struct pci_dev *pdev = nv->core.pdev;

	if (pm_runtime_resume_and_get(&pdev->dev))
		return -EIO;
	down_read(&nv->core.memory_lock);
	if (pdev->current_state != PCI_D3hot && pdev->current_state != PCI_D3cold)
		return 0;
	up_read(&nv->core.memory_lock);
	pm_runtime_put(&pdev->dev);
	return -EIO;
}

static void end(struct nvvgpu_regions *regions)
{
	struct nvvgpu_vfio *nv = to_nv(regions);

	up_read(&nv->core.memory_lock);
	pm_runtime_put(&nv->core.pdev->dev);
}

static ssize_t memory_rw(struct nvvgpu_regions *regions, u64 offset, char __user *buf,
			 size_t count, bool write)
{
	return nvvgpu_vfio_core_rw(to_nv(regions), VFIO_PCI_BAR0_REGION_INDEX, offset, buf, count,
				   write);
}

static ssize_t config_rw(struct nvvgpu_regions *regions, u64 offset, char __user *buf,
			 size_t count, bool write)
{
	return nvvgpu_vfio_config_rw(to_nv(regions), offset, buf, count, write);
}

const struct nvvgpu_region_ops nvvgpu_vfio_region_ops = {
	.config_rw = config_rw,
	.memory_rw = memory_rw,
	.begin = begin,
	.end = end,
};

ssize_t nvvgpu_vfio_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *pos)
{
	return nvvgpu_regions_rw(&to_nvvgpu_vfio(vdev)->regions, buf, count, pos, false);
}

ssize_t nvvgpu_vfio_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			  loff_t *pos)
{
	return nvvgpu_regions_rw(&to_nvvgpu_vfio(vdev)->regions, (char __user *)buf, count, pos,
				 true);
}
