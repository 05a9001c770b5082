/* SPDX-License-Identifier: MIT */
/*
 * A GPU under a monitor.  What its driver tells comes through its control file; all else is found
 * by looking: what was seen last is compared with what is there now, and the difference is the
 * events.  Nobody's word is taken for more than a reason to look.
 */
#ifndef NVVGPU_LIB_WATCHED_H
#define NVVGPU_LIB_WATCHED_H

#include "event.h"
#include "framework/vfs.h"
#include "objects.h"

/* What may no longer be as it was seen. */
#define STALE_VFS	(1u << 0)
#define STALE_VGPUS	(1u << 1)
#define STALE_TYPES	(1u << 2)	/* what can be created */
#define STALE_ALL	(STALE_VFS | STALE_VGPUS | STALE_TYPES)

/* Creations and destructions that a look has told and the control file may tell once more. */
struct told {
	struct {
		uint8_t uuid[16];
		enum nvvgpu_event_kind kind;
	} *vgpus;
	size_t count;
};

struct watched {
	struct nvvgpu_gpu *gpu;
	struct os_file *control;	/* NULL: its driver has none, or it does not answer */
	struct told told;
	bool deaf;			/* that it does not answer was said */
	bool unsure;			/* vGPUs may have come and gone before it was open */
	bool quiet;			/* the first look is yet to come, and what it sees is old */
	unsigned int stale;
	unsigned int settling;		/* looks that are still to come after something happened */
	struct vf *vfs;			/* the rest is what was seen last */
	size_t vf_count;
	struct framework_look seen;
};

/* What its first look sees was there already. */
int watched_new(struct nvvgpu_gpu *gpu, struct watched **ret);
void watched_free(struct watched *watched);

/* 0 also without one; a last error */
int watched_open_control(struct watched *watched);
void watched_close_control(struct watched *watched);
/* Takes what its driver tells.  -errno: it tells nothing any more */
int watched_take(struct watched *watched, struct event_queue *queue);

/* The same board, looked at by the same framework. */
bool watched_is(const struct watched *watched, const struct nvvgpu_gpu *gpu);
/* It is still there, but driven by another, or another one.  The control file has to be opened. */
void watched_become(struct watched *watched, struct nvvgpu_gpu *gpu);

/* Looks at what is stale, and tells the difference.  -errno: what could not be seen stays */
int watched_look(struct watched *watched, struct event_queue *queue);
/* It is gone, and all that it had. */
void watched_tell_gone(struct watched *watched, struct event_queue *queue);
/* It came: all that it has is new. */
void watched_tell_new(struct watched *watched, struct event_queue *queue);

/* It is this function, or this is one of its VFs. */
bool watched_has(const struct watched *watched, const char *function);
/* Its driver tells nobody what it does. */
bool watched_needs_polling(const struct watched *watched);

#endif
