#!/bin/bash
# SPDX-License-Identifier: MIT
# The library's contract tests, the same list of cases as on emulated hosts, on this kernel.

functions=$(echo /sys/bus/pci/drivers/nvvgpu_core/*:*/sriov_numvfs)
echo 32 >"$functions"
# in which order objects are released is the library's own matter: a few orders do
TEST_LEVEL=quick contract "$(dirname "$0")/../../contract/types.txt" host:
status=$?
echo 0 >"$functions"
exit $status
