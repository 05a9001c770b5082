#!/bin/sh
# SPDX-License-Identifier: MIT
# The framework vendor-vfio from the command line: owners that survive, foreign vGPUs.
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_host l40
state=${host#*state=}
host="$host&framework=vendor-vfio"
ok show $gpu
in_out vendor-vfio
in_out "nvidia/current_vgpu_type"
awk 'length > 100 { exit 1 }' "$out" || fail "wider than 100 columns"
ok gpus --json
json '"nvidia/current_vgpu_type" in d[0]["evidence"] and d[0]["mode"] == "equal-size"'

# everything that can be said
ok --json create --type L40-4Q --uuid $uuid --vf 0000:41:01.0 --placement 20 \
    --param frame_rate_limiter=0 --owner me
json 'd["created"] is True and d["vf"] == "0000:41:01.0" and d["placement"] == 20'
json 'd["owner"] == "me" and d["params"] == {"frame_rate_limiter": "0"} and d["uuid"] == "'$uuid'"'
ok create --type L40-4Q --uuid $uuid
in_err "already exists"
fails 5 create --type L40-4Q --vf 0000:41:01.0
has_error vf-busy
fails 5 create --type L40-4Q --placement 20
has_error placement-taken
fails 6 create --type L40-8Q
has_error equal-size

# parameters: warned of, refused, forced
ok create --type L40-4Q --uuid $uuid2 --param frame_rate_limitr=0
in_err "warning: $gpu: the parameter frame_rate_limitr is not one that is known; near: frame_rate_limiter"
ok destroy $uuid2
fails 2 create --type L40-4Q --param disable_vnc=maybe
has_error params
ok create --type L40-4Q --uuid $uuid2 --param disable_vnc=maybe --force-params
ok destroy $uuid2

# the owner is known to the next command; without a record it is another program's
ok vgpus --json
json '[v["owner"] for v in d] == ["me"]'
fails 5 destroy $uuid
has_error foreign-owner
rm "$state/run/0000:41:01.0.vgpu"
ok vgpus --json
json '[v["owner"] for v in d] == ["foreign"] and d[0]["uuid"] != "'$uuid'"'
foreign=$(json_value "$out" 'd[0]["uuid"]')
ok vgpus --json
json 'd[0]["uuid"] == "'"$foreign"'"'
for words in "$foreign" "$foreign --owner me" "$foreign --owner foreign" 0000:41:01.0; do
    # shellcheck disable=SC2086 # several words
    fails 5 destroy $words
    has_error foreign-owner
done
fails 2 destroy 0000:41:01.0 --foreign
in_err "its uuid"
ok vgpus --json
json 'len(d) == 1'
ok destroy "$foreign" --foreign --json
json 'd == {"uuid": "'"$foreign"'", "destroyed": True}'
ok destroy "$foreign" --foreign --json
json 'd == {"uuid": "'"$foreign"'", "destroyed": False}'

# somebody else's with --foreign, and nothing is left behind
ok create --type L40-4Q --uuid $uuid --owner them
ok destroy $uuid --foreign
[ "$(find "$state/run" -type f | wc -l)" -eq 1 ] || fail "the lock alone should be left"
fails 2 create --type L40-4Q --owner foreign

# mixed sizes: the mode comes behind the VFs, and outlives a change of their number
ok mode mixed-size
ok sriov 16
ok mode
in_out "mixed-size"
ok sriov off
fails 6 mode equal-size
