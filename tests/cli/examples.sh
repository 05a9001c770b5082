#!/bin/sh
# SPDX-License-Identifier: MIT
# The example programs.  EXAMPLES is the directory they were built in.
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# example NAME ARG...: runs it
example() {
    command_line="($*)"
    name=$1
    shift
    status=0
    "${EXAMPLES:?set EXAMPLES to the directory of the programs}/$name" "$@" >"$out" 2>"$err" ||
        status=$?
}

good() {
    example "$@"
    [ "$status" -eq 0 ] || fail "should succeed"
}

new_host l40
good list_gpus "$host"
in_out "$gpu  NVIDIA L40  nvvgpu"
good list_types "$host"
in_out "NVIDIA L40-1B"
good create_vgpu "$host" 41:00.0 L40-4Q
in_out "/sys/bus/pci/devices/0000:41:00.4"
vgpu=$(cut -d ' ' -f 1 "$out")
good list_types "$host"
in_out "none: only 4 GiB types"
good dump_json "$host"
while read -r line; do
    printf '%s\n' "$line" >"$dir/line"
    json_file "$dir/line" 'type(d) is dict'
done <"$out"
in_out "$vgpu"
example create_vgpu "$host" 41:00.0 L40-8Q
[ "$status" -eq 1 ] || fail "should fail"
in_err "(equal-size)"

good watch "$host" 0
"$EXAMPLES/watch" "$host" 2 >"$out" 2>"$err" &
watcher=$!
watching $watcher
"$EXAMPLES/destroy_vgpu" "$host" "$vgpu" || fail "should destroy"
wait $watcher || fail "should watch"
in_out "destroyed $vgpu"
example destroy_vgpu "$host" "$vgpu"
[ "$status" -eq 1 ] || fail "should fail"

new_host 'l40*2'
good create_vgpu "$host" 41:00.0 L40-1B
vgpu=$(cut -d ' ' -f 1 "$out")
good save_restore "$host" "$vgpu" 42:00.0 "$dir/state"
in_out "is on 0000:42:00.0 now"
