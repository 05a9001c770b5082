// SPDX-License-Identifier: MIT
/* Looks for what keeps vGPUs from working, and says what to do about it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "objects.h"
#include "os/machine.h"
#include "util/text.h"

struct nvvgpu_finding {
	struct nvvgpu_finding_list *list;	/* lives as long as any of its findings */
	enum nvvgpu_check check;
	enum nvvgpu_verdict verdict;
	enum nvvgpu_reason reason;
	char object[128];
	char text[256];
	char evidence[256];
	char next_step[256];
};

struct nvvgpu_finding_list {
	atomic_uint refs;
	size_t count, room;
	struct nvvgpu_finding *findings;
};

NVVGPU_EXPORT const char *nvvgpu_check_name(enum nvvgpu_check check)
{
	static const char *const names[] = {
		[NVVGPU_CHECK_KERNEL] = "kernel",
		[NVVGPU_CHECK_GPUS] = "gpus",
		[NVVGPU_CHECK_IOMMU] = "iommu",
		[NVVGPU_CHECK_VFIO] = "vfio",
		[NVVGPU_CHECK_SERVICES] = "services",
		[NVVGPU_CHECK_SELINUX] = "selinux",
		[NVVGPU_CHECK_DRIVER] = "driver",
		[NVVGPU_CHECK_FRAMEWORK] = "framework",
		[NVVGPU_CHECK_SRIOV] = "sriov",
		[NVVGPU_CHECK_MIG] = "mig",
		[NVVGPU_CHECK_IOMMU_GROUPS] = "iommu-groups",
		[NVVGPU_CHECK_PERMISSIONS] = "permissions",
		[NVVGPU_CHECK_TYPES] = "types",
		[NVVGPU_CHECK_DEVICE] = "device",
	};

	if ((size_t)check >= sizeof(names) / sizeof(names[0]) || !names[check])
		return "unknown";
	return names[check];
}

NVVGPU_EXPORT const char *nvvgpu_verdict_name(enum nvvgpu_verdict verdict)
{
	switch (verdict) {
	case NVVGPU_VERDICT_OK:
		return "ok";
	case NVVGPU_VERDICT_NOTE:
		return "note";
	case NVVGPU_VERDICT_PROBLEM:
		return "problem";
	default:
		return "unknown";
	}
}

/* ------------------------------------------------------------------ findings */

/* One run.  What cannot be added for want of memory makes the whole run fail. */
struct doctor {
	struct nvvgpu *host;
	struct nvvgpu_gpu *asked_for;	/* NULL: all */
	struct gpu_table *gpus;
	unsigned int flags;
	bool emulated, captured;
	struct nvvgpu_finding_list *list;
	struct nvvgpu_finding lost;	/* where what cannot be added is written */
	int err;
};

/* The finding that is to be written, until the next one is. */
static struct nvvgpu_finding *find(struct doctor *doctor, enum nvvgpu_check check,
				   const char *object)
{
	struct nvvgpu_finding_list *list = doctor->list;
	struct nvvgpu_finding *finding = &doctor->lost;

	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 32;
		struct nvvgpu_finding *grown;

		grown = realloc(list->findings, room * sizeof(*grown));
		if (grown) {
			list->findings = grown;
			list->room = room;
		} else {
			doctor->err = -ENOMEM;
		}
	}
	if (list->count < list->room)
		finding = &list->findings[list->count++];
	*finding = (struct nvvgpu_finding){
		.list = list, .check = check, .verdict = NVVGPU_VERDICT_OK,
	};
	text_copy(finding->object, sizeof(finding->object), object);
	return finding;
}

static struct nvvgpu_finding *find_host(struct doctor *doctor, enum nvvgpu_check check)
{
	return find(doctor, check, doctor->host->uri);
}

#define SETTER(member)								\
static void say_##member(struct nvvgpu_finding *finding, const char *format, ...)	\
	__attribute__((format(printf, 2, 3)));					\
static void say_##member(struct nvvgpu_finding *finding, const char *format, ...)	\
{										\
	char text[1024];							\
	va_list args;								\
										\
	va_start(args, format);							\
	vsnprintf(text, sizeof(text), format, args);				\
	va_end(args);								\
	text_copy(finding->member, sizeof(finding->member), text);		\
	text_sanitize(finding->member);						\
}
SETTER(text)
SETTER(evidence)
SETTER(next_step)

