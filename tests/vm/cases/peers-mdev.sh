#!/bin/sh
# SPDX-License-Identifier: MIT
# A distribution's mdevctl and libvirt on a board that has nothing but mdevs; what they made, and
# what is ours.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v mdevctl >/dev/null || ! command -v libvirtd >/dev/null; then
    skip "no mdevctl and no libvirt here"
fi
if ! modprobe -qn nvvgpu_mdev; then
    skip "this kernel has no mdev framework"
fi
loaded=$(grep -c '^nvvgpu_mdev ' /proc/modules)
board=$CONFIGFS/peers
mkdir "$board"
put t4 "$board/board"
put mdev "$board/framework"
check "a T4 with nothing but mdevs" put 1 "$board/live"
PF=$(cat "$board/address")
node=pci_$(echo "$PF" | tr ':.' '__')
uuid=00000000-0000-4000-8000-0000000000e1
ours=00000000-0000-4000-8000-0000000000e2

udevd=/usr/lib/systemd/systemd-udevd
[ -x $udevd ] || udevd=/lib/systemd/systemd-udevd
$udevd --daemon >/dev/null 2>&1
udevadm trigger
udevadm settle
mkdir -p /run/libvirt
libvirtd >/tmp/libvirtd.log 2>&1 &
libvirt=$!

nodedev() {
    virsh -q -c nodedev:///system "$@"
}

owner() {	# owner UUID
    nvvgpu show "$1" --json | sed -n 's/.*"owner": *"\([^"]*\)".*/\1/p' | head -n 1
}

field() {	# field TYPE LINE: of mdevctl's list of types
    mdevctl types -p "$PF" | sed -n "/^ *nvidia-$1\$/,/^ *nvidia-/p" | sed -n "s/^ *$2: //p"
}

# mdevctl
check "mdevctl knows the types" sh -c "mdevctl types >/tmp/types"
is "all of the board" 17 "$(grep -c '^ *nvidia-[0-9]*$' /tmp/types)"
is "below its address" 1 "$(grep -c "^$PF\$" /tmp/types)"
is "name" "GRID T4-1B" "$(field 222 Name)"
is "device API" vfio-pci "$(field 222 'Device API')"
is "instances" 16 "$(field 222 'Available instances')"
is "description" \
    "num_heads=4, frl_config=45, framebuffer=1024M, max_resolution=5120x2880, max_instance=16" \
    "$(field 222 Description)"
check "mdevctl starts one" mdevctl start -u $uuid -p "$PF" -t nvidia-222
is "and lists it" "$uuid $PF nvidia-222" "$(mdevctl list | awk '{ print $1, $2, $3 }')"
is "one instance less" 15 "$(field 222 'Available instances')"

# the library
is "nvvgpu sees it" 1 "$(nvvgpu vgpus "$PF" --json | grep -c $uuid)"
is "as another program's" foreign "$(owner $uuid)"
refused "which is not destroyed by accident" foreign nvvgpu destroy $uuid
check "beside it one of ours" nvvgpu create --gpu "$PF" --type 222 --uuid $ours --owner tests
is "ours" tests "$(owner $ours)"
is "mdevctl sees both" 2 "$(mdevctl list | grep -c "$PF")"

# libvirt
eventually "libvirt answers" 60 virsh -q -c nodedev:///system uri
is "the board has mdev types" "$node" "$(nodedev nodedev-list --cap mdev_types | tr -d ' ')"
check "libvirt describes it" sh -c "virsh -q -c nodedev:///system nodedev-dumpxml $node >/tmp/xml"
is "with all types" 17 "$(grep -c "<type id='nvidia-" /tmp/xml)"
sed -n "/<type id='nvidia-230'>/,/<\/type>/p" /tmp/xml >/tmp/type
is "name" 1 "$(grep -c '<name>GRID T4-1Q</name>' /tmp/type)"
is "device API" 1 "$(grep -c '<deviceAPI>vfio-pci</deviceAPI>' /tmp/type)"
is "instances" 1 "$(grep -c '<availableInstances>14</availableInstances>' /tmp/type)"
device=mdev_$(echo $uuid | tr - _)_$(echo "$PF" | tr ':.' '__')
eventually "and its mdevs" 20 sh -c \
    "virsh -q -c nodedev:///system nodedev-list --cap mdev | grep -qx '$device'"
check "one of them" sh -c "virsh -q -c nodedev:///system nodedev-dumpxml $device >/tmp/xml"
is "its type" 1 "$(grep -c "<type id='nvidia-222'/>" /tmp/xml)"
is "its uuid" 1 "$(grep -c "<uuid>$uuid</uuid>" /tmp/xml)"

# their ends
check "mdevctl stops it" mdevctl stop -u $uuid
is "ours is left" "$ours" "$(mdevctl list | awk '{ print $1 }')"
check "another by mdevctl" mdevctl start -u $uuid -p "$PF" -t nvidia-222
check "destroyed by who means it" nvvgpu destroy $uuid --foreign
is "mdevctl sees the end" "$ours" "$(mdevctl list | awk '{ print $1 }')"
check "mdevctl stops even ours" mdevctl stop -u $ours
is "nothing is left of it" 0 "$(nvvgpu vgpus "$PF" --json | grep -c '"uuid"')"

# mdevs of virtual functions
functions=$CONFIGFS/functions
mkdir "$functions"
put a40 "$functions/board"
put mdev "$functions/framework"
check "an A40, its mdevs on virtual functions" put 1 "$functions/live"
put 2 "/sys/bus/pci/devices/$(cat "$functions/address")/sriov_numvfs"
vf=$(basename "$(readlink "/sys/bus/pci/devices/$(cat "$functions/address")/virtfn1")")
udevadm settle
check "mdevctl knows a function's types" sh -c "mdevctl types -p $vf >/tmp/types"
is "all of the board" "$(find "/sys/bus/pci/devices/$vf/mdev_supported_types/" -name 'nvidia-*' | wc -l)" \
    "$(grep -c '^ *nvidia-[0-9]*$' /tmp/types)"
check "mdevctl starts one" mdevctl start -u $uuid -p "$vf" -t nvidia-557
is "and lists it" "$uuid $vf nvidia-557" "$(mdevctl list | awk '{ print $1, $2, $3 }')"
is "nvvgpu sees whose it is" foreign "$(owner $uuid)"
is "and which function has it" 1 "$(nvvgpu show $uuid --json | grep -c "\"vf\": *\"$vf\"")"
eventually "libvirt sees the function" 20 sh -c \
    "virsh -q -c nodedev:///system nodedev-list --cap mdev_types | grep -q $(echo "$vf" | tr ':.' '__')"
check "destroyed by who means it" nvvgpu destroy $uuid --foreign
is "mdevctl sees the end" "" "$(mdevctl list)"
check "unplugged" put 0 "$functions/live"
rmdir "$functions"

kill $libvirt
wait $libvirt 2>/dev/null
udevadm control --exit
check "unplugged" put 0 "$board/live"
rmdir "$board"
[ "$loaded" = 1 ] || check "the adapter is unloaded, idle" rmmod nvvgpu_mdev

done_testing
