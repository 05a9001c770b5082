// SPDX-License-Identifier: MIT
/* The framework of this project's driver: the ioctls of include/uapi/nvvgpu.h. */
#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uapi/nvvgpu.h>
#include "framework/vfs.h"
#include "objects.h"
#include "util/text.h"

#define MAX_VGPUS_BELIEVED	4096
#define MAX_PLACEMENTS		256
#define LIST_TRIES		8	/* how often a list may grow while it is being read */

struct nvvgpu_framework_gpu {
	struct framework base;
	/* held to change the three below; what they point to stays until close */
	pthread_mutex_t lock;
	_Atomic(struct os_file *) reader;
	_Atomic(struct os_file *) writer;
	_Atomic(struct framework_types *) types;	/* NULL: not asked yet */
};

#define SAME_PLACE(a, b)						\
	(offsetof(struct framework_state, a) == offsetof(struct nvvgpu_type_state, b))
static_assert(sizeof(struct framework_state) == sizeof(struct nvvgpu_type_state) &&
	      SAME_PLACE(id, id) && SAME_PLACE(created, created) &&
	      SAME_PLACE(available, available) && SAME_PLACE(why, why) &&
	      SAME_PLACE(detail, why_detail), "states are taken as the driver writes them");

static struct nvvgpu_framework_gpu *own(struct framework *fw)
{
	return (struct nvvgpu_framework_gpu *)fw;
}

/* ------------------------------------------------------------ control files */

static int control(struct framework *fw, bool change, struct os_file **ret)
{
	struct nvvgpu_framework_gpu *gpu = own(fw);
	_Atomic(struct os_file *) *kept = change ? &gpu->writer : &gpu->reader;
	struct os_file *file = atomic_load_explicit(kept, memory_order_acquire);
	int err = 0;

	if (!file) {
		pthread_mutex_lock(&gpu->lock);
		file = atomic_load_explicit(kept, memory_order_relaxed);
		if (!file)
			err = fw->os->ops->control_open(fw->os, fw->address, change, &file);
		if (!err)
			atomic_store_explicit(kept, file, memory_order_release);
		pthread_mutex_unlock(&gpu->lock);
	}
	*ret = file;
	if (err)
		return error_errno(err, fw->address, change ?
				   "opening the control device for changes" :
				   "opening the control device");
	return 0;
}

/* One request; the plain errno of the ioctl, without a last error, is in *ret_errno. */
static int request(struct framework *fw, bool change, unsigned long cmd, void *arg, int *ret_errno)
{
	struct os_file *file = NULL;
	int err = control(fw, change, &file);

	if (err)
		return err;
	*ret_errno = os_file_ioctl(file, cmd, arg);
	return 0;
}

/* For requests that have no other failure than "it did not work". */
static int ask(struct framework *fw, unsigned long cmd, void *arg, const char *doing)
{
	int failed, err = request(fw, false, cmd, arg, &failed);

	if (err)
		return err;
	return failed ? error_errno(failed, fw->address, doing) : 0;
}

static int fail_why(const char *object, int err, uint32_t why, uint64_t detail, const char *doing)
{
	enum nvvgpu_reason reason = reason_from_why(why);
	char sentence[160];

	if (why == NVVGPU_WHY_NONE)
		return error_errno(err, object, doing);
	reason_sentence(reason, detail, sentence, sizeof(sentence));
	return error_setf(why == NVVGPU_WHY_NO_TYPE ? ENOENT : err, reason, object,
			  reason_next_step(reason), "%s: %s", doing, sentence);
}

/* --------------------------------------------------------------------- info */

static enum nvvgpu_mode mode_from_uapi(uint32_t mode)
{
	switch (mode) {
	case NVVGPU_MODE_EQUAL_SIZE:
		return NVVGPU_GPU_MODE_EQUAL_SIZE;
	case NVVGPU_MODE_MIXED_SIZE:
		return NVVGPU_GPU_MODE_MIXED_SIZE;
	default:
		return NVVGPU_GPU_MODE_UNKNOWN;
	}
}

