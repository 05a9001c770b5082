/* SPDX-License-Identifier: MIT */
/* The "/dev/dri" nodes of a PCI function; each as in struct os_ops. */
#ifndef NVVGPU_LIB_OS_DRM_H
#define NVVGPU_LIB_OS_DRM_H

#include "os/os.h"

/* By libdrm; by the directory below where the library was built without it. */
int os_drm_nodes(struct os *os, const char *address, int (*each)(const char *node, void *arg),
		 void *arg);
/* By <function>/drm in sysfs: lib/os/drm_directory.c. */
int os_drm_directory(struct os *os, const char *address, int (*each)(const char *node, void *arg),
		     void *arg);

#endif
