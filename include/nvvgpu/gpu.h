/* SPDX-License-Identifier: MIT */
#ifndef NVVGPU_GPU_H
#define NVVGPU_GPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <nvvgpu/error.h>
#include <nvvgpu/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/** struct nvvgpu_gpu - a physical NVIDIA GPU of a host; holds its host; reference counted */
struct nvvgpu_gpu;
/** struct nvvgpu_gpu_list - the GPUs of a host as one search found them; reference counted */
struct nvvgpu_gpu_list;

enum nvvgpu_framework {
	NVVGPU_FRAMEWORK_NONE = 0,		/* see nvvgpu_gpu_get_reason() */
	NVVGPU_FRAMEWORK_NVVGPU = 1,		/* this project's driver */
	NVVGPU_FRAMEWORK_VENDOR_VFIO = 2,	/* NVIDIA's vendor-specific VFIO, vGPU 17 and later */
	NVVGPU_FRAMEWORK_MDEV = 3,
};

enum nvvgpu_mode {
	NVVGPU_GPU_MODE_UNKNOWN = 0,
	NVVGPU_GPU_MODE_EQUAL_SIZE = 1,
	NVVGPU_GPU_MODE_MIXED_SIZE = 2,
	NVVGPU_GPU_MODE_MIG = 3,
};

/** nvvgpu_framework_name - Return: "nvvgpu", "vendor-vfio", "mdev" or "none" */
const char *nvvgpu_framework_name(enum nvvgpu_framework framework);
/** nvvgpu_mode_name - Return: "equal-size", "mixed-size", "mig" or "unknown" */
const char *nvvgpu_mode_name(enum nvvgpu_mode mode);

/**
 * nvvgpu_gpu_list - the GPUs of a host, in the order of their PCI addresses
 * @ret: a new reference; an empty list is a valid answer: there is none
 *
 * As the last search found them; searches when nobody has before.
 * nvvgpu_refresh() searches again.
 *
 * Return: 0, or why the search failed.
 */
int nvvgpu_gpu_list(struct nvvgpu *host, struct nvvgpu_gpu_list **ret);
struct nvvgpu_gpu_list *nvvgpu_gpu_list_ref(struct nvvgpu_gpu_list *list);
/** nvvgpu_gpu_list_unref - NULL is allowed.  Return: NULL */
struct nvvgpu_gpu_list *nvvgpu_gpu_list_unref(struct nvvgpu_gpu_list *list);
size_t nvvgpu_gpu_list_size(struct nvvgpu_gpu_list *list);
/** nvvgpu_gpu_list_get - Return: lent as long as the list lives; NULL past the last */
struct nvvgpu_gpu *nvvgpu_gpu_list_get(struct nvvgpu_gpu_list *list, size_t index);
/** nvvgpu_gpu_list_get_reason - Return: why the list is empty; NVVGPU_REASON_NONE: it is not */
enum nvvgpu_reason nvvgpu_gpu_list_get_reason(struct nvvgpu_gpu_list *list);
/** nvvgpu_gpu_list_get_reason_text - Return: the same as one sentence, "" for NONE; lent */
const char *nvvgpu_gpu_list_get_reason_text(struct nvvgpu_gpu_list *list);

/**
 * nvvgpu_gpu_lookup - find a GPU by its PCI address
 * @address: "0000:41:00.0"; short "41:00.0" and NVML's "00000000:41:00.0" are understood
 * @ret: a new reference
 * Return: 0; -ENODEV no such GPU; -EINVAL not an address; or why the search failed.
 */
int nvvgpu_gpu_lookup(struct nvvgpu *host, const char *address, struct nvvgpu_gpu **ret);

struct nvvgpu_gpu *nvvgpu_gpu_ref(struct nvvgpu_gpu *gpu);
/** nvvgpu_gpu_unref - NULL is allowed.  Return: NULL */
struct nvvgpu_gpu *nvvgpu_gpu_unref(struct nvvgpu_gpu *gpu);

/* Facts of discovery; strings live as long as the GPU. */
const char *nvvgpu_gpu_get_address(struct nvvgpu_gpu *gpu);	/* "0000:41:00.0" */
const char *nvvgpu_gpu_get_name(struct nvvgpu_gpu *gpu);	/* "NVIDIA L40" */
uint16_t nvvgpu_gpu_get_vendor_id(struct nvvgpu_gpu *gpu);
uint16_t nvvgpu_gpu_get_device_id(struct nvvgpu_gpu *gpu);
uint16_t nvvgpu_gpu_get_subsystem_vendor_id(struct nvvgpu_gpu *gpu);
uint16_t nvvgpu_gpu_get_subsystem_device_id(struct nvvgpu_gpu *gpu);
/** nvvgpu_gpu_get_driver - Return: name of the bound kernel driver; NULL: none is bound */
const char *nvvgpu_gpu_get_driver(struct nvvgpu_gpu *gpu);
/** nvvgpu_gpu_get_driver_version - Return: NULL when unknown */
const char *nvvgpu_gpu_get_driver_version(struct nvvgpu_gpu *gpu);
/** nvvgpu_gpu_get_firmware_version - Return: NULL when unknown */
const char *nvvgpu_gpu_get_firmware_version(struct nvvgpu_gpu *gpu);
/**
 * nvvgpu_gpu_get_framework - Return: the framework, as found; whether this version drives it
 * tells nvvgpu_gpu_get_reason()
 */
enum nvvgpu_framework nvvgpu_gpu_get_framework(struct nvvgpu_gpu *gpu);
/**
 * nvvgpu_gpu_get_evidence - Return: what was seen on the host that says this framework, or that
 * there is none; one sentence, never NULL
 */
