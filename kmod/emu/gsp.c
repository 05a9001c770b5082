// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The firmware: how it comes up, the calls of its command queue, the events it
 * sends.  It runs while the driver rings its doorbell.
 */
#include "board.h"

#define BOOTER_UNLOAD	0xff		/* in both mailboxes of SEC2 */
#define BOOTER_FAILED	0x1		/* anything but 0 */
#define HEAP_ALIGN	0x200000ULL
#define MIN_HEAP_BYTES	0x4000000ULL

/* Header and payload of the longest element. */
#define ELEMENT_RPC_BYTES	(sizeof(struct gsp_rpc_header) + GSP_RPC_MAX_PAYLOAD)

/* ------------------------------------------------------------------ events */

void nvvgpu_emu_gsp_interrupt(struct nvvgpu_emu_board *board)
{
	board->regs.irq_status |= NV_FALCON_IRQ_SWGEN0;
	board->ops->interrupt(board->priv);
}

static void fill_header(struct gsp_rpc_header *rpc, u32 function, u32 len, u32 result)
{
	rpc->header_version = cpu_to_le32(GSP_RPC_VERSION);
	rpc->signature = cpu_to_le32(GSP_RPC_SIGNATURE);
	rpc->length = cpu_to_le32(len);
	rpc->function = cpu_to_le32(function);
	rpc->rpc_result = cpu_to_le32(result);
	rpc->rpc_result_private = cpu_to_le32(result);
}

