/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The firmware interface of GSP-RM 535.113.01: layouts and numbers, as measured
 * on NVIDIA's published headers (open-gpu-kernel-modules, MIT).  Everything is
 * little endian with the natural alignment of a 64-bit target.  Only kmod/core
 * (the host's side) and kmod/emu (the firmware's side) include this file.
 */
#ifndef NVVGPU_GSP_FW_H
#define NVVGPU_GSP_FW_H

#include "nvvgpu_kernel.h"

#define GSP_FIRMWARE_VERSION "535.113.01"

#define GSP_CHECK_SIZE(type, size) static_assert(sizeof(type) == (size), #type)
#define GSP_CHECK_OFFSET(type, member, offset) \
	static_assert(offsetof(type, member) == (offset), #type "." #member)

/* ------------------------------------------------------------------- status */

#define NV_OK				0x00
#define NV_ERR_BUSY_RETRY		0x03
#define NV_ERR_IN_USE			0x17
#define NV_ERR_INSERT_DUPLICATE_NAME	0x19
#define NV_ERR_INSUFFICIENT_RESOURCES	0x1a
#define NV_ERR_INVALID_ADDRESS		0x1e
#define NV_ERR_INVALID_ARGUMENT		0x1f
#define NV_ERR_INVALID_CHANNEL		0x21
#define NV_ERR_INVALID_CLASS		0x22
#define NV_ERR_INVALID_CLIENT		0x23
#define NV_ERR_INVALID_COMMAND		0x24
#define NV_ERR_INVALID_DATA		0x25
#define NV_ERR_INVALID_DEVICE		0x26
#define NV_ERR_INVALID_LIMIT		0x2e
#define NV_ERR_INVALID_OBJECT		0x31
#define NV_ERR_INVALID_OBJECT_HANDLE	0x33
#define NV_ERR_INVALID_OBJECT_PARENT	0x36
#define NV_ERR_INVALID_OPERATION	0x38
#define NV_ERR_INVALID_PARAM_STRUCT	0x3a
#define NV_ERR_INVALID_STATE		0x40
#define NV_ERR_NO_MEMORY		0x51
#define NV_ERR_NOT_COMPATIBLE		0x54
#define NV_ERR_NOT_READY		0x55
#define NV_ERR_NOT_SUPPORTED		0x56
#define NV_ERR_OBJECT_NOT_FOUND		0x57
#define NV_ERR_OUT_OF_RANGE		0x5b
#define NV_ERR_STATE_IN_USE		0x63
#define NV_ERR_TIMEOUT			0x65
#define NV_ERR_MEMORY_ERROR		0x72
#define NV_ERR_GENERIC			0xffff

/* rpc_result values beyond NV_STATUS */
#define NV_RPC_PENDING			0xffffffffU
#define NV_RPC_UNKNOWN_FUNCTION		0xff100001U
#define NV_RPC_INVALID_MESSAGE_FORMAT	0xff100002U

/* --------------------------------------------------------------------- boot */

#define GSP_WPR_META_MAGIC		0xdc3aae21371a60b3ULL
#define GSP_WPR_META_REVISION		1
#define GSP_WPR_META_VERIFIED		0xa0a0a0a0a0a0a0a0ULL
#define GSP_WPR_ALIGN			SZ_128K

struct gsp_wpr_meta {
	__le64 magic;
	__le64 revision;
	__le64 sysmem_addr_of_radix3_elf;
	__le64 size_of_radix3_elf;
	__le64 sysmem_addr_of_bootloader;
	__le64 size_of_bootloader;
	__le64 bootloader_code_offset;
	__le64 bootloader_data_offset;
	__le64 bootloader_manifest_offset;
	__le64 sysmem_addr_of_signature;
	__le64 size_of_signature;
	__le64 gsp_fw_rsvd_start;
	__le64 non_wpr_heap_offset;
	__le64 non_wpr_heap_size;
	__le64 gsp_fw_wpr_start;
	__le64 gsp_fw_heap_offset;
	__le64 gsp_fw_heap_size;
	__le64 gsp_fw_offset;
	__le64 boot_bin_offset;
	__le64 frts_offset;
	__le64 frts_size;
	__le64 gsp_fw_wpr_end;
	__le64 fb_size;
	__le64 vga_workspace_offset;
	__le64 vga_workspace_size;
	__le64 boot_count;
	u8 partition_rpc[32];
	u8 gsp_fw_heap_vf_partition_count;
	u8 padding[7];
	__le64 verified;
};
GSP_CHECK_SIZE(struct gsp_wpr_meta, 256);
GSP_CHECK_OFFSET(struct gsp_wpr_meta, gsp_fw_rsvd_start, 88);
GSP_CHECK_OFFSET(struct gsp_wpr_meta, fb_size, 176);
GSP_CHECK_OFFSET(struct gsp_wpr_meta, gsp_fw_heap_vf_partition_count, 240);
GSP_CHECK_OFFSET(struct gsp_wpr_meta, verified, 248);

#define GSP_LIBOS_KIND_CONTIGUOUS	1
#define GSP_LIBOS_LOC_SYSMEM		1
#define GSP_LIBOS_ARGS			4	/* LOGINIT, LOGINTR, LOGRM, RMARGS */
#define GSP_LIBOS_ID_RMARGS		0x0000524d41524753ULL

struct gsp_libos_arg {
	__le64 id8;
	__le64 pa;
	__le64 size;
	u8 kind;
	u8 loc;
	u8 padding[6];
};
GSP_CHECK_SIZE(struct gsp_libos_arg, 32);

struct gsp_arguments_cached {
	__le64 shared_mem_phys_addr;
	__le32 page_table_entry_count;
	__le32 padding0;
	__le64 cmd_queue_offset;
	__le64 stat_queue_offset;
	__le64 lockless_cmd_queue_offset;
	__le64 lockless_stat_queue_offset;
	__le32 sr_old_level;
	__le32 sr_flags;
	u8 sr_in_pm_transition;
	u8 padding1[3];
	__le32 gpu_instance;
	__le64 profiler_pa;
	__le64 profiler_size;
};
GSP_CHECK_SIZE(struct gsp_arguments_cached, 80);

/* ------------------------------------------------------------------- queues */

#define GSP_QUEUE_SIZE			0x40000
#define GSP_QUEUE_SLOT			0x1000
#define GSP_QUEUE_SLOTS			63
#define GSP_QUEUE_CMD_OFFSET		0x1000
#define GSP_QUEUE_STAT_OFFSET		0x41000
#define GSP_QUEUE_SHARED_SIZE		0x81000
#define GSP_QUEUE_PAGES			129
#define GSP_QUEUE_MAX_ELEM_SLOTS	16
#define GSP_QUEUE_FLAGS_SWAP_RX		1
#define GSP_QUEUE_RX_OFFSET		32

/* one page at the head of each queue */
struct gsp_queue_header {
	__le32 version;
	__le32 size;
	__le32 msg_size;
	__le32 msg_count;
	__le32 write_ptr;
	__le32 flags;
	__le32 rx_hdr_off;
	__le32 entry_off;
	__le32 read_ptr;	/* of the other queue: flag "swap RX" */
};
GSP_CHECK_OFFSET(struct gsp_queue_header, write_ptr, 16);
GSP_CHECK_OFFSET(struct gsp_queue_header, read_ptr, GSP_QUEUE_RX_OFFSET);

struct gsp_queue_element {
	u8 auth_tag[16];
	u8 aad[16];
	__le32 checksum;
	__le32 seq;
	__le32 elem_count;
	__le32 padding;
};
GSP_CHECK_SIZE(struct gsp_queue_element, 48);

#define GSP_RPC_VERSION			0x03000000
#define GSP_RPC_SIGNATURE		0x43505256	/* "VRPC" */

struct gsp_rpc_header {
	__le32 header_version;
	__le32 signature;
	__le32 length;
	__le32 function;
	__le32 rpc_result;
	__le32 rpc_result_private;
	__le32 sequence;
	__le32 spare;
};
GSP_CHECK_SIZE(struct gsp_rpc_header, 32);

/* the most payload of one element */
#define GSP_RPC_MAX_PAYLOAD (GSP_QUEUE_MAX_ELEM_SLOTS * GSP_QUEUE_SLOT - \
			     sizeof(struct gsp_queue_element) - sizeof(struct gsp_rpc_header))
