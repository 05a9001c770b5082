// SPDX-License-Identifier: MIT
/* Looks for what keeps vGPUs from working, and says what to do about it: a GPU. */
#include <stdio.h>
#include <string.h>
#include "doctor.h"
#include "framework/vfs.h"
#include "os/machine.h"
#include "util/text.h"

/* ------------------------------------------------------- a GPU and its driver */

static void check_driver(struct doctor *doctor, struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_finding *finding = doctor_find(doctor, NVVGPU_CHECK_DRIVER, gpu->address);

	finding_say_evidence(finding, "/sys/bus/pci/devices/%s/driver", gpu->address);
	if (gpu->driver) {
		finding_say_text(finding, "its driver is %s %s", gpu->driver,
				 gpu->driver_version ? gpu->driver_version
						     : "(of an unknown version)");
		return;
	}
	finding_judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_NO_DRIVER);
	finding_say_text(finding, "no kernel driver is bound to it");
	finding_say_next_step(finding, "%s", reason_next_step(NVVGPU_REASON_NO_DRIVER));
}

static void describe_framework(struct doctor *doctor, struct nvvgpu_gpu *gpu,
			       struct nvvgpu_finding *finding)
{
	char release[64] = "";

	if (!doctor->emulated)
		machine_kernel(doctor_os(doctor), release, sizeof(release));
	finding_say_text(finding, "vGPUs by the framework %s: driver %s %s%s%s%s%s",
			 nvvgpu_framework_name(nvvgpu_gpu_get_framework(gpu)),
			 gpu->driver ? gpu->driver : "none",
			 gpu->driver_version ? gpu->driver_version : "(of an unknown version)",
			 gpu->firmware_version ? ", firmware " : "",
			 gpu->firmware_version ? gpu->firmware_version : "",
			 *release ? ", kernel " : "", release);
	finding_say_evidence(finding, "%s", nvvgpu_gpu_get_evidence(gpu));
}

static bool is_shared(struct nvvgpu_gpu *gpu)
{
	return gpu_is_shared(gpu);
}

/*
 * A GPU that is given away whole, or drives a screen, may be so on purpose: as
 * long as another one of those that are looked at can be shared.
 */
static void check_framework(struct doctor *doctor, struct nvvgpu_gpu *gpu)
{
	struct nvvgpu_finding *finding = doctor_find(doctor, NVVGPU_CHECK_FRAMEWORK, gpu->address);
	bool on_purpose = doctor_any_gpu(doctor, is_shared);
	enum nvvgpu_reason reason = nvvgpu_gpu_get_reason(gpu);

	if (!reason) {
		describe_framework(doctor, gpu, finding);
		return;
	}
	finding_judge(finding, on_purpose ? NVVGPU_VERDICT_NOTE : NVVGPU_VERDICT_PROBLEM, reason);
	finding_say_text(finding, "%s", nvvgpu_gpu_get_reason_text(gpu));
	finding_say_evidence(finding, "%s", nvvgpu_gpu_get_evidence(gpu));
	finding_say_next_step(finding, "%s", reason_next_step(reason));
}

/* --------------------------------------------------------- virtual functions */

struct vfs {
	struct doctor *doctor;
	size_t count;
	bool listed;			/* count is all */
	unsigned int without_driver, given_away, without_group, shared;
	char odd[PCI_ADDRESS_LEN];	/* the first one whose driver is not as it should be */
	struct machine_group group;	/* of the first one that is not alone */
	char unalone[PCI_ADDRESS_LEN];
	int err;			/* why something about them is not known */
};

static void remember(struct vfs *vfs, int err)
{
	if (err && !vfs->err)
		vfs->err = err;
}

/* vfio-pci knows nothing of vGPUs: what it drives is an empty function. */
static void look_at_driver(struct vfs *vfs, const char *vf)
{
	char driver[64];
	int err = machine_driver(vfs->doctor->host->os, vf, driver, sizeof(driver));

	remember(vfs, err);
	if (err || (*driver && strcmp(driver, "vfio-pci")))
		return;
	vfs->without_driver += !*driver;
	vfs->given_away += *driver != '\0';
	if (!*vfs->odd)
		text_copy(vfs->odd, sizeof(vfs->odd), vf);
}

static void look_at_group(struct vfs *vfs, const char *vf)
{
	struct machine_group group;
	int err = machine_group(vfs->doctor->host->os, vf, &group);

	if (err == -ENOENT)
		vfs->without_group++;
	else
		remember(vfs, err);
	if (err || !*group.shared_with)
		return;
	if (!vfs->shared++) {
		vfs->group = group;
		text_copy(vfs->unalone, sizeof(vfs->unalone), vf);
	}
}

