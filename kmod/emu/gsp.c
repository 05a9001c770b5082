// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The firmware: how it comes up, the calls of its command queue, the events it
 * sends.  It runs while the driver rings its doorbell.
 */
#include "board.h"

/* ------------------------------------------------------------------ events */

void nvvgpu_emu_gsp_interrupt(struct nvvgpu_emu_board *board)
{
	board->regs.irq_status |= GSP_IRQ_SWGEN0;
	board->ops->interrupt(board->priv);
}

static void fill_header(struct gsp_rpc *rpc, u32 function, u32 len, u32 result)
{
	rpc->header_version = cpu_to_le32(GSP_RPC_VERSION);
	rpc->signature = cpu_to_le32(GSP_RPC_SIGNATURE);
	rpc->length = cpu_to_le32(len);
	rpc->function = cpu_to_le32(function);
	rpc->result = cpu_to_le32(result);
	rpc->result_private = cpu_to_le32(result);
}

bool nvvgpu_emu_gsp_event_room(struct nvvgpu_emu_board *board)
{
	u32 answer = nvvgpu_emu_queue_slots(board->gsp.message_whole);

	return nvvgpu_emu_queue_room(board) > answer;
}

int nvvgpu_emu_gsp_event(struct nvvgpu_emu_board *board, u32 gfid, u32 event)
{
	struct {
		struct gsp_rpc rpc;
		struct gsp_event_vgpu vgpu;
	} message = {
		.vgpu.gfid = cpu_to_le32(gfid),
		.vgpu.event = cpu_to_le32(event),
	};
	int err;

	fill_header(&message.rpc, GSP_EVENT_VGPU_PLUGIN, sizeof(message), NV_OK);
	err = nvvgpu_emu_queue_send(board, (const u8 *)&message, sizeof(message));
	if (!err)
		nvvgpu_emu_gsp_interrupt(board);
	return err;
}

/* --------------------------------------------------------------- functions */

static u32 do_free(struct nvvgpu_emu_board *board, u8 *payload, u32 len)
{
	return nvvgpu_emu_rm_free(board, payload, len);
}

static u32 do_static_info(struct nvvgpu_emu_board *board, u8 *payload, u32 len)
{
	nvvgpu_emu_info_static(board, payload);
	return NV_OK;
}

static u32 do_bar_pde(struct nvvgpu_emu_board *board, u8 *payload, u32 len)
{
	const struct gsp_update_bar_pde *update = (const struct gsp_update_bar_pde *)payload;
	u32 bar = le32_to_cpu(update->bar);

	if (bar > 1 || le64_to_cpu(update->level_shift) != 47)
		return NV_ERR_INVALID_ARGUMENT;
	return NV_OK;
}

/* The firmware's view of the machine; the functions it learns here are what bootload is checked by. */
static u32 do_system_info(struct nvvgpu_emu_board *board, u8 *payload, u32 len)
{
	const struct gsp_system_info *info = (const struct gsp_system_info *)payload;
	struct nvvgpu_emu_gsp *gsp = &board->gsp;
	u64 dbdf = le64_to_cpu(info->domain_bus_device_function);
	u32 vfs = le32_to_cpu(info->vf.total);

	if (gsp->system_info)
		return NV_ERR_INVALID_STATE;
	if (le32_to_cpu(info->config_mirror_base) != GSP_CONFIG_MIRROR ||
	    le32_to_cpu(info->config_mirror_size) != GSP_CONFIG_MIRROR_BYTES)
		return NV_ERR_INVALID_ARGUMENT;
	if (vfs != board->data->vfs_total ||
	    le32_to_cpu(info->vf.first_offset) != board->data->vf_offset)
		return NV_ERR_INVALID_ARGUMENT;
	gsp->dbdf = lower_32_bits(dbdf);
	gsp->system_info = true;
	return NV_OK;
}

