// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "framework/parse.h"
#include "framework/vendor_vfio.h"
#include "os/os.h"
#include "util/text.h"

int vendor_read_type(struct os *os, const char *vf, uint32_t *ret)
{
	int err = function_read_u32(os, vf, VENDOR_CURRENT, ret);

	return err == -ENOENT ? -ENODEV : err;
}

/* ENXIO: as long as there is no vGPU */
int vendor_read_placement(struct os *os, const char *vf, uint32_t *ret)
{
	char path[VFS_PATH_LEN], text[64];
	int err;

	err = os->ops->attr_read(os, function_path(path, vf, VENDOR_PLACEMENT), text, sizeof(text),
				 NULL);
	if (!err)
		err = parse_placement(text, ret);
	return err == -ENXIO || err == -ENOENT || err == -ENODEV ? -ENODATA : err;
}

/* --------------------------------------------------------------------- rows */

struct rows {
	struct vendor_row rows[FRAMEWORK_MAX_TYPES];
	size_t count;
};

static int take_row(uint32_t id, const char *name, void *arg)
{
	struct rows *rows = arg;

	if (rows->count == FRAMEWORK_MAX_TYPES)
		return -E2BIG;
	rows->rows[rows->count].id = id;
	text_copy(rows->rows[rows->count++].name, FRAMEWORK_TEXT_LEN, name);
	return 0;
}

static int read_rows(struct os *os, const char *vf, struct rows *rows)
{
	__cleanup_free char *text = malloc(OS_ATTR_MAX);
	char path[VFS_PATH_LEN];
	int err;

	if (!text)
		return -ENOMEM;
	rows->count = 0;
	err = os->ops->attr_read(os, function_path(path, vf, VENDOR_CREATABLE), text, OS_ATTR_MAX,
				 NULL);
	return err ? err : parse_type_rows(text, take_row, rows);
}

/* -ENODEV, without a last error: the VF has gone meanwhile */
int view_read_rows(struct framework *fw, struct vendor_view *view, struct vendor_vf *vf)
{
	__cleanup_free struct rows *rows = malloc(sizeof(*rows));
	struct vendor_row *copy;
	int err;

	err = rows ? read_rows(fw->os, vf->vf.address, rows) : -ENOMEM;
	if (err == -ENOMEM)
		return error_nomem();
	if (err == -ENODEV || err == -ENOENT)
		return -ENODEV;
	if (err == -EINVAL || err == -E2BIG || err == -EMSGSIZE)
		return framework_nonsense(vf->vf.address, "its list of creatable types");
	if (err)
		return error_errno(err, vf->vf.address, "reading its creatable types");
	copy = calloc(rows->count + 1, sizeof(*copy));
	if (!copy)
		return error_nomem();
	memcpy(copy, rows->rows, rows->count * sizeof(*copy));
	free(view->rows);
	view->rows = copy;
	view->row_count = rows->count;
	view->rows_of = vf;
	return 0;
}

bool view_offers(const struct vendor_view *view, uint32_t type_id)
{
	for (size_t i = 0; i < view->row_count; i++)
		if (view->rows[i].id == type_id)
			return true;
	return false;
}

/* ---------------------------------------------------------------------- VFs */

static int add_vf(struct framework *fw, const struct vf *vf, struct vendor_view *view)
{
	struct vendor_vf *to = &view->vfs[view->count];
	int err;

	to->vf = *vf;
	err = vendor_read_type(fw->os, vf->address, &to->type_id);
	if (err == -ENODEV)
		return 0;
	if (err == -EINVAL || err == -EMSGSIZE)
		return framework_nonsense(vf->address, "its current type");
	if (err)
		return error_errno(err, vf->address, "reading its current type");
	view->count++;
	view->live += to->type_id != 0;
	return 0;
}

static int read_vfs(struct framework *fw, struct vendor_view *view)
{
	__cleanup_free struct vf *vfs = NULL;
	size_t count = 0;
	int err;

	err = vfs_cache_read(&vendor_gpu(fw)->vfs, fw->os, fw->address, &vfs, &count);
	if (err)
		return err == -ENOMEM ? error_nomem() :
		       error_errno(err, fw->address, "listing its virtual functions");
	view->vfs = calloc(count + 1, sizeof(*view->vfs));
	if (!view->vfs)
		return error_nomem();
	for (size_t i = 0; !err && i < count; i++)
		err = add_vf(fw, &vfs[i], view);
	return err;
}

