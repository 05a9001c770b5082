// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Objects of the resource manager: clients, each with its device and
 * subdevice.  Handles are the driver's choice and unique within a client.
 * Freeing a parent frees what hangs below it.
 */
#include "board.h"

static struct nvvgpu_emu_object *find(struct nvvgpu_emu_board *board, u32 client, u32 handle)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(board->objects); i++) {
		struct nvvgpu_emu_object *object = &board->objects[i];

		if (object->used && object->client == client && object->handle == handle)
			return object;
	}
	return NULL;
}

const struct nvvgpu_emu_object *nvvgpu_emu_rm_find(struct nvvgpu_emu_board *board, u32 client,
						   u32 handle)
{
	return find(board, client, handle);
}

static u32 add(struct nvvgpu_emu_board *board, u32 client, u32 parent, u32 handle, u32 class)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(board->objects); i++) {
		struct nvvgpu_emu_object *object = &board->objects[i];

		if (object->used)
			continue;
		*object = (struct nvvgpu_emu_object){
			.client = client, .parent = parent, .handle = handle, .class = class,
			.used = true,
		};
		return NV_OK;
	}
	return NV_ERR_NO_MEMORY;
}

/* As the firmware comes up: its own client, for the driver's internal calls. */
void nvvgpu_emu_rm_reset(struct nvvgpu_emu_board *board)
{
	u32 client = NVVGPU_EMU_INTERNAL_CLIENT;
	u32 device = NVVGPU_EMU_INTERNAL_DEVICE;

	memset(board->objects, 0, sizeof(board->objects));
	add(board, client, client, client, NV01_ROOT);
	add(board, client, client, device, NV01_DEVICE_0);
	add(board, client, device, NVVGPU_EMU_INTERNAL_SUBDEVICE, NV20_SUBDEVICE_0);
}

/* Without the firmware's own. */
void nvvgpu_emu_rm_count(struct nvvgpu_emu_board *board, u32 *clients, u32 *objects)
{
	u32 i;

	*clients = 0;
	*objects = 0;
	for (i = 0; i < ARRAY_SIZE(board->objects); i++) {
		if (!board->objects[i].used ||
		    board->objects[i].client == NVVGPU_EMU_INTERNAL_CLIENT)
			continue;
		if (board->objects[i].class == NV01_ROOT)
			(*clients)++;
		else
			(*objects)++;
	}
}

/* ------------------------------------------------------------------- alloc */

static u32 alloc_client(struct nvvgpu_emu_board *board, const struct gsp_rm_alloc *alloc)
{
	const struct nv0000_alloc *params = (const struct nv0000_alloc *)alloc->params;
	u32 handle = le32_to_cpu(alloc->client);

	if (le32_to_cpu(alloc->params_size) != sizeof(*params))
		return NV_ERR_INVALID_PARAM_STRUCT;
	if (!handle || alloc->parent != alloc->client || alloc->object != alloc->client ||
	    params->client != alloc->client)
		return NV_ERR_INVALID_CLIENT;
	return add(board, handle, handle, handle, NV01_ROOT);
}

static u32 alloc_device(struct nvvgpu_emu_board *board, const struct gsp_rm_alloc *alloc,
			const struct nvvgpu_emu_object *parent)
{
	const struct nv0080_alloc *params = (const struct nv0080_alloc *)alloc->params;

	if (le32_to_cpu(alloc->params_size) != sizeof(*params))
		return NV_ERR_INVALID_PARAM_STRUCT;
	if (parent->class != NV01_ROOT)
		return NV_ERR_INVALID_OBJECT_PARENT;
	if (params->device_id)			/* one GPU to a firmware */
		return NV_ERR_INVALID_DEVICE;
	if (params->client_share && params->client_share != alloc->client)
		return NV_ERR_INVALID_CLIENT;
	return add(board, parent->client, parent->handle, le32_to_cpu(alloc->object),
		   NV01_DEVICE_0);
}

