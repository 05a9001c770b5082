/* SPDX-License-Identifier: MIT */
/*
 * A tree of files in memory: what an archive of a machine holds.  It is filled,
 * sealed, and from then on only read, by any number of threads.
 *
 * Paths are relative to the root, "sys/bus/pci/devices", without ".." and
 * empty components.  Links are followed as in a directory that is the root of
 * a file system: one that leads out of it leads to its root.
 */
#ifndef NVVGPU_LIB_OS_SNAPSHOT_H
#define NVVGPU_LIB_OS_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

/* More than any machine has: 64 GPUs of 64 VFs with as many types each. */
#define SNAPSHOT_MAX_ENTRIES	(1u << 20)
#define SNAPSHOT_MAX_BYTES	(256u << 20)
#define SNAPSHOT_MAX_FILE	(16u << 20)

enum snapshot_kind {
	SNAPSHOT_DIRECTORY,
	SNAPSHOT_FILE,
	SNAPSHOT_LINK,
};

struct snapshot_entry {
	char *path;
	enum snapshot_kind kind;
	uint8_t *data;		/* of a file; a link's target, with a NUL behind it */
	size_t len;
	size_t number;		/* in the order of coming: of two with one path the first counts */
};

struct snapshot {
	struct snapshot_entry *entries;		/* ordered by path once it is sealed */
	size_t count, room;
	uint64_t bytes;		/* all paths and data */
};

struct snapshot *snapshot_new(void);		/* NULL: no memory */
void snapshot_free(struct snapshot *snapshot);	/* NULL is allowed */

/*
 * All copy what they are given.  -EINVAL: not such a path; -EFBIG: more than a
 * machine has; -ENOMEM.  Directories above an entry need not be added.
 */
int snapshot_add_directory(struct snapshot *snapshot, const char *path);
int snapshot_add_file(struct snapshot *snapshot, const char *path, const void *data, size_t len);
int snapshot_add_link(struct snapshot *snapshot, const char *path, const char *target);
/* Adds the directories that are missing. */
int snapshot_seal(struct snapshot *snapshot);

/* As in struct os_ops. */
int snapshot_read(const struct snapshot *snapshot, const char *path, char *buf, size_t size,
		  size_t *ret_len);
int snapshot_link(const struct snapshot *snapshot, const char *path, char *buf, size_t size);
int snapshot_link_parent(const struct snapshot *snapshot, const char *path, char *buf, size_t size);
int snapshot_list(const struct snapshot *snapshot, const char *path,
		  int (*each)(const char *name, void *arg), void *arg);
/* The file itself, lent; NULL: there is none */
const struct snapshot_entry *snapshot_file(const struct snapshot *snapshot, const char *path);

#endif
