/* SPDX-License-Identifier: MIT */
/*
 * The emulated host, "emu:BOARDS": our own driver (kmod/) compiled into this
 * library, on emulated boards, in the caller's process.
 *
 *   uri.c      which boards
 *   host.c     the door (os_ops)
 *   sysfs.c    the attributes of its PCI functions
 *   mdev.c     types and vGPUs as the mdev framework shows them
 *   gpu.c      one GPU: board model, core driver and manager, wired together
 *   fb.c       framebuffer contents, sparse
 *   control.c  the manager's character device
 *   notices.c  that something came or went, as udev would hear it
 *   vfio.c     the VFIO device of a vGPU, its migration data sessions
 *   state.c    state=DIR: the host outlives the process and is shared
 */
#ifndef NVVGPU_LIB_OS_EMU_H
#define NVVGPU_LIB_OS_EMU_H

#include <pthread.h>
#include "../os.h"
#include "kmod/emu/emu.h"
#include "kmod/mgr/mgr.h"
#include "kmod/core/core.h"

#define EMU_MAX_GPUS	64
#define EMU_MAX_SLOTS	64
#define EMU_FIRST_BUS	0x41

/* ------------------------------------------------------------- framebuffer */

struct emu_range {
	uint64_t address, len;
};

/*
 * The guest part is a memfd, or DIR/<address>.fb when the host has a state
 * directory; the host part (page tables, management heaps) is always private:
 * each process boots its own firmware.
 */
struct emu_fb {
	int guest_fd, host_fd;
	uint64_t guest_bytes, host_bytes;
	bool deferred;		/* zeroing waits for emu_fb_apply(), so that a commit can come first */
	struct emu_range *pending;
	size_t pending_count;
};

int emu_fb_init(struct emu_fb *fb, uint64_t guest_bytes, uint64_t host_bytes);
void emu_fb_fini(struct emu_fb *fb);
/* the guest part moves to this file; takes the descriptor */
int emu_fb_set_file(struct emu_fb *fb, int fd);
int emu_fb_read(struct emu_fb *fb, uint64_t address, void *buf, size_t len);
int emu_fb_write(struct emu_fb *fb, uint64_t address, const void *buf, size_t len);
int emu_fb_zero(struct emu_fb *fb, uint64_t address, uint64_t len);
int emu_fb_next_data(struct emu_fb *fb, uint64_t address, uint64_t end, uint64_t *ret_start,
		     uint64_t *ret_len);
int emu_fb_apply(struct emu_fb *fb);	/* does what was deferred */
void emu_fb_forget(struct emu_fb *fb);	/* drops what was deferred */

/* --------------------------------------------------------------------- GPU */

struct emu_dma {
	struct nvvgpu_dma dma;
	struct emu_dma *next;
};

/* What a state directory keeps of one GPU, beside the framebuffer. */
struct emu_state {
	int dir_fd;		/* -1: no state directory */
	int lock_fd;		/* while the lock is held */
	pid_t lock_owner;	/* who took it: not a child that was forked meanwhile */
	unsigned int lock_depth;	/* how many hold it in this process */
	uint64_t generation;	/* of what this process has loaded or saved; 0 nothing */
	uint64_t open_slots;	/* VFIO devices open, by whoever holds the lock */
	uint64_t resuming_slots;	/* a restore into them has not ended */
	uint64_t content;	/* hash of what was last committed */
	bool writable;		/* the instance was loaded under the lock, on the shared framebuffer */
	bool broken;		/* a commit failed: what is in memory must not be used */
};

struct emu_gpu {
	const struct nvvgpu_emu_board_data *data;
	char address[16];	/* "0000:41:00.0" */
	uint32_t bus;
	pthread_mutex_t lock;	/* everything below, and every call into board, core and manager */

	struct emu_state state;
	struct emu_fb fb;
	struct nvvgpu_hw hw;
	struct emu_dma *dma;
	uint64_t next_bus;
	bool interrupt;

	struct nvvgpu_emu_board *board;		/* NULL: not powered yet */
	struct nvvgpu_core *core;
	struct nvvgpu_mgr *mgr;
	struct emu_control *controls;		/* open control files, told of events */
};

int emu_gpu_init(struct emu_gpu *gpu, const struct nvvgpu_emu_board_data *data, unsigned int index);
void emu_gpu_fini(struct emu_gpu *gpu);
unsigned int emu_gpu_slots(const struct emu_gpu *gpu);
/* with gpu->lock held, between begin and end / without it; 0 on a board without SR-IOV */
unsigned int emu_gpu_vfs_now(struct emu_gpu *gpu);
unsigned int emu_gpu_vfs(struct emu_gpu *gpu);
/* as the kernel's sriov_numvfs: -EBUSY, -ERANGE */
int emu_gpu_set_vfs(struct emu_gpu *gpu, unsigned int count);
/* -EOPNOTSUPP: the board has no mixed-size mode; -EBUSY: vGPUs exist */
int emu_gpu_get_mixed(struct emu_gpu *gpu, bool *ret);
int emu_gpu_set_mixed(struct emu_gpu *gpu, bool mixed);
void emu_gpu_vf_address(const struct emu_gpu *gpu, unsigned int slot, char *buf, size_t size);

