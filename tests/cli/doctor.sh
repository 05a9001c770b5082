#!/bin/sh
# SPDX-License-Identifier: MIT
# nvvgpu doctor
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# finding CHECK EXPRESSION: of the JSON in $out, called f
finding() {
    json '[f for f in d["findings"] if f["check"] == "'"$1"'" and ('"$2"')]'
}

new_host l40,t4
ok doctor
in_out "$host"
in_out $gpu
in_out 0000:42:00.0
in_err "no problems"
awk 'length > 100 { exit 1 }' "$out" || fail "wider than 100 columns"
grep -q '^ok       types         22 of its 22 types' "$out" || fail "one line for a finding"
ok doctor --json
silent
json 'set(d) == {"host", "well", "findings"} and d["well"] is True and d["host"] == "'"$host"'"'
json 'all(set(f) == {"check", "verdict", "reason", "object", "text", "evidence", "next_step"}
    for f in d["findings"])'
json 'all(f["verdict"] in ("ok", "note", "unknown", "problem") for f in d["findings"])'
finding device 'f["verdict"] == "note" and f["reason"] == "not-found"'

# one GPU; the device of its vGPU is opened, and left as it was
ok create --gpu $gpu --type L40-4Q --uuid $uuid
ok doctor $gpu --json
json '{f["object"] for f in d["findings"]} == {"'"$host"'", "'$gpu'"}'
finding device 'f["verdict"] == "ok" and "'$uuid'" in f["text"] and "10de:" in f["evidence"]'
ok show $uuid --json
json 'd["state"] == "assigned"'
ok doctor $gpu --no-open --json
json 'not [f for f in d["findings"] if f["check"] == "device"]'
ok doctor --quiet
silent

# NVIDIA's frameworks; a foreign vGPU is not opened
for boards in "l40 vendor-vfio" "t4 mdev" "a40 mdev"; do
    new_host "${boards% *}"
    state=${host#*state=}
    host="$host&framework=${boards#* }"
    ok types --creatable --json
    ok create --gpu $gpu --type "$(json_value "$out" 'd[0]["name"]')" --uuid $uuid --owner me
    ok doctor --json
    finding framework 'f["verdict"] == "ok" and "'"${boards#* }"'" in f["text"]'
    finding device 'f["verdict"] == "ok" and "'$uuid'" in f["text"] and "10de:" in f["evidence"]'
    rm "$state"/run/*.vgpu
    ok doctor --json
    finding device 'f["verdict"] == "note" and f["reason"] == "not-found"'
done

# a machine with something wrong
mkdir -p "$dir/bad/sys/bus/pci/devices/0000:01:00.0"
for file in vendor=0x10de device=0x26b5 class=0x030200; do
    echo "${file#*=}" >"$dir/bad/sys/bus/pci/devices/0000:01:00.0/${file%%=*}"
done
host=tree:$dir/bad
at doctor
[ "$status" -eq 1 ] || fail "a problem should end it with 1"
in_out "problem  driver        no kernel driver is bound to it"
in_out "                       next: bind a driver"
in_err "2 problems"
at doctor --json
[ "$status" -eq 1 ] || fail "a problem should end it with 1"
silent
json 'd["well"] is False'
finding driver 'f["verdict"] == "problem" and f["reason"] == "no-driver" and f["next_step"]'
finding kernel 'f["verdict"] == "unknown"'
fails 3 doctor 0000:99:00.0
fails 2 doctor nonsense
fails 2 doctor $gpu $gpu
