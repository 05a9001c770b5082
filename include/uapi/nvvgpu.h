/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note OR MIT */
/*
 * The ioctl interface of the vGPU manager: one character device per physical
 * function, /dev/nvvgpu/<pci address>.
 *
 * Rules, the same for every request:
 *
 *  - The first member is the size of the structure as the caller knows it.
 *    A shorter structure than the driver's is filled up with zeros; a longer
 *    one is accepted when the tail is zero, otherwise E2BIG.  A size below the
 *    first published one is EINVAL.
 *  - Unknown flags are EOPNOTSUPP, non-zero reserved members EINVAL.
 *  - All layouts are identical for 32-bit and 64-bit callers; pointers travel
 *    as __aligned_u64 and always come with a count or a length.
 *  - Array replies: the caller gives the room in "count" (elements); the driver
 *    writes the true number back.  Room too small: ENOSPC, nothing is copied,
 *    count holds the number needed.
 *  - Strings are fixed arrays, NUL-terminated within the array.
 *  - Requests marked [change] need CAP_SYS_ADMIN or a descriptor opened for
 *    writing (the administrator grants that by the node's mode): EACCES.
 *
 * A "slot" is where a vGPU sits: the index of the SR-IOV virtual function on
 * boards with SR-IOV (VF 0 is virtfn0), the instance number on boards without.
 */
#ifndef _UAPI_NVVGPU_H
#define _UAPI_NVVGPU_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define NVVGPU_IOCTL_TYPE	0xBA
#define NVVGPU_ABI_VERSION	1

#define NVVGPU_NAME_LEN		64
#define NVVGPU_TYPE_NAME_LEN	32
#define NVVGPU_OWNER_LEN	64
#define NVVGPU_PARAMS_LEN	1024	/* including the NUL */
#define NVVGPU_UUID_LEN		16	/* RFC 4122 byte order */
#define NVVGPU_MAX_TYPES	64
#define NVVGPU_MAX_VGPUS	32
#define NVVGPU_MAX_WARM_STATE	(1U << 20)	/* bytes of a warm-update image */

#define NVVGPU_SLOT_ANY		0xffffffffU
#define NVVGPU_PLACEMENT_ANY	0xffffffffU	/* request: the driver chooses */
#define NVVGPU_PLACEMENT_NONE	0xffffffffU	/* reply: placements are not used */

/* Why something is not available right now.  Stable numbers. */
enum nvvgpu_why {
	NVVGPU_WHY_NONE			= 0,
	NVVGPU_WHY_EQUAL_SIZE		= 1,	/* another size is active; detail: its bytes */
	NVVGPU_WHY_SLOT_BUSY		= 2,	/* that VF holds a vGPU */
	NVVGPU_WHY_EXHAUSTED		= 3,	/* max_instances (or slots) reached; detail: the limit */
	NVVGPU_WHY_NO_FRAMEBUFFER	= 4,
	NVVGPU_WHY_NO_CHANNELS		= 5,
	NVVGPU_WHY_PLACEMENT_TAKEN	= 6,	/* the wanted placement id overlaps; detail: the id */
	NVVGPU_WHY_PLACEMENT_INVALID	= 7,	/* not a placement id of this type; detail: the id */
	NVVGPU_WHY_NO_TYPE		= 8,	/* unknown type id */
	NVVGPU_WHY_VFS_DISABLED		= 9,	/* SR-IOV is off, or the VF index is beyond numvfs */
	NVVGPU_WHY_DUPLICATE_UUID	= 10,
	NVVGPU_WHY_IN_USE		= 11,	/* the VFIO device is open */
	NVVGPU_WHY_LIVE_VGPUS		= 12,	/* the change needs a GPU without vGPUs; detail: their number */
	NVVGPU_WHY_MIG			= 13,
	NVVGPU_WHY_NOT_SUPPORTED	= 14,	/* the board cannot do it */
	NVVGPU_WHY_FIRMWARE		= 15,	/* the firmware refused; detail: its status */
	NVVGPU_WHY_PARAMS		= 16,	/* malformed parameter string; detail: byte offset */
	NVVGPU_WHY_BAD_IMAGE		= 17,	/* warm-update image damaged or foreign */
};

/* ---------------------------------------------------------------- device */

