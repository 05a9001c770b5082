/* SPDX-License-Identifier: MIT */
/* Mixed-size mode of NVIDIA's drivers: they have no file for it, their management library tells. */
#ifndef NVVGPU_LIB_FRAMEWORK_MODE_H
#define NVVGPU_LIB_FRAMEWORK_MODE_H

#include "framework/framework.h"

static inline enum nvvgpu_mode mode_of(bool mixed)
{
	return mixed ? NVVGPU_GPU_MODE_MIXED_SIZE : NVVGPU_GPU_MODE_EQUAL_SIZE;
}

/* All with a last error.  UNKNOWN: it does not say */
int mode_read(struct framework *fw, enum nvvgpu_mode *ret);
/* And reads back.  Whoever calls it has the lock, and has looked whether vGPUs exist. */
int mode_write(struct framework *fw, enum nvvgpu_mode wanted);
int mode_fail_none(struct framework *fw);	/* there is no such mode */

#endif
