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

/*
 * From CREATED to LOST: told by the driver of the framework nvvgpu, which numbers and times them.
 * CREATED and DESTROYED of the other frameworks, and all from GPU_ADDED on, under each framework:
 * seen by the library, with the time at which they were, and without a number.
 */
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
	NVVGPU_EVENT_KIND_GPU_ADDED = 64,
	NVVGPU_EVENT_KIND_GPU_REMOVED = 65,
	NVVGPU_EVENT_KIND_VF_ADDED = 66,
	NVVGPU_EVENT_KIND_VF_REMOVED = 67,
	NVVGPU_EVENT_KIND_TYPES = 68,	/* other types than before can be created on the GPU */
};
/** nvvgpu_event_kind_name - Return: "created", "destroyed"... or "unknown" */
const char *nvvgpu_event_kind_name(enum nvvgpu_event_kind kind);

/**
 * nvvgpu_monitor_open - watch all GPUs of a host, and those that come
 * @ret: to be closed with nvvgpu_monitor_close(); sees what happens after this call
 *
 * All but the driver of the framework nvvgpu say no more than that something happened, and that of
 * vendor-vfio not even that.  So what is there is compared with what was: each difference is told
 * once, and what came and went between two looks is not told.  A vendor-vfio GPU is looked at each
 * 500 ms, as long as somebody waits for events or takes them.
 *
 * The GPUs that @host lists stay those of its last search: nvvgpu_refresh() finds what came.
 * A GPU that does not answer is watched with the others: it is tried again for two seconds, and
 * whenever the kernel tells something of it.
 * Return: 0; -EOPNOTSUPP nothing happens on this host, it is a capture; -EACCES or -EPERM each of its
 * GPUs has a control device, and none may be opened; -ENOMEM; another error of the descriptors that
 * it waits on, like -EMFILE, or of the list of PCI functions in sysfs.
 */
int nvvgpu_monitor_open(struct nvvgpu *host, struct nvvgpu_monitor **ret);
/** nvvgpu_monitor_close - NULL is allowed */
void nvvgpu_monitor_close(struct nvvgpu_monitor *monitor);
/**
 * nvvgpu_monitor_get_fd - one descriptor for all
 * Return: readable when an event may be there, or it is time to look; belongs to the monitor
 */
int nvvgpu_monitor_get_fd(struct nvvgpu_monitor *monitor);
/**
 * nvvgpu_monitor_next - the next event
 * @timeout_ns: 0 does not wait, negative waits for ever
 * @ret: to be freed with nvvgpu_event_free()
 * Return: 0; -EAGAIN none within the time; -EBUSY another call waits for events of this
 * monitor; -ENOMEM some may be lost; -EINTR; -EIO.
 */
int nvvgpu_monitor_next(struct nvvgpu_monitor *monitor, int64_t timeout_ns,
			struct nvvgpu_event **ret);

void nvvgpu_event_free(struct nvvgpu_event *event);
enum nvvgpu_event_kind nvvgpu_event_get_kind(const struct nvvgpu_event *event);
/** nvvgpu_event_get_gpu_address - Return: "0000:41:00.0"; "" when the host lost count */
const char *nvvgpu_event_get_gpu_address(const struct nvvgpu_event *event);
/** nvvgpu_event_get_vf - Return: "0000:41:00.4", the VF that came or went, or that the vGPU is on;
 * NULL when there is none */
const char *nvvgpu_event_get_vf(const struct nvvgpu_event *event);
/** nvvgpu_event_get_uuid - Return: uuid of the vGPU; NULL when it is about the GPU */
const char *nvvgpu_event_get_uuid(const struct nvvgpu_event *event);
/** nvvgpu_event_get_type_id - Return: of the vGPU; 0 when it is about the GPU */
uint32_t nvvgpu_event_get_type_id(const struct nvvgpu_event *event);
/** nvvgpu_event_get_sequence - Return: grows by one with each event that the driver of a GPU
 * tells, so that a gap says that some are lost; 0: the library saw it, nobody numbers it */
uint64_t nvvgpu_event_get_sequence(const struct nvvgpu_event *event);
/** nvvgpu_event_get_time_ns - Return: since 1970, when it happened; with sequence 0 when it was
 * seen */
uint64_t nvvgpu_event_get_time_ns(const struct nvvgpu_event *event);
/** nvvgpu_event_get_value - Return: what the kind says: 1 for mixed-size and 0 for
 * equal-size mode, number of VFs, VFIO migration state, lost events (0: nobody knows how many),
 * number of types that can be created; else 0 */
uint64_t nvvgpu_event_get_value(const struct nvvgpu_event *event);

#ifdef __cplusplus
}
#endif
#endif
