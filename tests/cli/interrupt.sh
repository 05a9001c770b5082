#!/bin/sh
# SPDX-License-Identifier: MIT
# Save and restore that are interrupted leave nothing half done.
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_host l40
ok create --type L40-4Q --uuid $uuid
framebuffer $uuid fill 8
ok save $uuid -o "$dir/guest.state"

# a FIFO that nobody reads on holds the save in its middle
mkfifo "$dir/fifo"
command_line="save to a FIFO"
# a shell has its background ignore SIGINT; the command leaves ignored signals alone
env --default-signal=INT "$NVVGPU" --host "$host" save $uuid -o "$dir/fifo" >"$out" 2>"$err" &
saver=$!
exec 3<"$dir/fifo"
sleep 0.5
kill -INT $saver
status=0
wait $saver || status=$?
exec 3<&-
[ "$status" -eq 130 ] || fail "interrupted should be 130"
has_error cancelled
ok vgpus --json
json 'd[0]["state"] == "assigned"'

# a stream that stops coming holds the restore
new_host l40
command_line="restore from a FIFO"
"$NVVGPU" --host "$host" restore -i "$dir/fifo" >"$out" 2>"$err" &
restorer=$!
exec 3>"$dir/fifo"
head -c 200 "$dir/guest.state" >&3
sleep 0.5
kill -TERM $restorer
status=0
wait $restorer || status=$?
exec 3>&-
[ "$status" -eq 130 ] || fail "interrupted should be 130"
ok vgpus --json
json 'd == []'

# a reader that goes away
new_host l40
ok create --type L40-4Q --uuid $uuid
framebuffer $uuid fill 8
"$NVVGPU" --host "$host" save $uuid -o - 2>"$err" | head -c 100 >/dev/null
ok vgpus --json
json 'd[0]["state"] == "assigned"'
[ "$(find "$dir" -name '*.part-*' | wc -l)" -eq 0 ] || fail "a part was left behind"

# a deadline
command_line="save --timeout"
"$NVVGPU" --host "$host" save $uuid -o "$dir/fifo" --timeout 0.3 >"$out" 2>"$err" &
saver=$!
exec 3<"$dir/fifo"
status=0
wait $saver || status=$?
exec 3<&-
[ "$status" -eq 1 ] || fail "a deadline that passed is a failure"
has_error deadline
fails 1 save $uuid -o "$dir/late.state" --timeout 0.000001
has_error deadline
[ "$(find "$dir" -name 'late.state*' | wc -l)" -eq 0 ] || fail "a part was left behind"
for verb in inspect verify; do
    command_line="$verb --timeout"
    exec 3<>"$dir/fifo"
    status=0
    "$NVVGPU" $verb - --timeout 0.2 <&3 >"$out" 2>"$err" || status=$?
    exec 3<&-
    [ "$status" -eq 1 ] || fail "a deadline that passed is a failure"
    has_error deadline
done