static void look_at_vfs(struct vfs *vfs, struct nvvgpu_gpu *gpu)
{
	__cleanup_free struct vf *found = NULL;

	remember(vfs, vfs_read(doctor_os(vfs->doctor), gpu->address, &found, &vfs->count));
	vfs->listed = !vfs->err;
	for (size_t i = 0; i < vfs->count; i++) {
		look_at_driver(vfs, found[i].address);
		look_at_group(vfs, found[i].address);
	}
}

static void check_sriov(struct doctor *doctor, struct nvvgpu_gpu *gpu, const struct vfs *vfs)
{
	struct nvvgpu_finding *finding = doctor_find(doctor, NVVGPU_CHECK_SRIOV, gpu->address);
	uint32_t total = nvvgpu_gpu_get_vfs_total(gpu), enabled;

	if (!total) {
		finding_say_text(finding, "it has no SR-IOV: vGPUs are on the GPU itself");
		finding_say_evidence(finding,
				     "/sys/bus/pci/devices/%s/sriov_totalvfs: 0 or missing",
				     gpu->address);
		return;
	}
	if (nvvgpu_gpu_get_vfs_enabled(gpu, &enabled)) {
		finding_from_error(finding);
		return;
	}
	if (vfs->listed)
		finding_say_evidence(finding, "sriov_numvfs %u, sriov_totalvfs %u, virtfn links %zu",
				     enabled, total, vfs->count);
	else
		finding_say_evidence(finding, "sriov_numvfs %u, sriov_totalvfs %u, virtfn links not "
				     "readable", enabled, total);
	finding_say_text(finding, "%u of %u virtual functions are enabled", enabled, total);
	if (!enabled) {
		finding_judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_VFS_DISABLED);
		finding_say_text(finding,
				 "none of its %u virtual functions is enabled: there is no place "
				 "for a vGPU",
				 total);
		finding_say_next_step(finding, "enable them: nvvgpu sriov %s on", gpu->address);
	} else if (vfs->err) {
		doctor_not_known(doctor, finding, vfs->err, "what its virtual functions are");
	} else if (vfs->count != enabled) {
		finding_judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_IO);
		finding_say_text(finding, "%u virtual functions are enabled, but %zu exist", enabled,
				 vfs->count);
		finding_say_next_step(finding,
				      "look into the kernel log; disable and enable them again");
	} else if (vfs->without_driver || vfs->given_away) {
		finding_judge(finding, NVVGPU_VERDICT_PROBLEM,
			      vfs->given_away ? NVVGPU_REASON_PASSTHROUGH
					      : NVVGPU_REASON_NO_DRIVER);
		finding_say_text(finding,
				 "%u of %u virtual functions have no driver, %u have vfio-pci: "
				 "%s is the first",
				 vfs->without_driver, enabled, vfs->given_away, vfs->odd);
		finding_say_next_step(finding,
				      "bind them to the driver that makes them vGPUs; vfio-pci "
				      "does not");
	}
}

