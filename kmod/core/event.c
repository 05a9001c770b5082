// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Events of the firmware: noted while the queue is read, told by the interrupt's
 * second half, or at the end of the call that read them, never under rpc_lock or
 * resource_lock.
 */
#include "internal.h"

void core_event_note(struct nvvgpu_core *core, const struct core_message *msg)
{
	const struct gsp_event_plugin *event = (const void *)msg->payload;
	u32 gfid, index;

	lockdep_assert_held(&core->rpc_lock);
	/* prints, samples and the like are of no use here */
	if (msg->function != GSP_EVENT_VGPU_PLUGIN_TRIGGERED || msg->len < sizeof(*event))
		return;
	gfid = le32_to_cpu(event->gfid);
	index = le32_to_cpu(event->notify_index);
	if (index == NVVGPU_PLUGIN_EVENT_CRASHED && gfid < CORE_MAX_GFIDS)
		set_bit(gfid, core->crashed);
	if (core->event_count == CORE_MAX_EVENTS) {
		pr_warn_ratelimited("nvvgpu: %s: event %u of gfid %u lost\n", core->hw->name, index, gfid);
		return;
	}
	core->events[core->event_count].gfid = gfid;
	core->events[core->event_count].index = index;
	core->event_count++;
}

static bool take_event(struct nvvgpu_core *core, struct core_event *event)
{
	bool found;

	mutex_lock(&core->rpc_lock);
	found = core->event_count;
	if (found) {
		*event = core->events[0];
		core->event_count--;
		memmove(&core->events[0], &core->events[1],
			core->event_count * sizeof(core->events[0]));
	}
	mutex_unlock(&core->rpc_lock);
	return found;
}

void core_event_dispatch(struct nvvgpu_core *core)
{
	void (*handler)(void *priv, u32 gfid, u32 event);
	struct core_event event;
	void *priv;

	mutex_lock(&core->handler_lock);
	handler = core->handler;
	priv = core->handler_priv;
	while (take_event(core, &event))
		if (handler)
			handler(priv, event.gfid, event.index);
	mutex_unlock(&core->handler_lock);
}

void core_event_set_handler(struct nvvgpu_core *core,
			    void (*handler)(void *priv, u32 gfid, u32 event), void *priv)
{
	mutex_lock(&core->handler_lock);
	core->handler = handler;
	core->handler_priv = priv;
	mutex_unlock(&core->handler_lock);
}
