// SPDX-License-Identifier: MIT
/* DRM nodes by libdrm: the one file that knows it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>
#include "internal.h"
#include "os/drm.h"

#define DEVICES_BELIEVED 1024
#define SHORT_ADDRESS_LEN 12	/* "0000:41:00.0"; libdrm keeps 16 bits of the domain */

static bool is_at(const drmDevice *device, const char *address)
{
	char text[PCI_ADDRESS_LEN];

	if (device->bustype != DRM_BUS_PCI)
		return false;
	snprintf(text, sizeof(text), "%04x:%02x:%02x.%x", device->businfo.pci->domain,
		 device->businfo.pci->bus, device->businfo.pci->dev, device->businfo.pci->func);
	return !strcmp(text, address);
}

static int visit_device(const drmDevice *device, int (*each)(const char *node, void *arg),
			void *arg)
{
	int stop = 0;

	for (int i = 0; !stop && i < DRM_NODE_MAX; i++)
		if (device->available_nodes & (1 << i))
			stop = each(device->nodes[i], arg);
	return stop;
}

int os_drm_nodes(struct os *os, const char *address, int (*each)(const char *node, void *arg),
		 void *arg)
{
	bool wide = strlen(address) > SHORT_ADDRESS_LEN;
	int count = wide ? -ERANGE : drmGetDevices2(0, NULL, 0), stop = 0;
	drmDevicePtr *devices;

	if (count < 0 || count > DEVICES_BELIEVED)
		return os_drm_directory(os, address, each, arg);
	if (!count)
		return 0;
	devices = calloc(count, sizeof(*devices));
	if (!devices)
		return -ENOMEM;
	count = drmGetDevices2(0, devices, count);
	for (int i = 0; !stop && i < count; i++)
		if (is_at(devices[i], address))
			stop = visit_device(devices[i], each, arg);
	if (count > 0)
		drmFreeDevices(devices, count);
	free(devices);
	return stop;
}