#define NVVGPU_FEATURE_SRIOV		(1ULL << 0)
#define NVVGPU_FEATURE_MIXED_SIZE	(1ULL << 1)
#define NVVGPU_FEATURE_PLACEMENT	(1ULL << 2)	/* equal-size vGPUs have placement ids too */
#define NVVGPU_FEATURE_MIGRATION	(1ULL << 3)
#define NVVGPU_FEATURE_WARM_UPDATE	(1ULL << 4)
#define NVVGPU_FEATURE_EVENTS		(1ULL << 5)
#define NVVGPU_FEATURE_PARAMS		(1ULL << 6)
#define NVVGPU_FEATURE_EMULATED		(1ULL << 63)	/* an emulated board */

#define NVVGPU_MODE_EQUAL_SIZE	0
#define NVVGPU_MODE_MIXED_SIZE	1

struct nvvgpu_ioctl_info {
	__u32 size;
	__u32 flags;			/* 0 */
	__u32 abi_version;		/* out: NVVGPU_ABI_VERSION */
	__u32 mode;			/* out: NVVGPU_MODE_* */
	__aligned_u64 features;		/* out: NVVGPU_FEATURE_* */
	__aligned_u64 framebuffer_bytes;	/* out: memory that vGPUs can share */
	__aligned_u64 vmmu_segment_bytes;	/* out */
	__u32 slots_total;		/* out: SR-IOV TotalVFs, or instances without SR-IOV */
	__u32 slots_enabled;		/* out */
	__u32 vgpus;			/* out: how many exist */
	__u32 types;			/* out: how many are known */
	__u32 placement_units;		/* out: length of the placement scale, 0 without placements */
	__u16 vendor_id;		/* out */
	__u16 device_id;		/* out */
	__u16 subsystem_vendor_id;	/* out */
	__u16 subsystem_device_id;	/* out */
	__u32 __reserved;
	char board_name[NVVGPU_NAME_LEN];	/* out: "NVIDIA L40" */
	char driver_version[NVVGPU_NAME_LEN];	/* out: version of this driver */
	char firmware_version[NVVGPU_NAME_LEN];	/* out: as GSP reports it */
};
#define NVVGPU_IOCTL_INFO	_IO(NVVGPU_IOCTL_TYPE, 0x00)

/* ----------------------------------------------------------------- types */

/* One vGPU type.  TYPE_ADD [change]: all members in.  TYPE_GET: id in, rest out. */
struct nvvgpu_ioctl_type {
	__u32 size;
	__u32 flags;			/* 0 */
	__u32 id;
	__u32 max_instances;
	__u32 heads;
	__u32 max_width;
	__u32 max_height;
	__u32 frame_rate_limit;
	__aligned_u64 max_pixels;
	__aligned_u64 profile_bytes;	/* nominal size: framebuffer + reservation */
	__aligned_u64 framebuffer_bytes;	/* what the guest sees */
	__aligned_u64 reservation_bytes;
	__aligned_u64 gsp_heap_bytes;
	__aligned_u64 mappable_video_bytes;
	__u32 bar1_mib;
	__u32 encoder_capacity;
	__u32 vdev_id;			/* device << 16 | subsystem of the virtual function */
	__u32 pdev_id;			/* device of the board */
	__u32 cuda_enabled;
	__u32 ecc_supported;
	__u32 multi_vgpu_exclusive;
	__u32 frl_enabled;
	char name[NVVGPU_TYPE_NAME_LEN];	/* "NVIDIA L40-1B" */
	char class_name[NVVGPU_TYPE_NAME_LEN];	/* "NVS", "Quadro", "Compute", "vApps" */
	char license[128];
};
#define NVVGPU_IOCTL_TYPE_ADD	_IO(NVVGPU_IOCTL_TYPE, 0x10)
#define NVVGPU_IOCTL_TYPE_GET	_IO(NVVGPU_IOCTL_TYPE, 0x11)

/* What each type could do right now; one element per known type, ordered by id. */
struct nvvgpu_type_state {
	__u32 id;
	__u32 created;			/* instances that exist */
	__u32 available;		/* instances that could be created now */
	__u32 why;			/* enum nvvgpu_why, never NONE when available is 0 */
	__aligned_u64 why_detail;
};
struct nvvgpu_ioctl_type_list {
	__u32 size;
	__u32 flags;			/* 0 */
	__u32 count;			/* in: room, out: number */
	__u32 __reserved;
	__aligned_u64 states;		/* user pointer to struct nvvgpu_type_state[] */
};
#define NVVGPU_IOCTL_TYPE_LIST	_IO(NVVGPU_IOCTL_TYPE, 0x12)

/* ----------------------------------------------------------------- vGPUs */