static int read_info(struct framework *fw, struct nvvgpu_ioctl_info *ret)
{
	struct nvvgpu_ioctl_info in = { .size = sizeof(in) };
	int err = ask(fw, NVVGPU_IOCTL_INFO, &in, "asking the driver about the GPU");

	if (err)
		return err;
	if (in.abi_version != NVVGPU_ABI_VERSION)
		return error_setf(EOPNOTSUPP, NVVGPU_REASON_NO_FRAMEWORK, fw->address,
				  "use a library that fits the driver",
				  "the driver speaks version %u of its interface, this library "
				  "version %u", in.abi_version, NVVGPU_ABI_VERSION);
	*ret = in;
	return 0;
}

static int fw_info(struct framework *fw, struct framework_info *ret)
{
	struct nvvgpu_ioctl_info in;
	int err = read_info(fw, &in);

	if (err)
		return err;
	*ret = (struct framework_info){
		.framebuffer_bytes = in.framebuffer_bytes,
		.mixed_size_capable = in.features & NVVGPU_FEATURE_MIXED_SIZE,
		.has_events = in.features & NVVGPU_FEATURE_EVENTS,
	};
	text_from_array(ret->board_name, sizeof(ret->board_name), in.board_name,
			sizeof(in.board_name));
	text_from_array(ret->driver_version, sizeof(ret->driver_version), in.driver_version,
			sizeof(in.driver_version));
	text_from_array(ret->firmware_version, sizeof(ret->firmware_version),
			in.firmware_version, sizeof(in.firmware_version));
	return 0;
}

static int fw_get_mode(struct framework *fw, enum nvvgpu_mode *ret)
{
	struct nvvgpu_ioctl_info in;
	int err = read_info(fw, &in);

	if (!err)
		*ret = mode_from_uapi(in.mode);
	return err;
}

static int fw_set_mixed_size(struct framework *fw, bool mixed)
{
	struct nvvgpu_ioctl_mode in = {
		.size = sizeof(in),
		.mode = mixed ? NVVGPU_MODE_MIXED_SIZE : NVVGPU_MODE_EQUAL_SIZE,
	};
	struct nvvgpu_ioctl_info info;
	int failed, err = read_info(fw, &info);

	if (err || info.mode == in.mode)
		return err;
	if (!(info.features & NVVGPU_FEATURE_MIXED_SIZE))
		return error_set(EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED, fw->address,
				 "the board has no mixed-size mode", "create types of one size");
	err = request(fw, true, NVVGPU_IOCTL_MODE_SET, &in, &failed);
	if (err || !failed)
		return err;
	return fail_why(fw->address, failed, in.why, info.vgpus, "changing the mode");
}

static const size_t statistics[] = {
#define STAT(member) offsetof(struct nvvgpu_ioctl_stats, member)
	[NVVGPU_STAT_FRAMEBUFFER_TOTAL_BYTES] = STAT(framebuffer_total_bytes),
	[NVVGPU_STAT_FRAMEBUFFER_FREE_BYTES] = STAT(framebuffer_free_bytes),
	[NVVGPU_STAT_HEAP_TOTAL_BYTES] = STAT(heap_total_bytes),
	[NVVGPU_STAT_HEAP_FREE_BYTES] = STAT(heap_free_bytes),
	[NVVGPU_STAT_BAR1_TOTAL_BYTES] = STAT(bar1_total_bytes),
	[NVVGPU_STAT_BAR1_FREE_BYTES] = STAT(bar1_free_bytes),
	[NVVGPU_STAT_CREATED] = STAT(created_total),
	[NVVGPU_STAT_DESTROYED] = STAT(destroyed_total),
	[NVVGPU_STAT_CREATE_FAILED] = STAT(create_failed_total),
	[NVVGPU_STAT_BOOTED] = STAT(booted_total),
	[NVVGPU_STAT_SCRUBBED_BYTES] = STAT(scrubbed_bytes_total),
	[NVVGPU_STAT_FIRMWARE_CALLS] = STAT(firmware_calls_total),
#undef STAT
};

