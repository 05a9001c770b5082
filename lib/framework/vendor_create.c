// SPDX-License-Identifier: MIT
/*
 * Create: under the lock of the GPU a free VF is chosen, the record written, and then the
 * VF's files in the one order that all drivers accept: placement, type, parameters.  What
 * was written is read back.  When a step fails, all before it is undone, in reverse.
 */
#include <stdio.h>
#include <string.h>
#include <uapi/nvvgpu.h>
#include "framework/lock.h"
#include "framework/vendor_vfio.h"
#include "framework/vgpu_params.h"
#include "objects.h"
#include "util/clock.h"

#define TAKEN	(-ESTALE)	/* without a last error: somebody else has the VF now */

#define READ_BACK_TRIES	50	/* a driver may need a moment until it shows what it took */
#define READ_BACK_NS	20000000

/* ----------------------------------------------------------------- refusals */

static int refuse_taken(struct framework *fw)
{
	return error_setf(EBUSY, NVVGPU_REASON_VF_BUSY, fw->address,
			  reason_next_step(NVVGPU_REASON_VF_BUSY),
			  "creating a vGPU: the virtual function holds a vGPU");
}

/* What the driver said to a type; EPERM, where it is free, is one too. */
static int refuse_write(struct framework *fw, const char *vf, int err)
{
	switch (-err) {
	case EIO:
		return error_set(err, NVVGPU_REASON_FIRMWARE, vf,
				 "creating a vGPU: the driver could not do it",
				 "look into the kernel log for \"vgpu create request\", and check "
				 "that nvidia-vgpu-mgr runs");
	case ENODEV:
		return error_set(ENOENT, NVVGPU_REASON_NOT_FOUND, vf,
				 "creating a vGPU: the driver does not know this type",
				 "list the types again");
	case ENOSPC:
		return error_set(err, NVVGPU_REASON_EXHAUSTED, vf,
				 "creating a vGPU: the driver has no room for it",
				 reason_next_step(NVVGPU_REASON_EXHAUSTED));
	case EINVAL:
		return error_set(err, NVVGPU_REASON_UNKNOWN, vf,
				 "creating a vGPU: the driver refused the type",
				 "list the types again; another program may have created one");
	default:
		return error_errno(err, vf, "creating a vGPU");
	}
}

/* -------------------------------------------------------------------- files */

/* 0: the file says so; -ETIMEDOUT: it goes on saying something else; -errno */
static int wait_type(struct os *os, const char *vf, uint32_t wanted)
{
	for (int i = 0; i < READ_BACK_TRIES; i++) {
		uint32_t type_id;
		int err = vendor_read_type(os, vf, &type_id);

		if (err || type_id == wanted)
			return err;
		clock_pause_ns(READ_BACK_NS);
	}
	return -ETIMEDOUT;
}

static int write_number(struct os *os, const char *vf, const char *file, uint32_t number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u\n", number);
	return function_write(os, vf, file, text);
}

/* ------------------------------------------------------------------- create */

struct creation {
	struct framework *fw;
	const struct framework_request *request;
	struct vendor_view view;
	struct vendor_vf *vf;
};

static int choose_named(struct creation *c)
{
	const char *address = c->request->vf;
	int err;

	c->vf = view_find(&c->view, address);
	if (!c->vf)
		return error_setf(EINVAL, NVVGPU_REASON_NOT_FOUND, address, "name an enabled virtual "
				  "function of the GPU, or leave the choice to the library",
				  "it is not an enabled virtual function of %s", c->fw->address);
	if (c->vf->type_id)
		return refuse_taken(c->fw);
	err = view_read_rows(c->fw, &c->view, c->vf);
	return err == -ENODEV ? refuse_taken(c->fw) : err;
}

