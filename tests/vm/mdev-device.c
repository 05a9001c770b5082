/* SPDX-License-Identifier: MIT */
/*
 * usage: mdev-device UUID TEST
 *
 * The VFIO device of an mdev that is a GRID T4-1B, as a VMM uses it.  TEST is one of those at the
 * end.  Says what is wrong, and fails.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include "expect.h"
#include "vfio-open.h"

#define MIB (1ull << 20)

/* The type, and what of a vGPU's registers is in kmod/emu/emu.h. */
#define VDEV_ID 0x1eb81309u
#define BAR0_BYTES (256ull << 10)
#define BAR1_BYTES (256 * MIB)
#define VECTORS 6
#define REG_BOOT1 0x4
#define REG_WINDOW 0x1700
#define REG_SCRATCH 0x1400

#define CONFIG VFIO_PCI_CONFIG_REGION_INDEX
#define BAR0 VFIO_PCI_BAR0_REGION_INDEX
#define BAR1 VFIO_PCI_BAR1_REGION_INDEX

static int fd;

/* ------------------------------------------------------------------- the device */

static off_t at(uint32_t index, uint64_t offset)
{
	return ((uint64_t)index << 40) + offset;
}

/* Little endian as the machine. */
static uint64_t get(uint32_t index, uint64_t offset, size_t len)
{
	uint64_t value = 0;

	expect_eq(pread(fd, &value, len, at(index, offset)), len);
	return value;
}

static void put(uint32_t index, uint64_t offset, size_t len, uint64_t value)
{
	expect_eq(pwrite(fd, &value, len, at(index, offset)), len);
}

static int set_irqs(uint32_t index, uint32_t flags, uint32_t start, uint32_t count,
		    const void *data, size_t len)
{
	char buf[sizeof(struct vfio_irq_set) + 64];
	struct vfio_irq_set *set = (void *)buf;

	*set = (struct vfio_irq_set){
		.argsz = sizeof(*set) + len, .flags = flags, .index = index,
		.start = start, .count = count,
	};
	memcpy(set->data, data, len);
	return ioctl(fd, VFIO_DEVICE_SET_IRQS, set);
}

/* ------------------------------------------------------------------------ tests */

static void test_info(void)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct vfio_irq_info irq = { .argsz = sizeof(irq) };

	expect(!ioctl(fd, VFIO_DEVICE_GET_INFO, &info));
	expect_eq(info.flags, VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET);
	expect_eq(info.num_regions, VFIO_PCI_NUM_REGIONS);
	expect_eq(info.num_irqs, VFIO_PCI_NUM_IRQS);
	for (irq.index = 0; irq.index < VFIO_PCI_NUM_IRQS; irq.index++) {
		expect(!ioctl(fd, VFIO_DEVICE_GET_IRQ_INFO, &irq));
		expect_eq(irq.count, irq.index == VFIO_PCI_MSIX_IRQ_INDEX ? VECTORS :
				     irq.index == VFIO_PCI_REQ_IRQ_INDEX);
	}
	expect_errno(ioctl(fd, VFIO_DEVICE_GET_IRQ_INFO, &irq), EINVAL);
	info.argsz = 8;
	expect_errno(ioctl(fd, VFIO_DEVICE_GET_INFO, &info), EINVAL);
	expect_errno(ioctl(fd, _IO(VFIO_TYPE, VFIO_BASE + 99)), ENOTTY);
}

static void test_regions(void)
{
	static const uint64_t sizes[VFIO_PCI_VGA_REGION_INDEX] = {
		[BAR0] = BAR0_BYTES, [BAR1] = BAR1_BYTES, [CONFIG] = 4096,
	};
	void *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t byte = 0;

	for (uint32_t i = 0; i < VFIO_PCI_VGA_REGION_INDEX; i++) {
		struct vfio_region_info info = { .argsz = sizeof(info), .index = i };

		expect(!ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &info));
		expect_eq(info.size, sizes[i]);
		expect_eq(info.offset, at(i, 0));
		expect_eq(info.flags, sizes[i] ? 3 : 0);
		/* an access ends with the region */
		expect_errno(pread(fd, &byte, 1, at(i, sizes[i])), EINVAL);
		if (sizes[i])
			expect_eq(pread(fd, &byte, 4, at(i, sizes[i] - 1)), 1);
		expect(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, at(i, 0)) == MAP_FAILED);
	}
	expect_errno(pread(fd, &byte, 1, at(VFIO_PCI_NUM_REGIONS, 0)), EINVAL);
	expect_errno(pread(fd, nowhere, 4, at(BAR0, 0)), EFAULT);
}

