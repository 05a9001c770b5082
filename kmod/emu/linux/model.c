// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Runs the model of ../emu.h: one thread per GPU, which sleeps until a driver has announced a
 * register write.  It works writes off in their order.  After each it puts the new values of the
 * registers into BAR0, the written one last, because that is what a driver waits for; and then
 * sends the interrupts, so that a handler finds what it is called for.
 *
 * What a driver writes to registers of which the board has nothing to tell stays as it wrote it:
 * so does the framebuffer window, which is for writing only.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include <linux/slab.h>
#include "glue.h"
#include "../../core/gsp_regs.h"

#define NV_DISPLAY_FUSE		0x820c04	/* ../regs.c */
#define POLL_FIRST		1UL		/* jiffies */
#define POLL_LAST		((unsigned long)HZ)

/* The registers that can be read, PTIMER apart: it would have to tick. */
static const u32 published[] = {
	NV_PMC_BOOT_0,
	NV_PMC_BOOT_42,
	NV_PBUS_BAR0_WINDOW,
	NV_GFW_BOOT_PLM,
	NV_GFW_BOOT_PROGRESS,
	NV_USABLE_FB_SIZE_IN_MB,
	NV_LOCAL_MEMORY_RANGE,
	NV_DISPLAY_FUSE,
	NV_WPR2_ADDR_LO,
	NV_WPR2_ADDR_HI,
	NV_MMU_INVALIDATE,
	NV_PGSP + NV_FALCON_IRQSTAT,
	NV_PGSP + NV_FALCON_MAILBOX0,
	NV_PGSP + NV_FALCON_MAILBOX1,
	NV_PGSP + NV_FALCON_OS,
	NV_PGSP + NV_FALCON_HWCFG2,
	NV_PGSP + NV_FALCON_CPUCTL,
	NV_PGSP + NV_RISCV_CPUCTL,
	NV_PGSP + NV_RISCV_IRQMASK,
	NV_PGSP + NV_RISCV_BCR_CTRL,
	NV_PSEC + NV_FALCON_MAILBOX0,
	NV_PSEC + NV_FALCON_MAILBOX1,
	NV_PSEC + NV_FALCON_HWCFG2,
	NV_PSEC + NV_FALCON_CPUCTL,
};

/* ------------------------------------ the machine as the model reaches it */

static int host_dma_read(void *priv, u64 bus, void *buf, size_t len)
{
	struct emu_gpu *gpu = priv;

	return emu_iommu_read(&gpu->functions[0], bus, buf, len);
}

static int host_dma_write(void *priv, u64 bus, const void *buf, size_t len)
{
	struct emu_gpu *gpu = priv;

	return emu_iommu_write(&gpu->functions[0], bus, buf, len);
}

/* Of mediated devices the functions do nothing: see ../pv.h. */
static bool is_mediated(const struct emu_gpu *gpu)
{
	return emu_board_has_mdevs(gpu->board);
}

static int host_vf_dma_read(void *priv, u32 gfid, u64 bus, void *buf, size_t len)
{
	struct emu_function *vf = emu_gpu_vf(priv, gfid);

	if (is_mediated(priv))
		return -EINPROGRESS;
	return vf ? emu_iommu_read(vf, bus, buf, len) : -EFAULT;
}

static int host_vf_dma_write(void *priv, u32 gfid, u64 bus, const void *buf, size_t len)
{
	struct emu_function *vf = emu_gpu_vf(priv, gfid);

	if (is_mediated(priv))
		return -EINPROGRESS;
	return vf ? emu_iommu_write(vf, bus, buf, len) : -EFAULT;
}

static void raise(struct emu_function *fn, u32 vector)
{
	if (vector < emu_function_kind(fn)->layout.vectors)
		set_bit(vector, &fn->raised);
}

static void host_interrupt(void *priv)
{
	struct emu_gpu *gpu = priv;

	raise(&gpu->functions[0], 0);
}

static void count_up(struct emu_gpu *gpu, u32 reg)
{
	void __iomem *at = gpu->functions[0].registers + reg;

	writel(readl(at) + 1, at);
}

