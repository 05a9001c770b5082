/* SPDX-License-Identifier: MIT */
/*
 * usage: vfio-device [--seed N] [--count N] [TEST]...
 *
 * The VFIO devices of two vGPUs through the stock uAPI, as a VMM uses them: regions, mappings,
 * configuration space, interrupts, DMA, reset, migration; one vGPU against the other.  It turns
 * on two virtual functions of the first board, puts a vGPU on each, and takes all back.  Each
 * test runs in a process of its own.  Prints TAP.
 */
#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <uapi/nvvgpu.h>
#include "vfio-open.h"

#ifndef VFIO_DEVICE_FEATURE_MIG_DATA_SIZE	/* 6.2 */
#define VFIO_DEVICE_FEATURE_MIG_DATA_SIZE 9
#endif

/* The virtual function of an emulated board: kmod/emu/emu.h. */
#define BAR0_BYTES 0x40000
#define TRAP_PAGES (1ull << 0x0 | 1ull << 0x1 | 1ull << 0x3 | 1ull << 0xf | 1ull << 0x10 | \
		    1ull << 0x30)
#define REG_BOOT1 0x4
#define REG_WINDOW 0x1700
#define REG_SCRATCH(n) (0x1400 + 4 * (n))
#define REG_DOORBELL 0x30090
#define REG_COPY_BUS_LO 0x300a0
#define REG_COPY_BUS_HI 0x300a4
#define REG_COPY_FB_LO 0x300a8
#define REG_COPY_FB_HI 0x300ac
#define REG_COPY_BYTES 0x300b0
#define REG_COPY_COMMAND 0x300b4
#define COPY_TO_FB 1
#define COPY_FROM_FB 2
#define REG_COPY_STATUS 0x300b8
#define MSIX_TABLE 0x10000
#define MSIX_VECTORS 6
#define PLAIN 0x4000		/* a page of BAR0 that is memory */

#define TYPE_ID 871		/* L40-1Q */
#define VDEV_ID 0x26b5176f
#define FRAMEBUFFER (1ull << 30)
#define BAR1_BYTES (256ull << 20)

#define PAGE 4096ull
#define MIB (1ull << 20)

#define CONFIG VFIO_PCI_CONFIG_REGION_INDEX
#define BAR0 VFIO_PCI_BAR0_REGION_INDEX
#define BAR1 VFIO_PCI_BAR1_REGION_INDEX
#define BAR3 VFIO_PCI_BAR3_REGION_INDEX

/* The board: its node, and the two functions with their vGPUs (0: none). */
static char pf[NAME_MAX + 1];
static char functions[2][NAME_MAX + 1];
static uint32_t vgpus[2];
static uint64_t seed, fuzz_count = 3000;

/* ------------------------------------------------------------------ what fails */

/* Ends the test that finds it, a process of its own. */
static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	fflush(stdout);
	_exit(1);
}

