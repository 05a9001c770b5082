// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* The vGPU types that the driver uploaded, and whether sizes may mix. */
#include "board.h"

#define MAX_HEADS	4
#define MAX_EXTRA	0xffffffffULL	/* vdevId and pdevId are 32-bit numbers in 64-bit fields */

const struct nvvgpu_emu_type *nvvgpu_emu_type_find(struct nvvgpu_emu_board *board, u32 id)
{
	u32 i;

	for (i = 0; i < board->type_count; i++)
		if (board->types[i].id == id)
			return &board->types[i];
	return NULL;
}

static bool good_string(const char *s, size_t size)
{
	return s[0] && memchr(s, 0, size);
}

static bool good_identity(struct nvvgpu_emu_board *board, const struct nv_vgpu_type_info *info)
{
	u64 vdev = le64_to_cpu(info->vdev_id);

	return info->type && good_string(info->name, sizeof(info->name)) &&
	       good_string(info->class_name, sizeof(info->class_name)) &&
	       memchr(info->license, 0, sizeof(info->license)) &&
	       le64_to_cpu(info->pdev_id) == board->data->device_id &&
	       vdev <= MAX_EXTRA && vdev >> 16 == board->data->device_id;
}

static bool good_limits(struct nvvgpu_emu_board *board, const struct nv_vgpu_type_info *info)
{
	u32 instances = le32_to_cpu(info->max_instance);
	u32 heads = le32_to_cpu(info->num_heads);
	u64 profile = le64_to_cpu(info->profile_size);
	u64 fb = le64_to_cpu(info->fb_length);
	u64 reservation = le64_to_cpu(info->fb_reservation);
	u64 heap = le64_to_cpu(info->gsp_heap_size);

	return instances && instances <= NVVGPU_EMU_VGPUS && heads && heads <= MAX_HEADS &&
	       fb && profile <= board->data->guest_fb_bytes && fb <= profile &&
	       reservation == profile - fb && heap >= NV_PLUGIN_HEAP_MIN &&
	       heap <= board->data->host_fb_bytes &&
	       is_power_of_2(le64_to_cpu(info->bar1_length)) &&
	       le64_to_cpu(info->bar1_length) <= board->data->bar1_bytes >> 20;
}

static void take_type(struct nvvgpu_emu_type *type, const struct nv_vgpu_type_info *info)
{
	type->id = le32_to_cpu(info->type);
	type->max_instances = le32_to_cpu(info->max_instance);
	type->fb_bytes = le64_to_cpu(info->fb_length);
	type->heap_bytes = le64_to_cpu(info->gsp_heap_size);
}

static bool id_in(const struct nv_vgpu_add_types *upload, u32 count, __le32 id)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (upload->infos[i].type == id)
			return true;
	return false;
}

static u32 check_infos(struct nvvgpu_emu_board *board, const struct nv_vgpu_add_types *upload,
		       u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		const struct nv_vgpu_type_info *info = &upload->infos[i];

		if (!good_identity(board, info) || !good_limits(board, info))
			return NV_ERR_INVALID_ARGUMENT;
		if (id_in(upload, i, info->type) ||
		    (!upload->discard && nvvgpu_emu_type_find(board, le32_to_cpu(info->type))))
			return NV_ERR_INSERT_DUPLICATE_NAME;
	}
	return NV_OK;
}

/* A type that a booted vGPU has may be sent again, not taken away or resized. */
static bool keeps_used(struct nvvgpu_emu_board *board, const struct nv_vgpu_add_types *upload,
		       u32 count)
{
	u32 gfid, i;

	for (gfid = 1; gfid <= nvvgpu_emu_slots(board); gfid++) {
		const struct nvvgpu_emu_vgpu *vgpu = nvvgpu_emu_vgpu_find(board, gfid);
		bool kept = !vgpu;

		for (i = 0; i < count && !kept; i++)
			kept = le32_to_cpu(upload->infos[i].type) == vgpu->type_id &&
			       le64_to_cpu(upload->infos[i].fb_length) == vgpu->fb_bytes;
		if (!kept)
			return false;
	}
	return true;
}

u32 nvvgpu_emu_types_add(struct nvvgpu_emu_board *board, void *params)
{
	const struct nv_vgpu_add_types *upload = params;
	u32 count = le32_to_cpu(upload->count);
	u32 first = upload->discard ? 0 : board->type_count;
	u32 i, status;

	if (upload->discard > 1 || count > NVVGPU_EMU_TYPES - first)
		return NV_ERR_INVALID_ARGUMENT;
	status = check_infos(board, upload, count);
	if (status != NV_OK)
		return status;
	if (upload->discard && !keeps_used(board, upload, count))
		return NV_ERR_STATE_IN_USE;
	for (i = 0; i < count; i++)
		take_type(&board->types[first + i], &upload->infos[i]);
	board->type_count = first + count;
	return NV_OK;
}

/* Sizes may mix or not; not while there are vGPUs. */
u32 nvvgpu_emu_types_configure(struct nvvgpu_emu_board *board, void *params)
{
	const struct nv_vgpu_mgr_config *config = params;
	u32 gfid;

	if (config->mixed_size > 1)
		return NV_ERR_INVALID_ARGUMENT;
	if (config->mixed_size && !board->data->mixed_size)
		return NV_ERR_NOT_SUPPORTED;
	for (gfid = 1; gfid <= nvvgpu_emu_slots(board); gfid++)
		if (nvvgpu_emu_vgpu_find(board, gfid) && board->mixed_size != config->mixed_size)
			return NV_ERR_STATE_IN_USE;
	board->mixed_size = config->mixed_size;
	return NV_OK;
}
