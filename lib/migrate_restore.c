/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "migrate_op.h"
#include "os/vfio_uapi.h"

/* ------------------------------------------------- does the stream fit the target? */

#define mismatch(reason, object, next, ...) \
	error_setf(EXDEV, NVVGPU_REASON_MISMATCH_##reason, object, next, __VA_ARGS__)

static const char *or_unknown(const char *text)
{
	return text && *text ? text : "unknown";
}

static int match_board(const struct nvvgpu_stream_info *info, struct nvvgpu_gpu *gpu)
{
	const uint16_t *ids = info->board_ids;

	if (ids[0] == nvvgpu_gpu_get_vendor_id(gpu) && ids[1] == nvvgpu_gpu_get_device_id(gpu) &&
	    ids[2] == nvvgpu_gpu_get_subsystem_vendor_id(gpu) &&
	    ids[3] == nvvgpu_gpu_get_subsystem_device_id(gpu))
		return 0;
	return mismatch(BOARD, nvvgpu_gpu_get_address(gpu), "restore on a board of the same kind",
			"the state is of a %s (%04x:%04x, subsystem %04x:%04x), "
			"this is a %s (%04x:%04x, subsystem %04x:%04x)",
			or_unknown(info->board_name), ids[0], ids[1], ids[2], ids[3],
			or_unknown(nvvgpu_gpu_get_name(gpu)), nvvgpu_gpu_get_vendor_id(gpu),
			nvvgpu_gpu_get_device_id(gpu), nvvgpu_gpu_get_subsystem_vendor_id(gpu),
			nvvgpu_gpu_get_subsystem_device_id(gpu));
}

static int match_type(const struct nvvgpu_stream_info *info, const char *object, uint32_t id,
		      const char *name, uint64_t framebuffer_bytes)
{
	if (info->type_id != id || strcmp(info->type_name, name))
		return mismatch(TYPE, object, "restore into a vGPU of the same type",
				"the state is of type %u \"%s\", the target is of type %u \"%s\"",
				info->type_id, info->type_name, id, name);
	if (info->framebuffer_bytes != framebuffer_bytes)
		return mismatch(FRAMEBUFFER, object,
				"restore under a driver that defines the type alike",
				"the state has a framebuffer of %llu bytes, the target one of %llu",
				(unsigned long long)info->framebuffer_bytes,
				(unsigned long long)framebuffer_bytes);
	return 0;
}

/* The type that the stream names must exist on the board, with the same content. */
static int match_board_type(const struct nvvgpu_stream_info *info, struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_type *type;
	char id[16];
	int err;

	snprintf(id, sizeof(id), "%u", info->type_id);
	err = nvvgpu_type_lookup(gpu, id, &type);
	if (err == -ENOENT)
		return mismatch(TYPE, nvvgpu_gpu_get_address(gpu),
				"restore on a board that offers the type",
				"the state is of type %u \"%s\", which this GPU does not offer",
				info->type_id, info->type_name);
	if (err)
		return err;
	err = match_type(info, nvvgpu_gpu_get_address(gpu), nvvgpu_type_get_id(type),
			 nvvgpu_type_get_name(type), nvvgpu_type_get_framebuffer_bytes(type));
	nvvgpu_type_unref(type);
	return err;
}

static bool same_version(const char *a, const char *b)
{
	return strcmp(or_unknown(a), or_unknown(b)) == 0;
}

static int match_versions(const struct nvvgpu_stream_info *info, struct nvvgpu_gpu *gpu)
{
	const char *driver = nvvgpu_gpu_get_driver_version(gpu);
	const char *firmware = nvvgpu_gpu_get_firmware_version(gpu);

	if (!same_version(info->driver_version, driver))
		return mismatch(DRIVER, nvvgpu_gpu_get_address(gpu),
				"run the same driver version on both hosts",
				"the state is of driver %s, this host runs %s",
				or_unknown(info->driver_version), or_unknown(driver));
	if (!same_version(info->firmware_version, firmware))
		return mismatch(FIRMWARE, nvvgpu_gpu_get_address(gpu),
				"run the same firmware version on both hosts",
				"the state is of firmware %s, this GPU runs %s",
				or_unknown(info->firmware_version), or_unknown(firmware));
	return 0;
}

/* The type is the stream's; a spec may repeat it, by id or by name, but not change it. */
static int match_spec(const struct nvvgpu_stream_info *info, const struct nvvgpu_spec *spec,
		      struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_type *type;
	bool same;
	int err;

	if (!spec || !spec->type)
		return 0;
	err = nvvgpu_type_lookup(gpu, spec->type, &type);
	if (err)
		return err;
	same = nvvgpu_type_get_id(type) == info->type_id;
	nvvgpu_type_unref(type);
	if (same)
		return 0;
	return mismatch(TYPE, nvvgpu_gpu_get_address(gpu), "leave the type of the spec unset",
			"the state is of type %u \"%s\", type %s was asked for", info->type_id,
			info->type_name, spec->type);
}

static const struct nvvgpu_spec *op_spec(const struct migrate_op *op)
{
	return op->options ? op->options->spec : NULL;
}

static int match_gpu(const struct migrate_op *op, const struct nvvgpu_stream_info *info,
		     struct nvvgpu_gpu *gpu)
{
	int err = match_board(info, gpu);

	if (!err)
		err = match_spec(info, op_spec(op), gpu);
	if (!err)
		err = match_board_type(info, gpu);
	return err ? err : match_versions(info, gpu);
}

static int match_device(const struct migrate_op *op, const struct nvvgpu_stream_info *info,
			struct nvvgpu_device *device)
{
	struct nvvgpu_vgpu *vgpu = device_vgpu(device);
	struct nvvgpu_gpu *gpu = nvvgpu_vgpu_get_gpu(vgpu);
	int err = match_board(info, gpu);

	if (!err)
		err = match_spec(info, op_spec(op), gpu);
	if (!err)
		err = match_type(info, nvvgpu_vgpu_get_uuid(vgpu), nvvgpu_vgpu_get_type_id(vgpu),
				 nvvgpu_vgpu_get_type_name(vgpu),
				 nvvgpu_vgpu_get_framebuffer_bytes(vgpu));
	return err ? err : match_versions(info, gpu);
}

/* ------------------------------------------------------------------ a new vGPU */

static void free_spec(struct nvvgpu_spec **spec)
{
	nvvgpu_spec_free(*spec);
}

static int make_spec(const struct nvvgpu_stream_info *info, const struct nvvgpu_spec *wanted,
		     struct nvvgpu_spec **ret)
{
	__cleanup(free_spec) struct nvvgpu_spec *spec = NULL;
	char id[16];
	int err = wanted ? spec_copy(wanted, &spec) : nvvgpu_spec_new(&spec);

	if (err)
		return err;
	snprintf(id, sizeof(id), "%u", info->type_id);
	err = nvvgpu_spec_set_type(spec, id);
	if (err)
		return err;
	if (info->params && !spec->params) {
		spec->params = strdup(info->params);
		if (!spec->params)
			return error_nomem();
	}
	if (info->owner && !spec->owner)
		err = nvvgpu_spec_set_owner(spec, info->owner);
	if (!err)
		*ret = take_ptr(spec);
	return err;
}

/* A vGPU that was there before must never be loaded over: *ret is new, or nothing is. */
static int create_new(struct nvvgpu_gpu *gpu, struct nvvgpu_spec *spec, struct nvvgpu_vgpu **ret)
{
	struct nvvgpu_vgpu *vgpu;
	int err = nvvgpu_create(gpu, spec, &vgpu);

	if (err)
		return err;
	if (nvvgpu_vgpu_was_created(vgpu)) {
		*ret = vgpu;
		return 0;
	}
	error_set(EEXIST, NVVGPU_REASON_EXISTS, nvvgpu_vgpu_get_uuid(vgpu),
		  "a vGPU with this uuid exists", "destroy it, or give the new vGPU another uuid");
	nvvgpu_vgpu_unref(vgpu);
	return -EEXIST;
}

static int create_target(const struct migrate_op *op, const struct nvvgpu_stream_info *info,
			 struct nvvgpu_gpu *gpu, struct nvvgpu_vgpu **ret)
{
	__cleanup(free_spec) struct nvvgpu_spec *spec = NULL;
	int err = make_spec(info, op_spec(op), &spec);

	if (err)
		return err;
	if (spec->has_uuid)
		return create_new(gpu, spec, ret);
	if (!uuid_is_null(info->vgpu_uuid)) {
		spec->has_uuid = true;
		memcpy(spec->uuid, info->vgpu_uuid, sizeof(spec->uuid));
		err = create_new(gpu, spec, ret);
		if (err != -EEXIST)
			return err;
	}
	err = uuid_random(spec->uuid);
	if (err)
		return error_errno(err, nvvgpu_gpu_get_address(gpu), "making a uuid");
	spec->has_uuid = true;
	return create_new(gpu, spec, ret);
}

/* ------------------------------------------------------------------- the state */

static int rejected(struct nvvgpu_device *device)
{
	return error_set(EBADMSG, NVVGPU_REASON_STREAM_REJECTED,
			 nvvgpu_vgpu_get_uuid(device_vgpu(device)),
			 "its device checked the state and did not accept it",
			 "look for messages of the driver in the kernel log; save the vGPU again");
}

struct sink {
	struct nvvgpu_device *device;
	struct os_file *data;
};

static int write_state(void *arg, const void *data, size_t len)
{
	const struct sink *sink = arg;
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = os_file_write(sink->data, (const uint8_t *)data + done, len - done);
		if (n > 0)
			done += (size_t)n;
		else if (n == -EINVAL || n == -EBADMSG || n == -EFAULT || n == -EOPNOTSUPP)
			return rejected(sink->device);
		else if (n != -EINTR)
			return device_error(sink->device, n ? (int)n : -EIO,
					    "writing the state of the vGPU");
	}
	return 0;
}