static u32 alloc_subdevice(struct nvvgpu_emu_board *board, const struct gsp_rm_alloc *alloc,
			   const struct nvvgpu_emu_object *parent)
{
	const struct nv2080_alloc *params = (const struct nv2080_alloc *)alloc->params;

	if (le32_to_cpu(alloc->params_size) != sizeof(*params))
		return NV_ERR_INVALID_PARAM_STRUCT;
	if (parent->class != NV01_DEVICE_0)
		return NV_ERR_INVALID_OBJECT_PARENT;
	if (params->subdevice_id)
		return NV_ERR_INVALID_ARGUMENT;
	return add(board, parent->client, parent->handle, le32_to_cpu(alloc->object),
		   NV20_SUBDEVICE_0);
}

static u32 do_alloc(struct nvvgpu_emu_board *board, const struct gsp_rm_alloc *alloc)
{
	u32 client = le32_to_cpu(alloc->client);
	u32 class = le32_to_cpu(alloc->class);
	const struct nvvgpu_emu_object *parent;

	if (alloc->flags)
		return NV_ERR_INVALID_ARGUMENT;
	if (find(board, client, le32_to_cpu(alloc->object)))
		return NV_ERR_INSERT_DUPLICATE_NAME;
	if (class == NV01_ROOT)
		return alloc_client(board, alloc);
	if (!find(board, client, client) || client == NVVGPU_EMU_INTERNAL_CLIENT)
		return NV_ERR_INVALID_CLIENT;
	parent = find(board, client, le32_to_cpu(alloc->parent));
	if (!parent)
		return NV_ERR_INVALID_OBJECT_PARENT;
	if (!alloc->object)
		return NV_ERR_INVALID_OBJECT_HANDLE;
	switch (class) {
	case NV01_DEVICE_0:
		return alloc_device(board, alloc, parent);
	case NV20_SUBDEVICE_0:
		return alloc_subdevice(board, alloc, parent);
	default:
		return NV_ERR_INVALID_CLASS;
	}
}

/* The RPC is good when it could be read; what RM says of it stands in its own status. */
u32 nvvgpu_emu_rm_alloc(struct nvvgpu_emu_board *board, u8 *payload, u32 len)
{
	struct gsp_rm_alloc *alloc = (struct gsp_rm_alloc *)payload;
	u32 status = do_alloc(board, alloc);

	if (status != NV_OK)
		nvvgpu_emu_refused(board);
	alloc->status = cpu_to_le32(status);
	return NV_OK;
}

/* -------------------------------------------------------------------- free */

/* Client, device, subdevice: it calls itself twice at most. */
static void free_tree(struct nvvgpu_emu_board *board, struct nvvgpu_emu_object *top)
{
	struct nvvgpu_emu_object gone = *top;
	u32 i;

	top->used = false;
	for (i = 0; i < ARRAY_SIZE(board->objects); i++) {
		struct nvvgpu_emu_object *object = &board->objects[i];

		if (object->used && object->client == gone.client && object->parent == gone.handle)
			free_tree(board, object);
	}
}

static u32 do_free(struct nvvgpu_emu_board *board, const struct gsp_rm_free *request)
{
	u32 client = le32_to_cpu(request->root);
	struct nvvgpu_emu_object *object;

	if (!find(board, client, client) || client == NVVGPU_EMU_INTERNAL_CLIENT)
		return NV_ERR_INVALID_CLIENT;
	object = find(board, client, le32_to_cpu(request->object));
	if (!object)
		return NV_ERR_OBJECT_NOT_FOUND;
	if (request->parent && le32_to_cpu(request->parent) != object->parent)
		return NV_ERR_INVALID_OBJECT_PARENT;
	free_tree(board, object);
	return NV_OK;
}

u32 nvvgpu_emu_rm_free(struct nvvgpu_emu_board *board, u8 *payload, u32 len)
{
	struct gsp_rm_free *request = (struct gsp_rm_free *)payload;
	u32 status = do_free(board, request);

	if (status != NV_OK)
		nvvgpu_emu_refused(board);
	request->status = cpu_to_le32(status);
	return NV_OK;
}
