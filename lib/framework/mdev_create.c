// SPDX-License-Identifier: MIT
/*
 * Create: under the lock of the GPU a parent with room is found, the record written, and then the
 * uuid to the type's file "create" of that parent, the parameters behind it.  What was written is
 * read back.  When a step fails, all before it is undone, in reverse.
 *
 * Programs that do not know of the lock, mdevctl or a shell, may take a VF between the look and the
 * write; its driver then refuses in many ways, and the next VF is tried.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "framework/lock.h"
#include "framework/mdev.h"
#include "framework/vgpu_params.h"
#include "objects.h"
#include "util/clock.h"

#define LOOKS		8		/* how often all parents are tried */

/* ----------------------------------------------------------------- refusals */

static int refuse_taken(const char *vf)
{
	return error_set(EBUSY, NVVGPU_REASON_VF_BUSY, vf, "creating a vGPU: the virtual function "
			 "holds a vGPU", reason_next_step(NVVGPU_REASON_VF_BUSY));
}

static int refuse_uuid(const char *uuid)
{
	return error_set(EEXIST, NVVGPU_REASON_EXISTS, uuid, "a vGPU with this uuid exists",
			 reason_next_step(NVVGPU_REASON_EXISTS));
}

/* What the driver said though it had offered the type. */
static int refuse_write(const char *parent, int err)
{
	static const char next[] = "look into the kernel log, and check that nvidia-vgpud and "
				   "nvidia-vgpu-mgr run";

	if (err == -EINVAL || err == -EIO)
		return error_setf(err, NVVGPU_REASON_FIRMWARE, parent, next, "creating a vGPU: the "
				  "driver offers the type, but refused it: %s", strerror(-err));
	return error_errno(err, parent, "creating a vGPU");
}

/* -------------------------------------------------------------------- files */

static bool is_gone(struct os *os, const char *uuid)
{
	char path[MDEV_PATH_LEN], name[64];
	int err = os->ops->link_read(os, mdev_path(path, uuid, ""), name, sizeof(name));

	return err == -ENOENT || err == -ENODEV;
}

/* A driver that removes it by itself, behind a VMM that ended, may be the faster one. */
int mdev_remove(struct os *os, const char *uuid)
{
	char path[MDEV_PATH_LEN];
	int err = -EAGAIN;

	for (int i = 0; i < MDEV_TRIES; i++) {
		if (err)
			err = os->ops->attr_write(os, mdev_path(path, uuid, "remove"), "1\n");
		if (is_gone(os, uuid))
			return 0;
		if (err && err != -EAGAIN && err != -EINTR)
			return err;
		clock_pause_ns(MDEV_PAUSE_NS);
	}
	return err ? err : -ETIMEDOUT;
}

/* ------------------------------------------------------------------- create */

struct creation {
	struct framework *fw;
	const struct framework_request *request;
	char uuid[37];
	char key[RECORD_KEY_LEN];
	struct mdev_view view;			/* the vGPUs */
	struct mdev_function *functions;
	size_t count;
};

static bool holds_vgpu(const struct creation *c, const struct mdev_function *function)
{
	for (size_t i = 0; i < c->view.vgpu_count; i++)
		if (!strcmp(c->view.vgpus[i].parent.address, function->address))
			return true;
	return false;
}

static int write_record(struct creation *c)
{
	int err = record_begin(c->fw->os, c->key, c->fw->address, c->request);

	return err ? error_errno(err, c->uuid, "writing its record into the run directory") : 0;
}

static int write_params(struct creation *c)
{
	char path[MDEV_PATH_LEN];

	if (!*c->request->params)
		return 0;
	return vgpu_params_set(c->fw->os, mdev_path(path, c->uuid, VGPU_PARAMS_FILE), c->uuid,
			       c->request->params);
}

/* What a driver says when somebody else was faster. */
static bool is_race(int err)
{
	return err == -EBUSY || err == -ENOSPC || err == -EUSERS || err == -EPERM || err == -EAGAIN ||
	       err == -ENOENT || err == -ENODEV;
}

