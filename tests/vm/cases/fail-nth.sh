#!/bin/sh
# SPDX-License-Identifier: MIT
# Every allocation of our modules fails once: while a board is made, VFs are made, a vGPU is
# created, its VFIO device is opened.
. "$(dirname "$0")/lib.sh"

failslab=/sys/kernel/debug/failslab
if [ ! -d $failslab ]; then
    echo "1..0 # SKIP this kernel has no fault injection"
    trap - EXIT
    exit 0
fi

# under MODULE: only allocations with a function of this module on the stack
under() {
    start=$(cat "/sys/module/$1/sections/.text")
    size=$(awk -v module="$1" '$1 == module { print $2 }' /proc/modules)
    echo "$start" >$failslab/require-start
    printf '0x%x\n' $((start + size)) >$failslab/require-end
}
echo N >$failslab/ignore-gfp-wait
echo N >$failslab/cache-filter
echo 16 >$failslab/stacktrace-depth
[ ! -e $failslab/verbose ] || echo 0 >$failslab/verbose

# The PCI core puts its bridge twice when the device of a root bus cannot be registered.
if awk '$3 == "pci_register_host_bridge"' /proc/kallsyms | grep -q .; then
    at=$(awk '$3 == "pci_register_host_bridge" { print $1; exit }' /proc/kallsyms)
    printf '0x%s\n' "$at" >$failslab/reject-start
    printf '0x%x\n' $((0x$at + 4096)) >$failslab/reject-end
fi

mkdir $CONFIGFS/victim
for module in nvvgpu_emu nvvgpu_core nvvgpu_mgr; do
    under $module
    check "a board, $module" fail-nth write $CONFIGFS/victim/live 1 $CONFIGFS/victim/live 0
    cat /tmp/out | sed 's/^/# /'
done
rmdir $CONFIGFS/victim

for module in nvvgpu_emu nvvgpu_core nvvgpu_mgr nvvgpu_vfio; do
    under $module
    check "virtual functions, $module" fail-nth write "$DEVICE/sriov_numvfs" 2 "$DEVICE/sriov_numvfs" 0
    cat /tmp/out | sed 's/^/# /'
done

vfs 2
for module in nvvgpu_mgr nvvgpu_core nvvgpu_emu; do
    under $module
    check "a vGPU, $module" fail-nth create "/dev/nvvgpu/$PF" 0 871
    cat /tmp/out | sed 's/^/# /'
done
nvvgpu create --type L40-1Q --vf "$(vf 0)" --uuid 00000000-0000-4000-8000-00000000000f >/dev/null 2>&1
for module in nvvgpu_vfio nvvgpu_mgr nvvgpu_core; do
    under $module
    check "a VFIO device, $module" fail-nth open "$(vf 0)"
    cat /tmp/out | sed 's/^/# /'
done
check "destroyed" nvvgpu destroy 00000000-0000-4000-8000-00000000000f
vfs 0
