#!/bin/sh
# SPDX-License-Identifier: MIT
# A stock QEMU starts a guest with one of our vGPUs, as with any PCI function; the guest's
# kernel sees the device of the type, reads its registers and uses its framebuffer.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

kernel=$(echo /boot/vmlinuz-*cloud*)
if ! command -v qemu-system-x86_64 >/dev/null || [ ! -e "$kernel" ]; then
    skip "no QEMU and no kernel for a guest here"
fi
major=$(qemu-system-x86_64 --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
check "QEMU $major" test "$major" -ge 10

vfs 2
uuid=00000000-0000-4000-8000-0000000000bb
nvvgpu create --type L40-2Q --vf "$(vf 1)" --uuid $uuid >/dev/null 2>&1

# the guest: tells what it sees and ends
rm -rf /tmp/guest
mkdir -p /tmp/guest/bin /tmp/guest/proc /tmp/guest/sys /tmp/guest/dev
cp "$(command -v busybox)" /tmp/guest/bin/
cat >/tmp/guest/init <<'GUEST'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
cd /sys/bus/pci/devices || exit
for device in *; do
    read -r vendor <"$device/vendor"
    [ "$vendor" = 0x10de ] || continue
    read -r id <"$device/device"
    read -r class <"$device/class"
    read -r subsystem <"$device/subsystem_device"
    echo "guest: $vendor $id $class $subsystem"
    echo 1 >"$device/enable"
    n=0
    while read -r start end flags; do
        [ $n -gt 5 ] || echo "guest: BAR$n $((end > start ? end - start + 1 : 0))"
        n=$((n + 1))
    done <"$device/resource"
    { read -r bar0 rest; read -r bar1 rest; } <"$device/resource"
    echo "guest: boot_1 $(/bin/busybox devmem $((bar0 + 4)) 32)"
    /bin/busybox devmem $((bar0 + 0x1400)) 32 0x12345678
    echo "guest: scratch $(/bin/busybox devmem $((bar0 + 0x1400)) 32)"
    /bin/busybox devmem $((bar1 + 0x10000)) 32 0xcafe0001
    echo "guest: framebuffer $(/bin/busybox devmem $((bar1 + 0x10000)) 32)"
done
echo "guest: end"
/bin/busybox poweroff -f
GUEST
chmod +x /tmp/guest/init
(cd /tmp/guest && find . | cpio --quiet -o -H newc | gzip -1) >/tmp/guest.img

timeout 900 qemu-system-x86_64 -machine q35 -accel tcg -cpu max -m 256 -nographic -nic none -no-reboot \
    -kernel "$kernel" -initrd /tmp/guest.img -append "console=ttyS0 quiet panic=-1 iomem=relaxed" \
    -device "vfio-pci,host=$(vf 1)" </dev/null >/tmp/console 2>&1
is "QEMU ends well" 0 $?
tr -d '\r' </tmp/console | sed -n 's/.*guest: //p' >/tmp/seen
wanted="0x10de 0x26b5 0x030000 0x1770"
is "device, class and type" "$wanted" "$(head -n 1 /tmp/seen)"
is "BAR0: registers, 256 KiB" "BAR0 262144" "$(grep BAR0 /tmp/seen)"
is "BAR1: aperture of the type, 256 MiB" "BAR1 268435456" "$(grep BAR1 /tmp/seen)"
is "BAR3: 32 MiB" "BAR3 33554432" "$(grep BAR3 /tmp/seen)"
is "it knows itself as a virtual function" "boot_1 0x00020000" "$(grep boot_1 /tmp/seen)"
is "registers keep what is written" "scratch 0x12345678" "$(grep scratch /tmp/seen)"
is "so does its framebuffer" "framebuffer 0xCAFE0001" "$(grep framebuffer /tmp/seen)"
is "to its end" end "$(tail -n 1 /tmp/seen)"
grep -q '^end' /tmp/seen || tail -n 15 /tmp/console | sed 's/^/# /'
is "the vGPU is free again" assigned "$(state_of $uuid)"
check "destroyed" nvvgpu destroy $uuid
vfs 0

done_testing