#define expect(condition)							\
	do {									\
		if (!(condition))						\
			fail("line %d: %s (errno %d)", __LINE__, #condition, errno); \
	} while (0)

#define expect_eq(got, wanted)							\
	do {									\
		unsigned long long _got = (got), _wanted = (wanted);		\
		if (_got != _wanted)						\
			fail("line %d: %s is 0x%llx, not 0x%llx", __LINE__, #got, _got, _wanted); \
	} while (0)

/* The call fails with this errno. */
#define expect_errno(call, wanted)						\
	do {									\
		errno = 0;							\
		if ((call) != -1 || errno != (wanted))				\
			fail("line %d: %s: errno %d, not %d", __LINE__, #call, errno, wanted); \
	} while (0)

static uint64_t random_state;

static uint32_t any(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return random_state >> 32;
}

static void pattern(void *buf, size_t len, uint64_t number)
{
	uint64_t word = number * 0x9e3779b97f4a7c15u;
	uint8_t *bytes = buf;

	for (size_t i = 0; i < len; i++) {
		if (i % 8 == 0)
			word = word * 6364136223846793005u + 1442695040888963407u;
		bytes[i] = word >> (8 * (i % 8));
	}
}

static bool all(const void *buf, size_t len, uint8_t byte)
{
	const uint8_t *bytes = buf;

	for (size_t i = 0; i < len; i++)
		if (bytes[i] != byte)
			return false;
	return true;
}

/* ------------------------------------------------------------------- the device */

struct device {
	struct vfio vfio;
	int fd;
	uint64_t offset[VFIO_PCI_NUM_REGIONS];
};

static void region_info(struct device *device, uint32_t index, struct vfio_region_info *info)
{
	*info = (struct vfio_region_info){ .argsz = sizeof(*info), .index = index };
	expect(!ioctl(device->fd, VFIO_DEVICE_GET_REGION_INFO, info));
}

static struct device device_open(int number)
{
	struct vfio_region_info info;
	struct device device;
	int err = vfio_open(functions[number], &device.vfio);

	if (err)
		fail("%s: %s", functions[number], strerror(-err));
	device.fd = device.vfio.device;
	for (uint32_t i = 0; i < VFIO_PCI_VGA_REGION_INDEX; i++) {
		region_info(&device, i, &info);
		device.offset[i] = info.offset;
	}
	return device;
}

static void device_close(struct device *device)
{
	vfio_close(&device->vfio);
}

static ssize_t region_read(struct device *device, uint32_t index, uint64_t at, void *buf,
			   size_t len)
{
	return pread(device->fd, buf, len, device->offset[index] + at);
}

static ssize_t region_write(struct device *device, uint32_t index, uint64_t at, const void *buf,
			    size_t len)
{
	return pwrite(device->fd, buf, len, device->offset[index] + at);
}

/* All of it, little endian as the machine. */
static uint64_t get(struct device *device, uint32_t index, uint64_t at, size_t len)
{
	uint64_t value = 0;
	ssize_t n = region_read(device, index, at, &value, len);

	if (n != (ssize_t)len)
		fail("region %u, %zu bytes at 0x%llx: read %zd, errno %d", index, len,
		     (unsigned long long)at, n, errno);
	return value;
}

static void put(struct device *device, uint32_t index, uint64_t at, size_t len, uint64_t value)
{
	ssize_t n = region_write(device, index, at, &value, len);

	if (n != (ssize_t)len)
		fail("region %u, %zu bytes at 0x%llx: written %zd, errno %d", index, len,
		     (unsigned long long)at, n, errno);
}

static uint32_t reg_get(struct device *device, uint32_t reg)
{
	return get(device, BAR0, reg, 4);
}

static void reg_put(struct device *device, uint32_t reg, uint32_t value)
{
	put(device, BAR0, reg, 4, value);
}

/* Framebuffer through the aperture, at its start. */
static void fb_move(struct device *device, uint64_t at)
{
	reg_put(device, REG_WINDOW, at >> 16);
}

static void fb_write(struct device *device, uint64_t at, const void *buf, size_t len)
{
	fb_move(device, at);
	expect_eq(region_write(device, BAR1, at % 65536, buf, len), len);
}

static void fb_read(struct device *device, uint64_t at, void *buf, size_t len)
{
	fb_move(device, at);
	expect_eq(region_read(device, BAR1, at % 65536, buf, len), len);
}

static bool fb_is(struct device *device, uint64_t at, size_t len, uint64_t number)
{
	uint8_t *got = malloc(len), *wanted = malloc(len);
	bool same;

	fb_read(device, at, got, len);
	pattern(wanted, len, number);
	same = number ? !memcmp(got, wanted, len) : all(got, len, 0);
	free(got);
	free(wanted);
	return same;
}

static void fb_fill(struct device *device, uint64_t at, size_t len, uint64_t number)
{
	uint8_t *buf = malloc(len);

	pattern(buf, len, number);
	fb_write(device, at, buf, len);
	free(buf);
}

static void bus_master(struct device *device, bool on)
{
	uint16_t command = get(device, CONFIG, 4, 2) & ~4;

	put(device, CONFIG, 4, 2, command | (on ? 4 : 0));
}

static void reset(struct device *device)
{
	expect(!ioctl(device->fd, VFIO_DEVICE_RESET));
}

static void *map(struct device *device, uint32_t index, uint64_t at, size_t len, int flags)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, flags, device->fd,
		    device->offset[index] + at);
}

/* ---------------------------------------------------------------- information */

static void test_info(void)
{
	struct device device = device_open(0);
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct vfio_irq_info irq = { .argsz = sizeof(irq), .index = VFIO_PCI_MSIX_IRQ_INDEX };
	struct vfio_device_ioeventfd write = { .argsz = sizeof(write), .fd = -1,
		.flags = VFIO_DEVICE_IOEVENTFD_32, .offset = REG_DOORBELL };

	expect(!ioctl(device.fd, VFIO_DEVICE_GET_INFO, &info));
	expect_eq(info.flags & (VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET),
		  VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET);
	expect_eq(info.num_regions, VFIO_PCI_NUM_REGIONS);
	expect_eq(info.num_irqs, VFIO_PCI_NUM_IRQS);
	expect(!ioctl(device.fd, VFIO_DEVICE_GET_IRQ_INFO, &irq));
	expect_eq(irq.count, MSIX_VECTORS);
	irq.index = VFIO_PCI_INTX_IRQ_INDEX;
	expect(!ioctl(device.fd, VFIO_DEVICE_GET_IRQ_INFO, &irq));
	expect_eq(irq.count, 0);
	expect_errno(ioctl(device.fd, VFIO_DEVICE_IOEVENTFD, &write), ENOTTY);
	expect_errno(ioctl(device.fd, _IO(VFIO_TYPE, VFIO_BASE + 99)), ENOTTY);
}

static void test_regions(void)
{
	static const uint64_t sizes[] = {
		[BAR0] = BAR0_BYTES, [BAR1] = BAR1_BYTES, [BAR3] = 32 * MIB, [CONFIG] = 4096,
	};
	struct device device = device_open(0);
	struct vfio_region_info info;

	for (uint32_t i = 0; i < VFIO_PCI_VGA_REGION_INDEX; i++) {
		region_info(&device, i, &info);
		expect_eq(info.size, sizes[i]);
		expect_eq(info.flags & 3, sizes[i] ? 3 : 0);
		expect_eq(!!(info.flags & VFIO_REGION_INFO_FLAG_MMAP), i == BAR0);
	}
	for (uint32_t i = VFIO_PCI_VGA_REGION_INDEX; i < 12; i++) {
		info = (struct vfio_region_info){ .argsz = sizeof(info), .index = i };
		expect_errno(ioctl(device.fd, VFIO_DEVICE_GET_REGION_INFO, &info), EINVAL);
	}
	info = (struct vfio_region_info){ .argsz = sizeof(info) - 1 };
	expect_errno(ioctl(device.fd, VFIO_DEVICE_GET_REGION_INFO, &info), EINVAL);
}

/* Whole structure with the areas, in room that is as large as the kernel asks for. */
static struct vfio_region_info_cap_sparse_mmap *sparse(struct device *device)
{
	struct vfio_info_cap_header *header;
	struct vfio_region_info *info, small;

	region_info(device, BAR0, &small);
	expect(small.flags & VFIO_REGION_INFO_FLAG_CAPS);
	expect(small.argsz > sizeof(small));
	expect_eq(small.cap_offset, 0);
	info = calloc(1, small.argsz);
	info->argsz = small.argsz;
	expect(!ioctl(device->fd, VFIO_DEVICE_GET_REGION_INFO, info));
	expect(info->cap_offset >= sizeof(*info));
	header = (void *)((char *)info + info->cap_offset);
	while (header->id != VFIO_REGION_INFO_CAP_SPARSE_MMAP) {
		expect(header->next);
		header = (void *)((char *)info + header->next);
	}
	return (void *)header;
}

static void test_sparse(void)
{
	struct device device = device_open(0);
	struct vfio_region_info_cap_sparse_mmap *cap = sparse(&device);
	uint64_t pages = 0;

	expect(cap->nr_areas >= 1 && cap->nr_areas <= 8);
	for (uint32_t i = 0; i < cap->nr_areas; i++) {
		expect(cap->areas[i].size && cap->areas[i].size % PAGE == 0);
		expect(cap->areas[i].offset % PAGE == 0);
		expect(cap->areas[i].offset + cap->areas[i].size <= BAR0_BYTES);
		for (uint64_t at = 0; at < cap->areas[i].size; at += PAGE) {
			uint64_t page = 1ull << (cap->areas[i].offset + at) / PAGE;

			expect(!(pages & page));
			pages |= page;
		}
	}
	expect_eq(pages, ~TRAP_PAGES);
}

static void test_mmap(void)
{
	struct device device = device_open(0);
	struct vfio_region_info_cap_sparse_mmap *cap = sparse(&device);
	uint32_t *memory;

	for (uint32_t i = 0; i < cap->nr_areas; i++) {
		memory = map(&device, BAR0, cap->areas[i].offset, cap->areas[i].size, MAP_SHARED);
		expect(memory != MAP_FAILED);
		for (uint64_t at = 0; at < cap->areas[i].size; at += PAGE) {
			uint32_t value = any();

			memory[at / 4 + 3] = value;
			expect_eq(reg_get(&device, cap->areas[i].offset + at + 12), value);
			reg_put(&device, cap->areas[i].offset + at + 12, ~value);
			expect_eq(memory[at / 4 + 3], (uint32_t)~value);
		}
		munmap(memory, cap->areas[i].size);
	}
}

static void test_mmap_refused(void)
{
	struct device device = device_open(0);

	for (unsigned int page = 0; page < 64; page++) {
		void *memory = map(&device, BAR0, page * PAGE, PAGE, MAP_SHARED);

		expect_eq(memory == MAP_FAILED, TRAP_PAGES >> page & 1);
		if (memory == MAP_FAILED)
			expect_eq(errno, EINVAL);
	}
	expect(map(&device, BAR0, 0, BAR0_BYTES, MAP_SHARED) == MAP_FAILED);
	expect(map(&device, BAR0, 2 * PAGE, 2 * PAGE, MAP_SHARED) == MAP_FAILED);
	expect(map(&device, BAR0, 0xe * PAGE, 4 * PAGE, MAP_SHARED) == MAP_FAILED);
	expect(map(&device, BAR0, 0x3f * PAGE, 2 * PAGE, MAP_SHARED) == MAP_FAILED);
	expect(map(&device, BAR0, BAR0_BYTES, PAGE, MAP_SHARED) == MAP_FAILED);
	expect(map(&device, BAR0, PLAIN, PAGE, MAP_PRIVATE) == MAP_FAILED);
	expect(map(&device, BAR1, 0, PAGE, MAP_SHARED) == MAP_FAILED);
	expect(map(&device, BAR3, 0, PAGE, MAP_SHARED) == MAP_FAILED);
	expect(map(&device, CONFIG, 0, PAGE, MAP_SHARED) == MAP_FAILED);
	expect(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, device.fd, 20ull << 40) == MAP_FAILED);
}

