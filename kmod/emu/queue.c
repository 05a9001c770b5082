// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The firmware's end of the message queues (msgq_priv.h and
 * message_queue_cpu.c of open-gpu-kernel-modules): shared system memory behind a
 * page table, 4 KiB slots, elements of 1 to 16 slots with checksum and sequence
 * number.  Each side keeps its read pointer in its own queue's header.
 */
#include "board.h"

#define SLOT			GSP_QUEUE_SLOT
#define WRITE_POINTER		offsetof(struct gsp_queue_header, write_ptr)
#define MIN_SLOTS		(GSP_QUEUE_MAX_ELEM_SLOTS + 1)	/* the longest element fits */

/* ----------------------------------------------------------- shared memory */

static int shared_copy(struct nvvgpu_emu_board *board, u64 offset, void *buf, size_t len,
		       bool write)
{
	struct nvvgpu_emu_queue *q = &board->gsp.queue;
	u8 *p = buf;
	size_t part;
	u64 bus;
	int err;

	for (; len; len -= part, offset += part, p += part) {
		part = min_t(u64, len, SLOT - offset % SLOT);
		if (offset / SLOT >= q->page_count)
			return -EFAULT;
		bus = q->pages[offset / SLOT] + offset % SLOT;
		err = write ? board->ops->dma_write(board->priv, bus, p, part) :
			      board->ops->dma_read(board->priv, bus, p, part);
		if (err)
			return err;
	}
	return 0;
}

static int read_pointer(struct nvvgpu_emu_board *board, u64 offset, u32 limit, u32 *val)
{
	__le32 raw;
	int err = shared_copy(board, offset, &raw, sizeof(raw), false);

	if (err)
		return err;
	*val = le32_to_cpu(raw);
	return *val < limit ? 0 : -EBADMSG;
}

static int write_pointer(struct nvvgpu_emu_board *board, u64 offset, u32 val)
{
	__le32 raw = cpu_to_le32(val);

	return shared_copy(board, offset, &raw, sizeof(raw), true);
}

/* ----------------------------------------------------------------- linking */

/* In the argument array at the address in the mailboxes: the one called RMARGS. */
static int find_arguments(struct nvvgpu_emu_board *board, u64 address, u64 *ret)
{
	struct gsp_libos_arg args[GSP_LIBOS_ARGS];
	int err;
	u32 i;

	err = board->ops->dma_read(board->priv, address, args, sizeof(args));
	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(args); i++) {
		if (le64_to_cpu(args[i].id8) != GSP_LIBOS_ID_RMARGS)
			continue;
		if (args[i].kind != GSP_LIBOS_KIND_CONTIGUOUS ||
		    args[i].loc != GSP_LIBOS_LOC_SYSMEM ||
		    le64_to_cpu(args[i].size) < sizeof(struct gsp_arguments_cached))
			return -EBADMSG;
		*ret = le64_to_cpu(args[i].pa);
		return 0;
	}
	return -EBADMSG;
}

static int read_page_table(struct nvvgpu_emu_board *board, u64 shared, u32 count)
{
	struct nvvgpu_emu_queue *q = &board->gsp.queue;
	u32 i;
	int err;

	if (!count || count > ARRAY_SIZE(q->pages) || !IS_ALIGNED(shared, SLOT))
		return -EBADMSG;
	err = board->ops->dma_read(board->priv, shared, q->pages, count * sizeof(q->pages[0]));
	if (err)
		return err;
	for (i = 0; i < count; i++) {
		q->pages[i] = get_unaligned_le64(&q->pages[i]);
		if (!q->pages[i] || !IS_ALIGNED(q->pages[i], SLOT))
			return -EBADMSG;
	}
	q->page_count = count;
	return q->pages[0] == shared ? 0 : -EBADMSG;
}

