// SPDX-License-Identifier: MIT
/* Stands in for drm.c in a build without libdrm. */
#include "os/drm.h"

int os_drm_nodes(struct os *os, const char *address, int (*each)(const char *node, void *arg),
		 void *arg)
{
	return os_drm_directory(os, address, each, arg);
}
