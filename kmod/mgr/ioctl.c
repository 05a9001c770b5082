// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The requests of include/uapi/nvvgpu.h.  One table says for each what it is
 * made of; run() copies and checks by the table, so that a handler sees only a
 * whole structure with known flags and zero reserved members.
 */
#include "internal.h"

/* The largest request fits the stack; a handler gets the member it is about. */
union request {
	u32 size;
	struct nvvgpu_ioctl_info info;
	struct nvvgpu_ioctl_type type;
	struct nvvgpu_ioctl_type_list type_list;
	struct nvvgpu_ioctl_create create;
	struct nvvgpu_ioctl_destroy destroy;
	struct nvvgpu_ioctl_vgpu_list vgpu_list;
	struct nvvgpu_ioctl_vgpu_get vgpu_get;
	struct nvvgpu_ioctl_params params;
	struct nvvgpu_ioctl_placements placements;
	struct nvvgpu_ioctl_mode mode;
	struct nvvgpu_ioctl_stats stats;
	struct nvvgpu_ioctl_warm warm;
};

struct handler {
	unsigned int cmd;
	u32 size;		/* of the structure, as first published too */
	u32 flags;		/* the known ones */
	u32 change_flags;	/* flags that make it a [change]; ~0: it always is one */
	u32 reserved;		/* offset of a member that must be zero; 0: none */
	long (*handle)(struct nvvgpu_mgr *mgr, union request *request);
	/* takes back what handle did, when the answer cannot be delivered */
	void (*undo)(struct nvvgpu_mgr *mgr, union request *request);
};

#define ALWAYS	(~0U)

static_assert(offsetof(struct nvvgpu_ioctl_info, flags) == 4, "size, flags: in every request");
static_assert(offsetof(struct nvvgpu_ioctl_warm, flags) == 4, "size, flags: in every request");

/*
 * Array replies.  -ENOSPC when the caller has too little room; *count is the
 * number needed or delivered.
 */
static long reply_array(u64 user, u32 *count, const void *from, u32 number, size_t element)
{
	u32 room = *count;

	*count = number;
	if (number > room)
		return -ENOSPC;
	if (number && copy_to_user(u64_to_user_ptr(user), from, number * element))
		return -EFAULT;
	return 0;
}

/* ----------------------------------------------------------------- the device */

static u64 features(const struct nvvgpu_mgr *mgr)
{
	u64 bits = NVVGPU_FEATURE_MIGRATION | NVVGPU_FEATURE_WARM_UPDATE | NVVGPU_FEATURE_EVENTS |
		   NVVGPU_FEATURE_PARAMS;

	if (mgr->config.sriov)
		bits |= NVVGPU_FEATURE_SRIOV;
	if (mgr->config.mixed_size_capable)
		bits |= NVVGPU_FEATURE_MIXED_SIZE;
	if (mgr->config.placement_capable)
		bits |= NVVGPU_FEATURE_PLACEMENT;
	if (mgr->info.emulated)
		bits |= NVVGPU_FEATURE_EMULATED;
	return bits;
}

static long do_info(struct nvvgpu_mgr *mgr, union request *request)
{
	struct nvvgpu_ioctl_info *info = &request->info;

	info->abi_version = NVVGPU_ABI_VERSION;
	info->features = features(mgr);
	info->framebuffer_bytes = mgr->info.guest_fb_bytes;
	info->vmmu_segment_bytes = mgr->info.vmmu_segment_bytes;
	info->slots_total = mgr->config.slots;
	info->placement_units = mgr->config.placement_units;
	info->vendor_id = mgr->info.vendor_id;
	info->device_id = mgr->info.device_id;
	info->subsystem_vendor_id = mgr->info.subsystem_vendor_id;
	info->subsystem_device_id = mgr->info.subsystem_device_id;
	memset(info->board_name, 0, sizeof(info->board_name));
	memset(info->driver_version, 0, sizeof(info->driver_version));
	memset(info->firmware_version, 0, sizeof(info->firmware_version));
	strscpy(info->board_name, mgr->info.board_name, sizeof(info->board_name));
	strscpy(info->driver_version, mgr->driver_version, sizeof(info->driver_version));
	strscpy(info->firmware_version, mgr->info.firmware_version,
		sizeof(info->firmware_version));

	mutex_lock(&mgr->lock);
	info->mode = mgr->space.mode;
	info->slots_enabled = mgr->space.slots_enabled;
	info->vgpus = mgr_vgpu_count(mgr);
	info->types = mgr->types.count;
	mutex_unlock(&mgr->lock);
	return 0;
}

