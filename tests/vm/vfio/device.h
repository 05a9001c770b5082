/* SPDX-License-Identifier: MIT */
/*
 * The VFIO device of a vGPU, as the tests of this program see it.
 *
 *   main.c	the stage: two vGPUs, on virtual functions or as mdevs	device.c	helpers
 *   regions.c	information, mappings, BARs		config.c	configuration space, fuzz
 *   dma.c	interrupts, DMA				reset.c		reset, reopening, power
 *   two.c	one vGPU against the other		migration.c	states, data, races
 *   iommufd.c	the other way to a device
 */
#ifndef NVVGPU_TESTS_VM_VFIO_DEVICE_H
#define NVVGPU_TESTS_VM_VFIO_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include "../expect.h"
#include "../vfio-open.h"

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

/* What is not the same for all of the devices that this knows. */
struct model {
	const char *name;
	uint32_t vdev_id;
	bool function;		/* a virtual function, not an mdev */
	bool memory;		/* BAR0 beside the registers is memory, which can be mapped */
};
extern struct model model;

#define TYPE_ID 871		/* L40-1Q, where vGPUs are made here */
#define FRAMEBUFFER (1ull << 30)
#define BAR1_BYTES (256ull << 20)

#define PAGE 4096ull
#define MIB (1ull << 20)

#define CONFIG VFIO_PCI_CONFIG_REGION_INDEX
#define BAR0 VFIO_PCI_BAR0_REGION_INDEX
#define BAR1 VFIO_PCI_BAR1_REGION_INDEX
#define BAR3 VFIO_PCI_BAR3_REGION_INDEX

/* the board, its two functions or the uuids of two mdevs, and the ids of vGPUs made here */
extern char pf[NAME_MAX + 1], functions[2][NAME_MAX + 1];
extern uint32_t vgpus[2];
extern uint64_t seed, random_state, fuzz_count;
extern bool iommufd;	/* devices are opened that way */

struct device {
	struct vfio vfio;
	int fd;
	uint64_t offset[VFIO_PCI_NUM_REGIONS];
};

uint32_t any(void);
void pattern(void *buf, size_t len, uint64_t number);
bool all(const void *buf, size_t len, uint8_t byte);
void region_info(struct device *device, uint32_t index, struct vfio_region_info *info);
struct device device_open(int number);
void device_close(struct device *device);
/* As vfio_open(); the container is an iommufd then, and there is no group. */
int open_by_iommufd(const char *name, struct vfio *vfio);
ssize_t region_read(struct device *device, uint32_t index, uint64_t at, void *buf, size_t len);
ssize_t region_write(struct device *device, uint32_t index, uint64_t at, const void *buf,
		size_t len);
uint64_t get(struct device *device, uint32_t index, uint64_t at, size_t len);
void put(struct device *device, uint32_t index, uint64_t at, size_t len, uint64_t value);
uint32_t reg_get(struct device *device, uint32_t reg);
void reg_put(struct device *device, uint32_t reg, uint32_t value);
void fb_move(struct device *device, uint64_t at);
void fb_write(struct device *device, uint64_t at, const void *buf, size_t len);
void fb_read(struct device *device, uint64_t at, void *buf, size_t len);
bool fb_is(struct device *device, uint64_t at, size_t len, uint64_t number);
void fb_fill(struct device *device, uint64_t at, size_t len, uint64_t number);
void bus_master(struct device *device, bool on);
void reset(struct device *device);
void *map(struct device *device, uint32_t index, uint64_t at, size_t len, int flags);
/* A page of the device's memory, PLAIN; where it has none, of zeros that nobody writes to. */
void *map_memory(struct device *device);
void leave_traces(struct device *device, uint64_t number);
void expect_traces(struct device *device, uint64_t number);
void expect_works(struct device *device);
unsigned int capability(struct device *device, uint8_t id);

/* dma.c: eventfds for interrupt vectors, and how often one was raised */
int vector(struct device *device, uint32_t number);
void vectors(struct device *device, int *fds);
uint64_t raised(int fd, int timeout_ms);
/* memory of a guest, where the device finds it, the device's copy engine: errno or 0 */
#define IOVA 0x100000000ull
uint8_t *guest_memory(size_t len);
void dma_map(struct device *device, void *memory, uint64_t iova, size_t len, uint32_t flags);
void dma_unmap(struct device *device, uint64_t iova, size_t len);
int copy(struct device *device, uint64_t bus, uint64_t fb, uint32_t len, uint32_t command);

/* the tests, each in a process of its own */
void test_info(void);
void test_regions(void);
void test_sparse(void);
void test_mmap(void);
void test_mmap_refused(void);
void test_config_ids(void);
void test_bar_sizing(void);
void test_config_sizes(void);
void test_bounds(void);
void test_registers(void);
void test_framebuffer(void);
void test_bar3(void);
void test_kill(void);
void test_interrupt(void);
void test_irqs(void);
void test_dma(void);
void test_dma_refused(void);
void test_reset(void);
void test_flr(void);
void test_reset_keeps_dma(void);
void test_reset_ends_dma(void);
void test_reopen(void);
void test_power(void);
void test_two(void);
void test_two_dma(void);
void test_busy(void);
void test_fuzz_config(void);
void test_fuzz_bar0(void);
void test_migration_states(void);
void test_migration(void);
void test_migration_bad_data(void);
void test_migration_close(void);
void test_races(void);
void test_fill(void);
void test_filled(void);
void test_override(void);

#endif
