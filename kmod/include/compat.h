/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The differences between the kernels that the modules build for, 6.1 to 7.2.  What they are is
 * asked of the headers by Kbuild (NVVGPU_HAVE_*): distributions take changes back.
 */
#ifndef NVVGPU_COMPAT_H
#define NVVGPU_COMPAT_H

#ifdef NVVGPU_HAVE_LINUX_UNALIGNED
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#endif
