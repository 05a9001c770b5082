// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Regions: configuration space, the registers in BAR0 and the aperture on the framebuffer in BAR1.
 * There is no memory behind any of them that could be mapped: the model answers all.
 */
#include <linux/log2.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vfio_pci_core.h>	/* VFIO_PCI_OFFSET_* */
#include "device.h"

#define PIECE_BYTES	SZ_64K		/* of an access, at a time */

/* --------------------------------------------------------------- what is there */

/* A BAR is a power of two; and VFIO has 40 bits for an offset. */
static u64 bar1_bytes(const struct nvvgpu_type_desc *type)
{
	u64 bytes = (u64)type->bar1_mib * SZ_1M;

	return bytes ? min(roundup_pow_of_two(bytes), VFIO_PCI_OFFSET_MASK + 1) : 0;
}

u64 nvvgpu_mdev_region_bytes(const struct nvvgpu_mdev *nm, u32 index)
{
	switch (index) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return PCI_CFG_SPACE_EXP_SIZE;
	case VFIO_PCI_BAR0_REGION_INDEX:
		return NVVGPU_MDEV_BAR0_BYTES;
	case VFIO_PCI_BAR1_REGION_INDEX:
		return bar1_bytes(nvvgpu_mdev_back.vgpu_type(nm->vgpu));
	default:
		return 0;
	}
}

int nvvgpu_mdev_region_info(struct vfio_device *vdev, struct vfio_region_info *info,
			    struct vfio_info_cap *caps)
{
	/* no VGA: its addresses would be the host's */
	if (info->index >= VFIO_PCI_VGA_REGION_INDEX)
		return -EINVAL;
	info->offset = VFIO_PCI_INDEX_TO_OFFSET(info->index);
	info->size = nvvgpu_mdev_region_bytes(to_nvvgpu_mdev(vdev), info->index);
	info->flags = info->size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
	return 0;
}

/* -------------------------------------------------------------------- accesses */

static int config_rw(struct nvvgpu_mdev *nm, u64 offset, u8 *piece, size_t len, bool write)
{
	if (write)
		return nvvgpu_mdev_config_write(nm, offset, piece, len);
	nvvgpu_mdev_config_read(nm, offset, piece, len);
	return 0;
}

static int piece_rw(struct nvvgpu_mdev *nm, u32 index, u64 offset, u8 *piece, size_t len,
		    bool write)
{
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return config_rw(nm, offset, piece, len, write);
	return write ? nvvgpu_mdev_back.vgpu_bar_write(nm->vgpu, index, offset, piece, len) :
		       nvvgpu_mdev_back.vgpu_bar_read(nm->vgpu, index, offset, piece, len);
}

static int user_rw(struct nvvgpu_mdev *nm, u32 index, u64 offset, char __user *buf, u8 *piece,
		   size_t len, bool write)
{
	int err;

	if (write && copy_from_user(piece, buf, len))
		return -EFAULT;
	err = piece_rw(nm, index, offset, piece, len, write);
	if (!err && !write && copy_to_user(buf, piece, len))
		err = -EFAULT;
	return err;
}

static ssize_t region_rw(struct nvvgpu_mdev *nm, u32 index, u64 offset, char __user *buf,
			 size_t count, bool write)
{
	size_t done = 0, len;
	int err = 0;
	u8 *piece;

	piece = kvmalloc(min_t(size_t, count, PIECE_BYTES), GFP_KERNEL);
	if (!piece)
		return -ENOMEM;
	while (done < count && !err) {
		len = min_t(size_t, count - done, PIECE_BYTES);
		err = fatal_signal_pending(current) ? -EINTR :
						      user_rw(nm, index, offset + done, buf + done,
							      piece, len, write);
		if (!err)
			done += len;
	}
	kvfree(piece);
	return done ? done : err;
}

/* An access that begins in the region ends with it at the latest. */
static ssize_t rw(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *pos,
		  bool write)
{
	u64 index = (u64)*pos >> VFIO_PCI_OFFSET_SHIFT, offset = *pos & VFIO_PCI_OFFSET_MASK;
	struct nvvgpu_mdev *nm = to_nvvgpu_mdev(vdev);
	u64 bytes;
	ssize_t n;

	if (!count)
		return 0;
	if (index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	bytes = nvvgpu_mdev_region_bytes(nm, index);
	if (offset >= bytes)
		return -EINVAL;
	n = region_rw(nm, index, offset, buf, min_t(u64, count, bytes - offset), write);
	if (n > 0)
		*pos += n;
	return n;
}

ssize_t nvvgpu_mdev_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *pos)
{
	return rw(vdev, buf, count, pos, false);
}

ssize_t nvvgpu_mdev_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			  loff_t *pos)
{
	return rw(vdev, (char __user *)buf, count, pos, true);
}
