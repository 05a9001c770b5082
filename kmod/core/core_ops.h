/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The narrow table through which the vGPU manager uses the GPU core driver.
 * No firmware structure, register or control number crosses it.
 *
 * Handshake: the caller fills version_string with NVVGPU_CORE_OPS_VERSION and
 * calls nvvgpu_core_get_ops().  When the strings differ the core writes its own
 * version into the caller's field and returns -EPROTONOSUPPORT, so that the
 * caller can print both.  The table is good for that core alone: one that another
 * driver runs has calls of its own (nvkm.c).
 *
 * Every call may sleep.  Every fallible call returns 0 or -errno and leaves its
 * out-parameters untouched on failure.  Firmware refusals are -EIO (the NV
 * status is kept in nvvgpu_core_last_status()), a firmware that does not answer
 * in time -ETIMEDOUT, no room -ENOSPC, no memory -ENOMEM.
 */
#ifndef NVVGPU_CORE_OPS_H
#define NVVGPU_CORE_OPS_H

#include "nvvgpu_kernel.h"
#include "type_desc.h"

#define NVVGPU_CORE_OPS_VERSION		"nvvgpu-core 3"
#define NVVGPU_CORE_VERSION_LEN		64
#define NVVGPU_CORE_ANY			0xffffffffU
#define NVVGPU_CORE_ANY64		(~0ULL)
#define NVVGPU_CORE_SWIZZ_NONE		0xffffffffU

struct nvvgpu_core;		/* one per physical function */
struct nvvgpu_client;		/* one RM client with its device and subdevice */
struct nvvgpu_plugin;		/* the host's end of one plugin task's channel */

struct nvvgpu_core_info {
	u64 guest_fb_base;	/* the part of the framebuffer that vGPUs share */
	u64 guest_fb_bytes;
	u64 heap_bytes;		/* the host part, for management heaps */
	u64 bar1_bytes;
	u64 vmmu_segment_bytes;
	u32 channels_total;	/* 2048 */
	u32 channels_host;	/* the first 512 stay with the host */
	u64 engine_bitmap;	/* bit = NV2080_ENGINE_TYPE */
	u32 vfs_total;
	u16 vf_offset, vf_stride;	/* routing id of VF i = that of the PF + offset + stride * i */
	u32 domain_bdf;
	u16 vendor_id, device_id, subsystem_vendor_id, subsystem_device_id;
	u64 vf_trap_pages;	/* bit n: page n of a VF's BAR0 must not be mapped by a VMM */
	/* of the function that a vGPU sits on: a VF, or the board itself without SR-IOV */
	u64 slot_bar1_bytes, slot_bar3_bytes;
	bool emulated;
	char board_name[64];		/* "NVIDIA L40", from the firmware */
	char firmware_version[64];	/* "535.113.01", from the firmware */
};

/* What is in use; all equal to the values before the first create when all is undone. */
struct nvvgpu_core_totals {
	u64 guest_fb_free;
	u64 heap_free;
	u64 bar1_free;
	u32 channels_free;
	u32 clients;		/* RM clients alive, the core's own included */
	u32 plugins;		/* plugin channels attached */
	u64 firmware_calls;	/* grows only */
};

enum nvvgpu_fb_kind {
	NVVGPU_FB_GUEST,	/* VMMU-segment aligned and sized, from the guest part */
	NVVGPU_FB_HEAP,		/* 2 MiB aligned, from the host part */
};

struct nvvgpu_fb {
	u64 address;		/* framebuffer physical */
	u64 size;
	enum nvvgpu_fb_kind kind;
	bool bar1_mapped;
	u64 bar1_offset;	/* valid while bar1_mapped */
};

struct nvvgpu_boot_args {
	u32 dbdf;		/* of the VF (domain << 16 | bdf); of the PF without SR-IOV */
	u32 gfid;		/* slot + 1 */
	u32 type_id;
	u32 vm_pid;		/* 0 unknown */
	u32 swizz_id;		/* NVVGPU_CORE_SWIZZ_NONE */
	u32 channel_first;	/* same offset for every engine of the bitmap */
	u32 channel_count;
	u32 plugin_channels;
	const struct nvvgpu_fb *guest_fb;
	const struct nvvgpu_fb *heap;	/* BAR1-mapped, holds the channel of the plugin */
};

