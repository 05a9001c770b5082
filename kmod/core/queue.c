// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The message queues in system memory.  "Swap RX" is set: each side writes its
 * read pointer into the header page of its own queue, so the host's is in the
 * command queue's header and the firmware's in the status queue's.
 */
#include "internal.h"

#define SEND_TIMEOUT_MS 4000
#define SILENT_TIMEOUT_MS 20

static struct gsp_queue_header *cmd_header(struct nvvgpu_core *core)
{
	return core->queues.shared.vaddr + GSP_QUEUE_CMD_OFFSET;
}

static struct gsp_queue_header *stat_header(struct nvvgpu_core *core)
{
	return core->queues.shared.vaddr + GSP_QUEUE_STAT_OFFSET;
}

static u8 *slot_address(struct nvvgpu_core *core, u32 queue_offset, u32 slot)
{
	return (u8 *)core->queues.shared.vaddr + queue_offset + GSP_QUEUE_SLOT +
	       slot * GSP_QUEUE_SLOT;
}

int core_queues_init(struct nvvgpu_core *core)
{
	struct core_queues *queues = &core->queues;
	struct gsp_queue_header *header;
	__le64 *pages;
	u32 i;
	int err;

	queues->element = kvzalloc(GSP_QUEUE_MAX_ELEM_SLOTS * GSP_QUEUE_SLOT, GFP_KERNEL);
	if (!queues->element)
		return -ENOMEM;
	err = core->hw->ops->dma_alloc(core->hw, GSP_QUEUE_SHARED_SIZE, &queues->shared);
	if (err) {
		kvfree(queues->element);
		queues->element = NULL;
		return err;
	}
	pages = queues->shared.vaddr;
	for (i = 0; i < GSP_QUEUE_PAGES; i++)
		pages[i] = cpu_to_le64(queues->shared.bus + i * CORE_PAGE);
	header = cmd_header(core);
	header->size = cpu_to_le32(GSP_QUEUE_SIZE);
	header->msg_size = cpu_to_le32(GSP_QUEUE_SLOT);
	header->msg_count = cpu_to_le32(GSP_QUEUE_SLOTS);
	header->flags = cpu_to_le32(GSP_QUEUE_FLAGS_SWAP_RX);
	header->rx_hdr_off = cpu_to_le32(GSP_QUEUE_RX_OFFSET);
	header->entry_off = cpu_to_le32(GSP_QUEUE_SLOT);
	return 0;
}

void core_queues_fini(struct nvvgpu_core *core)
{
	if (!core->queues.element)
		return;
	core->hw->ops->dma_free(core->hw, &core->queues.shared);
	kvfree(core->queues.element);
	core->queues.element = NULL;
}

/* Exclusive or of all 64-bit words, folded; 0 over an element with its checksum filled in. */
static u32 checksum(const u8 *element, size_t len)
{
	const u64 *words = (const u64 *)element;
	u64 sum = 0;
	size_t i;

	for (i = 0; i < len / sizeof(*words); i++)
		sum ^= words[i];
	return upper_32_bits(sum) ^ lower_32_bits(sum);
}

/* ---------------------------------------------------------------------- send */

static int wait_for_room(struct nvvgpu_core *core, u32 slots)
{
	struct core_wait wait;
	u32 read, room;
	int err = 0;

	core_wait_start(&wait, core->silent ? SILENT_TIMEOUT_MS : SEND_TIMEOUT_MS);
	for (;;) {
		read = le32_to_cpu(READ_ONCE(stat_header(core)->read_ptr));
		if (read >= GSP_QUEUE_SLOTS)
			return -EBADMSG;
		/* one slot always stays free: read == write means empty */
		room = (read + GSP_QUEUE_SLOTS - core->queues.cmd_write - 1) % GSP_QUEUE_SLOTS;
		if (room >= slots)
			return 0;
		err = core_wait_again(&wait);
		if (err)
			return err;
	}
}

