// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * A core for boards that nvkm drives, on a kernel that carries the first RFC.  Module
 * nvvgpu_core_nvkm; built where the kernel has include/drm/nvkm_vgpu_mgr_vfio.h.
 *
 * There the board, its firmware, the queues, framebuffer, channel ids and BAR1 are nvkm's.  The
 * RFC's table (rfc.h) lies at the height of rm.c, fb.c, channels.c and bar1.c; so this file
 * takes their place below a struct nvvgpu_core, and what is above them stays: the table that
 * the manager gets is nvvgpu_core's, with the calls replaced that end in this file.
 *
 *  controls	send_control of the core, so that vgpu.c runs unchanged.  nvkm knows controls that
 *		are written and controls that are read; it gives an errno, not the firmware's status
 *  the channel	plugin.c runs unchanged over hw_ops below: BAR1 is where nvkm mapped a heap, and
 *		the doorbell is in the function's BAR0
 *  places	the manager chooses addresses and channel ids, nvkm gives what it likes.  So all
 *		that it gives is taken at the start, framebuffer in single VMMU segments, and places
 *		are chosen within.  Management heaps are asked for one by one
 *  scrubbing	no firmware call for it here: zeros through BAR1, a segment at a time
 *
 * What the RFC's table has not: events (a plugin task that dies is noticed by its silence), mixed
 * sizes, the virtual functions' BARs, and how much is free.  The first is never told, the next
 * two are -EOPNOTSUPP, the last is what this file has left of what it may use.
 *
 * The module binds to nothing.  While it is loaded it attaches to the physical functions that
 * nvkm runs in vGPU mode and that nobody has attached to, and offers each to our manager as
 * auxiliary device "nvvgpu_core_nvkm.mgr".
 */
#include <linux/io.h>
#include <linux/sort.h>
#include "outstanding.h"
#include "linux/glue.h"
#include "rfc.h"

#define HOST_BYTES	(2ULL * SZ_1G)	/* left to nvkm, management heaps included */
#define HEAP_BYTES	((u64)SZ_1G)	/* of these, for management heaps */
#define ZERO_STEP	SZ_1M
#define CHIDS_STEP	512

struct nvkm_pf {
	struct core_pci pci;	/* what ../linux/sriov.c needs of it: device, pdev, the listener */
	struct nvvgpu_core core;
	struct nvvgpu_hw hw;
	struct nvvgpu_core_ops ops;	/* the table of this core */
	struct nvvgpu_core_ops base;	/* that of nvvgpu_core */
	struct list_head node;

	const struct nvkm_vgpu_mgr_vfio_ops *nvkm;
	void *handle;
	struct nvidia_vgpu_mem **segments;	/* one after the other in framebuffer */
	u32 segment_count;
	int chid_first, chid_count;

	/* under core.resource_lock */
	u32 clients;
	u64 heap_used, bar1_used;
};

struct nvkm_client {
	struct nvvgpu_client client;
	struct nvidia_vgpu_gsp_client gsp;
};

/* A management heap; what vGPUs share is made of segments instead. */
struct nvkm_heap {
	struct nvvgpu_fb fb;
	struct nvidia_vgpu_mem *mem;
};

static LIST_HEAD(pfs);
static DEFINE_MUTEX(pfs_lock);

static struct nvkm_pf *to_pf(struct nvvgpu_core *core)
{
	return container_of(core, struct nvkm_pf, core);
}

static struct nvkm_client *to_client(struct nvvgpu_client *client)
{
	return container_of(client, struct nvkm_client, client);
}

static struct nvkm_heap *to_heap(struct nvvgpu_fb *fb)
{
	return container_of(fb, struct nvkm_heap, fb);
}

/* ---------------------------------------------------------- clients, controls */

static int nvkm_client_alloc(struct nvvgpu_core *core, struct nvvgpu_client **ret)
{
	struct nvkm_pf *pf = to_pf(core);
	struct nvkm_client *client;
	int err;

	client = kzalloc(sizeof(*client), GFP_KERNEL);
	if (!client)
		return -ENOMEM;
	err = pf->nvkm->alloc_gsp_client(pf->handle, &client->gsp);
	if (err) {
		kfree(client);
		return err;
	}
	client->client.handle = pf->nvkm->get_gsp_client_handle(&client->gsp);
	mutex_lock(&core->resource_lock);
	pf->clients++;
	mutex_unlock(&core->resource_lock);
	*ret = &client->client;
	return 0;
}

