#!/bin/sh
# SPDX-License-Identifier: MIT
# What a distribution's lspci shows of the board.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

if ! lspci --version >/dev/null 2>&1; then
    skip "no lspci here"
fi
vfs 4
name="3D controller \[0302\]: NVIDIA Corporation AD102GL \[L40\] \[10de:26b5\]"
lspci -D -nn -d 10de: >/tmp/list
is "physical and virtual functions" 5 "$(grep -c "$name" /tmp/list)"
is "nothing else" 5 "$(wc -l </tmp/list)"
lspci -D -vvv -s "$PF" >/tmp/pf 2>/tmp/out
for line in "Memory at .*(32-bit, non-prefetchable).*size=16M" \
    "Memory at .*(64-bit, prefetchable).*size=64G" "Memory at .*size=32M" \
    "MSI-X: Enable+ Count=6" "Single Root I/O Virtualization (SR-IOV)" \
    "Total VFs: 32, Number of VFs: 4" "VF offset: 4, stride: 1, Device ID: 26b5" \
    "Kernel driver in use: nvvgpu_core" "FLReset+"; do
    check "of the PF: $line" grep -q "$line" /tmp/pf
done
lspci -D -vvv -s "$(vf 0)" >/tmp/vf 2>/tmp/out
for line in "Kernel driver in use: nvvgpu_vfio" "MSI-X: Enable- Count=6" "size=2G" "FLReset+"; do
    check "of a VF: $line" grep -q "$line" /tmp/vf
done
vfs 0

done_testing
