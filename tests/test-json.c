// SPDX-License-Identifier: MIT
/* JSON of each object: exactly the documented keys, in types that parse. */
#include <check.h>
#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "harness/gpus.h"
#include "internal.h"

#define UUID "6ba7b810-9dad-41d1-80b4-00c04fd430c8"

static struct nvvgpu *host;
static struct nvvgpu_gpu *gpu;

static void setup(void)
{
	ck_assert_int_eq(nvvgpu_open("emu:l40", &host), 0);
	gpu = gpu_at(host, 0);
}

static void teardown(void)
{
	nvvgpu_unref(host);
}

/* Takes the text over: one line of JSON. */
static struct json_object *parse(char *text)
{
	enum json_tokener_error error;
	struct json_object *object;

	ck_assert_ptr_null(strchr(text, '\n'));
	object = json_tokener_parse_verbose(text, &error);
	ck_assert_msg(error == json_tokener_success, "%s", text);
	nvvgpu_free(text);
	return object;
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value;

	ck_assert_msg(json_object_object_get_ex(object, key, &value), "no %s", key);
	return value;
}

static const char *text_of(struct json_object *object, const char *key)
{
	ck_assert_int_eq(json_object_get_type(member(object, key)), json_type_string);
	return json_object_get_string(member(object, key));
}

static uint64_t number_of(struct json_object *object, const char *key)
{
	ck_assert_int_eq(json_object_get_type(member(object, key)), json_type_int);
	return json_object_get_uint64(member(object, key));
}

static void assert_null(struct json_object *object, const char *key)
{
	ck_assert_int_eq(json_object_get_type(member(object, key)), json_type_null);
}

/* "a b c": these keys, in this order, and no others */
static void assert_keys(struct json_object *object, const char *keys)
{
	char got[512] = "";

	json_object_object_foreach(object, key, value) {
		size_t len = strlen(got);

		(void)value;
		snprintf(got + len, sizeof(got) - len, "%s%s", len ? " " : "", key);
	}
	ck_assert_str_eq(got, keys);
}

static struct nvvgpu_vgpu *create(const char *type)
{
	struct nvvgpu_spec *spec;
	struct nvvgpu_vgpu *vgpu;

	ck_assert_int_eq(nvvgpu_spec_new(&spec), 0);
	ck_assert_int_eq(nvvgpu_spec_set_type(spec, type), 0);
	ck_assert_int_eq(nvvgpu_spec_set_uuid(spec, UUID), 0);
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "frame_rate_limiter", "0"), 0);
	ck_assert_int_eq(nvvgpu_spec_add_param(spec, "name", "a \"quoted\" \\ word"), 0);
	ck_assert_int_eq(nvvgpu_spec_set_owner(spec, "gr\xc3\xbc\xc3\x9f \"dich\" \\"), 0);
	ck_assert_int_eq(nvvgpu_create(gpu_at(host, 0), spec, &vgpu), 0);
	nvvgpu_spec_free(spec);
	return vgpu;
}

