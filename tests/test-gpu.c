// SPDX-License-Identifier: MIT
/* GPUs: found and described on captured trees, asked for live values on an emulated host. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/gpus.h"
#include "harness/hosts.h"
#include "harness/tree.h"
#include "internal.h"
#include "objects.h"

static struct tree tree;
static struct nvvgpu *host;

static void open_tree(const char *name)
{
	tree_make(&tree, name);
	ck_assert_int_eq(nvvgpu_open(tree.uri, &host), 0);
}

static void setup(void)
{
	tree.dir[0] = '\0';
	host = NULL;
}

static void teardown(void)
{
	nvvgpu_unref(host);
	if (tree.dir[0])
		tree_remove(&tree);
}

static struct nvvgpu_gpu *gpu_with(const char *address)
{
	struct nvvgpu_gpu *gpu;

	ck_assert_int_eq(nvvgpu_gpu_lookup(host, address, &gpu), 0);
	nvvgpu_gpu_unref(gpu);		/* the host keeps it */
	return gpu;
}

static void assert_addresses(const char *const *addresses)
{
	struct nvvgpu_gpu *gpu;

	for (size_t at = 0; (gpu = gpu_at(host, at)); at++)
		ck_assert_str_eq(nvvgpu_gpu_get_address(gpu), *addresses++);
	ck_assert_ptr_null(*addresses);
}

static void assert_refused(int err)
{
	ck_assert_int_lt(err, 0);
	ck_assert_int_eq(nvvgpu_error_get_errno(nvvgpu_last_error()), -err);
}

/* ---------------------------------------------------------- captured trees */

START_TEST(test_vendor_vfio)
{
	struct nvvgpu_gpu *gpu;
	uint32_t vfs;

	open_tree("l40s");
	assert_addresses((const char *const[]){ "0000:41:00.0", NULL });
	gpu = gpu_with("41:00.0");
	ck_assert_uint_eq(nvvgpu_gpu_get_vendor_id(gpu), 0x10de);
	ck_assert_uint_eq(nvvgpu_gpu_get_device_id(gpu), 0x26b9);
	ck_assert_uint_eq(nvvgpu_gpu_get_subsystem_vendor_id(gpu), 0x10de);
	ck_assert_uint_eq(nvvgpu_gpu_get_subsystem_device_id(gpu), 0x1851);
	ck_assert_str_eq(nvvgpu_gpu_get_driver(gpu), "nvidia");
	ck_assert_str_eq(nvvgpu_gpu_get_driver_version(gpu), "550.90.05");
	ck_assert_ptr_null(nvvgpu_gpu_get_firmware_version(gpu));
	ck_assert_int_eq(nvvgpu_gpu_get_numa_node(gpu), 1);
	ck_assert_uint_eq(nvvgpu_gpu_get_vfs_total(gpu), 32);
	ck_assert_int_eq(nvvgpu_gpu_get_vfs_enabled(gpu, &vfs), 0);
	ck_assert_uint_eq(vfs, 4);
	ck_assert_uint_eq(nvvgpu_gpu_get_framebuffer_bytes(gpu), 48ULL << 30);
	ck_assert_int_eq(nvvgpu_gpu_get_framework(gpu), NVVGPU_FRAMEWORK_VENDOR_VFIO);
	ck_assert_int_eq(nvvgpu_gpu_get_reason(gpu), NVVGPU_REASON_NONE);
	ck_assert_ptr_nonnull(strstr(nvvgpu_gpu_get_evidence(gpu),
				     "0000:41:00.4 has nvidia/current_vgpu_type; 4 VFs"));
}
END_TEST

/* As the kernel shows functions before it links them, and when they go. */
START_TEST(test_functions_without_a_link)
{
	static const char *const functions[] = { "0000:41:00.4", "0000:41:00.7" };
	char path[sizeof(tree.dir) + 64];

	tree_make(&tree, "l40s");
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s/physfn", tree.dir,
			 functions[i]);
		ck_assert_int_eq(unlink(path), 0);
	}
	ck_assert_int_eq(nvvgpu_open(tree.uri, &host), 0);
	assert_addresses((const char *const[]){ "0000:41:00.0", NULL });
}
END_TEST

