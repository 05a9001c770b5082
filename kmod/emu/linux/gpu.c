// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Life of one GPU: its parts are made in an order in which each can use those before it. */
#include <linux/io.h>
#include <linux/slab.h>
#include "glue.h"

struct emu_function *emu_gpu_vf(struct emu_gpu *gpu, u32 gfid)
{
	return gfid && gfid < gpu->function_count ? &gpu->functions[gfid] : NULL;
}

/* Routing ids: VF n = PF + offset + n * stride (SR-IOV 1.1, 2.1.2); the PF is function 0. */
struct emu_function *emu_gpu_function(struct emu_gpu *gpu, unsigned int devfn)
{
	const struct nvvgpu_emu_board_data *data = gpu->data;

	if (!devfn)
		return &gpu->functions[0];
	if (!data->vfs_total || devfn < data->vf_offset ||
	    (devfn - data->vf_offset) % data->vf_stride)
		return NULL;
	return emu_gpu_vf(gpu, (devfn - data->vf_offset) / data->vf_stride + 1);
}

void emu_function_clear(struct emu_function *fn)
{
	const struct emu_config_layout *layout = &emu_function_kind(fn)->layout;
	void __iomem *entry = fn->registers + layout->msix_table;
	int i;

	xchg(&fn->raised, 0);
	memset_io(fn->registers, 0, fn->registers_bytes);
	for (i = 0; i < layout->vectors; i++, entry += PCI_MSIX_ENTRY_SIZE)
		writel(PCI_MSIX_ENTRY_CTRL_MASKBIT, entry + PCI_MSIX_ENTRY_VECTOR_CTRL);
}

static struct emu_gpu *alloc_gpu(struct emu_board *board, unsigned int index)
{
	unsigned int i, count = 1 + board->data->vfs_total;
	struct emu_gpu *gpu;

	if (WARN_ON(count > EMU_FUNCTIONS))
		return NULL;
	gpu = kvzalloc(struct_size(gpu, functions, count), GFP_KERNEL);
	if (!gpu)
		return NULL;
	gpu->board = board;
	gpu->data = board->data;
	gpu->bus_number = EMU_FIRST_BUS + index;
	gpu->function_count = count;
	for (i = 0; i < count; i++) {
		gpu->functions[i].gpu = gpu;
		gpu->functions[i].index = i;
	}
	snprintf(gpu->name, sizeof(gpu->name), "%04x:%02x:00.0", board->domain, gpu->bus_number);
	spin_lock_init(&gpu->iommu_lock);
	return gpu;
}

int emu_gpu_new(struct emu_board *board, unsigned int index, struct emu_gpu **ret)
{
	struct emu_gpu *gpu;
	int err;

	gpu = alloc_gpu(board, index);
	if (!gpu)
		return -ENOMEM;
	err = emu_memory_take(gpu);
	if (err)
		goto err_free;
	err = emu_config_init(gpu);
	if (err)
		goto err_memory;
	err = emu_msi_init(gpu);
	if (err)
		goto err_config;
	err = emu_framebuffer_init(gpu);
	if (err)
		goto err_msi;
	err = emu_model_init(gpu);
	if (err)
		goto err_framebuffer;
	err = emu_bus_add(gpu);
	if (err)
		goto err_model;
	emu_debugfs_add(gpu);
	*ret = gpu;
	return 0;

err_model:
	emu_model_fini(gpu);
err_framebuffer:
	emu_framebuffer_fini(gpu);
err_msi:
	emu_msi_fini(gpu);
err_config:
	emu_config_fini(gpu);
err_memory:
	emu_memory_give(gpu);
err_free:
	kvfree(gpu);
	return err;
}

/*
 * A mediated device takes no function and no IOMMU domain.  Whether
 * somebody has it open shows in the firmware, which runs a task for it; a driver has to be there
 * to end the task.
 */
static bool has_mediated_users(struct emu_gpu *gpu)
{
	struct nvvgpu_emu_totals totals;
	struct pci_dev *pdev;
	bool driven;

	if (!emu_board_has_mdevs(gpu->board))
		return false;
	pdev = pci_get_slot(gpu->bridge->bus, 0);
	driven = pdev && pci_dev_driver(pdev);
	pci_dev_put(pdev);
	emu_model_totals(gpu, &totals);
	return driven && totals.plugins;
}

int emu_gpu_leave(struct emu_gpu *gpu)
{
	return has_mediated_users(gpu) ? -EBUSY : emu_iommu_leave(gpu);
}

/* Takes the drivers off first, which may still talk to the model then. */
void emu_gpu_free(struct emu_gpu *gpu)
{
	emu_debugfs_remove(gpu);
	emu_bus_remove(gpu);
	emu_model_fini(gpu);
	emu_framebuffer_fini(gpu);
	emu_msi_fini(gpu);
	emu_config_fini(gpu);
	emu_memory_give(gpu);
	kvfree(gpu);
}
