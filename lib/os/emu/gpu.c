// SPDX-License-Identifier: MIT
/* One emulated GPU: the board model, the core driver and the manager, wired together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <nvvgpu/host.h>
#include "emu.h"

#define GIB (1ULL << 30)
#define DMA_FIRST_BUS 0x100000000ULL	/* not a pointer: the device sees bus addresses only */
#define DMA_ALIGN 0x1000ULL

static struct emu_gpu *to_gpu(struct nvvgpu_hw *hw)
{
	return container_of(hw, struct emu_gpu, hw);
}

/* ------------------------------------- the function as the driver reaches it */

static u32 hw_rd32(struct nvvgpu_hw *hw, u32 reg)
{
	return nvvgpu_emu_rd32(to_gpu(hw)->board, reg);
}

static void hw_wr32(struct nvvgpu_hw *hw, u32 reg, u32 val)
{
	nvvgpu_emu_wr32(to_gpu(hw)->board, reg, val);
}

static int hw_bar1_read(struct nvvgpu_hw *hw, u64 offset, void *buf, size_t len)
{
	return nvvgpu_emu_bar1_read(to_gpu(hw)->board, offset, buf, len);
}

static int hw_bar1_write(struct nvvgpu_hw *hw, u64 offset, const void *buf, size_t len)
{
	return nvvgpu_emu_bar1_write(to_gpu(hw)->board, offset, buf, len);
}

static int hw_dma_alloc(struct nvvgpu_hw *hw, size_t size, struct nvvgpu_dma *dma)
{
	struct emu_gpu *gpu = to_gpu(hw);
	struct emu_dma *entry = kzalloc(sizeof(*entry), GFP_KERNEL);

	if (!entry)
		return -ENOMEM;
	entry->dma.vaddr = kvzalloc(size, GFP_KERNEL);
	if (!entry->dma.vaddr) {
		kfree(entry);
		return -ENOMEM;
	}
	entry->dma.size = size;
	entry->dma.bus = gpu->next_bus;
	/* a hole behind each allocation: an overrun of the device is caught */
	gpu->next_bus += ALIGN(size, DMA_ALIGN) + DMA_ALIGN;
	entry->next = gpu->dma;
	gpu->dma = entry;
	*dma = entry->dma;
	return 0;
}

static void hw_dma_free(struct nvvgpu_hw *hw, struct nvvgpu_dma *dma)
{
	struct emu_gpu *gpu = to_gpu(hw);

	for (struct emu_dma **p = &gpu->dma; *p; p = &(*p)->next) {
		struct emu_dma *entry = *p;

		if (entry->dma.bus != dma->bus)
			continue;
		*p = entry->next;
		kvfree(entry->dma.vaddr);
		kfree(entry);
		return;
	}
}

static int hw_vf_read(struct nvvgpu_hw *hw, u32 gfid, u32 bar, u64 offset, void *buf, size_t len)
{
	return nvvgpu_emu_vf_read(to_gpu(hw)->board, gfid, bar, offset, buf, len);
}

static int hw_vf_write(struct nvvgpu_hw *hw, u32 gfid, u32 bar, u64 offset, const void *buf,
		       size_t len)
{
	return nvvgpu_emu_vf_write(to_gpu(hw)->board, gfid, bar, offset, buf, len);
}

static const struct nvvgpu_hw_ops hw_ops = {
	.rd32 = hw_rd32,
	.wr32 = hw_wr32,
	.bar1_read = hw_bar1_read,
	.bar1_write = hw_bar1_write,
	.dma_alloc = hw_dma_alloc,
	.dma_free = hw_dma_free,
	.vf_read = hw_vf_read,
	.vf_write = hw_vf_write,
};

/* -------------------------------------- the machine as the device reaches it */

/* The IOMMU's part: only what was allocated for this device can be reached. */
static void *dma_find(struct emu_gpu *gpu, u64 bus, size_t len)
{
	for (struct emu_dma *entry = gpu->dma; entry; entry = entry->next) {
		struct nvvgpu_dma *dma = &entry->dma;

		if (bus >= dma->bus && bus - dma->bus <= dma->size &&
		    len <= dma->size - (bus - dma->bus))
			return (char *)dma->vaddr + (bus - dma->bus);
	}
	return NULL;
}

