// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Configuration space of the functions.  The chain follows what lspci shows of
 * an L20, a board with the same chip as the L40: PM, PCI Express, MSI-X;
 * extended: virtual channel, resizable BAR, SR-IOV at 0xbcc, ARI.  Addresses in
 * the BARs are left to whoever owns the bus.
 */
#include "emu.h"

#define CONFIG_BYTES		4096
#define VENDOR_NVIDIA		0x10de
#define REVISION		0xa1

#define CAP_PM			0x60
#define CAP_PCIE		0x78
#define CAP_MSIX		0xc8
#define EXT_VC			0x100
#define EXT_REBAR		0xbb0
#define EXT_SRIOV		0xbcc
#define EXT_ARI			0xc14

#define BAR_MEM64_PREFETCH	0x0c
#define MSIX_VECTORS		6

/* Of BAR0; the second pair is the same registers in the window that a VF has. */
#define PF_MSIX_TABLE		0xb90000
#define PF_MSIX_PBA		0xba0000
#define VF_MSIX_TABLE		0x10000
#define VF_MSIX_PBA		0x20000

static void put8(u8 *image, u32 at, u8 val)
{
	image[at] = val;
}

static void put16(u8 *image, u32 at, u16 val)
{
	put_unaligned_le16(val, image + at);
}

static void put32(u8 *image, u32 at, u32 val)
{
	put_unaligned_le32(val, image + at);
}

static void put_ext_header(u8 *image, u32 at, u16 id, u32 next)
{
	put32(image, at, id | 1 << 16 | next << 20);
}

static void put_identity(u8 *image, u32 class_code, u16 device, u16 subvendor, u16 subdevice)
{
	put16(image, 0x00, VENDOR_NVIDIA);
	put16(image, 0x02, device);
	put16(image, 0x06, 0x0010);		/* has a capability list */
	put32(image, 0x08, class_code << 8 | REVISION);
	put16(image, 0x2c, subvendor);
	put16(image, 0x2e, subdevice);
	put8(image, 0x34, CAP_PM);
}

static void put_pm(u8 *image)
{
	put8(image, CAP_PM, 0x01);
	put8(image, CAP_PM + 1, CAP_PCIE);
	put16(image, CAP_PM + 2, 0x0003);
}

/* Generation of the link by architecture: Turing 3, later 4; 16 lanes. */
static u32 link_generation(const struct nvvgpu_emu_board_data *data)
{
	return (data->boot42 >> 24 & 0x3f) > 0x16 ? 4 : 3;
}

static void put_pcie(u8 *image, const struct nvvgpu_emu_board_data *data, bool vf)
{
	u32 gen = link_generation(data);

	put8(image, CAP_PCIE, 0x10);
	put8(image, CAP_PCIE + 1, CAP_MSIX);
	put16(image, CAP_PCIE + 0x02, 0x0002);		/* version 2, endpoint */
	put32(image, CAP_PCIE + 0x04, 0x10008001);	/* FLR, role-based errors, 256 bytes */
	if (vf)						/* link registers of a VF are reserved */
		return;
	put32(image, CAP_PCIE + 0x0c, 16 << 4 | gen);
	put16(image, CAP_PCIE + 0x12, 16 << 4 | gen);
	put32(image, CAP_PCIE + 0x2c, GENMASK(gen, 1));
	put16(image, CAP_PCIE + 0x30, gen);
}

static void put_msix(u8 *image, u32 table, u32 pba)
{
	put8(image, CAP_MSIX, 0x11);
	put16(image, CAP_MSIX + 0x02, MSIX_VECTORS - 1);
	put32(image, CAP_MSIX + 0x04, table);
	put32(image, CAP_MSIX + 0x08, pba);
}

static void put_virtual_channel(u8 *image, u32 next)
{
	put_ext_header(image, EXT_VC, 0x0002, next);
	put32(image, EXT_VC + 0x14, 0x800000ff);	/* VC0 carries all traffic classes */
}

/* BAR1 offers every size from 64 MiB to its own. */
static void put_resizable_bar(u8 *image, u64 bytes, u32 next)
{
	u32 size = ilog2(bytes) - 20;

	put_ext_header(image, EXT_REBAR, 0x0015, next);
	put32(image, EXT_REBAR + 0x04, GENMASK(size + 4, 6 + 4));
	put32(image, EXT_REBAR + 0x08, size << 8 | 1 << 5 | 1);
}

static void put_sriov(u8 *image, const struct nvvgpu_emu_board_data *data, u32 next)
{
	put_ext_header(image, EXT_SRIOV, 0x0010, next);
	put32(image, EXT_SRIOV + 0x04, 0x2);		/* ARI hierarchy preserved */
	put16(image, EXT_SRIOV + 0x08, 0x19);		/* VFs on, their memory on, ARI */
	put16(image, EXT_SRIOV + 0x0c, data->vfs_total);
	put16(image, EXT_SRIOV + 0x0e, data->vfs_total);
	put16(image, EXT_SRIOV + 0x10, data->vfs_total);	/* emulated boards come up with all */
	put16(image, EXT_SRIOV + 0x14, data->vf_offset);
	put16(image, EXT_SRIOV + 0x16, data->vf_stride);
	put16(image, EXT_SRIOV + 0x1a, data->vf_device_id);
	put32(image, EXT_SRIOV + 0x1c, 0x573);		/* page sizes */
	put32(image, EXT_SRIOV + 0x20, 0x1);
	put32(image, EXT_SRIOV + 0x28, BAR_MEM64_PREFETCH);
	put32(image, EXT_SRIOV + 0x30, BAR_MEM64_PREFETCH);
}

static void put_pf(u8 *image, const struct nvvgpu_emu_board_data *data)
{
	bool sriov = data->vfs_total;

	put_identity(image, data->pci_class, data->device_id, data->subsystem_vendor_id,
		     data->subsystem_device_id);
	put16(image, 0x04, 0x0406);			/* memory, bus master, no INTx */
	put32(image, 0x14, BAR_MEM64_PREFETCH);
	put32(image, 0x1c, BAR_MEM64_PREFETCH);
	put8(image, 0x3d, 1);
	put_msix(image, PF_MSIX_TABLE, PF_MSIX_PBA);
	put_virtual_channel(image, sriov ? EXT_REBAR : 0);
	if (!sriov)
		return;
	put_resizable_bar(image, data->bar1_bytes, EXT_SRIOV);
	put_sriov(image, data, EXT_ARI);
	put_ext_header(image, EXT_ARI, 0x000e, 0);
}

void nvvgpu_emu_config_image(const struct nvvgpu_emu_board_data *data, int vf, u8 *image)
{
	memset(image, 0, CONFIG_BYTES);
	if (vf < 0) {
		put_pf(image, data);
	} else {
		/*
		 * The subsystem of an empty VF reads 0x0000.  Without SR-IOV this is
		 * the mediated device, which carries the board's own device id.
		 */
		put_identity(image, data->pci_class,
			     data->vfs_total ? data->vf_device_id : data->device_id,
			     VENDOR_NVIDIA, 0x0000);
		put_msix(image, VF_MSIX_TABLE, VF_MSIX_PBA);
		put_ext_header(image, EXT_VC, 0x000e, 0);	/* ARI stands first in a VF */
	}
	put_pm(image);
	put_pcie(image, data, vf >= 0);
}
