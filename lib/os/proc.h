/* SPDX-License-Identifier: MIT */
/* Processes of the running host. */
#ifndef NVVGPU_LIB_OS_PROC_H
#define NVVGPU_LIB_OS_PROC_H

#include "os/os.h"

/* holders() of struct os_ops; @root: "/" of the machine, with its proc/ */
int proc_holders(struct os *os, int root, const char *name,
		 int (*each)(pid_t pid, const char *program, void *arg), void *arg);

/* The same for device nodes by their numbers. */
int proc_find_open(int root, const dev_t *devices, size_t count,
		   int (*each)(pid_t pid, const char *program, void *arg), void *arg);

#endif
