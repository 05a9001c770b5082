#!/bin/sh
# SPDX-License-Identifier: MIT
# In the virtual machine, with one emulated L40: the board under the first RFC's interface, with a
# client that plays its manager, and then our own manager over it by way of nvkm.c.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/../vm/cases/lib.sh"

# devices PATTERN: how many there are
devices() {
    # shellcheck disable=SC2086 # a pattern
    set -- /sys/bus/auxiliary/$1
    [ -e "$1" ] && echo $# || echo 0
}

# log_results: what the client said since the mark, as TAP of ours
log_results() {
    dmesg | sed '1,/'"$mark"'/d' | sed -n 's/.*rfc_client: //p' >/tmp/client
    while read -r line; do
        case $line in
        "ok "*) ok "client: ${line#* - }" ;;
        "not ok "*) not_ok "client: ${line#* - }" ;;
        "#"*) echo "$line" ;;
        esac
    done </tmp/client
    check "the client came to its end" grep -q '^1\.\.' /tmp/client
}

mark() {
    mark="rfc_case $(cat /proc/sys/kernel/random/uuid)"
    echo "$mark" >/dev/kmsg
}

# our manager has the board, until the board is moved over
check "rfc_compat loads" modprobe nvvgpu_rfc_compat
is "and takes nothing" 0 "$(devices 'drivers/nvvgpu_rfc_compat*/*.mgr.*')"
check "the board moves over" bind_to "$PF" nvkm
is "its auxiliary device, too" 1 "$(devices 'drivers/nvvgpu_rfc_compat*/nvvgpu_core.mgr.*')"

vfs 2
mark
check "the client runs" modprobe rfc_client
log_results
check "and leaves" rmmod rfc_client

mark
check "with vGPUs that stay booted" modprobe rfc_client keep=1
refused "the number of VFs stays while they are" busy vfs 0
check "the client leaves" rmmod rfc_client
vfs 0
is "then they can go" 0 "$(find "$DEVICE/" -name 'virtfn*' | wc -l)"

# our manager, variant driver and command over nvkm.c over all that
check "nvkm.c attaches" modprobe nvvgpu_core_nvkm
is "and offers the board" 1 "$(devices 'devices/nvvgpu_core_nvkm.mgr.*')"
is "the manager takes it" 1 "$(devices 'drivers/nvvgpu_mgr*/nvvgpu_core_nvkm.mgr.*')"
nvvgpu gpus --json >/tmp/gpus 2>&1
check "the board's name through nvkm's controls" grep -q '"name": *"NVIDIA L40"' /tmp/gpus
vfs 2
refused "the client comes too late" "input/output" modprobe rfc_client
is "the variant driver has the VFs" nvvgpu_vfio "$(driver_of "$(vf 0)")"
check "a vGPU lives" nvkm-life "$PF"
is "and is gone" 0 "$(nvvgpu vgpus --json | grep -c '"uuid"')"
check "another stays" nvvgpu create --type TEST-128M

# and back, all at once
check "the board moves back" bind_to "$PF" nvvgpu_core
is "nothing of it is left" 0 "$(devices 'devices/nvvgpu_core_nvkm.mgr.*')"
check "the manager has it again" sh -c "nvvgpu types | grep -q L40-1B"
check "nvkm.c goes" rmmod nvvgpu_core_nvkm
check "rfc_compat goes" rmmod nvvgpu_rfc_compat
