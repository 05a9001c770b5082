// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include <uapi/nvvgpu.h>
#include "util/clock.h"
#include "util/text.h"
#include "watched.h"

#define BATCH		16	/* records that one read takes */
#define MAX_KNOWN	4096	/* vGPUs of one GPU */

int watched_new(struct nvvgpu_gpu *gpu, struct watched **ret)
{
	struct watched *watched = calloc(1, sizeof(*watched));

	if (!watched)
		return error_nomem();
	watched->gpu = nvvgpu_gpu_ref(gpu);
	watched->stale = STALE_ALL;
	watched->quiet = true;
	*ret = watched;
	return 0;
}

void watched_free(struct watched *watched)
{
	os_file_close(watched->control);
	framework_look_fini(&watched->seen);
	free(watched->told.vgpus);
	free(watched->vfs);
	nvvgpu_gpu_unref(watched->gpu);
	free(watched);
}

bool watched_is(const struct watched *watched, const struct nvvgpu_gpu *gpu)
{
	const struct nvvgpu_gpu *own = watched->gpu;

	return own->framework->ops.id == gpu->framework->ops.id &&
	       own->framework->reason == gpu->framework->reason &&
	       own->device_id == gpu->device_id &&
	       own->subsystem_device_id == gpu->subsystem_device_id;
}

void watched_become(struct watched *watched, struct nvvgpu_gpu *gpu)
{
	watched_close_control(watched);
	nvvgpu_gpu_unref(watched->gpu);
	watched->gpu = nvvgpu_gpu_ref(gpu);
	watched->stale = STALE_ALL;
}

bool watched_has(const struct watched *watched, const char *function)
{
	bool found = !strcmp(watched->gpu->address, function);

	for (size_t i = 0; !found && i < watched->vf_count; i++)
		found = !strcmp(watched->vfs[i].address, function);
	return found;
}

bool watched_needs_polling(const struct watched *watched)
{
	return watched->gpu->framework->ops.id == NVVGPU_FRAMEWORK_VENDOR_VFIO;
}

/* ------------------------------------------------------------------- events */

static struct nvvgpu_event event_of(const struct watched *watched, enum nvvgpu_event_kind kind)
{
	struct nvvgpu_event event = { .kind = kind, .time_ns = clock_real_ns() };

	text_copy(event.gpu_address, sizeof(event.gpu_address), watched->gpu->address);
	return event;
}

static void tell_gpu(const struct watched *watched, struct event_queue *queue,
		     enum nvvgpu_event_kind kind, uint64_t value)
{
	struct nvvgpu_event event = event_of(watched, kind);

	event.value = value;
	event_queue_add(queue, &event);
}

static void tell_vf(const struct watched *watched, struct event_queue *queue,
		    enum nvvgpu_event_kind kind, const struct vf *vf)
{
	struct nvvgpu_event event = event_of(watched, kind);

	text_copy(event.vf, sizeof(event.vf), vf->address);
	event_queue_add(queue, &event);
}

static void tell_vgpu(const struct watched *watched, struct event_queue *queue,
		      enum nvvgpu_event_kind kind, const struct framework_vgpu *vgpu)
{
	struct nvvgpu_event event = event_of(watched, kind);

	event.type_id = vgpu->type_id;
	text_copy(event.vf, sizeof(event.vf), vgpu->vf);
	uuid_format(vgpu->uuid, event.uuid);
	event_queue_add(queue, &event);
}

void watched_tell_new(struct watched *watched, struct event_queue *queue)
{
	watched->quiet = false;
	watched->unsure = true;
	tell_gpu(watched, queue, NVVGPU_EVENT_KIND_GPU_ADDED, 0);
}

void watched_tell_gone(struct watched *watched, struct event_queue *queue)
{
	for (size_t i = 0; i < watched->seen.vgpu_count; i++)
		tell_vgpu(watched, queue, NVVGPU_EVENT_KIND_DESTROYED, &watched->seen.vgpus[i]);
	for (size_t i = 0; i < watched->vf_count; i++)
		tell_vf(watched, queue, NVVGPU_EVENT_KIND_VF_REMOVED, &watched->vfs[i]);
	tell_gpu(watched, queue, NVVGPU_EVENT_KIND_GPU_REMOVED, 0);
}

