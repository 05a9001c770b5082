// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Regions.  On a virtual function BAR0 is that function's, and what is memory there can be mapped.
 * On a board there is nothing beside the registers.
 */
#include <linux/io.h>
#include "device.h"

static struct nvvgpu_mdev *to_nm(struct nvvgpu_regions *regions)
{
	return container_of(regions, struct nvvgpu_mdev, regions);
}

/* ---------------------------------------------------------------- what is there */

static u64 msix_page(void)
{
	return BIT_ULL(NVVGPU_MDEV_MSIX_TABLE / NVVGPU_REGISTER_PAGE_BYTES);
}

static int map_memory(struct nvvgpu_mdev *nm)
{
	struct pci_dev *vf = nm->manager->pdev;
	u64 bytes = nm->regions.bytes[VFIO_PCI_BAR0_REGION_INDEX];

	if (!vf->is_virtfn)
		return 0;
	if (pci_resource_len(vf, 0) < bytes)
		return -ENODEV;
	nm->memory = ioremap(pci_resource_start(vf, 0), bytes);
	if (!nm->memory)
		return -ENOMEM;
	nvvgpu_mdev_memory_clear(nm);
	return 0;
}

int nvvgpu_mdev_regions_init(struct nvvgpu_mdev *nm)
{
	struct nvvgpu_regions *regions = &nm->regions;
	u32 i;

	regions->vgpu = nm->state.vgpu;
	for (i = 0; i < VFIO_PCI_ROM_REGION_INDEX; i++)
		regions->bytes[i] =
			nvvgpu_regions_limit(nvvgpu_mdev_back.vgpu_bar_info(regions->vgpu, i));
	regions->bytes[VFIO_PCI_CONFIG_REGION_INDEX] = PCI_CFG_SPACE_EXP_SIZE;
	regions->register_pages = nvvgpu_mgr_trap_pages(regions->vgpu) & ~msix_page();
	regions->area_count = nvvgpu_mdev_back.get_sparse_mmap(nm->manager, regions->vgpu,
							       regions->areas);
	return map_memory(nm);
}

void nvvgpu_mdev_regions_fini(struct nvvgpu_mdev *nm)
{
	if (nm->memory)
		iounmap(nm->memory);
	nm->memory = NULL;
}

/* The pages are the function's: whoever has one mapped keeps the device open, and its function. */
int nvvgpu_mdev_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	struct nvvgpu_mdev *nm = container_of(vdev, struct nvvgpu_mdev, vdev);
	u64 offset = ((u64)vma->vm_pgoff << PAGE_SHIFT) & VFIO_PCI_OFFSET_MASK;
	int err;

	err = nvvgpu_regions_check_mmap(&nm->regions, vma);
	if (err)
		return err;
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return io_remap_pfn_range(vma, vma->vm_start,
				  (pci_resource_start(nm->manager->pdev, 0) + offset) >> PAGE_SHIFT,
				  vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

/* -------------------------------------------------------------------- accesses */

static int begin(struct nvvgpu_regions *regions)
{
	struct nvvgpu_mdev *nm = to_nm(regions);

	mutex_lock(&nm->state.lock);
	if (!nvvgpu_mdev_config_asleep(nm))
		return 0;
	mutex_unlock(&nm->state.lock);
	return -EIO;
}

static void end(struct nvvgpu_regions *regions)
{
	mutex_unlock(&to_nm(regions)->state.lock);
}

/*
 * Within a page.  The table of MSI-X is the VMM's to keep: here it reads all ones, and writes are
 * dropped; and so it is with memory that a board has not, but for its zeros.
 */
static void page_rw(struct nvvgpu_mdev *nm, u64 offset, void *buf, size_t len, bool write)
{
	bool msix = BIT_ULL(offset / NVVGPU_REGISTER_PAGE_BYTES) & msix_page();

	if (msix || !nm->memory) {
		if (!write)
			memset(buf, msix ? 0xff : 0, len);
	} else if (write) {
		memcpy_toio(nm->memory + offset, buf, len);
	} else {
		memcpy_fromio(buf, nm->memory + offset, len);
	}
}

static int memory_piece(struct nvvgpu_regions *regions, u32 index, u64 offset, void *piece,
			size_t len, bool write)
{
	size_t part, done;
	int err;

	err = begin(regions);
	if (err)
		return err;
	for (done = 0; done < len; done += part) {
		u64 at = offset + done;

		part = min_t(size_t, len - done, NVVGPU_REGISTER_PAGE_BYTES -
						  at % NVVGPU_REGISTER_PAGE_BYTES);
		page_rw(to_nm(regions), at, piece + done, part, write);
	}
	end(regions);
	return 0;
}

static ssize_t memory_rw(struct nvvgpu_regions *regions, u64 offset, char __user *buf,
			 size_t count, bool write)
{
	return nvvgpu_regions_by_piece(regions, memory_piece, VFIO_PCI_BAR0_REGION_INDEX, offset,
				       buf, count, write);
}

static int config_piece(struct nvvgpu_regions *regions, u32 index, u64 offset, void *piece,
			size_t len, bool write)
{
	return nvvgpu_mdev_config_rw(to_nm(regions), offset, piece, len, write);
}

static ssize_t config_rw(struct nvvgpu_regions *regions, u64 offset, char __user *buf,
			 size_t count, bool write)
{
	return nvvgpu_regions_by_piece(regions, config_piece, VFIO_PCI_CONFIG_REGION_INDEX, offset,
				       buf, count, write);
}

const struct nvvgpu_region_ops nvvgpu_mdev_region_ops = {
	.config_rw = config_rw,
	.memory_rw = memory_rw,
	.begin = begin,
	.end = end,
};

/* As a function-level reset leaves what is memory; registers are not written to. */
void nvvgpu_mdev_memory_clear(struct nvvgpu_mdev *nm)
{
	u64 kept = nm->regions.register_pages | msix_page();
	u64 bytes = nm->regions.bytes[VFIO_PCI_BAR0_REGION_INDEX], at;

	if (!nm->memory)
		return;
	for (at = 0; at < bytes; at += NVVGPU_REGISTER_PAGE_BYTES)
		if (!(BIT_ULL(at / NVVGPU_REGISTER_PAGE_BYTES) & kept))
			memset_io(nm->memory + at, 0, NVVGPU_REGISTER_PAGE_BYTES);
}
