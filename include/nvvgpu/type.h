/* SPDX-License-Identifier: MIT */
#ifndef NVVGPU_TYPE_H
#define NVVGPU_TYPE_H

#include <nvvgpu/gpu.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct nvvgpu_type - a vGPU type as it was when listed: an immutable snapshot; holds its
 * GPU; reference counted
 */
struct nvvgpu_type;
/** struct nvvgpu_type_list - the types of one GPU at one moment; reference counted */
struct nvvgpu_type_list;

#define NVVGPU_TYPE_ALL		0u		/* what the board supports */
#define NVVGPU_TYPE_CREATABLE	(1u << 0)	/* only what can be created now */

/**
 * nvvgpu_type_list - the vGPU types of a GPU, ordered by id
 * @flags: NVVGPU_TYPE_ALL or NVVGPU_TYPE_CREATABLE
 * @ret: a new reference; an empty list is a valid answer
 * Return: 0; -EOPNOTSUPP the GPU cannot be shared (the error names the reason);
 * -EINVAL unknown flags; -EACCES; -EIO.
 */
int nvvgpu_type_list(struct nvvgpu_gpu *gpu, unsigned int flags, struct nvvgpu_type_list **ret);
struct nvvgpu_type_list *nvvgpu_type_list_ref(struct nvvgpu_type_list *list);
/** nvvgpu_type_list_unref - NULL is allowed.  Return: NULL */
struct nvvgpu_type_list *nvvgpu_type_list_unref(struct nvvgpu_type_list *list);
size_t nvvgpu_type_list_size(struct nvvgpu_type_list *list);
/** nvvgpu_type_list_get - Return: lent as long as the list lives; NULL past the last */
struct nvvgpu_type *nvvgpu_type_list_get(struct nvvgpu_type_list *list, size_t index);
/**
 * nvvgpu_type_list_get_reason - Return: why the list is empty, NVVGPU_REASON_NONE: it is not;
 * where different types cannot be created for different reasons, the one that stays when
 * another size is chosen
 */
enum nvvgpu_reason nvvgpu_type_list_get_reason(struct nvvgpu_type_list *list);
/** nvvgpu_type_list_get_reason_text - Return: the same as one sentence, "" for NONE; lent */
const char *nvvgpu_type_list_get_reason_text(struct nvvgpu_type_list *list);

/**
 * nvvgpu_type_lookup - one type by id ("869") or exact name ("NVIDIA L40-1B", or without
 * the vendor "L40-1B")
 * @ret: a new reference
 * Return: 0; -ENOENT no such type (the next step names near ones; nothing is substituted).
 */
int nvvgpu_type_lookup(struct nvvgpu_gpu *gpu, const char *id_or_name, struct nvvgpu_type **ret);

struct nvvgpu_type *nvvgpu_type_ref(struct nvvgpu_type *type);
/** nvvgpu_type_unref - NULL is allowed.  Return: NULL */
struct nvvgpu_type *nvvgpu_type_unref(struct nvvgpu_type *type);

uint32_t nvvgpu_type_get_id(struct nvvgpu_type *type);
const char *nvvgpu_type_get_name(struct nvvgpu_type *type);		/* "NVIDIA L40-1B" */
/* "NVS", "Quadro", "Compute", "vApps" */
const char *nvvgpu_type_get_class(struct nvvgpu_type *type);
/** nvvgpu_type_get_gpu - Return: lent as long as the type lives */
struct nvvgpu_gpu *nvvgpu_type_get_gpu(struct nvvgpu_type *type);
/** nvvgpu_type_get_framebuffer_bytes - Return: the nominal size: 4 GiB for a -4Q */
uint64_t nvvgpu_type_get_framebuffer_bytes(struct nvvgpu_type *type);
/* These are 0 where neither the driver nor NVIDIA's table of types tells them. */
uint32_t nvvgpu_type_get_heads(struct nvvgpu_type *type);
uint32_t nvvgpu_type_get_max_width(struct nvvgpu_type *type);
uint32_t nvvgpu_type_get_max_height(struct nvvgpu_type *type);
/** nvvgpu_type_get_frame_rate_limit - Return: frames per second */
uint32_t nvvgpu_type_get_frame_rate_limit(struct nvvgpu_type *type);
/** nvvgpu_type_get_max_instances - Return: the most that fit on one GPU, equal-size; 0: unknown */
uint32_t nvvgpu_type_get_max_instances(struct nvvgpu_type *type);
/** nvvgpu_type_get_available - @ret: how many could be created.  Return: 0; -ENODATA unknown */
int nvvgpu_type_get_available(struct nvvgpu_type *type, uint32_t *ret);
/** nvvgpu_type_is_creatable - Return: true when at least one could be created */
bool nvvgpu_type_is_creatable(struct nvvgpu_type *type);
/** nvvgpu_type_get_reason - Return: NVVGPU_REASON_NONE exactly when it is creatable */
enum nvvgpu_reason nvvgpu_type_get_reason(struct nvvgpu_type *type);
/** nvvgpu_type_get_reason_text - Return: one sentence with the details, "" for NONE */
const char *nvvgpu_type_get_reason_text(struct nvvgpu_type *type);

enum nvvgpu_placement_set {
	NVVGPU_PLACEMENT_SUPPORTED = 0,		/* supported: what the board can */
	NVVGPU_PLACEMENT_CREATABLE = 1,		/* creatable: what is free now */
};
/**
 * nvvgpu_type_get_placements - placement ids of a type on its GPU
 * @ids: room for @capacity ids, ascending; may be NULL when @capacity is 0
 * @ret_count: how many there are, also when there was room for fewer
 * @ret_length: units one instance covers; may be NULL
 * Return: 0; -EOPNOTSUPP no placements here.
 */
int nvvgpu_type_get_placements(struct nvvgpu_type *type, enum nvvgpu_placement_set which,
			       uint32_t *ids, size_t capacity, size_t *ret_count,
			       uint32_t *ret_length);

#ifdef __cplusplus
}
#endif
#endif
