// SPDX-License-Identifier: MIT
/*
 * state=DIR: an emulated host that outlives the process and is shared.
 *
 * Per GPU, DIR holds <address>.state (the manager's warm-update image behind a
 * checksummed header, replaced by rename), <address>.fb (the guest part of the
 * framebuffer, a sparse file) and <address>.lock.
 *
 * Changes are made under an exclusive flock, by whoever loaded the newest state
 * first; an open VFIO device keeps the lock until it is closed.  Readers take
 * no lock: they load the newest committed state.  A process killed at any
 * instant leaves the old or the new state: zeroing of framebuffer is named in
 * the state before it is done (and done again by the next one who loads), and a
 * device whose restore was cut off is reset.  Nothing is fsynced: a state
 * survives processes, not power cuts.
 */
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include "emu.h"
#include "util/clock.h"

#define STATE_MAGIC "NVVGSTA\n"
#define STATE_VERSION 2
#define STATE_MAX_PENDING 4096
#define STATE_MAX_FILE (sizeof(struct state_header) + \
			STATE_MAX_PENDING * sizeof(struct state_range) + NVVGPU_MAX_WARM_STATE)
#define LOCK_TIMEOUT_NS (10 * NS_PER_SECOND)
#define LOCK_POLL_NS (2 * NS_PER_MS)

/* Little-endian; hash: XXH3-64 of the whole file with this field zero. */
struct state_header {
	char magic[8];
	__le32 version;
	__le32 pending_count;
	__le64 generation;
	__le64 open_slots;
	__le64 resuming_slots;
	__le32 vfs;		/* the board has them, not the image */
	__le32 reserved;
	__le64 image_len;
	__le64 hash;
};

struct state_range {
	__le64 address, len;
};

static_assert(sizeof(struct state_header) == 64, "the state file's header");

struct state_file {
	struct state_header *header;	/* the whole file */
	const struct state_range *pending;
	void *image;
};

static void file_name(const struct emu_gpu *gpu, const char *suffix, char name[32])
{
	snprintf(name, 32, "%s.%s", gpu->address, suffix);
}

/* ------------------------------------------------------------------ the lock */

/*
 * Opened for each hold, closed to let go: a flock belongs to the open file, which
 * forked processes would share, and would then not exclude each other.
 */
