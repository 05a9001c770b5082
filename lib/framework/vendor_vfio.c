// SPDX-License-Identifier: MIT
/*
 * NVIDIA's vendor-specific VFIO framework: the files of the directory nvidia/ of each VF.
 * Its driver has neither uuids nor owners; both are in the record of a vGPU (record.h).  One
 * without a record gets a uuid from its VF and type, and the owner "foreign".  A VF is never
 * unbound from its driver.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "framework/holder.h"
#include "framework/lock.h"
#include "framework/mode.h"
#include "framework/vendor_vfio.h"
#include "framework/vgpu_params.h"
#include "objects.h"
#include "util/clock.h"
#include "util/text.h"

#define DESTROY_TRIES	100	/* a driver may be busy for a while behind a VMM that ended */
#define DESTROY_NS	50000000

int vendor_board(struct framework *fw, const struct board **ret)
{
	struct vendor_gpu *gpu = vendor_gpu(fw);
	int err = 0;

	pthread_mutex_lock(&gpu->lock);
	if (!gpu->board)
		err = board_learn(fw, &gpu->board);
	if (!err)
		*ret = gpu->board;
	pthread_mutex_unlock(&gpu->lock);
	return err;
}

/* --------------------------------------------------------------------- info */

static int fw_info(struct framework *fw, struct framework_info *ret)
{
	struct framework_info info = { .framebuffer_bytes = 0 };
	const struct board *board;
	int err = vendor_board(fw, &board);

	if (err)
		return err;
	text_copy(info.board_name, sizeof(info.board_name), board->name);
	info.framebuffer_bytes = board->framebuffer_bytes;
	info.mixed_size_capable = board->mixed_size;
	*ret = info;
	return 0;
}

/* The driver forgets the mode when VFs are switched, so they come first. */
static int may_change_mode(struct framework *fw)
{
	__cleanup_view struct vendor_view view = { .vfs = NULL };
	int err = view_read(fw, &view);

	if (err)
		return err;
	if (view.live)
		return framework_fail_live(fw->address, view.live, "changing the mode");
	if (!view.count)
		return error_set(ENOSPC, NVVGPU_REASON_VFS_DISABLED, fw->address,
				 "changing the mode: no virtual function is enabled, and the driver "
				 "forgets the mode when they are",
				 reason_next_step(NVVGPU_REASON_VFS_DISABLED));
	return 0;
}

static int fw_set_mixed_size(struct framework *fw, bool mixed)
{
	enum nvvgpu_mode wanted = mode_of(mixed), now;
	struct os_file *lock __cleanup_lock = NULL;
	const struct board *board;
	int err = mode_read(fw, &now);

	if (err || now == wanted)
		return err;
	err = vendor_board(fw, &board);
	if (err)
		return err;
	if (now == NVVGPU_GPU_MODE_UNKNOWN || (board->rules_known && !board->mixed_size))
		return mode_fail_none(fw);
	err = framework_lock(fw->os, fw->address, &lock);
	if (!err)
		err = may_change_mode(fw);
	return err ? err : mode_write(fw, wanted);
}

static int fw_statistic(struct framework *fw, enum nvvgpu_statistic statistic, uint64_t *ret)
{
	__cleanup_view struct vendor_view view = { .vfs = NULL };
	int err;

	if (statistic != NVVGPU_STAT_VGPUS)
		return framework_fail_statistic(fw, statistic);
	err = view_read(fw, &view);
	if (!err)
		*ret = view.live;
	return err;
}

/* -------------------------------------------------------------------- vGPUs */

/* The record counts only as long as the VF holds what it says. */
static int identify(struct framework *fw, const struct vendor_vf *vf, struct framework_vgpu *ret)
{
	struct record record;
	int err = record_read(fw->os, vf->vf.address, &record);

	if (err && err != -ENOENT)
		return error_errno(err, vf->vf.address, "reading its record in the run directory");
	if (err || record.type_id != vf->type_id) {
		record_foreign_uuid(vf->vf.address, vf->type_id, ret->uuid);
		text_copy(ret->owner, sizeof(ret->owner), RECORD_FOREIGN);
		return 0;
	}
	memcpy(ret->uuid, record.uuid, sizeof(ret->uuid));
	text_copy(ret->owner, sizeof(ret->owner), record.owner);
	return 0;
}

