/* SPDX-License-Identifier: MIT */
/* What create and restore have in common (create.c). */
#ifndef NVVGPU_CLI_SPEC_H
#define NVVGPU_CLI_SPEC_H

#include "cli.h"

/* From --type --uuid --vf --placement --param --owner, as far as given; 0 or an exit code. */
int spec_from_options(struct cli *cli, struct nvvgpu_spec **ret);
/* Prints the new vGPU; more are members to add to its JSON object.  Returns an exit code. */
int created_print(const struct cli *cli, struct nvvgpu_vgpu *vgpu, const char *what,
		  const char *more);

#endif
