/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the files of the core driver share.
 *
 * Locks, in the order in which they may be taken: each plugin's own (one message
 * at a time), handler_lock (the event listener runs under it), then resource_lock
 * (framebuffer, channel ids, BAR1, client ids, the BAR0 window) and rpc_lock (the
 * queues: one call at a time), which are never held when a listener is called.
 */
#ifndef NVVGPU_CORE_INTERNAL_H
#define NVVGPU_CORE_INTERNAL_H

#include "core.h"
#include "gsp_fw.h"
#include "gsp_regs.h"

#define CORE_MAX_CLIENTS	256
#define CORE_MAX_EVENTS		64
#define CORE_MAX_GFIDS		256
#define CORE_PAGE		0x1000

/* a range of equal units, allocated by bitmap */
struct core_range {
	u64 base;
	u64 unit;
	u32 count;
	u32 used;
	unsigned long *map;
};

struct core_queues {
	struct nvvgpu_dma shared;	/* page table, command queue, status queue */
	u32 cmd_seq, stat_seq;
	u32 cmd_write, stat_read;
	u32 call;			/* number of the call at hand, never 0 */
	u8 *element;			/* one element of the largest size */
};

/* a reply or an event; payload is valid until the next one is received or sent */
struct core_message {
	u32 function;
	u32 result;
	u32 call;
	const u8 *payload;
	size_t len;
};

struct core_event {
	u32 gfid, index;
};

struct core_bar1 {
	struct core_range space;	/* virtual, in 2 MiB pages */
	u64 pd3;			/* the firmware's page directory */
	struct nvvgpu_fb *tables;	/* PD2, PD1 and every PD0 */
	u32 pd0_count;
};

struct nvvgpu_client {
	u32 handle;
	u32 id;
};

struct nvvgpu_core {
	struct nvvgpu_hw *hw;
	struct nvvgpu_core_info info;
	struct gsp_static_info *static_info;

	struct mutex rpc_lock;
	struct core_queues queues;
	u64 calls;
	u32 last_status;
	struct core_event events[CORE_MAX_EVENTS];	/* received, not told yet */
	u32 event_count;
	DECLARE_BITMAP(crashed, CORE_MAX_GFIDS);	/* tasks that died since boot */

	struct mutex resource_lock;
	struct core_range guest_fb, heap_fb;
	struct core_bar1 bar1;
	DECLARE_BITMAP(channels, NV_CHANNELS_TOTAL);
	DECLARE_BITMAP(client_ids, CORE_MAX_CLIENTS);
	struct nvvgpu_client *client;		/* the core's own */
	u32 plugins;

	struct mutex handler_lock;
	void (*handler)(void *priv, u32 gfid, u32 event);
	void *handler_priv;

	/* where another driver owns the firmware's queues: its own table, and who sends controls */
	const struct nvvgpu_core_ops *ops;
	int (*send_control)(struct nvvgpu_core *core, struct nvvgpu_client *client, u32 cmd,
			    void *params, size_t size);

	/* boot memory that the firmware keeps reading */
	struct nvvgpu_dma wpr_meta, libos_args, rm_args, logs[3];
	bool running;
	bool silent;		/* under rpc_lock: it left a call unanswered, and has said nothing since */
};

static inline u32 core_rd32(struct nvvgpu_core *core, u32 reg)
{
	return core->hw->ops->rd32(core->hw, reg);
}

static inline void core_wr32(struct nvvgpu_core *core, u32 reg, u32 val)
{
	core->hw->ops->wr32(core->hw, reg, val);
}

/* A refusal of the firmware: its status is kept for the ops table's last_status(). */
static inline int core_refused(struct nvvgpu_core *core, u32 status)
{
	WRITE_ONCE(core->last_status, status);
	return -EIO;
}

/* wait.c: sleeps between looks; -ETIMEDOUT */
int core_wait_reg(struct nvvgpu_core *core, u32 reg, u32 mask, u32 value, u32 timeout_ms);
struct core_wait {
	u64 deadline_ns;
	unsigned int pause_us;
};
void core_wait_start(struct core_wait *wait, u32 timeout_ms);
int core_wait_again(struct core_wait *wait);

/* range.c */
int core_range_init(struct core_range *range, u64 base, u64 unit, u32 count);
void core_range_fini(struct core_range *range);
int core_range_alloc(struct core_range *range, u64 bytes, u64 address, u64 *ret_address);
void core_range_free(struct core_range *range, u64 address, u64 bytes);
u64 core_range_free_bytes(const struct core_range *range);

/* queue.c */
int core_queues_init(struct nvvgpu_core *core);
void core_queues_fini(struct nvvgpu_core *core);
int core_queue_send(struct nvvgpu_core *core, u32 function, const void *payload, size_t len);
/* one element: -EAGAIN when there is none, -EBADMSG when it is wrong */
int core_queue_receive(struct nvvgpu_core *core, struct core_message *msg);