/* ------------------------------------------------------------- control file */

int watched_open_control(struct watched *watched)
{
	struct framework *fw = watched->gpu->framework;
	struct framework_info info;
	int err;

	if (fw->ops.id != NVVGPU_FRAMEWORK_NVVGPU)
		return 0;
	err = fw->ops.info(fw, &info);
	if (err || !info.has_events)
		return err == -ENODEV ? 0 : err;
	return fw->ops.control_open(fw, &watched->control);
}

void watched_close_control(struct watched *watched)
{
	os_file_close(watched->control);
	watched->control = NULL;
	watched->told.count = 0;
	watched->unsure = true;
}

static void take_vf(const struct vf *vfs, size_t count, uint32_t slot, char vf[PCI_ADDRESS_LEN])
{
	for (size_t i = 0; i < count; i++)
		if (vfs[i].index == slot)
			text_copy(vf, PCI_ADDRESS_LEN, vfs[i].address);
}

/* The VF may be newer than the last look at them. */
static void find_vf(const struct watched *watched, uint32_t slot, char vf[PCI_ADDRESS_LEN])
{
	struct vf *vfs = NULL;
	size_t count = 0;

	take_vf(watched->vfs, watched->vf_count, slot, vf);
	if (vf[0] || !watched->gpu->vfs_total ||
	    vfs_read(watched->gpu->host->os, watched->gpu->address, &vfs, &count))
		return;
	take_vf(vfs, count, slot, vf);
	free(vfs);
}

static struct framework_vgpu *find_uuid(const struct framework_look *look, const uint8_t uuid[16])
{
	for (size_t i = 0; i < look->vgpu_count; i++)
		if (!memcmp(look->vgpus[i].uuid, uuid, sizeof(look->vgpus[i].uuid)))
			return &look->vgpus[i];
	return NULL;
}

/* Of a GPU that is unplugged the VFs may go before a vGPU: it is the one that it was. */
static void recall_vf(const struct framework_look *seen, const uint8_t uuid[16],
		      char vf[PCI_ADDRESS_LEN])
{
	const struct framework_vgpu *known = vf[0] ? NULL : find_uuid(seen, uuid);

	if (known)
		text_copy(vf, PCI_ADDRESS_LEN, known->vf);
}

/* Without memory it is not known, and not told when its GPU goes. */
static void learn(struct framework_look *seen, const struct framework_vgpu *vgpu)
{
	struct framework_vgpu *vgpus;

	if (find_uuid(seen, vgpu->uuid) || seen->vgpu_count == MAX_KNOWN)
		return;
	vgpus = realloc(seen->vgpus, (seen->vgpu_count + 1) * sizeof(*vgpus));
	if (!vgpus)
		return;
	seen->vgpus = vgpus;
	seen->vgpus[seen->vgpu_count++] = *vgpu;
}

static void forget(struct framework_look *seen, const struct framework_vgpu *vgpu)
{
	struct framework_vgpu *found = find_uuid(seen, vgpu->uuid);

	if (found)
		*found = seen->vgpus[--seen->vgpu_count];
}

/* What else may be different now. */
static void note(struct watched *watched, const struct nvvgpu_event_record *record,
		 const struct nvvgpu_event *event)
{
	struct framework_vgpu vgpu = { .type_id = record->type_id };

	memcpy(vgpu.uuid, record->uuid, sizeof(vgpu.uuid));
	text_copy(vgpu.vf, sizeof(vgpu.vf), event->vf);
	switch (record->kind) {
	case NVVGPU_EVENT_CREATED:
		learn(&watched->seen, &vgpu);
		watched->stale |= STALE_TYPES;
		break;
	case NVVGPU_EVENT_DESTROYED:
		forget(&watched->seen, &vgpu);
		watched->stale |= STALE_TYPES;
		break;
	case NVVGPU_EVENT_MODE:
		watched->stale |= STALE_TYPES;
		break;
	case NVVGPU_EVENT_VFS:
		watched->stale |= STALE_VFS | STALE_TYPES;
		break;
	case NVVGPU_EVENT_LOST:
		watched->told.count = 0;
		watched->stale |= STALE_ALL;
		break;
	}
}

