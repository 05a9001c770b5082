/* SPDX-License-Identifier: MIT */
/* Configuration space: what belongs to the type, sizing, accesses of all sizes and places. */
#include "device.h"

/* -------------------------------------------------------- configuration space */

void test_config_ids(void)
{
	struct device device = device_open(0);
	unsigned int at, seen = 0;

	expect_eq(get(&device, CONFIG, 0x00, 2), 0x10de);
	expect_eq(get(&device, CONFIG, 0x02, 2), model.vdev_id >> 16);
	expect_eq(get(&device, CONFIG, 0x08, 4) >> 8, 0x030000);
	expect_eq(get(&device, CONFIG, 0x2c, 2), 0x10de);
	expect_eq(get(&device, CONFIG, 0x2e, 2), model.vdev_id & 0xffff);
	expect_eq(get(&device, CONFIG, 0x30, 4), 0);
	expect_eq(get(&device, CONFIG, 0x3d, 1), 0);
	expect(get(&device, CONFIG, 0x06, 2) & 0x10);
	for (at = get(&device, CONFIG, 0x34, 1); at; at = get(&device, CONFIG, at + 1, 1))
		seen |= 1u << get(&device, CONFIG, at, 1);
	expect_eq(seen & (1u << 0x01 | 1u << 0x10 | 1u << 0x11),
		  1u << 0x01 | 1u << 0x10 | 1u << 0x11);
	for (at = 0; at < 4; at++)
		put(&device, CONFIG, at, 1, 0x5a);
	put(&device, CONFIG, 0x2c, 4, 0);
	put(&device, CONFIG, 0x3d, 1, 1);
	expect_eq(get(&device, CONFIG, 0x00, 4), (model.vdev_id >> 16) << 16 | 0x10de);
	expect_eq(get(&device, CONFIG, 0x2c, 4), (model.vdev_id & 0xffff) << 16 | 0x10de);
	expect_eq(get(&device, CONFIG, 0x3d, 1), 0);
}

void test_bar_sizing(void)
{
	struct device device = device_open(0);

	put(&device, CONFIG, 0x10, 4, ~0u);
	expect_eq(get(&device, CONFIG, 0x10, 4), (uint32_t)-BAR0_BYTES);
	put(&device, CONFIG, 0x10, 4, 0xfea80000);
	expect_eq(get(&device, CONFIG, 0x10, 4), 0xfea80000);
	put(&device, CONFIG, 0x14, 8, ~0ull);
	expect_eq(get(&device, CONFIG, 0x14, 8), -BAR1_BYTES | 0xc);
	put(&device, CONFIG, 0x14, 4, 0x30000000);
	put(&device, CONFIG, 0x18, 4, 0x12);
	expect_eq(get(&device, CONFIG, 0x14, 8), 0x123000000cull);
	put(&device, CONFIG, 0x1c, 4, ~0u);
	expect_eq(get(&device, CONFIG, 0x1c, 8), (uint32_t)-(32 * MIB) | 0xc);
	put(&device, CONFIG, 0x24, 4, ~0u);
	expect_eq(get(&device, CONFIG, 0x24, 4), 0);
	put(&device, CONFIG, 0x30, 4, ~0u);
	expect_eq(get(&device, CONFIG, 0x30, 4), 0);
	/* a byte at a time, and across BARs */
	put(&device, CONFIG, 0x10, 4, 0);
	for (unsigned int i = 0; i < 4; i++)
		put(&device, CONFIG, 0x10 + i, 1, 0xff);
	expect_eq(get(&device, CONFIG, 0x10, 4), (uint32_t)-BAR0_BYTES);
	put(&device, CONFIG, 0x12, 8, 0);
	expect_eq(get(&device, CONFIG, 0x10, 8), 0x0000000c00000000ull);
	expect_eq(get(&device, CONFIG, 0x18, 4), 0);
}

/* What any access sees are the same bytes. */
void test_config_sizes(void)
{
	struct device device = device_open(0);
	uint8_t whole[4096], part[4096];

	expect_eq(region_read(&device, CONFIG, 0, whole, sizeof(whole)), sizeof(whole));
	for (unsigned int at = 0; at < 320; at++) {
		for (unsigned int len = 1; len <= 17; len++) {
			expect_eq(region_read(&device, CONFIG, at, part, len), len);
			if (memcmp(part, whole + at, len))
				fail("%u bytes at 0x%x differ", len, at);
		}
	}
	expect_eq(region_read(&device, CONFIG, 1, part, 4095), 4095);
	expect(!memcmp(part, whole + 1, 4095));
}

