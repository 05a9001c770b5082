/* SPDX-License-Identifier: MIT */
/* What libpci knows. */
#ifndef NVVGPU_LIB_OS_PCI_H
#define NVVGPU_LIB_OS_PCI_H

#include <stddef.h>
#include <stdint.h>
#include "os/os.h"

/* Name of an NVIDIA board in the list of PCI ids: "NVIDIA L40".  -ENOENT: not listed. */
int os_pci_name(uint16_t vendor_id, uint16_t device_id, char *buf, size_t size);

/* TotalVFs of the SR-IOV capability.  -ENOENT: none, or the config space may not be read. */
int os_pci_total_vfs(struct os *os, const char *address, uint16_t *ret);

#endif
