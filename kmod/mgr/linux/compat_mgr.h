/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Differences between kernels that only the manager meets; see features.mk. */
#ifndef NVVGPU_COMPAT_MGR_H
#define NVVGPU_COMPAT_MGR_H

#include <linux/device.h>

static inline struct class *nvvgpu_class_create(const char *name)
{
#ifdef NVVGPU_HAVE_CLASS_CREATE_BY_NAME
	return class_create(name);
#else
	return class_create(THIS_MODULE, name);
#endif
}

/* of the device that a devnode() callback gets */
#ifdef NVVGPU_HAVE_CONST_DEVNODE
#define NVVGPU_DEVNODE_CONST const
#else
#define NVVGPU_DEVNODE_CONST
#endif

#endif
