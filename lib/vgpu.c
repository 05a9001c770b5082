// SPDX-License-Identifier: MIT
/* vGPUs: create, destroy, find, ask. */
#include <stdlib.h>
#include <string.h>
#include "framework/record.h"
#include "objects.h"
#include "util/text.h"

/* Immutable: what changes while a vGPU lives is asked of the driver by each call. */
struct nvvgpu_vgpu {
	atomic_uint refs;
	struct nvvgpu_gpu *gpu;
	struct framework_vgpu facts;
	bool created;		/* by this object's nvvgpu_create() */
	char uuid[37];
	char vfio[64];
};

struct nvvgpu_vgpu_list {
	atomic_uint refs;
	size_t count, room;
	struct nvvgpu_vgpu **vgpus;
	enum nvvgpu_reason reason;	/* why it is empty, if it is */
	char reason_text[256];
};

NVVGPU_EXPORT const char *nvvgpu_vgpu_state_name(enum nvvgpu_vgpu_state state)
{
	switch (state) {
	case NVVGPU_VGPU_ASSIGNED:
		return "assigned";
	case NVVGPU_VGPU_RUNNING:
		return "running";
	case NVVGPU_VGPU_STOPPED:
		return "stopped";
	case NVVGPU_VGPU_FAILED:
		return "failed";
	default:
		return "unknown";
	}
}

/* ------------------------------------------------------------------- object */

static int vgpu_new(struct nvvgpu_gpu *gpu, const struct framework_vgpu *facts, bool created,
		    struct nvvgpu_vgpu **ret)
{
	struct nvvgpu_vgpu *vgpu = calloc(1, sizeof(*vgpu));
	int err;

	if (!vgpu)
		return error_nomem();
	atomic_init(&vgpu->refs, 1);
	vgpu->facts = *facts;
	vgpu->created = created;
	uuid_format(facts->uuid, vgpu->uuid);
	err = gpu->framework->ops.vfio_name(gpu->framework, facts, vgpu->vfio, sizeof(vgpu->vfio));
	if (err) {
		free(vgpu);
		return err;
	}
	vgpu->gpu = nvvgpu_gpu_ref(gpu);
	*ret = vgpu;
	return 0;
}

NVVGPU_EXPORT struct nvvgpu_vgpu *nvvgpu_vgpu_ref(struct nvvgpu_vgpu *vgpu)
{
	atomic_fetch_add_explicit(&vgpu->refs, 1, memory_order_relaxed);
	return vgpu;
}

NVVGPU_EXPORT struct nvvgpu_vgpu *nvvgpu_vgpu_unref(struct nvvgpu_vgpu *vgpu)
{
	if (!vgpu || atomic_fetch_sub_explicit(&vgpu->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	nvvgpu_gpu_unref(vgpu->gpu);
	free(vgpu);
	return NULL;
}

/* --------------------------------------------------------------------- list */

static int list_add(struct nvvgpu_vgpu_list *list, struct nvvgpu_vgpu *vgpu)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 32;
		struct nvvgpu_vgpu **vgpus = realloc(list->vgpus, room * sizeof(*vgpus));

		if (!vgpus)
			return error_nomem();
		list->vgpus = vgpus;
		list->room = room;
	}
	list->vgpus[list->count++] = vgpu;
	return 0;
}

static int list_add_gpu(struct nvvgpu_vgpu_list *list, struct nvvgpu_gpu *gpu)
{
	__cleanup_free struct framework_vgpu *facts = NULL;
	struct nvvgpu_vgpu *vgpu;
	size_t count;
	int err;

	err = gpu->framework->ops.vgpu_list(gpu->framework, &facts, &count);
	for (size_t i = 0; !err && i < count; i++) {
		err = vgpu_new(gpu, &facts[i], false, &vgpu);
		if (err)
			break;
		err = list_add(list, vgpu);
		if (err)
			nvvgpu_vgpu_unref(vgpu);
	}
	return err;
}

static void say_why_empty(struct nvvgpu_vgpu_list *list, const struct gpu_table *table)
{
	const struct nvvgpu_gpu *unshared = NULL;

	list->reason = NVVGPU_REASON_NOT_FOUND;
	text_copy(list->reason_text, sizeof(list->reason_text), "none was created");
	for (size_t i = 0; table && i < table->count; i++) {
		if (gpu_is_shared(table->gpus[i]))
			return;
		if (!unshared)
			unshared = table->gpus[i];
	}
	if (unshared) {
		list->reason = unshared->framework->reason;
		text_copy(list->reason_text, sizeof(list->reason_text),
			  unshared->framework->reason_text);
	} else if (table) {
		text_copy(list->reason_text, sizeof(list->reason_text),
			  "no NVIDIA display controller was found on this host");
	}
}