static void judge(struct nvvgpu_finding *finding, enum nvvgpu_verdict verdict,
		  enum nvvgpu_reason reason)
{
	finding->verdict = verdict;
	finding->reason = reason;
}

/* A machine that does not say, or does not let look. */
static void not_known(struct doctor *doctor, struct nvvgpu_finding *finding, int err,
		      const char *what)
{
	bool closed = err == -EACCES || err == -EPERM;

	judge(finding, NVVGPU_VERDICT_UNKNOWN,
	      closed ? NVVGPU_REASON_PERMISSION : NVVGPU_REASON_UNKNOWN);
	say_text(finding, "%s could not be found out", what);
	if (doctor->captured)
		say_next_step(finding, "capture the machine with nvvgpu collect, as root");
	else
		say_next_step(finding, closed ? "look as root" : "look by hand");
}

/* The last error, as what is wrong. */
static void from_error(struct nvvgpu_finding *finding)
{
	const struct nvvgpu_error *error = nvvgpu_last_error();

	judge(finding, NVVGPU_VERDICT_PROBLEM, nvvgpu_error_get_reason(error));
	say_text(finding, "%s", nvvgpu_error_get_cause(error));
	say_evidence(finding, "%s", nvvgpu_error_get_object(error));
	say_next_step(finding, "%s", *nvvgpu_error_get_next_step(error) ?
		      nvvgpu_error_get_next_step(error) : "look into the kernel log");
}

static struct os *os_of(const struct doctor *doctor)
{
	return doctor->host->os;
}

/* The GPUs that are looked at: one, or all. */
static struct nvvgpu_gpu *gpu_of(const struct doctor *doctor, size_t index)
{
	if (doctor->asked_for)
		return index ? NULL : doctor->asked_for;
	return index < doctor->gpus->count ? doctor->gpus->gpus[index] : NULL;
}

static bool any_gpu(const struct doctor *doctor, bool (*is)(struct nvvgpu_gpu *gpu))
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
		judge(finding, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_NOT_SUPPORTED);
		say_text(finding, "emulated boards run in this process: kernel, IOMMU and VFIO do "
			 "not matter");
		return;
	}
	err = machine_kernel(os_of(doctor), release, sizeof(release));
	if (err) {
		not_known(doctor, finding, err, "the release of the kernel");
		return;
	}
	say_text(finding, "the kernel is %s", release);
	say_evidence(finding, "/proc/sys/kernel/osrelease");
}

static bool is_shared(struct nvvgpu_gpu *gpu)
{
	return gpu_is_shared(gpu);
}

static void check_gpus(struct doctor *doctor)
{
	struct nvvgpu_finding *finding = find_host(doctor, NVVGPU_CHECK_GPUS);
	size_t count = doctor->gpus->count, shared = 0;

	for (size_t i = 0; i < count; i++)
		shared += gpu_is_shared(doctor->gpus->gpus[i]);
	say_text(finding, "%zu NVIDIA GPU%s, of which %zu can be shared", count,
		 count == 1 ? "" : "s", shared);
	say_evidence(finding, "/sys/bus/pci/devices");
	if (count)
		return;
	judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_NOT_FOUND);
	say_text(finding, "no NVIDIA display controller was found");
	say_next_step(finding, "see what lspci -d 10de: lists; a board that is not listed has no "
		      "power, or its slot is switched off in the firmware");
}

static bool has_sriov(struct nvvgpu_gpu *gpu)
{
	return nvvgpu_gpu_get_vfs_total(gpu) > 0;
}

static void advise_iommu(struct doctor *doctor, struct nvvgpu_finding *finding)
{
	char vendor[32] = "";

	machine_cpu_vendor(os_of(doctor), vendor, sizeof(vendor));
	if (!strcmp(vendor, "GenuineIntel"))
		say_next_step(finding, "switch VT-d on in the firmware and boot with intel_iommu=on");
	else if (!strcmp(vendor, "AuthenticAMD"))
		say_next_step(finding, "switch the IOMMU (AMD-Vi) on in the firmware");
	else
		say_next_step(finding, "switch the IOMMU (VT-d, AMD-Vi, SMMU) on in the firmware, and on "
			      "Intel boot with intel_iommu=on");
}

