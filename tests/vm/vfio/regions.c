/* SPDX-License-Identifier: MIT */
/* What regions there are, how they are mapped, read and written. */
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include "device.h"

/* ---------------------------------------------------------------- information */

void test_info(void)
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

void test_regions(void)
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
		expect_eq(!!(info.flags & VFIO_REGION_INFO_FLAG_MMAP), i == BAR0 && model.memory);
		expect_eq(!!(info.flags & VFIO_REGION_INFO_FLAG_CAPS), i == BAR0 && model.memory);
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

void test_sparse(void)
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

void test_mmap(void)
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

void test_mmap_refused(void)
{
	struct device device = device_open(0);

	for (unsigned int page = 0; page < 64; page++) {
		void *memory = map(&device, BAR0, page * PAGE, PAGE, MAP_SHARED);

		expect_eq(memory == MAP_FAILED, !model.memory || TRAP_PAGES >> page & 1);
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

/* ----------------------------------------------------------------------- BARs */

void test_registers(void)
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
	expect(all(got, 8, model.memory ? 0x77 : 0) && all(got + 8, 8, 0));
	/* the table of vectors is the kernel's */
	put(&device, BAR0, MSIX_TABLE, 4, 0);
	expect_eq(reg_get(&device, MSIX_TABLE), ~0u);
	expect_eq(reg_get(&device, MSIX_TABLE + 16 * MSIX_VECTORS - 4), ~0u);
}

void test_framebuffer(void)
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

/* By the parameter override_bar1_size a guest has all of its virtual function's. */
void test_override(void)
{
	struct device device = device_open(0);
	struct vfio_region_info info;

	region_info(&device, BAR1, &info);
	expect_eq(info.size, 2048 * MIB);
	put(&device, CONFIG, 0x14, 8, ~0ull);
	expect_eq(get(&device, CONFIG, 0x14, 8), -(2048 * MIB) | 0xc);
	fb_move(&device, 0);
	put(&device, BAR1, 900 * MIB, 8, 0x1122334455667788);
	expect_eq(get(&device, BAR1, 900 * MIB, 8), 0x1122334455667788);
	fb_move(&device, 900 * MIB);
	expect_eq(get(&device, BAR1, 0, 8), 0x1122334455667788);
}

void test_bar3(void)
{
	struct device device = device_open(0);
	uint8_t *buf = malloc(MIB);

	memset(buf, 0, MIB);
	expect_eq(region_write(&device, BAR3, 4096, buf, MIB), MIB);
	expect_eq(region_read(&device, BAR3, 4096, buf, MIB), MIB);
	expect(all(buf, MIB, 0xff));
}

/* A transfer ends when its process is killed. */
void test_kill(void)
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
