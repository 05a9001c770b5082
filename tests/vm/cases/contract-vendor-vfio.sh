#!/bin/sh
# SPDX-License-Identifier: MIT
# The library's contract tests on a board that has nothing but the vendor's files on its VFs.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

contract_on l40 vendor-vfio
