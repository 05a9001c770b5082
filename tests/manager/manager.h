/* SPDX-License-Identifier: MIT */
/* Tests of the vGPU manager on the real core and an emulated board, through its ioctls. */
#ifndef NVVGPU_TESTS_MANAGER_H
#define NVVGPU_TESTS_MANAGER_H

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include "harness/board.h"

/* enum vfio_device_mig_state: ABI */
#define MIG_ERROR	0
#define MIG_STOP	1
#define MIG_RUNNING	2
#define MIG_STOP_COPY	3
#define MIG_RESUMING	4

#define BOARDS	7

extern const char *const board_ids[BOARDS];
extern struct board board;

void start(const char *id);
struct nvvgpu_ioctl_stats stats(struct board *b);
struct nvvgpu_ioctl_info info(struct board *b);
struct nvvgpu_ioctl_create recipe(struct board *b, u32 type);
long try_create(struct board *b, u32 type, struct nvvgpu_ioctl_create *arg);
struct nvvgpu_vgpu_info create(struct board *b, u32 type);
struct nvvgpu_vgpu_info create_at(struct board *b, u32 type, u32 placement);
void refuse(struct board *b, struct nvvgpu_ioctl_create arg, long err, u32 why, u64 detail);
long try_destroy(struct board *b, u32 id, u32 *why);
void destroy(struct board *b, u32 id);
u32 list_vgpus(struct board *b, struct nvvgpu_vgpu_info *infos);
void destroy_all(struct board *b);
u32 list_types(struct board *b, struct nvvgpu_type_state *states);
struct nvvgpu_type_state type_state(struct board *b, u32 id);
u32 placements(struct board *b, u32 type, u32 which, u32 *ids, u32 *ret_length);
long set_mode(struct board *b, u32 mode, u32 *why);
long set_params(u32 id, const char *params, size_t len, u32 *why);
const struct nvvgpu_type_desc *type_by_name(const struct board *b, const char *tail);
u32 type_id(const struct board *b, const char *tail);
struct nvvgpu_mgr_vgpu *open_slot(struct board *b, u32 slot);
void close_vgpu(struct board *b, struct nvvgpu_mgr_vgpu *vgpu);
u32 state_of(struct board *b, u32 id);

/* Everything that a create takes and a destroy gives back. */
struct footprint {
	struct nvvgpu_core_totals core;
	struct nvvgpu_emu_totals emu;
	struct nvvgpu_ioctl_stats stats;
	long allocs;		/* live ones: the tests are built with fault injection */
};

struct footprint footprint(struct board *b);
void same_footprint(const struct footprint *a, const struct footprint *b);
/* A correct driver is never told that it asked for nonsense. */
void nothing_refused(struct board *b);
void expect_event(u64 *cursor, u32 kind, u32 vgpu_id, u64 value);
u32 random_below(u32 *seed, u32 limit);

/* A manager's warm-update image. */
struct image {
	u8 data[1 << 17];
	u32 len;
};

long warm_save(struct board *b, struct image *image);
long warm_restore(struct board *b, const void *data, u32 len, u32 *why);
void replace_manager(struct board *b);
/* Something of everything on the board. */
void populate(struct board *b);

/* One file of tests each: adds its cases. */
void add_types_cases(Suite *s);
void add_vgpus_cases(Suite *s);
void add_interface_cases(Suite *s);
void add_warm_cases(Suite *s);
void add_faults_cases(Suite *s);
void add_migration_cases(Suite *s);

#endif