/* --------------------------------------------------------- configuration space */

static void test_config_ids(void)
{
	struct device device = device_open(0);
	unsigned int at, seen = 0;

	expect_eq(get(&device, CONFIG, 0x00, 2), 0x10de);
	expect_eq(get(&device, CONFIG, 0x02, 2), VDEV_ID >> 16);
	expect_eq(get(&device, CONFIG, 0x08, 4) >> 8, 0x030000);
	expect_eq(get(&device, CONFIG, 0x2c, 2), 0x10de);
	expect_eq(get(&device, CONFIG, 0x2e, 2), VDEV_ID & 0xffff);
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
	expect_eq(get(&device, CONFIG, 0x00, 4), (VDEV_ID >> 16) << 16 | 0x10de);
	expect_eq(get(&device, CONFIG, 0x2c, 4), (VDEV_ID & 0xffff) << 16 | 0x10de);
	expect_eq(get(&device, CONFIG, 0x3d, 1), 0);
}

static void test_bar_sizing(void)
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
static void test_config_sizes(void)
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

static void test_bounds(void)
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

/* ------------------------------------------------------------------------- BARs */

static void test_registers(void)
{
	struct device device = device_open(0);
	uint8_t buf[16], got[16];

	expect_eq(reg_get(&device, REG_BOOT1), 0x00020000);
	expect_eq(get(&device, BAR0, REG_BOOT1 + 2, 2), 0x0002);
	expect_eq(get(&device, BAR0, REG_BOOT1 + 2, 1), 0x02);
	expect_eq(get(&device, BAR0, REG_BOOT1, 8), 0x00020000);
	expect_eq(get(&device, BAR0, 0, 8), 0x00020000ull << 32);
	reg_put(&device, REG_SCRATCH(0), 0x11223344);
	put(&device, BAR0, REG_SCRATCH(0) + 1, 1, 0xaa);
	expect_eq(reg_get(&device, REG_SCRATCH(0)), 0x1122aa44);
	put(&device, BAR0, REG_SCRATCH(0) + 2, 4, 0x55667788);
	expect_eq(get(&device, BAR0, REG_SCRATCH(0), 8), 0x000055667788aa44ull);
	put(&device, BAR0, REG_SCRATCH(2), 8, 0x0123456789abcdefull);
	expect_eq(reg_get(&device, REG_SCRATCH(2)), 0x89abcdef);
	expect_eq(reg_get(&device, REG_SCRATCH(3)), 0x01234567);
	/* from memory into registers and on: page 0xe is memory, 0xf is not */
	memset(buf, 0x77, sizeof(buf));
	expect_eq(region_write(&device, BAR0, 0xeff8, buf, 16), 16);
	expect_eq(region_read(&device, BAR0, 0xeff8, got, 16), 16);
	expect(all(got, 8, 0x77) && all(got + 8, 8, 0));
	/* the table of vectors is the kernel's */
	put(&device, BAR0, MSIX_TABLE, 4, 0);
	expect_eq(reg_get(&device, MSIX_TABLE), ~0u);
	expect_eq(reg_get(&device, MSIX_TABLE + 16 * MSIX_VECTORS - 4), ~0u);
}

static void test_framebuffer(void)
{
	struct device device = device_open(0);
	static const size_t sizes[] = { 1, 3, 4096, 65536, 65537, 1 << 20, 3 << 20 };
	uint8_t byte = 1, buf[65536 + 1];

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint64_t at = (100 + 10 * i) * MIB + 12345;

		fb_fill(&device, at, sizes[i], i + 1);
		expect(fb_is(&device, at, sizes[i], i + 1));
		expect(fb_is(&device, at - 64, 64, 0));
		expect(fb_is(&device, at + sizes[i], 64, 0));
	}
	/* the aperture ends with the framebuffer, not before */
	fb_move(&device, FRAMEBUFFER - 65536);
	expect_eq(region_write(&device, BAR1, 65535, &byte, 1), 1);
	expect_errno(region_read(&device, BAR1, 65536, &byte, 1), ERANGE);
	expect_errno(region_write(&device, BAR1, 65536, &byte, 1), ERANGE);
	expect_eq(region_read(&device, BAR1, 0, buf, sizeof(buf)), 65536);
	fb_move(&device, FRAMEBUFFER);
	expect_errno(region_read(&device, BAR1, 0, &byte, 1), ERANGE);
	reg_put(&device, REG_WINDOW, ~0u);
	expect_errno(region_read(&device, BAR1, 0, &byte, 1), ERANGE);
}

static void test_bar3(void)
{
	struct device device = device_open(0);
	uint8_t *buf = malloc(MIB);

	memset(buf, 0, MIB);
	expect_eq(region_write(&device, BAR3, 4096, buf, MIB), MIB);
	expect_eq(region_read(&device, BAR3, 4096, buf, MIB), MIB);
	expect(all(buf, MIB, 0xff));
}

