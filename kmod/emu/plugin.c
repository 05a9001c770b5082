// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The plugin tasks, one for each booted vGPU.  A task lives in its management
 * heap: control, response, message and migration buffer at fixed offsets.  It
 * shows a magic number when it is up and then answers messages, each announced
 * by the doorbell and numbered by the host.
 *
 * Numbers and buffers are those of the published vGPU patches for Linux.  Of
 * messages 4 to 10 only the numbers are public, the payloads are ours:
 *   4  answers with the bytes that a save would give (u64)
 *   6  control.mig_cpu_offset: most bytes wanted; the migration buffer is
 *      filled from its start, response.mig_gsp_offset tells how far
 *   8  control.mig_cpu_offset: bytes in the migration buffer
 *   9  the restored state is whole and takes effect; before, nothing runs
 */
#include "board.h"

#define DOORBELL_BITS		32	/* a gfid has 32 vectors, a plugin task is the 18th */
#define VERSION			1
#define MAX_HYPERVISOR		4

struct call {
	struct nvvgpu_emu_board *board;
	struct nvvgpu_emu_vgpu *vgpu;
	struct nv_plugin_ctrl ctrl;	/* as it was when the doorbell rang */
	union {
		u8 bytes[sizeof(struct nv_plugin_config)];
		struct nv_plugin_version version;
		struct nv_plugin_config config;
		struct nv_plugin_bme bus_master;
		struct nv_plugin_stop stop;
	} payload;
	u32 mig_len;			/* of the response */
	bool save_complete;
};

/* -------------------------------------------------------------------- logs */

/* Text, begun anew when the buffer is full; a lost line is no reason to fail. */
static __printf(3, 4) void log_line(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu,
				    const char *fmt, ...)
{
	u64 log = vgpu->heap + NV_PLUGIN_TASK_LOG_OFFSET;
	char line[64];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vscnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (vgpu->log_at + len > NV_PLUGIN_LOG_SIZE &&
	    !board->ops->fb_zero(board->priv, log, NV_PLUGIN_LOG_SIZE))
		vgpu->log_at = 0;
	if (!nvvgpu_emu_fb_write(board, log + vgpu->log_at, line, len))
		vgpu->log_at += len;
}

static int start_logs(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu)
{
	char line[64];
	int err, len;

	err = board->ops->fb_zero(board->priv, vgpu->heap + NV_PLUGIN_INIT_LOG_OFFSET,
				  NV_PLUGIN_HEAP_MIN - NV_PLUGIN_INIT_LOG_OFFSET);
	if (err)
		return err;
	len = scnprintf(line, sizeof(line), "plugin task started, vGPU type %u\n", vgpu->type_id);
	return nvvgpu_emu_fb_write(board, vgpu->heap + NV_PLUGIN_INIT_LOG_OFFSET, line, len);
}

/* ------------------------------------------------------------------- start */

/* Old contents of the channel go first: a host that looks too early sees no stale number. */
int nvvgpu_emu_plugin_start(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu)
{
	__le32 magic = cpu_to_le32(NV_PLUGIN_MAGIC);
	u32 status;
	int err;

	err = board->ops->fb_zero(board->priv, vgpu->heap, NV_PLUGIN_MIG_OFFSET);
	if (!err)
		err = start_logs(board, vgpu);
	if (err || nvvgpu_emu_fault_due(board, NVVGPU_EMU_FAULT_PLUGIN_START, &status))
		return err;
	return nvvgpu_emu_fb_write(board,
				   vgpu->heap + NV_PLUGIN_CTRL_OFFSET +
				   offsetof(struct nv_plugin_ctrl, message_seq),
				   &magic, sizeof(magic));
}

/* ---------------------------------------------------------------- messages */

static u32 negotiate(struct call *call)
{
	if (le32_to_cpu(call->payload.version.version_cpu) < VERSION)
		return NV_ERR_NOT_COMPATIBLE;
	call->payload.version.version_negotiated = cpu_to_le32(VERSION);
	call->vgpu->state = NVVGPU_EMU_VGPU_NEGOTIATED;
	return NV_OK;
}

