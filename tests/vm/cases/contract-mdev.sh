#!/bin/sh
# SPDX-License-Identifier: MIT
# The library's contract tests on a board without SR-IOV that has nothing but mdevs.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

if ! modprobe -qn nvvgpu_mdev; then
    skip "this kernel has no mdev framework"
fi
contract_on t4 mdev