static void check_groups(struct doctor *doctor, struct nvvgpu_gpu *gpu, const struct vfs *vfs)
{
	struct nvvgpu_finding *finding;
	unsigned int iommus, groups;

	/* without an IOMMU there are no groups, which has been said */
	if (!nvvgpu_gpu_get_vfs_total(gpu) || (!vfs->count && vfs->listed) || doctor->emulated ||
	    machine_iommus(doctor_os(doctor), &iommus, &groups) || (!iommus && !groups))
		return;
	finding = doctor_find(doctor, NVVGPU_CHECK_IOMMU_GROUPS, gpu->address);
	finding_say_text(finding, "each of its virtual functions is alone in its IOMMU group");
	finding_say_evidence(finding, "/sys/kernel/iommu_groups");
	if (vfs->without_group) {
		finding_judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_IOMMU_OFF);
		finding_say_text(finding, "%u of %zu virtual functions have no IOMMU group",
				 vfs->without_group, vfs->count);
		doctor_advise_iommu(doctor, finding);
	} else if (vfs->err) {
		doctor_not_known(doctor, finding, vfs->err, "what groups its virtual functions are in");
	} else if (vfs->shared) {
		finding_judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_IOMMU_GROUP_SHARED);
		finding_say_text(finding,
				 "%u of %zu virtual functions share an IOMMU group with another "
				 "device: they can only be given away together",
				 vfs->shared, vfs->count);
		finding_say_evidence(finding, "group %s has %s and %s", vfs->group.number,
				     vfs->unalone, vfs->group.shared_with);
		finding_say_next_step(finding,
				      "switch ACS on in the firmware, or use a slot whose ports "
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
	err = machine_mig_instances(doctor_os(doctor), gpu->address, &instances);
	finding = doctor_find(doctor, NVVGPU_CHECK_MIG, gpu->address);
	finding_say_evidence(finding, "mode %s, /proc/driver/nvidia/capabilities: %s",
			     nvvgpu_mode_name(mode), err ? "not there" : "read");
	finding_say_text(finding, "MIG mode is off");
	if (mode == NVVGPU_GPU_MODE_MIG || instances) {
		finding_judge(finding, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_MIG);
		finding_say_text(finding,
				 "MIG mode is on, with %u GPU instances: time-sliced types are "
				 "hidden by it",
				 instances);
		finding_say_next_step(finding, "for those types, end MIG mode (nvidia-smi -mig 0)");
	} else if (mode == NVVGPU_GPU_MODE_UNKNOWN && err) {
		doctor_not_known(doctor, finding, err, "whether MIG mode is on");
		finding_say_next_step(finding,
				      "see nvidia-smi -i %s --query-gpu=mig.mode.current "
				      "--format=csv",
				      gpu->address);
	} else if (mode == NVVGPU_GPU_MODE_UNKNOWN) {
		finding_say_text(finding, "no MIG instances exist");
	}
}

/* ------------------------------------------------------------------- rights */

struct right {
	bool exists, readable, writable;
	char text[128];
};

static struct right right_to(struct os *os, const char *path)
{
	struct right right = {.exists = false};
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
	struct os *os = doctor_os(doctor);
	struct nvvgpu_finding *finding;
	struct right control, vfio;
	char path[64];

	snprintf(path, sizeof(path), "nvvgpu/%s", gpu->address);
	control = right_to(os, path);
	vfio = right_to(os, "vfio/vfio");
	if (!control.exists && !vfio.exists)
		return;
	finding = doctor_find(doctor, NVVGPU_CHECK_PERMISSIONS, gpu->address);
	finding_say_evidence(finding, "%s%s%s", control.text,
			     control.exists && vfio.exists ? "; " : "", vfio.text);
	/* NVIDIA's drivers are managed by files that are root's alone */
	finding_say_text(finding,
			 nvvgpu_gpu_get_framework(gpu) == NVVGPU_FRAMEWORK_NVVGPU
				 ? "this user may manage vGPUs and open their devices"
				 : "this user may open VFIO devices; vGPUs are managed by root");
	if (is_closed(&control)) {
		finding_judge(finding,
			      control.readable ? NVVGPU_VERDICT_NOTE : NVVGPU_VERDICT_PROBLEM,
			      NVVGPU_REASON_PERMISSION);
		finding_say_text(finding, "this user may %s",
				 control.readable ? "look at vGPUs, but not create or destroy any"
						  : "not even look at the vGPUs of this GPU");
		finding_say_next_step(finding,
				      "run as root, or join the group that the node belongs to");
	} else if (is_closed(&vfio)) {
		finding_judge(finding, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_PERMISSION);
		finding_say_text(finding,
				 "this user may not open VFIO devices; who runs the VMM must");
		finding_say_next_step(finding,
				      "give the user of the VMM the device's node of /dev/vfio");
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
	finding = doctor_find(doctor, NVVGPU_CHECK_TYPES, gpu->address);
	finding_say_evidence(finding, "%s", types_source(gpu));
	if (nvvgpu_type_list(gpu, NVVGPU_TYPE_ALL, &types)) {
		finding_from_error(finding);
		return;
	}
	if (nvvgpu_type_list(gpu, NVVGPU_TYPE_CREATABLE, &creatable)) {
		finding_from_error(finding);
		nvvgpu_type_list_unref(types);
		return;
	}
	all = nvvgpu_type_list_size(types);
	now = nvvgpu_type_list_size(creatable);
	finding_say_text(finding, "%zu of its %zu types can be created now", now, all);
	if (!now) {
		enum nvvgpu_reason reason = nvvgpu_type_list_get_reason(creatable);

		/* a full GPU is none the worse for it */
		finding_judge(finding,
			      reason == NVVGPU_REASON_EXHAUSTED ? NVVGPU_VERDICT_NOTE
								: NVVGPU_VERDICT_PROBLEM,
			      reason);
		finding_say_text(finding, "none of its %zu types can be created now: %s", all,
				 nvvgpu_type_list_get_reason_text(creatable));
		finding_say_next_step(finding, "%s", reason_next_step(reason));
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
		NVVGPU_REGION_CONFIG,
		NVVGPU_REGION_BAR0,
		NVVGPU_REGION_BAR1,
	};
	uint8_t bytes[4] = {0}, ids[4] = {0};
	uint64_t size;

	for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
		if (nvvgpu_device_get_region_bytes(device, regions[i], &size) < 0 ||
		    (size && nvvgpu_device_read(device, regions[i], 0, bytes, sizeof(bytes)) < 0)) {
			finding_from_error(finding);
			return;
		}
		if (regions[i] == NVVGPU_REGION_CONFIG)
			memcpy(ids, bytes, sizeof(ids));
	}
	finding_say_evidence(finding, "%s, PCI id %02x%02x:%02x%02x, BAR1 of %llu bytes",
			     nvvgpu_vgpu_get_vfio(vgpu), ids[1], ids[0], ids[3], ids[2],
			     (unsigned long long)size);
	finding_say_text(finding, "the device of vGPU %s opens, and its regions can be read",
			 nvvgpu_vgpu_get_uuid(vgpu));
	if (ids[0] == 0xde && ids[1] == 0x10)
		return;
	finding_judge(finding, NVVGPU_VERDICT_PROBLEM, NVVGPU_REASON_DEVICE_FAILED);
	finding_say_text(finding, "the device of vGPU %s does not say that it is one of NVIDIA's",
			 nvvgpu_vgpu_get_uuid(vgpu));
	finding_say_next_step(finding,
			      "destroy the vGPU and create it again; look into the kernel log");
}

