/* SPDX-License-Identifier: MIT */
#ifndef NVVGPU_DOCTOR_H
#define NVVGPU_DOCTOR_H

#include <nvvgpu/gpu.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct nvvgpu_finding - one thing that was looked at, and how it is: an immutable snapshot;
 * reference counted
 */
struct nvvgpu_finding;
/** struct nvvgpu_finding_list - what nvvgpu_doctor() has found; reference counted */
struct nvvgpu_finding_list;

/**
 * enum nvvgpu_check - what is looked at
 *
 * Numbers and names (nvvgpu_check_name()) are stable; one that makes no sense on a host, or on
 * a GPU, has no finding.
 */
enum nvvgpu_check {
	/* of the host */
	NVVGPU_CHECK_KERNEL = 1,
	NVVGPU_CHECK_GPUS = 2,		/* is there an NVIDIA GPU? */
	NVVGPU_CHECK_IOMMU = 3,		/* is it on? */
	NVVGPU_CHECK_VFIO = 4,		/* does the kernel offer it? */
	NVVGPU_CHECK_SERVICES = 5,	/* does the daemon of NVIDIA's driver run? */
	NVVGPU_CHECK_SELINUX = 6,

	/* of each GPU */
	NVVGPU_CHECK_DRIVER = 20,	/* is one bound? */
	NVVGPU_CHECK_FRAMEWORK = 21,	/* does it offer vGPUs? */
	NVVGPU_CHECK_SRIOV = 22,	/* are virtual functions enabled, each with its driver? */
	NVVGPU_CHECK_MIG = 23,
	NVVGPU_CHECK_IOMMU_GROUPS = 24,	/* is each virtual function alone in its group? */
	NVVGPU_CHECK_PERMISSIONS = 25,	/* may this user manage vGPUs, and open their devices? */
	NVVGPU_CHECK_TYPES = 26,	/* can a vGPU be created now? */
	NVVGPU_CHECK_DEVICE = 27,	/* does the VFIO device of a vGPU answer? */
};
/** nvvgpu_check_name - Return: "iommu-groups"...; "unknown" for numbers this version does not know */
const char *nvvgpu_check_name(enum nvvgpu_check check);

enum nvvgpu_verdict {
	NVVGPU_VERDICT_OK = 1,
	NVVGPU_VERDICT_NOTE = 2,	/* nothing is wrong, but it is worth knowing */
	NVVGPU_VERDICT_UNKNOWN = 3,	/* it could not be found out */
	NVVGPU_VERDICT_PROBLEM = 4,
};
/** nvvgpu_verdict_name - Return: "ok", "note", "unknown" or "problem" */
const char *nvvgpu_verdict_name(enum nvvgpu_verdict verdict);

/* leave the VFIO devices of vGPUs alone */
#define NVVGPU_DOCTOR_NO_OPEN	(1u << 0)

/**
 * nvvgpu_doctor - look for what keeps vGPUs from working
 * @one: the GPU to look at; NULL: all GPUs of @host
 * @flags: 0 or NVVGPU_DOCTOR_NO_OPEN
 * @ret: a new reference; findings of the host first, then those of each GPU
 *
 * Changes nothing.  The last check opens the VFIO device of one vGPU of each GPU for a moment,
 * if there is one that nobody has open and that is this driver's own or has an owner, and reads
 * its regions; who wants to open it just then is told that it is in use.
 *
 * Also what a check could not find out is a finding: this call fails only when there is no
 * answer at all.
 *
 * Return: 0; -EINVAL unknown flags; -ENOMEM; why the host could not be searched.
 */
int nvvgpu_doctor(struct nvvgpu *host, struct nvvgpu_gpu *one, unsigned int flags,
		  struct nvvgpu_finding_list **ret);
struct nvvgpu_finding_list *nvvgpu_finding_list_ref(struct nvvgpu_finding_list *list);
/** nvvgpu_finding_list_unref - NULL is allowed.  Return: NULL */
struct nvvgpu_finding_list *nvvgpu_finding_list_unref(struct nvvgpu_finding_list *list);
size_t nvvgpu_finding_list_size(struct nvvgpu_finding_list *list);
/** nvvgpu_finding_list_get - Return: lent as long as the list lives; NULL past the last */
struct nvvgpu_finding *nvvgpu_finding_list_get(struct nvvgpu_finding_list *list, size_t index);
/** nvvgpu_finding_list_is_well - Return: true when no finding is a problem */
bool nvvgpu_finding_list_is_well(struct nvvgpu_finding_list *list);

struct nvvgpu_finding *nvvgpu_finding_ref(struct nvvgpu_finding *finding);
/** nvvgpu_finding_unref - NULL is allowed.  Return: NULL */
struct nvvgpu_finding *nvvgpu_finding_unref(struct nvvgpu_finding *finding);

/* Strings live as long as the finding and are never NULL. */
/** nvvgpu_finding_get_check - Return: what was looked at */
enum nvvgpu_check nvvgpu_finding_get_check(struct nvvgpu_finding *finding);
/** nvvgpu_finding_get_verdict - Return: how it is */
enum nvvgpu_verdict nvvgpu_finding_get_verdict(struct nvvgpu_finding *finding);
/** nvvgpu_finding_get_reason - Return: why, as a stable code; NVVGPU_REASON_NONE when it is ok */
enum nvvgpu_reason nvvgpu_finding_get_reason(struct nvvgpu_finding *finding);
/** nvvgpu_finding_get_object - Return: what it is about: address of a GPU, or uri of the host */
const char *nvvgpu_finding_get_object(struct nvvgpu_finding *finding);
/** nvvgpu_finding_get_text - Return: the finding, one sentence without a full stop */
const char *nvvgpu_finding_get_text(struct nvvgpu_finding *finding);
/** nvvgpu_finding_get_evidence - Return: what was seen, and where; perhaps "" */
const char *nvvgpu_finding_get_evidence(struct nvvgpu_finding *finding);
/** nvvgpu_finding_get_next_step - Return: what to do about it; perhaps "" */
const char *nvvgpu_finding_get_next_step(struct nvvgpu_finding *finding);

#ifdef __cplusplus
}
#endif
#endif
