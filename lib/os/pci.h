/* SPDX-License-Identifier: MIT */
/* What libpci knows. */
#ifndef NVVGPU_LIB_OS_PCI_H
#define NVVGPU_LIB_OS_PCI_H

#include <stddef.h>
#include <stdint.h>
#include "os/os.h"

struct os_pci_name {
	uint16_t vendor_id, device_id;
	char *buf;
	size_t size;
};

/*
 * Names of NVIDIA boards by the list of PCI ids: "NVIDIA L40".  What is not
 * listed is left alone.  For many at once, because reading the list takes longer
 * than all else.
 */
void os_pci_names(const struct os_pci_name *names, size_t count);

/* TotalVFs of the SR-IOV capability.  -ENOENT: none, or the config space may not be read. */
int os_pci_total_vfs(struct os *os, const char *address, uint16_t *ret);

#endif
