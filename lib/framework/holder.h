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

/* -EBUSY with a last error that names the process; holder NULL: it could not be found out */
int holder_refuse(const char *object, const struct holder *holder);

#endif