/* Names and strings must lie in the table and end there; which keys there are is the driver's affair. */
static u32 do_registry(struct nvvgpu_emu_board *board, u8 *payload, u32 len)
{
	const struct gsp_registry *table = (const struct gsp_registry *)payload;
	u32 count = le32_to_cpu(table->count);
	u32 i, name, data, size;

	if (count > (len - sizeof(*table)) / sizeof(table->entries[0]))
		return NV_ERR_INVALID_ARGUMENT;
	for (i = 0; i < count; i++) {
		name = le32_to_cpu(table->entries[i].name_offset);
		data = le32_to_cpu(table->entries[i].data);
		size = le32_to_cpu(table->entries[i].length);
		if (name >= len || !memchr(payload + name, 0, len - name))
			return NV_ERR_INVALID_ARGUMENT;
		if (table->entries[i].type == GSP_REGISTRY_DWORD ? size != sizeof(u32) :
		    data > len || size > len - data)
			return NV_ERR_INVALID_ARGUMENT;
	}
	return NV_OK;
}

/* Everything of the driver goes; the mailbox tells it when that is done (gsp.md 1.2). */
static u32 do_unload(struct nvvgpu_emu_board *board, u8 *payload, u32 len)
{
	memset(board->vgpus, 0, sizeof(board->vgpus));
	board->type_count = 0;
	board->mixed_size = false;
	nvvgpu_emu_rm_reset(board);
	return NV_OK;
}

static const struct function {
	u32 number;
	u32 min_bytes;		/* of the payload */
	bool exact;
	bool reply;
	u32 (*run)(struct nvvgpu_emu_board *board, u8 *payload, u32 len);
} functions[] = {
	{ GSP_FN_FREE, sizeof(struct gsp_rm_free), true, true, do_free },
	{ GSP_FN_UNLOADING_GUEST_DRIVER, sizeof(struct gsp_unload), true, true, do_unload },
	{ GSP_FN_GET_GSP_STATIC_INFO, sizeof(struct gsp_static_info), true, true, do_static_info },
	{ GSP_FN_UPDATE_BAR_PDE, sizeof(struct gsp_update_bar_pde), true, true, do_bar_pde },
	{ GSP_FN_SET_SYSTEM_INFO, sizeof(struct gsp_system_info), true, false, do_system_info },
	{ GSP_FN_SET_REGISTRY, sizeof(struct gsp_registry), false, false, do_registry },
	{ GSP_FN_RM_CONTROL, sizeof(struct gsp_rm_control), false, true, nvvgpu_emu_control },
	{ GSP_FN_RM_ALLOC, sizeof(struct gsp_rm_alloc), false, true, nvvgpu_emu_rm_alloc },
};

static const struct function *find_function(u32 number)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(functions); i++)
		if (functions[i].number == number)
			return &functions[i];
	return NULL;
}

/* ----------------------------------------------------------------- answers */

static void send_header(struct nvvgpu_emu_board *board, u32 function, u32 result)
{
	struct gsp_rpc rpc = { 0 };

	fill_header(&rpc, function, sizeof(rpc), result);
	if (nvvgpu_emu_queue_send(board, (const u8 *)&rpc, sizeof(rpc)))
		nvvgpu_emu_refused(board);
}

static void refuse(struct nvvgpu_emu_board *board, u32 function, u32 result)
{
	nvvgpu_emu_refused(board);
	send_header(board, function, result);
}

/*
 * The answer is the request with its results in place.  Only an upload is
 * longer than one element; nothing comes back in it, so its answer is cut to
 * one: the whole would not fit into the queue.
 */
static void answer(struct nvvgpu_emu_board *board, u32 function, u32 result)
{
	u32 len = min_t(u32, board->gsp.message_whole, GSP_RPC_MAX_BYTES);

	fill_header((struct gsp_rpc *)board->gsp.message, function, len, result);
	if (nvvgpu_emu_queue_send(board, board->gsp.message, len))
		nvvgpu_emu_refused(board);
}

/* An injected failure in the shape of a real one: inside the RM calls, else as the RPC's result. */
static u32 fail_on_purpose(struct nvvgpu_emu_board *board, u32 function, u32 status)
{
	u8 *payload = board->gsp.message + sizeof(struct gsp_rpc);

	if (function == GSP_FN_RM_CONTROL)
		((struct gsp_rm_control *)payload)->status = cpu_to_le32(status);
	else if (function == GSP_FN_RM_ALLOC)
		((struct gsp_rm_alloc *)payload)->status = cpu_to_le32(status);
	else
		return status;
	return NV_OK;
}