static void check_iommu(struct doctor *doctor)
{
	struct nvvgpu_finding *finding = find_host(doctor, NVVGPU_CHECK_IOMMU);
	char words[160] = "";
	unsigned int iommus, groups;
	int err = machine_iommus(os_of(doctor), &iommus, &groups);

	if (err) {
		not_known(doctor, finding, err, "whether the IOMMU is on");
		return;
	}
	machine_command_line(os_of(doctor), words, sizeof(words));
	say_evidence(finding, "/sys/class/iommu: %u, /sys/kernel/iommu_groups: %u, kernel command "
		     "line: %s", iommus, groups, *words ? words : "nothing about it");
	if (iommus || groups) {
		say_text(finding, "the IOMMU is on");
		return;
	}
	say_text(finding, "the IOMMU is off: no guest can be given a function of a GPU");
	judge(finding, any_gpu(doctor, has_sriov) ? NVVGPU_VERDICT_PROBLEM : NVVGPU_VERDICT_NOTE,
	      NVVGPU_REASON_IOMMU_OFF);
	advise_iommu(doctor, finding);
}

static void check_vfio(struct doctor *doctor)
{
	struct nvvgpu_finding *finding = find_host(doctor, NVVGPU_CHECK_VFIO);
	struct machine_vfio vfio;
	int err = machine_vfio(os_of(doctor), &vfio);

	if (err) {
		not_known(doctor, finding, err, "whether the kernel offers VFIO");
		return;
	}
	say_evidence(finding, "/dev/vfio/vfio: %s, /dev/iommu: %s", vfio.container ? "yes" : "no",
		     vfio.iommufd ? "yes" : "no");
	if (!vfio.container && !vfio.iommufd) {
		judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_NO_VFIO);
		say_text(finding, "the kernel has no VFIO: its modules are not loaded");
		say_next_step(finding, "modprobe vfio-pci, and have it loaded at boot");
		return;
	}
	say_text(finding, "the kernel offers VFIO by %s",
		 vfio.container && vfio.iommufd ? "groups and iommufd" :
		 vfio.container ? "groups" : "iommufd");
	if (!vfio.unsafe_noiommu)
		return;
	judge(finding, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_IOMMU_OFF);
	say_text(finding, "VFIO works without an IOMMU too: who may open a device reaches all memory");
	say_next_step(finding, "boot without vfio.enable_unsafe_noiommu_mode");
}

/* NVIDIA's own driver leaves the running of vGPUs to a daemon. */
static bool needs_daemon(struct nvvgpu_gpu *gpu)
{
	enum nvvgpu_framework framework = nvvgpu_gpu_get_framework(gpu);
	char module[64];

	if (!gpu->driver || (framework != NVVGPU_FRAMEWORK_VENDOR_VFIO &&
			     framework != NVVGPU_FRAMEWORK_MDEV))
		return false;
	machine_module(gpu->host->os, gpu->driver, module, sizeof(module));
	return !strcmp(module, "nvidia");
}

static void check_services(struct doctor *doctor)
{
	struct nvvgpu_finding *finding;
	bool runs;
	int err;

	if (!any_gpu(doctor, needs_daemon))
		return;
	finding = find_host(doctor, NVVGPU_CHECK_SERVICES);
	err = machine_service(os_of(doctor), "nvidia-vgpu-mgr", &runs);
	if (err) {
		not_known(doctor, finding, err, "whether nvidia-vgpu-mgr runs");
		return;
	}
	say_evidence(finding, "/proc");
	say_text(finding, "nvidia-vgpu-mgr runs");
	if (runs)
		return;
	judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_NO_SERVICE);
	say_text(finding, "nvidia-vgpu-mgr does not run: no vGPU of NVIDIA's driver starts without it");
	say_next_step(finding, "systemctl start nvidia-vgpud nvidia-vgpu-mgr, then journalctl -u "
		      "nvidia-vgpu-mgr");
}

static void check_selinux(struct doctor *doctor)
{
	struct nvvgpu_finding *finding;
	struct os_node node;
	bool enforcing;

	if (machine_selinux(os_of(doctor), &enforcing))
		return;
	finding = find_host(doctor, NVVGPU_CHECK_SELINUX);
	say_evidence(finding, "/sys/fs/selinux/enforce");
	say_text(finding, "SELinux is %s", enforcing ? "enforcing" : "not enforcing");
	if (!enforcing || os_of(doctor)->ops->node_get(os_of(doctor), "vfio/vfio", &node))
		return;
	say_evidence(finding, "/dev/vfio/vfio: %s", *node.label ? node.label : "no label");
	if (!strstr(node.label, ":device_t"))
		return;
	judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_PERMISSION);
	say_text(finding, "SELinux is enforcing, and VFIO's nodes have the label of no device in "
		 "particular: virtual machines may not open them");
	say_next_step(finding, "restorecon -R /dev/vfio");
}

