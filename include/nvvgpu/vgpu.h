/* SPDX-License-Identifier: MIT */
#ifndef NVVGPU_VGPU_H
#define NVVGPU_VGPU_H

#include <nvvgpu/type.h>

#ifdef __cplusplus
extern "C" {
#endif

/** struct nvvgpu_spec - what a new vGPU shall be: a recipe, filled by setters */
struct nvvgpu_spec;
/** struct nvvgpu_vgpu - a vGPU; holds its GPU; reference counted */
struct nvvgpu_vgpu;
/** struct nvvgpu_vgpu_list - the vGPUs at one moment; reference counted */
struct nvvgpu_vgpu_list;

enum nvvgpu_vgpu_state {
	NVVGPU_VGPU_UNKNOWN = 0,
	NVVGPU_VGPU_ASSIGNED = 1,	/* created; nobody has its VFIO device open */
	NVVGPU_VGPU_RUNNING = 2,
	NVVGPU_VGPU_STOPPED = 3,	/* open, stopped by migration */
	NVVGPU_VGPU_FAILED = 4,		/* needs a reset */
};
/** nvvgpu_vgpu_state_name - Return: "assigned", "running", "stopped", "failed" or "unknown" */
const char *nvvgpu_vgpu_state_name(enum nvvgpu_vgpu_state state);

int nvvgpu_spec_new(struct nvvgpu_spec **ret);
/** nvvgpu_spec_free - NULL is allowed */
void nvvgpu_spec_free(struct nvvgpu_spec *spec);
/**
 * nvvgpu_spec_set_type - required: id ("869") or exact name, as nvvgpu_type_lookup().  Return:
 * 0, -ENOMEM
 */
int nvvgpu_spec_set_type(struct nvvgpu_spec *spec, const char *id_or_name);
/** nvvgpu_spec_set_uuid - default: a random one.  Return: 0, -EINVAL not a uuid */
int nvvgpu_spec_set_uuid(struct nvvgpu_spec *spec, const char *uuid);
/** nvvgpu_spec_set_vf - PCI address of the VF; default: the first free one.  Return: 0, -EINVAL */
int nvvgpu_spec_set_vf(struct nvvgpu_spec *spec, const char *address);
/** nvvgpu_spec_set_placement - placement id; default: the first free one */
int nvvgpu_spec_set_placement(struct nvvgpu_spec *spec, uint32_t placement_id);
/**
 * nvvgpu_spec_add_param - plugin parameter, "frame_rate_limiter", "0".  Return: 0, -EINVAL for
 * ',' '=' or control characters
 */
int nvvgpu_spec_add_param(struct nvvgpu_spec *spec, const char *key, const char *value);
/**
 * nvvgpu_spec_set_force_params - true: take any value of a parameter that is known.  Names that
 * are not known are taken anyway, and told to the log
 */
void nvvgpu_spec_set_force_params(struct nvvgpu_spec *spec, bool force);
/**
 * nvvgpu_spec_set_owner - whose it is, at most 63 bytes: who does not name this owner does not
 * destroy it.  Return: 0, -EINVAL also for "foreign", which is the owner of what other programs
 * made
 */
int nvvgpu_spec_set_owner(struct nvvgpu_spec *spec, const char *owner);

/**
 * nvvgpu_create - create a vGPU: reserve type, framebuffer and channels
 * @ret: a new reference
 *
 * All or nothing.  With a uuid that exists already on this GPU with the same
 * type (and, where given, the same VF, placement, owner and, in any order, parameters) it
 * succeeds and returns that vGPU; nvvgpu_vgpu_was_created() tells the two apart.
 *
 * Return: 0; -ENOENT no such type; -ENOSPC exhausted; -EBUSY VF in use; -EINVAL
 * malformed spec, other size active, wrong placement; -EEXIST the uuid belongs
 * to another vGPU of the host; -EOPNOTSUPP the GPU cannot be shared; -EACCES; -EROFS a
 * captured tree; -EIO firmware.  nvvgpu_last_error() has the reason code.
 */
int nvvgpu_create(struct nvvgpu_gpu *gpu, struct nvvgpu_spec *spec, struct nvvgpu_vgpu **ret);
/** nvvgpu_vgpu_was_created - Return: false when it existed already */
bool nvvgpu_vgpu_was_created(struct nvvgpu_vgpu *vgpu);

/**
 * nvvgpu_destroy - destroy a vGPU that has no owner, or that this object has created; the
 * reference stays with the caller
 * Return: 0 (also when it is gone already); -EPERM it belongs to an owner, or was made by another
 * program; -EBUSY its VFIO device is open, by the process that the error names; -EACCES; -EROFS;
 * -EIO.
 */
int nvvgpu_destroy(struct nvvgpu_vgpu *vgpu);

#define NVVGPU_DESTROY_FOREIGN	(1u << 0)	/* whoever made it, and whose ever it is */
/**
 * nvvgpu_destroy_as - destroy a vGPU, also one that has an owner
 * @owner: that was named when it was created; NULL: none
 * @flags: 0 or NVVGPU_DESTROY_FOREIGN, for which the caller should have had it named by uuid
 * @ret_destroyed: false when it was gone already; may be NULL
 *
 * One without an owner needs none, nor does one that this object has created.  What is in use is
 * not destroyed, whoever asks.
 *
 * Return: 0 (also when it is gone already); -EPERM it belongs to another owner, or was made by
 * another program; -EBUSY its VFIO device is open, by the process that the error names;
 * -EINVAL unknown flags; -EACCES; -EROFS; -EIO.
 */
int nvvgpu_destroy_as(struct nvvgpu_vgpu *vgpu, const char *owner, unsigned int flags,
		      bool *ret_destroyed);

/**
 * nvvgpu_vgpu_list - the vGPUs of a GPU
 * @ret: a new reference; an empty list is a valid answer
 * Return: 0; -EOPNOTSUPP the GPU cannot be shared (the error names the reason); -EACCES; -EIO.
 */
int nvvgpu_vgpu_list(struct nvvgpu_gpu *gpu, struct nvvgpu_vgpu_list **ret);
/**
 * nvvgpu_vgpu_list_all - the vGPUs of all GPUs of a host that can be shared
 * @ret: a new reference; an empty list is a valid answer
 * Return: 0; why the search failed; why a GPU that can be shared could not be asked.
 */
int nvvgpu_vgpu_list_all(struct nvvgpu *host, struct nvvgpu_vgpu_list **ret);
struct nvvgpu_vgpu_list *nvvgpu_vgpu_list_ref(struct nvvgpu_vgpu_list *list);
struct nvvgpu_vgpu_list *nvvgpu_vgpu_list_unref(struct nvvgpu_vgpu_list *list);
size_t nvvgpu_vgpu_list_size(struct nvvgpu_vgpu_list *list);
/** nvvgpu_vgpu_list_get - Return: lent as long as the list lives; NULL past the last */
struct nvvgpu_vgpu *nvvgpu_vgpu_list_get(struct nvvgpu_vgpu_list *list, size_t index);
/**
 * nvvgpu_vgpu_list_get_reason - Return: why the list is empty, NVVGPU_REASON_NONE: it is not;
 * "not-found" when there simply is none, else why no GPU of the host can be shared
 */
enum nvvgpu_reason nvvgpu_vgpu_list_get_reason(struct nvvgpu_vgpu_list *list);
/** nvvgpu_vgpu_list_get_reason_text - Return: the same as one sentence, "" for NONE; lent */
const char *nvvgpu_vgpu_list_get_reason_text(struct nvvgpu_vgpu_list *list);

/**
 * nvvgpu_vgpu_lookup - find a vGPU by its uuid or by the address of its VF
 * @ret: a new reference
 * Return: 0; -ENODEV no such vGPU; -EINVAL neither a uuid nor an address.
 */
int nvvgpu_vgpu_lookup(struct nvvgpu *host, const char *uuid_or_vf, struct nvvgpu_vgpu **ret);

struct nvvgpu_vgpu *nvvgpu_vgpu_ref(struct nvvgpu_vgpu *vgpu);
/** nvvgpu_vgpu_unref - does not destroy the vGPU.  Return: NULL */
struct nvvgpu_vgpu *nvvgpu_vgpu_unref(struct nvvgpu_vgpu *vgpu);

/* What does not change while it lives; strings live as long as the object. */
/**
 * nvvgpu_vgpu_get_uuid - Return: its uuid; where the driver has none, that of the library's record,
 * and of one that another program made a uuid that follows from its VF and type
 */
const char *nvvgpu_vgpu_get_uuid(struct nvvgpu_vgpu *vgpu);
uint32_t nvvgpu_vgpu_get_type_id(struct nvvgpu_vgpu *vgpu);
/** nvvgpu_vgpu_get_type_name - Return: "NVIDIA L40-4Q"; its id when nobody knows the name */
const char *nvvgpu_vgpu_get_type_name(struct nvvgpu_vgpu *vgpu);
uint64_t nvvgpu_vgpu_get_framebuffer_bytes(struct nvvgpu_vgpu *vgpu);
/** nvvgpu_vgpu_get_gpu - Return: lent as long as the vGPU object lives */
struct nvvgpu_gpu *nvvgpu_vgpu_get_gpu(struct nvvgpu_vgpu *vgpu);
/** nvvgpu_vgpu_get_vf - Return: "0000:41:00.4"; NULL on a board without SR-IOV */
const char *nvvgpu_vgpu_get_vf(struct nvvgpu_vgpu *vgpu);
/** nvvgpu_vgpu_get_placement - @ret: placement id.  Return: 0; -ENODATA placements are not used */
int nvvgpu_vgpu_get_placement(struct nvvgpu_vgpu *vgpu, uint32_t *ret);
/**
 * nvvgpu_vgpu_get_owner - Return: "" when none was given; "foreign": another program made it, where
 * the driver keeps no owners and this library has a record of each that it makes
 */
const char *nvvgpu_vgpu_get_owner(struct nvvgpu_vgpu *vgpu);
/** nvvgpu_vgpu_get_vfio - Return: what a VMM opens, "/sys/bus/pci/devices/0000:41:00.4" */
const char *nvvgpu_vgpu_get_vfio(struct nvvgpu_vgpu *vgpu);

/**
 * nvvgpu_vgpu_to_libvirt_xml - the element that gives it to a domain of libvirt
 * @ret: a <hostdev> of several lines, to be freed with nvvgpu_free()
 *
 * A PCI function is given with managed='no': the driver that it has is the one that makes it
 * a vGPU.
 *
 * Return: 0; -ENOMEM.
 */
int nvvgpu_vgpu_to_libvirt_xml(struct nvvgpu_vgpu *vgpu, char **ret);
/**
 * nvvgpu_vgpu_to_qemu_args - the arguments that give it to a QEMU
 * @ret: "-device vfio-pci,host=0000:41:00.4", arguments with one blank between them and none
 *       within, to be freed with nvvgpu_free()
 * Return: 0; -ENOMEM.
 */
int nvvgpu_vgpu_to_qemu_args(struct nvvgpu_vgpu *vgpu, char **ret);
/**
 * nvvgpu_vgpu_needs_vm_uuid - Return: true when QEMU also has to be started with -uuid and the
 * uuid of the virtual machine, as the mdev driver of NVIDIA demands (libvirt always does so)
 */
bool nvvgpu_vgpu_needs_vm_uuid(struct nvvgpu_vgpu *vgpu);

/* Live values. */
/**
 * nvvgpu_vgpu_get_state - @ret: NVVGPU_VGPU_UNKNOWN also where only other processes could tell and
 * may not be looked at.  Return: 0; -ENODEV it is gone
 */
int nvvgpu_vgpu_get_state(struct nvvgpu_vgpu *vgpu, enum nvvgpu_vgpu_state *ret);
/** nvvgpu_vgpu_get_params - @ret: "key=value,key=value", to be freed with nvvgpu_free() */
int nvvgpu_vgpu_get_params(struct nvvgpu_vgpu *vgpu, char **ret);
/**
 * nvvgpu_vgpu_set_params - replaces all parameters; "" clears.  Return: 0; -EBUSY device open;
 * -EINVAL malformed, or no value of a parameter that is known; -EROFS
 */
int nvvgpu_vgpu_set_params(struct nvvgpu_vgpu *vgpu, const char *params);

#ifdef __cplusplus
}
#endif
#endif