static int machine_dma_read(void *priv, u64 bus, void *buf, size_t len)
{
	const void *from = dma_find(priv, bus, len);

	if (!from)
		return -EFAULT;
	memcpy(buf, from, len);
	return 0;
}

static int machine_dma_write(void *priv, u64 bus, const void *buf, size_t len)
{
	void *to = dma_find(priv, bus, len);

	if (!to)
		return -EFAULT;
	memcpy(to, buf, len);
	return 0;
}

static void machine_interrupt(void *priv)
{
	struct emu_gpu *gpu = priv;

	gpu->interrupt = true;
}

static void machine_vf_interrupt(void *priv, u32 gfid, u32 vector)
{
	/* no VMM listens to the eventfds of an in-process device */
}

/* Nobody maps memory for the functions of an in-process board. */
static int machine_vf_dma_read(void *priv, u32 gfid, u64 bus, void *buf, size_t len)
{
	return -EFAULT;
}

static int machine_vf_dma_write(void *priv, u32 gfid, u64 bus, const void *buf, size_t len)
{
	return -EFAULT;
}

static int machine_fb_read(void *priv, u64 address, void *buf, size_t len)
{
	return emu_fb_read(&((struct emu_gpu *)priv)->fb, address, buf, len);
}

static int machine_fb_write(void *priv, u64 address, const void *buf, size_t len)
{
	return emu_fb_write(&((struct emu_gpu *)priv)->fb, address, buf, len);
}

static int machine_fb_zero(void *priv, u64 address, u64 len)
{
	return emu_fb_zero(&((struct emu_gpu *)priv)->fb, address, len);
}

static int machine_fb_next_data(void *priv, u64 address, u64 end, u64 *ret_start, u64 *ret_len)
{
	return emu_fb_next_data(&((struct emu_gpu *)priv)->fb, address, end, ret_start, ret_len);
}

static const struct nvvgpu_emu_host_ops machine_ops = {
	.dma_read = machine_dma_read,
	.dma_write = machine_dma_write,
	.interrupt = machine_interrupt,
	.vf_interrupt = machine_vf_interrupt,
	.vf_dma_read = machine_vf_dma_read,
	.vf_dma_write = machine_vf_dma_write,
	.fb_read = machine_fb_read,
	.fb_write = machine_fb_write,
	.fb_zero = machine_fb_zero,
	.fb_next_data = machine_fb_next_data,
};

/* -------------------------------------------------------------------- power */

static void hw_describe(struct emu_gpu *gpu)
{
	const struct nvvgpu_emu_board_data *data = gpu->data;
	struct nvvgpu_hw *hw = &gpu->hw;
	u64 bar = 0x100000000000ULL + ((u64)gpu->bus << 40);

	memset(hw, 0, sizeof(*hw));
	hw->ops = &hw_ops;
	hw->name = gpu->address;
	hw->domain_bdf = gpu->bus << 8;
	hw->vendor_id = 0x10de;
	hw->device_id = data->device_id;
	hw->subsystem_vendor_id = data->subsystem_vendor_id;
	hw->subsystem_device_id = data->subsystem_device_id;
	hw->bar_address[0] = 0xf0000000;
	hw->bar_address[1] = bar;
	hw->bar_address[3] = bar + data->bar1_bytes;
	hw->bar1_bytes = data->bar1_bytes;
	hw->vf_trap_pages = NVVGPU_EMU_VF_TRAP_PAGES;
	hw->slot_bar1_bytes = data->vfs_total ? data->vf_bar_bytes[1] : data->bar1_bytes;
	hw->slot_bar3_bytes = 32ull << 20;	/* the same on all */
	hw->emulated = true;
	if (!data->vfs_total)
		return;
	hw->vfs_total = data->vfs_total;
	hw->vf_offset = data->vf_offset;
	hw->vf_stride = data->vf_stride;
	for (int i = 0; i < 3; i++)
		hw->vf_bar_address[i] = bar + (i + 1) * (64 * GIB);
	hw->vf_bar_64bit[1] = hw->vf_bar_64bit[2] = true;
}

static void manager_event(void *priv)
{
	emu_control_notify(priv);
}

static const struct nvvgpu_mgr_host_ops manager_host_ops = {
	.event = manager_event,
};

