#!/bin/sh
# SPDX-License-Identifier: MIT
# Many lives of a vGPU: create, boot, close, destroy; memory and slab stay where they are.
# LEVEL=all: 1,000 of them.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

cycles=60 slack_kib=4096
[ "${LEVEL:-}" != all ] || cycles=1000
vfs 4

memory() {
    echo 3 >/proc/sys/vm/drop_caches
    sleep 1
    awk '/^MemAvailable/ { available = $2 } /^SUnreclaim/ { slab = $2 }
        END { print available, slab }' /proc/meminfo
}

# what lives in the model; what only grows is left out
model() {
    grep -v '^rpcs\|^controls\|^messages' "/sys/kernel/debug/nvvgpu_emu/$PF/totals"
}

same() {
    [ "$(model)" = "$before" ]
}

check "the first lives" vgpu-cycles 20
start=$(memory)
before=$(model)
check "$cycles lives" vgpu-cycles $cycles
end=$(memory)
# shellcheck disable=SC2086 # two words each
set -- $start $end
check "MemAvailable: $1 KiB, then $3 KiB" test $(($1 - $3)) -lt $slack_kib
check "unreclaimable slab: $2 KiB, then $4 KiB" test $(($4 - $2)) -lt $slack_kib
# VFIO's domains go when the kernel comes to it
eventually "nothing is left in the model, and nothing was refused there" 10 same ||
    { echo "$before"; model; } | sed 's/^/# /'
is "no vGPU is left" 0 "$(vgpu_count "$PF")"
vfs 0

done_testing
