/* SPDX-License-Identifier: MIT */
/*
 * Texts of the drivers in the field, as doc/frameworks.md lists them: read as tolerant as
 * is written there and strict beyond.  All return 0, or -EINVAL when it is none of these.
 */
#ifndef NVVGPU_LIB_FRAMEWORK_PARSE_H
#define NVVGPU_LIB_FRAMEWORK_PARSE_H

#include "framework/framework.h"

/* One decimal number, with or without a newline behind it. */
int parse_u32(const char *text, uint32_t *ret);

/*
 * creatable_vgpu_types: a header that may be missing and rows "1145  : NVIDIA L40S-1B".
 * A name is all behind " : ".  Calls each for every row; a non-zero return of it ends the
 * reading and is returned.
 */
int parse_type_rows(const char *text, int (*each)(uint32_t id, const char *name, void *arg),
		    void *arg);

/* "nvidia-555", "vfio-pci-575": the number behind the last dash of a type's directory */
int parse_type_directory(const char *name, uint32_t *ret_id);

/*
 * "num_heads=4, frl_config=45, framebuffer=1024M, max_resolution=5120x2880,
 * max_instance=32": fills what it finds, unknown keys are passed over.
 */
int parse_description(const char *text, struct framework_type *type);

/* placement_id; -ENODATA: there is none ("Not Applicable", or the driver's 65535) */
int parse_placement(const char *text, uint32_t *ret);

/* vgpu_params: one line without its newline; -EINVAL: longer than the room, or not printable */
int parse_params(const char *text, char *buf, size_t size);

/*
 * What the name alone says, as far as it says so: "NVIDIA A40-4Q", "NVIDIA H100-1-10CME".
 * Fills framebuffer_bytes and class_name.
 */
void parse_type_name(const char *name, struct framework_type *type);

#endif
