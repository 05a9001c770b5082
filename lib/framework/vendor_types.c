// SPDX-License-Identifier: MIT
/*
 * Types.  The driver shows what a free VF could become, by id and name; what it shows is
 * true.  All else comes from what is known of the board: other types, sizes, numbers, and
 * why a type is not among those that the driver shows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uapi/nvvgpu.h>
#include "framework/mode.h"
#include "framework/vendor_vfio.h"
#include "util/text.h"

#define GIB		(1ULL << 30)
#define MAX_UNITS	1024

/* --------------------------------------------------------------- which there are */

static const struct vendor_row *seen_by_id(const struct vendor_gpu *gpu, uint32_t id)
{
	for (uint32_t i = 0; i < gpu->seen_count; i++)
		if (gpu->seen[i].id == id)
			return &gpu->seen[i];
	return NULL;
}

static void remember(struct vendor_gpu *gpu, const struct vendor_view *view)
{
	for (size_t i = 0; i < view->row_count; i++)
		if (!seen_by_id(gpu, view->rows[i].id) && gpu->seen_count < FRAMEWORK_MAX_TYPES)
			gpu->seen[gpu->seen_count++] = view->rows[i];
}

/*
 * A table whose ids are modelled is believed when all that the driver has shown agrees, a
 * table that is said to be certain as long as nothing disagrees.
 */
static bool table_is_true(const struct vendor_gpu *gpu)
{
	bool agreed = gpu->board->ids_certain;

	for (uint32_t i = 0; i < gpu->seen_count; i++) {
		const struct vendor_row *row = &gpu->seen[i];
		const struct framework_type *same = board_type_by_id(gpu->board, row->id);
		const struct framework_type *named = board_type_by_name(gpu->board, row->name);

		if (same ? same != named : named != NULL)
			return false;
		agreed |= same != NULL;
	}
	return agreed;
}

struct id_list {
	struct framework_state states[FRAMEWORK_MAX_TYPES];	/* only the ids of them */
	uint32_t count;
};

static void add_id(struct id_list *list, uint32_t id)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (list->states[i].id == id)
			return;
	if (list->count < FRAMEWORK_MAX_TYPES)
		list->states[list->count++].id = id;
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = ((const struct framework_state *)a)->id;
	uint32_t y = ((const struct framework_state *)b)->id;

	return (x > y) - (x < y);
}

static void collect_ids(const struct vendor_gpu *gpu, const struct vendor_view *view,
			struct id_list *list)
{
	for (uint32_t i = 0; i < gpu->seen_count; i++)
		add_id(list, gpu->seen[i].id);
	for (size_t i = 0; i < view->count; i++)
		if (view->vfs[i].type_id)
			add_id(list, view->vfs[i].type_id);
	if (table_is_true(gpu))
		for (uint32_t i = 0; i < gpu->board->type_count; i++)
			add_id(list, gpu->board->types[i].id);
	qsort(list->states, list->count, sizeof(list->states[0]), compare_ids);
}

/* A type that nobody has a name for is called by its id. */
static void name_type(const struct vendor_gpu *gpu, struct framework_type *type)
{
	const struct framework_type *known = table_is_true(gpu) ?
					     board_type_by_id(gpu->board, type->id) : NULL;
	const struct vendor_row *row = seen_by_id(gpu, type->id);

	if (row)
		text_copy(type->name, sizeof(type->name), row->name);
	else if (known)
		text_copy(type->name, sizeof(type->name), known->name);
	else
		snprintf(type->name, sizeof(type->name), "%u", type->id);
	board_describe(gpu->board, type);
}

static bool same_ids(const struct framework_types *types, const struct id_list *list)
{
	if (!types || types->count != list->count)
		return false;
	for (uint32_t i = 0; i < list->count; i++)
		if (types->ids[i] != list->states[i].id)
			return false;
	return true;
}

/* With the lock of the GPU.  NULL: no memory */
static struct framework_types *update_types(struct vendor_gpu *gpu, const struct vendor_view *view)
{
	__cleanup_free struct id_list *list = calloc(1, sizeof(*list));
	struct framework_types *types;

	if (!list)
		return NULL;
	remember(gpu, view);
	collect_ids(gpu, view, list);
	if (same_ids(gpu->types, list))
		return gpu->types;
	types = framework_types_new(list->states, list->count);
	if (!types)
		return NULL;
	for (uint32_t i = 0; i < types->count; i++)
		name_type(gpu, &types->types[i]);
	framework_types_unref(gpu->types);
	gpu->types = types;
	return types;
}

