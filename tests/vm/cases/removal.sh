#!/bin/sh
# SPDX-License-Identifier: MIT
# The board goes while it is used, its drivers while they are bound, and all comes back.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

board=$(basename "$(dirname "$(grep -l "$PF" "$CONFIGFS"/*/address)")")
live=$CONFIGFS/$board/live
uuid=00000000-0000-4000-8000-00000000000b

vfs 2
nvvgpu create --type L40-1Q --vf "$(vf 0)" --uuid $uuid >/dev/null 2>&1
vfio-hold "$(vf 0)" /tmp/held &
holder=$!
eventually "open" 10 test -e /tmp/held
refused "not while a VMM has it" "busy" put 0 "$live"
is "still there" nvvgpu_core "$(driver_of "$PF")"
kill $holder
wait $holder 2>/dev/null
rm -f /tmp/held

# a program that waits for events is told
cat "/dev/nvvgpu/$PF" >/dev/null 2>&1 &
reader=$!
nvvgpu events --json >/tmp/events 2>&1 &
events=$!
sleep 1
check "unplugged with a vGPU on it" put 0 "$live"
check "nothing is left on the bus" test ! -e "$DEVICE"
check "nor a node" test ! -e "/dev/nvvgpu/$PF"
eventually "who reads it is told" 5 sh -c "! kill -0 $reader"
eventually "the listener ends or goes on without it" 5 sh -c "! kill -0 $events || kill $events"
wait 2>/dev/null

# the surprise removal of a PF whose device is open: asked to let go, and it does
check "plugged in again" put 1 "$live"
eventually "its driver is back" 10 test -e "/sys/bus/pci/drivers/nvvgpu_core/$PF"
is "empty" 0 "$(nvvgpu vgpus --json | grep -c '"uuid"')"
vfs 2
nvvgpu create --type L40-1Q --vf "$(vf 0)" >/dev/null 2>&1
vfio-hold "$(vf 0)" /tmp/held --let-go &
holder=$!
eventually "open again" 10 test -e /tmp/held
check "the function is removed under a VMM that lets go" put 1 "$DEVICE/remove"
wait $holder
is "which was asked to" 0 $?
rm -f /tmp/held
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
check "and bound again" put "$PF" /sys/bus/pci/drivers/nvvgpu_core/bind
eventually "the node is back" 10 test -e "/dev/nvvgpu/$PF"
is "nothing left over" 0 "$(nvvgpu vgpus --json | grep -c '"uuid"')"
