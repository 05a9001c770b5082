#!/bin/sh
# SPDX-License-Identifier: MIT
# The files that the vendor's driver has, events for udev, logs.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

vfs 2
function=$(vf 0)
nvidia=/sys/bus/pci/devices/$function/nvidia
is "its files" "creatable_vgpu_types current_vgpu_type gpu_instance_id placement_id vgpu_params warm_update" \
    "$(cd "$nvidia" && echo *)"
is "no type at first" 0 "$(cat "$nvidia/current_vgpu_type")"
is "header of the types" "ID    : vGPU Name" "$(head -n 1 "$nvidia/creatable_vgpu_types")"
is "a row" "869   : NVIDIA L40-1B" "$(sed -n 2p "$nvidia/creatable_vgpu_types")"

uevents() {
    cat /tmp/uevents
}
uevent-listen >/tmp/uevents &
listener=$!
eventually "somebody listens" 30 has_open $listener socket
check "created by a write" put 871 "$nvidia/current_vgpu_type"
is "its type" 871 "$(cat "$nvidia/current_vgpu_type")"
refused "a second on the same function" "not permitted" put 872 "$nvidia/current_vgpu_type"
refused "not a number" "invalid" put L40-1Q "$nvidia/current_vgpu_type"
refused "another size on another function" "invalid" put 874 "/sys/bus/pci/devices/$(vf 1)/nvidia/current_vgpu_type"
refused "a type of nobody" "no such device" put 65000 "/sys/bus/pci/devices/$(vf 1)/nvidia/current_vgpu_type"
is "the library sees it" 1 "$(nvvgpu vgpus --json | grep -c "\"$function\"")"
check "parameters" put "frame_rate_limiter=0" "$nvidia/vgpu_params"
is "read back" "frame_rate_limiter=0" "$(cat "$nvidia/vgpu_params")"
check "destroyed by a write" put 0 "$nvidia/current_vgpu_type"
refused "twice" "not permitted" put 0 "$nvidia/current_vgpu_type"
eventually "udev was told of the creation" 5 grep -q NVVGPU_EVENT=created /tmp/uevents
eventually "and of the end" 5 grep -q NVVGPU_EVENT=destroyed /tmp/uevents
check "with the function" grep -q "NVVGPU_VF=$function" /tmp/uevents
kill $listener

logs=/sys/kernel/debug/nvvgpu/$PF
check "logs are the administrator's" sh -c "test \"\$(stat -c %a $logs/$function-vgpu_task_log)\" = 400"
nvvgpu create --type L40-1Q --vf "$function" --uuid 00000000-0000-4000-8000-00000000000d >/dev/null 2>&1
hold "$function"
check "the task tells of its start" grep -q "vGPU type 871" "$logs/$function-init_task_log"
check "and of its messages" grep -q "message 1, type 1: status 0x0" "$logs/$function-vgpu_task_log"
let_go TERM
nvvgpu destroy 00000000-0000-4000-8000-00000000000d >/dev/null 2>&1
vfs 0

done_testing
