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

/*
 * One type: what it is (in the facts of the list) and what it could do when it
 * was listed (state).  It keeps its list alive.
 */
struct nvvgpu_type {
	_Atomic(struct nvvgpu_type_list *) list;	/* set whenever the type is handed out */
};

typedef _Atomic(char *) lazy_text;	/* NULL: nobody has asked for it yet */

/*
 * Lists are asked for often and seldom read to the end, so a list is one block
 * that the driver fills; everything else is worked out for those who ask.
 */
struct nvvgpu_type_list {
	atomic_uint refs;
	uint32_t count;
	_Atomic(lazy_text *) texts;	/* one per type; NULL: nobody has asked for any */
	struct framework_types *facts;
	struct nvvgpu_gpu *gpu;
	enum nvvgpu_reason reason;	/* why it is empty */
	char reason_text[SENTENCE_LEN];
	struct nvvgpu_type *types;	/* behind the states, in the same block */
	struct framework_state states[];
};

static struct nvvgpu_type_list *list_of(const struct nvvgpu_type *type)
{
	return atomic_load_explicit(&type->list, memory_order_relaxed);
}

static const struct framework_state *state_of(const struct nvvgpu_type *type)
{
	const struct nvvgpu_type_list *list = list_of(type);

	return &list->states[type - list->types];
}

static const struct framework_type *facts_of(const struct nvvgpu_type *type)
{
	return framework_types_find(list_of(type)->facts, state_of(type)->id);
}

static bool is_creatable(const struct framework_state *state)
{
	return state->available && state->available != FRAMEWORK_UNKNOWN;
}

static bool is_number(uint32_t available)
{
	return available != FRAMEWORK_UNKNOWN && available != FRAMEWORK_SOME;
}

/* --------------------------------------------------------------------- list */

static struct nvvgpu_type_list *list_new(struct nvvgpu_gpu *gpu, uint32_t room)
{
	size_t states = room * sizeof(struct framework_state);
	struct nvvgpu_type_list *list;

	list = malloc(sizeof(*list) + states + room * sizeof(list->types[0]));
	if (!list)
		return NULL;
	atomic_init(&list->refs, 1);
	atomic_init(&list->texts, NULL);
	list->reason = NVVGPU_REASON_NONE;
	list->reason_text[0] = '\0';
	list->types = (struct nvvgpu_type *)((char *)list->states + states);
	return list;
}

/* What is true of the types of every size tells more than that other ones are active. */
static void say_why_none(struct nvvgpu_type_list *list)
{
	const struct framework_state *found = list->states;

	for (uint32_t i = 0; i < list->count; i++)
		if (reason_from_why(list->states[i].why) != NVVGPU_REASON_EQUAL_SIZE) {
			found = &list->states[i];
			break;
		}
	list->reason = found->available == FRAMEWORK_UNKNOWN ? NVVGPU_REASON_UNKNOWN :
							       reason_from_why(found->why);
	reason_sentence(list->reason, found->detail, list->reason_text,
			sizeof(list->reason_text));
}

static void say_why_empty(struct nvvgpu_type_list *list)
{
	list->reason = NVVGPU_REASON_NOT_CAPABLE;
	text_copy(list->reason_text, sizeof(list->reason_text),
		  "its driver knows no vGPU types of this board");
}

static void keep_creatable(struct nvvgpu_type_list *list)
{
	uint32_t kept = 0, all = list->count;

	for (uint32_t i = 0; i < list->count; i++)
		if (is_creatable(&list->states[i]))
			list->states[kept++] = list->states[i];
	if (all && !kept)
		say_why_none(list);
	list->count = kept;
}

/* -ENOSPC: *room was too small, and is what it takes now */
static int try_list(struct nvvgpu_gpu *gpu, uint32_t *room, struct nvvgpu_type_list **ret)
{
	struct nvvgpu_type_list *list = list_new(gpu, *room);
	int err;

	if (!list)
		return error_nomem();
	err = gpu->framework->ops.type_states(gpu->framework, list->states, *room, &list->count,
					      &list->facts);
	if (err == -ENOSPC)
		*room = list->count;
	if (err) {
		free(list);
		return err;
	}
	list->gpu = nvvgpu_gpu_ref(gpu);
	*ret = list;
	return 0;
}

NVVGPU_EXPORT int nvvgpu_type_list(struct nvvgpu_gpu *gpu, unsigned int flags,
				   struct nvvgpu_type_list **ret)
{
	struct nvvgpu_type_list *list = NULL;
	uint32_t room = atomic_load_explicit(&gpu->type_room, memory_order_relaxed);
	int err;

