/* SPDX-License-Identifier: MIT */
/* One run of the doctor: what its parts share. */
#ifndef NVVGPU_LIB_DOCTOR_H
#define NVVGPU_LIB_DOCTOR_H

#include "finding.h"

struct doctor {
	struct nvvgpu *host;
	struct nvvgpu_gpu *asked_for;	/* NULL: all */
	struct gpu_table *gpus;
	unsigned int flags;
	bool emulated, captured;
	struct nvvgpu_finding_list *list;
};

struct os *doctor_os(const struct doctor *doctor);
struct nvvgpu_finding *doctor_find(struct doctor *doctor, enum nvvgpu_check check,
				   const char *object);
/* A machine that does not say, or does not let look. */
void doctor_not_known(struct doctor *doctor, struct nvvgpu_finding *finding, int err,
		      const char *what);
void doctor_advise_iommu(struct doctor *doctor, struct nvvgpu_finding *finding);
/* Of the GPUs that are looked at. */
bool doctor_any_gpu(const struct doctor *doctor, bool (*is)(struct nvvgpu_gpu *gpu));

void doctor_check_gpu(struct doctor *doctor, struct nvvgpu_gpu *gpu);

#endif
