#!/bin/sh
# SPDX-License-Identifier: MIT
# The hypervisor manager of examples/vmm with a distribution's QEMU: a guest boots, is suspended
# to a file, resumed with another vGPU, migrated to another instance, and crashes; so does the
# manager.  The guest counts in memory and in the framebuffer, and says both.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

kernel=$(echo /boot/vmlinuz-*cloud*)
if ! command -v qemu-system-x86_64 >/dev/null || [ ! -e "$kernel" ]; then
    lacks "no QEMU and no kernel for a guest here"
fi
command -v vmm >/dev/null || lacks "vmm was not built"

first=/tmp/vmm-first second=/tmp/vmm-second
foreign=00000000-0000-4000-8000-0000000000f1
started=$(cut -d. -f1 /proc/uptime)

at_first() {
    vmm --state $first --timeout 900 "$@"
}

at_second() {
    vmm --state $second --timeout 900 "$@"
}

# told: how long it took so far
told() {
    echo "# $ME: $1 after $(($(cut -d. -f1 /proc/uptime) - started)) s"
}

# state_at DIRECTORY GUEST
state_at() {
    vmm --state "$1" list | awk -v guest="$2" '$1 == guest { print $2 }'
}

# pid_at DIRECTORY GUEST
pid_at() {
    vmm --state "$1" list --json | sed -n '/"name": *"'"$2"'"/,/^ *}/s/.*"pid": *\([0-9]*\).*/\1/p'
}

# said CONSOLE: "guest: BOOT-ID COUNT FRAMEBUFFER MARK" without the first word
said() {
    tr -d '\r' <"$1" | sed -n 's/.*guest: \([0-9a-f-]* [0-9]* [0-9]* [0-9]*\)$/\1/p'
}

# has_counted CONSOLE TIMES
has_counted() {
    [ "$(said "$1" | wc -l)" -ge "$2" ]
}

# goes_on CONSOLE: the same boot, no count missing or again since the last one, and the same
# number in memory and framebuffer each time
goes_on() {
    said "$1" | awk -v boot="$boot" -v last="$last" '
        $1 != boot || $2 != last + 1 || $3 != $2 || $4 != 1592590337 { print; bad = 1 }
        { last = $2 }
        END { exit bad || NR == 0 }' >/tmp/out
}

# owned: how many vGPUs are there beside the stranger's
owned() {
    nvvgpu vgpus --json "$PF" | grep '"uuid"' | grep -vc $foreign
}

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
    [ "$vendor" != 0x10de ] || gpu=$device
done
read -r id <"$gpu/device"
echo "device $vendor $id"
echo 1 >"$gpu/enable"
{ read -r bar0 rest; read -r bar1 rest; } <"$gpu/resource"
word() {
    /bin/busybox devmem $((bar1 + $1)) 32 $2
}
read -r boot </proc/sys/kernel/random/boot_id
word 0x6000000 0x5eed0001
count=1
while :; do
    word 0x10000 $count
    echo "guest: $boot $count $(($(word 0x10000))) $(($(word 0x6000000)))"
    count=$((count + 1))
done
GUEST
chmod +x /tmp/guest/init
(cd /tmp/guest && find . | cpio --quiet -o -H newc | gzip -1) >/tmp/guest.img

vfs 4
check "a stranger's vGPU" nvvgpu create --type L40-1Q --uuid $foreign --vf "$(vf 3)" \
    --owner stranger
nvvgpu show $foreign --json >/tmp/foreign

# boot
words="console=ttyS0 quiet panic=-1 iomem=relaxed nokaslr mitigations=off no_timer_check"
set -- --type L40-1Q --kernel "$kernel" --initrd /tmp/guest.img --append "$words" --memory 160 \
    --accel tcg
check "a guest is started" at_first run one "$@"
is "it runs" running "$(state_at $first one)"
is "with one vGPU" 1 "$(owned)"
refused "its name is taken" exists at_first run one "$@"
eventually "it boots, and counts" 600 has_counted $first/one/console 2 ||
    tail -n 5 $first/one/console | sed 's/^/# /'
boot=$(said $first/one/console | head -n 1 | cut -d' ' -f1) last=0
before=$(said $first/one/console | tail -n 1 | cut -d' ' -f2)
check "in memory and framebuffer" goes_on $first/one/console
told booted

