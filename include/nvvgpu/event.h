/* SPDX-License-Identifier: MIT */
#ifndef NVVGPU_EVENT_H
#define NVVGPU_EVENT_H

#include <nvvgpu/vgpu.h>

#ifdef __cplusplus
extern "C" {
#endif

/** struct nvvgpu_event - something that happened: an immutable snapshot */
struct nvvgpu_event;
/** struct nvvgpu_monitor - a stream of events of a host; holds its host; one thread at a time */
struct nvvgpu_monitor;

enum nvvgpu_event_kind {
	NVVGPU_EVENT_KIND_CREATED = 1,
	NVVGPU_EVENT_KIND_DESTROYED = 2,
	NVVGPU_EVENT_KIND_STARTED = 3,
	NVVGPU_EVENT_KIND_STOPPED = 4,
	NVVGPU_EVENT_KIND_CRASHED = 5,
	NVVGPU_EVENT_KIND_RESET = 6,
	NVVGPU_EVENT_KIND_MODE = 7,
	NVVGPU_EVENT_KIND_VFS = 8,
	NVVGPU_EVENT_KIND_MIGRATION = 9,
	NVVGPU_EVENT_KIND_PARAMS = 10,
	NVVGPU_EVENT_KIND_LOST = 11,
};
/** nvvgpu_event_kind_name - Return: "created", "destroyed"... or "unknown" */
const char *nvvgpu_event_kind_name(enum nvvgpu_event_kind kind);

/**
 * nvvgpu_monitor_open - watch all GPUs of a host that have events
 * @ret: to be closed with nvvgpu_monitor_close(); sees what happens after this call
 * Return: 0; -EOPNOTSUPP no GPU of this host has events; -EACCES; -ENOMEM.
 */
int nvvgpu_monitor_open(struct nvvgpu *host, struct nvvgpu_monitor **ret);
/** nvvgpu_monitor_close - NULL is allowed */
void nvvgpu_monitor_close(struct nvvgpu_monitor *monitor);
/** nvvgpu_monitor_get_fd - Return: readable when an event may be there; belongs to the monitor */
int nvvgpu_monitor_get_fd(struct nvvgpu_monitor *monitor);
/**
 * nvvgpu_monitor_next - the next event
 * @timeout_ns: 0 does not wait, negative waits for ever
 * @ret: to be freed with nvvgpu_event_free()
 * Return: 0; -EAGAIN none within the time; -EBUSY another call waits for events of this
 * monitor; -EINTR; -EIO.
 */
int nvvgpu_monitor_next(struct nvvgpu_monitor *monitor, int64_t timeout_ns,
			struct nvvgpu_event **ret);

void nvvgpu_event_free(struct nvvgpu_event *event);
enum nvvgpu_event_kind nvvgpu_event_get_kind(const struct nvvgpu_event *event);
const char *nvvgpu_event_get_gpu_address(const struct nvvgpu_event *event);
/** nvvgpu_event_get_uuid - Return: uuid of the vGPU; NULL when it is about the GPU */
const char *nvvgpu_event_get_uuid(const struct nvvgpu_event *event);
uint32_t nvvgpu_event_get_type_id(const struct nvvgpu_event *event);
uint64_t nvvgpu_event_get_sequence(const struct nvvgpu_event *event);
uint64_t nvvgpu_event_get_time_ns(const struct nvvgpu_event *event);
/** nvvgpu_event_get_value - Return: what the kind says: 1 for mixed-size and 0 for
 * equal-size mode, number of VFs, VFIO migration state, lost events */
uint64_t nvvgpu_event_get_value(const struct nvvgpu_event *event);

#ifdef __cplusplus
}
#endif
#endif
