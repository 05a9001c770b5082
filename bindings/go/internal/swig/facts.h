/* SPDX-License-Identifier: MIT */
#ifndef NVVGPU_GO_FACTS_H
#define NVVGPU_GO_FACTS_H

#include <nvvgpu/nvvgpu.h>

/* What does not change while a vGPU lives; strings live as long as the object. */
struct vgpu_facts {
	struct nvvgpu_vgpu *vgpu;
	const char *uuid;
	const char *type_name;
	const char *gpu_address;
	const char *vf;
	const char *owner;
	const char *vfio;
	uint64_t framebuffer_bytes;
	uint32_t type_id;
	uint32_t placement;
	bool has_placement;
	bool created;
};

#endif