static int link_command_queue(struct nvvgpu_emu_board *board)
{
	struct nvvgpu_emu_queue *q = &board->gsp.queue;
	struct gsp_queue_header header;
	u64 size, room;
	int err;

	err = shared_copy(board, q->cmd, &header, sizeof(header), false);
	if (err)
		return err;
	size = le32_to_cpu(header.size);
	q->cmd_count = le32_to_cpu(header.msg_count);
	room = (q->stat > q->cmd ? q->stat : (u64)q->page_count * SLOT) - q->cmd;
	if (header.version || le32_to_cpu(header.msg_size) != SLOT ||
	    le32_to_cpu(header.entry_off) != SLOT ||
	    le32_to_cpu(header.flags) != GSP_QUEUE_FLAGS_SWAP_RX ||
	    le32_to_cpu(header.rx_hdr_off) != GSP_QUEUE_RX_OFFSET ||
	    q->cmd_count < MIN_SLOTS || size != ((u64)q->cmd_count + 1) * SLOT || size > room)
		return -EBADMSG;
	return 0;
}

/* The status queue is the firmware's: it fills the header that the host then finds. */
static int make_status_queue(struct nvvgpu_emu_board *board)
{
	struct nvvgpu_emu_queue *q = &board->gsp.queue;
	u64 end = q->cmd > q->stat ? q->cmd : (u64)q->page_count * SLOT;
	struct gsp_queue_header header = { 0 };

	if (end - q->stat < (MIN_SLOTS + 1) * SLOT)
		return -EBADMSG;
	q->stat_count = (end - q->stat) / SLOT - 1;
	header.size = cpu_to_le32(end - q->stat);
	header.msg_size = cpu_to_le32(SLOT);
	header.msg_count = cpu_to_le32(q->stat_count);
	header.flags = cpu_to_le32(GSP_QUEUE_FLAGS_SWAP_RX);
	header.rx_hdr_off = cpu_to_le32(GSP_QUEUE_RX_OFFSET);
	header.entry_off = cpu_to_le32(SLOT);
	return shared_copy(board, q->stat, &header, sizeof(header), true);
}

int nvvgpu_emu_queue_link(struct nvvgpu_emu_board *board, u64 args)
{
	struct nvvgpu_emu_queue *q = &board->gsp.queue;
	struct gsp_arguments_cached arguments;
	u64 address, end;
	int err;

	err = find_arguments(board, args, &address);
	if (!err)
		err = board->ops->dma_read(board->priv, address, &arguments, sizeof(arguments));
	if (!err)
		err = read_page_table(board, le64_to_cpu(arguments.shared_mem_phys_addr),
				      le32_to_cpu(arguments.page_table_entry_count));
	if (err)
		return err;
	q->cmd = le64_to_cpu(arguments.cmd_queue_offset);
	q->stat = le64_to_cpu(arguments.stat_queue_offset);
	q->cmd_read = q->stat_write = q->cmd_seq = q->stat_seq = 0;
	end = (u64)q->page_count * SLOT;
	if (!IS_ALIGNED(q->cmd, SLOT) || !IS_ALIGNED(q->stat, SLOT) || q->cmd < SLOT ||
	    q->stat < SLOT || q->cmd >= end || q->stat >= end || q->cmd == q->stat)
		return -EBADMSG;
	err = link_command_queue(board);
	return err ? err : make_status_queue(board);
}

/* --------------------------------------------------------------- receiving */

static u32 checksum(const u8 *element, u32 slots)
{
	const u64 *word = (const u64 *)element;
	u64 sum = 0;
	size_t i;

	for (i = 0; i < (size_t)slots * SLOT / sizeof(*word); i++)
		sum ^= word[i];
	return upper_32_bits(sum) ^ lower_32_bits(sum);
}

static u64 slot_offset(u64 queue, u32 slot)
{
	return queue + (u64)(slot + 1) * SLOT;
}

static int take_slots(struct nvvgpu_emu_board *board, u32 first, u32 count)
{
	struct nvvgpu_emu_queue *q = &board->gsp.queue;
	int err = 0;
	u32 i;

	for (i = first; i < count && !err; i++)
		err = shared_copy(board, slot_offset(q->cmd, (q->cmd_read + i) % q->cmd_count),
				  q->element + (size_t)i * SLOT, SLOT, false);
	return err;
}

