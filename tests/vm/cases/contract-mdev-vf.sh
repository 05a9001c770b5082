#!/bin/sh
# SPDX-License-Identifier: MIT
# The library's contract tests on a board with nothing but mdevs, each VF a parent.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

if ! modprobe -qn nvvgpu_mdev; then
    skip "this kernel has no mdev framework"
fi
contract_on a40 mdev
