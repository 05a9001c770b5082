// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Configuration space of a vGPU without a function of its own: the type's ids and BARs, and the
 * capabilities that a guest needs.  The addresses in the BARs mean nothing here, they are kept for
 * the VMM.
 */
#include "device.h"

#define REVISION	0xa1

#define CAP_PM		0x60
#define CAP_PCIE	0x78
#define CAP_MSIX	0xc8
#define DEVCTL		(CAP_PCIE + PCI_EXP_DEVCTL)

#define MSIX_PBA	0x20000		/* in BAR0; the VMM keeps its contents */

/* --------------------------------------------------------------- what is there */

static void set8(struct nvvgpu_mdev_config *config, u32 at, u8 value, u8 writable)
{
	config->value[at] = value;
	config->writable[at] = writable;
}

static void set16(struct nvvgpu_mdev_config *config, u32 at, u16 value, u16 writable)
{
	put_unaligned_le16(value, config->value + at);
	put_unaligned_le16(writable, config->writable + at);
}

static void set32(struct nvvgpu_mdev_config *config, u32 at, u32 value, u32 writable)
{
	put_unaligned_le32(value, config->value + at);
	put_unaligned_le32(writable, config->writable + at);
}

static void set_cap(struct nvvgpu_mdev_config *config, u32 at, u8 id, u8 next)
{
	set8(config, at + PCI_CAP_LIST_ID, id, 0);
	set8(config, at + PCI_CAP_LIST_NEXT, next, 0);
}

static void set_header(struct nvvgpu_mdev_config *config, const struct nvvgpu_regions *regions)
{
	nvvgpu_header_init(config->value, config->writable, regions);
	set16(config, PCI_COMMAND, 0,
	      PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	set16(config, PCI_STATUS, PCI_STATUS_CAP_LIST, 0);
	set8(config, PCI_REVISION_ID, REVISION, 0);
	set8(config, PCI_CACHE_LINE_SIZE, 0, 0xff);
	set8(config, PCI_CAPABILITY_LIST, CAP_PM, 0);
	set8(config, PCI_INTERRUPT_LINE, 0, 0xff);
}

/* Asleep it answers to nothing but this; nothing is lost. */
static void set_pm(struct nvvgpu_mdev_config *config)
{
	set_cap(config, CAP_PM, PCI_CAP_ID_PM, CAP_PCIE);
	set16(config, CAP_PM + PCI_PM_PMC, 3, 0);
	set16(config, CAP_PM + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET, PCI_PM_CTRL_STATE_MASK);
}

static void set_pcie(struct nvvgpu_mdev_config *config)
{
	set_cap(config, CAP_PCIE, PCI_CAP_ID_EXP, CAP_MSIX);
	set16(config, CAP_PCIE + PCI_EXP_FLAGS, PCI_EXP_TYPE_ENDPOINT << 4 | 2, 0);
	set32(config, CAP_PCIE + PCI_EXP_DEVCAP,
	      PCI_EXP_DEVCAP_FLR | PCI_EXP_DEVCAP_RBER | 1, 0);
	set16(config, DEVCTL,
	      PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ_512B,
	      PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE |
	      PCI_EXP_DEVCTL_URRE | PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_PAYLOAD |
	      PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ);
}

static void set_msix(struct nvvgpu_mdev_config *config)
{
	set_cap(config, CAP_MSIX, PCI_CAP_ID_MSIX, 0);
	set16(config, CAP_MSIX + PCI_MSIX_FLAGS, NVVGPU_MDEV_VECTORS - 1,
	      PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	set32(config, CAP_MSIX + PCI_MSIX_TABLE, NVVGPU_MDEV_MSIX_TABLE, 0);
	set32(config, CAP_MSIX + PCI_MSIX_PBA, MSIX_PBA, 0);
}

void nvvgpu_mdev_config_init(struct nvvgpu_mdev *nm)
{
	struct nvvgpu_mdev_config *config = &nm->config;

	mutex_lock(&config->lock);
	memset(config->value, 0, sizeof(config->value));
	memset(config->writable, 0, sizeof(config->writable));
	set_header(config, &nm->regions);
	set_pm(config);
	set_pcie(config);
	set_msix(config);
	mutex_unlock(&config->lock);
}

/* -------------------------------------------------------------------- accesses */

static u16 get16(struct nvvgpu_mdev *nm, u32 at)
{
	u16 value;

	mutex_lock(&nm->config.lock);
	value = get_unaligned_le16(nm->config.value + at);
	mutex_unlock(&nm->config.lock);
	return value;
}

bool nvvgpu_mdev_config_bus_master(struct nvvgpu_mdev *nm)
{
	return get16(nm, PCI_COMMAND) & PCI_COMMAND_MASTER;
}

bool nvvgpu_mdev_config_asleep(struct nvvgpu_mdev *nm)
{
	/* D1 and D2 are not offered */
	return (get16(nm, CAP_PM + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK) == (__force u16)PCI_D3hot;
}

static void config_read(struct nvvgpu_mdev *nm, u64 offset, u8 *buf, size_t len)
{
	mutex_lock(&nm->config.lock);
	memcpy(buf, nm->config.value + offset, len);
	mutex_unlock(&nm->config.lock);
}

/* The bit that begins a function-level reset; it always reads as zero. */
static bool begins_reset(u64 offset, const u8 *buf, size_t len)
{
	u64 at = DEVCTL + 1;

	return offset <= at && at < offset + len &&
	       buf[at - offset] & (PCI_EXP_DEVCTL_BCR_FLR >> 8);
}

static int config_write(struct nvvgpu_mdev *nm, u64 offset, const u8 *buf, size_t len)
{
	struct nvvgpu_mdev_config *config = &nm->config;

	mutex_lock(&config->lock);
	nvvgpu_header_store(config->value + offset, config->writable + offset, buf, len);
	mutex_unlock(&config->lock);
	return begins_reset(offset, buf, len) ? nvvgpu_mdev_reset(nm) :
						nvvgpu_mdev_sync_bus_master(nm);
}

int nvvgpu_mdev_config_rw(struct nvvgpu_mdev *nm, u64 offset, u8 *buf, size_t len, bool write)
{
	if (write)
		return config_write(nm, offset, buf, len);
	config_read(nm, offset, buf, len);
	return 0;
}