START_TEST(test_drm_nodes)
{
	struct nvvgpu_gpu *gpu;

	open_tree("l40s");
	gpu = gpu_with("41:00.0");
	ck_assert_str_eq(nvvgpu_gpu_get_drm_node(gpu, 0), "/dev/dri/card1");
	ck_assert_str_eq(nvvgpu_gpu_get_drm_node(gpu, 1), "/dev/dri/renderD128");
	ck_assert_ptr_null(nvvgpu_gpu_get_drm_node(gpu, 2));
	ck_assert_ptr_null(nvvgpu_gpu_get_drm_node(gpu, SIZE_MAX));
}
END_TEST

static const struct {
	const char *tree, *address;
} mdev_trees[] = {
	{ "a40", "0000:c1:00.0" },	/* types on the VFs */
	{ "t4", "0000:3b:00.0" },	/* types on the physical function */
};

START_TEST(test_mdev)
{
	struct nvvgpu_gpu *gpu;

	open_tree(mdev_trees[_i].tree);
	gpu = gpu_with(mdev_trees[_i].address);
	assert_addresses((const char *const[]){ mdev_trees[_i].address, NULL });
	ck_assert_int_eq(nvvgpu_gpu_get_framework(gpu), NVVGPU_FRAMEWORK_MDEV);
	ck_assert_int_eq(nvvgpu_gpu_get_reason(gpu), NVVGPU_REASON_NONE);
	ck_assert_ptr_nonnull(strstr(nvvgpu_gpu_get_evidence(gpu), "mdev_supported_types"));
}
END_TEST

START_TEST(test_without_sriov)
{
	struct nvvgpu_gpu *gpu;
	uint32_t vfs;

	open_tree("t4");
	gpu = gpu_with("3b:00.0");
	ck_assert_uint_eq(nvvgpu_gpu_get_vfs_total(gpu), 0);
	ck_assert_int_eq(nvvgpu_gpu_get_vfs_enabled(gpu, &vfs), 0);
	ck_assert_uint_eq(vfs, 0);
	ck_assert_int_eq(nvvgpu_gpu_get_numa_node(gpu), -1);
	ck_assert_ptr_null(nvvgpu_gpu_get_drm_node(gpu, 0));
}
END_TEST

static const struct {
	const char *address;
	int reason;
	const char *word;
} odds[] = {
	{ "0000:01:00.0", NVVGPU_REASON_PASSTHROUGH, "vfio-pci" },
	{ "0000:02:00.0", NVVGPU_REASON_NO_DRIVER, "no kernel driver" },
	{ "0000:03:00.0", NVVGPU_REASON_NOT_CAPABLE, "nouveau" },
	{ "0000:04:00.0", NVVGPU_REASON_VFS_DISABLED, "none of its 32 VFs" },
	{ "0000:05:00.0", NVVGPU_REASON_VFS_DISABLED, "none of its 32 VFs" },
	{ "0000:08:00.0", NVVGPU_REASON_NO_DRIVER, "" },
};

START_TEST(test_reason)
{
	struct nvvgpu_gpu *gpu;

	open_tree("odds");
	gpu = gpu_with(odds[_i].address);
	ck_assert_int_eq(nvvgpu_gpu_get_framework(gpu), NVVGPU_FRAMEWORK_NONE);
	ck_assert_int_eq(nvvgpu_gpu_get_reason(gpu), odds[_i].reason);
	ck_assert_ptr_nonnull(strstr(nvvgpu_gpu_get_reason_text(gpu), odds[_i].word));
	ck_assert_str_ne(nvvgpu_gpu_get_evidence(gpu), "");
	ck_assert_int_eq(nvvgpu_gpu_get_driver(gpu) == NULL,
			 odds[_i].reason == NVVGPU_REASON_NO_DRIVER);
}
END_TEST

/* Audio functions, NVSwitch bridges, other vendors and VFs are no GPUs. */
START_TEST(test_only_gpus)
{
	open_tree("odds");
	assert_addresses((const char *const[]){ "0000:01:00.0", "0000:02:00.0", "0000:03:00.0",
						"0000:04:00.0", "0000:05:00.0", "0000:08:00.0",
						NULL });
}
END_TEST

START_TEST(test_order)
{
	open_tree("order");
	assert_addresses((const char *const[]){ "0000:02:03.0", "0000:02:1f.0", "0000:0f:00.0",
						"0000:c1:00.0", "0001:0a:00.0", "10000:01:00.0",
						NULL });
	ck_assert_ptr_nonnull(gpu_with("10000:01:00.0"));
	ck_assert_ptr_nonnull(gpu_with("00010000:01:00.0"));
}
END_TEST

