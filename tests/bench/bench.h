/* SPDX-License-Identifier: MIT */
/*
 * Two ways to do the same work, measured side by side.
 *
 * A measurement returns units per second (more is better) or a negative number
 * when it failed.  ratio = ours / reference: 1.00 means that the library costs
 * nothing over the bare calls.
 */
#ifndef NVVGPU_TESTS_BENCH_H
#define NVVGPU_TESTS_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BENCH_RUNS 9	/* of each side, after one warm-up; odd, so that the median is a run */

typedef double (*bench_fn)(void *ctx);

static inline uint64_t bench_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* units per second since @start_ns */
static inline double bench_rate(double units, uint64_t start_ns)
{
	uint64_t elapsed_ns = bench_now_ns() - start_ns;

	return units * 1e9 / (double)(elapsed_ns ? elapsed_ns : 1);
}

static inline int bench_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double bench_median(const double *samples, size_t count)
{
	double sorted[BENCH_RUNS];

	if (count == 0 || count > BENCH_RUNS)
		return -1;
	memcpy(sorted, samples, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), bench_order);
	return sorted[count / 2];
}

static inline void bench_print(const char *name, const char *unit, double ours, double reference)
{
	printf("%s: ours %.1f %s reference %.1f %s ratio %.2f\n", name, ours, unit, reference,
	       unit, ours / reference);
	fflush(stdout);
}

/*
 * Runs both sides alternately, so that a change of the machine's speed meets
 * both, and prints one line with the medians.  Return: 0, or 1 when a
 * measurement failed.
 */
static inline int bench_compare(const char *name, const char *unit, bench_fn ours,
				bench_fn reference, void *ctx)
{
	double a[BENCH_RUNS], b[BENCH_RUNS];
	size_t i;

	if (ours(ctx) < 0 || reference(ctx) < 0)
		goto failed;
	for (i = 0; i < BENCH_RUNS; i++) {
		a[i] = ours(ctx);
		b[i] = reference(ctx);
		if (a[i] < 0 || b[i] < 0)
			goto failed;
	}
	bench_print(name, unit, bench_median(a, BENCH_RUNS), bench_median(b, BENCH_RUNS));
	return 0;
failed:
	fprintf(stderr, "%s: a measurement failed\n", name);
	return 1;
}

#endif