void test_bounds(void)
{
	struct device device = device_open(0);
	static const uint32_t indices[] = { CONFIG, BAR0, BAR1, BAR3 };
	static const uint64_t sizes[] = { 4096, BAR0_BYTES, BAR1_BYTES, 32 * MIB };
	void *nowhere = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t buf[32];

	for (unsigned int i = 0; i < 4; i++) {
		expect_eq(region_read(&device, indices[i], sizes[i] - 4, buf, 16), 4);
		expect_eq(region_write(&device, indices[i], sizes[i] - 1, buf, 16), 1);
		expect_errno(region_read(&device, indices[i], sizes[i], buf, 1), EINVAL);
		expect_errno(region_write(&device, indices[i], sizes[i], buf, 1), EINVAL);
		expect_errno(region_read(&device, indices[i], sizes[i] + MIB, buf, 1), EINVAL);
		expect_eq(region_read(&device, indices[i], 0, buf, 0), 0);
	}
	expect_errno(region_read(&device, 2, 0, buf, 4), EINVAL);
	expect_errno(region_read(&device, 5, 0, buf, 4), EINVAL);
	expect_errno(region_read(&device, VFIO_PCI_ROM_REGION_INDEX, 0, buf, 4), EINVAL);
	expect_errno(pread(device.fd, buf, 4, 8ull << 40), EINVAL);
	expect_errno(pread(device.fd, buf, 4, 9ull << 40), EINVAL);
	expect_errno(pread(device.fd, nowhere, 4, device.offset[BAR1]), EFAULT);
	expect_errno(pread(device.fd, nowhere, 4, device.offset[CONFIG]), EFAULT);
	expect_errno(pread(device.fd, nowhere, 4, device.offset[BAR0] + REG_BOOT1), EFAULT);
}

/* ----------------------------------------------------------------------- fuzz */

static void fuzz_config(struct device *device)
{
	uint8_t buf[4096];
	unsigned int at = any() % (any() % 2 ? 256 : 4096);
	unsigned int len = any() % 4 ? 1 + any() % 8 : 1 + any() % 4096;
	ssize_t n;

	for (unsigned int i = 0; i < len; i++)
		buf[i] = any() % 4 ? any() : any() % 2 ? 0xff : 0;
	if (at + len > 4096)
		len = 4096 - at;
	n = any() % 2 ? region_read(device, CONFIG, at, buf, len) :
			region_write(device, CONFIG, at, buf, len);
	if (n != (ssize_t)len)
		fail("%u bytes at 0x%x: %zd, errno %d", len, at, n, errno);
}

void test_fuzz_config(void)
{
	struct device device = device_open(0);

	for (uint64_t i = 0; i < fuzz_count; i++)
		fuzz_config(&device);
	put(&device, CONFIG, capability(&device, 0x01) + 4, 2, 0);
	reset(&device);
	expect_eq(get(&device, CONFIG, 0x00, 4), (model.vdev_id >> 16) << 16 | 0x10de);
	expect_traces(&device, 0);
	expect_works(&device);
}

/* Registers that the model has included; what comes out is all the same. */
void test_fuzz_bar0(void)
{
	struct device device = device_open(0);
	uint8_t buf[8192];

	for (uint64_t i = 0; i < fuzz_count / 10; i++) {	/* a register takes a while */
		unsigned int at = any() % BAR0_BYTES;
		unsigned int len = any() % 8 ? 1 + any() % 16 : 1 + any() % sizeof(buf);

		if (any() % 4 == 0)
			at = (any() % 2 ? 0x1400 : 0x30080) + any() % 0x400;
		if (at + len > BAR0_BYTES)
			len = BAR0_BYTES - at;
		if (any() % 2)
			expect_eq(region_read(&device, BAR0, at, buf, len), len);
		else
			expect_eq(region_write(&device, BAR0, at, buf, len), len);
	}
	reset(&device);
	expect_traces(&device, 0);
	expect_works(&device);
}
