#!/bin/sh
# SPDX-License-Identifier: MIT
# The hypervisor manager of examples/vmm with a distribution's QEMU, on boards of each framework: a
# guest boots, is suspended to a file, resumed with another vGPU, migrated to another instance, and
# crashes; so does the manager.  The guest counts in memory and in the framebuffer, and says both:
# Linux once, and ../guest.c, which boots at once.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

kernel=$(echo /boot/vmlinuz-*cloud*)
if ! command -v qemu-system-x86_64 >/dev/null || [ ! -e "$kernel" ]; then
    lacks "no QEMU and no kernel for a guest here"
fi
command -v vmm >/dev/null || lacks "vmm was not built"
small=$BUILD/tests/vm/guest
[ -e "$small" ] || lacks "the small guest was not built"
modprobe -qn nvvgpu_mdev || lacks "this kernel has no mdev framework"

first=/tmp/vmm-first second=/tmp/vmm-second
foreign=00000000-0000-4000-8000-0000000000f1
words="console=ttyS0 quiet panic=-1 iomem=relaxed nokaslr mitigations=off no_timer_check"
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
echo "device $id"
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

# become_vmm GUEST: that starts it
become_vmm() {
    if [ "$image" = "$kernel" ]; then
        set -- "$1" --initrd /tmp/guest.img --append "$words"
    fi
    exec vmm --state $first --timeout 900 run "$@" --kernel "$image" --memory 160 --accel tcg \
        --type "$type" --gpu "$PF"
}

start() {	# start GUEST
    (become_vmm "$1")
}

# choose BOARD FRAMEWORK
choose() {
    put 0 "$directory/live" && put "$1" "$directory/board" && put "$2" "$directory/framework" &&
        put 1 "$directory/live" || return
    PF=$(cat "$directory/address")
    DEVICE=/sys/bus/pci/devices/$PF
    [ ! -e "$DEVICE/sriov_numvfs" ] || vfs 4
}

boots() {
    check "a guest is started" start one
    is "it runs" running "$(state_at $first one)"
    is "with one vGPU" 1 "$(owned)"
    refused "its name is taken" exists start one
    eventually "it boots, and counts" 600 has_counted $first/one/console 2 ||
        tail -n 5 $first/one/console | sed 's/^/# /'
    is "it sees the device of the type" "$(cat "$DEVICE/device")" \
        "$(tr -d '\r' <$first/one/console | sed -n 's/.*device \(0x[0-9a-f]*\)$/\1/p' | head -n 1)"
    boot=$(said $first/one/console | head -n 1 | cut -d' ' -f1) last=0
    before=$(said $first/one/console | tail -n 1 | cut -d' ' -f2)
    check "in memory and framebuffer" goes_on $first/one/console
    told booted
}

is_resumed() {
    check "suspended" at_first suspend one "$saved"
    echo "$boot" >"$saved.boot"
    is "it is gone" "" "$(state_at $first one)"
    is "so is its vGPU" 0 "$(owned)"
    is "the file says what it is" "nvvgpu-vmm 1" "$(head -n 1 "$saved")"
    told suspended
    # it may have counted until the moment it was stopped: the new console begins where it was
    head -c 100000 "$saved" >/tmp/short.state
    refused "a file that is not whole" stream-truncated at_first resume two /tmp/short.state
    check "resumed" at_first resume two "$saved"
    is "with one vGPU" 1 "$(owned)"
    eventually "it counts" 120 has_counted $first/two/console 2
    last=$(said $first/two/console | head -n 1 | cut -d' ' -f2)
    check "after where it was" test "$last" -gt "$before"
    last=$((last - 1))
    check "memory and framebuffer were kept" goes_on $first/two/console
    told resumed
}

is_migrated() {
    vmm --state $second watch --json >/tmp/watched 2>&1 &
    watcher=$!
    last=$(said $first/two/console | tail -n 1 | cut -d' ' -f2)
    check "migrated to another instance" at_first migrate two three --to $second --downtime 600
    is "it is gone here" "" "$(state_at $first two)"
    is "it runs there" running "$(state_at $second three)"
    is "with one vGPU" 1 "$(owned)"
    eventually "it counts" 120 has_counted $second/three/console 2
    check "it went on" test "$(said $second/three/console | head -n 1 | cut -d' ' -f2)" -ge "$last"
    last=$(($(said $second/three/console | head -n 1 | cut -d' ' -f2) - 1))
    check "memory and framebuffer came along" goes_on $second/three/console
    told migrated
}

