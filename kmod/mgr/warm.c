// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Warm update: the manager's state as an image that another build can take back.
 *
 * Little endian, no padding.  Header: magic, format, length of the whole, CRC-32
 * (crc32_le, seed all-ones) of all but itself.  Body: the board it is for, the
 * rules, types, vGPUs, events.  One function per object names its members in
 * order and serves both directions, so they cannot drift apart.
 *
 * A checksum proves no good will: what an image says is checked like a request.
 */
#include "internal.h"

#define WARM_MAGIC	0x4d5241574756564eULL	/* "NVVGWARM" in memory */
#define WARM_FORMAT	1
#define HEADER_BYTES	20
#define CRC_OFFSET	16

/* More than any image needs: every member has at most its room in memory plus a length. */
#define IMAGE_ROOM	(4096 + NVVGPU_MAX_TYPES * (sizeof(struct nvvgpu_type_desc) + 32) +	\
			 NVVGPU_MAX_VGPUS * sizeof(struct warm_vgpu) +				\
			 MGR_EVENTS * sizeof(struct nvvgpu_event_record))

struct warm_vgpu {
	u32 id;
	u32 type_id;
	u64 address;
	struct mgr_plan plan;
	u8 uuid[NVVGPU_UUID_LEN];
	char owner[NVVGPU_OWNER_LEN];
	char params[NVVGPU_PARAMS_LEN];
};

struct warm_board {
	u16 vendor_id, device_id, subsystem_vendor_id, subsystem_device_id;
	u64 guest_fb_base, guest_fb_bytes, vmmu_segment_bytes;
	u32 channels_total, channels_host;
	u32 slots, placement_units;
};

struct warm_image {
	u64 magic;
	u32 format, length, crc;
	struct warm_board board;
	u32 mode, slots_enabled, last_id;
	u64 next_sequence;
	struct mgr_counters counters;
	u32 type_count, vgpu_count, event_count;
	struct nvvgpu_type_desc types[NVVGPU_MAX_TYPES];
	struct warm_vgpu vgpus[NVVGPU_MAX_VGPUS];
	struct nvvgpu_event_record events[MGR_EVENTS];
};

static_assert(IMAGE_ROOM <= NVVGPU_MAX_WARM_STATE, "callers may cap images there");

/* --------------------------------------------------------------- serialisation */

struct stream {
	u8 *at;
	u8 *end;
	bool reading;
	bool bad;		/* ran out of bytes, or a value no image has */
};

static u8 *advance(struct stream *s, size_t len)
{
	u8 *at = s->at;

	if (s->bad || (size_t)(s->end - at) < len) {
		s->bad = true;
		return NULL;
	}
	s->at += len;
	return at;
}

static void bytes(struct stream *s, void *value, size_t len)
{
	u8 *at = advance(s, len);

	if (at && s->reading)
		memcpy(value, at, len);
	else if (at)
		memcpy(at, value, len);
}

static void u16_field(struct stream *s, u16 *value)
{
	u8 *at = advance(s, sizeof(*value));

	if (at && s->reading)
		*value = get_unaligned_le16(at);
	else if (at)
		put_unaligned_le16(*value, at);
}

static void u32_field(struct stream *s, u32 *value)
{
	u8 *at = advance(s, sizeof(*value));

	if (at && s->reading)
		*value = get_unaligned_le32(at);
	else if (at)
		put_unaligned_le32(*value, at);
}

static void u64_field(struct stream *s, u64 *value)
{
	u8 *at = advance(s, sizeof(*value));

	if (at && s->reading)
		*value = get_unaligned_le64(at);
	else if (at)
		put_unaligned_le64(*value, at);
}

/* A length below the room, then that many bytes, none of them NUL. */
static void text_field(struct stream *s, char *text, u32 room)
{
	u32 len = s->reading ? 0 : strnlen(text, room - 1);

	u32_field(s, &len);
	if (len >= room)
		s->bad = true;
	bytes(s, text, s->bad ? 0 : len);
	if (s->reading && !s->bad) {
		memset(text + len, 0, room - len);
		s->bad = strlen(text) != len;
	}
}

static void count_field(struct stream *s, u32 *count, u32 max)
{
	u32_field(s, count);
	if (*count > max)
		s->bad = true;
	if (s->bad)
		*count = 0;
}

static void header_fields(struct stream *s, struct warm_image *image)
{
	u64_field(s, &image->magic);
	u32_field(s, &image->format);
	u32_field(s, &image->length);
	u32_field(s, &image->crc);
}

