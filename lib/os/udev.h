/* SPDX-License-Identifier: MIT */
/* What the kernel tells the device manager, through libudev. */
#ifndef NVVGPU_LIB_OS_UDEV_H
#define NVVGPU_LIB_OS_UDEV_H

#include "os/os.h"

/* notices_open of struct os_ops */
int os_udev_open(struct os *os, struct os_file **ret);

#endif
