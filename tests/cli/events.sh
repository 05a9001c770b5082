#!/bin/sh
# SPDX-License-Identifier: MIT
# nvvgpu events
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_host l40
ok events --timeout 0.2
table TIME GPU EVENT VGPU DETAIL
fails 1 events --count 1 --timeout 0.2
has_error deadline
fails 2 events --count many
fails 2 events --timeout 0

# watch FILE ARG...: events in the background, ready when this returns
watch() {
    file=$1
    shift
    command_line="events $*"
    env --default-signal=INT "$NVVGPU" --host "$host" events "$@" >"$file" 2>"$err" &
    watcher=$!
    watching $watcher
}

watch "$out" --count 2 --timeout 20 --json
"$NVVGPU" --host "$host" create --type L40-4Q --uuid $uuid --quiet >/dev/null
"$NVVGPU" --host "$host" destroy $uuid --quiet
wait $watcher || fail "two events should come"
[ "$(wc -l <"$out")" -eq 2 ] || fail "one object on each line"
sed -n 1p "$out" >"$dir/first"
json_file "$dir/first" '"created" in d.values() and "'$uuid'" in d.values()'
sed -n 2p "$out" >"$dir/second"
json_file "$dir/second" '"destroyed" in d.values()'

watch "$out" --count 1 --timeout 20
"$NVVGPU" --host "$host" mode mixed-size >/dev/null
wait $watcher || fail "an event should come"
table TIME GPU EVENT VGPU DETAIL
in_out mixed-size

watch "$out"
kill -INT $watcher
status=0
wait $watcher || status=$?
[ "$status" -eq 130 ] || fail "interrupted should be 130"