START_TEST(test_four_gpus)
{
	open_tree("a16");
	assert_addresses((const char *const[]){ "0000:19:00.0", "0000:1a:00.0", "0000:1b:00.0",
						"0000:1c:00.0", NULL });
}
END_TEST

START_TEST(test_name)
{
	open_tree("odds");
	ck_assert_str_eq(nvvgpu_gpu_get_name(gpu_with("08:00.0")), "NVIDIA ffee");
	/* by the list of PCI ids, on a machine that has one */
	ck_assert_int_eq(strncmp(nvvgpu_gpu_get_name(gpu_with("01:00.0")), "NVIDIA ", 7), 0);
	ck_assert_ptr_eq(nvvgpu_gpu_get_name(gpu_with("01:00.0")),
			 nvvgpu_gpu_get_name(gpu_with("01:00.0")));
}
END_TEST

START_TEST(test_lookup)
{
	struct nvvgpu_gpu *gpu = (void *)&tree;

	open_tree("l40s");
	assert_refused(nvvgpu_gpu_lookup(host, "0000:41:00.4", &gpu));	/* a VF */
	ck_assert_int_eq(nvvgpu_error_get_errno(nvvgpu_last_error()), ENODEV);
	assert_refused(nvvgpu_gpu_lookup(host, "GPU 1", &gpu));
	ck_assert_int_eq(nvvgpu_error_get_errno(nvvgpu_last_error()), EINVAL);
	assert_refused(nvvgpu_gpu_lookup(host, NULL, &gpu));
	ck_assert_ptr_eq(gpu, &tree);
	ck_assert_str_eq(nvvgpu_gpu_get_address(gpu_with("00000000:41:00.0")), "0000:41:00.0");
}
END_TEST

static void assert_reason(int err, int wanted_err, int wanted_reason)
{
	ck_assert_int_eq(err, -wanted_err);
	ck_assert_int_eq(nvvgpu_error_get_errno(nvvgpu_last_error()), wanted_err);
	ck_assert_int_eq(nvvgpu_error_get_reason(nvvgpu_last_error()), wanted_reason);
	ck_assert_str_ne(nvvgpu_error_get_cause(nvvgpu_last_error()), "");
}

/* Every question to a GPU that cannot be shared is answered with the reason. */
START_TEST(test_refusals)
{
	struct nvvgpu_vgpu_list *vgpus;
	struct nvvgpu_type_list *types;
	struct nvvgpu_monitor *monitor;
	struct nvvgpu_type *type;
	struct nvvgpu_gpu *gpu;
	uint64_t value;
	enum nvvgpu_mode mode;

	open_tree("odds");
	gpu = gpu_with("01:00.0");
	assert_reason(nvvgpu_type_list(gpu, 0, &types), EOPNOTSUPP, NVVGPU_REASON_PASSTHROUGH);
	assert_reason(nvvgpu_type_lookup(gpu, "1", &type), EOPNOTSUPP, NVVGPU_REASON_PASSTHROUGH);
	assert_reason(nvvgpu_vgpu_list(gpu, &vgpus), EOPNOTSUPP, NVVGPU_REASON_PASSTHROUGH);
	assert_reason(nvvgpu_gpu_get_mode(gpu, &mode), EOPNOTSUPP, NVVGPU_REASON_PASSTHROUGH);
	assert_reason(nvvgpu_gpu_get_statistic(gpu, NVVGPU_STAT_VGPUS, &value), EOPNOTSUPP,
		      NVVGPU_REASON_PASSTHROUGH);
	ck_assert_str_eq(nvvgpu_error_get_object(nvvgpu_last_error()), "0000:01:00.0");
	assert_reason(nvvgpu_monitor_open(host, &monitor), EOPNOTSUPP, NVVGPU_REASON_NOT_SUPPORTED);
}
END_TEST

START_TEST(test_tree_is_read_only)
{
	struct nvvgpu_spec *spec;
	struct nvvgpu_vgpu *vgpu;

	open_tree("l40s");
	ck_assert_int_eq(nvvgpu_spec_new(&spec), 0);
	ck_assert_int_eq(nvvgpu_spec_set_type(spec, "1150"), 0);
	assert_reason(nvvgpu_create(gpu_with("41:00.0"), spec, &vgpu), EROFS,
		      NVVGPU_REASON_READ_ONLY);
	assert_reason(nvvgpu_gpu_set_mixed_size(gpu_with("41:00.0"), true), EROFS,
		      NVVGPU_REASON_READ_ONLY);
	nvvgpu_spec_free(spec);
}
END_TEST

