// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* The registry of vGPU types: what may enter, and the upload to the firmware. */
#include "internal.h"

/* Nothing hidden behind the NUL; text without one stays as it is and is refused later. */
static void copy_text(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size);

	memcpy(to, from, len);
	memset(to + len, 0, size - len);
}

#define COPY_TEXT(to, from)						\
	do {								\
		static_assert(sizeof(to) == sizeof(from), "same room");	\
		copy_text(to, from, sizeof(to));			\
	} while (0)

void mgr_type_from_ioctl(struct nvvgpu_type_desc *desc, const struct nvvgpu_ioctl_type *type)
{
	memset(desc, 0, sizeof(*desc));
	desc->id = type->id;
	desc->max_instances = type->max_instances;
	desc->heads = type->heads;
	desc->max_width = type->max_width;
	desc->max_height = type->max_height;
	desc->frame_rate_limit = type->frame_rate_limit;
	desc->max_pixels = type->max_pixels;
	desc->profile_bytes = type->profile_bytes;
	desc->framebuffer_bytes = type->framebuffer_bytes;
	desc->reservation_bytes = type->reservation_bytes;
	desc->gsp_heap_bytes = type->gsp_heap_bytes;
	desc->mappable_video_bytes = type->mappable_video_bytes;
	desc->bar1_mib = type->bar1_mib;
	desc->encoder_capacity = type->encoder_capacity;
	desc->vdev_id = type->vdev_id;
	desc->pdev_id = type->pdev_id;
	desc->cuda_enabled = type->cuda_enabled;
	desc->ecc_supported = type->ecc_supported;
	desc->multi_vgpu_exclusive = type->multi_vgpu_exclusive;
	desc->frl_enabled = type->frl_enabled;
	COPY_TEXT(desc->name, type->name);
	COPY_TEXT(desc->class_name, type->class_name);
	COPY_TEXT(desc->license, type->license);
}

void mgr_type_to_ioctl(struct nvvgpu_ioctl_type *type, const struct nvvgpu_type_desc *desc)
{
	type->id = desc->id;
	type->max_instances = desc->max_instances;
	type->heads = desc->heads;
	type->max_width = desc->max_width;
	type->max_height = desc->max_height;
	type->frame_rate_limit = desc->frame_rate_limit;
	type->max_pixels = desc->max_pixels;
	type->profile_bytes = desc->profile_bytes;
	type->framebuffer_bytes = desc->framebuffer_bytes;
	type->reservation_bytes = desc->reservation_bytes;
	type->gsp_heap_bytes = desc->gsp_heap_bytes;
	type->mappable_video_bytes = desc->mappable_video_bytes;
	type->bar1_mib = desc->bar1_mib;
	type->encoder_capacity = desc->encoder_capacity;
	type->vdev_id = desc->vdev_id;
	type->pdev_id = desc->pdev_id;
	type->cuda_enabled = desc->cuda_enabled;
	type->ecc_supported = desc->ecc_supported;
	type->multi_vgpu_exclusive = desc->multi_vgpu_exclusive;
	type->frl_enabled = desc->frl_enabled;
	COPY_TEXT(type->name, desc->name);
	COPY_TEXT(type->class_name, desc->class_name);
	COPY_TEXT(type->license, desc->license);
}

static bool text_ok(const char *text, size_t size, bool may_be_empty)
{
	size_t len = strnlen(text, size);
	size_t i;

	if (len == size || (!len && !may_be_empty))
		return false;
	for (i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	return true;
}

/* Sizes stay below what sums and roundings could overflow. */
static bool size_ok(u64 bytes)
{
	return bytes && bytes <= (u64)MGR_SEGMENTS_MAX * SZ_1G;
}

int mgr_type_check(const struct nvvgpu_type_desc *desc)
{
	if (!text_ok(desc->name, sizeof(desc->name), false) ||
	    !text_ok(desc->class_name, sizeof(desc->class_name), false) ||
	    !text_ok(desc->license, sizeof(desc->license), true))
		return -EINVAL;
	if (!desc->id || !desc->max_instances || desc->max_instances > NVVGPU_MAX_VGPUS)
		return -EINVAL;
	if (!size_ok(desc->profile_bytes) || !size_ok(desc->framebuffer_bytes) ||
	    !size_ok(desc->gsp_heap_bytes))
		return -EINVAL;
	if (!is_power_of_2(desc->bar1_mib))
		return -EINVAL;
	if (desc->framebuffer_bytes > desc->profile_bytes ||
	    desc->profile_bytes - desc->framebuffer_bytes != desc->reservation_bytes)
		return -EINVAL;
	return 0;
}

const struct nvvgpu_type_desc *mgr_types_find(const struct mgr_types *types, u32 id)
{
	u32 i;

	for (i = 0; i < types->count; i++)
		if (types->desc[i].id == id)
			return &types->desc[i];
	return NULL;
}

/* Keeps the order by id; the room has been made. */
static int insert(struct mgr_types *types, const struct nvvgpu_type_desc *desc)
{
	u32 at = types->count;

	if (mgr_types_find(types, desc->id))
		return -EEXIST;
	while (at > 0 && types->desc[at - 1].id > desc->id) {
		types->desc[at] = types->desc[at - 1];
		at--;
	}
	types->desc[at] = *desc;
	types->count++;
	return 0;
}

int mgr_types_merge(const struct mgr_types *old, const struct nvvgpu_type_desc *added, u32 count,
		    struct mgr_types *ret)
{
	struct mgr_types types = {};
	u32 i;
	int err;

	if (count > NVVGPU_MAX_TYPES - old->count)
		return -ENOSPC;
	if (!old->count && !count) {
		*ret = types;
		return 0;
	}
	types.desc = kvcalloc(old->count + count, sizeof(*types.desc), GFP_KERNEL);
	if (!types.desc)
		return -ENOMEM;
	for (i = 0; i < old->count; i++)
		types.desc[i] = old->desc[i];
	types.count = old->count;

	for (i = 0; i < count; i++) {
		err = mgr_type_check(&added[i]);
		if (!err)
			err = insert(&types, &added[i]);
		if (err)
			goto free_types;
	}
	*ret = types;
	return 0;

free_types:
	mgr_types_free(&types);
	return err;
}

void mgr_types_free(struct mgr_types *types)
{
	kvfree(types->desc);
	types->desc = NULL;
	types->count = 0;
}

int mgr_types_upload(struct nvvgpu_mgr *mgr, const struct mgr_types *types)
{
	return mgr->ops.types_upload(mgr->core, mgr->client, types->desc, types->count);
}

void mgr_types_swap(struct nvvgpu_mgr *mgr, struct mgr_types *types)
{
	struct mgr_types old;

	mutex_lock(&mgr->lock);
	old = mgr->types;
	mgr->types = *types;
	mgr->states_valid = false;
	mutex_unlock(&mgr->lock);
	*types = old;
}

int nvvgpu_mgr_types_add(struct nvvgpu_mgr *mgr, const struct nvvgpu_type_desc *types, u32 count)
{
	struct mgr_types merged;
	int err;

	if (!count)
		return -EINVAL;
	mgr_change_begin(mgr);
	err = mgr_types_merge(&mgr->types, types, count, &merged);
	if (err)
		goto out;
	err = mgr_types_upload(mgr, &merged);
	if (!err)
		mgr_types_swap(mgr, &merged);
	mgr_types_free(&merged);
out:
	mgr_change_end(mgr);
	return err;
}