/*
 * A vGPU may come or go behind the opening of the control file and before the look that follows: the
 * look told it, and so does the first record of that vGPU.  Any other that is first is news, and so
 * are those behind it.
 */
static bool was_told(struct told *told, const struct nvvgpu_event_record *record)
{
	size_t i = 0;
	bool same;

	if (record->kind != NVVGPU_EVENT_CREATED && record->kind != NVVGPU_EVENT_DESTROYED)
		return false;
	while (i < told->count && memcmp(told->vgpus[i].uuid, record->uuid, sizeof(record->uuid)))
		i++;
	if (i == told->count)
		return false;
	same = told->vgpus[i].kind == record->kind;
	told->count--;
	memmove(&told->vgpus[i], &told->vgpus[i + 1], (told->count - i) * sizeof(*told->vgpus));
	return same;
}

static void take_record(struct watched *watched, const struct nvvgpu_event_record *record,
			struct event_queue *queue)
{
	struct nvvgpu_event event = {
		.kind = record->kind,
		.sequence = record->sequence,
		.time_ns = record->time_ns,
		.value = record->value,
		.type_id = record->type_id,
	};

	if (record->kind >= EVENT_KIND_SEEN)	/* of a driver that knows more kinds than we */
		event.kind = 0;
	text_copy(event.gpu_address, sizeof(event.gpu_address), watched->gpu->address);
	if (record->vgpu_id && !uuid_is_null(record->uuid)) {
		uuid_format(record->uuid, event.uuid);
		find_vf(watched, record->slot, event.vf);
		recall_vf(&watched->seen, record->uuid, event.vf);
	}
	event_queue_add(queue, &event);
	note(watched, record, &event);
}

int watched_take(struct watched *watched, struct event_queue *queue)
{
	struct nvvgpu_event_record batch[BATCH];
	ssize_t n = os_file_read(watched->control, batch, sizeof(batch));

	if (n == -EAGAIN)
		return 0;
	if (n <= 0 || (size_t)n > sizeof(batch) || n % sizeof(batch[0]))
		return n < 0 ? (int)n : -EIO;
	for (size_t i = n / sizeof(batch[0]); i-- > 1;)	/* none is told before what it follows */
		if (batch[i - 1].time_ns > batch[i].time_ns)
			batch[i - 1].time_ns = batch[i].time_ns;
	for (size_t i = 0; i < n / sizeof(batch[0]); i++)
		if (!was_told(&watched->told, &batch[i]))
			take_record(watched, &batch[i], queue);
	return 0;
}

/* --------------------------------------------------------------------- look */

static bool has_vf(const struct vf *vfs, size_t count, const struct vf *vf)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(vfs[i].address, vf->address))
			return true;
	return false;
}

static bool has_vgpu(const struct framework_look *look, const struct framework_vgpu *vgpu)
{
	const struct framework_vgpu *found = find_uuid(look, vgpu->uuid);

	return found && found->type_id == vgpu->type_id && !strcmp(found->vf, vgpu->vf);
}

/* The VFs that only one of the two has. */
static void tell_vfs(const struct watched *watched, struct event_queue *queue,
		     enum nvvgpu_event_kind kind, const struct vf *vfs, size_t count,
		     const struct vf *others, size_t other_count)
{
	for (size_t i = 0; i < count; i++)
		if (!has_vf(others, other_count, &vfs[i]))
			tell_vf(watched, queue, kind, &vfs[i]);
}

/* Without memory it is told twice. */
static void remember_told(struct told *told, enum nvvgpu_event_kind kind, const uint8_t uuid[16])
{
	void *vgpus = realloc(told->vgpus, (told->count + 1) * sizeof(*told->vgpus));

	if (!vgpus)
		return;
	told->vgpus = vgpus;
	told->vgpus[told->count].kind = kind;
	memcpy(told->vgpus[told->count++].uuid, uuid, sizeof(told->vgpus[0].uuid));
}

