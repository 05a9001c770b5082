// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Bounded waiting: looks again after pauses that grow from 10 us to 1 ms. */
#include "internal.h"

void core_wait_start(struct core_wait *wait, u32 timeout_ms)
{
	wait->deadline_ns = ktime_get_ns() + timeout_ms * NSEC_PER_MSEC;
	wait->pause_us = 10;
}

int core_wait_again(struct core_wait *wait)
{
	if (ktime_get_ns() >= wait->deadline_ns)
		return -ETIMEDOUT;
	usleep_range(wait->pause_us, 2 * wait->pause_us);
	wait->pause_us = min(2 * wait->pause_us, 1000U);
	return 0;
}

int core_wait_reg(struct nvvgpu_core *core, u32 reg, u32 mask, u32 value, u32 timeout_ms)
{
	struct core_wait wait;
	int err = 0;

	core_wait_start(&wait, timeout_ms);
	while (!err && (core_rd32(core, reg) & mask) != value)
		err = core_wait_again(&wait);
	return err;
}