#define NVVGPU_STATE_ASSIGNED	1	/* created; no VFIO device open */
#define NVVGPU_STATE_RUNNING	2	/* VFIO device open, plugin task up */
#define NVVGPU_STATE_STOPPED	3	/* open, stopped by migration */
#define NVVGPU_STATE_FAILED	4	/* the plugin task crashed; reset needed */

struct nvvgpu_vgpu_info {
	__u32 id;			/* 1..0xffff, unique on this GPU while it lives */
	__u32 type_id;
	__u32 slot;
	__u32 placement;		/* or NVVGPU_PLACEMENT_NONE */
	__u32 state;			/* NVVGPU_STATE_* */
	__u32 channel_first;
	__u32 channel_count;
	__u32 gfid;
	__aligned_u64 framebuffer_bytes;
	__u8 uuid[NVVGPU_UUID_LEN];
	char owner[NVVGPU_OWNER_LEN];	/* "" when none was given */
};

/*
 * CREATE [change]: reserves type, framebuffer and channels for a slot.
 * Failures: ENODEV unknown type, or a slot that is not enabled; EBUSY slot in
 * use; EINVAL other size active (equal-size rule), bad placement or parameters;
 * ENOSPC exhausted; EEXIST duplicate uuid; EIO firmware.  "why" and
 * "why_detail" are written back on every failure.
 */
struct nvvgpu_ioctl_create {
	__u32 size;
	__u32 flags;			/* 0 */
	__u32 type_id;
	__u32 slot;			/* or NVVGPU_SLOT_ANY */
	__u32 placement;		/* or NVVGPU_PLACEMENT_ANY */
	__u32 params_len;		/* bytes without a NUL, < NVVGPU_PARAMS_LEN */
	__aligned_u64 params;		/* user pointer to "key=value,key=value" or 0 */
	__u8 uuid[NVVGPU_UUID_LEN];	/* not all zero */
	char owner[NVVGPU_OWNER_LEN];
	__u32 why;			/* out on failure */
	__u32 __reserved;
	__aligned_u64 why_detail;	/* out on failure */
	struct nvvgpu_vgpu_info info;	/* out on success */
};
#define NVVGPU_IOCTL_CREATE	_IO(NVVGPU_IOCTL_TYPE, 0x20)

/* DESTROY [change].  ENODEV no such vGPU; EBUSY its VFIO device is open. */
struct nvvgpu_ioctl_destroy {
	__u32 size;
	__u32 flags;			/* 0 */
	__u32 id;
	__u32 why;			/* out on failure */
};
#define NVVGPU_IOCTL_DESTROY	_IO(NVVGPU_IOCTL_TYPE, 0x21)

struct nvvgpu_ioctl_vgpu_list {
	__u32 size;
	__u32 flags;			/* 0 */
	__u32 count;			/* in: room, out: number */
	__u32 __reserved;
	__aligned_u64 infos;		/* user pointer to struct nvvgpu_vgpu_info[], by slot */
};
#define NVVGPU_IOCTL_VGPU_LIST	_IO(NVVGPU_IOCTL_TYPE, 0x22)

struct nvvgpu_ioctl_vgpu_get {
	__u32 size;
	__u32 flags;			/* 0 */
	__u32 id;
	__u32 __reserved;
	struct nvvgpu_vgpu_info info;	/* out */
};
#define NVVGPU_IOCTL_VGPU_GET	_IO(NVVGPU_IOCTL_TYPE, 0x23)

/* PARAMS: read or [change] replace.  EBUSY while the VFIO device is open. */
#define NVVGPU_PARAMS_SET	(1U << 0)
struct nvvgpu_ioctl_params {
	__u32 size;
	__u32 flags;			/* NVVGPU_PARAMS_SET */
	__u32 id;
	__u32 len;			/* in: length (set) or room (get); out: length */
	__aligned_u64 params;		/* user pointer; no NUL is read, one is written if there is room */
	__u32 why;			/* out on failure */
	__u32 __reserved;
};
#define NVVGPU_IOCTL_PARAMS	_IO(NVVGPU_IOCTL_TYPE, 0x24)

/* ------------------------------------------------------ placements, mode */

