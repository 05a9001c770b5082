// SPDX-License-Identifier: MIT
/*
 * What a guest is: one JSON object, the same in its directory, in front of its saved state, and
 * in this program.  It was read from a file, so it is checked before anything is taken from it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include "vmm.h"

#define DEPTH_MAX 4

struct key {
	const char *name;
	enum json_type type;
	bool required;
};

static const struct key guest_keys[] = {
	{ KEY_UUID, json_type_string, true },
	{ KEY_QEMU, json_type_string, true },
	{ KEY_MACHINE, json_type_string, true },
	{ KEY_ACCEL, json_type_string, true },
	{ KEY_MEMORY, json_type_int, true },
	{ KEY_KERNEL, json_type_string, false },
	{ KEY_INITRD, json_type_string, false },
	{ KEY_APPEND, json_type_string, false },
	{ KEY_ARGUMENTS, json_type_array, false },
	{ KEY_SAVING, json_type_string, false },
	{ KEY_PAUSED, json_type_boolean, false },
	{ KEY_VGPU, json_type_object, false },
	{ NULL, json_type_null, false }
};

static const struct key vgpu_keys[] = {
	{ KEY_UUID, json_type_string, true },
	{ KEY_TYPE, json_type_string, true },
	{ KEY_GPU, json_type_string, false },
	{ KEY_BOARD, json_type_string, false },
	{ KEY_DRIVER, json_type_string, false },
	{ KEY_DEVICE, json_type_string, false },
	{ KEY_MIGRATABLE, json_type_boolean, false },
	{ NULL, json_type_null, false }
};

static bool has_keys(struct json_object *object, const struct key *keys)
{
	struct json_object *value;

	for (; keys->name; keys++) {
		if (!json_object_object_get_ex(object, keys->name, &value)) {
			if (keys->required)
				return false;
		} else if (!json_object_is_type(value, keys->type)) {
			return false;
		}
	}
	return true;
}

/* A NUL within would end a string early. */
static bool are_strings(struct json_object *array)
{
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		struct json_object *value = json_object_array_get_idx(array, i);

		if (!json_object_is_type(value, json_type_string) ||
		    strlen(json_object_get_string(value)) !=
			    (size_t)json_object_get_string_len(value))
			return false;
	}
	return true;
}

static bool is_config(struct json_object *config)
{
	struct json_object *vgpu, *arguments, *memory;

	if (!json_object_is_type(config, json_type_object) || !has_keys(config, guest_keys))
		return false;
	memory = json_object_object_get(config, KEY_MEMORY);
	if (json_object_get_int64(memory) < 1 || json_object_get_int64(memory) > MEMORY_MAX_MIB)
		return false;
	arguments = json_object_object_get(config, KEY_ARGUMENTS);
	vgpu = json_object_object_get(config, KEY_VGPU);
	return (!arguments || are_strings(arguments)) && (!vgpu || has_keys(vgpu, vgpu_keys));
}

struct json_object *config_parse(const char *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *config;

	if (!tokener)
		fail_memory();
	config = json_tokener_parse_ex(tokener, text, (int)length);
	if (json_tokener_get_error(tokener) != json_tokener_success || !is_config(config)) {
		json_object_put(config);
		config = NULL;
	}
	json_tokener_free(tokener);
	return config;
}

struct json_object *config_copy(struct json_object *config)
{
	struct json_object *copy = NULL;

	if (json_object_deep_copy(config, &copy, NULL))
		fail_memory();
	return copy;
}

void config_set(struct json_object *config, const char *key, const char *value)
{
	if (value)
		json_object_object_add(config, key, json_object_new_string(value));
}

struct json_object *config_vgpu(struct json_object *config)
{
	return config ? json_object_object_get(config, KEY_VGPU) : NULL;
}

bool config_is_migratable(struct json_object *config)
{
	struct json_object *vgpu = config_vgpu(config);

	return !vgpu || json_object_get_boolean(json_object_object_get(vgpu, KEY_MIGRATABLE));
}

bool config_is_paused(struct json_object *config)
{
	return json_object_get_boolean(json_object_object_get(config, KEY_PAUSED));
}

void config_set_paused(struct json_object *config, bool paused)
{
	if (paused)
		json_object_object_add(config, KEY_PAUSED, json_object_new_boolean(true));
	else
		json_object_object_del(config, KEY_PAUSED);
}

bool config_is_unsaved(struct json_object *config)
{
	const char *part = json_text(config, KEY_SAVING);
	struct stat st;

	/* one with two names has its own already */
	return *part ? !stat(part, &st) && st.st_nlink == 1 : config_is_paused(config);
}

void random_uuid(char ret[37])
{
	unsigned char b[16];

	while (getrandom(b, sizeof(b), 0) != sizeof(b))
		;
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	snprintf(ret, 37,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		 b[13], b[14], b[15]);
}