static void nvkm_client_free(struct nvvgpu_core *core, struct nvvgpu_client *client)
{
	struct nvkm_pf *pf = to_pf(core);

	if (!client)
		return;
	pf->nvkm->free_gsp_client(&to_client(client)->gsp);
	mutex_lock(&core->resource_lock);
	pf->clients--;
	mutex_unlock(&core->resource_lock);
	kfree(to_client(client));
}

/* Controls whose parameters are only an answer. */
static bool is_question(u32 cmd)
{
	switch (cmd) {
	case NV2080_CTRL_GPU_GET_NAME_STRING:
	case NV2080_CTRL_GPU_GET_ENGINES_V2:
	case NV2080_CTRL_GPU_GET_VMMU_SEGMENT_SIZE:
	case NV2080_CTRL_GSP_GET_FEATURES:
		return true;
	default:
		return false;
	}
}

static int ask(struct nvkm_pf *pf, struct nvidia_vgpu_gsp_client *gsp, u32 cmd, void *params,
	       size_t size)
{
	void *reply = pf->nvkm->rm_ctrl_rd(gsp, cmd, size);

	if (IS_ERR_OR_NULL(reply))
		return reply ? PTR_ERR(reply) : -EIO;
	memcpy(params, reply, size);
	pf->nvkm->rm_ctrl_done(gsp, reply);
	return 0;
}

static int tell(struct nvkm_pf *pf, struct nvidia_vgpu_gsp_client *gsp, u32 cmd,
		const void *params, size_t size)
{
	void *request = pf->nvkm->rm_ctrl_get(gsp, cmd, size);

	if (IS_ERR_OR_NULL(request))
		return request ? PTR_ERR(request) : -ENOMEM;
	memcpy(request, params, size);
	return pf->nvkm->rm_ctrl_wr(gsp, request);
}

static int nvkm_send_control(struct nvvgpu_core *core, struct nvvgpu_client *client, u32 cmd,
			     void *params, size_t size)
{
	struct nvidia_vgpu_gsp_client *gsp = &to_client(client)->gsp;
	struct nvkm_pf *pf = to_pf(core);
	int err;

	mutex_lock(&core->rpc_lock);
	core->calls++;
	mutex_unlock(&core->rpc_lock);
	err = is_question(cmd) ? ask(pf, gsp, cmd, params, size) :
				 tell(pf, gsp, cmd, params, size);
	if (!err || err == -ENOMEM || err == -ETIMEDOUT)
		return err;
	return core_refused(core, NV_ERR_GENERIC);	/* which one, nvkm keeps for itself */
}

static int nvkm_mixed_size_set(struct nvvgpu_core *core, struct nvvgpu_client *client, bool mixed)
{
	return mixed ? -EOPNOTSUPP : 0;
}

/* --------------------------------------------------------------------- BAR1 */

static int map_mem(struct nvkm_pf *pf, struct nvidia_vgpu_mem *mem)
{
	int err;

	err = pf->nvkm->bar1_map_mem(mem);
	if (err)
		return err;
	mutex_lock(&pf->core.resource_lock);
	pf->bar1_used += mem->size;
	mutex_unlock(&pf->core.resource_lock);
	return 0;
}

static void unmap_mem(struct nvkm_pf *pf, struct nvidia_vgpu_mem *mem)
{
	pf->nvkm->bar1_unmap_mem(mem);
	mutex_lock(&pf->core.resource_lock);
	pf->bar1_used -= mem->size;
	mutex_unlock(&pf->core.resource_lock);
}

static int nvkm_bar1_map(struct nvvgpu_core *core, struct nvvgpu_fb *fb)
{
	struct nvidia_vgpu_mem *mem;
	int err;

	if (fb->kind != NVVGPU_FB_HEAP)
		return -EOPNOTSUPP;
	if (fb->bar1_mapped)
		return -EEXIST;
	mem = to_heap(fb)->mem;
	err = map_mem(to_pf(core), mem);
	if (err)
		return err;
	/* where in BAR1 is nvkm's secret; hw_ops below only needs the address it is seen at */
	fb->bar1_offset = (uintptr_t)mem->bar1_vaddr;
	fb->bar1_mapped = true;
	return 0;
}

static void nvkm_bar1_unmap(struct nvvgpu_core *core, struct nvvgpu_fb *fb)
{
	if (!fb->bar1_mapped)
		return;
	fb->bar1_mapped = false;
	unmap_mem(to_pf(core), to_heap(fb)->mem);
}

