#!/bin/sh
# SPDX-License-Identifier: MIT
# The vGPUs of a board without SR-IOV, through the mdev framework.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

loaded=$(grep -c '^nvvgpu_mdev ' /proc/modules)
if ! modprobe -qn nvvgpu_mdev; then
    skip "this kernel has no mdev framework"
fi

board=$CONFIGFS/mdev-case
mkdir "$board"
put t4 "$board/board"
check "a T4 is plugged in" put 1 "$board/live"
is "and the kernel loaded its adapter" 1 "$(grep -c '^nvvgpu_mdev ' /proc/modules)"
PF=$(cat "$board/address")
DEVICE=/sys/bus/pci/devices/$PF
driver=/sys/bus/pci/drivers/nvidia
types=$DEVICE/mdev_supported_types
mdevs=/sys/bus/mdev/devices

uuid() {
    cat /proc/sys/kernel/random/uuid
}

create() {	# create TYPE UUID
    put "$2" "$types/nvidia-$1/create"
}

remove() {	# remove UUID
    put 1 "$mdevs/$1/remove"
}

available() {	# available TYPE...
    for type in "$@"; do
        cat "$types/nvidia-$type/available_instances"
    done | tr '\n' ' ' | sed 's/ $//'
}

# types
is "its driver" nvidia "$(driver_of "$PF")"
is "its types" "222 223 224 225 226 227 228 229 230 231 232 233 234 252 319 320 321" \
    "$(cd "$types" && echo * | sed 's/nvidia-//g')"
is "what each has" "available_instances create description device_api devices name" \
    "$(cd "$types/nvidia-222" && echo *)"
is "name of the first" "GRID T4-1B" "$(cat "$types/nvidia-222/name")"
is "its description" \
    "num_heads=4, frl_config=45, framebuffer=1024M, max_resolution=5120x2880, max_instance=16" \
    "$(cat "$types/nvidia-222/description")"
is "description of another" \
    "num_heads=4, frl_config=60, framebuffer=2048M, max_resolution=7680x4320, max_instance=8" \
    "$(cat "$types/nvidia-231/description")"
is "their device API" vfio-pci "$(cat "$types/nvidia-222/device_api")"
check "the parent is where mdevctl looks" test -e "/sys/class/mdev_bus/$PF"
is "instances of 1, 2 and 16 GiB" "16 8 1" "$(available 222 231 234)"

# create and remove
first=$(uuid)
check "an mdev" create 222 "$first"
is "of its type" nvidia-222 "$(basename "$(readlink "$mdevs/$first/mdev_type")")"
check "listed by its type" test -e "$types/nvidia-222/devices/$first"
is "one less of its size, none of others" "15 15 0 0" "$(available 222 230 231 234)"
is "the library sees it" 1 "$(nvvgpu vgpus "$PF" --json | grep -c "$first")"
refused "the same uuid again" "exists" create 230 "$first"
refused "no uuid" "invalid" create 222 222
refused "another size" "invalid" create 231 "$(uuid)"
is "as before" "15 15 0 0" "$(available 222 230 231 234)"

params=$mdevs/$first/nvidia/vgpu_params
is "no parameters" "" "$(cat "$params")"
check "some" put "frame_rate_limiter=0" "$params"
is "are there" "frame_rate_limiter=0" "$(cat "$params")"
refused "they are made up" "invalid" put "=,=" "$params"

check "with one more character, which the driver eats" sh -c "printf frame_rate_limiter=12 >$params"
is "are there" "frame_rate_limiter=1" "$(cat "$params")"
check "a blank clears them" put " " "$params"
is "none are there" "" "$(cat "$params")"

