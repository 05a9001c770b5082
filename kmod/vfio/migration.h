/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * VFIO migration v2 (STOP_COPY) of one open vGPU, free of VFIO core types so
 * that module and library run the same code.  States are those of
 * enum vfio_device_mig_state in <linux/vfio.h>.
 *
 * Locking: the caller serialises set_state, reset and fini; read and write of
 * a data session may run beside them and take the session's own lock.
 */
#ifndef NVVGPU_VFIO_MIGRATION_H
#define NVVGPU_VFIO_MIGRATION_H

#include "../mgr/mgr.h"

struct nvvgpu_migration;
struct nvvgpu_migration_session;	/* behind one data fd; reference counted */

int nvvgpu_migration_init(struct nvvgpu_mgr_vgpu *vgpu, struct nvvgpu_migration **ret);
void nvvgpu_migration_fini(struct nvvgpu_migration *mig);

u32 nvvgpu_migration_state(struct nvvgpu_migration *mig);
/* Estimate for stop-copy in bytes, callable in every state. */
int nvvgpu_migration_data_size(struct nvvgpu_migration *mig, u64 *ret_bytes);

/*
 * One arc cur -> next (neighbours in the kernel's table; the VFIO core, or
 * nvvgpu_migration_set_state below, does the walking).  *ret_session is set,
 * with a reference for the caller, on STOP -> STOP_COPY and STOP -> RESUMING.
 */
int nvvgpu_migration_step(struct nvvgpu_migration *mig, u32 next,
			  struct nvvgpu_migration_session **ret_session);
/*
 * Walks to the target by vfio_mig_get_next_state().  On failure the state is
 * wherever the walk stopped; STOP_COPY -> PRE_COPY arcs are refused.
 */
int nvvgpu_migration_set_state(struct nvvgpu_migration *mig, u32 target,
			       struct nvvgpu_migration_session **ret_session);
/* VFIO_DEVICE_RESET, after nvvgpu_mgr_reset() succeeded: RUNNING again, sessions dead. */
int nvvgpu_migration_reset(struct nvvgpu_migration *mig);

/* 0 at the end of stream; -ENODEV when the session is over. */
ssize_t nvvgpu_migration_read(struct nvvgpu_migration_session *s, char __user *buf, size_t len);
/* A failed write latches the session: RESUMING -> STOP then fails with -EINVAL. */
ssize_t nvvgpu_migration_write(struct nvvgpu_migration_session *s, const char __user *buf,
			       size_t len);
void nvvgpu_migration_session_put(struct nvvgpu_migration_session *s);

#endif