/* Between two reads somebody may take a VF, which offers nothing from then on. */
static void look_again(struct framework *fw, struct vendor_view *view, struct vendor_vf *vf)
{
	uint32_t type_id;

	if (vendor_read_type(fw->os, vf->vf.address, &type_id) || !type_id)
		return;
	vf->type_id = type_id;
	view->live++;
	view->rows_of = NULL;
}

static int read_view(struct framework *fw, struct vendor_view *view)
{
	int err = read_vfs(fw, view);

	for (size_t i = 0; !err && !view->rows_of && i < view->count; i++) {
		if (view->vfs[i].type_id)
			continue;
		err = view_read_rows(fw, view, &view->vfs[i]);
		if (err == -ENODEV)
			err = 0;
		else if (!err && !view->row_count)
			look_again(fw, view, &view->vfs[i]);
	}
	return err;
}

static int view_copy(const struct vendor_view *view, struct vendor_view *ret)
{
	struct vendor_view copy = *view;

	copy.vfs = calloc(view->count + 1, sizeof(*copy.vfs));
	copy.rows = calloc(view->row_count + 1, sizeof(*copy.rows));
	if (!copy.vfs || !copy.rows) {
		view_free(&copy);
		return -ENOMEM;
	}
	memcpy(copy.vfs, view->vfs, view->count * sizeof(*copy.vfs));
	if (view->rows)
		memcpy(copy.rows, view->rows, view->row_count * sizeof(*copy.rows));
	if (view->rows_of)
		copy.rows_of = copy.vfs + (view->rows_of - view->vfs);
	*ret = copy;
	return 0;
}

/*
 * What the driver of a running host does with a VF is told to nobody, so there it is asked each
 * time; a capture is what it is, with its placements, which everybody wants.
 */
static int keep(struct framework *fw, struct vendor_view *view)
{
	struct vendor_gpu *gpu = vendor_gpu(fw);
	int err = view_read_placements(fw, view);

	if (err)
		return err;
	pthread_mutex_lock(&gpu->lock);
	if (!gpu->is_kept)
		err = view_copy(view, &gpu->kept);
	gpu->is_kept = !err;
	pthread_mutex_unlock(&gpu->lock);
	return err ? error_nomem() : 0;
}

/* 0: nothing is kept */
static int take_kept(struct vendor_gpu *gpu, struct vendor_view *ret)
{
	int found;

	pthread_mutex_lock(&gpu->lock);
	found = gpu->is_kept;
	if (found && view_copy(&gpu->kept, ret))
		found = error_nomem();
	pthread_mutex_unlock(&gpu->lock);
	return found;
}

int view_read(struct framework *fw, struct vendor_view *ret)
{
	struct vendor_gpu *gpu = vendor_gpu(fw);
	struct vendor_view view = { .vfs = NULL };
	int found = take_kept(gpu, ret), err;

	if (found)
		return found < 0 ? found : 0;
	err = read_view(fw, &view);
	if (!err && vfs_cache_lasts(&gpu->vfs))
		err = keep(fw, &view);
	if (err)
		view_free(&view);
	else
		*ret = view;
	return err;
}

void view_free(struct vendor_view *view)
{
	free(view->vfs);
	free(view->rows);
	*view = (struct vendor_view){ .vfs = NULL };
}

int view_read_placement(struct framework *fw, struct vendor_vf *vf)
{
	int err;

	if (vf->asked_placement)
		return 0;
	err = vendor_read_placement(fw->os, vf->vf.address, &vf->placement);
	if (err == -EINVAL || err == -EMSGSIZE)
		return framework_nonsense(vf->vf.address, "its placement id");
	if (err && err != -ENODATA)
		return error_errno(err, vf->vf.address, "reading its placement id");
	vf->asked_placement = true;
	vf->has_placement = !err;
	return 0;
}

int view_read_placements(struct framework *fw, struct vendor_view *view)
{
	int err = 0;

	for (size_t i = 0; !err && i < view->count; i++)
		if (view->vfs[i].type_id)
			err = view_read_placement(fw, &view->vfs[i]);
	return err;
}

struct vendor_vf *view_find(const struct vendor_view *view, const char *address)
{
	for (size_t i = 0; i < view->count; i++)
		if (!strcmp(view->vfs[i].vf.address, address))
			return &view->vfs[i];
	return NULL;
}