START_TEST(test_no_vgpus_is_an_answer)
{
	struct nvvgpu_vgpu_list *vgpus;
	struct nvvgpu_vgpu *vgpu;

	open_tree("odds");
	ck_assert_int_eq(nvvgpu_vgpu_list_all(host, &vgpus), 0);
	ck_assert_uint_eq(nvvgpu_vgpu_list_size(vgpus), 0);
	ck_assert_ptr_null(nvvgpu_vgpu_list_get(vgpus, 0));
	nvvgpu_vgpu_list_unref(vgpus);
	assert_reason(nvvgpu_vgpu_lookup(host, "0000:01:00.4", &vgpu), ENODEV,
		      NVVGPU_REASON_NOT_FOUND);
	assert_reason(nvvgpu_vgpu_lookup(host, "", &vgpu), EINVAL, NVVGPU_REASON_INVALID_ARGUMENT);
}
END_TEST

/* Attributes as no kernel prints them do no harm. */
START_TEST(test_hostile_attributes)
{
	static const char dir[] = "devices/pci0000:00/0000:01:00.0/";
	static const char *const names[] = { "device", "numa_node", "sriov_totalvfs",
					     "sriov_numvfs", "subsystem_device" };
	static const char *const values[] = { "", "\n", "x", "-7", "99999999999999999999", "0x",
					      "\x1b[2J", "4294967296" };
	struct nvvgpu_gpu *gpu;
	char path[128];
	uint32_t vfs;

	open_tree("odds");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", dir, names[i]);
		tree_file(&tree, path, values[_i], strlen(values[_i]));
	}
	gpu = gpu_with("01:00.0");
	ck_assert_uint_eq(nvvgpu_gpu_get_device_id(gpu), 0);
	ck_assert_int_eq(nvvgpu_gpu_get_numa_node(gpu), -1);
	ck_assert_uint_eq(nvvgpu_gpu_get_vfs_total(gpu), 0);
	ck_assert_int_lt(nvvgpu_gpu_get_vfs_enabled(gpu, &vfs), 0);
	ck_assert_str_eq(nvvgpu_gpu_get_name(gpu), "NVIDIA 0000");
}
END_TEST

START_TEST(test_hostile_driver)
{
	char path[160];

	open_tree("odds");
	snprintf(path, sizeof(path), "%s/sys/devices/pci0000:00/0000:01:00.0/driver", tree.dir);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("../drivers/a\x1b[2J\nb", path), 0);
	ck_assert_str_eq(nvvgpu_gpu_get_driver(gpu_with("01:00.0")), "a?[2J?b");
	ck_assert_ptr_null(strchr(nvvgpu_gpu_get_reason_text(gpu_with("01:00.0")), '\x1b'));
}
END_TEST

/* -------------------------------------------------------------------- names */

START_TEST(test_names)
{
	ck_assert_str_eq(nvvgpu_framework_name(NVVGPU_FRAMEWORK_NVVGPU), "nvvgpu");
	ck_assert_str_eq(nvvgpu_framework_name(NVVGPU_FRAMEWORK_VENDOR_VFIO), "vendor-vfio");
	ck_assert_str_eq(nvvgpu_framework_name(NVVGPU_FRAMEWORK_MDEV), "mdev");
	ck_assert_str_eq(nvvgpu_framework_name(NVVGPU_FRAMEWORK_NONE), "none");
	ck_assert_str_eq(nvvgpu_framework_name(99), "none");
	ck_assert_str_eq(nvvgpu_mode_name(NVVGPU_GPU_MODE_EQUAL_SIZE), "equal-size");
	ck_assert_str_eq(nvvgpu_mode_name(NVVGPU_GPU_MODE_MIXED_SIZE), "mixed-size");
	ck_assert_str_eq(nvvgpu_mode_name(NVVGPU_GPU_MODE_MIG), "mig");
	ck_assert_str_eq(nvvgpu_mode_name(99), "unknown");
	ck_assert_str_eq(nvvgpu_statistic_name(NVVGPU_STAT_VGPUS), "vgpus");
	ck_assert_ptr_null(nvvgpu_statistic_name(NVVGPU_STAT_FIRMWARE_CALLS + 1));
	ck_assert_ptr_null(nvvgpu_statistic_name(-1));
}
END_TEST