#define NVVGPU_PLACEMENTS_SUPPORTED	0	/* what the board can */
#define NVVGPU_PLACEMENTS_CREATABLE	1	/* what is free now */
struct nvvgpu_ioctl_placements {
	__u32 size;
	__u32 flags;			/* 0 */
	__u32 type_id;
	__u32 which;			/* NVVGPU_PLACEMENTS_* */
	__u32 count;			/* in: room, out: number */
	__u32 length;			/* out: units that one instance covers */
	__aligned_u64 ids;		/* user pointer to __u32[] */
};
#define NVVGPU_IOCTL_PLACEMENTS	_IO(NVVGPU_IOCTL_TYPE, 0x30)

/* MODE_SET [change].  EBUSY with live vGPUs, EOPNOTSUPP where the board cannot. */
struct nvvgpu_ioctl_mode {
	__u32 size;
	__u32 flags;			/* 0 */
	__u32 mode;			/* NVVGPU_MODE_* */
	__u32 why;			/* out on failure */
};
#define NVVGPU_IOCTL_MODE_SET	_IO(NVVGPU_IOCTL_TYPE, 0x31)

/* ------------------------------------------------------------ statistics */

struct nvvgpu_ioctl_stats {
	__u32 size;
	__u32 flags;			/* 0 */
	__aligned_u64 framebuffer_total_bytes;	/* guest part */
	__aligned_u64 framebuffer_free_bytes;
	__aligned_u64 heap_total_bytes;		/* host part: management heaps */
	__aligned_u64 heap_free_bytes;
	__aligned_u64 bar1_total_bytes;
	__aligned_u64 bar1_free_bytes;
	__u32 channels_total;			/* what vGPUs can share */
	__u32 channels_free;
	__u32 rm_clients;			/* firmware clients of this driver */
	__u32 vgpus;
	__aligned_u64 created_total;		/* since the driver started */
	__aligned_u64 destroyed_total;
	__aligned_u64 create_failed_total;
	__aligned_u64 booted_total;
	__aligned_u64 scrubbed_bytes_total;
	__aligned_u64 firmware_calls_total;
};
#define NVVGPU_IOCTL_STATS	_IO(NVVGPU_IOCTL_TYPE, 0x40)

/* ---------------------------------------------------------------- events */

#define NVVGPU_EVENT_CREATED		1
#define NVVGPU_EVENT_DESTROYED		2
#define NVVGPU_EVENT_STARTED		3	/* VFIO device opened, plugin task up */
#define NVVGPU_EVENT_STOPPED		4	/* VFIO device closed */
#define NVVGPU_EVENT_CRASHED		5	/* plugin task died */
#define NVVGPU_EVENT_RESET		6
#define NVVGPU_EVENT_MODE		7	/* equal-size <-> mixed-size; value: the mode */
#define NVVGPU_EVENT_VFS		8	/* number of enabled VFs changed; value: the number */
#define NVVGPU_EVENT_MIGRATION		9	/* value: new VFIO migration state */
#define NVVGPU_EVENT_PARAMS		10
#define NVVGPU_EVENT_LOST		11	/* the reader was too slow; value: how many */

/*
 * read() on the node returns whole records, oldest first, beginning with those
 * that happen after the open; poll() tells when there are some.  A buffer
 * smaller than one record: EINVAL.  Nothing there: waits, or EAGAIN.
 */
struct nvvgpu_event_record {
	__aligned_u64 sequence;		/* grows by one per event of this GPU */
	__aligned_u64 time_ns;		/* CLOCK_REALTIME */
	__u32 kind;			/* NVVGPU_EVENT_* */
	__u32 vgpu_id;			/* 0: the GPU itself */
	__u32 slot;
	__u32 type_id;
	__aligned_u64 value;
	__u8 uuid[NVVGPU_UUID_LEN];
};

/* ----------------------------------------------------------- warm update */

/*
 * WARM_SAVE [change]: writes an image of the manager's state (types, mode,
 * vGPUs with parameters, events).  WARM_RESTORE [change]: on a manager without
 * vGPUs, takes the image back; all or nothing.  EBADMSG: image damaged, not for
 * this board, or saved with another number of VFs.
 */
struct nvvgpu_ioctl_warm {
	__u32 size;
	__u32 flags;			/* 0 */
	__aligned_u64 data;		/* user pointer */
	__u32 len;			/* save in: room, out: length; restore in: length */
	__u32 why;			/* out on failure */
};
#define NVVGPU_IOCTL_WARM_SAVE		_IO(NVVGPU_IOCTL_TYPE, 0x50)
#define NVVGPU_IOCTL_WARM_RESTORE	_IO(NVVGPU_IOCTL_TYPE, 0x51)

#endif /* _UAPI_NVVGPU_H */