static_assert(GSP_RPC_MAX_PAYLOAD == 65456, "payload of one element");

enum gsp_rpc_function {
	GSP_FN_FREE			= 10,
	GSP_FN_UNLOADING_GUEST_DRIVER	= 47,
	GSP_FN_GET_GSP_STATIC_INFO	= 65,
	GSP_FN_CONTINUATION_RECORD	= 71,
	GSP_FN_SET_SYSTEM_INFO		= 72,	/* no reply */
	GSP_FN_SET_REGISTRY		= 73,	/* no reply */
	GSP_FN_RM_CONTROL		= 76,
	GSP_FN_RM_ALLOC			= 103,
};

enum gsp_event {
	GSP_EVENT_INIT_DONE		= 0x1001,
	GSP_EVENT_UCODE_LIBOS_PRINT	= 0x100c,
	GSP_EVENT_VGPU_PLUGIN_TRIGGERED	= 0x100d,
	GSP_EVENT_SEND_USER_SHARED_DATA	= 0x101b,
};

struct gsp_event_plugin {
	__le32 gfid;
	__le32 notify_index;	/* 0 bootloaded, 1 unloaded, 2 crashed ... */
};
GSP_CHECK_SIZE(struct gsp_event_plugin, 8);

/* ----------------------------------------------------------------- payloads */

