// SPDX-License-Identifier: MIT
/* What the doctor finds: on machines with one thing wrong each, and on emulated boards. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness/gpus.h"
#include "harness/tree.h"
#include "objects.h"
#include "os/capture.h"
#include "os/vfio_uapi.h"

#define GPU "0000:41:00.0"
#define BUS "devices/pci0000:00/"

static struct tree tree;
static struct nvvgpu *host;
static struct nvvgpu_finding_list *findings;

/* ------------------------------------------------------------------- asking */

/* Whatever is found: it can be understood, and a problem says why and what to do. */
static void check_form(struct nvvgpu_finding *finding)
{
	const char *text = nvvgpu_finding_get_text(finding);
	bool fine = nvvgpu_finding_get_verdict(finding) == NVVGPU_VERDICT_OK;

	ck_assert_str_ne(nvvgpu_check_name(nvvgpu_finding_get_check(finding)), "unknown");
	ck_assert_str_ne(nvvgpu_finding_get_object(finding), "");
	ck_assert_str_ne(text, "");
	ck_assert_int_ne(text[strlen(text) - 1], '.');
	ck_assert_msg(fine == !nvvgpu_finding_get_reason(finding), "%s", text);
	if (nvvgpu_finding_get_verdict(finding) == NVVGPU_VERDICT_PROBLEM)
		ck_assert_msg(*nvvgpu_finding_get_next_step(finding) != '\0', "%s", text);
}

static void examine(struct nvvgpu_gpu *gpu, unsigned int flags)
{
	struct nvvgpu_finding *finding;
	bool well = true;

	nvvgpu_finding_list_unref(findings);
	ck_assert_int_eq(nvvgpu_doctor(host, gpu, flags, &findings), 0);
	ck_assert_uint_gt(nvvgpu_finding_list_size(findings), 0);
	for (size_t i = 0; (finding = nvvgpu_finding_list_get(findings, i)); i++) {
		check_form(finding);
		well &= nvvgpu_finding_get_verdict(finding) != NVVGPU_VERDICT_PROBLEM;
	}
	ck_assert_int_eq(well, nvvgpu_finding_list_is_well(findings));
}

static struct nvvgpu_finding *found(enum nvvgpu_check check, const char *object)
{
	struct nvvgpu_finding *finding;

	for (size_t i = 0; (finding = nvvgpu_finding_list_get(findings, i)); i++)
		if (nvvgpu_finding_get_check(finding) == check &&
		    (!object || !strcmp(nvvgpu_finding_get_object(finding), object)))
			return finding;
	return NULL;
}

static struct nvvgpu_finding *assert_found(enum nvvgpu_check check, const char *object,
					   enum nvvgpu_verdict verdict, enum nvvgpu_reason reason)
{
	struct nvvgpu_finding *finding = found(check, object);

	ck_assert_msg(finding != NULL, "no finding of %s", nvvgpu_check_name(check));
	ck_assert_msg(nvvgpu_finding_get_verdict(finding) == verdict &&
		      nvvgpu_finding_get_reason(finding) == reason, "%s: %s (%s), %s",
		      nvvgpu_check_name(check),
		      nvvgpu_verdict_name(nvvgpu_finding_get_verdict(finding)),
		      nvvgpu_reason_name(nvvgpu_finding_get_reason(finding)),
		      nvvgpu_finding_get_text(finding));
	return finding;
}

static void assert_ok(enum nvvgpu_check check)
{
	assert_found(check, NULL, NVVGPU_VERDICT_OK, NVVGPU_REASON_NONE);
}

static void assert_problem(enum nvvgpu_check check, enum nvvgpu_reason reason)
{
	assert_found(check, NULL, NVVGPU_VERDICT_PROBLEM, reason);
}

static void assert_says(struct nvvgpu_finding *finding, const char *in_text,
			const char *in_evidence, const char *in_next_step)
{
	ck_assert_msg(strstr(nvvgpu_finding_get_text(finding), in_text) != NULL, "%s",
		      nvvgpu_finding_get_text(finding));
	ck_assert_msg(strstr(nvvgpu_finding_get_evidence(finding), in_evidence) != NULL, "%s",
		      nvvgpu_finding_get_evidence(finding));
	ck_assert_msg(strstr(nvvgpu_finding_get_next_step(finding), in_next_step) != NULL, "%s",
		      nvvgpu_finding_get_next_step(finding));
}

/* ------------------------------------------------------------ a good machine */

static int go_on(void *arg, size_t done, size_t total, uint64_t bytes)
{
	return 0;
}

/* What an empty board under our driver answers, as the control device of a GPU of the tree. */
static void add_answers(const char *gpu)
{
	const struct snapshot_entry *answers;
	struct snapshot *snapshot;
	char path[64];
	struct os *os;
	const char *detail;

	ck_assert_int_eq(os_open("emu:l40", &os, &detail), 0);
	ck_assert_int_eq(os_capture(os, go_on, NULL, &snapshot), 0);
	answers = snapshot_file(snapshot, "dev/nvvgpu/" GPU);
	snprintf(path, sizeof(path), "dev/nvvgpu/%s", gpu);
	tree_root_file(&tree, path, answers->data, answers->len);
	snapshot_free(snapshot);
	os_close(os);
}

