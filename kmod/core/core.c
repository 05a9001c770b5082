// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* The GPU core driver of one physical function: start, stop, the ops table. */
#include "internal.h"

/* ------------------------------------------------------------------- facts */

static int read_vmmu_segment(struct nvvgpu_core *core)
{
	struct nv2080_vmmu_segment segment = { 0 };
	u64 bytes;
	int err;

	err = core_control(core, core->client, NV2080_CTRL_GPU_GET_VMMU_SEGMENT_SIZE, &segment,
			   sizeof(segment));
	if (err)
		return err;
	bytes = le64_to_cpu(segment.bytes);
	/* the legal answers are 32, 64, 128, 256 and 512 MiB */
	if (!is_power_of_2(bytes) || bytes < 32ULL * SZ_1M || bytes > 512ULL * SZ_1M)
		return -EPROTO;
	core->info.vmmu_segment_bytes = bytes;
	return 0;
}

static int read_engines(struct nvvgpu_core *core)
{
	struct nv2080_engines_v2 engines = { 0 };
	u32 i, count;
	int err;

	err = core_control(core, core->client, NV2080_CTRL_GPU_GET_ENGINES_V2, &engines,
			   sizeof(engines));
	if (err)
		return err;
	count = le32_to_cpu(engines.count);
	if (count > ARRAY_SIZE(engines.list))
		return -EPROTO;
	for (i = 0; i < count; i++) {
		u32 engine = le32_to_cpu(engines.list[i]);

		if (engine >= NV2080_MAX_ENGINES)
			return -EPROTO;
		core->info.engine_bitmap |= BIT_ULL(engine);
	}
	return 0;
}

/* Names from the firmware are terminated here, whatever it sent. */
static int read_names(struct nvvgpu_core *core)
{
	struct nv2080_name_string name = { 0 };
	struct nv2080_gsp_features features = { 0 };
	int err;

	err = core_control(core, core->client, NV2080_CTRL_GPU_GET_NAME_STRING, &name,
			   sizeof(name));
	if (err)
		return err;
	err = core_control(core, core->client, NV2080_CTRL_GSP_GET_FEATURES, &features,
			   sizeof(features));
	if (err)
		return err;
	strscpy(core->info.board_name, name.name, sizeof(core->info.board_name));
	strscpy(core->info.firmware_version, features.firmware_version,
		sizeof(core->info.firmware_version));
	return 0;
}

/*
 * Pages of a VF's BAR0 that the published host driver keeps from being mapped: identity,
 * MMU fault buffer, emulation page, MSI-X table (kernel_vgpu_mgr.c of 550 to 595).
 */
#define VF_TRAP_PAGES	(BIT_ULL(0x0) | BIT_ULL(0x3) | BIT_ULL(0xf) | BIT_ULL(0x10))

static void copy_hw_facts(struct nvvgpu_core *core)
{
	const struct nvvgpu_hw *hw = core->hw;

	core->info.channels_total = NV_CHANNELS_TOTAL;
	core->info.channels_host = NV_CHANNELS_HOST;
	core->info.vfs_total = hw->vfs_total;
	core->info.domain_bdf = hw->domain_bdf;
	core->info.vf_offset = hw->vf_offset;
	core->info.vf_stride = hw->vf_stride;
	core->info.vendor_id = hw->vendor_id;
	core->info.device_id = hw->device_id;
	core->info.subsystem_vendor_id = hw->subsystem_vendor_id;
	core->info.subsystem_device_id = hw->subsystem_device_id;
	core->info.vf_trap_pages = hw->vf_trap_pages | VF_TRAP_PAGES;
	core->info.slot_bar1_bytes = hw->slot_bar1_bytes;
	core->info.slot_bar3_bytes = hw->slot_bar3_bytes;
	core->info.emulated = hw->emulated;
}

int core_read_facts(struct nvvgpu_core *core)
{
	int err;

	copy_hw_facts(core);
	err = read_vmmu_segment(core);
	if (!err)
		err = read_engines(core);
	if (!err)
		err = read_names(core);
	return err;
}

/* -------------------------------------------------------------------- life */

static void locks_init(struct nvvgpu_core *core)
{
	mutex_init(&core->rpc_lock);
	mutex_init(&core->resource_lock);
	mutex_init(&core->handler_lock);
}

static void locks_destroy(struct nvvgpu_core *core)
{
	mutex_destroy(&core->handler_lock);
	mutex_destroy(&core->resource_lock);
	mutex_destroy(&core->rpc_lock);
}

/* What the core needs for itself once the firmware runs. */
static int set_up(struct nvvgpu_core *core)
{
	int err;

	err = core_client_alloc(core, &core->client);
	if (err)
		return err;
	err = core_read_facts(core);
	if (err)
		goto err_client;
	err = core_fb_init(core);
	if (err)
		goto err_client;
	err = core_bar1_init(core);
	if (err)
		goto err_fb;
	/* what the core itself took of the host part is not offered */
	core->info.heap_bytes = core_range_free_bytes(&core->heap_fb);
	return 0;

err_fb:
	core_fb_fini(core);
err_client:
	core_client_free(core, core->client);
	return err;
}

static void tear_down(struct nvvgpu_core *core)
{
	core_bar1_fini(core);
	core_fb_fini(core);
	core_client_free(core, core->client);
}

