#!/bin/sh
# SPDX-License-Identifier: MIT
# The board goes while it is used, its drivers while they are bound, and all comes back.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

live=$(board_directory)/live
uuid=00000000-0000-4000-8000-00000000000b

vfs 2
nvvgpu create --type L40-1Q --vf "$(vf 0)" --uuid $uuid >/dev/null 2>&1
hold "$(vf 0)"
refused "not while a VMM has it" "busy" put 0 "$live"
is "still there" nvvgpu_core "$(driver_of "$PF")"
let_go TERM

# a program that reads the node waits, and is told
cat "/dev/nvvgpu/$PF" >/tmp/records 2>/tmp/reader &
reader=$!
nvvgpu events --json >/tmp/events 2>&1 &
events=$!
eventually "a reader waits" 30 has_open $reader /dev/nvvgpu/
eventually "a listener waits" 30 has_open $events /dev/nvvgpu/
check "unplugged with a vGPU on it" put 0 "$live"
check "nothing is left on the bus" test ! -e "$DEVICE"
check "nor a node" test ! -e "/dev/nvvgpu/$PF"
eventually "the reader ends" 5 sh -c "! kill -0 $reader"
check "because the device is gone" grep -qi "no such device" /tmp/reader
# whose GPU went, the others' events still come: it has none, and waits on or says why not
kill $events 2>/dev/null
wait $events 2>/dev/null
check "the listener has not invented anything" sh -c "! grep -v NVVGPU_EVENT /tmp/events | grep -q '\"kind\": *\"crashed\"'"

# the surprise removal of a PF whose device is open: asked to let go, and it does
check "plugged in again" put 1 "$live"
eventually "its driver is back" 10 test -e "/sys/bus/pci/drivers/nvvgpu_core/$PF"
is "empty" 0 "$(vgpu_count "$PF")"
vfs 2
nvvgpu create --type L40-1Q --vf "$(vf 0)" >/dev/null 2>&1
hold "$(vf 0)" --let-go
check "the function is removed under a VMM that lets go" put 1 "$DEVICE/remove"
wait "$holder"
is "which was asked to" 0 $?
check "gone" test ! -e "$DEVICE"
check "the rest of the board goes" put 0 "$live"
check "and comes back" put 1 "$live"
eventually "with its driver" 10 test -e "/sys/bus/pci/drivers/nvvgpu_core/$PF"

# one virtual function without its driver
vfs 2
check "one virtual function is unbound" put "$(vf 1)" /sys/bus/pci/drivers/nvvgpu_vfio/unbind
check "its files stay" test -e "/sys/bus/pci/devices/$(vf 1)/nvidia/current_vgpu_type"
check "and go with it" vfs 0

# drivers
vfs 2
check "the core driver is unbound with virtual functions there" put "$PF" /sys/bus/pci/drivers/nvvgpu_core/unbind
check "no functions without it" test ! -e "$DEVICE/virtfn0"
check "a reset without it" put 1 "$DEVICE/reset"
check "and bound again" put "$PF" /sys/bus/pci/drivers/nvvgpu_core/bind
refused "no reset with it" "ioctl" put 1 "$DEVICE/reset"
eventually "the node is back" 10 test -e "/dev/nvvgpu/$PF"
is "nothing left over" 0 "$(vgpu_count "$PF")"

done_testing
