/* SPDX-License-Identifier: MIT */
#ifndef NVVGPU_MIGRATE_H
#define NVVGPU_MIGRATE_H

#include <nvvgpu/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/** struct nvvgpu_migrate_options - how to save, restore, inspect, verify or collect: a recipe */
struct nvvgpu_migrate_options;
/** struct nvvgpu_stream_info - what a state stream says of itself: an immutable snapshot */
struct nvvgpu_stream_info;

/** struct nvvgpu_progress - where a running save, restore, verify or collect is */
struct nvvgpu_progress;
uint64_t nvvgpu_progress_get_bytes(const struct nvvgpu_progress *progress);
/** nvvgpu_progress_get_estimate_bytes - Return: bytes in all as far as known; 0 unknown */
uint64_t nvvgpu_progress_get_estimate_bytes(const struct nvvgpu_progress *progress);
uint64_t nvvgpu_progress_get_bytes_per_second(const struct nvvgpu_progress *progress);

/**
 * typedef nvvgpu_progress_fn - called at the start, at most ten times a second, and at the end
 *
 * Called too while the other side lets wait, with the same number of bytes.
 *
 * Return: 0 to go on; anything else cancels (-ECANCELED, reason "cancelled").
 */
typedef int (*nvvgpu_progress_fn)(void *arg, const struct nvvgpu_progress *progress);

int nvvgpu_migrate_options_new(struct nvvgpu_migrate_options **ret);
void nvvgpu_migrate_options_free(struct nvvgpu_migrate_options *options);
void nvvgpu_migrate_options_set_progress(struct nvvgpu_migrate_options *options,
					 nvvgpu_progress_fn fn, void *arg);
/** nvvgpu_migrate_options_set_checksum - XXH3 over the data; default true */
void nvvgpu_migrate_options_set_checksum(struct nvvgpu_migrate_options *options, bool checksum);
/**
 * nvvgpu_migrate_options_set_deadline - give up (-ETIMEDOUT) after @timeout_ns; 0: never
 * (default)
 */
void nvvgpu_migrate_options_set_deadline(struct nvvgpu_migrate_options *options,
					 uint64_t timeout_ns);
/**
 * nvvgpu_migrate_options_set_verify_first - restore reads the whole stream before it
 * touches a device; needs a seekable fd (-ESPIPE otherwise).  Progress counts
 * both passes.  Default false.
 */
void nvvgpu_migrate_options_set_verify_first(struct nvvgpu_migrate_options *options, bool verify);
/**
 * nvvgpu_migrate_options_set_spec - restore: uuid, VF, placement, parameters and owner of
 * the new vGPU; its type must be unset or equal to the stream's.  Copied.  Default: uuid of
 * the stream
 * when it is free, else a random one.
 */
int nvvgpu_migrate_options_set_spec(struct nvvgpu_migrate_options *options,
				    struct nvvgpu_spec *spec);
/**
 * nvvgpu_migrate_options_cancel - make the operation that uses @options end; from any thread
 *
 * When none runs, the next one ends at once.  It counts for one operation:
 * afterwards @options can be used again.
 */
void nvvgpu_migrate_options_cancel(struct nvvgpu_migrate_options *options);

/**
 * nvvgpu_migrate_save - write the state of a vGPU to a file, pipe or socket
 * @fd: stays open and belongs to the caller; written from its current position
 * @options: NULL for the defaults
 *
 * The vGPU is stopped while it is read and runs again afterwards.  When the
 * save fails the vGPU runs again too, and the stream ends in a trailer that
 * says "aborted" when it can still be written.
 *
 * Return: 0; -EOPNOTSUPP not migratable; -EBUSY the device is open elsewhere;
 * -ECANCELED; -ETIMEDOUT; -EPIPE, -ENOSPC ... of @fd; -EIO.
 */
int nvvgpu_migrate_save(struct nvvgpu_vgpu *vgpu, int fd, struct nvvgpu_migrate_options *options);

/**
 * nvvgpu_migrate_save_device - as nvvgpu_migrate_save(), of a device that the caller has open
 */
int nvvgpu_migrate_save_device(struct nvvgpu_device *device, int fd,
			       struct nvvgpu_migrate_options *options);

