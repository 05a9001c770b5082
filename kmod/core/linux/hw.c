// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The physical function as the plain core sees it: registers in BAR0, DMA memory, BAR1.
 * ../../emu/pv.h tells what is different on an emulated board, the only kind there is so far.
 */
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include "glue.h"

#define ROOM_TIMEOUT_US (4 * USEC_PER_SEC)
#define TRANSFER_TIMEOUT_US (30 * USEC_PER_SEC)	/* a save reads much, and the thread is one of many */
#define DMA_BITS 47	/* what the GSP of Turing to Ada can address */

static struct core_pci *to_pf(struct nvvgpu_hw *hw)
{
	return container_of(hw, struct core_pci, hw);
}

/* --------------------------------------------------------------- registers */

static u32 hw_rd32(struct nvvgpu_hw *hw, u32 reg)
{
	return readl(to_pf(hw)->bar0 + reg);
}

static u32 room(struct core_pci *pf)
{
	u32 writes;

	/* an error reads as all ones; the function is gone then, and takes everything */
	pci_read_config_dword(pf->pdev, pf->pv + NVVGPU_PV_CAP_DATA, &writes);
	return writes;
}

static bool has_room(struct core_pci *pf)
{
	u32 writes;

	if (!pf->lost && read_poll_timeout(room, writes, writes, 10, ROOM_TIMEOUT_US, false, pf)) {
		dev_err(&pf->pdev->dev, "the board takes no writes; bind the driver again\n");
		pf->lost = true;
	}
	return !pf->lost;
}

/* Nothing after a write that was lost: it may have said where the next one goes. */
static void hw_wr32(struct nvvgpu_hw *hw, u32 reg, u32 val)
{
	struct core_pci *pf = to_pf(hw);

	mutex_lock(&pf->write_lock);
	if (has_room(pf)) {
		writel(val, pf->bar0 + reg);
		pci_write_config_dword(pf->pdev, pf->pv + NVVGPU_PV_CAP_ADDRESS, reg);
		pci_write_config_dword(pf->pdev, pf->pv + NVVGPU_PV_CAP_DATA, val);
	}
	mutex_unlock(&pf->write_lock);
}

void core_hw_restart(struct core_pci *pf)
{
	mutex_lock(&pf->write_lock);
	pf->lost = false;
	mutex_unlock(&pf->write_lock);
	core_guest_restart(pf);
}

/* ------------------------------------------- what has no memory in its BAR */

/*
 * transfer_lock held: the board has done with the staging area and the registers.  It reads them
 * when it gets to the command, which may be after somebody gave up on it.
 */
static int wait_transfer(struct core_pci *pf)
{
	u32 left;

	if (pf->lost || readl_poll_timeout(pf->bar0 + NVVGPU_PV_COMMAND, left, !left, 20,
					   TRANSFER_TIMEOUT_US)) {
		dev_warn_ratelimited(&pf->pdev->dev, "the board does not answer\n");
		return -ETIMEDOUT;
	}
	return 0;
}

/* transfer_lock held: runs what stands in the staging area. */
static int run_transfer(struct core_pci *pf, u32 function, u64 offset, size_t len, u32 command)
{
	int err;

	writel(function, pf->bar0 + NVVGPU_PV_FUNCTION);
	writel(lower_32_bits(offset), pf->bar0 + NVVGPU_PV_OFFSET_LO);
	writel(upper_32_bits(offset), pf->bar0 + NVVGPU_PV_OFFSET_HI);
	writel(len, pf->bar0 + NVVGPU_PV_BYTES);
	hw_wr32(&pf->hw, NVVGPU_PV_COMMAND, command);
	err = wait_transfer(pf);
	return err ? err : -(int)readl(pf->bar0 + NVVGPU_PV_RESULT);
}

static int read_piece(struct core_pci *pf, u32 function, u64 offset, void *buf, size_t len)
{
	int err;

	mutex_lock(&pf->transfer_lock);
	err = wait_transfer(pf);
	if (!err)
		err = run_transfer(pf, function, offset, len, NVVGPU_PV_COMMAND_READ);
	if (err != -ETIMEDOUT)
		memcpy_fromio(buf, pf->bar0 + NVVGPU_PV_STAGING, len);
	mutex_unlock(&pf->transfer_lock);
	return err;
}

static int write_piece(struct core_pci *pf, u32 function, u64 offset, const void *buf, size_t len)
{
	int err;

	mutex_lock(&pf->transfer_lock);
	err = wait_transfer(pf);
	if (!err) {
		memcpy_toio(pf->bar0 + NVVGPU_PV_STAGING, buf, len);
		err = run_transfer(pf, function, offset, len, NVVGPU_PV_COMMAND_WRITE);
	}
	mutex_unlock(&pf->transfer_lock);
	return err;
}

