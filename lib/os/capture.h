/* SPDX-License-Identifier: MIT */
/* What this library can see of a machine, as files: what it would see again in them. */
#ifndef NVVGPU_LIB_OS_CAPTURE_H
#define NVVGPU_LIB_OS_CAPTURE_H

#include "os/os.h"
#include "os/snapshot.h"

/*
 * After each PCI function: how many of them are done, and what was taken so far.  A non-zero
 * return ends the capture and is returned.
 */
typedef int (*os_capture_fn)(void *arg, size_t done, size_t total, uint64_t bytes);

/*
 * Only files that are named in capture.c are taken, none of which has a serial
 * number or a network address, and never the configuration space, which has.
 * What cannot be read is left out: it cannot be read in the snapshot either.
 * *ret is sealed.
 */
int os_capture(struct os *os, os_capture_fn report, void *arg, struct snapshot **ret);

#endif