static int check_element(struct nvvgpu_emu_queue *q, u32 slots)
{
	const struct gsp_queue_element *element = (const struct gsp_queue_element *)q->element;
	const struct gsp_rpc_header *rpc = (const struct gsp_rpc_header *)(element + 1);
	bool in_order = le32_to_cpu(element->seq) == q->cmd_seq;
	u32 length = le32_to_cpu(rpc->length);

	if (in_order)
		q->cmd_seq++;
	if (checksum(q->element, slots) || !in_order ||
	    le32_to_cpu(rpc->header_version) != GSP_RPC_VERSION ||
	    le32_to_cpu(rpc->signature) != GSP_RPC_SIGNATURE ||
	    length < sizeof(*rpc) || length > slots * SLOT - sizeof(*element))
		return -EBADMSG;
	return 0;
}

int nvvgpu_emu_queue_receive(struct nvvgpu_emu_board *board, struct nvvgpu_emu_element *element)
{
	struct nvvgpu_emu_queue *q = &board->gsp.queue;
	const struct gsp_queue_element *header = (const struct gsp_queue_element *)q->element;
	u32 write, available, slots;
	int err;

	if (read_pointer(board, q->cmd + WRITE_POINTER, q->cmd_count, &write)) {
		nvvgpu_emu_refused(board);
		return 0;
	}
	available = (write + q->cmd_count - q->cmd_read) % q->cmd_count;
	if (!available)
		return 0;

	err = take_slots(board, 0, 1);
	slots = le32_to_cpu(header->elem_count);
	if (!err && (!slots || slots > GSP_QUEUE_MAX_ELEM_SLOTS || slots > available))
		err = -EBADMSG;
	if (!err)
		err = take_slots(board, 1, slots);
	if (err)
		slots = available;	/* where the next element starts is not known */
	else
		err = check_element(q, slots);
	q->cmd_read = (q->cmd_read + slots) % q->cmd_count;
	if (write_pointer(board, q->stat + GSP_QUEUE_RX_OFFSET, q->cmd_read))
		err = -EBADMSG;
	element->rpc = q->element + sizeof(*header);
	element->rpc_len = err ? sizeof(struct gsp_rpc_header) :
				 le32_to_cpu(((const struct gsp_rpc_header *)element->rpc)->length);
	return err ? -EBADMSG : 1;
}

/* ----------------------------------------------------------------- sending */

u32 nvvgpu_emu_queue_slots(u32 message_len)
{
	return DIV_ROUND_UP(sizeof(struct gsp_queue_element) + message_len, SLOT);
}

u32 nvvgpu_emu_queue_room(struct nvvgpu_emu_board *board)
{
	struct nvvgpu_emu_queue *q = &board->gsp.queue;
	u32 read;

	if (read_pointer(board, q->cmd + GSP_QUEUE_RX_OFFSET, q->stat_count, &read)) {
		nvvgpu_emu_refused(board);
		return 0;
	}
	return (read + q->stat_count - q->stat_write - 1) % q->stat_count;
}

int nvvgpu_emu_queue_send(struct nvvgpu_emu_board *board, const u8 *message, u32 len)
{
	struct nvvgpu_emu_queue *q = &board->gsp.queue;
	struct gsp_queue_element *element = (struct gsp_queue_element *)q->element;
	u32 slots = nvvgpu_emu_queue_slots(len);
	int err = 0;
	u32 i;

	if (nvvgpu_emu_queue_room(board) < slots)
		return -ENOSPC;
	memset(q->element, 0, (size_t)slots * SLOT);
	element->seq = cpu_to_le32(q->stat_seq);
	element->elem_count = cpu_to_le32(slots);
	memcpy(element + 1, message, len);
	element->checksum = cpu_to_le32(checksum(q->element, slots));

	for (i = 0; i < slots && !err; i++)
		err = shared_copy(board, slot_offset(q->stat, (q->stat_write + i) % q->stat_count),
				  q->element + (size_t)i * SLOT, SLOT, true);
	if (err)
		return err;
	q->stat_seq++;
	q->stat_write = (q->stat_write + slots) % q->stat_count;
	return write_pointer(board, q->stat + WRITE_POINTER, q->stat_write);
}
