/* SPDX-License-Identifier: MIT */
#ifndef NVVGPU_DEVICE_H
#define NVVGPU_DEVICE_H

#include <sys/types.h>
#include <nvvgpu/vgpu.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct nvvgpu_device - the open VFIO device of a vGPU; holds its vGPU; reference counted
 *
 * Opening starts the vGPU's plugin task, the last unref stops it.  Framebuffer
 * contents stay with the vGPU until it is reset or destroyed.  Use it to check
 * that a vGPU works, and to save or restore it; a VMM opens the device itself.
 */
struct nvvgpu_device;

enum nvvgpu_region {
	NVVGPU_REGION_BAR0 = 0,		/* registers */
	NVVGPU_REGION_BAR1 = 1,		/* framebuffer aperture */
	NVVGPU_REGION_BAR3 = 3,
	NVVGPU_REGION_CONFIG = 7,	/* PCI configuration space */
};

/**
 * nvvgpu_device_open - open the VFIO device of a vGPU
 * @ret: a new reference
 * Return: 0; -EBUSY open elsewhere; -ENODEV the vGPU is gone; -EACCES; -EIO firmware.
 */
int nvvgpu_device_open(struct nvvgpu_vgpu *vgpu, struct nvvgpu_device **ret);
struct nvvgpu_device *nvvgpu_device_ref(struct nvvgpu_device *device);
struct nvvgpu_device *nvvgpu_device_unref(struct nvvgpu_device *device);

/** nvvgpu_device_get_region_bytes - @ret: size; 0: the region does not exist */
int nvvgpu_device_get_region_bytes(struct nvvgpu_device *device, enum nvvgpu_region region,
				   uint64_t *ret);
/** nvvgpu_device_read - Return: bytes read (all of @len) or a negative errno */
ssize_t nvvgpu_device_read(struct nvvgpu_device *device, enum nvvgpu_region region, uint64_t offset,
			   void *buf, size_t len);
/** nvvgpu_device_write - Return: bytes written (all of @len) or a negative errno */
ssize_t nvvgpu_device_write(struct nvvgpu_device *device, enum nvvgpu_region region,
			    uint64_t offset, const void *buf, size_t len);
/** nvvgpu_device_reset - function level reset: framebuffer scrubbed, plugin task restarted */
int nvvgpu_device_reset(struct nvvgpu_device *device);
/** nvvgpu_device_is_migratable - Return: true when the device offers VFIO migration v2 */
bool nvvgpu_device_is_migratable(struct nvvgpu_device *device);

#ifdef __cplusplus
}
#endif
#endif
