#!/bin/sh
# SPDX-License-Identifier: MIT
# A board of each framework, with a vGPU: what the doctor finds, with its device opened; and that
# a capture of the machine says what the machine said.  CAPTURES: a directory that keeps both.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

mine=$(board_directory)
board=$CONFIGFS/diagnosed
everything=$(dirname "$0")/../../captured/everything.sh

plug() {	# plug BOARD FRAMEWORK
    mkdir "$board" && put "$1" "$board/board" && put "$2" "$board/framework" &&
        put 1 "$board/live" || return
    gpu=$(cat "$board/address")
    device=/sys/bus/pci/devices/$gpu
    [ ! -e "$device/sriov_totalvfs" ] || put 2 "$device/sriov_numvfs"
}

pull() {
    put 0 "$board/live" && rmdir "$board"
}

found() {	# found CHECK: verdict of that finding
    sed -n "s/.*\"check\":\"$1\",\"verdict\":\"\([a-z]*\)\".*/\1/p" /tmp/findings
}

unexplained() {	# findings without evidence, or with nothing to be done about them
    grep '"check"' /tmp/findings |
        grep -e '"evidence":""' -e '"verdict":"[^o].*"next_step":""'
}

diagnose() {	# diagnose BOARD FRAMEWORK TYPE VERDICT
    if ! check "$2: $1" plug "$1" "$2"; then
        return
    fi
    uuid=$(cat /proc/sys/kernel/random/uuid)
    check "$2: a vGPU" nvvgpu create --type "$3" --uuid "$uuid" --owner tester
    check "$2: nothing keeps it from working" \
        sh -c "nvvgpu doctor $gpu --json >/tmp/findings || { cat /tmp/findings; false; }"
    is "$2: of its device the doctor says" "$4" "$(found device)"
    is "$2: of the rest" "ok ok ok ok" \
        "$(for about in driver framework sriov types; do found $about; done | tr '\n' ' ' | sed 's/ $//')"
    is "$2: nothing is left unexplained" "" "$(unexplained)"
    check "$2: collected" nvvgpu --quiet collect -o /tmp/machine.tar.zst --force
    "$everything" host: "$gpu" "$uuid" >/tmp/live.json
    "$everything" tree:/tmp/machine.tar.zst "$gpu" "$uuid" >/tmp/captured.json
    check "$2: the capture says what the machine says" cmp /tmp/live.json /tmp/captured.json
    diff /tmp/live.json /tmp/captured.json | sed 's/^/# /'
    is "$2: which is something" 4 "$(grep -c "\"uuid\": *\"$uuid\"" /tmp/live.json)"
    if [ -n "${CAPTURES:-}" ]; then
        cp /tmp/machine.tar.zst "$CAPTURES/$1-$2.tar.zst"
        cp /tmp/live.json "$CAPTURES/$1-$2.json"
    fi
    check "$2: destroyed" nvvgpu destroy "$uuid" --owner tester
    check "$2: unplugged" pull
}

put 0 "$mine/live"
diagnose l40 nvvgpu L40-4Q ok
# without SR-IOV it takes an mdev to have a device
diagnose t4 nvvgpu "GRID T4-2Q" note
diagnose l40 vendor-vfio L40-4Q ok
loaded=$(grep -c '^nvvgpu_mdev ' /proc/modules)
if modprobe -qn nvvgpu_mdev; then
    diagnose t4 mdev "GRID T4-2Q" ok
    diagnose a40 mdev "A40-4Q" ok
    [ "$loaded" = 1 ] || check "the adapter is unloaded" rmmod nvvgpu_mdev
fi
put 1 "$mine/live"

done_testing
