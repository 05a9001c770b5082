/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The inside of the emulated GPU.
 *
 *   boards.c   which boards there are      config.c   configuration space
 *   board.c    life, totals, faults        regs.c     registers of BAR0
 *   mmu.c      BAR1 translation            queue.c    message queues
 *   gsp.c      firmware: boot, functions   rm.c       its objects
 *   control.c  what can be asked of them   info.c     what it tells of the board
 *   types.c    the vGPU types it knows     vgpu.c     life of a vGPU in it
 *   plugin.c   the plugin tasks            state.c    device state they save
 *   vf.c       what a guest sees
 *
 * Everything read from memory the driver can write is copied first and checked
 * on the copy.  Requests found wrong are counted (totals.refused) and answered
 * with the status that says why.
 */
#ifndef NVVGPU_EMU_BOARD_H
#define NVVGPU_EMU_BOARD_H

#include "emu.h"
#include "../core/gsp_fw.h"
#include "../core/gsp_regs.h"

#define NVVGPU_EMU_VGPUS		32	/* MAX_VGPU_PER_PGPU of 535.113.01 */
#define NVVGPU_EMU_TYPES		64
#define NVVGPU_EMU_OBJECTS		512
#define NVVGPU_EMU_SEGMENTS		384
#define NVVGPU_EMU_SCRATCH		64
#define NVVGPU_EMU_BUFFER_BYTES		(1U << 20)
#define NVVGPU_EMU_MESSAGE_BYTES	(512U << 10)	/* the longest call, continuations joined */
#define NVVGPU_EMU_QUEUE_PAGES		512	/* one page of the page table */
#define NVVGPU_EMU_STATE_RECORD		296

/* ------------------------------------------------------------------- parts */

struct nvvgpu_emu_regs {
	u32 window;			/* of the framebuffer through BAR0, >> 16 */
	u64 flush_root;			/* page directory that the next flush names */
	u32 gsp_mailbox[2], sec2_mailbox[2];
	u32 gsp_os;
	u32 irq_status;
	bool riscv;			/* core selected after the reset: RISC-V */
	u64 wpr2[2];			/* protected region, 0: down */
};

/* A page of BAR1 as the page tables had it; size 0: empty. */
struct nvvgpu_emu_translation {
	u64 va, size, address;
	bool read_only;
};

struct nvvgpu_emu_queue {
	u64 pages[NVVGPU_EMU_QUEUE_PAGES];
	u32 page_count;
	u64 cmd, stat;			/* where they start in the shared block */
	u32 cmd_count, stat_count;	/* slots */
	u32 cmd_read, stat_write;
	u32 cmd_seq, stat_seq;
	u8 *element;			/* one element on its way in or out */
};

struct nvvgpu_emu_gsp {
	bool running;
	struct nvvgpu_emu_queue queue;
	u8 *message;			/* RPC header and payload of the call at hand */
	u32 message_len;		/* bytes put together so far, 0: between calls */
	u32 message_whole;		/* bytes it will have */
	bool system_info;		/* function 72 has come */
	u32 dbdf;			/* of the PF, from it */
};

struct nvvgpu_emu_object {
	u32 client, parent, handle, class;	/* class of a client: 0 is free */
	bool used, internal;
};

struct nvvgpu_emu_type {
	u32 id, max_instances;
	u64 fb_bytes, heap_bytes;
};

struct nvvgpu_emu_save {
	bool active, ended, complete;
	u8 record[NVVGPU_EMU_STATE_RECORD];
	u32 record_at, record_len;	/* what of it still has to go out */
	u64 extent_at, extent_left;
	u64 extents, bytes;
};

enum nvvgpu_emu_restore_stage {
	NVVGPU_EMU_RESTORE_NONE,
	NVVGPU_EMU_RESTORE_HEADER,
	NVVGPU_EMU_RESTORE_EXTENT,
	NVVGPU_EMU_RESTORE_DATA,
	NVVGPU_EMU_RESTORE_TOTALS,
	NVVGPU_EMU_RESTORE_WHOLE,
	NVVGPU_EMU_RESTORE_FAILED,
};

struct nvvgpu_emu_restore {
	enum nvvgpu_emu_restore_stage stage;
	u8 record[NVVGPU_EMU_STATE_RECORD];
	u32 have;
	u64 extent_at, extent_left;
	u64 extents, bytes;
	u32 window;
	u32 scratch[NVVGPU_EMU_SCRATCH];
};

enum nvvgpu_emu_vgpu_state {
	NVVGPU_EMU_VGPU_NONE,
	NVVGPU_EMU_VGPU_BOOTED,		/* task up, nothing said yet */
	NVVGPU_EMU_VGPU_NEGOTIATED,
	NVVGPU_EMU_VGPU_RUNNING,	/* configured */
	NVVGPU_EMU_VGPU_STOPPED,	/* by message 4 */
	NVVGPU_EMU_VGPU_CRASHED,
	NVVGPU_EMU_VGPU_SHUT,		/* shut down, its resources wait for the cleanup */
};

