/* SPDX-License-Identifier: MIT */
/* How long something takes, until when it is waited for, and when it happened. */
#ifndef NVVGPU_UTIL_CLOCK_H
#define NVVGPU_UTIL_CLOCK_H

#include <stdint.h>

#define NS_PER_SECOND	1000000000ull
#define NS_PER_MS	1000000ull

#define CLOCK_NEVER	UINT64_MAX	/* a deadline that does not come */

uint64_t clock_now_ns(void);	/* only goes forward */
uint64_t clock_real_ns(void);	/* since 1970, as in the events of drivers */

/* From now; CLOCK_NEVER where that is later than can be said. */
uint64_t clock_deadline_ns(uint64_t timeout_ns);
uint64_t clock_left_ns(uint64_t deadline_ns);	/* 0: it has passed */
void clock_pause_ns(uint64_t ns);	/* a signal may end it early */

#endif
