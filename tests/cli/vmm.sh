#!/bin/sh
# SPDX-License-Identifier: MIT
# nvvgpu xml, nvvgpu qemu-args: what libvirt's own schema and QEMU's own parser take.
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

schema=/usr/share/libvirt/schemas/domain.rng

# domain_is_valid FILE: a domain with what is in FILE among its devices is one to libvirt
domain_is_valid() {
    {
        echo "<domain type='kvm'><name>guest</name><memory>1048576</memory><os><type>hvm</type></os><devices>"
        cat "$1"
        echo "</devices></domain>"
    } >"$dir/domain.xml"
    if command -v xmllint >/dev/null && [ -r $schema ]; then
        xmllint --noout --relaxng $schema "$dir/domain.xml" 2>"$err" || return 1
    else
        echo "libvirt's schema is not here: parsed only"
        python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' \
            "$dir/domain.xml" 2>"$err"
    fi
}

# qemu_takes ARG...: as arguments of the right form; that the device is not there comes later
qemu_takes() {
    command -v qemu-system-x86_64 >/dev/null || return 0
    timeout 60 qemu-system-x86_64 -machine q35,accel=tcg -nodefaults -display none -S "$@" \
        >"$err" 2>&1 && return 1
    grep -q "no such host device" "$err"
}

# a VF
new_host l40,t4
ok create --type L40-4Q --gpu $gpu --uuid $uuid
ok show $uuid --json
vf=$(json_value "$out" 'd["vf"]')
for object in $uuid "$vf"; do
    ok xml "$object"
    silent
    in_out "managed='no'"
    domain_is_valid "$out" || fail "libvirt should take it"
done
cp "$out" "$dir/vf.xml"
ok xml $uuid --json
json 'd == {"uuid": "'$uuid'", "xml": open("'"$dir"'/vf.xml").read()}'
python3 -c '
import sys, xml.etree.ElementTree as tree
element = tree.parse(sys.argv[1]).getroot()
address = element.find("source/address").attrib
print("{:04x}:{:02x}:{:02x}.{:x}".format(*(int(address[key], 0) for key in
      ("domain", "bus", "slot", "function"))))' "$dir/vf.xml" >"$out"
in_out "$vf"

ok qemu-args $uuid
silent
[ "$(cat "$out")" = "-device vfio-pci,host=$vf" ] || fail "QEMU's arguments of a VF"
# shellcheck disable=SC2046 # arguments without blanks
qemu_takes $(cat "$out") || fail "QEMU should take them"
ok qemu-args "$vf" --json
json 'd == {"uuid": "'$uuid'", "args": ["-device", "vfio-pci,host='"$vf"'"],
    "needs_vm_uuid": False}'

# a board without VFs
ok gpus --json
t4=$(json_value "$out" '[g["address"] for g in d if g["vfs_total"] == 0][0]')
ok create --gpu "$t4" --type "GRID T4-2Q" --uuid $uuid2
ok xml $uuid2
in_out "type='mdev'"
in_out "model='vfio-pci'"
in_out "<address uuid='$uuid2'/>"
domain_is_valid "$out" || fail "libvirt should take it"
ok qemu-args $uuid2
[ "$(cat "$out")" = "-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/$uuid2" ] ||
    fail "QEMU's arguments of an mdev"
# shellcheck disable=SC2046
qemu_takes $(cat "$out") || fail "QEMU should take them"

# the framework mdev, of which the daemon wants the guest's uuid; a VF of vendor-vfio
for boards in t4 a40; do
    new_host $boards
    host="$host&framework=mdev"
    ok types --creatable --json
    ok create --gpu $gpu --type "$(json_value "$out" 'd[0]["name"]')" --uuid $uuid
    ok xml $uuid
    in_out "<address uuid='$uuid'/>"
    domain_is_valid "$out" || fail "libvirt should take it"
    ok qemu-args $uuid --json
    json 'd == {"uuid": "'$uuid'", "needs_vm_uuid": True,
        "args": ["-device", "vfio-pci,sysfsdev=/sys/bus/mdev/devices/'$uuid'"]}'
    ok qemu-args $uuid
    in_err "-uuid"
done
new_host l40
host="$host&framework=vendor-vfio"
ok create --type L40-4Q --uuid $uuid --vf 0000:41:00.5
ok xml $uuid
in_out "function='0x5'"
ok qemu-args $uuid
silent
[ "$(cat "$out")" = "-device vfio-pci,host=0000:41:00.5" ] || fail "QEMU's arguments of a VF"

# the checks themselves
echo "<hostdev mode='subsystem' type='mdev'/>" >"$dir/bad.xml"
if [ -r $schema ]; then
    ! domain_is_valid "$dir/bad.xml" || fail "the schema takes anything"
fi
! command -v qemu-system-x86_64 >/dev/null || ! qemu_takes -device vfio-pci,host=nonsense ||
    fail "QEMU takes anything"

fails 3 xml $absent
fails 3 qemu-args 0000:99:00.4
fails 2 xml
fails 2 qemu-args $uuid $uuid2