/* ------------------------------------------------------------ emulated host */

static struct nvvgpu_gpu *open_l40(void)
{
	ck_assert_int_eq(nvvgpu_open("emu:l40", &host), 0);
	return gpu_at(host, 0);
}

START_TEST(test_emulated_facts)
{
	struct nvvgpu_gpu *gpu = open_l40();
	uint32_t vfs;

	ck_assert_ptr_nonnull(gpu);
	ck_assert_str_eq(nvvgpu_gpu_get_name(gpu), "NVIDIA L40");
	ck_assert_uint_eq(nvvgpu_gpu_get_device_id(gpu), 0x26b5);
	ck_assert_int_eq(nvvgpu_gpu_get_framework(gpu), NVVGPU_FRAMEWORK_NVVGPU);
	ck_assert_int_eq(nvvgpu_gpu_get_reason(gpu), NVVGPU_REASON_NONE);
	ck_assert_str_eq(nvvgpu_gpu_get_reason_text(gpu), "");
	ck_assert_uint_eq(nvvgpu_gpu_get_framebuffer_bytes(gpu), 48ULL << 30);
	ck_assert_str_eq(nvvgpu_gpu_get_driver_version(gpu), nvvgpu_version());
	ck_assert_str_eq(nvvgpu_gpu_get_firmware_version(gpu), "535.113.01");
	ck_assert_uint_eq(nvvgpu_gpu_get_vfs_total(gpu), 32);
	ck_assert_int_eq(nvvgpu_gpu_get_vfs_enabled(gpu, &vfs), 0);
	ck_assert_uint_eq(vfs, 32);
}
END_TEST

START_TEST(test_mode)
{
	struct nvvgpu_gpu *gpu = open_l40();
	enum nvvgpu_mode mode;

	ck_assert_int_eq(nvvgpu_gpu_get_mode(gpu, &mode), 0);
	ck_assert_int_eq(mode, NVVGPU_GPU_MODE_EQUAL_SIZE);
	ck_assert_int_eq(nvvgpu_gpu_set_mixed_size(gpu, true), 0);
	ck_assert_int_eq(nvvgpu_gpu_set_mixed_size(gpu, true), 0);
	ck_assert_int_eq(nvvgpu_gpu_get_mode(gpu, &mode), 0);
	ck_assert_int_eq(mode, NVVGPU_GPU_MODE_MIXED_SIZE);
	ck_assert_int_eq(nvvgpu_gpu_set_mixed_size(gpu, false), 0);
}
END_TEST

START_TEST(test_mode_not_supported)
{
	ck_assert_int_eq(nvvgpu_open("emu:t4", &host), 0);
	ck_assert_int_eq(nvvgpu_gpu_set_mixed_size(gpu_at(host, 0), false), 0);
	assert_reason(nvvgpu_gpu_set_mixed_size(gpu_at(host, 0), true), EOPNOTSUPP,
		      NVVGPU_REASON_NOT_SUPPORTED);
}
END_TEST

START_TEST(test_statistics)
{
	struct nvvgpu_gpu *gpu = open_l40();
	uint64_t value, total = 0, free = 0;

	for (int i = 0; nvvgpu_statistic_name(i); i++)
		ck_assert_int_eq(nvvgpu_gpu_get_statistic(gpu, i, &value), 0);
	ck_assert_int_eq(nvvgpu_gpu_get_statistic(gpu, NVVGPU_STAT_VGPUS, &value), 0);
	ck_assert_uint_eq(value, 0);
	nvvgpu_gpu_get_statistic(gpu, NVVGPU_STAT_FRAMEBUFFER_TOTAL_BYTES, &total);
	nvvgpu_gpu_get_statistic(gpu, NVVGPU_STAT_FRAMEBUFFER_FREE_BYTES, &free);
	ck_assert_uint_eq(total, 48ULL << 30);
	ck_assert_uint_eq(free, total);
	assert_reason(nvvgpu_gpu_get_statistic(gpu, 16, &value), EINVAL,
		      NVVGPU_REASON_INVALID_ARGUMENT);
	assert_reason(nvvgpu_gpu_get_statistic(gpu, -1, &value), EINVAL,
		      NVVGPU_REASON_INVALID_ARGUMENT);
}
END_TEST

