#!/bin/sh
# SPDX-License-Identifier: MIT
# A VMM that is killed leaves a vGPU that can be opened again or destroyed, as it was.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

uuid=00000000-0000-4000-8000-00000000000a
vfs 2
nvvgpu create --type L40-1Q --vf "$(vf 0)" --uuid $uuid >/dev/null 2>&1
state() {
    nvvgpu show $uuid --json | sed -n 's/.*"state": *"\([a-z]*\)".*/\1/p' | head -n 1
}

for signal in KILL SEGV TERM; do
    vfio-hold "$(vf 0)" /tmp/held &
    holder=$!
    eventually "open" 10 test -e /tmp/held
    is "running" running "$(state)"
    kill -$signal $holder
    wait $holder 2>/dev/null
    rm -f /tmp/held
    is "assigned again after SIG$signal" assigned "$(state)"
done
check "destroyed" nvvgpu destroy $uuid
vfs 0
