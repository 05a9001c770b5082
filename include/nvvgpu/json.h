/* SPDX-License-Identifier: MIT */
#ifndef NVVGPU_JSON_H
#define NVVGPU_JSON_H

#include <nvvgpu/doctor.h>
#include <nvvgpu/error.h>
#include <nvvgpu/event.h>
#include <nvvgpu/migrate.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: JSON
 *
 * Each function renders one object as one line of JSON without a newline, with
 * the keys documented in doc/json.md (stable).  @ret is freed with
 * nvvgpu_free().  Return: 0; -ENOMEM; -EOPNOTSUPP when the library was built
 * without JSON; or the error of a live value.
 */
int nvvgpu_gpu_to_json(struct nvvgpu_gpu *gpu, char **ret);
int nvvgpu_type_to_json(struct nvvgpu_type *type, char **ret);
int nvvgpu_vgpu_to_json(struct nvvgpu_vgpu *vgpu, char **ret);
int nvvgpu_event_to_json(const struct nvvgpu_event *event, char **ret);
int nvvgpu_stream_info_to_json(const struct nvvgpu_stream_info *info, char **ret);
int nvvgpu_finding_to_json(struct nvvgpu_finding *finding, char **ret);
int nvvgpu_error_to_json(const struct nvvgpu_error *error, char **ret);

#ifdef __cplusplus
}
#endif
#endif
