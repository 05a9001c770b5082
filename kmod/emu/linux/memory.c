// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Where a GPU's BARs are.  BAR0 of its functions is memory that the administrator set aside
 * at boot (memmap=64M$0x50000000), so that a driver or a VMM can map it as it maps registers.
 * The other BARs are far larger than the machine's memory: addresses that nothing else uses,
 * in their true size, without anything behind them.  What is read there passes through the
 * staging area of ../pv.h instead.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include "glue.h"

/* The only state of this file: one region for all boards, as the parameters name it. */
static struct resource *set_aside;

/*
 * Only memory that the kernel keeps off because it was told so: an entry of the memory map of
 * type "Reserved" around all of it.  It is not busy, so that a region within can be requested;
 * the region itself must not be busy either, for the BARs to be claimed below it.
 */
int emu_memory_init(unsigned long base, unsigned long bytes)
{
	if (!bytes)
		return 0;
	if (!PAGE_ALIGNED(base) || !PAGE_ALIGNED(bytes) || base + bytes - 1 < base ||
	    base + bytes - 1 > U32_MAX) {
		pr_err("memory_base and memory_bytes: whole pages below 4 GiB are needed\n");
		return -EINVAL;
	}
	set_aside = request_mem_region(base, bytes, KBUILD_MODNAME);
	if (!set_aside) {
		pr_err("0x%lx+0x%lx is not free: set it aside with memmap=%luM$0x%lx\n", base,
		       bytes, DIV_ROUND_UP(bytes, SZ_1M), base);
		return -EBUSY;
	}
	if (set_aside->parent->desc != IORES_DESC_RESERVED) {
		pr_err("0x%lx+0x%lx is not reserved: set it aside with memmap=%luM$0x%lx\n",
		       base, bytes, DIV_ROUND_UP(bytes, SZ_1M), base);
		release_mem_region(base, bytes);
		set_aside = NULL;
		return -EINVAL;
	}
	set_aside->flags &= ~IORESOURCE_BUSY;
	return 0;
}

void emu_memory_exit(void)
{
	if (!set_aside)
		return;
	set_aside->flags |= IORESOURCE_BUSY;	/* release_mem_region() finds no other kind */
	release_mem_region(set_aside->start, resource_size(set_aside));
	set_aside = NULL;
}

/* allocate_resource() would avoid just this memory: it takes care of what is reserved. */
static int take_set_aside(struct resource *res, u64 bytes, u64 align)
{
	u64 start;

	if (!set_aside) {
		pr_err("no memory: set some aside with memmap= and load with memory_base= and memory_bytes=\n");
		return -ENOMEM;
	}
	for (start = ALIGN(set_aside->start, align); start + bytes - 1 <= set_aside->end;
	     start += align) {
		res->start = start;
		res->end = start + bytes - 1;
		if (!request_resource(set_aside, res))
			return 0;
	}
	pr_err("no %llu MiB left of the memory set aside\n", (u64)DIV_ROUND_UP(bytes, SZ_1M));
	return -ENOMEM;
}

static int take_memory(struct emu_gpu *gpu)
{
	const struct nvvgpu_emu_board_data *data = gpu->data;
	int err;

	gpu->memory.name = gpu->name;
	gpu->memory.flags = IORESOURCE_MEM;
	err = take_set_aside(&gpu->memory,
			     EMU_PF_BAR0_BYTES + data->vfs_total * data->vf_bar_bytes[0],
			     EMU_PF_BAR0_BYTES);
	if (err)
		return err;
	gpu->bars.bar0 = gpu->memory.start;
	gpu->bars.vf_bar0 = gpu->memory.start + EMU_PF_BAR0_BYTES;
	return 0;
}

/* The next BARs after *end, one for each of count functions. */
static u64 place(u64 *end, u64 bytes, u32 count)
{
	u64 start = bytes ? ALIGN(*end, bytes) : *end;

	*end = start + bytes * count;
	return start;
}

/* One window per GPU: the PCI core joins windows that touch, and they are ours to give back. */
static int take_space(struct emu_gpu *gpu)
{
	const struct nvvgpu_emu_board_data *data = gpu->data;
	struct emu_bars *bars = &gpu->bars;
	u64 end = 0;
	int err;

	bars->bar1 = place(&end, data->bar1_bytes, 1);
	bars->vf_bar1 = place(&end, data->vf_bar_bytes[1], data->vfs_total);
	bars->vf_bar3 = place(&end, data->vf_bar_bytes[2], data->vfs_total);
	bars->bar3 = place(&end, EMU_BAR3_BYTES, 1);

	gpu->space.name = gpu->name;
	gpu->space.flags = IORESOURCE_MEM | IORESOURCE_PREFETCH | IORESOURCE_MEM_64;
	err = allocate_resource(&iomem_resource, &gpu->space, end, SZ_4G, iomem_resource.end,
				max(data->bar1_bytes, data->vf_bar_bytes[1]), NULL, NULL);
	if (err) {
		pr_err("%s: no room for %llu GiB of BARs below the processor's last address %pa\n",
		       gpu->name, (u64)DIV_ROUND_UP(end, SZ_1G), &iomem_resource.end);
		return -ENOSPC;
	}
	bars->bar1 += gpu->space.start;
	bars->vf_bar1 += gpu->space.start;
	bars->vf_bar3 += gpu->space.start;
	bars->bar3 += gpu->space.start;
	return 0;
}

/* Uncached, as drivers map it: two mappings of one page must agree. */
static int map_registers(struct emu_gpu *gpu)
{
	void __iomem *at;
	unsigned int i;

	gpu->registers = ioremap(gpu->memory.start, resource_size(&gpu->memory));
	if (!gpu->registers)
		return -ENOMEM;
	at = gpu->registers;
	for (i = 0; i < gpu->function_count; i++) {
		struct emu_function *fn = &gpu->functions[i];

		fn->registers = at;
		fn->registers_bytes = i ? gpu->data->vf_bar_bytes[0] : EMU_PF_BAR0_BYTES;
		at += fn->registers_bytes;
	}
	return 0;
}

int emu_memory_take(struct emu_gpu *gpu)
{
	int err;

	err = take_memory(gpu);
	if (err)
		return err;
	err = take_space(gpu);
	if (err)
		goto err_memory;
	err = map_registers(gpu);
	if (err)
		goto err_space;
	return 0;

err_space:
	release_resource(&gpu->space);
err_memory:
	release_resource(&gpu->memory);
	return err;
}

/* Nothing of the board is left behind for whoever uses the memory next. */
void emu_memory_give(struct emu_gpu *gpu)
{
	memset_io(gpu->registers, 0, resource_size(&gpu->memory));
	iounmap(gpu->registers);
	release_resource(&gpu->space);
	release_resource(&gpu->memory);
}
