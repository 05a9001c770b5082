#!/bin/sh
# SPDX-License-Identifier: MIT
# Modules that are used stay, modules that are not go without a trace and come back.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

board=$(basename "$(dirname "$(grep -l "$PF" "$CONFIGFS"/*/address)")")
parameters=$(cd /sys/module/nvvgpu_emu/parameters && echo memory_base="$(cat memory_base)" memory_bytes="$(cat memory_bytes)")

vfs 1
rm -f /tmp/held
check "a vGPU" nvvgpu create --type L40-1Q --vf "$(vf 0)"
vfio-hold "$(vf 0)" /tmp/held &
holder=$!
eventually "open" 10 test -e /tmp/held
for module in nvvgpu_vfio nvvgpu_mgr nvvgpu_core nvvgpu_emu; do
    refused "$module stays while a VMM has a vGPU" "in use\|busy\|unavailable" rmmod $module
done
kill $holder
wait $holder 2>/dev/null
rm -f /tmp/held

check "the variant driver goes, its function idle" rmmod nvvgpu_vfio
[ ! -d /sys/module/nvvgpu_mdev ] || check "the mdev adapter" rmmod nvvgpu_mdev
check "the manager" rmmod nvvgpu_mgr
check "no node without it" test ! -e "/dev/nvvgpu/$PF"
check "the core driver" rmmod nvvgpu_core
check "the board stays on the bus" test -e "$DEVICE"
refused "the board's module while it is plugged in" "in use\|busy\|unavailable" rmmod nvvgpu_emu
check "the board" put 0 "$CONFIGFS/$board/live"
check "and its module" rmmod nvvgpu_emu
is "nothing of ours is loaded" "" "$(grep ^nvvgpu /proc/modules)"

for round in 1 2 3; do
    # shellcheck disable=SC2086 # two words
    check "loaded again, $round" modprobe nvvgpu_emu $parameters boards=l40
    eventually "the manager has its board" 10 test -e "/dev/nvvgpu/$PF"
    board=$(basename "$(dirname "$(grep -l "$PF" "$CONFIGFS"/*/address)")")
    [ $round = 3 ] && continue
    put 0 "$CONFIGFS/$board/live"
    # shellcheck disable=SC2046 # words
    check "unloaded, $round" rmmod nvvgpu_emu $(cd /sys/module && ls -d nvvgpu_mdev 2>/dev/null) \
        nvvgpu_vfio nvvgpu_mgr nvvgpu_core
done
