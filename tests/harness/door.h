/* SPDX-License-Identifier: MIT */
/*
 * A door to another door: what goes through can be looked at, refused, or done otherwise,
 * so that the driver behind it can be one that fails.
 */
#ifndef NVVGPU_TESTS_DOOR_H
#define NVVGPU_TESTS_DOOR_H

#include "os/os.h"

#define DOOR_PASS	0
#define DOOR_DONE	1	/* the hook did it all */

struct door {
	struct os os;		/* the first: what is handed on as the host */
	struct os *inner;
	int writes;		/* attributes written so far, refused ones too */
	/* NULL: everything passes; else DOOR_PASS, DOOR_DONE or -errno */
	int (*on_write)(struct door *door, const char *path, const char *value);
	int (*on_read)(struct door *door, const char *path, char *buf, size_t size);
	/* both for the name and the parent of a target */
	int (*on_link)(struct door *door, const char *path, char *buf, size_t size);
	int (*on_list)(struct door *door, const char *path);	/* DOOR_PASS or -errno */
	int (*on_holders)(struct door *door, const char *name,
			  int (*each)(pid_t pid, const char *program, void *arg), void *arg);
	int (*on_mixed_set)(struct door *door, bool mixed);
	/* NVIDIA's tool; NULL: there is none */
	int (*tool)(struct door *door, bool enable, char *output, size_t size);
	uint64_t tool_timeout_ns;	/* that it had the last time */
	uint64_t changes;	/* what it tells of them; 0: what the door behind it does */
	int number;		/* for the hooks of a test */
	bool flag;
};

/* Fails the running test when it cannot be opened. */
void door_open(struct door *door, const char *uri);
void door_close(struct door *door);
/* The path ends in this; "/nvidia/current_vgpu_type" */
bool door_ends(const char *path, const char *end);

#endif
