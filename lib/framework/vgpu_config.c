// SPDX-License-Identifier: MIT
/*
 * vgpuConfig.xml, read as it comes:
 *
 *	<vgpuType id="11" name="GRID M60-0B" class="NVS">
 *		<framebuffer>0x1A000000</framebuffer> <fbReservation>... <profileSize>...
 *		<numHeads>2</numHeads> <frlConfig>0x2D</frlConfig>
 *		<display width="2560" height="1600"/>
 *	</vgpuType>
 *	<pgpu>
 *		<devId deviceId="0x1BB4" subsystemId="0x0" .../>
 *		<supportedVgpu vgpuId="72"><maxVgpus>16</maxVgpus></supportedVgpu>
 *	</pgpu>
 *
 * Unknown elements are passed over.  A file with entities of its own is not one of NVIDIA's.
 */
#include <errno.h>
#include <expat.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "framework/vgpu_config.h"
#include "util/text.h"

#define MAX_FILE_TYPES	16384	/* of all boards */
#define VALUE_LEN	64

enum element {
	OTHER,
	VGPU_TYPE,
	PGPU,
};

/* How well a <pgpu> fits; one for the very board counts more than one for all with its chip. */
enum fit {
	NO_FIT,
	FITS_DEVICE,
	FITS_BOARD,
};

struct config_type {
	struct framework_type type;
	uint64_t usable_bytes, reserved_bytes;
};

struct supported {
	uint32_t id, max_instances;
};

struct reader {
	XML_Parser parser;
	uint16_t device, subsystem;
	enum element in;
	char value[VALUE_LEN];		/* text of the element at hand */
	size_t value_len;

	struct config_type *types;
	size_t type_count, type_room;

	enum fit fit, best;
	struct supported supported[FRAMEWORK_MAX_TYPES];
	uint32_t supported_count;
	bool failed;
};

static void give_up(struct reader *reader)
{
	reader->failed = true;
	XML_StopParser(reader->parser, XML_FALSE);
}

/* Decimal, or hexadecimal with 0x; 0: none that makes sense */
static uint64_t number(const char *text)
{
	unsigned long long value;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	value = strtoull(text, &end, 0);
	return *end || errno ? 0 : value;
}

static uint32_t number_u32(const char *text)
{
	uint64_t value = number(text);

	return value > UINT32_MAX ? 0 : value;
}

static const char *attribute(const XML_Char **attributes, const char *name)
{
	for (; *attributes; attributes += 2)
		if (!strcmp(attributes[0], name))
			return attributes[1];
	return NULL;
}

static void take_text(char *to, size_t size, const char *from)
{
	text_copy(to, size, from ? from : "");
	text_sanitize(to);
}

/* -------------------------------------------------------------------- types */

static void begin_type(struct reader *reader, const XML_Char **attributes)
{
	struct config_type *type;

	if (reader->type_count == reader->type_room) {
		size_t room = reader->type_room ? reader->type_room * 2 : 128;
		struct config_type *types = NULL;

		if (room <= MAX_FILE_TYPES)
			types = realloc(reader->types, room * sizeof(*types));
		if (!types) {
			give_up(reader);
			return;
		}
		reader->types = types;
		reader->type_room = room;
	}
	type = &reader->types[reader->type_count++];
	memset(type, 0, sizeof(*type));
	type->type.id = number_u32(attribute(attributes, "id"));
	take_text(type->type.name, sizeof(type->type.name), attribute(attributes, "name"));
	take_text(type->type.class_name, sizeof(type->type.class_name),
		  attribute(attributes, "class"));
	reader->in = VGPU_TYPE;
}

static void begin_in_type(struct reader *reader, const char *name, const XML_Char **attributes)
{
	struct framework_type *type = &reader->types[reader->type_count - 1].type;

	if (strcmp(name, "display"))
		return;
	type->max_width = number_u32(attribute(attributes, "width"));
	type->max_height = number_u32(attribute(attributes, "height"));
}

static void end_in_type(struct reader *reader, const char *name)
{
	struct config_type *type = &reader->types[reader->type_count - 1];

	if (!strcmp(name, "profileSize"))
		type->type.framebuffer_bytes = number(reader->value);
	else if (!strcmp(name, "framebuffer"))
		type->usable_bytes = number(reader->value);
	else if (!strcmp(name, "fbReservation"))
		type->reserved_bytes = number(reader->value);
	else if (!strcmp(name, "numHeads"))
		type->type.heads = number_u32(reader->value);
	else if (!strcmp(name, "frlConfig"))
		type->type.frame_rate_limit = number_u32(reader->value);
}

/* ------------------------------------------------------------------- boards */

static void take_board(struct reader *reader, const XML_Char **attributes)
{
	uint64_t subsystem = number(attribute(attributes, "subsystemId"));

	reader->fit = NO_FIT;
	if (number(attribute(attributes, "deviceId")) == reader->device)
		reader->fit = subsystem == reader->subsystem && subsystem ? FITS_BOARD :
			      subsystem ? NO_FIT : FITS_DEVICE;
	if (reader->fit > reader->best) {
		reader->best = reader->fit;
		reader->supported_count = 0;
	}
}