static bool same_as_booted(const struct nvvgpu_emu_vgpu *vgpu,
			   const struct nv_plugin_config *config)
{
	return le32_to_cpu(config->dbdf) == vgpu->dbdf &&
	       le32_to_cpu(config->vgpu_type) == vgpu->type_id &&
	       le32_to_cpu(config->swizz_id) == vgpu->swizz_id &&
	       le32_to_cpu(config->num_channels) == vgpu->channel_count &&
	       le32_to_cpu(config->num_plugin_channels) == vgpu->plugin_channels;
}

static bool good_environment(const struct nv_plugin_config *config)
{
	u64 page = le64_to_cpu(config->host_page_size);
	u32 arch = le32_to_cpu(config->host_cpu_arch);
	u32 feature = le32_to_cpu(config->migration_feature);

	return (arch == NV_PLUGIN_ARCH_AARCH64 || arch == NV_PLUGIN_ARCH_X86_64) &&
	       le32_to_cpu(config->hypervisor_type) <= MAX_HYPERVISOR &&
	       page >= SZ_4K && is_power_of_2(page) &&
	       (!feature || feature == NV_PLUGIN_MIGRATION_FEATURE);
}

static bool good_flags(const struct nv_plugin_config *config)
{
	return config->enable_uvm <= 1 && config->linux_interrupt_optimization <= 1 &&
	       config->vmm_migration_supported <= 1 && config->console_vnc <= 1 &&
	       config->nonstall_linux_events <= 1 && !config->reserved1 && !config->reserved2 &&
	       !memchr_inv(config->reserved0, 0, sizeof(config->reserved0));
}

static u32 configure(struct call *call)
{
	const struct nv_plugin_config *config = &call->payload.config;
	u32 client = le32_to_cpu(config->device_instance_id);

	if (!memchr_inv(config->uuid, 0, sizeof(config->uuid)))
		return NV_ERR_INVALID_ARGUMENT;
	if (!same_as_booted(call->vgpu, config) || !good_environment(config) || !good_flags(config))
		return NV_ERR_INVALID_ARGUMENT;
	if (!nvvgpu_emu_rm_find(call->board, client, client))
		return NV_ERR_INVALID_CLIENT;
	call->vgpu->state = NVVGPU_EMU_VGPU_RUNNING;
	return NV_OK;
}

/* What a restore left that never took effect must not stay; else memory is the host's affair. */
static u32 reset(struct call *call)
{
	struct nvvgpu_emu_vgpu *vgpu = call->vgpu;
	int err = 0;

	if (vgpu->restore.stage != NVVGPU_EMU_RESTORE_NONE)
		err = nvvgpu_emu_vgpu_fb_zero(call->board, vgpu);
	if (err)
		return NV_ERR_MEMORY_ERROR;
	memset(&vgpu->save, 0, sizeof(vgpu->save));
	memset(&vgpu->restore, 0, sizeof(vgpu->restore));
	memset(vgpu->scratch, 0, sizeof(vgpu->scratch));
	memset(&vgpu->copy, 0, sizeof(vgpu->copy));
	vgpu->window = 0;
	vgpu->bus_master = false;
	vgpu->state = NVVGPU_EMU_VGPU_RUNNING;
	return NV_OK;
}

static u32 set_bus_master(struct call *call)
{
	u32 enable = le32_to_cpu(call->payload.bus_master.enable);
	u32 allowed = le32_to_cpu(call->payload.bus_master.allowed);

	if (enable > 1 || allowed > 1)
		return NV_ERR_INVALID_ARGUMENT;
	call->vgpu->bus_master = enable && allowed;
	return NV_OK;
}

/* The guest's driver has never spoken: nothing is known of it. */
static u32 guest_info(struct call *call)
{
	memset(&call->payload, 0, sizeof(call->payload));
	return NV_OK;
}

/* --------------------------------------------------------------- migration */

static u32 stop_work(struct call *call)
{
	u64 bytes = nvvgpu_emu_state_bytes(call->board, call->vgpu);

	call->payload.stop.estimate_bytes = cpu_to_le64(bytes);
	memset(&call->vgpu->save, 0, sizeof(call->vgpu->save));
	call->vgpu->state = NVVGPU_EMU_VGPU_STOPPED;
	return NV_OK;
}