static void tell_driver(struct emu_gpu *gpu, u32 gfid, u32 vector)
{
	if (gfid >= NVVGPU_PV_GFIDS || vector >= NVVGPU_PV_VECTORS)
		return;
	count_up(gpu, NVVGPU_PV_RAISED_BY(gfid, vector));
	wmb();				/* what it counts, before the sum */
	count_up(gpu, NVVGPU_PV_RAISED);
	host_interrupt(gpu);
}

static void host_vf_interrupt(void *priv, u32 gfid, u32 vector)
{
	struct emu_function *vf = emu_gpu_vf(priv, gfid);

	if (is_mediated(priv))
		tell_driver(priv, gfid, vector);
	else if (vf)
		raise(vf, vector);
}

static int host_fb_read(void *priv, u64 address, void *buf, size_t len)
{
	return emu_framebuffer_read(priv, address, buf, len);
}

static int host_fb_write(void *priv, u64 address, const void *buf, size_t len)
{
	return emu_framebuffer_write(priv, address, buf, len);
}

static int host_fb_zero(void *priv, u64 address, u64 len)
{
	return emu_framebuffer_zero(priv, address, len);
}

static int host_fb_next_data(void *priv, u64 address, u64 end, u64 *ret_start, u64 *ret_len)
{
	return emu_framebuffer_next_data(priv, address, end, ret_start, ret_len);
}

static const struct nvvgpu_emu_host_ops host_ops = {
	.dma_read = host_dma_read,
	.dma_write = host_dma_write,
	.interrupt = host_interrupt,
	.vf_interrupt = host_vf_interrupt,
	.vf_dma_read = host_vf_dma_read,
	.vf_dma_write = host_vf_dma_write,
	.fb_read = host_fb_read,
	.fb_write = host_fb_write,
	.fb_zero = host_fb_zero,
	.fb_next_data = host_fb_next_data,
};

/* ------------------------------------------------ BAR0; model_lock is held */

static void __iomem *pf_reg(struct emu_gpu *gpu, u32 reg)
{
	return gpu->functions[0].registers + reg;
}

static void publish(struct emu_gpu *gpu)
{
	u32 i, val;

	for (i = 0; i < ARRAY_SIZE(published); i++) {
		val = nvvgpu_emu_rd32(gpu->model, published[i]);
		if (val == gpu->shown[i])
			continue;
		writel(val, pf_reg(gpu, published[i]));
		gpu->shown[i] = val;
	}
}

static void publish_all(struct emu_gpu *gpu)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(published); i++) {
		gpu->shown[i] = nvvgpu_emu_rd32(gpu->model, published[i]);
		writel(gpu->shown[i], pf_reg(gpu, published[i]));
	}
}

/* The mirror of the configuration space, as the firmware found it. */
static void put_config_mirror(struct emu_gpu *gpu)
{
	u32 reg;

	for (reg = NV_PCFG_BASE; reg < NV_PCFG_BASE + NV_PCFG_SIZE; reg += sizeof(u32))
		writel(nvvgpu_emu_rd32(gpu->model, reg), pf_reg(gpu, reg));
}

static int put_rom(struct emu_gpu *gpu)
{
	const struct nvvgpu_emu_board_data *data = gpu->data;
	struct nvvgpu_pv_rom *rom;

	if (WARN_ON(data->type_count > NVVGPU_PV_ROM_TYPES))
		return -EINVAL;
	rom = kvzalloc(sizeof(*rom), GFP_KERNEL);
	if (!rom)
		return -ENOMEM;
	rom->magic = NVVGPU_PV_MAGIC;
	rom->version = NVVGPU_PV_VERSION;
	rom->type_bytes = sizeof(struct nvvgpu_type_desc);
	rom->type_count = data->type_count;
	rom->instances = data->instances;
	rom->mixed_size = data->mixed_size;
	rom->placement = data->placement;
	rom->placement_units = data->guest_fb_bytes >> 30;
	rom->framework = gpu->board->framework;
	rom->vf_trap_pages = NVVGPU_EMU_VF_TRAP_PAGES;
	memcpy(rom->types, data->types, data->type_count * sizeof(*data->types));
	memcpy_toio(pf_reg(gpu, NVVGPU_PV_ROM), rom, sizeof(*rom));
	kvfree(rom);
	return 0;
}

