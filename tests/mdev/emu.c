// SPDX-License-Identifier: MIT
/* The files of an emulated host with framework=mdev: what they print, take and refuse. */
#include <stdio.h>
#include <string.h>
#include "mdev.h"

#define UUID_A	"6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a001"
#define UUID_B	"6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a002"
#define PF	"bus/pci/devices/0000:41:00.0/"
#define VF0	"bus/pci/devices/0000:41:00.4/"
#define VF1	"bus/pci/devices/0000:41:00.5/"
#define TYPES	"mdev_supported_types/"
#define MDEV_A	"bus/mdev/devices/" UUID_A

static struct os *os;

static void open_emu(const char *uri)
{
	const char *detail;

	ck_assert_int_eq(os_open(uri, &os, &detail), 0);
}

static void close_emu(void)
{
	os_close(os);
}

static void expect_text(const char *path, const char *wanted)
{
	char text[256];
	size_t len;

	ck_assert_int_eq(os->ops->attr_read(os, path, text, sizeof(text), &len), 0);
	ck_assert_str_eq(text, wanted);
	ck_assert_uint_eq(len, strlen(wanted));
}

static void expect_link(const char *path, const char *wanted)
{
	char name[64];

	ck_assert_int_eq(os->ops->link_read(os, path, name, sizeof(name)), 0);
	ck_assert_str_eq(name, wanted);
}

static int read_errno(const char *path)
{
	char text[256];

	return os->ops->attr_read(os, path, text, sizeof(text), NULL);
}

static int write_text(const char *path, const char *text)
{
	return os->ops->attr_write(os, path, text);
}

struct names {
	char text[4096];
	int count;
};

static int add_name(const char *name, void *arg)
{
	struct names *names = arg;

	strcat(names->text, name);
	strcat(names->text, " ");
	names->count++;
	return 0;
}

static int list(const char *path, struct names *names)
{
	*names = (struct names){ .count = 0 };
	return os->ops->list(os, path, add_name, names);
}

static void expect_names(const char *path, const char *wanted)
{
	struct names names;

	ck_assert_int_eq(list(path, &names), 0);
	ck_assert_str_eq(names.text, wanted);
}

START_TEST(types_on_vfs)
{
	struct os_file *file;
	struct names names;

	open_emu("emu:a40?framework=mdev");
	expect_link(PF "driver", "nvidia");
	expect_link(VF0 "driver", "nvidia");
	ck_assert_int_eq(os->ops->control_open(os, "0000:41:00.0", false, &file), -ENOENT);
	ck_assert_int_eq(os->ops->vfio_open(os, "0000:41:00.4", &file), -ENODEV);
	ck_assert_int_eq(list(PF "mdev_supported_types", &names), -ENOENT);
	ck_assert_int_eq(list(VF0 "nvidia", &names), -ENOENT);
	ck_assert_int_eq(read_errno(VF0 "nvidia/current_vgpu_type"), -ENOENT);
	ck_assert_int_eq(list(VF0 ".", &names), -ENOENT);
	ck_assert_int_eq(list("bus/pci/devices/0000:41:00.4", &names), 0);
	ck_assert_ptr_nonnull(strstr(names.text, "mdev_supported_types "));
	ck_assert_ptr_null(strstr(names.text, "nvidia "));
	ck_assert_int_eq(list(VF0 "mdev_supported_types", &names), 0);
	ck_assert_int_eq(names.count, 22);
	ck_assert_ptr_nonnull(strstr(names.text, "nvidia-555 nvidia-556 "));
	expect_names(VF0 TYPES "nvidia-555",
		     "available_instances create description device_api devices name ");
	expect_text(VF0 TYPES "nvidia-555/name", "NVIDIA A40-1B\n");
	expect_text(VF0 TYPES "nvidia-555/description",
		    "num_heads=4, frl_config=45, framebuffer=1024M, max_resolution=5120x2880, "
		    "max_instance=32\n");
	expect_text(VF0 TYPES "nvidia-555/device_api", "vfio-pci\n");
	expect_text(VF0 TYPES "nvidia-555/available_instances", "1\n");
	expect_names(VF0 TYPES "nvidia-555/devices", "");
	expect_names("bus/mdev/devices", "");
	close_emu();
}
END_TEST

