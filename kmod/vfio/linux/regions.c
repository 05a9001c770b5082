// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Regions.  BAR0 is plain memory of the function but for a few pages of registers, which the
 * model answers and nobody may map.  Behind BAR1 and BAR3 there is no memory at all: BAR1 is the
 * model's aperture on the framebuffer, BAR3 has nothing in it.
 */
#include <linux/pm_runtime.h>
#include <linux/sched/signal.h>
#include "device.h"

#define BAR0_BYTES	0x40000			/* what a guest sees, whatever the function has */
#define TRAP_BYTES	SZ_4K			/* of a bit of trap_pages */
#define PIECE_BYTES	SZ_64K			/* of an access to the model, at a time */

#define TRAPS_PER_PAGE	(PAGE_SIZE / TRAP_BYTES)

/* --------------------------------------------------------------- what is there */

/* Pages with a part of the MSI-X table, vfio_pci_core's: reads all ones, writes dropped. */
static u64 msix_pages(const struct vfio_pci_core_device *core)
{
	u64 first = core->msix_offset / TRAP_BYTES;
	u64 last;

	if (core->msix_bar != VFIO_PCI_BAR0_REGION_INDEX || !core->msix_size)
		return 0;
	last = ((u64)core->msix_offset + core->msix_size - 1) / TRAP_BYTES;
	if (last >= BAR0_BYTES / TRAP_BYTES)
		return 0;
	return GENMASK_ULL(last, first);
}

int nvvgpu_vfio_regions_init(struct nvvgpu_vfio *nv)
{
	u64 msix = msix_pages(&nv->core);

	static_assert(BAR0_BYTES / TRAP_BYTES == 64, "bit per page");
	if (pci_resource_len(nv->core.pdev, 0) < BAR0_BYTES)
		return -ENODEV;
	nv->trap_pages = nvvgpu_mgr_trap_pages(nv->vgpu) | msix;
	nv->register_pages = nv->trap_pages & ~msix;
	return 0;
}

/* A BAR is a power of two; and VFIO has 40 bits for an offset. */
static u64 bar1_bytes(const struct nvvgpu_type_desc *type)
{
	u64 bytes = (u64)type->bar1_mib * SZ_1M;

	return bytes ? min(roundup_pow_of_two(bytes), VFIO_PCI_OFFSET_MASK + 1) : 0;
}

u64 nvvgpu_vfio_region_bytes(struct nvvgpu_vfio *nv, u32 index)
{
	switch (index) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return nv->core.pdev->cfg_size;
	case VFIO_PCI_BAR0_REGION_INDEX:
		return BAR0_BYTES;
	case VFIO_PCI_BAR1_REGION_INDEX:
		return bar1_bytes(nvvgpu_mgr_vgpu_type(nv->vgpu));
	case VFIO_PCI_BAR3_REGION_INDEX:
		return pci_resource_len(nv->core.pdev, 3);
	default:
		return 0;
	}
}

/* ------------------------------------------------------------------------ mmap */

static bool may_map(const struct nvvgpu_vfio *nv, unsigned long page)
{
	return !(nv->trap_pages >> page * TRAPS_PER_PAGE & GENMASK_ULL(TRAPS_PER_PAGE - 1, 0));
}

/* The areas of BAR0 that may be mapped: their number, and where they are when areas is not NULL. */
static u32 find_areas(const struct nvvgpu_vfio *nv, struct vfio_region_sparse_mmap_area *areas)
{
	unsigned long page, first = 0;
	u32 count = 0;

	for (page = 0; page <= BAR0_BYTES / PAGE_SIZE; page++) {
		if (page < BAR0_BYTES / PAGE_SIZE && may_map(nv, page))
			continue;
		if (page > first && areas) {
			areas[count].offset = first * PAGE_SIZE;
			areas[count].size = (page - first) * PAGE_SIZE;
		}
		if (page > first)
			count++;
		first = page + 1;
	}
	return count;
}

static int add_areas(struct nvvgpu_vfio *nv, struct vfio_region_info *info,
		     struct vfio_info_cap *caps)
{
	struct vfio_region_info_cap_sparse_mmap *cap;
	u32 count = find_areas(nv, NULL);
	int err;

	if (!count || !nv->core.bar_mmap_supported[0])
		return 0;
	cap = kzalloc(struct_size(cap, areas, count), GFP_KERNEL);
	if (!cap)
		return -ENOMEM;
	cap->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	cap->header.version = 1;
	cap->nr_areas = count;
	find_areas(nv, cap->areas);
	err = vfio_info_add_capability(caps, &cap->header, struct_size(cap, areas, count));
	kfree(cap);
	if (!err)
		info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	return err;
}

int nvvgpu_vfio_region_info(struct vfio_device *vdev, struct vfio_region_info *info,
			    struct vfio_info_cap *caps)
{
	struct nvvgpu_vfio *nv = to_nvvgpu_vfio(vdev);

	/* no VGA either: its addresses would be the host's */
	if (info->index >= VFIO_PCI_VGA_REGION_INDEX)
		return -EINVAL;
	info->offset = VFIO_PCI_INDEX_TO_OFFSET(info->index);
	info->size = nvvgpu_vfio_region_bytes(nv, info->index);
	info->flags = info->size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
	if (info->index == VFIO_PCI_BAR0_REGION_INDEX)
		return add_areas(nv, info, caps);
	return 0;
}

