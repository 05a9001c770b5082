/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the manager's module gives to the drivers of the vGPUs' functions. */
#ifndef NVVGPU_MGR_DEVICE_H
#define NVVGPU_MGR_DEVICE_H

#include <linux/auxiliary_bus.h>
#include <linux/pci.h>
#include "../mgr.h"

/*
 * Binds a virtual function of ours to its manager: from now on the manager's unbinding takes
 * this driver off first.  -ENODEV: not a virtual function of a board that our core driver runs;
 * -EPROBE_DEFER: the manager is not there yet.  Undone by the driver core when @vf is unbound.
 */
int nvvgpu_mgr_vf_bind(struct pci_dev *vf);

/* 0: this bound function holds a vGPU now; -ENODEV: it does not. */
int nvvgpu_mgr_vf_check(struct pci_dev *vf);

/*
 * nvvgpu_mgr_open() for the vGPU on this bound function; -ENODEV without one.  The vGPU, its
 * manager and its board stay until nvvgpu_mgr_close().
 */
int nvvgpu_mgr_vf_open(struct pci_dev *vf, u32 vm_pid, struct nvvgpu_mgr_vgpu **ret);

#endif