START_TEST(life_on_a_vf)
{
	char parent[64];

	open_emu("emu:a40?framework=mdev");
	ck_assert_int_eq(write_text(VF1 TYPES "nvidia-560/create", UUID_A "\n"), 0);
	expect_text(VF1 TYPES "nvidia-560/available_instances", "0\n");
	expect_text(VF1 TYPES "nvidia-570/available_instances", "0\n");
	expect_text(VF0 TYPES "nvidia-560/available_instances", "1\n");
	expect_text(VF0 TYPES "nvidia-562/available_instances", "0\n");
	expect_names(VF1 TYPES "nvidia-560/devices", UUID_A " ");
	expect_names(VF1 TYPES "nvidia-570/devices", "");
	expect_names(VF0 TYPES "nvidia-560/devices", "");
	expect_names("bus/mdev/devices", UUID_A " ");
	expect_names(MDEV_A, "driver iommu_group mdev_type nvidia remove ");
	expect_names(MDEV_A "/nvidia", "vgpu_params ");
	expect_link(MDEV_A, UUID_A);
	expect_link(MDEV_A "/mdev_type", "nvidia-560");
	ck_assert_int_eq(os->ops->link_parent(os, MDEV_A, parent, sizeof(parent)), 0);
	ck_assert_str_eq(parent, "0000:41:00.5");
	ck_assert_int_eq(os->ops->link_parent(os, MDEV_A, parent, 4), -EMSGSIZE);

	expect_text(MDEV_A "/nvidia/vgpu_params", "\n");
	ck_assert_int_eq(write_text(MDEV_A "/nvidia/vgpu_params", "enable_uvm=1\n"), 0);
	expect_text(MDEV_A "/nvidia/vgpu_params", "enable_uvm=1\n");
	ck_assert_int_eq(write_text(MDEV_A "/nvidia/vgpu_params", "nonsense\n"), -EINVAL);

	ck_assert_int_eq(write_text(MDEV_A "/remove", "0\n"), 0);
	expect_names("bus/mdev/devices", UUID_A " ");
	ck_assert_int_eq(write_text(MDEV_A "/remove", "yes\n"), -EINVAL);
	ck_assert_int_eq(write_text(MDEV_A "/remove", "1\n"), 0);
	expect_names("bus/mdev/devices", "");
	ck_assert_int_eq(write_text(MDEV_A "/remove", "1\n"), -ENOENT);
	expect_text(VF0 TYPES "nvidia-562/available_instances", "1\n");
	close_emu();
}
END_TEST

/* As the mdev core answers, and the driver behind it. */
START_TEST(refusals)
{
	const char *create = VF0 TYPES "nvidia-560/create";

	open_emu("emu:a40*2?framework=mdev");
	ck_assert_int_eq(write_text(create, ""), -EINVAL);
	ck_assert_int_eq(write_text(create, "6f1bd1a2"), -EINVAL);
	ck_assert_int_eq(write_text(create, "6f1bd1a2-9a0c-4f5e-8a77-0d9c32c4a0zz\n"), -EINVAL);
	ck_assert_int_eq(write_text(create, UUID_A "\n\n"), -EINVAL);
	ck_assert_int_eq(write_text(create, UUID_A), 0);
	ck_assert_int_eq(write_text(create, UUID_A), -EEXIST);
	ck_assert_int_eq(write_text("bus/pci/devices/0000:42:00.4/" TYPES "nvidia-560/create",
				    UUID_A), -EEXIST);
	ck_assert_int_eq(write_text(create, UUID_B), -EBUSY);
	ck_assert_int_eq(write_text(VF1 TYPES "nvidia-562/create", UUID_B), -EINVAL);
	ck_assert_int_eq(write_text(VF1 TYPES "nvidia-1/create", UUID_B), -ENOENT);
	ck_assert_int_eq(write_text(VF1 TYPES "vfio-pci-560/create", UUID_B), -ENOENT);
	ck_assert_int_eq(write_text(VF1 TYPES "nvidia-560/name", "x"), -EACCES);
	ck_assert_int_eq(write_text(VF0 "vendor", "x"), -EACCES);
	ck_assert_int_eq(write_text("bus/nothing", "x"), -ENOENT);
	ck_assert_int_eq(write_text(MDEV_A "/nothing", "x"), -ENOENT);
	ck_assert_int_eq(read_errno(create), -EACCES);
	ck_assert_int_eq(read_errno(MDEV_A "/remove"), -EACCES);
	ck_assert_int_eq(read_errno(MDEV_A "/nothing"), -ENOENT);
	ck_assert_int_eq(read_errno("bus/mdev/devices/" UUID_B "/remove"), -ENOENT);
	ck_assert_int_eq(read_errno("bus/mdev/devices/short"), -ENOENT);
	ck_assert_int_eq(read_errno("bus/mdev/devices/" UUID_A "x/remove"), -ENOENT);
	ck_assert_int_eq(read_errno(VF0 TYPES "nvidia-560/nothing"), -ENOENT);
	close_emu();
}
END_TEST