	if (flags & ~NVVGPU_TYPE_CREATABLE)
		return error_setf(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, gpu->address,
				  "use NVVGPU_TYPE_ALL or NVVGPU_TYPE_CREATABLE",
				  "unknown flags 0x%x", flags & ~NVVGPU_TYPE_CREATABLE);
	do
		err = try_list(gpu, &room, &list);
	while (err == -ENOSPC);
	if (err)
		return err;
	atomic_store_explicit(&gpu->type_room, list->count, memory_order_relaxed);
	if (!list->count)
		say_why_empty(list);
	if (flags & NVVGPU_TYPE_CREATABLE)
		keep_creatable(list);
	*ret = list;
	return 0;
}

NVVGPU_EXPORT enum nvvgpu_reason nvvgpu_type_list_get_reason(struct nvvgpu_type_list *list)
{
	return list->reason;
}

NVVGPU_EXPORT const char *nvvgpu_type_list_get_reason_text(struct nvvgpu_type_list *list)
{
	return list->reason_text;
}

NVVGPU_EXPORT struct nvvgpu_type_list *nvvgpu_type_list_ref(struct nvvgpu_type_list *list)
{
	atomic_fetch_add_explicit(&list->refs, 1, memory_order_relaxed);
	return list;
}

NVVGPU_EXPORT struct nvvgpu_type_list *nvvgpu_type_list_unref(struct nvvgpu_type_list *list)
{
	lazy_text *texts;

	if (!list || atomic_fetch_sub_explicit(&list->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	texts = atomic_load_explicit(&list->texts, memory_order_relaxed);
	for (uint32_t i = 0; texts && i < list->count; i++)
		free(atomic_load_explicit(&texts[i], memory_order_relaxed));
	free(texts);
	framework_types_unref(list->facts);
	nvvgpu_gpu_unref(list->gpu);
	free(list);
	return NULL;
}

NVVGPU_EXPORT size_t nvvgpu_type_list_size(struct nvvgpu_type_list *list)
{
	return list->count;
}

NVVGPU_EXPORT struct nvvgpu_type *nvvgpu_type_list_get(struct nvvgpu_type_list *list, size_t index)
{
	struct nvvgpu_type *type;

	if (index >= list->count)
		return NULL;
	type = &list->types[index];
	atomic_store_explicit(&type->list, list, memory_order_relaxed);
	return type;
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

/* With or without the vendor, whichever is nearer. */
static unsigned int distance(const char *name, const char *text)
{
	unsigned int whole = text_distance(name, text, NEAR_DISTANCE + 1);
	unsigned int model = text_distance(without_vendor(name), without_vendor(text),
					   NEAR_DISTANCE + 1);

	return whole < model ? whole : model;
}

/* Names that the caller may have meant, nearest first; nothing is ever substituted. */
static void suggest(const struct framework_types *types, const char *text, char *buf, size_t size)
{
	size_t len = 0, named = 0;

	for (unsigned int edits = 0; edits <= NEAR_DISTANCE; edits++) {
		for (uint32_t i = 0; i < types->count && named < NEAR_NAMES; i++) {
			const char *name = types->types[i].name;

			if (distance(name, text) != edits)
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
		if (list->states[i].id != type->id)
			continue;
		*ret = nvvgpu_type_list_get(list, i);
		return 0;
	}
	err = fail_no_type(gpu, list->facts, id_or_name);
	nvvgpu_type_list_unref(list);
	return err;
}

NVVGPU_EXPORT struct nvvgpu_type *nvvgpu_type_ref(struct nvvgpu_type *type)
{
	nvvgpu_type_list_ref(list_of(type));
	return type;
}

NVVGPU_EXPORT struct nvvgpu_type *nvvgpu_type_unref(struct nvvgpu_type *type)
{
	if (type)
		nvvgpu_type_list_unref(list_of(type));
	return NULL;
}

/* -------------------------------------------------------------------- facts */

NVVGPU_EXPORT uint32_t nvvgpu_type_get_id(struct nvvgpu_type *type)
{
	return state_of(type)->id;
}

NVVGPU_EXPORT const char *nvvgpu_type_get_name(struct nvvgpu_type *type)
{
	return facts_of(type)->name;
}

NVVGPU_EXPORT const char *nvvgpu_type_get_class(struct nvvgpu_type *type)
{
	return facts_of(type)->class_name;
}

NVVGPU_EXPORT struct nvvgpu_gpu *nvvgpu_type_get_gpu(struct nvvgpu_type *type)
{
	return list_of(type)->gpu;
}

NVVGPU_EXPORT uint64_t nvvgpu_type_get_framebuffer_bytes(struct nvvgpu_type *type)
{
	return facts_of(type)->framebuffer_bytes;
}

NVVGPU_EXPORT uint32_t nvvgpu_type_get_heads(struct nvvgpu_type *type)
{
	return facts_of(type)->heads;
}

NVVGPU_EXPORT uint32_t nvvgpu_type_get_max_width(struct nvvgpu_type *type)
{
	return facts_of(type)->max_width;
}

NVVGPU_EXPORT uint32_t nvvgpu_type_get_max_height(struct nvvgpu_type *type)
{
	return facts_of(type)->max_height;
}

NVVGPU_EXPORT uint32_t nvvgpu_type_get_frame_rate_limit(struct nvvgpu_type *type)
{
	return facts_of(type)->frame_rate_limit;
}

NVVGPU_EXPORT uint32_t nvvgpu_type_get_max_instances(struct nvvgpu_type *type)
{
	return facts_of(type)->max_instances;
}

bool type_available(const struct nvvgpu_type *type, uint32_t *ret)
{
	uint32_t available = state_of(type)->available;

	if (!is_number(available))
		return false;
	*ret = available;
	return true;
}

NVVGPU_EXPORT int nvvgpu_type_get_available(struct nvvgpu_type *type, uint32_t *ret)
{
	if (type_available(type, ret))
		return 0;
	return error_set(ENODATA, NVVGPU_REASON_UNKNOWN, facts_of(type)->name,
			 "the driver does not say how many could be created", "");
}

NVVGPU_EXPORT bool nvvgpu_type_is_creatable(struct nvvgpu_type *type)
{
	return is_creatable(state_of(type));
}

NVVGPU_EXPORT enum nvvgpu_reason nvvgpu_type_get_reason(struct nvvgpu_type *type)
{
	const struct framework_state *state = state_of(type);
	int reason;

	if (is_creatable(state))
		return NVVGPU_REASON_NONE;
	reason = state->available ? NVVGPU_REASON_UNKNOWN : reason_from_why(state->why);
	return reason == NVVGPU_REASON_NONE ? NVVGPU_REASON_UNKNOWN : reason;
}

/* The first of several threads wins, here and below: what was handed out stays. */
static lazy_text *texts_of(struct nvvgpu_type_list *list)
{
	lazy_text *texts = atomic_load_explicit(&list->texts, memory_order_acquire);
	lazy_text *fresh;

	if (texts)
		return texts;
	fresh = calloc(list->count, sizeof(*fresh));
	if (fresh && atomic_compare_exchange_strong(&list->texts, &texts, fresh))
		return fresh;
	free(fresh);
	return texts;
}

static const char *keep_text(lazy_text *place, char *text)
{
	char *kept = NULL;

	if (atomic_compare_exchange_strong(place, &kept, text))
		return text;
	free(text);
	return kept;
}

NVVGPU_EXPORT const char *nvvgpu_type_get_reason_text(struct nvvgpu_type *type)
{
	int reason = nvvgpu_type_get_reason(type);
	char sentence[SENTENCE_LEN];
	lazy_text *place;
	char *text;

	if (reason == NVVGPU_REASON_NONE)
		return "";
	place = texts_of(list_of(type));
	if (!place)
		return nvvgpu_reason_name(reason);
	place += type - list_of(type)->types;
	text = atomic_load_explicit(place, memory_order_acquire);
	if (text)
		return text;
	reason_sentence(reason, state_of(type)->detail, sentence, sizeof(sentence));
	text = strdup(sentence);
	return text ? keep_text(place, text) : nvvgpu_reason_name(reason);
}

NVVGPU_EXPORT int nvvgpu_type_get_placements(struct nvvgpu_type *type,
					     enum nvvgpu_placement_set which, uint32_t *ids,
					     size_t capacity, size_t *ret_count,
					     uint32_t *ret_length)
{
	struct nvvgpu_gpu *gpu = list_of(type)->gpu;

	if (which != NVVGPU_PLACEMENT_SUPPORTED && which != NVVGPU_PLACEMENT_CREATABLE)
		return error_setf(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, gpu->address,
				  "use one of enum nvvgpu_placement_set",
				  "there is no placement set number %d", which);
	return gpu->framework->ops.placements(gpu->framework, facts_of(type), which, ids,
					      capacity, ret_count, ret_length);
}
