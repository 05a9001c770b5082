/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <sys/utsname.h>
#include "framework/record.h"
#include "migrate_op.h"
#include "os/vfio_uapi.h"
#include "util/clock.h"

/* ------------------------------------------------------------------ identity */

/* NULL and "" are what a source says of things that it does not know. */
static int keep_string(char **to, const char *text)
{
	if (!text || !*text)
		return 0;
	*to = strdup(text);
	return *to ? 0 : error_nomem();
}

static int identify_gpu(struct nvvgpu_stream_info *info, struct nvvgpu_gpu *gpu)
{
	enum nvvgpu_mode mode;
	int err;

	info->board_ids[0] = nvvgpu_gpu_get_vendor_id(gpu);
	info->board_ids[1] = nvvgpu_gpu_get_device_id(gpu);
	info->board_ids[2] = nvvgpu_gpu_get_subsystem_vendor_id(gpu);
	info->board_ids[3] = nvvgpu_gpu_get_subsystem_device_id(gpu);
	err = keep_string(&info->board_name, nvvgpu_gpu_get_name(gpu));
	if (!err)
		err = keep_string(&info->source_gpu, nvvgpu_gpu_get_address(gpu));
	if (!err)
		err = keep_string(&info->driver_version, nvvgpu_gpu_get_driver_version(gpu));
	if (!err)
		err = keep_string(&info->firmware_version, nvvgpu_gpu_get_firmware_version(gpu));
	if (!err)
		err = keep_string(&info->framework,
				  nvvgpu_framework_name(nvvgpu_gpu_get_framework(gpu)));
	if (!err && !nvvgpu_gpu_get_mode(gpu, &mode))
		err = keep_string(&info->mode, nvvgpu_mode_name(mode));
	return err;
}

static int identify_vgpu(struct nvvgpu_stream_info *info, struct nvvgpu_vgpu *vgpu)
{
	int err = uuid_parse_text(nvvgpu_vgpu_get_uuid(vgpu), info->vgpu_uuid);

	if (err)
		return error_errno(err, nvvgpu_vgpu_get_uuid(vgpu), "reading the uuid of the vGPU");
	info->type_id = nvvgpu_vgpu_get_type_id(vgpu);
	info->framebuffer_bytes = nvvgpu_vgpu_get_framebuffer_bytes(vgpu);
	if (nvvgpu_vgpu_get_placement(vgpu, &info->placement))
		info->placement = UINT32_MAX;
	err = keep_string(&info->type_name, nvvgpu_vgpu_get_type_name(vgpu));
	/* whoever restores it makes one of his own of another program's */
	if (!err && strcmp(nvvgpu_vgpu_get_owner(vgpu), RECORD_FOREIGN))
		err = keep_string(&info->owner, nvvgpu_vgpu_get_owner(vgpu));
	if (!err)
		err = nvvgpu_vgpu_get_params(vgpu, &info->params);
	return err == -EOPNOTSUPP ? 0 : err;	/* a driver without parameters */
}

static int identify_host(struct nvvgpu_stream_info *info)
{
	struct utsname host;
	int err;

	info->time_ns = clock_real_ns();
	err = keep_string(&info->library_version, nvvgpu_version());
	if (!err && !uname(&host))
		err = keep_string(&info->kernel_release, host.release);
	return err;
}

static int identify(struct nvvgpu_device *device, bool checksum, struct nvvgpu_stream_info **ret)
{
	__cleanup_stream_info struct nvvgpu_stream_info *info = NULL;
	struct nvvgpu_vgpu *vgpu = device_vgpu(device);
	int err = stream_info_new(&info);

	if (err)
		return err;
	info->incompatible = checksum ? 0 : STREAM_INCOMPAT_UNHASHED;
	err = uuid_random(info->stream_uuid);
	if (err)
		return error_errno(err, "stream", "making a uuid for it");
	err = identify_gpu(info, nvvgpu_vgpu_get_gpu(vgpu));
	if (!err)
		err = identify_vgpu(info, vgpu);
	if (!err)
		err = identify_host(info);
	if (!err)
		*ret = take_ptr(info);
	return err;
}

/* ----------------------------------------------------------------- the state */

/* The device gives as much as it likes per read; 0 is the end. */
static ssize_t fill(struct os_file *data, uint8_t *buf, size_t size)
{
	size_t have = 0;
	ssize_t n;

	do {
		n = os_file_read(data, buf + have, size - have);
		if (n > 0)
			have += (size_t)n;
	} while ((n > 0 && have < size) || n == -EINTR);
	return n < 0 ? n : (ssize_t)have;
}

static int copy_state(struct migrate_op *op, struct nvvgpu_device *device, struct os_file *data,
		      struct stream_writer *writer)
{
	__cleanup_free uint8_t *buf = aligned_alloc(4096, STREAM_CHUNK_BYTES);
	ssize_t n;
	int err;

	if (!buf)
		return error_nomem();
	for (;;) {
		n = fill(data, buf, STREAM_CHUNK_BYTES);
		if (n < 0)
			return device_error(device, (int)n, "reading the state of the vGPU");
		if (n == 0)
			return 0;
		err = stream_writer_data(writer, buf, (size_t)n);
		if (!err)
			err = migrate_op_advance(op, (size_t)n);
		if (err)
			return err;
	}
}

