#!/bin/sh
# SPDX-License-Identifier: MIT
# The shell scripts of the tree.  SOURCE is its root.
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

command_line=shellcheck
command -v shellcheck >/dev/null || skip "no shellcheck"
cd "${SOURCE:?set SOURCE to the root of the tree}"
find examples tests .ci -name '*.sh' -o -name '*.bash' -o -path .ci/run -o \
    -path tests/vm/vm -o -path tests/vm/init | sort >"$dir/scripts"
while read -r script; do
    shellcheck -x "$script" >>"$out" 2>>"$err" || status=1
done <"$dir/scripts"
[ "$status" -eq 0 ] || fail "shellcheck complains"
