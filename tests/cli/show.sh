#!/bin/sh
# SPDX-License-Identifier: MIT
# nvvgpu show
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_host l40
ok show $gpu
in_out "NVIDIA L40"
in_out "framebuffer_free_bytes"
awk 'length > 100 { exit 1 }' "$out" || fail "wider than 100 columns"
ok show 41:00.0 --json
json 'd["address"] == "'$gpu'"'

ok create --type L40-4Q --uuid $uuid --owner me --param frame_rate_limiter=0 --json
vf=$(json_value "$out" 'd["vf"]')
ok show $uuid
in_out "$vf"
in_out "frame_rate_limiter=0"
in_out "me"
ok show "$vf" --json
json 'd["uuid"] == "'$uuid'" and d["type_name"] == "NVIDIA L40-4Q"'

for type in 869 L40-1B "NVIDIA L40-1B"; do
    ok show "$type"
    in_out "5120x2880"
    in_out "equal-size"
    awk 'length > 100 { exit 1 }' "$out" || fail "wider than 100 columns"
    ok show "$type" --gpu $gpu --json
    json 'd["id"] == 869 and d["creatable"] is False'
done
ok show L40-4Q
in_out "free placements"

fails 3 show $absent
fails 3 show 0000:99:00.0
has_error not-found
fails 3 show L40-5Q
fails 2 show
fails 2 show $uuid $uuid
new_host 'l40*2'
fails 2 show L40-1B
in_err "several GPUs can be shared"