const char *nvvgpu_gpu_get_evidence(struct nvvgpu_gpu *gpu);
/** nvvgpu_gpu_get_numa_node - Return: the node, -1 when the machine does not say */
int nvvgpu_gpu_get_numa_node(struct nvvgpu_gpu *gpu);
/** nvvgpu_gpu_get_framebuffer_bytes - Return: memory that vGPUs can share; 0 when unknown */
uint64_t nvvgpu_gpu_get_framebuffer_bytes(struct nvvgpu_gpu *gpu);
/** nvvgpu_gpu_get_vfs_total - Return: SR-IOV TotalVFs; 0 without SR-IOV */
uint32_t nvvgpu_gpu_get_vfs_total(struct nvvgpu_gpu *gpu);
/** nvvgpu_gpu_get_drm_node - Return: "/dev/dri/card0"...; NULL when @index is past the last */
const char *nvvgpu_gpu_get_drm_node(struct nvvgpu_gpu *gpu, size_t index);
/** nvvgpu_gpu_get_reason - Return: NVVGPU_REASON_NONE, or why this GPU cannot hold vGPUs */
enum nvvgpu_reason nvvgpu_gpu_get_reason(struct nvvgpu_gpu *gpu);
/** nvvgpu_gpu_get_reason_text - Return: the same as one sentence, "" for NONE */
const char *nvvgpu_gpu_get_reason_text(struct nvvgpu_gpu *gpu);

/* Live values, asked of the driver by each call. */

/** nvvgpu_gpu_get_vfs_enabled - @ret: how many VFs exist now.  Return: 0 or a negative errno */
int nvvgpu_gpu_get_vfs_enabled(struct nvvgpu_gpu *gpu, uint32_t *ret);
/**
 * nvvgpu_gpu_set_vfs - change how many VFs exist, and wait until they can be used
 * @count: 0 to nvvgpu_gpu_get_vfs_total(); 0 switches SR-IOV off
 * @timeout_ns: the longest wait; 0: one minute
 *
 * Writes sriov_numvfs, or runs NVIDIA's sriov-manage where its driver needs that ("host:" in
 * nvvgpu_open() says where it is looked for).  Whether it worked is found by looking: the number,
 * the VFs, their drivers, and what they offer.  A GPU in mixed-size mode is put into it again.
 * Searches for GPUs again, since a framework may come and go with the VFs: a GPU that was found
 * before goes on showing what was there then.
 *
 * Return: 0 (also when it is so already); -EBUSY vGPUs exist, a VF is open, or another program
 * changes the GPU; -EINVAL more than there can be; -EOPNOTSUPP no SR-IOV, or the driver cannot;
 * -ETIMEDOUT something is still missing, which the error names; -EACCES; -EROFS; -EIO.
 */
int nvvgpu_gpu_set_vfs(struct nvvgpu_gpu *gpu, uint32_t count, uint64_t timeout_ns);
/**
 * nvvgpu_gpu_get_mode - @ret: which sizes it takes; NVVGPU_GPU_MODE_UNKNOWN where the driver does
 * not tell.  Return: 0 or a negative errno
 */
int nvvgpu_gpu_get_mode(struct nvvgpu_gpu *gpu, enum nvvgpu_mode *ret);
/**
 * nvvgpu_gpu_set_mixed_size - allow vGPUs of different sizes on this GPU, or end it
 * Return: 0 (also when it is so already); -EBUSY vGPUs exist; -EOPNOTSUPP the
 * board or its driver cannot; -ENOSPC a driver that forgets it with its VFs, of which none is
 * enabled; -EACCES; -EIO the driver took it, but reads otherwise.
 */
int nvvgpu_gpu_set_mixed_size(struct nvvgpu_gpu *gpu, bool mixed);

enum nvvgpu_statistic {
	NVVGPU_STAT_VGPUS = 0,
	NVVGPU_STAT_FRAMEBUFFER_TOTAL_BYTES = 1,
	NVVGPU_STAT_FRAMEBUFFER_FREE_BYTES = 2,
	NVVGPU_STAT_HEAP_TOTAL_BYTES = 3,
	NVVGPU_STAT_HEAP_FREE_BYTES = 4,
	NVVGPU_STAT_BAR1_TOTAL_BYTES = 5,
	NVVGPU_STAT_BAR1_FREE_BYTES = 6,
	NVVGPU_STAT_CHANNELS_TOTAL = 7,
	NVVGPU_STAT_CHANNELS_FREE = 8,
	NVVGPU_STAT_RM_CLIENTS = 9,
	NVVGPU_STAT_CREATED = 10,		/* since the driver started */
	NVVGPU_STAT_DESTROYED = 11,
	NVVGPU_STAT_CREATE_FAILED = 12,
	NVVGPU_STAT_BOOTED = 13,
	NVVGPU_STAT_SCRUBBED_BYTES = 14,
	NVVGPU_STAT_FIRMWARE_CALLS = 15,
};
/** nvvgpu_statistic_name - Return: "framebuffer_free_bytes"...; NULL past the last */
const char *nvvgpu_statistic_name(enum nvvgpu_statistic statistic);
/** nvvgpu_gpu_get_statistic - Return: 0; -EOPNOTSUPP when this driver does not count it */
int nvvgpu_gpu_get_statistic(struct nvvgpu_gpu *gpu, enum nvvgpu_statistic statistic,
			     uint64_t *ret);

#ifdef __cplusplus
}
#endif
#endif