static int power_on(struct emu_gpu *gpu)
{
	unsigned int i;
	int err;

	for (i = 0; i < gpu->function_count; i++)
		emu_function_clear(&gpu->functions[i]);
	err = put_rom(gpu);
	if (err)
		return err;
	put_config_mirror(gpu);
	publish_all(gpu);
	return 0;
}

/* ---------------------------------------------- work; model_lock is held */

static int transfer_read(struct emu_gpu *gpu, u32 gfid, u32 bar, u64 offset, u32 len)
{
	int err;

	if (gfid)
		err = nvvgpu_emu_vf_read(gpu->model, gfid, bar, offset, gpu->transfer, len);
	else
		err = nvvgpu_emu_bar1_read(gpu->model, offset, gpu->transfer, len);
	if (err)
		memset(gpu->transfer, 0xff, len);
	memcpy_toio(pf_reg(gpu, NVVGPU_PV_STAGING), gpu->transfer, len);
	return err;
}

static int transfer_write(struct emu_gpu *gpu, u32 gfid, u32 bar, u64 offset, u32 len)
{
	memcpy_fromio(gpu->transfer, pf_reg(gpu, NVVGPU_PV_STAGING), len);
	if (gfid)
		return nvvgpu_emu_vf_write(gpu->model, gfid, bar, offset, gpu->transfer, len);
	return nvvgpu_emu_bar1_write(gpu->model, offset, gpu->transfer, len);
}

static int transfer(struct emu_gpu *gpu, u32 command)
{
	u32 function = readl(pf_reg(gpu, NVVGPU_PV_FUNCTION));
	u32 len = readl(pf_reg(gpu, NVVGPU_PV_BYTES));
	u64 offset = readl(pf_reg(gpu, NVVGPU_PV_OFFSET_LO)) |
		     (u64)readl(pf_reg(gpu, NVVGPU_PV_OFFSET_HI)) << 32;
	u32 gfid = function >> 8, bar = function & 0xff;

	if (!len || len > NVVGPU_PV_STAGING_BYTES || (!gfid && bar))
		return -EINVAL;
	switch (command) {
	case NVVGPU_PV_COMMAND_READ:
		return transfer_read(gpu, gfid, bar, offset, len);
	case NVVGPU_PV_COMMAND_WRITE:
		return transfer_write(gpu, gfid, bar, offset, len);
	default:
		return -EINVAL;
	}
}

static void command_write(struct emu_gpu *gpu, u32 command)
{
	int err = transfer(gpu, command);

	publish(gpu);
	writel(-err, pf_reg(gpu, NVVGPU_PV_RESULT));
	wmb();				/* the result, before the end can be seen */
	writel(0, pf_reg(gpu, NVVGPU_PV_COMMAND));
}

static bool within(u32 reg, u32 start, u32 bytes)
{
	return reg >= start && reg - start < bytes;
}

/* Memory that is no register: what was written there is to stay. */
static bool is_memory(struct emu_gpu *gpu, u32 reg)
{
	const struct emu_config_layout *layout = &gpu->pf_kind->layout;

	return within(reg, NV_PRAMIN, NV_PRAMIN_SIZE) ||
	       within(reg, NV_PCFG_BASE, NV_PCFG_SIZE) ||
	       within(reg, layout->msix_table, SZ_4K) ||
	       within(reg, layout->msix_pba, SZ_4K) ||
	       within(reg, NVVGPU_PV_ROM, EMU_PF_BAR0_BYTES - NVVGPU_PV_ROM);
}

static void register_write(struct emu_gpu *gpu, u32 reg, u32 value)
{
	nvvgpu_emu_wr32(gpu->model, reg, value);
	publish(gpu);
	if (is_memory(gpu, reg))
		return;
	wmb();				/* what else changed, before the register itself */
	writel(nvvgpu_emu_rd32(gpu->model, reg), pf_reg(gpu, reg));
}

static void work_off(struct emu_gpu *gpu, const struct emu_write *write)
{
	u32 reg = write->address & ~3U;

	if (reg >= EMU_PF_BAR0_BYTES)
		return;
	mutex_lock(&gpu->model_lock);
	if (reg == NVVGPU_PV_COMMAND)
		command_write(gpu, write->value);
	else
		register_write(gpu, reg, write->value);
	mutex_unlock(&gpu->model_lock);
}

