// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The table of boards, the only place to add one: its types, its engines, its
 * line.  doc/boards.md tells what of this is published and what is modelled.
 *
 * A type's limits: B and A series carry as many instances as the Q type of
 * their size.  Nominal size and framebuffer are the same here (no reservation),
 * as in the one type that is public as bytes, 869.
 */
#include "emu.h"

#define GIB(n)		((u64)(n) << 30)
#define MIB(n)		((u64)(n) << 20)
#define KIB(n)		((u64)(n) << 10)

#define LICENSE_PC	"GRID-Virtual-PC,2.0;Quadro-Virtual-DWS,5.0;GRID-Virtual-WS,2.0;" \
			"GRID-Virtual-WS-Ext,2.0"
#define LICENSE_APPS	"GRID-Virtual-Apps,3.0"
#define LICENSE_WS	"Quadro-Virtual-DWS,5.0;GRID-Virtual-WS,2.0;GRID-Virtual-WS-Ext,2.0"
#define LICENSE_COMPUTE	"NVIDIA-vComputeServer,9.0;Quadro-Virtual-DWS,5.0"

/* What all series share; ecc and the heap size of types other than 869 are modelled. */
#define TYPE_COMMON(_id, _name, _device, _subsystem, _gib, _instances, _heap_mib) \
	.id = (_id), .name = (_name), .max_instances = (_instances), \
	.vdev_id = (u32)(_device) << 16 | (_subsystem), .pdev_id = (_device), \
	.profile_bytes = GIB(_gib), .framebuffer_bytes = GIB(_gib), .reservation_bytes = 0, \
	.gsp_heap_bytes = MIB(_heap_mib), .mappable_video_bytes = MIB(4), \
	.encoder_capacity = 100, .bar1_mib = 256, .frl_enabled = 1, .multi_vgpu_exclusive = 1

#define TYPE_B(...) { TYPE_COMMON(__VA_ARGS__), \
	.class_name = "NVS", .license = LICENSE_PC, .heads = 4, \
	.max_width = 5120, .max_height = 2880, .max_pixels = 16384000, .frame_rate_limit = 45 }

#define TYPE_A(...) { TYPE_COMMON(__VA_ARGS__), \
	.class_name = "vApps", .license = LICENSE_APPS, .heads = 1, \
	.max_width = 1280, .max_height = 1024, .max_pixels = 1280 * 1024, .frame_rate_limit = 60 }

#define TYPE_Q_1G(...) { TYPE_COMMON(__VA_ARGS__), \
	.class_name = "Quadro", .license = LICENSE_WS, .heads = 4, .cuda_enabled = 1, \
	.ecc_supported = 1, .max_width = 5120, .max_height = 2880, \
	.max_pixels = 18432000, .frame_rate_limit = 60 }

#define TYPE_Q(...) { TYPE_COMMON(__VA_ARGS__), \
	.class_name = "Quadro", .license = LICENSE_WS, .heads = 4, .cuda_enabled = 1, \
	.ecc_supported = 1, .max_width = 7680, .max_height = 4320, \
	.max_pixels = 66355200, .frame_rate_limit = 60 }

#define TYPE_C(...) { TYPE_COMMON(__VA_ARGS__), \
	.class_name = "Compute", .license = LICENSE_COMPUTE, .heads = 1, .cuda_enabled = 1, \
	.ecc_supported = 1, .max_width = 4096, .max_height = 2160, \
	.max_pixels = 4096 * 2160, .frame_rate_limit = 60 }

/*     id, name, device, subsystem of the VF, GiB, instances per GPU, management heap MiB */