static void board_fields(struct stream *s, struct warm_board *board)
{
	u16_field(s, &board->vendor_id);
	u16_field(s, &board->device_id);
	u16_field(s, &board->subsystem_vendor_id);
	u16_field(s, &board->subsystem_device_id);
	u64_field(s, &board->guest_fb_base);
	u64_field(s, &board->guest_fb_bytes);
	u64_field(s, &board->vmmu_segment_bytes);
	u32_field(s, &board->channels_total);
	u32_field(s, &board->channels_host);
	u32_field(s, &board->slots);
	u32_field(s, &board->placement_units);
}

static void type_fields(struct stream *s, struct nvvgpu_type_desc *type)
{
	u32_field(s, &type->id);
	text_field(s, type->name, sizeof(type->name));
	text_field(s, type->class_name, sizeof(type->class_name));
	text_field(s, type->license, sizeof(type->license));
	u32_field(s, &type->max_instances);
	u32_field(s, &type->heads);
	u32_field(s, &type->max_width);
	u32_field(s, &type->max_height);
	u64_field(s, &type->max_pixels);
	u32_field(s, &type->frame_rate_limit);
	u32_field(s, &type->cuda_enabled);
	u32_field(s, &type->ecc_supported);
	u32_field(s, &type->multi_vgpu_exclusive);
	u32_field(s, &type->frl_enabled);
	u32_field(s, &type->vdev_id);
	u32_field(s, &type->pdev_id);
	u64_field(s, &type->profile_bytes);
	u64_field(s, &type->framebuffer_bytes);
	u64_field(s, &type->reservation_bytes);
	u64_field(s, &type->gsp_heap_bytes);
	u64_field(s, &type->mappable_video_bytes);
	u32_field(s, &type->encoder_capacity);
	u32_field(s, &type->bar1_mib);
}

static void vgpu_fields(struct stream *s, struct warm_vgpu *vgpu)
{
	u32_field(s, &vgpu->id);
	u32_field(s, &vgpu->type_id);
	u32_field(s, &vgpu->plan.slot);
	u32_field(s, &vgpu->plan.placement);
	u64_field(s, &vgpu->address);
	u32_field(s, &vgpu->plan.channel_first);
	u32_field(s, &vgpu->plan.channel_count);
	bytes(s, vgpu->uuid, sizeof(vgpu->uuid));
	text_field(s, vgpu->owner, sizeof(vgpu->owner));
	text_field(s, vgpu->params, sizeof(vgpu->params));
}

static void event_fields(struct stream *s, struct nvvgpu_event_record *event)
{
	u64 sequence = event->sequence, time_ns = event->time_ns, value = event->value;

	u64_field(s, &sequence);
	u64_field(s, &time_ns);
	u32_field(s, &event->kind);
	u32_field(s, &event->vgpu_id);
	u32_field(s, &event->slot);
	u32_field(s, &event->type_id);
	u64_field(s, &value);
	bytes(s, event->uuid, sizeof(event->uuid));
	event->sequence = sequence;	/* __aligned_u64 is not everywhere a u64 */
	event->time_ns = time_ns;
	event->value = value;
}

static void image_fields(struct stream *s, struct warm_image *image)
{
	u32 i;

	header_fields(s, image);
	board_fields(s, &image->board);
	u32_field(s, &image->mode);
	u32_field(s, &image->slots_enabled);
	u32_field(s, &image->last_id);
	u64_field(s, &image->next_sequence);
	u64_field(s, &image->counters.created);
	u64_field(s, &image->counters.destroyed);
	u64_field(s, &image->counters.create_failed);
	u64_field(s, &image->counters.booted);
	u64_field(s, &image->counters.scrubbed_bytes);
	count_field(s, &image->type_count, NVVGPU_MAX_TYPES);
	for (i = 0; i < image->type_count; i++)
		type_fields(s, &image->types[i]);
	count_field(s, &image->vgpu_count, NVVGPU_MAX_VGPUS);
	for (i = 0; i < image->vgpu_count; i++)
		vgpu_fields(s, &image->vgpus[i]);
	count_field(s, &image->event_count, MGR_EVENTS);
	for (i = 0; i < image->event_count; i++)
		event_fields(s, &image->events[i]);
}

static u32 image_crc(const u8 *data, size_t len)
{
	u32 crc = crc32_le(~0U, data, CRC_OFFSET);

	return crc32_le(crc, data + HEADER_BYTES, len - HEADER_BYTES);
}

/* ------------------------------------------------------------------------ save */

