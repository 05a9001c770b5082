/* SPDX-License-Identifier: MIT */
/* The door of an open host, with a book of what went through it. */
#ifndef NVVGPU_TESTS_COUNTING_H
#define NVVGPU_TESTS_COUNTING_H

#include "objects.h"

struct counting {
	struct os os;		/* what the host has instead of its own; first */
	struct os_ops ops;
	struct os *real;
	struct nvvgpu *host;
	char **paths;		/* "a " an attribute, "l " a link, "d " a directory; then the path */
	size_t count, room;
};

/* Before the host is asked for anything. */
void counting_begin(struct counting *counting, struct nvvgpu *host);
/* Gives the host its own door back; no GPU of it may be used any more. */
void counting_end(struct counting *counting);
/* How many; and the first that was read twice, NULL: none */
size_t counting_reads(const struct counting *counting, char kind);
const char *counting_twice(struct counting *counting, char kind);
void counting_forget(struct counting *counting);

#endif