static bool takes(const struct reader *reader)
{
	return reader->fit != NO_FIT && reader->fit == reader->best;
}

static void begin_in_board(struct reader *reader, const char *name, const XML_Char **attributes)
{
	if (!strcmp(name, "devId"))
		take_board(reader, attributes);
	if (strcmp(name, "supportedVgpu") || !takes(reader))
		return;
	if (reader->supported_count == FRAMEWORK_MAX_TYPES) {
		give_up(reader);
		return;
	}
	reader->supported[reader->supported_count++] = (struct supported){
		.id = number_u32(attribute(attributes, "vgpuId")),
	};
}

static void end_in_board(struct reader *reader, const char *name)
{
	if (!strcmp(name, "maxVgpus") && takes(reader) && reader->supported_count)
		reader->supported[reader->supported_count - 1].max_instances =
			number_u32(reader->value);
}

/* ----------------------------------------------------------------- elements */

static void on_begin(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *reader = arg;

	reader->value_len = 0;
	reader->value[0] = '\0';
	if (!strcmp(name, "vgpuType")) {
		begin_type(reader, attributes);
	} else if (!strcmp(name, "pgpu")) {
		reader->in = PGPU;
		reader->fit = NO_FIT;
	} else if (reader->in == VGPU_TYPE) {
		begin_in_type(reader, name, attributes);
	} else if (reader->in == PGPU) {
		begin_in_board(reader, name, attributes);
	}
}

static void on_end(void *arg, const XML_Char *name)
{
	struct reader *reader = arg;

	if (!strcmp(name, "vgpuType") || !strcmp(name, "pgpu"))
		reader->in = OTHER;
	else if (reader->in == VGPU_TYPE)
		end_in_type(reader, name);
	else if (reader->in == PGPU)
		end_in_board(reader, name);
	reader->value_len = 0;
	reader->value[0] = '\0';
}

/* A value longer than any number is none. */
static void on_text(void *arg, const XML_Char *text, int len)
{
	struct reader *reader = arg;

	if (reader->value_len + (size_t)len >= VALUE_LEN) {
		reader->value_len = 0;
		len = 0;
	}
	memcpy(reader->value + reader->value_len, text, len);
	reader->value_len += len;
	reader->value[reader->value_len] = '\0';
}

static void on_entity(void *arg, const XML_Char *name, int is_parameter, const XML_Char *value,
		      int value_len, const XML_Char *base, const XML_Char *system,
		      const XML_Char *public, const XML_Char *notation)
{
	give_up(arg);
}

/* ------------------------------------------------------------------- result */

static const struct config_type *find_type(const struct reader *reader, uint32_t id)
{
	for (size_t i = 0; i < reader->type_count; i++)
		if (reader->types[i].type.id == id)
			return &reader->types[i];
	return NULL;
}

static int compare_types(const void *a, const void *b)
{
	uint32_t x = ((const struct framework_type *)a)->id;
	uint32_t y = ((const struct framework_type *)b)->id;

	return (x > y) - (x < y);
}

static bool is_listed(const struct framework_type *types, uint32_t count, uint32_t id)
{
	for (uint32_t i = 0; i < count; i++)
		if (types[i].id == id)
			return true;
	return false;
}

static uint32_t join(const struct reader *reader, struct framework_type *types, uint32_t room)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < reader->supported_count && count < room; i++) {
		const struct supported *supported = &reader->supported[i];
		const struct config_type *found = find_type(reader, supported->id);

		if (!supported->id || !found || !found->type.name[0] ||
		    is_listed(types, count, supported->id))
			continue;
		types[count] = found->type;
		types[count].max_instances = supported->max_instances;
		if (!types[count].framebuffer_bytes)
			types[count].framebuffer_bytes = found->usable_bytes +
							 found->reserved_bytes;
		count++;
	}
	qsort(types, count, sizeof(*types), compare_types);
	return count;
}

uint32_t vgpu_config_parse(const char *text, size_t len, uint16_t device, uint16_t subsystem,
			   struct framework_type *types, uint32_t room)
{
	struct reader reader = { .device = device, .subsystem = subsystem };
	uint32_t count = 0;

	reader.parser = len <= INT_MAX ? XML_ParserCreate(NULL) : NULL;
	if (!reader.parser)
		return 0;
	XML_SetUserData(reader.parser, &reader);
	XML_SetElementHandler(reader.parser, on_begin, on_end);
	XML_SetCharacterDataHandler(reader.parser, on_text);
	XML_SetEntityDeclHandler(reader.parser, on_entity);
	if (XML_Parse(reader.parser, text, (int)len, XML_TRUE) == XML_STATUS_OK && !reader.failed)
		count = join(&reader, types, room);
	XML_ParserFree(reader.parser);
	free(reader.types);
	return count;
}

uint32_t vgpu_config_types(struct os *os, uint16_t device, uint16_t subsystem,
			   struct framework_type *types, uint32_t room)
{
	__cleanup_free char *text = NULL;
	size_t len;

	if (!os->ops->vgpu_config || os->ops->vgpu_config(os, &text, &len))
		return 0;
	return vgpu_config_parse(text, len, device, subsystem, types, room);
}