/* A transfer ends when its process is killed. */
static void test_kill(void)
{
	struct device device = device_open(0);
	struct timespec start, end;
	int pipes[2], status;
	char byte;
	pid_t pid;

	expect(!pipe(pipes));
	pid = fork();
	expect(pid >= 0);
	if (!pid) {
		void *buf = malloc(BAR1_BYTES);

		expect_eq(write(pipes[1], "", 1), 1);
		for (;;)
			region_read(&device, BAR1, 0, buf, BAR1_BYTES);
	}
	expect_eq(read(pipes[0], &byte, 1), 1);
	usleep(200000);
	clock_gettime(CLOCK_MONOTONIC, &start);
	kill(pid, SIGKILL);
	expect_eq(waitpid(pid, &status, 0), pid);
	clock_gettime(CLOCK_MONOTONIC, &end);
	expect(end.tv_sec - start.tv_sec <= 2);
}

/* ------------------------------------------------------------------- interrupts */

static int vector(struct device *device, uint32_t number)
{
	char buf[sizeof(struct vfio_irq_set) + sizeof(int32_t)]
		__attribute__((aligned(__alignof__(struct vfio_irq_set))));
	struct vfio_irq_set *set = (void *)buf;
	int32_t fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	expect(fd >= 0);
	*set = (struct vfio_irq_set){
		.argsz = sizeof(buf),
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
		.start = number,
		.count = 1,
	};
	memcpy(set->data, &fd, sizeof(fd));
	expect(!ioctl(device->fd, VFIO_DEVICE_SET_IRQS, set));
	return fd;
}

/* All six vectors at once: what was enabled cannot grow on kernels before 6.5. */
static void vectors(struct device *device, int *fds)
{
	char buf[sizeof(struct vfio_irq_set) + MSIX_VECTORS * sizeof(int32_t)]
		__attribute__((aligned(__alignof__(struct vfio_irq_set))));
	struct vfio_irq_set *set = (void *)buf;

	*set = (struct vfio_irq_set){
		.argsz = sizeof(buf),
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
		.count = MSIX_VECTORS,
	};
	for (int i = 0; i < MSIX_VECTORS; i++) {
		fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		expect(fds[i] >= 0);
		memcpy(set->data + i * sizeof(*fds), &fds[i], sizeof(*fds));
	}
	expect(!ioctl(device->fd, VFIO_DEVICE_SET_IRQS, set));
}

/* How often it was raised, waiting for the first time. */
static uint64_t raised(int fd, int timeout_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	uint64_t count = 0;

	if (poll(&wait, 1, timeout_ms) == 1)
		expect_eq(read(fd, &count, sizeof(count)), sizeof(count));
	return count;
}

static void test_interrupt(void)
{
	struct device device = device_open(0);
	int fds[MSIX_VECTORS];

	vectors(&device, fds);
	reg_put(&device, REG_DOORBELL, 0);
	expect_eq(raised(fds[0], 200), 0);
	bus_master(&device, true);
	for (int i = 0; i < 3; i++) {
		reg_put(&device, REG_DOORBELL, 1);
		expect_eq(raised(fds[0], 5000), 1);
	}
	for (int i = 1; i < MSIX_VECTORS; i++)
		expect_eq(raised(fds[i], 0), 0);
	bus_master(&device, false);
	reg_put(&device, REG_DOORBELL, 0);
	expect_eq(raised(fds[0], 200), 0);
	/* one byte of the command register, and none of it */
	put(&device, CONFIG, 4, 1, get(&device, CONFIG, 4, 1) | 4);
	put(&device, CONFIG, 5, 1, get(&device, CONFIG, 5, 1));
	reg_put(&device, REG_DOORBELL, 0);
	expect_eq(raised(fds[0], 5000), 1);
}

/* -------------------------------------------------------------------------- DMA */

#define IOVA 0x100000000ull

static void dma_map(struct device *device, void *memory, uint64_t iova, size_t len, uint32_t flags)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = flags,
		.vaddr = (uintptr_t)memory,
		.iova = iova,
		.size = len,
	};

	expect(!ioctl(device->vfio.container, VFIO_IOMMU_MAP_DMA, &map));
}

static void dma_unmap(struct device *device, uint64_t iova, size_t len)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = len,
	};

	expect(!ioctl(device->vfio.container, VFIO_IOMMU_UNMAP_DMA, &unmap));
	expect_eq(unmap.size, len);
}

/* The errno in the status register. */
static int copy(struct device *device, uint64_t bus, uint64_t fb, uint32_t len, uint32_t command)
{
	reg_put(device, REG_COPY_BUS_LO, bus);
	reg_put(device, REG_COPY_BUS_HI, bus >> 32);
	reg_put(device, REG_COPY_FB_LO, fb);
	reg_put(device, REG_COPY_FB_HI, fb >> 32);
	reg_put(device, REG_COPY_BYTES, len);
	reg_put(device, REG_COPY_COMMAND, command);
	return reg_get(device, REG_COPY_STATUS);
}

