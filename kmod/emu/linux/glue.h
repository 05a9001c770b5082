/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The machine around the emulated GPU: what puts the model of ../emu.h on the PCI bus of a
 * running kernel.
 *
 *   main.c	module, its parameters		configfs.c	boards as directories
 *   board.c	a board: one GPU or several	gpu.c		life of one GPU
 *   memory.c	set-aside memory, BAR addresses	bus.c		PCI root bus
 *   config_space.c	configuration space	iommu.c		software IOMMU
 *   msi.c	interrupts			model.c		runs the model
 *   framebuffer.c	its contents		debugfs.c	what is inside
 *
 * A driver announces its register writes in configuration space (../pv.h).  They are queued
 * there and worked off by one thread per GPU.
 *
 * Locks, in the order in which they may be taken: emu_boards_lock, the PCI core's, model_lock,
 * iommu_lock, that of a page table, config_lock.  Interrupts are delivered without any.
 */
#ifndef NVVGPU_EMU_GLUE_H
#define NVVGPU_EMU_GLUE_H

#include <linux/completion.h>
#include <linux/iommu.h>
#include <linux/ioport.h>
#include <linux/irqdomain.h>
#include <linux/pci.h>
#include <linux/workqueue.h>
#include "../emu.h"
#include "../pv.h"
#include "compat.h"

/* the driver of functions that have mdevs, and its module */
#define EMU_MDEV_DRIVER			"nvidia"
#define EMU_MDEV_MODULE			"nvvgpu_mdev"

#define EMU_CONFIG_BYTES	4096
#define EMU_FIRST_BUS		0x41	/* of the first GPU of a board */
#define EMU_FIRST_DOMAIN	0x0001	/* 0 is the machine's own */
#define EMU_LAST_DOMAIN		0xffff	/* more than 16 bits is more than most programs take */
#define EMU_BOARD_GPUS		4
#define EMU_PF_BAR0_BYTES	SZ_16M
#define EMU_BAR3_BYTES		SZ_32M
#define EMU_FUNCTIONS		64	/* of a GPU, at most */
#define EMU_IRQ_SLOTS		8	/* interrupts of a function, at least its MSI-X vectors */

struct dentry;
struct emu_domain;
struct emu_gpu;

/* ------------------------------------------------------------------- parts */

/* Where the registers of a configuration space are; 0: not there. */
struct emu_config_layout {
	u16 pm, pcie, msix, vendor, sriov;
	u16 vectors;			/* of MSI-X */
	u32 msix_table, msix_pba;	/* in BAR0 */
};

/* What a function has after a reset, and which bits of it can be written. */
struct emu_config_kind {
	struct emu_config_layout layout;
	u8 image[EMU_CONFIG_BYTES];
	u8 writable[EMU_CONFIG_BYTES];
};

struct emu_function {
	struct emu_gpu *gpu;
	unsigned int index;		/* 0: the PF, else the gfid */
	void __iomem *registers;	/* its BAR0 */
	size_t registers_bytes;

	u8 config[EMU_CONFIG_BYTES];	/* config_lock */

	unsigned long raised;		/* atomic; bit = vector not delivered yet */
	unsigned long irq_slots;	/* atomic; bit = interrupt in use */

	bool usable;			/* rescan lock; had all it needs when it was found */

	struct emu_domain *domain;	/* iommu_lock; NULL: nothing can be reached */
	bool held;			/* iommu_lock; the domain is not the kernel's own: VFIO */
};

/* Where the BARs are; bytes and align of one function's, for VFs one follows the other. */
struct emu_bars {
	u64 bar0, bar1, bar3;
	u64 vf_bar0, vf_bar1, vf_bar3;
};

struct emu_write {
	u32 address, value;
};

struct emu_board;

struct emu_gpu {
	struct emu_board *board;
	const struct nvvgpu_emu_board_data *data;
	unsigned int bus_number;
	char name[16];			/* address of its PF, "0001:41:00.0" */

	/* memory.c */
	struct resource memory;		/* BAR0 of all functions: set-aside memory */
	struct resource space;		/* the other BARs: addresses without memory */
	struct emu_bars bars;
	void __iomem *registers;	/* all of memory */

	/* bus.c */
	struct pci_sysdata sysdata;
	struct resource bus_numbers;
	struct pci_host_bridge *bridge;
	struct completion released;	/* of the bridge, after all buses and devices below it */

	/* config_space.c, all under config_lock */
	raw_spinlock_t config_lock;
	struct emu_config_kind *pf_kind, *vf_kind;	/* constant */
	bool resetting;			/* the PF: does not answer until the model has reset */
	struct emu_write writes[NVVGPU_PV_QUEUE];
	u32 writes_head, writes_count;
	u64 writes_lost;

	/* msi.c */
	struct irq_domain *irq_domain, *msi_domain;
	struct fwnode_handle *irq_fwnode, *msi_fwnode;
	DECLARE_BITMAP(retrigger, EMU_FUNCTIONS * EMU_IRQ_SLOTS);	/* atomic; to send again */

	/* iommu.c */
	spinlock_t iommu_lock;
	bool leaving;			/* nobody new may take a function */

	/* model.c */
	struct workqueue_struct *queue;
	struct delayed_work work;
	unsigned long poll_delay;	/* until masked interrupts are looked at again */
	struct mutex model_lock;
	struct nvvgpu_emu_board *model;
	u32 *shown;			/* values of the registers in BAR0 */
	u8 *transfer;
	struct file *framebuffer;

	struct dentry *debugfs;

	unsigned int function_count;
	struct emu_function functions[];
};

