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

# line N CONDITION: that line of the output, as JSON
line() {
    sed -n "$1p" "$out" >"$dir/line"
    json_file "$dir/line" "$2"
}

# whatever the framework: the same four
for uri in "$host" "$host&framework=vendor-vfio" "$host&framework=mdev"; do
    host=$uri
    "$NVVGPU" --host "$host" gpus >/dev/null
    watch "$out" --count 4 --timeout 20 --json
    "$NVVGPU" --host "$host" create --type L40-4Q --uuid $uuid --quiet >/dev/null
    until [ "$(wc -l <"$out")" -ge 2 ]; do
        sleep 0.05
    done
    "$NVVGPU" --host "$host" destroy $uuid --quiet
    wait $watcher || fail "four events should come"
    [ "$(wc -l <"$out")" -eq 4 ] || fail "one object on each line"
    line 1 'd["kind"] == "created" and d["uuid"] == "'$uuid'" and d["vf"] and d["type_id"] == 874'
    line 2 'd["kind"] == "types" and d["sequence"] == 0 and d["value"] == 2'
    line 3 'd["kind"] == "destroyed" and d["uuid"] == "'$uuid'"'
    line 4 'd["kind"] == "types" and d["value"] > 2'
done
host=${host%&framework=*}

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
