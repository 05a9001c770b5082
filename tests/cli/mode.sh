#!/bin/sh
# SPDX-License-Identifier: MIT
# nvvgpu mode
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_host l40
ok mode
in_out "$gpu  equal-size"
ok mode mixed-size
in_out "mixed-size (changed)"
ok mode $gpu mixed-size --json
json 'd == {"gpu": "'$gpu'", "mode": "mixed-size", "changed": False}'
ok gpus
in_out mixed-size

# different sizes now
ok create --type L40-4Q --uuid $uuid
ok create --type L40-8Q --uuid $uuid2
fails 5 mode equal-size
has_error live-vgpus
ok destroy $uuid $uuid2 --json
[ "$(wc -l <"$out")" -eq 2 ] || fail "one object on each line"
ok --json mode $gpu equal-size
json 'd["mode"] == "equal-size" and d["changed"] is True'

fails 2 mode nonsense
fails 2 mode $gpu nonsense
fails 3 mode 0000:99:00.0
new_host 'l40*2'
fails 2 mode
ok mode $gpu
