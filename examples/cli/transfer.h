/* SPDX-License-Identifier: MIT */
/* A running save, restore or verify: progress, cancelling by signal, and what it came to. */
#ifndef NVVGPU_CLI_TRANSFER_H
#define NVVGPU_CLI_TRANSFER_H

#include "cli.h"
#include "text.h"

struct transfer {
	struct nvvgpu_migrate_options *options;
	const char *doing;		/* "saving" */
	bool bar;			/* stderr is a terminal and nobody minds */
	size_t drawn;			/* columns that the bar takes now */
	double started;
	double seconds;
	uint64_t bytes;
};

#define AUTO_TRANSFER __attribute__((cleanup(transfer_free)))

/* 0 or an exit code; reads --timeout. */
int transfer_init(struct cli *cli, struct transfer *transfer, const char *doing);
void transfer_free(struct transfer *transfer);
/*
 * From here until transfer_free() SIGINT, SIGTERM and SIGHUP cancel the operation; a
 * second signal ends the process at once and removes partial (may be NULL).
 */
void transfer_begin(struct transfer *transfer, const char *partial);
/* Stops the clock and removes the bar. */
void transfer_end(struct transfer *transfer);

/* "4 GiB in 2.1 s (1.9 GiB/s)" */
void transfer_describe(const struct transfer *transfer, struct text *text);
/* "bytes", "seconds" and "bytes_per_second" as members of an object */
void transfer_members(const struct transfer *transfer, struct text *text);

#endif
