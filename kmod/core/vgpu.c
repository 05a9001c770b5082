// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* The vGPU manager's controls: types, mixed-size mode, life of a plugin task. */
#include "internal.h"

static void fill_type(struct nv_vgpu_type_info *info, const struct nvvgpu_type_desc *type)
{
	info->type = cpu_to_le32(type->id);
	strscpy(info->name, type->name, sizeof(info->name));
	strscpy(info->class_name, type->class_name, sizeof(info->class_name));
	strscpy(info->license, type->license, sizeof(info->license));
	info->max_instance = cpu_to_le32(type->max_instances);
	info->num_heads = cpu_to_le32(type->heads);
	info->max_resolution_x = cpu_to_le32(type->max_width);
	info->max_resolution_y = cpu_to_le32(type->max_height);
	info->max_pixels = cpu_to_le32(type->max_pixels);
	info->frl_config = cpu_to_le32(type->frame_rate_limit);
	info->cuda_enabled = cpu_to_le32(type->cuda_enabled);
	info->ecc_supported = cpu_to_le32(type->ecc_supported);
	info->vdev_id = cpu_to_le64(type->vdev_id);
	info->pdev_id = cpu_to_le64(type->pdev_id);
	info->profile_size = cpu_to_le64(type->profile_bytes);
	info->fb_length = cpu_to_le64(type->framebuffer_bytes);
	info->gsp_heap_size = cpu_to_le64(type->gsp_heap_bytes);
	info->fb_reservation = cpu_to_le64(type->reservation_bytes);
	info->mappable_video_size = cpu_to_le64(type->mappable_video_bytes);
	info->encoder_capacity = cpu_to_le32(type->encoder_capacity);
	info->bar1_length = cpu_to_le64(type->bar1_mib);
	info->frl_enable = cpu_to_le32(type->frl_enabled);
	info->multi_vgpu_exclusive = cpu_to_le32(type->multi_vgpu_exclusive);
	strscpy(info->adapter_name, type->name, sizeof(info->adapter_name));
	strscpy(info->short_gpu_name, type->name, sizeof(info->short_gpu_name));
	info->gpu_instance_profile_id = cpu_to_le32(~0U);	/* not of a MIG instance */
}

int core_types_upload(struct nvvgpu_core *core, struct nvvgpu_client *client,
		      const struct nvvgpu_type_desc *types, u32 count)
{
	struct nv_vgpu_add_types *upload;
	u32 i;
	int err;

	if (count > NV_VGPU_MAX_TYPES)
		return -EINVAL;
	upload = kvzalloc(sizeof(*upload), GFP_KERNEL);
	if (!upload)
		return -ENOMEM;
	upload->discard = 1;
	upload->count = cpu_to_le32(count);
	for (i = 0; i < count; i++)
		fill_type(&upload->infos[i], &types[i]);
	err = core_control(core, client, NV2080_CTRL_VGPU_ADD_TYPE, upload, sizeof(*upload));
	kvfree(upload);
	return err;
}

int core_mixed_size_set(struct nvvgpu_core *core, struct nvvgpu_client *client, bool mixed)
{
	struct nv_vgpu_mgr_config config = { .mixed_size = mixed };

	return core_control(core, client, NV2080_CTRL_VGPU_SET_MGR_CONFIG, &config,
			    sizeof(config));
}

/* What an earlier plugin task left in the channel must not look like an answer of this one. */
static int clear_channel(struct nvvgpu_core *core, const struct nvvgpu_fb *heap)
{
	static const u32 offsets[] = {
		NV_PLUGIN_CTRL_OFFSET, NV_PLUGIN_RESP_OFFSET, NV_PLUGIN_MSG_OFFSET,
	};
	void *zeros;
	u32 i;
	int err = 0;

	zeros = kzalloc(NV_PLUGIN_BUFFER_SIZE, GFP_KERNEL);
	if (!zeros)
		return -ENOMEM;
	for (i = 0; !err && i < ARRAY_SIZE(offsets); i++)
		err = core->hw->ops->bar1_write(core->hw, heap->bar1_offset + offsets[i], zeros,
						NV_PLUGIN_BUFFER_SIZE);
	kfree(zeros);
	return err;
}

static void fill_bootload(struct nvvgpu_core *core, struct nv_vgpu_bootload *boot,
			  const struct nvvgpu_boot_args *args)
{
	u64 heap = args->heap->address;
	u32 engine;

	boot->dbdf = cpu_to_le32(args->dbdf);
	boot->gfid = cpu_to_le32(args->gfid);
	boot->vgpu_type = cpu_to_le32(args->type_id);
	boot->vm_pid = cpu_to_le32(args->vm_pid);
	boot->swizz_id = cpu_to_le32(args->swizz_id);
	boot->num_channels = cpu_to_le32(args->channel_count);
	boot->num_plugin_channels = cpu_to_le32(args->plugin_channels);
	for (engine = 0; engine < NV2080_MAX_ENGINES; engine++)
		if (core->info.engine_bitmap & BIT_ULL(engine))
			boot->chid_offset[engine] = cpu_to_le32(args->channel_first);
	boot->num_guest_fb_segments = cpu_to_le32(1);
	boot->guest_fb_phys_addr[0] = cpu_to_le64(args->guest_fb->address);
	boot->guest_fb_length[0] = cpu_to_le64(args->guest_fb->size);
	boot->heap_phys_addr = cpu_to_le64(heap);
	boot->heap_length = cpu_to_le64(args->heap->size);
	/* the log "offsets" are absolute addresses, as the first RFC sends them */
	boot->init_task_log_offset = cpu_to_le64(heap + NV_PLUGIN_INIT_LOG_OFFSET);
	boot->init_task_log_size = cpu_to_le64(NV_PLUGIN_LOG_SIZE);
	boot->vgpu_task_log_offset = cpu_to_le64(heap + NV_PLUGIN_TASK_LOG_OFFSET);
	boot->vgpu_task_log_size = cpu_to_le64(NV_PLUGIN_LOG_SIZE);
}

int core_vgpu_bootload(struct nvvgpu_core *core, struct nvvgpu_client *client,
		       const struct nvvgpu_boot_args *args)
{
	struct nv_vgpu_bootload *boot;
	int err;

	if (!args->heap->bar1_mapped || args->heap->size < NV_PLUGIN_HEAP_MIN ||
	    args->gfid >= CORE_MAX_GFIDS)
		return -EINVAL;
	boot = kzalloc(sizeof(*boot), GFP_KERNEL);
	if (!boot)
		return -ENOMEM;
	err = clear_channel(core, args->heap);
	if (!err) {
		clear_bit(args->gfid, core->crashed);
		fill_bootload(core, boot, args);
		err = core_control(core, client, NV2080_CTRL_VGPU_BOOTLOAD, boot, sizeof(*boot));
	}
	kfree(boot);
	return err;
}

static int control_gfid(struct nvvgpu_core *core, struct nvvgpu_client *client, u32 cmd, u32 gfid)
{
	struct nv_vgpu_gfid params = { .gfid = cpu_to_le32(gfid) };

	return core_control(core, client, cmd, &params, sizeof(params));
}

int core_vgpu_shutdown(struct nvvgpu_core *core, struct nvvgpu_client *client, u32 gfid)
{
	return control_gfid(core, client, NV2080_CTRL_VGPU_SHUTDOWN, gfid);
}

int core_vgpu_cleanup(struct nvvgpu_core *core, struct nvvgpu_client *client, u32 gfid)
{
	return control_gfid(core, client, NV2080_CTRL_VGPU_CLEANUP, gfid);
}