/* ------------------------------------------------------- a GPU and its driver */

static void check_driver(struct doctor *doctor, struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_finding *finding = find(doctor, NVVGPU_CHECK_DRIVER, gpu->address);

	say_evidence(finding, "/sys/bus/pci/devices/%s/driver", gpu->address);
	if (gpu->driver) {
		say_text(finding, "its driver is %s %s", gpu->driver,
			 gpu->driver_version ? gpu->driver_version : "(of an unknown version)");
		return;
	}
	judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_NO_DRIVER);
	say_text(finding, "no kernel driver is bound to it");
	say_next_step(finding, "%s", reason_next_step(NVVGPU_REASON_NO_DRIVER));
}

static void describe_framework(struct doctor *doctor, struct nvvgpu_gpu *gpu,
			       struct nvvgpu_finding *finding)
{
	char release[64] = "";

	if (!doctor->emulated)
		machine_kernel(os_of(doctor), release, sizeof(release));
	say_text(finding, "vGPUs by the framework %s: driver %s %s%s%s%s%s",
		 nvvgpu_framework_name(nvvgpu_gpu_get_framework(gpu)),
		 gpu->driver ? gpu->driver : "none",
		 gpu->driver_version ? gpu->driver_version : "(of an unknown version)",
		 gpu->firmware_version ? ", firmware " : "",
		 gpu->firmware_version ? gpu->firmware_version : "",
		 *release ? ", kernel " : "", release);
	say_evidence(finding, "%s", nvvgpu_gpu_get_evidence(gpu));
}

/*
 * A GPU that is given away whole, or drives a screen, may be so on purpose: as
 * long as another one of those that are looked at can be shared.
 */
static void check_framework(struct doctor *doctor, struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_finding *finding = find(doctor, NVVGPU_CHECK_FRAMEWORK, gpu->address);
	bool on_purpose = any_gpu(doctor, is_shared);
	enum nvvgpu_reason reason = nvvgpu_gpu_get_reason(gpu);

	if (!reason) {
		describe_framework(doctor, gpu, finding);
		return;
	}
	judge(finding, on_purpose ? NVVGPU_VERDICT_NOTE : NVVGPU_VERDICT_PROBLEM, reason);
	say_text(finding, "%s", nvvgpu_gpu_get_reason_text(gpu));
	say_evidence(finding, "%s", nvvgpu_gpu_get_evidence(gpu));
	say_next_step(finding, "%s", reason_next_step(reason));
}

/* --------------------------------------------------------- virtual functions */

struct vfs {
	struct doctor *doctor;
	struct nvvgpu_gpu *gpu;
	unsigned int count, without_driver, given_away, without_group, shared;
	char odd[PCI_ADDRESS_LEN];	/* the first one whose driver is not as it should be */
	char neighbour[PCI_ADDRESS_LEN];
	struct machine_group group;	/* of the first one that is not alone */
	char unalone[PCI_ADDRESS_LEN];
	bool closed_node;
};

/* vfio-pci knows nothing of vGPUs: what it drives is an empty function. */
static void look_at_driver(struct vfs *vfs, const char *vf)
{
	char driver[64];

	if (machine_driver(vfs->doctor->host->os, vf, driver, sizeof(driver)))
		return;
	if (*driver && strcmp(driver, "vfio-pci"))
		return;
	vfs->without_driver += !*driver;
	vfs->given_away += *driver != '\0';
	if (!*vfs->odd)
		text_copy(vfs->odd, sizeof(vfs->odd), vf);
}

static void look_at_group(struct vfs *vfs, const char *vf)
{
	struct machine_group group;

	if (machine_group(vfs->doctor->host->os, vf, &group)) {
		vfs->without_group++;
		return;
	}
	if (!*group.shared_with)
		return;
	if (!vfs->shared++) {
		vfs->group = group;
		text_copy(vfs->unalone, sizeof(vfs->unalone), vf);
	}
}

static int look_at_vf(const char *vf, void *arg)
{
	struct vfs *vfs = arg;

	vfs->count++;
	look_at_driver(vfs, vf);
	look_at_group(vfs, vf);
	return 0;
}

