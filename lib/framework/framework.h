/* SPDX-License-Identifier: MIT */
/*
 * How the driver of a GPU offers vGPUs.  One file per framework; each fills a
 * table of operations.  An operation that a table leaves out is taken from
 * none.c, which answers -EOPNOTSUPP, so that callers never test one for NULL.
 *
 * Every operation that fails returns a negative errno and has set the last
 * error; on failure nothing is written through its result pointers.  All are
 * safe from several threads.  Nothing that comes from a driver is trusted:
 * numbers are in range and texts are printable when they leave here.
 */
#ifndef NVVGPU_LIB_FRAMEWORK_H
#define NVVGPU_LIB_FRAMEWORK_H

#include <stdatomic.h>
#include "internal.h"

#define FRAMEWORK_TEXT_LEN	64
#define FRAMEWORK_MAX_TYPES	256	/* most types of one GPU that are believed */

/* What the driver says of a GPU, and does not change. */
struct framework_info {
	char board_name[FRAMEWORK_TEXT_LEN];	/* texts are "" when unknown */
	char driver_version[FRAMEWORK_TEXT_LEN];
	char firmware_version[FRAMEWORK_TEXT_LEN];
	uint64_t framebuffer_bytes;
	bool mixed_size_capable;
	bool has_events;
};

/* One type; never changes while the driver is loaded. */
struct framework_type {
	uint32_t id;
	uint32_t max_instances;
	uint32_t heads;
	uint32_t max_width, max_height;
	uint32_t frame_rate_limit;
	uint64_t framebuffer_bytes;
	char name[FRAMEWORK_TEXT_LEN];
	char class_name[FRAMEWORK_TEXT_LEN];
};

#define FRAMEWORK_UNKNOWN	UINT32_MAX
#define FRAMEWORK_SOME		(UINT32_MAX - 1)	/* at least one; how many is not known */

/*
 * What a type could do at one moment.  Laid out as struct nvvgpu_type_state of
 * include/uapi/nvvgpu.h, so that the driver writes it where it is kept.
 */
struct framework_state {
	uint32_t id;
	uint32_t created;
	uint32_t available;	/* or FRAMEWORK_UNKNOWN, FRAMEWORK_SOME */
	uint32_t why;		/* enum nvvgpu_why of the uapi, when available is 0 */
	uint64_t detail;	/* for reason_sentence() */
};

/* All types of a GPU, ordered by id; shared by those who list them, so counted. */
struct framework_types {
	atomic_uint refs;
	uint32_t count;
	struct framework_types *older;	/* for the framework that made it */
	uint32_t *ids;			/* of the types, side by side: what is compared most */
	struct framework_type types[];
};

/* The types are still to be filled, their ids are not.  NULL: no memory */
struct framework_types *framework_types_new(const struct framework_state *states, uint32_t count);
struct framework_types *framework_types_ref(struct framework_types *types);
void framework_types_unref(struct framework_types *types);	/* NULL is allowed */
const struct framework_type *framework_types_find(const struct framework_types *types, uint32_t id);

struct framework_request {
	const struct framework_type *type;
	uint8_t uuid[16];
	const char *vf;		/* NULL: the first free one */
	bool has_placement;
	uint32_t placement;
	const char *params;	/* never NULL */
	const char *owner;	/* never NULL */
};

struct framework_vgpu {
	uint32_t id;		/* the driver's own handle */
	uint32_t slot;
	uint8_t uuid[16];
	enum nvvgpu_vgpu_state state;
	uint32_t type_id;
	char type_name[FRAMEWORK_TEXT_LEN];
	uint64_t framebuffer_bytes;
	bool has_placement;
	uint32_t placement;
	char owner[FRAMEWORK_TEXT_LEN];	/* "foreign": another program's, see record.h */
	char vf[PCI_ADDRESS_LEN];	/* "" on a board without SR-IOV */
};

/* What a monitor compares with what it saw before. */
struct framework_look {
	struct framework_vgpu *vgpus;	/* their uuid, type_id and vf */
	size_t vgpu_count;
	uint32_t *creatable;		/* ids of types of which one more could be created, ascending */
	size_t creatable_count;
	bool creatable_unknown;		/* of some type it could not be read: the list says nothing */
};

void framework_look_fini(struct framework_look *look);
/* Takes from states those of which one more could be created.  With a last error. */
int framework_look_at_states(struct framework_look *look, const struct framework_state *states,
			     uint32_t count);

struct framework;

/* A GPU while it is found out what drives it: what several look at is read once. */
struct candidate {
	struct os *os;
	const char *address;
	bool looked;			/* for the two below */
	int err;
	struct vf *vfs;			/* see vfs.h */
	size_t vf_count;
	struct os_stamp stamp;
};

/*
 * With a last error unless they return -ENODEV, so that probe() passes it on: what cannot be read
 * for a moment does not make a GPU one of another kind.
 */
/* Its VFs as vfs_read() gives them; -ENODEV: it is gone */
int candidate_vfs(struct candidate *candidate);
/* 1: @function has this @directory, with an entry that @is_sign returns 1 for */
int candidate_has(struct candidate *candidate, const char *function, const char *directory,
		  int (*is_sign)(const char *name, void *arg));
