#!/bin/sh
# SPDX-License-Identifier: MIT
# One stream of events of boards of all frameworks, compared with what was done to them: by our
# command, by plain writes, and by plugging.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

stream=/tmp/events wanted=/tmp/wanted
uuid=00000000-0000-4000-8000-0000000000a
: >$wanted

# what came: KIND GPU VF UUID TYPE
came() {
    sed 's/.*"kind":"\([^"]*\)","gpu":"\([^"]*\)","vf":\([^,]*\),"uuid":\([^,]*\),"type_id":\([^,]*\),.*/\1 \2 \3 \4 \5/; s/"//g; s/null/-/g' \
        $stream
}

# want KIND GPU [VF [UUID TYPE]]: this event and no other has to come
want() {
    echo "$1 $2 ${3:--} ${4:--} ${5:--}" >>$wanted
}

# How often the types changed while something was going on is up to who looks, and what a driver
# still says of its VFs before it goes is up to it: they are judged apart.
told() {
    came | grep -v '^types \|^vfs ' | sort >/tmp/told
    sort $wanted | cmp -s - /tmp/told
}

# all NAME: what is wanted came, and no more; what is wrong is told once
all() {
    eventually "$1" 30 told && return
    sort $wanted | diff - /tmp/told | sed 's/^/# /'
    cp /tmp/told $wanted
}

creatable() {
    nvvgpu types "$1" --creatable --json | grep -c '"id"'
}

types_told() {
    [ "$(sed -n 's/.*"kind":"types","gpu":"'"$1"'".*"value":\([0-9]*\).*/\1/p' $stream | tail -n 1)" = \
        "$(creatable "$1")" ]
}

