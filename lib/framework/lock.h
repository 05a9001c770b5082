/* SPDX-License-Identifier: MIT */
/* One change at a time: what only one program may do with a GPU. */
#ifndef NVVGPU_LIB_FRAMEWORK_LOCK_H
#define NVVGPU_LIB_FRAMEWORK_LOCK_H

#include "internal.h"

/*
 * The lock of a GPU and of all its VFs, across threads, processes and programs of this
 * library; given back with os_file_close(), or when the process ends.  Frameworks whose
 * driver does several steps in one take none.
 *
 * Return: 0; -EBUSY another program had it for too long, which the last error names.
 */
int framework_lock(struct os *os, const char *gpu, struct os_file **ret);

static inline void framework_unlock(struct os_file **lock)
{
	os_file_close(*lock);
}

#define __cleanup_lock __cleanup(framework_unlock)

#endif
