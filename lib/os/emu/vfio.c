// SPDX-License-Identifier: MIT
/* The VFIO device of an emulated vGPU: the stock uAPI over kmod/vfio and the board model. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "emu.h"
#include "../vfio_uapi.h"
#include "kmod/vfio/migration.h"

#define REGION_SHIFT 40		/* a region's offset is its index << 40, as vfio-pci does it */
#define CONFIG_BYTES 4096
#define MAX_SESSIONS 4
#define FIRST_TOKEN 1000	/* what stands for a data_fd: not a descriptor of this process */

struct emu_vfio {
	struct os_file file;
	struct emu_gpu *gpu;
	unsigned int slot;
	struct nvvgpu_mgr_vgpu *vgpu;
	struct nvvgpu_migration *migration;
	struct nvvgpu_migration_session *sessions[MAX_SESSIONS];	/* until they are adopted */
	u8 config[CONFIG_BYTES];
};

struct emu_data {
	struct os_file file;
	struct emu_gpu *gpu;
	struct nvvgpu_migration_session *session;
};

static struct emu_vfio *to_vfio(struct os_file *file)
{
	return container_of(file, struct emu_vfio, file);
}

/* ------------------------------------------------------------------ regions */

static u64 region_bytes(const struct emu_vfio *vfio, u32 index)
{
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return CONFIG_BYTES;
	return index < VFIO_PCI_ROM_REGION_INDEX ? nvvgpu_mgr_bar_bytes(vfio->vgpu, index) : 0;
}

/* The guest sees the type's ids and a VGA class, whatever the VF is (kernel.md 1.3). */
static void config_init(struct emu_vfio *vfio)
{
	const struct nvvgpu_type_desc *type = nvvgpu_mgr_vgpu_type(vfio->vgpu);

	nvvgpu_emu_config_image(vfio->gpu->data, vfio->slot, vfio->config);
	put_unaligned_le16(0x10de, vfio->config + 0x00);
	put_unaligned_le16(type->vdev_id >> 16, vfio->config + 0x02);
	vfio->config[0x09] = 0x00;
	vfio->config[0x0a] = 0x00;
	vfio->config[0x0b] = 0x03;
	put_unaligned_le16(0x10de, vfio->config + 0x2c);
	put_unaligned_le16(type->vdev_id & 0xffff, vfio->config + 0x2e);
}

#define CONFIG_COMMAND 0x04
#define COMMAND_WRITABLE 0x0407	/* I/O, memory, bus master, INTx disable */
#define COMMAND_MASTER 0x0004

static int config_write(struct emu_vfio *vfio, const u8 *buf, size_t len, u64 offset)
{
	u16 before = get_unaligned_le16(vfio->config + CONFIG_COMMAND), after;

	/* everything but the command register is read-only */
	for (size_t i = 0; i < len; i++) {
		u64 at = offset + i;
		u8 mask;

		if (at != CONFIG_COMMAND && at != CONFIG_COMMAND + 1)
			continue;
		mask = COMMAND_WRITABLE >> (8 * (at - CONFIG_COMMAND));
		vfio->config[at] = (vfio->config[at] & ~mask) | (buf[i] & mask);
	}
	after = get_unaligned_le16(vfio->config + CONFIG_COMMAND);
	if ((before ^ after) & COMMAND_MASTER)
		return nvvgpu_mgr_set_bus_master(vfio->vgpu, after & COMMAND_MASTER);
	return 0;
}

static int region_check(const struct emu_vfio *vfio, u64 position, size_t len, u32 *ret_index,
			u64 *ret_offset)
{
	u32 index = position >> REGION_SHIFT;
	u64 offset = position & ((1ULL << REGION_SHIFT) - 1);
	u64 size = region_bytes(vfio, index);

	if (offset > size || len > size - offset || len > SSIZE_MAX)
		return -EINVAL;
	*ret_index = index;
	*ret_offset = offset;
	return 0;
}

static ssize_t vfio_pread(struct os_file *file, void *buf, size_t len, uint64_t position)
{
	struct emu_vfio *vfio = to_vfio(file);
	struct emu_gpu *gpu = vfio->gpu;
	u64 offset;
	u32 index;
	int err;

	err = emu_gpu_begin(gpu, EMU_DEVICE);
	if (err)
		return err;
	err = region_check(vfio, position, len, &index, &offset);
	if (!err && index == VFIO_PCI_CONFIG_REGION_INDEX)
		memcpy(buf, vfio->config + offset, len);
	else if (!err)
		err = nvvgpu_mgr_bar_read(vfio->vgpu, index, offset, buf, len);
	emu_gpu_end(gpu, EMU_DEVICE);
	return err ? err : (ssize_t)len;
}