/* Somebody else may have come first: that is how it should be. */
static void open_device(struct nvvgpu_finding *finding, struct nvvgpu_vgpu *vgpu)
{
	struct nvvgpu_device *device;
	int err = nvvgpu_device_open(vgpu, &device);

	if (err == -EBUSY || err == -ENODEV) {
		finding_from_error(finding);
		finding_judge(finding, NVVGPU_VERDICT_NOTE,
			      nvvgpu_error_get_reason(nvvgpu_last_error()));
		finding_say_text(finding, "no device was opened: %s",
				 nvvgpu_error_get_cause(nvvgpu_last_error()));
	} else if (err == -EACCES || err == -EPERM) {
		finding_from_error(finding);
		finding_judge(finding, NVVGPU_VERDICT_UNKNOWN, NVVGPU_REASON_PERMISSION);
	} else if (err) {
		finding_from_error(finding);
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
	finding = doctor_find(doctor, NVVGPU_CHECK_DEVICE, gpu->address);
	finding_judge(finding, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_NOT_FOUND);
	finding_say_text(finding, "no device was opened: there is no vGPU that nobody uses");
	finding_say_next_step(finding, "create a vGPU, then look again");
	if (doctor->captured) {
		finding_judge(finding, NVVGPU_VERDICT_NOTE, NVVGPU_REASON_READ_ONLY);
		finding_say_text(finding, "a captured machine has no devices that could be opened");
		finding_say_next_step(finding, "look at the machine itself");
		return;
	}
	if (nvvgpu_vgpu_list(gpu, &vgpus)) {
		finding_from_error(finding);
		return;
	}
	finding_say_evidence(finding, "number of vGPUs: %zu", nvvgpu_vgpu_list_size(vgpus));
	for (size_t i = 0; (vgpu = nvvgpu_vgpu_list_get(vgpus, i)); i++)
		if (may_be_opened(vgpu)) {
			finding_judge(finding, NVVGPU_VERDICT_OK, NVVGPU_REASON_NONE);
			finding_say_next_step(finding, "%s", "");
			open_device(finding, vgpu);
			break;
		}
	nvvgpu_vgpu_list_unref(vgpus);
}

/* ---------------------------------------------------------------------- all */

void doctor_check_gpu(struct doctor *doctor, struct nvvgpu_gpu *gpu)
{
	struct vfs vfs = { .doctor = doctor };

	look_at_vfs(&vfs, gpu);
	check_driver(doctor, gpu);
	check_framework(doctor, gpu);
	check_sriov(doctor, gpu, &vfs);
	check_mig(doctor, gpu);
	check_groups(doctor, gpu, &vfs);
	check_permissions(doctor, gpu);
	check_types(doctor, gpu);
	check_device(doctor, gpu);
}
