#!/bin/sh
# SPDX-License-Identifier: MIT
# Every allocation of our modules fails once while a vGPU is created.  Not while boards, virtual
# functions or VFIO devices are made: the PCI and VFIO cores of this kernel do not survive that.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

failslab=/sys/kernel/debug/failslab
if [ ! -d $failslab ]; then
    skip "this kernel has no fault injection"
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
# quiet: its own traces are no trouble
for verbose in /sys/kernel/debug/fail*/verbose; do
    echo 0 >"$verbose"
done

vfs 2
for module in nvvgpu_mgr nvvgpu_core; do
    under $module
    check "a vGPU, $module" fail-nth create "/dev/nvvgpu/$PF" 0 871
    sed 's/^/# /' /tmp/out
done
vfs 0

done_testing
