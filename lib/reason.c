// SPDX-License-Identifier: MIT
/* Reasons: their names, where they come from, and what they say in words. */
#include <inttypes.h>
#include <stdio.h>
#include <uapi/nvvgpu.h>
#include "objects.h"
#include "util/text.h"

/* Stable for ever: programs compare these names. */
static const char *const names[] = {
	[NVVGPU_REASON_NONE] = "none",
	[NVVGPU_REASON_UNKNOWN] = "unknown",
	[NVVGPU_REASON_INVALID_ARGUMENT] = "invalid-argument",
	[NVVGPU_REASON_OUT_OF_MEMORY] = "out-of-memory",
	[NVVGPU_REASON_PERMISSION] = "permission",
	[NVVGPU_REASON_NOT_FOUND] = "not-found",
	[NVVGPU_REASON_NOT_SUPPORTED] = "not-supported",
	[NVVGPU_REASON_READ_ONLY] = "read-only",
	[NVVGPU_REASON_IO] = "io",
	[NVVGPU_REASON_BUSY] = "busy",
	[NVVGPU_REASON_IN_USE] = "in-use",
	[NVVGPU_REASON_EXISTS] = "exists",
	[NVVGPU_REASON_CANCELLED] = "cancelled",
	[NVVGPU_REASON_DEADLINE] = "deadline",
	[NVVGPU_REASON_FIRMWARE] = "firmware",
	[NVVGPU_REASON_DEVICE_FAILED] = "device-failed",
	[NVVGPU_REASON_STATE_DAMAGED] = "state-damaged",
	[NVVGPU_REASON_NO_DRIVER] = "no-driver",
	[NVVGPU_REASON_PASSTHROUGH] = "passthrough",
	[NVVGPU_REASON_NOT_CAPABLE] = "not-capable",
	[NVVGPU_REASON_NO_FRAMEWORK] = "no-framework",
	[NVVGPU_REASON_EQUAL_SIZE] = "equal-size",
	[NVVGPU_REASON_VF_BUSY] = "vf-busy",
	[NVVGPU_REASON_EXHAUSTED] = "exhausted",
	[NVVGPU_REASON_NO_FRAMEBUFFER] = "no-framebuffer",
	[NVVGPU_REASON_NO_CHANNELS] = "no-channels",
	[NVVGPU_REASON_PLACEMENT_TAKEN] = "placement-taken",
	[NVVGPU_REASON_PLACEMENT_INVALID] = "placement-invalid",
	[NVVGPU_REASON_VFS_DISABLED] = "vfs-disabled",
	[NVVGPU_REASON_MIG] = "mig",
	[NVVGPU_REASON_LIVE_VGPUS] = "live-vgpus",
	[NVVGPU_REASON_PARAMS] = "params",
	[NVVGPU_REASON_FOREIGN_OWNER] = "foreign-owner",
	[NVVGPU_REASON_STREAM_FOREIGN] = "stream-foreign",
	[NVVGPU_REASON_STREAM_VERSION] = "stream-version",
	[NVVGPU_REASON_STREAM_DAMAGED] = "stream-damaged",
	[NVVGPU_REASON_STREAM_TRUNCATED] = "stream-truncated",
	[NVVGPU_REASON_STREAM_ABORTED] = "stream-aborted",
	[NVVGPU_REASON_STREAM_REJECTED] = "stream-rejected",
	[NVVGPU_REASON_MISMATCH_BOARD] = "mismatch-board",
	[NVVGPU_REASON_MISMATCH_TYPE] = "mismatch-type",
	[NVVGPU_REASON_MISMATCH_DRIVER] = "mismatch-driver",
	[NVVGPU_REASON_MISMATCH_FRAMEBUFFER] = "mismatch-framebuffer",
	[NVVGPU_REASON_MISMATCH_FIRMWARE] = "mismatch-firmware",
	[NVVGPU_REASON_NOT_MIGRATABLE] = "not-migratable",
	[NVVGPU_REASON_IOMMU_OFF] = "iommu-off",
	[NVVGPU_REASON_IOMMU_GROUP_SHARED] = "iommu-group-shared",
	[NVVGPU_REASON_NO_VFIO] = "no-vfio",
	[NVVGPU_REASON_NO_SERVICE] = "no-service",
};

