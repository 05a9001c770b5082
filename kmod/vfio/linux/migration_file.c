// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * VFIO migration: the core walks the states, ../migration.c does each step.  A session's data
 * goes through a file of its own, which may outlive the device.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include "compat.h"
#include "device.h"

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

/* ----------------------------------------------------------------------- states */

/* The file comes first: without one there would be a state that only a reset leads out of. */
static int session_step(struct nvvgpu_vfio *nv, u32 next, struct file **ret)
{
	struct nvvgpu_migration_session *session = NULL;
	struct file *file;
	int err;

	file = data_file_new(next == VFIO_DEVICE_STATE_STOP_COPY);
	if (IS_ERR(file))
		return PTR_ERR(file);
	err = nvvgpu_migration_step(nv->migration, next, &session);
	if (err) {
		fput(file);
		return err;
	}
	file->private_data = session;
	*ret = file;
	return 0;
}

static int step(struct nvvgpu_vfio *nv, u32 next, struct file **ret)
{
	struct nvvgpu_migration_session *session = NULL;

	if (next == VFIO_DEVICE_STATE_STOP_COPY || next == VFIO_DEVICE_STATE_RESUMING)
		return session_step(nv, next, ret);
	return nvvgpu_migration_step(nv->migration, next, &session);
}

/* Without P2P and pre-copy only the last step of a walk can begin a session. */
static int walk(struct nvvgpu_vfio *nv, enum vfio_device_mig_state target, struct file **ret)
{
	enum vfio_device_mig_state next;
	int err = 0;

	while (!err && nvvgpu_migration_state(nv->migration) != target) {
		err = vfio_mig_get_next_state(&nv->core.vdev,
					      nvvgpu_migration_state(nv->migration), target, &next);
		if (!err)
			err = step(nv, next, ret);
	}
	return err;
}

static struct file *set_state(struct vfio_device *vdev, enum vfio_device_mig_state target)
{
	struct nvvgpu_vfio *nv = to_nvvgpu_vfio(vdev);
	struct file *file = NULL;
	int err;

	mutex_lock(&nv->state_mutex);
	err = walk(nv, target, &file);
	mutex_unlock(&nv->state_mutex);
	return err ? ERR_PTR(err) : file;
}

static int get_state(struct vfio_device *vdev, enum vfio_device_mig_state *ret)
{
	struct nvvgpu_vfio *nv = to_nvvgpu_vfio(vdev);

	mutex_lock(&nv->state_mutex);
	*ret = nvvgpu_migration_state(nv->migration);
	mutex_unlock(&nv->state_mutex);
	return 0;
}

static int __maybe_unused get_data_size(struct vfio_device *vdev, unsigned long *ret)
{
	struct nvvgpu_vfio *nv = to_nvvgpu_vfio(vdev);
	u64 bytes;
	int err;

	mutex_lock(&nv->state_mutex);
	err = nvvgpu_migration_data_size(nv->migration, &bytes);
	mutex_unlock(&nv->state_mutex);
	if (!err)
		*ret = bytes;
	return err;
}

const struct vfio_migration_ops nvvgpu_vfio_migration_ops = {
	.migration_set_state = set_state,
	.migration_get_state = get_state,
	NVVGPU_VFIO_DATA_SIZE_OPS(get_data_size)
};