/* 869 and 871 are published; the others continue the order of L40S and A40, not verified. */
static const struct nvvgpu_type_desc l40_types[] = {
	TYPE_B(869, "NVIDIA L40-1B", 0x26b5, 0x176d, 1, 32, 32),
	TYPE_B(870, "NVIDIA L40-2B", 0x26b5, 0x176e, 2, 24, 32),
	TYPE_Q_1G(871, "NVIDIA L40-1Q", 0x26b5, 0x176f, 1, 32, 32),
	TYPE_Q(872, "NVIDIA L40-2Q", 0x26b5, 0x1770, 2, 24, 32),
	TYPE_Q(873, "NVIDIA L40-3Q", 0x26b5, 0x1771, 3, 16, 32),
	TYPE_Q(874, "NVIDIA L40-4Q", 0x26b5, 0x1772, 4, 12, 32),
	TYPE_Q(875, "NVIDIA L40-6Q", 0x26b5, 0x1773, 6, 8, 32),
	TYPE_Q(876, "NVIDIA L40-8Q", 0x26b5, 0x1774, 8, 6, 32),
	TYPE_Q(877, "NVIDIA L40-12Q", 0x26b5, 0x1775, 12, 4, 32),
	TYPE_Q(878, "NVIDIA L40-16Q", 0x26b5, 0x1776, 16, 3, 32),
	TYPE_Q(879, "NVIDIA L40-24Q", 0x26b5, 0x1777, 24, 2, 32),
	TYPE_Q(880, "NVIDIA L40-48Q", 0x26b5, 0x1778, 48, 1, 32),
	TYPE_A(881, "NVIDIA L40-1A", 0x26b5, 0x1779, 1, 32, 32),
	TYPE_A(882, "NVIDIA L40-2A", 0x26b5, 0x177a, 2, 24, 32),
	TYPE_A(883, "NVIDIA L40-3A", 0x26b5, 0x177b, 3, 16, 32),
	TYPE_A(884, "NVIDIA L40-4A", 0x26b5, 0x177c, 4, 12, 32),
	TYPE_A(885, "NVIDIA L40-6A", 0x26b5, 0x177d, 6, 8, 32),
	TYPE_A(886, "NVIDIA L40-8A", 0x26b5, 0x177e, 8, 6, 32),
	TYPE_A(887, "NVIDIA L40-12A", 0x26b5, 0x177f, 12, 4, 32),
	TYPE_A(888, "NVIDIA L40-16A", 0x26b5, 0x1780, 16, 3, 32),
	TYPE_A(889, "NVIDIA L40-24A", 0x26b5, 0x1781, 24, 2, 32),
	TYPE_A(890, "NVIDIA L40-48A", 0x26b5, 0x1782, 48, 1, 32),
};