static int fw_statistic(struct framework *fw, enum nvvgpu_statistic statistic, uint64_t *ret)
{
	struct nvvgpu_ioctl_stats in = { .size = sizeof(in) };
	int err = ask(fw, NVVGPU_IOCTL_STATS, &in, "asking the driver for its counters");

	if (err)
		return err;
	switch (statistic) {
	case NVVGPU_STAT_VGPUS:
		*ret = in.vgpus;
		return 0;
	case NVVGPU_STAT_CHANNELS_TOTAL:
		*ret = in.channels_total;
		return 0;
	case NVVGPU_STAT_CHANNELS_FREE:
		*ret = in.channels_free;
		return 0;
	case NVVGPU_STAT_RM_CLIENTS:
		*ret = in.rm_clients;
		return 0;
	default:
		memcpy(ret, (const char *)&in + statistics[statistic], sizeof(*ret));
		return 0;
	}
}

/* -------------------------------------------------------------------- types */

/* -ENOSPC, without a last error: *ret_count is the room it takes */
static int read_states(struct framework *fw, struct framework_state *states, uint32_t room,
		       uint32_t *ret_count)
{
	struct nvvgpu_ioctl_type_list in = {
		.size = sizeof(in),
		.count = room,
		.states = (uintptr_t)states,
	};
	int failed, err = request(fw, false, NVVGPU_IOCTL_TYPE_LIST, &in, &failed);

	if (err)
		return err;
	if (failed && failed != -ENOSPC)
		return error_errno(failed, fw->address, "asking the driver for its types");
	if (in.count > FRAMEWORK_MAX_TYPES || (in.count > room) != !!failed)
		return framework_nonsense(fw->address, "its number of types");
	*ret_count = in.count;
	return failed;
}

static int read_type(struct framework *fw, struct framework_type *type)
{
	struct nvvgpu_ioctl_type in = { .size = sizeof(in), .id = type->id };
	int err = ask(fw, NVVGPU_IOCTL_TYPE_GET, &in, "asking the driver for a type");

	if (err)
		return err;
	*type = (struct framework_type){
		.id = type->id,
		.max_instances = in.max_instances,
		.heads = in.heads,
		.max_width = in.max_width,
		.max_height = in.max_height,
		.frame_rate_limit = in.frame_rate_limit,
		.framebuffer_bytes = in.profile_bytes,
	};
	text_from_array(type->name, sizeof(type->name), in.name, sizeof(in.name));
	text_from_array(type->class_name, sizeof(type->class_name), in.class_name,
			sizeof(in.class_name));
	return 0;
}

static bool types_match(const struct framework_types *types, const struct framework_state *states,
			uint32_t count)
{
	if (!types || types->count != count)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (types->ids[i] != states[i].id)
			return false;
	return true;
}

static int read_types(struct framework *fw, const struct framework_state *states, uint32_t count,
		      struct framework_types **ret)
{
	struct framework_types *types;
	int err = 0;

	for (uint32_t i = 1; i < count; i++)
		if (states[i].id <= states[i - 1].id)
			return framework_nonsense(fw->address, "types out of order");
	types = framework_types_new(states, count);
	if (!types)
		return error_nomem();
	for (uint32_t i = 0; !err && i < count; i++)
		err = read_type(fw, &types->types[i]);
	if (err)
		framework_types_unref(types);
	else
		*ret = types;
	return err;
}

/* Who is just taking a reference may still look at the older ones, so they stay until close. */
static void cache_types(struct framework *fw, struct framework_types *types)
{
	struct nvvgpu_framework_gpu *gpu = own(fw);

	pthread_mutex_lock(&gpu->lock);
	types->older = atomic_load_explicit(&gpu->types, memory_order_relaxed);
	atomic_store_explicit(&gpu->types, framework_types_ref(types), memory_order_release);
	pthread_mutex_unlock(&gpu->lock);
}

