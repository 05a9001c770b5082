// SPDX-License-Identifier: MIT
/* Objects as JSON: the one file that knows json-c.  doc/json.md is its contract. */
#include <inttypes.h>
#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "objects.h"

#define FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/*
 * An object under construction.  json-c says by a NULL that memory is short,
 * which is also how it spells null: so failure is remembered here, and every
 * add after it does nothing.
 */
struct builder {
	struct json_object *root;
	bool failed;
};

static void builder_init(struct builder *b)
{
	b->root = json_object_new_object();
	b->failed = !b->root;
}

/* Takes @value over. */
static void add(struct builder *b, const char *key, struct json_object *value)
{
	if (value && !b->failed && !json_object_object_add(b->root, key, value))
		return;
	json_object_put(value);
	b->failed = true;
}

static void add_null(struct builder *b, const char *key)
{
	if (!b->failed && json_object_object_add(b->root, key, NULL))
		b->failed = true;
}

static void add_text(struct builder *b, const char *key, const char *text)
{
	if (text)
		add(b, key, json_object_new_string(text));
	else
		add_null(b, key);
}

static void add_number(struct builder *b, const char *key, uint64_t number)
{
	add(b, key, json_object_new_uint64(number));
}

static void add_bool(struct builder *b, const char *key, bool value)
{
	add(b, key, json_object_new_boolean(value));
}

static void add_id(struct builder *b, const char *key, uint16_t id)
{
	char text[8];

	snprintf(text, sizeof(text), "0x%04x", id);
	add_text(b, key, text);
}

/* Takes the inner object over. */
static void add_object(struct builder *b, const char *key, struct builder *inner)
{
	if (inner->failed) {
		json_object_put(inner->root);
		b->failed = true;
		return;
	}
	add(b, key, inner->root);
}

static void add_reason(struct builder *b, enum nvvgpu_reason reason, const char *text)
{
	struct builder inner;

	if (reason == NVVGPU_REASON_NONE) {
		add_null(b, "reason");
		return;
	}
	builder_init(&inner);
	add_text(&inner, "code", nvvgpu_reason_name(reason));
	add_text(&inner, "text", text);
	add_object(b, "reason", &inner);
}

/* Ends the construction, as text if all went well. */
static int finish(struct builder *b, char **ret)
{
	const char *text = b->failed ? NULL : json_object_to_json_string_ext(b->root, FLAGS);
	char *copy = text ? strdup(text) : NULL;

	json_object_put(b->root);
	if (!copy)
		return error_nomem();
	*ret = copy;
	return 0;
}

/* ---------------------------------------------------------------------- gpu */

static void add_drm_nodes(struct builder *b, struct nvvgpu_gpu *gpu)
{
	struct json_object *nodes = json_object_new_array();
	const char *node;

	for (size_t i = 0; nodes && (node = nvvgpu_gpu_get_drm_node(gpu, i)); i++) {
		struct json_object *text = json_object_new_string(node);

		if (!text || json_object_array_add(nodes, text)) {
			json_object_put(text);
			json_object_put(nodes);
			nodes = NULL;
		}
	}
	add(b, "drm_nodes", nodes);
}

struct live {
	uint32_t vfs_enabled;
	enum nvvgpu_mode mode;
	uint64_t vgpus;
};

/* A GPU that cannot be shared has no live values; another that does not answer is an error. */
static int gpu_live(struct nvvgpu_gpu *gpu, struct live *live)
{
	int err = nvvgpu_gpu_get_vfs_enabled(gpu, &live->vfs_enabled);

	live->mode = NVVGPU_GPU_MODE_UNKNOWN;
	live->vgpus = 0;
	if (err || !gpu_is_shared(gpu))
		return err;
	err = nvvgpu_gpu_get_mode(gpu, &live->mode);
	return err ? err : nvvgpu_gpu_get_statistic(gpu, NVVGPU_STAT_VGPUS, &live->vgpus);
}

/* Where there is a framework that is not spoken to, there may be any number. */
static bool vgpus_known(struct nvvgpu_gpu *gpu)
{
	switch (nvvgpu_gpu_get_reason(gpu)) {
	case NVVGPU_REASON_NONE:
	case NVVGPU_REASON_NO_DRIVER:
	case NVVGPU_REASON_PASSTHROUGH:
	case NVVGPU_REASON_NOT_CAPABLE:
	case NVVGPU_REASON_VFS_DISABLED:
		return true;
	default:
		return false;
	}
}

