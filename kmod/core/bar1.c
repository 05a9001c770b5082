// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * BAR1: a window of virtual addresses over framebuffer, in 2 MiB pages.
 *
 * The page tables are those of Pascal to Ada.  The top level (PD3) belongs to the
 * firmware, which publishes its address; the host writes its entry into it.  All
 * lower levels are made at start, in one unit of the host part: PD2, PD1, and one
 * PD0 per 512 MiB of BAR1.  Mapping then only fills PD0 entries and flushes.
 * Framebuffer is reached through the window in BAR0, which needs no page table.
 */
#include "internal.h"

#define BAR1_PAGE SZ_2M
#define PD0_SPAN ((u64)BAR1_PAGE * NV_MMU_PD0_ENTRIES)
#define PD2_PAGE 0
#define PD1_PAGE 1
#define PD0_PAGE(i) (2 + (i))
#define MAX_PD0 (BAR1_PAGE / CORE_PAGE - PD0_PAGE(0))
#define FLUSH_TIMEOUT_MS 2000

static void fb_write64(struct nvvgpu_core *core, u64 address, u64 value)
{
	u32 offset = address & 0xffff;

	core_wr32(core, NV_PBUS_BAR0_WINDOW, address >> 16);
	core_wr32(core, NV_PRAMIN + offset, lower_32_bits(value));
	core_wr32(core, NV_PRAMIN + offset + 4, upper_32_bits(value));
}

static u64 table_address(struct nvvgpu_core *core, u32 page)
{
	return core->bar1.tables->address + page * CORE_PAGE;
}

static u64 directory_entry(u64 table)
{
	return NV_MMU_PDE_APERTURE_FB | NV_MMU_PDE_ADDRESS(table);
}

static int flush(struct nvvgpu_core *core)
{
	core_wr32(core, NV_MMU_PDB_LO, core->bar1.pd3 >> 8);
	core_wr32(core, NV_MMU_PDB_HI, 0);
	core_wr32(core, NV_MMU_INVALIDATE, NV_MMU_INVALIDATE_TRIGGER | NV_MMU_INVALIDATE_ALL);
	return core_wait_reg(core, NV_MMU_INVALIDATE, NV_MMU_INVALIDATE_TRIGGER, 0,
			     FLUSH_TIMEOUT_MS);
}

static int build_tables(struct nvvgpu_core *core)
{
	u32 i;
	int err;

	err = core_fb_scrub(core, core->bar1.tables);
	if (err)
		return err;
	for (i = 0; i < core->bar1.pd0_count; i++)
		fb_write64(core, table_address(core, PD1_PAGE) + i * 8,
			   directory_entry(table_address(core, PD0_PAGE(i))));
	fb_write64(core, table_address(core, PD2_PAGE),
		   directory_entry(table_address(core, PD1_PAGE)));
	fb_write64(core, core->bar1.pd3, directory_entry(table_address(core, PD2_PAGE)));
	return flush(core);
}

int core_bar1_init(struct nvvgpu_core *core)
{
	u64 bytes = min_t(u64, core->hw->bar1_bytes, MAX_PD0 * PD0_SPAN);
	int err;

	core->bar1.pd3 = le64_to_cpu(core->static_info->bar1_pde_base);
	if (!core->bar1.pd3 || !IS_ALIGNED(core->bar1.pd3, CORE_PAGE))
		return -EPROTO;
	if (bytes < BAR1_PAGE)
		return -ENODEV;
	core->bar1.pd0_count = DIV_ROUND_UP(bytes, PD0_SPAN);
	core->info.bar1_bytes = round_down(bytes, (u64)BAR1_PAGE);
	err = core_range_init(&core->bar1.space, 0, BAR1_PAGE, bytes / BAR1_PAGE);
	if (err)
		return err;
	err = core_fb_alloc(core, NVVGPU_FB_HEAP, BAR1_PAGE, NVVGPU_CORE_ANY64,
			    &core->bar1.tables);
	if (err)
		goto err_space;
	err = build_tables(core);
	if (err)
		goto err_tables;
	return 0;

err_tables:
	core_fb_free(core, core->bar1.tables);
	core->bar1.tables = NULL;
err_space:
	core_range_fini(&core->bar1.space);
	return err;
}

void core_bar1_fini(struct nvvgpu_core *core)
{
	if (!core->bar1.tables)
		return;
	fb_write64(core, core->bar1.pd3, 0);
	if (flush(core))
		pr_warn("nvvgpu: %s: BAR1 flush timed out\n", core->hw->name);
	core_fb_free(core, core->bar1.tables);
	core->bar1.tables = NULL;
	core_range_fini(&core->bar1.space);
}

/* resource_lock held: it also guards the BAR0 window */
static void write_pages(struct nvvgpu_core *core, u64 offset, u64 size, u64 address, bool valid)
{
	u64 done;

	for (done = 0; done < size; done += BAR1_PAGE) {
		u64 at = offset + done;
		u64 table = table_address(core, PD0_PAGE(at / PD0_SPAN));
		u64 entry = table + at % PD0_SPAN / BAR1_PAGE * NV_MMU_PD0_ENTRY_SIZE;

		fb_write64(core, entry,
			   valid ? NV_MMU_PTE_VALID | NV_MMU_PTE_APERTURE_FB |
				   NV_MMU_PDE_ADDRESS(address + done) : 0);
	}
}

int core_bar1_map(struct nvvgpu_core *core, struct nvvgpu_fb *fb)
{
	u64 offset;
	int err;

	if (fb->bar1_mapped)
		return -EEXIST;
	if (!IS_ALIGNED(fb->address, BAR1_PAGE) || !IS_ALIGNED(fb->size, BAR1_PAGE))
		return -EINVAL;
	mutex_lock(&core->resource_lock);
	err = core_range_alloc(&core->bar1.space, fb->size, NVVGPU_CORE_ANY64, &offset);
	if (err)
		goto out;
	write_pages(core, offset, fb->size, fb->address, true);
	err = flush(core);
	if (err) {
		write_pages(core, offset, fb->size, 0, false);
		core_range_free(&core->bar1.space, offset, fb->size);
		goto out;
	}
	fb->bar1_mapped = true;
	fb->bar1_offset = offset;
out:
	mutex_unlock(&core->resource_lock);
	return err;
}

void core_bar1_unmap(struct nvvgpu_core *core, struct nvvgpu_fb *fb)
{
	if (!fb->bar1_mapped)
		return;
	mutex_lock(&core->resource_lock);
	write_pages(core, fb->bar1_offset, fb->size, 0, false);
	if (flush(core))
		pr_warn("nvvgpu: %s: BAR1 flush timed out\n", core->hw->name);
	core_range_free(&core->bar1.space, fb->bar1_offset, fb->size);
	mutex_unlock(&core->resource_lock);
	fb->bar1_mapped = false;
}