/*
 * As switched off and on.  Should there be no memory for it, only the firmware is stopped, and
 * the rest has to wait for the driver to start it.
 */
static void power_cycle(struct emu_gpu *gpu)
{
	struct nvvgpu_emu_board *model;
	u64 bytes = gpu->data->guest_fb_bytes + gpu->data->host_fb_bytes;

	mutex_lock(&gpu->model_lock);
	if (nvvgpu_emu_board_new(gpu->data, &host_ops, gpu, &model)) {
		nvvgpu_emu_wr32(gpu->model, NV_PGSP + NV_FALCON_ENGINE, NV_FALCON_ENGINE_RESET);
	} else {
		nvvgpu_emu_board_free(gpu->model);
		gpu->model = model;
	}
	if (emu_framebuffer_zero(gpu, 0, bytes) || power_on(gpu))
		pr_warn("%s: no memory for a whole reset\n", gpu->name);
	mutex_unlock(&gpu->model_lock);
	emu_config_reset_done(gpu);
}

static void model_work(struct work_struct *work)
{
	struct emu_gpu *gpu = container_of(to_delayed_work(work), struct emu_gpu, work);
	bool pending = false, worked = false;
	struct emu_write write;

	for (;;) {
		if (emu_config_resetting(gpu))
			power_cycle(gpu);
		else if (emu_config_take_write(gpu, &write))
			work_off(gpu, &write);
		else
			break;
		pending = emu_msi_deliver(gpu);
		worked = true;
		cond_resched();
	}
	if (!worked)
		pending = emu_msi_deliver(gpu);
	gpu->poll_delay = worked ? POLL_FIRST : min(2 * gpu->poll_delay, POLL_LAST);
	if (pending)
		queue_delayed_work(gpu->queue, &gpu->work, gpu->poll_delay);
}

void emu_model_kick(struct emu_gpu *gpu)
{
	mod_delayed_work(gpu->queue, &gpu->work, 0);
}

/* ------------------------------------------------------------- from outside */

void emu_model_totals(struct emu_gpu *gpu, struct nvvgpu_emu_totals *totals)
{
	mutex_lock(&gpu->model_lock);
	nvvgpu_emu_get_totals(gpu->model, totals);
	mutex_unlock(&gpu->model_lock);
}

int emu_model_crash(struct emu_gpu *gpu, u32 gfid)
{
	int err;

	mutex_lock(&gpu->model_lock);
	err = nvvgpu_emu_crash_plugin(gpu->model, gfid);
	publish(gpu);
	mutex_unlock(&gpu->model_lock);
	emu_model_kick(gpu);
	return err;
}

/* --------------------------------------------------------------------- life */

int emu_model_init(struct emu_gpu *gpu)
{
	int err = -ENOMEM;

	mutex_init(&gpu->model_lock);
	INIT_DELAYED_WORK(&gpu->work, model_work);
	gpu->poll_delay = POLL_FIRST;
	gpu->shown = kcalloc(ARRAY_SIZE(published), sizeof(*gpu->shown), GFP_KERNEL);
	if (!gpu->shown)
		return -ENOMEM;
	gpu->transfer = kvmalloc(NVVGPU_PV_STAGING_BYTES, GFP_KERNEL);
	if (!gpu->transfer)
		goto err_shown;
	gpu->queue = alloc_ordered_workqueue("nvvgpu_emu/%s", 0, gpu->name);
	if (!gpu->queue)
		goto err_transfer;
	err = nvvgpu_emu_board_new(gpu->data, &host_ops, gpu, &gpu->model);
	if (err)
		goto err_queue;
	err = power_on(gpu);
	if (err)
		goto err_model;
	return 0;

err_model:
	nvvgpu_emu_board_free(gpu->model);
err_queue:
	destroy_workqueue(gpu->queue);
err_transfer:
	kvfree(gpu->transfer);
err_shown:
	kfree(gpu->shown);
	return err;
}

void emu_model_fini(struct emu_gpu *gpu)
{
	cancel_delayed_work_sync(&gpu->work);
	destroy_workqueue(gpu->queue);
	nvvgpu_emu_board_free(gpu->model);
	kvfree(gpu->transfer);
	kfree(gpu->shown);
	mutex_destroy(&gpu->model_lock);
}