static void zero(struct nvidia_vgpu_mem *mem)
{
	u64 at;

	for (at = 0; at < mem->size; at += ZERO_STEP) {
		memset_io(mem->bar1_vaddr + at, 0, min_t(u64, ZERO_STEP, mem->size - at));
		cond_resched();
	}
	ioread32(mem->bar1_vaddr);	/* so that all of it has arrived */
}

static int scrub_unmapped(struct nvkm_pf *pf, struct nvidia_vgpu_mem *mem)
{
	int err;

	err = map_mem(pf, mem);
	if (err)
		return err;
	zero(mem);
	unmap_mem(pf, mem);
	return 0;
}

/* -------------------------------------------------------------- framebuffer */

static int alloc_heap(struct nvkm_pf *pf, u64 size, struct nvvgpu_fb **ret)
{
	struct nvkm_heap *heap;

	heap = kzalloc(sizeof(*heap), GFP_KERNEL);
	if (!heap)
		return -ENOMEM;
	heap->mem = pf->nvkm->alloc_fbmem(pf->handle, size, false);
	if (IS_ERR_OR_NULL(heap->mem)) {
		kfree(heap);
		return -ENOSPC;
	}
	heap->fb.kind = NVVGPU_FB_HEAP;
	heap->fb.address = heap->mem->addr;
	heap->fb.size = heap->mem->size;
	mutex_lock(&pf->core.resource_lock);
	pf->heap_used += heap->fb.size;
	mutex_unlock(&pf->core.resource_lock);
	*ret = &heap->fb;
	return 0;
}

static void free_heap(struct nvkm_pf *pf, struct nvkm_heap *heap)
{
	nvkm_bar1_unmap(&pf->core, &heap->fb);
	mutex_lock(&pf->core.resource_lock);
	pf->heap_used -= heap->fb.size;
	mutex_unlock(&pf->core.resource_lock);
	pf->nvkm->free_fbmem(heap->mem);
	kfree(heap);
}

static int nvkm_fb_alloc(struct nvvgpu_core *core, enum nvvgpu_fb_kind kind, u64 size,
			 u64 address, struct nvvgpu_fb **ret)
{
	struct nvkm_pf *pf = to_pf(core);

	if (kind == NVVGPU_FB_GUEST)
		return pf->base.fb_alloc(core, kind, size, address, ret);
	if (address != NVVGPU_CORE_ANY64)
		return -EOPNOTSUPP;
	return alloc_heap(pf, size, ret);
}

static void nvkm_fb_free(struct nvvgpu_core *core, struct nvvgpu_fb *fb)
{
	struct nvkm_pf *pf = to_pf(core);

	if (!fb)
		return;
	if (fb->kind == NVVGPU_FB_GUEST)
		pf->base.fb_free(core, fb);
	else
		free_heap(pf, to_heap(fb));
}

static int scrub_segments(struct nvkm_pf *pf, const struct nvvgpu_fb *fb)
{
	u32 first = (fb->address - pf->core.guest_fb.base) / pf->core.guest_fb.unit;
	u32 count = fb->size / pf->core.guest_fb.unit;
	u32 i;
	int err = 0;

	for (i = first; !err && i < first + count; i++)
		err = scrub_unmapped(pf, pf->segments[i]);
	return err;
}

static int nvkm_fb_scrub(struct nvvgpu_core *core, const struct nvvgpu_fb *fb)
{
	const struct nvkm_heap *heap = container_of(fb, struct nvkm_heap, fb);

	if (fb->kind == NVVGPU_FB_GUEST)
		return scrub_segments(to_pf(core), fb);
	if (!fb->bar1_mapped)
		return scrub_unmapped(to_pf(core), heap->mem);
	zero(heap->mem);
	return 0;
}

/* The budgets are an upper limit: nvkm itself uses both, and does not say how much of them. */
static void nvkm_get_totals(struct nvvgpu_core *core, struct nvvgpu_core_totals *totals)
{
	struct nvkm_pf *pf = to_pf(core);

	pf->base.get_totals(core, totals);
	mutex_lock(&core->resource_lock);
	totals->heap_free = HEAP_BYTES - min(pf->heap_used, HEAP_BYTES);
	totals->bar1_free = core->info.bar1_bytes - min(pf->bar1_used, core->info.bar1_bytes);
	totals->clients = pf->clients;
	mutex_unlock(&core->resource_lock);
}

