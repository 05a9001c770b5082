/* SPDX-License-Identifier: MIT */
#ifndef NVVGPU_HOST_H
#define NVVGPU_HOST_H

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

/** struct nvvgpu - a host: what nvvgpu_open() returns; reference counted, thread-safe */
struct nvvgpu;

/**
 * nvvgpu_open - open a host
 * @uri: NULL or "host:" for the running host, "host:?NAME=PATH&NAME=PATH" with other places than
 *       the usual: run (/run/nvvgpu: locks, and whose each vGPU is), sriov-manage, vgpu-config
 *       (vgpuConfig.xml) and nvml (libnvidia-ml.so.1) of NVIDIA's driver;
 *       "tree:PATH" for a captured machine (read only): a directory that holds its
 *       sys/, or an archive as nvvgpu_collect() writes it (any tar, also packed by
 *       zstd, gzip or xz);
 *       "emu:BOARD[*N][,BOARD...][?state=DIR][&framework=NAME]" for emulated boards (l40, l40s,
 *       a40, rtx6000-ada, l4, a16, t4; "emu:" alone is one l40): no GPU and no
 *       root needed.  With state=, the host outlives the process and may be
 *       shared by several: one at a time changes a GPU, and while one has a
 *       device of it open the others can look but not change (-EBUSY after 10 s).
 *       framework= says how the driver offers vGPUs: nvvgpu, vendor-vfio or mdev
 * @ret: a new reference, to be given back with nvvgpu_unref()
 *
 * Cheap: nothing is searched before it is asked for.
 *
 * Return: 0; -EINVAL malformed uri or unknown board; -ENOENT no such directory, or
 * nothing captured in it; -EACCES; -EBADMSG the state directory or the archive cannot be
 * loaded; -EBUSY it is locked; -EOPNOTSUPP archives need libarchive;
 * -ENOMEM.
 */
int nvvgpu_open(const char *uri, struct nvvgpu **ret);

/** nvvgpu_ref - take another reference.  Return: @host */
struct nvvgpu *nvvgpu_ref(struct nvvgpu *host);
/** nvvgpu_unref - give a reference back; NULL is allowed.  Return: NULL */
struct nvvgpu *nvvgpu_unref(struct nvvgpu *host);

/**
 * nvvgpu_get_uri - Return: the uri it was opened with ("host:" for NULL); lives as long as
 * @host
 */
const char *nvvgpu_get_uri(struct nvvgpu *host);

/**
 * nvvgpu_refresh - search for GPUs again
 *
 * What nvvgpu_gpu_list() gave before stays valid and shows what was there then.
 *
 * Return: 0, or a negative errno when the search failed (which is not the same
 * as having found none).
 */
int nvvgpu_refresh(struct nvvgpu *host);

enum nvvgpu_log_level {
	NVVGPU_LOG_WARNING = 1,
	NVVGPU_LOG_INFO = 2,
	NVVGPU_LOG_DEBUG = 3,
};

/** typedef nvvgpu_log_fn - one line of log, without a newline */
typedef void (*nvvgpu_log_fn)(void *arg, enum nvvgpu_log_level level, const char *line);
/** typedef nvvgpu_release_fn - @arg is not used any more */
typedef void (*nvvgpu_release_fn)(void *arg);

/**
 * nvvgpu_set_log - have the library tell what it does; it never prints by itself
 * @level: the most detailed level wanted
 * @fn: NULL for silence (the default); called by any thread that uses @host or an object of it
 * @arg: handed to @fn
 * @release: called with @arg once no thread is in @fn and none will be: after another
 *           nvvgpu_set_log(), after the last nvvgpu_unref(), or when this call fails.
 *           NULL when nothing is to be done
 *
 * Returns at once, also while another thread is in the function that was set
 * before; may be called from within it.  The function may use @host; what it
 * does itself is not told.
 *
 * Return: 0; -EINVAL unknown level; -ENOMEM.
 */
int nvvgpu_set_log(struct nvvgpu *host, enum nvvgpu_log_level level, nvvgpu_log_fn fn, void *arg,
		   nvvgpu_release_fn release);

/** nvvgpu_version - Return: the library's version, "0.1.0" */
const char *nvvgpu_version(void);

/** nvvgpu_free - free memory that the library returned as char *; NULL is allowed */
void nvvgpu_free(void *memory);

#ifdef __cplusplus
}
#endif
#endif