/* Cancelled stop and resume alike: with a restore under way there is nothing that could run. */
static u32 run_again(struct call *call)
{
	if (call->vgpu->restore.stage != NVVGPU_EMU_RESTORE_NONE)
		return NV_ERR_INVALID_STATE;
	memset(&call->vgpu->save, 0, sizeof(call->vgpu->save));
	call->vgpu->state = NVVGPU_EMU_VGPU_RUNNING;
	return NV_OK;
}

static u64 migration_buffer(const struct call *call)
{
	return call->vgpu->heap + NV_PLUGIN_MIG_OFFSET;
}

static u32 save_state(struct call *call)
{
	u32 want = le32_to_cpu(call->ctrl.mig_cpu_offset);

	if (call->vgpu->restore.stage != NVVGPU_EMU_RESTORE_NONE || call->vgpu->save.complete)
		return NV_ERR_INVALID_STATE;
	if (!want || want > NV_PLUGIN_MIG_SIZE)
		return NV_ERR_INVALID_ARGUMENT;
	return nvvgpu_emu_state_save(call->board, call->vgpu, migration_buffer(call), want,
				     &call->mig_len, &call->save_complete);
}

static u32 cancel_save(struct call *call)
{
	memset(&call->vgpu->save, 0, sizeof(call->vgpu->save));
	return NV_OK;
}

static u32 restore_state(struct call *call)
{
	u32 len = le32_to_cpu(call->ctrl.mig_cpu_offset);

	if (call->vgpu->save.active)
		return NV_ERR_INVALID_STATE;
	if (!len || len > NV_PLUGIN_MIG_SIZE)
		return NV_ERR_INVALID_ARGUMENT;
	return nvvgpu_emu_state_restore(call->board, call->vgpu, migration_buffer(call), len);
}

static u32 restore_deferred(struct call *call)
{
	return nvvgpu_emu_state_apply(call->vgpu);
}

/* ------------------------------------------------------------------- calls */

#define IN(state)	BIT(NVVGPU_EMU_VGPU_##state)

static const struct message {
	u32 states;		/* in which it may come */
	u32 payload;		/* bytes of the message buffer that it reads and writes */
	bool migrating;		/* only while the host says that a migration is under way */
	u32 (*run)(struct call *call);
} messages[NV_PLUGIN_MESSAGE_MAX] = {
	[NV_PLUGIN_VERSION_NEGOTIATION] = {
		IN(BOOTED), sizeof(struct nv_plugin_version), false, negotiate },
	[NV_PLUGIN_SETUP_CONFIG] = {
		IN(NEGOTIATED), sizeof(struct nv_plugin_config), false, configure },
	[NV_PLUGIN_RESET] = {
		IN(RUNNING) | IN(STOPPED), 0, false, reset },
	[NV_PLUGIN_MIGRATION_STOP_WORK] = {
		IN(RUNNING), sizeof(struct nv_plugin_stop), true, stop_work },
	[NV_PLUGIN_MIGRATION_CANCEL_STOP] = {
		IN(STOPPED), 0, false, run_again },
	[NV_PLUGIN_MIGRATION_SAVE_STATE] = {
		IN(STOPPED), 0, true, save_state },
	[NV_PLUGIN_MIGRATION_CANCEL_SAVE] = {
		IN(STOPPED), 0, false, cancel_save },
	[NV_PLUGIN_MIGRATION_RESTORE_STATE] = {
		IN(STOPPED), 0, true, restore_state },
	[NV_PLUGIN_MIGRATION_RESTORE_DEFERRED] = {
		IN(STOPPED), 0, true, restore_deferred },
	[NV_PLUGIN_MIGRATION_RESUME_WORK] = {
		IN(STOPPED), 0, false, run_again },
	[NV_PLUGIN_UPDATE_BME_STATE] = {
		IN(RUNNING) | IN(STOPPED), sizeof(struct nv_plugin_bme), false, set_bus_master },
	[NV_PLUGIN_GET_GUEST_INFO] = {
		IN(RUNNING) | IN(STOPPED), sizeof(struct nv_plugin_config), false, guest_info },
};

static bool good_channel(const struct nv_plugin_ctrl *ctrl)
{
	return le32_to_cpu(ctrl->version) == NV_PLUGIN_CTRL_VERSION &&
	       ctrl->mig_in_progress <= 1 &&
	       le64_to_cpu(ctrl->resp_offset) == NV_PLUGIN_RESP_OFFSET &&
	       le64_to_cpu(ctrl->msg_offset) == NV_PLUGIN_MSG_OFFSET &&
	       le64_to_cpu(ctrl->mig_offset) == NV_PLUGIN_MIG_OFFSET &&
	       le64_to_cpu(ctrl->err_offset) == NV_PLUGIN_ERR_OFFSET;
}