NVVGPU_EXPORT int nvvgpu_gpu_to_json(struct nvvgpu_gpu *gpu, char **ret)
{
	int node = nvvgpu_gpu_get_numa_node(gpu);
	struct live live;
	struct builder b;
	int err;

	err = gpu_live(gpu, &live);
	if (err)
		return err;
	builder_init(&b);
	add_text(&b, "address", nvvgpu_gpu_get_address(gpu));
	add_text(&b, "name", nvvgpu_gpu_get_name(gpu));
	add_id(&b, "vendor_id", nvvgpu_gpu_get_vendor_id(gpu));
	add_id(&b, "device_id", nvvgpu_gpu_get_device_id(gpu));
	add_text(&b, "framework", nvvgpu_framework_name(nvvgpu_gpu_get_framework(gpu)));
	add_text(&b, "evidence", nvvgpu_gpu_get_evidence(gpu));
	add_text(&b, "driver", nvvgpu_gpu_get_driver(gpu));
	if (node < 0)
		add_null(&b, "numa_node");
	else
		add_number(&b, "numa_node", node);
	if (nvvgpu_gpu_get_framebuffer_bytes(gpu))
		add_number(&b, "framebuffer_bytes", nvvgpu_gpu_get_framebuffer_bytes(gpu));
	else
		add_null(&b, "framebuffer_bytes");
	add_number(&b, "vfs_total", nvvgpu_gpu_get_vfs_total(gpu));
	add_number(&b, "vfs_enabled", live.vfs_enabled);
	add_text(&b, "mode", nvvgpu_mode_name(live.mode));
	add_drm_nodes(&b, gpu);
	if (vgpus_known(gpu))
		add_number(&b, "vgpus", live.vgpus);
	else
		add_null(&b, "vgpus");
	add_reason(&b, nvvgpu_gpu_get_reason(gpu), nvvgpu_gpu_get_reason_text(gpu));
	return finish(&b, ret);
}

/* --------------------------------------------------------------------- type */

NVVGPU_EXPORT int nvvgpu_type_to_json(struct nvvgpu_type *type, char **ret)
{
	char resolution[32];
	uint32_t available;
	struct builder b;

	snprintf(resolution, sizeof(resolution), "%" PRIu32 "x%" PRIu32,
		 nvvgpu_type_get_max_width(type), nvvgpu_type_get_max_height(type));
	builder_init(&b);
	add_text(&b, "gpu", nvvgpu_gpu_get_address(nvvgpu_type_get_gpu(type)));
	add_number(&b, "id", nvvgpu_type_get_id(type));
	add_text(&b, "name", nvvgpu_type_get_name(type));
	add_text(&b, "class", nvvgpu_type_get_class(type));
	add_number(&b, "framebuffer_bytes", nvvgpu_type_get_framebuffer_bytes(type));
	add_number(&b, "heads", nvvgpu_type_get_heads(type));
	add_text(&b, "max_resolution", resolution);
	add_number(&b, "frame_rate_limit", nvvgpu_type_get_frame_rate_limit(type));
	add_number(&b, "max_instances", nvvgpu_type_get_max_instances(type));
	if (type_available(type, &available))
		add_number(&b, "available", available);
	else
		add_null(&b, "available");
	add_bool(&b, "creatable", nvvgpu_type_is_creatable(type));
	add_reason(&b, nvvgpu_type_get_reason(type), nvvgpu_type_get_reason_text(type));
	return finish(&b, ret);
}

/* --------------------------------------------------------------------- vGPU */

/* "key=value,key=value"; the text is cut up on the way */
static void add_params(struct builder *b, char *params)
{
	struct builder inner;
	char *entry, *rest = params;

	builder_init(&inner);
	while ((entry = strsep(&rest, ","))) {
		char *value = strchr(entry, '=');

		if (value)
			*value++ = '\0';
		if (*entry)
			add_text(&inner, entry, value ? value : "");
	}
	add_object(b, "params", &inner);
}

static void add_placement(struct builder *b, struct nvvgpu_vgpu *vgpu)
{
	uint32_t placement;

	if (vgpu_placement(vgpu, &placement))
		add_number(b, "placement", placement);
	else
		add_null(b, "placement");
}

NVVGPU_EXPORT int nvvgpu_vgpu_to_json(struct nvvgpu_vgpu *vgpu, char **ret)
{
	struct nvvgpu_gpu *gpu = nvvgpu_vgpu_get_gpu(vgpu);
	__cleanup_free char *params = NULL;
	struct builder b;
	enum nvvgpu_vgpu_state state;
	int err;

	err = nvvgpu_vgpu_get_state(vgpu, &state);
	if (!err)
		err = nvvgpu_vgpu_get_params(vgpu, &params);
	if (err)
		return err;
	builder_init(&b);
	add_text(&b, "uuid", nvvgpu_vgpu_get_uuid(vgpu));
	add_number(&b, "type_id", nvvgpu_vgpu_get_type_id(vgpu));
	add_text(&b, "type_name", nvvgpu_vgpu_get_type_name(vgpu));
	add_text(&b, "gpu", nvvgpu_gpu_get_address(gpu));
	add_text(&b, "vf", nvvgpu_vgpu_get_vf(vgpu));
	add_placement(&b, vgpu);
	add_text(&b, "framework", nvvgpu_framework_name(nvvgpu_gpu_get_framework(gpu)));
	add_text(&b, "state", nvvgpu_vgpu_state_name(state));
	add_text(&b, "owner", nvvgpu_vgpu_get_owner(vgpu));
	add_params(&b, params);
	add_text(&b, "vfio", nvvgpu_vgpu_get_vfio(vgpu));
	return finish(&b, ret);
}

