#!/bin/sh
# SPDX-License-Identifier: MIT
# The framework mdev from the command line: on VFs, on a GPU, and what others made.
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_host a40
state=${host#*state=}
host="$host&framework=mdev"
ok show $gpu
in_out "VF 0000:41:00.4 has mdev_supported_types"
awk 'length > 100 { exit 1 }' "$out" || fail "wider than 100 columns"
ok gpus --json
json 'd[0]["framework"] == "mdev" and d[0]["mode"] == "equal-size"'
ok types --json
json 'all(t["max_instances"] and t["framebuffer_bytes"] and t["heads"] for t in d)'

ok --json create --type A40-4Q --uuid $uuid --vf 0000:41:01.0 --owner me \
    --param frame_rate_limiter=0
json 'd["created"] is True and d["vf"] == "0000:41:01.0" and d["placement"] is None'
json 'd["owner"] == "me" and d["params"] == {"frame_rate_limiter": "0"} and d["uuid"] == "'$uuid'"'
ok gpus --json
json 'd[0]["vgpus"] == 1'
ok create --type A40-4Q --uuid $uuid
in_err "already exists"
fails 5 create --type A40-4Q --vf 0000:41:01.0
has_error vf-busy
fails 8 create --type A40-4Q --placement 4
has_error not-supported
fails 6 create --type A40-8Q
has_error equal-size
fails 2 create --type A40-4Q --param disable_vnc=maybe
has_error params
ok vgpus --json
json 'len(d) == 1'

# the owner is known to the next command; without a record it is another program's
fails 5 destroy $uuid
has_error foreign-owner
rm "$state/run/$uuid@$gpu.vgpu"
ok vgpus --json
json '[(v["owner"], v["uuid"]) for v in d] == [("foreign", "'$uuid'")]'
for words in "$uuid" "$uuid --owner me" "$uuid --owner foreign"; do
    # shellcheck disable=SC2086 # several words
    fails 5 destroy $words
    has_error foreign-owner
done
fails 2 destroy 0000:41:01.0 --foreign
in_err "its uuid"
ok destroy $uuid --foreign --json
json 'd == {"uuid": "'$uuid'", "destroyed": True}'
ok destroy $uuid --foreign --json
json 'd == {"uuid": "'$uuid'", "destroyed": False}'
[ "$(find "$state/run" -type f | wc -l)" -eq 1 ] || fail "the lock alone should be left"

# several on one GPU without VFs
new_host t4
state=${host#*state=}
host="$host&framework=mdev"
ok create --type T4-4Q --uuid $uuid
ok create --type T4-4Q --uuid $uuid2 --owner me
ok vgpus --json
json '[(v["vf"], v["owner"] == "me") for v in d] == [(None, False), (None, True)]'
[ -f "$state/run/$uuid2@$gpu.vgpu" ] || fail "no record"
ok destroy $uuid2 --owner me
ok destroy $uuid