/* ------------------------------------------------------- what vGPUs share */

static int compare_segments(const void *a, const void *b)
{
	u64 first = (*(struct nvidia_vgpu_mem **)a)->addr;
	u64 second = (*(struct nvidia_vgpu_mem **)b)->addr;

	return first < second ? -1 : first > second;
}

static void free_segments(struct nvkm_pf *pf, u32 first, u32 end)
{
	for (; first < end; first++)
		pf->nvkm->free_fbmem(pf->segments[first]);
}

static void find_longest_run(struct nvkm_pf *pf, u32 *ret_first, u32 *ret_count)
{
	u64 segment = pf->core.info.vmmu_segment_bytes;
	u32 i, first = 0;

	*ret_count = 0;
	for (i = 0; i < pf->segment_count; i++) {
		if (i && pf->segments[i]->addr != pf->segments[i - 1]->addr + segment)
			first = i;
		if (i + 1 - first <= *ret_count)
			continue;
		*ret_first = first;
		*ret_count = i + 1 - first;
	}
}

/* A hole would look like memory to the manager; what does not belong to the run goes back. */
static void keep_longest_run(struct nvkm_pf *pf)
{
	u32 first = 0, count;

	sort(pf->segments, pf->segment_count, sizeof(*pf->segments), compare_segments, NULL);
	find_longest_run(pf, &first, &count);
	free_segments(pf, 0, first);
	free_segments(pf, first + count, pf->segment_count);
	memmove(pf->segments, pf->segments + first, count * sizeof(*pf->segments));
	pf->segment_count = count;
}

static void take_segments(struct nvkm_pf *pf, u32 most)
{
	u64 segment = pf->core.info.vmmu_segment_bytes;
	struct nvidia_vgpu_mem *mem;

	while (pf->segment_count < most) {
		mem = pf->nvkm->alloc_fbmem(pf->handle, segment, true);
		if (IS_ERR_OR_NULL(mem))
			break;
		pf->segments[pf->segment_count++] = mem;
	}
	keep_longest_run(pf);
}

static int init_range(struct nvkm_pf *pf)
{
	struct core_range *range = &pf->core.guest_fb;

	if (!pf->segment_count)
		return -ENOSPC;
	range->map = kvcalloc(BITS_TO_LONGS(pf->segment_count), sizeof(long), GFP_KERNEL);
	if (!range->map)
		return -ENOMEM;
	range->base = pf->segments[0]->addr;
	range->unit = pf->core.info.vmmu_segment_bytes;
	range->count = pf->segment_count;
	pf->core.info.guest_fb_base = range->base;
	pf->core.info.guest_fb_bytes = range->count * range->unit;
	return 0;
}

static int take_framebuffer(struct nvkm_pf *pf)
{
	u64 board = (u64)core_rd32(&pf->core, NV_USABLE_FB_SIZE_IN_MB) << 20;
	u64 most;
	int err;

	if (board <= HOST_BYTES)
		return -ENOSPC;
	most = (board - HOST_BYTES) / pf->core.info.vmmu_segment_bytes;
	most = min_t(u64, most, S16_MAX);	/* a register that tells nonsense */
	pf->segments = kvcalloc(most, sizeof(*pf->segments), GFP_KERNEL);
	if (!pf->segments)
		return -ENOMEM;
	take_segments(pf, most);
	err = init_range(pf);
	if (err) {
		free_segments(pf, 0, pf->segment_count);
		kvfree(pf->segments);
	}
	return err;
}

static void give_framebuffer(struct nvkm_pf *pf)
{
	kvfree(pf->core.guest_fb.map);
	free_segments(pf, 0, pf->segment_count);
	kvfree(pf->segments);
}

/* Of one piece, as long as nvkm has it; channels.c shares out what is not marked. */
static int take_channels(struct nvkm_pf *pf)
{
	struct nvvgpu_core_info *info = &pf->core.info;
	int first = -ENOSPC, count;
	u32 start, end;

	for (count = NV_CHANNELS_TOTAL - NV_CHANNELS_HOST; count > 0; count -= CHIDS_STEP) {
		first = pf->nvkm->alloc_chids(pf->handle, count);
		if (first >= 0)
			break;
	}
	if (first < 0)
		return first;
	start = max(first, NV_CHANNELS_HOST);
	end = min(first + count, NV_CHANNELS_TOTAL);
	if (start >= end) {
		pf->nvkm->free_chids(pf->handle, first, count);
		return -ENOSPC;
	}
	bitmap_set(pf->core.channels, NV_CHANNELS_HOST, start - NV_CHANNELS_HOST);
	bitmap_set(pf->core.channels, end, NV_CHANNELS_TOTAL - end);
	info->channels_host = start;
	info->channels_total = end;
	pf->chid_first = first;
	pf->chid_count = count;
	return 0;
}

