/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The manager's own types, shared by the files of this directory.
 *
 * Locks, in the order in which they are taken:
 *
 *  change_lock	one change at a time: create, destroy, mode, types, slots, warm
 *		update.  Held across calls of the core.
 *  plugin_lock	one per vGPU: boot, shutdown, reset, messages.  Held across calls
 *		of the core, so a long save keeps only its own vGPU busy.
 *  lock	the state that lists, statistics and events read.  Held for moments,
 *		never across a call of the core or of the host.
 *
 * The core may call the event handler from within one of its calls, in the
 * thread that made it.  That thread then holds change_lock or a plugin_lock but
 * never "lock", so the handler may take it.  It only marks the vGPU and puts a
 * record into the ring; who holds a longer lock ("sections") wakes the readers
 * when it is let go, because host_ops->event() is promised to come without any.
 */
#ifndef NVVGPU_MGR_INTERNAL_H
#define NVVGPU_MGR_INTERNAL_H

#include "mgr.h"

#define MGR_UNIT_BYTES		SZ_1G	/* one step of the placement scale */
#define MGR_SEGMENTS_MAX	4096	/* VMMU segments of a board: 128 GiB of the smallest kind */
#define MGR_CHANNELS_MAX	2048
#define MGR_EVENTS		256
#define MGR_HEAP_ALIGN		SZ_2M	/* grain of management heaps and of their BAR1 maps */
#define MGR_PARAM_KEY_MAX	63
#define MGR_PARAM_VALUE_MAX	255

/* The reason that goes with an errno; see enum nvvgpu_why. */
struct mgr_why {
	u32 why;
	u64 detail;
};

/* Where one vGPU sits. */
struct mgr_plan {
	u32 slot;
	u32 placement;
	u32 segment_first, segment_count;	/* from guest_fb_base */
	u32 channel_first, channel_count;
};

/* What is taken, and by which rules.  Copied to try out creates that have not happened. */
struct mgr_space {
	u32 mode;		/* NVVGPU_MODE_* */
	u32 slots_enabled;
	DECLARE_BITMAP(segments, MGR_SEGMENTS_MAX);
	DECLARE_BITMAP(channels, MGR_CHANNELS_MAX);
	DECLARE_BITMAP(slots, NVVGPU_MAX_VGPUS);
	u32 live;		/* vGPUs, those being created included */
	u64 active_bytes;	/* profile_bytes of the first, 0 without any */
	u64 heap_free;
	u64 bar1_free;
};

struct mgr_types {
	struct nvvgpu_type_desc *desc;	/* sorted by id */
	u32 count;
};

struct mgr_counters {
	u64 created;
	u64 destroyed;
	u64 create_failed;
	u64 booted;
	u64 scrubbed_bytes;
};

struct nvvgpu_mgr_vgpu {
	struct nvvgpu_mgr *mgr;

	/* constant while it lives */
	u32 id;
	struct mgr_plan plan;
	struct nvvgpu_type_desc type;
	u8 uuid[NVVGPU_UUID_LEN];
	char owner[NVVGPU_OWNER_LEN];
	struct nvvgpu_fb *fb;
	struct nvvgpu_fb *heap;
	struct nvvgpu_client *client;

	/* under mgr->lock */
	bool open;
	bool booted;		/* the firmware holds, or may hold, a plugin task for it */
	bool crashed;		/* that task died */
	u32 state;		/* NVVGPU_STATE_* */
	char params[NVVGPU_PARAMS_LEN];

	const struct nvvgpu_mgr_guest_ops *guest_ops;	/* NULL: nobody is called */
	void *guest;

	struct mutex plugin_lock;
	struct nvvgpu_plugin *plugin;	/* under plugin_lock; NULL: nothing runs */
	u32 vm_pid;			/* under plugin_lock */
};

struct nvvgpu_mgr {
	struct nvvgpu_core *core;
	struct nvvgpu_core_ops ops;
	struct nvvgpu_core_info info;
	struct nvvgpu_mgr_config config;
	char driver_version[NVVGPU_NAME_LEN];
	struct nvvgpu_client *client;
	u64 heap_total;
	u64 bar1_total;

	struct mutex change_lock;
	struct mutex lock;