/* Seen in public listings of creatable_vgpu_types. */
static const struct nvvgpu_type_desc l40s_types[] = {
	TYPE_B(1145, "NVIDIA L40S-1B", 0x26b9, 0x1889, 1, 32, 32),
	TYPE_B(1146, "NVIDIA L40S-2B", 0x26b9, 0x188a, 2, 24, 32),
	TYPE_Q_1G(1147, "NVIDIA L40S-1Q", 0x26b9, 0x188b, 1, 32, 32),
	TYPE_Q(1148, "NVIDIA L40S-2Q", 0x26b9, 0x188c, 2, 24, 32),
	TYPE_Q(1149, "NVIDIA L40S-3Q", 0x26b9, 0x188d, 3, 16, 32),
	TYPE_Q(1150, "NVIDIA L40S-4Q", 0x26b9, 0x188e, 4, 12, 32),
	TYPE_Q(1151, "NVIDIA L40S-6Q", 0x26b9, 0x188f, 6, 8, 32),
	TYPE_Q(1152, "NVIDIA L40S-8Q", 0x26b9, 0x1890, 8, 6, 32),
	TYPE_Q(1153, "NVIDIA L40S-12Q", 0x26b9, 0x1891, 12, 4, 32),
	TYPE_Q(1154, "NVIDIA L40S-16Q", 0x26b9, 0x1892, 16, 3, 32),
	TYPE_Q(1155, "NVIDIA L40S-24Q", 0x26b9, 0x1893, 24, 2, 32),
	TYPE_Q(1156, "NVIDIA L40S-48Q", 0x26b9, 0x1894, 48, 1, 32),
	TYPE_A(1157, "NVIDIA L40S-1A", 0x26b9, 0x1895, 1, 32, 32),
	TYPE_A(1158, "NVIDIA L40S-2A", 0x26b9, 0x1896, 2, 24, 32),
	TYPE_A(1159, "NVIDIA L40S-3A", 0x26b9, 0x1897, 3, 16, 32),
	TYPE_A(1160, "NVIDIA L40S-4A", 0x26b9, 0x1898, 4, 12, 32),
	TYPE_A(1161, "NVIDIA L40S-6A", 0x26b9, 0x1899, 6, 8, 32),
	TYPE_A(1162, "NVIDIA L40S-8A", 0x26b9, 0x189a, 8, 6, 32),
	TYPE_A(1163, "NVIDIA L40S-12A", 0x26b9, 0x189b, 12, 4, 32),
	TYPE_A(1164, "NVIDIA L40S-16A", 0x26b9, 0x189c, 16, 3, 32),
	TYPE_A(1165, "NVIDIA L40S-24A", 0x26b9, 0x189d, 24, 2, 32),
	TYPE_A(1166, "NVIDIA L40S-48A", 0x26b9, 0x189e, 48, 1, 32),
};

/* Public table of mdev types. */
static const struct nvvgpu_type_desc a40_types[] = {
	TYPE_B(555, "NVIDIA A40-1B", 0x2235, 0x14d5, 1, 32, 32),
	TYPE_B(556, "NVIDIA A40-2B", 0x2235, 0x14d6, 2, 24, 32),
	TYPE_Q_1G(557, "NVIDIA A40-1Q", 0x2235, 0x14d7, 1, 32, 32),
	TYPE_Q(558, "NVIDIA A40-2Q", 0x2235, 0x14d8, 2, 24, 32),
	TYPE_Q(559, "NVIDIA A40-3Q", 0x2235, 0x14d9, 3, 16, 32),
	TYPE_Q(560, "NVIDIA A40-4Q", 0x2235, 0x14da, 4, 12, 32),
	TYPE_Q(561, "NVIDIA A40-6Q", 0x2235, 0x14db, 6, 8, 32),
	TYPE_Q(562, "NVIDIA A40-8Q", 0x2235, 0x14dc, 8, 6, 32),
	TYPE_Q(563, "NVIDIA A40-12Q", 0x2235, 0x14dd, 12, 4, 32),
	TYPE_Q(564, "NVIDIA A40-16Q", 0x2235, 0x14de, 16, 3, 32),
	TYPE_Q(565, "NVIDIA A40-24Q", 0x2235, 0x14df, 24, 2, 32),
	TYPE_Q(566, "NVIDIA A40-48Q", 0x2235, 0x14e0, 48, 1, 32),
	TYPE_A(567, "NVIDIA A40-1A", 0x2235, 0x14e1, 1, 32, 32),
	TYPE_A(568, "NVIDIA A40-2A", 0x2235, 0x14e2, 2, 24, 32),
	TYPE_A(569, "NVIDIA A40-3A", 0x2235, 0x14e3, 3, 16, 32),
	TYPE_A(570, "NVIDIA A40-4A", 0x2235, 0x14e4, 4, 12, 32),
	TYPE_A(571, "NVIDIA A40-6A", 0x2235, 0x14e5, 6, 8, 32),
	TYPE_A(572, "NVIDIA A40-8A", 0x2235, 0x14e6, 8, 6, 32),
	TYPE_A(573, "NVIDIA A40-12A", 0x2235, 0x14e7, 12, 4, 32),
	TYPE_A(574, "NVIDIA A40-16A", 0x2235, 0x14e8, 16, 3, 32),
	TYPE_A(575, "NVIDIA A40-24A", 0x2235, 0x14e9, 24, 2, 32),
	TYPE_A(576, "NVIDIA A40-48A", 0x2235, 0x14ea, 48, 1, 32),
};