crashes() {
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
    # the drivers of other frameworks do not tell
    [ "$framework" != nvvgpu ] ||
        check "and its state arrive" grep -q '"kind":"migration"' /tmp/watched
    told "crashed and cleaned up"
}

# vmm_is_killed SECONDS...: so long after it began to start a guest
vmm_is_killed() {
    for delay; do
        become_vmm four >/dev/null 2>&1 &
        sleep "$delay"
        kill -9 $! 2>/dev/null		# it may have done its work
        wait $! 2>/dev/null
        check "cleanup after vmm was killed $delay s after its start" at_first cleanup
        # killed late enough, it has left a guest that runs
        if [ -n "$(state_at $first four)" ]; then
            check "the guest lives, and stops" at_first stop four --force
        fi
        is "nothing is left" "0 1" "$(owned) $(at_first list | wc -l)"
    done
}

vmm_is_killed_saving() {
    rm -f /tmp/five.state
    check "another one" start five
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
    told "killed"
}

page_works() {
    cp "$kernel" /tmp/vmlinuz
    page=$(dirname "$0")/../../../doc/vmm.md
    awk '/^```sh$/ { on = 1; next } /^```/ { on = 0 } on' "$page" >/tmp/doc.sh
    is "as many commands as ever" 8 "$(grep -c . /tmp/doc.sh)"
    check "all of them work" sh -ex /tmp/doc.sh
    is "nothing is left" "0" "$(owned)"
    told "its page was followed"
}

# Whatever takes longer than a guest that runs may stand still is nothing to one that does already.
moves_standing() {
    check "the board as at first" choose l40 nvvgpu
    check "a guest that does not run" at_first run six --type L40-1Q --kernel "$small" \
        --memory 160 --accel tcg -- -S
    check "migrated" vmm --state $first --timeout 100 migrate six seven --downtime 0.001
    is "nor does it there" prelaunch "$(state_at $first seven)"
    check "let run" at_first resume seven
    eventually "it counts" 60 has_counted $first/seven/console 2
    check "it stops" at_first stop seven --force
    told "moved a guest that stood still"
}

# What a guest sees is a VF under two frameworks, and not the same as an mdev.
moves_between_frameworks() {
    check "resumed under another framework" at_first resume six /tmp/l40-vendor-vfio.state
    eventually "it counts" 120 has_counted $first/six/console 2
    boot=$(cat /tmp/l40-vendor-vfio.state.boot)
    last=$(($(said $first/six/console | head -n 1 | cut -d' ' -f2) - 1))
    check "memory and framebuffer were kept" goes_on $first/six/console
    check "it stops" at_first stop six --force
    refused "the state of an mdev on a VF" mismatch-board at_first resume six /tmp/l40-mdev.state
    is "nothing is left" "0 1" "$(owned) $(at_first list | wc -l)"
    rm /tmp/*.state /tmp/*.state.boot
    told "moved between frameworks"
}

# story BOARD FRAMEWORK TYPE IMAGE SECONDS...: of a guest that runs IMAGE, and of deaths of vmm
story() {
    ME="vmm $1 $2" framework=$2 type=$3 image=$4 saved=/tmp/$1-$2.state
    check "a board" choose "$1" "$2"
    shift 4
    check "a stranger's vGPU" nvvgpu create --gpu "$PF" --type "$type" --uuid $foreign \
        --owner stranger
    nvvgpu show $foreign --json >/tmp/foreign
    boots
    is_resumed
    is_migrated
    crashes
    vmm_is_killed "$@"
    vmm_is_killed_saving
    [ "$framework" != nvvgpu ] || page_works
    nvvgpu show $foreign --json >/tmp/foreign.now
    check "the stranger's vGPU was left alone" cmp /tmp/foreign /tmp/foreign.now
    check "destroyed" nvvgpu destroy $foreign --owner stranger
    [ ! -e "$DEVICE/sriov_numvfs" ] || vfs 0
}

directory=$(board_directory)
loaded=$(grep -c '^nvvgpu_mdev ' /proc/modules)
story l40 nvvgpu L40-1Q "$kernel" 0.02 0.1 0.3 1
story l40 vendor-vfio L40-1Q "$small" 0.02 0.1 0.3
story l40 mdev L40-1Q "$small" 0.02 0.1 0.3
story t4 mdev T4-1Q "$small" 0.02 0.1 0.3
ME=vmm
moves_standing
moves_between_frameworks
vfs 0
[ "$loaded" = 1 ] || check "the adapter is unloaded, idle" rmmod nvvgpu_mdev

done_testing