static void run_call(struct nvvgpu_emu_board *board, const struct function *f)
{
	struct nvvgpu_emu_gsp *gsp = &board->gsp;
	u8 *payload = gsp->message + sizeof(struct gsp_rpc);
	u32 len = gsp->message_whole - sizeof(struct gsp_rpc);
	u32 result, status;

	if (f->reply && nvvgpu_emu_fault_due(board, NVVGPU_EMU_FAULT_RPC, &status)) {
		if (status)
			answer(board, f->number, fail_on_purpose(board, f->number, status));
		return;
	}
	result = f->run(board, payload, len);
	if (result != NV_OK)
		nvvgpu_emu_refused(board);
	if (f->reply)
		answer(board, f->number, result);
	if (f->number == GSP_FN_UNLOADING_GUEST_DRIVER) {
		gsp->running = false;
		gsp->system_info = false;
		board->regs.gsp_mailbox[0] = GSP_MAILBOX_UNLOADED;
	}
}

static void dispatch(struct nvvgpu_emu_board *board)
{
	const struct gsp_rpc *rpc = (const struct gsp_rpc *)board->gsp.message;
	u32 len = board->gsp.message_whole - sizeof(*rpc);
	u32 number = le32_to_cpu(rpc->function);
	const struct function *f = find_function(number);

	board->totals.rpcs++;
	if (!f)
		refuse(board, number, NV_RPC_UNKNOWN_FUNCTION);
	else if (len < f->min_bytes || (f->exact && len != f->min_bytes))
		refuse(board, number, NV_RPC_INVALID_FORMAT);
	else if (f->reply && nvvgpu_emu_queue_room(board) <
		 nvvgpu_emu_queue_slots(min_t(u32, board->gsp.message_whole, GSP_RPC_MAX_BYTES)))
		refuse(board, number, NV_ERR_INSUFFICIENT_RESOURCES);
	else
		run_call(board, f);
}

/* ---------------------------------------------------- putting calls together */

/* How long the call is that begins with this element; 0: its own numbers are wrong. */
static u32 whole_length(const u8 *message, u32 len)
{
	const struct gsp_rpc *rpc = (const struct gsp_rpc *)message;
	const u8 *payload = message + sizeof(*rpc);
	u32 function = le32_to_cpu(rpc->function);
	u32 fixed, variable;

	if (function == GSP_FN_RM_CONTROL) {
		fixed = sizeof(*rpc) + sizeof(struct gsp_rm_control);
		variable = le32_to_cpu(((const struct gsp_rm_control *)payload)->params_size);
	} else if (function == GSP_FN_RM_ALLOC) {
		fixed = sizeof(*rpc) + sizeof(struct gsp_rm_alloc);
		variable = le32_to_cpu(((const struct gsp_rm_alloc *)payload)->params_size);
	} else if (function == GSP_FN_SET_REGISTRY) {
		fixed = sizeof(*rpc);
		variable = le32_to_cpu(((const struct gsp_registry *)payload)->size);
	} else {
		return len;
	}
	if (len < fixed || variable > NVVGPU_EMU_MESSAGE_BYTES - fixed || fixed + variable < len)
		return 0;
	/* what is left over must come in continuation records, behind full elements */
	if (fixed + variable > len && len != GSP_RPC_MAX_BYTES)
		return 0;
	return fixed + variable;
}

static void begin_call(struct nvvgpu_emu_board *board, const struct nvvgpu_emu_element *element)
{
	struct nvvgpu_emu_gsp *gsp = &board->gsp;

	memcpy(gsp->message, element->rpc, element->rpc_len);
	memset(gsp->message + element->rpc_len, 0, GSP_ELEMENT_MAX_SLOTS);
	gsp->message_whole = whole_length(gsp->message, element->rpc_len);
	gsp->message_len = element->rpc_len;
	if (!gsp->message_whole) {
		gsp->message_len = 0;
		gsp->message_whole = element->rpc_len;
		refuse(board, le32_to_cpu(((struct gsp_rpc *)gsp->message)->function),
		       NV_RPC_INVALID_FORMAT);
	}
}

/* A continuation that nothing precedes has no call it could answer. */
static void continue_call(struct nvvgpu_emu_board *board, const struct nvvgpu_emu_element *element)
{
	struct nvvgpu_emu_gsp *gsp = &board->gsp;
	u32 len = element->rpc_len - sizeof(struct gsp_rpc);
	u32 function = le32_to_cpu(((struct gsp_rpc *)gsp->message)->function);

	if (!gsp->message_len) {
		nvvgpu_emu_refused(board);
	} else if (!len || len > gsp->message_whole - gsp->message_len ||
		   (len < gsp->message_whole - gsp->message_len &&
		    element->rpc_len != GSP_RPC_MAX_BYTES)) {
		gsp->message_len = 0;
		refuse(board, function, NV_RPC_INVALID_FORMAT);
	} else {
		memcpy(gsp->message + gsp->message_len, element->rpc + sizeof(struct gsp_rpc), len);
		gsp->message_len += len;
	}
}

