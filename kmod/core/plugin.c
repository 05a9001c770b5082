// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The host's end of a plugin task's channel: buffers in the vGPU's management
 * heap, reached through BAR1, and a doorbell.
 */
#include "internal.h"

#define START_TIMEOUT_MS 10000
#define CALL_TIMEOUT_MS 120000
#define PROTOCOL_VERSION 1
#ifdef __aarch64__
#define HOST_ARCH NV_PLUGIN_ARCH_AARCH64
#else
#define HOST_ARCH NV_PLUGIN_ARCH_X86_64
#endif

#define CTRL(member) offsetof(struct nv_plugin_ctrl, member)
#define RESP(member) offsetof(struct nv_plugin_resp, member)

struct nvvgpu_plugin {
	struct nvvgpu_core *core;
	struct mutex lock;	/* one message at a time */
	u64 base;		/* of the heap in BAR1 */
	u32 gfid;
	u32 seq;
};

static int heap_read(struct nvvgpu_plugin *plugin, u32 offset, void *buf, size_t len)
{
	return plugin->core->hw->ops->bar1_read(plugin->core->hw, plugin->base + offset, buf, len);
}

static int heap_write(struct nvvgpu_plugin *plugin, u32 offset, const void *buf, size_t len)
{
	return plugin->core->hw->ops->bar1_write(plugin->core->hw, plugin->base + offset, buf, len);
}

static int ctrl_write32(struct nvvgpu_plugin *plugin, u32 field, u32 value)
{
	__le32 raw = cpu_to_le32(value);

	return heap_write(plugin, NV_PLUGIN_CTRL_OFFSET + field, &raw, sizeof(raw));
}

static int ctrl_write64(struct nvvgpu_plugin *plugin, u32 field, u64 value)
{
	__le64 raw = cpu_to_le64(value);

	return heap_write(plugin, NV_PLUGIN_CTRL_OFFSET + field, &raw, sizeof(raw));
}

/* The firmware says so when a task dies; nothing would answer then. */
static bool has_crashed(struct nvvgpu_plugin *plugin)
{
	core_rpc_drain(plugin->core);
	return test_bit(plugin->gfid, plugin->core->crashed);
}

static int wait_for(struct nvvgpu_plugin *plugin, u32 offset, u32 value, u32 timeout_ms)
{
	struct core_wait wait;
	__le32 raw;
	int err;

	core_wait_start(&wait, timeout_ms);
	for (;;) {
		err = heap_read(plugin, offset, &raw, sizeof(raw));
		if (err || le32_to_cpu(raw) == value)
			return err;
		if (has_crashed(plugin)) {
			core_event_dispatch(plugin->core);
			return -EIO;
		}
		err = core_wait_again(&wait);
		if (err)
			return err;
	}
}

static void ring(struct nvvgpu_plugin *plugin)
{
	mb();	/* the message before the doorbell */
	core_wr32(plugin->core, NV_VF_DOORBELL, NV_VF_DOORBELL_VECTOR(plugin->gfid));
	core_rd32(plugin->core, NV_VF_DOORBELL);	/* posts the write */
}

/* ------------------------------------------------------------------ life */

/* After the bootload control the host publishes the buffers, then waits for the magic. */
static int publish_buffers(struct nvvgpu_plugin *plugin)
{
	static const struct {
		u32 field;
		u64 offset;
	} buffers[] = {
		{ CTRL(resp_offset), NV_PLUGIN_RESP_OFFSET },
		{ CTRL(msg_offset), NV_PLUGIN_MSG_OFFSET },
		{ CTRL(mig_offset), NV_PLUGIN_MIG_OFFSET },
		{ CTRL(err_offset), NV_PLUGIN_ERR_OFFSET },
	};
	u32 i;
	int err;

	err = ctrl_write32(plugin, CTRL(version), NV_PLUGIN_CTRL_VERSION);
	for (i = 0; !err && i < ARRAY_SIZE(buffers); i++)
		err = ctrl_write64(plugin, buffers[i].field, buffers[i].offset);
	if (!err)
		err = ctrl_write32(plugin, CTRL(attached_count), 1);
	return err;
}

static void count_plugins(struct nvvgpu_core *core, int change)
{
	mutex_lock(&core->resource_lock);
	core->plugins += change;
	mutex_unlock(&core->resource_lock);
}

int core_plugin_attach(struct nvvgpu_core *core, u32 gfid, const struct nvvgpu_fb *heap,
		       struct nvvgpu_plugin **ret)
{
	struct nvvgpu_plugin *plugin;
	int err;

	if (!heap->bar1_mapped || heap->size < NV_PLUGIN_HEAP_MIN || gfid >= CORE_MAX_GFIDS)
		return -EINVAL;
	plugin = kzalloc(sizeof(*plugin), GFP_KERNEL);
	if (!plugin)
		return -ENOMEM;
	plugin->core = core;
	plugin->gfid = gfid;
	plugin->base = heap->bar1_offset;
	mutex_init(&plugin->lock);
	err = publish_buffers(plugin);
	if (!err)
		err = wait_for(plugin, NV_PLUGIN_CTRL_OFFSET + CTRL(message_seq), NV_PLUGIN_MAGIC,
			       START_TIMEOUT_MS);
	if (err) {
		mutex_destroy(&plugin->lock);
		kfree(plugin);
		return err;
	}
	count_plugins(core, 1);
	*ret = plugin;
	return 0;
}

