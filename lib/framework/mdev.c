// SPDX-License-Identifier: MIT
/*
 * The mdev framework of vGPU 16 and before: a vGPU is a mediated device.  Its driver knows uuids,
 * but no owners; those are in the record of a vGPU (record.h).  One without a record was made by
 * another program, mdevctl perhaps, and its owner is "foreign".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "framework/boards.h"
#include "framework/holder.h"
#include "framework/lock.h"
#include "framework/mdev.h"
#include "framework/mode.h"
#include "framework/parse.h"
#include "framework/vgpu_params.h"
#include "objects.h"
#include "util/clock.h"
#include "util/text.h"

const char *mdev_path(char path[MDEV_PATH_LEN], const char *uuid, const char *file)
{
	snprintf(path, MDEV_PATH_LEN, "bus/mdev/devices/%s%s%s", uuid, *file ? "/" : "", file);
	return path;
}

void mdev_key(char key[RECORD_KEY_LEN], const char *gpu, const char *uuid)
{
	snprintf(key, RECORD_KEY_LEN, "%.36s@%.24s", uuid, gpu);
}

/* --------------------------------------------------------------------- info */

/* The largest type is the whole board. */
static uint64_t shared_bytes(const struct framework_types *types)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < types->count; i++) {
		const struct framework_type *type = &types->types[i];
		uint64_t bytes;

		if (!__builtin_mul_overflow(type->framebuffer_bytes,
					    (uint64_t)type->max_instances, &bytes) && bytes > most)
			most = bytes;
	}
	return most;
}

/* Its version is what the host says of the GPU without being asked here. */
static int fw_info(struct framework *fw, struct framework_info *ret)
{
	struct framework_types *types;
	int err = mdev_first_types(fw, &types);

	if (err)
		return err;
	*ret = (struct framework_info){ .framebuffer_bytes = shared_bytes(types) };
	framework_types_unref(types);
	text_copy(ret->board_name, sizeof(ret->board_name), board_name(fw));
	return 0;
}

/* The driver has no file for it; its management library may know. */
static int fw_get_mode(struct framework *fw, enum nvvgpu_mode *ret)
{
	enum nvvgpu_mode mode;
	int err = mode_read(fw, &mode);

	if (err)
		return err;
	if (mode == NVVGPU_GPU_MODE_UNKNOWN)
		return mdev_guess_mode(fw, ret);
	*ret = mode;
	return 0;
}

static int read_vgpus(struct framework *fw, struct mdev_view *view)
{
	struct mdev_gpu *gpu = mdev_gpu(fw);
	int err;

	pthread_mutex_lock(&gpu->lock);
	err = mdev_view_vgpus(gpu, view);
	pthread_mutex_unlock(&gpu->lock);
	return err;
}

static int fw_statistic(struct framework *fw, enum nvvgpu_statistic statistic, uint64_t *ret)
{
	__cleanup_mdev_view struct mdev_view view = { .offers = NULL };
	int err;

	if (statistic != NVVGPU_STAT_VGPUS)
		return framework_fail_statistic(fw, statistic);
	err = read_vgpus(fw, &view);
	if (!err)
		*ret = view.vgpu_count;
	return err;
}

/* --------------------------------------------------------------- mixed sizes */

static int change_mode(struct framework *fw, enum nvvgpu_mode wanted)
{
	__cleanup_mdev_view struct mdev_view view = { .offers = NULL };
	int err = read_vgpus(fw, &view);

	if (err)
		return err;
	if (view.vgpu_count)
		return framework_fail_live(fw->address, view.vgpu_count, "changing the mode");
	return mode_write(fw, wanted);
}

static int fw_set_mixed_size(struct framework *fw, bool mixed)
{
	enum nvvgpu_mode wanted = mode_of(mixed), now;
	struct os_file *lock __cleanup_lock = NULL;
	int err = mode_read(fw, &now);

	if (err || now == wanted)
		return err;
	if (now == NVVGPU_GPU_MODE_UNKNOWN)
		return mode_fail_none(fw);
	err = framework_lock(fw->os, fw->address, &lock);
	return err ? err : change_mode(fw, wanted);
}

