#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: rfc_vm.sh KERNEL: rfc_case.sh in a virtual machine with that kernel, see tests/vm/vm.
# TAP.  BUILD: the build directory.
set -u -o pipefail
TOP=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/kmod/rfc.sh
. "$TOP/tests/kmod/rfc.sh"

[ $# -eq 1 ] || {
	sed -n '3,4s/^# //p' "$0"
	exit 2
}
tree=$(mktemp -d "${TMPDIR:-/tmp}/nvvgpu-kmod.XXXXXX") || exit 1
trap 'rm -rf "$tree"' EXIT
make_tree_with_header "$tree" || exit
"$TOP/tests/vm/vm" --kernel "$1" --kmod "$tree/kmod" --timeout 1200 -- "$TOP/tests/kmod/rfc_case.sh"
