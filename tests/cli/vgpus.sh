#!/bin/sh
# SPDX-License-Identifier: MIT
# nvvgpu vgpus
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_host l40
ok vgpus
[ ! -s "$out" ] || fail "no table should be printed"
in_err "no vGPUs: none was created on the 1 GPU that can be shared"
ok vgpus $gpu
in_err "no vGPUs on $gpu"
ok vgpus --json
json 'd == []'

ok create --type L40-4Q --uuid $uuid --param frame_rate_limiter=0
ok create --type L40-4Q --uuid $uuid2 --owner "a cluster with a rather long name, 1 of 2"
ok vgpus
table UUID TYPE DEVICE PLACE STATE OWNER
in_out $uuid
in_out assigned
silent
ok vgpus --json
json 'len(d) == 2'
json 'set(d[0]) >= set("""uuid type_id type_name gpu vf placement framework state owner params
    vfio""".split())'
json '[v["uuid"] for v in d if v["owner"]] == ["'$uuid2'"]'
json 'all(v["gpu"] == "'$gpu'" and v["type_name"] == "NVIDIA L40-4Q" for v in d)'
json 'd[0]["vf"] != d[1]["vf"] and d[0]["placement"] != d[1]["placement"]'

# by GPU, and a board without VFs
new_host l40,t4
ok gpus --json
t4=$(json_value "$out" '[g["address"] for g in d if g["vfs_total"] == 0][0]')
l40=$(json_value "$out" '[g["address"] for g in d if g["vfs_total"] != 0][0]')
ok create --gpu "$l40" --type L40-4Q
ok create --gpu "$t4" --type "GRID T4-2Q"
ok vgpus "$t4" --json
json 'len(d) == 1 and d[0]["vf"] is None and d[0]["gpu"] == "'"$t4"'"'
ok vgpus
table UUID TYPE DEVICE PLACE STATE
in_out "$t4"
ok vgpus "$l40"
not_in_out "$t4"
fails 3 vgpus 0000:99:00.0
