#!/bin/sh
# SPDX-License-Identifier: MIT
# A VMM that is killed leaves a vGPU that can be opened again or destroyed, as it was.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

uuid=00000000-0000-4000-8000-00000000000a
vfs 2
nvvgpu create --type L40-1Q --vf "$(vf 0)" --uuid $uuid >/dev/null 2>&1
for signal in KILL SEGV TERM; do
    hold "$(vf 0)"
    is "running" running "$(state_of $uuid)"
    let_go $signal
    is "assigned again after SIG$signal" assigned "$(state_of $uuid)"
done
check "destroyed" nvvgpu destroy $uuid
vfs 0

done_testing
