/* SPDX-License-Identifier: MIT */
/*
 * usage: vfio-hold FUNCTION|UUID FILE [--let-go]
 *
 * Holds the VFIO device of a function, or of an mdev, open, as a VMM does, and makes FILE once it
 * has it.  Waits for a signal; with --let-go also for the kernel's request to release the device.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include "vfio-open.h"

static int request_fd(const struct vfio *vfio)
{
	char buf[sizeof(struct vfio_irq_set) + sizeof(int32_t)];
	struct vfio_irq_set *set = (void *)buf;
	int32_t fd = eventfd(0, EFD_CLOEXEC);

	*set = (struct vfio_irq_set){
		.argsz = sizeof(buf),
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_REQ_IRQ_INDEX,
		.count = 1,
	};
	memcpy(set->data, &fd, sizeof(fd));
	if (fd < 0 || ioctl(vfio->device, VFIO_DEVICE_SET_IRQS, set))
		return -errno;
	return fd;
}

int main(int argc, char **argv)
{
	struct vfio vfio;
	uint64_t count;
	int err, fd;

	if (argc < 3) {
		fprintf(stderr, "usage: vfio-hold FUNCTION|UUID FILE [--let-go]\n");
		return 2;
	}
	err = vfio_open(argv[1], &vfio);
	if (err) {
		fprintf(stderr, "vfio-hold: %s: %s\n", argv[1], strerror(-err));
		return 1;
	}
	fd = argc > 3 ? request_fd(&vfio) : -1;
	if (argc > 3 && fd < 0) {
		fprintf(stderr, "vfio-hold: no request interrupt: %s\n", strerror(-fd));
		return 1;
	}
	close(open(argv[2], O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (fd < 0)
		pause();
	else if (read(fd, &count, sizeof(count)) != sizeof(count))
		return 1;
	vfio_close(&vfio);
	return 0;
}