static void write_file(const char *path, const char *text)
{
	tree_root_file(&tree, path, text, strlen(text));
}

static void remove_file(const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", tree.dir, path);
	ck_assert_int_eq(remove(full), 0);
}

static void add_group(int function, int group)
{
	char path[128], target[128];

	snprintf(path, sizeof(path), BUS "0000:41:00.%d/iommu_group", function);
	snprintf(target, sizeof(target), "../../../kernel/iommu_groups/%d", group);
	tree_link(&tree, path, target);
	snprintf(path, sizeof(path), "kernel/iommu_groups/%d/devices/0000:41:00.%d", group,
		 function);
	tree_link(&tree, path, "../../../../" BUS GPU);
}

/* An L40S, four of its VFs enabled, under our driver, on a machine that has all it takes. */
static void make_good(void)
{
	tree_make(&tree, "l40s");
	add_answers(GPU);
	write_file("proc/sys/kernel/osrelease", "6.1.0-57-amd64\n");
	write_file("proc/cmdline", "root=/dev/sda1 intel_iommu=on password=tiger\n");
	write_file("proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\n");
	write_file("proc/1/comm", "systemd\n");
	write_file("sys/class/iommu/dmar0/uevent", "");
	write_file("sys/class/misc/vfio/dev", "10:196\n");
	write_file("sys/fs/selinux/enforce", "0\n");
	write_file("dev.list", "20660 0 104 rw - nvvgpu/" GPU "\n20666 0 0 rw - vfio/vfio\n");
	for (int function = 4; function < 8; function++)
		add_group(function, 20 + function);
}

static void open_machine(void)
{
	nvvgpu_finding_list_unref(findings);
	findings = NULL;
	nvvgpu_unref(host);
	ck_assert_int_eq(nvvgpu_open(tree.uri, &host), 0);
	examine(NULL, 0);
}

static void setup(void)
{
	make_good();
}

static void teardown(void)
{
	nvvgpu_finding_list_unref(findings);
	findings = NULL;
	nvvgpu_unref(host);
	host = NULL;
	if (*tree.dir)
		tree_remove(&tree);
	tree.dir[0] = '\0';
}

START_TEST(test_good)
{
	static const enum nvvgpu_check all[] = {
		NVVGPU_CHECK_KERNEL, NVVGPU_CHECK_GPUS, NVVGPU_CHECK_IOMMU, NVVGPU_CHECK_VFIO,
		NVVGPU_CHECK_SELINUX, NVVGPU_CHECK_DRIVER, NVVGPU_CHECK_FRAMEWORK,
		NVVGPU_CHECK_SRIOV, NVVGPU_CHECK_MIG, NVVGPU_CHECK_IOMMU_GROUPS,
		NVVGPU_CHECK_PERMISSIONS, NVVGPU_CHECK_TYPES,
	};

	open_machine();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_ok(all[i]);
	assert_found(NVVGPU_CHECK_DEVICE, GPU, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_READ_ONLY);
	ck_assert_ptr_null(found(NVVGPU_CHECK_SERVICES, NULL));
	ck_assert(nvvgpu_finding_list_is_well(findings));
	/* kernel, driver and framework in one line */
	assert_says(found(NVVGPU_CHECK_FRAMEWORK, GPU), "framework nvvgpu: driver nvidia", "", "");
	assert_says(found(NVVGPU_CHECK_FRAMEWORK, GPU), "kernel 6.1.0-57-amd64", "", "");
	assert_says(found(NVVGPU_CHECK_IOMMU, NULL), "", "intel_iommu=on", "");
	ck_assert_ptr_null(strstr(nvvgpu_finding_get_evidence(found(NVVGPU_CHECK_IOMMU, NULL)),
				  "tiger"));
}
END_TEST

/* ------------------------------------------------------------ of the host */

START_TEST(test_not_captured)
{
	remove_file("proc/sys/kernel/osrelease");
	remove_file("sys/class/iommu/dmar0/uevent");
	remove_file("sys/class/iommu/dmar0");
	remove_file("sys/class/iommu");
	for (int function = 4; function < 8; function++) {
		char path[128];

		snprintf(path, sizeof(path), "sys/kernel/iommu_groups/%d/devices/0000:41:00.%d",
			 20 + function, function);
		remove_file(path);
		snprintf(path, sizeof(path), "sys/kernel/iommu_groups/%d/devices", 20 + function);
		remove_file(path);
		snprintf(path, sizeof(path), "sys/kernel/iommu_groups/%d", 20 + function);
		remove_file(path);
	}
	remove_file("sys/kernel/iommu_groups");
	open_machine();
	assert_found(NVVGPU_CHECK_KERNEL, NULL, NVVGPU_VERDICT_UNKNOWN, NVVGPU_REASON_UNKNOWN);
	assert_found(NVVGPU_CHECK_IOMMU, NULL, NVVGPU_VERDICT_UNKNOWN, NVVGPU_REASON_UNKNOWN);
	ck_assert_ptr_null(found(NVVGPU_CHECK_IOMMU_GROUPS, NULL));
	ck_assert(nvvgpu_finding_list_is_well(findings));
}
END_TEST

