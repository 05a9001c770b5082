/* SPDX-License-Identifier: MIT */
/* What the tests share. */
#include <stdlib.h>
#include "device.h"

uint64_t seed, random_state, fuzz_count = 3000;
char pf[NAME_MAX + 1], functions[2][NAME_MAX + 1];
uint32_t vgpus[2];
bool iommufd;
struct model model;

uint32_t any(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return random_state >> 32;
}

void pattern(void *buf, size_t len, uint64_t number)
{
	uint64_t word = number * 0x9e3779b97f4a7c15u;
	uint8_t *bytes = buf;

	for (size_t i = 0; i < len; i++) {
		if (i % 8 == 0)
			word = word * 6364136223846793005u + 1442695040888963407u;
		bytes[i] = word >> (8 * (i % 8));
	}
}

bool all(const void *buf, size_t len, uint8_t byte)
{
	const uint8_t *bytes = buf;

	for (size_t i = 0; i < len; i++)
		if (bytes[i] != byte)
			return false;
	return true;
}

void region_info(struct device *device, uint32_t index, struct vfio_region_info *info)
{
	*info = (struct vfio_region_info){ .argsz = sizeof(*info), .index = index };
	expect(!ioctl(device->fd, VFIO_DEVICE_GET_REGION_INFO, info));
}

struct device device_open(int number)
{
	struct vfio_region_info info;
	struct device device;
	int err;

	err = (iommufd ? open_by_iommufd : vfio_open)(functions[number], &device.vfio);
	if (err)
		fail("%s: %s", functions[number], strerror(-err));
	device.fd = device.vfio.device;
	for (uint32_t i = 0; i < VFIO_PCI_VGA_REGION_INDEX; i++) {
		region_info(&device, i, &info);
		device.offset[i] = info.offset;
	}
	return device;
}

void device_close(struct device *device)
{
	vfio_close(&device->vfio);
}

ssize_t region_read(struct device *device, uint32_t index, uint64_t at, void *buf,
			   size_t len)
{
	return pread(device->fd, buf, len, device->offset[index] + at);
}

ssize_t region_write(struct device *device, uint32_t index, uint64_t at, const void *buf,
			    size_t len)
{
	return pwrite(device->fd, buf, len, device->offset[index] + at);
}

/* All of it, little endian as the machine. */
uint64_t get(struct device *device, uint32_t index, uint64_t at, size_t len)
{
	uint64_t value = 0;
	ssize_t n = region_read(device, index, at, &value, len);

	if (n != (ssize_t)len)
		fail("region %u, %zu bytes at 0x%llx: read %zd, errno %d", index, len,
		     (unsigned long long)at, n, errno);
	return value;
}

void put(struct device *device, uint32_t index, uint64_t at, size_t len, uint64_t value)
{
	ssize_t n = region_write(device, index, at, &value, len);

	if (n != (ssize_t)len)
		fail("region %u, %zu bytes at 0x%llx: written %zd, errno %d", index, len,
		     (unsigned long long)at, n, errno);
}

uint32_t reg_get(struct device *device, uint32_t reg)
{
	return get(device, BAR0, reg, 4);
}

void reg_put(struct device *device, uint32_t reg, uint32_t value)
{
	put(device, BAR0, reg, 4, value);
}

/* Framebuffer through the aperture, at its start. */
void fb_move(struct device *device, uint64_t at)
{
	reg_put(device, REG_WINDOW, at >> 16);
}

void fb_write(struct device *device, uint64_t at, const void *buf, size_t len)
{
	fb_move(device, at);
	expect_eq(region_write(device, BAR1, at % 65536, buf, len), len);
}

void fb_read(struct device *device, uint64_t at, void *buf, size_t len)
{
	fb_move(device, at);
	expect_eq(region_read(device, BAR1, at % 65536, buf, len), len);
}

bool fb_is(struct device *device, uint64_t at, size_t len, uint64_t number)
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

void fb_fill(struct device *device, uint64_t at, size_t len, uint64_t number)
{
	uint8_t *buf = malloc(len);

	pattern(buf, len, number);
	fb_write(device, at, buf, len);
	free(buf);
}

void bus_master(struct device *device, bool on)
{
	uint16_t command = get(device, CONFIG, 4, 2) & ~4;

	put(device, CONFIG, 4, 2, command | (on ? 4 : 0));
}

void reset(struct device *device)
{
	expect(!ioctl(device->fd, VFIO_DEVICE_RESET));
}

void *map(struct device *device, uint32_t index, uint64_t at, size_t len, int flags)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, flags, device->fd,
		    device->offset[index] + at);
}

void *map_memory(struct device *device)
{
	void *memory = model.memory ? map(device, BAR0, PLAIN, PAGE, MAP_SHARED) :
				      mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	expect(memory != MAP_FAILED);
	return memory;
}

void leave_traces(struct device *device, uint64_t number)
{
	fb_fill(device, 0, 4096, number);
	fb_fill(device, 500 * MIB, MIB, number);
	fb_fill(device, FRAMEBUFFER - 65536, 65536, number);
	for (unsigned int i = 0; i < 64; i++)
		reg_put(device, REG_SCRATCH(i), number + i);
	for (unsigned int page = 0; model.memory && page < 64; page++)
		if (!(TRAP_PAGES >> page & 1))
			reg_put(device, page * PAGE + 8, number + page);
}

void expect_traces(struct device *device, uint64_t number)
{
	for (unsigned int i = 0; i < 64; i++)
		expect_eq(reg_get(device, REG_SCRATCH(i)), number ? number + i : 0);
	for (unsigned int page = 0; model.memory && page < 64; page++)
		if (!(TRAP_PAGES >> page & 1))
			expect_eq(reg_get(device, page * PAGE + 8), number ? number + page : 0);
	expect(fb_is(device, 0, 4096, number));
	expect(fb_is(device, 500 * MIB, MIB, number));
	expect(fb_is(device, FRAMEBUFFER - 65536, 65536, number));
}

void expect_works(struct device *device)
{
	int fd = vector(device, 0);

	bus_master(device, true);
	expect_eq(reg_get(device, REG_BOOT1), 0x00020000);
	reg_put(device, REG_DOORBELL, 0);
	expect_eq(raised(fd, 5000), 1);
	fb_fill(device, 7 * MIB, 100000, 99);
	expect(fb_is(device, 7 * MIB, 100000, 99));
}

unsigned int capability(struct device *device, uint8_t id)
{
	unsigned int at = get(device, CONFIG, 0x34, 1);

	while (at && get(device, CONFIG, at, 1) != id)
		at = get(device, CONFIG, at + 1, 1);
	expect(at);
	return at;
}