static long do_stats(struct nvvgpu_mgr *mgr, union request *request)
{
	struct nvvgpu_ioctl_stats *stats = &request->stats;
	struct nvvgpu_core_totals totals;

	mgr->ops.get_totals(mgr->core, &totals);
	stats->framebuffer_total_bytes = mgr->info.guest_fb_bytes;
	stats->framebuffer_free_bytes = totals.guest_fb_free;
	stats->heap_total_bytes = mgr->heap_total;
	stats->heap_free_bytes = totals.heap_free;
	stats->bar1_total_bytes = mgr->bar1_total;
	stats->bar1_free_bytes = totals.bar1_free;
	stats->channels_total = mgr->info.channels_total - mgr->info.channels_host;
	stats->channels_free = totals.channels_free;
	stats->rm_clients = totals.clients;
	stats->firmware_calls_total = totals.firmware_calls;

	mutex_lock(&mgr->lock);
	stats->vgpus = mgr_vgpu_count(mgr);
	stats->created_total = mgr->counters.created;
	stats->destroyed_total = mgr->counters.destroyed;
	stats->create_failed_total = mgr->counters.create_failed;
	stats->booted_total = mgr->counters.booted;
	stats->scrubbed_bytes_total = mgr->counters.scrubbed_bytes;
	mutex_unlock(&mgr->lock);
	return 0;
}

static long do_mode(struct nvvgpu_mgr *mgr, union request *request)
{
	struct mgr_why why = {};
	int err = mgr_mode_set(mgr, request->mode.mode, &why);

	request->mode.why = why.why;
	return err;
}

/* ---------------------------------------------------------------------- types */

static long do_type_add(struct nvvgpu_mgr *mgr, union request *request)
{
	struct nvvgpu_type_desc desc;

	mgr_type_from_ioctl(&desc, &request->type);
	return nvvgpu_mgr_types_add(mgr, &desc, 1);
}

static long do_type_get(struct nvvgpu_mgr *mgr, union request *request)
{
	const struct nvvgpu_type_desc *desc;

	mutex_lock(&mgr->lock);
	desc = mgr_types_find(&mgr->types, request->type.id);
	if (desc)
		mgr_type_to_ioctl(&request->type, desc);
	mutex_unlock(&mgr->lock);
	return desc ? 0 : -ENODEV;
}

static long do_type_list(struct nvvgpu_mgr *mgr, union request *request)
{
	struct nvvgpu_ioctl_type_list *list = &request->type_list;
	struct nvvgpu_type_state *states;
	u32 number;
	long err;

	states = kcalloc(NVVGPU_MAX_TYPES, sizeof(*states), GFP_KERNEL);
	if (!states)
		return -ENOMEM;
	mutex_lock(&mgr->lock);
	number = mgr->types.count;
	memcpy(states, mgr_type_states(mgr), number * sizeof(*states));
	mutex_unlock(&mgr->lock);

	err = reply_array(list->states, &list->count, states, number, sizeof(*states));
	kfree(states);
	return err;
}

static long do_placements(struct nvvgpu_mgr *mgr, union request *request)
{
	struct nvvgpu_ioctl_placements *placements = &request->placements;
	bool creatable = placements->which == NVVGPU_PLACEMENTS_CREATABLE;
	const struct nvvgpu_type_desc *type;
	u32 ids[NVVGPU_MAX_VGPUS];
	u32 number = 0;

	if (!creatable && placements->which != NVVGPU_PLACEMENTS_SUPPORTED)
		return -EINVAL;
	if (!mgr->config.placement_units)
		return -EOPNOTSUPP;
	mutex_lock(&mgr->lock);
	type = mgr_types_find(&mgr->types, placements->type_id);
	if (type) {
		placements->length = mgr_placement_length(type);
		number = mgr_placements(mgr, type, creatable, ids);
	}
	mutex_unlock(&mgr->lock);
	if (!type)
		return -ENODEV;
	return reply_array(placements->ids, &placements->count, ids, number, sizeof(ids[0]));
}

/* ---------------------------------------------------------------------- vGPUs */

/* *ret: NUL-terminated copy, to be freed with kfree() */
static int copy_params(u64 user, u32 len, char **ret, struct mgr_why *why)
{
	char *params;
	int err = -EFAULT;

	if (len >= NVVGPU_PARAMS_LEN)
		return mgr_fail(why, NVVGPU_WHY_PARAMS, NVVGPU_PARAMS_LEN - 1, -EINVAL);
	params = kzalloc(len + 1, GFP_KERNEL);
	if (!params)
		return -ENOMEM;
	if (len && copy_from_user(params, u64_to_user_ptr(user), len))
		goto free_params;
	err = -EINVAL;
	if (strlen(params) != len) {
		mgr_fail(why, NVVGPU_WHY_PARAMS, strlen(params), err);
		goto free_params;
	}
	*ret = params;
	return 0;

free_params:
	kfree(params);
	return err;
}

