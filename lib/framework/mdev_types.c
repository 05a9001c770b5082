// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uapi/nvvgpu.h>
#include "framework/boards.h"
#include "framework/mdev.h"
#include "framework/parse.h"
#include "util/text.h"

#define DESCRIPTION_LEN 512

/* --------------------------------------------------------------------- facts */

static bool is_complete(const struct framework_type *type)
{
	return type->max_instances && type->heads && type->max_width && type->max_height &&
	       type->frame_rate_limit && type->framebuffer_bytes;
}

/* A type that has no name is called by its id; a description that is none says nothing. */
static void read_type(struct os *os, const struct mdev_offer *offer, struct framework_type *type)
{
	char path[MDEV_PATH_LEN + 16], text[DESCRIPTION_LEN];

	snprintf(path, sizeof(path), "%s/name", offer->directory);
	if (os_attr_line(os, path, type->name, sizeof(type->name)) || !type->name[0])
		snprintf(type->name, sizeof(type->name), "%u", type->id);
	snprintf(path, sizeof(path), "%s/description", offer->directory);
	if (!os->ops->attr_read(os, path, text, sizeof(text), NULL))
		parse_description(text, type);
}

/* The class is in the name alone; for what else is missing the board has to be known. */
static int complete(struct mdev_gpu *gpu, struct framework_types *types)
{
	__cleanup_free struct board *board = NULL;

	for (uint32_t i = 0; i < types->count; i++) {
		struct framework_type *type = &types->types[i];
		struct framework_type named = { .id = 0 };
		int err = 0;

		parse_type_name(type->name, &named);
		if (!type->class_name[0])
			text_copy(type->class_name, sizeof(type->class_name), named.class_name);
		if (is_complete(type) && type->class_name[0])
			continue;
		if (!board)
			err = board_learn(&gpu->base, &board);
		if (err)
			return err;
		board_describe(board, type);
	}
	return 0;
}

static bool same_ids(const struct framework_types *types, const struct mdev_view *view)
{
	if (!types || types->count != view->offer_count)
		return false;
	for (uint32_t i = 0; i < types->count; i++)
		if (types->ids[i] != view->offers[i].id)
			return false;
	return true;
}

/* What a type is never changes: only those that are new are read. */
static int read_types(struct mdev_gpu *gpu, const struct mdev_view *view,
		      struct framework_types *types)
{
	for (uint32_t i = 0; i < types->count; i++) {
		const struct framework_type *known = NULL;

		if (gpu->types)
			known = framework_types_find(gpu->types, types->ids[i]);
		if (known)
			types->types[i] = *known;
		else
			read_type(gpu->base.os, &view->offers[i], &types->types[i]);
	}
	return complete(gpu, types);
}

/* With the lock: gpu->types becomes what the view shows. */
static int update_types(struct mdev_gpu *gpu, const struct mdev_view *view)
{
	__cleanup_free struct framework_state *states = NULL;
	struct framework_types *types;
	int err;

	if (same_ids(gpu->types, view))
		return 0;
	states = calloc(view->offer_count + 1, sizeof(*states));
	if (!states)
		return error_nomem();
	for (size_t i = 0; i < view->offer_count; i++)
		states[i].id = view->offers[i].id;
	types = framework_types_new(states, view->offer_count);
	if (!types)
		return error_nomem();
	err = read_types(gpu, view, types);
	if (err) {
		framework_types_unref(types);
		return err;
	}
	framework_types_unref(gpu->types);
	gpu->types = types;
	gpu->types_stamp.known = false;
	free(gpu->states);
	gpu->states = NULL;
	return 0;
}

static int refresh_types(struct mdev_gpu *gpu, enum mdev_depth depth)
{
	__cleanup_mdev_view struct mdev_view view = { .offers = NULL };
	struct os_stamp stamp;
	int err;

	if (gpu->types && os_stamp_holds(gpu->base.os, &gpu->types_stamp))
		return 0;
	os_stamp_take(gpu->base.os, &stamp);
	err = mdev_view_offers(gpu, depth, &view);
	if (!err)
		err = update_types(gpu, &view);
	if (!err && depth == MDEV_TYPES_ALL)
		gpu->types_stamp = stamp;
	return err;
}

static int types_of(struct framework *fw, enum mdev_depth depth, struct framework_types **ret)
{
	struct mdev_gpu *gpu = mdev_gpu(fw);
	int err;

	pthread_mutex_lock(&gpu->lock);
	err = refresh_types(gpu, depth);
	if (!err)
		*ret = framework_types_ref(gpu->types);
	pthread_mutex_unlock(&gpu->lock);
	return err;
}

