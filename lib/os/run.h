/* SPDX-License-Identifier: MIT */
/*
 * What has to survive a process but not the machine's next start: small texts, and locks
 * that hold across processes.  A directory of files; for an emulated host without a state
 * directory the same in memory, for the threads of this process.
 *
 * Names are one component of a path.  All calls return 0 or -errno and are safe from
 * several threads.
 */
#ifndef NVVGPU_LIB_OS_RUN_H
#define NVVGPU_LIB_OS_RUN_H

#include "os/os.h"

#define RUN_NAME_LEN	96
#define RUN_TEXT_LEN	4096	/* longest text that is read */

struct run;
struct snapshot;

/*
 * The directory @path below @root, which stays the caller's; it is made when it is first
 * written to.  mode: of the directory; 0: it can only be read.  root -1: in memory.
 */
int run_new(int root, const char *path, mode_t mode, struct run **ret);
/* The same of a captured machine, which stays the caller's and can only be read. */
int run_new_captured(const struct snapshot *snapshot, const char *path, struct run **ret);
void run_free(struct run *run);		/* NULL is allowed */

/*
 * Nobody else has the lock until os_file_close() of *ret, or until this process ends.
 * -EBUSY after @timeout_ms; run_lock_holder() says who has it, "4711 nvvgpu".
 */
int run_lock(struct run *run, const char *name, unsigned int timeout_ms, struct os_file **ret);
int run_lock_holder(struct run *run, const char *name, char *buf, size_t size);

int run_read(struct run *run, const char *name, char *buf, size_t size);	/* -ENOENT: none */
int run_write(struct run *run, const char *name, const char *text);
int run_rename(struct run *run, const char *from, const char *to);
int run_remove(struct run *run, const char *name);	/* 0 also when there is none */
/* as list of struct os_ops; no directory yet is an empty one */
int run_list(struct run *run, int (*each)(const char *name, void *arg), void *arg);

#endif
