// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * /sys/kernel/debug/nvvgpu/<address of the physical function>/: what the tasks of the vGPUs wrote
 * into their logs, and a summary for people.  No program should depend on it.
 */
#include <linux/seq_file.h>
#include "../internal.h"
#include "glue.h"

static struct dentry *root;

/* ------------------------------------------------------------------------- logs */

static ssize_t log_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct mgr_log *log = file->private_data;
	struct mgr_device *md = log->md;
	ssize_t n;
	void *text;

	text = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	n = mgr_device_enter(md);
	if (!n) {
		n = nvvgpu_mgr_log_read(md->mgr, log->slot, log->kind, *pos, text,
					min_t(size_t, len, PAGE_SIZE));
		mgr_device_leave(md);
	}
	if (n > 0 && copy_to_user(buf, text, n))
		n = -EFAULT;
	if (n > 0)
		*pos += n;
	kfree(text);
	return n;
}

static const struct file_operations log_ops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = log_read,
	.llseek = default_llseek,
};

static void add_log(struct mgr_device *md, u32 slot, enum nvvgpu_plugin_log kind, const char *what)
{
	struct mgr_log *log = &md->logs[slot][kind];
	char address[MGR_ADDRESS_LEN], name[64];

	if (md->sriov)
		mgr_vf_address(md, slot, address);
	else
		snprintf(address, sizeof(address), "slot%u", slot);
	snprintf(name, sizeof(name), "%s-%s", address, what);
	log->md = md;
	log->slot = slot;
	log->kind = kind;
	log->file = debugfs_create_file(name, 0400, md->directory, log, &log_ops);
}

void mgr_debugfs_add_logs(struct mgr_device *md, unsigned int slots)
{
	u32 slot;

	for (slot = 0; slot < min(slots, md->slots); slot++) {
		add_log(md, slot, NVVGPU_PLUGIN_LOG_INIT, "init_task_log");
		add_log(md, slot, NVVGPU_PLUGIN_LOG_VGPU, "vgpu_task_log");
	}
}

void mgr_debugfs_remove_logs(struct mgr_device *md)
{
	u32 slot, kind;

	for (slot = 0; slot < NVVGPU_MAX_VGPUS; slot++) {
		for (kind = 0; kind < ARRAY_SIZE(md->logs[slot]); kind++) {
			debugfs_remove(md->logs[slot][kind].file);
			md->logs[slot][kind].file = NULL;
		}
	}
}

/* ---------------------------------------------------------------------- summary */

static const char *state_name(u32 state)
{
	static const char *const names[] = {
		[NVVGPU_STATE_ASSIGNED] = "assigned",
		[NVVGPU_STATE_RUNNING] = "running",
		[NVVGPU_STATE_STOPPED] = "stopped",
		[NVVGPU_STATE_FAILED] = "failed",
	};

	return state < ARRAY_SIZE(names) && names[state] ? names[state] : "unknown";
}

static void show_vgpu(struct seq_file *seq, const struct mgr_device *md,
		      const struct nvvgpu_vgpu_info *info)
{
	char address[MGR_ADDRESS_LEN] = "-";

	if (md->sriov)
		mgr_vf_address(md, info->slot, address);
	seq_printf(seq, "%4u  %-12s  %5u  %5u  %pUb  %-8s  ", info->slot, address, info->id,
		   info->type_id, info->uuid, state_name(info->state));
	if (info->placement == NVVGPU_PLACEMENT_NONE)
		seq_puts(seq, "    -");
	else
		seq_printf(seq, "%5u", info->placement);
	seq_printf(seq, "  %u+%u\n", info->channel_first, info->channel_count);
}

static void show_totals(struct seq_file *seq, struct nvvgpu_mgr *mgr)
{
	struct nvvgpu_core_totals totals;

	mgr->ops.get_totals(mgr->core, &totals);
	seq_printf(seq, "board        %s, firmware %s\n", mgr->info.board_name,
		   mgr->info.firmware_version);
	seq_printf(seq, "framebuffer  %llu of %llu MiB free\n", totals.guest_fb_free / SZ_1M,
		   mgr->info.guest_fb_bytes / SZ_1M);
	seq_printf(seq, "heap         %llu of %llu MiB free\n", totals.heap_free / SZ_1M,
		   mgr->heap_total / SZ_1M);
	seq_printf(seq, "BAR1         %llu of %llu MiB free\n", totals.bar1_free / SZ_1M,
		   mgr->bar1_total / SZ_1M);
	seq_printf(seq, "channels     %u of %u free\n", totals.channels_free,
		   mgr->info.channels_total - mgr->info.channels_host);
	seq_printf(seq, "firmware     %u clients, %u tasks, %llu calls\n", totals.clients,
		   totals.plugins, totals.firmware_calls);
}

/* infos has room for all */
static void show_manager(struct seq_file *seq, const struct mgr_device *md,
			 struct nvvgpu_mgr *mgr, struct nvvgpu_vgpu_info *infos)
{
	u32 slots_enabled, mode, i, count = 0;

	mutex_lock(&mgr->lock);
	slots_enabled = mgr->space.slots_enabled;
	mode = mgr->space.mode;
	for (i = 0; i < NVVGPU_MAX_VGPUS; i++)
		if (mgr->vgpus[i])
			mgr_vgpu_info(mgr->vgpus[i], &infos[count++]);
	mutex_unlock(&mgr->lock);

	show_totals(seq, mgr);
	seq_printf(seq, "slots        %u of %u enabled\n", slots_enabled, mgr->config.slots);
	seq_printf(seq, "mode         %s\n",
		   mode == NVVGPU_MODE_MIXED_SIZE ? "mixed-size" : "equal-size");
	seq_printf(seq, "vGPUs        %u\n", count);
	if (count)
		seq_printf(seq, "\n%4s  %-12s  %5s  %5s  %-36s  %-8s  %5s  %s\n", "slot", "VF",
			   "id", "type", "uuid", "state", "place", "channels");
	for (i = 0; i < count; i++)
		show_vgpu(seq, md, &infos[i]);
}

static int state_show(struct seq_file *seq, void *unused)
{
	struct mgr_device *md = seq->private;
	struct nvvgpu_vgpu_info *infos;
	int err;

	infos = kcalloc(NVVGPU_MAX_VGPUS, sizeof(*infos), GFP_KERNEL);
	if (!infos)
		return -ENOMEM;
	err = mgr_device_enter(md);
	if (!err) {
		show_manager(seq, md, md->mgr, infos);
		mgr_device_leave(md);
	}
	kfree(infos);
	return err;
}
DEFINE_SHOW_ATTRIBUTE(state);

/* ------------------------------------------------------------------------- life */

void mgr_debugfs_add(struct mgr_device *md)
{
	md->directory = debugfs_create_dir(pci_name(md->pdev), root);
	debugfs_create_file("state", 0400, md->directory, md, &state_fops);
	if (!md->sriov)
		mgr_debugfs_add_logs(md, md->slots);
}

void mgr_debugfs_remove(struct mgr_device *md)
{
	debugfs_remove(md->directory);
}

void mgr_debugfs_init(void)
{
	root = debugfs_create_dir("nvvgpu", NULL);
}

void mgr_debugfs_exit(void)
{
	debugfs_remove(root);
}