	/* all below: read under lock; tables and mode change only with change_lock held too */
	u32 sections;			/* threads that hold a longer lock */
	bool wake;			/* events that nobody was woken for */
	u32 last_id;
	struct mgr_types types;
	struct nvvgpu_mgr_vgpu *vgpus[NVVGPU_MAX_VGPUS];	/* by slot */
	struct mgr_space space;
	struct mgr_space trial;		/* too large for the stack */
	u32 wanted_placement[NVVGPU_MAX_VGPUS];	/* by slot: id + 1; 0: none, see sysfs.c */
	bool states_valid;
	struct nvvgpu_type_state states[NVVGPU_MAX_TYPES];
	struct mgr_counters counters;
	u64 next_sequence;
	struct nvvgpu_event_record events[MGR_EVENTS];	/* by sequence modulo MGR_EVENTS */
};

/* ------------------------------------------------------------------ mgr.c */

int mgr_fail(struct mgr_why *why, u32 code, u64 detail, int err);
/* a call of the core failed: -ENOMEM, or -EIO and what the firmware said */
int mgr_fail_core(struct nvvgpu_mgr *mgr, struct mgr_why *why, int err);
void mgr_change_begin(struct nvvgpu_mgr *mgr);
void mgr_change_end(struct nvvgpu_mgr *mgr);
void mgr_plugin_begin(struct nvvgpu_mgr_vgpu *vgpu);
void mgr_plugin_end(struct nvvgpu_mgr_vgpu *vgpu);
/* after a change of what is free: without "lock" */
void mgr_refresh_totals(struct nvvgpu_mgr *mgr);

/* ---------------------------------------------------------------- types.c */

void mgr_type_from_ioctl(struct nvvgpu_type_desc *desc, const struct nvvgpu_ioctl_type *type);
void mgr_type_to_ioctl(struct nvvgpu_ioctl_type *type, const struct nvvgpu_type_desc *desc);
int mgr_type_check(const struct nvvgpu_type_desc *desc);
/* sorted copy of old and added; -EEXIST, -EINVAL, -ENOSPC, -ENOMEM */
int mgr_types_merge(const struct mgr_types *old, const struct nvvgpu_type_desc *added, u32 count,
		    struct mgr_types *ret);
void mgr_types_free(struct mgr_types *types);
const struct nvvgpu_type_desc *mgr_types_find(const struct mgr_types *types, u32 id);
int mgr_types_upload(struct nvvgpu_mgr *mgr, const struct mgr_types *types);
/* change_lock held: makes *types the manager's own; *types becomes what it had */
void mgr_types_swap(struct nvvgpu_mgr *mgr, struct mgr_types *types);

/* ------------------------------------------------------------ placement.c */

u32 mgr_placement_length(const struct nvvgpu_type_desc *type);
u64 mgr_plan_address(const struct nvvgpu_mgr *mgr, const struct mgr_plan *plan);
/*
 * Where the next vGPU of a type would go.  created: instances of the type in
 * this space.  slot and placement: wanted, or _ANY.
 */
int mgr_plan(const struct nvvgpu_mgr *mgr, const struct mgr_space *space,
	     const struct nvvgpu_type_desc *type, u32 created, u32 slot, u32 placement,
	     struct mgr_plan *ret, struct mgr_why *why);
/* Would exactly this plan be possible?  For vGPUs that existed before. */
bool mgr_plan_fits(const struct nvvgpu_mgr *mgr, const struct mgr_space *space,
		   const struct nvvgpu_type_desc *type, u32 created, const struct mgr_plan *plan);
void mgr_space_take(struct mgr_space *space, const struct nvvgpu_type_desc *type,
		    const struct mgr_plan *plan);
void mgr_space_release(struct mgr_space *space, const struct mgr_plan *plan);
u32 mgr_segments(const struct nvvgpu_mgr *mgr, u64 bytes);	/* rounded up */
u64 mgr_heap_bytes(const struct nvvgpu_type_desc *type);
/* "lock" held: what each type could do now, ordered by id */
const struct nvvgpu_type_state *mgr_type_states(struct nvvgpu_mgr *mgr);
/* "lock" held: ids of a type into ids[NVVGPU_MAX_VGPUS]; their number */
u32 mgr_placements(struct nvvgpu_mgr *mgr, const struct nvvgpu_type_desc *type, bool creatable,
		   u32 *ids);