static void test_config(void)
{
	unsigned int cap, seen = 0;
	uint8_t whole[4096], part[4096];

	expect_eq(get(CONFIG, 0x00, 4), (VDEV_ID & 0xffff0000) | 0x10de);
	expect_eq(get(CONFIG, 0x08, 4) >> 8, 0x030000);
	expect_eq(get(CONFIG, 0x2c, 4), VDEV_ID << 16 | 0x10de);
	expect(get(CONFIG, 0x06, 2) & 0x10);
	for (cap = get(CONFIG, 0x34, 1); cap; cap = get(CONFIG, cap + 1, 1))
		seen |= 1u << get(CONFIG, cap, 1);
	expect_eq(seen, 1u << 0x01 | 1u << 0x10 | 1u << 0x11);
	put(CONFIG, 0x00, 4, 0);
	put(CONFIG, 0x2c, 8, 0);
	expect_eq(get(CONFIG, 0x00, 4), (VDEV_ID & 0xffff0000) | 0x10de);
	expect_eq(get(CONFIG, 0x2c, 4), VDEV_ID << 16 | 0x10de);
	put(CONFIG, 0x3c, 1, 11);
	expect_eq(get(CONFIG, 0x3c, 2), 11);
	put(CONFIG, 0x04, 2, 0xffff);
	expect_eq(get(CONFIG, 0x04, 2), 0x0406);
	put(CONFIG, 0x04, 2, 0);
	expect_eq(pread(fd, whole, sizeof(whole), at(CONFIG, 0)), sizeof(whole));
	expect_eq(pread(fd, part, 4095, at(CONFIG, 1)), 4095);
	expect(!memcmp(whole + 1, part, 4095));
}

static void test_bars(void)
{
	put(CONFIG, 0x10, 4, ~0u);
	expect_eq(get(CONFIG, 0x10, 4), (uint32_t)-BAR0_BYTES);
	put(CONFIG, 0x10, 4, 0xfea80000);
	expect_eq(get(CONFIG, 0x10, 4), 0xfea80000);
	put(CONFIG, 0x14, 8, ~0ull);
	expect_eq(get(CONFIG, 0x14, 8), -BAR1_BYTES | 0xc);
	put(CONFIG, 0x1c, 8, ~0ull);
	expect_eq(get(CONFIG, 0x1c, 8), 0);
	put(CONFIG, 0x30, 4, ~0u);
	expect_eq(get(CONFIG, 0x30, 4), 0);
}

static void test_registers(void)
{
	expect_eq(get(BAR0, REG_BOOT1, 4), 0x00020000);
	expect_eq(get(BAR0, REG_BOOT1 + 2, 1), 0x02);
	put(BAR0, REG_SCRATCH, 8, 0x8877665544332211);
	expect_eq(get(BAR0, REG_SCRATCH, 4), 0x44332211);
	expect_eq(get(BAR0, REG_SCRATCH + 3, 2), 0x5544);
	put(BAR0, REG_SCRATCH + 3, 2, 0xaabb);
	expect_eq(get(BAR0, REG_SCRATCH, 8), 0x887766aabb332211);
}

static void test_framebuffer(void)
{
	size_t len = 3 * MIB + 5;
	uint8_t *out = malloc(len), *in = malloc(len);

	for (size_t i = 0; i < len; i++)
		out[i] = i * 2654435761u >> 13;
	put(BAR0, REG_WINDOW, 4, 0);
	expect_eq(pwrite(fd, out, len, at(BAR1, 4097)), len);
	expect_eq(pread(fd, in, len, at(BAR1, 4097)), len);
	expect(!memcmp(in, out, len));
	expect_eq(get(BAR1, 4096, 1), 0);
	/* the window moves over the whole of it and no further */
	put(BAR0, REG_WINDOW, 4, (1024 * MIB - 65536) >> 16);
	put(BAR1, 65528, 8, 0x1122334455667788);
	expect_eq(get(BAR1, 65528, 8), 0x1122334455667788);
	expect_eq(pread(fd, in, 8, at(BAR1, 65536)), (unsigned long long)-1);
	put(BAR0, REG_WINDOW, 4, 0);
	expect_eq(get(BAR1, 4098, 1), out[1]);
	free(out);
	free(in);
}