static void describe_board(const struct nvvgpu_mgr *mgr, struct warm_board *board)
{
	*board = (struct warm_board){
		.vendor_id = mgr->info.vendor_id,
		.device_id = mgr->info.device_id,
		.subsystem_vendor_id = mgr->info.subsystem_vendor_id,
		.subsystem_device_id = mgr->info.subsystem_device_id,
		.guest_fb_base = mgr->info.guest_fb_base,
		.guest_fb_bytes = mgr->info.guest_fb_bytes,
		.vmmu_segment_bytes = mgr->info.vmmu_segment_bytes,
		.channels_total = mgr->info.channels_total,
		.channels_host = mgr->info.channels_host,
		.slots = mgr->config.slots,
		.placement_units = mgr->config.placement_units,
	};
}

static void describe_vgpu(const struct nvvgpu_mgr_vgpu *vgpu, struct warm_vgpu *ret)
{
	ret->id = vgpu->id;
	ret->type_id = vgpu->type.id;
	ret->plan = vgpu->plan;
	ret->address = mgr_plan_address(vgpu->mgr, &vgpu->plan);
	memcpy(ret->uuid, vgpu->uuid, sizeof(ret->uuid));
	memcpy(ret->owner, vgpu->owner, sizeof(ret->owner));
	memcpy(ret->params, vgpu->params, sizeof(ret->params));
}

/* "lock" held */
static void describe(const struct nvvgpu_mgr *mgr, struct warm_image *image)
{
	u64 sequence;
	u32 i;

	image->magic = WARM_MAGIC;
	image->format = WARM_FORMAT;
	describe_board(mgr, &image->board);
	image->mode = mgr->space.mode;
	image->slots_enabled = mgr->space.slots_enabled;
	image->last_id = mgr->last_id;
	image->next_sequence = mgr->next_sequence;
	image->counters = mgr->counters;
	image->type_count = mgr->types.count;
	for (i = 0; i < mgr->types.count; i++)
		image->types[i] = mgr->types.desc[i];
	for (i = 0; i < NVVGPU_MAX_VGPUS; i++)
		if (mgr->vgpus[i])
			describe_vgpu(mgr->vgpus[i], &image->vgpus[image->vgpu_count++]);
	for (sequence = mgr_event_oldest(mgr); sequence < mgr->next_sequence; sequence++)
		image->events[image->event_count++] = mgr->events[sequence % MGR_EVENTS];
}

static size_t write_image(struct warm_image *image, u8 *data, size_t room)
{
	struct stream s = { .at = data, .end = data + room };
	size_t len;

	image_fields(&s, image);
	if (WARN_ON_ONCE(s.bad))
		return 0;
	len = s.at - data;
	put_unaligned_le32(len, data + CRC_OFFSET - 4);
	put_unaligned_le32(image_crc(data, len), data + CRC_OFFSET);
	return len;
}

int mgr_warm_save(struct nvvgpu_mgr *mgr, u8 **ret, size_t *ret_len)
{
	struct warm_image *image;
	size_t len;
	u8 *data;

	image = kvzalloc(sizeof(*image), GFP_KERNEL);
	if (!image)
		return -ENOMEM;
	data = kvzalloc(IMAGE_ROOM, GFP_KERNEL);
	if (!data) {
		kvfree(image);
		return -ENOMEM;
	}
	mgr_change_begin(mgr);
	mutex_lock(&mgr->lock);
	describe(mgr, image);
	mutex_unlock(&mgr->lock);
	mgr_change_end(mgr);

	len = write_image(image, data, IMAGE_ROOM);
	kvfree(image);
	if (!len) {
		kvfree(data);
		return -EOVERFLOW;
	}
	*ret = data;
	*ret_len = len;
	return 0;
}

/* ------------------------------------------------------- restore: is it for us? */

static bool read_image(const u8 *data, size_t len, struct warm_image *image)
{
	struct stream s = { .at = (u8 *)data, .end = (u8 *)data + len, .reading = true };

	if (len < HEADER_BYTES || len > NVVGPU_MAX_WARM_STATE)
		return false;
	header_fields(&s, image);
	if (image->magic != WARM_MAGIC || image->format != WARM_FORMAT || image->length != len ||
	    image->crc != image_crc(data, len))
		return false;
	s.at = (u8 *)data;
	image_fields(&s, image);
	return !s.bad && s.at == s.end;
}

static bool board_fits(const struct nvvgpu_mgr *mgr, const struct warm_image *image)
{
	const struct warm_board *b = &image->board;

	if (b->vendor_id != mgr->info.vendor_id || b->device_id != mgr->info.device_id ||
	    b->subsystem_vendor_id != mgr->info.subsystem_vendor_id ||
	    b->subsystem_device_id != mgr->info.subsystem_device_id)
		return false;
	if (b->guest_fb_base != mgr->info.guest_fb_base ||
	    b->guest_fb_bytes != mgr->info.guest_fb_bytes ||
	    b->vmmu_segment_bytes != mgr->info.vmmu_segment_bytes)
		return false;
	return b->channels_total == mgr->info.channels_total &&
	       b->channels_host == mgr->info.channels_host && b->slots == mgr->config.slots &&
	       b->placement_units == mgr->config.placement_units;
}