int nvvgpu_core_start(struct nvvgpu_hw *hw, struct nvvgpu_core **ret)
{
	struct nvvgpu_core *core;
	int err;

	if (!hw->emulated) {
		/* it would need firmware images signed for it, and FWSEC of its VBIOS */
		pr_warn("nvvgpu: %s: booting a physical board is not supported\n", hw->name);
		return -ENODEV;
	}
	core = kzalloc(sizeof(*core), GFP_KERNEL);
	if (!core)
		return -ENOMEM;
	core->hw = hw;
	locks_init(core);
	err = core_boot(core);
	if (err)
		goto err_free;
	err = set_up(core);
	if (err)
		goto err_boot;
	*ret = core;
	return 0;

err_boot:
	core_unboot(core);
err_free:
	locks_destroy(core);
	kfree(core);
	return err;
}
EXPORT_SYMBOL_GPL(nvvgpu_core_start);

void nvvgpu_core_stop(struct nvvgpu_core *core)
{
	tear_down(core);
	core_unboot(core);
	locks_destroy(core);
	kfree(core);
}
EXPORT_SYMBOL_GPL(nvvgpu_core_stop);

void nvvgpu_core_interrupt(struct nvvgpu_core *core)
{
	/* acknowledged before draining, so that what comes later interrupts again */
	core_wr32(core, NV_PGSP + NV_FALCON_IRQSCLR, NV_FALCON_IRQ_SWGEN0);
	core_rpc_drain(core);
	core_wr32(core, NV_PGSP + NV_FALCON_INTR_RETRIGGER, 1);
	core_event_dispatch(core);
}
EXPORT_SYMBOL_GPL(nvvgpu_core_interrupt);

/* --------------------------------------------------------------- ops table */

static void core_get_info(struct nvvgpu_core *core, struct nvvgpu_core_info *info)
{
	*info = core->info;
}

static void core_get_totals(struct nvvgpu_core *core, struct nvvgpu_core_totals *totals)
{
	mutex_lock(&core->resource_lock);
	totals->guest_fb_free = core_range_free_bytes(&core->guest_fb);
	totals->heap_free = core_range_free_bytes(&core->heap_fb);
	totals->bar1_free = core_range_free_bytes(&core->bar1.space);
	totals->channels_free = core_channels_count_free(core);
	totals->clients = bitmap_weight(core->client_ids, CORE_MAX_CLIENTS);
	totals->plugins = core->plugins;
	mutex_unlock(&core->resource_lock);
	mutex_lock(&core->rpc_lock);
	totals->firmware_calls = core->calls;
	mutex_unlock(&core->rpc_lock);
}

static u32 core_last_status(struct nvvgpu_core *core)
{
	return READ_ONCE(core->last_status);
}

static int core_vf_read(struct nvvgpu_core *core, u32 gfid, u32 bar, u64 offset, void *buf,
			size_t len)
{
	return core->hw->ops->vf_read(core->hw, gfid, bar, offset, buf, len);
}

static int core_vf_write(struct nvvgpu_core *core, u32 gfid, u32 bar, u64 offset, const void *buf,
			 size_t len)
{
	return core->hw->ops->vf_write(core->hw, gfid, bar, offset, buf, len);
}

static void core_set_guest_ops(struct nvvgpu_core *core, const struct nvvgpu_guest_ops *ops,
			       void *priv)
{
	if (core->hw->ops->set_guest_ops)
		core->hw->ops->set_guest_ops(core->hw, ops, priv);
}

static const struct nvvgpu_core_ops core_ops = {
	.version_string = NVVGPU_CORE_OPS_VERSION,
	.get_info = core_get_info,
	.get_totals = core_get_totals,
	.last_status = core_last_status,
	.client_alloc = core_client_alloc,
	.client_free = core_client_free,
	.client_handle = core_client_handle,
	.channels_alloc = core_channels_alloc,
	.channels_free = core_channels_free,
	.fb_alloc = core_fb_alloc,
	.fb_free = core_fb_free,
	.fb_scrub = core_fb_scrub,
	.bar1_map = core_bar1_map,
	.bar1_unmap = core_bar1_unmap,
	.types_upload = core_types_upload,
	.mixed_size_set = core_mixed_size_set,
	.vgpu_bootload = core_vgpu_bootload,
	.vgpu_shutdown = core_vgpu_shutdown,
	.vgpu_cleanup = core_vgpu_cleanup,
	.plugin_attach = core_plugin_attach,
	.plugin_detach = core_plugin_detach,
	.plugin_negotiate = core_plugin_negotiate,
	.plugin_configure = core_plugin_configure,
	.plugin_reset = core_plugin_reset,
	.plugin_set_bus_master = core_plugin_set_bus_master,
	.plugin_stop_work = core_plugin_stop_work,
	.plugin_cancel_stop = core_plugin_cancel_stop,
	.plugin_save_state = core_plugin_save_state,
	.plugin_cancel_save = core_plugin_cancel_save,
	.plugin_restore_state = core_plugin_restore_state,
	.plugin_restore_deferred = core_plugin_restore_deferred,
	.plugin_resume_work = core_plugin_resume_work,
	.vf_read = core_vf_read,
	.vf_write = core_vf_write,
	.plugin_log = core_plugin_log,
	.set_event_handler = core_event_set_handler,
	.set_guest_ops = core_set_guest_ops,
};

int nvvgpu_core_get_ops(const struct nvvgpu_core *core, struct nvvgpu_core_ops *ops)
{
	if (strncmp(ops->version_string, NVVGPU_CORE_OPS_VERSION, sizeof(ops->version_string))) {
		strscpy(ops->version_string, NVVGPU_CORE_OPS_VERSION, sizeof(ops->version_string));
		return -EPROTONOSUPPORT;
	}
	*ops = core->ops ? *core->ops : core_ops;
	return 0;
}
EXPORT_SYMBOL_GPL(nvvgpu_core_get_ops);