static ssize_t vfio_pwrite(struct os_file *file, const void *buf, size_t len, uint64_t position)
{
	struct emu_vfio *vfio = to_vfio(file);
	struct emu_gpu *gpu = vfio->gpu;
	u64 offset;
	u32 index;
	int err;

	err = emu_gpu_begin(gpu, EMU_DEVICE);
	if (err)
		return err;
	err = region_check(vfio, position, len, &index, &offset);
	if (!err && index == VFIO_PCI_CONFIG_REGION_INDEX)
		err = config_write(vfio, buf, len, offset);
	else if (!err)
		err = nvvgpu_mgr_bar_write(vfio->vgpu, index, offset, buf, len);
	emu_gpu_end(gpu, EMU_DEVICE);
	return err ? err : (ssize_t)len;
}

/* ---------------------------------------------------------------- migration */

static int session_token(struct emu_vfio *vfio, struct nvvgpu_migration_session *session)
{
	for (int i = 0; i < MAX_SESSIONS; i++) {
		if (!vfio->sessions[i]) {
			vfio->sessions[i] = session;
			return FIRST_TOKEN + i;
		}
	}
	nvvgpu_migration_session_put(session);
	return -EMFILE;
}

/* The state directory is told before half of a state can be in the framebuffer. */
static void note_resuming(struct emu_vfio *vfio)
{
	u64 bit = 1ULL << vfio->slot;

	if (nvvgpu_migration_state(vfio->migration) == VFIO_DEVICE_STATE_RESUMING)
		vfio->gpu->state.resuming_slots |= bit;
	else
		vfio->gpu->state.resuming_slots &= ~bit;
}

static int set_migration_state(struct emu_vfio *vfio, struct vfio_device_feature_mig_state *state)
{
	struct nvvgpu_migration_session *session = NULL;
	int err;

	state->data_fd = -1;
	err = nvvgpu_migration_set_state(vfio->migration, state->device_state, &session);
	note_resuming(vfio);
	if (err) {
		state->device_state = nvvgpu_migration_state(vfio->migration);
		if (session)
			nvvgpu_migration_session_put(session);
		return err;
	}
	if (session) {
		int token = session_token(vfio, session);

		if (token < 0)
			return token;
		state->data_fd = token;
	}
	return 0;
}

static int feature_data(struct emu_vfio *vfio, u32 index, u32 op, void *data)
{
	struct vfio_device_feature_migration *migration = data;
	struct vfio_device_feature_mig_state *state = data;
	struct vfio_device_feature_mig_data_size *size = data;
	u64 bytes;
	int err;

	switch (index) {
	case VFIO_DEVICE_FEATURE_MIGRATION:
		migration->flags = VFIO_MIGRATION_STOP_COPY;
		return 0;
	case VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE:
		if (op & VFIO_DEVICE_FEATURE_SET)
			return set_migration_state(vfio, state);
		state->device_state = nvvgpu_migration_state(vfio->migration);
		state->data_fd = -1;
		return 0;
	default:	/* VFIO_DEVICE_FEATURE_MIG_DATA_SIZE */
		err = nvvgpu_migration_data_size(vfio->migration, &bytes);
		if (!err)
			size->stop_copy_length = bytes;
		return err;
	}
}

