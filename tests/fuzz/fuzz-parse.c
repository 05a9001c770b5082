// SPDX-License-Identifier: MIT
/*
 * libFuzzer target: the texts of the drivers in the field.  The first byte of an input says
 * which parser, the rest is its text.  What a parser took has to make sense.
 */
#include <stdlib.h>
#include <string.h>
#include "framework/parse.h"
#include "framework/vgpu_config.h"
#include "util/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static int check_row(uint32_t id, const char *name, void *arg)
{
	must(id && *name && strlen(name) < FRAMEWORK_TEXT_LEN && text_is_clean(name));
	return 0;
}

static void parse_names(const char *text)
{
	struct framework_type type = { .id = 1 };
	uint32_t id = 0;

	parse_type_name(text, &type);
	must(!parse_type_directory(text, &id) == (id != 0));
}

static void parse_one_line(const char *text)
{
	struct framework_type type = { .id = 1 }, before = type;
	char params[64];
	uint32_t id;

	parse_u32(text, &id);
	parse_placement(text, &id);
	if (parse_description(text, &type))
		must(!memcmp(&type, &before, sizeof(type)));
	if (!parse_params(text, params, sizeof(params)))
		must(strlen(params) < sizeof(params) && text_is_clean(params));
}

static void parse_config(const char *text, size_t len)
{
	struct framework_type types[8];
	uint32_t count;

	count = vgpu_config_parse(text, len, 0x1bb3, 0x1204, types, 8);
	must(count <= 8);
	for (uint32_t i = 0; i < count; i++)
		must(types[i].id && text_is_clean(types[i].name) &&
		     text_is_clean(types[i].class_name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = size ? size - 1 : 0;
	char *text = malloc(len + 1);

	if (!size || !text) {
		free(text);
		return 0;
	}
	memcpy(text, data + 1, len);
	text[len] = '\0';
	switch (data[0] % 4) {
	case 0:
		parse_type_rows(text, check_row, NULL);
		break;
	case 1:
		parse_names(text);
		break;
	case 2:
		parse_one_line(text);
		break;
	default:
		parse_config(text, len);
	}
	free(text);
	return 0;
}