static void forget_types(struct framework_types *types)
{
	while (types) {
		struct framework_types *older = types->older;

		framework_types_unref(types);
		types = older;
	}
}

/* The types that the states are of; what a type is never changes, so it is asked for once. */
static int types_of(struct framework *fw, const struct framework_state *states, uint32_t count,
		    struct framework_types **ret)
{
	struct framework_types *types;
	int err;

	types = atomic_load_explicit(&own(fw)->types, memory_order_acquire);
	if (types_match(types, states, count)) {
		*ret = framework_types_ref(types);
		return 0;
	}
	err = read_types(fw, states, count, &types);
	if (err)
		return err;
	cache_types(fw, types);
	*ret = types;
	return 0;
}

static int fw_type_states(struct framework *fw, struct framework_state *states, uint32_t room,
			  uint32_t *ret_count, struct framework_types **ret_types)
{
	int err = read_states(fw, states, room, ret_count);

	return err ? err : types_of(fw, states, *ret_count, ret_types);
}

static int refresh_types(struct framework *fw, struct framework_types **ret)
{
	struct framework_state states[FRAMEWORK_MAX_TYPES];
	uint32_t count = 0;
	int err = read_states(fw, states, FRAMEWORK_MAX_TYPES, &count);

	return err ? err : types_of(fw, states, count, ret);
}

static int fw_types(struct framework *fw, struct framework_types **ret)
{
	struct framework_types *types;

	types = atomic_load_explicit(&own(fw)->types, memory_order_acquire);
	if (!types)
		return refresh_types(fw, ret);
	*ret = framework_types_ref(types);
	return 0;
}

static int fw_placements(struct framework *fw, const struct framework_type *type,
			 enum nvvgpu_placement_set which, uint32_t *ids, size_t capacity,
			 size_t *ret_count, uint32_t *ret_length)
{
	uint32_t raw[MAX_PLACEMENTS];
	struct nvvgpu_ioctl_placements in = {
		.size = sizeof(in),
		.type_id = type->id,
		.which = which == NVVGPU_PLACEMENT_CREATABLE ? NVVGPU_PLACEMENTS_CREATABLE :
							       NVVGPU_PLACEMENTS_SUPPORTED,
		.count = MAX_PLACEMENTS,
		.ids = (uintptr_t)raw,
	};
	int failed, err = request(fw, false, NVVGPU_IOCTL_PLACEMENTS, &in, &failed);

	if (err)
		return err;
	if (failed == -EOPNOTSUPP)
		return error_set(failed, NVVGPU_REASON_NOT_SUPPORTED, fw->address,
				 "this board does not use placement ids", "");
	if (failed)
		return error_errno(failed, fw->address, "asking the driver for placement ids");
	if (in.count > MAX_PLACEMENTS)
		return framework_nonsense(fw->address,
					  "more placement ids than it was given room for");
	for (size_t i = 0; i < in.count && i < capacity; i++)
		ids[i] = raw[i];
	*ret_count = in.count;
	if (ret_length)
		*ret_length = in.length;
	return 0;
}

/* --------------------------------------------------------------------- VFs */

static int vf_of_slot(struct framework *fw, uint32_t slot, char vf[PCI_ADDRESS_LEN])
{
	struct vf found;
	int err = vf_read(fw->os, fw->address, slot, &found);

	text_copy(vf, PCI_ADDRESS_LEN, err ? "" : found.address);
	if (err == -EIO)
		return framework_nonsense(fw->address, "a virtual function without an address");
	if (err && err != -ENOENT)
		return error_errno(err, fw->address, "finding a virtual function");
	return 0;
}