NVVGPU_EXPORT const char *nvvgpu_reason_name(enum nvvgpu_reason reason)
{
	if ((size_t)reason >= sizeof(names) / sizeof(names[0]) || !names[reason])
		return "unknown";
	return names[reason];
}

enum nvvgpu_reason reason_from_why(uint32_t why)
{
	static const enum nvvgpu_reason reasons[] = {
		[NVVGPU_WHY_NONE] = NVVGPU_REASON_NONE,
		[NVVGPU_WHY_EQUAL_SIZE] = NVVGPU_REASON_EQUAL_SIZE,
		[NVVGPU_WHY_SLOT_BUSY] = NVVGPU_REASON_VF_BUSY,
		[NVVGPU_WHY_EXHAUSTED] = NVVGPU_REASON_EXHAUSTED,
		[NVVGPU_WHY_NO_FRAMEBUFFER] = NVVGPU_REASON_NO_FRAMEBUFFER,
		[NVVGPU_WHY_NO_CHANNELS] = NVVGPU_REASON_NO_CHANNELS,
		[NVVGPU_WHY_PLACEMENT_TAKEN] = NVVGPU_REASON_PLACEMENT_TAKEN,
		[NVVGPU_WHY_PLACEMENT_INVALID] = NVVGPU_REASON_PLACEMENT_INVALID,
		[NVVGPU_WHY_NO_TYPE] = NVVGPU_REASON_NOT_FOUND,
		[NVVGPU_WHY_VFS_DISABLED] = NVVGPU_REASON_VFS_DISABLED,
		[NVVGPU_WHY_DUPLICATE_UUID] = NVVGPU_REASON_EXISTS,
		[NVVGPU_WHY_IN_USE] = NVVGPU_REASON_IN_USE,
		[NVVGPU_WHY_LIVE_VGPUS] = NVVGPU_REASON_LIVE_VGPUS,
		[NVVGPU_WHY_MIG] = NVVGPU_REASON_MIG,
		[NVVGPU_WHY_NOT_SUPPORTED] = NVVGPU_REASON_NOT_SUPPORTED,
		[NVVGPU_WHY_FIRMWARE] = NVVGPU_REASON_FIRMWARE,
		[NVVGPU_WHY_PARAMS] = NVVGPU_REASON_PARAMS,
		[NVVGPU_WHY_BAD_IMAGE] = NVVGPU_REASON_STATE_DAMAGED,
	};

	return why < sizeof(reasons) / sizeof(reasons[0]) ? reasons[why] : NVVGPU_REASON_UNKNOWN;
}

static void equal_size_sentence(uint64_t bytes, char *buf, size_t size)
{
	char text[32];

	if (!bytes) {
		snprintf(buf, size, "vGPUs of another size exist on this GPU, which is in "
			 "equal-size mode");
		return;
	}
	text_bytes(text, sizeof(text), bytes);
	snprintf(buf, size, "only %s types can be created while %s vGPUs exist on this GPU", text,
		 text);
}

/* Sentences with a number in them; false: this reason has none, or it is not known. */
static bool sentence_with_detail(enum nvvgpu_reason reason, uint64_t detail, char *buf, size_t size)
{
	const char *format;

	switch (reason) {
	case NVVGPU_REASON_EXHAUSTED:
		format = "the largest number of instances, %" PRIu64 ", exists";
		break;
	case NVVGPU_REASON_LIVE_VGPUS:
		format = "%" PRIu64 " vGPUs exist on this GPU";
		break;
	case NVVGPU_REASON_FIRMWARE:
		format = "the firmware refused with status 0x%" PRIx64;
		break;
	default:
		return false;
	}
	if (!detail)
		return false;
	snprintf(buf, size, format, detail);
	return true;
}

static bool sentence_with_place(enum nvvgpu_reason reason, uint64_t detail, char *buf, size_t size)
{
	const char *format;

	switch (reason) {
	case NVVGPU_REASON_PLACEMENT_TAKEN:
		format = "placement id %" PRIu64 " overlaps with a vGPU that exists";
		break;
	case NVVGPU_REASON_PLACEMENT_INVALID:
		format = "%" PRIu64 " is not a placement id of this type";
		break;
	case NVVGPU_REASON_PARAMS:
		format = "the parameters are malformed at byte %" PRIu64;
		break;
	default:
		return false;
	}
	snprintf(buf, size, format, detail);
	return true;
}