/*
 * With gpu->lock held: board and core, then the manager with the board's types / all of it
 * undone.
 */
int emu_gpu_boot(struct emu_gpu *gpu);
int emu_gpu_start_manager(struct emu_gpu *gpu, const struct nvvgpu_mgr_host_ops *ops, void *priv);
int emu_gpu_power_on(struct emu_gpu *gpu);	/* both */
void emu_gpu_power_off(struct emu_gpu *gpu);
/* After any call that may have rung a doorbell: runs the driver's interrupt handler. */
void emu_gpu_settle(struct emu_gpu *gpu);

/*
 * Brackets of every operation.  begin: locks the GPU, powers it, and with a
 * state directory loads what others changed; for a change it also takes the
 * directory's lock (-EBUSY after 10 s).  end: commits, unlocks.
 */
enum emu_access {
	EMU_READ,
	EMU_CHANGE,
	EMU_DEVICE,	/* through an open VFIO device, which holds the lock; commits nothing */
};
int emu_gpu_begin(struct emu_gpu *gpu, enum emu_access access);
int emu_gpu_end(struct emu_gpu *gpu, enum emu_access access);

/* ------------------------------------------------------------------- state */

int emu_state_init(struct emu_gpu *gpu, int dir_fd);	/* checks what is there */
void emu_state_fini(struct emu_gpu *gpu);
int emu_state_lock(struct emu_gpu *gpu);
void emu_state_unlock(struct emu_gpu *gpu);
int emu_state_load(struct emu_gpu *gpu, enum emu_access access);
int emu_state_commit(struct emu_gpu *gpu);
/* others hold the lock: the slots whose devices they have open, and who they are */
uint64_t emu_state_foreign_open(struct emu_gpu *gpu);
pid_t emu_state_lock_owner(struct emu_gpu *gpu);

/* -------------------------------------------------------------------- host */

/* How the driver offers vGPUs: each hides what the others have. */
enum emu_framework {
	EMU_NVVGPU,
	EMU_VENDOR_VFIO,
	EMU_MDEV,
};

struct emu_host {
	struct os os;
	enum emu_framework framework;
	struct run *run;
	struct emu_gpu *gpus;
	size_t gpu_count;
	int state_fd;		/* the state directory, -1 without */
	int dump_fd;		/* configuration space as libpci's dump method reads it */
	char dump_path[32];
};

struct emu_uri {
	const struct nvvgpu_emu_board_data *boards[EMU_MAX_GPUS];	/* one element per GPU */
	size_t count;
	char *state_dir;	/* NULL: none */
	bool has_framework;
	enum emu_framework framework;
};

int emu_uri_parse(const char *rest, struct emu_uri *uri, const char **ret_detail);
void emu_uri_fini(struct emu_uri *uri);

struct emu_gpu *emu_host_find(struct emu_host *host, const char *address);
/* the GPU and slot of a VF address, or of "<gpu address>#<slot>" on boards without SR-IOV */
struct emu_gpu *emu_host_find_slot(struct emu_host *host, const char *name, unsigned int *ret_slot);

/* A place below bus/pci/devices: a function, and what follows its directory. */
struct emu_place {
	struct emu_host *host;
	struct emu_gpu *gpu;
	int slot;		/* of a VF; -1: the PF */
	const char *rest;	/* "" for the directory itself */
};

int emu_sysfs_find(struct emu_host *host, const char *path, struct emu_place *place);
int emu_sysfs_read(struct emu_host *host, const char *path, char *buf, size_t size,
		   size_t *ret_len);
int emu_sysfs_write(struct emu_host *host, const char *path, const char *value);
int emu_sysfs_link(struct emu_host *host, const char *path, char *buf, size_t size);
int emu_sysfs_list(struct emu_host *host, const char *path,
		   int (*each)(const char *name, void *arg), void *arg);

/* Of all these -ENOENT: not a path of mdevs, or there is no such mdev. */
int emu_mdev_read(struct emu_host *host, const char *path, char *buf, size_t size,
		  size_t *ret_len);
int emu_mdev_write(struct emu_host *host, const char *path, const char *value);
/* parent: the directory that a link's target is in, instead of its own name */
int emu_mdev_link(struct emu_host *host, const char *path, bool parent, char *buf, size_t size);
int emu_mdev_list(struct emu_host *host, const char *path,
		  int (*each)(const char *name, void *arg), void *arg);
bool emu_mdev_is_parent(const struct emu_place *place);
int emu_mdev_find(struct emu_host *host, const uint8_t *uuid, struct emu_gpu **ret_gpu,
		  struct nvvgpu_vgpu_info *info);

int emu_notices_open(struct emu_host *host, struct os_file **ret);
int emu_control_open(struct emu_gpu *gpu, bool write, struct os_file **ret);
void emu_control_notify(struct emu_gpu *gpu);	/* gpu->lock held */
/* uuid: of the vGPU that has to be there; NULL: any */
int emu_vfio_open(struct emu_gpu *gpu, unsigned int slot, const uint8_t *uuid,
		  struct os_file **ret);
int emu_vfio_adopt(struct os_file *vfio, int data_fd, struct os_file **ret);
/* who has the VFIO device of this slot open; 0: nobody */
pid_t emu_vfio_holder(struct emu_gpu *gpu, unsigned int slot);

#endif
