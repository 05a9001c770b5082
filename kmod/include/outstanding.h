/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What a module has given away and others release: long after it was removed, perhaps, as whoever
 * holds the last reference pleases.  The code of the release has to be there until then, so the
 * module's exit waits.
 */
#ifndef NVVGPU_OUTSTANDING_H
#define NVVGPU_OUTSTANDING_H

#include <linux/atomic.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>

static inline void outstanding_add(atomic_t *count)
{
	atomic_inc(count);
}

/* The last thing that a release does. */
static inline void outstanding_drop(atomic_t *count)
{
	if (atomic_dec_and_test(count))
		wake_up_var(count);
}

static inline void outstanding_wait(atomic_t *count)
{
	wait_var_event(count, !atomic_read(count));
}

#endif