/* rpc.c: payload is request and reply */
int core_rpc_call(struct nvvgpu_core *core, u32 function, void *payload, size_t len);
int core_rpc_post(struct nvvgpu_core *core, u32 function, const void *payload, size_t len);
int core_rpc_wait_event(struct nvvgpu_core *core, u32 event, u32 timeout_ms);
void core_rpc_drain(struct nvvgpu_core *core);

/* event.c */
void core_event_note(struct nvvgpu_core *core, const struct core_message *msg);
void core_event_dispatch(struct nvvgpu_core *core);
void core_event_set_handler(struct nvvgpu_core *core,
			    void (*handler)(void *priv, u32 gfid, u32 event), void *priv);

/* core.c */
int core_read_facts(struct nvvgpu_core *core);

/* boot.c */
int core_boot(struct nvvgpu_core *core);
void core_unboot(struct nvvgpu_core *core);

/* rm.c */
int core_client_alloc(struct nvvgpu_core *core, struct nvvgpu_client **ret);
void core_client_free(struct nvvgpu_core *core, struct nvvgpu_client *client);
u32 core_client_handle(const struct nvvgpu_client *client);
int core_control(struct nvvgpu_core *core, struct nvvgpu_client *client, u32 cmd, void *params,
		 size_t size);

/* fb.c */
int core_fb_init(struct nvvgpu_core *core);
void core_fb_fini(struct nvvgpu_core *core);
int core_fb_alloc(struct nvvgpu_core *core, enum nvvgpu_fb_kind kind, u64 size, u64 address,
		  struct nvvgpu_fb **ret);
void core_fb_free(struct nvvgpu_core *core, struct nvvgpu_fb *fb);
int core_fb_scrub(struct nvvgpu_core *core, const struct nvvgpu_fb *fb);

/* bar1.c */
int core_bar1_init(struct nvvgpu_core *core);
void core_bar1_fini(struct nvvgpu_core *core);
int core_bar1_map(struct nvvgpu_core *core, struct nvvgpu_fb *fb);
void core_bar1_unmap(struct nvvgpu_core *core, struct nvvgpu_fb *fb);

/* channels.c */
int core_channels_alloc(struct nvvgpu_core *core, u32 first, u32 count, u32 *ret_first);
void core_channels_free(struct nvvgpu_core *core, u32 first, u32 count);
u32 core_channels_count_free(struct nvvgpu_core *core);

/* vgpu.c */
int core_types_upload(struct nvvgpu_core *core, struct nvvgpu_client *client,
		      const struct nvvgpu_type_desc *types, u32 count);
int core_mixed_size_set(struct nvvgpu_core *core, struct nvvgpu_client *client, bool mixed);
int core_vgpu_bootload(struct nvvgpu_core *core, struct nvvgpu_client *client,
		       const struct nvvgpu_boot_args *args);
int core_vgpu_shutdown(struct nvvgpu_core *core, struct nvvgpu_client *client, u32 gfid);
int core_vgpu_cleanup(struct nvvgpu_core *core, struct nvvgpu_client *client, u32 gfid);

/* plugin.c */
int core_plugin_attach(struct nvvgpu_core *core, u32 gfid, const struct nvvgpu_fb *heap,
		       struct nvvgpu_plugin **ret);
void core_plugin_detach(struct nvvgpu_plugin *plugin);
int core_plugin_negotiate(struct nvvgpu_plugin *plugin, u32 *ret_version);
int core_plugin_configure(struct nvvgpu_plugin *plugin, const struct nvvgpu_plugin_config *config);
int core_plugin_reset(struct nvvgpu_plugin *plugin);
int core_plugin_set_bus_master(struct nvvgpu_plugin *plugin, bool enable, bool allowed);
int core_plugin_stop_work(struct nvvgpu_plugin *plugin, u64 *ret_estimate);
int core_plugin_cancel_stop(struct nvvgpu_plugin *plugin);
int core_plugin_save_state(struct nvvgpu_plugin *plugin, void *buf, size_t size, size_t *ret_len,
			   bool *ret_complete);
int core_plugin_cancel_save(struct nvvgpu_plugin *plugin);
int core_plugin_restore_state(struct nvvgpu_plugin *plugin, const void *buf, size_t len);
int core_plugin_restore_deferred(struct nvvgpu_plugin *plugin);
int core_plugin_resume_work(struct nvvgpu_plugin *plugin);
ssize_t core_plugin_log(struct nvvgpu_core *core, const struct nvvgpu_fb *heap,
			enum nvvgpu_plugin_log log, u64 offset, void *buf, size_t len);

#endif
