#!/bin/sh
# SPDX-License-Identifier: MIT
# nvvgpu gpus
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_host l40
ok gpus
table ADDRESS NAME FRAMEWORK MEMORY VFS MODE VGPUS
in_out "$gpu"
in_out "NVIDIA L40"
in_out "48 GiB"
in_out "32/32"
in_out equal-size
silent

ok gpus --json
silent
json 'type(d) is list and len(d) == 1'
json 'set(d[0]) >= set("""address name vendor_id device_id framework evidence driver numa_node
    framebuffer_bytes vfs_total vfs_enabled mode drm_nodes vgpus reason""".split())'
json 'd[0]["address"] == "'$gpu'" and d[0]["name"] == "NVIDIA L40"'
json 'd[0]["framebuffer_bytes"] == 48 << 30 and d[0]["vfs_total"] == 32'

# every board fits the table
new_host l40,l40s,a40,rtx6000-ada,l4,a16,t4
ok gpus
table ADDRESS NAME FRAMEWORK MEMORY VFS MODE VGPUS
[ "$(wc -l <"$out")" -ge 11 ] || fail "ten GPUs should be listed"
ok gpus --json
json 'len(d) == 10'

# none: a sentence and no table
mkdir -p "$dir/tree/sys/bus/pci/devices"
host=tree:$dir/tree
ok gpus
[ ! -s "$out" ] || fail "no table should be printed"
in_err "no GPUs"
ok gpus --json
json 'd == []'
silent
ok gpus --quiet
silent