struct gsp_rm_alloc {
	__le32 client;
	__le32 parent;
	__le32 object;
	__le32 class;
	__le32 status;
	__le32 params_size;
	__le32 flags;
	__le32 reserved;
	u8 params[];
};
GSP_CHECK_SIZE(struct gsp_rm_alloc, 32);

struct gsp_rm_control {
	__le32 client;
	__le32 object;
	__le32 cmd;
	__le32 status;
	__le32 params_size;
	__le32 flags;
	u8 params[];
};
GSP_CHECK_SIZE(struct gsp_rm_control, 24);

struct gsp_rm_free {
	__le32 root;
	__le32 parent;
	__le32 object;
	__le32 status;
};
GSP_CHECK_SIZE(struct gsp_rm_free, 16);

struct gsp_unloading {
	u8 in_pm_transition;
	u8 gc6_entering;
	u8 padding[2];
	__le32 new_level;
};
GSP_CHECK_SIZE(struct gsp_unloading, 8);

struct gsp_vf_info {
	__le32 total_vfs;
	__le32 first_vf_offset;
	__le64 first_vf_bar_address[3];
	u8 bar_64bit[3];
	u8 padding[5];
};
GSP_CHECK_SIZE(struct gsp_vf_info, 40);

struct gsp_system_info {
	__le64 gpu_phys_addr;
	__le64 gpu_phys_fb_addr;
	__le64 gpu_phys_inst_addr;
	__le64 domain_bus_device_func;
	__le64 sim_access_buf_phys_addr;
	__le64 pcie_atomics_op_mask;
	__le64 console_mem_size;
	__le64 max_user_va;
	__le32 pci_config_mirror_base;
	__le32 pci_config_mirror_size;
	u8 unused0[552];		/* chipset and ACPI facts: none here */
	struct gsp_vf_info vf_info;
};
GSP_CHECK_SIZE(struct gsp_system_info, 664);
GSP_CHECK_OFFSET(struct gsp_system_info, pci_config_mirror_base, 64);
GSP_CHECK_OFFSET(struct gsp_system_info, vf_info, 624);

#define GSP_REGISTRY_DWORD		1
struct gsp_registry_entry {
	__le32 name_offset;
	u8 type;
	u8 padding[3];
	__le32 data;
	__le32 length;
};
GSP_CHECK_SIZE(struct gsp_registry_entry, 16);

struct gsp_registry {
	__le32 size;
	__le32 num_entries;
	struct gsp_registry_entry entries[];
};
GSP_CHECK_SIZE(struct gsp_registry, 8);

#define GSP_FB_REGIONS			16
struct gsp_fb_region {
	__le64 base;
	__le64 limit;			/* inclusive */
	__le64 reserved;
	__le32 performance;
	u8 support_compressed;
	u8 support_iso;
	u8 is_protected;
	u8 blacklist[17];
};
GSP_CHECK_SIZE(struct gsp_fb_region, 48);

struct gsp_sriov_caps {
	__le32 total_vfs;
	__le32 first_vf_offset;
	__le32 vf_feature_mask;
	__le32 padding0;
	__le64 first_vf_bar_address[3];
	__le64 bar_size[3];
	u8 bar_64bit[3];
	u8 sriov_enabled;
	u8 sriov_heavy_enabled;
	u8 emulate_vf_bar0_tlb;
	u8 client_rm_allocated_ctx_buffer;
	u8 padding1;
};
GSP_CHECK_SIZE(struct gsp_sriov_caps, 72);

