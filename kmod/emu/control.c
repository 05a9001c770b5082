// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* The controls of the subdevice: which there are, how long their parameters are. */
#include "board.h"

static const struct control {
	u32 cmd;
	u32 size;
	u32 (*run)(struct nvvgpu_emu_board *board, void *params);
} controls[] = {
	{ NV2080_CTRL_GPU_GET_NAME_STRING, sizeof(struct nv2080_name_string),
	  nvvgpu_emu_info_name },
	{ NV2080_CTRL_GPU_GET_ENGINES_V2, sizeof(struct nv2080_engines_v2),
	  nvvgpu_emu_info_engines },
	{ NV2080_CTRL_GPU_GET_VMMU_SEGMENT_SIZE, sizeof(struct nv2080_vmmu_segment),
	  nvvgpu_emu_info_segment_size },
	{ NV2080_CTRL_GSP_GET_FEATURES, sizeof(struct nv2080_gsp_features),
	  nvvgpu_emu_info_features },
	{ NV2080_CTRL_VGPU_BOOTLOAD, sizeof(struct nv_vgpu_bootload),
	  nvvgpu_emu_vgpu_bootload },
	{ NV2080_CTRL_VGPU_SHUTDOWN, sizeof(struct nv_vgpu_gfid),
	  nvvgpu_emu_vgpu_shutdown },
	{ NV2080_CTRL_VGPU_CLEANUP, sizeof(struct nv_vgpu_gfid),
	  nvvgpu_emu_vgpu_cleanup },
	{ NV2080_CTRL_VGPU_ADD_TYPE, sizeof(struct nv_vgpu_add_types),
	  nvvgpu_emu_types_add },
	{ NV2080_CTRL_VGPU_SET_MGR_CONFIG, sizeof(struct nv_vgpu_mgr_config),
	  nvvgpu_emu_types_configure },
	{ NVVGPU_CTRL_SCRUB_FB, sizeof(struct nvvgpu_scrub_fb),
	  nvvgpu_emu_vgpu_scrub },
};

static const struct control *find_control(u32 cmd)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(controls); i++)
		if (controls[i].cmd == cmd)
			return &controls[i];
	return NULL;
}

static u32 do_control(struct nvvgpu_emu_board *board, struct gsp_rm_control *request)
{
	u32 client = le32_to_cpu(request->client);
	const struct control *control;
	const struct nvvgpu_emu_object *object;

	if (!nvvgpu_emu_rm_find(board, client, client))
		return NV_ERR_INVALID_CLIENT;
	object = nvvgpu_emu_rm_find(board, client, le32_to_cpu(request->object));
	if (!object)
		return NV_ERR_OBJECT_NOT_FOUND;
	if (request->flags)
		return NV_ERR_INVALID_ARGUMENT;
	control = find_control(le32_to_cpu(request->cmd));
	if (!control)
		return NV_ERR_NOT_SUPPORTED;
	if (object->class != NV20_SUBDEVICE_0)
		return NV_ERR_INVALID_OBJECT;
	if (le32_to_cpu(request->params_size) != control->size)
		return NV_ERR_INVALID_PARAM_STRUCT;
	return control->run(board, request->params);
}

/* As with allocations: the RPC is good, the status of the control stands inside. */
u32 nvvgpu_emu_control(struct nvvgpu_emu_board *board, u8 *payload, u32 len)
{
	struct gsp_rm_control *request = (struct gsp_rm_control *)payload;
	u32 status = do_control(board, request);

	board->totals.controls++;
	if (status != NV_OK)
		nvvgpu_emu_refused(board);
	request->status = cpu_to_le32(status);
	return NV_OK;
}
