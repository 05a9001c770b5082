#!/bin/sh
# SPDX-License-Identifier: MIT
# The progress bar: on a terminal only, gone at the end.
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_host l40
ok create --type L40-4Q --uuid $uuid
framebuffer $uuid fill 8
ok save $uuid -o "$dir/plain.state"
! tr '\r' '@' <"$err" | grep -q @ || fail "no bar without a terminal"

command -v script >/dev/null || skip "no script(1) to make a terminal"

# on_terminal ARG...
on_terminal() {
    command_line=$*
    script -qec "stty cols 80; '$NVVGPU' --host '$host' $*" /dev/null >"$out" 2>"$err" </dev/null ||
        fail "should succeed on a terminal"
}

on_terminal "save $uuid -o '$dir/bar.state'"
tr '\r' '\n' <"$out" | grep -q '^saving' || fail "a bar should be drawn"
tr '\r' '\n' <"$out" | awk '/^saving/ && length > 80 { exit 1 }' || fail "the bar should fit the terminal"
on_terminal "save $uuid -o '$dir/quiet.state' --no-progress"
! tr '\r' '\n' <"$out" | grep -q '^saving' || fail "--no-progress draws no bar"
on_terminal "verify '$dir/bar.state' --json"
! tr '\r' '\n' <"$out" | grep -q '^verifying' || fail "--json draws no bar"

# streams and terminals do not go together
script -qec "'$NVVGPU' --host '$host' save $uuid -o -" /dev/null >"$out" 2>"$err" </dev/null || :
in_out "a state stream is not for a terminal"
script -qec "'$NVVGPU' --host '$host' restore -i -" /dev/null >"$out" 2>"$err" </dev/null || :
in_out "a state stream does not come from a terminal"
