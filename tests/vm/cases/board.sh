#!/bin/sh
# SPDX-License-Identifier: MIT
# The board on the bus, and what the library makes of it.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

attribute() {
    cat "$DEVICE/$1"
}

is "vendor and device" "0x10de 0x26b5" "$(attribute vendor) $(attribute device)"
is "a 3D controller" 0x030200 "$(attribute class)"
is "32 virtual functions possible" 32 "$(attribute sriov_totalvfs)"
is "none there at the start" 0 "$(attribute sriov_numvfs)"
is "the core driver has it" nvvgpu_core "$(driver_of "$PF")"
check "a PCI domain of its own" test "${PF%%:*}" != 0000
check "an IOMMU group of its own" test 1 -eq "$(find "$DEVICE/iommu_group/devices/" -type l | wc -l)"
read -r start end rest <"$DEVICE/resource"
is "BAR0 of 16 MiB" 16777216 $((end - start + 1))

nvvgpu gpus --json >/tmp/gpus 2>/tmp/out
is "nvvgpu gpus --json" 0 $?
check "framework nvvgpu" grep -q '"framework": *"nvvgpu"' /tmp/gpus
check "board name from the firmware" grep -q '"name": *"NVIDIA L40"' /tmp/gpus

vfs 4
is "four virtual functions" 4 "$(attribute sriov_numvfs)"
is "the variant driver has them" nvvgpu_vfio "$(driver_of "$(vf 0)")"
is "their device id" 0x26b5 "$(cat "/sys/bus/pci/devices/$(vf 3)/device")"
is "routing id of the first" "${PF%.0}.4" "$(vf 0)"
groups=$(for n in 0 1 2 3; do readlink "/sys/bus/pci/devices/$(vf $n)/iommu_group"; done | sort -u | wc -l)
is "a group for each" 4 "$groups"
check "types are creatable" sh -c 'nvvgpu types --creatable | grep -q L40-48Q'
vfs 0
is "gone again" 0 "$(find "$DEVICE/" -name 'virtfn*' | wc -l)"

done_testing