struct gsp_static_info {
	u8 gr_caps[24];
	u8 gid_info[268];
	__le32 gpc_mask;
	u8 tpc_info[256];
	u8 zcull_info[256];
	u8 sku_info[32];
	__le32 num_fb_regions;
	__le32 padding0;
	struct gsp_fb_region fb_regions[GSP_FB_REGIONS];
	__le32 compute_branding;
	__le32 padding1;
	struct gsp_sriov_caps sriov_caps;
	__le32 sriov_max_gfid;
	__le32 engine_caps[2];
	u8 sm_info[36];
	u8 poison_fuse_enabled;
	u8 padding2[7];
	__le64 fb_length;
	u8 fb_details[60];
	char gpu_name[64];
	char gpu_short_name[64];
	__le16 gpu_name_utf16[64];
	u8 brand_flags[12];
	__le64 bar1_pde_base;
	__le64 bar2_pde_base;
	u8 vbios_info[48];
	__le32 internal_client;
	__le32 internal_device;
	__le32 internal_subdevice;
	u8 flags[4];
};
GSP_CHECK_SIZE(struct gsp_static_info, 2168);
GSP_CHECK_OFFSET(struct gsp_static_info, num_fb_regions, 840);
GSP_CHECK_OFFSET(struct gsp_static_info, fb_regions, 848);
GSP_CHECK_OFFSET(struct gsp_static_info, sriov_caps, 1624);
GSP_CHECK_OFFSET(struct gsp_static_info, sriov_max_gfid, 1696);
GSP_CHECK_OFFSET(struct gsp_static_info, fb_length, 1752);
GSP_CHECK_OFFSET(struct gsp_static_info, gpu_name, 1820);
GSP_CHECK_OFFSET(struct gsp_static_info, gpu_name_utf16, 1948);
GSP_CHECK_OFFSET(struct gsp_static_info, bar1_pde_base, 2088);
GSP_CHECK_OFFSET(struct gsp_static_info, internal_client, 2152);

/* ----------------------------------------------------- RM objects, controls */

#define NV01_ROOT			0x0000
#define NV01_DEVICE_0			0x0080
#define NV20_SUBDEVICE_0		0x2080

#define NV_HANDLE_CLIENT(id)		(0xc1d00000U | (id))
#define NV_HANDLE_DEVICE		0xde1d0000U
#define NV_HANDLE_SUBDEVICE		0x5d1d0000U

struct nv0000_alloc {
	__le32 client;
	__le32 process_id;
	char process_name[100];
};
GSP_CHECK_SIZE(struct nv0000_alloc, 108);

struct nv0080_alloc {
	__le32 device_id;
	__le32 client_share;
	__le32 target_client;
	__le32 target_device;
	__le32 flags;
	__le32 padding0;
	__le64 va_space_size;
	__le64 va_start_internal;
	__le64 va_limit_internal;
	__le32 va_mode;
	__le32 padding1;
};
GSP_CHECK_SIZE(struct nv0080_alloc, 56);

struct nv2080_alloc {
	__le32 subdevice_id;
};
GSP_CHECK_SIZE(struct nv2080_alloc, 4);

#define NV2080_CTRL_GPU_GET_NAME_STRING		0x20800110
#define NV2080_CTRL_GPU_GET_ENGINES_V2		0x20800170
#define NV2080_CTRL_GPU_GET_VMMU_SEGMENT_SIZE	0x2080017e
#define NV2080_CTRL_GSP_GET_FEATURES		0x20803601
#define NV2080_CTRL_VGPU_BOOTLOAD		0x20804001
#define NV2080_CTRL_VGPU_SHUTDOWN		0x20804002
#define NV2080_CTRL_VGPU_ADD_TYPE		0x20804003
#define NV2080_CTRL_VGPU_CLEANUP		0x20804008
#define NV2080_CTRL_VGPU_SET_MGR_CONFIG		0x2080400b
/*
 * Not NVIDIA's: 535.113.01 has no control that scrubs framebuffer (the second
 * RFC drives a copy engine for it).  Only the emulated firmware knows this one.
 */
