#!/bin/sh
# SPDX-License-Identifier: MIT
# Modules that are used stay, modules that are not go without a trace and come back.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

board=$(board_directory)
parameters=$(emu_parameters)

vfs 1
check "a vGPU" nvvgpu create --type L40-1Q --vf "$(vf 0)"
hold "$(vf 0)"
for module in nvvgpu_vfio nvvgpu_mgr nvvgpu_core nvvgpu_emu; do
    refused "$module stays while a VMM has a vGPU" "in use\|busy\|unavailable" rmmod $module
done
let_go TERM

# which uses the variant driver's
[ ! -d /sys/module/nvvgpu_mdev ] || check "the mdev adapter goes" rmmod nvvgpu_mdev
check "the variant driver, its function idle" rmmod nvvgpu_vfio
check "the manager" rmmod nvvgpu_mgr
check "no node without it" test ! -e "/dev/nvvgpu/$PF"
check "the core driver" rmmod nvvgpu_core
check "the board stays on the bus" test -e "$DEVICE"
refused "the board's module while it is plugged in" "in use\|busy\|unavailable" rmmod nvvgpu_emu
check "the board" put 0 "$board/live"
check "and its module" rmmod nvvgpu_emu
is "nothing of ours is loaded" "" "$(grep ^nvvgpu /proc/modules)"

# shellcheck disable=SC2086 # two words
for boards in h9000 l40:vfio t4:vendor-vfio; do
    refused "not loaded for $boards" "invalid" modprobe nvvgpu_emu $parameters boards=$boards
done
check "unloaded" unload

for round in 1 2 3; do
    # shellcheck disable=SC2086 # two words
    check "loaded again, $round" modprobe nvvgpu_emu $parameters boards=l40
    eventually "the manager has its board" 10 test -e "/dev/nvvgpu/$PF"
    [ $round = 3 ] && continue
    put 0 "$board/live"
    check "unloaded, $round" unload
done

done_testing