static int create(struct nvvgpu_mgr *mgr, struct nvvgpu_ioctl_create *arg, struct mgr_why *why)
{
	struct mgr_request request = {
		.type_id = arg->type_id,
		.slot = arg->slot,
		.placement = arg->placement,
		.uuid = arg->uuid,
		.owner = arg->owner,
	};
	char *params = NULL;
	int err;

	if (strnlen(arg->owner, sizeof(arg->owner)) == sizeof(arg->owner))
		return -EINVAL;
	err = copy_params(arg->params, arg->params_len, &params, why);
	if (err)
		return err;
	request.params = params;
	err = mgr_create(mgr, &request, &arg->info, why);
	kfree(params);
	return err;
}

static long do_create(struct nvvgpu_mgr *mgr, union request *request)
{
	struct mgr_why why = {};
	int err = create(mgr, &request->create, &why);

	request->create.why = why.why;
	request->create.why_detail = why.detail;
	return err;
}

static void undo_create(struct nvvgpu_mgr *mgr, union request *request)
{
	mgr_destroy(mgr, request->create.info.id, NULL);
}

static long do_destroy(struct nvvgpu_mgr *mgr, union request *request)
{
	struct mgr_why why = {};
	int err = mgr_destroy(mgr, request->destroy.id, &why);

	request->destroy.why = why.why;
	return err;
}

static long do_vgpu_list(struct nvvgpu_mgr *mgr, union request *request)
{
	struct nvvgpu_ioctl_vgpu_list *list = &request->vgpu_list;
	struct nvvgpu_vgpu_info *infos;
	u32 number = 0;
	u32 slot;
	long err;

	infos = kcalloc(NVVGPU_MAX_VGPUS, sizeof(*infos), GFP_KERNEL);
	if (!infos)
		return -ENOMEM;
	mutex_lock(&mgr->lock);
	for (slot = 0; slot < NVVGPU_MAX_VGPUS; slot++)
		if (mgr->vgpus[slot])
			mgr_vgpu_info(mgr->vgpus[slot], &infos[number++]);
	mutex_unlock(&mgr->lock);

	err = reply_array(list->infos, &list->count, infos, number, sizeof(*infos));
	kfree(infos);
	return err;
}

static long do_vgpu_get(struct nvvgpu_mgr *mgr, union request *request)
{
	const struct nvvgpu_mgr_vgpu *vgpu;

	mutex_lock(&mgr->lock);
	vgpu = mgr_vgpu_find(mgr, request->vgpu_get.id);
	if (vgpu)
		mgr_vgpu_info(vgpu, &request->vgpu_get.info);
	mutex_unlock(&mgr->lock);
	return vgpu ? 0 : -ENODEV;
}

static long params_set(struct nvvgpu_mgr *mgr, struct nvvgpu_ioctl_params *arg)
{
	struct mgr_why why = {};
	char *params = NULL;
	int err;

	err = copy_params(arg->params, arg->len, &params, &why);
	if (!err) {
		err = mgr_params_set(mgr, arg->id, params, &why);
		kfree(params);
	}
	arg->why = why.why;
	return err;
}

static long params_get(struct nvvgpu_mgr *mgr, struct nvvgpu_ioctl_params *arg)
{
	const struct nvvgpu_mgr_vgpu *vgpu;
	char *params;
	u32 len = 0;
	long err;

	params = kzalloc(NVVGPU_PARAMS_LEN, GFP_KERNEL);
	if (!params)
		return -ENOMEM;
	mutex_lock(&mgr->lock);
	vgpu = mgr_vgpu_find(mgr, arg->id);
	if (vgpu) {
		len = strlen(vgpu->params);
		memcpy(params, vgpu->params, len);
	}
	mutex_unlock(&mgr->lock);

	err = -ENODEV;
	if (vgpu) {
		bool terminate = arg->len > len;

		err = reply_array(arg->params, &arg->len, params, len + terminate, 1);
		arg->len = len;
	}
	kfree(params);
	return err;
}

static long do_params(struct nvvgpu_mgr *mgr, union request *request)
{
	request->params.why = NVVGPU_WHY_NONE;
	if (request->params.flags & NVVGPU_PARAMS_SET)
		return params_set(mgr, &request->params);
	return params_get(mgr, &request->params);
}

/* ---------------------------------------------------------------- warm update */

