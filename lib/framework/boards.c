// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "framework/boards.h"
#include "framework/parse.h"
#include "framework/vgpu_config.h"
#include "kmod/emu/emu.h"
#include "util/text.h"

#define A2_A16	0x25b6	/* two boards with one device id */

static uint16_t read_id(struct os *os, const char *gpu, const char *attribute)
{
	char path[128];
	uint64_t value;

	snprintf(path, sizeof(path), "bus/pci/devices/%s/%s", gpu, attribute);
	return os_attr_u64(os, path, &value) || value > UINT16_MAX ? 0 : value;
}

/* As the GPU's object knows them; who has none gets them read. */
static struct framework_ids ids_of(const struct framework *fw)
{
	struct framework_ids ids = fw->ids;
	char path[128];

	if (ids.device)
		return ids;
	ids.device = read_id(fw->os, fw->address, "device");
	ids.subsystem = read_id(fw->os, fw->address, "subsystem_device");
	snprintf(path, sizeof(path), "bus/pci/devices/%s/driver", fw->address);
	if (fw->os->ops->link_read(fw->os, path, ids.driver, sizeof(ids.driver)))
		ids.driver[0] = '\0';
	return ids;
}

/* The driver of this project has its types from the very same table. */
static bool is_own_driver(const char *driver)
{
	return !strncmp(driver, "nvvgpu", 6);
}

static const struct nvvgpu_emu_board_data *find_in_table(const struct framework_ids *ids)
{
	const struct nvvgpu_emu_board_data *data;

	for (uint32_t i = 0; (data = nvvgpu_emu_board_at(i)); i++)
		if (data->device_id == ids->device &&
		    (ids->device != A2_A16 || data->subsystem_device_id == ids->subsystem))
			return data;
	return NULL;
}

static void take_type(struct framework_type *type, const struct nvvgpu_type_desc *desc)
{
	*type = (struct framework_type){
		.id = desc->id,
		.max_instances = desc->max_instances,
		.heads = desc->heads,
		.max_width = desc->max_width,
		.max_height = desc->max_height,
		.frame_rate_limit = desc->frame_rate_limit,
		.framebuffer_bytes = desc->profile_bytes,
	};
	text_copy(type->name, sizeof(type->name), desc->name);
	text_copy(type->class_name, sizeof(type->class_name), desc->class_name);
}

static void take_table(struct board *board, const struct nvvgpu_emu_board_data *data)
{
	text_copy(board->name, sizeof(board->name), data->name);
	board->framebuffer_bytes = data->guest_fb_bytes;
	board->rules_known = true;
	board->mixed_size = data->mixed_size;
	board->placements = data->placement;
	board->type_count = data->type_count;
	for (uint32_t i = 0; i < data->type_count; i++)
		take_type(&board->types[i], &data->types[i]);
}

/* The largest type is the whole board. */
static uint64_t largest(const struct framework_type *types, uint32_t count)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < count; i++)
		if (types[i].framebuffer_bytes > bytes)
			bytes = types[i].framebuffer_bytes;
	return bytes;
}

/* What the host's own file says is preferred, and filled up by the table. */
static void take_config(struct board *board, struct framework_type *types, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		board_describe(board, &types[i]);
	memcpy(board->types, types, count * sizeof(*types));
	board->type_count = count;
	board->ids_certain = true;
	if (!board->framebuffer_bytes)
		board->framebuffer_bytes = largest(types, count);
}

int board_learn(struct framework *fw, struct board **ret)
{
	struct framework_ids ids = ids_of(fw);
	const struct nvvgpu_emu_board_data *data = find_in_table(&ids);
	__cleanup_free struct framework_type *types = NULL;
	struct board *board = calloc(1, sizeof(*board));
	uint32_t count;

	types = calloc(FRAMEWORK_MAX_TYPES, sizeof(*types));
	if (!board || !types) {
		free(board);
		return error_nomem();
	}
	if (data) {
		take_table(board, data);
		board->ids_certain = !data->ids_modelled || is_own_driver(ids.driver);
	}
	count = vgpu_config_types(fw->os, ids.device, ids.subsystem, types, FRAMEWORK_MAX_TYPES);
	if (count)
		take_config(board, types, count);
	*ret = board;
	return 0;
}

const char *board_name(const struct framework *fw)
{
	struct framework_ids ids = ids_of(fw);
	const struct nvvgpu_emu_board_data *data = find_in_table(&ids);

	return data ? data->name : "";
}

const struct framework_type *board_type_by_name(const struct board *board, const char *name)
{
	for (uint32_t i = 0; i < board->type_count; i++)
		if (!strcmp(board->types[i].name, name))
			return &board->types[i];
	return NULL;
}

const struct framework_type *board_type_by_id(const struct board *board, uint32_t id)
{
	for (uint32_t i = 0; i < board->type_count; i++)
		if (board->types[i].id == id)
			return &board->types[i];
	return NULL;
}

#define FILL(member)				\
	do {					\
		if (!type->member)		\
			type->member = known.member;	\
	} while (0)

void board_describe(const struct board *board, struct framework_type *type)
{
	const struct framework_type *found = board_type_by_name(board, type->name);
	struct framework_type known = { .id = 0 };

	if (found)
		known = *found;
	else
		parse_type_name(type->name, &known);
	FILL(max_instances);
	FILL(heads);
	FILL(max_width);
	FILL(max_height);
	FILL(frame_rate_limit);
	FILL(framebuffer_bytes);
	if (!type->class_name[0])
		text_copy(type->class_name, sizeof(type->class_name), known.class_name);
}
