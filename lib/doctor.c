// SPDX-License-Identifier: MIT
/* Looks for what keeps vGPUs from working, and says what to do about it: the host. */
#include <stdlib.h>
#include <string.h>
#include "doctor.h"
#include "os/machine.h"
#include "util/text.h"

struct os *doctor_os(const struct doctor *doctor)
{
	return doctor->host->os;
}

struct nvvgpu_finding *doctor_find(struct doctor *doctor, enum nvvgpu_check check,
				   const char *object)
{
	return finding_add(doctor->list, check, object);
}

static struct nvvgpu_finding *find_host(struct doctor *doctor, enum nvvgpu_check check)
{
	return doctor_find(doctor, check, doctor->host->uri);
}

void doctor_not_known(struct doctor *doctor, struct nvvgpu_finding *finding, int err,
		      const char *what)
{
	bool closed = err == -EACCES || err == -EPERM;

	finding_judge(finding, NVVGPU_VERDICT_UNKNOWN,
		      closed ? NVVGPU_REASON_PERMISSION : NVVGPU_REASON_UNKNOWN);
	finding_say_text(finding, "%s could not be found out", what);
	if (doctor->captured)
		finding_say_next_step(finding, "capture the machine with nvvgpu collect, as root");
	else
		finding_say_next_step(finding, closed ? "look as root" : "look by hand");
}

/* The GPUs that are looked at: one, or all. */
static struct nvvgpu_gpu *gpu_of(const struct doctor *doctor, size_t index)
{
	if (doctor->asked_for)
		return index ? NULL : doctor->asked_for;
	return index < doctor->gpus->count ? doctor->gpus->gpus[index] : NULL;
}

bool doctor_any_gpu(const struct doctor *doctor, bool (*is)(struct nvvgpu_gpu *gpu))
{
	struct nvvgpu_gpu *gpu;

	for (size_t i = 0; (gpu = gpu_of(doctor, i)); i++)
		if (is(gpu))
			return true;
	return false;
}

/* ------------------------------------------------------------------- the host */

static void check_kernel(struct doctor *doctor)
{
	struct nvvgpu_finding *finding = find_host(doctor, NVVGPU_CHECK_KERNEL);
	char release[64];
	int err;

	if (doctor->emulated) {
		finding_judge(finding, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_NOT_SUPPORTED);
		finding_say_text(finding,
				 "emulated boards run in this process: kernel, IOMMU and VFIO do "
				 "not matter");
		return;
	}
	err = machine_kernel(doctor_os(doctor), release, sizeof(release));
	if (err) {
		doctor_not_known(doctor, finding, err, "the release of the kernel");
		return;
	}
	finding_say_text(finding, "the kernel is %s", release);
	finding_say_evidence(finding, "/proc/sys/kernel/osrelease");
}

static void check_gpus(struct doctor *doctor)
{
	struct nvvgpu_finding *finding = find_host(doctor, NVVGPU_CHECK_GPUS);
	size_t count = doctor->gpus->count, shared = 0;

	for (size_t i = 0; i < count; i++)
		shared += gpu_is_shared(doctor->gpus->gpus[i]);
	finding_say_text(finding, "%zu NVIDIA GPU%s, of which %zu can be shared", count,
			 count == 1 ? "" : "s", shared);
	finding_say_evidence(finding, "/sys/bus/pci/devices");
	if (count)
		return;
	finding_judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_NOT_FOUND);
	finding_say_text(finding, "no NVIDIA display controller was found");
	finding_say_next_step(finding,
			      "see what lspci -d 10de: lists; a board that is not listed has no "
			      "power, or its slot is switched off in the firmware");
}

static bool has_sriov(struct nvvgpu_gpu *gpu)
{
	return nvvgpu_gpu_get_vfs_total(gpu) > 0;
}