int vendor_types_of(struct framework *fw, const struct vendor_view *view,
		    struct framework_types **ret)
{
	struct vendor_gpu *gpu = vendor_gpu(fw);
	const struct board *board;
	struct framework_types *types;
	int err = vendor_board(fw, &board);

	if (err)
		return err;
	pthread_mutex_lock(&gpu->lock);
	types = update_types(gpu, view);
	if (types)
		framework_types_ref(types);
	pthread_mutex_unlock(&gpu->lock);
	if (!types)
		return error_nomem();
	*ret = types;
	return 0;
}

int vendor_types(struct framework *fw, struct framework_types **ret)
{
	__cleanup_view struct vendor_view view = { .vfs = NULL };
	int err = view_read(fw, &view);

	return err ? err : vendor_types_of(fw, &view, ret);
}

/* ----------------------------------------------------------- what has room for it */

/* What the judgement of types rests on. */
struct space {
	const struct board *board;
	const struct framework_types *types;
	enum nvvgpu_mode mode;
	size_t live, free;
	uint64_t active_bytes;		/* of the vGPUs that exist; 0: none, or not known */
	bool sizes_differ;
	uint32_t units;			/* of the placement scale; 0: not known */
	bool placed;			/* all vGPUs have a placement id */
	bool taken[MAX_UNITS];
};

static uint32_t length_of(const struct framework_type *type)
{
	return (type->framebuffer_bytes + GIB - 1) / GIB;
}

/* Id j of a type is where its j-th instance would begin if there were no others. */
static uint32_t placement_of(const struct space *space, const struct framework_type *type,
			     uint32_t j)
{
	return (uint64_t)space->units * j / type->max_instances;
}

static void mark(struct space *space, uint32_t id, uint32_t length)
{
	for (uint32_t unit = id; unit < id + length && unit < MAX_UNITS; unit++)
		space->taken[unit] = true;
}

static bool is_free(const struct space *space, uint32_t id, uint32_t length)
{
	if (id + length > space->units)
		return false;
	for (uint32_t unit = id; unit < id + length; unit++)
		if (space->taken[unit])
			return false;
	return true;
}

static void add_live(struct space *space, const struct vendor_vf *vf)
{
	const struct framework_type *type = framework_types_find(space->types, vf->type_id);
	uint64_t bytes = type ? type->framebuffer_bytes : 0;

	if (space->active_bytes && bytes && bytes != space->active_bytes)
		space->sizes_differ = true;
	space->live++;
	if (bytes)
		space->active_bytes = bytes;
	if (vf->has_placement && type && vf->placement < MAX_UNITS)
		mark(space, vf->placement, length_of(type));
	else
		space->placed = false;
}

/* The driver is asked only when its rows leave it open. */
static int find_mode(struct framework *fw, const struct vendor_view *view, struct space *space)
{
	for (size_t i = 0; i < view->row_count && space->active_bytes; i++) {
		const struct framework_type *type;

		type = framework_types_find(space->types, view->rows[i].id);
		if (type && type->framebuffer_bytes &&
		    type->framebuffer_bytes != space->active_bytes)
			space->sizes_differ = true;
	}
	space->mode = NVVGPU_GPU_MODE_MIXED_SIZE;
	return space->sizes_differ ? 0 : mode_read(fw, &space->mode);
}

static int space_fill(struct framework *fw, struct vendor_view *view,
		      const struct framework_types *types, struct space *space)
{
	int err;

	*space = (struct space){ .types = types, .placed = true };
	err = vendor_board(fw, &space->board);
	if (!err)
		err = view_read_placements(fw, view);
	if (err)
		return err;
	for (size_t i = 0; i < view->count; i++)
		if (view->vfs[i].type_id)
			add_live(space, &view->vfs[i]);
	space->free = view->count - space->live;
	if (space->board->rules_known && space->board->framebuffer_bytes / GIB < MAX_UNITS)
		space->units = space->board->framebuffer_bytes / GIB;
	return space->live ? find_mode(fw, view, space) : 0;
}

static bool is_mixed(const struct space *space)
{
	return space->mode == NVVGPU_GPU_MODE_MIXED_SIZE;
}