static void give_channels(struct nvkm_pf *pf)
{
	pf->nvkm->free_chids(pf->handle, pf->chid_first, pf->chid_count);
}

/* ----------------------------------------------------------------- hardware */

static u32 hw_rd32(struct nvvgpu_hw *hw, u32 reg)
{
	return readl(container_of(hw, struct nvkm_pf, hw)->pci.bar0 + reg);
}

static void hw_wr32(struct nvvgpu_hw *hw, u32 reg, u32 val)
{
	writel(val, container_of(hw, struct nvkm_pf, hw)->pci.bar0 + reg);
}

static void __iomem *bar1_address(u64 offset)
{
	return (void __iomem *)(uintptr_t)offset;
}

/* A word at once where it is one: the two sides know each other's progress by words. */
static int hw_bar1_read(struct nvvgpu_hw *hw, u64 offset, void *buf, size_t len)
{
	u32 word;

	if (len == sizeof(word) && IS_ALIGNED(offset, sizeof(word))) {
		word = __raw_readl(bar1_address(offset));
		memcpy(buf, &word, sizeof(word));
	} else {
		memcpy_fromio(buf, bar1_address(offset), len);
	}
	return 0;
}

static int hw_bar1_write(struct nvvgpu_hw *hw, u64 offset, const void *buf, size_t len)
{
	u32 word;

	if (len == sizeof(word) && IS_ALIGNED(offset, sizeof(word))) {
		memcpy(&word, buf, sizeof(word));
		__raw_writel(word, bar1_address(offset));
	} else {
		memcpy_toio(bar1_address(offset), buf, len);
	}
	return 0;
}

static int hw_vf_read(struct nvvgpu_hw *hw, u32 gfid, u32 bar, u64 offset, void *buf, size_t len)
{
	return -EOPNOTSUPP;
}

static int hw_vf_write(struct nvvgpu_hw *hw, u32 gfid, u32 bar, u64 offset, const void *buf,
		       size_t len)
{
	return -EOPNOTSUPP;
}

/* No DMA memory: the queues are nvkm's. */
static const struct nvvgpu_hw_ops hw_ops = {
	.rd32 = hw_rd32,
	.wr32 = hw_wr32,
	.bar1_read = hw_bar1_read,
	.bar1_write = hw_bar1_write,
	.vf_read = hw_vf_read,
	.vf_write = hw_vf_write,
};

static void describe_hw(struct nvkm_pf *pf)
{
	struct pci_dev *pdev = pf->pci.pdev;
	int sriov = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_SRIOV);
	struct nvvgpu_hw *hw = &pf->hw;

	hw->ops = &hw_ops;
	hw->name = pci_name(pdev);
	hw->domain_bdf = pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev);
	hw->vendor_id = pdev->vendor;
	hw->device_id = pdev->device;
	hw->subsystem_vendor_id = pdev->subsystem_vendor;
	hw->subsystem_device_id = pdev->subsystem_device;
	hw->bar1_bytes = pci_resource_len(pdev, 1);
	hw->vfs_total = pci_sriov_get_totalvfs(pdev);
	if (!sriov)
		return;
	pci_read_config_word(pdev, sriov + PCI_SRIOV_VF_OFFSET, &hw->vf_offset);
	pci_read_config_word(pdev, sriov + PCI_SRIOV_VF_STRIDE, &hw->vf_stride);
	if (!hw->vfs_total)
		return;
	hw->slot_bar1_bytes = pci_resource_len(pdev, PCI_IOV_RESOURCES + 1) / hw->vfs_total;
	hw->slot_bar3_bytes = pci_resource_len(pdev, PCI_IOV_RESOURCES + 3) / hw->vfs_total;
}

/* --------------------------------------------------------------------- core */