void doctor_advise_iommu(struct doctor *doctor, struct nvvgpu_finding *finding)
{
	char vendor[32] = "";

	machine_cpu_vendor(doctor_os(doctor), vendor, sizeof(vendor));
	if (!strcmp(vendor, "GenuineIntel"))
		finding_say_next_step(finding, "switch VT-d on in the firmware and boot with "
				      "intel_iommu=on");
	else if (!strcmp(vendor, "AuthenticAMD"))
		finding_say_next_step(finding, "switch the IOMMU (AMD-Vi) on in the firmware");
	else
		finding_say_next_step(finding, "switch the IOMMU (VT-d, AMD-Vi, SMMU) on in the "
				      "firmware, and on Intel boot with intel_iommu=on");
}

static void check_iommu(struct doctor *doctor)
{
	struct nvvgpu_finding *finding = find_host(doctor, NVVGPU_CHECK_IOMMU);
	char words[160] = "";
	unsigned int iommus, groups;
	int err = machine_iommus(doctor_os(doctor), &iommus, &groups);

	if (err) {
		doctor_not_known(doctor, finding, err, "whether the IOMMU is on");
		return;
	}
	machine_command_line(doctor_os(doctor), words, sizeof(words));
	finding_say_evidence(finding,
			     "/sys/class/iommu: %u, /sys/kernel/iommu_groups: %u, kernel command "
			     "line: %s",
			     iommus, groups, *words ? words : "nothing about it");
	if (iommus || groups) {
		finding_say_text(finding, "the IOMMU is on");
		return;
	}
	finding_say_text(finding, "the IOMMU is off: no guest can be given a function of a GPU");
	finding_judge(finding,
		      doctor_any_gpu(doctor, has_sriov) ? NVVGPU_VERDICT_PROBLEM
							: NVVGPU_VERDICT_NOTE,
		      NVVGPU_REASON_IOMMU_OFF);
	doctor_advise_iommu(doctor, finding);
}

static void check_vfio(struct doctor *doctor)
{
	struct nvvgpu_finding *finding = find_host(doctor, NVVGPU_CHECK_VFIO);
	struct machine_vfio vfio;
	int err = machine_vfio(doctor_os(doctor), &vfio);

	if (err) {
		doctor_not_known(doctor, finding, err, "whether the kernel offers VFIO");
		return;
	}
	finding_say_evidence(finding, "/dev/vfio/vfio: %s, /dev/iommu: %s",
			     vfio.container ? "yes" : "no", vfio.iommufd ? "yes" : "no");
	if (!vfio.container && !vfio.iommufd) {
		finding_judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_NO_VFIO);
		finding_say_text(finding, "the kernel has no VFIO: its modules are not loaded");
		finding_say_next_step(finding, "modprobe vfio-pci, and have it loaded at boot");
		return;
	}
	finding_say_text(finding, "the kernel offers VFIO by %s",
			 vfio.container && vfio.iommufd ? "groups and iommufd"
			 : vfio.container		? "groups"
							: "iommufd");
	if (!vfio.unsafe_noiommu)
		return;
	finding_judge(finding, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_IOMMU_OFF);
	finding_say_text(finding, "VFIO works without an IOMMU too: who may open a device reaches "
			 "all memory");
	finding_say_next_step(finding, "boot without vfio.enable_unsafe_noiommu_mode");
}

/* NVIDIA's own driver leaves the running of vGPUs to a daemon. */
static bool needs_daemon(struct nvvgpu_gpu *gpu)
{
	enum nvvgpu_framework framework = nvvgpu_gpu_get_framework(gpu);
	char module[64];

	if (!gpu->driver ||
	    (framework != NVVGPU_FRAMEWORK_VENDOR_VFIO && framework != NVVGPU_FRAMEWORK_MDEV))
		return false;
	machine_module(gpu->host->os, gpu->driver, module, sizeof(module));
	return !strcmp(module, "nvidia");
}

