// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * /sys/kernel/debug/nvvgpu_emu/<address of the PF>/:
 *
 *   totals	what there is in the model, for tests that look for leaks
 *   crash	write a gfid: its plugin task crashes
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/seq_file.h>
#include "glue.h"

static struct dentry *root;

static int totals_show(struct seq_file *s, void *unused)
{
	struct emu_gpu *gpu = s->private;
	struct nvvgpu_emu_totals totals;

	emu_model_totals(gpu, &totals);
	seq_printf(s, "rm_clients: %u\n", totals.rm_clients);
	seq_printf(s, "rm_objects: %u\n", totals.rm_objects);
	seq_printf(s, "plugins: %u\n", totals.plugins);
	seq_printf(s, "bar1_pages: %u\n", totals.bar1_pages);
	seq_printf(s, "rpcs: %llu\n", totals.rpcs);
	seq_printf(s, "controls: %llu\n", totals.controls);
	seq_printf(s, "messages: %llu\n", totals.messages);
	seq_printf(s, "refused: %llu\n", totals.refused);
	seq_printf(s, "pv_lost: %llu\n", emu_config_writes_lost(gpu));
	seq_printf(s, "iommu_domains: %u\n", emu_iommu_domains());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(totals);

static int crash_set(void *priv, u64 gfid)
{
	return gfid > U32_MAX ? -EINVAL : emu_model_crash(priv, gfid);
}
DEFINE_DEBUGFS_ATTRIBUTE(crash_fops, NULL, crash_set, "%llu\n");

void emu_debugfs_add(struct emu_gpu *gpu)
{
	gpu->debugfs = debugfs_create_dir(gpu->name, root);
	debugfs_create_file("totals", 0400, gpu->debugfs, gpu, &totals_fops);
	debugfs_create_file("crash", 0200, gpu->debugfs, gpu, &crash_fops);
}

void emu_debugfs_remove(struct emu_gpu *gpu)
{
	debugfs_remove_recursive(gpu->debugfs);
}

void emu_debugfs_init(void)
{
	root = debugfs_create_dir(KBUILD_MODNAME, NULL);
}

void emu_debugfs_exit(void)
{
	debugfs_remove_recursive(root);
}