START_TEST(test_many_boards)
{
	struct nvvgpu_gpu *gpu;
	size_t count = 0;

	ck_assert_int_eq(nvvgpu_open("emu:a16,l4*2,t4", &host), 0);
	for (size_t at = 0; (gpu = gpu_at(host, at)); at++) {
		ck_assert_int_eq(nvvgpu_gpu_get_framework(gpu), NVVGPU_FRAMEWORK_NVVGPU);
		count++;
	}
	ck_assert_uint_eq(count, 7);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* ----------------------------------------------------------------- what is read */

#define MOST_READS 20000

static const struct os_ops *door;	/* behind listed_read */
static char *paths[MOST_READS];
static size_t path_count;

static int listed_read(struct os *os, const char *path, char *buf, size_t size, size_t *ret_len)
{
	ck_assert_uint_lt(path_count, MOST_READS);
	paths[path_count++] = strdup(path);
	return door->attr_read(os, path, buf, size, ret_len);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* GPUs, all types with what is free of each, and vGPUs */
static void look_at_everything(struct nvvgpu *of)
{
	struct nvvgpu_vgpu_list *vgpus;
	struct nvvgpu_type_list *types;
	struct nvvgpu_gpu *gpu;
	struct nvvgpu_type *type;
	uint32_t available;

	for (size_t i = 0; (gpu = gpu_at(of, i)); i++) {
		ck_assert_int_eq(nvvgpu_type_list(gpu, NVVGPU_TYPE_ALL, &types), 0);
		for (size_t at = 0; (type = nvvgpu_type_list_get(types, at)); at++)
			ck_assert_int_eq(nvvgpu_type_get_available(type, &available), 0);
		nvvgpu_type_list_unref(types);
	}
	ck_assert_int_eq(nvvgpu_vgpu_list_all(of, &vgpus), 0);
	ck_assert_uint_eq(nvvgpu_vgpu_list_size(vgpus), 4);
	nvvgpu_vgpu_list_unref(vgpus);
}

/* Each attribute of a host is read once, however much is asked. */
START_TEST(test_no_attribute_twice)
{
	const struct host_spec spec = { _i ? "a40" : "l40", _i, 2, 8, 2 };
	char directory[] = "/tmp/nvvgpu-reads-XXXXXX", uri[64], command[64];
	struct nvvgpu *machine;
	struct os_ops listed;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(host_make(directory, &spec), 0);
	snprintf(uri, sizeof(uri), "tree:%s", directory);
	ck_assert_int_eq(nvvgpu_open(uri, &machine), 0);
	door = machine->os->ops;
	listed = *door;
	listed.attr_read = listed_read;
	machine->os->ops = &listed;
	look_at_everything(machine);
	look_at_everything(machine);
	ck_assert_uint_gt(path_count, 60);
	qsort(paths, path_count, sizeof(paths[0]), compare_paths);
	for (size_t i = 1; i < path_count; i++)
		ck_assert_msg(strcmp(paths[i - 1], paths[i]), "%s is read twice", paths[i]);
	machine->os->ops = door;
	nvvgpu_unref(machine);
	for (size_t i = 0; i < path_count; i++)
		free(paths[i]);
	path_count = 0;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gpu");
	TCase *tcase = tcase_create("gpu");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_vendor_vfio);
	tcase_add_loop_test(tcase, test_no_attribute_twice, 0, 2);
	tcase_add_test(tcase, test_functions_without_a_link);
	tcase_add_test(tcase, test_drm_nodes);
	tcase_add_loop_test(tcase, test_mdev, 0, COUNT(mdev_trees));
	tcase_add_test(tcase, test_without_sriov);
	tcase_add_loop_test(tcase, test_reason, 0, COUNT(odds));
	tcase_add_test(tcase, test_only_gpus);
	tcase_add_test(tcase, test_order);
	tcase_add_test(tcase, test_four_gpus);
	tcase_add_test(tcase, test_name);
	tcase_add_test(tcase, test_lookup);
	tcase_add_test(tcase, test_refusals);
	tcase_add_test(tcase, test_tree_is_read_only);
	tcase_add_test(tcase, test_no_vgpus_is_an_answer);
	tcase_add_loop_test(tcase, test_hostile_attributes, 0, 8);
	tcase_add_test(tcase, test_hostile_driver);
	tcase_add_test(tcase, test_names);
	tcase_add_test(tcase, test_emulated_facts);
	tcase_add_test(tcase, test_mode);
	tcase_add_test(tcase, test_mode_not_supported);
	tcase_add_test(tcase, test_statistics);
	tcase_add_test(tcase, test_many_boards);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