int mdev_types(struct framework *fw, struct framework_types **ret)
{
	return types_of(fw, MDEV_TYPES_ALL, ret);
}

int mdev_first_types(struct framework *fw, struct framework_types **ret)
{
	return types_of(fw, MDEV_FIRST, ret);
}

/* ------------------------------------------------------ what has room for it */

/* What the judgement of types rests on. */
struct usage {
	const struct framework_types *types;
	size_t live;
	uint64_t active_bytes;		/* of the vGPUs that exist; 0: none, or not known */
	bool mixed;			/* vGPUs of several sizes exist, or could */
	bool mig;			/* a GPU instance of MIG could take one */
	size_t parents;
};

/* "A100-1-5C", "H100-1-10CME": slices of the GPU, then the size. */
static bool is_mig_backed(const char *name)
{
	const char *size = strrchr(name, '-'), *slices = size;

	while (slices && slices > name && slices[-1] >= '0' && slices[-1] <= '9')
		slices--;
	return slices && slices < size && slices > name && slices[-1] == '-';
}

static void add_live(struct usage *usage, uint32_t type_id)
{
	const struct framework_type *type = framework_types_find(usage->types, type_id);
	uint64_t bytes = type ? type->framebuffer_bytes : 0;

	if (usage->live++ && bytes != usage->active_bytes)
		usage->mixed = true;
	usage->active_bytes = bytes;
}

static void add_offer(struct usage *usage, const struct mdev_offer *offer)
{
	const struct framework_type *type = framework_types_find(usage->types, offer->id);

	if (!offer->count || !type)
		return;
	usage->mig |= is_mig_backed(type->name);
	if (usage->active_bytes && type->framebuffer_bytes &&
	    type->framebuffer_bytes != usage->active_bytes)
		usage->mixed = true;
}

/* What exists and what is offered looks the same in both modes: then the driver is asked. */
static bool is_in_mixed_mode(const struct mdev_gpu *gpu)
{
	struct os *os = gpu->base.os;
	bool mixed = false;

	return !os->ops->mixed_size_get(os, gpu->base.address, &mixed) && mixed;
}

/* With the lock; view: offers and vGPUs. */
static void find_usage(const struct mdev_gpu *gpu, const struct mdev_view *view,
		       struct usage *usage)
{
	*usage = (struct usage){ .types = gpu->types, .parents = view->parents };
	for (size_t i = 0; i < view->vgpu_count; i++)
		add_live(usage, view->vgpus[i].type_id);
	for (size_t i = 0; i < view->offer_count; i++)
		add_offer(usage, &view->offers[i]);
	if (usage->live && !usage->mixed)
		usage->mixed = is_in_mixed_mode(gpu);
}

static uint32_t count_created(const struct mdev_view *view, uint32_t type_id)
{
	uint32_t count = 0;

	for (size_t i = 0; i < view->vgpu_count; i++)
		count += view->vgpus[i].type_id == type_id;
	return count;
}

/* Each VF says only whether it could take one: of all of them together no more than fit. */
static uint32_t count_available(const struct usage *usage, const struct mdev_offer *offer,
				const struct framework_type *type)
{
	uint32_t left;

	if (!offer->count)
		return offer->unknown ? FRAMEWORK_UNKNOWN : 0;
	if (!offer->vfs)
		return offer->count;
	if (usage->mixed || !type->max_instances || type->max_instances <= usage->live)
		return FRAMEWORK_SOME;
	left = type->max_instances - usage->live;
	return left < offer->count ? left : offer->count;
}

static void why_not(const struct usage *usage, const struct framework_type *type,
		    uint32_t created, struct framework_state *state)
{
	size_t counted = usage->mixed ? created : usage->live;

	if (usage->live && !usage->mixed && usage->active_bytes && type->framebuffer_bytes &&
	    usage->active_bytes != type->framebuffer_bytes) {
		state->why = NVVGPU_WHY_EQUAL_SIZE;
		state->detail = usage->active_bytes;
	} else if (type->max_instances && counted >= type->max_instances) {
		state->why = NVVGPU_WHY_EXHAUSTED;
		state->detail = type->max_instances;
	} else if (usage->mig != is_mig_backed(type->name) && usage->mig) {
		state->why = NVVGPU_WHY_MIG;
	} else if (usage->live && usage->live >= usage->parents && usage->parents > 1) {
		state->why = NVVGPU_WHY_EXHAUSTED;
		state->detail = usage->live;
	} else if (usage->live && usage->mixed) {
		state->why = NVVGPU_WHY_NO_FRAMEBUFFER;
		state->detail = type->framebuffer_bytes;
	}
}

