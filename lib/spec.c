// SPDX-License-Identifier: MIT
/* The recipe of a vGPU. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uapi/nvvgpu.h>
#include "framework/record.h"
#include "internal.h"
#include "util/text.h"

NVVGPU_EXPORT int nvvgpu_spec_new(struct nvvgpu_spec **ret)
{
	struct nvvgpu_spec *spec = calloc(1, sizeof(*spec));

	if (!spec)
		return error_nomem();
	*ret = spec;
	return 0;
}

NVVGPU_EXPORT void nvvgpu_spec_free(struct nvvgpu_spec *spec)
{
	if (!spec)
		return;
	free(spec->type);
	free(spec->vf);
	free(spec->params);
	free(spec->owner);
	free(spec);
}

/* Puts a copy of @from, or nothing, in the place of *to. */
static int replace(char **to, const char *from)
{
	char *copy = NULL;

	if (from) {
		copy = strdup(from);
		if (!copy)
			return error_nomem();
	}
	free(*to);
	*to = copy;
	return 0;
}

int spec_copy(const struct nvvgpu_spec *from, struct nvvgpu_spec **ret)
{
	struct nvvgpu_spec *spec;
	int err = nvvgpu_spec_new(&spec);

	if (err)
		return err;
	*spec = *from;
	spec->type = spec->vf = spec->params = spec->owner = NULL;
	err = replace(&spec->type, from->type);
	if (!err)
		err = replace(&spec->vf, from->vf);
	if (!err)
		err = replace(&spec->params, from->params);
	if (!err)
		err = replace(&spec->owner, from->owner);
	if (err) {
		nvvgpu_spec_free(spec);
		return err;
	}
	*ret = spec;
	return 0;
}

static int invalid(const char *object, const char *cause, const char *next)
{
	return error_set(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, object, cause, next);
}

NVVGPU_EXPORT int nvvgpu_spec_set_type(struct nvvgpu_spec *spec, const char *id_or_name)
{
	return replace(&spec->type, id_or_name);
}

NVVGPU_EXPORT int nvvgpu_spec_set_uuid(struct nvvgpu_spec *spec, const char *uuid)
{
	uint8_t bytes[16];

	if (uuid_parse_text(uuid, bytes) || uuid_is_null(bytes))
		return invalid(uuid, "this is not a uuid that a vGPU can have",
			       "write it like 6ba7b810-9dad-41d1-80b4-00c04fd430c8");
	memcpy(spec->uuid, bytes, sizeof(bytes));
	spec->has_uuid = true;
	return 0;
}

NVVGPU_EXPORT int nvvgpu_spec_set_vf(struct nvvgpu_spec *spec, const char *address)
{
	char canonical[PCI_ADDRESS_LEN];

	if (pci_address_canonical(address, canonical))
		return invalid(address, "this is not a PCI address", "write it like 0000:41:00.4");
	return replace(&spec->vf, canonical);
}

NVVGPU_EXPORT int nvvgpu_spec_set_placement(struct nvvgpu_spec *spec, uint32_t placement_id)
{
	if (placement_id == NVVGPU_PLACEMENT_ANY)
		return invalid("", "this number is not a placement id",
			       "ask for the placements of the type");
	spec->placement = placement_id;
	spec->has_placement = true;
	return 0;
}

static bool is_param_word(const char *text)
{
	return text && *text && !strpbrk(text, ",=") && text_is_clean(text);
}

static bool has_key(const char *params, const char *key)
{
	size_t len = strlen(key);

	while (params) {
		if (!strncmp(params, key, len) && params[len] == '=')
			return true;
		params = strchr(params, ',');
		if (params)
			params++;
	}
	return false;
}

NVVGPU_EXPORT int nvvgpu_spec_add_param(struct nvvgpu_spec *spec, const char *key,
					const char *value)
{
	const char *before = spec->params ? spec->params : "";
	char *params;

	if (!is_param_word(key) || !is_param_word(value))
		return error_set(EINVAL, NVVGPU_REASON_PARAMS, key, "key and value of a parameter "
				 "are words without ',', '=' and control characters",
				 "add parameters one by one");
	if (has_key(spec->params, key))
		return error_set(EINVAL, NVVGPU_REASON_PARAMS, key, "the parameter is given twice",
				 "give it once");
	if (strlen(before) + strlen(key) + strlen(value) + 3 > NVVGPU_PARAMS_LEN)
		return error_set(EINVAL, NVVGPU_REASON_PARAMS, key,
				 "the parameters are longer than 1023 bytes in all", "give fewer");
	if (asprintf(&params, "%s%s%s=%s", before, *before ? "," : "", key, value) < 0)
		return error_nomem();
	free(spec->params);
	spec->params = params;
	return 0;
}

NVVGPU_EXPORT void nvvgpu_spec_set_force_params(struct nvvgpu_spec *spec, bool force)
{
	spec->force_params = force;
}

NVVGPU_EXPORT int nvvgpu_spec_set_owner(struct nvvgpu_spec *spec, const char *owner)
{
	if (owner && (strlen(owner) >= NVVGPU_OWNER_LEN || !text_is_clean(owner)))
		return invalid(owner, "an owner is a text of at most 63 bytes without control "
			       "characters", "use a shorter name");
	if (owner && !strcmp(owner, RECORD_FOREIGN))
		return invalid(owner, "this is what the vGPUs of other programs are called",
			       "use another name");
	return replace(&spec->owner, owner);
}