/* With MIG a VF may offer what another does not. */
static int choose_any(struct creation *c)
{
	uint32_t type_id = c->request->type->id;
	struct vendor_vf *first = c->view.rows_of;
	int err = 0;

	if (!view_offers(&c->view, type_id))
		for (size_t i = 0; !err && i < c->view.count; i++) {
			struct vendor_vf *vf = &c->view.vfs[i];

			if (vf->type_id || vf == first)
				continue;
			err = view_read_rows(c->fw, &c->view, vf);
			if (err == -ENODEV)
				err = 0;
			if (view_offers(&c->view, type_id))
				break;
		}
	c->vf = c->view.rows_of;
	return err;
}

static int choose(struct creation *c)
{
	const struct framework_request *request = c->request;
	struct vendor_why why = { .why = NVVGPU_WHY_NONE };
	int err = request->vf ? choose_named(c) : choose_any(c);

	if (!err && !view_offers(&c->view, request->type->id)) {
		err = vendor_judge(c->fw, &c->view, request->type, &why);
		return err ? err : framework_fail_create(c->fw, why.why, why.detail);
	}
	if (!err && request->has_placement)
		err = vendor_judge_placement(c->fw, &c->view, request->type, request->placement,
					     &why);
	if (!err && why.why != NVVGPU_WHY_NONE)
		err = framework_fail_create(c->fw, why.why, why.detail);
	return err;
}

static int same_uuid(const struct record *record, void *arg)
{
	return !memcmp(record->uuid, arg, sizeof(record->uuid));
}

static int check_uuid(struct creation *c)
{
	char uuid[37];
	int found = record_walk(c->fw->os, c->fw->address, same_uuid, (void *)c->request->uuid);

	if (!found)
		return 0;
	uuid_format(c->request->uuid, uuid);
	if (found < 0)
		return error_errno(found, uuid, "looking for it among the records");
	return error_set(EEXIST, NVVGPU_REASON_EXISTS, uuid, "a vGPU with this uuid exists",
			 reason_next_step(NVVGPU_REASON_EXISTS));
}

static int write_record(struct creation *c)
{
	int err = record_begin(c->fw->os, c->vf->vf.address, c->fw->address, c->request);

	return err ? error_errno(err, c->vf->vf.address, "writing its record into the run "
				 "directory") : 0;
}

/* A driver that wants the type first refuses it now, and gets it again behind the type. */
static int write_placement(struct creation *c, bool *ret_later)
{
	const char *vf = c->vf->vf.address;
	int err;

	*ret_later = false;
	if (!c->request->has_placement)
		return 0;
	err = write_number(c->fw->os, vf, VENDOR_PLACEMENT, c->request->placement);
	if (err == -EACCES || err == -EOPNOTSUPP)
		return error_errno(err, vf, "setting the placement id");
	*ret_later = err;
	return 0;
}

/* The error that led here stays the last one. */
static void undo_type(struct creation *c)
{
	struct os *os = c->fw->os;
	const char *vf = c->vf->vf.address;

	if (!write_number(os, vf, VENDOR_CURRENT, 0))
		wait_type(os, vf, 0);
}

/* EPERM where no type is set is not a matter of rights. */
static int write_type(struct creation *c)
{
	struct os *os = c->fw->os;
	const char *vf = c->vf->vf.address;
	uint32_t type_id = 0;
	int err;

	err = write_number(os, vf, VENDOR_CURRENT, c->request->type->id);
	if (err == -EPERM && !vendor_read_type(os, vf, &type_id) && type_id)
		return TAKEN;
	if (err)
		return refuse_write(c->fw, vf, err == -EPERM ? -EIO : err);
	err = wait_type(os, vf, c->request->type->id);
	if (!err)
		return 0;
	undo_type(c);
	return error_errno(err, vf, "reading back the type that was set");
}

static int check_placement(struct creation *c, bool later)
{
	const char *vf = c->vf->vf.address;
	uint32_t id = 0;
	int err = 0;

	if (!c->request->has_placement)
		return 0;
	if (later)
		err = write_number(c->fw->os, vf, VENDOR_PLACEMENT, c->request->placement);
	if (!err)
		err = vendor_read_placement(c->fw->os, vf, &id);
	if (!err && id != c->request->placement)
		return error_setf(EIO, NVVGPU_REASON_IO, vf, "leave the choice to the driver",
				  "setting the placement id: the driver took %u for %u", id,
				  c->request->placement);
	return err ? error_errno(err, vf, "setting the placement id") : 0;
}