int vendor_describe(struct framework *fw, struct vendor_vf *vf,
		    const struct framework_types *types, struct framework_vgpu *ret)
{
	const struct framework_type *type = framework_types_find(types, vf->type_id);
	struct framework_vgpu vgpu = {
		.id = vf->vf.index + 1,
		.slot = vf->vf.index,
		.type_id = vf->type_id,
		.framebuffer_bytes = type ? type->framebuffer_bytes : 0,
	};
	int err = view_read_placement(fw, vf);

	if (err)
		return err;
	vgpu.has_placement = vf->has_placement;
	vgpu.placement = vf->placement;
	if (type)
		text_copy(vgpu.type_name, sizeof(vgpu.type_name), type->name);
	text_copy(vgpu.vf, sizeof(vgpu.vf), vf->vf.address);
	err = identify(fw, vf, &vgpu);
	if (!err)
		*ret = vgpu;
	return err;
}

static int describe_all(struct framework *fw, struct vendor_view *view,
			const struct framework_types *types, struct framework_vgpu **ret,
			size_t *ret_count)
{
	struct framework_vgpu *vgpus = calloc(view->live + 1, sizeof(*vgpus));
	size_t count = 0;
	int err = 0;

	if (!vgpus)
		return error_nomem();
	for (size_t i = 0; !err && i < view->count; i++) {
		if (!view->vfs[i].type_id)
			continue;
		err = vendor_describe(fw, &view->vfs[i], types, &vgpus[count]);
		count += !err;
	}
	if (err) {
		free(vgpus);
		return err;
	}
	*ret = vgpus;
	*ret_count = count;
	return 0;
}