static const char *plain_sentence(enum nvvgpu_reason reason)
{
	switch (reason) {
	case NVVGPU_REASON_NONE:
		return "";
	case NVVGPU_REASON_NOT_FOUND:
		return "the driver does not know this type";
	case NVVGPU_REASON_NOT_SUPPORTED:
		return "the board or its driver cannot do this";
	case NVVGPU_REASON_EXISTS:
		return "a vGPU with this uuid exists";
	case NVVGPU_REASON_IN_USE:
		return "the VFIO device of the vGPU is open";
	case NVVGPU_REASON_VF_BUSY:
		return "the virtual function holds a vGPU";
	case NVVGPU_REASON_EXHAUSTED:
		return "the largest number of instances exists";
	case NVVGPU_REASON_NO_FRAMEBUFFER:
		return "no free stretch of framebuffer is large enough";
	case NVVGPU_REASON_NO_CHANNELS:
		return "not enough channel ids are free";
	case NVVGPU_REASON_VFS_DISABLED:
		return "no virtual function is enabled for it";
	case NVVGPU_REASON_LIVE_VGPUS:
		return "vGPUs exist on this GPU";
	case NVVGPU_REASON_MIG:
		return "the GPU is in MIG mode";
	case NVVGPU_REASON_FIRMWARE:
		return "the firmware of the GPU did not do it";
	case NVVGPU_REASON_STATE_DAMAGED:
		return "the saved state is damaged or belongs to another board";
	default:
		return "the driver does not say why";
	}
}

void reason_sentence(enum nvvgpu_reason reason, uint64_t detail, char *buf, size_t size)
{
	if (reason == NVVGPU_REASON_EQUAL_SIZE)
		equal_size_sentence(detail, buf, size);
	else if (!sentence_with_detail(reason, detail, buf, size) &&
		 !sentence_with_place(reason, detail, buf, size))
		snprintf(buf, size, "%s", plain_sentence(reason));
}

const char *reason_next_step(enum nvvgpu_reason reason)
{
	switch (reason) {
	case NVVGPU_REASON_EQUAL_SIZE:
		return "choose a type of that size, destroy the vGPUs, or allow mixed sizes";
	case NVVGPU_REASON_VF_BUSY:
		return "leave the choice of the VF to the driver, or destroy the vGPU on it";
	case NVVGPU_REASON_EXHAUSTED:
	case NVVGPU_REASON_NO_FRAMEBUFFER:
	case NVVGPU_REASON_NO_CHANNELS:
		return "destroy a vGPU, or use another GPU";
	case NVVGPU_REASON_PLACEMENT_TAKEN:
	case NVVGPU_REASON_PLACEMENT_INVALID:
		return "ask for the creatable placement ids, or leave the choice to the driver";
	case NVVGPU_REASON_VFS_DISABLED:
		return "enable the virtual functions of the GPU";
	case NVVGPU_REASON_EXISTS:
		return "use another uuid";
	case NVVGPU_REASON_IN_USE:
		return "stop the virtual machine that uses it";
	case NVVGPU_REASON_LIVE_VGPUS:
		return "destroy the vGPUs of this GPU first";
	case NVVGPU_REASON_MIG:
		return "end MIG mode";
	case NVVGPU_REASON_FIRMWARE:
		return "look into the kernel log";
	case NVVGPU_REASON_PARAMS:
		return "write parameters as key=value,key=value";
	case NVVGPU_REASON_NO_DRIVER:
		return "bind a driver that offers vGPUs";
	case NVVGPU_REASON_PASSTHROUGH:
		return "bind the GPU to a driver that offers vGPUs";
	case NVVGPU_REASON_NO_FRAMEWORK:
		return "use the tools of that driver, or versions of library and driver that fit";
	case NVVGPU_REASON_NOT_CAPABLE:
		return "install the vGPU host driver, or use a board that has vGPUs";
	default:
		return "";
	}
}