static bool rules_fit(const struct nvvgpu_mgr *mgr, const struct warm_image *image)
{
	if (image->mode != NVVGPU_MODE_EQUAL_SIZE &&
	    (image->mode != NVVGPU_MODE_MIXED_SIZE || !mgr->config.mixed_size_capable))
		return false;
	/* who owns the VFs says how many there are, not an image */
	return image->slots_enabled == mgr->space.slots_enabled && image->last_id <= 0xffff;
}

static bool events_fit(const struct warm_image *image)
{
	u32 i;

	if (!image->next_sequence || image->next_sequence > S64_MAX ||
	    image->event_count != min_t(u64, image->next_sequence - 1, MGR_EVENTS))
		return false;
	for (i = 0; i < image->event_count; i++)
		if (image->events[i].sequence !=
		    image->next_sequence - image->event_count + i)
			return false;
	return true;
}

/* Unlike any vGPU before it, and well formed. */
static bool names_fit(const struct warm_image *image, u32 index)
{
	const struct warm_vgpu *vgpu = &image->vgpus[index];
	size_t offset;
	u32 i;

	if (!vgpu->id || vgpu->id > 0xffff || !memchr_inv(vgpu->uuid, 0, sizeof(vgpu->uuid)) ||
	    mgr_params_check(vgpu->params, strlen(vgpu->params), &offset))
		return false;
	for (i = 0; i < index; i++)
		if (image->vgpus[i].id == vgpu->id ||
		    !memcmp(image->vgpus[i].uuid, vgpu->uuid, sizeof(vgpu->uuid)))
			return false;
	return true;
}

/* The part of the plan that the image does not spell out. */
static bool complete_plan(const struct nvvgpu_mgr *mgr, const struct nvvgpu_type_desc *type,
			  struct warm_vgpu *vgpu)
{
	u64 placed = (u64)mgr_placement_length(type) * MGR_UNIT_BYTES;
	u64 offset = vgpu->address - mgr->info.guest_fb_base;

	if (vgpu->address < mgr->info.guest_fb_base || offset >= mgr->info.guest_fb_bytes ||
	    !IS_ALIGNED(offset, mgr->info.vmmu_segment_bytes))
		return false;
	vgpu->plan.segment_first = mgr_segments(mgr, offset);
	vgpu->plan.segment_count =
		vgpu->plan.placement == NVVGPU_PLACEMENT_NONE ?
			mgr_segments(mgr, type->profile_bytes) :
			mgr_segments(mgr, placed);
	return true;
}

/* Each vGPU of the image must be one that the rules would have allowed beside the others. */
static bool vgpus_fit(struct nvvgpu_mgr *mgr, struct warm_image *image,
		      const struct mgr_types *types)
{
	struct mgr_space *space = &mgr->trial;
	u32 i, j;

	*space = mgr->space;
	space->mode = image->mode;
	for (i = 0; i < image->vgpu_count; i++) {
		struct warm_vgpu *vgpu = &image->vgpus[i];
		const struct nvvgpu_type_desc *type = mgr_types_find(types, vgpu->type_id);
		u32 created = 0;

		for (j = 0; j < i; j++)
			created += image->vgpus[j].type_id == vgpu->type_id;
		if (!type || !names_fit(image, i) || !complete_plan(mgr, type, vgpu) ||
		    !mgr_plan_fits(mgr, space, type, created, &vgpu->plan))
			return false;
		mgr_space_take(space, type, &vgpu->plan);
	}
	return true;
}

/* *types: the image's registry */
static int check_image(struct nvvgpu_mgr *mgr, struct warm_image *image, struct mgr_types *types)
{
	const struct mgr_types none = {};
	bool fits;
	int err;

	if (!board_fits(mgr, image) || !rules_fit(mgr, image) || !events_fit(image))
		return -EBADMSG;
	err = mgr_types_merge(&none, image->types, image->type_count, types);
	if (err)
		return err == -ENOMEM ? err : -EBADMSG;
	mutex_lock(&mgr->lock);		/* for mgr->trial */
	fits = vgpus_fit(mgr, image, types);
	mutex_unlock(&mgr->lock);
	if (fits)
		return 0;
	mgr_types_free(types);
	return -EBADMSG;
}