struct nvvgpu_emu_segment {
	u64 address, length;
};

/* The copy engine of a virtual function. */
struct nvvgpu_emu_copy {
	u64 bus, offset;	/* in guest memory, in the framebuffer */
	u32 bytes;
	u32 status;
	u32 pending;		/* the command whose data somebody else moves; 0: none */
};

struct nvvgpu_emu_vgpu {
	enum nvvgpu_emu_vgpu_state state;
	u32 type_id, dbdf, vm_pid, swizz_id;
	u32 channel_first, channel_count, plugin_channels;
	u64 fb_bytes;
	u64 heap, heap_bytes;
	u32 segment_count;
	struct nvvgpu_emu_segment segments[NVVGPU_EMU_SEGMENTS];

	u32 sequence;			/* of the last message */
	bool bus_master;
	u32 window;
	u32 scratch[NVVGPU_EMU_SCRATCH];
	struct nvvgpu_emu_copy copy;
	u32 log_at;			/* bytes written into the task's log */
	struct nvvgpu_emu_save save;
	struct nvvgpu_emu_restore restore;
};

struct nvvgpu_emu_board {
	const struct nvvgpu_emu_board_data *data;
	const struct nvvgpu_emu_host_ops *ops;
	void *priv;

	u64 fb_bytes;			/* guest part and host part */
	u64 heap_end;			/* of what the driver may use of the host part */
	u64 bar1_root;			/* the firmware's page that holds the driver's PD3 */
	u8 config[4096];
	struct nvvgpu_emu_regs regs;
	struct nvvgpu_emu_translation tlb[32];
	struct nvvgpu_emu_gsp gsp;
	struct nvvgpu_emu_object objects[NVVGPU_EMU_OBJECTS];
	struct nvvgpu_emu_type types[NVVGPU_EMU_TYPES];
	u32 type_count;
	bool mixed_size;
	struct nvvgpu_emu_vgpu vgpus[NVVGPU_EMU_VGPUS];	/* gfid - 1 */
	u8 *buffer;			/* pieces of framebuffer on their way */

	struct nvvgpu_emu_totals totals;
	enum nvvgpu_emu_fault fault;
	u32 fault_nth, fault_status;
};

/* ----------------------------------------------------------------- board.c */

static inline bool nvvgpu_emu_fb_contains(const struct nvvgpu_emu_board *board, u64 address,
					  u64 len)
{
	return address <= board->fb_bytes && len <= board->fb_bytes - address;
}

int nvvgpu_emu_fb_read(struct nvvgpu_emu_board *board, u64 address, void *buf, size_t len);
int nvvgpu_emu_fb_write(struct nvvgpu_emu_board *board, u64 address, const void *buf, size_t len);
/* This event of that kind is to fail: true, and the status to give (0: no answer). */
bool nvvgpu_emu_fault_due(struct nvvgpu_emu_board *board, enum nvvgpu_emu_fault kind, u32 *status);
void nvvgpu_emu_refused(struct nvvgpu_emu_board *board);
u32 nvvgpu_emu_slots(const struct nvvgpu_emu_board *board);	/* how many vGPUs it can carry */

/* ------------------------------------------------------------------- mmu.c */

void nvvgpu_emu_mmu_flush(struct nvvgpu_emu_board *board);
u32 nvvgpu_emu_mmu_count(struct nvvgpu_emu_board *board);

/* ----------------------------------------------------------------- queue.c */

struct nvvgpu_emu_element {
	const u8 *rpc;		/* RPC header and payload */
	u32 rpc_len;
};

int nvvgpu_emu_queue_link(struct nvvgpu_emu_board *board, u64 args);
/* The next element: 1, 0 when there is none, -EBADMSG for a wrong one (taken off the queue). */
int nvvgpu_emu_queue_receive(struct nvvgpu_emu_board *board, struct nvvgpu_emu_element *element);
u32 nvvgpu_emu_queue_room(struct nvvgpu_emu_board *board);	/* slots free for answers */
u32 nvvgpu_emu_queue_slots(u32 message_len);			/* slots a message needs */
/* -ENOSPC: no room, nothing was sent.  message: RPC header and payload. */
int nvvgpu_emu_queue_send(struct nvvgpu_emu_board *board, const u8 *message, u32 len);

/* ------------------------------------------------------------------- gsp.c */