/* Asked while the vGPU is stopped: only now can a driver know.  Before Linux 6.2 none can say. */
static int announce(struct migrate_op *op, struct nvvgpu_device *device,
		    struct stream_writer *writer)
{
	uint64_t bytes;

	if (device_get_data_size(device, &bytes) || bytes == 0)
		return 0;
	migrate_op_estimate(op, bytes);
	return stream_writer_estimate(writer, bytes);
}

static int save_stopped(struct migrate_op *op, struct nvvgpu_device *device,
			struct stream_writer *writer, struct os_file **ret_data)
{
	int err = device_set_migration_state(device, VFIO_DEVICE_STATE_STOP_COPY, ret_data);

	if (err)
		return err;
	if (!*ret_data)
		return error_set(EIO, NVVGPU_REASON_IO, op->object,
				 "its driver stopped it but gave no session to read from",
				 "look for messages of the driver in the kernel log");
	err = announce(op, device, writer);
	if (!err)
		err = copy_state(op, device, *ret_data, writer);
	if (!err)
		err = migrate_op_finish(op);
	return err ? err : stream_writer_end(writer, STREAM_COMPLETE, NVVGPU_REASON_NONE);
}

/* ----------------------------------------------------------------- afterwards */

/* Wherever a failed change has left it: RUNNING, without a reset if there is a way. */
static int run_again(struct nvvgpu_device *device)
{
	uint32_t state = VFIO_DEVICE_STATE_ERROR;
	int err = device_get_migration_state(device, &state);

	if (!err && state == VFIO_DEVICE_STATE_RUNNING)
		return 0;
	if (err || state == VFIO_DEVICE_STATE_ERROR)
		return -EIO;
	if (state != VFIO_DEVICE_STATE_STOP &&
	    device_set_migration_state(device, VFIO_DEVICE_STATE_STOP, NULL))
		return -EIO;
	return device_set_migration_state(device, VFIO_DEVICE_STATE_RUNNING, NULL);
}

/* The guest finds a device that was switched off and on: say so loudly. */
static int reset_lost(struct nvvgpu_device *device, const struct nvvgpu_error *first)
{
	const char *object = nvvgpu_vgpu_get_uuid(device_vgpu(device));

	if (nvvgpu_device_reset(device))
		return error_setf(EIO, NVVGPU_REASON_DEVICE_FAILED, object,
				  "stop the guest, close the device and destroy the vGPU",
				  "it could not run on after a save (%s) and cannot be reset: "
				  "the guest lost its state",
				  first->cause);
	return error_setf(EIO, NVVGPU_REASON_DEVICE_FAILED, object,
			  "restart the guest",
			  "it could not run on after a save (%s) and was reset: "
			  "the guest lost its state",
			  first->cause);
}

static int give_up(struct nvvgpu_device *device, struct stream_writer *writer)
{
	struct nvvgpu_error first;
	int err;

	first = *nvvgpu_last_error();
	err = run_again(device) ? reset_lost(device, &first) : 0;
	if (err)
		first = *nvvgpu_last_error();
	if (!writer->broken)
		stream_writer_end(writer, STREAM_ABORTED, first.reason);
	return error_restore(&first);
}

static int save_state(struct migrate_op *op, struct nvvgpu_device *device,
		      struct stream_writer *writer)
{
	struct os_file *data = NULL;
	struct nvvgpu_error first;
	int err = save_stopped(op, device, writer, &data);

	if (err) {
		err = give_up(device, writer);
	} else if (device_set_migration_state(device, VFIO_DEVICE_STATE_RUNNING, NULL)) {
		first = *nvvgpu_last_error();
		err = run_again(device) ? reset_lost(device, &first) : 0;
	}
	os_file_close(data);
	return err;
}

static int save_stream(struct migrate_op *op, struct nvvgpu_device *device)
{
	__cleanup_stream_info struct nvvgpu_stream_info *info = NULL;
	struct stream_writer writer = { 0 };
	int err = identify(device, op->options ? op->options->checksum : true, &info);

	if (!err)
		err = migrate_op_start(op);
	if (!err)
		err = stream_writer_open(&writer, &op->io, info);
	if (!err)
		err = save_state(op, device, &writer);
	stream_writer_close(&writer);
	return err;
}

NVVGPU_EXPORT int nvvgpu_migrate_save_device(struct nvvgpu_device *device, int fd,
					     struct nvvgpu_migrate_options *options)
{
	struct migrate_op op;
	int err = migrate_op_begin(&op, options, nvvgpu_vgpu_get_uuid(device_vgpu(device)), fd,
				   true);

	if (!err)
		err = device_claim(device);
	if (!err) {
		err = save_stream(&op, device);
		device_release(device);
	}
	migrate_op_end(&op);
	return err;
}

NVVGPU_EXPORT int nvvgpu_migrate_save(struct nvvgpu_vgpu *vgpu, int fd,
				      struct nvvgpu_migrate_options *options)
{
	struct nvvgpu_device *device;
	int err = nvvgpu_device_open(vgpu, &device);

	if (err)
		return err;
	err = nvvgpu_migrate_save_device(device, fd, options);
	nvvgpu_device_unref(device);
	return err;
}
