// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The state of an open vGPU.  For VFIO migration the core walks the states, ../migration.c does
 * each step.  A session's data goes through a file of its own, which may outlive the device.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include "compat.h"
#include "common.h"

/* Of a read or write; a longer one comes back short, so that it can be killed in between. */
#define CALL_BYTES	SZ_2M

/* ------------------------------------------------------------------- data files */

static ssize_t data_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	return nvvgpu_migration_read(file->private_data, buf, min_t(size_t, count, CALL_BYTES));
}

static ssize_t data_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	return nvvgpu_migration_write(file->private_data, buf, min_t(size_t, count, CALL_BYTES));
}

static int data_release(struct inode *inode, struct file *file)
{
	if (file->private_data)
		nvvgpu_migration_session_put(file->private_data);
	return 0;
}

static const struct file_operations data_fops = {
	.owner = THIS_MODULE,
	.read = data_read,
	.write = data_write,
	.release = data_release,
};

static struct file *data_file_new(bool saving)
{
	struct file *file;

	file = anon_inode_getfile("nvvgpu_state", &data_fops, NULL, saving ? O_RDONLY : O_WRONLY);
	if (!IS_ERR(file))
		stream_open(file_inode(file), file);
	return file;
}

/* ------------------------------------------------------------------ migration */

/* The file comes first: without one there would be a state that only a reset leads out of. */
static int session_step(struct nvvgpu_state *state, u32 next, struct file **ret)
{
	struct nvvgpu_migration_session *session = NULL;
	struct file *file;
	int err;

	file = data_file_new(next == VFIO_DEVICE_STATE_STOP_COPY);
	if (IS_ERR(file))
		return PTR_ERR(file);
	err = nvvgpu_migration_step(state->migration, next, &session);
	if (err) {
		fput(file);
		return err;
	}
	file->private_data = session;
	*ret = file;
	return 0;
}

static int step(struct nvvgpu_state *state, u32 next, struct file **ret)
{
	struct nvvgpu_migration_session *session = NULL;

	if (next == VFIO_DEVICE_STATE_STOP_COPY || next == VFIO_DEVICE_STATE_RESUMING)
		return session_step(state, next, ret);
	return nvvgpu_migration_step(state->migration, next, &session);
}

/* Without P2P and pre-copy only the last step of a walk can begin a session. */
static int walk(struct nvvgpu_state *state, struct vfio_device *vdev,
		enum vfio_device_mig_state target, struct file **ret)
{
	enum vfio_device_mig_state next;
	int err = 0;

	while (!err && nvvgpu_migration_state(state->migration) != target) {
		err = vfio_mig_get_next_state(vdev, nvvgpu_migration_state(state->migration),
					      target, &next);
		if (!err)
			err = step(state, next, ret);
	}
	return err;
}

struct file *nvvgpu_state_migrate(struct nvvgpu_state *state, struct vfio_device *vdev,
				  enum vfio_device_mig_state target)
{
	struct file *file = NULL;
	int err;

	mutex_lock(&state->lock);
	err = walk(state, vdev, target, &file);
	mutex_unlock(&state->lock);
	return err ? ERR_PTR(err) : file;
}
EXPORT_SYMBOL_GPL(nvvgpu_state_migrate);

int nvvgpu_state_get_migration(struct nvvgpu_state *state, enum vfio_device_mig_state *ret)
{
	mutex_lock(&state->lock);
	*ret = nvvgpu_migration_state(state->migration);
	mutex_unlock(&state->lock);
	return 0;
}
EXPORT_SYMBOL_GPL(nvvgpu_state_get_migration);

int nvvgpu_state_get_data_size(struct nvvgpu_state *state, unsigned long *ret)
{
	u64 bytes;
	int err;

	mutex_lock(&state->lock);
	err = nvvgpu_migration_data_size(state->migration, &bytes);
	mutex_unlock(&state->lock);
	if (!err)
		*ret = bytes;
	return err;
}
EXPORT_SYMBOL_GPL(nvvgpu_state_get_data_size);

/* ------------------------------------------------------------ bus master, reset */

int nvvgpu_state_set_bus_master(struct nvvgpu_state *state, bool enable)
{
	int err;

	lockdep_assert_held(&state->lock);
	if (enable == state->bus_master)
		return 0;
	err = nvvgpu_mgr_set_bus_master(state->vgpu, enable);
	if (!err)
		state->bus_master = enable;
	return err;
}
EXPORT_SYMBOL_GPL(nvvgpu_state_set_bus_master);

int nvvgpu_state_reset(struct nvvgpu_state *state)
{
	int err;

	lockdep_assert_held(&state->lock);
	err = nvvgpu_mgr_reset(state->vgpu);
	if (err)
		return err;
	state->bus_master = false;
	return nvvgpu_migration_reset(state->migration);
}
EXPORT_SYMBOL_GPL(nvvgpu_state_reset);

/* --------------------------------------------------------------- open and close */

int nvvgpu_state_open(struct nvvgpu_state *state, struct nvvgpu_mgr_vgpu *vgpu)
{
	int err;

	mutex_lock(&state->lock);
	err = nvvgpu_migration_init(vgpu, &state->migration);
	if (!err) {
		state->vgpu = vgpu;
		state->bus_master = false;
	}
	mutex_unlock(&state->lock);
	if (err)
		nvvgpu_mgr_close(vgpu);
	return err;
}
EXPORT_SYMBOL_GPL(nvvgpu_state_open);

/* A restore given up half way leaves an empty framebuffer, not half of one. */
void nvvgpu_state_close(struct nvvgpu_state *state)
{
	struct nvvgpu_mgr_vgpu *vgpu = state->vgpu;
	bool resuming;

	mutex_lock(&state->lock);
	resuming = nvvgpu_migration_state(state->migration) == VFIO_DEVICE_STATE_RESUMING;
	nvvgpu_migration_fini(state->migration);
	state->migration = NULL;
	state->vgpu = NULL;
	mutex_unlock(&state->lock);
	if (resuming && nvvgpu_mgr_reset(vgpu))
		pr_err("nvvgpu: an unfinished restore could not be undone\n");
	nvvgpu_mgr_close(vgpu);
}
EXPORT_SYMBOL_GPL(nvvgpu_state_close);

void nvvgpu_state_init(struct nvvgpu_state *state)
{
	mutex_init(&state->lock);
}
EXPORT_SYMBOL_GPL(nvvgpu_state_init);

void nvvgpu_state_fini(struct nvvgpu_state *state)
{
	mutex_destroy(&state->lock);
}
EXPORT_SYMBOL_GPL(nvvgpu_state_fini);
