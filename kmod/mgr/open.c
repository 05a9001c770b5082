// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * From the opening of a VFIO device to its close: the plugin task is booted,
 * spoken to, reset, shut down.  A task that crashed, or that does not answer in
 * time, leaves the vGPU FAILED until a reset boots a new one.
 */
#include "internal.h"

static u32 gfid_of(const struct nvvgpu_mgr_vgpu *vgpu)
{
	return vgpu->plan.slot + 1;
}

/* Routing id of the virtual function, of the board itself without SR-IOV. */
static u32 dbdf_of(const struct nvvgpu_mgr_vgpu *vgpu)
{
	const struct nvvgpu_core_info *info = &vgpu->mgr->info;

	if (!vgpu->mgr->config.sriov)
		return info->domain_bdf;
	return info->domain_bdf + info->vf_offset + info->vf_stride * vgpu->plan.slot;
}

/* "lock" held */
static void mark_crashed(struct nvvgpu_mgr_vgpu *vgpu)
{
	if (!vgpu->booted || vgpu->crashed)
		return;
	vgpu->crashed = true;
	vgpu->state = NVVGPU_STATE_FAILED;
	mgr_event_add(vgpu->mgr, NVVGPU_EVENT_CRASHED, vgpu, 0);
}

/* See internal.h: may run inside a call that this thread makes to the core. */
void mgr_plugin_event(void *priv, u32 gfid, u32 event)
{
	struct nvvgpu_mgr *mgr = priv;
	bool wake;

	if (event != NVVGPU_PLUGIN_EVENT_CRASHED || !gfid || gfid > NVVGPU_MAX_VGPUS)
		return;
	mutex_lock(&mgr->lock);
	if (mgr->vgpus[gfid - 1])
		mark_crashed(mgr->vgpus[gfid - 1]);
	wake = !mgr->sections;
	mutex_unlock(&mgr->lock);
	if (wake)
		mgr_event_wake(mgr);
}

static void set_booted(struct nvvgpu_mgr_vgpu *vgpu, bool booted)
{
	mutex_lock(&vgpu->mgr->lock);
	vgpu->booted = booted;
	vgpu->crashed = false;
	mutex_unlock(&vgpu->mgr->lock);
}

static void set_state(struct nvvgpu_mgr_vgpu *vgpu, u32 state)
{
	mutex_lock(&vgpu->mgr->lock);
	vgpu->state = state;
	mutex_unlock(&vgpu->mgr->lock);
}

static bool has_crashed(struct nvvgpu_mgr_vgpu *vgpu)
{
	bool crashed;

	mutex_lock(&vgpu->mgr->lock);
	crashed = vgpu->crashed;
	mutex_unlock(&vgpu->mgr->lock);
	return crashed;
}

/* A task that does not answer is as good as dead. */
static int note_result(struct nvvgpu_mgr_vgpu *vgpu, int err)
{
	if (err != -ETIMEDOUT)
		return err;
	mutex_lock(&vgpu->mgr->lock);
	mark_crashed(vgpu);
	mutex_unlock(&vgpu->mgr->lock);
	return err;
}

/* ------------------------------------------------------------- boot, shutdown */

static int bootload(struct nvvgpu_mgr_vgpu *vgpu)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;
	struct nvvgpu_boot_args args = {
		.dbdf = dbdf_of(vgpu),
		.gfid = gfid_of(vgpu),
		.type_id = vgpu->type.id,
		.vm_pid = vgpu->vm_pid,
		.swizz_id = NVVGPU_CORE_SWIZZ_NONE,
		.channel_first = vgpu->plan.channel_first,
		.channel_count = vgpu->plan.channel_count,
		.guest_fb = vgpu->fb,
		.heap = vgpu->heap,
	};

	return mgr->ops.vgpu_bootload(mgr->core, vgpu->client, &args);
}

