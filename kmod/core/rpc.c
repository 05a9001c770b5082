// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Remote procedure calls to the firmware.  A reply is recognised by its function
 * number; whatever else arrives meanwhile is an event.
 */
#include "internal.h"

#define RPC_TIMEOUT_MS 10000
#define FIRST_EVENT 0x1000

/* The next element that is no event. */
static int receive_reply(struct nvvgpu_core *core, struct core_wait *wait, u32 function,
			 u32 *ret_result, const u8 **ret_payload, size_t *ret_len)
{
	u32 got;
	int err;

	for (;;) {
		err = core_queue_receive(core, &got, ret_result, ret_payload, ret_len);
		if (err == -EAGAIN)
			err = core_wait_again(wait);
		else if (!err && got == function)
			return 0;
		else if (!err)
			core_event_note(core, got, *ret_payload, *ret_len);
		if (err)
			return err;
	}
}

/*
 * The reply is one element.  Only the request that uploads the types is longer
 * than that, and of its reply nothing but the status is wanted: a firmware may
 * leave the rest away, or send it in continuation records, which are passed
 * over like events.
 */
static int receive(struct nvvgpu_core *core, u32 function, void *buf, size_t len)
{
	struct core_wait wait;
	const u8 *payload;
	u32 result;
	size_t got;
	int err;

	core_wait_start(&wait, RPC_TIMEOUT_MS);
	err = receive_reply(core, &wait, function, &result, &payload, &got);
	if (err)
		return err;
	if (result != NV_OK) {
		core->last_status = result;
		return -EIO;
	}
	/* of a request longer than one element at least the control's header comes back */
	if (got > len || (got < len && len <= GSP_RPC_MAX_PAYLOAD) ||
	    (got < len && got < sizeof(struct gsp_rm_control)))
		return -EBADMSG;
	if (got)
		memcpy(buf, payload, got);
	return 0;
}

int core_rpc_call(struct nvvgpu_core *core, u32 function, void *payload, size_t len)
{
	int err;

	mutex_lock(&core->rpc_lock);
	core->calls++;
	err = core_queue_send(core, function, payload, len);
	if (!err)
		err = receive(core, function, payload, len);
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
	struct core_wait wait;
	const u8 *payload;
	u32 result;
	size_t len;
	int err;

	mutex_lock(&core->rpc_lock);
	core_wait_start(&wait, timeout_ms);
	err = receive_reply(core, &wait, event, &result, &payload, &len);
	if (!err && result != NV_OK) {
		core->last_status = result;
		err = -EIO;
	}
	mutex_unlock(&core->rpc_lock);
	return err;
}

/* What arrived without being asked for. */
void core_rpc_drain(struct nvvgpu_core *core)
{
	const u8 *payload;
	u32 function, result;
	size_t len;

	mutex_lock(&core->rpc_lock);
	while (!core_queue_receive(core, &function, &result, &payload, &len))
		if (function >= FIRST_EVENT)
			core_event_note(core, function, payload, len);
	mutex_unlock(&core->rpc_lock);
}
