// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Framebuffer: the guest part in VMMU segments, the host part in 2 MiB units. */
#include "internal.h"

#define MAX_UNITS 65536

static int region_units(const struct gsp_fb_region *region, u64 unit, u64 *ret_base,
			u32 *ret_count)
{
	u64 base = le64_to_cpu(region->base), limit = le64_to_cpu(region->limit);

	if (limit < base || limit == U64_MAX || region->is_protected ||
	    le64_to_cpu(region->reserved) || !IS_ALIGNED(base, unit) ||
	    (limit + 1 - base) / unit > MAX_UNITS)
		return -EPROTO;
	*ret_base = base;
	*ret_count = (limit + 1 - base) / unit;
	return *ret_count ? 0 : -EPROTO;
}

/* The firmware reports two usable regions: what vGPUs share, and the host's. */
int core_fb_init(struct nvvgpu_core *core)
{
	const struct gsp_static_info *info = core->static_info;
	u64 base;
	u32 count;
	int err;

	if (le32_to_cpu(info->num_fb_regions) < 2)
		return -EPROTO;
	err = region_units(&info->fb_regions[0], core->info.vmmu_segment_bytes, &base, &count);
	if (!err)
		err = core_range_init(&core->guest_fb, base, core->info.vmmu_segment_bytes, count);
	if (err)
		return err;
	core->info.guest_fb_base = base;
	core->info.guest_fb_bytes = count * core->info.vmmu_segment_bytes;
	err = region_units(&info->fb_regions[1], SZ_2M, &base, &count);
	if (!err && base < core->info.guest_fb_base + core->info.guest_fb_bytes)
		err = -EPROTO;
	if (!err)
		err = core_range_init(&core->heap_fb, base, SZ_2M, count);
	if (err)
		core_range_fini(&core->guest_fb);
	return err;
}

void core_fb_fini(struct nvvgpu_core *core)
{
	core_range_fini(&core->heap_fb);
	core_range_fini(&core->guest_fb);
}

static struct core_range *range_of(struct nvvgpu_core *core, enum nvvgpu_fb_kind kind)
{
	return kind == NVVGPU_FB_GUEST ? &core->guest_fb : &core->heap_fb;
}

int core_fb_alloc(struct nvvgpu_core *core, enum nvvgpu_fb_kind kind, u64 size, u64 address,
		  struct nvvgpu_fb **ret)
{
	struct core_range *range = range_of(core, kind);
	struct nvvgpu_fb *fb;
	int err;

	fb = kzalloc(sizeof(*fb), GFP_KERNEL);
	if (!fb)
		return -ENOMEM;
	mutex_lock(&core->resource_lock);
	err = core_range_alloc(range, size, address, &fb->address);
	mutex_unlock(&core->resource_lock);
	if (err) {
		kfree(fb);
		return err;
	}
	fb->kind = kind;
	fb->size = roundup(size, range->unit);
	*ret = fb;
	return 0;
}

void core_fb_free(struct nvvgpu_core *core, struct nvvgpu_fb *fb)
{
	if (!fb)
		return;
	core_bar1_unmap(core, fb);
	mutex_lock(&core->resource_lock);
	core_range_free(range_of(core, fb->kind), fb->address, fb->size);
	mutex_unlock(&core->resource_lock);
	kfree(fb);
}

int core_fb_scrub(struct nvvgpu_core *core, const struct nvvgpu_fb *fb)
{
	struct nvvgpu_scrub_fb scrub = {
		.address = cpu_to_le64(fb->address),
		.length = cpu_to_le64(fb->size),
	};

	return core_control(core, core->client, NVVGPU_CTRL_SCRUB_FB, &scrub, sizeof(scrub));
}
