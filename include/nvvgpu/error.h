/* SPDX-License-Identifier: MIT */
#ifndef NVVGPU_ERROR_H
#define NVVGPU_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: errors
 *
 * Every fallible function returns 0 or a negative errno and leaves its
 * out-parameter untouched on failure.  nvvgpu_last_error() tells the rest:
 * a stable reason code, the object, the cause and what to do next.
 */

/**
 * enum nvvgpu_reason - why something failed, or why something is not available
 *
 * Numbers and names (nvvgpu_reason_name()) are stable.
 */
enum nvvgpu_reason {
	NVVGPU_REASON_NONE = 0,
	NVVGPU_REASON_UNKNOWN = 1,		/* it could not be found out */
	NVVGPU_REASON_INVALID_ARGUMENT = 2,
	NVVGPU_REASON_OUT_OF_MEMORY = 3,
	NVVGPU_REASON_PERMISSION = 4,
	NVVGPU_REASON_NOT_FOUND = 5,
	NVVGPU_REASON_NOT_SUPPORTED = 6,
	NVVGPU_REASON_READ_ONLY = 7,		/* a captured tree cannot be changed */
	NVVGPU_REASON_IO = 8,
	NVVGPU_REASON_BUSY = 9,			/* someone else holds the host's lock */
	NVVGPU_REASON_IN_USE = 10,		/* the vGPU's VFIO device is open */
	NVVGPU_REASON_EXISTS = 11,		/* a vGPU with that uuid exists */
	NVVGPU_REASON_CANCELLED = 12,
	NVVGPU_REASON_DEADLINE = 13,
	NVVGPU_REASON_FIRMWARE = 14,		/* the GPU's firmware refused or did not answer */
	NVVGPU_REASON_DEVICE_FAILED = 15,	/* the device needs a reset */
	NVVGPU_REASON_STATE_DAMAGED = 16,	/* a saved host state cannot be loaded */

	/* why a GPU cannot be shared */
	NVVGPU_REASON_NO_DRIVER = 30,		/* no driver is bound */
	NVVGPU_REASON_PASSTHROUGH = 31,		/* bound to vfio-pci or pci-stub: given away whole */
	NVVGPU_REASON_NOT_CAPABLE = 32,		/* the bound driver offers no vGPUs */
	NVVGPU_REASON_NO_FRAMEWORK = 33,	/* a vGPU framework this version does not drive */

	/* why a type, a slot or a placement is not available */
	NVVGPU_REASON_EQUAL_SIZE = 40,		/* another size is active on the GPU */
	NVVGPU_REASON_VF_BUSY = 41,
	NVVGPU_REASON_EXHAUSTED = 42,		/* the largest number of instances exists */
	NVVGPU_REASON_NO_FRAMEBUFFER = 43,
	NVVGPU_REASON_NO_CHANNELS = 44,
	NVVGPU_REASON_PLACEMENT_TAKEN = 45,
	NVVGPU_REASON_PLACEMENT_INVALID = 46,
	NVVGPU_REASON_VFS_DISABLED = 47,
	NVVGPU_REASON_MIG = 48,			/* the GPU is in MIG mode; no emulated board has one */
	NVVGPU_REASON_LIVE_VGPUS = 49,		/* the change needs a GPU without vGPUs */
	NVVGPU_REASON_PARAMS = 50,		/* malformed parameter string */
	NVVGPU_REASON_FOREIGN_OWNER = 51,	/* the vGPU belongs to another owner */

	/* why no guest can be given a vGPU */
	NVVGPU_REASON_IOMMU_OFF = 80,
	NVVGPU_REASON_IOMMU_GROUP_SHARED = 81,	/* with a device that is not given away too */
	NVVGPU_REASON_NO_VFIO = 82,		/* the kernel does not offer it */
	NVVGPU_REASON_NO_SERVICE = 83,		/* a daemon that the driver needs does not run */

	/* state streams */
	NVVGPU_REASON_STREAM_FOREIGN = 60,	/* not a libnvvgpu stream */
	NVVGPU_REASON_STREAM_VERSION = 61,	/* needs a newer library */
	NVVGPU_REASON_STREAM_DAMAGED = 62,	/* a checksum or a length is wrong */
	NVVGPU_REASON_STREAM_TRUNCATED = 63,
	NVVGPU_REASON_STREAM_ABORTED = 64,	/* the save was given up: marked in the trailer */
	NVVGPU_REASON_STREAM_REJECTED = 65,	/* the device did not accept the state */
	NVVGPU_REASON_MISMATCH_BOARD = 66,
	NVVGPU_REASON_MISMATCH_TYPE = 67,
	NVVGPU_REASON_MISMATCH_DRIVER = 68,
	NVVGPU_REASON_MISMATCH_FRAMEBUFFER = 69,
	NVVGPU_REASON_MISMATCH_FIRMWARE = 70,
	NVVGPU_REASON_NOT_MIGRATABLE = 71,	/* the device has no migration support */
};

/**
 * nvvgpu_reason_name - the stable name of a reason, "equal-size"
 * @reason: enum nvvgpu_reason
 * Return: a static string; "unknown" for numbers this version does not know.
 */
const char *nvvgpu_reason_name(enum nvvgpu_reason reason);

/** struct nvvgpu_error - what happened in the last failed call of this thread */
struct nvvgpu_error;

/**
 * nvvgpu_last_error - the error of the last failed library call of this thread
 * Return: lent until the next library call of this thread; never NULL.  Before
 * any failure its reason is NVVGPU_REASON_NONE.
 */
const struct nvvgpu_error *nvvgpu_last_error(void);

/**
 * nvvgpu_error_copy - keep an error beyond the next call, or for another thread
 * @ret: to be freed with nvvgpu_error_free()
 * Return: 0; -ENOMEM (the last error of this thread stays as it is).
 */
int nvvgpu_error_copy(const struct nvvgpu_error *error, struct nvvgpu_error **ret);
/** nvvgpu_error_free - free a copy; NULL is allowed */
void nvvgpu_error_free(struct nvvgpu_error *error);

/** nvvgpu_error_get_errno - Return: the positive errno, 0 when nothing failed */
int nvvgpu_error_get_errno(const struct nvvgpu_error *error);
/** nvvgpu_error_get_reason - Return: why, as a stable code */
enum nvvgpu_reason nvvgpu_error_get_reason(const struct nvvgpu_error *error);
/** nvvgpu_error_get_object - Return: what it is about ("0000:41:00.0"), never NULL, perhaps "" */
const char *nvvgpu_error_get_object(const struct nvvgpu_error *error);
/** nvvgpu_error_get_cause - Return: one sentence without a full stop, never NULL */
const char *nvvgpu_error_get_cause(const struct nvvgpu_error *error);
/**
 * nvvgpu_error_get_message - the line to print: "object: cause (reason)", or without object
 * "cause (reason)"
 * Return: never NULL; "" when nothing failed
 */
const char *nvvgpu_error_get_message(const struct nvvgpu_error *error);
/** nvvgpu_error_get_next_step - Return: what to do about it, never NULL, perhaps "" */
const char *nvvgpu_error_get_next_step(const struct nvvgpu_error *error);

#ifdef __cplusplus
}
#endif
#endif
