/* SPDX-License-Identifier: MIT */
/* An event, and those that wait to be given out. */
#ifndef NVVGPU_LIB_EVENT_H
#define NVVGPU_LIB_EVENT_H

#include "internal.h"

/* The first kind that no driver has a number for: the library saw it itself. */
#define EVENT_KIND_SEEN NVVGPU_EVENT_KIND_GPU_ADDED

struct nvvgpu_event {
	enum nvvgpu_event_kind kind;
	uint64_t sequence;	/* 0: nobody numbers it */
	uint64_t time_ns;
	uint64_t value;
	uint32_t type_id;
	char gpu_address[PCI_ADDRESS_LEN];	/* "": about the host */
	char vf[PCI_ADDRESS_LEN];		/* "": none, or not known */
	char uuid[37];				/* "": about the GPU */
	struct nvvgpu_event *next;
};

struct event_queue {
	struct nvvgpu_event *first, *last;
	size_t count;
	bool lost;		/* one did not find memory */
};

/* Adds a copy, behind all that are not newer. */
void event_queue_add(struct event_queue *queue, const struct nvvgpu_event *event);
struct nvvgpu_event *event_queue_take(struct event_queue *queue);	/* NULL: it is empty */
void event_queue_fini(struct event_queue *queue);

#endif
