/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The vGPU manager of one physical function: types, placement, life cycle,
 * parameters, events, warm update.  The glue around it (character device and
 * sysfs in the module, lib/os/emu/ in user space) uses only this header.
 */
#ifndef NVVGPU_MGR_H
#define NVVGPU_MGR_H

#include "../core/core_ops.h"
#include <uapi/nvvgpu.h>

struct nvvgpu_mgr;
struct nvvgpu_mgr_vgpu;		/* an open vGPU; from nvvgpu_mgr_open to nvvgpu_mgr_close */

struct nvvgpu_mgr_host_ops {
	/* a new event is in the ring; wake the readers.  No manager lock is held */
	void (*event)(void *priv);
};

struct nvvgpu_mgr_config {
	u32 slots;			/* VFs, or instances on a board without SR-IOV */
	bool sriov;
	bool mixed_size_capable;
	bool placement_capable;		/* equal-size placements (Ada and later) */
	u32 placement_units;		/* one unit per GiB of guest framebuffer */
	const char *driver_version;
	const struct nvvgpu_mgr_host_ops *host_ops;
	void *host_priv;
};

int nvvgpu_mgr_start(struct nvvgpu_core *core, const struct nvvgpu_mgr_config *config,
		     struct nvvgpu_mgr **ret);
void nvvgpu_mgr_stop(struct nvvgpu_mgr *mgr);	/* destroys what is left; nothing may be open */
/*
 * Warm update, after NVVGPU_IOCTL_WARM_SAVE: as nvvgpu_mgr_stop(), but the
 * vGPUs' framebuffers keep their contents for the manager that restores.
 */
void nvvgpu_mgr_stop_warm(struct nvvgpu_mgr *mgr);

/* Adds types (all or nothing) and uploads the whole table to the firmware. */
int nvvgpu_mgr_types_add(struct nvvgpu_mgr *mgr, const struct nvvgpu_type_desc *types, u32 count);

/*
 * SR-IOV was switched: slots 0..count-1 may hold vGPUs.  -EBUSY when one beyond
 * lives.  At the start none are enabled on a board with SR-IOV; on a board without
 * it is always all of them, another number is -EOPNOTSUPP.  A warm restore brings
 * the image's number.
 */
int nvvgpu_mgr_set_slots_enabled(struct nvvgpu_mgr *mgr, u32 count);

/* One request of include/uapi/nvvgpu.h.  may_change: the caller's rights, see there. */
long nvvgpu_mgr_ioctl(struct nvvgpu_mgr *mgr, unsigned int cmd, void __user *arg, bool may_change);

/*
 * Copies records after *cursor, advances it.  Bytes copied, 0 when there are
 * none.  A fresh reader starts with nvvgpu_mgr_event_cursor().
 */
ssize_t nvvgpu_mgr_event_read(struct nvvgpu_mgr *mgr, u64 *cursor, void __user *buf, size_t size);
u64 nvvgpu_mgr_event_cursor(struct nvvgpu_mgr *mgr);
bool nvvgpu_mgr_event_pending(struct nvvgpu_mgr *mgr, u64 cursor);

/*
 * The six files of the per-VF nvidia/ directory, as the drivers in the field
 * print them.  buf is one page; returns the length.
 */
ssize_t nvvgpu_mgr_show_creatable_types(struct nvvgpu_mgr *mgr, u32 slot, char *buf);
ssize_t nvvgpu_mgr_show_current_type(struct nvvgpu_mgr *mgr, u32 slot, char *buf);
ssize_t nvvgpu_mgr_show_gpu_instance(struct nvvgpu_mgr *mgr, u32 slot, char *buf);
ssize_t nvvgpu_mgr_show_params(struct nvvgpu_mgr *mgr, u32 slot, char *buf);
ssize_t nvvgpu_mgr_show_placement(struct nvvgpu_mgr *mgr, u32 slot, char *buf);
ssize_t nvvgpu_mgr_show_warm_update(struct nvvgpu_mgr *mgr, u32 slot, char *buf);

/*
 * And what is written to them: buf holds len bytes and a NUL behind them; returns len.
 * No such VF now: -ENODEV.  Not understood: -EINVAL.
 *
 * current_type	an id creates, with a random uuid and no owner; 0 destroys.  -EPERM: an id
 *		where one is set, 0 where none is.  Else as CREATE and DESTROY.
 * params	the last character is dropped, whatever it is: a newline belongs there.  One
 *		blank before it clears.  -ENXIO without a vGPU, -EBUSY while it is open.
 * placement	before the vGPU exists: kept for the next one that current_type creates
 *		here; one blank forgets it.  -EOPNOTSUPP on a board without placements,
 *		and to move a vGPU that exists.
 * gpu_instance	-EOPNOTSUPP: there is no MIG.
 * warm_update	-EOPNOTSUPP for 1: WARM_SAVE is for the whole GPU.
 */
ssize_t nvvgpu_mgr_store_current_type(struct nvvgpu_mgr *mgr, u32 slot, const char *buf,
				      size_t len);
ssize_t nvvgpu_mgr_store_gpu_instance(struct nvvgpu_mgr *mgr, u32 slot, const char *buf,
				      size_t len);
ssize_t nvvgpu_mgr_store_params(struct nvvgpu_mgr *mgr, u32 slot, const char *buf, size_t len);
ssize_t nvvgpu_mgr_store_placement(struct nvvgpu_mgr *mgr, u32 slot, const char *buf, size_t len);
ssize_t nvvgpu_mgr_store_warm_update(struct nvvgpu_mgr *mgr, u32 slot, const char *buf,
				     size_t len);
