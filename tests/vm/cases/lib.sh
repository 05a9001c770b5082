# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the cases share.  A case is a script that runs in the virtual machine as root, with one
# emulated L40 and no vGPU, and leaves it like that.  It prints TAP and ends with done_testing:
# without that it did not get to its end.

count=0
PF=$(basename "$(echo /sys/bus/pci/drivers/nvvgpu_core/*:*)")
DEVICE=/sys/bus/pci/devices/$PF
# shellcheck disable=SC2034 # for the cases
CONFIGFS=/sys/kernel/config/nvvgpu_emu
ME=$(basename "$0" .sh)

done_testing() {
    echo "1..$count"
}

# skip WHY: the whole case
skip() {
    echo "1..0 # SKIP $1"
    exit 0
}

# lacks WHAT: the same, but a failure where everything should be (WHOLE)
lacks() {
    [ -n "${WHOLE-}" ] || skip "$1"
    not_ok "$1"
    done_testing
    exit 1
}

ok() {
    count=$((count + 1))
    echo "ok $count - $ME: $1"
}

not_ok() {
    count=$((count + 1))
    echo "not ok $count - $ME: $1"
    shift
    printf '%s\n' "$@" | sed 's/^/# /'
}

# check NAME COMMAND...: it succeeds
check() {
    what=$1
    shift
    if "$@" >/tmp/out 2>&1; then
        ok "$what"
    else
        not_ok "$what" "$* ended with $?" "$(tail -n 5 /tmp/out | tr '\n' '|')"
    fi
}

# refused NAME WORD COMMAND...: it fails, and what it says has the word
refused() {
    what=$1 word=$2
    shift 2
    if "$@" >/tmp/out 2>&1; then
        not_ok "$what" "$* succeeded"
    elif grep -qi -- "$word" /tmp/out; then
        ok "$what"
    else
        not_ok "$what" "$* does not say \"$word\"" "$(tail -n 5 /tmp/out | tr '\n' '|')"
    fi
}

# is NAME WANTED GOT
is() {
    if [ "$2" = "$3" ]; then
        ok "$1"
    else
        not_ok "$1" "wanted: $2" "got:    $3"
    fi
}

# put VALUE FILE: as one write, with what the kernel says of a failure
put() {
    { printf '%s\n' "$1" >"$2"; } 2>&1
}

# eventually NAME SECONDS COMMAND...
eventually() {
    what=$1 left=$(($2 * 10))
    shift 2
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        if [ "$left" -le 0 ]; then
            not_ok "$what" "$* never succeeded"
            return 1
        fi
        sleep 0.1
    done
    ok "$what"
}

vfs() {
    put "$1" "$DEVICE/sriov_numvfs"
}

# vf N: address of the Nth virtual function
vf() {
    basename "$(readlink "$DEVICE/virtfn$1")"
}

driver_of() {
    basename "$(readlink "/sys/bus/pci/devices/$1/driver" 2>/dev/null)"
}

# bind_to FUNCTION DRIVER: whatever driver it has now
bind_to() {
    echo "$2" >"/sys/bus/pci/devices/$1/driver_override"
    [ ! -e "/sys/bus/pci/devices/$1/driver" ] ||
        echo "$1" >"/sys/bus/pci/devices/$1/driver/unbind"
    echo "$1" >/sys/bus/pci/drivers_probe
    [ "$(driver_of "$1")" = "$2" ]
}

unbind_override() {
    echo >"/sys/bus/pci/devices/$1/driver_override"
    [ ! -e "/sys/bus/pci/devices/$1/driver" ] ||
        echo "$1" >"/sys/bus/pci/devices/$1/driver/unbind"
    echo "$1" >/sys/bus/pci/drivers_probe
}

# the directory of the board that has PF
board_directory() {
    dirname "$(grep -l "$PF" "$CONFIGFS"/*/address)"
}

emu_parameters() {
    (cd /sys/module/nvvgpu_emu/parameters &&
        echo "memory_base=$(cat memory_base) memory_bytes=$(cat memory_bytes)")
}

# unload: all of ours, whoever depends on others first
unload() {
    for module in nvvgpu_emu nvvgpu_mdev nvvgpu_vfio nvvgpu_mgr nvvgpu_core; do
        [ ! -d /sys/module/$module ] || rmmod $module || return
    done
}

# vgpu_count GPU: a failure is none of the numbers
vgpu_count() {
    if nvvgpu vgpus --json "$1" >/tmp/vgpus 2>/tmp/vgpus.err; then
        grep -c '"uuid"' /tmp/vgpus
    else
        echo "failed: $(cat /tmp/vgpus.err)"
    fi
}

# state_of UUID: what the library says
state_of() {
    nvvgpu show "$1" --json | sed -n 's/.*"state": *"\([a-z]*\)".*/\1/p' | head -n 1
}

# program COMMAND...: its TAP, each result one of ours
program() {
    "$@" >/tmp/tap 2>/tmp/tap.err
    ended=$?
    while read -r line; do
        case $line in
        "ok "*) ok "${line#*- }" ;;
        "not ok "*) not_ok "${line#*- }" ;;
        "#"* | "Bail out"*) echo "# $line" ;;
        esac
    done </tmp/tap
    [ ! -s /tmp/tap.err ] || sed 's/^/# /' /tmp/tap.err
    is "$1 ended well" 0 $ended
}

# hold DEVICE [OPTION]: opens its VFIO device as a VMM does; let_go closes it
hold() {
    rm -f /tmp/held
    vfio-hold "$1" /tmp/held ${2:+"$2"} &
    holder=$!
    eventually "open" 10 test -e /tmp/held
}

# let_go SIGNAL
let_go() {
    kill -s "$1" "$holder"
    wait "$holder" 2>/dev/null
    rm -f /tmp/held
}

# has_open PID WORD: a file whose name has this
has_open() {
    for fd in /proc/"$1"/fd/*; do
        case $(readlink "$fd") in
        *"$2"*) return 0 ;;
        esac
    done
    return 1
}

# contract_on BOARD FRAMEWORK: the library's contract cases, with that board alone in the machine
contract_on() {
    mine=$(board_directory) board=$CONFIGFS/contract status=1
    if ! { put 0 "$mine/live" && mkdir "$board" && put "$1" "$board/board" &&
        put "$2" "$board/framework" && put 1 "$board/live"; }; then
        echo "Bail out! no $1 with $2"
        return 1
    fi
    device=/sys/bus/pci/devices/$(cat "$board/address")
    if [ -e "$device/sriov_totalvfs" ]; then
        cat "$device/sriov_totalvfs" >"$device/sriov_numvfs"
    fi
    if nvvgpu gpus --json | grep -q "\"framework\": *\"$2\""; then
        # in which order objects are released is the library's own matter: a few orders do
        TEST_LEVEL=quick contract "$(dirname "$0")/../../contract/types.txt" host:
        status=$?
    else
        echo "# $2 is not what the library sees: $(nvvgpu gpus --json | tr '\n' ' ')"
    fi
    put 0 "$board/live" && rmdir "$board" && put 1 "$mine/live" || status=1
    return $status
}