static int configure(struct nvvgpu_mgr_vgpu *vgpu, struct nvvgpu_plugin *plugin)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;
	struct nvvgpu_plugin_config config = {
		.dbdf = dbdf_of(vgpu),
		.instance_id = mgr->ops.client_handle(vgpu->client),
		.type_id = vgpu->type.id,
		.vm_pid = vgpu->vm_pid,
		.swizz_id = NVVGPU_CORE_SWIZZ_NONE,
		.channel_count = vgpu->plan.channel_count,
		.migration_supported = true,
		/* params are constant while the device is open */
		.console_vnc = !mgr_params_is_one(vgpu->params, "disable_vnc"),
		.enable_uvm = mgr_params_is_one(vgpu->params, "enable_uvm"),
	};

	memcpy(config.uuid, vgpu->uuid, sizeof(config.uuid));
	return mgr->ops.plugin_configure(plugin, &config);
}

/*
 * Both controls, whatever the first says: the task may be half gone already.  The
 * second one is what makes the firmware forget it.
 */
static void shut_task_down(struct nvvgpu_mgr_vgpu *vgpu)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;
	int stopped, gone;

	stopped = mgr->ops.vgpu_shutdown(mgr->core, vgpu->client, gfid_of(vgpu));
	gone = mgr->ops.vgpu_cleanup(mgr->core, vgpu->client, gfid_of(vgpu));
	if (!gone)
		set_booted(vgpu, false);
	else
		pr_warn("nvvgpu: vGPU %u: shutdown %d, cleanup %d\n", vgpu->id, stopped, gone);
}

void mgr_task_forget(struct nvvgpu_mgr_vgpu *vgpu)
{
	if (vgpu->booted)
		shut_task_down(vgpu);
}

static int greet(struct nvvgpu_mgr_vgpu *vgpu, struct nvvgpu_plugin *plugin)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;
	u32 version;
	int err;

	err = mgr->ops.plugin_negotiate(plugin, &version);
	if (!err)
		err = configure(vgpu, plugin);
	if (!err)
		err = mgr->ops.plugin_set_bus_master(plugin, false, true);
	if (!err && has_crashed(vgpu))
		err = -EIO;
	return err;
}

/* plugin_lock held */
static int boot(struct nvvgpu_mgr_vgpu *vgpu)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;
	struct nvvgpu_plugin *plugin;
	bool leftover;
	int err;

	mgr_task_forget(vgpu);
	leftover = vgpu->booted;
	set_booted(vgpu, true);
	err = bootload(vgpu);
	if (err == -ETIMEDOUT)
		goto shut_down;		/* no answer: it may run all the same */
	if (err)
		goto not_booted;
	err = mgr->ops.plugin_attach(mgr->core, gfid_of(vgpu), vgpu->heap, &plugin);
	if (err)
		goto shut_down;
	err = greet(vgpu, plugin);
	if (err)
		goto detach;
	vgpu->plugin = plugin;
	mutex_lock(&mgr->lock);
	mgr->counters.booted++;
	mutex_unlock(&mgr->lock);
	return 0;

detach:
	mgr->ops.plugin_detach(plugin);
shut_down:
	shut_task_down(vgpu);
	return err;
not_booted:
	set_booted(vgpu, leftover);
	return err;
}

/* plugin_lock held */
static void shutdown(struct nvvgpu_mgr_vgpu *vgpu)
{
	if (!vgpu->plugin)
		return;
	vgpu->mgr->ops.plugin_detach(vgpu->plugin);
	vgpu->plugin = NULL;
	shut_task_down(vgpu);
}

/* -------------------------------------------------------------- open and close */

/* Marks the vGPU of a slot as open, so that it cannot go away. */
static int claim(struct nvvgpu_mgr *mgr, u32 slot, struct nvvgpu_mgr_vgpu **ret)
{
	struct nvvgpu_mgr_vgpu *vgpu = NULL;
	int err = 0;

	mutex_lock(&mgr->lock);
	if (slot < mgr->space.slots_enabled)
		vgpu = mgr->vgpus[slot];
	if (!vgpu)
		err = -ENODEV;
	else if (vgpu->open)
		err = -EBUSY;
	else
		vgpu->open = true;
	mutex_unlock(&mgr->lock);
	if (!err)
		*ret = vgpu;
	return err;
}