static void test_interrupts(void)
{
	const uint32_t events = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	const uint32_t raise = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
	const uint32_t some = VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER;
	const uint32_t msix = VFIO_PCI_MSIX_IRQ_INDEX;
	int32_t fds[VECTORS + 1], bad = 9999, none = -1;
	uint64_t count;

	for (unsigned int i = 0; i < VECTORS; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fds[VECTORS] = -1;
	expect(!set_irqs(msix, events, 0, VECTORS, fds, VECTORS * sizeof(*fds)));
	expect(!set_irqs(msix, raise, 2, 2, NULL, 0));
	expect(!set_irqs(msix, some, 3, 2, (uint8_t[]){ 1, 0 }, 2));
	expect_errno(read(fds[1], &count, sizeof(count)), EAGAIN);
	expect(read(fds[2], &count, sizeof(count)) == sizeof(count) && count == 1);
	expect(read(fds[3], &count, sizeof(count)) == sizeof(count) && count == 2);
	expect_errno(read(fds[4], &count, sizeof(count)), EAGAIN);
	expect(!set_irqs(msix, events, 2, 1, &none, sizeof(none)));
	expect(!set_irqs(msix, raise, 2, 1, NULL, 0));
	expect_errno(read(fds[2], &count, sizeof(count)), EAGAIN);
	expect_errno(set_irqs(msix, events, 0, VECTORS + 1, fds, sizeof(fds)), EINVAL);
	expect_errno(set_irqs(msix, events, 5, 1, &bad, sizeof(bad)), EBADF);
	expect_errno(set_irqs(VFIO_PCI_INTX_IRQ_INDEX, raise, 0, 1, NULL, 0), EINVAL);
	expect_errno(set_irqs(msix, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, 0, 1, NULL,
			      0), ENOTTY);
	expect(!set_irqs(msix, raise, 0, 0, NULL, 0));
	expect(!set_irqs(msix, raise, 3, 1, NULL, 0));
	expect_errno(read(fds[3], &count, sizeof(count)), EAGAIN);
	expect(!set_irqs(VFIO_PCI_REQ_IRQ_INDEX, events, 0, 1, fds, sizeof(*fds)));
	/* what is left is given back with the device */
	expect(!set_irqs(msix, events, 0, VECTORS, fds, VECTORS * sizeof(*fds)));
}

static void leave_traces(void)
{
	put(CONFIG, 0x04, 2, 0x6);
	put(CONFIG, 0x3c, 1, 10);
	put(BAR0, REG_SCRATCH, 4, 0x1234);
	put(BAR0, REG_WINDOW, 4, 0);
	put(BAR1, 0, 8, 0x1234);
}

static void expect_none(void)
{
	expect_eq(get(CONFIG, 0x04, 2), 0);
	expect_eq(get(CONFIG, 0x3c, 1), 0);
	expect_eq(get(BAR0, REG_SCRATCH, 4), 0);
	expect_eq(get(BAR1, 0, 8), 0);
	/* and it works */
	put(BAR1, 0, 8, 0x5678);
	expect_eq(get(BAR1, 0, 8), 0x5678);
}

static void test_reset(void)
{
	leave_traces();
	expect(!ioctl(fd, VFIO_DEVICE_RESET));
	expect_none();
}

/* The bit in the PCI Express capability. */
static void test_flr(void)
{
	unsigned int cap = get(CONFIG, 0x34, 1);

	while (get(CONFIG, cap, 1) != 0x10)
		cap = get(CONFIG, cap + 1, 1);
	expect(get(CONFIG, cap + 4, 4) & 1u << 28);
	leave_traces();
	put(CONFIG, cap + 8, 2, 0x8000);
	expect_none();
	expect(!(get(CONFIG, cap + 8, 2) & 0x8000));
}

#define TEST(name) { #name, test_##name }

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	TEST(info),
	TEST(regions),
	TEST(config),
	TEST(bars),
	TEST(registers),
	TEST(framebuffer),
	TEST(interrupts),
	TEST(reset),
	TEST(flr),
};

int main(int argc, char **argv)
{
	struct vfio vfio;
	int err;

	if (argc != 3) {
		fprintf(stderr, "usage: mdev-device UUID TEST\n");
		return 2;
	}
	err = vfio_open(argv[1], &vfio);
	if (err)
		fail("%s: %s", argv[1], strerror(-err));
	fd = vfio.device;
	for (unsigned int i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		if (strcmp(tests[i].name, argv[2]))
			continue;
		tests[i].run();
		vfio_close(&vfio);
		return 0;
	}
	fail("no test %s", argv[2]);
}