static int slot_of_vf(struct framework *fw, const char *vf, uint32_t *ret)
{
	__cleanup_free struct vf *vfs = NULL;
	size_t count;
	int err = vfs_read(fw->os, fw->address, &vfs, &count);

	if (err)
		return error_errno(err, fw->address, "listing the virtual functions");
	for (size_t i = 0; i < count; i++)
		if (!strcmp(vfs[i].address, vf)) {
			*ret = vfs[i].index;
			return 0;
		}
	return error_setf(EINVAL, NVVGPU_REASON_NOT_FOUND, vf, "name an enabled virtual function of "
			  "the GPU, or leave the choice to the driver",
			  "it is not an enabled virtual function of %s", fw->address);
}

/* -------------------------------------------------------------------- vGPUs */

static enum nvvgpu_vgpu_state state_value(uint32_t state)
{
	switch (state) {
	case NVVGPU_STATE_ASSIGNED:
		return NVVGPU_VGPU_ASSIGNED;
	case NVVGPU_STATE_RUNNING:
		return NVVGPU_VGPU_RUNNING;
	case NVVGPU_STATE_STOPPED:
		return NVVGPU_VGPU_STOPPED;
	case NVVGPU_STATE_FAILED:
		return NVVGPU_VGPU_FAILED;
	default:
		return NVVGPU_VGPU_UNKNOWN;
	}
}

/* A type that was added after the types were asked for makes them be asked for again. */
static int name_type(struct framework *fw, struct framework_vgpu *vgpu)
{
	const struct framework_type *type;
	struct framework_types *types;
	int err = fw_types(fw, &types);

	if (err)
		return err;
	type = framework_types_find(types, vgpu->type_id);
	if (!type) {
		framework_types_unref(types);
		err = refresh_types(fw, &types);
		if (err)
			return err;
		type = framework_types_find(types, vgpu->type_id);
	}
	if (type) {
		text_copy(vgpu->type_name, sizeof(vgpu->type_name), type->name);
		vgpu->framebuffer_bytes = type->framebuffer_bytes;
	}
	framework_types_unref(types);
	return type ? 0 : framework_nonsense(fw->address, "a vGPU of a type that does not exist");
}

static int vgpu_from_uapi(struct framework *fw, const struct nvvgpu_vgpu_info *from,
			  struct framework_vgpu *vgpu)
{
	int err;

	*vgpu = (struct framework_vgpu){
		.id = from->id,
		.slot = from->slot,
		.state = state_value(from->state),
		.type_id = from->type_id,
		.has_placement = from->placement != NVVGPU_PLACEMENT_NONE,
		.placement = from->placement,
	};
	memcpy(vgpu->uuid, from->uuid, sizeof(vgpu->uuid));
	text_from_array(vgpu->owner, sizeof(vgpu->owner), from->owner, sizeof(from->owner));
	err = name_type(fw, vgpu);
	return err ? err : vf_of_slot(fw, vgpu->slot, vgpu->vf);
}

/* *ret is to be freed, NULL when there are none */
static int read_vgpus(struct framework *fw, struct nvvgpu_vgpu_info **ret, uint32_t *ret_count)
{
	uint32_t room = NVVGPU_MAX_VGPUS;

	for (int i = 0; i < LIST_TRIES && room <= MAX_VGPUS_BELIEVED; i++) {
		struct nvvgpu_vgpu_info *infos = calloc(room, sizeof(*infos));
		struct nvvgpu_ioctl_vgpu_list in = {
			.size = sizeof(in),
			.count = room,
			.infos = (uintptr_t)infos,
		};
		int failed, err;

		if (!infos)
			return error_nomem();
		err = request(fw, false, NVVGPU_IOCTL_VGPU_LIST, &in, &failed);
		if (!err && !failed && in.count <= room) {
			*ret = infos;
			*ret_count = in.count;
			return 0;
		}
		free(infos);
		if (err)
			return err;
		if (failed != -ENOSPC)
			return failed ? error_errno(failed, fw->address, "listing the vGPUs") :
					framework_nonsense(fw->address, "more vGPUs than it was "
							   "given room for");
		room = in.count > room ? in.count : room * 2;
	}
	return framework_nonsense(fw->address, "its number of vGPUs");
}

