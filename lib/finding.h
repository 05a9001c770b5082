/* SPDX-License-Identifier: MIT */
/* A finding of the doctor, while it is being written. */
#ifndef NVVGPU_LIB_FINDING_H
#define NVVGPU_LIB_FINDING_H

#include "objects.h"

/* Empty; NULL: no memory.  To be given back with nvvgpu_finding_list_unref(). */
struct nvvgpu_finding_list *finding_list_new(void);
/* A finding could not be added for want of memory: the list is of no use. */
bool finding_list_is_incomplete(const struct nvvgpu_finding_list *list);

/* "ok", until it is judged.  To be written at once: the next one may move it.  Never NULL. */
struct nvvgpu_finding *finding_add(struct nvvgpu_finding_list *list, enum nvvgpu_check check,
				   const char *object);
void finding_judge(struct nvvgpu_finding *finding, enum nvvgpu_verdict verdict,
		   enum nvvgpu_reason reason);
/* Each replaces what was said before; too long a sentence is cut. */
void finding_say_text(struct nvvgpu_finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void finding_say_evidence(struct nvvgpu_finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void finding_say_next_step(struct nvvgpu_finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The last error of this thread, as what is wrong. */
void finding_from_error(struct nvvgpu_finding *finding);

#endif
