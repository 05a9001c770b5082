/* SPDX-License-Identifier: MIT */
/*
 * What the files of the mdev framework share:
 *
 *   mdev.c         the operations, but for those below
 *   mdev_view.c    what the parents of a GPU offer, and which mdevs exist
 *   mdev_types.c   types, and what could be created of each
 *   mdev_create.c  create, and the end of what a killed program began
 *
 * A parent is a function that has types: the GPU itself, or each of its VFs.
 */
#ifndef NVVGPU_LIB_FRAMEWORK_MDEV_H
#define NVVGPU_LIB_FRAMEWORK_MDEV_H

#include <pthread.h>
#include "framework/framework.h"
#include "framework/record.h"
#include "framework/vfs.h"

#define MDEV_TYPES	"mdev_supported_types"
#define MDEV_PATH_LEN	256
#define MDEV_TRIES	100	/* a driver may be busy for a while behind a VMM that ended */
#define MDEV_PAUSE_NS	50000000	/* between two */

struct mdev_function {
	char address[PCI_ADDRESS_LEN];
	bool is_vf;
	uint32_t index;			/* of the VF */
};

struct mdev_gpu {
	struct framework base;
	struct vfs_cache vfs;
	pthread_mutex_t lock;			/* all below */
	struct mdev_function *functions;	/* itself, then its VFs; NULL: not read yet */
	size_t function_count;
	struct os_stamp types_stamp;		/* of all parents; not known: of the first one */
	struct framework_types *types;		/* of the last answer; NULL: none yet */
	struct os_stamp states_stamp;
	struct framework_state *states;		/* of those types; NULL: not asked for yet */
};

static inline struct mdev_gpu *mdev_gpu(struct framework *fw)
{
	return (struct mdev_gpu *)fw;
}

/* ------------------------------------------------------------- mdev_view.c */

/* A type, and what all parents together offer of it. */
struct mdev_offer {
	uint32_t id;
	uint32_t count;			/* of VFs: how many could take one */
	bool vfs;			/* its parents are VFs */
	bool unknown;			/* a parent did not say */
	const struct mdev_function *last;	/* the parent that was added last */
	char directory[MDEV_PATH_LEN];	/* that describes it */
};

struct mdev_vgpu {
	char name[37];			/* its uuid, as the kernel writes it */
	uint32_t type_id;		/* 0: not known */
	struct mdev_function parent;
};

struct mdev_view {
	struct mdev_offer *offers;	/* by id */
	size_t offer_count;
	size_t parents;			/* that have types */
	int blind;			/* -errno: what a function offers cannot be looked at; 0 */
	struct mdev_vgpu *vgpus;	/* by VF, then by name */
	size_t vgpu_count;
};

/* How much is looked at. */
enum mdev_depth {
	MDEV_FIRST,	/* the types of the first parent */
	MDEV_TYPES_ALL,	/* of all */
	MDEV_OFFERS,	/* and how many each offers */
};

/* With the lock of the GPU; *ret is freed with mdev_view_free().  A last error, or -ENODEV: gone */
int mdev_view_offers(struct mdev_gpu *gpu, enum mdev_depth depth, struct mdev_view *ret);
/* the vGPUs alone are added */
int mdev_view_vgpus(struct mdev_gpu *gpu, struct mdev_view *view);
void mdev_view_free(struct mdev_view *view);
#define __cleanup_mdev_view __cleanup(mdev_view_free)

/* With the lock: gpu->functions are those that are there now.  With a last error. */
int mdev_functions_refresh(struct mdev_gpu *gpu);
/* A copy, to be freed. */
int mdev_functions(struct framework *fw, struct mdev_function **ret, size_t *ret_count);

/* What one parent offers of a type.  -ENOENT: not that type; -errno, without a last error */
int mdev_read_offer(struct os *os, const char *parent, uint32_t type_id, uint32_t *ret,
		    char directory[MDEV_PATH_LEN]);

/* ------------------------------------------------------------ mdev_types.c */

int mdev_types(struct framework *fw, struct framework_types **ret);
/* those that a GPU is described by: the first parent's */
int mdev_first_types(struct framework *fw, struct framework_types **ret);
int mdev_type_states(struct framework *fw, struct framework_state *states, uint32_t room,
		     uint32_t *ret_count, struct framework_types **ret_types);
int mdev_look_at_types(struct framework *fw, struct framework_look *look);
/* the state of one type, read anew */
int mdev_judge(struct framework *fw, uint32_t type_id, struct framework_state *ret);
/* UNKNOWN: what exists and what is offered does not tell */
int mdev_guess_mode(struct framework *fw, enum nvvgpu_mode *ret);

/* ----------------------------------------------------------- mdev_create.c */

int mdev_create(struct framework *fw, const struct framework_request *request,
		struct framework_vgpu *ret);
/* With the GPU's lock: ends or forgets what programs left that were killed. */
int mdev_settle(struct framework *fw);
/* Waits until it is gone.  0 also when it was already; -errno, without a last error */
int mdev_remove(struct os *os, const char *uuid);

/* ------------------------------------------------------------------ mdev.c */

/* "bus/mdev/devices/<uuid>/<file>" */
const char *mdev_path(char path[MDEV_PATH_LEN], const char *uuid, const char *file);
/*
 * Of its record.  The GPU is in it: two programs that want the same uuid on two GPUs hold two
 * locks, and must not meet in one record.
 */
void mdev_key(char key[RECORD_KEY_LEN], const char *gpu, const char *uuid);
/*
 * 1: a vGPU of this name, on this parent and of this type, exists; 0: it does not; -errno.
 * parent NULL: on any
 */
int mdev_exists(struct os *os, const char *uuid, const char *parent, uint32_t type_id);
/* types: of its GPU */
int mdev_describe(struct framework *fw, const struct mdev_vgpu *vgpu,
		  const struct framework_types *types, struct framework_vgpu *ret);

#endif
