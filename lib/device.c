/* SPDX-License-Identifier: MIT */
/* The open VFIO device of a vGPU: regions, reset, migration calls. */
#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include "internal.h"
#include "os/vfio_uapi.h"

struct region {
	uint64_t bytes;		/* 0: does not exist */
	uint64_t offset;	/* in the device file */
	uint32_t flags;
};

struct nvvgpu_device {
	atomic_uint refs;
	struct nvvgpu_vgpu *vgpu;
	struct os_file *file;
	struct region regions[VFIO_PCI_NUM_REGIONS];
	bool migratable;
	atomic_bool claimed;	/* a save or restore runs */
};

static const char *device_name(struct nvvgpu_device *device)
{
	return nvvgpu_vgpu_get_uuid(device->vgpu);
}

/* The request was well-formed: when it is refused or not answered, the device is to blame. */
int device_error(struct nvvgpu_device *device, int err, const char *doing)
{
	if (err != -EIO && err != -EINVAL && err != -ETIMEDOUT)
		return error_errno(err, device_name(device), doing);
	return error_setf(EIO, NVVGPU_REASON_FIRMWARE, device_name(device),
			  "look for messages of the driver in the kernel log",
			  "%s failed: the device %s", doing,
			  err == -ETIMEDOUT ? "did not answer in time" : "refused");
}

/* ---------------------------------------------------------- VFIO_DEVICE_FEATURE */

/* Header and payload in one buffer, aligned for the 64-bit members that payloads have. */
union feature_buffer {
	struct vfio_device_feature header;
	uint64_t words[(sizeof(struct vfio_device_feature) + 16) / sizeof(uint64_t)];
};

/* Quiet: -errno only.  The payload goes in with SET and comes back with either. */
static int device_feature(struct nvvgpu_device *device, uint32_t flags, void *payload, size_t len)
{
	union feature_buffer buffer = { .words = { 0 } };
	int err;

	buffer.header.argsz = (uint32_t)(sizeof(buffer.header) + len);
	buffer.header.flags = flags;
	memcpy(buffer.header.data, payload, len);
	err = os_file_ioctl(device->file, VFIO_DEVICE_FEATURE, &buffer);
	if (err < 0)
		return err;
	memcpy(payload, buffer.header.data, len);
	return 0;
}

static bool probe_migration(struct nvvgpu_device *device)
{
	struct vfio_device_feature_migration migration = { 0 };
	int err = device_feature(device, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION,
				 &migration, sizeof(migration));

	return !err && (migration.flags & VFIO_MIGRATION_STOP_COPY);
}

int device_get_migration_state(struct nvvgpu_device *device, uint32_t *ret)
{
	struct vfio_device_feature_mig_state state = { 0 };
	int err = device_feature(device,
				 VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
				 &state, sizeof(state));

	if (err)
		return device_error(device, err, "reading the migration state");
	*ret = state.device_state;
	return 0;
}

static const char *state_doing(uint32_t state)
{
	switch (state) {
	case VFIO_DEVICE_STATE_STOP:
		return "stopping the vGPU";
	case VFIO_DEVICE_STATE_RUNNING:
		return "running the vGPU";
	case VFIO_DEVICE_STATE_STOP_COPY:
		return "stopping the vGPU to read its state";
	case VFIO_DEVICE_STATE_RESUMING:
		return "preparing the vGPU to take a state";
	default:
		return "changing the migration state";
	}
}

int device_set_migration_state(struct nvvgpu_device *device, uint32_t state,
			       struct os_file **ret_data)
{
	struct vfio_device_feature_mig_state arg = { .device_state = state, .data_fd = -1 };
	struct os *os = vgpu_os(device->vgpu);
	struct os_file *data = NULL;
	int err = device_feature(device,
				 VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
				 &arg, sizeof(arg));

	if (err)
		return device_error(device, err, state_doing(state));
	if (arg.data_fd >= 0) {
		err = os->ops->data_adopt(os, device->file, arg.data_fd, &data);
		if (err)
			return error_errno(err, device_name(device), "opening the state session");
	}
	if (ret_data)
		*ret_data = data;
	else
		os_file_close(data);
	return 0;
}

