#!/bin/sh
# SPDX-License-Identifier: MIT
# The plugin task of an open vGPU crashes: who listens is told, who has it open is told by its
# failing, and a reset or a new open brings it back.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

emu=/sys/kernel/debug/nvvgpu_emu/$PF
uuid=00000000-0000-4000-8000-0000000000cc
vfs 2
check "a vGPU on the second function" nvvgpu create --type L40-1Q --vf "$(vf 1)" --uuid $uuid
refused "nothing runs that could crash" "no such device" put 2 "$emu/crash"
hold "$(vf 1)"
is "running" running "$(state_of $uuid)"
nvvgpu events --json >/tmp/events 2>/dev/null &
events=$!
eventually "somebody listens" 30 has_open $events /dev/nvvgpu/
check "its task crashes" put 2 "$emu/crash"
eventually "the listener is told" 30 grep -q crashed /tmp/events
is "failed" failed "$(state_of $uuid)"
refused "and stays, as it is open" "in-use" nvvgpu destroy $uuid
kill $events
wait $events 2>/dev/null
let_go TERM
is "closed" assigned "$(state_of $uuid)"
hold "$(vf 1)"
is "a new open starts a new task" running "$(state_of $uuid)"
let_go TERM
check "destroyed" nvvgpu destroy $uuid
is "no task is left" "plugins: 0" "$(grep plugins "$emu/totals")"
vfs 0

done_testing