/* -------------------------------------------------------------------- vGPUs */

/* The record counts only as long as the vGPU is what it says. */
static int find_owner(struct framework *fw, const struct mdev_vgpu *vgpu, char *owner, size_t size)
{
	char key[RECORD_KEY_LEN];
	struct record record;
	int err;

	mdev_key(key, fw->address, vgpu->name);
	err = record_read(fw->os, key, &record);
	if (err && err != -ENOENT)
		return error_errno(err, vgpu->name, "reading its record in the run directory");
	text_copy(owner, size, err || record.type_id != vgpu->type_id ? RECORD_FOREIGN :
								       record.owner);
	return 0;
}

int mdev_describe(struct framework *fw, const struct mdev_vgpu *vgpu,
		  const struct framework_types *types, struct framework_vgpu *ret)
{
	const struct framework_type *type = framework_types_find(types, vgpu->type_id);
	struct framework_vgpu facts = {
		.slot = vgpu->parent.index,
		.type_id = vgpu->type_id,
		.framebuffer_bytes = type ? type->framebuffer_bytes : 0,
	};
	int err;

	if (uuid_parse_text(vgpu->name, facts.uuid))
		return framework_nonsense(vgpu->name, "its uuid");
	if (type)
		text_copy(facts.type_name, sizeof(facts.type_name), type->name);
	else
		snprintf(facts.type_name, sizeof(facts.type_name), "%u", vgpu->type_id);
	if (vgpu->parent.is_vf)
		text_copy(facts.vf, sizeof(facts.vf), vgpu->parent.address);
	err = find_owner(fw, vgpu, facts.owner, sizeof(facts.owner));
	if (!err)
		*ret = facts;
	return err;
}

static int describe_all(struct framework *fw, const struct mdev_view *view,
			struct framework_vgpu **ret, size_t *ret_count)
{
	__cleanup_free struct framework_vgpu *vgpus = NULL;
	struct framework_types *types = NULL;
	int err = 0;

	vgpus = calloc(view->vgpu_count + 1, sizeof(*vgpus));
	if (!vgpus)
		return error_nomem();
	if (view->vgpu_count)
		err = mdev_types(fw, &types);
	for (size_t i = 0; !err && i < view->vgpu_count; i++)
		err = mdev_describe(fw, &view->vgpus[i], types, &vgpus[i]);
	framework_types_unref(types);
	if (err)
		return err;
	*ret = take_ptr(vgpus);
	*ret_count = view->vgpu_count;
	return 0;
}

static int fw_vgpu_list(struct framework *fw, struct framework_vgpu **ret, size_t *ret_count)
{
	__cleanup_mdev_view struct mdev_view view = { .offers = NULL };
	int err = read_vgpus(fw, &view);

	return err ? err : describe_all(fw, &view, ret, ret_count);
}

/* The kernel adds the link to its type behind an mdev and takes it away before: so long it is none. */
static int look_at_vgpus(struct framework *fw, struct framework_look *look)
{
	__cleanup_mdev_view struct mdev_view view = { .offers = NULL };
	int err = read_vgpus(fw, &view);

	if (err)
		return err;
	look->vgpus = calloc(view.vgpu_count + 1, sizeof(look->vgpus[0]));
	if (!look->vgpus)
		return error_nomem();
	for (size_t i = 0; i < view.vgpu_count; i++) {
		const struct mdev_vgpu *from = &view.vgpus[i];
		struct framework_vgpu *vgpu = &look->vgpus[look->vgpu_count];

		if (!from->type_id)
			continue;
		if (uuid_parse_text(from->name, vgpu->uuid))
			return framework_nonsense(from->name, "its uuid");
		vgpu->type_id = from->type_id;
		if (from->parent.is_vf)
			text_copy(vgpu->vf, sizeof(vgpu->vf), from->parent.address);
		look->vgpu_count++;
	}
	return 0;
}