int nvvgpu_emu_gsp_event(struct nvvgpu_emu_board *board, u32 gfid, u32 event)
{
	struct {
		struct gsp_rpc_header rpc;
		struct gsp_event_plugin vgpu;
	} message = {
		.vgpu.gfid = cpu_to_le32(gfid),
		.vgpu.notify_index = cpu_to_le32(event),
	};
	int err;

	fill_header(&message.rpc, GSP_EVENT_VGPU_PLUGIN_TRIGGERED, sizeof(message), NV_OK);
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

/* The firmware's view of the machine; bootload is checked against the functions named here. */
static u32 do_system_info(struct nvvgpu_emu_board *board, u8 *payload, u32 len)
{
	const struct gsp_system_info *info = (const struct gsp_system_info *)payload;
	struct nvvgpu_emu_gsp *gsp = &board->gsp;
	u64 dbdf = le64_to_cpu(info->domain_bus_device_func);
	u32 vfs = le32_to_cpu(info->vf_info.total_vfs);

	if (gsp->system_info)
		return NV_ERR_INVALID_STATE;
	if (le32_to_cpu(info->pci_config_mirror_base) != NV_PCFG_BASE ||
	    le32_to_cpu(info->pci_config_mirror_size) != NV_PCFG_SIZE)
		return NV_ERR_INVALID_ARGUMENT;
	if (vfs != board->data->vfs_total ||
	    le32_to_cpu(info->vf_info.first_vf_offset) != board->data->vf_offset)
		return NV_ERR_INVALID_ARGUMENT;
	gsp->dbdf = lower_32_bits(dbdf);
	gsp->system_info = true;
	return NV_OK;
}

/* Names and strings must lie in the table; which keys there are is the driver's affair. */
static u32 do_registry(struct nvvgpu_emu_board *board, u8 *payload, u32 len)
{
	const struct gsp_registry *table = (const struct gsp_registry *)payload;
	u32 count = le32_to_cpu(table->num_entries);
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

/* Everything that belonged to the driver goes. */
static void forget_driver(struct nvvgpu_emu_board *board)
{
	memset(board->vgpus, 0, sizeof(board->vgpus));
	board->type_count = 0;
	board->mixed_size = false;
	board->gsp.message_len = 0;
	board->gsp.system_info = false;
	nvvgpu_emu_rm_reset(board);
}

static u32 do_unload(struct nvvgpu_emu_board *board, u8 *payload, u32 len)
{
	forget_driver(board);
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
	{ GSP_FN_UNLOADING_GUEST_DRIVER, sizeof(struct gsp_unloading), true, true, do_unload },
	{ GSP_FN_GET_GSP_STATIC_INFO, sizeof(struct gsp_static_info), true, true, do_static_info },
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
	struct gsp_rpc_header rpc = { 0 };

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
 * The answer is the request with its results in place.  Only uploads are longer
 * than one element; nothing comes back in their parameters, and the whole would
 * not fit into the queue: they are answered by as much as one element carries.
 */
static u32 answer_length(struct nvvgpu_emu_board *board)
{
	return min_t(u32, board->gsp.message_whole, ELEMENT_RPC_BYTES);
}

bool nvvgpu_emu_gsp_event_room(struct nvvgpu_emu_board *board)
{
	return nvvgpu_emu_queue_room(board) > nvvgpu_emu_queue_slots(answer_length(board));
}

static void answer(struct nvvgpu_emu_board *board, u32 function, u32 result)
{
	u32 len = answer_length(board);

	fill_header((struct gsp_rpc_header *)board->gsp.message, function, len, result);
	if (nvvgpu_emu_queue_send(board, board->gsp.message, len))
		nvvgpu_emu_refused(board);
}

/* An injected failure in the shape of a real one: inside the RM calls, else as the RPC's result. */
static u32 fail_on_purpose(struct nvvgpu_emu_board *board, u32 function, u32 status)
{
	u8 *payload = board->gsp.message + sizeof(struct gsp_rpc_header);

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
	u8 *payload = gsp->message + sizeof(struct gsp_rpc_header);
	u32 len = gsp->message_whole - sizeof(struct gsp_rpc_header);
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
		board->regs.gsp_mailbox[0] = NV_GSP_UNLOADED;	/* what the driver polls for */
	}
}

static void dispatch(struct nvvgpu_emu_board *board)
{
	const struct gsp_rpc_header *rpc = (const struct gsp_rpc_header *)board->gsp.message;
	u32 len = board->gsp.message_whole - sizeof(*rpc);
	u32 number = le32_to_cpu(rpc->function);
	const struct function *f = find_function(number);

	board->totals.rpcs++;
	if (!f)
		refuse(board, number, NV_RPC_UNKNOWN_FUNCTION);
	else if (len < f->min_bytes || (f->exact && len != f->min_bytes))
		refuse(board, number, NV_RPC_INVALID_MESSAGE_FORMAT);
	else if (f->reply && nvvgpu_emu_queue_room(board) <
		 nvvgpu_emu_queue_slots(answer_length(board)))
		refuse(board, number, NV_ERR_INSUFFICIENT_RESOURCES);
	else
		run_call(board, f);
}

/* ---------------------------------------------------- putting calls together */

/* How long the call is that begins with this element; 0: its own numbers are wrong. */
static u32 whole_length(const u8 *message, u32 len)
{
	const struct gsp_rpc_header *rpc = (const struct gsp_rpc_header *)message;
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
	if (fixed + variable > len && len != ELEMENT_RPC_BYTES)
		return 0;
	return fixed + variable;
}

static void begin_call(struct nvvgpu_emu_board *board, const struct nvvgpu_emu_element *element)
{
	struct nvvgpu_emu_gsp *gsp = &board->gsp;

	memcpy(gsp->message, element->rpc, element->rpc_len);
	/* of a call cut short no stale numbers are read */
	memset(gsp->message + element->rpc_len, 0, sizeof(struct gsp_rm_alloc));
	gsp->message_whole = whole_length(gsp->message, element->rpc_len);
	gsp->message_len = element->rpc_len;
	if (!gsp->message_whole) {
		gsp->message_len = 0;
		gsp->message_whole = element->rpc_len;
		refuse(board, le32_to_cpu(((struct gsp_rpc_header *)gsp->message)->function),
		       NV_RPC_INVALID_MESSAGE_FORMAT);
	}
}

/* A continuation that nothing precedes has no call it could answer. */
static void continue_call(struct nvvgpu_emu_board *board, const struct nvvgpu_emu_element *element)
{
	struct nvvgpu_emu_gsp *gsp = &board->gsp;
	u32 len = element->rpc_len - sizeof(struct gsp_rpc_header);
	u32 function = le32_to_cpu(((struct gsp_rpc_header *)gsp->message)->function);

	if (!gsp->message_len) {
		nvvgpu_emu_refused(board);
	} else if (!len || len > gsp->message_whole - gsp->message_len ||
		   (len < gsp->message_whole - gsp->message_len &&
		    element->rpc_len != ELEMENT_RPC_BYTES)) {
		gsp->message_len = 0;
		refuse(board, function, NV_RPC_INVALID_MESSAGE_FORMAT);
	} else {
		memcpy(gsp->message + gsp->message_len, element->rpc + sizeof(struct gsp_rpc_header), len);
		gsp->message_len += len;
	}
}

static void take_element(struct nvvgpu_emu_board *board, const struct nvvgpu_emu_element *element)
{
	struct nvvgpu_emu_gsp *gsp = &board->gsp;
	u32 function = le32_to_cpu(((const struct gsp_rpc_header *)element->rpc)->function);

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
			refuse(board, le32_to_cpu(((const struct gsp_rpc_header *)element.rpc)->function),
			       NV_RPC_INVALID_MESSAGE_FORMAT);
	}
}

/* -------------------------------------------------------------------- boot */

/*
 * The loader's argument block tells how the driver laid out the top of the
 * framebuffer: what lies above the reserved start is the firmware's.
 */
static int take_wpr_meta(struct nvvgpu_emu_board *board, u64 address)
{
	struct gsp_wpr_meta meta;
	u64 start, end, reserved;
	int err;

	err = board->ops->dma_read(board->priv, address, &meta, sizeof(meta));
	if (err)
		return err;
	reserved = le64_to_cpu(meta.gsp_fw_rsvd_start);
	start = le64_to_cpu(meta.gsp_fw_wpr_start);
	end = le64_to_cpu(meta.gsp_fw_wpr_end);
	if (le64_to_cpu(meta.magic) != GSP_WPR_META_MAGIC ||
	    le64_to_cpu(meta.revision) != GSP_WPR_META_REVISION ||
	    le64_to_cpu(meta.fb_size) != board->fb_bytes || !IS_ALIGNED(end, GSP_WPR_ALIGN) ||
	    end > board->fb_bytes || start >= end || reserved >= start ||
	    reserved < board->data->guest_fb_bytes + MIN_HEAP_BYTES)
		return -EBADMSG;
	board->heap_end = round_down(reserved, HEAP_ALIGN);
	board->bar1_root = board->heap_end;	/* the firmware's first page above it */
	board->regs.wpr2[0] = start;
	board->regs.wpr2[1] = end;
	return 0;
}

static u64 mailbox_address(const u32 *mailbox)
{
	return (u64)mailbox[1] << 32 | mailbox[0];
}

static int load(struct nvvgpu_emu_board *board)
{
	struct nvvgpu_emu_regs *regs = &board->regs;
	int err;

	if (board->gsp.running || !regs->riscv)
		return -EBUSY;
	err = take_wpr_meta(board, mailbox_address(regs->sec2_mailbox));
	if (!err)
		err = nvvgpu_emu_queue_link(board, mailbox_address(regs->gsp_mailbox));
	if (!err)
		err = board->ops->fb_zero(board->priv, board->bar1_root, SZ_4K);
	return err;
}

/*
 * SEC2 runs the loader: with 0xff in both mailboxes it takes the firmware
 * down, otherwise they hold the address of its argument block.
 */
void nvvgpu_emu_gsp_start(struct nvvgpu_emu_board *board)
{
	struct nvvgpu_emu_regs *regs = &board->regs;

	if (regs->sec2_mailbox[0] == BOOTER_UNLOAD && regs->sec2_mailbox[1] == BOOTER_UNLOAD) {
		nvvgpu_emu_gsp_halt(board);
		memset(regs->wpr2, 0, sizeof(regs->wpr2));
		regs->sec2_mailbox[0] = 0;
		return;
	}
	if (load(board)) {
		nvvgpu_emu_refused(board);
		regs->sec2_mailbox[0] = BOOTER_FAILED;
		return;
	}
	regs->sec2_mailbox[0] = 0;
	forget_driver(board);
	nvvgpu_emu_mmu_flush(board);
	board->gsp.running = true;
	nvvgpu_emu_gsp_doorbell(board);	/* what the driver placed before there was a reader */
	send_header(board, GSP_EVENT_INIT_DONE,
		    board->gsp.system_info ? NV_OK : NV_ERR_INVALID_STATE);
}

/* Reset, or taken down: nothing of the driver's is left. */
void nvvgpu_emu_gsp_halt(struct nvvgpu_emu_board *board)
{
	board->gsp.running = false;
	forget_driver(board);
}
