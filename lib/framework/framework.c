// SPDX-License-Identifier: MIT
/* Finds the framework of a GPU; tables of types and refusals that frameworks share. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <uapi/nvvgpu.h>
#include "framework/framework.h"
#include "framework/vfs.h"
#include "objects.h"
#include "util/text.h"

/* In the order of asking: what drives a GPU itself comes before what says why nothing does. */
static const struct framework_ops *const frameworks[] = {
	&framework_nvvgpu,
	&framework_vendor_vfio,
	&framework_mdev,
	&framework_none,
};

#define FRAMEWORK_COUNT (sizeof(frameworks) / sizeof(frameworks[0]))

#define OVERRIDE(op)			\
	do {				\
		if (ops->op)		\
			own->op = ops->op;	\
	} while (0)

void framework_init(struct framework *fw, const struct framework_ops *ops, struct os *os,
		    const char *address)
{
	struct framework_ops *own = &fw->ops;

	*own = framework_none;
	own->id = ops->id;
	own->name = ops->name;
	own->help = ops->help;
	OVERRIDE(probe);
	OVERRIDE(close);
	OVERRIDE(control_open);
	OVERRIDE(create);
	OVERRIDE(destroy);
	OVERRIDE(get_mode);
	OVERRIDE(get_params);
	OVERRIDE(get_state);
	OVERRIDE(info);
	OVERRIDE(look);
	OVERRIDE(placements);
	OVERRIDE(set_mixed_size);
	OVERRIDE(set_params);
	OVERRIDE(statistic);
	OVERRIDE(type_states);
	OVERRIDE(types);
	OVERRIDE(vfio_name);
	OVERRIDE(vfio_open);
	OVERRIDE(vgpu_list);
	fw->os = os;
	fw->reason = NVVGPU_REASON_NONE;
	text_copy(fw->address, sizeof(fw->address), address);
}

void framework_evidence(struct framework *fw, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fw->evidence, sizeof(fw->evidence), format, args);
	va_end(args);
	text_sanitize(fw->evidence);
}

/* A framework that is there but cannot be used: the GPU is shown, with what went wrong. */
static int open_broken(struct os *os, const char *address, const struct framework_ops *ops,
		       struct framework **ret)
{
	char text[sizeof((*ret)->reason_text)];
	char cause[200];
	int err;

	text_copy(cause, sizeof(cause), nvvgpu_error_get_cause(nvvgpu_last_error()));
	snprintf(text, sizeof(text), "the framework %s does not answer: %s", ops->name, cause);
	err = framework_none_open(os, address, nvvgpu_error_get_reason(nvvgpu_last_error()), text,
				  ret);
	if (!err)
		(*ret)->broken = true;
	return err;
}

int candidate_vfs(struct candidate *candidate)
{
	if (!candidate->looked) {
		os_stamp_take(candidate->os, &candidate->stamp);
		candidate->err = vfs_read(candidate->os, candidate->address, &candidate->vfs,
					  &candidate->vf_count);
		candidate->looked = true;
	}
	if (!candidate->err || os_is_gone(candidate->err))
		return candidate->err ? -ENODEV : 0;
	return candidate->err == -ENOMEM ? error_nomem() :
	       error_errno(candidate->err, candidate->address, "listing its virtual functions");
}

int candidate_has(struct candidate *candidate, const char *function, const char *directory,
		  int (*is_sign)(const char *name, void *arg))
{
	struct os *os = candidate->os;
	char path[VFS_PATH_LEN];
	int found = os->ops->list(os, function_path(path, function, directory), is_sign, NULL);

	if (found >= 0 || os_is_gone(found))
		return found > 0;
	return found == -ENOMEM ? error_nomem() :
	       error_errno(found, function, "looking for its vGPU types");
}

int candidate_find(struct candidate *candidate, const char *directory,
		   int (*is_sign)(const char *name, void *arg), const char **ret_vf)
{
	int err = candidate_vfs(candidate);

	for (size_t i = 0; i < candidate->vf_count; i++) {
		const char *vf = candidate->vfs[i].address;
		int found = candidate_has(candidate, vf, directory, is_sign);

		if (found > 0) {
			*ret_vf = vf;
			return 0;
		}
		if (found < 0)
			err = found;
	}
	return err ? err : -ENODEV;
}

static int probe_all(struct candidate *candidate, struct framework **ret)
{
	for (size_t i = 0; i < FRAMEWORK_COUNT; i++) {
		int err = frameworks[i]->probe(candidate, ret);

		if (!err || err == -ENOMEM)
			return err;
		if (err != -ENODEV)
			return open_broken(candidate->os, candidate->address, frameworks[i], ret);
	}
	return -ENODEV;
}