int emu_gpu_start_manager(struct emu_gpu *gpu, const struct nvvgpu_mgr_host_ops *ops, void *priv)
{
	const struct nvvgpu_emu_board_data *data = gpu->data;
	struct nvvgpu_mgr_config config = {
		.slots = emu_gpu_slots(gpu),
		.sriov = data->vfs_total,
		.mixed_size_capable = data->mixed_size,
		.placement_capable = data->placement,
		.placement_units = data->guest_fb_bytes / GIB,
		.driver_version = NVVGPU_VERSION,
		.host_ops = ops,
		.host_priv = priv,
	};
	int err;

	err = nvvgpu_mgr_start(gpu->core, &config, &gpu->mgr);
	if (err)
		return err;
	err = nvvgpu_mgr_types_add(gpu->mgr, data->types, data->type_count);
	if (!err)
		err = nvvgpu_mgr_set_slots_enabled(gpu->mgr, emu_gpu_slots(gpu));
	if (err) {
		nvvgpu_mgr_stop(gpu->mgr);
		gpu->mgr = NULL;
	}
	return err;
}

int emu_gpu_boot(struct emu_gpu *gpu)
{
	int err;

	err = emu_fb_init(&gpu->fb, gpu->data->guest_fb_bytes, gpu->data->host_fb_bytes);
	if (err)
		return err;
	gpu->next_bus = DMA_FIRST_BUS;
	err = nvvgpu_emu_board_new(gpu->data, &machine_ops, gpu, &gpu->board);
	if (!err) {
		hw_describe(gpu);
		err = nvvgpu_core_start(&gpu->hw, &gpu->core);
	}
	if (err)
		emu_gpu_power_off(gpu);
	return err;
}

int emu_gpu_power_on(struct emu_gpu *gpu)
{
	int err;

	err = emu_gpu_boot(gpu);
	if (err)
		return err;
	err = emu_gpu_start_manager(gpu, &manager_host_ops, gpu);
	if (err)
		emu_gpu_power_off(gpu);
	return err;
}

void emu_gpu_power_off(struct emu_gpu *gpu)
{
	/* with a state directory the vGPUs outlive this instance: nothing is scrubbed */
	if (gpu->mgr && gpu->state.dir_fd >= 0)
		nvvgpu_mgr_stop_warm(gpu->mgr);
	else if (gpu->mgr)
		nvvgpu_mgr_stop(gpu->mgr);
	if (gpu->core)
		nvvgpu_core_stop(gpu->core);
	nvvgpu_emu_board_free(gpu->board);
	gpu->mgr = NULL;
	gpu->core = NULL;
	gpu->board = NULL;
	gpu->interrupt = false;
	emu_fb_fini(&gpu->fb);
}

void emu_gpu_settle(struct emu_gpu *gpu)
{
	/* the handler may make calls of its own, which may interrupt again */
	for (int rounds = 0; gpu->interrupt && gpu->core && rounds < 16; rounds++) {
		gpu->interrupt = false;
		nvvgpu_core_interrupt(gpu->core);
	}
}

/* ----------------------------------------------------------------- brackets */

int emu_gpu_begin(struct emu_gpu *gpu, enum emu_access access)
{
	bool stateful = gpu->state.dir_fd >= 0;
	int err = 0;

	pthread_mutex_lock(&gpu->lock);
	if (stateful && access == EMU_CHANGE)
		err = emu_state_lock(gpu);
	if (err)
		goto err_unlock;
	if (stateful && access != EMU_DEVICE)
		err = emu_state_load(gpu, access);
	else if (!gpu->board)
		err = emu_gpu_power_on(gpu);
	if (!err)
		return 0;
	if (stateful && access == EMU_CHANGE)
		emu_state_unlock(gpu);
err_unlock:
	pthread_mutex_unlock(&gpu->lock);
	return err;
}

int emu_gpu_end(struct emu_gpu *gpu, enum emu_access access)
{
	int err = 0;

	emu_gpu_settle(gpu);
	if (gpu->state.dir_fd >= 0 && access == EMU_CHANGE) {
		err = emu_state_commit(gpu);
		emu_state_unlock(gpu);
	}
	pthread_mutex_unlock(&gpu->lock);
	return err;
}

/* --------------------------------------------------------------------- life */

unsigned int emu_gpu_slots(const struct emu_gpu *gpu)
{
	return gpu->data->vfs_total ? gpu->data->vfs_total : gpu->data->instances;
}