struct nvvgpu_plugin_config {
	u8 uuid[16];
	u32 dbdf;
	u32 instance_id;	/* handle of the vGPU's RM client */
	u32 type_id;
	u32 vm_pid;
	u32 swizz_id;
	u32 channel_count;
	u32 plugin_channels;
	bool migration_supported;
	bool console_vnc;
	bool enable_uvm;
};

/* What vGPUs without a function that could do it have done for them. */
struct nvvgpu_guest_ops {
	/* Comes in the interrupt's second half, without core locks held; must not call the core. */
	void (*interrupt)(void *priv, u32 gfid, u32 vector);
	/*
	 * Moves all of len between buf and the guest's memory, or fails with -EFAULT.  Comes within
	 * the vf_write() that began it, without core locks held.
	 */
	int (*dma)(void *priv, u32 gfid, u64 bus, void *buf, size_t len, bool to_guest);
};

enum nvvgpu_plugin_log {
	NVVGPU_PLUGIN_LOG_INIT,		/* of the task that starts the plugin */
	NVVGPU_PLUGIN_LOG_VGPU,		/* of the plugin itself */
};

struct nvvgpu_core_ops {
	char version_string[NVVGPU_CORE_VERSION_LEN];	/* see the handshake */

	void (*get_info)(struct nvvgpu_core *core, struct nvvgpu_core_info *info);
	void (*get_totals)(struct nvvgpu_core *core, struct nvvgpu_core_totals *totals);
	u32 (*last_status)(struct nvvgpu_core *core);	/* NV status of the last refusal */

	/* RM clients */
	int (*client_alloc)(struct nvvgpu_core *core, struct nvvgpu_client **ret);
	void (*client_free)(struct nvvgpu_core *core, struct nvvgpu_client *client);
	u32 (*client_handle)(const struct nvvgpu_client *client);

	/* channel ids 512..2047; first = NVVGPU_CORE_ANY or the wanted id (-EBUSY when taken) */
	int (*channels_alloc)(struct nvvgpu_core *core, u32 first, u32 count, u32 *ret_first);
	void (*channels_free)(struct nvvgpu_core *core, u32 first, u32 count);

	/* framebuffer; address = NVVGPU_CORE_ANY64 or the wanted address (-EBUSY when taken) */
	int (*fb_alloc)(struct nvvgpu_core *core, enum nvvgpu_fb_kind kind, u64 size, u64 address,
			struct nvvgpu_fb **ret);
	void (*fb_free)(struct nvvgpu_core *core, struct nvvgpu_fb *fb);
	int (*fb_scrub)(struct nvvgpu_core *core, const struct nvvgpu_fb *fb);	/* zeros, by the firmware */
	int (*bar1_map)(struct nvvgpu_core *core, struct nvvgpu_fb *fb);	/* -EEXIST when mapped */
	void (*bar1_unmap)(struct nvvgpu_core *core, struct nvvgpu_fb *fb);

	/* types: the whole table at once replaces what the firmware had (control 0x20804003) */
	int (*types_upload)(struct nvvgpu_core *core, struct nvvgpu_client *client,
			    const struct nvvgpu_type_desc *types, u32 count);
	int (*mixed_size_set)(struct nvvgpu_core *core, struct nvvgpu_client *client, bool mixed);

	/* life of a plugin task (controls 0x20804001, 2, 8) */
	int (*vgpu_bootload)(struct nvvgpu_core *core, struct nvvgpu_client *client,
			     const struct nvvgpu_boot_args *args);
	int (*vgpu_shutdown)(struct nvvgpu_core *core, struct nvvgpu_client *client, u32 gfid);
	int (*vgpu_cleanup)(struct nvvgpu_core *core, struct nvvgpu_client *client, u32 gfid);

