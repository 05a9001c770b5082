// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What a guest has of BARs: registers in BAR0, the aperture on its framebuffer in BAR1, and BAR3,
 * with nothing in it.  They are those of the function that the vGPU sits on, but for their sizes.
 */
#include "internal.h"

#define BAR0_BYTES	0x40000		/* whatever the function has */
#define TRAP_BYTES	SZ_4K		/* of a bit of the pages that must not be mapped */
#define OVERRIDE	"override_bar1_size"

static_assert(BAR0_BYTES / TRAP_BYTES == 64, "bit per page");

/* ---------------------------------------------------------------- what is there */

/*
 * By that parameter a guest gets the whole BAR1 of its virtual function, or without SR-IOV its
 * part of the board's, where that has more than the 256 MiB that one guest needs.
 */
static u64 bar1_bytes(const struct nvvgpu_mgr_vgpu *vgpu)
{
	u64 slot = vgpu->mgr->info.slot_bar1_bytes, own = (u64)vgpu->type.bar1_mib * SZ_1M;

	/* params are constant while the device is open */
	if (!mgr_params_is_one(vgpu->params, OVERRIDE))
		return own;
	if (vgpu->mgr->config.sriov)
		return slot ? slot : own;
	if (slot <= SZ_256M || slot < vgpu->type.max_instances)
		return own;
	return rounddown_pow_of_two(slot / vgpu->type.max_instances);
}

u64 nvvgpu_mgr_bar_bytes(const struct nvvgpu_mgr_vgpu *vgpu, u32 bar)
{
	switch (bar) {
	case 0:
		return BAR0_BYTES;
	case 1:
		return bar1_bytes(vgpu);	/* of 64 bits, so there is no BAR2 */
	case 3:
		return vgpu->mgr->info.slot_bar3_bytes;
	default:
		return 0;
	}
}

u64 nvvgpu_mgr_trap_pages(const struct nvvgpu_mgr_vgpu *vgpu)
{
	return vgpu->mgr->info.vf_trap_pages;
}

static bool may_map(const struct nvvgpu_mgr_vgpu *vgpu, u64 page)
{
	u64 first = page * (PAGE_SIZE / TRAP_BYTES), last = first + PAGE_SIZE / TRAP_BYTES - 1;

	return !(nvvgpu_mgr_trap_pages(vgpu) & GENMASK_ULL(last, first));
}

u32 nvvgpu_mgr_sparse_mmap(const struct nvvgpu_mgr_vgpu *vgpu,
			   struct nvvgpu_mgr_area areas[NVVGPU_MGR_AREAS])
{
	u64 page, first = 0, end = BAR0_BYTES / PAGE_SIZE;
	u32 count = 0;

	for (page = 0; page <= end; page++) {
		if (page < end && may_map(vgpu, page))
			continue;
		if (page > first) {
			areas[count].offset = first * PAGE_SIZE;
			areas[count++].bytes = (page - first) * PAGE_SIZE;
		}
		first = page + 1;
	}
	return count;
}

/* -------------------------------------------------------------------- accesses */

static int vf_read(struct nvvgpu_mgr_vgpu *vgpu, u32 bar, u64 offset, void *buf, size_t len)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;

	return mgr->ops.vf_read(mgr->core, nvvgpu_mgr_vgpu_gfid(vgpu), bar, offset, buf, len);
}

static int vf_write(struct nvvgpu_mgr_vgpu *vgpu, u32 bar, u64 offset, const void *buf, size_t len)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;

	return mgr->ops.vf_write(mgr->core, nvvgpu_mgr_vgpu_gfid(vgpu), bar, offset, buf, len);
}

/* Within one register, which is read as a whole. */
static int register_read(struct nvvgpu_mgr_vgpu *vgpu, u64 offset, u8 *buf, size_t len)
{
	u8 dword[sizeof(u32)];
	int err;

	err = vf_read(vgpu, 0, round_down(offset, sizeof(dword)), dword, sizeof(dword));
	if (!err)
		memcpy(buf, dword + offset % sizeof(dword), len);
	return err;
}

/* The other bytes are written as they read: a register knows no byte enables. */
static int register_write(struct nvvgpu_mgr_vgpu *vgpu, u64 offset, const u8 *buf, size_t len)
{
	u8 dword[sizeof(u32)];
	int err = 0;

	if (len < sizeof(dword))
		err = register_read(vgpu, round_down(offset, sizeof(dword)), dword, sizeof(dword));
	if (err)
		return err;
	memcpy(dword + offset % sizeof(dword), buf, len);
	return vf_write(vgpu, 0, round_down(offset, sizeof(dword)), dword, sizeof(dword));
}

static size_t register_part(u64 offset, size_t len)
{
	return min_t(size_t, sizeof(u32) - offset % sizeof(u32), len);
}

int nvvgpu_mgr_bar_read(struct nvvgpu_mgr_vgpu *vgpu, u32 bar, u64 offset, void *buf, size_t len)
{
	u8 *to = buf;
	size_t part;
	int err = 0;

	if (bar == 3) {
		memset(buf, 0xff, len);		/* as where nobody answers */
		return 0;
	}
	if (bar)
		return vf_read(vgpu, bar, offset, buf, len);
	for (; len && !err; len -= part, offset += part, to += part) {
		part = register_part(offset, len);
		err = register_read(vgpu, offset, to, part);
	}
	return err;
}

int nvvgpu_mgr_bar_write(struct nvvgpu_mgr_vgpu *vgpu, u32 bar, u64 offset, const void *buf,
			 size_t len)
{
	const u8 *from = buf;
	size_t part;
	int err = 0;

	if (bar == 3)
		return 0;
	if (bar)
		return vf_write(vgpu, bar, offset, buf, len);
	for (; len && !err; len -= part, offset += part, from += part) {
		part = register_part(offset, len);
		err = register_write(vgpu, offset, from, part);
	}
	return err;
}