static uint32_t count_created(const struct vendor_view *view, uint32_t type_id)
{
	uint32_t count = 0;

	for (size_t i = 0; i < view->count; i++)
		count += view->vfs[i].type_id == type_id;
	return count;
}

/* As the driver places them: each at the first id of its type that is free. */
static uint32_t count_places(const struct space *space, const struct framework_type *type)
{
	struct space trial = *space;
	uint32_t count = 0;

	for (uint32_t j = 0; j < type->max_instances; j++) {
		uint32_t id = placement_of(space, type, j);

		if (!is_free(&trial, id, length_of(type)))
			continue;
		mark(&trial, id, length_of(type));
		count++;
	}
	return count;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Of a type that the driver offers there is at least one. */
static uint32_t count_available(const struct space *space, const struct framework_type *type,
				uint32_t created)
{
	uint32_t count = 0;

	if (!type->max_instances)
		return FRAMEWORK_SOME;
	if (!is_mixed(space)) {
		if (type->max_instances > space->live)
			count = type->max_instances - space->live;
	} else if (space->units && space->placed && type->framebuffer_bytes) {
		count = count_places(space, type);
		if (type->max_instances < created + count)
			count = type->max_instances > created ? type->max_instances - created : 0;
	}
	count = smaller(count, space->free);
	return count ? count : FRAMEWORK_SOME;
}

/* Another type of this size is offered, so that the size is not what stands against it. */
static bool offers_size(const struct space *space, const struct vendor_view *view, uint64_t bytes)
{
	for (size_t i = 0; i < view->row_count; i++) {
		const struct framework_type *type;

		type = framework_types_find(space->types, view->rows[i].id);
		if (type && type->framebuffer_bytes == bytes)
			return true;
	}
	return false;
}

static void why_not(const struct space *space, const struct vendor_view *view,
		    const struct framework_type *type, uint32_t created, struct vendor_why *why)
{
	uint32_t counted = is_mixed(space) ? created : space->live;

	*why = (struct vendor_why){ .why = NVVGPU_WHY_NONE };
	if (space->live && !is_mixed(space) && space->active_bytes && type->framebuffer_bytes &&
	    space->active_bytes != type->framebuffer_bytes) {
		why->why = NVVGPU_WHY_EQUAL_SIZE;
		why->detail = space->active_bytes;
	} else if (type->max_instances && counted >= type->max_instances) {
		why->why = NVVGPU_WHY_EXHAUSTED;
		why->detail = type->max_instances;
	} else if (!space->free && !space->live) {
		why->why = NVVGPU_WHY_VFS_DISABLED;
	} else if (!space->free) {
		why->why = NVVGPU_WHY_EXHAUSTED;
		why->detail = space->live;
	} else if (!space->live || offers_size(space, view, type->framebuffer_bytes)) {
		why->why = NVVGPU_WHY_NOT_SUPPORTED;
	} else if (is_mixed(space)) {
		why->why = NVVGPU_WHY_NO_FRAMEBUFFER;
		why->detail = type->framebuffer_bytes;
	}
}

int vendor_judge(struct framework *fw, struct vendor_view *view,
		 const struct framework_type *type, struct vendor_why *ret)
{
	__cleanup_free struct space *space = malloc(sizeof(*space));
	struct framework_types *types;
	int err;

	*ret = (struct vendor_why){ .why = NVVGPU_WHY_NONE };
	if (view_offers(view, type->id))
		return 0;
	if (!space)
		return error_nomem();
	err = vendor_types_of(fw, view, &types);
	if (err)
		return err;
	err = space_fill(fw, view, types, space);
	if (!err)
		why_not(space, view, type, count_created(view, type->id), ret);
	framework_types_unref(types);
	return err;
}

static void fill_state(const struct space *space, const struct vendor_view *view,
		       const struct framework_type *type, struct framework_state *state)
{
	struct vendor_why why;

	*state = (struct framework_state){
		.id = type->id,
		.created = count_created(view, type->id),
	};
	if (view_offers(view, type->id)) {
		state->available = count_available(space, type, state->created);
		return;
	}
	why_not(space, view, type, state->created, &why);
	state->why = why.why;
	state->detail = why.detail;
}

int vendor_type_states(struct framework *fw, struct framework_state *states, uint32_t room,
		       uint32_t *ret_count, struct framework_types **ret_types)
{
	__cleanup_free struct space *space = malloc(sizeof(*space));
	__cleanup_view struct vendor_view view = { .vfs = NULL };
	struct framework_types *types;
	int err = view_read(fw, &view);

	if (!err)
		err = space ? vendor_types_of(fw, &view, &types) : error_nomem();
	if (err)
		return err;
	*ret_count = types->count;
	err = types->count > room ? -ENOSPC : space_fill(fw, &view, types, space);
	if (err) {
		framework_types_unref(types);
		return err;
	}
	for (uint32_t i = 0; i < types->count; i++)
		fill_state(space, &view, &types->types[i], &states[i]);
	*ret_types = types;
	return 0;
}

/* ------------------------------------------------------------------ placements */

static bool uses_placements(const struct space *space)
{
	return space->board->placements || is_mixed(space);
}

static bool rules_are_known(const struct space *space, const struct framework_type *type)
{
	return space->units && type->max_instances && type->framebuffer_bytes;
}

static bool is_placement(const struct space *space, const struct framework_type *type, uint32_t id)
{
	for (uint32_t j = 0; j < type->max_instances; j++)
		if (placement_of(space, type, j) == id)
			return true;
	return false;
}

/* Mixed-size mode matters on an empty GPU too. */
static int space_for_placements(struct framework *fw, struct vendor_view *view,
				const struct framework_types *types, struct space *space)
{
	int err = space_fill(fw, view, types, space);

	if (!err && !space->live && !space->board->placements)
		err = mode_read(fw, &space->mode);
	return err;
}

int vendor_judge_placement(struct framework *fw, struct vendor_view *view,
			   const struct framework_type *type, uint32_t id,
			   struct vendor_why *ret)
{
	__cleanup_free struct space *space = malloc(sizeof(*space));
	struct framework_types *types;
	int err;

	*ret = (struct vendor_why){ .why = NVVGPU_WHY_NONE, .detail = id };
	if (!space)
		return error_nomem();
	err = vendor_types_of(fw, view, &types);
	if (err)
		return err;
	err = space_for_placements(fw, view, types, space);
	if (!err && rules_are_known(space, type)) {
		if (!uses_placements(space) || !is_placement(space, type, id))
			ret->why = NVVGPU_WHY_PLACEMENT_INVALID;
		else if (!is_free(space, id, length_of(type)))
			ret->why = NVVGPU_WHY_PLACEMENT_TAKEN;
	}
	framework_types_unref(types);
	return err;
}

static bool is_creatable_at(const struct space *space, const struct vendor_view *view,
			    const struct framework_type *type, uint32_t id)
{
	return uses_placements(space) && view_offers(view, type->id) &&
	       is_free(space, id, length_of(type));
}

static size_t list_placements(const struct space *space, const struct vendor_view *view,
			      const struct framework_type *type, bool creatable, uint32_t *ids,
			      size_t capacity)
{
	uint32_t last = UINT32_MAX;
	size_t count = 0;

	for (uint32_t j = 0; j < type->max_instances; j++) {
		uint32_t id = placement_of(space, type, j);

		if (id == last || (creatable && !is_creatable_at(space, view, type, id)))
			continue;
		if (count < capacity)
			ids[count] = id;
		count++;
		last = id;
	}
	return count;
}

int vendor_placements(struct framework *fw, const struct framework_type *type,
		      enum nvvgpu_placement_set which, uint32_t *ids, size_t capacity,
		      size_t *ret_count, uint32_t *ret_length)
{
	__cleanup_free struct space *space = malloc(sizeof(*space));
	__cleanup_view struct vendor_view view = { .vfs = NULL };
	struct framework_types *types;
	int err = view_read(fw, &view);

	if (!err)
		err = space ? vendor_types_of(fw, &view, &types) : error_nomem();
	if (err)
		return err;
	err = space_for_placements(fw, &view, types, space);
	if (!err && !rules_are_known(space, type))
		err = error_set(EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED, fw->address,
				"its driver does not tell placement ids, and those of this board "
				"are not known", "leave the choice to the driver");
	if (!err) {
		*ret_count = list_placements(space, &view, type,
					     which == NVVGPU_PLACEMENT_CREATABLE, ids, capacity);
		if (ret_length)
			*ret_length = length_of(type);
	}
	framework_types_unref(types);
	return err;
}