	/*
	 * The plugin channel, in the management heap: attach writes the control
	 * buffer and waits for the plugin's magic (10 s); each call below is one
	 * message (120 s).  One call at a time per plugin; the core serialises.
	 */
	int (*plugin_attach)(struct nvvgpu_core *core, u32 gfid, const struct nvvgpu_fb *heap,
			     struct nvvgpu_plugin **ret);
	void (*plugin_detach)(struct nvvgpu_plugin *plugin);
	int (*plugin_negotiate)(struct nvvgpu_plugin *plugin, u32 *ret_version);	/* 1 */
	int (*plugin_configure)(struct nvvgpu_plugin *plugin,
				const struct nvvgpu_plugin_config *config);		/* 2 */
	int (*plugin_reset)(struct nvvgpu_plugin *plugin);				/* 3 */
	int (*plugin_set_bus_master)(struct nvvgpu_plugin *plugin, bool enable, bool allowed);	/* 13 */

	/*
	 * Device state, messages 4-10.  save: fills at most size bytes, *ret_len = 0
	 * only with *ret_complete; estimate: bytes still to come, as far as known.
	 * restore: consumes all of len or fails; restore_deferred validates and
	 * applies the whole, -EBADMSG when the state is incomplete or wrong.
	 */
	int (*plugin_stop_work)(struct nvvgpu_plugin *plugin, u64 *ret_estimate);	/* 4 */
	int (*plugin_cancel_stop)(struct nvvgpu_plugin *plugin);			/* 5 */
	int (*plugin_save_state)(struct nvvgpu_plugin *plugin, void *buf, size_t size,
				 size_t *ret_len, bool *ret_complete);			/* 6 */
	int (*plugin_cancel_save)(struct nvvgpu_plugin *plugin);			/* 7 */
	int (*plugin_restore_state)(struct nvvgpu_plugin *plugin, const void *buf, size_t len);	/* 8 */
	int (*plugin_restore_deferred)(struct nvvgpu_plugin *plugin);			/* 9 */
	int (*plugin_resume_work)(struct nvvgpu_plugin *plugin);			/* 10 */

	/*
	 * What a guest reads and writes of its virtual function, where a VMM does not map it:
	 * registers (bar 0, 32-bit accesses) and framebuffer aperture (bar 1).  -ENODEV:
	 * nothing booted there; -ERANGE, -EINVAL: not a place or size for an access.
	 */
	int (*vf_read)(struct nvvgpu_core *core, u32 gfid, u32 bar, u64 offset, void *buf,
		       size_t len);
	int (*vf_write)(struct nvvgpu_core *core, u32 gfid, u32 bar, u64 offset, const void *buf,
			size_t len);
	/* what a task wrote into its log; bytes read, 0 behind its end */
	ssize_t (*plugin_log)(struct nvvgpu_core *core, const struct nvvgpu_fb *heap,
			      enum nvvgpu_plugin_log log, u64 offset, void *buf, size_t len);

	/*
	 * Plugin events of the firmware (event 0x100d): 0 bootloaded, 1 unloaded,
	 * 2 crashed, 3/4 guest driver loaded/unloaded, 5 error, 6 licence.  One
	 * listener, from the interrupt's second half or from within any call here, without
	 * core locks held; it must not call the core.  NULL to end.
	 */
	void (*set_event_handler)(struct nvvgpu_core *core,
				  void (*handler)(void *priv, u32 gfid, u32 event), void *priv);
	/* NULL to end; no vGPU may be open then.  Waits for the interrupt that is being told. */
	void (*set_guest_ops)(struct nvvgpu_core *core, const struct nvvgpu_guest_ops *ops,
			      void *priv);
};

int nvvgpu_core_get_ops(const struct nvvgpu_core *core, struct nvvgpu_core_ops *ops);

#define NVVGPU_PLUGIN_EVENT_BOOTLOADED	0
#define NVVGPU_PLUGIN_EVENT_UNLOADED	1
#define NVVGPU_PLUGIN_EVENT_CRASHED	2

/* The most bytes one save or restore message carries: the migration buffer. */
#define NVVGPU_PLUGIN_STATE_MAX		(2U << 20)

#endif