static int init_ops(struct nvkm_pf *pf)
{
	struct nvvgpu_core_ops *ops = &pf->ops;
	int err;

	strscpy(pf->base.version_string, NVVGPU_CORE_OPS_VERSION,
		sizeof(pf->base.version_string));
	err = nvvgpu_core_get_ops(&pf->core, &pf->base);
	if (err)
		return err;
	*ops = pf->base;
	ops->get_totals = nvkm_get_totals;
	ops->client_alloc = nvkm_client_alloc;
	ops->client_free = nvkm_client_free;
	ops->fb_alloc = nvkm_fb_alloc;
	ops->fb_free = nvkm_fb_free;
	ops->fb_scrub = nvkm_fb_scrub;
	ops->bar1_map = nvkm_bar1_map;
	ops->bar1_unmap = nvkm_bar1_unmap;
	ops->mixed_size_set = nvkm_mixed_size_set;
	pf->core.ops = ops;
	pf->core.send_control = nvkm_send_control;
	return 0;
}

/* The manager's and the core's own numbers, and what vGPUs will share. */
static int set_up(struct nvkm_pf *pf)
{
	struct nvvgpu_core *core = &pf->core;
	int err;

	err = nvkm_client_alloc(core, &core->client);
	if (err)
		return err;
	err = nvvgpu_core_read_facts(core);
	if (err)
		goto err_client;
	core->info.heap_bytes = HEAP_BYTES;
	core->info.bar1_bytes = pf->hw.bar1_bytes;
	err = take_channels(pf);
	if (err)
		goto err_client;
	err = take_framebuffer(pf);
	if (err)
		goto err_channels;
	return 0;

err_channels:
	give_channels(pf);
err_client:
	nvkm_client_free(core, core->client);
	return err;
}

static int start_core(struct nvkm_pf *pf)
{
	int err;

	describe_hw(pf);
	pf->core.hw = &pf->hw;
	mutex_init(&pf->core.rpc_lock);
	mutex_init(&pf->core.resource_lock);
	mutex_init(&pf->core.handler_lock);
	err = init_ops(pf);
	if (err)
		return err;
	pf->pci.bar0 = pci_ioremap_bar(pf->pci.pdev, 0);
	if (!pf->pci.bar0)
		return -ENOMEM;
	err = set_up(pf);
	if (err) {
		iounmap(pf->pci.bar0);
		return err;
	}
	pf->pci.device.core = &pf->core;
	return 0;
}

static void stop_core(struct nvkm_pf *pf)
{
	give_framebuffer(pf);
	give_channels(pf);
	nvkm_client_free(&pf->core, pf->core.client);
	iounmap(pf->pci.bar0);
}

/* ------------------------------------------------------------------- attach */

/* nvkm has changed the number of VFs.  Its copy of the block may be what comes back here. */
static int sriov_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct nvidia_vgpu_vfio_handle_data *who =
		container_of(nb, struct nvidia_vgpu_vfio_handle_data, notifier);
	struct nvkm_pf *pf = who->priv;

	if (event != NVIDIA_VGPU_EVENT_PCI_SRIOV_CONFIGURE)
		return NOTIFY_DONE;
	mutex_lock(&pf->pci.sriov_lock);
	if (pf->pci.listener)
		pf->pci.listener->vfs_changed(pf->pci.listener_priv, pci_num_vf(pf->pci.pdev));
	mutex_unlock(&pf->pci.sriov_lock);
	return NOTIFY_OK;
}

static int attach_handle(struct nvkm_pf *pf)
{
	struct nvidia_vgpu_vfio_handle_data who = {
		.priv = pf,
		.notifier.notifier_call = sriov_event,
	};

	return pf->nvkm->attach_handle(pf->handle, &who);
}

static atomic_t devices = ATOMIC_INIT(0);

static void release_aux(struct device *dev)
{
	struct nvvgpu_core_device *device = nvvgpu_core_device(to_auxiliary_dev(dev));

	kfree(container_of(to_core_pci(device), struct nvkm_pf, pci));
	outstanding_drop(&devices);
}

static int init_aux(struct nvkm_pf *pf)
{
	struct auxiliary_device *aux = &pf->pci.device.aux;
	struct pci_dev *pdev = pf->pci.pdev;
	int err;

	aux->name = NVVGPU_CORE_AUX_NAME;
	aux->id = pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev);
	aux->dev.parent = &pdev->dev;
	aux->dev.release = release_aux;
	err = auxiliary_device_init(aux);
	if (!err)
		outstanding_add(&devices);
	return err;
}