static int fw_look(struct framework *fw, bool vgpus, struct framework_look *ret)
{
	struct framework_look look = { .vgpus = NULL };
	int err = mdev_look_at_types(fw, &look);

	if (!err && vgpus)
		err = look_at_vgpus(fw, &look);
	if (err)
		framework_look_fini(&look);
	else
		*ret = look;
	return err;
}

int mdev_exists(struct os *os, const char *uuid, const char *parent, uint32_t type_id)
{
	char path[MDEV_PATH_LEN], name[64];
	uint32_t id;
	int err;

	err = os->ops->link_parent(os, mdev_path(path, uuid, ""), name, sizeof(name));
	if (!err && parent && strcmp(name, parent))
		return 0;
	if (!err)
		err = os->ops->link_read(os, mdev_path(path, uuid, "mdev_type"), name,
					 sizeof(name));
	if (err)
		return err == -ENOENT || err == -ENODEV ? 0 : err;
	if (parse_type_directory(name, &id))
		id = 0;
	return id == type_id;
}

static const char *parent_of(const struct framework *fw, const struct framework_vgpu *vgpu)
{
	return vgpu->vf[0] ? vgpu->vf : fw->address;
}

/* 1: it exists, and *uuid is its text; 0: it is gone; a last error */
static int is_there(struct framework *fw, const struct framework_vgpu *vgpu, char uuid[37])
{
	int found;

	uuid_format(vgpu->uuid, uuid);
	found = mdev_exists(fw->os, uuid, parent_of(fw, vgpu), vgpu->type_id);
	return found < 0 ? error_errno(found, uuid, "looking for the vGPU") : found;
}

/* The driver does not tell; who has its device open runs it. */
static int fw_get_state(struct framework *fw, const struct framework_vgpu *vgpu,
			enum nvvgpu_vgpu_state *ret)
{
	char uuid[37];
	int found = is_there(fw, vgpu, uuid);

	if (found <= 0)
		return found ? found : framework_fail_gone(vgpu);
	return holder_state(fw->os, uuid, ret);
}

/* ------------------------------------------------------------------ destroy */

/*
 * The kernel waits in the write for who has the device open, so nobody may; whoever opens it
 * between the look and the write is asked to let go.  Where nobody is seen to have it open, a
 * driver that is busy is waited for.
 */
static int remove_locked(struct framework *fw, const char *uuid)
{
	char key[RECORD_KEY_LEN];
	int err = -EBUSY;

	for (int i = 0; err == -EBUSY && i < MDEV_TRIES; i++) {
		err = holder_check(fw->os, uuid, uuid);
		if (err)
			return err;
		err = mdev_remove(fw->os, uuid);
		if (err == -EBUSY)
			clock_pause_ns(MDEV_PAUSE_NS);
	}
	if (err == -EBUSY)
		return holder_refuse(uuid, NULL);
	if (err)
		return error_errno(err, uuid, "destroying the vGPU");
	mdev_key(key, fw->address, uuid);
	err = record_remove(fw->os, key);
	return err ? error_errno(err, uuid, "removing its record from the run directory") : 0;
}

static int destroy_locked(struct framework *fw, const struct framework_vgpu *vgpu,
			  bool *ret_destroyed)
{
	char uuid[37];
	int err = mdev_settle(fw), found;

	if (err)
		return err;
	found = is_there(fw, vgpu, uuid);
	if (found <= 0)
		return found;
	err = remove_locked(fw, uuid);
	*ret_destroyed = !err;
	return err;
}

static int fw_destroy(struct framework *fw, const struct framework_vgpu *vgpu,
		      bool *ret_destroyed)
{
	struct os_file *lock __cleanup_lock = NULL;
	int err = framework_lock(fw->os, fw->address, &lock);

	*ret_destroyed = false;
	return err ? err : destroy_locked(fw, vgpu, ret_destroyed);
}

/* --------------------------------------------------------------- parameters */