/* -EAGAIN, without a last error: somebody else was faster; EINVAL may mean that too */
static int write_uuid(struct creation *c, const struct mdev_function *parent,
		      const char *directory)
{
	char path[MDEV_PATH_LEN + 16], text[40], again[MDEV_PATH_LEN];
	struct os *os = c->fw->os;
	uint32_t type_id = c->request->type->id, count = 0;
	int err, found;

	snprintf(path, sizeof(path), "%s/create", directory);
	snprintf(text, sizeof(text), "%s\n", c->uuid);
	err = os->ops->attr_write(os, path, text);
	if (err == -EEXIST)
		return refuse_uuid(c->uuid);
	if (err == -EACCES || err == -EROFS)
		return error_errno(err, parent->address, "creating a vGPU");
	if (is_race(err))
		return -EAGAIN;
	if (err) {
		found = mdev_read_offer(os, parent->address, type_id, &count, again);
		return found || !count ? -EAGAIN : refuse_write(parent->address, err);
	}
	found = mdev_exists(os, c->uuid, parent->address, type_id);
	if (found > 0)
		return 0;
	return error_errno(found ? found : -EIO, c->uuid, "reading back the vGPU that was created");
}

static int finish(struct creation *c, const struct mdev_function *parent,
		  struct framework_vgpu *ret)
{
	struct mdev_vgpu vgpu = { .type_id = c->request->type->id, .parent = *parent };
	struct framework_types *types;
	int err;

	err = record_complete(c->fw->os, c->key);
	if (err)
		return error_errno(err, c->uuid, "writing its record into the run directory");
	memcpy(vgpu.name, c->uuid, sizeof(vgpu.name));
	err = mdev_types(c->fw, &types);
	if (err)
		return err;
	err = mdev_describe(c->fw, &vgpu, types, ret);
	framework_types_unref(types);
	return err;
}

/* -EAGAIN, without a last error: another parent should be tried */
static int make(struct creation *c, const struct mdev_function *parent, const char *directory,
		struct framework_vgpu *ret)
{
	int err;

	err = write_record(c);
	if (err)
		return err;
	err = write_uuid(c, parent, directory);
	if (err)
		goto undo_record;
	err = write_params(c);
	if (!err)
		err = finish(c, parent, ret);
	if (!err)
		return 0;
	mdev_remove(c->fw->os, c->uuid);
undo_record:
	record_remove(c->fw->os, c->key);
	return err;
}

/* -EAGAIN, without a last error: it has no room */
static int try_parent(struct creation *c, const struct mdev_function *parent,
		      struct framework_vgpu *ret)
{
	char directory[MDEV_PATH_LEN];
	uint32_t count = 0;
	int err;

	if (parent->is_vf && holds_vgpu(c, parent))
		return -EAGAIN;
	err = mdev_read_offer(c->fw->os, parent->address, c->request->type->id, &count, directory);
	if (err == -EACCES)
		return error_errno(err, parent->address, "looking for room on it");
	return err || !count ? -EAGAIN : make(c, parent, directory, ret);
}

/* -EAGAIN, without a last error: there is room again */
static int refuse(struct creation *c)
{
	struct framework_state state;
	int err = mdev_judge(c->fw, c->request->type->id, &state);

	if (err)
		return err;
	return state.available ? -EAGAIN : framework_fail_create(c->fw, state.why, state.detail);
}

/* The same for one VF: others may have room. */
static int refuse_named(struct creation *c)
{
	const char *vf = c->request->vf;
	char directory[MDEV_PATH_LEN];
	uint32_t count = 0;
	int err;

	err = mdev_read_offer(c->fw->os, vf, c->request->type->id, &count, directory);
	if (err == -ENOENT)
		return error_set(EINVAL, NVVGPU_REASON_NOT_SUPPORTED, vf, "creating a vGPU: this "
				 "virtual function offers no such type",
				 "leave the choice of the VF to the library");
	if (err)
		return error_errno(err, vf, "looking for room on it");
	if (count)
		return -EAGAIN;
	err = refuse(c);
	return err == -EAGAIN ? refuse_taken(vf) : err;
}