# suspend and resume
check "suspended" at_first suspend one /tmp/one.state
is "it is gone" "" "$(state_at $first one)"
is "so is its vGPU" 0 "$(owned)"
is "the file says what it is" "nvvgpu-vmm 1" "$(head -n 1 /tmp/one.state)"
told suspended
# it may have counted until the moment it was stopped: the new console begins where it was
head -c 100000 /tmp/one.state >/tmp/short.state
refused "a file that is not whole" stream-truncated at_first resume two /tmp/short.state
check "resumed" at_first resume two /tmp/one.state
is "with one vGPU" 1 "$(owned)"
eventually "it counts" 120 has_counted $first/two/console 2
last=$(said $first/two/console | head -n 1 | cut -d' ' -f2)
check "after where it was" test "$last" -gt "$before"
last=$((last - 1))
check "memory and framebuffer were kept" goes_on $first/two/console
told resumed

# migrate, watched
vmm --state $second watch --json >/tmp/watched 2>&1 &
watcher=$!
last=$(said $first/two/console | tail -n 1 | cut -d' ' -f2)
check "migrated to another instance" at_first migrate two three --to $second --downtime 600
is "it is gone here" "" "$(state_at $first two)"
is "it runs there" running "$(state_at $second three)"
rm /tmp/one.state
is "with one vGPU" 1 "$(owned)"
eventually "it counts" 120 has_counted $second/three/console 2
check "it went on" test "$(said $second/three/console | head -n 1 | cut -d' ' -f2)" -ge "$last"
last=$(($(said $second/three/console | head -n 1 | cut -d' ' -f2) - 1))
check "memory and framebuffer came along" goes_on $second/three/console
told migrated

# QEMU crashes
eventually "the guest is watched" 60 grep -q '"guest":"three","event":"watched"' /tmp/watched
check "QEMU is killed" kill -9 "$(pid_at $second three)"
eventually "that is seen" 10 sh -c "vmm --state $second list | grep -q '^three *ended'"
eventually "and told" 20 grep -q '"guest":"three","event":"ended"' /tmp/watched
is "its vGPU is left" 1 "$(owned)"
check "another instance cleans up" at_first cleanup
is "which is not its matter" 1 "$(owned)"
check "its own cleans up" at_second cleanup
is "the vGPU is destroyed" 0 "$(owned)"
is "nothing is listed" 1 "$(at_second list | wc -l)"
kill $watcher
wait $watcher
is "the watcher ends well" 0 $?
check "it saw the vGPU created" grep -q '"kind":"created"' /tmp/watched
check "and its state arrive" grep -q '"kind":"migration"' /tmp/watched
told "crashed and cleaned up"

# vmm crashes, at some point of a start, and of saving
for delay in 0.02 0.1 0.3 1; do
    vmm --state $first run four "$@" >/dev/null 2>&1 &
    sleep $delay
    kill -9 $! 2>/dev/null		# it may have done its work
    wait $! 2>/dev/null
    check "cleanup after vmm was killed $delay s after its start" at_first cleanup
    # killed late enough, it has left a guest that runs
    if [ -n "$(state_at $first four)" ]; then
        check "the guest lives, and stops" at_first stop four --force
    fi
    is "nothing is left" "0 1" "$(owned) $(at_first list | wc -l)"
done
check "another one" at_first run five "$@"
vmm --state $first suspend five /tmp/five.state &
sleep 0.3
kill -9 $!
wait $! 2>/dev/null
check "cleanup after vmm was killed saving" at_first cleanup
case $(state_at $first five) in
"") check "it was saved" test -s /tmp/five.state ;;
*)
    eventually "the guest goes on" 60 at_first resume five
    is "it runs" running "$(state_at $first five)"
    check "and stops" at_first stop five --force
    ;;
esac
is "nothing is left" "0 1" "$(owned) $(at_first list | wc -l)"
is "no QEMU either" "" "$(pidof qemu-system-x86_64)"
told "killed five times"

# doc/vmm.md
cp "$kernel" /tmp/vmlinuz
page=$(dirname "$0")/../../../doc/vmm.md
awk '/^```sh$/ { on = 1; next } /^```/ { on = 0 } on' "$page" >/tmp/doc.sh
is "as many commands as ever" 8 "$(grep -c . /tmp/doc.sh)"
check "all of them work" sh -ex /tmp/doc.sh
is "nothing is left" "0" "$(owned)"
told "its page was followed"

nvvgpu show $foreign --json >/tmp/foreign.now
check "the stranger's vGPU was left alone" cmp /tmp/foreign /tmp/foreign.now
check "destroyed" nvvgpu destroy $foreign --owner stranger
vfs 0

done_testing