/* The ids that the documentation of the kernel patches shows. */
static const struct nvvgpu_type_desc rtx6000_ada_types[] = {
	TYPE_Q_1G(941, "NVIDIA RTX6000-Ada-1Q", 0x26b1, 0x170a, 1, 32, 32),
	TYPE_Q(942, "NVIDIA RTX6000-Ada-2Q", 0x26b1, 0x170b, 2, 24, 32),
	TYPE_Q(943, "NVIDIA RTX6000-Ada-3Q", 0x26b1, 0x170c, 3, 16, 32),
	TYPE_Q(944, "NVIDIA RTX6000-Ada-4Q", 0x26b1, 0x170d, 4, 12, 32),
	TYPE_Q(945, "NVIDIA RTX6000-Ada-6Q", 0x26b1, 0x170e, 6, 8, 32),
	TYPE_Q(946, "NVIDIA RTX6000-Ada-8Q", 0x26b1, 0x170f, 8, 6, 32),
	TYPE_Q(947, "NVIDIA RTX6000-Ada-12Q", 0x26b1, 0x1710, 12, 4, 32),
	TYPE_Q(948, "NVIDIA RTX6000-Ada-16Q", 0x26b1, 0x1711, 16, 3, 32),
	TYPE_Q(949, "NVIDIA RTX6000-Ada-24Q", 0x26b1, 0x1712, 24, 2, 32),
	TYPE_Q(950, "NVIDIA RTX6000-Ada-48Q", 0x26b1, 0x1713, 48, 1, 32),
};

/* Names and PCI ids are published, the ids in the first column are not: modelled. */
static const struct nvvgpu_type_desc l4_types[] = {
	TYPE_B(908, "NVIDIA L4-1B", 0x27b8, 0x172f, 1, 24, 32),
	TYPE_B(909, "NVIDIA L4-2B", 0x27b8, 0x1730, 2, 12, 32),
	TYPE_Q_1G(910, "NVIDIA L4-1Q", 0x27b8, 0x1731, 1, 24, 32),
	TYPE_Q(911, "NVIDIA L4-2Q", 0x27b8, 0x1732, 2, 12, 32),
	TYPE_Q(912, "NVIDIA L4-3Q", 0x27b8, 0x1733, 3, 8, 32),
	TYPE_Q(913, "NVIDIA L4-4Q", 0x27b8, 0x1734, 4, 6, 32),
	TYPE_Q(914, "NVIDIA L4-6Q", 0x27b8, 0x1735, 6, 4, 32),
	TYPE_Q(915, "NVIDIA L4-8Q", 0x27b8, 0x1736, 8, 3, 32),
	TYPE_Q(916, "NVIDIA L4-12Q", 0x27b8, 0x1737, 12, 2, 32),
	TYPE_Q(917, "NVIDIA L4-24Q", 0x27b8, 0x1738, 24, 1, 32),
	TYPE_A(918, "NVIDIA L4-1A", 0x27b8, 0x1739, 1, 24, 32),
	TYPE_A(919, "NVIDIA L4-2A", 0x27b8, 0x173a, 2, 12, 32),
	TYPE_A(920, "NVIDIA L4-3A", 0x27b8, 0x173b, 3, 8, 32),
	TYPE_A(921, "NVIDIA L4-4A", 0x27b8, 0x173c, 4, 6, 32),
	TYPE_A(922, "NVIDIA L4-6A", 0x27b8, 0x173d, 6, 4, 32),
	TYPE_A(923, "NVIDIA L4-8A", 0x27b8, 0x173e, 8, 3, 32),
	TYPE_A(924, "NVIDIA L4-12A", 0x27b8, 0x173f, 12, 2, 32),
	TYPE_A(925, "NVIDIA L4-24A", 0x27b8, 0x1740, 24, 1, 32),
	TYPE_C(934, "NVIDIA L4-4C", 0x27b8, 0x1749, 4, 6, 32),
	TYPE_C(935, "NVIDIA L4-6C", 0x27b8, 0x174a, 6, 4, 32),
	TYPE_C(936, "NVIDIA L4-8C", 0x27b8, 0x174b, 8, 3, 32),
	TYPE_C(937, "NVIDIA L4-12C", 0x27b8, 0x174c, 12, 2, 32),
	TYPE_C(938, "NVIDIA L4-24C", 0x27b8, 0x174d, 24, 1, 32),
};

