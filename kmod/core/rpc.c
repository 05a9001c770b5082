// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Remote procedure calls to the firmware, one at a time.  A reply is the request
 * with its results in place, so it is known by its function and by the number
 * the call was given; what else arrives meanwhile is an event, or the late reply
 * to a call that was given up.
 */
#include "internal.h"

#define RPC_TIMEOUT_MS 10000
#define SILENT_TIMEOUT_MS 200	/* once it did not answer, until it does */

/* A firmware that does not count calls leaves 0 there. */
static bool is_awaited(const struct core_message *msg, u32 function, u32 call)
{
	return msg->function == function && (!msg->call || msg->call == call);
}

/* Events do not hold up a call beyond its time, however many come. */
static int note_in_time(struct nvvgpu_core *core, const struct core_wait *wait,
			const struct core_message *msg)
{
	core_event_note(core, msg);
	return ktime_get_ns() < wait->deadline_ns ? 0 : -ETIMEDOUT;
}

/* It is slow, not dead: who waits now has the full time. */
static void note_heard(struct nvvgpu_core *core, struct core_wait *wait)
{
	core->silent = false;
	core_wait_start(wait, RPC_TIMEOUT_MS);
}

static int await(struct nvvgpu_core *core, u32 function, u32 timeout_ms, struct core_message *msg)
{
	struct core_wait wait;
	int err;

	core_wait_start(&wait, timeout_ms);
	for (;;) {
		err = core_queue_receive(core, msg);
		if (!err && core->silent)
			note_heard(core, &wait);
		if (err == -EAGAIN)
			err = core_wait_again(&wait);
		else if (!err && is_awaited(msg, function, core->queues.call))
			return msg->result == NV_OK ? 0 : core_refused(core, msg->result);
		else if (!err)
			err = note_in_time(core, &wait, msg);
		if (err)
			break;
	}
	core->silent |= err == -ETIMEDOUT;
	return err;
}

/*
 * The reply is one element.  Only the request that uploads the types is longer
 * than that, and of its reply nothing but the status is wanted: a firmware may
 * leave the rest away, or send it in continuation records, which are passed
 * over like events.
 */
static int take_reply(struct nvvgpu_core *core, u32 function, void *buf, size_t len)
{
	size_t least = len > GSP_RPC_MAX_PAYLOAD ? sizeof(struct gsp_rm_control) : len;
	struct core_message msg;
	int err;

	err = await(core, function, core->silent ? SILENT_TIMEOUT_MS : RPC_TIMEOUT_MS, &msg);
	if (err)
		return err;
	if (msg.len < least || msg.len > len)
		return -EBADMSG;
	if (msg.len)
		memcpy(buf, msg.payload, msg.len);
	return 0;
}

int core_rpc_call(struct nvvgpu_core *core, u32 function, void *payload, size_t len)
{
	int err;

	mutex_lock(&core->rpc_lock);
	core->calls++;
	err = core_queue_send(core, function, payload, len);
	if (!err)
		err = take_reply(core, function, payload, len);
	mutex_unlock(&core->rpc_lock);
	return err;
}

int core_rpc_post(struct nvvgpu_core *core, u32 function, const void *payload, size_t len)
{
	int err;

	mutex_lock(&core->rpc_lock);
	core->calls++;
	err = core_queue_send(core, function, payload, len);
	mutex_unlock(&core->rpc_lock);
	return err;
}

int core_rpc_wait_event(struct nvvgpu_core *core, u32 event, u32 timeout_ms)
{
	struct core_message msg;
	int err;

	mutex_lock(&core->rpc_lock);
	err = await(core, event, timeout_ms, &msg);
	mutex_unlock(&core->rpc_lock);
	return err;
}

/* What arrived without being asked for. */
void core_rpc_drain(struct nvvgpu_core *core)
{
	struct core_message msg;
	u32 i;

	if (!core->running)		/* the queues are another driver's */
		return;
	mutex_lock(&core->rpc_lock);
	/* at most what the queue holds: a firmware that never ends is heard again later */
	for (i = 0; i < GSP_QUEUE_SLOTS && !core_queue_receive(core, &msg); i++)
		core_event_note(core, &msg);
	mutex_unlock(&core->rpc_lock);
}
