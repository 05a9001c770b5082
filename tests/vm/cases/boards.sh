#!/bin/sh
# SPDX-License-Identifier: MIT
# More than one board, made and removed while others run.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

plug() {	# plug NAME BOARD [DOMAIN]
    mkdir "$CONFIGFS/$1" && put "$2" "$CONFIGFS/$1/board" &&
        { [ -z "${3:-}" ] || put "$3" "$CONFIGFS/$1/domain"; } && put 1 "$CONFIGFS/$1/live"
}

check "an A16 with its four GPUs" plug quad a16
is "four functions" 4 "$(wc -w <"$CONFIGFS/quad/address")"
check "a second L40 in a domain of one's choice" plug second l40 0x1234
is "there" "1234:41:00.0" "$(cat "$CONFIGFS/second/address")"
check "an L4" plug small l4
is "seven GPUs are listed" 7 "$(nvvgpu gpus --json | grep -c '"address"')"
refused "a domain twice" "exist\|busy\|invalid" plug third l40 0x1234
rmdir "$CONFIGFS/third"
mkdir "$CONFIGFS/odd"
refused "a board that nobody makes" "invalid\|no such" put h9000 "$CONFIGFS/odd/board"
rmdir "$CONFIGFS/odd"
refused "its kind while it is live" "busy" put l4 "$CONFIGFS/second/board"

put 2 "/sys/bus/pci/devices/1234:41:00.0/sriov_numvfs"
check "a vGPU on the second" nvvgpu create --gpu 1234:41:00.0 --type L40-24Q
is "the first is as it was" 0 "$(vgpu_count "$PF")"
check "the second goes with what it has" put 0 "$CONFIGFS/second/live"
for name in quad small; do
    check "$name goes" put 0 "$CONFIGFS/$name/live"
    check "for good" rmdir "$CONFIGFS/$name"
done
check "for good" rmdir "$CONFIGFS/second"
is "one GPU is left" 1 "$(nvvgpu gpus --json | grep -c '"address"')"

done_testing