/* -------------------------------------------------------- event, stream, error */

NVVGPU_EXPORT int nvvgpu_event_to_json(const struct nvvgpu_event *event, char **ret)
{
	struct builder b;

	builder_init(&b);
	add_text(&b, "kind", nvvgpu_event_kind_name(nvvgpu_event_get_kind(event)));
	add_text(&b, "gpu", nvvgpu_event_get_gpu_address(event));
	add_text(&b, "vf", nvvgpu_event_get_vf(event));
	add_text(&b, "uuid", nvvgpu_event_get_uuid(event));
	if (nvvgpu_event_get_type_id(event))
		add_number(&b, "type_id", nvvgpu_event_get_type_id(event));
	else
		add_null(&b, "type_id");
	add_number(&b, "sequence", nvvgpu_event_get_sequence(event));
	add_number(&b, "time_ns", nvvgpu_event_get_time_ns(event));
	add_number(&b, "value", nvvgpu_event_get_value(event));
	return finish(&b, ret);
}

NVVGPU_EXPORT int nvvgpu_stream_info_to_json(const struct nvvgpu_stream_info *info, char **ret)
{
	struct builder b;

	builder_init(&b);
	add_number(&b, "format_major", nvvgpu_stream_info_get_format_major(info));
	add_number(&b, "format_minor", nvvgpu_stream_info_get_format_minor(info));
	add_text(&b, "stream_uuid", nvvgpu_stream_info_get_stream_uuid(info));
	add_text(&b, "vgpu_uuid", nvvgpu_stream_info_get_vgpu_uuid(info));
	add_number(&b, "type_id", nvvgpu_stream_info_get_type_id(info));
	add_text(&b, "type_name", nvvgpu_stream_info_get_type_name(info));
	add_text(&b, "board_name", nvvgpu_stream_info_get_board_name(info));
	add_id(&b, "device_id", nvvgpu_stream_info_get_device_id(info));
	add_number(&b, "framebuffer_bytes", nvvgpu_stream_info_get_framebuffer_bytes(info));
	add_text(&b, "driver_version", nvvgpu_stream_info_get_driver_version(info));
	add_text(&b, "firmware_version", nvvgpu_stream_info_get_firmware_version(info));
	add_text(&b, "library_version", nvvgpu_stream_info_get_library_version(info));
	add_text(&b, "source_gpu", nvvgpu_stream_info_get_source_gpu(info));
	add_number(&b, "time_ns", nvvgpu_stream_info_get_time_ns(info));
	add_bool(&b, "checksums", nvvgpu_stream_info_has_checksums(info));
	add_bool(&b, "verified", nvvgpu_stream_info_is_verified(info));
	add_number(&b, "data_bytes", nvvgpu_stream_info_get_data_bytes(info));
	add_number(&b, "chunks", nvvgpu_stream_info_get_chunks(info));
	return finish(&b, ret);
}

NVVGPU_EXPORT int nvvgpu_finding_to_json(struct nvvgpu_finding *finding, char **ret)
{
	enum nvvgpu_reason reason = nvvgpu_finding_get_reason(finding);
	struct builder b;

	builder_init(&b);
	add_text(&b, "check", nvvgpu_check_name(nvvgpu_finding_get_check(finding)));
	add_text(&b, "verdict", nvvgpu_verdict_name(nvvgpu_finding_get_verdict(finding)));
	add_text(&b, "reason", reason ? nvvgpu_reason_name(reason) : NULL);
	add_text(&b, "object", nvvgpu_finding_get_object(finding));
	add_text(&b, "text", nvvgpu_finding_get_text(finding));
	add_text(&b, "evidence", nvvgpu_finding_get_evidence(finding));
	add_text(&b, "next_step", nvvgpu_finding_get_next_step(finding));
	return finish(&b, ret);
}

NVVGPU_EXPORT int nvvgpu_error_to_json(const struct nvvgpu_error *error, char **ret)
{
	int number = nvvgpu_error_get_errno(error);
	struct builder outer, b;

	builder_init(&b);
	add_text(&b, "reason", nvvgpu_reason_name(nvvgpu_error_get_reason(error)));
	add_number(&b, "errno", number);
	add_text(&b, "errno_name", number ? strerrorname_np(number) : NULL);
	add_text(&b, "object", nvvgpu_error_get_object(error));
	add_text(&b, "cause", nvvgpu_error_get_cause(error));
	add_text(&b, "next_step", nvvgpu_error_get_next_step(error));
	builder_init(&outer);
	add_object(&outer, "error", &b);
	return finish(&outer, ret);
}
