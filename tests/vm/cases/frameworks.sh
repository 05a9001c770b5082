#!/bin/sh
# SPDX-License-Identifier: MIT
# By what the vGPUs of a board are seen: chosen before it is plugged in, and nothing else is there.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

board=$(board_directory)
vendor_files="creatable_vgpu_types current_vgpu_type gpu_instance_id placement_id vgpu_params warm_update"

choose() {	# choose FRAMEWORK: the board is plugged in with it
    put 0 "$board/live" && put "$1" "$board/framework" && put 1 "$board/live"
}

framework() {	# what the library says
    nvvgpu gpus --json | grep "$PF" | sed -n 's/.*"framework": *"\([^"]*\)".*/\1/p'
}

is "at first" nvvgpu "$(cat "$board/framework")"
refused "changed while live" "busy" put vendor-vfio "$board/framework"
refused "a framework of nobody" "invalid" put vfio "$board/framework"

available() {	# available TYPES: of 1 and of 4 GiB
    cat "$1/nvidia-871/available_instances" "$1/nvidia-874/available_instances" | tr '\n' ' ' |
        sed 's/ $//'
}

# the vendor's files alone
check "vendor-vfio" choose vendor-vfio
is "is what the board has" vendor-vfio "$(cat "$board/framework")"
check "no node" test ! -e "/dev/nvvgpu/$PF"
check "functions" vfs 2
nvidia=/sys/bus/pci/devices/$(vf 0)/nvidia
other=/sys/bus/pci/devices/$(vf 1)/nvidia
is "its files" "$vendor_files" "$(cd "$nvidia" && echo *)"
check "none on the board itself" test ! -e "$DEVICE/nvidia"
is "the library sees" vendor-vfio "$(framework)"
is "no type at first" 0 "$(cat "$nvidia/current_vgpu_type")"
refused "none to destroy" "not permitted" put 0 "$nvidia/current_vgpu_type"
refused "no vGPU, no placement id" "no such device or address" cat "$nvidia/placement_id"
check "created by a write" put 871 "$nvidia/current_vgpu_type"
refused "a second on the same function" "not permitted" put 871 "$nvidia/current_vgpu_type"
refused "not a number" "invalid" put L40-1Q "$other/current_vgpu_type"
refused "a type of nobody" "no such device" put 65000 "$other/current_vgpu_type"
refused "another size" "invalid" put 874 "$other/current_vgpu_type"
is "one size is left" "ID    : vGPU Name|869   : NVIDIA L40-1B|871   : NVIDIA L40-1Q|" \
    "$(grep -v '[AC]$' "$other/creatable_vgpu_types" | tr '\n' '|')"
is "nothing beside the vGPU" "ID    : vGPU Name" "$(cat "$nvidia/creatable_vgpu_types")"
is "made elsewhere" foreign "$(nvvgpu vgpus --json "$PF" | sed -n 's/.*"owner": *"\([^"]*\)".*/\1/p')"
refused "and not destroyed by accident" "foreign" nvvgpu destroy "$(vf 0)"
refused "nor without its uuid" "uuid" nvvgpu destroy "$(vf 0)" --foreign
refused "functions stay while it lives" "busy" vfs 0
hold "$(vf 0)"
refused "parameters while open" "busy" put "frame_rate_limiter=0" "$nvidia/vgpu_params"
refused "destroyed while open" "busy" put 0 "$nvidia/current_vgpu_type"
let_go TERM
check "parameters" put "frame_rate_limiter=0" "$nvidia/vgpu_params"
is "read back" "frame_rate_limiter=0" "$(cat "$nvidia/vgpu_params")"
check "one blank clears them" sh -c "printf ' ' >$nvidia/vgpu_params"
is "read back" "" "$(cat "$nvidia/vgpu_params")"
check "destroyed by a write" put 0 "$nvidia/current_vgpu_type"
refused "without a type no VFIO device" "no such device" timeout 20 vfio-hold "$(vf 0)" /tmp/again
vfs 0

# mdevs of the functions
if modprobe -qn nvvgpu_mdev; then
    loaded=$(grep -c '^nvvgpu_mdev ' /proc/modules)
    uuid=$(cat /proc/sys/kernel/random/uuid)
    check "mdev" choose mdev
    check "no node" test ! -e "/dev/nvvgpu/$PF"
    is "driver of the board" nvidia "$(driver_of "$PF")"
    check "no types without functions" test ! -e "$DEVICE/mdev_supported_types"
    check "functions" vfs 2
    types=/sys/bus/pci/devices/$(vf 0)/mdev_supported_types
    other=/sys/bus/pci/devices/$(vf 1)/mdev_supported_types
    is "driver of a function" nvidia "$(driver_of "$(vf 0)")"
    check "no directory nvidia" test ! -e "/sys/bus/pci/devices/$(vf 0)/nvidia"
    check "the parent is where mdevctl looks" test -e "/sys/class/mdev_bus/$(vf 0)"
    is "the library sees" mdev "$(framework)"
    is "name of a type" "NVIDIA L40-1Q" "$(cat "$types/nvidia-871/name")"
    is "one of each size" "1 1" \
        "$(available "$types")"
    check "an mdev" put "$uuid" "$types/nvidia-871/create"
    is "none is left there" 0 "$(cat "$types"/nvidia-*/available_instances | sort -u)"
    is "its size is left on others" "1 0" \
        "$(available "$other")"
    refused "a second on the same function" "busy\|no space\|users" \
        put "$(cat /proc/sys/kernel/random/uuid)" "$types/nvidia-871/create"
    refused "functions stay while it lives" "busy" vfs 0
    hold "$uuid"
    refused "the board stays while it is open" "busy" put 0 "$board/live"
    let_go TERM
    check "removed" put 1 "/sys/bus/mdev/devices/$uuid/remove"
    put "$uuid" "$types/nvidia-871/create"
    check "unbound with an mdev" put "$(vf 0)" /sys/bus/pci/drivers/nvidia/unbind
    check "no types" test ! -e "$types"
    check "nor the mdev" test ! -e "/sys/bus/mdev/devices/$uuid"
    check "bound again" put "$(vf 0)" /sys/bus/pci/drivers/nvidia/bind
    is "its types are back" 1 "$(cat "$types/nvidia-871/available_instances")"
    put "$uuid" "$types/nvidia-871/create"
    check "the adapter is unloaded with one" rmmod nvvgpu_mdev
    check "no mdev without it" test ! -e "/sys/bus/mdev/devices/$uuid"
    check "loaded again" modprobe nvvgpu_mdev
    check "functions" vfs 2
    put "$uuid" "$types/nvidia-871/create"
    check "the board goes with one" put 0 "$board/live"
    check "no mdev without it" test ! -e "/sys/bus/mdev/devices/$uuid"
fi

check "as at first" choose nvvgpu
check "its node" test -c "/dev/nvvgpu/$PF"
[ "${loaded:-1}" = 1 ] || check "the adapter is unloaded, idle" rmmod nvvgpu_mdev

# a board without SR-IOV
mkdir "$CONFIGFS/flat"
put t4 "$CONFIGFS/flat/board"
check "vendor-vfio can be written" put vendor-vfio "$CONFIGFS/flat/framework"
refused "and has nowhere to be" "invalid" put 1 "$CONFIGFS/flat/live"
rmdir "$CONFIGFS/flat"

done_testing