/* The VFs are going, and with them what was written to their placement_id. */
void nvvgpu_mgr_forget_placements(struct nvvgpu_mgr *mgr);

/*
 * Behind the files of the mdev framework.  slot: of the virtual function that is the parent;
 * NVVGPU_SLOT_ANY where the GPU is.  Errors as those of CREATE, VGPU_GET and DESTROY.
 */
ssize_t nvvgpu_mgr_show_mdev_description(const struct nvvgpu_type_desc *type, char *buf);
u32 nvvgpu_mgr_mdev_available(struct nvvgpu_mgr *mgr, u32 slot, u32 type_id);
int nvvgpu_mgr_mdev_create(struct nvvgpu_mgr *mgr, u32 slot, u32 type_id, const u8 *uuid);
int nvvgpu_mgr_mdev_find(struct nvvgpu_mgr *mgr, const u8 *uuid, struct nvvgpu_vgpu_info *info);
int nvvgpu_mgr_mdev_destroy(struct nvvgpu_mgr *mgr, const u8 *uuid);

/* A piece of the log of the task on this slot; 0 at its end, -ENODEV without a vGPU there. */
ssize_t nvvgpu_mgr_log_read(struct nvvgpu_mgr *mgr, u32 slot, enum nvvgpu_plugin_log log,
			    u64 offset, void *buf, size_t len);

/* ------------------------------------------------ for the VFIO drivers only */

/* Boots the plugin task of the vGPU on this slot.  -ENODEV: no type assigned; -EBUSY: open. */
int nvvgpu_mgr_open(struct nvvgpu_mgr *mgr, u32 slot, u32 vm_pid, struct nvvgpu_mgr_vgpu **ret);
void nvvgpu_mgr_close(struct nvvgpu_mgr_vgpu *vgpu);	/* shutdown, cleanup */
/* Message 3, then scrub; revives a crashed plugin task by a new boot. */
int nvvgpu_mgr_reset(struct nvvgpu_mgr_vgpu *vgpu);
int nvvgpu_mgr_set_bus_master(struct nvvgpu_mgr_vgpu *vgpu, bool enable);
const struct nvvgpu_type_desc *nvvgpu_mgr_vgpu_type(const struct nvvgpu_mgr_vgpu *vgpu);
u32 nvvgpu_mgr_vgpu_gfid(const struct nvvgpu_mgr_vgpu *vgpu);

/* What whoever has it open does for a vGPU whose function cannot. */
struct nvvgpu_mgr_guest_ops {
	/* Raises a vector of MSI-X.  With locks of the manager held: must not call it. */
	void (*inject_interrupt)(void *guest, u32 vector);
	/*
	 * All of len between buf and the guest's memory, -EFAULT where there is none.  Within
	 * nvvgpu_mgr_bar_write() alone, without locks of the manager.
	 */
	int (*dma_rw)(void *guest, u64 bus, void *buf, size_t len, bool to_guest);
};

/* NULL ends it: nobody is called any more when this returns.  So does the vGPU's close. */
void nvvgpu_mgr_set_guest(struct nvvgpu_mgr_vgpu *vgpu, const struct nvvgpu_mgr_guest_ops *ops,
			  void *guest);

/*
 * Its BARs.  Their sizes are 0 or powers of two; errors of an access are those of vf_read in
 * core_ops.h.  BAR0 takes accesses of any size and place.
 */
u64 nvvgpu_mgr_bar_bytes(const struct nvvgpu_mgr_vgpu *vgpu, u32 bar);
int nvvgpu_mgr_bar_read(struct nvvgpu_mgr_vgpu *vgpu, u32 bar, u64 offset, void *buf, size_t len);
int nvvgpu_mgr_bar_write(struct nvvgpu_mgr_vgpu *vgpu, u32 bar, u64 offset, const void *buf,
			 size_t len);
/* Of BAR0, bit per 4 KiB: registers, and the table of MSI-X. */
u64 nvvgpu_mgr_trap_pages(const struct nvvgpu_mgr_vgpu *vgpu);

/* The rest of BAR0 is memory, if the function has any: the areas of it, and their number. */
struct nvvgpu_mgr_area {
	u64 offset, bytes;
};
#define NVVGPU_MGR_AREAS	32
u32 nvvgpu_mgr_sparse_mmap(const struct nvvgpu_mgr_vgpu *vgpu,
			   struct nvvgpu_mgr_area areas[NVVGPU_MGR_AREAS]);

/* Device state; the same contracts as the core's plugin_* calls. */
int nvvgpu_mgr_stop_work(struct nvvgpu_mgr_vgpu *vgpu, u64 *ret_estimate);
int nvvgpu_mgr_cancel_stop(struct nvvgpu_mgr_vgpu *vgpu);
int nvvgpu_mgr_save_state(struct nvvgpu_mgr_vgpu *vgpu, void *buf, size_t size, size_t *ret_len,
			  bool *ret_complete);
int nvvgpu_mgr_cancel_save(struct nvvgpu_mgr_vgpu *vgpu);
int nvvgpu_mgr_restore_state(struct nvvgpu_mgr_vgpu *vgpu, const void *buf, size_t len);
int nvvgpu_mgr_restore_deferred(struct nvvgpu_mgr_vgpu *vgpu);
int nvvgpu_mgr_resume_work(struct nvvgpu_mgr_vgpu *vgpu);
/* The VFIO migration state changed; for list replies and the event stream. */
void nvvgpu_mgr_migration_state(struct nvvgpu_mgr_vgpu *vgpu, u32 vfio_state);

#endif