#define NVVGPU_CTRL_SCRUB_FB			0x208040f0

struct nv2080_name_string {
	__le32 flags;			/* 0: ASCII */
	char name[128];
};
GSP_CHECK_SIZE(struct nv2080_name_string, 132);

#define NV2080_MAX_ENGINES		0x3e
struct nv2080_engines_v2 {
	__le32 count;
	__le32 list[62];
};
GSP_CHECK_SIZE(struct nv2080_engines_v2, 252);

struct nv2080_vmmu_segment {
	__le64 bytes;
};
GSP_CHECK_SIZE(struct nv2080_vmmu_segment, 8);

struct nv2080_gsp_features {
	__le32 features;
	u8 valid;
	u8 default_gsp_rm_gpu;
	char firmware_version[64];
	u8 padding[2];
};
GSP_CHECK_SIZE(struct nv2080_gsp_features, 72);

struct nvvgpu_scrub_fb {
	__le64 address;
	__le64 length;
};
GSP_CHECK_SIZE(struct nvvgpu_scrub_fb, 16);

/* -------------------------------------------------------------------- vGPU */

#define NV_VGPU_MAX_TYPES		64
#define NV_VGPU_MAX_SEGMENTS		384
#define NV_CHANNELS_TOTAL		2048
#define NV_CHANNELS_HOST		512

/* NVA081_CTRL_VGPU_INFO */
struct nv_vgpu_type_info {
	__le32 type;
	char name[32];
	char class_name[32];
	u8 signature[128];
	char license[128];
	__le32 max_instance;
	__le32 num_heads;
	__le32 max_resolution_x;
	__le32 max_resolution_y;
	__le32 max_pixels;
	__le32 frl_config;
	__le32 cuda_enabled;
	__le32 ecc_supported;
	__le32 gpu_instance_size;
	__le32 multi_vgpu_supported;
	__le32 padding0;
	__le64 vdev_id;
	__le64 pdev_id;
	__le64 profile_size;
	__le64 fb_length;
	__le64 gsp_heap_size;
	__le64 fb_reservation;
	__le64 mappable_video_size;
	__le32 encoder_capacity;
	__le32 padding1;
	__le64 bar1_length;		/* MiB */
	__le32 frl_enable;
	char adapter_name[64];
	__le16 adapter_name_utf16[64];
	char short_gpu_name[64];
	char licensed_product_name[128];
	__le32 extra_params[1024];
	__le32 ftrace_enable;
	__le32 gpu_direct_supported;
	__le32 nvlink_p2p_supported;
	__le32 multi_vgpu_exclusive;
	__le32 exclusive_type;
	__le32 exclusive_size;
	__le32 gpu_instance_profile_id;
};
GSP_CHECK_SIZE(struct nv_vgpu_type_info, 4952);
GSP_CHECK_OFFSET(struct nv_vgpu_type_info, signature, 68);
GSP_CHECK_OFFSET(struct nv_vgpu_type_info, max_instance, 324);
GSP_CHECK_OFFSET(struct nv_vgpu_type_info, vdev_id, 368);
GSP_CHECK_OFFSET(struct nv_vgpu_type_info, profile_size, 384);
GSP_CHECK_OFFSET(struct nv_vgpu_type_info, gsp_heap_size, 400);
GSP_CHECK_OFFSET(struct nv_vgpu_type_info, bar1_length, 432);
GSP_CHECK_OFFSET(struct nv_vgpu_type_info, frl_enable, 440);
GSP_CHECK_OFFSET(struct nv_vgpu_type_info, adapter_name, 444);
GSP_CHECK_OFFSET(struct nv_vgpu_type_info, short_gpu_name, 636);
GSP_CHECK_OFFSET(struct nv_vgpu_type_info, extra_params, 828);
GSP_CHECK_OFFSET(struct nv_vgpu_type_info, ftrace_enable, 4924);
GSP_CHECK_OFFSET(struct nv_vgpu_type_info, multi_vgpu_exclusive, 4936);
GSP_CHECK_OFFSET(struct nv_vgpu_type_info, gpu_instance_profile_id, 4948);

struct nv_vgpu_add_types {
	u8 discard;			/* replaces what was there */
	u8 padding[3];
	__le32 count;
	struct nv_vgpu_type_info infos[NV_VGPU_MAX_TYPES];
};
GSP_CHECK_SIZE(struct nv_vgpu_add_types, 316936);
GSP_CHECK_OFFSET(struct nv_vgpu_add_types, infos, 8);

