/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Mediated devices have a front end, which knows the kernel's mdev and VFIO cores, and a back end,
 * which knows vGPUs: the manager.  They are two modules that meet in these two tables, one for
 * each direction.
 *
 * Handshake: the front end fills version_string with NVVGPU_MDEV_OPS_VERSION and calls
 * nvvgpu_mgr_mdev_get_ops().  When the strings differ the back end writes its own into it and
 * fails, so that the caller can print both.  Then the front end gives its own table, by
 * nvvgpu_mgr_mdev_set_front(), and is told of the parents that there are.
 *
 * What is here is for mediated devices alone.  For a vGPU that is open, between vgpu_start() and
 * nvvgpu_mgr_close(), mgr.h has what the driver of virtual functions uses, too.
 */
#ifndef NVVGPU_MDEV_OPS_H
#define NVVGPU_MDEV_OPS_H

#include "mgr_device.h"

#define NVVGPU_MDEV_OPS_VERSION		"nvvgpu-mdev 2"

struct nvvgpu_mdev_front_ops;

/*
 * What has mediated devices: a board without SR-IOV, or a virtual function of a board whose
 * framework is mdev.  All that is done with it fails with -ENODEV while the board is suspended.
 */
struct nvvgpu_mgr_parent {
	const struct nvvgpu_mdev_front_ops *ops;	/* whose it is */
	struct pci_dev *pdev;
	struct mgr_device *md;		/* the manager's */
	u32 slot;			/* of the function; NVVGPU_SLOT_ANY: all of the board */
	void *front;			/* the front end's, from probe() to remove() */
};

/* The back end's. */
struct nvvgpu_mdev_ops {
	char version_string[32];

	/* Ids of the types as they are now, with room for NVVGPU_MAX_TYPES; their number. */
	int (*get_types)(const struct nvvgpu_mgr_parent *parent, u32 *ids);
	/* -ENODEV: no such type */
	int (*get_name)(const struct nvvgpu_mgr_parent *parent, u32 type_id,
			char name[NVVGPU_NAME_LEN]);
	ssize_t (*get_description)(const struct nvvgpu_mgr_parent *parent, u32 type_id, char *buf);
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

	/*
	 * nvvgpu_mgr_open(): boots it.  ref: what the front end's functions are called with for it,
	 * from within this call on.
	 */
	int (*vgpu_start)(const struct nvvgpu_mgr_parent *parent, const u8 *uuid, u32 vm_pid,
			  void *ref, struct nvvgpu_mgr_vgpu **ret);
	/* Of the vGPU that was started: a power of two, or 0 for a BAR that it has not. */
	u64 (*vgpu_bar_info)(const struct nvvgpu_mgr_vgpu *vgpu, u32 bar);
	/* As nvvgpu_mgr_sparse_mmap(); what they are of is BAR0 of the parent. */
	u32 (*get_sparse_mmap)(const struct nvvgpu_mgr_parent *parent,
			       const struct nvvgpu_mgr_vgpu *vgpu,
			       struct nvvgpu_mgr_area areas[NVVGPU_MGR_AREAS]);
};

/* The front end's. */
struct nvvgpu_mdev_front_ops {
	int (*probe)(struct nvvgpu_mgr_parent *parent);
	/* Has closed and destroyed what it made, and waited for who has one open. */
	void (*remove)(struct nvvgpu_mgr_parent *parent);
	struct nvvgpu_mgr_guest_ops vgpu;	/* inject_interrupt() and dma_rw() */
};

/* -EPROTONOSUPPORT: see the handshake above. */
int nvvgpu_mgr_mdev_get_ops(struct nvvgpu_mdev_ops *ops);
/*
 * Boards come and go by its probe() and remove() from here on.  -EBUSY: there is a front end.
 * NULL: it goes, and all boards are removed from it when this returns.
 */
int nvvgpu_mgr_mdev_set_front(const struct nvvgpu_mdev_front_ops *front);

/*
 * For the front end's driver of virtual functions: makes a parent of one that nvvgpu_mgr_vf_bind()
 * bound, and tells the front end.  -ENODEV: it has no mediated devices.
 */
int nvvgpu_mgr_mdev_add_vf(struct pci_dev *vf, struct nvvgpu_mgr_parent **ret);
void nvvgpu_mgr_mdev_remove_vf(struct nvvgpu_mgr_parent *parent);

#endif
