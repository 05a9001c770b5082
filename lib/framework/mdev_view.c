// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "framework/mdev.h"
#include "framework/parse.h"
#include "os/mdevs.h"
#include "util/text.h"

#define MAX_OFFERED 4096	/* more of one type than anybody could mean */

/* --------------------------------------------------------------- functions */

static int put_functions(struct mdev_gpu *gpu, const struct vf *vfs, size_t count)
{
	struct mdev_function *functions = calloc(count + 1, sizeof(*functions));

	if (!functions)
		return -ENOMEM;
	text_copy(functions[0].address, sizeof(functions[0].address), gpu->base.address);
	for (size_t i = 0; i < count; i++) {
		functions[i + 1].is_vf = true;
		functions[i + 1].index = vfs[i].index;
		memcpy(functions[i + 1].address, vfs[i].address, sizeof(vfs[i].address));
	}
	free(gpu->functions);
	gpu->functions = functions;
	gpu->function_count = count + 1;
	return 0;
}

int mdev_functions_refresh(struct mdev_gpu *gpu)
{
	__cleanup_free struct vf *vfs = NULL;
	size_t count = 0;
	int err;

	err = vfs_cache_read(&gpu->vfs, gpu->base.os, gpu->base.address, &vfs, &count);
	if (!err)
		err = put_functions(gpu, vfs, count);
	if (err == -ENOMEM)
		return error_nomem();
	return err ? error_errno(err, gpu->base.address, "listing its virtual functions") : 0;
}

int mdev_functions(struct framework *fw, struct mdev_function **ret, size_t *ret_count)
{
	struct mdev_gpu *gpu = mdev_gpu(fw);
	struct mdev_function *copy;
	int err;

	pthread_mutex_lock(&gpu->lock);
	err = mdev_functions_refresh(gpu);
	copy = err ? NULL : malloc(gpu->function_count * sizeof(*copy));
	if (copy) {
		memcpy(copy, gpu->functions, gpu->function_count * sizeof(*copy));
		*ret_count = gpu->function_count;
		*ret = copy;
	}
	pthread_mutex_unlock(&gpu->lock);
	return err || copy ? err : error_nomem();
}

/* ------------------------------------------------------------------- types */

struct walk {
	struct os *os;
	const struct mdev_function *function;
	bool with_count;
	bool has_types;			/* that function */
	struct mdev_view *view;
};