static u32 run_message(struct call *call)
{
	u32 type = le32_to_cpu(call->ctrl.message_type);
	u64 buffer = call->vgpu->heap + NV_PLUGIN_MSG_OFFSET;
	const struct message *message;
	u32 status;

	if (!good_channel(&call->ctrl))
		return NV_ERR_INVALID_ARGUMENT;
	if (type >= ARRAY_SIZE(messages) || !messages[type].run)
		return NV_ERR_INVALID_COMMAND;
	message = &messages[type];
	if (!(message->states & BIT(call->vgpu->state)) ||
	    (message->migrating && !call->ctrl.mig_in_progress))
		return NV_ERR_INVALID_STATE;
	if (message->payload &&
	    nvvgpu_emu_fb_read(call->board, buffer, call->payload.bytes, message->payload))
		return NV_ERR_MEMORY_ERROR;
	status = message->run(call);
	if (status == NV_OK && message->payload &&
	    nvvgpu_emu_fb_write(call->board, buffer, call->payload.bytes, message->payload))
		return NV_ERR_MEMORY_ERROR;
	return status;
}

/* The number that says "done" goes last. */
static void respond(struct call *call, u32 status)
{
	u64 buffer = call->vgpu->heap + NV_PLUGIN_RESP_OFFSET;
	struct nv_plugin_resp resp = {
		.processed_seq = call->ctrl.message_seq,
		.result = cpu_to_le32(status),
		.mig_gsp_offset = cpu_to_le32(call->mig_len),
		.save_complete = cpu_to_le32(call->save_complete),
	};

	size_t first = sizeof(resp.processed_seq);
	size_t rest = offsetof(struct nv_plugin_resp, padding0) - first;

	if (status != NV_OK)
		nvvgpu_emu_refused(call->board);
	if (nvvgpu_emu_fb_write(call->board, buffer + first, &resp.result, rest) ||
	    nvvgpu_emu_fb_write(call->board, buffer, &resp.processed_seq, first))
		nvvgpu_emu_refused(call->board);
}

static void take_message(struct call *call)
{
	struct nvvgpu_emu_vgpu *vgpu = call->vgpu;
	u32 sequence = le32_to_cpu(call->ctrl.message_seq);
	u32 status;

	if (sequence == vgpu->sequence || (!vgpu->sequence && sequence == NV_PLUGIN_MAGIC)) {
		nvvgpu_emu_refused(call->board);	/* rung without a message */
		return;
	}
	if (sequence != vgpu->sequence + 1) {
		respond(call, NV_ERR_INVALID_STATE);
		return;
	}
	vgpu->sequence = sequence;
	call->board->totals.messages++;
	if (!nvvgpu_emu_fault_due(call->board, NVVGPU_EMU_FAULT_MESSAGE, &status))
		status = run_message(call);
	else if (!status)
		return;
	log_line(call->board, vgpu, "message %u, type %u: status 0x%x\n", sequence,
		 le32_to_cpu(call->ctrl.message_type), status);
	respond(call, status);
}

/* A task that crashed or was shut down hears nothing. */
static bool listens(const struct nvvgpu_emu_vgpu *vgpu)
{
	return vgpu && vgpu->state != NVVGPU_EMU_VGPU_CRASHED &&
	       vgpu->state != NVVGPU_EMU_VGPU_SHUT;
}

void nvvgpu_emu_plugin_doorbell(struct nvvgpu_emu_board *board, u32 val)
{
	struct call call = { .board = board };
	u32 gfid = val / DOORBELL_BITS;

	call.vgpu = nvvgpu_emu_vgpu_find(board, gfid);
	if (val != NV_VF_DOORBELL_VECTOR(gfid) || !listens(call.vgpu) ||
	    nvvgpu_emu_fb_read(board, call.vgpu->heap + NV_PLUGIN_CTRL_OFFSET, &call.ctrl,
			       offsetof(struct nv_plugin_ctrl, host_info))) {
		nvvgpu_emu_refused(board);
		return;
	}
	take_message(&call);
}