static int fw_get_params(struct framework *fw, const struct framework_vgpu *vgpu, char **ret)
{
	char path[MDEV_PATH_LEN], uuid[37];
	int err = is_there(fw, vgpu, uuid);

	if (err <= 0)
		return err ? err : framework_fail_gone(vgpu);
	return vgpu_params_read(fw->os, mdev_path(path, uuid, VGPU_PARAMS_FILE), uuid, ret);
}

static int set_params_locked(struct framework *fw, const struct framework_vgpu *vgpu,
			     const char *params)
{
	char path[MDEV_PATH_LEN], uuid[37];
	int err = is_there(fw, vgpu, uuid);

	if (err <= 0)
		return err ? err : framework_fail_gone(vgpu);
	err = holder_check(fw->os, uuid, uuid);
	if (err)
		return err;
	return vgpu_params_set(fw->os, mdev_path(path, uuid, VGPU_PARAMS_FILE), uuid, params);
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
	char uuid[37];

	uuid_format(vgpu->uuid, uuid);
	snprintf(buf, size, "/sys/bus/mdev/devices/%s", uuid);
	return 0;
}

static int fw_vfio_open(struct framework *fw, const struct framework_vgpu *vgpu,
			struct os_file **ret)
{
	char uuid[37];
	int err = is_there(fw, vgpu, uuid);

	if (err <= 0)
		return err ? err : framework_fail_gone(vgpu);
	return holder_vfio_open(fw->os, uuid, uuid, ret);
}

/* ---------------------------------------------------------- coming and going */

static void fw_close(struct framework *fw)
{
	struct mdev_gpu *gpu = mdev_gpu(fw);

	framework_types_unref(gpu->types);
	free(gpu->states);
	free(gpu->functions);
	vfs_cache_fini(&gpu->vfs);
	pthread_mutex_destroy(&gpu->lock);
	free(gpu);
}

static int any_type(const char *name, void *arg)
{
	uint32_t id;

	return !parse_type_directory(name, &id);
}

/* Its own address, or that of a VF */
static int find_parent(struct candidate *candidate, const char **ret)
{
	int itself = candidate_has(candidate, candidate->address, MDEV_TYPES, any_type);
	int err = candidate_vfs(candidate);

	if (err)
		return err;
	if (itself > 0) {
		*ret = candidate->address;
		return 0;
	}
	err = candidate_find(candidate, MDEV_TYPES, any_type, ret);
	return err == -ENODEV && itself < 0 ? itself : err;
}

/* A type on the GPU, or on one of its VFs, is the sign. */
static int fw_probe(struct candidate *candidate, struct framework **ret)
{
	const char *parent = NULL;
	struct mdev_gpu *gpu;
	int err = find_parent(candidate, &parent);

	if (err)
		return err;
	gpu = calloc(1, sizeof(*gpu));
	if (!gpu)
		return error_nomem();
	framework_init(&gpu->base, &framework_mdev, candidate->os, candidate->address);
	framework_evidence(&gpu->base, "no control device, but %s%s has " MDEV_TYPES "; %zu VFs",
			   parent == candidate->address ? "" : "its VF ", parent,
			   candidate->vf_count);
	pthread_mutex_init(&gpu->lock, NULL);
	vfs_cache_init(&gpu->vfs, candidate);
	*ret = &gpu->base;
	return 0;
}

const struct framework_ops framework_mdev = {
	.id = NVVGPU_FRAMEWORK_MDEV,
	.name = "mdev",
	.help = "mediated devices, by the types on the GPU or on its VFs",
	.probe = fw_probe,
	.close = fw_close,
	.create = mdev_create,
	.destroy = fw_destroy,
	.get_mode = fw_get_mode,
	.get_params = fw_get_params,
	.get_state = fw_get_state,
	.info = fw_info,
	.look = fw_look,
	.set_mixed_size = fw_set_mixed_size,
	.set_params = fw_set_params,
	.statistic = fw_statistic,
	.type_states = mdev_type_states,
	.types = mdev_types,
	.vfio_name = fw_vfio_name,
	.vfio_open = fw_vfio_open,
	.vgpu_list = fw_vgpu_list,
};