int device_get_data_size(struct nvvgpu_device *device, uint64_t *ret)
{
	struct vfio_device_feature_mig_data_size size = { 0 };
	int err = device_feature(device,
				 VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
				 &size, sizeof(size));

	if (err)
		return err;
	*ret = size.stop_copy_length;
	return 0;
}

/* ------------------------------------------------------------------- open, close */

/* All regions at once: later calls then need no lock. */
static int read_regions(struct nvvgpu_device *device)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct vfio_region_info region;
	uint32_t i;
	int err = os_file_ioctl(device->file, VFIO_DEVICE_GET_INFO, &info);

	for (i = 0; err >= 0 && i < VFIO_PCI_NUM_REGIONS && i < info.num_regions; i++) {
		region = (struct vfio_region_info){ .argsz = sizeof(region), .index = i };
		err = os_file_ioctl(device->file, VFIO_DEVICE_GET_REGION_INFO, &region);
		if (err == -EINVAL) {	/* how VFIO says that there is no such region */
			err = 0;
			continue;
		}
		device->regions[i].bytes = region.size;
		device->regions[i].offset = region.offset;
		device->regions[i].flags = region.flags;
	}
	if (err < 0)
		return error_errno(err, device_name(device), "asking for the device's regions");
	return 0;
}

NVVGPU_EXPORT int nvvgpu_device_open(struct nvvgpu_vgpu *vgpu, struct nvvgpu_device **ret)
{
	struct nvvgpu_device *device = calloc(1, sizeof(*device));
	int err;

	if (!device)
		return error_nomem();
	atomic_init(&device->refs, 1);
	device->vgpu = nvvgpu_vgpu_ref(vgpu);
	err = vgpu_open_vfio(vgpu, &device->file);
	if (!err)
		err = read_regions(device);
	if (err) {
		nvvgpu_device_unref(device);
		return err;
	}
	device->migratable = probe_migration(device);
	*ret = device;
	return 0;
}

NVVGPU_EXPORT struct nvvgpu_device *nvvgpu_device_ref(struct nvvgpu_device *device)
{
	atomic_fetch_add(&device->refs, 1);
	return device;
}

NVVGPU_EXPORT struct nvvgpu_device *nvvgpu_device_unref(struct nvvgpu_device *device)
{
	if (!device || atomic_fetch_sub(&device->refs, 1) != 1)
		return NULL;
	os_file_close(device->file);
	nvvgpu_vgpu_unref(device->vgpu);
	free(device);
	return NULL;
}

struct nvvgpu_vgpu *device_vgpu(struct nvvgpu_device *device)
{
	return device->vgpu;
}

/* ----------------------------------------------------------------------- regions */

/* NULL: no such number (-EINVAL) */
static const struct region *find_region(struct nvvgpu_device *device, int index)
{
	if (index >= 0 && index < VFIO_PCI_NUM_REGIONS)
		return &device->regions[index];
	error_setf(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, device_name(device),
		   "use one of enum nvvgpu_region", "there is no region number %d", index);
	return NULL;
}

/* *ret: where in the device file the access begins */
static int check_access(struct nvvgpu_device *device, int index, uint64_t offset, size_t len,
			uint32_t flag, uint64_t *ret)
{
	const struct region *region = find_region(device, index);

	if (!region)
		return -EINVAL;
	if (len > SSIZE_MAX || offset > region->bytes || len > region->bytes - offset)
		return error_setf(ERANGE, NVVGPU_REASON_INVALID_ARGUMENT, device_name(device),
				  "stay inside nvvgpu_device_get_region_bytes()",
				  "%zu bytes at 0x%llx are not inside region %d of %llu bytes", len,
				  (unsigned long long)offset, index,
				  (unsigned long long)region->bytes);
	if (len && !(region->flags & flag))
		return error_setf(EACCES, NVVGPU_REASON_NOT_SUPPORTED, device_name(device), "",
				  "region %d cannot be %s", index,
				  flag == VFIO_REGION_INFO_FLAG_READ ? "read" : "written");
	*ret = region->offset + offset;
	return 0;
}