struct nv_vgpu_bootload {
	__le32 dbdf;
	__le32 gfid;
	__le32 vgpu_type;
	__le32 vm_pid;
	__le32 swizz_id;
	__le32 num_channels;
	__le32 num_plugin_channels;
	__le32 chid_offset[NV2080_MAX_ENGINES];
	u8 disable_smc_restore;
	u8 padding0[3];
	__le32 num_guest_fb_segments;
	__le32 padding1;
	__le64 guest_fb_phys_addr[NV_VGPU_MAX_SEGMENTS];
	__le64 guest_fb_length[NV_VGPU_MAX_SEGMENTS];
	__le64 heap_phys_addr;
	__le64 heap_length;
	__le64 ctrl_buff_offset;
	__le64 init_task_log_offset;
	__le64 init_task_log_size;
	__le64 vgpu_task_log_offset;
	__le64 vgpu_task_log_size;
	u8 device_profiling;
	u8 padding2[7];
};
GSP_CHECK_SIZE(struct nv_vgpu_bootload, 6496);
GSP_CHECK_OFFSET(struct nv_vgpu_bootload, chid_offset, 28);
GSP_CHECK_OFFSET(struct nv_vgpu_bootload, disable_smc_restore, 276);
GSP_CHECK_OFFSET(struct nv_vgpu_bootload, num_guest_fb_segments, 280);
GSP_CHECK_OFFSET(struct nv_vgpu_bootload, guest_fb_phys_addr, 288);
GSP_CHECK_OFFSET(struct nv_vgpu_bootload, guest_fb_length, 3360);
GSP_CHECK_OFFSET(struct nv_vgpu_bootload, heap_phys_addr, 6432);
GSP_CHECK_OFFSET(struct nv_vgpu_bootload, ctrl_buff_offset, 6448);
GSP_CHECK_OFFSET(struct nv_vgpu_bootload, init_task_log_offset, 6456);
GSP_CHECK_OFFSET(struct nv_vgpu_bootload, vgpu_task_log_offset, 6472);
GSP_CHECK_OFFSET(struct nv_vgpu_bootload, device_profiling, 6488);

/* SHUTDOWN and CLEANUP */
struct nv_vgpu_gfid {
	__le32 gfid;
};
GSP_CHECK_SIZE(struct nv_vgpu_gfid, 4);

struct nv_vgpu_mgr_config {
	u8 mixed_size;			/* heterogeneous time-sliced types */
};
GSP_CHECK_SIZE(struct nv_vgpu_mgr_config, 1);

/* ---------------------------------------------------------- plugin channel */

/* the management heap: offsets of its parts */
#define NV_PLUGIN_CTRL_OFFSET		0x000000
#define NV_PLUGIN_RESP_OFFSET		0x001000
#define NV_PLUGIN_MSG_OFFSET		0x002000
#define NV_PLUGIN_MIG_OFFSET		0x003000
#define NV_PLUGIN_ERR_OFFSET		0x203000
#define NV_PLUGIN_INIT_LOG_OFFSET	0x204000
#define NV_PLUGIN_TASK_LOG_OFFSET	0x224000
#define NV_PLUGIN_HEAP_MIN		0x284000
#define NV_PLUGIN_BUFFER_SIZE		0x1000
#define NV_PLUGIN_MIG_SIZE		0x200000
#define NV_PLUGIN_LOG_SIZE		0x20000

#define NV_PLUGIN_MAGIC			0x4e654a6f
#define NV_PLUGIN_CTRL_VERSION		1

enum nv_plugin_message {
	NV_PLUGIN_VERSION_NEGOTIATION		= 1,
	NV_PLUGIN_SETUP_CONFIG			= 2,
	NV_PLUGIN_RESET				= 3,
	NV_PLUGIN_MIGRATION_STOP_WORK		= 4,
	NV_PLUGIN_MIGRATION_CANCEL_STOP		= 5,
	NV_PLUGIN_MIGRATION_SAVE_STATE		= 6,
	NV_PLUGIN_MIGRATION_CANCEL_SAVE		= 7,
	NV_PLUGIN_MIGRATION_RESTORE_STATE	= 8,
	NV_PLUGIN_MIGRATION_RESTORE_DEFERRED	= 9,
	NV_PLUGIN_MIGRATION_RESUME_WORK		= 10,
	NV_PLUGIN_CONSOLE_VNC_STATE		= 11,
	NV_PLUGIN_VF_BAR0_REG_ACCESS		= 12,
	NV_PLUGIN_UPDATE_BME_STATE		= 13,
	NV_PLUGIN_GET_GUEST_INFO		= 14,
	NV_PLUGIN_MESSAGE_MAX			= 15,
};

