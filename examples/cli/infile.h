/* SPDX-License-Identifier: MIT */
/* A file or pipe that a saved state comes from. */
#ifndef NVVGPU_CLI_INFILE_H
#define NVVGPU_CLI_INFILE_H

#include "cli.h"

/* path: "-" is standard input; 0, or after a message an exit code; the caller closes it */
int infile_open(const struct cli *cli, const char *path, int *ret);

#endif
