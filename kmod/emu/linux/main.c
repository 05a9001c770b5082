// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * An emulated NVIDIA board on the PCI bus of this machine, for drivers and VMMs that have no
 * other.  configfs.c tells how to plug one in.
 *
 * The module stays while a board is live; take boards out first.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include "glue.h"

static ulong memory_base;
module_param(memory_base, ulong, 0444);
MODULE_PARM_DESC(memory_base, "Address of the memory set aside with memmap=BYTES$ADDRESS");

static ulong memory_bytes;
module_param(memory_bytes, ulong, 0444);
MODULE_PARM_DESC(memory_bytes, "How much of it: 32 MiB are enough for one GPU");

static char *boards;
module_param(boards, charp, 0444);
MODULE_PARM_DESC(boards, "Boards to plug in when loaded, such as l40,t4,l40:vendor-vfio");

static int __init emu_init(void)
{
	int err;

	err = emu_memory_init(memory_base, memory_bytes);
	if (err)
		return err;
	err = emu_iommu_init();
	if (err)
		goto err_memory;
	err = emu_bus_init();
	if (err)
		goto err_iommu;
	emu_debugfs_init();
	err = emu_configfs_init(boards);
	if (err)
		goto err_bus;
	return 0;

err_bus:
	emu_debugfs_exit();
	emu_bus_exit();
err_iommu:
	emu_iommu_exit();
err_memory:
	emu_memory_exit();
	return err;
}

static void __exit emu_exit(void)
{
	emu_configfs_exit();
	emu_debugfs_exit();
	emu_bus_exit();
	emu_iommu_exit();
	emu_memory_exit();
}

module_init(emu_init);
module_exit(emu_exit);
MODULE_SOFTDEP("pre: nvvgpu_core nvvgpu_mgr nvvgpu_vfio");
MODULE_DESCRIPTION("Emulated NVIDIA vGPU board");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION(NVVGPU_VERSION);