/* RUNNING -> RESUMING, all of the stream, -> STOP (where the device judges it) -> RUNNING */
static int load_state(struct migrate_op *op, struct nvvgpu_device *device,
		      struct stream_reader *reader, struct os_file **ret_data)
{
	struct sink sink = { .device = device };
	int err = device_set_migration_state(device, VFIO_DEVICE_STATE_RESUMING, ret_data);

	if (err)
		return err;
	if (!*ret_data)
		return error_set(EIO, NVVGPU_REASON_IO, op->object,
				 "its driver gave no session to write the state to",
				 "look for messages of the driver in the kernel log");
	sink.data = *ret_data;
	err = migrate_op_read_all(op, reader, write_state, &sink);
	if (!err)
		err = migrate_op_finish(op);
	if (err)
		return err;
	if (device_set_migration_state(device, VFIO_DEVICE_STATE_STOP, NULL))
		return rejected(device);
	return device_set_migration_state(device, VFIO_DEVICE_STATE_RUNNING, NULL);
}

/*
 * After any failure the device is reset, never stopped: a driver may take a
 * half-written state for a whole one when RESUMING ends in STOP.
 */
static int load(struct migrate_op *op, struct nvvgpu_device *device, struct stream_reader *reader)
{
	struct os_file *data = NULL;
	struct nvvgpu_error first;
	int err = device_claim(device);

	if (err)
		return err;
	err = migrate_op_start(op);
	if (err)
		goto release;
	err = load_state(op, device, reader, &data);
	if (err) {
		first = *nvvgpu_last_error();
		nvvgpu_device_reset(device);
		err = error_restore(&first);
	}
	os_file_close(data);
release:
	device_release(device);
	return err;
}

