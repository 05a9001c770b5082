/* SPDX-License-Identifier: MIT */
/* Tests of the mdev framework, each file a subject. */
#ifndef NVVGPU_TESTS_MDEV_H
#define NVVGPU_TESTS_MDEV_H

#include <check.h>
#include "internal.h"

void add_emu_cases(Suite *suite);
void add_framework_cases(Suite *suite);
void add_kept_cases(Suite *suite);
void add_tree_cases(Suite *suite);

#endif