static int try_lock(struct emu_gpu *gpu, int how)
{
	char name[32], who[16];
	int fd, err;

	file_name(gpu, "lock", name);
	fd = openat(gpu->state.dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (!flock(fd, how | LOCK_NB)) {
		snprintf(who, sizeof(who), "%-10d\n", getpid());
		if (how == LOCK_EX && pwrite(fd, who, strlen(who), 0) < 0)
			who[0] = '\0';	/* then nobody is told who it is */
		return fd;
	}
	err = errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;
	close(fd);
	return err;
}

/* gpu->lock is let go while others are waited for: readers of this process go on. */
int emu_state_lock(struct emu_gpu *gpu)
{
	u64 deadline_ns = clock_deadline_ns(LOCK_TIMEOUT_NS);
	int fd;

	while (!gpu->state.lock_depth) {
		fd = try_lock(gpu, LOCK_EX);
		if (fd >= 0) {
			gpu->state.lock_fd = fd;
			gpu->state.lock_owner = getpid();
			break;
		}
		if (fd != -EAGAIN)
			return fd;
		if (!clock_left_ns(deadline_ns))
			return -EBUSY;
		pthread_mutex_unlock(&gpu->lock);
		clock_pause_ns(LOCK_POLL_NS);
		pthread_mutex_lock(&gpu->lock);
	}
	gpu->state.lock_depth++;
	return 0;
}

void emu_state_unlock(struct emu_gpu *gpu)
{
	if (--gpu->state.lock_depth)
		return;
	close(gpu->state.lock_fd);
	gpu->state.lock_fd = -1;
}

uint64_t emu_state_foreign_open(struct emu_gpu *gpu)
{
	int fd;

	if (!gpu->state.open_slots || gpu->state.lock_depth)
		return 0;
	fd = try_lock(gpu, LOCK_SH);
	if (fd < 0)
		return gpu->state.open_slots;
	close(fd);
	return 0;
}

pid_t emu_state_lock_owner(struct emu_gpu *gpu)
{
	char name[32], who[16] = "";
	ssize_t n = -1;
	int fd;

	file_name(gpu, "lock", name);
	fd = openat(gpu->state.dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0) {
		n = pread(fd, who, sizeof(who) - 1, 0);
		close(fd);
	}
	return n > 0 ? atoi(who) : 0;
}

/* ------------------------------------------------------------------ the file */

static u64 state_hash(struct state_header *header, size_t len)
{
	__le64 kept = header->hash;
	u64 hash;

	header->hash = 0;
	hash = XXH3_64bits(header, len);
	header->hash = kept;
	return hash;
}

static int state_check(struct state_file *file, size_t len)
{
	struct state_header *header = file->header;
	u64 pending, image;

	if (len < sizeof(*header) || memcmp(header->magic, STATE_MAGIC, sizeof(header->magic)) ||
	    le32_to_cpu(header->version) != STATE_VERSION)
		return -EBADMSG;
	pending = le32_to_cpu(header->pending_count);
	image = le64_to_cpu(header->image_len);
	if (pending > STATE_MAX_PENDING || image > NVVGPU_MAX_WARM_STATE ||
	    len != sizeof(*header) + pending * sizeof(struct state_range) + image ||
	    state_hash(header, len) != le64_to_cpu(header->hash))
		return -EBADMSG;
	file->pending = (const struct state_range *)(header + 1);
	file->image = (char *)(header + 1) + pending * sizeof(struct state_range);
	return 0;
}

/* -ENOENT: nothing was saved yet. */
static int state_read(struct emu_gpu *gpu, struct state_file *file)
{
	char name[32];
	struct stat st;
	ssize_t len;
	int fd, err = 0;

	file_name(gpu, "state", name);
	fd = openat(gpu->state.dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		err = -errno;
	else if (st.st_size < (off_t)sizeof(*file->header) || (size_t)st.st_size > STATE_MAX_FILE)
		err = -EBADMSG;
	file->header = err ? NULL : malloc(st.st_size);
	if (!err && !file->header)
		err = -ENOMEM;
	if (!err) {
		len = pread(fd, file->header, st.st_size, 0);
		err = len < 0 ? -errno : state_check(file, len);
	}
	close(fd);
	if (err)
		free(file->header);
	return err;
}

/* The generation alone, for the quick check; 0: nothing was saved yet. */
static int state_peek(struct emu_gpu *gpu, u64 *ret_generation)
{
	struct state_header header;
	char name[32];
	ssize_t len;
	int fd;

	file_name(gpu, "state", name);
	fd = openat(gpu->state.dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT) {
		*ret_generation = 0;
		return 0;
	}
	if (fd < 0)
		return -errno;
	len = pread(fd, &header, sizeof(header), 0);
	close(fd);
	if (len != sizeof(header))
		return -EBADMSG;
	*ret_generation = le64_to_cpu(header.generation);
	return 0;
}

static int write_file(int dir_fd, const char *name, const void *data, size_t len)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, data, len);
	if (n >= 0 && (size_t)n != len)
		n = -1, errno = ENOSPC;
	if (close(fd) || n < 0)
		return -errno;
	return 0;
}

static int state_write(struct emu_gpu *gpu, struct state_header *header)
{
	size_t len = sizeof(*header) + le32_to_cpu(header->pending_count) * sizeof(struct state_range) +
		     le64_to_cpu(header->image_len);
	char name[32], temporary[32];
	int err;

	header->generation = cpu_to_le64(gpu->state.generation + 1);
	header->hash = cpu_to_le64(state_hash(header, len));
	file_name(gpu, "state", name);
	file_name(gpu, "state.new", temporary);
	err = write_file(gpu->state.dir_fd, temporary, header, len);
	if (err)
		return err;
	if (renameat(gpu->state.dir_fd, temporary, gpu->state.dir_fd, name))
		return -errno;
	gpu->state.generation++;
	return 0;
}

