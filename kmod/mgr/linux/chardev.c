// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The character device: requests by ioctl, events by read and poll.  Open files outlive the
 * manager; all that they get then is -ENODEV and a hang-up.
 *
 * Device and cdev are allocated, and in the end freed, by the driver core: nothing of this module
 * is called when their last reference goes, whenever that is.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/module.h>
#include "glue.h"

struct reader {
	struct mgr_device *md;
	struct mutex lock;	/* one read at a time */
	u64 cursor;		/* of the event stream */
};

static dev_t first_number;
static struct class *class;

/* --------------------------------------------------------------- open and close */

static int chardev_open(struct inode *inode, struct file *file)
{
	struct reader *reader;
	int err;

	reader = kzalloc(sizeof(*reader), GFP_KERNEL);
	if (!reader)
		return -ENOMEM;
	reader->md = mgr_device_get_minor(iminor(inode));
	if (!reader->md) {
		err = -ENODEV;
		goto err_free;
	}
	err = mgr_device_enter(reader->md);
	if (err)
		goto err_put;
	reader->cursor = nvvgpu_mgr_event_cursor(reader->md->mgr);
	mgr_device_leave(reader->md);
	mutex_init(&reader->lock);
	file->private_data = reader;
	return stream_open(inode, file);

err_put:
	mgr_device_put(reader->md);
err_free:
	kfree(reader);
	return err;
}

static int chardev_release(struct inode *inode, struct file *file)
{
	struct reader *reader = file->private_data;

	mgr_device_put(reader->md);
	mutex_destroy(&reader->lock);
	kfree(reader);
	return 0;
}

/* --------------------------------------------------------------------- requests */

/*
 * Who could open the node for writing may change things: the administrator decides that by its
 * mode (0660, root and the group nvvgpu; 0640 lets the group look only).  Who could open it only
 * for reading, may only look, whatever descriptor he was passed, unless he is an administrator
 * himself.  No audit record: this is asked for requests too that change nothing.
 */
static bool may_change(const struct file *file)
{
	return (file->f_mode & FMODE_WRITE) || ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN);
}

static long request(struct file *file, unsigned int cmd, void __user *arg)
{
	struct reader *reader = file->private_data;
	struct mgr_device *md = reader->md;
	u64 before;
	long err;

	err = mgr_device_enter(md);
	if (err)
		return err;
	before = nvvgpu_mgr_event_cursor(md->mgr);
	err = nvvgpu_mgr_ioctl(md->mgr, cmd, arg, may_change(file));
	if (!err && cmd == NVVGPU_IOCTL_WARM_SAVE)
		WRITE_ONCE(md->saved_at, before);
	mgr_device_leave(md);
	return err;
}

/* What a restored manager did in its former life is no news to udev. */
static long warm_restore(struct file *file, unsigned int cmd, void __user *arg)
{
	struct reader *reader = file->private_data;
	long err;

	mgr_uevent_pause(reader->md);
	err = request(file, cmd, arg);
	mgr_uevent_resume(reader->md, !err);
	return err;
}

static long chardev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd == NVVGPU_IOCTL_WARM_RESTORE)
		return warm_restore(file, cmd, (void __user *)arg);
	return request(file, cmd, (void __user *)arg);
}

/* ----------------------------------------------------------------------- events */

/* 0: there are none */
static ssize_t read_events(struct reader *reader, char __user *buf, size_t len)
{
	struct mgr_device *md = reader->md;
	ssize_t n;

	if (mutex_lock_interruptible(&reader->lock))
		return -ERESTARTSYS;
	n = mgr_device_enter(md);
	if (!n) {
		n = nvvgpu_mgr_event_read(md->mgr, &reader->cursor, buf, len);
		mgr_device_leave(md);
	}
	mutex_unlock(&reader->lock);
	return n;
}

static ssize_t chardev_read(struct file *file, char __user *buf, size_t len, loff_t *unused)
{
	struct reader *reader = file->private_data;
	struct mgr_device *md = reader->md;
	ssize_t n;
	int seen, err;

	do {
		seen = atomic_read(&md->news);	/* before looking: what comes later wakes */
		n = read_events(reader, buf, len);
		if (n)
			return n;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(md->wait, atomic_read(&md->news) != seen);
	} while (!err);
	return err;
}

static __poll_t chardev_poll(struct file *file, poll_table *wait)
{
	struct reader *reader = file->private_data;
	struct mgr_device *md = reader->md;
	__poll_t events = 0;

	poll_wait(file, &md->wait, wait);
	if (READ_ONCE(md->gone))
		return EPOLLHUP | EPOLLERR;
	mutex_lock(&reader->lock);
	if (!mgr_device_enter(md)) {
		if (nvvgpu_mgr_event_pending(md->mgr, reader->cursor))
			events = EPOLLIN | EPOLLRDNORM;
		mgr_device_leave(md);
	}
	mutex_unlock(&reader->lock);
	return events;
}

static const struct file_operations chardev_ops = {
	.owner = THIS_MODULE,
	.open = chardev_open,
	.release = chardev_release,
	.unlocked_ioctl = chardev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read = chardev_read,
	.poll = chardev_poll,
};

/* ------------------------------------------------------------------------- life */

static dev_t number_of(const struct mgr_device *md)
{
	return MKDEV(MAJOR(first_number), MINOR(first_number) + md->minor);
}

int mgr_chardev_add(struct mgr_device *md)
{
	struct device *node;
	struct cdev *cdev;
	int err;

	if (md->framework != NVVGPU_BOARD_NVVGPU)
		return 0;
	cdev = cdev_alloc();
	if (!cdev)
		return -ENOMEM;
	cdev->owner = THIS_MODULE;
	cdev->ops = &chardev_ops;
	err = cdev_add(cdev, number_of(md), 1);
	if (err) {
		kobject_put(&cdev->kobj);
		return err;
	}
	/* "!" is a slash in the name of the node */
	node = device_create(class, &md->aux->dev, number_of(md), NULL, "nvvgpu!%s",
			     pci_name(md->pdev));
	if (IS_ERR(node)) {
		cdev_del(cdev);
		return PTR_ERR(node);
	}
	md->cdev = cdev;
	mgr_uevent_node(md, node);
	return 0;
}

void mgr_chardev_remove(struct mgr_device *md)
{
	if (!md->cdev)
		return;
	mgr_uevent_node(md, NULL);
	device_destroy(class, number_of(md));
	cdev_del(md->cdev);
}

static char *chardev_devnode(NVVGPU_DEVNODE_CONST struct device *dev, umode_t *mode)
{
	if (mode)
		*mode = 0660;
	return NULL;	/* the name of the device */
}

int mgr_chardev_init(void)
{
	int err;

	err = alloc_chrdev_region(&first_number, 0, MGR_MINORS, "nvvgpu");
	if (err)
		return err;
	class = nvvgpu_class_create("nvvgpu");
	if (IS_ERR(class)) {
		unregister_chrdev_region(first_number, MGR_MINORS);
		return PTR_ERR(class);
	}
	class->devnode = chardev_devnode;
	return 0;
}

void mgr_chardev_exit(void)
{
	class_destroy(class);
	unregister_chrdev_region(first_number, MGR_MINORS);
}
