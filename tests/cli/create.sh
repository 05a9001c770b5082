#!/bin/sh
# SPDX-License-Identifier: MIT
# nvvgpu create, nvvgpu destroy
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_host l40
ok create --gpu $gpu --type L40-4Q --uuid $uuid
[ "$(cat "$out")" = $uuid ] || fail "the uuid alone should be printed"
in_err "created NVIDIA L40-4Q on VF"

# again: nothing changes
ok create --gpu $gpu --type L40-4Q --uuid $uuid
[ "$(cat "$out")" = $uuid ] || fail "the uuid should be printed again"
in_err "already exists"
ok --json create --type L40-4Q --uuid $uuid
json 'd["uuid"] == "'$uuid'" and d["created"] is False'
silent
ok vgpus --json
json 'len(d) == 1'
fails 5 create --type L40-8Q --uuid $uuid
has_error exists

# everything that can be said
ok types $gpu --json
id=$(json_value "$out" '[t["id"] for t in d if t["name"] == "NVIDIA L40-4Q"][0]')
ok --json create --gpu $gpu --type "$id" --uuid $uuid2 --vf 0000:41:01.0 --placement 20 \
    --param frame_rate_limiter=0 --param cuda_profiler=1 --owner me
json 'd["created"] is True and d["vf"] == "0000:41:01.0" and d["placement"] == 20'
json 'd["owner"] == "me" and d["gpu"] == "'$gpu'" and d["type_id"] == '"$id"
json 'd["params"] == {"frame_rate_limiter": "0", "cuda_profiler": "1"}'

# why not
fails 6 create --type L40-8Q
has_error equal-size
in_err "4 GiB"
fails 5 create --type L40-4Q --vf 0000:41:01.0
has_error vf-busy
fails 5 create --type L40-4Q --placement 20
has_error placement-taken
fails 2 create --type L40-4Q --placement 21
has_error placement-invalid
fails 3 create --type L40-5Q
fails 3 create --gpu 0000:99:00.0 --type L40-4Q
fails 2 create --type L40-4Q --uuid nonsense
fails 2 create --type L40-4Q --vf nonsense
fails 2 create --type L40-4Q --placement one
fails 2 create --type L40-4Q --placement -1
fails 2 create --type L40-4Q --param nonsense
fails 2 create
in_err "--type is missing"
fails 6 --json create --type L40-8Q
json_file "$err" 'd["error"]["reason"] == "equal-size" and d["error"]["errno_name"] == "EINVAL"'
json_file "$err" 'd["error"]["object"] and d["error"]["cause"] and d["error"]["next_step"]'

# the last one
for _ in 1 2 3 4 5 6 7 8 9 10; do
    ok create --type L40-4Q --quiet
    silent
done
fails 6 create --type L40-4Q
has_error exhausted

# destroy: by uuid, by VF, several, owners, again
fails 5 destroy $uuid2
has_error foreign-owner
in_err "name the owner"
fails 5 destroy $uuid2 --owner you
ok destroy 0000:41:01.0 --owner me --json
json 'd == {"uuid": "'$uuid2'", "destroyed": True}'
ok destroy $uuid2
in_err "nothing to destroy"
ok destroy $uuid2 --json
json 'd == {"uuid": "'$uuid2'", "destroyed": False}'
ok destroy 0000:41:01.0 --json
json 'd == {"uuid": None, "destroyed": False}'
fails 2 destroy nonsense
fails 2 destroy
ok vgpus --json
all=$(json_value "$out" '" ".join(v["uuid"] for v in d)')
# shellcheck disable=SC2086 # one word for each vGPU
at destroy nonsense $all
[ "$status" -eq 2 ] || fail "the failure should give the exit code"
ok vgpus --json
json 'd == []'

# --gpu is needed when there are several
new_host 'l40*2'
fails 2 create --type L40-4Q
in_err "several GPUs can be shared"
ok create --gpu $gpu --type L40-4Q

# a host without a GPU
mkdir -p "$dir/tree/sys/bus/pci/devices"
host=tree:$dir/tree
fails 3 create --type L40-4Q
in_err "no GPUs on this host"