static int device_feature(struct emu_vfio *vfio, struct vfio_device_feature *feature)
{
	const u32 ops = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_PROBE;
	u32 index = feature->flags & VFIO_DEVICE_FEATURE_MASK;
	u32 op = feature->flags & ops, allowed = VFIO_DEVICE_FEATURE_GET;
	size_t payload;

	if (feature->argsz < sizeof(*feature) || (feature->flags & ~(VFIO_DEVICE_FEATURE_MASK | ops)))
		return -EINVAL;
	switch (index) {
	case VFIO_DEVICE_FEATURE_MIGRATION:
		payload = sizeof(struct vfio_device_feature_migration);
		break;
	case VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE:
		payload = sizeof(struct vfio_device_feature_mig_state);
		allowed |= VFIO_DEVICE_FEATURE_SET;
		break;
	case VFIO_DEVICE_FEATURE_MIG_DATA_SIZE:
		payload = sizeof(struct vfio_device_feature_mig_data_size);
		break;
	default:
		return -ENOTTY;
	}
	if (op & (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET) & ~allowed)
		return -EINVAL;
	if (op & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	if ((op != VFIO_DEVICE_FEATURE_GET && op != VFIO_DEVICE_FEATURE_SET) ||
	    feature->argsz < sizeof(*feature) + payload)
		return -EINVAL;
	return feature_data(vfio, index, op, feature->data);
}

/* ------------------------------------------------------------------- ioctls */

static int device_info(struct vfio_device_info *info)
{
	if (info->argsz < offsetofend(struct vfio_device_info, num_irqs))
		return -EINVAL;
	info->flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info->num_regions = VFIO_PCI_NUM_REGIONS;
	info->num_irqs = VFIO_PCI_NUM_IRQS;
	return 0;
}

static int region_info(struct emu_vfio *vfio, struct vfio_region_info *info)
{
	if (info->argsz < offsetofend(struct vfio_region_info, offset))
		return -EINVAL;
	if (info->index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info->size = region_bytes(vfio, info->index);
	info->offset = (u64)info->index << REGION_SHIFT;
	info->flags = info->size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
	info->cap_offset = 0;
	return 0;
}

static int device_reset(struct emu_vfio *vfio)
{
	int err = nvvgpu_mgr_reset(vfio->vgpu);

	if (!err)
		err = nvvgpu_migration_reset(vfio->migration);
	note_resuming(vfio);
	if (!err)
		config_init(vfio);
	return err;
}

/* What a state directory has to be told of. */
static bool changes_state(unsigned long request, const void *arg)
{
	const struct vfio_device_feature *feature = arg;

	return request == VFIO_DEVICE_RESET ||
	       (request == VFIO_DEVICE_FEATURE && (feature->flags & VFIO_DEVICE_FEATURE_SET));
}

static int vfio_ioctl(struct os_file *file, unsigned long request, void *arg)
{
	struct emu_vfio *vfio = to_vfio(file);
	struct emu_gpu *gpu = vfio->gpu;
	enum emu_access access = changes_state(request, arg) ? EMU_CHANGE : EMU_DEVICE;
	int err, end;

	err = emu_gpu_begin(gpu, access);
	if (err)
		return err;
	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		err = device_info(arg);
		break;
	case VFIO_DEVICE_GET_REGION_INFO:
		err = region_info(vfio, arg);
		break;
	case VFIO_DEVICE_RESET:
		err = device_reset(vfio);
		break;
	case VFIO_DEVICE_FEATURE:
		err = device_feature(vfio, arg);
		break;
	default:
		err = -ENOTTY;
	}
	end = emu_gpu_end(gpu, access);
	return err ? err : end;
}

/* ------------------------------------------------------------ data sessions */

static ssize_t data_read(struct os_file *file, void *buf, size_t len)
{
	struct emu_data *data = container_of(file, struct emu_data, file);
	ssize_t n = emu_gpu_begin(data->gpu, EMU_DEVICE);

	if (n)
		return n;
	n = nvvgpu_migration_read(data->session, buf, len);
	emu_gpu_end(data->gpu, EMU_DEVICE);
	return n;
}

static ssize_t data_write(struct os_file *file, const void *buf, size_t len)
{
	struct emu_data *data = container_of(file, struct emu_data, file);
	ssize_t n = emu_gpu_begin(data->gpu, EMU_DEVICE);

	if (n)
		return n;
	n = nvvgpu_migration_write(data->session, buf, len);
	emu_gpu_end(data->gpu, EMU_DEVICE);
	return n;
}

static void data_close(struct os_file *file)
{
	struct emu_data *data = container_of(file, struct emu_data, file);

	pthread_mutex_lock(&data->gpu->lock);
	nvvgpu_migration_session_put(data->session);
	pthread_mutex_unlock(&data->gpu->lock);
	free(data);
}

static const struct os_file_ops data_ops = {
	.close = data_close,
	.read = data_read,
	.write = data_write,
};

int emu_vfio_adopt(struct os_file *file, int data_fd, struct os_file **ret)
{
	struct emu_vfio *vfio = to_vfio(file);
	struct emu_data *data;
	int err = -EBADF;

	data = calloc(1, sizeof(*data));
	if (!data)
		return -ENOMEM;
	data->file.ops = &data_ops;
	data->gpu = vfio->gpu;
	pthread_mutex_lock(&vfio->gpu->lock);
	if (data_fd >= FIRST_TOKEN && data_fd < FIRST_TOKEN + MAX_SESSIONS) {
		data->session = vfio->sessions[data_fd - FIRST_TOKEN];
		vfio->sessions[data_fd - FIRST_TOKEN] = NULL;
		err = data->session ? 0 : -EBADF;
	}
	pthread_mutex_unlock(&vfio->gpu->lock);
	if (err) {
		free(data);
		return err;
	}
	*ret = &data->file;
	return 0;
}

/* ----------------------------------------------------------- open and close */

static void stop_device(struct emu_vfio *vfio)
{
	for (int i = 0; i < MAX_SESSIONS; i++)
		if (vfio->sessions[i])
			nvvgpu_migration_session_put(vfio->sessions[i]);
	if (vfio->migration) {
		/* a restore given up half way leaves an empty framebuffer, not half of one */
		if (nvvgpu_migration_state(vfio->migration) != VFIO_DEVICE_STATE_RESUMING ||
		    !nvvgpu_mgr_reset(vfio->vgpu))
			vfio->gpu->state.resuming_slots &= ~(1ULL << vfio->slot);
		nvvgpu_migration_fini(vfio->migration);
	}
	nvvgpu_mgr_close(vfio->vgpu);
	vfio->gpu->state.open_slots &= ~(1ULL << vfio->slot);
}

static void vfio_close(struct os_file *file)
{
	struct emu_vfio *vfio = to_vfio(file);
	struct emu_gpu *gpu = vfio->gpu;
	bool stateful = gpu->state.dir_fd >= 0;

	pthread_mutex_lock(&gpu->lock);
	stop_device(vfio);
	emu_gpu_settle(gpu);
	if (stateful) {
		emu_state_commit(gpu);	/* on failure the instance is marked broken */
		emu_state_unlock(gpu);
	}
	pthread_mutex_unlock(&gpu->lock);
	free(vfio);
}

static const struct os_file_ops vfio_ops = {
	.close = vfio_close,
	.ioctl = vfio_ioctl,
	.pread = vfio_pread,
	.pwrite = vfio_pwrite,
};

/* The slot of a vGPU may be another's by now. */
static bool is_there(struct emu_vfio *vfio, const uint8_t *uuid)
{
	struct nvvgpu_vgpu_info info;

	return !uuid || (!nvvgpu_mgr_mdev_find(vfio->gpu->mgr, uuid, &info) &&
			 info.slot == vfio->slot);
}

static int start_device(struct emu_vfio *vfio, const uint8_t *uuid)
{
	struct emu_gpu *gpu = vfio->gpu;
	int err;

	if (!is_there(vfio, uuid))
		return -ENODEV;
	err = nvvgpu_mgr_open(gpu->mgr, vfio->slot, getpid(), &vfio->vgpu);
	if (err)
		return err;
	gpu->state.open_slots |= 1ULL << vfio->slot;
	err = nvvgpu_migration_init(vfio->vgpu, &vfio->migration);
	if (err)
		stop_device(vfio);
	else
		config_init(vfio);
	return err;
}

pid_t emu_vfio_holder(struct emu_gpu *gpu, unsigned int slot)
{
	u64 bit = 1ULL << slot;
	pid_t pid = 0;

	if (emu_gpu_begin(gpu, EMU_READ))
		return 0;
	if (gpu->state.dir_fd >= 0 && !gpu->state.lock_depth) {
		if (emu_state_foreign_open(gpu) & bit)
			pid = emu_state_lock_owner(gpu);
	} else if (gpu->state.open_slots & bit) {
		pid = getpid();
	}
	emu_gpu_end(gpu, EMU_READ);
	return pid;
}

int emu_vfio_open(struct emu_gpu *gpu, unsigned int slot, const uint8_t *uuid,
		  struct os_file **ret)
{
	struct emu_vfio *vfio;
	int err, end;

	vfio = calloc(1, sizeof(*vfio));
	if (!vfio)
		return -ENOMEM;
	vfio->file.ops = &vfio_ops;
	vfio->gpu = gpu;
	vfio->slot = slot;
	err = emu_gpu_begin(gpu, EMU_CHANGE);
	if (err)
		goto err_free;
	err = start_device(vfio, uuid);
	/* an open device keeps the state directory's lock */
	if (!err && gpu->state.dir_fd >= 0)
		err = emu_state_lock(gpu);
	end = emu_gpu_end(gpu, EMU_CHANGE);
	if (err)
		goto err_free;
	if (end) {
		vfio_close(&vfio->file);
		return end;
	}
	*ret = &vfio->file;
	return 0;

err_free:
	free(vfio);
	return err;
}
