/* SPDX-License-Identifier: MIT */
/*
 * What a control device of our driver answers, kept in a file: so that a
 * captured machine says of its GPUs what the live one said.
 */
#ifndef NVVGPU_LIB_OS_ANSWERS_H
#define NVVGPU_LIB_OS_ANSWERS_H

#include "os/os.h"

#define ANSWERS_MAX_BYTES (1u << 20)

/*
 * Asks everything that can be asked without a change.  *ret is to be freed.
 * A device that could not be opened has one answer, @open_err, and no @file.
 */
int answers_take(struct os_file *file, int open_err, uint8_t **ret, size_t *ret_len);

/*
 * A control file that gives the answers; what was not asked for is -EIO, a
 * change -EROFS, and nothing ever happens on it.  -EBADMSG: these are no
 * answers; or what the device itself said when it was opened.  Copies @data.
 */
int answers_open(const void *data, size_t len, struct os_file **ret);

#endif