/* --------------------------------------------------------------------- calls */

/* All of the stream once, then back to where it began.  Progress counts both passes. */
static int verify_first(struct migrate_op *op, struct stream_reader *reader)
{
	off_t start = lseek(op->io.fd, 0, SEEK_CUR);
	int err;

	if (start < 0)
		return error_set(ESPIPE, NVVGPU_REASON_INVALID_ARGUMENT, "stream",
				 "verify-first needs a stream that can be read twice",
				 "give a file, or leave verify-first out");
	op->passes = 2;
	err = stream_reader_open(reader, &op->io);
	if (!err)
		err = migrate_op_start(op);
	if (!err)
		err = migrate_op_read_all(op, reader, NULL, NULL);
	stream_reader_close(reader);
	if (!err && lseek(op->io.fd, start, SEEK_SET) < 0)
		err = error_errno(errno, "stream", "going back to its beginning");
	return err;
}

static int open_stream(struct migrate_op *op, struct stream_reader *reader)
{
	int err = 0;

	if (op->options && op->options->verify_first)
		err = verify_first(op, reader);
	return err ? err : stream_reader_open(reader, &op->io);
}

static int restore_into(struct migrate_op *op, struct nvvgpu_vgpu *vgpu,
			struct stream_reader *reader)
{
	struct nvvgpu_device *device;
	int err = nvvgpu_device_open(vgpu, &device);

	if (err)
		return err;
	op->object = nvvgpu_vgpu_get_uuid(vgpu);
	err = load(op, device, reader);
	nvvgpu_device_unref(device);
	return err;
}

static int restore_new(struct migrate_op *op, struct nvvgpu_gpu *gpu, struct nvvgpu_vgpu **ret)
{
	struct stream_reader reader = { 0 };
	struct nvvgpu_vgpu *vgpu = NULL;
	struct nvvgpu_error first;
	int err = open_stream(op, &reader);

	if (!err)
		err = match_gpu(op, reader.info, gpu);
	if (!err)
		err = create_target(op, reader.info, gpu, &vgpu);
	if (!err)
		err = restore_into(op, vgpu, &reader);
	if (err && vgpu) {
		first = *nvvgpu_last_error();
		nvvgpu_destroy(vgpu);
		nvvgpu_vgpu_unref(vgpu);
		error_restore(&first);
	} else if (!err) {
		*ret = vgpu;
	}
	stream_reader_close(&reader);
	return err;
}

NVVGPU_EXPORT int nvvgpu_migrate_restore(struct nvvgpu_gpu *gpu, int fd,
					 struct nvvgpu_migrate_options *options,
					 struct nvvgpu_vgpu **ret)
{
	struct migrate_op op;
	int err = migrate_op_begin(&op, options, nvvgpu_gpu_get_address(gpu), fd, false);

	if (!err)
		err = restore_new(&op, gpu, ret);
	migrate_op_end(&op);
	return err;
}

NVVGPU_EXPORT int nvvgpu_migrate_restore_device(struct nvvgpu_device *device, int fd,
						struct nvvgpu_migrate_options *options)
{
	struct stream_reader reader = { 0 };
	struct migrate_op op;
	int err = migrate_op_begin(&op, options, nvvgpu_vgpu_get_uuid(device_vgpu(device)), fd,
				   false);

	if (!err)
		err = open_stream(&op, &reader);
	if (!err)
		err = match_device(&op, reader.info, device);
	if (!err)
		err = load(&op, device, &reader);
	stream_reader_close(&reader);
	migrate_op_end(&op);
	return err;
}
