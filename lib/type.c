// SPDX-License-Identifier: MIT
/* vGPU types: snapshots of what a GPU offers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "objects.h"
#include "util/text.h"

#define SENTENCE_LEN	160
#define NEAR_NAMES	3	/* how many names are suggested */
#define NEAR_DISTANCE	4	/* edits; what is farther away is no misspelling */

/* Part of its list, which it keeps alive. */
struct nvvgpu_type {
	struct nvvgpu_type_list *list;
	struct framework_state state;
	_Atomic(char *) text;	/* NULL: nobody has asked for the sentence yet */
};

/* One block: the list of a GPU is asked for often. */
struct nvvgpu_type_list {
	atomic_uint refs;
	uint32_t count;
	struct framework_types *facts;
	char gpu_address[PCI_ADDRESS_LEN];
	struct nvvgpu_type types[];
};

static bool is_creatable(const struct framework_state *state)
{
	return state->known && state->available;
}

/* --------------------------------------------------------------------- list */

/* Takes over the reference to @facts. */
static struct nvvgpu_type_list *list_new(struct nvvgpu_gpu *gpu, struct framework_types *facts,
					 const struct framework_state *states, uint32_t count)
{
	struct nvvgpu_type_list *list;

	list = malloc(sizeof(*list) + count * sizeof(list->types[0]));
	if (!list) {
		framework_types_unref(facts);
		return NULL;
	}
	atomic_init(&list->refs, 1);
	list->count = count;
	list->facts = facts;
	memcpy(list->gpu_address, gpu->address, sizeof(list->gpu_address));
	for (uint32_t i = 0; i < count; i++) {
		list->types[i].list = list;
		list->types[i].state = states[i];
		atomic_init(&list->types[i].text, NULL);
	}
	return list;
}

static uint32_t keep_creatable(struct framework_state *states, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++)
		if (is_creatable(&states[i]))
			states[kept++] = states[i];
	return kept;
}

NVVGPU_EXPORT int nvvgpu_type_list(struct nvvgpu_gpu *gpu, unsigned int flags,
				   struct nvvgpu_type_list **ret)
{
	struct framework_state states[FRAMEWORK_MAX_TYPES];
	struct framework_types *facts;
	struct nvvgpu_type_list *list;
	uint32_t count;
	int err;

	if (flags & ~NVVGPU_TYPE_CREATABLE)
		return error_setf(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, gpu->address,
				  "use NVVGPU_TYPE_ALL or NVVGPU_TYPE_CREATABLE",
				  "unknown flags 0x%x", flags & ~NVVGPU_TYPE_CREATABLE);
	err = gpu->framework->ops.type_states(gpu->framework, states, &count, &facts);
	if (err)
		return err;
	if (flags & NVVGPU_TYPE_CREATABLE)
		count = keep_creatable(states, count);
	list = list_new(gpu, facts, states, count);
	if (!list)
		return error_nomem();
	*ret = list;
	return 0;
}

NVVGPU_EXPORT struct nvvgpu_type_list *nvvgpu_type_list_ref(struct nvvgpu_type_list *list)
{
	atomic_fetch_add_explicit(&list->refs, 1, memory_order_relaxed);
	return list;
}