/* Nothing of the vGPU may be touched afterwards: it can be destroyed at once. */
static void unclaim(struct nvvgpu_mgr_vgpu *vgpu, bool event)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;

	mutex_lock(&mgr->lock);
	vgpu->state = NVVGPU_STATE_ASSIGNED;
	if (event)
		mgr_event_add(mgr, NVVGPU_EVENT_STOPPED, vgpu, 0);
	vgpu->open = false;
	mutex_unlock(&mgr->lock);
	mgr_event_wake(mgr);
}

/* Running, unless the task crashed since it was booted. */
static void announce(struct nvvgpu_mgr_vgpu *vgpu, u32 event)
{
	mutex_lock(&vgpu->mgr->lock);
	if (!vgpu->crashed)
		vgpu->state = NVVGPU_STATE_RUNNING;
	mgr_event_add(vgpu->mgr, event, vgpu, 0);
	mutex_unlock(&vgpu->mgr->lock);
}

int nvvgpu_mgr_open(struct nvvgpu_mgr *mgr, u32 slot, u32 vm_pid, struct nvvgpu_mgr_vgpu **ret)
{
	struct nvvgpu_mgr_vgpu *vgpu;
	int err;

	err = claim(mgr, slot, &vgpu);
	if (err)
		return err;
	mgr_plugin_begin(vgpu);
	vgpu->vm_pid = vm_pid;
	err = boot(vgpu);
	if (!err)
		announce(vgpu, NVVGPU_EVENT_STARTED);
	mgr_plugin_end(vgpu);
	if (err) {
		unclaim(vgpu, false);
		return err;
	}
	*ret = vgpu;
	return 0;
}

void nvvgpu_mgr_close(struct nvvgpu_mgr_vgpu *vgpu)
{
	nvvgpu_mgr_set_guest(vgpu, NULL, NULL);
	mgr_plugin_begin(vgpu);
	shutdown(vgpu);
	mgr_plugin_end(vgpu);
	unclaim(vgpu, true);
}

/* ----------------------------------------------------------------------- reset */

/* A living task is told to reset; a dead one, or one that refuses, is booted anew. */
static int reset(struct nvvgpu_mgr_vgpu *vgpu)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;
	int err;

	if (vgpu->plugin && !has_crashed(vgpu)) {
		err = mgr->ops.plugin_reset(vgpu->plugin);
		if (!err)
			err = mgr->ops.plugin_set_bus_master(vgpu->plugin, false, true);
		if (!err)
			return mgr_scrub(mgr, vgpu->fb);
	}
	shutdown(vgpu);
	err = mgr_scrub(mgr, vgpu->fb);
	return err ? err : boot(vgpu);
}

int nvvgpu_mgr_reset(struct nvvgpu_mgr_vgpu *vgpu)
{
	int err;

	mgr_plugin_begin(vgpu);
	err = reset(vgpu);
	if (err)
		set_state(vgpu, NVVGPU_STATE_FAILED);
	else
		announce(vgpu, NVVGPU_EVENT_RESET);
	mgr_plugin_end(vgpu);
	return err;
}

const struct nvvgpu_type_desc *nvvgpu_mgr_vgpu_type(const struct nvvgpu_mgr_vgpu *vgpu)
{
	return &vgpu->type;
}

u32 nvvgpu_mgr_vgpu_gfid(const struct nvvgpu_mgr_vgpu *vgpu)
{
	return gfid_of(vgpu);
}

/* ----------------------------------------------------------------- task's log */

/* change_lock keeps the vGPU and its heap where they are. */
ssize_t nvvgpu_mgr_log_read(struct nvvgpu_mgr *mgr, u32 slot, enum nvvgpu_plugin_log log,
			    u64 offset, void *buf, size_t len)
{
	ssize_t n = -ENODEV;

	if (slot >= NVVGPU_MAX_VGPUS)
		return n;
	mgr_change_begin(mgr);
	if (mgr->vgpus[slot])
		n = mgr->ops.plugin_log(mgr->core, mgr->vgpus[slot]->heap, log, offset, buf, len);
	mgr_change_end(mgr);
	return n;
}

/* -------------------------------------------------------- messages to the task */