/* GPUs that cannot be shared, or were taken out, have none; another failure is one of the list. */
static int list_add_all(struct nvvgpu_vgpu_list *list, struct nvvgpu *host)
{
	struct gpu_table *table;
	int err = host_gpus(host, &table);

	if (err)
		return err;
	for (size_t i = 0; !err && i < table->count; i++) {
		if (!gpu_is_shared(table->gpus[i]))
			continue;
		err = list_add_gpu(list, table->gpus[i]);
		if (err == -ENODEV)
			err = 0;
	}
	say_why_empty(list, table);
	gpu_table_unref(table);
	return err;
}

static struct nvvgpu_vgpu_list *list_new(void)
{
	struct nvvgpu_vgpu_list *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	atomic_init(&list->refs, 1);
	say_why_empty(list, NULL);
	return list;
}

/* Hands the list over, unless it could not be filled. */
static int list_give(struct nvvgpu_vgpu_list *list, int err, struct nvvgpu_vgpu_list **ret)
{
	if (err)
		nvvgpu_vgpu_list_unref(list);
	else
		*ret = list;
	return err;
}

NVVGPU_EXPORT int nvvgpu_vgpu_list(struct nvvgpu_gpu *gpu, struct nvvgpu_vgpu_list **ret)
{
	struct nvvgpu_vgpu_list *list = list_new();

	return list ? list_give(list, list_add_gpu(list, gpu), ret) : error_nomem();
}

NVVGPU_EXPORT int nvvgpu_vgpu_list_all(struct nvvgpu *host, struct nvvgpu_vgpu_list **ret)
{
	struct nvvgpu_vgpu_list *list = list_new();

	return list ? list_give(list, list_add_all(list, host), ret) : error_nomem();
}

NVVGPU_EXPORT struct nvvgpu_vgpu_list *nvvgpu_vgpu_list_ref(struct nvvgpu_vgpu_list *list)
{
	atomic_fetch_add_explicit(&list->refs, 1, memory_order_relaxed);
	return list;
}