/* Public table of mdev types. */
static const struct nvvgpu_type_desc a16_types[] = {
	TYPE_B(709, "NVIDIA A16-1B", 0x25b6, 0x159d, 1, 16, 32),
	TYPE_B(710, "NVIDIA A16-2B", 0x25b6, 0x159e, 2, 8, 32),
	TYPE_Q_1G(711, "NVIDIA A16-1Q", 0x25b6, 0x159f, 1, 16, 32),
	TYPE_Q(712, "NVIDIA A16-2Q", 0x25b6, 0x1600, 2, 8, 32),
	TYPE_Q(713, "NVIDIA A16-4Q", 0x25b6, 0x1601, 4, 4, 32),
	TYPE_Q(714, "NVIDIA A16-8Q", 0x25b6, 0x1602, 8, 2, 32),
	TYPE_Q(715, "NVIDIA A16-16Q", 0x25b6, 0x1603, 16, 1, 32),
	TYPE_A(716, "NVIDIA A16-1A", 0x25b6, 0x1604, 1, 16, 32),
	TYPE_A(717, "NVIDIA A16-2A", 0x25b6, 0x1605, 2, 8, 32),
	TYPE_A(718, "NVIDIA A16-4A", 0x25b6, 0x1606, 4, 4, 32),
	TYPE_A(719, "NVIDIA A16-8A", 0x25b6, 0x1607, 8, 2, 32),
	TYPE_A(720, "NVIDIA A16-16A", 0x25b6, 0x1608, 16, 1, 32),
	TYPE_C(721, "NVIDIA A16-4C", 0x25b6, 0x1609, 4, 4, 32),
	TYPE_C(722, "NVIDIA A16-8C", 0x25b6, 0x160a, 8, 2, 32),
	TYPE_C(723, "NVIDIA A16-16C", 0x25b6, 0x160b, 16, 1, 32),
};

/* Public table of mdev types. */
static const struct nvvgpu_type_desc t4_types[] = {
	TYPE_B(222, "GRID T4-1B", 0x1eb8, 0x1309, 1, 16, 8),
	TYPE_B(223, "GRID T4-2B", 0x1eb8, 0x130a, 2, 8, 8),
	TYPE_B(224, "GRID T4-2B4", 0x1eb8, 0x130b, 2, 8, 8),
	TYPE_A(225, "GRID T4-1A", 0x1eb8, 0x1311, 1, 16, 8),
	TYPE_A(226, "GRID T4-2A", 0x1eb8, 0x1312, 2, 8, 8),
	TYPE_A(227, "GRID T4-4A", 0x1eb8, 0x1313, 4, 4, 8),
	TYPE_A(228, "GRID T4-8A", 0x1eb8, 0x1314, 8, 2, 8),
	TYPE_A(229, "GRID T4-16A", 0x1eb8, 0x1315, 16, 1, 8),
	TYPE_Q_1G(230, "GRID T4-1Q", 0x1eb8, 0x130c, 1, 16, 8),
	TYPE_Q(231, "GRID T4-2Q", 0x1eb8, 0x130d, 2, 8, 8),
	TYPE_Q(232, "GRID T4-4Q", 0x1eb8, 0x130e, 4, 4, 8),
	TYPE_Q(233, "GRID T4-8Q", 0x1eb8, 0x130f, 8, 2, 8),
	TYPE_Q(234, "GRID T4-16Q", 0x1eb8, 0x1310, 16, 1, 8),
	TYPE_B(252, "GRID T4-1B4", 0x1eb8, 0x1345, 1, 16, 8),
	TYPE_C(319, "GRID T4-4C", 0x1eb8, 0x139a, 4, 4, 8),
	TYPE_C(320, "GRID T4-8C", 0x1eb8, 0x139b, 8, 2, 8),
	TYPE_C(321, "GRID T4-16C", 0x1eb8, 0x1375, 16, 1, 8),
};

