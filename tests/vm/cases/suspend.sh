#!/bin/sh
# SPDX-License-Identifier: MIT
# The machine sleeps and wakes: vGPUs and their contents are there again; with one open it stays
# awake.  The kernel's own test mode stops at each stage of the way down.
. "$(dirname "$0")/lib.sh"

if ! grep -q devices /sys/power/pm_test 2>/dev/null || ! grep -q freeze /sys/power/state; then
    echo "1..0 # SKIP this kernel has no pm_test"
    trap - EXIT
    exit 0
fi
uuid=00000000-0000-4000-8000-00000000000e
vfs 2
nvvgpu create --type L40-2Q --vf "$(vf 1)" --uuid $uuid >/dev/null 2>&1
check "something in its memory" framebuffer host: $uuid fill 8

for stage in devices platform; do
    put $stage /sys/power/pm_test
    check "asleep and awake, as far as $stage" put freeze /sys/power/state
    is "the vGPU is there" 1 "$(nvvgpu vgpus --json | grep -c "\"$uuid\"")"
    check "with its memory" framebuffer host: $uuid check 8
done
vfio-hold "$(vf 1)" /tmp/held &
holder=$!
eventually "open" 10 test -e /tmp/held
refused "not while a VMM has it" "busy" put freeze /sys/power/state
kill $holder
wait $holder 2>/dev/null
rm -f /tmp/held
check "and then again" put freeze /sys/power/state
put none /sys/power/pm_test
check "destroyed" nvvgpu destroy $uuid
check "no functions" vfs 0