static int send_element(struct nvvgpu_core *core, u32 function, const u8 *payload, size_t len)
{
	struct core_queues *queues = &core->queues;
	struct gsp_queue_element *element = (void *)queues->element;
	struct gsp_rpc_header *rpc = (void *)(element + 1);
	size_t used = sizeof(*element) + sizeof(*rpc) + len;
	u32 slots = DIV_ROUND_UP(used, GSP_QUEUE_SLOT), i;
	int err;

	err = wait_for_room(core, slots);
	if (err)
		return err;
	memset(queues->element, 0, slots * GSP_QUEUE_SLOT);
	element->seq = cpu_to_le32(queues->cmd_seq++);
	element->elem_count = cpu_to_le32(slots);
	rpc->header_version = cpu_to_le32(GSP_RPC_VERSION);
	rpc->signature = cpu_to_le32(GSP_RPC_SIGNATURE);
	rpc->length = cpu_to_le32(sizeof(*rpc) + len);
	rpc->function = cpu_to_le32(function);
	rpc->rpc_result = cpu_to_le32(NV_RPC_PENDING);
	rpc->rpc_result_private = cpu_to_le32(NV_RPC_PENDING);
	rpc->sequence = cpu_to_le32(queues->call);
	if (len)
		memcpy(rpc + 1, payload, len);
	element->checksum = cpu_to_le32(checksum(queues->element, slots * GSP_QUEUE_SLOT));
	for (i = 0; i < slots; i++) {
		memcpy(slot_address(core, GSP_QUEUE_CMD_OFFSET, queues->cmd_write),
		       queues->element + i * GSP_QUEUE_SLOT, GSP_QUEUE_SLOT);
		queues->cmd_write = (queues->cmd_write + 1) % GSP_QUEUE_SLOTS;
	}
	wmb();	/* the element before the pointer that publishes it */
	WRITE_ONCE(cmd_header(core)->write_ptr, cpu_to_le32(queues->cmd_write));
	mb();	/* the pointer before the doorbell */
	core_wr32(core, NV_PGSP_QUEUE_HEAD0, 0);
	return 0;
}

int core_queue_send(struct nvvgpu_core *core, u32 function, const void *payload, size_t len)
{
	const u8 *p = payload;
	size_t part = min_t(size_t, len, GSP_RPC_MAX_PAYLOAD);
	int err;

	if (!++core->queues.call)
		core->queues.call = 1;
	err = send_element(core, function, p, part);
	while (!err && (len -= part)) {
		p += part;
		part = min_t(size_t, len, GSP_RPC_MAX_PAYLOAD);
		err = send_element(core, GSP_FN_CONTINUATION_RECORD, p, part);
	}
	return err;
}

/* ------------------------------------------------------------------- receive */

/* Copies the element out before anything in it is believed. */
static int fetch_element(struct nvvgpu_core *core, u32 *ret_slots)
{
	struct core_queues *queues = &core->queues;
	struct gsp_queue_element *element = (void *)queues->element;
	u32 write = le32_to_cpu(READ_ONCE(stat_header(core)->write_ptr));
	u32 read = queues->stat_read, filled, slots, i;

	if (write >= GSP_QUEUE_SLOTS)
		return -EBADMSG;
	filled = (write + GSP_QUEUE_SLOTS - read) % GSP_QUEUE_SLOTS;
	if (!filled)
		return -EAGAIN;
	rmb();	/* the pointer before what it publishes */
	memcpy(queues->element, slot_address(core, GSP_QUEUE_STAT_OFFSET, read), GSP_QUEUE_SLOT);
	slots = le32_to_cpu(element->elem_count);
	if (!slots || slots > GSP_QUEUE_MAX_ELEM_SLOTS || slots > filled)
		return -EBADMSG;
	for (i = 1; i < slots; i++)
		memcpy(queues->element + i * GSP_QUEUE_SLOT,
		       slot_address(core, GSP_QUEUE_STAT_OFFSET, (read + i) % GSP_QUEUE_SLOTS),
		       GSP_QUEUE_SLOT);
	*ret_slots = slots;
	return 0;
}

static int check_element(struct nvvgpu_core *core, u32 slots)
{
	struct gsp_queue_element *element = (void *)core->queues.element;
	struct gsp_rpc_header *rpc = (void *)(element + 1);
	u32 length = le32_to_cpu(rpc->length);

	if (checksum(core->queues.element, slots * GSP_QUEUE_SLOT) ||
	    le32_to_cpu(element->seq) != core->queues.stat_seq ||
	    le32_to_cpu(rpc->header_version) != GSP_RPC_VERSION ||
	    le32_to_cpu(rpc->signature) != GSP_RPC_SIGNATURE || length < sizeof(*rpc) ||
	    length > slots * GSP_QUEUE_SLOT - sizeof(*element))
		return -EBADMSG;
	return 0;
}

int core_queue_receive(struct nvvgpu_core *core, struct core_message *msg)
{
	struct core_queues *queues = &core->queues;
	const struct gsp_rpc_header *rpc;
	u32 slots;
	int err;

	err = fetch_element(core, &slots);
	if (!err)
		err = check_element(core, slots);
	if (err)
		return err;
	queues->stat_seq++;
	queues->stat_read = (queues->stat_read + slots) % GSP_QUEUE_SLOTS;
	mb();	/* done with the slots before they are given back */
	WRITE_ONCE(cmd_header(core)->read_ptr, cpu_to_le32(queues->stat_read));
	rpc = (const void *)(queues->element + sizeof(struct gsp_queue_element));
	msg->function = le32_to_cpu(rpc->function);
	msg->result = le32_to_cpu(rpc->rpc_result);
	msg->call = le32_to_cpu(rpc->sequence);
	msg->payload = (const u8 *)(rpc + 1);
	msg->len = le32_to_cpu(rpc->length) - sizeof(*rpc);
	return 0;
}