static const struct {
	const char *cpuinfo, *advice;
} cpus[] = {
	{ "vendor_id\t: GenuineIntel\n", "intel_iommu=on" },
	{ "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t: svm\n", "AMD-Vi" },
	{ "Hardware\t: something else\n", "SMMU" },
};

START_TEST(test_iommu_off)
{
	char command[256];

	snprintf(command, sizeof(command), "cd %s/sys && rm -r class/iommu/dmar0 "
		 "kernel/iommu_groups/* " BUS "*/iommu_group", tree.dir);
	ck_assert_int_eq(system(command), 0);
	write_file("proc/cpuinfo", cpus[_i].cpuinfo);
	open_machine();
	assert_problem(NVVGPU_CHECK_IOMMU, NVVGPU_REASON_IOMMU_OFF);
	assert_says(found(NVVGPU_CHECK_IOMMU, NULL), "off", "iommu_groups: 0", cpus[_i].advice);
	ck_assert_ptr_null(found(NVVGPU_CHECK_IOMMU_GROUPS, NULL));
}
END_TEST

/* One that the kernel has no driver of its own for makes groups all the same. */
START_TEST(test_groups_without_iommu)
{
	remove_file("sys/class/iommu/dmar0/uevent");
	remove_file("sys/class/iommu/dmar0");
	open_machine();
	assert_ok(NVVGPU_CHECK_IOMMU);
	assert_ok(NVVGPU_CHECK_IOMMU_GROUPS);
}
END_TEST