/* -------------------------------------------------------- restore: all or nothing */

static int recreate(struct nvvgpu_mgr *mgr, const struct warm_vgpu *vgpu,
		    struct nvvgpu_mgr_vgpu **ret, struct mgr_why *why)
{
	struct mgr_request request = {
		.type_id = vgpu->type_id,
		.slot = vgpu->plan.slot,
		.placement = vgpu->plan.placement,
		.uuid = vgpu->uuid,
		.owner = vgpu->owner,
		.params = vgpu->params,
	};

	return mgr_vgpu_new(mgr, mgr_types_find(&mgr->types, vgpu->type_id), &vgpu->plan,
			    vgpu->id, &request, false, ret, why);
}

static int recreate_all(struct nvvgpu_mgr *mgr, const struct warm_image *image,
			struct nvvgpu_mgr_vgpu **vgpus, struct mgr_why *why)
{
	u32 i;
	int err;

	for (i = 0; i < image->vgpu_count; i++) {
		err = recreate(mgr, &image->vgpus[i], &vgpus[i], why);
		if (err)
			goto release;
	}
	return 0;

release:
	while (i--) {
		mgr_vgpu_release(vgpus[i], false);
		mgr_vgpu_free(vgpus[i]);
	}
	return err;
}

static void commit(struct nvvgpu_mgr *mgr, const struct warm_image *image,
		   struct nvvgpu_mgr_vgpu **vgpus)
{
	u32 i;

	mutex_lock(&mgr->lock);
	for (i = 0; i < image->vgpu_count; i++)
		mgr->vgpus[vgpus[i]->plan.slot] = vgpus[i];
	mgr->last_id = image->last_id;
	mgr->next_sequence = image->next_sequence;
	mgr->counters = image->counters;
	for (i = 0; i < image->event_count; i++)
		mgr->events[image->events[i].sequence % MGR_EVENTS] = image->events[i];
	mgr->states_valid = false;
	mgr->wake = true;
	mutex_unlock(&mgr->lock);
}

/* The firmware may know more types than the manager offers, so none need no upload. */
static int upload(struct nvvgpu_mgr *mgr, const struct mgr_types *types)
{
	return types->count ? mgr_types_upload(mgr, types) : 0;
}

/* *types: in the image's, out those that are not used any more */
static int apply(struct nvvgpu_mgr *mgr, const struct warm_image *image, struct mgr_types *types,
		 struct mgr_why *why)
{
	struct nvvgpu_mgr_vgpu *vgpus[NVVGPU_MAX_VGPUS];
	u32 old_mode = mgr->space.mode;
	int err;

	err = upload(mgr, types);
	if (err)
		return mgr_fail_core(mgr, why, err);
	mgr_types_swap(mgr, types);
	err = mgr_mode_apply(mgr, image->mode);
	if (err) {
		err = mgr_fail_core(mgr, why, err);
		goto undo_types;
	}
	err = recreate_all(mgr, image, vgpus, why);
	if (err)
		goto undo_mode;
	commit(mgr, image, vgpus);
	return 0;

undo_mode:
	if (mgr_mode_apply(mgr, old_mode))
		pr_warn("nvvgpu: warm restore: the former mode was refused\n");
undo_types:
	mgr_types_swap(mgr, types);
	if (upload(mgr, &mgr->types))
		pr_warn("nvvgpu: warm restore: the former types were refused\n");
	return err;
}

static int restore(struct nvvgpu_mgr *mgr, struct warm_image *image, struct mgr_why *why)
{
	struct mgr_types types;
	int err;

	if (mgr->space.live)
		return mgr_fail(why, NVVGPU_WHY_LIVE_VGPUS, mgr->space.live, -EBUSY);
	err = check_image(mgr, image, &types);
	if (err == -EBADMSG)
		return mgr_fail(why, NVVGPU_WHY_BAD_IMAGE, 0, err);
	if (err)
		return err;
	err = apply(mgr, image, &types, why);
	mgr_types_free(&types);
	return err;
}

int mgr_warm_restore(struct nvvgpu_mgr *mgr, const u8 *data, size_t len, struct mgr_why *why)
{
	struct warm_image *image;
	int err;

	image = kvzalloc(sizeof(*image), GFP_KERNEL);
	if (!image)
		return -ENOMEM;
	if (read_image(data, len, image)) {
		mgr_change_begin(mgr);
		err = restore(mgr, image, why);
		mgr_change_end(mgr);
	} else {
		err = mgr_fail(why, NVVGPU_WHY_BAD_IMAGE, 0, -EBADMSG);
	}
	kvfree(image);
	return err;
}
