/* SPDX-License-Identifier: MIT */
/* What a stream says of itself: the snapshot, and its items in the stream. */
#include <stddef.h>
#include "stream.h"

#define ITEM_HEADER_LEN	8

/* How one item lies in memory.  width 0: a string; otherwise count numbers of width bytes. */
struct item {
	uint16_t type;
	uint8_t width, count;
	bool required;
	uint64_t absent;	/* a single number with this value is left out */
	size_t offset;
	const char *name;
};

#define NUMBER(type, width, count, required, absent, member)			\
	{ STREAM_ITEM_##type, width, count, required, absent,			\
	  offsetof(struct nvvgpu_stream_info, member), #member }
#define STRING(type, required, member)						\
	{ STREAM_ITEM_##type, 0, 0, required, 0,				\
	  offsetof(struct nvvgpu_stream_info, member), #member }

static const struct item items[] = {
	NUMBER(BOARD_IDS, 2, 4, true, 0, board_ids),
	STRING(BOARD_NAME, false, board_name),
	NUMBER(TYPE_ID, 4, 1, true, 0, type_id),
	STRING(TYPE_NAME, true, type_name),
	NUMBER(FRAMEBUFFER_BYTES, 8, 1, true, 0, framebuffer_bytes),
	STRING(DRIVER_VERSION, false, driver_version),
	STRING(FIRMWARE_VERSION, false, firmware_version),
	STRING(FRAMEWORK, false, framework),
	NUMBER(VGPU_UUID, 1, 16, true, 0, vgpu_uuid),
	NUMBER(PLACEMENT, 4, 1, false, UINT32_MAX, placement),
	STRING(SOURCE_GPU, false, source_gpu),
	NUMBER(TIME_NS, 8, 1, false, 0, time_ns),
	STRING(LIBRARY_VERSION, false, library_version),
	STRING(KERNEL_RELEASE, false, kernel_release),
	STRING(MODE, false, mode),
	STRING(PARAMS, false, params),
	STRING(OWNER, false, owner),
};
#define ITEMS (sizeof(items) / sizeof(items[0]))

static void *member(const struct nvvgpu_stream_info *info, const struct item *item)
{
	return (uint8_t *)info + item->offset;
}

static uint64_t number_load(const uint8_t *at, unsigned int width)
{
	switch (width) {
	case 1:
		return *at;
	case 2:
		return *(const uint16_t *)at;
	case 4:
		return *(const uint32_t *)at;
	default:
		return *(const uint64_t *)at;
	}
}

static void number_store(uint8_t *at, unsigned int width, uint64_t value)
{
	switch (width) {
	case 1:
		*at = (uint8_t)value;
		break;
	case 2:
		*(uint16_t *)at = (uint16_t)value;
		break;
	case 4:
		*(uint32_t *)at = (uint32_t)value;
		break;
	default:
		*(uint64_t *)at = value;
	}
}

/* These strings end up on terminals and in the names of what is created. */
static bool string_is_clean(const uint8_t *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return len <= STREAM_STRING_MAX;
}

int stream_info_new(struct nvvgpu_stream_info **ret)
{
	struct nvvgpu_stream_info *info = calloc(1, sizeof(*info));

	if (!info)
		return error_nomem();
	info->placement = UINT32_MAX;
	*ret = info;
	return 0;
}

/* -------------------------------------------------------------------- encode */

static bool is_absent(const struct nvvgpu_stream_info *info, const struct item *item)
{
	const char *text;

	if (item->width == 0) {
		text = *(char **)member(info, item);
		return !text || !*text;
	}
	return !item->required && item->count == 1 &&
	       number_load(member(info, item), item->width) == item->absent;
}

/* The value without header and padding; its length. */
static size_t encode_value(const struct nvvgpu_stream_info *info, const struct item *item,
			   uint8_t *out)
{
	const uint8_t *from = member(info, item);
	const char *text;
	unsigned int i;

	if (item->width == 0) {
		text = *(char **)from;
		memcpy(out, text, strlen(text));
		return strlen(text);
	}
	for (i = 0; i < item->count; i++)
		le_put(out + i * item->width, item->width,
		       number_load(from + i * item->width, item->width));
	return (size_t)item->width * item->count;
}

static int check_strings(const struct nvvgpu_stream_info *info)
{
	const struct item *item;
	const char *text;

	for (item = items; item < items + ITEMS; item++) {
		text = item->width ? NULL : *(char **)member(info, item);
		if (text && !string_is_clean((const uint8_t *)text, strlen(text)))
			return error_setf(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, item->name,
					  "give it a value without control characters",
					  "it cannot be written into a state stream");
	}
	return 0;
}

int stream_info_encode(const struct nvvgpu_stream_info *info, uint8_t **ret, size_t *ret_len)
{
	const struct item *item;
	uint8_t *buf, *at;
	size_t len;
	int err = check_strings(info);

	if (err)
		return err;
	buf = at = calloc(1, STREAM_IDENTITY_MAX);	/* every item at its longest is less */
	if (!buf)
		return error_nomem();
	for (item = items; item < items + ITEMS; item++) {
		if (is_absent(info, item))
			continue;
		len = encode_value(info, item, at + ITEM_HEADER_LEN);
		le_put(at, 2, item->type);
		le_put(at + 2, 2, item->required ? STREAM_ITEM_MANDATORY : 0);
		le_put(at + 4, 4, len);
		at += ITEM_HEADER_LEN + len + -len % STREAM_ALIGN;
	}
	*ret = buf;
	*ret_len = (size_t)(at - buf);
	return 0;
}

/* -------------------------------------------------------------------- decode */

static int damaged(const char *cause)
{
	return error_set(EBADMSG, NVVGPU_REASON_STREAM_DAMAGED, "stream", cause,
			 "copy the stream from its source again, or save the vGPU again");
}

static int decode_string(char **to, const uint8_t *value, size_t len)
{
	if (!string_is_clean(value, len))
		return damaged("a string in its identity is too long or has control characters");
	*to = strndup((const char *)value, len);
	return *to ? 0 : error_nomem();
}

static int decode_value(struct nvvgpu_stream_info *info, const struct item *item,
			const uint8_t *value, size_t len)
{
	uint8_t *to = member(info, item);
	unsigned int i;

	if (item->width == 0)
		return decode_string((char **)to, value, len);
	if (len != (size_t)item->width * item->count)
		return damaged("a number in its identity has a wrong length");
	for (i = 0; i < item->count; i++)
		number_store(to + i * item->width, item->width,
			     le_get(value + i * item->width, item->width));
	return 0;
}

static const struct item *find_item(uint64_t type)
{
	const struct item *item;

	for (item = items; item < items + ITEMS; item++)
		if (item->type == type)
			return item;
	return NULL;
}

static int decode_item(struct nvvgpu_stream_info *info, const uint8_t *at, size_t len,
		       uint32_t *seen)
{
	const struct item *item = find_item(le_get(at, 2));
	uint32_t bit;

	if (!item && (le_get(at + 2, 2) & STREAM_ITEM_MANDATORY))
		return error_setf(EBADMSG, NVVGPU_REASON_STREAM_VERSION, "stream",
				  "use a libnvvgpu as new as the one that saved it",
				  "its identity has an item %u that must be understood",
				  (unsigned int)le_get(at, 2));
	if (!item)
		return 0;
	bit = 1u << (item - items);
	if (*seen & bit)
		return damaged("an item of its identity is there twice");
	*seen |= bit;
	return decode_value(info, item, at + ITEM_HEADER_LEN, len);
}

static int check_required(uint32_t seen)
{
	size_t i;

	for (i = 0; i < ITEMS; i++)
		if (items[i].required && !(seen & 1u << i))
			return error_setf(EBADMSG, NVVGPU_REASON_STREAM_DAMAGED, "stream",
					  "save the vGPU again", "its identity has no %s",
					  items[i].name);
	return 0;
}

int stream_info_decode(struct nvvgpu_stream_info *info, const uint8_t *buf, size_t len)
{
	size_t value_len, padding;
	uint32_t seen = 0;
	int err;

	while (len) {
		if (len < ITEM_HEADER_LEN)
			return damaged("its identity ends in the middle of an item");
		value_len = le_get(buf + 4, 4);
		padding = -value_len % STREAM_ALIGN;
		if (value_len > len - ITEM_HEADER_LEN ||
		    padding > len - ITEM_HEADER_LEN - value_len)
			return damaged("an item of its identity is longer than the identity");
		if (le_get(buf + ITEM_HEADER_LEN + value_len, (unsigned int)padding))
			return damaged("the padding of an item of its identity is not zero");
		err = decode_item(info, buf, value_len, &seen);
		if (err)
			return err;
		buf += ITEM_HEADER_LEN + value_len + padding;
		len -= ITEM_HEADER_LEN + value_len + padding;
	}
	uuid_format(info->vgpu_uuid, info->vgpu_uuid_text);
	return check_required(seen);
}

/* ---------------------------------------------------------------- public part */

NVVGPU_EXPORT void nvvgpu_stream_info_free(struct nvvgpu_stream_info *info)
{
	const struct item *item;

	if (!info)
		return;
	for (item = items; item < items + ITEMS; item++)
		if (item->width == 0)
			free(*(char **)member(info, item));
	free(info);
}

NVVGPU_EXPORT uint32_t nvvgpu_stream_info_get_format_major(const struct nvvgpu_stream_info *info)
{
	return info->major;
}

NVVGPU_EXPORT uint32_t nvvgpu_stream_info_get_format_minor(const struct nvvgpu_stream_info *info)
{
	return info->minor;
}

NVVGPU_EXPORT const char *
nvvgpu_stream_info_get_stream_uuid(const struct nvvgpu_stream_info *info)
{
	return info->stream_uuid_text;
}

NVVGPU_EXPORT const char *nvvgpu_stream_info_get_vgpu_uuid(const struct nvvgpu_stream_info *info)
{
	return info->vgpu_uuid_text;
}

NVVGPU_EXPORT uint32_t nvvgpu_stream_info_get_type_id(const struct nvvgpu_stream_info *info)
{
	return info->type_id;
}

NVVGPU_EXPORT const char *nvvgpu_stream_info_get_type_name(const struct nvvgpu_stream_info *info)
{
	return info->type_name;
}

NVVGPU_EXPORT const char *nvvgpu_stream_info_get_board_name(const struct nvvgpu_stream_info *info)
{
	return info->board_name;
}

NVVGPU_EXPORT uint16_t nvvgpu_stream_info_get_device_id(const struct nvvgpu_stream_info *info)
{
	return info->board_ids[1];
}

NVVGPU_EXPORT uint64_t
nvvgpu_stream_info_get_framebuffer_bytes(const struct nvvgpu_stream_info *info)
{
	return info->framebuffer_bytes;
}

NVVGPU_EXPORT const char *
nvvgpu_stream_info_get_driver_version(const struct nvvgpu_stream_info *info)
{
	return info->driver_version;
}

NVVGPU_EXPORT const char *
nvvgpu_stream_info_get_firmware_version(const struct nvvgpu_stream_info *info)
{
	return info->firmware_version;
}

NVVGPU_EXPORT const char *
nvvgpu_stream_info_get_library_version(const struct nvvgpu_stream_info *info)
{
	return info->library_version;
}

NVVGPU_EXPORT const char *nvvgpu_stream_info_get_source_gpu(const struct nvvgpu_stream_info *info)
{
	return info->source_gpu;
}

NVVGPU_EXPORT uint64_t nvvgpu_stream_info_get_time_ns(const struct nvvgpu_stream_info *info)
{
	return info->time_ns;
}

NVVGPU_EXPORT bool nvvgpu_stream_info_has_checksums(const struct nvvgpu_stream_info *info)
{
	return !(info->incompatible & STREAM_INCOMPAT_UNHASHED);
}

NVVGPU_EXPORT bool nvvgpu_stream_info_is_verified(const struct nvvgpu_stream_info *info)
{
	return info->verified;
}

NVVGPU_EXPORT uint64_t nvvgpu_stream_info_get_data_bytes(const struct nvvgpu_stream_info *info)
{
	return info->data_bytes;
}

NVVGPU_EXPORT uint64_t nvvgpu_stream_info_get_chunks(const struct nvvgpu_stream_info *info)
{
	return info->chunks;
}
