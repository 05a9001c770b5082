// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* What nvkm.c and rfc_compat.c, modules of their own, need beside the ops table. */
#include "rfc.h"

int nvvgpu_core_control(struct nvvgpu_core *core, struct nvvgpu_client *client, u32 cmd,
			void *params, size_t size)
{
	return core_control(core, client, cmd, params, size);
}
EXPORT_SYMBOL_GPL(nvvgpu_core_control);

/* For a core whose firmware another driver has booted; its client and send_control are set. */
int nvvgpu_core_read_facts(struct nvvgpu_core *core)
{
	return core_read_facts(core);
}
EXPORT_SYMBOL_GPL(nvvgpu_core_read_facts);
