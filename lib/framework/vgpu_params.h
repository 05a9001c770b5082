/* SPDX-License-Identifier: MIT */
/* The parameters of a vGPU, in the file that NVIDIA's drivers have for them. */
#ifndef NVVGPU_LIB_FRAMEWORK_VGPU_PARAMS_H
#define NVVGPU_LIB_FRAMEWORK_VGPU_PARAMS_H

#include "internal.h"

#define VGPU_PARAMS_FILE	"nvidia/vgpu_params"	/* of a VF, or of an mdev */

/* *ret is to be freed; "": there are none.  With a last error, on @object. */
int vgpu_params_read(struct os *os, const char *path, const char *object, char **ret);
/* Reads back what it wrote; "" clears.  -errno, without a last error */
int vgpu_params_write(struct os *os, const char *path, const char *params);
/* The same, with a last error. */
int vgpu_params_set(struct os *os, const char *path, const char *object, const char *params);

#endif