static int create_on_named(struct creation *c, struct framework_vgpu *ret)
{
	const char *vf = c->request->vf;
	int err;

	for (size_t i = 0; i < c->count; i++) {
		if (!c->functions[i].is_vf || strcmp(c->functions[i].address, vf))
			continue;
		if (holds_vgpu(c, &c->functions[i]))
			return refuse_taken(vf);
		err = try_parent(c, &c->functions[i], ret);
		return err == -EAGAIN ? refuse_named(c) : err;
	}
	return error_setf(EINVAL, NVVGPU_REASON_NOT_FOUND, vf, "name an enabled virtual function of "
			  "the GPU, or leave the choice to the library",
			  "it is not an enabled virtual function of %s", c->fw->address);
}

static int create_on_any(struct creation *c, struct framework_vgpu *ret)
{
	int err = -EAGAIN;

	for (size_t i = 0; err == -EAGAIN && i < c->count; i++)
		err = try_parent(c, &c->functions[i], ret);
	return err == -EAGAIN ? refuse(c) : err;
}

static int look(struct creation *c)
{
	struct mdev_gpu *gpu = mdev_gpu(c->fw);
	int err;

	mdev_view_free(&c->view);
	free(c->functions);
	c->functions = NULL;
	pthread_mutex_lock(&gpu->lock);
	err = mdev_view_vgpus(gpu, &c->view);
	pthread_mutex_unlock(&gpu->lock);
	return err ? err : mdev_functions(c->fw, &c->functions, &c->count);
}

static int create_locked(struct creation *c, struct framework_vgpu *ret)
{
	int err = mdev_settle(c->fw);

	if (err)
		return err;
	if (!is_gone(c->fw->os, c->uuid))
		return refuse_uuid(c->uuid);
	for (int i = 0; i < LOOKS; i++) {
		err = look(c);
		if (!err)
			err = c->request->vf ? create_on_named(c, ret) : create_on_any(c, ret);
		if (err != -EAGAIN)
			return err;
	}
	return error_set(EBUSY, NVVGPU_REASON_BUSY, c->fw->address, "creating a vGPU: other programs "
			 "took each place that was free", "try again");
}

int mdev_create(struct framework *fw, const struct framework_request *request,
		struct framework_vgpu *ret)
{
	struct creation c = { .fw = fw, .request = request };
	struct os_file *lock __cleanup_lock = NULL;
	int err;

	if (request->has_placement)
		return error_setf(EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED, fw->address,
				  "leave the choice to the driver", "creating a vGPU: the framework "
				  "%s has no placement ids", fw->ops.name);
	uuid_format(request->uuid, c.uuid);
	mdev_key(c.key, fw->address, c.uuid);
	err = framework_lock(fw->os, fw->address, &lock);
	if (!err)
		err = create_locked(&c, ret);
	mdev_view_free(&c.view);
	free(c.functions);
	return err;
}

/* ------------------------------------------------------ what others left behind */

/* Its program was killed between the uuid and the end: nobody can have started it yet. */
static void end_creation(struct os *os, const char *uuid, const struct record *record)
{
	char path[MDEV_PATH_LEN];

	mdev_path(path, uuid, VGPU_PARAMS_FILE);
	if (*record->params && vgpu_params_write(os, path, record->params))
		return;		/* next time */
	record_complete(os, record->key);
}

static int settle_one(const struct record *record, void *arg)
{
	struct framework *fw = arg;
	char uuid[37];
	int found;

	uuid_format(record->uuid, uuid);
	found = mdev_exists(fw->os, uuid, NULL, record->type_id);
	if (!found)
		return record_remove(fw->os, record->key);
	if (found > 0 && !record->complete)
		end_creation(fw->os, uuid, record);
	return 0;
}

int mdev_settle(struct framework *fw)
{
	char end[RECORD_KEY_LEN];
	int err = record_walk(fw->os, fw->address, settle_one, fw);

	mdev_key(end, fw->address, "");
	if (!err)
		err = record_remove_torn(fw->os, end);
	return err ? error_errno(err, fw->address, "going through the records in the run "
				 "directory") : 0;
}