static int transfer_read(struct core_pci *pf, u32 function, u64 offset, void *buf, size_t len)
{
	size_t done, part;
	int err = 0;

	for (done = 0; done < len && !err; done += part) {
		part = min_t(size_t, len - done, NVVGPU_PV_STAGING_BYTES);
		err = read_piece(pf, function, offset + done, buf + done, part);
	}
	return err;
}

static int transfer_write(struct core_pci *pf, u32 function, u64 offset, const void *buf,
			  size_t len)
{
	size_t done, part;
	int err = 0;

	for (done = 0; done < len && !err; done += part) {
		part = min_t(size_t, len - done, NVVGPU_PV_STAGING_BYTES);
		err = write_piece(pf, function, offset + done, buf + done, part);
	}
	return err;
}

static int hw_bar1_read(struct nvvgpu_hw *hw, u64 offset, void *buf, size_t len)
{
	return transfer_read(to_pf(hw), 0, offset, buf, len);
}

static int hw_bar1_write(struct nvvgpu_hw *hw, u64 offset, const void *buf, size_t len)
{
	return transfer_write(to_pf(hw), 0, offset, buf, len);
}

int core_hw_bar_read(struct core_pci *pf, u32 gfid, u32 bar, u64 offset, void *buf, size_t len)
{
	return transfer_read(pf, gfid << 8 | bar, offset, buf, len);
}

int core_hw_bar_write(struct core_pci *pf, u32 gfid, u32 bar, u64 offset, const void *buf,
		      size_t len)
{
	return transfer_write(pf, gfid << 8 | bar, offset, buf, len);
}

static int hw_vf_read(struct nvvgpu_hw *hw, u32 gfid, u32 bar, u64 offset, void *buf, size_t len)
{
	return core_hw_bar_read(to_pf(hw), gfid, bar, offset, buf, len);
}

static int hw_vf_write(struct nvvgpu_hw *hw, u32 gfid, u32 bar, u64 offset, const void *buf,
		       size_t len)
{
	int err;

	err = core_hw_bar_write(to_pf(hw), gfid, bar, offset, buf, len);
	return err == -EINPROGRESS ? core_guest_copy(to_pf(hw), gfid) : err;
}

/* --------------------------------------------------------------------- DMA */

static int hw_dma_alloc(struct nvvgpu_hw *hw, size_t size, struct nvvgpu_dma *dma)
{
	dma_addr_t bus;

	dma->vaddr = dma_alloc_coherent(&to_pf(hw)->pdev->dev, size, &bus, GFP_KERNEL);
	if (!dma->vaddr)
		return -ENOMEM;
	dma->bus = bus;
	dma->size = size;
	return 0;
}

static void hw_dma_free(struct nvvgpu_hw *hw, struct nvvgpu_dma *dma)
{
	dma_free_coherent(&to_pf(hw)->pdev->dev, dma->size, dma->vaddr, dma->bus);
}

static const struct nvvgpu_hw_ops hw_ops = {
	.rd32 = hw_rd32,
	.wr32 = hw_wr32,
	.bar1_read = hw_bar1_read,
	.bar1_write = hw_bar1_write,
	.dma_alloc = hw_dma_alloc,
	.dma_free = hw_dma_free,
	.vf_read = hw_vf_read,
	.vf_write = hw_vf_write,
	.set_guest_ops = core_guest_set_ops,
};

/* --------------------------------------------------------------------- life */

/* The capability by which a function says that it is an emulated board; 0: it is none. */
static int find_pv(struct pci_dev *pdev)
{
	int at = pci_find_capability(pdev, PCI_CAP_ID_VNDR);
	u32 magic = 0;

	for (; at; at = pci_find_next_capability(pdev, at, PCI_CAP_ID_VNDR)) {
		pci_read_config_dword(pdev, at + NVVGPU_PV_CAP_MAGIC, &magic);
		if (magic == NVVGPU_PV_MAGIC)
			return at;
	}
	return 0;
}

static int read_rom(struct core_pci *pf)
{
	struct nvvgpu_pv_rom *rom = pf->rom;
	u32 i;

	memcpy_fromio(rom, pf->bar0 + NVVGPU_PV_ROM, sizeof(*rom));
	if (rom->magic != NVVGPU_PV_MAGIC || rom->version != NVVGPU_PV_VERSION ||
	    rom->type_bytes != sizeof(rom->types[0]) || rom->type_count > NVVGPU_PV_ROM_TYPES ||
	    rom->framework >= NVVGPU_BOARD_FRAMEWORKS) {
		dev_err(&pf->pdev->dev, "board and core driver do not fit: load modules of one build\n");
		return -EPROTONOSUPPORT;
	}
	for (i = 0; i < rom->type_count; i++) {
		struct nvvgpu_type_desc *type = &rom->types[i];

		type->name[sizeof(type->name) - 1] = '\0';
		type->class_name[sizeof(type->class_name) - 1] = '\0';
		type->license[sizeof(type->license) - 1] = '\0';
	}
	return 0;
}