/* -------------------------------------------------------------------- commit */

static int state_compose(struct emu_gpu *gpu, struct state_header **ret)
{
	size_t ranges = gpu->fb.pending_count * sizeof(struct state_range);
	struct state_header *header;
	struct nvvgpu_ioctl_warm warm = { .size = sizeof(warm), .len = NVVGPU_MAX_WARM_STATE };
	struct state_range *range;
	long err;

	if (gpu->fb.pending_count > STATE_MAX_PENDING)
		return -E2BIG;
	header = calloc(1, sizeof(*header) + ranges + NVVGPU_MAX_WARM_STATE);
	if (!header)
		return -ENOMEM;
	warm.data = (uintptr_t)((char *)(header + 1) + ranges);
	err = nvvgpu_mgr_ioctl(gpu->mgr, NVVGPU_IOCTL_WARM_SAVE, &warm, true);
	if (err) {
		free(header);
		return err;
	}
	memcpy(header->magic, STATE_MAGIC, sizeof(header->magic));
	header->version = cpu_to_le32(STATE_VERSION);
	header->pending_count = cpu_to_le32(gpu->fb.pending_count);
	header->open_slots = cpu_to_le64(gpu->state.open_slots);
	header->resuming_slots = cpu_to_le64(gpu->state.resuming_slots);
	header->vfs = cpu_to_le32(emu_gpu_vfs_now(gpu));
	header->image_len = cpu_to_le64(warm.len);
	range = (struct state_range *)(header + 1);
	for (size_t i = 0; i < gpu->fb.pending_count; i++, range++) {
		range->address = cpu_to_le64(gpu->fb.pending[i].address);
		range->len = cpu_to_le64(gpu->fb.pending[i].len);
	}
	*ret = header;
	return 0;
}

/* What makes two states differ: everything but generation and hash. */
static u64 content_hash(struct state_header *header)
{
	size_t len = sizeof(*header) + le32_to_cpu(header->pending_count) * sizeof(struct state_range) +
		     le64_to_cpu(header->image_len);

	header->generation = 0;
	return state_hash(header, len);
}

static int commit_once(struct emu_gpu *gpu)
{
	struct state_header *header = NULL;
	u64 content;
	int err;

	err = state_compose(gpu, &header);
	if (err)
		return err;
	content = content_hash(header);
	if (content != gpu->state.content || !gpu->state.generation)
		err = state_write(gpu, header);
	if (!err)
		gpu->state.content = content;
	free(header);
	return err;
}

int emu_state_commit(struct emu_gpu *gpu)
{
	bool zeroing = gpu->fb.pending_count;
	int err;

	/* nothing after a commit that failed, and nothing of a fork that inherited open devices */
	if (gpu->state.broken || gpu->state.lock_owner != getpid())
		return -EIO;
	err = commit_once(gpu);
	if (!err && zeroing)
		err = emu_fb_apply(&gpu->fb);
	if (!err && zeroing)
		err = commit_once(gpu);
	if (err) {
		emu_fb_forget(&gpu->fb);
		gpu->state.broken = true;
	}
	return err;
}

/* ---------------------------------------------------------------------- load */

