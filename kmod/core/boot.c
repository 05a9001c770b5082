// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Boot of the firmware, in nouveau's order without the two steps that need a
 * VBIOS and signed images: FWSEC (an emulated board has no VBIOS) and the radix3
 * image (its firmware is built in).  A physical board is refused before this.
 */
#include "internal.h"

#define NON_WPR_HEAP SZ_1M
#define FRTS_BYTES SZ_1M
#define VGA_WORKSPACE SZ_1M
#define WPR_HEAP SZ_256M	/* the first RFC's size with vGPU on */
#define LOG_BYTES 0x10000
#define VF_PARTITIONS 32

#define GFW_TIMEOUT_MS 4000
#define RESET_TIMEOUT_MS 20
#define BOOTER_TIMEOUT_MS 2000
#define INIT_DONE_TIMEOUT_MS 4000
#define UNLOAD_TIMEOUT_MS 2000

static int check_chip(struct nvvgpu_core *core)
{
	u32 arch = NV_PMC_BOOT_42_ARCH(core_rd32(core, NV_PMC_BOOT_42));

	if (core_rd32(core, NV_PMC_BOOT_0) == ~0U ||
	    (core_rd32(core, NV_PMC_BOOT_1) & NV_PMC_BOOT_1_VGPU_MASK))
		return -ENODEV;
	if (arch != NV_ARCH_TURING && arch != NV_ARCH_AMPERE && arch != NV_ARCH_ADA)
		return -ENODEV;
	return 0;
}

/* The progress may only be believed once its privilege mask lets everyone read it. */
static int wait_for_gfw(struct nvvgpu_core *core)
{
	int err;

	err = core_wait_reg(core, NV_GFW_BOOT_PLM, NV_GFW_BOOT_PLM_READABLE,
			    NV_GFW_BOOT_PLM_READABLE, GFW_TIMEOUT_MS);
	if (err)
		return err;
	return core_wait_reg(core, NV_GFW_BOOT_PROGRESS, 0xff, NV_GFW_BOOT_COMPLETED,
			     GFW_TIMEOUT_MS);
}

static u64 framebuffer_bytes(struct nvvgpu_core *core)
{
	if (NV_PMC_BOOT_42_CHIP(core_rd32(core, NV_PMC_BOOT_42)) < NV_CHIP_GA102)
		return NV_LOCAL_MEMORY_MIB(core_rd32(core, NV_LOCAL_MEMORY_RANGE)) << 20;
	return (u64)core_rd32(core, NV_USABLE_FB_SIZE_IN_MB) << 20;
}

/*
 * The firmware's part of the framebuffer, from the top downwards, as nouveau lays
 * it out for 535.113.01; the images have no size here.
 */
static int fill_wpr_meta(struct nvvgpu_core *core, struct gsp_wpr_meta *meta)
{
	u64 fb = framebuffer_bytes(core);
	u64 end, frts, heap, start;

	if (fb < SZ_1G)
		return -ENODEV;
	end = round_down(fb - VGA_WORKSPACE, (u64)GSP_WPR_ALIGN);
	frts = end - FRTS_BYTES;
	heap = round_down(frts - WPR_HEAP, (u64)SZ_1M);
	start = round_down(heap - sizeof(*meta), (u64)SZ_1M);
	meta->magic = cpu_to_le64(GSP_WPR_META_MAGIC);
	meta->revision = cpu_to_le64(GSP_WPR_META_REVISION);
	meta->gsp_fw_rsvd_start = cpu_to_le64(start - NON_WPR_HEAP);
	meta->non_wpr_heap_offset = cpu_to_le64(start - NON_WPR_HEAP);
	meta->non_wpr_heap_size = cpu_to_le64(NON_WPR_HEAP);
	meta->gsp_fw_wpr_start = cpu_to_le64(start);
	meta->gsp_fw_heap_offset = cpu_to_le64(heap);
	meta->gsp_fw_heap_size = cpu_to_le64(WPR_HEAP);
	meta->gsp_fw_offset = cpu_to_le64(frts);
	meta->boot_bin_offset = cpu_to_le64(frts);
	meta->frts_offset = cpu_to_le64(frts);
	meta->frts_size = cpu_to_le64(FRTS_BYTES);
	meta->gsp_fw_wpr_end = cpu_to_le64(end);
	meta->fb_size = cpu_to_le64(fb);
	meta->vga_workspace_offset = cpu_to_le64(fb - VGA_WORKSPACE);
	meta->vga_workspace_size = cpu_to_le64(VGA_WORKSPACE);
	meta->gsp_fw_heap_vf_partition_count = VF_PARTITIONS;
	return 0;
}

/* Up to eight ASCII characters, the first one most significant. */
static u64 libos_id(const char *name)
{
	u64 id = 0;

	while (*name)
		id = id << 8 | (u8)*name++;
	return id;
}

static void fill_libos_arg(struct gsp_libos_arg *arg, const char *name,
			   const struct nvvgpu_dma *dma)
{
	arg->id8 = cpu_to_le64(libos_id(name));
	arg->pa = cpu_to_le64(dma->bus);
	arg->size = cpu_to_le64(dma->size);
	arg->kind = GSP_LIBOS_KIND_CONTIGUOUS;
	arg->loc = GSP_LIBOS_LOC_SYSMEM;
}