static void check_sriov(struct doctor *doctor, struct nvvgpu_gpu *gpu, const struct vfs *vfs)
{
	struct nvvgpu_finding *finding = find(doctor, NVVGPU_CHECK_SRIOV, gpu->address);
	uint32_t total = nvvgpu_gpu_get_vfs_total(gpu), enabled;

	if (!total) {
		say_text(finding, "it has no SR-IOV: vGPUs are on the GPU itself");
		say_evidence(finding, "/sys/bus/pci/devices/%s/sriov_totalvfs: 0 or missing",
			     gpu->address);
		return;
	}
	if (nvvgpu_gpu_get_vfs_enabled(gpu, &enabled)) {
		from_error(finding);
		return;
	}
	say_evidence(finding, "sriov_numvfs %u, sriov_totalvfs %u, virtfn links %u", enabled, total,
		     vfs->count);
	say_text(finding, "%u of %u virtual functions are enabled", enabled, total);
	if (!enabled) {
		judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_VFS_DISABLED);
		say_text(finding, "none of its %u virtual functions is enabled: there is no place "
			 "for a vGPU", total);
		say_next_step(finding, "enable them: nvvgpu sriov %s on", gpu->address);
	} else if (vfs->count != enabled) {
		judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_IO);
		say_text(finding, "%u virtual functions are enabled, but %u exist", enabled,
			 vfs->count);
		say_next_step(finding, "look into the kernel log; disable and enable them again");
	} else if (vfs->without_driver || vfs->given_away) {
		judge(finding, NVVGPU_VERDICT_PROBLEM, vfs->given_away ?
		      NVVGPU_REASON_PASSTHROUGH : NVVGPU_REASON_NO_DRIVER);
		say_text(finding, "%u of %u virtual functions have no driver, %u have vfio-pci: "
			 "%s is the first", vfs->without_driver, enabled, vfs->given_away, vfs->odd);
		say_next_step(finding, "bind them to the driver that makes them vGPUs; vfio-pci "
			      "does not");
	}
}

static void check_groups(struct doctor *doctor, struct nvvgpu_gpu *gpu, const struct vfs *vfs)
{
	struct nvvgpu_finding *finding;
	unsigned int iommus, groups;

	/* without an IOMMU there are no groups, which has been said */
	if (!vfs->count || doctor->emulated ||
	    machine_iommus(os_of(doctor), &iommus, &groups) || (!iommus && !groups))
		return;
	finding = find(doctor, NVVGPU_CHECK_IOMMU_GROUPS, gpu->address);
	say_text(finding, "each of its virtual functions is alone in its IOMMU group");
	say_evidence(finding, "/sys/kernel/iommu_groups");
	if (vfs->without_group) {
		judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_IOMMU_OFF);
		say_text(finding, "%u of %u virtual functions have no IOMMU group", vfs->without_group,
			 vfs->count);
		advise_iommu(doctor, finding);
	} else if (vfs->shared) {
		judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_IOMMU_GROUP_SHARED);
		say_text(finding, "%u of %u virtual functions share an IOMMU group with another "
			 "device: they can only be given away together", vfs->shared, vfs->count);
		say_evidence(finding, "group %s has %s and %s", vfs->group.number, vfs->unalone,
			     vfs->group.shared_with);
		say_next_step(finding, "switch ACS on in the firmware, or use a slot whose ports "
			      "have it");
	}
}

/* --------------------------------------------------------------------- mode */

static void check_mig(struct doctor *doctor, struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_finding *finding;
	enum nvvgpu_mode mode = NVVGPU_GPU_MODE_UNKNOWN;
	unsigned int instances = 0;
	int err;

	if (!gpu_is_shared(gpu))
		return;
	nvvgpu_gpu_get_mode(gpu, &mode);
	err = machine_mig_instances(os_of(doctor), gpu->address, &instances);
	finding = find(doctor, NVVGPU_CHECK_MIG, gpu->address);
	say_evidence(finding, "mode %s, /proc/driver/nvidia/capabilities: %s",
		     nvvgpu_mode_name(mode), err ? "not there" : "read");
	say_text(finding, "MIG mode is off");
	if (mode == NVVGPU_GPU_MODE_MIG || instances) {
		judge(finding, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_MIG);
		say_text(finding, "MIG mode is on, with %u GPU instances: time-sliced types are "
			 "hidden by it", instances);
		say_next_step(finding, "for those types, end MIG mode (nvidia-smi -mig 0)");
	} else if (mode == NVVGPU_GPU_MODE_UNKNOWN && err) {
		not_known(doctor, finding, err, "whether MIG mode is on");
		say_next_step(finding, "see nvidia-smi -i %s --query-gpu=mig.mode.current "
			      "--format=csv", gpu->address);
	} else if (mode == NVVGPU_GPU_MODE_UNKNOWN) {
		say_text(finding, "no MIG instances exist");
	}
}