START_TEST(types_on_the_gpu)
{
	struct names names;
	char parent[64];

	open_emu("emu:t4?framework=mdev");
	ck_assert_int_eq(list(PF "mdev_supported_types", &names), 0);
	ck_assert_int_eq(names.count, 17);
	expect_text(PF TYPES "nvidia-231/name", "GRID T4-2Q\n");
	expect_text(PF TYPES "nvidia-231/available_instances", "8\n");
	ck_assert_int_eq(write_text(PF TYPES "nvidia-231/create", UUID_A "\n"), 0);
	ck_assert_int_eq(write_text(PF TYPES "nvidia-231/create", UUID_B "\n"), 0);
	expect_text(PF TYPES "nvidia-231/available_instances", "6\n");
	expect_text(PF TYPES "nvidia-234/available_instances", "0\n");
	expect_names(PF TYPES "nvidia-231/devices", UUID_A " " UUID_B " ");
	ck_assert_int_eq(os->ops->link_parent(os, MDEV_A, parent, sizeof(parent)), 0);
	ck_assert_str_eq(parent, "0000:41:00.0");
	close_emu();
}
END_TEST

START_TEST(open_device)
{
	struct os_file *file, *second;

	open_emu("emu:a40?framework=mdev");
	ck_assert_int_eq(os->ops->vfio_open(os, UUID_A, &file), -ENODEV);
	ck_assert_int_eq(write_text(VF1 TYPES "nvidia-560/create", UUID_A), 0);
	ck_assert_int_eq(os->ops->vfio_open(os, UUID_A, &file), 0);
	ck_assert_int_eq(os->ops->vfio_open(os, UUID_A, &second), -EBUSY);
	ck_assert_int_eq(write_text(MDEV_A "/remove", "1"), -EBUSY);
	ck_assert_int_eq(write_text(MDEV_A "/nvidia/vgpu_params", "a=1\n"), -EBUSY);
	os_file_close(file);
	ck_assert_int_eq(write_text(MDEV_A "/remove", "1"), 0);
	close_emu();
}
END_TEST

/* The other frameworks' hosts have none of it. */
START_TEST(not_elsewhere)
{
	struct names names;

	open_emu("emu:a40");
	ck_assert_int_eq(list(VF0 "mdev_supported_types", &names), -ENOENT);
	ck_assert_int_eq(write_text(VF0 TYPES "nvidia-560/create", UUID_A), -ENOENT);
	ck_assert_int_eq(list("bus/mdev/devices", &names), -ENOENT);
	ck_assert_int_eq(read_errno(VF0 TYPES "nvidia-560/name"), -ENOENT);
	expect_link(VF0 "driver", "nvvgpu_vfio");
	close_emu();
}
END_TEST

static const char *const bad_uris[] = {
	"emu:a40?framework=", "emu:a40?framework=none", "emu:a40?framework=mdevs",
	"emu:a40?framework=mdev&framework=mdev", "emu:a40?framework=nvvgpu&framework=mdev",
};

START_TEST(framework_of_a_uri)
{
	const char *detail = NULL;

	ck_assert_int_eq(os_open(bad_uris[_i], &os, &detail), -EINVAL);
	ck_assert_ptr_nonnull(detail);
}
END_TEST

void add_emu_cases(Suite *suite)
{
	TCase *cases = tcase_create("emu");

	tcase_add_test(cases, types_on_vfs);
	tcase_add_test(cases, life_on_a_vf);
	tcase_add_test(cases, refusals);
	tcase_add_test(cases, types_on_the_gpu);
	tcase_add_test(cases, open_device);
	tcase_add_test(cases, not_elsewhere);
	tcase_add_loop_test(cases, framework_of_a_uri, 0,
			    sizeof(bad_uris) / sizeof(bad_uris[0]));
	suite_add_tcase(suite, cases);
}