struct nv_plugin_host_info {
	__le32 type_id;
	__le32 gpu_pci_id;
	__le32 pci_dev_id;
	u8 uuid[16];
};
GSP_CHECK_SIZE(struct nv_plugin_host_info, 28);

struct nv_plugin_ctrl {
	__le32 version;
	__le32 message_type;
	__le32 message_seq;		/* the plugin's magic while it starts */
	__le32 padding0;
	__le64 resp_offset;
	__le64 msg_offset;
	__le64 mig_offset;
	__le64 err_offset;
	__le32 mig_cpu_offset;
	u8 mig_in_progress;
	u8 padding1[3];
	__le32 err_get;
	__le32 attached_count;
	struct nv_plugin_host_info host_info[16];
};
GSP_CHECK_SIZE(struct nv_plugin_ctrl, 512);
GSP_CHECK_OFFSET(struct nv_plugin_ctrl, resp_offset, 16);
GSP_CHECK_OFFSET(struct nv_plugin_ctrl, mig_cpu_offset, 48);
GSP_CHECK_OFFSET(struct nv_plugin_ctrl, mig_in_progress, 52);
GSP_CHECK_OFFSET(struct nv_plugin_ctrl, host_info, 64);

struct nv_plugin_resp {
	__le32 processed_seq;
	__le32 result;			/* NV status */
	__le32 guest_rpc_version;
	__le32 mig_gsp_offset;
	__le32 save_complete;
	__le32 padding0;
	u8 surfaces[4][72];
	__le32 err_put;
	__le32 license_state;
};
GSP_CHECK_SIZE(struct nv_plugin_resp, 320);
GSP_CHECK_OFFSET(struct nv_plugin_resp, mig_gsp_offset, 12);
GSP_CHECK_OFFSET(struct nv_plugin_resp, surfaces, 24);
GSP_CHECK_OFFSET(struct nv_plugin_resp, err_put, 312);

/* message 1 */
struct nv_plugin_version {
	__le32 version_cpu;
	__le32 version_negotiated;
};
GSP_CHECK_SIZE(struct nv_plugin_version, 8);

#define NV_PLUGIN_HYPERVISOR_KVM	3
#define NV_PLUGIN_MIGRATION_FEATURE	0x4000
#define NV_PLUGIN_ARCH_AARCH64		1
#define NV_PLUGIN_ARCH_X86_64		2

/* message 2 */
struct nv_plugin_config {
	u8 uuid[16];
	__le32 dbdf;
	__le32 driver_vm_vf_dbdf;
	__le32 device_instance_id;
	__le32 vgpu_type;
	__le32 vm_pid;
	__le32 swizz_id;
	__le32 num_channels;
	__le32 num_plugin_channels;
	__le32 vmm_cap;
	__le32 migration_feature;
	__le32 hypervisor_type;
	__le32 host_cpu_arch;
	__le64 host_page_size;
	u8 reserved0[2];
	u8 enable_uvm;
	u8 linux_interrupt_optimization;
	u8 vmm_migration_supported;
	u8 reserved1;
	u8 console_vnc;
	u8 nonstall_linux_events;
	__le32 reserved2;
	__le32 padding;
};
GSP_CHECK_SIZE(struct nv_plugin_config, 88);
GSP_CHECK_OFFSET(struct nv_plugin_config, host_page_size, 64);
GSP_CHECK_OFFSET(struct nv_plugin_config, enable_uvm, 74);
GSP_CHECK_OFFSET(struct nv_plugin_config, reserved2, 80);

/* message 4, reply */
struct nv_plugin_stop {
	__le64 estimate_bytes;
};

/* message 13 */
struct nv_plugin_bme {
	__le32 enable;
	__le32 allowed;
};
GSP_CHECK_SIZE(struct nv_plugin_bme, 8);

#endif