static void check_services(struct doctor *doctor)
{
	struct nvvgpu_finding *finding;
	bool runs;
	int err;

	if (!doctor_any_gpu(doctor, needs_daemon))
		return;
	finding = find_host(doctor, NVVGPU_CHECK_SERVICES);
	err = machine_service(doctor_os(doctor), "nvidia-vgpu-mgr", &runs);
	if (err) {
		doctor_not_known(doctor, finding, err, "whether nvidia-vgpu-mgr runs");
		return;
	}
	finding_say_evidence(finding, "/proc");
	finding_say_text(finding, "nvidia-vgpu-mgr runs");
	if (runs)
		return;
	finding_judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_NO_SERVICE);
	finding_say_text(finding, "nvidia-vgpu-mgr does not run: no vGPU of NVIDIA's driver starts "
			 "without it");
	finding_say_next_step(finding,
			      "systemctl start nvidia-vgpud nvidia-vgpu-mgr, then journalctl -u "
			      "nvidia-vgpu-mgr");
}

static void check_selinux(struct doctor *doctor)
{
	struct nvvgpu_finding *finding;
	struct os_node node;
	bool enforcing;

	if (machine_selinux(doctor_os(doctor), &enforcing))
		return;
	finding = find_host(doctor, NVVGPU_CHECK_SELINUX);
	finding_say_evidence(finding, "/sys/fs/selinux/enforce");
	finding_say_text(finding, "SELinux is %s", enforcing ? "enforcing" : "not enforcing");
	if (!enforcing || doctor_os(doctor)->ops->node_get(doctor_os(doctor), "vfio/vfio", &node))
		return;
	finding_say_evidence(finding, "/dev/vfio/vfio: %s", *node.label ? node.label : "no label");
	if (!strstr(node.label, ":device_t"))
		return;
	finding_judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_PERMISSION);
	finding_say_text(finding,
			 "SELinux is enforcing, and VFIO's nodes have the label of no device in "
			 "particular: virtual machines may not open them");
	finding_say_next_step(finding, "restorecon -R /dev/vfio");
}

/* ---------------------------------------------------------------------- all */

static void check_host(struct doctor *doctor)
{
	check_kernel(doctor);
	check_gpus(doctor);
	if (doctor->emulated)
		return;
	check_iommu(doctor);
	check_vfio(doctor);
	check_services(doctor);
	check_selinux(doctor);
}

static void examine(struct doctor *doctor)
{
	struct nvvgpu_gpu *gpu;

	check_host(doctor);
	for (size_t i = 0; (gpu = gpu_of(doctor, i)); i++)
		doctor_check_gpu(doctor, gpu);
}

NVVGPU_EXPORT int nvvgpu_doctor(struct nvvgpu *host, struct nvvgpu_gpu *one, unsigned int flags,
				struct nvvgpu_finding_list **ret)
{
	const char *scheme = host->os->ops->scheme;
	struct doctor doctor = {
		.host = host,
		.asked_for = one,
		.flags = flags,
		.emulated = !strcmp(scheme, "emu"),
		.captured = !strcmp(scheme, "tree"),
	};
	int err;

	if (flags & ~NVVGPU_DOCTOR_NO_OPEN)
		return error_setf(EINVAL, NVVGPU_REASON_INVALID_ARGUMENT, host->uri,
				  "use 0 or NVVGPU_DOCTOR_NO_OPEN", "unknown flags 0x%x",
				  flags & ~NVVGPU_DOCTOR_NO_OPEN);
	err = host_gpus(host, &doctor.gpus);
	if (err)
		return err;
	doctor.list = finding_list_new();
	if (doctor.list)
		examine(&doctor);
	gpu_table_unref(doctor.gpus);
	if (!doctor.list || finding_list_is_incomplete(doctor.list)) {
		nvvgpu_finding_list_unref(doctor.list);
		return error_nomem();
	}
	*ret = doctor.list;
	return 0;
}
