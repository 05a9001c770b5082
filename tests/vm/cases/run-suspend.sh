#!/bin/bash
# SPDX-License-Identifier: MIT
# See ../suspend.sh.

mkdir -p /tmp/bin /tmp/lib
for program in nvvgpu framebuffer vfio-hold; do
    program=$(command -v "$program")
    cp "$program" /tmp/bin/
    ldd_out=$(LD_TRACE_LOADED_OBJECTS=1 "$program")
    echo "$ldd_out" | sed -n 's/.* => \(\/[^ ]*\).*/\1/p' | xargs -r cp -Lt /tmp/lib 2>/dev/null
done
cp "$(dirname "$0")/lib.sh" /tmp/
cat >/tmp/suspend.sh <<'CASE'
. /tmp/lib.sh
export PATH=/tmp/bin:/run/vm/sbin:/run/vm/bin LD_LIBRARY_PATH=/tmp/lib

uuid=00000000-0000-4000-8000-00000000000e
tainted=$(cat /proc/sys/kernel/tainted)
vfs 2
check "a vGPU" nvvgpu create --type L40-2Q --vf "$(vf 1)" --uuid $uuid
check "something in its memory" framebuffer host: $uuid fill 8
[ ! -e /sys/module/suspend/parameters/pm_test_delay ] ||
    echo 1 >/sys/module/suspend/parameters/pm_test_delay
for stage in devices platform; do
    put $stage /sys/power/pm_test
    check "asleep and awake, as far as $stage" put freeze /sys/power/state
    is "the vGPU is there" 1 "$(nvvgpu vgpus --json | grep -c "\"$uuid\"")"
    check "with its memory" framebuffer host: $uuid check 8
done
put devices /sys/power/pm_test
hold "$(vf 1)"
refused "not while a VMM has it" "busy" put freeze /sys/power/state
let_go TERM
check "and then again" put freeze /sys/power/state
check "with its memory to the end" framebuffer host: $uuid check 8
check "destroyed" nvvgpu destroy $uuid
check "no functions" vfs 0

is "no warning of the kernel's" "$tainted" "$(cat /proc/sys/kernel/tainted)"

# whoever has a file of the host open never ends now: the machine is switched off from here
sed 's/^/# /' /tmp/err
echo "1..$count"
sleep 1
echo b >/proc/sysrq-trigger
CASE
cd /tmp || exit
if ! grep -q devices /sys/power/pm_test 2>/dev/null || ! grep -q freeze /sys/power/state; then
    echo "TAP: 1..0 # SKIP this kernel has no pm_test" >/dev/kmsg
    exit
fi
bash /tmp/suspend.sh 2>/tmp/err | while IFS= read -r line; do
    echo "TAP: $line" >/dev/kmsg
done