int framework_open(struct os *os, const char *address, struct framework **ret)
{
	struct candidate candidate = { .os = os, .address = address };
	int err = probe_all(&candidate, ret);

	free(candidate.vfs);
	return err;
}

void framework_close(struct framework *fw)
{
	if (fw)
		fw->ops.close(fw);
}

/* -------------------------------------------------------------------- types */

struct framework_types *framework_types_new(const struct framework_state *states, uint32_t count)
{
	size_t size = sizeof(struct framework_types) + count * sizeof(struct framework_type);
	struct framework_types *types;

	types = calloc(1, size + count * sizeof(types->ids[0]));
	if (!types)
		return NULL;
	atomic_init(&types->refs, 1);
	types->count = count;
	types->ids = (uint32_t *)((char *)types + size);
	for (uint32_t i = 0; i < count; i++)
		types->ids[i] = types->types[i].id = states[i].id;
	return types;
}

struct framework_types *framework_types_ref(struct framework_types *types)
{
	atomic_fetch_add_explicit(&types->refs, 1, memory_order_relaxed);
	return types;
}

void framework_types_unref(struct framework_types *types)
{
	if (types && atomic_fetch_sub_explicit(&types->refs, 1, memory_order_acq_rel) == 1)
		free(types);
}

const struct framework_type *framework_types_find(const struct framework_types *types, uint32_t id)
{
	uint32_t low = 0, high = types->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (types->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < types->count && types->ids[low] == id ? &types->types[low] : NULL;
}

/* --------------------------------------------------------------------- looks */

void framework_look_fini(struct framework_look *look)
{
	free(look->vgpus);
	free(look->creatable);
	*look = (struct framework_look){ .vgpus = NULL };
}

int framework_look_at_states(struct framework_look *look, const struct framework_state *states,
			     uint32_t count)
{
	look->creatable = calloc(count + 1, sizeof(look->creatable[0]));
	if (!look->creatable)
		return error_nomem();
	look->creatable_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		look->creatable_unknown |= states[i].available == FRAMEWORK_UNKNOWN;
		if (states[i].available)
			look->creatable[look->creatable_count++] = states[i].id;
	}
	return 0;
}

/* ----------------------------------------------------------------- refusals */

int framework_fail_gone(const struct framework_vgpu *vgpu)
{
	char uuid[37];

	uuid_format(vgpu->uuid, uuid);
	return error_set(ENODEV, NVVGPU_REASON_NOT_FOUND, uuid, "this vGPU does not exist any more",
			 "list the vGPUs again");
}

int framework_fail_live(const char *gpu, size_t live, const char *doing)
{
	char sentence[160];

	reason_sentence(NVVGPU_REASON_LIVE_VGPUS, live, sentence, sizeof(sentence));
	return error_setf(EBUSY, NVVGPU_REASON_LIVE_VGPUS, gpu,
			  reason_next_step(NVVGPU_REASON_LIVE_VGPUS), "%s: %s", doing, sentence);
}

int framework_nonsense(const char *object, const char *what)
{
	return error_setf(EIO, NVVGPU_REASON_IO, object, "use a driver and a library of versions "
			  "that fit", "the driver's answer makes no sense: %s", what);
}

int framework_fail_statistic(struct framework *fw, enum nvvgpu_statistic statistic)
{
	return error_setf(EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED, fw->address, "",
			  "the framework %s does not count %s", fw->ops.name,
			  nvvgpu_statistic_name(statistic));
}

static int errno_from_why(uint32_t why)
{
	switch (why) {
	case NVVGPU_WHY_EQUAL_SIZE:
	case NVVGPU_WHY_MIG:
	case NVVGPU_WHY_PLACEMENT_TAKEN:
	case NVVGPU_WHY_PLACEMENT_INVALID:
		return EINVAL;
	case NVVGPU_WHY_NO_TYPE:
		return ENOENT;
	case NVVGPU_WHY_NOT_SUPPORTED:
		return EOPNOTSUPP;
	default:
		return ENOSPC;
	}
}

int framework_fail_create(struct framework *fw, uint32_t why, uint64_t detail)
{
	enum nvvgpu_reason reason = reason_from_why(why);
	char sentence[160];

	if (why == NVVGPU_WHY_NONE)
		return error_set(ENOSPC, NVVGPU_REASON_UNKNOWN, fw->address, "creating a vGPU: the "
				 "driver does not offer this type now and does not say why",
				 "look into the kernel log");
	if (why == NVVGPU_WHY_NOT_SUPPORTED)
		snprintf(sentence, sizeof(sentence), "its driver does not offer this type");
	else
		reason_sentence(reason, detail, sentence, sizeof(sentence));
	return error_setf(errno_from_why(why), reason, fw->address, reason_next_step(reason),
			  "creating a vGPU: %s", sentence);
}