static void free_boot_memory(struct nvvgpu_core *core)
{
	struct nvvgpu_dma *all[] = { &core->wpr_meta, &core->libos_args, &core->rm_args,
				     &core->logs[0], &core->logs[1], &core->logs[2] };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i]->vaddr)
			core->hw->ops->dma_free(core->hw, all[i]);
		memset(all[i], 0, sizeof(*all[i]));
	}
}

static int alloc_boot_memory(struct nvvgpu_core *core)
{
	const struct nvvgpu_hw_ops *ops = core->hw->ops;
	u32 i;
	int err;

	err = ops->dma_alloc(core->hw, CORE_PAGE, &core->wpr_meta);
	if (!err)
		err = ops->dma_alloc(core->hw, CORE_PAGE, &core->libos_args);
	if (!err)
		err = ops->dma_alloc(core->hw, CORE_PAGE, &core->rm_args);
	for (i = 0; !err && i < ARRAY_SIZE(core->logs); i++)
		err = ops->dma_alloc(core->hw, LOG_BYTES, &core->logs[i]);
	return err;
}

static int fill_boot_memory(struct nvvgpu_core *core)
{
	struct gsp_arguments_cached *args = core->rm_args.vaddr;
	struct gsp_libos_arg *libos = core->libos_args.vaddr;

	fill_libos_arg(&libos[0], "LOGINIT", &core->logs[0]);
	fill_libos_arg(&libos[1], "LOGINTR", &core->logs[1]);
	fill_libos_arg(&libos[2], "LOGRM", &core->logs[2]);
	fill_libos_arg(&libos[3], "RMARGS", &core->rm_args);
	args->shared_mem_phys_addr = cpu_to_le64(core->queues.shared.bus);
	args->page_table_entry_count = cpu_to_le32(GSP_QUEUE_PAGES);
	args->cmd_queue_offset = cpu_to_le64(GSP_QUEUE_CMD_OFFSET);
	args->stat_queue_offset = cpu_to_le64(GSP_QUEUE_STAT_OFFSET);
	return fill_wpr_meta(core, core->wpr_meta.vaddr);
}

/* ------------------------------------------------ what the firmware is told */

static int post_system_info(struct nvvgpu_core *core)
{
	const struct nvvgpu_hw *hw = core->hw;
	struct gsp_system_info *info;
	u32 i;
	int err;

	info = kzalloc(sizeof(*info), GFP_KERNEL);
	if (!info)
		return -ENOMEM;
	info->gpu_phys_addr = cpu_to_le64(hw->bar_address[0]);
	info->gpu_phys_fb_addr = cpu_to_le64(hw->bar_address[1]);
	info->gpu_phys_inst_addr = cpu_to_le64(hw->bar_address[3]);
	info->domain_bus_device_func = cpu_to_le64(hw->domain_bdf);
	info->pci_config_mirror_base = cpu_to_le32(NV_PCFG_BASE);
	info->pci_config_mirror_size = cpu_to_le32(NV_PCFG_SIZE);
	info->vf_info.total_vfs = cpu_to_le32(hw->vfs_total);
	info->vf_info.first_vf_offset = cpu_to_le32(hw->vf_offset);
	for (i = 0; i < ARRAY_SIZE(hw->vf_bar_address); i++) {
		info->vf_info.first_vf_bar_address[i] = cpu_to_le64(hw->vf_bar_address[i]);
		info->vf_info.bar_64bit[i] = hw->vf_bar_64bit[i];
	}
	err = core_rpc_post(core, GSP_FN_SET_SYSTEM_INFO, info, sizeof(*info));
	kfree(info);
	return err;
}

static const struct {
	const char *name;
	u32 value;
	bool sriov_only;
} registry_keys[] = {
	{ "RMSecBusResetEnable", 1, false },
	{ "RMForcePcieConfigSave", 1, false },
	{ "RMSetSriovMode", 1, true },
};

static int post_registry(struct nvvgpu_core *core)
{
	u8 buf[256] __aligned(8) = { 0 };
	struct gsp_registry *registry = (void *)buf;
	u32 i, count = 0, at;

	for (i = 0; i < ARRAY_SIZE(registry_keys); i++)
		count += core->hw->vfs_total || !registry_keys[i].sriov_only;
	at = sizeof(*registry) + count * sizeof(registry->entries[0]);
	registry->num_entries = cpu_to_le32(count);
	count = 0;
	for (i = 0; i < ARRAY_SIZE(registry_keys); i++) {
		struct gsp_registry_entry *entry = &registry->entries[count];
		u32 len = strlen(registry_keys[i].name) + 1;

		if (registry_keys[i].sriov_only && !core->hw->vfs_total)
			continue;
		entry->name_offset = cpu_to_le32(at);
		entry->type = GSP_REGISTRY_DWORD;
		entry->data = cpu_to_le32(registry_keys[i].value);
		entry->length = cpu_to_le32(sizeof(u32));
		memcpy(buf + at, registry_keys[i].name, len);
		at += len;
		count++;
	}
	registry->size = cpu_to_le32(at);
	return core_rpc_post(core, GSP_FN_SET_REGISTRY, buf, at);
}