static void take_element(struct nvvgpu_emu_board *board, const struct nvvgpu_emu_element *element)
{
	struct nvvgpu_emu_gsp *gsp = &board->gsp;
	u32 function = le32_to_cpu(((const struct gsp_rpc *)element->rpc)->function);

	if (function == GSP_FN_CONTINUATION_RECORD) {
		continue_call(board, element);
	} else {
		if (gsp->message_len)
			nvvgpu_emu_refused(board);	/* the call before was never finished */
		begin_call(board, element);
	}
	if (gsp->message_len && gsp->message_len == gsp->message_whole) {
		gsp->message_len = 0;
		dispatch(board);
	}
}

void nvvgpu_emu_gsp_doorbell(struct nvvgpu_emu_board *board)
{
	struct nvvgpu_emu_element element;
	int got;

	/* without room for an answer a call stays where it is, until there is some */
	while (board->gsp.running && nvvgpu_emu_queue_room(board)) {
		got = nvvgpu_emu_queue_receive(board, &element);
		if (!got)
			return;
		if (got > 0)
			take_element(board, &element);
		else
			refuse(board, le32_to_cpu(((const struct gsp_rpc *)element.rpc)->function),
			       NV_RPC_INVALID_FORMAT);
	}
}

/* -------------------------------------------------------------------- boot */

/* The loader's argument block; a cheap proof that the driver laid memory out for this board. */
static int check_wpr_meta(struct nvvgpu_emu_board *board, u64 address)
{
	struct gsp_wpr_meta meta;
	u64 end;
	int err;

	err = board->ops->dma_read(board->priv, address, &meta, sizeof(meta));
	if (err)
		return err;
	end = le64_to_cpu(meta.wpr_end);
	if (le64_to_cpu(meta.magic) != GSP_WPR_META_MAGIC ||
	    le64_to_cpu(meta.revision) != GSP_WPR_META_REVISION ||
	    le64_to_cpu(meta.fb_size) != board->fb_bytes || !IS_ALIGNED(end, 128 << 10) ||
	    end > board->fb_bytes || le64_to_cpu(meta.reserved_start) < board->heap_end)
		return -EBADMSG;
	return 0;
}

static u64 mailbox_address(const u32 *mailbox)
{
	return (u64)mailbox[1] << 32 | mailbox[0];
}

static void come_up(struct nvvgpu_emu_board *board)
{
	struct nvvgpu_emu_gsp *gsp = &board->gsp;

	gsp->message_len = 0;
	gsp->system_info = false;
	gsp->running = true;
	nvvgpu_emu_gsp_doorbell(board);	/* what the driver placed before there was a reader */
	send_header(board, GSP_EVENT_INIT_DONE, gsp->system_info ? NV_OK : NV_ERR_INVALID_STATE);
}

/*
 * SEC2 runs the loader: with all-ones bytes in the mailboxes it takes the
 * firmware down, otherwise they hold the address of its argument block.
 */
void nvvgpu_emu_gsp_start(struct nvvgpu_emu_board *board)
{
	struct nvvgpu_emu_regs *regs = &board->regs;
	int err;

	if (regs->sec2_mailbox[0] == GSP_BOOTER_UNLOAD && regs->sec2_mailbox[1] == GSP_BOOTER_UNLOAD) {
		board->gsp.running = false;
		regs->wpr2 = false;
		regs->sec2_mailbox[0] = 0;
		return;
	}
	err = board->gsp.running || !regs->riscv ? -EBUSY :
	      check_wpr_meta(board, mailbox_address(regs->sec2_mailbox));
	if (!err)
		err = nvvgpu_emu_queue_link(board, mailbox_address(regs->gsp_mailbox));
	regs->sec2_mailbox[0] = err ? GSP_BOOTER_FAILED : 0;
	if (err) {
		nvvgpu_emu_refused(board);
		return;
	}
	regs->wpr2 = true;
	come_up(board);
}
