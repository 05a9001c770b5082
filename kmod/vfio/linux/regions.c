// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Regions.  BAR0 is memory but for a few pages of registers, which the manager answers and nobody
 * may map.  Behind BAR1 and BAR3 there is no memory at all.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "common.h"

#define PIECE_BYTES	SZ_64K		/* of an access, at a time */

/* --------------------------------------------------------------- what is there */

u64 nvvgpu_regions_limit(u64 bytes)
{
	return min(bytes, VFIO_PCI_OFFSET_MASK + 1);
}
EXPORT_SYMBOL_GPL(nvvgpu_regions_limit);

static int add_areas(const struct nvvgpu_regions *regions, struct vfio_region_info *info,
		     struct vfio_info_cap *caps)
{
	struct vfio_region_info_cap_sparse_mmap *cap;
	size_t bytes = struct_size(cap, areas, regions->area_count);
	u32 i;
	int err;

	cap = kzalloc(bytes, GFP_KERNEL);
	if (!cap)
		return -ENOMEM;
	cap->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	cap->header.version = 1;
	cap->nr_areas = regions->area_count;
	for (i = 0; i < regions->area_count; i++) {
		cap->areas[i].offset = regions->areas[i].offset;
		cap->areas[i].size = regions->areas[i].bytes;
	}
	err = vfio_info_add_capability(caps, &cap->header, bytes);
	kfree(cap);
	if (!err)
		info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	return err;
}

int nvvgpu_regions_info(const struct nvvgpu_regions *regions, struct vfio_region_info *info,
			struct vfio_info_cap *caps)
{
	/* no VGA either: its addresses would be the host's */
	if (info->index >= VFIO_PCI_VGA_REGION_INDEX)
		return -EINVAL;
	info->offset = VFIO_PCI_INDEX_TO_OFFSET(info->index);
	info->size = regions->bytes[info->index];
	info->flags = info->size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
	if (info->index == VFIO_PCI_BAR0_REGION_INDEX && regions->area_count)
		return add_areas(regions, info, caps);
	return 0;
}
EXPORT_SYMBOL_GPL(nvvgpu_regions_info);

int nvvgpu_regions_check_mmap(const struct nvvgpu_regions *regions,
			      const struct vm_area_struct *vma)
{
	u64 start = (u64)vma->vm_pgoff << PAGE_SHIFT, bytes = vma->vm_end - vma->vm_start;
	u64 offset = start & VFIO_PCI_OFFSET_MASK;
	u32 i;

	if (start >> VFIO_PCI_OFFSET_SHIFT != VFIO_PCI_BAR0_REGION_INDEX ||
	    !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	for (i = 0; i < regions->area_count; i++) {
		const struct nvvgpu_mgr_area *area = &regions->areas[i];

		if (offset >= area->offset && offset - area->offset < area->bytes &&
		    bytes <= area->bytes - (offset - area->offset))
			return 0;
	}
	return -EINVAL;
}
EXPORT_SYMBOL_GPL(nvvgpu_regions_check_mmap);

/* -------------------------------------------------------------------- accesses */

static int piece_rw(struct nvvgpu_regions *regions, nvvgpu_region_piece *fn, u32 index,
		    u64 offset, char __user *buf, void *piece, size_t len, bool write)
{
	int err;

	if (write && copy_from_user(piece, buf, len))
		return -EFAULT;
	err = fn(regions, index, offset, piece, len, write);
	if (!err && !write && copy_to_user(buf, piece, len))
		err = -EFAULT;
	return err;
}

ssize_t nvvgpu_regions_by_piece(struct nvvgpu_regions *regions, nvvgpu_region_piece *fn, u32 index,
				u64 offset, char __user *buf, size_t count, bool write)
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
						      piece_rw(regions, fn, index, offset + done,
							       buf + done, piece, len, write);
		if (!err)
			done += len;
	}
	kvfree(piece);
	return done ? done : err;
}
EXPORT_SYMBOL_GPL(nvvgpu_regions_by_piece);

static int manager_piece(struct nvvgpu_regions *regions, u32 index, u64 offset, void *piece,
			 size_t len, bool write)
{
	int err;

	err = regions->ops->begin(regions);
	if (err)
		return err;
	err = write ? nvvgpu_mgr_bar_write(regions->vgpu, index, offset, piece, len) :
		      nvvgpu_mgr_bar_read(regions->vgpu, index, offset, piece, len);
	regions->ops->end(regions);
	return err;
}

/* ------------------------------------------------------------------------- BAR0 */

static bool is_register(const struct nvvgpu_regions *regions, u64 offset)
{
	return regions->register_pages & BIT_ULL(offset / NVVGPU_REGISTER_PAGE_BYTES);
}

/* Of the bytes from offset on, how many are of the same kind. */
static size_t bar0_run(const struct nvvgpu_regions *regions, u64 offset, size_t count)
{
	u64 end = round_down(offset, NVVGPU_REGISTER_PAGE_BYTES) + NVVGPU_REGISTER_PAGE_BYTES;

	while (end < offset + count && is_register(regions, end) == is_register(regions, offset))
		end += NVVGPU_REGISTER_PAGE_BYTES;
	return min_t(u64, count, end - offset);
}

static ssize_t bar0_rw(struct nvvgpu_regions *regions, u64 offset, char __user *buf, size_t count,
		       bool write)
{
	size_t done = 0;
	ssize_t n = 0;

	while (done < count) {
		u64 at = offset + done;
		size_t len = bar0_run(regions, at, count - done);

		n = is_register(regions, at) ?
			    nvvgpu_regions_by_piece(regions, manager_piece,
						    VFIO_PCI_BAR0_REGION_INDEX, at, buf + done,
						    len, write) :
			    regions->ops->memory_rw(regions, at, buf + done, len, write);
		if (n <= 0)
			break;
		done += n;
		if (n < len)
			break;
	}
	return done ? done : n;
}

/* ------------------------------------------------------------------- entry point */

static ssize_t region_rw(struct nvvgpu_regions *regions, u32 index, u64 offset, char __user *buf,
			 size_t count, bool write)
{
	switch (index) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return regions->ops->config_rw(regions, offset, buf, count, write);
	case VFIO_PCI_BAR0_REGION_INDEX:
		return bar0_rw(regions, offset, buf, count, write);
	default:
		return nvvgpu_regions_by_piece(regions, manager_piece, index, offset, buf, count,
					       write);
	}
}

/* An access that begins in the region ends with it at the latest. */
ssize_t nvvgpu_regions_rw(struct nvvgpu_regions *regions, char __user *buf, size_t count,
			  loff_t *pos, bool write)
{
	u64 index = (u64)*pos >> VFIO_PCI_OFFSET_SHIFT, offset = *pos & VFIO_PCI_OFFSET_MASK;
	u64 bytes;
	ssize_t n;

	if (!count)
		return 0;
	if (index >= ARRAY_SIZE(regions->bytes))
		return -EINVAL;
	bytes = regions->bytes[index];
	if (offset >= bytes)
		return -EINVAL;
	n = region_rw(regions, index, offset, buf, min_t(u64, count, bytes - offset), write);
	if (n > 0)
		*pos += n;
	return n;
}
EXPORT_SYMBOL_GPL(nvvgpu_regions_rw);