/* ------------------------------------------------------------------- rights */

struct right {
	bool exists, readable, writable;
	char text[128];
};

static struct right right_to(struct os *os, const char *path)
{
	struct right right = { .exists = false };
	struct os_node node;

	if (os->ops->node_get(os, path, &node))
		return right;
	right.exists = true;
	right.readable = node.readable;
	right.writable = node.writable;
	snprintf(right.text, sizeof(right.text), "/dev/%s: mode %03o, owner %u, group %u", path,
		 node.mode & 0777, node.uid, node.gid);
	return right;
}

static bool is_closed(const struct right *right)
{
	return right->exists && !(right->readable && right->writable);
}

static void check_permissions(struct doctor *doctor, struct nvvgpu_gpu *gpu)
{
	struct os *os = os_of(doctor);
	struct nvvgpu_finding *finding;
	struct right control, vfio;
	char path[64];

	snprintf(path, sizeof(path), "nvvgpu/%s", gpu->address);
	control = right_to(os, path);
	vfio = right_to(os, "vfio/vfio");
	if (!control.exists && !vfio.exists)
		return;
	finding = find(doctor, NVVGPU_CHECK_PERMISSIONS, gpu->address);
	say_evidence(finding, "%s%s%s", control.text, control.exists && vfio.exists ? "; " : "",
		     vfio.text);
	/* NVIDIA's drivers are managed by files that are root's alone */
	say_text(finding, nvvgpu_gpu_get_framework(gpu) == NVVGPU_FRAMEWORK_NVVGPU ?
		 "this user may manage vGPUs and open their devices" :
		 "this user may open VFIO devices; vGPUs are managed by root");
	if (is_closed(&control)) {
		judge(finding, control.readable ? NVVGPU_VERDICT_NOTE : NVVGPU_VERDICT_PROBLEM,
		      NVVGPU_REASON_PERMISSION);
		say_text(finding, "this user may %s", control.readable ?
			 "look at vGPUs, but not create or destroy any" :
			 "not even look at the vGPUs of this GPU");
		say_next_step(finding, "run as root, or join the group that the node belongs to");
	} else if (is_closed(&vfio)) {
		judge(finding, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_PERMISSION);
		say_text(finding, "this user may not open VFIO devices; who runs the VMM must");
		say_next_step(finding, "give the user of the VMM the device's node of /dev/vfio");
	}
}

/* -------------------------------------------------------------------- types */

/* Where the driver says what can be created. */
static const char *types_source(struct nvvgpu_gpu *gpu)
{
	switch (nvvgpu_gpu_get_framework(gpu)) {
	case NVVGPU_FRAMEWORK_NVVGPU:
		return "/dev/nvvgpu";
	case NVVGPU_FRAMEWORK_VENDOR_VFIO:
		return "nvidia/creatable_vgpu_types of its virtual functions";
	case NVVGPU_FRAMEWORK_MDEV:
		return "mdev_supported_types/*/available_instances";
	default:
		return "";
	}
}

static void check_types(struct doctor *doctor, struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_type_list *types, *creatable;
	struct nvvgpu_finding *finding;
	size_t all, now;

	if (!gpu_is_shared(gpu))
		return;
	finding = find(doctor, NVVGPU_CHECK_TYPES, gpu->address);
	say_evidence(finding, "%s", types_source(gpu));
	if (nvvgpu_type_list(gpu, NVVGPU_TYPE_ALL, &types)) {
		from_error(finding);
		return;
	}
	if (nvvgpu_type_list(gpu, NVVGPU_TYPE_CREATABLE, &creatable)) {
		from_error(finding);
		nvvgpu_type_list_unref(types);
		return;
	}
	all = nvvgpu_type_list_size(types);
	now = nvvgpu_type_list_size(creatable);
	say_text(finding, "%zu of its %zu types can be created now", now, all);
	if (!now) {
		enum nvvgpu_reason reason = nvvgpu_type_list_get_reason(creatable);

		/* a full GPU is none the worse for it */
		judge(finding, reason == NVVGPU_REASON_EXHAUSTED ? NVVGPU_VERDICT_NOTE :
		      NVVGPU_VERDICT_PROBLEM, reason);
		say_text(finding, "none of its %zu types can be created now: %s", all,
			 nvvgpu_type_list_get_reason_text(creatable));
		say_next_step(finding, "%s", reason_next_step(reason));
	}
	nvvgpu_type_list_unref(types);
	nvvgpu_type_list_unref(creatable);
}

