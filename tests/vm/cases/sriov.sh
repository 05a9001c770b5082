#!/bin/sh
# SPDX-License-Identifier: MIT
# Virtual functions come and go, but not under those who use them.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

check "32 of them" vfs 32
is "all there" 32 "$(find "$DEVICE/" -name 'virtfn*' | wc -l)"
refused "another number while some are there" "busy" vfs 16
check "none" vfs 0
refused "more than the board has" "range\|invalid" vfs 33

check "four" vfs 4
check "a vGPU" nvvgpu create --type L40-1Q --vf "$(vf 1)" --uuid 00000000-0000-4000-8000-000000000001
refused "none, with a vGPU there" "busy" vfs 0
is "the vGPU is untouched" 1 "$(vgpu_count "$PF")"

hold "$(vf 1)"
refused "destroying it while open" "in-use\|in use" nvvgpu destroy 00000000-0000-4000-8000-000000000001
refused "none, while it is open" "busy" vfs 0
let_go TERM
check "destroyed after the close" nvvgpu destroy 00000000-0000-4000-8000-000000000001
check "none again" vfs 0

vfs 2
check "stock vfio-pci is there" modprobe vfio-pci
check "it takes one of two" bind_to "$(vf 0)" vfio-pci
hold "$(vf 0)"
refused "none, while vfio-pci's is open" "busy" vfs 0
let_go TERM
unbind_override "$(vf 0)"
is "back to the variant driver" nvvgpu_vfio "$(driver_of "$(vf 0)")"
check "none at the end" vfs 0

done_testing
