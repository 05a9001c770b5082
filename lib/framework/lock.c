// SPDX-License-Identifier: MIT
#include <stdio.h>
#include "framework/lock.h"
#include "os/run.h"

#define TIMEOUT_MS 30000	/* a creation takes a second, an SR-IOV change several */

int framework_lock(struct os *os, const char *gpu, struct os_file **ret)
{
	char name[RUN_NAME_LEN], holder[128];
	struct run *run = os->ops->run(os);
	int err;

	snprintf(name, sizeof(name), "%s.lock", gpu);
	err = run_lock(run, name, TIMEOUT_MS, ret);
	if (err != -EBUSY)
		return err ? error_errno(err, gpu, "taking the lock in the run directory") : 0;
	if (run_lock_holder(run, name, holder, sizeof(holder)))
		snprintf(holder, sizeof(holder), "unknown");
	return error_setf(err, NVVGPU_REASON_BUSY, gpu, "try again when it is done",
			  "another program changes this GPU: process %s", holder);
}
