// SPDX-License-Identifier: MIT
/* Stands in for json.c in a build without json-c. */
#include "internal.h"

static int refuse(void)
{
	return error_set(EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED, "JSON",
			 "the library was built without json-c", "use a build that has JSON");
}

NVVGPU_EXPORT int nvvgpu_gpu_to_json(struct nvvgpu_gpu *gpu, char **ret)
{
	return refuse();
}

NVVGPU_EXPORT int nvvgpu_type_to_json(struct nvvgpu_type *type, char **ret)
{
	return refuse();
}

NVVGPU_EXPORT int nvvgpu_vgpu_to_json(struct nvvgpu_vgpu *vgpu, char **ret)
{
	return refuse();
}

NVVGPU_EXPORT int nvvgpu_event_to_json(const struct nvvgpu_event *event, char **ret)
{
	return refuse();
}

NVVGPU_EXPORT int nvvgpu_stream_info_to_json(const struct nvvgpu_stream_info *info, char **ret)
{
	return refuse();
}

NVVGPU_EXPORT int nvvgpu_finding_to_json(struct nvvgpu_finding *finding, char **ret)
{
	return refuse();
}

NVVGPU_EXPORT int nvvgpu_error_to_json(const struct nvvgpu_error *error, char **ret)
{
	return refuse();
}
