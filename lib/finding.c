// SPDX-License-Identifier: MIT
/* What the doctor found: one finding for each thing it looked at. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "finding.h"
#include "util/text.h"

struct nvvgpu_finding {
	struct nvvgpu_finding_list *list;	/* lives as long as any of its findings */
	enum nvvgpu_check check;
	enum nvvgpu_verdict verdict;
	enum nvvgpu_reason reason;
	char object[128];
	char text[256];
	char evidence[256];
	char next_step[256];
};

struct nvvgpu_finding_list {
	atomic_uint refs;
	size_t count, room;
	struct nvvgpu_finding *findings;
	bool incomplete;
	struct nvvgpu_finding lost;	/* where what cannot be added is written */
};

NVVGPU_EXPORT const char *nvvgpu_check_name(enum nvvgpu_check check)
{
	static const char *const names[] = {
		[NVVGPU_CHECK_KERNEL] = "kernel",
		[NVVGPU_CHECK_GPUS] = "gpus",
		[NVVGPU_CHECK_IOMMU] = "iommu",
		[NVVGPU_CHECK_VFIO] = "vfio",
		[NVVGPU_CHECK_SERVICES] = "services",
		[NVVGPU_CHECK_SELINUX] = "selinux",
		[NVVGPU_CHECK_DRIVER] = "driver",
		[NVVGPU_CHECK_FRAMEWORK] = "framework",
		[NVVGPU_CHECK_SRIOV] = "sriov",
		[NVVGPU_CHECK_MIG] = "mig",
		[NVVGPU_CHECK_IOMMU_GROUPS] = "iommu-groups",
		[NVVGPU_CHECK_PERMISSIONS] = "permissions",
		[NVVGPU_CHECK_TYPES] = "types",
		[NVVGPU_CHECK_DEVICE] = "device",
	};

	if ((size_t)check >= sizeof(names) / sizeof(names[0]) || !names[check])
		return "unknown";
	return names[check];
}

NVVGPU_EXPORT const char *nvvgpu_verdict_name(enum nvvgpu_verdict verdict)
{
	switch (verdict) {
	case NVVGPU_VERDICT_OK:
		return "ok";
	case NVVGPU_VERDICT_NOTE:
		return "note";
	case NVVGPU_VERDICT_PROBLEM:
		return "problem";
	default:
		return "unknown";
	}
}

/* -------------------------------------------------------------------- writing */

struct nvvgpu_finding_list *finding_list_new(void)
{
	struct nvvgpu_finding_list *list = calloc(1, sizeof(*list));

	if (list)
		atomic_init(&list->refs, 1);
	return list;
}

bool finding_list_is_incomplete(const struct nvvgpu_finding_list *list)
{
	return list->incomplete;
}

static void grow(struct nvvgpu_finding_list *list)
{
	size_t room = list->room ? list->room * 2 : 32;
	struct nvvgpu_finding *grown;

	grown = realloc(list->findings, room * sizeof(*grown));
	if (grown) {
		list->findings = grown;
		list->room = room;
	} else {
		list->incomplete = true;
	}
}

struct nvvgpu_finding *finding_add(struct nvvgpu_finding_list *list, enum nvvgpu_check check,
				   const char *object)
{
	struct nvvgpu_finding *finding = &list->lost;

	if (list->count == list->room)
		grow(list);
	if (list->count < list->room)
		finding = &list->findings[list->count++];
	*finding = (struct nvvgpu_finding){
		.list = list, .check = check, .verdict = NVVGPU_VERDICT_OK,
	};
	text_copy(finding->object, sizeof(finding->object), object);
	return finding;
}

void finding_judge(struct nvvgpu_finding *finding, enum nvvgpu_verdict verdict,
		   enum nvvgpu_reason reason)
{
	finding->verdict = verdict;
	finding->reason = reason;
}

/* By way of a copy: what is said may be said again with more around it. */
static void say(char *buf, size_t size, const char *format, va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, args);
	text_copy(buf, size, text);
	text_sanitize(buf);
}

#define SAY(member)							\
void finding_say_##member(struct nvvgpu_finding *finding, const char *format, ...)	\
{									\
	va_list args;							\
									\
	va_start(args, format);						\
	say(finding->member, sizeof(finding->member), format, args);	\
	va_end(args);							\
}
SAY(text)
SAY(evidence)
SAY(next_step)

void finding_from_error(struct nvvgpu_finding *finding)
{
	const struct nvvgpu_error *error = nvvgpu_last_error();

	finding_judge(finding, NVVGPU_VERDICT_PROBLEM, nvvgpu_error_get_reason(error));
	finding_say_text(finding, "%s", nvvgpu_error_get_cause(error));
	finding_say_evidence(finding, "%s", nvvgpu_error_get_object(error));
	finding_say_next_step(finding, "%s", *nvvgpu_error_get_next_step(error) ?
			      nvvgpu_error_get_next_step(error) : "look into the kernel log");
}

/* ------------------------------------------------------------------ the list */

NVVGPU_EXPORT struct nvvgpu_finding_list *nvvgpu_finding_list_ref(struct nvvgpu_finding_list *list)
{
	atomic_fetch_add_explicit(&list->refs, 1, memory_order_relaxed);
	return list;
}

NVVGPU_EXPORT struct nvvgpu_finding_list *
nvvgpu_finding_list_unref(struct nvvgpu_finding_list *list)
{
	if (!list || atomic_fetch_sub_explicit(&list->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	free(list->findings);
	free(list);
	return NULL;
}

NVVGPU_EXPORT size_t nvvgpu_finding_list_size(struct nvvgpu_finding_list *list)
{
	return list->count;
}

NVVGPU_EXPORT struct nvvgpu_finding *
nvvgpu_finding_list_get(struct nvvgpu_finding_list *list, size_t index)
{
	return index < list->count ? &list->findings[index] : NULL;
}

NVVGPU_EXPORT bool nvvgpu_finding_list_is_well(struct nvvgpu_finding_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->findings[i].verdict == NVVGPU_VERDICT_PROBLEM)
			return false;
	return true;
}

NVVGPU_EXPORT struct nvvgpu_finding *nvvgpu_finding_ref(struct nvvgpu_finding *finding)
{
	nvvgpu_finding_list_ref(finding->list);
	return finding;
}

NVVGPU_EXPORT struct nvvgpu_finding *nvvgpu_finding_unref(struct nvvgpu_finding *finding)
{
	if (finding)
		nvvgpu_finding_list_unref(finding->list);
	return NULL;
}

NVVGPU_EXPORT enum nvvgpu_check nvvgpu_finding_get_check(struct nvvgpu_finding *finding)
{
	return finding->check;
}

NVVGPU_EXPORT enum nvvgpu_verdict nvvgpu_finding_get_verdict(struct nvvgpu_finding *finding)
{
	return finding->verdict;
}

NVVGPU_EXPORT enum nvvgpu_reason nvvgpu_finding_get_reason(struct nvvgpu_finding *finding)
{
	return finding->reason;
}

NVVGPU_EXPORT const char *nvvgpu_finding_get_object(struct nvvgpu_finding *finding)
{
	return finding->object;
}

NVVGPU_EXPORT const char *nvvgpu_finding_get_text(struct nvvgpu_finding *finding)
{
	return finding->text;
}

NVVGPU_EXPORT const char *nvvgpu_finding_get_evidence(struct nvvgpu_finding *finding)
{
	return finding->evidence;
}

NVVGPU_EXPORT const char *nvvgpu_finding_get_next_step(struct nvvgpu_finding *finding)
{
	return finding->next_step;
}