static int open_framebuffer(struct emu_gpu *gpu)
{
	char name[32];
	int fd, err;

	file_name(gpu, "fb", name);
	fd = openat(gpu->state.dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	err = emu_fb_set_file(&gpu->fb, fd);
	if (err)
		close(fd);
	return err;
}

/* A restore that its process did not live to end leaves an empty vGPU, not half of one. */
static int reset_cut_off(struct emu_gpu *gpu)
{
	int err = 0;

	for (unsigned int slot = 0; !err && slot < emu_gpu_slots(gpu); slot++) {
		struct nvvgpu_mgr_vgpu *vgpu;

		if (!(gpu->state.resuming_slots & (1ULL << slot)))
			continue;
		err = nvvgpu_mgr_open(gpu->mgr, slot, 0, &vgpu);
		if (err == -ENODEV) {
			err = 0;
			continue;
		}
		if (err)
			break;
		err = nvvgpu_mgr_reset(vgpu);
		nvvgpu_mgr_close(vgpu);
	}
	gpu->state.resuming_slots = 0;
	return err;
}

/* What the last holder of the lock may have left undone. */
static int finish_foreign_work(struct emu_gpu *gpu, const struct state_file *file)
{
	int err = 0;

	for (u32 i = 0; !err && i < le32_to_cpu(file->header->pending_count); i++)
		err = emu_fb_zero(&gpu->fb, le64_to_cpu(file->pending[i].address),
				  le64_to_cpu(file->pending[i].len));
	gpu->state.open_slots = 0;
	if (!err)
		err = reset_cut_off(gpu);
	if (!err)
		err = emu_state_commit(gpu);
	return err;
}

static int adopt(struct emu_gpu *gpu, const struct state_file *file)
{
	struct nvvgpu_ioctl_warm warm = {
		.size = sizeof(warm),
		.data = (uintptr_t)file->image,
		.len = le64_to_cpu(file->header->image_len),
	};

	gpu->state.generation = le64_to_cpu(file->header->generation);
	gpu->state.content = content_hash(file->header);
	gpu->state.open_slots = le64_to_cpu(file->header->open_slots);
	gpu->state.resuming_slots = le64_to_cpu(file->header->resuming_slots);
	if (gpu->data->vfs_total &&
	    nvvgpu_mgr_set_slots_enabled(gpu->mgr, le32_to_cpu(file->header->vfs)))
		return -EBADMSG;
	return nvvgpu_mgr_ioctl(gpu->mgr, NVVGPU_IOCTL_WARM_RESTORE, &warm, true);
}

static int reload(struct emu_gpu *gpu, enum emu_access access)
{
	struct state_file file = { .header = NULL };
	int err;

	err = state_read(gpu, &file);
	if (err && err != -ENOENT)
		return err;
	emu_gpu_power_off(gpu);
	gpu->state.generation = 0;
	gpu->state.broken = false;
	gpu->state.writable = access == EMU_CHANGE;
	err = emu_gpu_power_on(gpu);
	if (!err && file.header)
		err = adopt(gpu, &file);
	if (!err && gpu->state.writable)
		err = open_framebuffer(gpu);
	if (!err && file.header && gpu->state.writable)
		err = finish_foreign_work(gpu, &file);
	if (err && gpu->board)
		emu_gpu_power_off(gpu);
	free(file.header);
	return err;
}

int emu_state_load(struct emu_gpu *gpu, enum emu_access access)
{
	u64 generation = 0;
	int err;

	/* a device of ours is open: this process has the newest state */
	if (gpu->state.lock_depth > (access == EMU_CHANGE ? 1u : 0u) && gpu->board)
		return gpu->state.broken ? -EIO : 0;
	err = state_peek(gpu, &generation);
	if (err)
		return err;
	if (gpu->board && !gpu->state.broken && generation == gpu->state.generation &&
	    (access != EMU_CHANGE || gpu->state.writable))
		return 0;
	return reload(gpu, access);
}

/* ---------------------------------------------------------------------- life */

int emu_state_init(struct emu_gpu *gpu, int dir_fd)
{
	struct state_file file = { 0 };
	int err;

	gpu->state.dir_fd = dir_fd;
	err = state_read(gpu, &file);
	if (err)
		return err == -ENOENT ? 0 : err;
	free(file.header);
	return 0;
}

void emu_state_fini(struct emu_gpu *gpu)
{
	if (gpu->state.lock_fd >= 0)
		close(gpu->state.lock_fd);
}