void core_plugin_detach(struct nvvgpu_plugin *plugin)
{
	if (!plugin)
		return;
	count_plugins(plugin->core, -1);
	mutex_destroy(&plugin->lock);
	kfree(plugin);
}

/* --------------------------------------------------------------- messages */

static int send(struct nvvgpu_plugin *plugin, u32 type)
{
	int err;

	err = ctrl_write32(plugin, CTRL(message_type), type);
	if (!err)
		err = ctrl_write32(plugin, CTRL(message_seq), ++plugin->seq);
	if (err)
		return err;
	ring(plugin);
	return wait_for(plugin, NV_PLUGIN_RESP_OFFSET + RESP(processed_seq), plugin->seq,
			CALL_TIMEOUT_MS);
}

static int read_result(struct nvvgpu_plugin *plugin)
{
	__le32 raw;
	u32 status;
	int err;

	err = heap_read(plugin, NV_PLUGIN_RESP_OFFSET + RESP(result), &raw, sizeof(raw));
	if (err)
		return err;
	status = le32_to_cpu(raw);
	if (status == NV_OK)
		return 0;
	err = core_refused(plugin->core, status);
	return status == NV_ERR_INVALID_DATA ? -EBADMSG : err;
}

/* lock held; payload is request and reply, at most one buffer */
static int call_locked(struct nvvgpu_plugin *plugin, u32 type, void *payload, size_t len)
{
	int err = 0;

	if (len)
		err = heap_write(plugin, NV_PLUGIN_MSG_OFFSET, payload, len);
	if (!err)
		err = send(plugin, type);
	if (!err)
		err = read_result(plugin);
	if (!err && len)
		err = heap_read(plugin, NV_PLUGIN_MSG_OFFSET, payload, len);
	return err;
}

static int call(struct nvvgpu_plugin *plugin, u32 type, void *payload, size_t len)
{
	int err;

	mutex_lock(&plugin->lock);
	err = call_locked(plugin, type, payload, len);
	mutex_unlock(&plugin->lock);
	return err;
}

int core_plugin_negotiate(struct nvvgpu_plugin *plugin, u32 *ret_version)
{
	struct nv_plugin_version version = { .version_cpu = cpu_to_le32(PROTOCOL_VERSION) };
	u32 negotiated;
	int err;

	err = call(plugin, NV_PLUGIN_VERSION_NEGOTIATION, &version, sizeof(version));
	if (err)
		return err;
	negotiated = le32_to_cpu(version.version_negotiated);
	if (!negotiated || negotiated > PROTOCOL_VERSION)
		return -EPROTO;
	*ret_version = negotiated;
	return 0;
}

int core_plugin_configure(struct nvvgpu_plugin *plugin, const struct nvvgpu_plugin_config *config)
{
	struct nv_plugin_config msg = {
		.dbdf = cpu_to_le32(config->dbdf),
		.device_instance_id = cpu_to_le32(config->instance_id),
		.vgpu_type = cpu_to_le32(config->type_id),
		.vm_pid = cpu_to_le32(config->vm_pid),
		.swizz_id = cpu_to_le32(config->swizz_id),
		.num_channels = cpu_to_le32(config->channel_count),
		.num_plugin_channels = cpu_to_le32(config->plugin_channels),
		.migration_feature = cpu_to_le32(config->migration_supported ?
						 NV_PLUGIN_MIGRATION_FEATURE : 0),
		.hypervisor_type = cpu_to_le32(NV_PLUGIN_HYPERVISOR_KVM),
		.host_cpu_arch = cpu_to_le32(HOST_ARCH),
		.host_page_size = cpu_to_le64(PAGE_SIZE),
		.enable_uvm = config->enable_uvm,
		.vmm_migration_supported = config->migration_supported,
		.console_vnc = config->console_vnc,
		.nonstall_linux_events = 1,
	};

	memcpy(msg.uuid, config->uuid, sizeof(msg.uuid));
	return call(plugin, NV_PLUGIN_SETUP_CONFIG, &msg, sizeof(msg));
}

int core_plugin_reset(struct nvvgpu_plugin *plugin)
{
	return call(plugin, NV_PLUGIN_RESET, NULL, 0);
}

int core_plugin_set_bus_master(struct nvvgpu_plugin *plugin, bool enable, bool allowed)
{
	struct nv_plugin_bme bme = {
		.enable = cpu_to_le32(enable),
		.allowed = cpu_to_le32(allowed),
	};

	return call(plugin, NV_PLUGIN_UPDATE_BME_STATE, &bme, sizeof(bme));
}

/* -------------------------------------------------------------- migration */

