/* SPDX-License-Identifier: MIT */
/* NVIDIA's table of vGPU types, vgpuConfig.xml, as the host driver installs it. */
#ifndef NVVGPU_LIB_FRAMEWORK_VGPU_CONFIG_H
#define NVVGPU_LIB_FRAMEWORK_VGPU_CONFIG_H

#include "framework/framework.h"

/*
 * The types of a board by its PCI ids, ordered by id, at most @room.  Return: how many; 0
 * when there is no such file, it does not know the board, it is damaged, or this library
 * was built without an XML parser.
 */
uint32_t vgpu_config_types(struct os *os, uint16_t device, uint16_t subsystem,
			   struct framework_type *types, uint32_t room);

/* The same from the text of a file. */
uint32_t vgpu_config_parse(const char *text, size_t len, uint16_t device, uint16_t subsystem,
			   struct framework_type *types, uint32_t room);

#endif
