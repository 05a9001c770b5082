/* SPDX-License-Identifier: MIT */
/* Who has the device of a vGPU open: what is in use is never destroyed. */
#ifndef NVVGPU_LIB_FRAMEWORK_HOLDER_H
#define NVVGPU_LIB_FRAMEWORK_HOLDER_H

#include "internal.h"

struct holder {
	pid_t pid;
	char program[32];
};

/*
 * The first one; name: as for vfio_open() of struct os_ops.  1: found; 0: nobody has it
 * open; -EACCES: nobody was found, but some processes may not be looked at; -errno.
 * Without a last error.
 */
int holder_find(struct os *os, const char *name, struct holder *ret);

/* Whether its vGPU runs; UNKNOWN where processes may not be looked at.  With a last error. */
int holder_state(struct os *os, const char *name, enum nvvgpu_vgpu_state *ret);

/* -EBUSY with a last error: somebody is seen to have it open; 0: nobody is */
int holder_check(struct os *os, const char *name, const char *object);

/* Opens it; -EBUSY names who has it.  With a last error. */
int holder_vfio_open(struct os *os, const char *name, const char *object, struct os_file **ret);

/* -EBUSY with a last error that names the process; holder NULL: it could not be found out */
int holder_refuse(const char *object, const struct holder *holder);

#endif
