/* SPDX-License-Identifier: MIT */
/* Interrupts and DMA: what the device does on its own. */
#include <poll.h>
#include <sys/eventfd.h>
#include "device.h"

/* ----------------------------------------------------------------- interrupts */

int vector(struct device *device, uint32_t number)
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
void vectors(struct device *device, int *fds)
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
uint64_t raised(int fd, int timeout_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	uint64_t count = 0;

	if (poll(&wait, 1, timeout_ms) == 1)
		expect_eq(read(fd, &count, sizeof(count)), sizeof(count));
	return count;
}

void test_interrupt(void)
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

static int set_irqs(struct device *device, uint32_t index, uint32_t flags, uint32_t start,
		    uint32_t count, const void *data, size_t len)
{
	char buf[sizeof(struct vfio_irq_set) + 64]
		__attribute__((aligned(__alignof__(struct vfio_irq_set))));
	struct vfio_irq_set *set = (void *)buf;

	*set = (struct vfio_irq_set){
		.argsz = sizeof(*set) + len, .flags = flags, .index = index,
		.start = start, .count = count,
	};
	if (len)
		memcpy(set->data, data, len);
	return ioctl(device->fd, VFIO_DEVICE_SET_IRQS, set);
}

/* What a VMM does with them itself. */
void test_irqs(void)
{
	const uint32_t events = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	const uint32_t raise = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
	const uint32_t some = VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER;
	const uint32_t mask = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK;
	const uint32_t msix = VFIO_PCI_MSIX_IRQ_INDEX;
	struct device device = device_open(0);
	int32_t fds[MSIX_VECTORS], bad = 9999, none = -1;

	vectors(&device, fds);
	expect(!set_irqs(&device, msix, raise, 2, 2, NULL, 0));
	expect(!set_irqs(&device, msix, some, 3, 2, (uint8_t[]){ 1, 0 }, 2));
	expect_eq(raised(fds[1], 0), 0);
	expect_eq(raised(fds[2], 0), 1);
	expect_eq(raised(fds[3], 0), 2);
	expect_eq(raised(fds[4], 0), 0);
	expect(!set_irqs(&device, msix, events, 2, 1, &none, sizeof(none)));
	expect(!set_irqs(&device, msix, raise, 2, 1, NULL, 0));
	expect_eq(raised(fds[2], 0), 0);
	expect_errno(set_irqs(&device, msix, events, 1, MSIX_VECTORS, fds, sizeof(fds)), EINVAL);
	expect_errno(set_irqs(&device, msix, events, 5, 1, &bad, sizeof(bad)), EBADF);
	expect_errno(set_irqs(&device, VFIO_PCI_INTX_IRQ_INDEX, raise, 0, 1, NULL, 0), EINVAL);
	expect_errno(set_irqs(&device, msix, mask, 0, 1, NULL, 0), ENOTTY);
	expect(!set_irqs(&device, VFIO_PCI_REQ_IRQ_INDEX, events, 0, 1, fds, sizeof(*fds)));
	/* off, and the vGPU raises one nobody hears */
	expect(!set_irqs(&device, msix, raise, 0, 0, NULL, 0));
	bus_master(&device, true);
	reg_put(&device, REG_DOORBELL, 0);
	expect_eq(raised(fds[0], 200), 0);
	vectors(&device, fds);
	reg_put(&device, REG_DOORBELL, 0);
	expect_eq(raised(fds[0], 5000), 1);
	/* what is left is given back with the device */
}

/* ------------------------------------------------------------------------ DMA */

void dma_map(struct device *device, void *memory, uint64_t iova, size_t len, uint32_t flags)
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

void dma_unmap(struct device *device, uint64_t iova, size_t len)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = len,
	};

	expect(!ioctl(device->vfio.container, VFIO_IOMMU_UNMAP_DMA, &unmap));
	expect_eq(unmap.size, len);
}

/* The errno in the status register. */
int copy(struct device *device, uint64_t bus, uint64_t fb, uint32_t len, uint32_t command)
{
	reg_put(device, REG_COPY_BUS_LO, bus);
	reg_put(device, REG_COPY_BUS_HI, bus >> 32);
	reg_put(device, REG_COPY_FB_LO, fb);
	reg_put(device, REG_COPY_FB_HI, fb >> 32);
	reg_put(device, REG_COPY_BYTES, len);
	reg_put(device, REG_COPY_COMMAND, command);
	return reg_get(device, REG_COPY_STATUS);
}

uint8_t *guest_memory(size_t len)
{
	uint8_t *memory = mmap(NULL, len, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	expect(memory != MAP_FAILED);
	return memory;
}

void test_dma(void)
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

void test_dma_refused(void)
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