static void fill_state(const struct usage *usage, const struct mdev_view *view,
		       const struct mdev_offer *offer, const struct framework_type *type,
		       struct framework_state *state)
{
	*state = (struct framework_state){
		.id = type->id,
		.created = count_created(view, type->id),
		.available = count_available(usage, offer, type),
	};
	if (!state->available)
		why_not(usage, type, state->created, state);
}

/* ------------------------------------------------------------------- states */

/* With the lock: gpu->states becomes what the parents say now. */
static int read_states(struct mdev_gpu *gpu)
{
	__cleanup_mdev_view struct mdev_view view = { .offers = NULL };
	struct framework_state *states;
	struct os_stamp stamp;
	struct usage usage;
	int err;

	os_stamp_take(gpu->base.os, &stamp);
	err = mdev_view_offers(gpu, MDEV_OFFERS, &view);
	if (!err)
		err = mdev_view_vgpus(gpu, &view);
	if (!err)
		err = update_types(gpu, &view);
	if (err)
		return err;
	states = calloc(view.offer_count + 1, sizeof(*states));
	if (!states)
		return error_nomem();
	find_usage(gpu, &view, &usage);
	for (size_t i = 0; i < view.offer_count; i++)
		fill_state(&usage, &view, &view.offers[i], &gpu->types->types[i], &states[i]);
	free(gpu->states);
	gpu->states = states;
	gpu->states_stamp = gpu->types_stamp = stamp;
	return 0;
}

/* MIG is switched without anybody being told: what it may concern is not kept. */
static bool may_keep(const struct mdev_gpu *gpu)
{
	if (os_stamp_lasts(&gpu->states_stamp))
		return true;
	for (uint32_t i = 0; i < gpu->types->count; i++)
		if (is_mig_backed(gpu->types->types[i].name))
			return false;
	return true;
}

static int refresh_states(struct mdev_gpu *gpu)
{
	if (gpu->states && os_stamp_holds(gpu->base.os, &gpu->states_stamp) && may_keep(gpu))
		return 0;
	return read_states(gpu);
}

int mdev_type_states(struct framework *fw, struct framework_state *states, uint32_t room,
		     uint32_t *ret_count, struct framework_types **ret_types)
{
	struct mdev_gpu *gpu = mdev_gpu(fw);
	int err;

	pthread_mutex_lock(&gpu->lock);
	err = refresh_states(gpu);
	if (!err) {
		*ret_count = gpu->types->count;
		err = gpu->types->count > room ? -ENOSPC : 0;
	}
	if (!err) {
		memcpy(states, gpu->states, gpu->types->count * sizeof(*states));
		*ret_types = framework_types_ref(gpu->types);
	}
	pthread_mutex_unlock(&gpu->lock);
	return err;
}

int mdev_look_at_types(struct framework *fw, struct framework_look *look)
{
	struct mdev_gpu *gpu = mdev_gpu(fw);
	int err;

	pthread_mutex_lock(&gpu->lock);
	err = refresh_states(gpu);
	if (!err)
		err = framework_look_at_states(look, gpu->states, gpu->types->count);
	pthread_mutex_unlock(&gpu->lock);
	return err;
}

int mdev_judge(struct framework *fw, uint32_t type_id, struct framework_state *ret)
{
	struct mdev_gpu *gpu = mdev_gpu(fw);
	int err;

	*ret = (struct framework_state){ .id = type_id, .why = NVVGPU_WHY_NO_TYPE };
	pthread_mutex_lock(&gpu->lock);
	err = read_states(gpu);
	for (uint32_t i = 0; !err && i < gpu->types->count; i++)
		if (gpu->types->ids[i] == type_id)
			*ret = gpu->states[i];
	pthread_mutex_unlock(&gpu->lock);
	return err;
}

int mdev_guess_mode(struct framework *fw, enum nvvgpu_mode *ret)
{
	__cleanup_mdev_view struct mdev_view view = { .offers = NULL };
	struct mdev_gpu *gpu = mdev_gpu(fw);
	struct usage usage;
	int err;

	pthread_mutex_lock(&gpu->lock);
	err = mdev_view_offers(gpu, MDEV_OFFERS, &view);
	if (!err)
		err = mdev_view_vgpus(gpu, &view);
	if (!err)
		err = update_types(gpu, &view);
	if (!err) {
		find_usage(gpu, &view, &usage);
		*ret = usage.mig ? NVVGPU_GPU_MODE_MIG :
		       usage.mixed ? NVVGPU_GPU_MODE_MIXED_SIZE :
		       usage.active_bytes ? NVVGPU_GPU_MODE_EQUAL_SIZE : NVVGPU_GPU_MODE_UNKNOWN;
	}
	pthread_mutex_unlock(&gpu->lock);
	return err;
}