static int fw_vgpu_list(struct framework *fw, struct framework_vgpu **ret, size_t *ret_count)
{
	__cleanup_view struct vendor_view view = { .vfs = NULL };
	struct framework_types *types;
	int err = view_read(fw, &view);

	if (!err)
		err = vendor_types_of(fw, &view, &types);
	if (err)
		return err;
	err = describe_all(fw, &view, types, ret, ret_count);
	framework_types_unref(types);
	return err;
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* One without a record is looked at again: it may have been destroyed since, its record with it. */
static int look_at_vgpu(struct framework *fw, const struct vendor_vf *vf,
			struct framework_look *look)
{
	struct framework_vgpu *vgpu = &look->vgpus[look->vgpu_count];
	uint32_t type_id = vf->type_id;
	int err = identify(fw, vf, vgpu);

	if (err)
		return err;
	if (!strcmp(vgpu->owner, RECORD_FOREIGN))
		err = vendor_read_type(fw->os, vf->vf.address, &type_id);
	if (err)
		return err == -ENODEV ? 0 :
		       error_errno(err, vf->vf.address, "reading its current type");
	vgpu->type_id = type_id;
	text_copy(vgpu->vf, sizeof(vgpu->vf), vf->vf.address);
	look->vgpu_count += type_id == vf->type_id;
	return 0;
}

static int look_at_vgpus(struct framework *fw, const struct vendor_view *view,
			 struct framework_look *look)
{
	int err = 0;

	look->vgpus = calloc(view->live + 1, sizeof(look->vgpus[0]));
	if (!look->vgpus)
		return error_nomem();
	for (size_t i = 0; !err && i < view->count; i++)
		if (view->vfs[i].type_id)
			err = look_at_vgpu(fw, &view->vfs[i], look);
	return err;
}

/* What the first free VF offers is what the GPU does. */
static int look_at_rows(const struct vendor_view *view, struct framework_look *look)
{
	look->creatable = calloc(view->row_count + 1, sizeof(look->creatable[0]));
	if (!look->creatable)
		return error_nomem();
	look->creatable_count = view->row_count;
	for (size_t i = 0; i < view->row_count; i++)
		look->creatable[i] = view->rows[i].id;
	qsort(look->creatable, look->creatable_count, sizeof(look->creatable[0]), compare_ids);
	return 0;
}

/* One read of each VF and the list of one that is free: nothing of the types is worked out. */
static int fw_look(struct framework *fw, bool vgpus, struct framework_look *ret)
{
	__cleanup_view struct vendor_view view = { .vfs = NULL };
	struct framework_look look = { .vgpus = NULL };
	int err = view_read(fw, &view);

	if (!err && view.rows_of)
		err = look_at_rows(&view, &look);
	if (!err && vgpus)
		err = look_at_vgpus(fw, &view, &look);
	if (err)
		framework_look_fini(&look);
	else
		*ret = look;
	return err;
}

/* 1: it is the one that the VF holds; 0: it is gone, and another may be there; -errno */
static int is_there(struct framework *fw, const struct framework_vgpu *vgpu)
{
	struct vendor_vf vf = { .type_id = 0 };
	struct framework_vgpu now;
	int err = vendor_read_type(fw->os, vgpu->vf, &vf.type_id);

	if (err == -ENODEV || (!err && vf.type_id != vgpu->type_id))
		return 0;
	if (err == -EINVAL)
		return framework_nonsense(vgpu->vf, "its current type");
	if (err)
		return error_errno(err, vgpu->vf, "reading its current type");
	text_copy(vf.vf.address, sizeof(vf.vf.address), vgpu->vf);
	err = identify(fw, &vf, &now);
	return err ? err : !memcmp(now.uuid, vgpu->uuid, sizeof(now.uuid));
}

/* The driver does not tell; who has its device open runs it. */
static int fw_get_state(struct framework *fw, const struct framework_vgpu *vgpu,
			enum nvvgpu_vgpu_state *ret)
{
	int found = is_there(fw, vgpu);

	if (found <= 0)
		return found ? found : framework_fail_gone(vgpu);
	return holder_state(fw->os, vgpu->vf, ret);
}

/* ------------------------------------------------------------------ destroy */

static int refuse_open(struct framework *fw, const struct framework_vgpu *vgpu)
{
	char uuid[37];

	uuid_format(vgpu->uuid, uuid);
	return holder_check(fw->os, vgpu->vf, uuid);
}

/*
 * EPERM: it is free already, which is not told before it was read.  Where nobody is seen
 * to have it open, a driver that is busy is waited for.
 */
static int clear(struct framework *fw, const struct framework_vgpu *vgpu)
{
	uint32_t type_id = vgpu->type_id;
	char uuid[37];
	int err = 0;

	for (int i = 0; i < DESTROY_TRIES; i++) {
		int wrote = function_write(fw->os, vgpu->vf, VENDOR_CURRENT, "0\n");

		err = vendor_read_type(fw->os, vgpu->vf, &type_id);
		if (err == -ENODEV || (!err && !type_id))
			return 0;
		if (wrote == -EACCES)
			return error_errno(wrote, vgpu->vf, "destroying the vGPU");
		err = refuse_open(fw, vgpu);
		if (err)
			return err;
		err = wrote ? wrote : err;
		clock_pause_ns(DESTROY_NS);
	}
	uuid_format(vgpu->uuid, uuid);
	if (err == -EBUSY)
		return holder_refuse(uuid, NULL);
	return error_errno(err ? err : -EIO, uuid, "destroying the vGPU");
}

static int destroy_locked(struct framework *fw, const struct framework_vgpu *vgpu,
			  bool *ret_destroyed)
{
	__cleanup_view struct vendor_view view = { .vfs = NULL };
	int err = view_read(fw, &view), found;

	if (!err)
		err = vendor_settle(fw, &view);
	if (err)
		return err;
	found = is_there(fw, vgpu);
	*ret_destroyed = found > 0;
	if (found <= 0)
		return found;
	err = refuse_open(fw, vgpu);
	if (!err)
		err = clear(fw, vgpu);
	if (err)
		return err;
	err = record_remove(fw->os, vgpu->vf);
	return err ? error_errno(err, vgpu->vf, "removing its record from the run directory") : 0;
}

static int fw_destroy(struct framework *fw, const struct framework_vgpu *vgpu,
		      bool *ret_destroyed)
{
	struct os_file *lock __cleanup_lock = NULL;
	int err = framework_lock(fw->os, fw->address, &lock);

	return err ? err : destroy_locked(fw, vgpu, ret_destroyed);
}

/* --------------------------------------------------------------- parameters */

static int fw_get_params(struct framework *fw, const struct framework_vgpu *vgpu, char **ret)
{
	char path[VFS_PATH_LEN];
	int err = is_there(fw, vgpu);

	if (err <= 0)
		return err ? err : framework_fail_gone(vgpu);
	return vgpu_params_read(fw->os, function_path(path, vgpu->vf, VGPU_PARAMS_FILE), vgpu->vf,
				ret);
}

static int set_params_locked(struct framework *fw, const struct framework_vgpu *vgpu,
			     const char *params)
{
	char path[VFS_PATH_LEN], uuid[37];
	int err = is_there(fw, vgpu);

	if (err <= 0)
		return err ? err : framework_fail_gone(vgpu);
	err = refuse_open(fw, vgpu);
	if (err)
		return err;
	uuid_format(vgpu->uuid, uuid);
	return vgpu_params_set(fw->os, function_path(path, vgpu->vf, VGPU_PARAMS_FILE), uuid,
			       params);
}

static int fw_set_params(struct framework *fw, const struct framework_vgpu *vgpu,
			 const char *params)
{
	struct os_file *lock __cleanup_lock = NULL;
	int err = framework_lock(fw->os, fw->address, &lock);

	return err ? err : set_params_locked(fw, vgpu, params);
}

/* --------------------------------------------------------------------- VFIO */

static int fw_vfio_name(struct framework *fw, const struct framework_vgpu *vgpu, char *buf,
			size_t size)
{
	snprintf(buf, size, "/sys/bus/pci/devices/%s", vgpu->vf);
	return 0;
}

static int fw_vfio_open(struct framework *fw, const struct framework_vgpu *vgpu,
			struct os_file **ret)
{
	char uuid[37];
	int err = is_there(fw, vgpu);

	if (err <= 0)
		return err ? err : framework_fail_gone(vgpu);
	uuid_format(vgpu->uuid, uuid);
	return holder_vfio_open(fw->os, vgpu->vf, uuid, ret);
}

/* ---------------------------------------------------------- coming and going */

static void fw_close(struct framework *fw)
{
	struct vendor_gpu *gpu = vendor_gpu(fw);

	framework_types_unref(gpu->types);
	free(gpu->board);
	view_free(&gpu->kept);
	vfs_cache_fini(&gpu->vfs);
	pthread_mutex_destroy(&gpu->lock);
	free(gpu);
}

static int is_current(const char *name, void *arg)
{
	return !strcmp(name, "current_vgpu_type");
}

/* A VF with the file that a type is written to is the sign; it is not read yet. */
static int fw_probe(struct candidate *candidate, struct framework **ret)
{
	const char *first = NULL;
	struct vendor_gpu *gpu;
	int err = candidate_find(candidate, "nvidia", is_current, &first);

	if (err)
		return err;
	gpu = calloc(1, sizeof(*gpu));
	if (!gpu)
		return error_nomem();
	framework_init(&gpu->base, &framework_vendor_vfio, candidate->os, candidate->address);
	framework_evidence(&gpu->base, "no control device, but its VF %s has %s; %zu VFs", first,
			   VENDOR_CURRENT, candidate->vf_count);
	pthread_mutex_init(&gpu->lock, NULL);
	vfs_cache_init(&gpu->vfs, candidate);
	*ret = &gpu->base;
	return 0;
}

const struct framework_ops framework_vendor_vfio = {
	.id = NVVGPU_FRAMEWORK_VENDOR_VFIO,
	.name = "vendor-vfio",
	.help = "NVIDIA's vendor-specific VFIO, by the files in nvidia/ of each VF",
	.probe = fw_probe,
	.close = fw_close,
	.create = vendor_create,
	.destroy = fw_destroy,
	.get_mode = mode_read,
	.get_params = fw_get_params,
	.get_state = fw_get_state,
	.info = fw_info,
	.look = fw_look,
	.placements = vendor_placements,
	.set_mixed_size = fw_set_mixed_size,
	.set_params = fw_set_params,
	.statistic = fw_statistic,
	.type_states = vendor_type_states,
	.types = vendor_types,
	.vfio_name = fw_vfio_name,
	.vfio_open = fw_vfio_open,
	.vgpu_list = fw_vgpu_list,
};