NVVGPU_EXPORT struct nvvgpu_vgpu_list *nvvgpu_vgpu_list_unref(struct nvvgpu_vgpu_list *list)
{
	if (!list || atomic_fetch_sub_explicit(&list->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	for (size_t i = 0; i < list->count; i++)
		nvvgpu_vgpu_unref(list->vgpus[i]);
	free(list->vgpus);
	free(list);
	return NULL;
}

NVVGPU_EXPORT size_t nvvgpu_vgpu_list_size(struct nvvgpu_vgpu_list *list)
{
	return list->count;
}

NVVGPU_EXPORT struct nvvgpu_vgpu *nvvgpu_vgpu_list_get(struct nvvgpu_vgpu_list *list, size_t index)
{
	return index < list->count ? list->vgpus[index] : NULL;
}

NVVGPU_EXPORT enum nvvgpu_reason nvvgpu_vgpu_list_get_reason(struct nvvgpu_vgpu_list *list)
{
	return list->count ? NVVGPU_REASON_NONE : list->reason;
}

NVVGPU_EXPORT const char *nvvgpu_vgpu_list_get_reason_text(struct nvvgpu_vgpu_list *list)
{
	return list->count ? "" : list->reason_text;
}

/* ------------------------------------------------------------------- lookup */

struct key {
	bool by_uuid;
	uint8_t uuid[16];
	char vf[PCI_ADDRESS_LEN];
};

static bool key_fits(const struct key *key, const struct framework_vgpu *facts)
{
	return key->by_uuid ? !memcmp(key->uuid, facts->uuid, sizeof(key->uuid)) :
			      !strcmp(key->vf, facts->vf);
}

/* *ret is left alone when the GPU has no such vGPU, which is no failure. */
static int find_on_gpu(struct nvvgpu_gpu *gpu, const struct key *key, struct nvvgpu_vgpu **ret)
{
	__cleanup_free struct framework_vgpu *facts = NULL;
	size_t count;
	int err;

	if (!gpu_is_shared(gpu))
		return 0;
	err = gpu->framework->ops.vgpu_list(gpu->framework, &facts, &count);
	if (err)
		return err == -ENODEV ? 0 : err;
	for (size_t i = 0; i < count; i++)
		if (key_fits(key, &facts[i]))
			return vgpu_new(gpu, &facts[i], false, ret);
	return 0;
}

/* A GPU that does not answer is a failure only when no other GPU has the vGPU. */
static int find(struct nvvgpu *host, const struct key *key, struct nvvgpu_vgpu **ret)
{
	struct nvvgpu_vgpu *vgpu = NULL;
	struct gpu_table *table;
	int err, failed = 0;

	err = host_gpus(host, &table);
	if (err)
		return err;
	for (size_t i = 0; !vgpu && i < table->count; i++) {
		err = find_on_gpu(table->gpus[i], key, &vgpu);
		if (err)
			failed = err;
	}
	gpu_table_unref(table);
	if (!vgpu)
		return failed;
	*ret = vgpu;
	return 0;
}

NVVGPU_EXPORT int nvvgpu_vgpu_lookup(struct nvvgpu *host, const char *uuid_or_vf,
				     struct nvvgpu_vgpu **ret)
{
	struct nvvgpu_vgpu *vgpu = NULL;
	struct key key = { 0 };
	int err;

	key.by_uuid = !uuid_parse_text(uuid_or_vf, key.uuid);
	if (!key.by_uuid && pci_address_canonical(uuid_or_vf, key.vf))
		return error_set(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, uuid_or_vf,
				 "this is neither a uuid nor a PCI address", "list the vGPUs");
	err = find(host, &key, &vgpu);
	if (err)
		return err;
	if (!vgpu)
		return error_set(ENODEV, NVVGPU_REASON_NOT_FOUND, uuid_or_vf,
				 "there is no such vGPU", "list the vGPUs");
	*ret = vgpu;
	return 0;
}

/* ------------------------------------------------------------------- create */

static int fail_exists(const struct nvvgpu_vgpu *vgpu, const char *how)
{
	return error_setf(EEXIST, NVVGPU_REASON_EXISTS, vgpu->uuid,
			  "use another uuid, or destroy it",
			  "a vGPU with this uuid exists on %s, %s", vgpu->gpu->address, how);
}

static bool has_param(const char *params, const char *param, size_t len)
{
	while (params) {
		if (!strncmp(params, param, len) && (!params[len] || params[len] == ','))
			return true;
		params = strchr(params, ',');
		if (params)
			params++;
	}
	return false;
}

/* In any order: no key of wanted comes twice, so all of them in as many bytes is the same. */
static bool same_params(const char *params, const char *wanted)
{
	size_t len;

	if (strlen(params) != strlen(wanted))
		return false;
	for (; *wanted; wanted += len + (wanted[len] == ',')) {
		len = strcspn(wanted, ",");
		if (!has_param(params, wanted, len))
			return false;
	}
	return true;
}

static int check_same_params(const struct nvvgpu_vgpu *vgpu, const char *wanted)
{
	__cleanup_free char *params = NULL;
	int err = nvvgpu_vgpu_get_params((struct nvvgpu_vgpu *)vgpu, &params);

	if (err)
		return err;
	return same_params(params, wanted) ? 0 : fail_exists(vgpu, "with other parameters");
}

/* Is the vGPU that has the uuid already the one that is wanted? */
static int check_same(const struct nvvgpu_vgpu *vgpu, struct nvvgpu_gpu *gpu,
		      const struct nvvgpu_spec *spec, const struct framework_type *type)
{
	const struct framework_vgpu *facts = &vgpu->facts;

	if (strcmp(vgpu->gpu->address, gpu->address))
		return fail_exists(vgpu, "which is another GPU");
	if (facts->type_id != type->id)
		return fail_exists(vgpu, "of another type");
	if (spec->vf && strcmp(spec->vf, facts->vf))
		return fail_exists(vgpu, "on another VF");
	if (spec->has_placement && (!facts->has_placement || facts->placement != spec->placement))
		return fail_exists(vgpu, "at another placement");
	if (spec->owner && strcmp(spec->owner, facts->owner))
		return error_setf(EEXIST, NVVGPU_REASON_FOREIGN_OWNER, vgpu->uuid,
				  "use another uuid, or ask its owner",
				  "a vGPU with this uuid exists and belongs to \"%s\"",
				  facts->owner);
	return spec->params ? check_same_params(vgpu, spec->params) : 0;
}

/*
 * 0 with *ret NULL: the uuid is free.  A uuid names one vGPU of the host, but
 * another GPU that does not answer is no reason to refuse this one.
 */
static int find_same(struct nvvgpu_gpu *gpu, const struct nvvgpu_spec *spec,
		     const struct framework_type *type, struct nvvgpu_vgpu **ret)
{
	struct nvvgpu_vgpu *vgpu = NULL;
	struct key key = { .by_uuid = true };
	int err;

	memcpy(key.uuid, spec->uuid, sizeof(key.uuid));
	err = find_on_gpu(gpu, &key, &vgpu);
	if (!err && !vgpu)
		find(gpu->host, &key, &vgpu);
	if (!err && vgpu)
		err = check_same(vgpu, gpu, spec, type);
	if (err) {
		nvvgpu_vgpu_unref(vgpu);
		return err;
	}
	*ret = vgpu;
	return 0;
}

static int create_new(struct nvvgpu_gpu *gpu, const struct nvvgpu_spec *spec,
		      const struct framework_type *type, struct nvvgpu_vgpu **ret)
{
	struct framework_request request = {
		.type = type,
		.vf = spec->vf,
		.has_placement = spec->has_placement,
		.placement = spec->placement,
		.params = spec->params ? spec->params : "",
		.owner = spec->owner ? spec->owner : "",
	};
	struct framework_vgpu facts;
	int err = 0;

	memcpy(request.uuid, spec->uuid, sizeof(request.uuid));
	if (!spec->has_uuid)
		err = uuid_random(request.uuid);
	if (err)
		return error_errno(err, gpu->address, "making a uuid");
	err = gpu->framework->ops.create(gpu->framework, &request, &facts);
	if (err)
		return err;
	err = vgpu_new(gpu, &facts, true, ret);
	if (err)
		gpu->framework->ops.destroy(gpu->framework, &facts, &(bool){ false });
	return err;
}

/* Someone else may take the uuid between the look and the creation: then look again. */
static int create(struct nvvgpu_gpu *gpu, const struct nvvgpu_spec *spec,
		  const struct framework_type *type, struct nvvgpu_vgpu **ret)
{
	struct nvvgpu_vgpu *vgpu = NULL;
	int err = spec->has_uuid ? find_same(gpu, spec, type, &vgpu) : 0;

	if (!err && !vgpu) {
		err = create_new(gpu, spec, type, &vgpu);
		if (err == -EEXIST && spec->has_uuid)
			err = find_same(gpu, spec, type, &vgpu);
	}
	if (err)
		return err;
	if (!vgpu)
		return error_set(EBUSY, NVVGPU_REASON_BUSY, gpu->address,
				 "a vGPU with this uuid came and went at the same time",
				 "try again");
	*ret = vgpu;
	return 0;
}

NVVGPU_EXPORT int nvvgpu_create(struct nvvgpu_gpu *gpu, struct nvvgpu_spec *spec,
				struct nvvgpu_vgpu **ret)
{
	const struct framework_type *type;
	struct framework_types *types;
	int err;

	if (host_is_read_only(gpu->host))
		return error_errno(EROFS, gpu->address, "creating a vGPU");
	if (!spec || !spec->type)
		return error_set(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, gpu->address,
				 "the spec names no type", "set one with nvvgpu_spec_set_type()");
	err = spec->params ? params_check(gpu->host, gpu->address, spec->params,
					  spec->force_params) : 0;
	if (!err)
		err = type_find(gpu, spec->type, &types, &type);
	if (err)
		return err;
	err = create(gpu, spec, type, ret);
	framework_types_unref(types);
	return err;
}

NVVGPU_EXPORT bool nvvgpu_vgpu_was_created(struct nvvgpu_vgpu *vgpu)
{
	return vgpu->created;
}

/* What has no owner is everybody's; the object that made a vGPU is its owner's. */
static bool may_destroy(const struct nvvgpu_vgpu *vgpu, const char *owner, unsigned int flags)
{
	const char *own = vgpu->facts.owner;

	if (!*own || vgpu->created || (flags & NVVGPU_DESTROY_FOREIGN))
		return true;
	return owner && !strcmp(owner, own) && strcmp(own, RECORD_FOREIGN);
}

static int refuse_owner(const struct nvvgpu_vgpu *vgpu)
{
	if (!strcmp(vgpu->facts.owner, RECORD_FOREIGN))
		return error_set(EPERM, NVVGPU_REASON_FOREIGN_OWNER, vgpu->uuid,
				 "it was made by another program", "let that one destroy it, or say "
				 "that it shall be destroyed although it is foreign");
	return error_setf(EPERM, NVVGPU_REASON_FOREIGN_OWNER, vgpu->uuid,
			  "let its owner destroy it, or name the owner",
			  "it belongs to the owner \"%s\"", vgpu->facts.owner);
}

NVVGPU_EXPORT int nvvgpu_destroy_as(struct nvvgpu_vgpu *vgpu, const char *owner,
				    unsigned int flags, bool *ret_destroyed)
{
	bool destroyed = false;
	int err;

	if (flags & ~NVVGPU_DESTROY_FOREIGN)
		return error_setf(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, vgpu->uuid,
				  "use 0 or NVVGPU_DESTROY_FOREIGN", "unknown flags 0x%x",
				  flags & ~NVVGPU_DESTROY_FOREIGN);
	if (host_is_read_only(vgpu->gpu->host))
		return error_errno(EROFS, vgpu->uuid, "destroying the vGPU");
	if (!may_destroy(vgpu, owner, flags))
		return refuse_owner(vgpu);
	err = vgpu->gpu->framework->ops.destroy(vgpu->gpu->framework, &vgpu->facts, &destroyed);
	if (!err && ret_destroyed)
		*ret_destroyed = destroyed;
	return err;
}

NVVGPU_EXPORT int nvvgpu_destroy(struct nvvgpu_vgpu *vgpu)
{
	return nvvgpu_destroy_as(vgpu, NULL, 0, NULL);
}

/* -------------------------------------------------------------------- facts */

NVVGPU_EXPORT const char *nvvgpu_vgpu_get_uuid(struct nvvgpu_vgpu *vgpu)
{
	return vgpu->uuid;
}

NVVGPU_EXPORT uint32_t nvvgpu_vgpu_get_type_id(struct nvvgpu_vgpu *vgpu)
{
	return vgpu->facts.type_id;
}

NVVGPU_EXPORT const char *nvvgpu_vgpu_get_type_name(struct nvvgpu_vgpu *vgpu)
{
	return vgpu->facts.type_name;
}

NVVGPU_EXPORT uint64_t nvvgpu_vgpu_get_framebuffer_bytes(struct nvvgpu_vgpu *vgpu)
{
	return vgpu->facts.framebuffer_bytes;
}

NVVGPU_EXPORT struct nvvgpu_gpu *nvvgpu_vgpu_get_gpu(struct nvvgpu_vgpu *vgpu)
{
	return vgpu->gpu;
}

NVVGPU_EXPORT const char *nvvgpu_vgpu_get_vf(struct nvvgpu_vgpu *vgpu)
{
	return vgpu->facts.vf[0] ? vgpu->facts.vf : NULL;
}

bool vgpu_placement(const struct nvvgpu_vgpu *vgpu, uint32_t *ret)
{
	if (vgpu->facts.has_placement)
		*ret = vgpu->facts.placement;
	return vgpu->facts.has_placement;
}

NVVGPU_EXPORT int nvvgpu_vgpu_get_placement(struct nvvgpu_vgpu *vgpu, uint32_t *ret)
{
	if (vgpu_placement(vgpu, ret))
		return 0;
	return error_set(ENODATA, NVVGPU_REASON_NOT_SUPPORTED, vgpu->uuid,
			 "its GPU does not use placement ids", "");
}

NVVGPU_EXPORT const char *nvvgpu_vgpu_get_owner(struct nvvgpu_vgpu *vgpu)
{
	return vgpu->facts.owner;
}

NVVGPU_EXPORT const char *nvvgpu_vgpu_get_vfio(struct nvvgpu_vgpu *vgpu)
{
	return vgpu->vfio;
}

/* -------------------------------------------------------------- live values */

NVVGPU_EXPORT int nvvgpu_vgpu_get_state(struct nvvgpu_vgpu *vgpu, enum nvvgpu_vgpu_state *ret)
{
	return vgpu->gpu->framework->ops.get_state(vgpu->gpu->framework, &vgpu->facts, ret);
}

NVVGPU_EXPORT int nvvgpu_vgpu_get_params(struct nvvgpu_vgpu *vgpu, char **ret)
{
	return vgpu->gpu->framework->ops.get_params(vgpu->gpu->framework, &vgpu->facts, ret);
}

NVVGPU_EXPORT int nvvgpu_vgpu_set_params(struct nvvgpu_vgpu *vgpu, const char *params)
{
	int err;

	if (!params)
		return error_set(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, vgpu->uuid,
				 "no parameters were given", "give \"\" to clear them");
	if (host_is_read_only(vgpu->gpu->host))
		return error_errno(EROFS, vgpu->uuid, "setting the parameters");
	err = params_check(vgpu->gpu->host, vgpu->uuid, params, false);
	if (err)
		return err;
	return vgpu->gpu->framework->ops.set_params(vgpu->gpu->framework, &vgpu->facts, params);
}

/* ------------------------------------------------------ for device and migrate */

struct os *vgpu_os(struct nvvgpu_vgpu *vgpu)
{
	return vgpu->gpu->host->os;
}

int vgpu_open_vfio(struct nvvgpu_vgpu *vgpu, struct os_file **ret)
{
	return vgpu->gpu->framework->ops.vfio_open(vgpu->gpu->framework, &vgpu->facts, ret);
}
