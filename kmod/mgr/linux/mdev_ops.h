/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Mediated devices have a front end, which knows the kernel's mdev and VFIO cores, and a back end,
 * which knows vGPUs: the manager.  They are two modules that meet in this table.
 *
 * Handshake: the caller fills version_string with NVVGPU_MDEV_OPS_VERSION and calls
 * nvvgpu_mgr_mdev_get_ops().  When the strings differ the back end writes its own into it and
 * fails, so that the caller can print both.
 */
#ifndef NVVGPU_MDEV_OPS_H
#define NVVGPU_MDEV_OPS_H

#include "mgr_device.h"

#define NVVGPU_MDEV_OPS_VERSION		"nvvgpu-mdev 1"

struct nvvgpu_mdev_ops {
	char version_string[32];

	/* The types as they are now, with room for NVVGPU_MAX_TYPES; their number. */
	int (*get_types)(const struct nvvgpu_mgr_parent *parent, struct nvvgpu_type_desc *types);
	ssize_t (*get_description)(const struct nvvgpu_type_desc *type, char *buf);
	/* How many more of that type could be created; 0 when that cannot be said. */
	u32 (*get_instances)(const struct nvvgpu_mgr_parent *parent, u32 type_id);

	/* Errors as those of NVVGPU_IOCTL_CREATE. */
	int (*vgpu_create)(const struct nvvgpu_mgr_parent *parent, u32 type_id, const u8 *uuid);
	/* -ENODEV: user space did already, through the manager's own device; -EBUSY: open. */
	int (*vgpu_delete)(const struct nvvgpu_mgr_parent *parent, const u8 *uuid);

	/* The file vgpu_params, as nvvgpu_mgr_show_params() and nvvgpu_mgr_store_params(). */
	ssize_t (*get_params)(const struct nvvgpu_mgr_parent *parent, const u8 *uuid, char *buf);
	ssize_t (*update_request)(const struct nvvgpu_mgr_parent *parent, const u8 *uuid,
				  const char *buf, size_t len);

	/* nvvgpu_mgr_open(): boots it; what follows is for a vGPU until it is stopped. */
	int (*vgpu_start)(const struct nvvgpu_mgr_parent *parent, const u8 *uuid, u32 vm_pid,
			  struct nvvgpu_mgr_vgpu **ret);
	void (*vgpu_stop)(struct nvvgpu_mgr_vgpu *vgpu);
	int (*vgpu_reset)(struct nvvgpu_mgr_vgpu *vgpu);
	int (*vgpu_set_bus_master)(struct nvvgpu_mgr_vgpu *vgpu, bool enable);
	const struct nvvgpu_type_desc *(*vgpu_type)(const struct nvvgpu_mgr_vgpu *vgpu);
	int (*vgpu_bar_read)(struct nvvgpu_mgr_vgpu *vgpu, u32 bar, u64 offset, void *buf,
			     size_t len);
	int (*vgpu_bar_write)(struct nvvgpu_mgr_vgpu *vgpu, u32 bar, u64 offset, const void *buf,
			      size_t len);
};

/* -EPROTONOSUPPORT: see the handshake above. */
int nvvgpu_mgr_mdev_get_ops(struct nvvgpu_mdev_ops *ops);

#endif