/* Where the type is, or would have to be. */
static size_t place_of(const struct mdev_view *view, uint32_t id)
{
	size_t low = 0, high = view->offer_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (view->offers[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* -E2BIG: more types than are believed */
static int find_offer(struct walk *walk, uint32_t id, const char *directory,
		      struct mdev_offer **ret)
{
	struct mdev_view *view = walk->view;
	size_t at = place_of(view, id);

	if (at == view->offer_count || view->offers[at].id != id) {
		if (view->offer_count == FRAMEWORK_MAX_TYPES)
			return -E2BIG;
		memmove(&view->offers[at + 1], &view->offers[at],
			(view->offer_count - at) * sizeof(view->offers[0]));
		view->offers[at] = (struct mdev_offer){ .id = id, .vfs = walk->function->is_vf };
		text_copy(view->offers[at].directory, sizeof(view->offers[at].directory),
			  directory);
		view->offer_count++;
	}
	*ret = &view->offers[at];
	return 0;
}

static int read_count(struct os *os, const char *directory, uint32_t *ret)
{
	char path[MDEV_PATH_LEN + 32], text[32];
	int err;

	snprintf(path, sizeof(path), "%s/available_instances", directory);
	err = os->ops->attr_read(os, path, text, sizeof(text), NULL);
	return err ? err : parse_u32(text, ret);
}

/* A VF holds one vGPU, whatever it says.  A parent that goes meanwhile offers nothing. */
static void add_count(struct walk *walk, struct mdev_offer *offer, const char *directory)
{
	uint32_t count;
	int err = read_count(walk->os, directory, &count);

	if (err == -ENOENT || err == -ENODEV)
		return;
	if (err || count > MAX_OFFERED)
		offer->unknown = true;
	else
		offer->count += walk->function->is_vf ? count > 0 : count;
}

static int type_directory(char directory[MDEV_PATH_LEN], const char *parent, const char *name)
{
	int len = snprintf(directory, MDEV_PATH_LEN, "bus/pci/devices/%s/" MDEV_TYPES "/%s", parent,
			   name);

	return len < MDEV_PATH_LEN ? 0 : -ENAMETOOLONG;
}

static int take_type(const char *name, void *arg)
{
	char directory[MDEV_PATH_LEN];
	struct mdev_offer *offer;
	struct walk *walk = arg;
	uint32_t id;
	int err;

	if (parse_type_directory(name, &id) ||
	    type_directory(directory, walk->function->address, name))
		return 0;
	walk->has_types = true;
	err = find_offer(walk, id, directory, &offer);
	if (err || offer->last == walk->function)
		return err;
	offer->last = walk->function;
	if (walk->with_count)
		add_count(walk, offer, directory);
	return 0;
}

/* No directory: not a parent.  One that cannot be looked at does not hide the others. */
static int read_parent(struct walk *walk)
{
	char path[VFS_PATH_LEN];
	int err;

	walk->has_types = false;
	err = walk->os->ops->list(walk->os,
				  function_path(path, walk->function->address, MDEV_TYPES),
				  take_type, walk);
	walk->view->parents += walk->has_types;
	if (!err || err == -ENOENT || err == -ENODEV)
		return 0;
	if (err == -E2BIG || err == -ENOMEM)
		return err;
	walk->view->blind = err;
	return 0;
}

static int read_offers(struct mdev_gpu *gpu, enum mdev_depth depth, struct mdev_view *view)
{
	struct walk walk = {
		.os = gpu->base.os,
		.with_count = depth == MDEV_OFFERS,
		.view = view,
	};
	int err = 0;

	for (size_t i = 0; !err && i < gpu->function_count; i++) {
		walk.function = &gpu->functions[i];
		err = read_parent(&walk);
		if (depth == MDEV_FIRST && view->offer_count)
			break;
	}
	if (err || !view->blind)
		return err;
	for (size_t i = 0; i < view->offer_count; i++)
		view->offers[i].unknown = true;
	return view->offer_count ? 0 : view->blind;
}

int mdev_view_offers(struct mdev_gpu *gpu, enum mdev_depth depth, struct mdev_view *ret)
{
	struct mdev_view view = { .offers = NULL };
	int err = mdev_functions_refresh(gpu);

	if (err)
		return err;
	view.offers = calloc(FRAMEWORK_MAX_TYPES, sizeof(*view.offers));
	if (!view.offers)
		return error_nomem();
	err = read_offers(gpu, depth, &view);
	if (!err) {
		*ret = view;
		return 0;
	}
	mdev_view_free(&view);
	if (err == -ENOMEM)
		return error_nomem();
	if (err == -E2BIG)
		return error_setf(EIO, NVVGPU_REASON_IO, gpu->base.address, "use a driver and a "
				  "library of versions that fit", "the driver's answer makes no "
				  "sense: more than %d types", FRAMEWORK_MAX_TYPES);
	return error_errno(err, gpu->base.address, "listing its types");
}

/* -------------------------------------------------------------- one parent */

struct search {
	uint32_t type_id;
	const char *parent;
	char *directory;
};

static int match_type(const char *name, void *arg)
{
	struct search *search = arg;
	uint32_t id;

	return !parse_type_directory(name, &id) && id == search->type_id &&
	       !type_directory(search->directory, search->parent, name);
}

int mdev_read_offer(struct os *os, const char *parent, uint32_t type_id, uint32_t *ret,
		    char directory[MDEV_PATH_LEN])
{
	struct search search = { type_id, parent, directory };
	char path[VFS_PATH_LEN];
	int found;

	found = os->ops->list(os, function_path(path, parent, MDEV_TYPES), match_type, &search);
	if (found <= 0)
		return found ? found : -ENOENT;
	return read_count(os, directory, ret);
}

/* ------------------------------------------------------------------- vGPUs */

static const struct mdev_function *function_of(const struct mdev_gpu *gpu, const char *address)
{
	for (size_t i = 0; i < gpu->function_count; i++)
		if (!strcmp(gpu->functions[i].address, address))
			return &gpu->functions[i];
	return NULL;
}

static int compare_vgpus(const void *a, const void *b)
{
	const struct mdev_vgpu *x = a, *y = b;

	if (x->parent.index != y->parent.index)
		return x->parent.index < y->parent.index ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int take_vgpus(struct mdev_gpu *gpu, const struct os_mdevs *mdevs, struct mdev_view *view)
{
	view->vgpus = calloc(mdevs->count + 1, sizeof(*view->vgpus));
	if (!view->vgpus)
		return error_nomem();
	for (size_t i = 0; i < mdevs->count; i++) {
		const struct mdev_function *parent = function_of(gpu, mdevs->mdevs[i].parent);
		struct mdev_vgpu *vgpu = &view->vgpus[view->vgpu_count];

		if (!parent)
			continue;
		memcpy(vgpu->name, mdevs->mdevs[i].name, sizeof(vgpu->name));
		vgpu->parent = *parent;
		if (parse_type_directory(mdevs->mdevs[i].type, &vgpu->type_id))
			vgpu->type_id = 0;
		view->vgpu_count++;
	}
	qsort(view->vgpus, view->vgpu_count, sizeof(*view->vgpus), compare_vgpus);
	return 0;
}

int mdev_view_vgpus(struct mdev_gpu *gpu, struct mdev_view *view)
{
	struct os_mdevs *mdevs;
	int err = mdev_functions_refresh(gpu);

	if (err)
		return err;
	err = os_mdevs_get(gpu->base.os, &mdevs);
	if (err == -ENOMEM)
		return error_nomem();
	if (err)
		return error_errno(err, gpu->base.address, "listing the mdevs of the host");
	err = take_vgpus(gpu, mdevs, view);
	os_mdevs_unref(mdevs);
	return err;
}

void mdev_view_free(struct mdev_view *view)
{
	free(view->offers);
	free(view->vgpus);
	*view = (struct mdev_view){ .offers = NULL };
}
