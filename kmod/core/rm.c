// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* RM clients and controls.  Handles are nouveau's: scope is the client. */
#include "internal.h"

static int rm_alloc(struct nvvgpu_core *core, u32 client, u32 parent, u32 object, u32 class,
		    const void *params, size_t size)
{
	size_t len = sizeof(struct gsp_rm_alloc) + size;
	struct gsp_rm_alloc *msg;
	int err;

	msg = kzalloc(len, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	msg->client = cpu_to_le32(client);
	msg->parent = cpu_to_le32(parent);
	msg->object = cpu_to_le32(object);
	msg->class = cpu_to_le32(class);
	msg->params_size = cpu_to_le32(size);
	memcpy(msg->params, params, size);
	err = core_rpc_call(core, GSP_FN_RM_ALLOC, msg, len);
	if (!err && le32_to_cpu(msg->status) != NV_OK)
		err = core_refused(core, le32_to_cpu(msg->status));
	kfree(msg);
	return err;
}

static int rm_free(struct nvvgpu_core *core, u32 client, u32 object)
{
	struct gsp_rm_free msg = {
		.root = cpu_to_le32(client),
		.object = cpu_to_le32(object),
	};

	return core_rpc_call(core, GSP_FN_FREE, &msg, sizeof(msg));
}

static int send_control(struct nvvgpu_core *core, struct nvvgpu_client *client, u32 cmd,
			void *params, size_t size)
{
	size_t len = sizeof(struct gsp_rm_control) + size;
	struct gsp_rm_control *msg;
	int err;

	msg = kvzalloc(len, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	msg->client = cpu_to_le32(client->handle);
	msg->object = cpu_to_le32(NV_HANDLE_SUBDEVICE);
	msg->cmd = cpu_to_le32(cmd);
	msg->params_size = cpu_to_le32(size);
	memcpy(msg->params, params, size);
	err = core_rpc_call(core, GSP_FN_RM_CONTROL, msg, len);
	if (!err && le32_to_cpu(msg->status) != NV_OK)
		err = core_refused(core, le32_to_cpu(msg->status));
	if (!err)
		memcpy(params, msg->params, size);
	kvfree(msg);
	return err;
}

int core_control(struct nvvgpu_core *core, struct nvvgpu_client *client, u32 cmd, void *params,
		 size_t size)
{
	int err;

	err = (core->send_control ?: send_control)(core, client, cmd, params, size);
	/* what a task told before this reply is known to the listener when the call returns */
	core_event_dispatch(core);
	return err;
}

/* Freeing the root frees what hangs below it, and whatever a lost reply was about. */
static int alloc_objects(struct nvvgpu_core *core, u32 handle)
{
	struct nv0000_alloc root = {
		.client = cpu_to_le32(handle),
		.process_id = cpu_to_le32(~0U),
	};
	struct nv0080_alloc device = {
		.client_share = cpu_to_le32(handle),
	};
	struct nv2080_alloc subdevice = { 0 };
	int err;

	err = rm_alloc(core, handle, handle, handle, NV01_ROOT, &root, sizeof(root));
	if (err == -ETIMEDOUT)
		goto err_root;
	if (err)
		return err;
	err = rm_alloc(core, handle, handle, NV_HANDLE_DEVICE, NV01_DEVICE_0, &device,
		       sizeof(device));
	if (err)
		goto err_root;
	err = rm_alloc(core, handle, NV_HANDLE_DEVICE, NV_HANDLE_SUBDEVICE, NV20_SUBDEVICE_0,
		       &subdevice, sizeof(subdevice));
	if (err)
		goto err_root;
	return 0;

err_root:
	rm_free(core, handle, handle);
	return err;
}

static int take_client_id(struct nvvgpu_core *core, u32 *ret_id)
{
	u32 id;

	mutex_lock(&core->resource_lock);
	id = find_first_zero_bit(core->client_ids, CORE_MAX_CLIENTS);
	if (id < CORE_MAX_CLIENTS)
		__set_bit(id, core->client_ids);
	mutex_unlock(&core->resource_lock);
	*ret_id = id;
	return id < CORE_MAX_CLIENTS ? 0 : -ENOSPC;
}

static void give_client_id(struct nvvgpu_core *core, u32 id)
{
	mutex_lock(&core->resource_lock);
	__clear_bit(id, core->client_ids);
	mutex_unlock(&core->resource_lock);
}

int core_client_alloc(struct nvvgpu_core *core, struct nvvgpu_client **ret)
{
	struct nvvgpu_client *client;
	int err;

	client = kzalloc(sizeof(*client), GFP_KERNEL);
	if (!client)
		return -ENOMEM;
	err = take_client_id(core, &client->id);
	if (err)
		goto err_free;
	client->handle = NV_HANDLE_CLIENT(client->id);
	err = alloc_objects(core, client->handle);
	if (err)
		goto err_id;
	*ret = client;
	return 0;

err_id:
	give_client_id(core, client->id);
err_free:
	kfree(client);
	return err;
}

void core_client_free(struct nvvgpu_core *core, struct nvvgpu_client *client)
{
	if (!client)
		return;
	/* failures are the firmware's: it forgets the rest with the client */
	rm_free(core, client->handle, NV_HANDLE_SUBDEVICE);
	rm_free(core, client->handle, NV_HANDLE_DEVICE);
	/* a client that the firmware keeps keeps its handle: the next one needs another */
	if (rm_free(core, client->handle, client->handle))
		pr_warn("nvvgpu: %s: RM client %#x not freed\n", core->hw->name, client->handle);
	else
		give_client_id(core, client->id);
	kfree(client);
}

u32 core_client_handle(const struct nvvgpu_client *client)
{
	return client->handle;
}
