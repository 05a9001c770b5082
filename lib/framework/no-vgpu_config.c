// SPDX-License-Identifier: MIT
/* Built without an XML parser. */
#include "framework/vgpu_config.h"

uint32_t vgpu_config_types(struct os *os, uint16_t device, uint16_t subsystem,
			   struct framework_type *types, uint32_t room)
{
	return 0;
}

uint32_t vgpu_config_parse(const char *text, size_t len, uint16_t device, uint16_t subsystem,
			   struct framework_type *types, uint32_t room)
{
	return 0;
}