static int fw_vgpu_list(struct framework *fw, struct framework_vgpu **ret, size_t *ret_count)
{
	__cleanup_free struct nvvgpu_vgpu_info *infos = NULL;
	__cleanup_free struct framework_vgpu *vgpus = NULL;
	uint32_t count = 0;
	int err;

	err = read_vgpus(fw, &infos, &count);
	if (err)
		return err;
	vgpus = calloc(count ? count : 1, sizeof(*vgpus));
	if (!vgpus)
		return error_nomem();
	for (uint32_t i = 0; i < count; i++) {
		err = vgpu_from_uapi(fw, &infos[i], &vgpus[i]);
		if (err)
			return err;
	}
	*ret = take_ptr(vgpus);
	*ret_count = count;
	return 0;
}

/* -ENODEV, without a last error, when that vGPU is gone; its number may be another's by now */
static int get_vgpu(struct framework *fw, const struct framework_vgpu *vgpu,
		    struct nvvgpu_vgpu_info *ret)
{
	struct nvvgpu_ioctl_vgpu_get in = { .size = sizeof(in), .id = vgpu->id };
	int failed, err = request(fw, false, NVVGPU_IOCTL_VGPU_GET, &in, &failed);

	if (err)
		return err;
	if (!failed && memcmp(in.info.uuid, vgpu->uuid, sizeof(vgpu->uuid)))
		failed = -ENODEV;
	if (failed && failed != -ENODEV)
		return error_errno(failed, fw->address, "asking for the state of a vGPU");
	if (!failed)
		*ret = in.info;
	return failed;
}

static int fw_get_state(struct framework *fw, const struct framework_vgpu *vgpu,
			enum nvvgpu_vgpu_state *ret)
{
	struct nvvgpu_vgpu_info info;
	int err = get_vgpu(fw, vgpu, &info);

	if (err)
		return err == -ENODEV ? framework_fail_gone(vgpu) : err;
	*ret = state_value(info.state);
	return 0;
}

/* All or nothing: what cannot be described is not left behind. */
static void take_back(struct framework *fw, uint32_t id)
{
	struct nvvgpu_ioctl_destroy in = { .size = sizeof(in), .id = id };
	struct os_file *file = NULL;

	if (!control(fw, true, &file))
		os_file_ioctl(file, NVVGPU_IOCTL_DESTROY, &in);
}

static int fw_create(struct framework *fw, const struct framework_request *wanted,
		     struct framework_vgpu *ret)
{
	struct nvvgpu_ioctl_create in = {
		.size = sizeof(in),
		.type_id = wanted->type->id,
		.slot = NVVGPU_SLOT_ANY,
		.placement = wanted->has_placement ? wanted->placement : NVVGPU_PLACEMENT_ANY,
		.params_len = strlen(wanted->params),
		.params = (uintptr_t)wanted->params,
	};
	int failed, err = 0;

	memcpy(in.uuid, wanted->uuid, sizeof(in.uuid));
	text_copy(in.owner, sizeof(in.owner), wanted->owner);
	if (wanted->vf)
		err = slot_of_vf(fw, wanted->vf, &in.slot);
	if (!err)
		err = request(fw, true, NVVGPU_IOCTL_CREATE, &in, &failed);
	if (err)
		return err;
	if (failed)
		return fail_why(fw->address, failed, in.why, in.why_detail, "creating a vGPU");
	err = vgpu_from_uapi(fw, &in.info, ret);
	if (err)
		take_back(fw, in.info.id);
	return err;
}

static int fw_destroy(struct framework *fw, const struct framework_vgpu *vgpu,
		      bool *ret_destroyed)
{
	struct nvvgpu_ioctl_destroy in = { .size = sizeof(in), .id = vgpu->id };
	struct nvvgpu_vgpu_info info;
	char uuid[37];
	int failed, err = get_vgpu(fw, vgpu, &info);

	*ret_destroyed = false;
	if (err)
		return err == -ENODEV ? 0 : err;
	err = request(fw, true, NVVGPU_IOCTL_DESTROY, &in, &failed);
	if (err || !failed || failed == -ENODEV) {
		*ret_destroyed = !err && !failed;
		return err;
	}
	uuid_format(vgpu->uuid, uuid);
	return fail_why(uuid, failed, in.why, 0, "destroying the vGPU");
}