int nvvgpu_vfio_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	unsigned long index = vma->vm_pgoff >> (VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT);
	unsigned long page = vma->vm_pgoff & (VFIO_PCI_OFFSET_MASK >> PAGE_SHIFT);
	unsigned long count = vma_pages(vma), last = BAR0_BYTES / PAGE_SIZE;
	struct nvvgpu_vfio *nv = to_nvvgpu_vfio(vdev);

	if (index != VFIO_PCI_BAR0_REGION_INDEX || page >= last || count > last - page)
		return -EINVAL;
	for (; count; page++, count--)
		if (!may_map(nv, page))
			return -EINVAL;
	return vfio_pci_core_mmap(vdev, vma);
}

/* ------------------------------------------------------------- the model answers */

/* As vfio_pci_core does it for memory: awake, not in D3, not while a reset is under way. */
static int model_begin(struct nvvgpu_vfio *nv)
{
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

static void model_end(struct nvvgpu_vfio *nv)
{
	up_read(&nv->core.memory_lock);
	pm_runtime_put(&nv->core.pdev->dev);
}

static int model_read(struct nvvgpu_vfio *nv, u32 bar, u64 offset, void *buf, size_t len)
{
	int err;

	err = model_begin(nv);
	if (err)
		return err;
	if (bar == VFIO_PCI_BAR3_REGION_INDEX)
		memset(buf, 0xff, len);
	else
		err = nvvgpu_mgr_bar_read(nv->vgpu, bar, offset, buf, len);
	model_end(nv);
	return err;
}

static int model_write(struct nvvgpu_vfio *nv, u32 bar, u64 offset, const void *buf, size_t len)
{
	int err;

	err = model_begin(nv);
	if (err)
		return err;
	if (bar != VFIO_PCI_BAR3_REGION_INDEX)
		err = nvvgpu_mgr_bar_write(nv->vgpu, bar, offset, buf, len);
	model_end(nv);
	return err;
}

static int piece_rw(struct nvvgpu_vfio *nv, u32 bar, u64 offset, char __user *buf, void *piece,
		    size_t len, bool write)
{
	int err;

	if (write)
		return copy_from_user(piece, buf, len) ? -EFAULT :
							 model_write(nv, bar, offset, piece, len);
	err = model_read(nv, bar, offset, piece, len);
	if (err)
		return err;
	return copy_to_user(buf, piece, len) ? -EFAULT : 0;
}

/* What has no memory in its BAR, a piece at a time. */
static ssize_t model_rw(struct nvvgpu_vfio *nv, u32 bar, u64 offset, char __user *buf,
			size_t count, bool write)
{
	size_t done = 0, len;
	int err = 0;
	void *piece;

	piece = kvmalloc(min_t(size_t, count, PIECE_BYTES), GFP_KERNEL);
	if (!piece)
		return -ENOMEM;
	while (done < count && !err) {
		len = min_t(size_t, count - done, PIECE_BYTES);
		err = fatal_signal_pending(current) ? -EINTR :
						      piece_rw(nv, bar, offset + done, buf + done,
							       piece, len, write);
		if (!err)
			done += len;
	}
	kvfree(piece);
	return done ? done : err;
}

/* -------------------------------------------------------------------------- BARs */

static bool is_register(const struct nvvgpu_vfio *nv, u64 offset)
{
	return nv->register_pages & BIT_ULL(offset / TRAP_BYTES);
}

/* Of the bytes from offset on, how many are of the same kind. */
static size_t bar0_run(const struct nvvgpu_vfio *nv, u64 offset, size_t count)
{
	u64 end = round_down(offset, TRAP_BYTES) + TRAP_BYTES;

	while (end < offset + count && is_register(nv, end) == is_register(nv, offset))
		end += TRAP_BYTES;
	return min_t(u64, count, end - offset);
}

static ssize_t bar0_rw(struct nvvgpu_vfio *nv, u64 offset, char __user *buf, size_t count,
		       bool write)
{
	size_t done = 0;
	ssize_t n = 0;

	while (done < count) {
		u64 at = offset + done;
		size_t len = bar0_run(nv, at, count - done);

		n = is_register(nv, at) ?
			    model_rw(nv, VFIO_PCI_BAR0_REGION_INDEX, at, buf + done, len,
				     write) :
			    nvvgpu_vfio_core_rw(nv, VFIO_PCI_BAR0_REGION_INDEX, at, buf + done,
						len, write);
		if (n <= 0)
			break;
		done += n;
		if (n < len)
			break;
	}
	return done ? done : n;
}

/* ------------------------------------------------------------------- entry points */

/* Within the region, and at least one byte. */
static ssize_t region_rw(struct nvvgpu_vfio *nv, u32 index, u64 offset, char __user *buf,
			 size_t count, bool write)
{
	switch (index) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return nvvgpu_vfio_config_rw(nv, offset, buf, count, write);
	case VFIO_PCI_BAR0_REGION_INDEX:
		return bar0_rw(nv, offset, buf, count, write);
	default:
		return model_rw(nv, index, offset, buf, count, write);
	}
}

/* An access that begins in the region ends with it at the latest. */
static ssize_t rw(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *pos,
		  bool write)
{
	u64 index = (u64)*pos >> VFIO_PCI_OFFSET_SHIFT, offset = *pos & VFIO_PCI_OFFSET_MASK;
	struct nvvgpu_vfio *nv = to_nvvgpu_vfio(vdev);
	u64 bytes;
	ssize_t n;

	if (!count)
		return 0;
	if (index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	bytes = nvvgpu_vfio_region_bytes(nv, index);
	if (offset >= bytes)
		return -EINVAL;
	n = region_rw(nv, index, offset, buf, min_t(u64, count, bytes - offset), write);
	if (n > 0)
		*pos += n;
	return n;
}

ssize_t nvvgpu_vfio_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *pos)
{
	return rw(vdev, buf, count, pos, false);
}

ssize_t nvvgpu_vfio_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			  loff_t *pos)
{
	return rw(vdev, (char __user *)buf, count, pos, true);
}