/* ------------------------------------------------------------------ the boot */

static int reset_into_riscv(struct nvvgpu_core *core)
{
	int err;

	core_wr32(core, NV_PGSP + NV_FALCON_ENGINE, NV_FALCON_ENGINE_RESET);
	usleep_range(10, 20);
	core_wr32(core, NV_PGSP + NV_FALCON_ENGINE, 0);
	err = core_wait_reg(core, NV_PGSP + NV_FALCON_HWCFG2, NV_FALCON_HWCFG2_SCRUBBING, 0,
			    RESET_TIMEOUT_MS);
	if (!err)
		core_wr32(core, NV_PGSP + NV_RISCV_BCR_CTRL, NV_RISCV_BCR_CTRL_RISCV);
	return err;
}

static int run_booter(struct nvvgpu_core *core, u64 mailbox)
{
	int err;

	core_wr32(core, NV_PSEC + NV_FALCON_MAILBOX0, lower_32_bits(mailbox));
	core_wr32(core, NV_PSEC + NV_FALCON_MAILBOX1, upper_32_bits(mailbox));
	core_wr32(core, NV_PSEC + NV_FALCON_BOOTVEC, 0);
	core_wr32(core, NV_PSEC + NV_FALCON_CPUCTL, NV_FALCON_CPUCTL_START);
	err = core_wait_reg(core, NV_PSEC + NV_FALCON_CPUCTL, NV_FALCON_CPUCTL_HALTED,
			    NV_FALCON_CPUCTL_HALTED, BOOTER_TIMEOUT_MS);
	if (!err && core_rd32(core, NV_PSEC + NV_FALCON_MAILBOX0))
		err = -EIO;
	return err;
}

static int start_firmware(struct nvvgpu_core *core)
{
	int err;

	err = reset_into_riscv(core);
	if (err)
		return err;
	core_wr32(core, NV_PGSP + NV_FALCON_MAILBOX0, lower_32_bits(core->libos_args.bus));
	core_wr32(core, NV_PGSP + NV_FALCON_MAILBOX1, upper_32_bits(core->libos_args.bus));
	err = run_booter(core, core->wpr_meta.bus);
	if (err)
		return err;
	core->running = true;
	if (!(core_rd32(core, NV_PGSP + NV_RISCV_CPUCTL) & NV_RISCV_CPUCTL_ACTIVE))
		return -EIO;
	return core_rpc_wait_event(core, GSP_EVENT_INIT_DONE, INIT_DONE_TIMEOUT_MS);
}

static int read_static_info(struct nvvgpu_core *core)
{
	core->static_info = kzalloc(sizeof(*core->static_info), GFP_KERNEL);
	if (!core->static_info)
		return -ENOMEM;
	return core_rpc_call(core, GSP_FN_GET_GSP_STATIC_INFO, core->static_info,
			     sizeof(*core->static_info));
}

int core_boot(struct nvvgpu_core *core)
{
	int err;

	err = check_chip(core);
	if (!err)
		err = wait_for_gfw(core);
	if (!err)
		err = core_queues_init(core);
	if (!err)
		err = alloc_boot_memory(core);
	if (!err)
		err = fill_boot_memory(core);
	/* both wait in the queue until the firmware runs */
	if (!err)
		err = post_system_info(core);
	if (!err)
		err = post_registry(core);
	if (!err)
		err = start_firmware(core);
	if (!err)
		err = read_static_info(core);
	if (err)
		core_unboot(core);
	return err;
}

static void stop_firmware(struct nvvgpu_core *core)
{
	struct gsp_unloading unloading = { 0 };

	if (core_rpc_call(core, GSP_FN_UNLOADING_GUEST_DRIVER, &unloading, sizeof(unloading)) ||
	    core_wait_reg(core, NV_PGSP + NV_FALCON_MAILBOX0, NV_GSP_UNLOADED, NV_GSP_UNLOADED,
			  UNLOAD_TIMEOUT_MS))
		pr_warn("nvvgpu: %s: firmware did not unload\n", core->hw->name);
	core_wr32(core, NV_PGSP + NV_FALCON_ENGINE, NV_FALCON_ENGINE_RESET);
	usleep_range(10, 20);
	core_wr32(core, NV_PGSP + NV_FALCON_ENGINE, 0);
	if (run_booter(core, 0xffULL << 32 | 0xff) || core_rd32(core, NV_WPR2_ADDR_HI))
		pr_warn("nvvgpu: %s: firmware memory not released\n", core->hw->name);
	core->running = false;
}

/* Undoes whatever core_boot() got done. */
void core_unboot(struct nvvgpu_core *core)
{
	if (core->running)
		stop_firmware(core);
	kfree(core->static_info);
	core->static_info = NULL;
	free_boot_memory(core);
	core_queues_fini(core);
}
