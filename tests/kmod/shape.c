// SPDX-License-Identifier: MIT
/*
 * Whether kmod/core/rfc.h, where the kernel has no header of the first RFC, declares the same
 * layout as that header.  Compiled only; RFC_HEADER names it.
 */
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/types.h>

#define nvidia_vgpu_vfio_handle_data header_handle_data
#define nvidia_vgpu_gsp_client header_gsp_client
#define nvidia_vgpu_mem header_mem
#define nvkm_vgpu_mgr_vfio_ops header_ops
#define nvkm_vgpu_mgr_get_vfio_ops header_get_ops
#define NVIDIA_VGPU_EVENT_PCI_SRIOV_CONFIGURE HEADER_EVENT
#include RFC_HEADER
#undef nvidia_vgpu_vfio_handle_data
#undef nvidia_vgpu_gsp_client
#undef nvidia_vgpu_mem
#undef nvkm_vgpu_mgr_vfio_ops
#undef nvkm_vgpu_mgr_get_vfio_ops
#undef NVIDIA_VGPU_EVENT_PCI_SRIOV_CONFIGURE

#include "../core/rfc.h"

#define SAME(ours, theirs, member) \
	static_assert(offsetof(struct ours, member) == offsetof(struct theirs, member) && \
		      sizeof_field(struct ours, member) == sizeof_field(struct theirs, member))
#define SAME_SIZE(ours, theirs) static_assert(sizeof(struct ours) == sizeof(struct theirs))
#define SAME_OP(member) SAME(nvkm_vgpu_mgr_vfio_ops, header_ops, member)

static_assert((int)NVIDIA_VGPU_EVENT_PCI_SRIOV_CONFIGURE == (int)HEADER_EVENT);

SAME_SIZE(nvidia_vgpu_vfio_handle_data, header_handle_data);
SAME(nvidia_vgpu_vfio_handle_data, header_handle_data, priv);
SAME(nvidia_vgpu_vfio_handle_data, header_handle_data, notifier);

SAME_SIZE(nvidia_vgpu_gsp_client, header_gsp_client);
SAME(nvidia_vgpu_gsp_client, header_gsp_client, gsp_client);
SAME(nvidia_vgpu_gsp_client, header_gsp_client, gsp_device);

SAME_SIZE(nvidia_vgpu_mem, header_mem);
SAME(nvidia_vgpu_mem, header_mem, addr);
SAME(nvidia_vgpu_mem, header_mem, size);
SAME(nvidia_vgpu_mem, header_mem, bar1_vaddr);

SAME_SIZE(nvkm_vgpu_mgr_vfio_ops, header_ops);
SAME_OP(vgpu_mgr_is_enabled);
SAME_OP(get_handle);
SAME_OP(attach_handle);
SAME_OP(detach_handle);
SAME_OP(alloc_gsp_client);
SAME_OP(free_gsp_client);
SAME_OP(get_gsp_client_handle);
SAME_OP(rm_ctrl_get);
SAME_OP(rm_ctrl_wr);
SAME_OP(rm_ctrl_rd);
SAME_OP(rm_ctrl_done);
SAME_OP(alloc_chids);
SAME_OP(free_chids);
SAME_OP(alloc_fbmem);
SAME_OP(free_fbmem);
SAME_OP(bar1_map_mem);
SAME_OP(bar1_unmap_mem);
SAME_OP(get_engine_bitmap);

MODULE_DESCRIPTION("Test: the layout of the first vGPU RFC's interface");
MODULE_LICENSE("Dual MIT/GPL");