/* The first of its VFs that has one, whatever hides the others; -ENODEV: none has */
int candidate_find(struct candidate *candidate, const char *directory,
		   int (*is_sign)(const char *name, void *arg), const char **ret_vf);

/* Sorted.  A new operation also goes into none.c and framework_init(). */
struct framework_ops {
	enum nvvgpu_framework id;
	const char *name;
	const char *help;	/* one line: what it is and what it needs */

	/* 0: drives this GPU; -ENODEV: not its kind; else a failure */
	int (*probe)(struct candidate *candidate, struct framework **ret);
	void (*close)(struct framework *fw);

	/* a fresh control file whose read() gives event records */
	int (*control_open)(struct framework *fw, struct os_file **ret);
	int (*create)(struct framework *fw, const struct framework_request *request,
		      struct framework_vgpu *ret);
	/* 0 also when it is gone: then *ret_destroyed is false */
	int (*destroy)(struct framework *fw, const struct framework_vgpu *vgpu,
		       bool *ret_destroyed);
	int (*get_mode)(struct framework *fw, enum nvvgpu_mode *ret);
	int (*get_params)(struct framework *fw, const struct framework_vgpu *vgpu, char **ret);
	/* -ENODEV: it is gone */
	int (*get_state)(struct framework *fw, const struct framework_vgpu *vgpu,
			 enum nvvgpu_vgpu_state *ret);
	int (*info)(struct framework *fw, struct framework_info *ret);
	/*
	 * as little as tells whether something is different; vgpus false: they are left out.
	 * *ret is ended with framework_look_fini()
	 */
	int (*look)(struct framework *fw, bool vgpus, struct framework_look *ret);
	int (*placements)(struct framework *fw, const struct framework_type *type,
			  enum nvvgpu_placement_set which, uint32_t *ids, size_t capacity,
			  size_t *ret_count, uint32_t *ret_length);
	/* 0 also when it is so already */
	int (*set_mixed_size)(struct framework *fw, bool mixed);
	int (*set_params)(struct framework *fw, const struct framework_vgpu *vgpu,
			  const char *params);
	int (*statistic)(struct framework *fw, enum nvvgpu_statistic statistic, uint64_t *ret);
	/*
	 * one state per type of *ret_types, in the same order; -ENOSPC, without
	 * a last error: *ret_count is the room it takes
	 */
	int (*type_states)(struct framework *fw, struct framework_state *states, uint32_t room,
			   uint32_t *ret_count, struct framework_types **ret_types);
	int (*types)(struct framework *fw, struct framework_types **ret);
	/* what a VMM opens */
	int (*vfio_name)(struct framework *fw, const struct framework_vgpu *vgpu, char *buf,
			 size_t size);
	int (*vfio_open)(struct framework *fw, const struct framework_vgpu *vgpu,
			 struct os_file **ret);
	/* by slot; *ret is to be freed */
	int (*vgpu_list)(struct framework *fw, struct framework_vgpu **ret, size_t *ret_count);
};

/* What was read of a GPU already; 0 and "": not known. */
struct framework_ids {
	uint16_t device, subsystem;
	char driver[FRAMEWORK_TEXT_LEN];
};

/* The first member of each framework's own structure. */
struct framework {
	struct framework_ops ops;
	struct os *os;
	char address[PCI_ADDRESS_LEN];
	struct framework_ids ids;	/* whoever opened it may fill them */
	/* one is there but did not answer: what the GPU has is not known; the framework is none */
	bool broken;
	/* why this GPU cannot be shared; NONE unless the framework is none */
	enum nvvgpu_reason reason;
	char reason_text[256];
	char evidence[256];		/* what was seen that says so: one sentence */
};

/* Refusals that are the same under each: they set the last error and return its -errno. */
int framework_fail_gone(const struct framework_vgpu *vgpu);
int framework_fail_live(const char *gpu, size_t live, const char *doing);	/* vGPUs exist */
int framework_fail_statistic(struct framework *fw, enum nvvgpu_statistic statistic);
/* the driver's answer, about @object, is none that it could have meant */
int framework_nonsense(const char *object, const char *what);
/* one more cannot be, as enum nvvgpu_why of the uapi; NONE: nobody says why */
int framework_fail_create(struct framework *fw, uint32_t why, uint64_t detail);

/* Fills what the structure says of itself; @ops may leave operations out. */
void framework_init(struct framework *fw, const struct framework_ops *ops, struct os *os,
		    const char *address);

/* Says what was seen; probe() of each framework calls it. */
void framework_evidence(struct framework *fw, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The framework that drives a GPU; none.c when there is none, so it only fails without memory. */
int framework_open(struct os *os, const char *address, struct framework **ret);
void framework_close(struct framework *fw);	/* NULL is allowed */

extern const struct framework_ops framework_mdev;
extern const struct framework_ops framework_none;
extern const struct framework_ops framework_nvvgpu;
extern const struct framework_ops framework_vendor_vfio;

/* none.c: a GPU that cannot be shared, for a reason that the caller knows */
int framework_none_open(struct os *os, const char *address, enum nvvgpu_reason reason,
			const char *text, struct framework **ret);

#endif