/*
 * NV2080_ENGINE_TYPE numbers: 0x01 graphics, 0x09.. copy, 0x13.. video decoding,
 * 0x1b.. encoding, 0x26 SEC2, 0x2b.. JPEG, 0x33 optical flow.  AD102 as in
 * nouveau's table of that chip; for the others the counts are modelled.
 */
static const u8 ad102_engines[] = {
	0x01, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x13, 0x14, 0x15, 0x16, 0x1b, 0x1c, 0x1d, 0x26,
	0x2b, 0x2c, 0x2d, 0x2e, 0x33, 0
};

static const u8 ad104_engines[] = {
	0x01, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x13, 0x14, 0x15, 0x16, 0x1b, 0x1c, 0x26,
	0x2b, 0x2c, 0x2d, 0x2e, 0x33, 0
};

static const u8 ga10x_engines[] = {
	0x01, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x13, 0x14, 0x1b, 0x26, 0x33, 0
};

static const u8 tu104_engines[] = {
	0x01, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x13, 0x14, 0x1b, 0x26, 0
};

#define TYPES(table)	.types = (table), .type_count = ARRAY_SIZE(table)
#define AD102	.boot0 = 0x192000a1, .boot42 = 0x192a1000, .engines = ad102_engines
#define AD104	.boot0 = 0x194000a1, .boot42 = 0x194a1000, .engines = ad104_engines
#define GA102	.boot0 = 0xb72000a1, .boot42 = 0x172a1000, .engines = ga10x_engines
#define GA107	.boot0 = 0xb77000a1, .boot42 = 0x177a1000, .engines = ga10x_engines
#define TU104	.boot0 = 0x164000a1, .boot42 = 0x164a1000, .engines = tu104_engines

/* BAR0 16 MiB and BAR3 32 MiB are the same on all; VF n sits at routing id + 4 + n. */
#define SRIOV(_vfs, _device)	.vfs_total = (_vfs), .vf_offset = 4, .vf_stride = 1, \
	.vf_device_id = (_device), .vf_bar_bytes = { KIB(256), GIB(2), MIB(32) }

