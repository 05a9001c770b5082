#!/bin/sh
# SPDX-License-Identifier: MIT
# The VFIO devices of mdevs, on a board and on virtual functions, as a VMM uses them.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

loaded=$(grep -c '^nvvgpu_mdev ' /proc/modules)
if ! modprobe -qn nvvgpu_mdev; then
    skip "this kernel has no mdev framework"
fi
first=$(cat /proc/sys/kernel/random/uuid)
second=$(cat /proc/sys/kernel/random/uuid)

# plug_in BOARD
plug_in() {
    board=$CONFIGFS/$1
    model=$1
    mkdir "$board"
    put "$1" "$board/board"
    put mdev "$board/framework"
    check "a board with nothing but mdevs, $1" put 1 "$board/live"
    PF=$(cat "$board/address")
    DEVICE=/sys/bus/pci/devices/$PF
}

unplug() {
    check "unplugged with its mdevs" put 0 "$board/live"
    rmdir "$board"
}

# create PARENT TYPE UUID
create() {
    put "$3" "/sys/bus/pci/devices/$1/mdev_supported_types/nvidia-$2/create"
}

device() {	# device [OPTION|TEST]...
    program vfio-device --mdevs "$model" --first "$first" --second "$second" "$@"
}

# of one vGPU, as another
migrate() {
    device fill
    rm -f /tmp/state
    check "the first is saved" nvvgpu save -o /tmp/state "$first"
    is "with its data" 1 $(($(stat -c %s /tmp/state) > 6000000))
    check "the second goes" put 1 "/sys/bus/mdev/devices/$second/remove"
    # until the last reference to an mdev is gone the kernel keeps its uuid
    eventually "the first is restored as the second" 30 \
        nvvgpu restore -i /tmp/state --gpu "$PF" --uuid "$second"
    device filled
}

# a board without virtual functions
plug_in t4
check "an mdev" create "$PF" 222 "$first"
check "another" create "$PF" 222 "$second"
device --count 600
migrate
check "more of BAR1 than there is" put "override_bar1_size=1" \
    "/sys/bus/mdev/devices/$first/nvidia/vgpu_params"
device bar_sizing
unplug

# virtual functions
plug_in a40
check "functions" vfs 2
check "an mdev" create "$(vf 0)" 557 "$first"
check "another" create "$(vf 1)" 557 "$second"
device --count 600
migrate
if [ -e /dev/iommu ] && grep -q vfio_device_fops_cdev_open /proc/kallsyms; then
    device --iommufd yes interrupt dma dma_refused two_dma reset reset_ends_dma migration
fi
params=/sys/bus/mdev/devices/$first/nvidia/vgpu_params
check "all of BAR1 that its function has" put "override_bar1_size=1" "$params"
device override
check "or not" put "override_bar1_size=0" "$params"
device bar_sizing
check "a function is unbound" put "$(vf 0)" /sys/bus/pci/drivers/nvidia/unbind
check "bound again" put "$(vf 0)" /sys/bus/pci/drivers/nvidia/bind
eventually "an mdev again" 30 create "$(vf 0)" 557 "$first"
device mmap interrupt dma
unplug
[ "$loaded" = 1 ] || check "the adapter is unloaded, idle" rmmod nvvgpu_mdev

done_testing
