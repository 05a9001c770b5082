// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* The ring of event records.  A cursor is the sequence of the next record a reader wants. */
#include "internal.h"

#define READ_BATCH	8

static_assert((MGR_EVENTS & (MGR_EVENTS - 1)) == 0, "a sequence maps to one place of the ring");

void mgr_event_add(struct nvvgpu_mgr *mgr, u32 kind, const struct nvvgpu_mgr_vgpu *vgpu, u64 value)
{
	struct nvvgpu_event_record *record = &mgr->events[mgr->next_sequence % MGR_EVENTS];

	memset(record, 0, sizeof(*record));
	record->sequence = mgr->next_sequence++;
	record->time_ns = ktime_get_real_ns();
	record->kind = kind;
	record->value = value;
	if (vgpu) {
		record->vgpu_id = vgpu->id;
		record->slot = vgpu->plan.slot;
		record->type_id = vgpu->type.id;
		memcpy(record->uuid, vgpu->uuid, sizeof(record->uuid));
	}
	mgr->wake = true;
}

void mgr_event_wake(struct nvvgpu_mgr *mgr)
{
	const struct nvvgpu_mgr_host_ops *host = mgr->config.host_ops;
	bool wake;

	mutex_lock(&mgr->lock);
	wake = mgr->wake;
	mgr->wake = false;
	mutex_unlock(&mgr->lock);
	if (wake && host && host->event)
		host->event(mgr->config.host_priv);
}

u64 mgr_event_oldest(const struct nvvgpu_mgr *mgr)
{
	return mgr->next_sequence > MGR_EVENTS ? mgr->next_sequence - MGR_EVENTS : 1;
}

/* What the reader missed, as a record in the place of the last that was lost. */
static void lost_record(struct nvvgpu_event_record *record, u64 cursor, u64 oldest)
{
	memset(record, 0, sizeof(*record));
	record->sequence = oldest - 1;
	record->time_ns = ktime_get_real_ns();
	record->kind = NVVGPU_EVENT_LOST;
	record->value = oldest - cursor;
}

/* Up to room records after *cursor, which it advances. */
static u32 collect(struct nvvgpu_mgr *mgr, u64 *cursor, struct nvvgpu_event_record *records,
		   u32 room)
{
	u64 oldest;
	u32 count = 0;

	mutex_lock(&mgr->lock);
	oldest = mgr_event_oldest(mgr);
	if (*cursor < oldest) {
		lost_record(&records[count++], *cursor, oldest);
		*cursor = oldest;
	}
	if (*cursor > mgr->next_sequence)
		*cursor = mgr->next_sequence;
	while (count < room && *cursor < mgr->next_sequence)
		records[count++] = mgr->events[(*cursor)++ % MGR_EVENTS];
	mutex_unlock(&mgr->lock);
	return count;
}

ssize_t nvvgpu_mgr_event_read(struct nvvgpu_mgr *mgr, u64 *cursor, void __user *buf, size_t size)
{
	struct nvvgpu_event_record records[READ_BATCH];
	size_t room = size / sizeof(records[0]);
	size_t done = 0;

	if (!room)
		return -EINVAL;
	while (done < room) {
		u64 next = *cursor;
		u32 count = collect(mgr, &next, records, min_t(size_t, room - done, READ_BATCH));

		if (!count) {
			*cursor = next;
			break;
		}
		if (copy_to_user((u8 __user *)buf + done * sizeof(records[0]), records,
				 count * sizeof(records[0])))
			return done ? (ssize_t)(done * sizeof(records[0])) : -EFAULT;
		*cursor = next;
		done += count;
	}
	return done * sizeof(records[0]);
}

u64 nvvgpu_mgr_event_cursor(struct nvvgpu_mgr *mgr)
{
	u64 cursor;

	mutex_lock(&mgr->lock);
	cursor = mgr->next_sequence;
	mutex_unlock(&mgr->lock);
	return cursor;
}

bool nvvgpu_mgr_event_pending(struct nvvgpu_mgr *mgr, u64 cursor)
{
	return cursor < nvvgpu_mgr_event_cursor(mgr);
}