struct emu_board {
	struct list_head node;		/* of all boards; emu_boards_lock */
	const struct nvvgpu_emu_board_data *data;
	enum nvvgpu_board_framework framework;
	int domain;			/* PCI domain */
	unsigned int gpu_count;
	struct emu_gpu *gpus[EMU_BOARD_GPUS];
};

/* ---------------------------------------------------------------- memory.c */

int emu_memory_init(unsigned long base, unsigned long bytes);
void emu_memory_exit(void);
int emu_memory_take(struct emu_gpu *gpu);
void emu_memory_give(struct emu_gpu *gpu);

/* ----------------------------------------------------------------- board.c */

extern struct mutex emu_boards_lock;

/*
 * domain 0: the lowest free one.  A live board holds this module.  -EINVAL: the framework needs
 * virtual functions, and the board has none.
 */
int emu_board_new(const struct nvvgpu_emu_board_data *data, enum nvvgpu_board_framework framework,
		  int domain, struct emu_board **ret);
int emu_board_remove(struct emu_board *board);	/* -EBUSY: somebody uses it */
void emu_board_free(struct emu_board *board);	/* waits for whoever uses it */

/* Its vGPUs can be had as mediated devices. */
static inline bool emu_board_has_mdevs(const struct emu_board *board)
{
	return !board->data->vfs_total || board->framework == NVVGPU_BOARD_MDEV;
}

/* ------------------------------------------------------------------- gpu.c */

int emu_gpu_new(struct emu_board *board, unsigned int index, struct emu_gpu **ret);
void emu_gpu_free(struct emu_gpu *gpu);
int emu_gpu_leave(struct emu_gpu *gpu);		/* nobody new from now; -EBUSY: somebody is there */
struct emu_function *emu_gpu_function(struct emu_gpu *gpu, unsigned int devfn);	/* or NULL */
struct emu_function *emu_gpu_vf(struct emu_gpu *gpu, u32 gfid);			/* or NULL */

static inline bool emu_function_is_pf(const struct emu_function *fn)
{
	return fn->index == 0;
}

static inline const struct emu_config_kind *emu_function_kind(const struct emu_function *fn)
{
	return emu_function_is_pf(fn) ? fn->gpu->pf_kind : fn->gpu->vf_kind;
}

void emu_function_clear(struct emu_function *fn);	/* BAR0 as after a reset, no interrupts */

/* ------------------------------------------------------------------- bus.c */

int emu_bus_init(void);
void emu_bus_exit(void);
int emu_bus_add(struct emu_gpu *gpu);
void emu_bus_remove(struct emu_gpu *gpu);
struct emu_function *emu_bus_function(struct device *dev);	/* NULL: not a function of ours */

/* ---------------------------------------------------------- config_space.c */

int emu_config_init(struct emu_gpu *gpu);
void emu_config_fini(struct emu_gpu *gpu);
int emu_config_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val);
int emu_config_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val);
bool emu_config_bus_master(struct emu_function *fn);
/* The control word of MSI-X as the function may use it: 0 also without bus mastering. */
u16 emu_config_msix_control(struct emu_function *fn);
bool emu_config_take_write(struct emu_gpu *gpu, struct emu_write *write);
u64 emu_config_writes_lost(struct emu_gpu *gpu);
bool emu_config_resetting(struct emu_gpu *gpu);
void emu_config_reset_done(struct emu_gpu *gpu);

/* ------------------------------------------------------------------- msi.c */

int emu_msi_init(struct emu_gpu *gpu);
void emu_msi_fini(struct emu_gpu *gpu);
/* Sends what is raised; true while a mask keeps some of it back. */
bool emu_msi_deliver(struct emu_gpu *gpu);

/* ----------------------------------------------------------------- iommu.c */

int emu_iommu_init(void);
void emu_iommu_exit(void);
unsigned int emu_iommu_domains(void);		/* page tables there are */
int emu_iommu_prepare(struct device *dev);	/* before the IOMMU core sees it */
int emu_iommu_read(struct emu_function *fn, u64 bus, void *buf, size_t len);
int emu_iommu_write(struct emu_function *fn, u64 bus, const void *buf, size_t len);
int emu_iommu_leave(struct emu_gpu *gpu);	/* -EBUSY: a function is held */
void emu_iommu_stay(struct emu_gpu *gpu);

/* ----------------------------------------------------------------- model.c */

int emu_model_init(struct emu_gpu *gpu);
void emu_model_fini(struct emu_gpu *gpu);
void emu_model_kick(struct emu_gpu *gpu);	/* any context */
void emu_model_totals(struct emu_gpu *gpu, struct nvvgpu_emu_totals *totals);
int emu_model_crash(struct emu_gpu *gpu, u32 gfid);

/* ----------------------------------------------------------- framebuffer.c */

int emu_framebuffer_init(struct emu_gpu *gpu);
void emu_framebuffer_fini(struct emu_gpu *gpu);
int emu_framebuffer_read(struct emu_gpu *gpu, u64 address, void *buf, size_t len);
int emu_framebuffer_write(struct emu_gpu *gpu, u64 address, const void *buf, size_t len);
int emu_framebuffer_zero(struct emu_gpu *gpu, u64 address, u64 len);
int emu_framebuffer_next_data(struct emu_gpu *gpu, u64 address, u64 end, u64 *ret_start,
			      u64 *ret_len);

/* --------------------------------------------------------------- debugfs.c */

void emu_debugfs_init(void);
void emu_debugfs_exit(void);
void emu_debugfs_add(struct emu_gpu *gpu);
void emu_debugfs_remove(struct emu_gpu *gpu);

/* -------------------------------------------------------------- configfs.c */

/*
 * boards: those to make now, separated by commas, each "l40" or, with its framework,
 * "l40:vendor-vfio"; NULL for none.
 */
int emu_configfs_init(const char *boards);
void emu_configfs_exit(void);

#endif
