/* SPDX-License-Identifier: MIT */
/*
 * What the files of the vendor-vfio framework share:
 *
 *   vendor_vfio.c    the operations, but for those below
 *   vendor_view.c    what the VFs of a GPU hold at one moment
 *   vendor_types.c   types, what could be created of each, placements
 *   vendor_create.c  create, and the end of what a killed program began
 */
#ifndef NVVGPU_LIB_FRAMEWORK_VENDOR_VFIO_H
#define NVVGPU_LIB_FRAMEWORK_VENDOR_VFIO_H

#include <pthread.h>
#include "framework/boards.h"
#include "framework/record.h"
#include "framework/vfs.h"

#define VENDOR_CURRENT		"nvidia/current_vgpu_type"
#define VENDOR_CREATABLE	"nvidia/creatable_vgpu_types"
#define VENDOR_PLACEMENT	"nvidia/placement_id"

struct vendor_row {
	uint32_t id;
	char name[FRAMEWORK_TEXT_LEN];
};

struct vendor_vf {
	struct vf vf;
	uint32_t type_id;		/* 0: free */
	bool asked_placement;		/* for the two below */
	bool has_placement;
	uint32_t placement;
};

/* VFs that this framework does not drive are left out. */
struct vendor_view {
	struct vendor_vf *vfs;
	size_t count, live;
	struct vendor_row *rows;	/* what a free VF could become */
	size_t row_count;
	struct vendor_vf *rows_of;	/* that VF; NULL: none is free */
};

struct vendor_gpu {
	struct framework base;
	struct vfs_cache vfs;
	pthread_mutex_t lock;			/* all below */
	struct vendor_view kept;		/* of a capture, once it was read */
	bool is_kept;
	struct board *board;			/* NULL: not looked up yet */
	struct vendor_row seen[FRAMEWORK_MAX_TYPES];	/* rows that its driver has shown */
	uint32_t seen_count;
	struct framework_types *types;		/* of the last answer; NULL: none yet */
};

static inline struct vendor_gpu *vendor_gpu(struct framework *fw)
{
	return (struct vendor_gpu *)fw;
}

/* Once it is there it stays; -ENOMEM */
int vendor_board(struct framework *fw, const struct board **ret);

/* ------------------------------------------------------------ vendor_view.c */

/* To be freed. */
int view_read(struct framework *fw, struct vendor_view *ret);
void view_free(struct vendor_view *view);
#define __cleanup_view __cleanup(view_free)

/* Asks for what was not asked for yet. */
int view_read_placement(struct framework *fw, struct vendor_vf *vf);
int view_read_placements(struct framework *fw, struct vendor_view *view);
/* The rows of this VF instead of those of the first free one. */
int view_read_rows(struct framework *fw, struct vendor_view *view, struct vendor_vf *vf);
bool view_offers(const struct vendor_view *view, uint32_t type_id);
struct vendor_vf *view_find(const struct vendor_view *view, const char *address);

/* -ENODEV: it is gone, or this framework does not drive it; -errno, without a last error */
int vendor_read_type(struct os *os, const char *vf, uint32_t *ret);
/* -ENODATA: none; -errno, without a last error */
int vendor_read_placement(struct os *os, const char *vf, uint32_t *ret);

/* ----------------------------------------------------------- vendor_types.c */

/* Why one more of a type cannot be, as the uapi's enum nvvgpu_why, and the detail of it. */
struct vendor_why {
	uint32_t why;
	uint64_t detail;
};

int vendor_types_of(struct framework *fw, const struct vendor_view *view,
		    struct framework_types **ret);
/* NONE: nothing that is known stands against it */
int vendor_judge(struct framework *fw, struct vendor_view *view,
		 const struct framework_type *type, struct vendor_why *ret);
/* the same of one placement id; where the rules of the board are not known its driver judges */
int vendor_judge_placement(struct framework *fw, struct vendor_view *view,
			   const struct framework_type *type, uint32_t id,
			   struct vendor_why *ret);

int vendor_types(struct framework *fw, struct framework_types **ret);
int vendor_type_states(struct framework *fw, struct framework_state *states, uint32_t room,
		       uint32_t *ret_count, struct framework_types **ret_types);
int vendor_placements(struct framework *fw, const struct framework_type *type,
		      enum nvvgpu_placement_set which, uint32_t *ids, size_t capacity,
		      size_t *ret_count, uint32_t *ret_length);

/* ---------------------------------------------------------- vendor_create.c */

int vendor_create(struct framework *fw, const struct framework_request *request,
		  struct framework_vgpu *ret);
/* With the GPU's lock: ends or forgets what programs left that were killed. */
int vendor_settle(struct framework *fw, const struct vendor_view *view);

/* ------------------------------------------------------------ vendor_vfio.c */

/* The vGPU that a VF holds; types: of its GPU. */
int vendor_describe(struct framework *fw, struct vendor_vf *vf,
		    const struct framework_types *types, struct framework_vgpu *ret);

#endif
