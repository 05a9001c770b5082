/* SPDX-License-Identifier: MIT */
#ifndef NVVGPU_LIB_OS_FD_FILE_H
#define NVVGPU_LIB_OS_FD_FILE_H

#include "os/os.h"

#define FD_FILE_HELD 2

/*
 * A file that is a descriptor.  held: descriptors that have to stay open as
 * long as it is (-1: none), closed behind it in that order.  All descriptors
 * are the file's, and are closed when it cannot be made.
 */
int os_fd_file_new(int fd, const int held[FD_FILE_HELD], struct os_file **ret);

#endif