/* ------------------------------------------------------------------- device */

/* One that nobody has open, and that is no stranger's. */
static bool may_be_opened(struct nvvgpu_vgpu *vgpu)
{
	struct nvvgpu_gpu *gpu = nvvgpu_vgpu_get_gpu(vgpu);
	enum nvvgpu_vgpu_state state;

	if (nvvgpu_gpu_get_framework(gpu) != NVVGPU_FRAMEWORK_NVVGPU &&
	    (!*nvvgpu_vgpu_get_owner(vgpu) || !strcmp(nvvgpu_vgpu_get_owner(vgpu), "foreign")))
		return false;
	return !nvvgpu_vgpu_get_state(vgpu, &state) && state == NVVGPU_VGPU_ASSIGNED;
}

static void read_regions(struct nvvgpu_finding *finding, struct nvvgpu_vgpu *vgpu,
			 struct nvvgpu_device *device)
{
	static const enum nvvgpu_region regions[] = {
		NVVGPU_REGION_CONFIG, NVVGPU_REGION_BAR0, NVVGPU_REGION_BAR1,
	};
	uint8_t bytes[4] = { 0 }, ids[4] = { 0 };
	uint64_t size;

	for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
		if (nvvgpu_device_get_region_bytes(device, regions[i], &size) < 0 ||
		    (size && nvvgpu_device_read(device, regions[i], 0, bytes,
						sizeof(bytes)) < 0)) {
			from_error(finding);
			return;
		}
		if (regions[i] == NVVGPU_REGION_CONFIG)
			memcpy(ids, bytes, sizeof(ids));
	}
	say_evidence(finding, "%s, PCI id %02x%02x:%02x%02x, BAR1 of %llu bytes",
		     nvvgpu_vgpu_get_vfio(vgpu), ids[1], ids[0], ids[3], ids[2],
		     (unsigned long long)size);
	say_text(finding, "the device of vGPU %s opens, and its regions can be read",
		 nvvgpu_vgpu_get_uuid(vgpu));
	if (ids[0] == 0xde && ids[1] == 0x10)
		return;
	judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_DEVICE_FAILED);
	say_text(finding, "the device of vGPU %s does not say that it is one of NVIDIA's",
		 nvvgpu_vgpu_get_uuid(vgpu));
	say_next_step(finding, "destroy the vGPU and create it again; look into the kernel log");
}

/* Somebody else may have come first: that is how it should be. */
static void open_device(struct nvvgpu_finding *finding, struct nvvgpu_vgpu *vgpu)
{
	struct nvvgpu_device *device;
	int err = nvvgpu_device_open(vgpu, &device);

	if (err == -EBUSY || err == -ENODEV) {
		from_error(finding);
		say_text(finding, "no device was opened: %s",
			 nvvgpu_error_get_cause(nvvgpu_last_error()));
		finding->verdict = NVVGPU_VERDICT_NOTE;
	} else if (err == -EACCES || err == -EPERM) {
		from_error(finding);
		judge(finding, NVVGPU_VERDICT_UNKNOWN, NVVGPU_REASON_PERMISSION);
	} else if (err) {
		from_error(finding);
	} else {
		read_regions(finding, vgpu, device);
		nvvgpu_device_unref(device);
	}
}

