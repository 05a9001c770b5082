// SPDX-License-Identifier: MIT
/*
 * The one file that knows libudev.  Listens to the kernel itself, not to the device manager behind
 * it: what is asked is what there is, not how its nodes are called, and it works without one.
 */
#include <errno.h>
#include <libudev.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"
#include "os/udev.h"
#include "util/text.h"

#define BUFFER_BYTES	(1 << 20)	/* of the socket; what does not fit is found by looking */

struct udev_file {
	struct os_file file;
	struct udev *udev;
	struct udev_monitor *monitor;
};

static struct udev_file *to_udev(struct os_file *file)
{
	return (struct udev_file *)file;
}

static void udev_close(struct os_file *file)
{
	struct udev_file *own = to_udev(file);

	udev_monitor_unref(own->monitor);
	udev_unref(own->udev);
	free(own);
}

/*
 * The last function in "/devices/pci0000:40/0000:40:01.0/0000:41:00.4/<uuid>": of an mdev its
 * parent, of the node of a GPU that GPU.
 */
static bool find_function(const char *path, char function[PCI_ADDRESS_LEN])
{
	bool found = false;
	char part[64];

	while (path && *path) {
		size_t len = strcspn(++path, "/");
		char address[PCI_ADDRESS_LEN];

		if (len < sizeof(part)) {
			memcpy(part, path, len);
			part[len] = '\0';
			if (!pci_address_canonical(part, address)) {
				memcpy(function, address, sizeof(address));
				found = true;
			}
		}
		path += len;
	}
	return found;
}

/* A node of our driver speaks for itself of what happens to its vGPUs. */
static bool is_told_elsewhere(const char *subsystem, const char *action)
{
	return !strcmp(subsystem, "nvvgpu") && !strcmp(action, "change");
}

static bool take(struct udev_device *device, struct os_notice *notice)
{
	const char *subsystem = udev_device_get_subsystem(device);
	const char *action = udev_device_get_action(device);

	if (!subsystem || !action || is_told_elsewhere(subsystem, action))
		return false;
	notice->child = !strcmp(subsystem, "mdev");
	return find_function(udev_device_get_devpath(device), notice->function);
}

static ssize_t udev_read(struct os_file *file, void *buf, size_t len)
{
	struct os_notice *notices = buf;
	size_t count = 0;

	while (count < len / sizeof(*notices)) {
		struct udev_device *device;

		errno = 0;
		device = udev_monitor_receive_device(to_udev(file)->monitor);
		if (!device && errno == ENOBUFS)
			return -ENOBUFS;
		if (!device)
			break;
		count += take(device, &notices[count]);
		udev_device_unref(device);
	}
	return count ? (ssize_t)(count * sizeof(*notices)) : -EAGAIN;
}

static int udev_poll_fd(struct os_file *file)
{
	return udev_monitor_get_fd(to_udev(file)->monitor);
}

static const struct os_file_ops udev_file_ops = {
	.close = udev_close,
	.read = udev_read,
	.poll_fd = udev_poll_fd,
};

/* Without its own size libudev asks for 128 MiB of the kernel. */
static int listen_to(struct udev_monitor *monitor)
{
	static const char *const subsystems[] = { "pci", "mdev", "nvvgpu" };
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(subsystems) / sizeof(subsystems[0]); i++)
		err = udev_monitor_filter_add_match_subsystem_devtype(monitor, subsystems[i], NULL);
	if (err < 0)
		return err;
	udev_monitor_set_receive_buffer_size(monitor, BUFFER_BYTES);
	return udev_monitor_enable_receiving(monitor);
}

int os_udev_open(struct os *os, struct os_file **ret)
{
	struct udev_file *own = calloc(1, sizeof(*own));
	int err;

	if (!own)
		return -ENOMEM;
	own->file.ops = &udev_file_ops;
	errno = ENOMEM;
	own->udev = udev_new();
	own->monitor = own->udev ? udev_monitor_new_from_netlink(own->udev, "kernel") : NULL;
	err = own->monitor ? listen_to(own->monitor) : -errno;
	if (err < 0) {
		udev_close(&own->file);
		return err;
	}
	*ret = &own->file;
	return 0;
}