void nvvgpu_emu_gsp_start(struct nvvgpu_emu_board *board);	/* SEC2 was started */
void nvvgpu_emu_gsp_halt(struct nvvgpu_emu_board *board);
void nvvgpu_emu_gsp_doorbell(struct nvvgpu_emu_board *board);
/* Queues a vGPU event (what a plugin task tells, cla084_notification.h) and interrupts. */
#define NVVGPU_EMU_EVENT_BOOTLOADED	0
#define NVVGPU_EMU_EVENT_UNLOADED	1
#define NVVGPU_EMU_EVENT_CRASHED	2
int nvvgpu_emu_gsp_event(struct nvvgpu_emu_board *board, u32 gfid, u32 event);
/* Whether an event fits beside the answer to the call at hand. */
bool nvvgpu_emu_gsp_event_room(struct nvvgpu_emu_board *board);
void nvvgpu_emu_gsp_interrupt(struct nvvgpu_emu_board *board);

/* -------------------------------------------------------------------- rm.c */

#define NVVGPU_EMU_INTERNAL_CLIENT	0xc2000001
#define NVVGPU_EMU_INTERNAL_DEVICE	0xc2000002
#define NVVGPU_EMU_INTERNAL_SUBDEVICE	0xc2000003

void nvvgpu_emu_rm_reset(struct nvvgpu_emu_board *board);
const struct nvvgpu_emu_object *nvvgpu_emu_rm_find(struct nvvgpu_emu_board *board, u32 client,
						   u32 handle);
u32 nvvgpu_emu_rm_alloc(struct nvvgpu_emu_board *board, u8 *payload, u32 len);
u32 nvvgpu_emu_rm_free(struct nvvgpu_emu_board *board, u8 *payload, u32 len);
void nvvgpu_emu_rm_count(struct nvvgpu_emu_board *board, u32 *clients, u32 *objects);

/* --------------------------------------------------------------- control.c */

u32 nvvgpu_emu_control(struct nvvgpu_emu_board *board, u8 *payload, u32 len);

/* ------------------------------------------------------------------ info.c */

void nvvgpu_emu_info_static(struct nvvgpu_emu_board *board, u8 *payload);
u32 nvvgpu_emu_info_segment_size(struct nvvgpu_emu_board *board, void *params);
u32 nvvgpu_emu_info_engines(struct nvvgpu_emu_board *board, void *params);
u32 nvvgpu_emu_info_features(struct nvvgpu_emu_board *board, void *params);
u32 nvvgpu_emu_info_name(struct nvvgpu_emu_board *board, void *params);

/* ----------------------------------------------------------------- types.c */

const struct nvvgpu_emu_type *nvvgpu_emu_type_find(struct nvvgpu_emu_board *board, u32 id);
u32 nvvgpu_emu_types_add(struct nvvgpu_emu_board *board, void *params);
u32 nvvgpu_emu_types_configure(struct nvvgpu_emu_board *board, void *params);

/* ------------------------------------------------------------------ vgpu.c */

/* NULL: gfid out of range or nothing booted. */
struct nvvgpu_emu_vgpu *nvvgpu_emu_vgpu_find(struct nvvgpu_emu_board *board, u32 gfid);
u32 nvvgpu_emu_vgpu_bootload(struct nvvgpu_emu_board *board, void *params);
u32 nvvgpu_emu_vgpu_shutdown(struct nvvgpu_emu_board *board, void *params);
u32 nvvgpu_emu_vgpu_cleanup(struct nvvgpu_emu_board *board, void *params);
u32 nvvgpu_emu_vgpu_scrub(struct nvvgpu_emu_board *board, void *params);
/* By offset in the vGPU's framebuffer; the caller has checked the range. */
int nvvgpu_emu_vgpu_fb_read(struct nvvgpu_emu_board *board, const struct nvvgpu_emu_vgpu *vgpu,
			    u64 offset, void *buf, size_t len);
int nvvgpu_emu_vgpu_fb_write(struct nvvgpu_emu_board *board, const struct nvvgpu_emu_vgpu *vgpu,
			     u64 offset, const void *buf, size_t len);
int nvvgpu_emu_vgpu_fb_zero(struct nvvgpu_emu_board *board, const struct nvvgpu_emu_vgpu *vgpu);
int nvvgpu_emu_vgpu_fb_next_data(struct nvvgpu_emu_board *board,
				 const struct nvvgpu_emu_vgpu *vgpu, u64 offset, u64 *ret_start,
				 u64 *ret_len);

/* ---------------------------------------------------------------- plugin.c */

int nvvgpu_emu_plugin_start(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu);
void nvvgpu_emu_plugin_doorbell(struct nvvgpu_emu_board *board, u32 val);

/* ----------------------------------------------------------------- state.c */

u64 nvvgpu_emu_state_bytes(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu);
u32 nvvgpu_emu_state_save(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu, u64 target,
			  u32 want, u32 *ret_len, bool *ret_complete);
u32 nvvgpu_emu_state_restore(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu,
			     u64 source, u32 len);
u32 nvvgpu_emu_state_apply(struct nvvgpu_emu_vgpu *vgpu);

#endif
