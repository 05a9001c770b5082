/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The manager's kernel side, shared by the files of this directory.
 *
 *   driver.c	the auxiliary driver: probe, remove, SR-IOV; what VF drivers call
 *   power.c	suspend and resume
 *   chardev.c	/dev/nvvgpu/<address of the physical function>
 *   uevent.c	events, for those who read and those who listen to udev
 *   vf_sysfs.c	nvidia/ of every virtual function
 *   mdev_parent.c	the back end of mediated devices
 *   debugfs.c	logs of the plugin tasks, and a summary
 *   exports.c	what of mgr.h the VFIO driver may use
 *
 * The lock order is at the top of driver.c.
 */
#ifndef NVVGPU_MGR_GLUE_H
#define NVVGPU_MGR_GLUE_H

#include <linux/cdev.h>
#include <linux/debugfs.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rwsem.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include "../../core/linux/core_device.h"
#include "compat.h"
#include "mgr_device.h"

struct mgr_device;
struct nvvgpu_mgr_parent;

/* One log in debugfs. */
struct mgr_log {
	struct mgr_device *md;
	u32 slot;
	enum nvvgpu_plugin_log kind;
	struct dentry *file;
};

/* The manager of one physical function. */
struct mgr_device {
	struct kref ref;		/* the driver's, and one of each open file */
	struct list_head entry;		/* of the list in driver.c */
	unsigned int minor;		/* as long as this structure */
	struct auxiliary_device *aux;	/* with a reference */

	/* while the driver is bound */
	struct pci_dev *pdev;
	u32 slots;
	bool sriov;
	enum nvvgpu_board_framework framework;
	u16 vf_offset, vf_stride;

	struct rw_semaphore gate;	/* held for reading by who uses mgr */
	struct nvvgpu_mgr *mgr;		/* NULL: suspended, or gone */
	bool gone;			/* no manager will come any more */
	u64 saved_at;			/* event cursor of the last WARM_SAVE, 0 without one */

	/* power.c: between suspend and resume */
	u8 *image;
	size_t image_len;

	/* chardev.c */
	struct cdev *cdev;		/* NULL: the board's framework has none */
	wait_queue_head_t wait;
	atomic_t news;			/* grows when there is something to wake up for */

	/* uevent.c, under uevent_lock */
	struct mutex uevent_lock;
	struct work_struct uevent_work;
	struct device *node;		/* of the character device; NULL: nothing is sent */
	u64 uevent_cursor;

	/* vf_sysfs.c: those with our files in them; under vf_lock, a reference each */
	struct mutex vf_lock;
	struct pci_dev *vfs[NVVGPU_MAX_VGPUS];

	/* mdev_parent.c: of a board without SR-IOV, under board_lock */
	struct mutex board_lock;
	bool board_ready;			/* for a front end */
	struct nvvgpu_mgr_parent *board;	/* NULL: no front end has it */

	/* debugfs.c */
	struct dentry *directory;
	struct mgr_log logs[NVVGPU_MAX_VGPUS][2];
};

/* --------------------------------------------------------------- driver.c */

/* NULL: not there, or not any more.  Given back with mgr_device_put(). */
struct mgr_device *mgr_device_get(const struct pci_dev *pf);
struct mgr_device *mgr_device_get_minor(unsigned int minor);
void mgr_device_put(struct mgr_device *md);

/*
 * Around each use of md->mgr.  -ENODEV: suspended or gone; -EINTR: killed while it waited for
 * either to be over.
 */
int mgr_device_enter(struct mgr_device *md);
void mgr_device_leave(struct mgr_device *md);
/* The same by a VF; -ENODEV also where its board has no manager. */
int mgr_vf_enter(struct pci_dev *vf, struct mgr_device **ret);
void mgr_vf_leave(struct mgr_device *md);

/* A new manager with the board's types, which nobody sees yet. */
int mgr_device_start(struct mgr_device *md, struct nvvgpu_mgr **ret);
/* So many VFs are there for vGPUs. */
int mgr_device_set_vfs(struct mgr_device *md, struct nvvgpu_mgr *mgr, unsigned int vfs);
/* Those who wait hear that nothing comes any more. */
void mgr_device_hang_up(struct mgr_device *md);

/* Bus and devfn of a VF, there or not. */
u32 mgr_vf_id(const struct mgr_device *md, u32 slot);
/* "0000:41:00.4" */
#define MGR_ADDRESS_LEN	16
void mgr_vf_address(const struct mgr_device *md, u32 slot, char address[MGR_ADDRESS_LEN]);

/* ---------------------------------------------------------------- power.c */

extern const struct dev_pm_ops mgr_pm_ops;

/* -------------------------------------------------------------- chardev.c */

#define MGR_MINORS	256

int mgr_chardev_init(void);
void mgr_chardev_exit(void);
int mgr_chardev_add(struct mgr_device *md);	/* where the board's framework has it */
void mgr_chardev_remove(struct mgr_device *md);

/* --------------------------------------------------------------- uevent.c */

extern const struct nvvgpu_mgr_host_ops mgr_host_ops;

void mgr_uevent_init(struct mgr_device *md);
/* node NULL: it is about to go, nothing is sent any more */
void mgr_uevent_node(struct mgr_device *md, struct device *node);
/* Nothing is sent in between; skip: nor what happened until then. */
void mgr_uevent_pause(struct mgr_device *md);
void mgr_uevent_resume(struct mgr_device *md, bool skip);

/* ------------------------------------------------------------- vf_sysfs.c */

int mgr_vf_sysfs_init(void);
void mgr_vf_sysfs_exit(void);
void mgr_vf_sysfs_add(struct mgr_device *md, unsigned int vfs);
void mgr_vf_sysfs_remove(struct mgr_device *md);

/* ---------------------------------------------------------- mdev_parent.c */

/* For a front end that is there or comes: the board, where it has mediated devices itself. */
void mgr_mdev_add_board(struct mgr_device *md);
void mgr_mdev_remove_board(struct mgr_device *md);	/* waits for who has a vGPU open */

/* -------------------------------------------------------------- debugfs.c */

void mgr_debugfs_init(void);
void mgr_debugfs_exit(void);
void mgr_debugfs_add(struct mgr_device *md);
void mgr_debugfs_remove(struct mgr_device *md);
void mgr_debugfs_add_logs(struct mgr_device *md, unsigned int slots);
void mgr_debugfs_remove_logs(struct mgr_device *md);

#endif