# what a VMM does; mdev-devices.sh has the rest
hold "$first"
refused "parameters while open" "busy" put "disable_vnc=1" "$params"
is "running" 1 "$(nvvgpu vgpus "$PF" --json | grep -c '"running"')"
refused "opened twice" "busy" timeout 20 vfio-hold "$first" /tmp/again
refused "destroyed by the manager while open" "in-use\|in use" nvvgpu destroy --owner mdev "$first"
refused "the board is unplugged while open" "busy" put 0 "$board/live"
refused "the adapter is unloaded while open" "in use\|busy\|unavailable" rmmod nvvgpu_mdev
remove "$first" &
remover=$!
sleep 2
check "its removal waits for the VMM" kill -0 $remover
let_go TERM
check "and goes on then" wait $remover
check "it is gone" test ! -e "$mdevs/$first"
is "all instances are back" "16 8 1" "$(available 222 231 234)"

second=$(uuid)
create 234 "$second"
hold "$second" --let-go
check "removed under a VMM that lets go" remove "$second"
wait "$holder"
is "which was asked to" 0 $?

# all of them
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
    create 222 "$(uuid)" || break
done
is "sixteen" 16 "$(find $mdevs/ -type l | wc -l)"
is "none is left" "0 0" "$(available 222 230)"
refused "a seventeenth" "no space" create 222 "$(uuid)"
for mdev in "$mdevs"/*; do
    remove "$(basename "$mdev")" || break
done
is "all instances are back" "16 8 1" "$(available 222 231 234)"

# the vGPU goes by the manager's own device
third=$(uuid)
create 231 "$third"
refused "its vGPU is not destroyed by accident" "owner" nvvgpu destroy "$third"
check "but by who means it" nvvgpu destroy --owner mdev "$third"
refused "the mdev has none" "no such device" timeout 20 vfio-hold "$third" /tmp/again
check "and can be removed" remove "$third"

# drivers and modules go with mdevs there
fourth=$(uuid) fifth=$(uuid) sixth=$(uuid)
create 222 "$fourth"
check "the driver is unbound" put "$PF" $driver/unbind
check "with its mdevs" test ! -e "$mdevs/$fourth"
check "and types" test ! -e "$types"
check "bound again" put "$PF" $driver/bind
is "all instances are back" "16 8 1" "$(available 222 231 234)"

create 222 "$fifth"
hold "$fifth" --let-go
check "unbound under a VMM that lets go" put "$PF" $driver/unbind
wait "$holder"
is "which was asked to" 0 $?
check "bound again" put "$PF" $driver/bind
is "all instances are back" "16 8 1" "$(available 222 231 234)"

create 222 "$sixth"
check "the adapter is unloaded" rmmod nvvgpu_mdev
check "with its mdevs" test ! -e "$mdevs/$sixth"
check "and types" test ! -e "$types"
check "loaded again" modprobe nvvgpu_mdev
is "the board is bound" nvidia "$(driver_of "$PF")"
is "all instances are back" "16 8 1" "$(available 222 231 234)"

# the types go with the manager, whatever driver has the board
manager=$(basename "$DEVICE"/nvvgpu_core.mgr.*)
managers=/sys/bus/auxiliary/drivers/$(basename "$(readlink "$DEVICE/$manager/driver")")
create 222 "$(uuid)"
check "the manager is unbound" put "$manager" "$managers/unbind"
check "no types without it" test ! -e "$types"
check "bound again" put "$manager" "$managers/bind"
is "all instances are back" "16 8 1" "$(available 222 231 234)"
check "the core driver takes the board" bind_to "$PF" nvvgpu_core
is "types by its name" "GRID T4-1B" "$(cat "$types/nvvgpu_core-222/name")"
check "back to the adapter's" bind_to "$PF" nvidia

# the board goes
create 222 "$(uuid)"
check "the board is unplugged" put 0 "$board/live"
check "no mdev without it" sh -c "! ls $mdevs/* 2>/dev/null"
check "plugged in again" put 1 "$board/live"
is "all instances are back" "16 8 1" "$(available 222 231 234)"
check "unplugged" put 0 "$board/live"
check "for good" rmdir "$board"
[ "$loaded" = 1 ] || check "the adapter is unloaded, idle" rmmod nvvgpu_mdev

done_testing
