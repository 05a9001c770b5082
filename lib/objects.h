/* SPDX-License-Identifier: MIT */
/* What the nouns of lib/ know of one another. */
#ifndef NVVGPU_LIB_OBJECTS_H
#define NVVGPU_LIB_OBJECTS_H

#include <pthread.h>
#include <stdatomic.h>
#include "framework/framework.h"
#include "internal.h"

struct nvvgpu {
	atomic_uint refs;
	struct os *os;
	char *uri;
	atomic_uint_fast64_t searches;	/* begun so far */
	pthread_mutex_t lock;		/* the two below */
	struct gpu_table *gpus;		/* NULL: nobody has searched yet */
	uint64_t gpus_number;		/* of the search that found them */
	pthread_mutex_t name_lock;	/* the names of its GPUs */
	pthread_mutex_t log_lock;	/* the two below belong together */
	atomic_int log_level;		/* enum nvvgpu_log_level; 0: silence */
	struct log_sink *log;
};

#define GPU_NAME_LEN 128

/*
 * Immutable after discovery but for the name, which may have to be looked up.
 * A reference of a caller counts on the GPU and on its host; the table of the
 * host counts on the GPU alone, so that there is no circle.
 */
struct nvvgpu_gpu {
	atomic_uint refs;
	struct nvvgpu *host;
	struct framework *framework;
	char address[PCI_ADDRESS_LEN];
	uint16_t vendor_id, device_id, subsystem_vendor_id, subsystem_device_id;
	int numa_node;
	uint32_t vfs_total;
	uint64_t framebuffer_bytes;
	char *driver, *driver_version, *firmware_version;
	char **drm_nodes;
	size_t drm_node_count;
	atomic_uint type_room;		/* how many types it had when last listed */
	char name[GPU_NAME_LEN];	/* "": not looked up yet; see name_lock of the host */
};

/* Calls the log function of the host, if it wants lines of that level. */
void host_log(struct nvvgpu *host, enum nvvgpu_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* gpu.c: all GPUs the host has now, in the order of their addresses. */
struct gpu_table {
	atomic_uint refs;
	size_t count;
	struct nvvgpu_gpu *gpus[];
};

/* level: at which it is told that a function could not be read, and so is passed over */
int gpu_table_search(struct nvvgpu *host, enum nvvgpu_log_level level, struct gpu_table **ret);
/*
 * 1: it is a function of an NVIDIA GPU, which is *ret: itself, or what it is a VF of; 0: of something
 * else; -errno
 */
int gpu_find_function(struct os *os, const char *function, char ret[PCI_ADDRESS_LEN]);
void gpu_table_unref(struct gpu_table *table);	/* NULL is allowed */
/* false: nvvgpu_gpu_get_reason() says why */
bool gpu_is_shared(const struct nvvgpu_gpu *gpu);
/* host.c: a reference to the host's table, which is made when there is none yet */
int host_gpus(struct nvvgpu *host, struct gpu_table **ret);
bool host_is_read_only(struct nvvgpu *host);

/* type.c: a type of the GPU's framework by id or name; *ret lives as long as *ret_types. */
int type_find(struct nvvgpu_gpu *gpu, const char *id_or_name, struct framework_types **ret_types,
	      const struct framework_type **ret);

/* Known values, without an error where there is none. */
bool type_available(const struct nvvgpu_type *type, uint32_t *ret);
bool vgpu_placement(const struct nvvgpu_vgpu *vgpu, uint32_t *ret);

/*
 * params.c: parameters that no driver could mean are refused, names that nobody knows are
 * told to the log.  force: values of known names are not looked at.
 */
int params_check(struct nvvgpu *host, const char *object, const char *params, bool force);

/* reason.c */
void reason_sentence(enum nvvgpu_reason reason, uint64_t detail, char *buf, size_t size);
const char *reason_next_step(enum nvvgpu_reason reason);

#endif