NVVGPU_EXPORT struct nvvgpu_type_list *nvvgpu_type_list_unref(struct nvvgpu_type_list *list)
{
	if (!list || atomic_fetch_sub_explicit(&list->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	for (uint32_t i = 0; i < list->count; i++)
		free(atomic_load_explicit(&list->types[i].text, memory_order_relaxed));
	framework_types_unref(list->facts);
	free(list);
	return NULL;
}

NVVGPU_EXPORT size_t nvvgpu_type_list_size(struct nvvgpu_type_list *list)
{
	return list->count;
}

NVVGPU_EXPORT struct nvvgpu_type *nvvgpu_type_list_get(struct nvvgpu_type_list *list, size_t index)
{
	return index < list->count ? &list->types[index] : NULL;
}

/* ------------------------------------------------------------------- lookup */

static bool parse_id(const char *text, uint32_t *ret)
{
	uint64_t value = 0;

	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9' || value > UINT32_MAX)
			return false;
		value = value * 10 + (unsigned int)(*p - '0');
	}
	*ret = value;
	return *text && value <= UINT32_MAX;
}

/* "L40-1B" of "NVIDIA L40-1B"; boards of before 2021 say "GRID". */
static const char *without_vendor(const char *name)
{
	static const char *const vendors[] = { "NVIDIA ", "GRID " };

	for (size_t i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++)
		if (!strncmp(name, vendors[i], strlen(vendors[i])))
			return name + strlen(vendors[i]);
	return name;
}

static const struct framework_type *match(const struct framework_types *types, const char *text)
{
	uint32_t id;

	if (parse_id(text, &id))
		return framework_types_find(types, id);
	for (uint32_t i = 0; i < types->count; i++)
		if (!strcmp(types->types[i].name, text) ||
		    !strcmp(without_vendor(types->types[i].name), text))
			return &types->types[i];
	return NULL;
}

/* Names that the caller may have meant, nearest first; nothing is ever substituted. */
static void suggest(const struct framework_types *types, const char *text, char *buf, size_t size)
{
	size_t len = 0, named = 0;

	for (unsigned int edits = 1; edits <= NEAR_DISTANCE; edits++) {
		for (uint32_t i = 0; i < types->count && named < NEAR_NAMES; i++) {
			const char *name = types->types[i].name;

			if (text_distance(without_vendor(name), without_vendor(text),
					  NEAR_DISTANCE + 1) != edits)
				continue;
			len += snprintf(buf + len, size - len, "%s%s", named++ ? ", " : "near: ",
					name);
			if (len >= size)
				return;
		}
	}
	if (!named)
		snprintf(buf, size, "list the types of the GPU");
}

static int fail_no_type(struct nvvgpu_gpu *gpu, const struct framework_types *types,
			const char *text)
{
	char next[256] = "";

	suggest(types, text, next, sizeof(next));
	return error_setf(ENOENT, NVVGPU_REASON_NOT_FOUND, gpu->address, next,
			  "it has no vGPU type \"%.64s\"", text);
}

int type_find(struct nvvgpu_gpu *gpu, const char *id_or_name, struct framework_types **ret_types,
	      const struct framework_type **ret)
{
	const struct framework_type *type;
	struct framework_types *types;
	int err = gpu->framework->ops.types(gpu->framework, &types);

	if (err)
		return err;
	type = match(types, id_or_name);
	if (!type) {
		err = fail_no_type(gpu, types, id_or_name);
		framework_types_unref(types);
		return err;
	}
	*ret_types = types;
	*ret = type;
	return 0;
}

NVVGPU_EXPORT int nvvgpu_type_lookup(struct nvvgpu_gpu *gpu, const char *id_or_name,
				     struct nvvgpu_type **ret)
{
	const struct framework_type *type;
	struct nvvgpu_type_list *list;
	int err;

	if (!id_or_name)
		return error_set(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, gpu->address,
				 "no type was named", "give an id or a name");
	err = nvvgpu_type_list(gpu, NVVGPU_TYPE_ALL, &list);
	if (err)
		return err;
	type = match(list->facts, id_or_name);
	for (uint32_t i = 0; type && i < list->count; i++) {
		if (list->types[i].state.type != type)
			continue;
		*ret = &list->types[i];
		return 0;
	}
	err = fail_no_type(gpu, list->facts, id_or_name);
	nvvgpu_type_list_unref(list);
	return err;
}

NVVGPU_EXPORT struct nvvgpu_type *nvvgpu_type_ref(struct nvvgpu_type *type)
{
	nvvgpu_type_list_ref(type->list);
	return type;
}

NVVGPU_EXPORT struct nvvgpu_type *nvvgpu_type_unref(struct nvvgpu_type *type)
{
	if (type)
		nvvgpu_type_list_unref(type->list);
	return NULL;
}

/* -------------------------------------------------------------------- facts */

NVVGPU_EXPORT uint32_t nvvgpu_type_get_id(struct nvvgpu_type *type)
{
	return type->state.type->id;
}

NVVGPU_EXPORT const char *nvvgpu_type_get_name(struct nvvgpu_type *type)
{
	return type->state.type->name;
}

NVVGPU_EXPORT const char *nvvgpu_type_get_class(struct nvvgpu_type *type)
{
	return type->state.type->class_name;
}

NVVGPU_EXPORT const char *nvvgpu_type_get_gpu_address(struct nvvgpu_type *type)
{
	return type->list->gpu_address;
}

NVVGPU_EXPORT uint64_t nvvgpu_type_get_framebuffer_bytes(struct nvvgpu_type *type)
{
	return type->state.type->framebuffer_bytes;
}

NVVGPU_EXPORT uint32_t nvvgpu_type_get_heads(struct nvvgpu_type *type)
{
	return type->state.type->heads;
}

NVVGPU_EXPORT uint32_t nvvgpu_type_get_max_width(struct nvvgpu_type *type)
{
	return type->state.type->max_width;
}

NVVGPU_EXPORT uint32_t nvvgpu_type_get_max_height(struct nvvgpu_type *type)
{
	return type->state.type->max_height;
}

NVVGPU_EXPORT uint32_t nvvgpu_type_get_frame_rate_limit(struct nvvgpu_type *type)
{
	return type->state.type->frame_rate_limit;
}

NVVGPU_EXPORT uint32_t nvvgpu_type_get_max_instances(struct nvvgpu_type *type)
{
	return type->state.type->max_instances;
}

bool type_available(const struct nvvgpu_type *type, uint32_t *ret)
{
	if (type->state.known)
		*ret = type->state.available;
	return type->state.known;
}

NVVGPU_EXPORT int nvvgpu_type_get_available(struct nvvgpu_type *type, uint32_t *ret)
{
	if (type_available(type, ret))
		return 0;
	return error_set(ENODATA, NVVGPU_REASON_UNKNOWN, type->state.type->name,
			 "the driver does not say how many could be created", "");
}

NVVGPU_EXPORT bool nvvgpu_type_is_creatable(struct nvvgpu_type *type)
{
	return is_creatable(&type->state);
}

NVVGPU_EXPORT int nvvgpu_type_get_reason(struct nvvgpu_type *type)
{
	return type->state.reason;
}

/* Composed for the first who asks: most callers never do.  The first text stays. */
NVVGPU_EXPORT const char *nvvgpu_type_get_reason_text(struct nvvgpu_type *type)
{
	char sentence[SENTENCE_LEN];
	char *text = atomic_load_explicit(&type->text, memory_order_acquire);
	char *none = NULL;

	if (type->state.reason == NVVGPU_REASON_NONE)
		return "";
	if (text)
		return text;
	reason_sentence(type->state.reason, type->state.detail, sentence, sizeof(sentence));
	text = strdup(sentence);
	if (!text)
		return nvvgpu_reason_name(type->state.reason);
	if (atomic_compare_exchange_strong_explicit(&type->text, &none, text, memory_order_acq_rel,
						    memory_order_acquire))
		return text;
	free(text);
	return none;
}

NVVGPU_EXPORT int nvvgpu_type_list_placements(struct nvvgpu_gpu *gpu, struct nvvgpu_type *type,
					      int which, uint32_t *ids, size_t capacity,
					      size_t *ret_count, uint32_t *ret_length)
{
	if (which != NVVGPU_PLACEMENT_SUPPORTED && which != NVVGPU_PLACEMENT_CREATABLE)
		return error_setf(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, gpu->address,
				  "use one of enum nvvgpu_placement_set",
				  "there is no placement set number %d", which);
	return gpu->framework->ops.placements(gpu->framework, type->state.type, which, ids,
					      capacity, ret_count, ret_length);
}