static int write_params(struct creation *c)
{
	const char *vf = c->vf->vf.address;
	char path[VFS_PATH_LEN];

	if (!*c->request->params)
		return 0;
	return vgpu_params_set(c->fw->os, function_path(path, vf, VGPU_PARAMS_FILE), vf,
			       c->request->params);
}

static int finish(struct creation *c, struct framework_vgpu *ret)
{
	struct framework_types *types;
	int err;

	err = record_complete(c->fw->os, c->vf->vf.address);
	if (err)
		return error_errno(err, c->vf->vf.address, "writing its record into the run "
				   "directory");
	c->vf->type_id = c->request->type->id;
	err = vendor_types_of(c->fw, &c->view, &types);
	if (err)
		return err;
	err = vendor_describe(c->fw, c->vf, types, ret);
	framework_types_unref(types);
	return err;
}

static void undo_placement(struct creation *c)
{
	if (c->request->has_placement)
		function_write(c->fw->os, c->vf->vf.address, VENDOR_PLACEMENT, " ");
}

static int make(struct creation *c, struct framework_vgpu *ret)
{
	bool later;
	int err;

	err = write_record(c);
	if (err)
		return err;
	err = write_placement(c, &later);
	if (err)
		goto undo_record;
	err = write_type(c);
	if (err)
		goto undo_place;
	err = check_placement(c, later);
	if (!err)
		err = write_params(c);
	if (!err)
		err = finish(c, ret);
	if (!err)
		return 0;
	undo_type(c);
undo_place:
	undo_placement(c);
undo_record:
	record_remove(c->fw->os, c->vf->vf.address);
	return err;
}

/* A program that does not know of the lock may take the VF that was chosen: then another. */
static int create_locked(struct creation *c, struct framework_vgpu *ret)
{
	int err = TAKEN;

	for (int tries = 0; err == TAKEN && tries < VFS_MAX; tries++) {
		view_free(&c->view);
		err = view_read(c->fw, &c->view);
		if (!err)
			err = vendor_settle(c->fw, &c->view);
		if (!err)
			err = check_uuid(c);
		if (!err)
			err = choose(c);
		if (err)
			return err;
		err = make(c, ret);
		if (err == TAKEN && c->request->vf)
			break;
	}
	return err == TAKEN ? refuse_taken(c->fw) : err;
}

int vendor_create(struct framework *fw, const struct framework_request *request,
		  struct framework_vgpu *ret)
{
	struct creation c = { .fw = fw, .request = request };
	struct os_file *lock __cleanup_lock = NULL;
	int err = framework_lock(fw->os, fw->address, &lock);

	if (!err)
		err = create_locked(&c, ret);
	view_free(&c.view);
	return err;
}

/* ------------------------------------------------------ what others left behind */

struct settling {
	struct framework *fw;
	const struct vendor_view *view;
};

/* Its program was killed between the type and the end: nobody can have started it yet. */
static void end_creation(struct os *os, const struct record *record)
{
	char path[VFS_PATH_LEN];

	function_path(path, record->key, VGPU_PARAMS_FILE);
	if (*record->params && vgpu_params_write(os, path, record->params))
		return;		/* next time */
	record_complete(os, record->key);
}

static int settle_one(const struct record *record, void *arg)
{
	struct settling *settling = arg;
	struct os *os = settling->fw->os;
	const struct vendor_vf *vf = view_find(settling->view, record->key);

	if (!vf || vf->type_id != record->type_id)
		return record_remove(os, record->key);
	if (!record->complete)
		end_creation(os, record);
	return 0;
}

int vendor_settle(struct framework *fw, const struct vendor_view *view)
{
	struct settling settling = { fw, view };
	int err = record_walk(fw->os, fw->address, settle_one, &settling);

	return err ? error_errno(err, fw->address, "going through the records in the run "
				 "directory") : 0;
}