/* Takes plugin_lock; the task when it lives, else NULL. */
static struct nvvgpu_plugin *plugin_get(struct nvvgpu_mgr_vgpu *vgpu)
{
	mgr_plugin_begin(vgpu);
	return has_crashed(vgpu) ? NULL : vgpu->plugin;
}

static int plugin_put(struct nvvgpu_mgr_vgpu *vgpu, int err)
{
	err = note_result(vgpu, err);
	mgr_plugin_end(vgpu);
	return err;
}

static int call(struct nvvgpu_mgr_vgpu *vgpu, int (*op)(struct nvvgpu_plugin *plugin))
{
	struct nvvgpu_plugin *plugin = plugin_get(vgpu);

	return plugin_put(vgpu, plugin ? op(plugin) : -EIO);
}

int nvvgpu_mgr_set_bus_master(struct nvvgpu_mgr_vgpu *vgpu, bool enable)
{
	struct nvvgpu_plugin *plugin = plugin_get(vgpu);
	int err = -EIO;

	if (plugin)
		err = vgpu->mgr->ops.plugin_set_bus_master(plugin, enable, true);
	return plugin_put(vgpu, err);
}

int nvvgpu_mgr_stop_work(struct nvvgpu_mgr_vgpu *vgpu, u64 *ret_estimate)
{
	struct nvvgpu_plugin *plugin = plugin_get(vgpu);
	int err = -EIO;

	if (plugin)
		err = vgpu->mgr->ops.plugin_stop_work(plugin, ret_estimate);
	return plugin_put(vgpu, err);
}

int nvvgpu_mgr_cancel_stop(struct nvvgpu_mgr_vgpu *vgpu)
{
	return call(vgpu, vgpu->mgr->ops.plugin_cancel_stop);
}

int nvvgpu_mgr_save_state(struct nvvgpu_mgr_vgpu *vgpu, void *buf, size_t size, size_t *ret_len,
			  bool *ret_complete)
{
	struct nvvgpu_plugin *plugin = plugin_get(vgpu);
	int err = -EIO;

	if (plugin)
		err = vgpu->mgr->ops.plugin_save_state(plugin, buf, size, ret_len, ret_complete);
	return plugin_put(vgpu, err);
}

int nvvgpu_mgr_cancel_save(struct nvvgpu_mgr_vgpu *vgpu)
{
	return call(vgpu, vgpu->mgr->ops.plugin_cancel_save);
}

int nvvgpu_mgr_restore_state(struct nvvgpu_mgr_vgpu *vgpu, const void *buf, size_t len)
{
	struct nvvgpu_plugin *plugin = plugin_get(vgpu);
	int err = -EIO;

	if (plugin)
		err = vgpu->mgr->ops.plugin_restore_state(plugin, buf, len);
	return plugin_put(vgpu, err);
}

int nvvgpu_mgr_restore_deferred(struct nvvgpu_mgr_vgpu *vgpu)
{
	return call(vgpu, vgpu->mgr->ops.plugin_restore_deferred);
}

int nvvgpu_mgr_resume_work(struct nvvgpu_mgr_vgpu *vgpu)
{
	return call(vgpu, vgpu->mgr->ops.plugin_resume_work);
}

/* enum vfio_device_mig_state of <linux/vfio.h>, which user-space builds of old systems lack. */
#define MIG_STATE_ERROR		0
#define MIG_STATE_RUNNING	2

void nvvgpu_mgr_migration_state(struct nvvgpu_mgr_vgpu *vgpu, u32 vfio_state)
{
	struct nvvgpu_mgr *mgr = vgpu->mgr;

	mutex_lock(&mgr->lock);
	if (vfio_state == MIG_STATE_ERROR)
		vgpu->state = NVVGPU_STATE_FAILED;
	else if (!vgpu->crashed)
		vgpu->state = vfio_state == MIG_STATE_RUNNING ? NVVGPU_STATE_RUNNING :
								NVVGPU_STATE_STOPPED;
	mgr_event_add(mgr, NVVGPU_EVENT_MIGRATION, vgpu, vfio_state);
	mutex_unlock(&mgr->lock);
	mgr_event_wake(mgr);
}