/**
 * nvvgpu_migrate_restore - create a vGPU from a stream
 * @ret: a new reference to the vGPU, its state loaded, its device closed again
 *
 * With the device's close its plugin task ends; what lives in the framebuffer
 * stays.  Who goes on with the whole device, registers included, creates the
 * vGPU, opens its device and uses nvvgpu_migrate_restore_device().
 *
 * Board, type, framebuffer size, driver and firmware version of the stream are
 * compared before anything is created.  Parameters and owner are the source's
 * unless @options give others.  On failure the new vGPU is destroyed.
 *
 * Return: 0; -EXDEV the identity does not fit (reason says what differs);
 * -EBADMSG foreign, damaged, truncated or aborted stream; what nvvgpu_create()
 * returns; -ECANCELED; -ETIMEDOUT; -EIO.
 */
int nvvgpu_migrate_restore(struct nvvgpu_gpu *gpu, int fd, struct nvvgpu_migrate_options *options,
			   struct nvvgpu_vgpu **ret);

/**
 * nvvgpu_migrate_restore_device - load a stream into a device that the caller has open
 *
 * A stream that does not fit leaves the device as it is; after any later
 * failure it is reset: usable, empty.
 */
int nvvgpu_migrate_restore_device(struct nvvgpu_device *device, int fd,
				  struct nvvgpu_migrate_options *options);

/**
 * nvvgpu_migrate_inspect - read header and identity of a stream, not its data
 * @fd: read from its current position, as by all calls here, and not a byte
 *      further than needed: behind the trailer another stream may follow
 * @options: NULL for the defaults
 * @ret: to be freed with nvvgpu_stream_info_free(); totals are unknown (0)
 */
int nvvgpu_migrate_inspect(int fd, struct nvvgpu_migrate_options *options,
			   struct nvvgpu_stream_info **ret);

/**
 * nvvgpu_migrate_verify - read a whole stream and check every checksum
 * @ret: as nvvgpu_migrate_inspect(), with totals; may be NULL
 */
int nvvgpu_migrate_verify(int fd, struct nvvgpu_migrate_options *options,
			  struct nvvgpu_stream_info **ret);

/** nvvgpu_stream_info_free - NULL is allowed */
void nvvgpu_stream_info_free(struct nvvgpu_stream_info *info);
/*
 * Strings live as long as @info and are NULL when the stream does not say; the
 * uuids and the type it always says.
 */
uint32_t nvvgpu_stream_info_get_format_major(const struct nvvgpu_stream_info *info);
uint32_t nvvgpu_stream_info_get_format_minor(const struct nvvgpu_stream_info *info);
const char *nvvgpu_stream_info_get_stream_uuid(const struct nvvgpu_stream_info *info);
const char *nvvgpu_stream_info_get_vgpu_uuid(const struct nvvgpu_stream_info *info);
uint32_t nvvgpu_stream_info_get_type_id(const struct nvvgpu_stream_info *info);
const char *nvvgpu_stream_info_get_type_name(const struct nvvgpu_stream_info *info);
const char *nvvgpu_stream_info_get_board_name(const struct nvvgpu_stream_info *info);
uint16_t nvvgpu_stream_info_get_device_id(const struct nvvgpu_stream_info *info);
uint64_t nvvgpu_stream_info_get_framebuffer_bytes(const struct nvvgpu_stream_info *info);
const char *nvvgpu_stream_info_get_driver_version(const struct nvvgpu_stream_info *info);
const char *nvvgpu_stream_info_get_firmware_version(const struct nvvgpu_stream_info *info);
const char *nvvgpu_stream_info_get_library_version(const struct nvvgpu_stream_info *info);
const char *nvvgpu_stream_info_get_source_gpu(const struct nvvgpu_stream_info *info);
/** nvvgpu_stream_info_get_time_ns - Return: when it was saved, CLOCK_REALTIME */
uint64_t nvvgpu_stream_info_get_time_ns(const struct nvvgpu_stream_info *info);
bool nvvgpu_stream_info_has_checksums(const struct nvvgpu_stream_info *info);
/** nvvgpu_stream_info_is_verified - Return: true from nvvgpu_migrate_verify() */
bool nvvgpu_stream_info_is_verified(const struct nvvgpu_stream_info *info);
uint64_t nvvgpu_stream_info_get_data_bytes(const struct nvvgpu_stream_info *info);
uint64_t nvvgpu_stream_info_get_chunks(const struct nvvgpu_stream_info *info);

#ifdef __cplusplus
}
#endif
#endif