static const struct nvvgpu_emu_board_data boards[] = {
	{
		.id = "l40", .name = "NVIDIA L40", .gpus = 1, AD102,
		.pci_class = 0x030200, .device_id = 0x26b5,
		.subsystem_vendor_id = 0x10de, .subsystem_device_id = 0x169d,
		.guest_fb_bytes = GIB(48), .host_fb_bytes = GIB(2),
		.vmmu_segment_bytes = MIB(128), .bar1_bytes = GIB(64),
		SRIOV(32, 0x26b5), .mixed_size = true, .placement = true,
		TYPES(l40_types), .ids_modelled = true,
		.notes = "PCI layout from another AD102 board; type ids other than 869 and 871 not verified",
	}, {
		.id = "l40s", .name = "NVIDIA L40S", .gpus = 1, AD102,
		.pci_class = 0x030200, .device_id = 0x26b9,
		.subsystem_vendor_id = 0x10de, .subsystem_device_id = 0x1851,
		.guest_fb_bytes = GIB(48), .host_fb_bytes = GIB(2),
		.vmmu_segment_bytes = MIB(128), .bar1_bytes = GIB(64),
		SRIOV(32, 0x26b9), .mixed_size = true, .placement = true,
		TYPES(l40s_types),
		.notes = "PCI layout from another AD102 board; ids of the C series not public, left out",
	}, {
		.id = "a40", .name = "NVIDIA A40", .gpus = 1, GA102,
		.pci_class = 0x030200, .device_id = 0x2235,
		.subsystem_vendor_id = 0x10de, .subsystem_device_id = 0x145a,
		.guest_fb_bytes = GIB(48), .host_fb_bytes = GIB(2),
		.vmmu_segment_bytes = MIB(128), .bar1_bytes = GIB(64),
		SRIOV(32, 0x2235), .mixed_size = true, .placement = false,
		TYPES(a40_types),
		.notes = "BAR sizes modelled",
	}, {
		.id = "rtx6000-ada", .name = "NVIDIA RTX 6000 Ada Generation", .gpus = 1, AD102,
		.pci_class = 0x030000, .device_id = 0x26b1,
		.subsystem_vendor_id = 0x10de, .subsystem_device_id = 0x16a1,
		.guest_fb_bytes = GIB(48), .host_fb_bytes = GIB(2),
		.vmmu_segment_bytes = MIB(128), .bar1_bytes = GIB(64),
		SRIOV(32, 0x26b1), .mixed_size = true, .placement = true,
		TYPES(rtx6000_ada_types),
		.notes = "SR-IOV from another AD102 board; ids of B, A and C series not public, left out",
	}, {
		.id = "l4", .name = "NVIDIA L4", .gpus = 1, AD104,
		.pci_class = 0x030200, .device_id = 0x27b8,
		.subsystem_vendor_id = 0x10de, .subsystem_device_id = 0x16ca,
		.guest_fb_bytes = GIB(24), .host_fb_bytes = GIB(2),
		.vmmu_segment_bytes = MIB(64), .bar1_bytes = GIB(32),
		SRIOV(32, 0x27b8), .mixed_size = true, .placement = true,
		TYPES(l4_types), .ids_modelled = true,
		.notes = "type ids and SR-IOV layout modelled",
	}, {
		.id = "a16", .name = "NVIDIA A16", .gpus = 4, GA107,
		.pci_class = 0x030200, .device_id = 0x25b6,
		.subsystem_vendor_id = 0x10de, .subsystem_device_id = 0x14a9,
		.guest_fb_bytes = GIB(16), .host_fb_bytes = GIB(2),
		.vmmu_segment_bytes = MIB(64), .bar1_bytes = GIB(16),
		SRIOV(16, 0x25b6), .mixed_size = true, .placement = false,
		TYPES(a16_types),
		.notes = "SR-IOV and BAR sizes from the A2, which has the same chip",
	}, {
		.id = "t4", .name = "Tesla T4", .gpus = 1, TU104,
		.pci_class = 0x030200, .device_id = 0x1eb8,
		.subsystem_vendor_id = 0x10de, .subsystem_device_id = 0x12a2,
		.guest_fb_bytes = GIB(16), .host_fb_bytes = GIB(2),
		.vmmu_segment_bytes = MIB(64), .bar1_bytes = MIB(256), .instances = 16,
		TYPES(t4_types),
		.notes = "SR-IOV left out, as its driver does; management heap of 8 MiB modelled",
	},
};

const struct nvvgpu_emu_board_data *nvvgpu_emu_board_at(u32 index)
{
	return index < ARRAY_SIZE(boards) ? &boards[index] : NULL;
}

const struct nvvgpu_emu_board_data *nvvgpu_emu_board_find(const char *id, size_t len)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(boards); i++)
		if (strlen(boards[i].id) == len && !memcmp(boards[i].id, id, len))
			return &boards[i];
	return NULL;
}
