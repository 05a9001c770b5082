// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Faults on purpose and time without waiting; only in test builds (NVVGPU_FAULT_INJECTION). */
#include "nvvgpu_kernel.h"

#ifdef NVVGPU_FAULT_INJECTION

static _Thread_local unsigned long fail_in;
static _Thread_local u64 clock_offset_ns;
static long allocs;

void nvvgpu_shim_fail_alloc_nth(unsigned long n)
{
	fail_in = n;
}

long nvvgpu_shim_allocs(void)
{
	return __atomic_load_n(&allocs, __ATOMIC_RELAXED);
}

void *nvvgpu_shim_alloc(size_t n, size_t size)
{
	void *p;

	if (fail_in && --fail_in == 0)
		return NULL;
	p = calloc(n, size);
	if (p)
		__atomic_add_fetch(&allocs, 1, __ATOMIC_RELAXED);
	return p;
}

void nvvgpu_shim_free(const void *p)
{
	if (p)
		__atomic_sub_fetch(&allocs, 1, __ATOMIC_RELAXED);
	free((void *)p);
}

void nvvgpu_shim_wait(u64 ns)
{
	clock_offset_ns += ns;
}

u64 ktime_get_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec + clock_offset_ns;
}

#endif
