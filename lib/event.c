// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include "event.h"

NVVGPU_EXPORT const char *nvvgpu_event_kind_name(enum nvvgpu_event_kind kind)
{
	static const char *const names[] = {
		[NVVGPU_EVENT_KIND_CREATED] = "created",
		[NVVGPU_EVENT_KIND_DESTROYED] = "destroyed",
		[NVVGPU_EVENT_KIND_STARTED] = "started",
		[NVVGPU_EVENT_KIND_STOPPED] = "stopped",
		[NVVGPU_EVENT_KIND_CRASHED] = "crashed",
		[NVVGPU_EVENT_KIND_RESET] = "reset",
		[NVVGPU_EVENT_KIND_MODE] = "mode",
		[NVVGPU_EVENT_KIND_VFS] = "vfs",
		[NVVGPU_EVENT_KIND_MIGRATION] = "migration",
		[NVVGPU_EVENT_KIND_PARAMS] = "params",
		[NVVGPU_EVENT_KIND_LOST] = "lost",
		[NVVGPU_EVENT_KIND_GPU_ADDED] = "gpu-added",
		[NVVGPU_EVENT_KIND_GPU_REMOVED] = "gpu-removed",
		[NVVGPU_EVENT_KIND_VF_ADDED] = "vf-added",
		[NVVGPU_EVENT_KIND_VF_REMOVED] = "vf-removed",
		[NVVGPU_EVENT_KIND_TYPES] = "types",
	};

	if ((size_t)kind >= sizeof(names) / sizeof(names[0]) || !names[kind])
		return "unknown";
	return names[kind];
}

/* -------------------------------------------------------------------- queue */

/* Nearly always the newest. */
static struct nvvgpu_event **place_of(struct event_queue *queue, uint64_t time_ns)
{
	struct nvvgpu_event **place = &queue->first;

	if (queue->last && queue->last->time_ns <= time_ns)
		return &queue->last->next;
	while (*place && (*place)->time_ns <= time_ns)
		place = &(*place)->next;
	return place;
}

void event_queue_add(struct event_queue *queue, const struct nvvgpu_event *event)
{
	struct nvvgpu_event **place, *copy = malloc(sizeof(*copy));

	if (!copy) {
		queue->lost = true;
		return;
	}
	*copy = *event;
	place = place_of(queue, event->time_ns);
	copy->next = *place;
	*place = copy;
	if (!copy->next)
		queue->last = copy;
	queue->count++;
}

struct nvvgpu_event *event_queue_take(struct event_queue *queue)
{
	struct nvvgpu_event *event = queue->first;

	if (!event)
		return NULL;
	queue->first = event->next;
	if (!queue->first)
		queue->last = NULL;
	queue->count--;
	event->next = NULL;
	return event;
}

void event_queue_fini(struct event_queue *queue)
{
	while (queue->first)
		free(event_queue_take(queue));
}

/* -------------------------------------------------------------------- facts */

NVVGPU_EXPORT void nvvgpu_event_free(struct nvvgpu_event *event)
{
	free(event);
}

NVVGPU_EXPORT enum nvvgpu_event_kind nvvgpu_event_get_kind(const struct nvvgpu_event *event)
{
	return event->kind;
}

NVVGPU_EXPORT const char *nvvgpu_event_get_gpu_address(const struct nvvgpu_event *event)
{
	return event->gpu_address;
}

NVVGPU_EXPORT const char *nvvgpu_event_get_vf(const struct nvvgpu_event *event)
{
	return event->vf[0] ? event->vf : NULL;
}

NVVGPU_EXPORT const char *nvvgpu_event_get_uuid(const struct nvvgpu_event *event)
{
	return event->uuid[0] ? event->uuid : NULL;
}

NVVGPU_EXPORT uint32_t nvvgpu_event_get_type_id(const struct nvvgpu_event *event)
{
	return event->type_id;
}

NVVGPU_EXPORT uint64_t nvvgpu_event_get_sequence(const struct nvvgpu_event *event)
{
	return event->sequence;
}

NVVGPU_EXPORT uint64_t nvvgpu_event_get_time_ns(const struct nvvgpu_event *event)
{
	return event->time_ns;
}

NVVGPU_EXPORT uint64_t nvvgpu_event_get_value(const struct nvvgpu_event *event)
{
	return event->value;
}
