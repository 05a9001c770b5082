#!/bin/sh
# SPDX-License-Identifier: MIT
# nvvgpu sriov
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

for framework in nvvgpu vendor-vfio; do
    new_host l40
    host="$host&framework=$framework"
    ok sriov
    in_out "$gpu  32 of 32 VFs enabled"
    ok sriov on --json
    json 'd == {"gpu": "'$gpu'", "vfs_enabled": 32, "vfs_total": 32, "changed": False}'

    # not while a vGPU lives, whatever number
    ok create --type L40-4Q --uuid $uuid
    fails 5 sriov off
    has_error live-vgpus
    fails 5 sriov $gpu 8
    ok sriov
    in_out "32 of 32"
    ok destroy $uuid

    ok sriov off
    in_out "0 of 32 VFs enabled (changed)"
    ok sriov $gpu off --json
    json 'd["vfs_enabled"] == 0 and d["changed"] is False'
    ok sriov 4 --timeout 5 --json
    json 'd["vfs_enabled"] == 4 and d["changed"] is True'
    ok sriov $gpu 2
    in_out "2 of 32 VFs enabled (changed)"
    ok gpus --json
    json 'd[0]["vfs_enabled"] == 2 and d[0]["framework"] == "'$framework'"'
    for _ in 1 2; do
        ok create --type L40-4Q --quiet
    done
    fails 6 create --type L40-4Q
    has_error exhausted
done

# without VFs that framework is not there, and it is told what to do
new_host l40
host="$host&framework=vendor-vfio"
ok sriov off
fails 6 create --type L40-4Q
has_error vfs-disabled
in_err "nvvgpu sriov on"
ok gpus --json
json 'd[0]["framework"] == "none" and d[0]["reason"]["code"] == "vfs-disabled" and d[0]["vgpus"] == 0'
ok sriov on
ok create --type L40-4Q

# mistakes
fails 2 sriov nonsense
fails 2 sriov 33
has_error invalid-argument
fails 2 sriov -- -1
fails 2 sriov $gpu nonsense
fails 2 sriov on $gpu
fails 2 sriov on --timeout never
fails 3 sriov 0000:99:00.0 on
new_host 'l40*2'
fails 2 sriov on
in_err "2 GPUs have SR-IOV"
ok sriov $gpu
new_host t4
fails 3 sriov
in_err "no GPU of this host has SR-IOV"
fails 8 sriov $gpu on
has_error not-supported
