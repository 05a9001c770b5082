// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Events of the manager.  Who reads the character device gets all of them from the ring; those
 * that change which vGPUs there are, or whether they run, are also sent to udev, by a work item
 * that reads the same ring with a cursor of its own.
 */
#include <linux/kobject.h>
#include "../internal.h"
#include "glue.h"

static const char *const sent[] = {
	[NVVGPU_EVENT_CREATED] = "created",
	[NVVGPU_EVENT_DESTROYED] = "destroyed",
	[NVVGPU_EVENT_STARTED] = "started",
	[NVVGPU_EVENT_STOPPED] = "stopped",
	[NVVGPU_EVENT_CRASHED] = "crashed",
};

/* See driver.c: takes no lock. */
static void event(void *priv)
{
	struct mgr_device *md = priv;

	atomic_inc(&md->news);
	wake_up_interruptible_poll(&md->wait, EPOLLIN | EPOLLRDNORM);
	schedule_work(&md->uevent_work);
}

const struct nvvgpu_mgr_host_ops mgr_host_ops = {
	.event = event,
};

/* What fell out of the ring is lost to udev. */
static bool take_next(struct mgr_device *md, struct nvvgpu_event_record *record)
{
	struct nvvgpu_mgr *mgr = md->mgr;
	u64 *cursor = &md->uevent_cursor;
	bool found;

	mutex_lock(&mgr->lock);
	*cursor = clamp(*cursor, mgr_event_oldest(mgr), mgr->next_sequence);
	found = *cursor < mgr->next_sequence;
	if (found)
		*record = mgr->events[(*cursor)++ % MGR_EVENTS];
	mutex_unlock(&mgr->lock);
	return found;
}

static bool next_event(struct mgr_device *md, struct nvvgpu_event_record *record)
{
	bool found;

	if (mgr_device_enter(md))
		return false;
	found = take_next(md, record);
	mgr_device_leave(md);
	return found;
}

static void send(struct mgr_device *md, const struct nvvgpu_event_record *record)
{
	char name[32], uuid[64], type[32], slot[32], vf[MGR_ADDRESS_LEN + 16];
	char *env[] = { name, uuid, type, slot, vf, NULL };
	char address[MGR_ADDRESS_LEN];

	if (record->kind >= ARRAY_SIZE(sent) || !sent[record->kind])
		return;
	snprintf(name, sizeof(name), "NVVGPU_EVENT=%s", sent[record->kind]);
	snprintf(uuid, sizeof(uuid), "NVVGPU_UUID=%pUb", record->uuid);
	snprintf(type, sizeof(type), "NVVGPU_TYPE=%u", record->type_id);
	snprintf(slot, sizeof(slot), "NVVGPU_SLOT=%u", record->slot);
	if (md->sriov) {
		mgr_vf_address(md, record->slot, address);
		snprintf(vf, sizeof(vf), "NVVGPU_VF=%s", address);
	} else {
		env[ARRAY_SIZE(env) - 2] = NULL;
	}
	kobject_uevent_env(&md->node->kobj, KOBJ_CHANGE, env);
}

static void send_pending(struct work_struct *work)
{
	struct mgr_device *md = container_of(work, struct mgr_device, uevent_work);
	struct nvvgpu_event_record record;

	mutex_lock(&md->uevent_lock);
	while (md->node && next_event(md, &record))
		send(md, &record);
	mutex_unlock(&md->uevent_lock);
}

void mgr_uevent_init(struct mgr_device *md)
{
	mutex_init(&md->uevent_lock);
	INIT_WORK(&md->uevent_work, send_pending);
}

void mgr_uevent_node(struct mgr_device *md, struct device *node)
{
	if (!node)
		flush_work(&md->uevent_work);	/* what happened until now is still sent */
	mutex_lock(&md->uevent_lock);
	md->node = node;
	mutex_unlock(&md->uevent_lock);
	if (node)
		schedule_work(&md->uevent_work);
}

void mgr_uevent_pause(struct mgr_device *md)
{
	mutex_lock(&md->uevent_lock);
}

void mgr_uevent_resume(struct mgr_device *md, bool skip)
{
	if (skip && !mgr_device_enter(md)) {
		md->uevent_cursor = nvvgpu_mgr_event_cursor(md->mgr);
		mgr_device_leave(md);
	}
	mutex_unlock(&md->uevent_lock);
}