static void describe_vfs(struct core_pci *pf)
{
	static const int bars[] = { 0, 1, 3 };
	struct pci_dev *pdev = pf->pdev;
	struct nvvgpu_hw *hw = &pf->hw;
	int sriov = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_SRIOV);
	int i;

	hw->vfs_total = pci_sriov_get_totalvfs(pdev);
	if (!sriov || !hw->vfs_total)
		return;
	/* the PCI core has both numbers, but gives them only once the VFs exist */
	pci_read_config_word(pdev, sriov + PCI_SRIOV_VF_OFFSET, &hw->vf_offset);
	pci_read_config_word(pdev, sriov + PCI_SRIOV_VF_STRIDE, &hw->vf_stride);
	for (i = 0; i < ARRAY_SIZE(bars); i++) {
		const struct resource *bar = &pdev->resource[PCI_IOV_RESOURCES + bars[i]];

		hw->vf_bar_address[i] = pci_bus_address(pdev, PCI_IOV_RESOURCES + bars[i]);
		hw->vf_bar_64bit[i] = bar->flags & IORESOURCE_MEM_64;
	}
	hw->slot_bar1_bytes = pci_resource_len(pdev, PCI_IOV_RESOURCES + 1) / hw->vfs_total;
	hw->slot_bar3_bytes = pci_resource_len(pdev, PCI_IOV_RESOURCES + 3) / hw->vfs_total;
}

static void describe(struct core_pci *pf)
{
	struct pci_dev *pdev = pf->pdev;
	struct nvvgpu_hw *hw = &pf->hw;

	hw->ops = &hw_ops;
	hw->name = pci_name(pdev);
	hw->emulated = true;
	hw->domain_bdf = pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev);
	hw->vendor_id = pdev->vendor;
	hw->device_id = pdev->device;
	hw->subsystem_vendor_id = pdev->subsystem_vendor;
	hw->subsystem_device_id = pdev->subsystem_device;
	hw->bar_address[0] = pci_bus_address(pdev, 0);
	hw->bar_address[1] = pci_bus_address(pdev, 1);
	hw->bar_address[3] = pci_bus_address(pdev, 3);
	hw->bar1_bytes = pci_resource_len(pdev, 1);
	hw->vf_trap_pages = pf->rom->vf_trap_pages;
	hw->slot_bar1_bytes = hw->bar1_bytes;
	hw->slot_bar3_bytes = pci_resource_len(pdev, 3);
	describe_vfs(pf);

	pf->device.mixed_size = pf->rom->mixed_size;
	pf->device.placement = pf->rom->placement;
	pf->device.placement_units = pf->rom->placement_units;
	pf->device.framework = pf->rom->framework;
	pf->device.instances = pf->rom->instances;
	pf->device.types = pf->rom->types;
	pf->device.type_count = pf->rom->type_count;
}

int core_hw_init(struct core_pci *pf)
{
	struct pci_dev *pdev = pf->pdev;
	int err;

	pf->pv = find_pv(pdev);
	if (!pf->pv) {
		/* it would need firmware images signed for it, and FWSEC of its VBIOS */
		dev_err(&pdev->dev, "booting a physical board is not implemented\n");
		return -EOPNOTSUPP;
	}
	if (pci_resource_len(pdev, 0) < NVVGPU_PV_STAGING + NVVGPU_PV_STAGING_BYTES)
		return -ENODEV;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(DMA_BITS));
	if (err)
		return err;
	pf->rom = kvzalloc(sizeof(*pf->rom), GFP_KERNEL);
	if (!pf->rom)
		return -ENOMEM;
	pf->bar0 = pci_ioremap_bar(pdev, 0);
	if (!pf->bar0) {
		err = -ENOMEM;
		goto err_rom;
	}
	err = read_rom(pf);
	if (err)
		goto err_unmap;
	mutex_init(&pf->write_lock);
	mutex_init(&pf->transfer_lock);
	core_guest_init(pf);
	describe(pf);
	return 0;

err_unmap:
	iounmap(pf->bar0);
err_rom:
	kvfree(pf->rom);
	return err;
}

void core_hw_fini(struct core_pci *pf)
{
	core_guest_fini(pf);
	mutex_destroy(&pf->transfer_lock);
	mutex_destroy(&pf->write_lock);
	iounmap(pf->bar0);
	kvfree(pf->rom);
}