static long do_warm_save(struct nvvgpu_mgr *mgr, union request *request)
{
	struct nvvgpu_ioctl_warm *warm = &request->warm;
	size_t len;
	u8 *image;
	long err;

	warm->why = NVVGPU_WHY_NONE;
	err = mgr_warm_save(mgr, &image, &len);
	if (err)
		return err;
	err = reply_array(warm->data, &warm->len, image, len, 1);
	kvfree(image);
	return err;
}

static int warm_restore(struct nvvgpu_mgr *mgr, const struct nvvgpu_ioctl_warm *warm,
			struct mgr_why *why)
{
	u8 *image;
	int err;

	if (!warm->len || warm->len > NVVGPU_MAX_WARM_STATE)
		return mgr_fail(why, NVVGPU_WHY_BAD_IMAGE, 0, -EBADMSG);
	image = kvzalloc(warm->len, GFP_KERNEL);
	if (!image)
		return -ENOMEM;
	err = -EFAULT;
	if (!copy_from_user(image, u64_to_user_ptr(warm->data), warm->len))
		err = mgr_warm_restore(mgr, image, warm->len, why);
	kvfree(image);
	return err;
}

static long do_warm_restore(struct nvvgpu_mgr *mgr, union request *request)
{
	struct mgr_why why = {};
	int err = warm_restore(mgr, &request->warm, &why);

	request->warm.why = why.why;
	return err;
}

/* ------------------------------------------------------------------- dispatch */

#define REQUEST(_cmd, _type, ...)						\
	{ .cmd = NVVGPU_IOCTL_##_cmd, .size = sizeof(struct nvvgpu_ioctl_##_type), __VA_ARGS__ }
#define RESERVED(_type)	.reserved = offsetof(struct nvvgpu_ioctl_##_type, __reserved)
#define CHANGE		.change_flags = ALWAYS

static const struct handler handlers[] = {
	REQUEST(INFO, info, .handle = do_info, RESERVED(info)),
	REQUEST(TYPE_ADD, type, .handle = do_type_add, CHANGE),
	REQUEST(TYPE_GET, type, .handle = do_type_get),
	REQUEST(TYPE_LIST, type_list, .handle = do_type_list, RESERVED(type_list)),
	REQUEST(CREATE, create, .handle = do_create, .undo = undo_create, RESERVED(create), CHANGE),
	REQUEST(DESTROY, destroy, .handle = do_destroy, CHANGE),
	REQUEST(VGPU_LIST, vgpu_list, .handle = do_vgpu_list, RESERVED(vgpu_list)),
	REQUEST(VGPU_GET, vgpu_get, .handle = do_vgpu_get, RESERVED(vgpu_get)),
	REQUEST(PARAMS, params, .handle = do_params, RESERVED(params),
		.flags = NVVGPU_PARAMS_SET, .change_flags = NVVGPU_PARAMS_SET),
	REQUEST(PLACEMENTS, placements, .handle = do_placements),
	REQUEST(MODE_SET, mode, .handle = do_mode, CHANGE),
	REQUEST(STATS, stats, .handle = do_stats),
	REQUEST(WARM_SAVE, warm, .handle = do_warm_save, CHANGE),
	REQUEST(WARM_RESTORE, warm, .handle = do_warm_restore, CHANGE),
};

static u32 member(const union request *request, u32 offset)
{
	u32 value;

	memcpy(&value, (const u8 *)request + offset, sizeof(value));
	return value;
}

static int check(const struct handler *handler, const union request *request, bool may_change)
{
	u32 flags = member(request, 4);

	if (flags & ~handler->flags)
		return -EOPNOTSUPP;
	if (handler->reserved && member(request, handler->reserved))
		return -EINVAL;
	if (!may_change &&
	    (handler->change_flags == ALWAYS || (flags & handler->change_flags)))
		return -EACCES;
	return 0;
}

static long run(struct nvvgpu_mgr *mgr, const struct handler *handler, void __user *arg,
		bool may_change)
{
	union request request = {};
	u32 size;
	long err;

	if (copy_from_user(&size, arg, sizeof(size)))
		return -EFAULT;
	if (size < handler->size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(&request, handler->size, arg, size);
	if (err)
		return err;
	request.size = size;	/* it may have changed between the two reads */
	err = check(handler, &request, may_change);
	if (err)
		return err;

	err = handler->handle(mgr, &request);
	if (!copy_to_user(arg, &request, min(size, handler->size)))
		return err;
	if (!err && handler->undo)
		handler->undo(mgr, &request);
	return -EFAULT;
}

long nvvgpu_mgr_ioctl(struct nvvgpu_mgr *mgr, unsigned int cmd, void __user *arg, bool may_change)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(handlers); i++)
		if (handlers[i].cmd == cmd)
			return run(mgr, &handlers[i], arg, may_change);
	return -ENOTTY;
}