static int start(struct nvkm_pf *pf)
{
	int err;

	err = init_aux(pf);
	if (err) {
		kfree(pf);
		return err;
	}
	err = attach_handle(pf);
	if (err)
		goto err_aux;
	err = start_core(pf);
	if (err)
		goto err_handle;
	err = auxiliary_device_add(&pf->pci.device.aux);
	if (err)
		goto err_core;
	return 0;

err_core:
	stop_core(pf);
err_handle:
	pf->nvkm->detach_handle(pf->handle);
err_aux:
	auxiliary_device_uninit(&pf->pci.device.aux);
	return err;
}

static void stop(struct nvkm_pf *pf)
{
	auxiliary_device_delete(&pf->pci.device.aux);
	stop_core(pf);
	pf->nvkm->detach_handle(pf->handle);
	auxiliary_device_uninit(&pf->pci.device.aux);
}

static bool is_nvkm(struct pci_dev *pdev)
{
	struct device_driver *driver = pdev->dev.driver;

	return !pdev->is_virtfn && driver && !strcmp(driver->name, RFC_PF_DRIVER);
}

/* Device lock held, so that nvkm stays. */
static void attach(struct pci_dev *pdev)
{
	const struct nvkm_vgpu_mgr_vfio_ops *nvkm;
	void *handle = pci_get_drvdata(pdev);
	struct nvkm_pf *pf;
	int err;

	if (!is_nvkm(pdev) || !handle)
		return;
	nvkm = nvkm_vgpu_mgr_get_vfio_ops(handle);
	if (!nvkm || !nvkm->vgpu_mgr_is_enabled(handle))
		return;
	pf = kzalloc(sizeof(*pf), GFP_KERNEL);
	if (!pf)
		return;
	pf->pci.pdev = pdev;
	pf->pci.device.pdev = pdev;
	mutex_init(&pf->pci.sriov_lock);
	pf->nvkm = nvkm;
	pf->handle = handle;
	err = start(pf);	/* takes pf */
	if (err) {
		dev_err(&pdev->dev, "nvvgpu: cannot use nvkm's board: %d\n", err);
		return;
	}
	mutex_lock(&pfs_lock);
	list_add(&pf->node, &pfs);
	mutex_unlock(&pfs_lock);
}

static void detach(struct pci_dev *pdev)
{
	struct nvkm_pf *pf, *found = NULL;

	mutex_lock(&pfs_lock);
	list_for_each_entry(pf, &pfs, node)
		if (pf->pci.pdev == pdev)
			found = pf;
	if (found)
		list_del(&found->node);
	mutex_unlock(&pfs_lock);
	if (found)
		stop(found);
}

/* Both come with the device lock held: behind nvkm's probe, ahead of its remove. */
static int bus_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct device *dev = data;

	if (event == BUS_NOTIFY_BOUND_DRIVER)
		attach(to_pci_dev(dev));
	else if (event == BUS_NOTIFY_UNBIND_DRIVER)
		detach(to_pci_dev(dev));
	return NOTIFY_OK;
}

static struct notifier_block bus_notifier = {
	.notifier_call = bus_event,
};

static bool is_attached(struct pci_dev *pdev)
{
	struct nvkm_pf *pf;
	bool found = false;

	mutex_lock(&pfs_lock);
	list_for_each_entry(pf, &pfs, node)
		found |= pf->pci.pdev == pdev;
	mutex_unlock(&pfs_lock);
	return found;
}

static int __init nvkm_init(void)
{
	struct pci_dev *pdev = NULL;
	int err;

	err = bus_register_notifier(&pci_bus_type, &bus_notifier);
	if (err)
		return err;
	for_each_pci_dev(pdev) {
		device_lock(&pdev->dev);
		if (!is_attached(pdev))
			attach(pdev);
		device_unlock(&pdev->dev);
	}
	return 0;
}

static void __exit nvkm_exit(void)
{
	struct pci_dev *pdev = NULL;

	bus_unregister_notifier(&pci_bus_type, &bus_notifier);
	for_each_pci_dev(pdev) {
		device_lock(&pdev->dev);
		detach(pdev);
		device_unlock(&pdev->dev);
	}
	outstanding_wait(&devices);
}

module_init(nvkm_init);
module_exit(nvkm_exit);
MODULE_DESCRIPTION("vGPU core over nvkm, on kernels with the first vGPU RFC");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION(NVVGPU_VERSION);