START_TEST(test_vfio)
{
	write_file("sys/class/misc/iommu/dev", "10:1\n");
	open_machine();
	assert_says(found(NVVGPU_CHECK_VFIO, NULL), "groups and iommufd", "", "");
	write_file("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
	open_machine();
	assert_found(NVVGPU_CHECK_VFIO, NULL, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_IOMMU_OFF);
	write_file("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N\n");
	remove_file("sys/class/misc/vfio/dev");
	remove_file("sys/class/misc/vfio");
	remove_file("dev.list");
	open_machine();
	assert_ok(NVVGPU_CHECK_VFIO);
	assert_says(found(NVVGPU_CHECK_VFIO, NULL), "by iommufd", "/dev/vfio/vfio: no", "");
	remove_file("sys/class/misc/iommu/dev");
	remove_file("sys/class/misc/iommu");
	open_machine();
	assert_problem(NVVGPU_CHECK_VFIO, NVVGPU_REASON_NO_VFIO);
	assert_says(found(NVVGPU_CHECK_VFIO, NULL), "", "", "modprobe");
}
END_TEST

/* NVIDIA's own driver, for which a daemon has to run. */
START_TEST(test_services)
{
	remove_file("dev/nvvgpu/" GPU);
	open_machine();
	ck_assert_int_eq(nvvgpu_gpu_get_framework(gpu_at(host, 0)), NVVGPU_FRAMEWORK_VENDOR_VFIO);
	assert_problem(NVVGPU_CHECK_SERVICES, NVVGPU_REASON_NO_SERVICE);
	assert_says(found(NVVGPU_CHECK_SERVICES, NULL), "", "", "journalctl");
	write_file("proc/4711/comm", "nvidia-vgpu-mg\n");
	open_machine();
	assert_problem(NVVGPU_CHECK_SERVICES, NVVGPU_REASON_NO_SERVICE);
	write_file("proc/4711/comm", "nvidia-vgpu-mgr\n");
	open_machine();
	assert_ok(NVVGPU_CHECK_SERVICES);
	/* processes that cannot be seen may run */
	remove_file("proc/1/comm");
	open_machine();
	assert_found(NVVGPU_CHECK_SERVICES, NULL, NVVGPU_VERDICT_UNKNOWN, NVVGPU_REASON_UNKNOWN);
}
END_TEST

START_TEST(test_selinux)
{
	write_file("sys/fs/selinux/enforce", "1");
	write_file("dev.list", "20666 0 0 rw system_u:object_r:vfio_device_t:s0 vfio/vfio\n");
	open_machine();
	assert_ok(NVVGPU_CHECK_SELINUX);
	write_file("dev.list", "20666 0 0 rw system_u:object_r:device_t:s0 vfio/vfio\n");
	open_machine();
	assert_problem(NVVGPU_CHECK_SELINUX, NVVGPU_REASON_PERMISSION);
	assert_says(found(NVVGPU_CHECK_SELINUX, NULL), "SELinux", ":device_t:", "restorecon");
	remove_file("sys/fs/selinux/enforce");
	open_machine();
	ck_assert_ptr_null(found(NVVGPU_CHECK_SELINUX, NULL));
}
END_TEST

START_TEST(test_no_gpus)
{
	tree_remove(&tree);
	tree_make(&tree, "l40s");
	write_file("sys/" BUS GPU "/vendor", "0x1002\n");
	for (int function = 4; function < 8; function++) {
		char path[64];

		snprintf(path, sizeof(path), "sys/" BUS "0000:41:00.%d/vendor", function);
		write_file(path, "0x1002\n");
	}
	open_machine();
	assert_problem(NVVGPU_CHECK_GPUS, NVVGPU_REASON_NOT_FOUND);
	ck_assert_ptr_null(found(NVVGPU_CHECK_DRIVER, NULL));
}
END_TEST

/* ------------------------------------------------------------------ of a GPU */

static void open_odds(const char *shared)
{
	tree_remove(&tree);
	tree_make(&tree, "odds");
	if (shared)
		add_answers(shared);
	open_machine();
}

/* As long as another one can be shared, a GPU may serve another purpose. */
START_TEST(test_gpus_that_cannot_be_shared)
{
	enum nvvgpu_verdict verdict = _i ? NVVGPU_VERDICT_NOTE : NVVGPU_VERDICT_PROBLEM;
	struct nvvgpu_gpu *gpu;

	open_odds(_i ? "0000:05:00.0" : NULL);
	assert_found(NVVGPU_CHECK_FRAMEWORK, "0000:01:00.0", verdict, NVVGPU_REASON_PASSTHROUGH);
	assert_found(NVVGPU_CHECK_FRAMEWORK, "0000:03:00.0", verdict, NVVGPU_REASON_NOT_CAPABLE);
	assert_found(NVVGPU_CHECK_DRIVER, "0000:02:00.0", NVVGPU_VERDICT_PROBLEM,
		     NVVGPU_REASON_NO_DRIVER);
	assert_found(NVVGPU_CHECK_DRIVER, "0000:01:00.0", NVVGPU_VERDICT_OK, NVVGPU_REASON_NONE);
	ck_assert_ptr_null(found(NVVGPU_CHECK_TYPES, "0000:01:00.0"));
	/* but not the one that was asked for */
	ck_assert_int_eq(nvvgpu_gpu_lookup(host, "01:00.0", &gpu), 0);
	examine(gpu, 0);
	assert_found(NVVGPU_CHECK_FRAMEWORK, "0000:01:00.0", NVVGPU_VERDICT_PROBLEM,
		     NVVGPU_REASON_PASSTHROUGH);
	ck_assert_ptr_null(found(NVVGPU_CHECK_FRAMEWORK, "0000:03:00.0"));
	assert_ok(NVVGPU_CHECK_GPUS);
	nvvgpu_gpu_unref(gpu);
}
END_TEST

START_TEST(test_vfs_disabled)
{
	char path[64];

	write_file("sys/" BUS GPU "/sriov_numvfs", "0\n");
	for (int vf = 0; vf < 4; vf++) {
		snprintf(path, sizeof(path), "sys/" BUS GPU "/virtfn%d", vf);
		remove_file(path);
	}
	open_machine();
	assert_problem(NVVGPU_CHECK_SRIOV, NVVGPU_REASON_VFS_DISABLED);
	assert_says(found(NVVGPU_CHECK_SRIOV, GPU), "32", "sriov_numvfs 0", "nvvgpu sriov " GPU " on");
}
END_TEST

START_TEST(test_vfs_missing)
{
	write_file("sys/" BUS GPU "/sriov_numvfs", "5\n");
	open_machine();
	assert_problem(NVVGPU_CHECK_SRIOV, NVVGPU_REASON_IO);
	write_file("sys/" BUS GPU "/sriov_numvfs", "nonsense\n");
	open_machine();
	ck_assert_int_eq(nvvgpu_finding_get_verdict(found(NVVGPU_CHECK_SRIOV, GPU)),
			 NVVGPU_VERDICT_PROBLEM);
}
END_TEST

/* Neither its number of VFs nor what they are is guessed. */
START_TEST(test_vfs_unknown)
{
	remove_file("sys/" BUS GPU "/virtfn2");
	tree_link(&tree, BUS GPU "/virtfn2", "../nothing");
	open_machine();
	assert_found(NVVGPU_CHECK_SRIOV, GPU, NVVGPU_VERDICT_UNKNOWN, NVVGPU_REASON_UNKNOWN);
	ck_assert_ptr_nonnull(strstr(nvvgpu_finding_get_evidence(found(NVVGPU_CHECK_SRIOV, GPU)),
				     "virtfn links not readable"));
	assert_found(NVVGPU_CHECK_IOMMU_GROUPS, GPU, NVVGPU_VERDICT_UNKNOWN, NVVGPU_REASON_UNKNOWN);
}
END_TEST

/* A VF that vfio-pci has is an empty function to a guest. */
START_TEST(test_vf_drivers)
{
	remove_file("sys/" BUS "0000:41:00.5/driver");
	open_machine();
	assert_problem(NVVGPU_CHECK_SRIOV, NVVGPU_REASON_NO_DRIVER);
	assert_says(found(NVVGPU_CHECK_SRIOV, GPU), "0000:41:00.5", "", "");
	tree_link(&tree, BUS "0000:41:00.5/driver", "../../../bus/pci/drivers/vfio-pci");
	open_machine();
	assert_problem(NVVGPU_CHECK_SRIOV, NVVGPU_REASON_PASSTHROUGH);
}
END_TEST

START_TEST(test_groups)
{
	/* a bridge in it does not matter */
	tree_link(&tree, "kernel/iommu_groups/25/devices/0000:00:01.0", "../../nothing");
	write_file("sys/" BUS "0000:00:01.0/class", "0x060400\n");
	tree_link(&tree, "bus/pci/devices/0000:00:01.0", "../../../" BUS "0000:00:01.0");
	open_machine();
	assert_ok(NVVGPU_CHECK_IOMMU_GROUPS);
	write_file("sys/" BUS "0000:00:01.0/class", "0x020000\n");
	open_machine();
	assert_problem(NVVGPU_CHECK_IOMMU_GROUPS, NVVGPU_REASON_IOMMU_GROUP_SHARED);
	assert_says(found(NVVGPU_CHECK_IOMMU_GROUPS, GPU), "1 of 4",
		    "group 25 has 0000:41:00.5 and 0000:00:01.0", "ACS");
	remove_file("sys/" BUS "0000:41:00.5/iommu_group");
	open_machine();
	assert_problem(NVVGPU_CHECK_IOMMU_GROUPS, NVVGPU_REASON_IOMMU_OFF);
}
END_TEST

static const struct {
	const char *nodes;
	enum nvvgpu_verdict verdict;
} rights[] = {
	{ "20660 0 104 rw - nvvgpu/" GPU "\n20666 0 0 rw - vfio/vfio\n", NVVGPU_VERDICT_OK },
	{ "20640 0 104 r- - nvvgpu/" GPU "\n20666 0 0 rw - vfio/vfio\n", NVVGPU_VERDICT_NOTE },
	{ "20600 0 104 -- - nvvgpu/" GPU "\n20666 0 0 rw - vfio/vfio\n", NVVGPU_VERDICT_PROBLEM },
	{ "20660 0 104 rw - nvvgpu/" GPU "\n20660 0 0 -- - vfio/vfio\n", NVVGPU_VERDICT_NOTE },
};

START_TEST(test_permissions)
{
	bool fine = rights[_i].verdict == NVVGPU_VERDICT_OK;

	write_file("dev.list", rights[_i].nodes);
	open_machine();
	assert_found(NVVGPU_CHECK_PERMISSIONS, GPU, rights[_i].verdict,
		     fine ? NVVGPU_REASON_NONE : NVVGPU_REASON_PERMISSION);
	if (!fine)
		assert_says(found(NVVGPU_CHECK_PERMISSIONS, GPU), "may", "owner 0", "");
}
END_TEST

START_TEST(test_mig)
{
	write_file("proc/driver/nvidia/gpus/" GPU "/information", "Model: \t L40S\nDevice Minor: \t 3\n");
	write_file("proc/driver/nvidia/capabilities/gpu3/mig/gi1/access", "");
	write_file("proc/driver/nvidia/capabilities/gpu3/mig/gi2/access", "");
	write_file("proc/driver/nvidia/capabilities/gpu3/mig/config", "");
	write_file("proc/driver/nvidia/capabilities/gpu2/mig/gi1/access", "");
	open_machine();
	assert_found(NVVGPU_CHECK_MIG, GPU, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_MIG);
	assert_says(found(NVVGPU_CHECK_MIG, GPU), "2 GPU instances", "", "");
}
END_TEST

/* -------------------------------------------------------------- emulated boards */

static struct nvvgpu_vgpu *create(const char *type)
{
	struct nvvgpu_spec *spec;
	struct nvvgpu_vgpu *vgpu;

	ck_assert_int_eq(nvvgpu_spec_new(&spec), 0);
	ck_assert_int_eq(nvvgpu_spec_set_type(spec, type), 0);
	ck_assert_int_eq(nvvgpu_create(gpu_at(host, 0), spec, &vgpu), 0);
	nvvgpu_spec_free(spec);
	return vgpu;
}

static void setup_emulated(void)
{
	ck_assert_int_eq(nvvgpu_open("emu:l40", &host), 0);
}

static enum nvvgpu_vgpu_state state_of(struct nvvgpu_vgpu *vgpu)
{
	enum nvvgpu_vgpu_state state;

	ck_assert_int_eq(nvvgpu_vgpu_get_state(vgpu, &state), 0);
	return state;
}

START_TEST(test_emulated)
{
	examine(NULL, 0);
	assert_found(NVVGPU_CHECK_KERNEL, "emu:l40", NVVGPU_VERDICT_NOTE,
		     NVVGPU_REASON_NOT_SUPPORTED);
	ck_assert_ptr_null(found(NVVGPU_CHECK_IOMMU, NULL));
	assert_ok(NVVGPU_CHECK_SRIOV);
	assert_ok(NVVGPU_CHECK_TYPES);
	assert_found(NVVGPU_CHECK_DEVICE, GPU, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_NOT_FOUND);
}
END_TEST

START_TEST(test_device)
{
	struct nvvgpu_vgpu *vgpu = create("L40-4Q");

	examine(NULL, 0);
	assert_ok(NVVGPU_CHECK_DEVICE);
	assert_says(found(NVVGPU_CHECK_DEVICE, GPU), nvvgpu_vgpu_get_uuid(vgpu), "10de:", "");
	ck_assert_int_eq(state_of(vgpu), NVVGPU_VGPU_ASSIGNED);
	examine(NULL, NVVGPU_DOCTOR_NO_OPEN);
	ck_assert_ptr_null(found(NVVGPU_CHECK_DEVICE, NULL));
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

static unsigned int opened;

static int count_open(struct framework *fw, const struct framework_vgpu *vgpu,
		      struct os_file **ret)
{
	opened++;
	return error_set(EIO, NVVGPU_REASON_FIRMWARE, GPU, "it does not boot", "look into the log");
}

/* What somebody has open stays as it is. */
START_TEST(test_device_in_use)
{
	struct nvvgpu_vgpu *vgpu = create("L40-4Q");
	struct nvvgpu_device *device;

	ck_assert_int_eq(nvvgpu_device_open(vgpu, &device), 0);
	gpu_at(host, 0)->framework->ops.vfio_open = count_open;
	examine(NULL, 0);
	assert_found(NVVGPU_CHECK_DEVICE, GPU, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_NOT_FOUND);
	ck_assert_uint_eq(opened, 0);
	ck_assert_int_eq(state_of(vgpu), NVVGPU_VGPU_RUNNING);
	nvvgpu_device_unref(device);
	examine(NULL, NVVGPU_DOCTOR_NO_OPEN);
	ck_assert_uint_eq(opened, 0);
	examine(NULL, 0);
	ck_assert_uint_eq(opened, 1);
	assert_problem(NVVGPU_CHECK_DEVICE, NVVGPU_REASON_FIRMWARE);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

/* Under the drivers of others, a vGPU without an owner of ours is a stranger's. */
START_TEST(test_device_of_a_stranger)
{
	struct nvvgpu_vgpu *vgpu = create("L40-4Q");

	gpu_at(host, 0)->framework->ops.id = NVVGPU_FRAMEWORK_VENDOR_VFIO;
	gpu_at(host, 0)->framework->ops.vfio_open = count_open;
	examine(NULL, 0);
	ck_assert_uint_eq(opened, 0);
	assert_found(NVVGPU_CHECK_DEVICE, GPU, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_NOT_FOUND);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

/* A device that is there, and is all ones. */
static int dead_ioctl(struct os_file *file, unsigned long request, void *arg)
{
	struct vfio_region_info *region = arg;

	if (request == VFIO_DEVICE_GET_INFO) {
		((struct vfio_device_info *)arg)->num_regions = VFIO_PCI_NUM_REGIONS;
		return 0;
	}
	if (request != VFIO_DEVICE_GET_REGION_INFO)
		return -ENOTTY;
	region->size = 4096;
	region->flags = VFIO_REGION_INFO_FLAG_READ;
	return 0;
}

static ssize_t dead_read(struct os_file *file, void *buf, size_t len, uint64_t offset)
{
	memset(buf, 0xff, len);
	return len;
}

static void dead_close(struct os_file *file)
{
	opened--;
}

static const struct os_file_ops dead_ops = {
	.close = dead_close, .ioctl = dead_ioctl, .pread = dead_read,
};

static int open_dead(struct framework *fw, const struct framework_vgpu *vgpu, struct os_file **ret)
{
	static struct os_file file = { .ops = &dead_ops };

	opened++;
	*ret = &file;
	return 0;
}

START_TEST(test_dead_device)
{
	struct nvvgpu_vgpu *vgpu = create("L40-4Q");

	gpu_at(host, 0)->framework->ops.vfio_open = open_dead;
	examine(NULL, 0);
	assert_problem(NVVGPU_CHECK_DEVICE, NVVGPU_REASON_DEVICE_FAILED);
	ck_assert_uint_eq(opened, 0);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

static int busy(struct framework *fw, const struct framework_vgpu *vgpu, struct os_file **ret)
{
	return error_set(EBUSY, NVVGPU_REASON_IN_USE, GPU, "it is open", "wait");
}

static int closed(struct framework *fw, const struct framework_vgpu *vgpu, struct os_file **ret)
{
	return error_set(EACCES, NVVGPU_REASON_PERMISSION, GPU, "it may not be opened", "be root");
}

START_TEST(test_device_taken_meanwhile)
{
	struct nvvgpu_vgpu *vgpu = create("L40-4Q");

	gpu_at(host, 0)->framework->ops.vfio_open = busy;
	examine(NULL, 0);
	assert_found(NVVGPU_CHECK_DEVICE, GPU, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_IN_USE);
	gpu_at(host, 0)->framework->ops.vfio_open = closed;
	examine(NULL, 0);
	assert_found(NVVGPU_CHECK_DEVICE, GPU, NVVGPU_VERDICT_UNKNOWN, NVVGPU_REASON_PERMISSION);
	nvvgpu_vgpu_unref(vgpu);
}
END_TEST

START_TEST(test_types)
{
	for (int i = 0; i < 32; i++)
		nvvgpu_vgpu_unref(create("L40-1B"));
	examine(NULL, 0);
	assert_found(NVVGPU_CHECK_TYPES, GPU, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_EXHAUSTED);
}
END_TEST

static int mig_mode(struct framework *fw, enum nvvgpu_mode *ret)
{
	*ret = NVVGPU_GPU_MODE_MIG;
	return 0;
}

static int unknown_mode(struct framework *fw, enum nvvgpu_mode *ret)
{
	*ret = NVVGPU_GPU_MODE_UNKNOWN;
	return 0;
}

START_TEST(test_mode)
{
	gpu_at(host, 0)->framework->ops.get_mode = mig_mode;
	examine(NULL, 0);
	assert_found(NVVGPU_CHECK_MIG, GPU, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_MIG);
	gpu_at(host, 0)->framework->ops.get_mode = unknown_mode;
	examine(NULL, 0);
	assert_found(NVVGPU_CHECK_MIG, GPU, NVVGPU_VERDICT_UNKNOWN, NVVGPU_REASON_UNKNOWN);
}
END_TEST

/* ----------------------------------------------------------------- the API itself */

START_TEST(test_api)
{
	struct nvvgpu_finding_list *untouched = (void *)&host, *list = untouched;
	struct nvvgpu_finding *finding;

	ck_assert_int_eq(nvvgpu_doctor(host, NULL, 2, &list), -EINVAL);
	ck_assert_ptr_eq(list, untouched);
	ck_assert_int_eq(nvvgpu_doctor(host, NULL, 0, &list), 0);
	ck_assert_ptr_null(nvvgpu_finding_list_get(list, nvvgpu_finding_list_size(list)));
	finding = nvvgpu_finding_ref(nvvgpu_finding_list_get(list, 1));
	ck_assert_ptr_null(nvvgpu_finding_list_unref(list));
	nvvgpu_unref(host);
	host = NULL;
	ck_assert_int_eq(nvvgpu_finding_get_check(finding), NVVGPU_CHECK_GPUS);
	ck_assert_ptr_null(nvvgpu_finding_unref(finding));
	ck_assert_ptr_null(nvvgpu_finding_unref(NULL));
	ck_assert_ptr_null(nvvgpu_finding_list_unref(NULL));
	ck_assert_str_eq(nvvgpu_check_name(NVVGPU_CHECK_IOMMU_GROUPS), "iommu-groups");
	ck_assert_str_eq(nvvgpu_check_name(0), "unknown");
	ck_assert_str_eq(nvvgpu_check_name(10), "unknown");
	ck_assert_str_eq(nvvgpu_check_name(-1), "unknown");
	ck_assert_str_eq(nvvgpu_verdict_name(NVVGPU_VERDICT_PROBLEM), "problem");
	ck_assert_str_eq(nvvgpu_verdict_name(77), "unknown");
}
END_TEST

/* ------------------------------------------------------------------- empty lists */

static void assert_types(unsigned int flags, size_t at_least, enum nvvgpu_reason reason)
{
	struct nvvgpu_type_list *types;

	ck_assert_int_eq(nvvgpu_type_list(gpu_at(host, 0), flags, &types), 0);
	ck_assert_uint_ge(nvvgpu_type_list_size(types), at_least);
	ck_assert_int_eq(nvvgpu_type_list_get_reason(types), reason);
	ck_assert_int_eq(!*nvvgpu_type_list_get_reason_text(types), !reason);
	ck_assert_int_eq(!nvvgpu_type_list_size(types), reason != NVVGPU_REASON_NONE);
	nvvgpu_type_list_unref(types);
}

static int no_types(struct framework *fw, struct framework_state *states, uint32_t room,
		    uint32_t *ret_count, struct framework_types **ret_types)
{
	*ret_count = 0;
	*ret_types = framework_types_new(NULL, 0);
	return 0;
}

START_TEST(test_empty_types)
{
	assert_types(NVVGPU_TYPE_CREATABLE, 1, NVVGPU_REASON_NONE);
	for (int i = 0; i < 12; i++)
		nvvgpu_vgpu_unref(create("L40-4Q"));
	assert_types(NVVGPU_TYPE_ALL, 1, NVVGPU_REASON_NONE);
	/* most types say "another size", but no size would help */
	assert_types(NVVGPU_TYPE_CREATABLE, 0, NVVGPU_REASON_EXHAUSTED);
	gpu_at(host, 0)->framework->ops.type_states = no_types;
	assert_types(NVVGPU_TYPE_ALL, 0, NVVGPU_REASON_NOT_CAPABLE);
	assert_types(NVVGPU_TYPE_CREATABLE, 0, NVVGPU_REASON_NOT_CAPABLE);
}
END_TEST

static void assert_vgpus(struct nvvgpu_gpu *gpu, size_t count, enum nvvgpu_reason reason)
{
	struct nvvgpu_vgpu_list *vgpus;

	ck_assert_int_eq(gpu ? nvvgpu_vgpu_list(gpu, &vgpus) : nvvgpu_vgpu_list_all(host, &vgpus),
			 0);
	ck_assert_uint_eq(nvvgpu_vgpu_list_size(vgpus), count);
	ck_assert_int_eq(nvvgpu_vgpu_list_get_reason(vgpus), reason);
	ck_assert_int_eq(!*nvvgpu_vgpu_list_get_reason_text(vgpus), !reason);
	nvvgpu_vgpu_list_unref(vgpus);
}

static void assert_gpus(size_t count, enum nvvgpu_reason reason)
{
	struct nvvgpu_gpu_list *gpus;

	ck_assert_int_eq(nvvgpu_gpu_list(host, &gpus), 0);
	ck_assert_uint_eq(nvvgpu_gpu_list_size(gpus), count);
	ck_assert_int_eq(nvvgpu_gpu_list_get_reason(gpus), reason);
	ck_assert_int_eq(!*nvvgpu_gpu_list_get_reason_text(gpus), !reason);
	nvvgpu_gpu_list_unref(gpus);
}

START_TEST(test_empty_vgpus)
{
	assert_gpus(1, NVVGPU_REASON_NONE);
	assert_vgpus(NULL, 0, NVVGPU_REASON_NOT_FOUND);
	assert_vgpus(gpu_at(host, 0), 0, NVVGPU_REASON_NOT_FOUND);
	nvvgpu_vgpu_unref(create("L40-1B"));
	assert_vgpus(NULL, 1, NVVGPU_REASON_NONE);
	assert_vgpus(gpu_at(host, 0), 1, NVVGPU_REASON_NONE);
}
END_TEST

START_TEST(test_empty_machines)
{
	open_odds(NULL);
	assert_vgpus(NULL, 0, NVVGPU_REASON_PASSTHROUGH);
	open_odds("0000:05:00.0");
	assert_vgpus(NULL, 0, NVVGPU_REASON_NOT_FOUND);
	tree_remove(&tree);
	tree_make(&tree, "l40s");
	for (int function = 0; function < 8; function += function ? 1 : 4) {
		char path[64];

		snprintf(path, sizeof(path), "sys/" BUS "0000:41:00.%d/vendor", function);
		write_file(path, "0x1002\n");
	}
	open_machine();
	assert_gpus(0, NVVGPU_REASON_NOT_FOUND);
	assert_vgpus(NULL, 0, NVVGPU_REASON_NOT_FOUND);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static TCase *machine_case(void)
{
	TCase *tcase = tcase_create("machine");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_good);
	tcase_add_test(tcase, test_not_captured);
	tcase_add_loop_test(tcase, test_iommu_off, 0, COUNT(cpus));
	tcase_add_test(tcase, test_groups_without_iommu);
	tcase_add_test(tcase, test_vfio);
	tcase_add_test(tcase, test_services);
	tcase_add_test(tcase, test_selinux);
	tcase_add_test(tcase, test_no_gpus);
	tcase_add_loop_test(tcase, test_gpus_that_cannot_be_shared, 0, 2);
	tcase_add_test(tcase, test_vfs_disabled);
	tcase_add_test(tcase, test_vfs_missing);
	tcase_add_test(tcase, test_vfs_unknown);
	tcase_add_test(tcase, test_vf_drivers);
	tcase_add_test(tcase, test_groups);
	tcase_add_loop_test(tcase, test_permissions, 0, COUNT(rights));
	tcase_add_test(tcase, test_mig);
	tcase_add_test(tcase, test_empty_machines);
	return tcase;
}

static TCase *emulated_case(void)
{
	TCase *tcase = tcase_create("emulated");

	tcase_add_checked_fixture(tcase, setup_emulated, teardown);
	tcase_add_test(tcase, test_emulated);
	tcase_add_test(tcase, test_device);
	tcase_add_test(tcase, test_device_in_use);
	tcase_add_test(tcase, test_device_of_a_stranger);
	tcase_add_test(tcase, test_dead_device);
	tcase_add_test(tcase, test_device_taken_meanwhile);
	tcase_add_test(tcase, test_types);
	tcase_add_test(tcase, test_mode);
	tcase_add_test(tcase, test_api);
	tcase_add_test(tcase, test_empty_types);
	tcase_add_test(tcase, test_empty_vgpus);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("doctor");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, machine_case());
	suite_add_tcase(suite, emulated_case());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
