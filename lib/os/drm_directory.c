// SPDX-License-Identifier: MIT
/* DRM nodes by the names in <function>/drm, where there is no /dev/dri to ask. */
#include <errno.h>
#include <stdio.h>
#include "os/drm.h"

struct visit {
	int (*each)(const char *node, void *arg);
	void *arg;
};

static int visit_entry(const char *name, void *arg)
{
	struct visit *visit = arg;
	unsigned int minor;
	char node[32], end;

	/* other entries are connectors and links */
	if (sscanf(name, "card%u%c", &minor, &end) == 1)
		snprintf(node, sizeof(node), "/dev/dri/card%u", minor);
	else if (sscanf(name, "renderD%u%c", &minor, &end) == 1)
		snprintf(node, sizeof(node), "/dev/dri/renderD%u", minor);
	else
		return 0;
	return visit->each(node, visit->arg);
}

int os_drm_directory(struct os *os, const char *address, int (*each)(const char *node, void *arg),
		     void *arg)
{
	struct visit visit = { .each = each, .arg = arg };
	char path[128];
	int err;

	snprintf(path, sizeof(path), "bus/pci/devices/%s/drm", address);
	err = os->ops->list(os, path, visit_entry, &visit);
	return err == -ENOENT ? 0 : err;
}
