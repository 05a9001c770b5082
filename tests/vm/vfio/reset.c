/* SPDX-License-Identifier: MIT */
/* Resets of all kinds, closing and opening, power states. */
#include "device.h"

void test_reset(void)
{
	struct device device = device_open(0);
	uint32_t *memory = map_memory(&device);

	leave_traces(&device, 1000);
	expect_traces(&device, 1000);
	expect_eq(memory[2], model.memory ? 1004 : 0);
	put(&device, CONFIG, 0x10, 4, 0xfea80000);
	reset(&device);
	expect_eq(reg_get(&device, REG_WINDOW), 0);
	expect_traces(&device, 0);
	expect_eq(memory[2], 0);
	expect_eq(get(&device, CONFIG, 0x10, 4), 0);
	expect_eq(get(&device, CONFIG, 0x00, 4), (model.vdev_id >> 16) << 16 | 0x10de);
	expect_works(&device);
}

/* As a guest does it. */
void test_flr(void)
{
	struct device device = device_open(0);
	unsigned int at = capability(&device, 0x10) + 8;

	leave_traces(&device, 2000);
	put(&device, CONFIG, at, 2, get(&device, CONFIG, at, 2) | 0x8000);
	expect_traces(&device, 0);
	expect_works(&device);
}

/* The bus master bit survives a reset by VFIO, and so does what it stands for. */
void test_reset_keeps_dma(void)
{
	struct device device = device_open(0);
	uint8_t *memory = guest_memory(MIB);
	int fd = vector(&device, 0);

	dma_map(&device, memory, IOVA, MIB, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	bus_master(&device, true);
	reset(&device);
	expect(get(&device, CONFIG, 4, 2) & 4);
	reg_put(&device, REG_DOORBELL, 0);
	expect(raised(fd, 5000));
	expect_eq(copy(&device, IOVA, 0, 4096, COPY_TO_FB), 0);
}

/* An mdev is as new, its command register, too. */
void test_reset_ends_dma(void)
{
	struct device device = device_open(0);
	uint8_t *memory = guest_memory(MIB);

	dma_map(&device, memory, IOVA, MIB, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	bus_master(&device, true);
	expect_eq(copy(&device, IOVA, 0, 4096, COPY_TO_FB), 0);
	reset(&device);
	expect_eq(get(&device, CONFIG, 4, 2), 0);
	expect_eq(copy(&device, IOVA, 0, 4096, COPY_TO_FB), EACCES);
	bus_master(&device, true);
	expect_eq(copy(&device, IOVA, 0, 4096, COPY_TO_FB), 0);
}

/* What the framebuffer holds stays, the function's own memory does not. */
void test_reopen(void)
{
	struct device device = device_open(0);

	leave_traces(&device, 3000);
	device_close(&device);
	device = device_open(0);
	expect(fb_is(&device, 500 * MIB, MIB, 3000));
	expect_eq(reg_get(&device, PLAIN + 8), 0);
	expect_eq(get(&device, CONFIG, 4, 2) & 4, 0);
	reset(&device);
	expect_traces(&device, 0);
}

static void sleeping(struct device *device, bool asleep)
{
	put(device, CONFIG, capability(device, 0x01) + 4, 2, asleep ? 3 : 0);
}

void test_power(void)
{
	struct device device = device_open(0);
	uint32_t value;

	leave_traces(&device, 4000);
	sleeping(&device, true);
	expect_eq(get(&device, CONFIG, capability(&device, 0x01) + 4, 2) & 3, 3);
	expect_errno(region_read(&device, BAR0, REG_BOOT1, &value, 4), EIO);
	expect_errno(region_read(&device, BAR1, 0, &value, 4), EIO);
	expect_errno(region_read(&device, BAR0, PLAIN, &value, 4), EIO);
	sleeping(&device, false);
	expect(fb_is(&device, 500 * MIB, MIB, 4000));
	sleeping(&device, true);
	reset(&device);
	expect_works(&device);
}