static int fw_get_params(struct framework *fw, const struct framework_vgpu *vgpu, char **ret)
{
	char params[NVVGPU_PARAMS_LEN] = "";
	struct nvvgpu_ioctl_params in = {
		.size = sizeof(in),
		.id = vgpu->id,
		.len = sizeof(params),
		.params = (uintptr_t)params,
	};
	struct nvvgpu_vgpu_info info;
	int failed, err = get_vgpu(fw, vgpu, &info);

	if (!err)
		err = request(fw, false, NVVGPU_IOCTL_PARAMS, &in, &failed);
	if (err)
		return err == -ENODEV ? framework_fail_gone(vgpu) : err;
	if (failed)
		return failed == -ENODEV ? framework_fail_gone(vgpu) :
		       error_errno(failed, fw->address, "reading the parameters of a vGPU");
	if (in.len >= sizeof(params))
		return framework_nonsense(fw->address, "parameters longer than the room for them");
	params[in.len] = '\0';
	text_sanitize(params);
	*ret = strdup(params);
	return *ret ? 0 : error_nomem();
}

static int fw_set_params(struct framework *fw, const struct framework_vgpu *vgpu,
			 const char *params)
{
	struct nvvgpu_ioctl_params in = {
		.size = sizeof(in),
		.flags = NVVGPU_PARAMS_SET,
		.id = vgpu->id,
		.len = strlen(params),
		.params = (uintptr_t)params,
	};
	struct nvvgpu_vgpu_info info;
	char uuid[37];
	int failed, err = get_vgpu(fw, vgpu, &info);

	if (!err)
		err = request(fw, true, NVVGPU_IOCTL_PARAMS, &in, &failed);
	if (err)
		return err == -ENODEV ? framework_fail_gone(vgpu) : err;
	if (!failed || failed == -ENODEV)
		return failed ? framework_fail_gone(vgpu) : 0;
	uuid_format(vgpu->uuid, uuid);
	if (in.why == NVVGPU_WHY_PARAMS)
		return error_set(failed, NVVGPU_REASON_PARAMS, uuid, "the parameters are malformed",
				 reason_next_step(NVVGPU_REASON_PARAMS));
	return fail_why(uuid, failed, in.why, 0, "setting the parameters");
}

/* --------------------------------------------------------------------- VFIO */

static int fw_vfio_name(struct framework *fw, const struct framework_vgpu *vgpu, char *buf,
			size_t size)
{
	char uuid[37];

	uuid_format(vgpu->uuid, uuid);
	if (vgpu->vf[0])
		snprintf(buf, size, "/sys/bus/pci/devices/%s", vgpu->vf);
	else
		snprintf(buf, size, "/sys/bus/mdev/devices/%s", uuid);
	return 0;
}

/* Without SR-IOV: as the slot of the GPU where the host knows such, else as an mdev. */
static int open_slot(struct framework *fw, const struct framework_vgpu *vgpu, struct os_file **ret)
{
	char name[PCI_ADDRESS_LEN + 16], uuid[37];
	int err;

	snprintf(name, sizeof(name), "%s#%u", fw->address, vgpu->slot);
	err = fw->os->ops->vfio_open(fw->os, name, ret);
	if (err != -ENODEV)
		return err;
	uuid_format(vgpu->uuid, uuid);
	return fw->os->ops->vfio_open(fw->os, uuid, ret);
}

static int fw_vfio_open(struct framework *fw, const struct framework_vgpu *vgpu,
			struct os_file **ret)
{
	char uuid[37];
	int err = vgpu->vf[0] ? fw->os->ops->vfio_open(fw->os, vgpu->vf, ret) :
				open_slot(fw, vgpu, ret);

