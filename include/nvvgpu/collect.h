/* SPDX-License-Identifier: MIT */
#ifndef NVVGPU_COLLECT_H
#define NVVGPU_COLLECT_H

#include <nvvgpu/migrate.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * nvvgpu_collect - capture a host: what this library can see of it, as an archive
 * @fd: a file, pipe or socket; stays open and belongs to the caller; written from its
 *      current position
 * @options: NULL, or progress, deadline and cancelling as of a save; the rest does not count
 *
 * The archive (a tar, packed with zstd) is a host of its own: "tree:" and its path show the
 * same GPUs, types and vGPUs as this host does, on any machine.  It holds the attributes of
 * the GPUs and their functions, what a driver of ours answers, and what nvvgpu_doctor() looks
 * at; names, uuids, owners and parameters of vGPUs are among it, serial numbers, network
 * addresses and memory are not.  The same host gives the same bytes while nothing changes.
 *
 * Return: 0; -EOPNOTSUPP libarchive is not there; -ECANCELED; -ETIMEDOUT; -EPIPE,
 * -ENOSPC ... of @fd; why the host could not be searched; -EFBIG more than a host has; -ENOMEM.
 */
int nvvgpu_collect(struct nvvgpu *host, int fd, struct nvvgpu_migrate_options *options);

#ifdef __cplusplus
}
#endif
#endif