static int set_in_progress(struct nvvgpu_plugin *plugin, u8 in_progress)
{
	return heap_write(plugin, NV_PLUGIN_CTRL_OFFSET + CTRL(mig_in_progress), &in_progress,
			  sizeof(in_progress));
}

int core_plugin_stop_work(struct nvvgpu_plugin *plugin, u64 *ret_estimate)
{
	struct nv_plugin_stop stop = { 0 };
	int err;

	mutex_lock(&plugin->lock);
	err = set_in_progress(plugin, 1);
	if (!err)
		err = call_locked(plugin, NV_PLUGIN_MIGRATION_STOP_WORK, &stop, sizeof(stop));
	mutex_unlock(&plugin->lock);
	if (!err)
		*ret_estimate = le64_to_cpu(stop.estimate_bytes);
	return err;
}

/* Messages that end the migration. */
static int end_migration(struct nvvgpu_plugin *plugin, u32 type)
{
	int err;

	mutex_lock(&plugin->lock);
	err = call_locked(plugin, type, NULL, 0);
	if (!err)
		err = set_in_progress(plugin, 0);
	mutex_unlock(&plugin->lock);
	return err;
}

int core_plugin_cancel_stop(struct nvvgpu_plugin *plugin)
{
	return end_migration(plugin, NV_PLUGIN_MIGRATION_CANCEL_STOP);
}

int core_plugin_resume_work(struct nvvgpu_plugin *plugin)
{
	return end_migration(plugin, NV_PLUGIN_MIGRATION_RESUME_WORK);
}

static int read_chunk(struct nvvgpu_plugin *plugin, void *buf, size_t size, size_t *ret_len,
		      bool *ret_complete)
{
	struct {
		__le32 mig_gsp_offset;
		__le32 save_complete;
	} reply;
	u32 len;
	int err;

	static_assert(RESP(save_complete) == RESP(mig_gsp_offset) + 4, "read together");
	err = heap_read(plugin, NV_PLUGIN_RESP_OFFSET + RESP(mig_gsp_offset), &reply,
			sizeof(reply));
	if (err)
		return err;
	len = le32_to_cpu(reply.mig_gsp_offset);
	if (len > size || (!len && !reply.save_complete))
		return -EPROTO;
	if (len)
		err = heap_read(plugin, NV_PLUGIN_MIG_OFFSET, buf, len);
	if (err)
		return err;
	*ret_len = len;
	*ret_complete = reply.save_complete;
	return 0;
}

int core_plugin_save_state(struct nvvgpu_plugin *plugin, void *buf, size_t size, size_t *ret_len,
			   bool *ret_complete)
{
	int err;

	size = min_t(size_t, size, NV_PLUGIN_MIG_SIZE);
	mutex_lock(&plugin->lock);
	err = ctrl_write32(plugin, CTRL(mig_cpu_offset), size);
	if (!err)
		err = call_locked(plugin, NV_PLUGIN_MIGRATION_SAVE_STATE, NULL, 0);
	if (!err)
		err = read_chunk(plugin, buf, size, ret_len, ret_complete);
	mutex_unlock(&plugin->lock);
	return err;
}

int core_plugin_cancel_save(struct nvvgpu_plugin *plugin)
{
	return call(plugin, NV_PLUGIN_MIGRATION_CANCEL_SAVE, NULL, 0);
}

int core_plugin_restore_state(struct nvvgpu_plugin *plugin, const void *buf, size_t len)
{
	const u8 *p = buf;
	size_t part;
	int err = 0;

	mutex_lock(&plugin->lock);
	for (; !err && len; p += part, len -= part) {
		part = min_t(size_t, len, NV_PLUGIN_MIG_SIZE);
		err = heap_write(plugin, NV_PLUGIN_MIG_OFFSET, p, part);
		if (!err)
			err = ctrl_write32(plugin, CTRL(mig_cpu_offset), part);
		if (!err)
			err = call_locked(plugin, NV_PLUGIN_MIGRATION_RESTORE_STATE, NULL, 0);
	}
	mutex_unlock(&plugin->lock);
	return err;
}

int core_plugin_restore_deferred(struct nvvgpu_plugin *plugin)
{
	return call(plugin, NV_PLUGIN_MIGRATION_RESTORE_DEFERRED, NULL, 0);
}

/* -------------------------------------------------------------------- logs */

/* Text from the start of the buffer on; what was never written is zeros. */
ssize_t core_plugin_log(struct nvvgpu_core *core, const struct nvvgpu_fb *heap,
			enum nvvgpu_plugin_log log, u64 offset, void *buf, size_t len)
{
	u32 start = log == NVVGPU_PLUGIN_LOG_INIT ? NV_PLUGIN_INIT_LOG_OFFSET :
						    NV_PLUGIN_TASK_LOG_OFFSET;
	int err;

	if (!heap->bar1_mapped || offset >= NV_PLUGIN_LOG_SIZE)
		return 0;
	len = min_t(u64, len, NV_PLUGIN_LOG_SIZE - offset);
	err = core->hw->ops->bar1_read(core->hw, heap->bar1_offset + start + offset, buf, len);
	return err ? err : (ssize_t)strnlen(buf, len);
}