	if (!err)
		return 0;
	uuid_format(vgpu->uuid, uuid);
	if (err == -EBUSY)
		return error_set(err, NVVGPU_REASON_IN_USE, uuid, "its VFIO device is open already",
				 "stop the virtual machine that uses it");
	return error_errno(err, uuid, "opening its VFIO device");
}

static int fw_control_open(struct framework *fw, struct os_file **ret)
{
	int err = fw->os->ops->control_open(fw->os, fw->address, false, ret);

	return err ? error_errno(err, fw->address, "opening the control device") : 0;
}

/* ---------------------------------------------------------- coming and going */

static void fw_close(struct framework *fw)
{
	struct nvvgpu_framework_gpu *gpu = own(fw);

	os_file_close(atomic_load(&gpu->reader));
	os_file_close(atomic_load(&gpu->writer));
	forget_types(atomic_load(&gpu->types));
	pthread_mutex_destroy(&gpu->lock);
	free(gpu);
}

/*
 * A control device is the sign.  One that may not be opened is one too: the
 * GPU is shown, and each later call says that access is missing.
 */
static int fw_probe(struct candidate *candidate, struct framework **ret)
{
	const char *address = candidate->address;
	struct os *os = candidate->os;
	struct nvvgpu_framework_gpu *gpu;
	struct os_file *reader = NULL;
	struct framework_info info;
	int err;

	err = os->ops->control_open(os, address, false, &reader);
	if (err == -ENOENT || err == -ENODEV || err == -ENXIO)
		return -ENODEV;
	if (err && err != -EACCES && err != -EPERM)
		return error_errno(err, address, "opening the control device");
	gpu = calloc(1, sizeof(*gpu));
	if (!gpu) {
		os_file_close(reader);
		return error_nomem();
	}
	framework_init(&gpu->base, &framework_nvvgpu, os, address);
	framework_evidence(&gpu->base, "its control device /dev/nvvgpu/%s %s", address,
			   reader ? "answers" : "is there, but may not be opened");
	pthread_mutex_init(&gpu->lock, NULL);
	atomic_init(&gpu->reader, reader);
	atomic_init(&gpu->writer, NULL);
	atomic_init(&gpu->types, NULL);
	err = reader ? fw_info(&gpu->base, &info) : 0;
	if (err) {
		fw_close(&gpu->base);
		return err == -ENODEV ? -EIO : err;
	}
	*ret = &gpu->base;
	return 0;
}

static int fw_look(struct framework *fw, bool vgpus, struct framework_look *ret)
{
	struct framework_state states[FRAMEWORK_MAX_TYPES];
	struct framework_look look = { .vgpus = NULL };
	uint32_t count = 0;
	int err = read_states(fw, states, FRAMEWORK_MAX_TYPES, &count);

	if (!err)
		err = framework_look_at_states(&look, states, count);
	if (!err && vgpus)
		err = fw_vgpu_list(fw, &look.vgpus, &look.vgpu_count);
	if (err)
		framework_look_fini(&look);
	else
		*ret = look;
	return err;
}

const struct framework_ops framework_nvvgpu = {
	.id = NVVGPU_FRAMEWORK_NVVGPU,
	.name = "nvvgpu",
	.help = "this project's driver, by the ioctls of /dev/nvvgpu/<address>",
	.probe = fw_probe,
	.close = fw_close,
	.control_open = fw_control_open,
	.create = fw_create,
	.destroy = fw_destroy,
	.get_mode = fw_get_mode,
	.get_params = fw_get_params,
	.get_state = fw_get_state,
	.info = fw_info,
	.look = fw_look,
	.placements = fw_placements,
	.set_mixed_size = fw_set_mixed_size,
	.set_params = fw_set_params,
	.statistic = fw_statistic,
	.type_states = fw_type_states,
	.types = fw_types,
	.vfio_name = fw_vfio_name,
	.vfio_open = fw_vfio_open,
	.vgpu_list = fw_vgpu_list,
};
