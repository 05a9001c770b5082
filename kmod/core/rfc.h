/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The interface between nvkm and the vGPU manager in the first RFC for vGPU on upstream Linux
 * (September 2024), and what the two modules that speak it need of nvvgpu_core: nvkm.c uses the
 * interface, rfc_compat.c offers it.  Its names, order and types are given by who is at the
 * other end; the kernel's own header is taken where there is one.
 */
#ifndef NVVGPU_RFC_H
#define NVVGPU_RFC_H

#include <linux/notifier.h>
#include "internal.h"

#ifdef NVVGPU_HAVE_RFC_HEADER
#include <drm/nvkm_vgpu_mgr_vfio.h>
#else

enum {
	NVIDIA_VGPU_EVENT_PCI_SRIOV_CONFIGURE = 0,
};

/* Who has taken a board; priv NULL: nobody. */
struct nvidia_vgpu_vfio_handle_data {
	void *priv;
	struct notifier_block notifier;
};

/* An RM client, and its device. */
struct nvidia_vgpu_gsp_client {
	void *gsp_client;
	void *gsp_device;
};

/* A piece of framebuffer; the address in the kernel is valid while it is mapped. */
struct nvidia_vgpu_mem {
	u64 addr;
	u64 size;
	void __iomem *bar1_vaddr;
};

/*
 * "handle" is the driver data of the physical function.  Pointers that can fail are error
 * pointers.  A control that is written consumes its buffer, one that is read gives a buffer to
 * be released with rm_ctrl_done().
 */
struct nvkm_vgpu_mgr_vfio_ops {
	bool (*vgpu_mgr_is_enabled)(void *handle);
	void (*get_handle)(void *handle, struct nvidia_vgpu_vfio_handle_data *ret);
	int (*attach_handle)(void *handle, struct nvidia_vgpu_vfio_handle_data *who);
	void (*detach_handle)(void *handle);
	int (*alloc_gsp_client)(void *handle, struct nvidia_vgpu_gsp_client *ret);
	void (*free_gsp_client)(struct nvidia_vgpu_gsp_client *client);
	u32 (*get_gsp_client_handle)(struct nvidia_vgpu_gsp_client *client);
	void *(*rm_ctrl_get)(struct nvidia_vgpu_gsp_client *client, u32 cmd, u32 bytes);
	int (*rm_ctrl_wr)(struct nvidia_vgpu_gsp_client *client, void *params);
	void *(*rm_ctrl_rd)(struct nvidia_vgpu_gsp_client *client, u32 cmd, u32 bytes);
	void (*rm_ctrl_done)(struct nvidia_vgpu_gsp_client *client, void *params);
	int (*alloc_chids)(void *handle, int count);
	void (*free_chids)(void *handle, int first, int count);
	struct nvidia_vgpu_mem *(*alloc_fbmem)(void *handle, u64 bytes, bool vmmu_aligned);
	void (*free_fbmem)(struct nvidia_vgpu_mem *mem);
	int (*bar1_map_mem)(struct nvidia_vgpu_mem *mem);
	void (*bar1_unmap_mem)(struct nvidia_vgpu_mem *mem);
	void (*get_engine_bitmap)(void *handle, unsigned long *ret);
};

struct nvkm_vgpu_mgr_vfio_ops *nvkm_vgpu_mgr_get_vfio_ops(void *handle);

#endif

/* the name of the PCI driver whose driver data is a handle */
#define RFC_PF_DRIVER	"nvkm"

/* rfc.c: what these modules need beside the ops table */
int nvvgpu_core_control(struct nvvgpu_core *core, struct nvvgpu_client *client, u32 cmd,
			void *params, size_t size);
int nvvgpu_core_read_facts(struct nvvgpu_core *core);

#endif
