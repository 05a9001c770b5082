// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include "framework/parse.h"
#include "util/text.h"

#define GIB	(1ULL << 30)
#define MIB	(1ULL << 20)

#define PLACEMENT_INVALID	65535

/* The number that *text begins with, and *text behind it. */
static int take_u32(const char **text, uint32_t *ret)
{
	uint64_t value = 0;
	const char *p = *text;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		value = value * 10 + (unsigned int)(*p - '0');
		if (value > UINT32_MAX)
			return -EINVAL;
	}
	*ret = value;
	*text = p;
	return 0;
}

static bool is_end(const char *text)
{
	return !*text || (*text == '\n' && !text[1]);
}

int parse_u32(const char *text, uint32_t *ret)
{
	uint32_t value;

	if (take_u32(&text, &value) || !is_end(text))
		return -EINVAL;
	*ret = value;
	return 0;
}

/* ---------------------------------------------------------------------- types */

/* "1145  : NVIDIA L40S-1B" */
static int parse_row(const char *row, uint32_t *ret_id, const char **ret_name)
{
	if (take_u32(&row, ret_id) || !*ret_id)
		return -EINVAL;
	row += strspn(row, " ");
	if (strncmp(row, ": ", 2))
		return -EINVAL;
	row += 2;
	if (!*row || strlen(row) >= FRAMEWORK_TEXT_LEN || !text_is_clean(row))
		return -EINVAL;
	*ret_name = row;
	return 0;
}

static bool is_header(const char *row)
{
	return !strncmp(row, "ID ", 3) && strstr(row, ": vGPU Name");
}

int parse_type_rows(const char *text, int (*each)(uint32_t id, const char *name, void *arg),
		    void *arg)
{
	char row[FRAMEWORK_TEXT_LEN + 32];
	bool first = true;
	const char *name;
	uint32_t id;
	size_t len;
	int ret;

	for (; *text; text += len + (text[len] == '\n'), first = false) {
		len = strcspn(text, "\n");
		if (len >= sizeof(row))
			return -EINVAL;
		memcpy(row, text, len);
		row[len] = '\0';
		if (!len || (first && is_header(row)))
			continue;
		if (parse_row(row, &id, &name))
			return -EINVAL;
		ret = each(id, name, arg);
		if (ret)
			return ret;
	}
	return 0;
}

int parse_type_directory(const char *name, uint32_t *ret_id)
{
	const char *dash = strrchr(name, '-');

	if (!dash || dash == name || strchr(dash, '\n') || parse_u32(dash + 1, ret_id))
		return -EINVAL;
	return *ret_id ? 0 : -EINVAL;
}

/* What "<key>=" is followed by; NULL: it is not there */
static const char *description_value(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (; text; text = strchr(text, ',')) {
		text += *text == ',';
		text += strspn(text, " ");
		if (!strncmp(text, key, len) && text[len] == '=')
			return text + len + 1;
	}
	return NULL;
}

static bool is_value_end(const char *text)
{
	return *text == ',' || is_end(text);
}

static int description_u32(const char *text, const char *key, uint32_t *ret)
{
	const char *value = description_value(text, key);
	uint32_t number;

	if (!value)
		return 0;
	if (take_u32(&value, &number) || !is_value_end(value))
		return -EINVAL;
	*ret = number;
	return 0;
}

static int description_framebuffer(const char *text, uint64_t *ret)
{
	const char *value = description_value(text, "framebuffer");
	uint32_t mib;

	if (!value)
		return 0;
	if (take_u32(&value, &mib) || *value != 'M' || !is_value_end(value + 1))
		return -EINVAL;
	*ret = mib * MIB;
	return 0;
}

static int description_resolution(const char *text, uint32_t *ret_width, uint32_t *ret_height)
{
	const char *value = description_value(text, "max_resolution");
	uint32_t width, height;

	if (!value)
		return 0;
	if (take_u32(&value, &width) || *value++ != 'x' || take_u32(&value, &height) ||
	    !is_value_end(value))
		return -EINVAL;
	*ret_width = width;
	*ret_height = height;
	return 0;
}

int parse_description(const char *text, struct framework_type *type)
{
	struct framework_type found = *type;

	if (description_u32(text, "num_heads", &found.heads) ||
	    description_u32(text, "frl_config", &found.frame_rate_limit) ||
	    description_framebuffer(text, &found.framebuffer_bytes) ||
	    description_resolution(text, &found.max_width, &found.max_height) ||
	    description_u32(text, "max_instance", &found.max_instances))
		return -EINVAL;
	*type = found;
	return 0;
}

static const char *class_of(char series)
{
	switch (series) {
	case 'A':
		return "vApps";
	case 'B':
		return "NVS";
	case 'C':
		return "Compute";
	case 'Q':
		return "Quadro";
	default:
		return "";
	}
}

void parse_type_name(const char *name, struct framework_type *type)
{
	const char *size = strrchr(name, '-');
	uint32_t gib;

	if (!size)
		return;
	size++;
	if (take_u32(&size, &gib) || !*class_of(*size))
		return;
	type->framebuffer_bytes = gib * GIB;
	text_copy(type->class_name, sizeof(type->class_name), class_of(*size));
}

/* ----------------------------------------------------------------- attributes */

int parse_placement(const char *text, uint32_t *ret)
{
	uint32_t id;

	if (!strcmp(text, "Not Applicable") || !strcmp(text, "Not Applicable\n"))
		return -ENODATA;
	if (parse_u32(text, &id))
		return -EINVAL;
	if (id == PLACEMENT_INVALID)
		return -ENODATA;
	*ret = id;
	return 0;
}

int parse_params(const char *text, char *buf, size_t size)
{
	size_t len = strcspn(text, "\n");

	if (!is_end(text + len) || len >= size)
		return -EINVAL;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return text_is_clean(buf) ? 0 : -EINVAL;
}
