/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The differences between the kernels that the modules build for, 6.1 to 7.2.  What they are is
 * asked of the headers by Kbuild (NVVGPU_HAVE_*): distributions take changes back.
 */
#ifndef NVVGPU_COMPAT_H
#define NVVGPU_COMPAT_H

#if __has_include(<linux/unaligned.h>)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#endif
