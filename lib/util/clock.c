// SPDX-License-Identifier: MIT
#include <time.h>
#include "util/clock.h"

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t clock_now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_real_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint64_t clock_deadline_ns(uint64_t timeout_ns)
{
	uint64_t deadline_ns;

	if (__builtin_add_overflow(clock_now_ns(), timeout_ns, &deadline_ns))
		return CLOCK_NEVER;
	return deadline_ns;
}

uint64_t clock_left_ns(uint64_t deadline_ns)
{
	uint64_t now_ns = clock_now_ns();

	return deadline_ns > now_ns ? deadline_ns - now_ns : 0;
}

void clock_pause_ns(uint64_t ns)
{
	const struct timespec pause = {
		.tv_sec = (time_t)(ns / NS_PER_SECOND),
		.tv_nsec = (long)(ns % NS_PER_SECOND),
	};

	nanosleep(&pause, NULL);
}
