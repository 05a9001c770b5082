#!/bin/sh
# SPDX-License-Identifier: MIT
# nvvgpu types
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_host l40
ok types
table GPU ID NAME CLASS MEMORY DISPLAYS MAX FREE
in_out "NVIDIA L40-1B"
silent
ok types $gpu
in_out "NVIDIA L40-48Q"
ok types 41:00.0
in_out "NVIDIA L40-48Q"

ok types --json
json 'set(d[0]) >= set("""gpu id name class framebuffer_bytes heads max_resolution frame_rate_limit
    max_instances available creatable reason""".split())'
json '[t for t in d if t["id"] == 869][0]["name"] == "NVIDIA L40-1B"'
json 'all(t["creatable"] and t["available"] > 0 for t in d)'
before=$(json_value "$out" 'len(d)')

# one size on a GPU: the others say why
ok create --type L40-4Q --uuid $uuid
ok types
table GPU ID NAME CLASS MEMORY DISPLAYS MAX FREE REASON
in_out equal-size
grep -q '^equal-size: .*4 GiB' "$out" || fail "the size that holds the GPU should be named"
ok types --creatable --json
json 'd and all(t["framebuffer_bytes"] == 4 << 30 for t in d)'
ok types --creatable
not_in_out L40-8Q
ok types --json
json 'len(d) == '"$before"
json 'all((t["available"] == 0) == (t["framebuffer_bytes"] != 4 << 30) for t in d)'
json 'all(t["reason"] for t in d if not t["creatable"])'

# nothing can be created: no table, but why
ok destroy $uuid
ok create --type L40-48Q --uuid $uuid
ok types --creatable
[ ! -s "$out" ] || fail "no table should be printed"
in_err "no type can be created now"
grep -q '^[a-z-]*: ..*' "$err" || fail "the reasons should be told"
ok types --creatable --json
json 'd == []'

# all boards fit, with reasons too
new_host l40,l40s,a40,rtx6000-ada,l4,a16,t4
ok types
table GPU ID NAME CLASS MEMORY DISPLAYS MAX FREE
ok gpus --json
cp "$out" "$dir/gpus"
for address in $(json_value "$dir/gpus" '" ".join(g["address"] for g in d)'); do
    ok types "$address" --json
    largest=$(json_value "$out" 'max(d, key=lambda t: t["framebuffer_bytes"])["id"]')
    ok create --gpu "$address" --type "$largest"
done
ok types
table GPU ID NAME CLASS MEMORY DISPLAYS MAX FREE REASON

# a GPU that is given away as a whole: told once, and why
tree=$dir/tree/sys/bus/pci/devices
mkdir -p "$tree/0000:03:00.0" "$dir/tree/sys/bus/pci/drivers/vfio-pci"
echo 0x10de >"$tree/0000:03:00.0/vendor"
echo 0x26b5 >"$tree/0000:03:00.0/device"
echo 0x030200 >"$tree/0000:03:00.0/class"
ln -s ../../drivers/vfio-pci "$tree/0000:03:00.0/driver"
host=tree:$dir/tree
ok types
[ ! -s "$out" ] || fail "no table should be printed"
in_err "no types: 1 GPU cannot be shared: 0000:03:00.0: "
ok vgpus
in_err "no vGPUs: 1 GPU cannot be shared: 0000:03:00.0: "
ok gpus
table ADDRESS NAME FRAMEWORK MEMORY VFS MODE VGPUS REASON
in_out passthrough
in_err "0000:03:00.0 cannot be shared: "
fails 8 types 0000:03:00.0
has_error passthrough
fails 8 create --type 869
has_error passthrough
ok show 0000:03:00.0
in_out "(passthrough)"

# who is not there
new_host l40
fails 3 types 0000:99:00.0
has_error not-found
fails 2 types nonsense
mkdir -p "$dir/empty/sys/bus/pci/devices"
host=tree:$dir/empty
ok types
in_err "no types: no GPUs on this host"
