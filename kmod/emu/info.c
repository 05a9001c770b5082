// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* What the firmware tells about the board. */
#include "board.h"

static void put_region(struct gsp_fb_region *region, u64 base, u64 end)
{
	region->base = cpu_to_le64(base);
	region->limit = cpu_to_le64(end - 1);
	region->support_compressed = 1;
	region->support_iso = 1;
}

static void put_sriov(struct nvvgpu_emu_board *board, struct gsp_sriov_caps *caps)
{
	const struct nvvgpu_emu_board_data *data = board->data;
	u32 i;

	if (!data->vfs_total)
		return;
	caps->total_vfs = cpu_to_le32(data->vfs_total);
	caps->first_vf_offset = cpu_to_le32(data->vf_offset);
	for (i = 0; i < ARRAY_SIZE(caps->bar_size); i++)
		caps->bar_size[i] = cpu_to_le64(data->vf_bar_bytes[i]);
	caps->bar_64bit[1] = 1;
	caps->bar_64bit[2] = 1;
	caps->sriov_enabled = 1;
}

static void put_names(const char *name, struct gsp_static_info *info)
{
	const char *brand = strchr(name, ' ');
	const char *small = brand ? brand + 1 : name;
	size_t i;

	strscpy(info->gpu_name, name, sizeof(info->gpu_name));
	strscpy(info->gpu_short_name, small, sizeof(info->gpu_short_name));
	for (i = 0; name[i] && i < ARRAY_SIZE(info->gpu_name_utf16) - 1; i++)
		info->gpu_name_utf16[i] = cpu_to_le16(name[i]);
}

/*
 * Two regions: what vGPUs share, then what is the driver's.  Above the second
 * lies the firmware's own memory, which no region covers.
 */
void nvvgpu_emu_info_static(struct nvvgpu_emu_board *board, u8 *payload)
{
	struct gsp_static_info *info = (struct gsp_static_info *)payload;

	memset(info, 0, sizeof(*info));
	info->num_fb_regions = cpu_to_le32(2);
	put_region(&info->fb_regions[0], 0, board->data->guest_fb_bytes);
	put_region(&info->fb_regions[1], board->data->guest_fb_bytes, board->heap_end);
	info->fb_length = cpu_to_le64(board->fb_bytes);
	put_sriov(board, &info->sriov_caps);
	info->sriov_max_gfid = cpu_to_le32(nvvgpu_emu_slots(board));
	put_names(board->data->name, info);
	info->bar1_pde_base = cpu_to_le64(board->bar1_root);
	info->internal_client = cpu_to_le32(NVVGPU_EMU_INTERNAL_CLIENT);
	info->internal_device = cpu_to_le32(NVVGPU_EMU_INTERNAL_DEVICE);
	info->internal_subdevice = cpu_to_le32(NVVGPU_EMU_INTERNAL_SUBDEVICE);
}

u32 nvvgpu_emu_info_segment_size(struct nvvgpu_emu_board *board, void *params)
{
	struct nv2080_vmmu_segment *segment = params;

	segment->bytes = cpu_to_le64(board->data->vmmu_segment_bytes);
	return NV_OK;
}

u32 nvvgpu_emu_info_engines(struct nvvgpu_emu_board *board, void *params)
{
	struct nv2080_engines_v2 *engines = params;
	u32 count;

	memset(engines, 0, sizeof(*engines));
	for (count = 0; board->data->engines[count]; count++)
		engines->list[count] = cpu_to_le32(board->data->engines[count]);
	engines->count = cpu_to_le32(count);
	return NV_OK;
}

u32 nvvgpu_emu_info_features(struct nvvgpu_emu_board *board, void *params)
{
	struct nv2080_gsp_features *features = params;

	memset(features, 0, sizeof(*features));
	features->valid = 1;
	features->default_gsp_rm_gpu = 1;
	strscpy(features->firmware_version, GSP_FIRMWARE_VERSION,
		sizeof(features->firmware_version));
	return NV_OK;
}

u32 nvvgpu_emu_info_name(struct nvvgpu_emu_board *board, void *params)
{
	struct nv2080_name_string *string = params;

	if (string->flags)			/* 1 would be UTF-16 */
		return NV_ERR_NOT_SUPPORTED;
	memset(string->name, 0, sizeof(string->name));
	strscpy(string->name, board->data->name, sizeof(string->name));
	return NV_OK;
}
