// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* The header of configuration space, where it belongs to the vGPU's type: ids, class, BARs. */
#include "common.h"

#define VENDOR_NVIDIA	0x10de
#define CLASS_VGA	0x030000

/* The flags cannot be written, nor the address bits below the size: so a BAR tells its size. */
static void set_bar32(u8 *value, u8 *writable, u32 index, u64 bytes)
{
	u32 at = PCI_BASE_ADDRESS_0 + 4 * index;

	put_unaligned_le32(0, value + at);
	put_unaligned_le32(-bytes, writable + at);
}

static void set_bar64(u8 *value, u8 *writable, u32 index, u64 bytes)
{
	u32 at = PCI_BASE_ADDRESS_0 + 4 * index;

	if (!bytes)
		return;
	put_unaligned_le64(PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH,
			   value + at);
	put_unaligned_le64(-bytes, writable + at);
}

void nvvgpu_header_init(u8 *value, u8 *writable, const struct nvvgpu_regions *regions)
{
	u32 id = nvvgpu_mgr_vgpu_type(regions->vgpu)->vdev_id;

	put_unaligned_le16(VENDOR_NVIDIA, value + PCI_VENDOR_ID);
	put_unaligned_le16(id >> 16, value + PCI_DEVICE_ID);
	value[PCI_CLASS_PROG] = CLASS_VGA & 0xff;
	put_unaligned_le16(CLASS_VGA >> 8, value + PCI_CLASS_DEVICE);
	set_bar32(value, writable, 0, regions->bytes[VFIO_PCI_BAR0_REGION_INDEX]);
	set_bar64(value, writable, 1, regions->bytes[VFIO_PCI_BAR1_REGION_INDEX]);
	set_bar64(value, writable, 3, regions->bytes[VFIO_PCI_BAR3_REGION_INDEX]);
	put_unaligned_le16(VENDOR_NVIDIA, value + PCI_SUBSYSTEM_VENDOR_ID);
	put_unaligned_le16(id & 0xffff, value + PCI_SUBSYSTEM_ID);
}
EXPORT_SYMBOL_GPL(nvvgpu_header_init);

void nvvgpu_header_store(u8 *value, const u8 *writable, const u8 *buf, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		value[i] = (value[i] & ~writable[i]) | (buf[i] & writable[i]);
}
EXPORT_SYMBOL_GPL(nvvgpu_header_store);