static uint8_t *guest_memory(size_t len)
{
	uint8_t *memory = mmap(NULL, len, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	expect(memory != MAP_FAILED);
	return memory;
}

static void test_dma(void)
{
	struct device device = device_open(0);
	uint8_t *memory = guest_memory(MIB), wanted[65536];
	int fds[MSIX_VECTORS];

	vectors(&device, fds);
	dma_map(&device, memory, IOVA, MIB, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	pattern(memory, MIB, 5);
	expect_eq(copy(&device, IOVA, 64 * MIB, 4096, COPY_TO_FB), EACCES);
	bus_master(&device, true);
	expect_eq(copy(&device, IOVA + 100, 64 * MIB + 3, 65536, COPY_TO_FB), 0);
	expect_eq(raised(fds[1], 5000), 1);
	pattern(wanted, sizeof(wanted), 0);
	fb_read(&device, 64 * MIB + 3, wanted, sizeof(wanted));
	expect(!memcmp(wanted, memory + 100, sizeof(wanted)));
	fb_fill(&device, 70 * MIB, 65536, 6);
	expect_eq(copy(&device, IOVA + MIB - 65536, 70 * MIB, 65536, COPY_FROM_FB), 0);
	pattern(wanted, sizeof(wanted), 6);
	expect(!memcmp(memory + MIB - 65536, wanted, sizeof(wanted)));
	expect_eq(copy(&device, IOVA, 0, 0, COPY_TO_FB), EINVAL);
	expect_eq(copy(&device, IOVA, 0, 65537, COPY_TO_FB), EINVAL);
	expect_eq(copy(&device, IOVA, 0, 4, 3), EINVAL);
	expect_eq(copy(&device, IOVA, FRAMEBUFFER - 2, 4, COPY_TO_FB), ERANGE);
}

static void test_dma_refused(void)
{
	struct device device = device_open(0);
	uint8_t *memory = guest_memory(2 * MIB), before[MIB];

	bus_master(&device, true);
	fb_fill(&device, 64 * MIB, 65536, 7);
	expect_eq(copy(&device, IOVA, 64 * MIB, 4096, COPY_TO_FB), EFAULT);
	dma_map(&device, memory, IOVA, MIB, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	pattern(memory, MIB, 8);
	memcpy(before, memory, MIB);
	/* the last byte is not there, nor is the first */
	expect_eq(copy(&device, IOVA + MIB - 4095, 64 * MIB, 4096, COPY_TO_FB), EFAULT);
	expect_eq(copy(&device, IOVA - 1, 64 * MIB, 4096, COPY_TO_FB), EFAULT);
	expect_eq(copy(&device, IOVA - 1, 64 * MIB, 4096, COPY_FROM_FB), EFAULT);
	expect_eq(copy(&device, (uintptr_t)memory, 64 * MIB, 4096, COPY_FROM_FB), EFAULT);
	expect(fb_is(&device, 64 * MIB, 65536, 7));
	expect(!memcmp(before, memory, MIB));
	/* memory that may only be read */
	dma_map(&device, memory + MIB, IOVA + 16 * MIB, MIB, VFIO_DMA_MAP_FLAG_READ);
	expect_eq(copy(&device, IOVA + 16 * MIB, 64 * MIB, 4096, COPY_FROM_FB), EFAULT);
	expect(all(memory + MIB, MIB, 0));
	expect_eq(copy(&device, IOVA + 16 * MIB, 65 * MIB, 4096, COPY_TO_FB), 0);
	/* what was there */
	expect_eq(copy(&device, IOVA, 66 * MIB, 4096, COPY_TO_FB), 0);
	dma_unmap(&device, IOVA, MIB);
	expect_eq(copy(&device, IOVA, 64 * MIB, 4096, COPY_TO_FB), EFAULT);
	expect_eq(copy(&device, IOVA, 64 * MIB, 4096, COPY_FROM_FB), EFAULT);
	expect(fb_is(&device, 64 * MIB, 65536, 7));
	expect(!memcmp(before, memory, MIB));
}

/* ------------------------------------------------------------------------ reset */

static void leave_traces(struct device *device, uint64_t number)
{
	fb_fill(device, 0, 4096, number);
	fb_fill(device, 500 * MIB, MIB, number);
	fb_fill(device, FRAMEBUFFER - 65536, 65536, number);
	for (unsigned int i = 0; i < 64; i++)
		reg_put(device, REG_SCRATCH(i), number + i);
	for (unsigned int page = 0; page < 64; page++)
		if (!(TRAP_PAGES >> page & 1))
			reg_put(device, page * PAGE + 8, number + page);
}

static void expect_traces(struct device *device, uint64_t number)
{
	for (unsigned int i = 0; i < 64; i++)
		expect_eq(reg_get(device, REG_SCRATCH(i)), number ? number + i : 0);
	for (unsigned int page = 0; page < 64; page++)
		if (!(TRAP_PAGES >> page & 1))
			expect_eq(reg_get(device, page * PAGE + 8), number ? number + page : 0);
	expect(fb_is(device, 0, 4096, number));
	expect(fb_is(device, 500 * MIB, MIB, number));
	expect(fb_is(device, FRAMEBUFFER - 65536, 65536, number));
}

static void expect_works(struct device *device)
{
	int fd = vector(device, 0);

	bus_master(device, true);
	expect_eq(reg_get(device, REG_BOOT1), 0x00020000);
	reg_put(device, REG_DOORBELL, 0);
	expect_eq(raised(fd, 5000), 1);
	fb_fill(device, 7 * MIB, 100000, 99);
	expect(fb_is(device, 7 * MIB, 100000, 99));
}

static void test_reset(void)
{
	struct device device = device_open(0);
	uint32_t *memory = map(&device, BAR0, PLAIN, PAGE, MAP_SHARED);

	expect(memory != MAP_FAILED);
	leave_traces(&device, 1000);
	expect_traces(&device, 1000);
	expect_eq(memory[2], 1004);
	put(&device, CONFIG, 0x10, 4, 0xfea80000);
	reset(&device);
	expect_eq(reg_get(&device, REG_WINDOW), 0);
	expect_traces(&device, 0);
	expect_eq(memory[2], 0);
	expect_eq(get(&device, CONFIG, 0x10, 4), 0);
	expect_eq(get(&device, CONFIG, 0x00, 4), (VDEV_ID >> 16) << 16 | 0x10de);
	expect_works(&device);
}

static unsigned int capability(struct device *device, uint8_t id)
{
	unsigned int at = get(device, CONFIG, 0x34, 1);

	while (at && get(device, CONFIG, at, 1) != id)
		at = get(device, CONFIG, at + 1, 1);
	expect(at);
	return at;
}

/* As a guest does it. */
static void test_flr(void)
{
	struct device device = device_open(0);
	unsigned int at = capability(&device, 0x10) + 8;

	leave_traces(&device, 2000);
	put(&device, CONFIG, at, 2, get(&device, CONFIG, at, 2) | 0x8000);
	expect_traces(&device, 0);
	expect_works(&device);
}

/* The bus master bit survives a reset by VFIO, and so does what it stands for. */
static void test_reset_keeps_dma(void)
{
	struct device device = device_open(0);
	uint8_t *memory = guest_memory(MIB);
	int fd = vector(&device, 0);
	bool on;

	dma_map(&device, memory, IOVA, MIB, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	bus_master(&device, true);
	reset(&device);
	on = get(&device, CONFIG, 4, 2) & 4;
	reg_put(&device, REG_DOORBELL, 0);
	expect_eq(raised(fd, on ? 5000 : 200), on);
	expect_eq(copy(&device, IOVA, 0, 4096, COPY_TO_FB), on ? 0 : EACCES);
}

/* What the framebuffer holds stays, the function's own memory does not. */
static void test_reopen(void)
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

static void test_power(void)
{
	struct device device = device_open(0);
	uint32_t value;

	leave_traces(&device, 4000);
	sleeping(&device, true);
	if ((get(&device, CONFIG, capability(&device, 0x01) + 4, 2) & 3) == 3) {
		expect_errno(region_read(&device, BAR0, REG_BOOT1, &value, 4), EIO);
		expect_errno(region_read(&device, BAR1, 0, &value, 4), EIO);
		expect_errno(region_read(&device, BAR0, PLAIN, &value, 4), EIO);
	}
	sleeping(&device, false);
	expect(fb_is(&device, 500 * MIB, MIB, 4000));
	sleeping(&device, true);
	reset(&device);
	expect_works(&device);
}

/* ---------------------------------------------------------------- two vGPUs */

static void sync_with(int out, int in)
{
	char byte = 0;

	expect_eq(write(out, &byte, 1), 1);
	expect_eq(read(in, &byte, 1), 1);
}

static void one_of_two(int number, int out, int in)
{
	struct device device = device_open(number);
	uint64_t mine = 10000 + 5000 * number;
	uint32_t *memory = map(&device, BAR0, PLAIN, PAGE, MAP_SHARED);
	int fd = vector(&device, 0);

	expect(memory != MAP_FAILED);
	bus_master(&device, true);
	sync_with(out, in);
	leave_traces(&device, mine);
	sync_with(out, in);
	expect_traces(&device, mine);
	expect_eq(memory[2], mine + PLAIN / PAGE);
	sync_with(out, in);
	if (number)
		reset(&device);
	sync_with(out, in);
	expect_traces(&device, number ? 0 : mine);
	expect_eq(memory[2], number ? 0 : mine + PLAIN / PAGE);
	sync_with(out, in);
	if (!number)
		reg_put(&device, REG_DOORBELL, 0);
	sync_with(out, in);
	expect_eq(raised(fd, number ? 200 : 5000), !number);
}

static void test_two(void)
{
	int there[2], back[2], status;
	pid_t pid;

	expect(!pipe(there) && !pipe(back));
	fflush(stdout);
	pid = fork();
	expect(pid >= 0);
	if (!pid) {
		close(there[1]);
		close(back[0]);
		one_of_two(1, back[1], there[0]);
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
	one_of_two(0, there[1], back[0]);
	expect_eq(waitpid(pid, &status, 0), pid);
	expect_eq(status, 0);
}

/* Memory that one vGPU maps is not there for the other. */
static void test_two_dma(void)
{
	struct device first = device_open(0), second = device_open(1);
	uint8_t *memory = guest_memory(MIB);

	dma_map(&first, memory, IOVA, MIB, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	bus_master(&first, true);
	bus_master(&second, true);
	expect_eq(copy(&first, IOVA, 0, 4096, COPY_TO_FB), 0);
	expect_eq(copy(&second, IOVA, 0, 4096, COPY_TO_FB), EFAULT);
	expect_eq(copy(&second, IOVA, 0, 4096, COPY_FROM_FB), EFAULT);
}

static void test_busy(void)
{
	struct device device = device_open(0);
	struct nvvgpu_ioctl_destroy destroy = { .size = sizeof(destroy), .id = vgpus[0] };
	struct vfio again;
	char path[PATH_MAX];
	int node;

	expect_eq(vfio_open(functions[0], &again), -EBUSY);
	snprintf(path, sizeof(path), "/dev/nvvgpu/%s", pf);
	node = open(path, O_RDWR | O_CLOEXEC);
	expect(node >= 0);
	expect_errno(ioctl(node, NVVGPU_IOCTL_DESTROY, &destroy), EBUSY);
	expect_eq(reg_get(&device, REG_BOOT1), 0x00020000);
}

/* ------------------------------------------------------------------------- fuzz */

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

static void test_fuzz_config(void)
{
	struct device device = device_open(0);

	for (uint64_t i = 0; i < fuzz_count; i++)
		fuzz_config(&device);
	put(&device, CONFIG, capability(&device, 0x01) + 4, 2, 0);
	reset(&device);
	expect_eq(get(&device, CONFIG, 0x00, 4), (VDEV_ID >> 16) << 16 | 0x10de);
	expect_traces(&device, 0);
	expect_works(&device);
}

/* Registers that the model has included; what comes out is all the same. */
static void test_fuzz_bar0(void)
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

/* -------------------------------------------------------------------- migration */

/* 0 or -errno; the payload goes in and comes back. */
static int feature(struct device *device, uint32_t flags, void *payload, size_t len)
{
	uint64_t words[8] = { 0 };
	struct vfio_device_feature *header = (void *)words;

	header->argsz = sizeof(*header) + len;
	header->flags = flags;
	if (len)
		memcpy(header->data, payload, len);
	if (ioctl(device->fd, VFIO_DEVICE_FEATURE, header))
		return -errno;
	if (len)
		memcpy(payload, header->data, len);
	return 0;
}

static uint32_t state(struct device *device)
{
	struct vfio_device_feature_mig_state get = { 0 };

	expect(!feature(device, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
			&get, sizeof(get)));
	expect_eq(get.data_fd, (unsigned long long)-1);
	return get.device_state;
}

static int set_state(struct device *device, uint32_t target, int *data)
{
	struct vfio_device_feature_mig_state set = { .device_state = target, .data_fd = -1 };
	int err = feature(device, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
			  &set, sizeof(set));

	if (data)
		*data = err ? -1 : set.data_fd;
	return err;
}

#define GO(device, target, data) expect_eq(set_state(device, VFIO_DEVICE_STATE_##target, data), 0)

struct saved {
	uint8_t *bytes;
	size_t len;
};

static struct saved save(struct device *device)
{
	struct saved saved = { 0 };
	size_t room = 0;
	ssize_t n;
	int data;

	GO(device, STOP_COPY, &data);
	expect(data >= 0);
	do {
		if (room - saved.len < MIB) {
			room = room ? 2 * room : 4 * MIB;
			saved.bytes = realloc(saved.bytes, room);
		}
		/* odd sizes, as sockets make them */
		n = read(data, saved.bytes + saved.len, 1 + any() % MIB);
		expect(n >= 0);
		saved.len += n;
	} while (n);
	expect_eq(read(data, saved.bytes, 1), 0);
	close(data);
	GO(device, STOP, NULL);
	return saved;
}

static void load(struct device *device, const struct saved *saved)
{
	size_t done = 0;
	ssize_t n;
	int data;

	GO(device, RESUMING, &data);
	expect(data >= 0);
	while (done < saved->len) {
		size_t len = 1 + any() % MIB;

		n = write(data, saved->bytes + done,
			  len < saved->len - done ? len : saved->len - done);
		expect(n > 0);
		done += n;
	}
	close(data);
	GO(device, STOP, NULL);
}

static void test_migration_states(void)
{
	struct device device = device_open(0);
	struct vfio_device_feature_migration migration = { 0 };
	uint64_t bytes = 0;
	int data, err;
	char byte;

	expect(!feature(&device, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION,
			&migration, sizeof(migration)));
	expect_eq(migration.flags, VFIO_MIGRATION_STOP_COPY);
	err = feature(&device, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, &bytes,
		      sizeof(bytes));
	expect(err == -ENOTTY || (!err && bytes));
	expect_eq(state(&device), VFIO_DEVICE_STATE_RUNNING);
	GO(&device, STOP, &data);
	expect_eq(data, (unsigned long long)-1);
	GO(&device, RUNNING, NULL);
	GO(&device, STOP_COPY, &data);
	expect_errno(write(data, "", 1), EBADF);
	expect_errno(lseek(data, 0, SEEK_SET), ESPIPE);
	expect_errno(pread(data, &byte, 1, 0), ESPIPE);
	expect_eq(set_state(&device, 6, NULL), -EINVAL);
	expect_eq(set_state(&device, 5, NULL), -EINVAL);
	expect_eq(set_state(&device, 8, NULL), -EINVAL);
	expect_eq(set_state(&device, VFIO_DEVICE_STATE_ERROR, NULL), -EINVAL);
	expect_eq(state(&device), VFIO_DEVICE_STATE_STOP_COPY);
	GO(&device, RUNNING, NULL);
	expect_errno(read(data, &byte, 1), ENODEV);
	close(data);
	GO(&device, RESUMING, &data);
	expect_errno(read(data, &byte, 1), EBADF);
	close(data);
	reset(&device);
	expect_eq(state(&device), VFIO_DEVICE_STATE_RUNNING);
	expect_works(&device);
}

static void test_migration(void)
{
	struct device first = device_open(0), second = device_open(1);
	struct saved saved, again;

	leave_traces(&first, 6000);
	fb_fill(&first, 300 * MIB, 5 * MIB + 77, 6001);
	saved = save(&first);
	expect(saved.len > 6 * MIB);
	again = save(&first);
	expect(again.len == saved.len && !memcmp(again.bytes, saved.bytes, saved.len));
	/* a stopped vGPU keeps what it has */
	reg_put(&first, REG_SCRATCH(0), 1);
	expect_eq(reg_get(&first, REG_SCRATCH(0)), 6000);
	GO(&first, RUNNING, NULL);

	fb_fill(&second, 400 * MIB, MIB, 1);
	reset(&second);
	load(&second, &saved);
	GO(&second, RUNNING, NULL);
	expect(fb_is(&second, 500 * MIB, MIB, 6000));
	expect(fb_is(&second, 300 * MIB, 5 * MIB + 77, 6001));
	expect(fb_is(&second, 400 * MIB, MIB, 0));
	for (unsigned int i = 0; i < 64; i++)
		expect_eq(reg_get(&second, REG_SCRATCH(i)), 6000 + i);
	expect_works(&second);
	expect_works(&first);
	reset(&first);
	reset(&second);
}

static void test_migration_bad_data(void)
{
	struct device device = device_open(0);
	struct saved saved;
	char garbage[100000];
	int data;

	pattern(garbage, sizeof(garbage), 1);
	GO(&device, RESUMING, &data);
	if (write(data, garbage, sizeof(garbage)) < 0)
		expect(errno);
	expect_eq(set_state(&device, VFIO_DEVICE_STATE_STOP, NULL), -EINVAL);
	expect_eq(state(&device), VFIO_DEVICE_STATE_RESUMING);
	expect_eq(set_state(&device, VFIO_DEVICE_STATE_RUNNING, NULL), -EINVAL);
	reset(&device);
	expect_eq(state(&device), VFIO_DEVICE_STATE_RUNNING);
	expect_errno(write(data, garbage, 1), ENODEV);
	close(data);
	/* cut short */
	leave_traces(&device, 7000);
	saved = save(&device);
	GO(&device, RUNNING, NULL);
	reset(&device);
	saved.len -= 16;
	GO(&device, RESUMING, &data);
	for (size_t done = 0; done < saved.len;) {
		ssize_t n = write(data, saved.bytes + done, saved.len - done);

		expect(n > 0);
		done += n;
	}
	expect_eq(set_state(&device, VFIO_DEVICE_STATE_STOP, NULL), -EINVAL);
	close(data);
	reset(&device);
	expect_traces(&device, 0);
	expect_works(&device);
}

/* A data file may outlive its device; a restore that does not end leaves nothing. */
static void test_migration_close(void)
{
	struct device device = device_open(0);
	struct saved saved;
	char byte;
	int data;

	leave_traces(&device, 8000);
	fb_fill(&device, 300 * MIB, 8 * MIB, 8001);	/* more than the kernel keeps back */
	saved = save(&device);
	GO(&device, STOP_COPY, &data);
	expect_eq(read(data, &byte, 1), 1);
	device_close(&device);
	expect_errno(read(data, &byte, 1), ENODEV);
	close(data);

	device = device_open(0);
	expect_eq(state(&device), VFIO_DEVICE_STATE_RUNNING);
	expect(fb_is(&device, 500 * MIB, MIB, 8000));
	reset(&device);
	GO(&device, RESUMING, &data);
	for (size_t done = 0; done < saved.len / 2;) {
		ssize_t n = write(data, saved.bytes + done, saved.len / 2 - done);

		expect(n > 0);
		done += n;
	}
	device_close(&device);
	expect_errno(write(data, &byte, 1), ENODEV);
	device = device_open(0);
	expect_traces(&device, 0);
	close(data);
	expect_works(&device);
	reset(&device);
}

/* ------------------------------------------------------------------------ races */

#define RACERS 6
#define RACE_SECONDS 6

/* Into memory of the device itself: the fault needs the lock that a reset holds. */
static void race_data(struct device *device, uint8_t *mapped)
{
	bool saving = any() % 2;
	struct vfio_device_feature_mig_state set = {
		.device_state = saving ? VFIO_DEVICE_STATE_STOP_COPY : VFIO_DEVICE_STATE_RESUMING,
	};

	if (feature(device, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, &set,
		    sizeof(set)) ||
	    set.data_fd < 0)
		return;
	for (int i = 0; i < 20; i++)
		if ((saving ? read(set.data_fd, mapped, PAGE) : write(set.data_fd, mapped, PAGE)) <= 0)
			break;
	set_state(device, any() % 2 ? VFIO_DEVICE_STATE_RUNNING : VFIO_DEVICE_STATE_STOP, NULL);
	close(set.data_fd);
}

/* Whatever it answers. */
static void race_step(struct device *device, uint8_t *mapped)
{
	uint64_t word = any();
	uint16_t command = 0;

	switch (any() % 8) {
	case 0:
		ioctl(device->fd, VFIO_DEVICE_RESET);
		break;
	case 1:
		set_state(device, any() % 6, NULL);
		break;
	case 2:
		race_data(device, mapped);
		break;
	case 3:
		region_read(device, BAR1, any() % MIB, mapped, PAGE);
		break;
	case 4:
		region_write(device, BAR1, any() % MIB, mapped, PAGE);
		break;
	case 5:
		region_write(device, BAR0, 0x1400 + any() % 0x400, &word, 8);
		break;
	case 6:
		if (region_read(device, CONFIG, 4, &command, 2) == 2) {
			command ^= 4;
			region_write(device, CONFIG, 4, &command, 2);
		}
		break;
	case 7:
		mapped[any() % PAGE] = word;
		break;
	}
}

static void race(struct device *device, int number)
{
	uint8_t *mapped = map(device, BAR0, PLAIN, PAGE, MAP_SHARED);
	time_t end = time(NULL) + RACE_SECONDS;

	expect(mapped != MAP_FAILED);
	random_state = seed + number;
	while (time(NULL) < end)
		race_step(device, mapped);
	_exit(0);
}

/* Everything at once, from processes that share the device. */
static void test_races(void)
{
	struct device device = device_open(0);
	pid_t pids[RACERS];
	int status;

	for (int i = 0; i < RACERS; i++) {
		pids[i] = fork();
		expect(pids[i] >= 0);
		if (!pids[i])
			race(&device, i);
	}
	for (int i = 0; i < RACERS; i++) {
		expect_eq(waitpid(pids[i], &status, 0), pids[i]);
		expect_eq(status, 0);
	}
	reset(&device);
	expect_eq(state(&device), VFIO_DEVICE_STATE_RUNNING);
	expect_traces(&device, 0);
	expect_works(&device);
	reset(&device);
}

/* ------------------------------------------------------------------- the stage */

/* A file of /sys that a text is written to. */
static int put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int find_board(void)
{
	DIR *nodes = opendir("/dev/nvvgpu");
	struct dirent *entry;

	while (nodes && (entry = readdir(nodes)))
		if (entry->d_name[0] != '.')
			strcpy(pf, entry->d_name);
	if (nodes)
		closedir(nodes);
	return *pf ? 0 : -ENODEV;
}

static char vfs_before[16] = "0";

/* From any number to another the way leads over 0. */
static int set_vfs(const char *count)
{
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs", pf);
	err = put_file(path, "0");
	return err ? err : put_file(path, count);
}

static int remember_vfs(void)
{
	char path[PATH_MAX];
	FILE *file;
	int n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs", pf);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	n = fscanf(file, "%15s", vfs_before);
	fclose(file);
	return n == 1 ? 0 : -EIO;
}

static int find_function(int number)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/virtfn%d", pf, number);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	strcpy(functions[number], strrchr(target, '/') + 1);
	return 0;
}

static int create(int node, int number)
{
	struct nvvgpu_ioctl_create create = {
		.size = sizeof(create),
		.type_id = TYPE_ID,
		.slot = number,
		.placement = NVVGPU_PLACEMENT_ANY,
	};

	if (getrandom(create.uuid, sizeof(create.uuid), 0) != sizeof(create.uuid) ||
	    ioctl(node, NVVGPU_IOCTL_CREATE, &create))
		return -errno;
	vgpus[number] = create.info.id;
	return 0;
}

static int set_up(void)
{
	char path[PATH_MAX];
	int node, err;

	err = find_board();
	if (!err)
		err = remember_vfs();
	if (!err)
		err = set_vfs("2");
	if (!err)
		err = find_function(0);
	if (!err)
		err = find_function(1);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/dev/nvvgpu/%s", pf);
	node = open(path, O_RDWR | O_CLOEXEC);
	if (node < 0)
		return -errno;
	err = create(node, 0);
	if (!err)
		err = create(node, 1);
	close(node);
	return err;
}

static int tear_down(void)
{
	char path[PATH_MAX];
	int node, err = 0;

	snprintf(path, sizeof(path), "/dev/nvvgpu/%s", pf);
	node = open(path, O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 2; i++) {
		struct nvvgpu_ioctl_destroy destroy = { .size = sizeof(destroy), .id = vgpus[i] };

		if (ioctl(node, NVVGPU_IOCTL_DESTROY, &destroy))
			err = -errno;
	}
	close(node);
	return err;
}

/* After the vGPUs are gone: refused, and nothing was reset for it. */
static void test_no_type(void)
{
	volatile uint32_t *memory = MAP_FAILED;
	struct vfio vfio;
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", functions[0]);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0)	/* not where the kernel is locked down */
		memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PLAIN);
	if (memory != MAP_FAILED)
		memory[1] = 0x600df00d;
	expect_eq(vfio_open(functions[0], &vfio), (unsigned long long)-ENODEV);
	expect_eq(vfio_open(functions[1], &vfio), (unsigned long long)-ENODEV);
	if (memory != MAP_FAILED)
		expect_eq(memory[1], 0x600df00d);
}

#define TEST(name) { #name, test_##name }

static const struct test {
	const char *name;
	void (*run)(void);
} tests[] = {
	TEST(info),
	TEST(regions),
	TEST(sparse),
	TEST(mmap),
	TEST(mmap_refused),
	TEST(config_ids),
	TEST(bar_sizing),
	TEST(config_sizes),
	TEST(bounds),
	TEST(registers),
	TEST(framebuffer),
	TEST(bar3),
	TEST(kill),
	TEST(interrupt),
	TEST(dma),
	TEST(dma_refused),
	TEST(reset),
	TEST(flr),
	TEST(reset_keeps_dma),
	TEST(reopen),
	TEST(power),
	TEST(two),
	TEST(two_dma),
	TEST(busy),
	TEST(fuzz_config),
	TEST(fuzz_bar0),
	TEST(migration_states),
	TEST(migration),
	TEST(migration_bad_data),
	TEST(migration_close),
	TEST(races),
};

static unsigned int count, bad;

static void result(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++count, name);
	fflush(stdout);
	bad += !good;
}

static void run(const struct test *test)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		random_state = seed;
		alarm(240);
		test->run();
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("# signal %d\n", WTERMSIG(status));
	result(!status, test->name);
}

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return !argc;
}

int main(int argc, char **argv)
{
	const struct test no_type = TEST(no_type);
	int err, first = 1;

	seed = time(NULL);
	for (; first + 1 < argc && argv[first][0] == '-'; first += 2) {
		if (!strcmp(argv[first], "--seed"))
			seed = strtoull(argv[first + 1], NULL, 0);
		else
			fuzz_count = strtoull(argv[first + 1], NULL, 0);
	}
	printf("# seed %llu\n", (unsigned long long)seed);
	err = set_up();
	if (err) {
		printf("Bail out! no board with two vGPUs: %s\n", strerror(-err));
		return 1;
	}
	for (unsigned int i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		if (wanted(tests[i].name, argc - first, argv + first))
			run(&tests[i]);
	err = tear_down();
	result(!err, "destroyed");
	run(&no_type);
	result(!set_vfs(vfs_before), "functions as before");
	printf("1..%u\n", count);
	return bad ? 1 : 0;
}