/* ----------------------------------------------------------------- vgpu.c */

/* What a create wants; params is NUL-terminated and checked. */
struct mgr_request {
	u32 type_id;
	u32 slot;
	u32 placement;
	const u8 *uuid;
	const char *owner;
	const char *params;
};

int mgr_create(struct nvvgpu_mgr *mgr, const struct mgr_request *request,
	       struct nvvgpu_vgpu_info *info, struct mgr_why *why);
int mgr_destroy(struct nvvgpu_mgr *mgr, u32 id, struct mgr_why *why);
/* change_lock held: reserves all that the plan says; scrub: wipe its memory.  Nobody sees it yet */
int mgr_vgpu_new(struct nvvgpu_mgr *mgr, const struct nvvgpu_type_desc *type,
		 const struct mgr_plan *plan, u32 id, const struct mgr_request *request,
		 bool scrub, struct nvvgpu_mgr_vgpu **ret, struct mgr_why *why);
/* change_lock held, hidden or not open: gives everything back */
void mgr_vgpu_release(struct nvvgpu_mgr_vgpu *vgpu, bool scrub);
void mgr_vgpu_free(struct nvvgpu_mgr_vgpu *vgpu);	/* after mgr_vgpu_release() */
int mgr_scrub(struct nvvgpu_mgr *mgr, const struct nvvgpu_fb *fb);
/* "lock" held */
struct nvvgpu_mgr_vgpu *mgr_vgpu_find(struct nvvgpu_mgr *mgr, u32 id);
/* One that nobody has open.  -ENODEV: there is none; -EBUSY: somebody has */
int mgr_vgpu_find_closed(struct nvvgpu_mgr *mgr, u32 id, struct nvvgpu_mgr_vgpu **ret,
			 struct mgr_why *why);
struct nvvgpu_mgr_vgpu *mgr_vgpu_find_uuid(struct nvvgpu_mgr *mgr, const u8 *uuid);
u32 mgr_vgpu_count(const struct nvvgpu_mgr *mgr);
u32 mgr_vgpu_count_type(const struct nvvgpu_mgr *mgr, u32 type_id);
void mgr_vgpu_info(const struct nvvgpu_mgr_vgpu *vgpu, struct nvvgpu_vgpu_info *info);

/* ----------------------------------------------------------------- open.c */

void mgr_plugin_event(void *priv, u32 gfid, u32 event);	/* the core's event handler */
/* not open: has the firmware forget a task that an earlier shutdown left there */
void mgr_task_forget(struct nvvgpu_mgr_vgpu *vgpu);

/* ---------------------------------------------------------------- guest.c */

extern const struct nvvgpu_guest_ops mgr_guest_ops;	/* of a manager, for the core */

/* ----------------------------------------------------------------- mode.c */

int mgr_mode_set(struct nvvgpu_mgr *mgr, u32 mode, struct mgr_why *why);
/* change_lock held, no vGPUs: tells the firmware and the tables, without an event */
int mgr_mode_apply(struct nvvgpu_mgr *mgr, u32 mode);

/* --------------------------------------------------------------- params.c */

/* *ret_offset: the first byte that is wrong */
int mgr_params_check(const char *params, size_t len, size_t *ret_offset);
bool mgr_params_is_one(const char *params, const char *key);	/* "key=1" is among them */
int mgr_params_set(struct nvvgpu_mgr *mgr, u32 id, const char *params, struct mgr_why *why);

/* --------------------------------------------------------------- events.c */

/* "lock" held; vgpu NULL: the GPU itself */
void mgr_event_add(struct nvvgpu_mgr *mgr, u32 kind, const struct nvvgpu_mgr_vgpu *vgpu, u64 value);
/* without any lock: tells the host of what mgr_event_add() left */
void mgr_event_wake(struct nvvgpu_mgr *mgr);
u64 mgr_event_oldest(const struct nvvgpu_mgr *mgr);	/* "lock" held */

/* ----------------------------------------------------------------- warm.c */

/* *ret: an image, to be freed with kvfree() */
int mgr_warm_save(struct nvvgpu_mgr *mgr, u8 **ret, size_t *ret_len);
int mgr_warm_restore(struct nvvgpu_mgr *mgr, const u8 *image, size_t len, struct mgr_why *why);

#endif