# listens PID WORD: it waits for a file whose name has this
listens() {
    for fd in /proc/"$1"/fd/*; do
        case $(readlink "$fd") in
        *"$2"*) grep -q "^tfd: *$(basename "$fd") " /proc/"$1"/fdinfo/* && return 0 ;;
        esac
    done
    return 1
}

plug() {	# plug NAME BOARD FRAMEWORK
    mkdir "$CONFIGFS/$1" && put "$2" "$CONFIGFS/$1/board" && put "$3" "$CONFIGFS/$1/framework" &&
        put 1 "$CONFIGFS/$1/live"
}

address() {	# address NAME
    cat "$CONFIGFS/$1/address"
}

numvfs() {	# numvfs GPU N
    put "$2" "/sys/bus/pci/devices/$1/sriov_numvfs"
}

vf_of() {	# vf_of GPU N
    basename "$(readlink "/sys/bus/pci/devices/$1/virtfn$2")"
}

nvvgpu events --json >$stream 2>/tmp/events.err &
watcher=$!
eventually "it listens" 30 listens $watcher socket:	# the last that it begins to wait for
mine=$(board_directory)

# plugged one after the other
check "a board with the vendor's files" plug vendor l40 vendor-vfio
vendor=$(address vendor)
want gpu-added "$vendor"
mdevs=
if modprobe -qn nvvgpu_mdev; then
    loaded=$(grep -c '^nvvgpu_mdev ' /proc/modules)
    check "a board with mdevs on its functions" plug vfmdev a40 mdev
    vfmdev=$(address vfmdev)
    want gpu-added "$vfmdev"
    check "a board with mdevs on itself" plug flat t4 mdev
    flat=$(address flat)
    want gpu-added "$flat"
    mdevs="$vfmdev $flat"
fi
all "boards come"

# functions
for gpu in $PF $vendor ${vfmdev:-}; do
    numvfs "$gpu" 2
    want vf-added "$gpu" "$(vf_of "$gpu" 0)"
    want vf-added "$gpu" "$(vf_of "$gpu" 1)"
done
all "functions come"
check "the driver says how many" grep -q '"kind":"vfs","gpu":"'"$PF"'".*"value":2}' $stream
for gpu in $PF $vendor $mdevs; do
    eventually "types of $gpu" 30 types_told "$gpu"
done

# by our command: the same under each framework
for gpu in $PF $vendor $mdevs; do
    case $gpu in
    "${vfmdev:-}") type=557 ;;
    "${flat:-}") type=222 ;;
    *) type=871 ;;
    esac
    function=$(vf_of "$gpu" 0 2>/dev/null)
    [ "$gpu" != "${flat:-}" ] || function=-
    check "created by the command" nvvgpu create --gpu "$gpu" --type $type --uuid ${uuid}1
    want created "$gpu" "$function" ${uuid}1 $type
    all "created on $gpu"
    eventually "types of $gpu" 30 types_told "$gpu"
    check "destroyed by the command" nvvgpu destroy ${uuid}1
    want destroyed "$gpu" "$function" ${uuid}1 $type
    all "destroyed on $gpu"
done

# by plain writes
second=$(vf_of "$vendor" 1)
put 871 "/sys/bus/pci/devices/$second/nvidia/current_vgpu_type"
foreign=$(nvvgpu vgpus --json "$vendor" | sed -n 's/.*"uuid": *"\([^"]*\)".*/\1/p')
want created "$vendor" "$second" "$foreign" 871
all "a type is written to a function"
put 0 "/sys/bus/pci/devices/$second/nvidia/current_vgpu_type"
want destroyed "$vendor" "$second" "$foreign" 871
all "and taken away"
for gpu in $mdevs; do
    parent=$gpu type=222 function=-
    [ "$gpu" = "$flat" ] || { parent=$(vf_of "$gpu" 1) type=557 && function=$parent; }
    put ${uuid}2 "/sys/bus/pci/devices/$parent/mdev_supported_types/nvidia-$type/create"
    want created "$gpu" "$function" ${uuid}2 $type
    all "a uuid is written to a type of $parent"
    put 1 /sys/bus/mdev/devices/${uuid}2/remove
    want destroyed "$gpu" "$function" ${uuid}2 $type
    all "and removed"
done

# more than its socket holds, while it does not read: that is told, and what is there is found
kill -s STOP $watcher
for _ in $(seq 4000); do
    echo change >"$DEVICE/uevent"
done
put 871 "/sys/bus/pci/devices/$second/nvidia/current_vgpu_type"
foreign=$(nvvgpu vgpus --json "$vendor" | sed -n 's/.*"uuid": *"\([^"]*\)".*/\1/p')
want created "$vendor" "$second" "$foreign" 871
for gpu in $mdevs; do
    parent=$gpu type=222 function=- id=3
    [ "$gpu" = "$flat" ] || { parent=$(vf_of "$gpu" 1) type=557 id=4 && function=$parent; }
    put $uuid$id "/sys/bus/pci/devices/$parent/mdev_supported_types/nvidia-$type/create"
    want created "$gpu" "$function" $uuid$id $type
done
kill -s CONT $watcher
want lost ""
all "an overrun"

# unplugged with what they have
check "a vGPU of ours" nvvgpu create --gpu "$PF" --type 871 --uuid ${uuid}5
want created "$PF" "$(vf 0)" ${uuid}5 871
all "created"
want destroyed "$PF" "$(vf 0)" ${uuid}5 871
want destroyed "$vendor" "$second" "$foreign" 871
for gpu in $mdevs; do
    if [ "$gpu" = "$flat" ]; then
        want destroyed "$gpu" - ${uuid}3 222
    else
        want destroyed "$gpu" "$(vf_of "$gpu" 1)" ${uuid}4 557
    fi
done
for gpu in $PF $vendor $mdevs; do
    if [ "$gpu" != "${flat:-}" ]; then
        want vf-removed "$gpu" "$(vf_of "$gpu" 0)"
        want vf-removed "$gpu" "$(vf_of "$gpu" 1)"
    fi
    want gpu-removed "$gpu"
done
check "the first is unplugged" put 0 "$mine/live"
for name in vendor ${mdevs:+vfmdev flat}; do
    check "$name is unplugged" put 0 "$CONFIGFS/$name/live"
    rmdir "$CONFIGFS/$name"
done
all "all go, with what they had"

# and one is plugged again, under the same address
check "the first comes back" put 1 "$mine/live"
want gpu-added "$PF"
all "it comes"
eventually "its driver is listened to" 30 listens $watcher /dev/nvvgpu
numvfs "$PF" 1
want vf-added "$PF" "$(vf 0)"
check "created on it" nvvgpu create --gpu "$PF" --type 871 --uuid ${uuid}6
want created "$PF" "$(vf 0)" ${uuid}6 871
all "its driver tells again"
check "destroyed" nvvgpu destroy ${uuid}6
want destroyed "$PF" "$(vf 0)" ${uuid}6 871
vfs 0
want vf-removed "$PF" "$(basename "$(sed -n 's/.*"kind":"vf-added","gpu":"'"$PF"'","vf":"\([^"]*\)".*/\1/p' $stream | tail -n 1)")"
all "and its function goes"

sleep 3
check "nothing is told twice" told
# each number follows the one before it, but for the first of the board that came back
is "numbers of the driver" 1 "$(sed -n 's/.*"gpu":"'"$PF"'".*"sequence":\([1-9][0-9]*\),.*/\1/p' $stream |
    awk 'NR > 1 && $1 != last + 1 { breaks++ } { last = $1 } END { print breaks + 0 }')"
kill -s TERM $watcher
wait $watcher
is "no complaint" "" "$(cat /tmp/events.err)"
[ "${loaded:-1}" = 1 ] || check "the adapter is unloaded" rmmod nvvgpu_mdev

done_testing