unsigned int emu_gpu_vfs_now(struct emu_gpu *gpu)
{
	struct nvvgpu_ioctl_info info = { .size = sizeof(info) };

	if (!gpu->data->vfs_total ||
	    nvvgpu_mgr_ioctl(gpu->mgr, NVVGPU_IOCTL_INFO, (void __user *)&info, false))
		return 0;
	return info.slots_enabled;
}

/* A board that does not start has none. */
unsigned int emu_gpu_vfs(struct emu_gpu *gpu)
{
	unsigned int vfs;

	if (!gpu->data->vfs_total || emu_gpu_begin(gpu, EMU_READ))
		return 0;
	vfs = emu_gpu_vfs_now(gpu);
	emu_gpu_end(gpu, EMU_READ);
	return vfs;
}

static int switch_vfs(struct emu_gpu *gpu, unsigned int count)
{
	unsigned int now = emu_gpu_vfs_now(gpu);

	if (count == now)
		return 0;
	if ((count && now) || gpu->state.open_slots)
		return -EBUSY;
	if (!count)
		nvvgpu_mgr_forget_placements(gpu->mgr);
	return nvvgpu_mgr_set_slots_enabled(gpu->mgr, count);
}

int emu_gpu_set_vfs(struct emu_gpu *gpu, unsigned int count)
{
	int err, end;

	if (count > gpu->data->vfs_total)
		return -ERANGE;
	err = emu_gpu_begin(gpu, EMU_CHANGE);
	if (err)
		return err;
	err = switch_vfs(gpu, count);
	end = emu_gpu_end(gpu, EMU_CHANGE);
	return err ? err : end;
}

int emu_gpu_get_mixed(struct emu_gpu *gpu, bool *ret)
{
	struct nvvgpu_ioctl_info info = { .size = sizeof(info) };
	int err;

	if (!gpu->data->mixed_size)
		return -EOPNOTSUPP;
	err = emu_gpu_begin(gpu, EMU_READ);
	if (err)
		return err;
	err = nvvgpu_mgr_ioctl(gpu->mgr, NVVGPU_IOCTL_INFO, (void __user *)&info, false);
	emu_gpu_end(gpu, EMU_READ);
	if (!err)
		*ret = info.mode == NVVGPU_MODE_MIXED_SIZE;
	return err;
}

int emu_gpu_set_mixed(struct emu_gpu *gpu, bool mixed)
{
	struct nvvgpu_ioctl_mode mode = {
		.size = sizeof(mode),
		.mode = mixed ? NVVGPU_MODE_MIXED_SIZE : NVVGPU_MODE_EQUAL_SIZE,
	};
	int err, end;

	err = emu_gpu_begin(gpu, EMU_CHANGE);
	if (err)
		return err;
	err = nvvgpu_mgr_ioctl(gpu->mgr, NVVGPU_IOCTL_MODE_SET, (void __user *)&mode, true);
	end = emu_gpu_end(gpu, EMU_CHANGE);
	return err ? err : end;
}

/* Routing ids: VF n = PF + offset + n * stride (PCIe SR-IOV). */
void emu_gpu_vf_address(const struct emu_gpu *gpu, unsigned int slot, char *buf, size_t size)
{
	unsigned int devfn = gpu->data->vf_offset + slot * gpu->data->vf_stride;

	snprintf(buf, size, "0000:%02x:%02x.%x", gpu->bus + (devfn >> 8), (devfn >> 3) & 31,
		 devfn & 7);
}

int emu_gpu_init(struct emu_gpu *gpu, const struct nvvgpu_emu_board_data *data, unsigned int index)
{
	memset(gpu, 0, sizeof(*gpu));
	gpu->data = data;
	gpu->bus = EMU_FIRST_BUS + index;
	gpu->state.dir_fd = gpu->state.lock_fd = -1;
	gpu->fb.guest_fd = gpu->fb.host_fd = -1;
	snprintf(gpu->address, sizeof(gpu->address), "0000:%02x:00.0", gpu->bus);
	return -pthread_mutex_init(&gpu->lock, NULL);
}

void emu_gpu_fini(struct emu_gpu *gpu)
{
	emu_gpu_power_off(gpu);
	emu_state_fini(gpu);
	pthread_mutex_destroy(&gpu->lock);
}
