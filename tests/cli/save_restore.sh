#!/bin/sh
# SPDX-License-Identifier: MIT
# nvvgpu save, restore, inspect, verify
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_host l40
source_host=$host
ok create --type L40-4Q --uuid $uuid
framebuffer $uuid fill 4
file=$dir/guest.state

# to a file that gets its name when it is whole
ok save $uuid -o "$file"
in_err "saved $uuid"
[ "$(stat -c %a "$file")" = 600 ] || fail "only the owner may read a guest's memory"
[ "$(find "$dir" -name 'guest.state*' | wc -l)" -eq 1 ] || fail "a part was left behind"
fails 5 save $uuid -o "$file"
has_error exists
ok --json save $uuid -o "$file" --force
silent
json 'set(d) == {"uuid", "file", "bytes", "seconds", "bytes_per_second"}'
json 'd["uuid"] == "'$uuid'" and d["bytes"] > 0 and d["seconds"] > 0'
ok save $uuid --force --no-checksum -o "$dir/unchecked.state"
ok save $uuid -o /dev/null
at save $uuid -o -
[ "$status" -eq 0 ] || fail "should save to standard output"
cp "$out" "$dir/piped.state"
ok vgpus --json
json 'd[0]["state"] == "assigned"'

# what it says
for from in "$file" "$dir/piped.state" "$dir/unchecked.state"; do
    ok inspect "$from"
    in_out "NVIDIA L40-4Q"
    in_out $uuid
    ok verify "$from"
    in_out "verified"
done
ok inspect "$file" --json
json '"NVIDIA L40-4Q" in d.values() and "'$uuid'" in d.values()'
ok verify "$file" --json
json 'd["bytes"] > 0 and d["seconds"] > 0 and "bytes_per_second" in d'
json '"NVIDIA L40-4Q" in d.values()'
"$NVVGPU" inspect - <"$file" >"$out" 2>"$err" || fail "should inspect standard input"
in_out $uuid
"$NVVGPU" verify - <"$file" >"$out" 2>"$err" || fail "should verify standard input"

# restored elsewhere, from a file and from a pipe
new_host l40
ok restore -i "$file"
[ "$(cat "$out")" = $uuid ] || fail "the uuid alone should be printed"
in_err "restored NVIDIA L40-4Q"
framebuffer $uuid check 4
ok restore -i "$file" --verify-first --uuid $uuid2 --placement 20 --vf 0000:41:01.0 --owner me --json
silent
json 'd["uuid"] == "'$uuid2'" and d["placement"] == 20 and d["vf"] == "0000:41:01.0"'
json 'd["owner"] == "me" and d["created"] is True and d["bytes"] > 0'
new_host l40
"$NVVGPU" --host "$source_host" save $uuid -o - 2>"$err" |
    "$NVVGPU" --host "$host" restore -i - >"$out" 2>>"$err" || fail "should restore from a pipe"
[ "$(cat "$out")" = $uuid ] || fail "the uuid should be that of the stream"
framebuffer $uuid check 4
ok vgpus --json
json 'len(d) == 1 and d[0]["type_name"] == "NVIDIA L40-4Q"'

# on the first GPU that can take it: not the full one, not the other board
new_host 'l40s,l40*2'
ok gpus --json
l40_1=$(json_value "$out" 'd[1]["address"]')
l40_2=$(json_value "$out" 'd[2]["address"]')
ok create --gpu "$l40_1" --type L40-48Q
ok restore -i "$file" --json
json 'd["gpu"] == "'"$l40_2"'"'
"$NVVGPU" --host "$source_host" save $uuid -o - 2>"$err" |
    "$NVVGPU" --host "$host" restore -i - --json >"$out" 2>>"$err" ||
    fail "should find the GPU for a pipe"
json 'd["gpu"] == "'"$l40_2"'" and d["uuid"] != "'$uuid'"'

# refused, and nothing left
fails 7 restore -i "$file" --gpu $gpu
grep -q 'reason: mismatch-' "$err" || fail "what differs should be named"
new_host l40
head -c -1 "$file" >"$dir/short.state"
fails 7 verify "$dir/short.state"
has_error stream-truncated
in_err "$dir/short.state"
fails 7 restore -i "$dir/short.state"
{
    head -c 300 "$file"
    printf X
    tail -c +302 "$file"
} >"$dir/damaged.state"
fails 7 verify "$dir/damaged.state" --json
fails 7 restore -i "$dir/damaged.state" --verify-first
echo "this is something else" >"$dir/foreign.state"
fails 7 inspect "$dir/foreign.state"
has_error stream-foreign
fails 7 restore -i "$dir/foreign.state"
fails 3 restore -i "$dir/absent.state"
fails 1 inspect "$dir"
ok vgpus --json
json 'd == []'
host=$source_host
fails 3 save $absent -o "$dir/none.state"
fails 2 save $uuid
fails 2 restore
fails 3 save $uuid -o "$dir/no/such/directory"
at save $uuid -o /dev/full
[ "$status" -eq 1 ] || fail "a full disk is a failure of its own kind"
[ ! -e "$dir/none.state" ] || fail "no file should be made"
ok vgpus --json
json 'd[0]["state"] == "assigned"'
