/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Life of the core driver on one physical function; for the glue, not for the manager. */
#ifndef NVVGPU_CORE_H
#define NVVGPU_CORE_H

#include "core_ops.h"
#include "hw.h"

/*
 * Boots the firmware (gsp.md 1.2 in the shape an emulated board has: no SEC2 or
 * FWSEC images), waits for GSP_INIT_DONE, reads the static information.  hw must
 * stay valid until nvvgpu_core_stop().  -ENODEV: not a supported board.
 */
int nvvgpu_core_start(struct nvvgpu_hw *hw, struct nvvgpu_core **ret);
void nvvgpu_core_stop(struct nvvgpu_core *core);

/* The interrupt handler's second half: acknowledges, drains the status queue, dispatches events. */
void nvvgpu_core_interrupt(struct nvvgpu_core *core);

#endif
