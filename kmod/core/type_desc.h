/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* A vGPU type as the drivers speak of it; no firmware layout. */
#ifndef NVVGPU_TYPE_DESC_H
#define NVVGPU_TYPE_DESC_H

#include "nvvgpu_kernel.h"

struct nvvgpu_type_desc {
	u32 id;
	char name[32];		/* "NVIDIA L40-1B" */
	char class_name[32];	/* "NVS", "Quadro", "Compute", "vApps" */
	char license[128];
	u32 max_instances;
	u32 heads;
	u32 max_width;
	u32 max_height;
	u64 max_pixels;
	u32 frame_rate_limit;
	u32 cuda_enabled;
	u32 ecc_supported;
	u32 multi_vgpu_exclusive;
	u32 frl_enabled;
	u32 vdev_id;		/* device << 16 | subsystem of the virtual function */
	u32 pdev_id;		/* device id of the board */
	u64 profile_bytes;	/* nominal size = framebuffer + reservation */
	u64 framebuffer_bytes;
	u64 reservation_bytes;
	u64 gsp_heap_bytes;
	u64 mappable_video_bytes;
	u32 encoder_capacity;
	u32 bar1_mib;
};

#endif