static void tell_vgpus(struct watched *watched, struct event_queue *queue,
		       enum nvvgpu_event_kind kind, const struct framework_look *look,
		       const struct framework_look *other)
{
	for (size_t i = 0; i < look->vgpu_count; i++) {
		if (has_vgpu(other, &look->vgpus[i]))
			continue;
		tell_vgpu(watched, queue, kind, &look->vgpus[i]);
		if (watched->control)
			remember_told(&watched->told, kind, look->vgpus[i].uuid);
	}
}

static bool same_types(const struct framework_look *a, const struct framework_look *b)
{
	return a->creatable_count == b->creatable_count &&
	       (!a->creatable_count || !memcmp(a->creatable, b->creatable,
					       a->creatable_count * sizeof(a->creatable[0])));
}

/* What is there now; what is not looked at is as it was seen. */
struct now {
	struct vf *vfs;
	size_t vf_count;
	struct framework_look look;
};

/* From the outside in when it goes, from the inside out when it comes. */
static void tell_difference(struct watched *watched, const struct now *now,
			    unsigned int looked, struct event_queue *queue)
{
	bool vgpus = looked & STALE_VGPUS && (!watched->control || watched->unsure);

	if (vgpus)
		tell_vgpus(watched, queue, NVVGPU_EVENT_KIND_DESTROYED, &watched->seen, &now->look);
	if (looked & STALE_VFS) {
		tell_vfs(watched, queue, NVVGPU_EVENT_KIND_VF_REMOVED, watched->vfs,
			 watched->vf_count, now->vfs, now->vf_count);
		tell_vfs(watched, queue, NVVGPU_EVENT_KIND_VF_ADDED, now->vfs, now->vf_count,
			 watched->vfs, watched->vf_count);
	}
	if (vgpus)
		tell_vgpus(watched, queue, NVVGPU_EVENT_KIND_CREATED, &now->look, &watched->seen);
	if (looked & STALE_TYPES && !same_types(&now->look, &watched->seen))
		tell_gpu(watched, queue, NVVGPU_EVENT_KIND_TYPES, now->look.creatable_count);
}

static void keep(struct watched *watched, struct now *now, unsigned int looked)
{
	if (looked & STALE_VFS) {
		free(watched->vfs);
		watched->vfs = take_ptr(now->vfs);
		watched->vf_count = now->vf_count;
	}
	if (looked & STALE_VGPUS) {
		free(watched->seen.vgpus);
		watched->seen.vgpus = take_ptr(now->look.vgpus);
		watched->seen.vgpu_count = now->look.vgpu_count;
		watched->unsure = false;
	}
	if (looked & STALE_TYPES) {
		free(watched->seen.creatable);
		watched->seen.creatable = take_ptr(now->look.creatable);
		watched->seen.creatable_count = now->look.creatable_count;
	}
}

/* One that goes meanwhile will be missing in the list of GPUs. */
static int read_now(struct watched *watched, struct now *now, unsigned int *ret_looked)
{
	struct framework *fw = watched->gpu->framework;
	unsigned int looked = watched->stale;
	int err = 0;

	if (looked & STALE_VFS)
		err = vfs_read(fw->os, watched->gpu->address, &now->vfs, &now->vf_count);
	if (err)
		looked &= ~STALE_VFS;
	if (looked & (STALE_VGPUS | STALE_TYPES)) {
		int blind = fw->ops.look(fw, looked & STALE_VGPUS, &now->look);

		if (blind)
			looked &= ~(STALE_VGPUS | STALE_TYPES);
		if (now->look.creatable_unknown)
			looked &= ~STALE_TYPES;
		for (size_t i = 0; i < now->look.vgpu_count; i++)
			recall_vf(&watched->seen, now->look.vgpus[i].uuid, now->look.vgpus[i].vf);
		err = err ? err : blind;
	}
	*ret_looked = looked;
	return err;
}

int watched_look(struct watched *watched, struct event_queue *queue)
{
	struct now now = { .vfs = NULL };
	unsigned int looked;
	int err = read_now(watched, &now, &looked);

	if (!watched->quiet)
		tell_difference(watched, &now, looked, queue);
	keep(watched, &now, looked);
	watched->quiet &= err != 0;
	watched->stale = 0;
	free(now.vfs);
	framework_look_fini(&now.look);
	return err;
}
