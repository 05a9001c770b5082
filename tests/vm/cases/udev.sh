#!/bin/sh
# SPDX-License-Identifier: MIT
# The shipped rule gives the node to a group.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v udevadm >/dev/null; then
    skip "no udev here"
fi
groupadd -f -r nvvgpu
mkdir -p /etc/udev/rules.d
cp "$(dirname "$0")/../../../kmod/udev/60-nvvgpu.rules" /etc/udev/rules.d/
daemon=/usr/lib/systemd/systemd-udevd
[ -x $daemon ] || daemon=/lib/systemd/systemd-udevd
$daemon --daemon >/dev/null 2>&1
udevadm trigger --subsystem-match=nvvgpu --action=add
udevadm settle
is "group and mode of the node" "nvvgpu 660" "$(stat -c '%G %a' "/dev/nvvgpu/$PF")"
udevadm monitor --kernel --property --subsystem-match=nvvgpu >/tmp/monitor 2>&1 &
monitor=$!
eventually "somebody listens" 30 has_open $monitor socket
vfs 1
check "a vGPU" nvvgpu create --type L40-1Q --uuid 00000000-0000-4000-8000-0000000000aa
eventually "udev's own monitor hears of it" 5 grep -q NVVGPU_UUID=00000000-0000-4000-8000-0000000000aa /tmp/monitor
kill $monitor
check "destroyed" nvvgpu destroy 00000000-0000-4000-8000-0000000000aa
vfs 0
udevadm control --exit

done_testing
