// SPDX-License-Identifier: MIT
/* Stands in for udev.c in a build without libudev. */
#include <errno.h>
#include "os/udev.h"

int os_udev_open(struct os *os, struct os_file **ret)
{
	return -EOPNOTSUPP;
}
