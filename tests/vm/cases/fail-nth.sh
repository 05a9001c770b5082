#!/bin/sh
# SPDX-License-Identifier: MIT
# Each allocation that our modules ask for fails once: while a board is made, virtual functions, a
# vGPU, and while a VMM opens its device.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

failslab=/sys/kernel/debug/failslab
if [ ! -d $failslab ]; then
    skip "this kernel has no fault injection"
fi

# every NAME DEPTH MODULES ACTION...: for each module the allocations that have one of its functions
# among their DEPTH callers, of which the allocator itself takes four
every() {
    action=$1
    echo "$2" >$failslab/stacktrace-depth
    modules=$3
    shift 3
    for module in $modules; do
        start=$(cat "/sys/module/$module/sections/.text")
        size=$(awk -v module="$module" '$1 == module { print $2 }' /proc/modules)
        echo "$start" >$failslab/require-start
        printf '0x%x\n' $((start + size)) >$failslab/require-end
        check "$action, $module" fail-nth "$@"
        sed 's/^/# /' /tmp/out
    done
}

# what lives in the model; what only grows is left out
model() {
    grep -v '^rpcs\|^controls\|^messages' "/sys/kernel/debug/nvvgpu_emu/$PF/totals"
}

echo N >$failslab/ignore-gfp-wait
echo N >$failslab/cache-filter
# quiet: its own traces are no trouble
for verbose in /sys/kernel/debug/fail*/verbose; do
    echo 0 >"$verbose"
done

vfs 2
before=$(model)
every "a vGPU" 16 "nvvgpu_emu nvvgpu_core nvvgpu_mgr" create "/dev/nvvgpu/$PF" 0 871
check "one to open" nvvgpu create --type L40-1Q --vf "$(vf 0)" --uuid 00000000-0000-4000-8000-0000000000fa
every "an open" 16 "nvvgpu_emu nvvgpu_core nvvgpu_mgr nvvgpu_vfio" open "$(vf 0)"
check "destroyed" nvvgpu destroy 00000000-0000-4000-8000-0000000000fa
is "nothing is left in the model" "$before" "$(model)"
check "no functions" vfs 0

# Deeper, it would be the PCI core's own allocations, which it does not survive: its error paths
# free a bridge twice (pci_register_host_bridge) and sysfs files that are not there.
every "functions" 8 "nvvgpu_emu nvvgpu_core nvvgpu_mgr nvvgpu_vfio" \
    write "$DEVICE/sriov_numvfs" 1 "$DEVICE/sriov_numvfs" 0
mkdir "$CONFIGFS/second"
every "a board" 6 "nvvgpu_emu nvvgpu_core nvvgpu_mgr" \
    write "$CONFIGFS/second/live" 1 "$CONFIGFS/second/live" 0
check "the board's directory goes" rmdir "$CONFIGFS/second"

uuid=00000000-0000-4000-8000-0000000000fb
mkdir "$CONFIGFS/mdevs"
put a40 "$CONFIGFS/mdevs/board"
put mdev "$CONFIGFS/mdevs/framework"
check "a board with mdevs" put 1 "$CONFIGFS/mdevs/live"
device=/sys/bus/pci/devices/$(cat "$CONFIGFS/mdevs/address")
check "a function" put 1 "$device/sriov_numvfs"
put $uuid "$device/virtfn0/mdev_supported_types/nvidia-557/create"
every "an open of an mdev" 16 "nvvgpu_core nvvgpu_mgr nvvgpu_vfio nvvgpu_mdev" open $uuid
check "its board goes" put 0 "$CONFIGFS/mdevs/live"
check "and its directory" rmdir "$CONFIGFS/mdevs"
check "the first is as it was" nvvgpu show "$PF"

done_testing