static void check_device(struct doctor *doctor, struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_vgpu_list *vgpus;
	struct nvvgpu_finding *finding;
	struct nvvgpu_vgpu *vgpu;

	if (!gpu_is_shared(gpu) || doctor->flags & NVVGPU_DOCTOR_NO_OPEN)
		return;
	finding = find(doctor, NVVGPU_CHECK_DEVICE, gpu->address);
	judge(finding, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_NOT_FOUND);
	say_text(finding, "no device was opened: there is no vGPU that nobody uses");
	say_next_step(finding, "create a vGPU, then look again");
	if (doctor->captured) {
		judge(finding, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_READ_ONLY);
		say_text(finding, "a captured machine has no devices that could be opened");
		say_next_step(finding, "look at the machine itself");
		return;
	}
	if (nvvgpu_vgpu_list(gpu, &vgpus)) {
		from_error(finding);
		return;
	}
	say_evidence(finding, "number of vGPUs: %zu", nvvgpu_vgpu_list_size(vgpus));
	for (size_t i = 0; (vgpu = nvvgpu_vgpu_list_get(vgpus, i)); i++)
		if (may_be_opened(vgpu)) {
			judge(finding, NVVGPU_VERDICT_OK, NVVGPU_REASON_NONE);
			say_next_step(finding, "%s", "");
			open_device(finding, vgpu);
			break;
		}
	nvvgpu_vgpu_list_unref(vgpus);
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

static void check_gpu(struct doctor *doctor, struct nvvgpu_gpu *gpu)
{
	struct vfs vfs = { .doctor = doctor, .gpu = gpu };

	machine_vfs(os_of(doctor), gpu->address, look_at_vf, &vfs);
	check_driver(doctor, gpu);
	check_framework(doctor, gpu);
	check_sriov(doctor, gpu, &vfs);
	check_mig(doctor, gpu);
	check_groups(doctor, gpu, &vfs);
	check_permissions(doctor, gpu);
	check_types(doctor, gpu);
	check_device(doctor, gpu);
}

static int examine(struct doctor *doctor)
{
	struct nvvgpu_gpu *gpu;

	check_host(doctor);
	for (size_t i = 0; (gpu = gpu_of(doctor, i)); i++)
		check_gpu(doctor, gpu);
	return doctor->err;
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
	doctor.list = calloc(1, sizeof(*doctor.list));
	if (doctor.list) {
		atomic_init(&doctor.list->refs, 1);
		err = examine(&doctor);
	}
	gpu_table_unref(doctor.gpus);
	if (!doctor.list || err) {
		nvvgpu_finding_list_unref(doctor.list);
		return error_nomem();
	}
	*ret = doctor.list;
	return 0;
}

/* ------------------------------------------------------------------ the list */

NVVGPU_EXPORT struct nvvgpu_finding_list *nvvgpu_finding_list_ref(struct nvvgpu_finding_list *list)
{
	atomic_fetch_add_explicit(&list->refs, 1, memory_order_relaxed);
	return list;
}

NVVGPU_EXPORT struct nvvgpu_finding_list *
nvvgpu_finding_list_unref(struct nvvgpu_finding_list *list)
{
	if (!list || atomic_fetch_sub_explicit(&list->refs, 1, memory_order_acq_rel) != 1)
		return NULL;
	free(list->findings);
	free(list);
	return NULL;
}

NVVGPU_EXPORT size_t nvvgpu_finding_list_size(struct nvvgpu_finding_list *list)
{
	return list->count;
}

NVVGPU_EXPORT struct nvvgpu_finding *
nvvgpu_finding_list_get(struct nvvgpu_finding_list *list, size_t index)
{
	return index < list->count ? &list->findings[index] : NULL;
}

NVVGPU_EXPORT bool nvvgpu_finding_list_is_well(struct nvvgpu_finding_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->findings[i].verdict == NVVGPU_VERDICT_PROBLEM)
			return false;
	return true;
}

NVVGPU_EXPORT struct nvvgpu_finding *nvvgpu_finding_ref(struct nvvgpu_finding *finding)
{
	nvvgpu_finding_list_ref(finding->list);
	return finding;
}

NVVGPU_EXPORT struct nvvgpu_finding *nvvgpu_finding_unref(struct nvvgpu_finding *finding)
{
	if (finding)
		nvvgpu_finding_list_unref(finding->list);
	return NULL;
}

NVVGPU_EXPORT enum nvvgpu_check nvvgpu_finding_get_check(struct nvvgpu_finding *finding)
{
	return finding->check;
}

NVVGPU_EXPORT enum nvvgpu_verdict nvvgpu_finding_get_verdict(struct nvvgpu_finding *finding)
{
	return finding->verdict;
}

NVVGPU_EXPORT enum nvvgpu_reason nvvgpu_finding_get_reason(struct nvvgpu_finding *finding)
{
	return finding->reason;
}

NVVGPU_EXPORT const char *nvvgpu_finding_get_object(struct nvvgpu_finding *finding)
{
	return finding->object;
}

NVVGPU_EXPORT const char *nvvgpu_finding_get_text(struct nvvgpu_finding *finding)
{
	return finding->text;
}

NVVGPU_EXPORT const char *nvvgpu_finding_get_evidence(struct nvvgpu_finding *finding)
{
	return finding->evidence;
}

NVVGPU_EXPORT const char *nvvgpu_finding_get_next_step(struct nvvgpu_finding *finding)
{
	return finding->next_step;
}