START_TEST(test_gpu)
{
	struct nvvgpu_vgpu *vgpu = create("L40-4Q");
	struct json_object *object;
	char *text;

	ck_assert_int_eq(nvvgpu_gpu_to_json(gpu, &text), 0);
	object = parse(text);
	assert_keys(object, "address name vendor_id device_id framework evidence driver numa_node "
			    "framebuffer_bytes vfs_total vfs_enabled mode drm_nodes vgpus reason");
	ck_assert_str_eq(text_of(object, "address"), nvvgpu_gpu_get_address(gpu));
	ck_assert_str_eq(text_of(object, "name"), "NVIDIA L40");
	ck_assert_str_eq(text_of(object, "vendor_id"), "0x10de");
	ck_assert_str_eq(text_of(object, "device_id"), "0x26b5");
	ck_assert_str_eq(text_of(object, "framework"), "nvvgpu");
	ck_assert_str_eq(text_of(object, "mode"), "equal-size");
	ck_assert_uint_eq(number_of(object, "framebuffer_bytes"), 48ULL << 30);
	ck_assert_uint_eq(number_of(object, "vfs_total"), 32);
	ck_assert_uint_eq(number_of(object, "vfs_enabled"), 32);
	ck_assert_uint_eq(number_of(object, "vgpus"), 1);
	ck_assert_int_eq(json_object_get_type(member(object, "drm_nodes")), json_type_array);
	assert_null(object, "numa_node");
	assert_null(object, "reason");
	json_object_put(object);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

/* A GPU that cannot be shared: a tree of one function, made here. */
START_TEST(test_gpu_without_framework)
{
	static const char script[] =
		"mkdir -p %1$s/sys/bus/pci/devices/0000:41:00.0 && "
		"cd %1$s/sys/bus/pci/devices/* && "
		"echo 0x10de >vendor && echo 0x26b5 >device && echo 0x030200 >class";
	char dir[] = "/tmp/json-XXXXXX", command[512], uri[64], *text;
	struct json_object *object;
	struct nvvgpu *tree;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(command, sizeof(command), script, dir);
	ck_assert_int_eq(system(command), 0);
	snprintf(uri, sizeof(uri), "tree:%s", dir);
	ck_assert_int_eq(nvvgpu_open(uri, &tree), 0);
	ck_assert_int_eq(nvvgpu_gpu_to_json(gpu_at(tree, 0), &text), 0);
	ck_assert_int_eq(nvvgpu_error_get_errno(nvvgpu_last_error()), 0);
	object = parse(text);
	ck_assert_str_eq(text_of(object, "framework"), "none");
	ck_assert_str_eq(text_of(object, "mode"), "unknown");
	assert_null(object, "driver");
	assert_keys(member(object, "reason"), "code text");
	ck_assert_str_eq(text_of(member(object, "reason"), "code"), "no-driver");
	json_object_put(object);
	nvvgpu_unref(tree);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

static struct json_object *type_json(const char *name)
{
	struct nvvgpu_type *type;
	char *text;

	ck_assert_int_eq(nvvgpu_type_lookup(gpu, name, &type), 0);
	ck_assert_int_eq(nvvgpu_type_to_json(type, &text), 0);
	nvvgpu_type_unref(type);
	return parse(text);
}

START_TEST(test_type)
{
	struct json_object *object = type_json("869");

	assert_keys(object, "gpu id name class framebuffer_bytes heads max_resolution "
			    "frame_rate_limit max_instances available creatable reason");
	ck_assert_str_eq(text_of(object, "gpu"), nvvgpu_gpu_get_address(gpu));
	ck_assert_uint_eq(number_of(object, "id"), 869);
	ck_assert_str_eq(text_of(object, "name"), "NVIDIA L40-1B");
	ck_assert_str_eq(text_of(object, "class"), "NVS");
	ck_assert_str_eq(text_of(object, "max_resolution"), "5120x2880");
	ck_assert_uint_eq(number_of(object, "available"), 32);
	ck_assert(json_object_get_boolean(member(object, "creatable")));
	assert_null(object, "reason");
	json_object_put(object);
}
END_TEST

START_TEST(test_type_with_reason)
{
	struct json_object *object;

	nvvgpu_vgpu_unref(create("L40-4Q"));
	object = type_json("L40-8Q");
	ck_assert_uint_eq(number_of(object, "available"), 0);
	ck_assert(!json_object_get_boolean(member(object, "creatable")));
	assert_keys(member(object, "reason"), "code text");
	ck_assert_str_eq(text_of(member(object, "reason"), "code"), "equal-size");
	ck_assert_ptr_nonnull(strstr(text_of(member(object, "reason"), "text"), "4 GiB"));
	json_object_put(object);
}
END_TEST

START_TEST(test_vgpu)
{
	struct nvvgpu_vgpu *vgpu = create("L40-4Q");
	struct json_object *object;
	char *text;

	ck_assert_int_eq(nvvgpu_vgpu_to_json(vgpu, &text), 0);
	object = parse(text);
	assert_keys(object, "uuid type_id type_name gpu vf placement framework state owner params "
			    "vfio");
	ck_assert_str_eq(text_of(object, "uuid"), UUID);
	ck_assert_uint_eq(number_of(object, "type_id"), nvvgpu_vgpu_get_type_id(vgpu));
	ck_assert_str_eq(text_of(object, "type_name"), "NVIDIA L40-4Q");
	ck_assert_str_eq(text_of(object, "vf"), nvvgpu_vgpu_get_vf(vgpu));
	ck_assert_uint_eq(number_of(object, "placement"), 0);
	ck_assert_str_eq(text_of(object, "framework"), "nvvgpu");
	ck_assert_str_eq(text_of(object, "state"), "assigned");
	ck_assert_str_eq(text_of(object, "owner"), "gr\xc3\xbc\xc3\x9f \"dich\" \\");
	assert_keys(member(object, "params"), "frame_rate_limiter name");
	ck_assert_str_eq(text_of(member(object, "params"), "frame_rate_limiter"), "0");
	ck_assert_str_eq(text_of(member(object, "params"), "name"), "a \"quoted\" \\ word");
	ck_assert_str_eq(text_of(object, "vfio"), nvvgpu_vgpu_get_vfio(vgpu));
	json_object_put(object);
	ck_assert_int_eq(nvvgpu_destroy(vgpu), 0);
	ck_assert_int_eq(nvvgpu_vgpu_to_json(vgpu, &text), -ENODEV);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

START_TEST(test_vgpu_without_sriov)
{
	struct json_object *object;
	struct nvvgpu_vgpu *vgpu;
	char *text;

	nvvgpu_unref(host);
	ck_assert_int_eq(nvvgpu_open("emu:t4", &host), 0);
	vgpu = create("T4-2Q");
	ck_assert_int_eq(nvvgpu_vgpu_to_json(vgpu, &text), 0);
	ck_assert_int_eq(nvvgpu_error_get_errno(nvvgpu_last_error()), 0);
	object = parse(text);
	assert_null(object, "vf");
	assert_null(object, "placement");
	json_object_put(object);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

START_TEST(test_event)
{
	struct nvvgpu_monitor *monitor;
	struct nvvgpu_event *event;
	struct json_object *object;
	char *text;

	ck_assert_int_eq(nvvgpu_monitor_open(host, &monitor), 0);
	nvvgpu_vgpu_unref(create("869"));
	ck_assert_int_eq(nvvgpu_monitor_next(monitor, 0, &event), 0);
	ck_assert_int_eq(nvvgpu_event_to_json(event, &text), 0);
	object = parse(text);
	assert_keys(object, "kind gpu vf uuid type_id sequence time_ns value");
	ck_assert_str_eq(text_of(object, "kind"), "created");
	ck_assert_str_eq(text_of(object, "gpu"), nvvgpu_gpu_get_address(gpu));
	ck_assert_str_eq(text_of(object, "vf"), nvvgpu_event_get_vf(event));
	ck_assert_str_eq(text_of(object, "uuid"), UUID);
	ck_assert_uint_eq(number_of(object, "type_id"), 869);
	ck_assert_uint_eq(number_of(object, "time_ns"), nvvgpu_event_get_time_ns(event));
	json_object_put(object);
	nvvgpu_event_free(event);
	nvvgpu_monitor_close(monitor);
}
END_TEST

START_TEST(test_stream_info)
{
	struct nvvgpu_vgpu *vgpu = create("869");
	struct nvvgpu_stream_info *info;
	FILE *file = tmpfile();
	struct json_object *object;
	char *text;

	ck_assert_int_eq(nvvgpu_migrate_save(vgpu, fileno(file), NULL), 0);
	ck_assert_int_eq(lseek(fileno(file), 0, SEEK_SET), 0);
	ck_assert_int_eq(nvvgpu_migrate_verify(fileno(file), NULL, &info), 0);
	ck_assert_int_eq(nvvgpu_stream_info_to_json(info, &text), 0);
	object = parse(text);
	assert_keys(object, "format_major format_minor stream_uuid vgpu_uuid type_id type_name "
			    "board_name device_id framebuffer_bytes driver_version "
			    "firmware_version library_version source_gpu time_ns checksums "
			    "verified data_bytes chunks");
	ck_assert_str_eq(text_of(object, "vgpu_uuid"), UUID);
	ck_assert_str_eq(text_of(object, "device_id"), "0x26b5");
	ck_assert(json_object_get_boolean(member(object, "verified")));
	json_object_put(object);
	nvvgpu_stream_info_free(info);
	fclose(file);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

START_TEST(test_error)
{
	struct json_object *object, *inner;
	struct nvvgpu_gpu *none;
	char *text;

	ck_assert_int_eq(nvvgpu_error_to_json(nvvgpu_last_error(), &text), 0);
	object = parse(text);
	assert_null(member(object, "error"), "errno_name");
	json_object_put(object);
	ck_assert_int_eq(nvvgpu_gpu_lookup(host, "fffe:00:00.0", &none), -ENODEV);
	ck_assert_int_eq(nvvgpu_error_to_json(nvvgpu_last_error(), &text), 0);
	object = parse(text);
	assert_keys(object, "error");
	inner = member(object, "error");
	assert_keys(inner, "reason errno errno_name object cause next_step");
	ck_assert_str_eq(text_of(inner, "reason"), "not-found");
	ck_assert_uint_eq(number_of(inner, "errno"), ENODEV);
	ck_assert_str_eq(text_of(inner, "errno_name"), "ENODEV");
	ck_assert_str_eq(text_of(inner, "object"), "fffe:00:00.0");
	json_object_put(object);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tcase = tcase_create("json");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_gpu);
	tcase_add_test(tcase, test_gpu_without_framework);
	tcase_add_test(tcase, test_type);
	tcase_add_test(tcase, test_type_with_reason);
	tcase_add_test(tcase, test_vgpu);
	tcase_add_test(tcase, test_vgpu_without_sriov);
	tcase_add_test(tcase, test_event);
	tcase_add_test(tcase, test_stream_info);
	tcase_add_test(tcase, test_error);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