NVVGPU_EXPORT int nvvgpu_device_get_region_bytes(struct nvvgpu_device *device,
						 enum nvvgpu_region region, uint64_t *ret)
{
	const struct region *found = find_region(device, region);

	if (!found)
		return -EINVAL;
	*ret = found->bytes;
	return 0;
}

NVVGPU_EXPORT ssize_t nvvgpu_device_read(struct nvvgpu_device *device, enum nvvgpu_region region,
					 uint64_t offset, void *buf, size_t len)
{
	uint64_t at = 0;
	size_t done;
	ssize_t n;
	int err = check_access(device, region, offset, len, VFIO_REGION_INFO_FLAG_READ, &at);

	if (err)
		return err;
	for (done = 0; done < len; done += (size_t)n) {
		n = os_file_pread(device->file, (uint8_t *)buf + done, len - done, at + done);
		if (n <= 0)
			return error_errno(n ? (int)n : -EIO, device_name(device),
					   "reading a region of the device");
	}
	return (ssize_t)len;
}

NVVGPU_EXPORT ssize_t nvvgpu_device_write(struct nvvgpu_device *device, enum nvvgpu_region region,
					  uint64_t offset, const void *buf, size_t len)
{
	uint64_t at = 0;
	size_t done;
	ssize_t n;
	int err = check_access(device, region, offset, len, VFIO_REGION_INFO_FLAG_WRITE, &at);

	if (err)
		return err;
	for (done = 0; done < len; done += (size_t)n) {
		n = os_file_pwrite(device->file, (const uint8_t *)buf + done, len - done,
				   at + done);
		if (n <= 0)
			return error_errno(n ? (int)n : -EIO, device_name(device),
					   "writing a region of the device");
	}
	return (ssize_t)len;
}

/* ------------------------------------------------------------------ reset, migration */

NVVGPU_EXPORT int nvvgpu_device_reset(struct nvvgpu_device *device)
{
	int err = os_file_ioctl(device->file, VFIO_DEVICE_RESET, NULL);

	if (err < 0)
		return error_setf(err, NVVGPU_REASON_DEVICE_FAILED, device_name(device),
				  "close the device and destroy the vGPU",
				  "its device cannot be reset: %s", strerror(-err));
	return 0;
}

NVVGPU_EXPORT bool nvvgpu_device_is_migratable(struct nvvgpu_device *device)
{
	return device->migratable;
}

static int check_running(struct nvvgpu_device *device)
{
	uint32_t state = VFIO_DEVICE_STATE_ERROR;
	int err = device_get_migration_state(device, &state);

	if (err || state == VFIO_DEVICE_STATE_RUNNING)
		return err;
	if (state == VFIO_DEVICE_STATE_ERROR)
		return error_set(EIO, NVVGPU_REASON_DEVICE_FAILED, device_name(device),
				 "its device has failed", "reset it, nvvgpu_device_reset()");
	return error_set(EBUSY, NVVGPU_REASON_IN_USE, device_name(device),
			 "its device is stopped, someone else migrates it",
			 "wait until the vGPU runs again");
}

int device_claim(struct nvvgpu_device *device)
{
	int err;

	if (!device->migratable)
		return error_set(EOPNOTSUPP, NVVGPU_REASON_NOT_MIGRATABLE, device_name(device),
				 "its driver does not offer VFIO migration",
				 "use a driver built with vGPU migration");
	if (atomic_exchange(&device->claimed, true))
		return error_set(EBUSY, NVVGPU_REASON_IN_USE, device_name(device),
				 "another save or restore of this device is running",
				 "wait until it has ended");
	err = check_running(device);
	if (err)
		device_release(device);
	return err;
}

void device_release(struct nvvgpu_device *device)
{
	atomic_store(&device->claimed, false);
}
