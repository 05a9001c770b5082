#!/bin/sh
# SPDX-License-Identifier: MIT
# In the virtual machine, with one emulated L40: the board under the first RFC's interface, with a
# client that plays its manager, and then our own manager over it by way of nvkm.c.
ME=rfc
. "$(dirname "$0")/../vm/cases/lib.sh"

AUX=/sys/bus/auxiliary/drivers

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
is "and takes nothing" "" "$(ls $AUX/nvvgpu_rfc_compat.rfc_compat | grep '\.mgr\.')"
check "the board moves over" bind "$PF" nvkm
is "its auxiliary device, too" 1 "$(ls $AUX/nvvgpu_rfc_compat.rfc_compat | grep -c '^nvvgpu_core\.mgr\.')"

vfs 2
mark
check "the client runs" modprobe rfc_client
log_results
check "and leaves" modprobe -r rfc_client

mark
check "with vGPUs that stay booted" modprobe rfc_client keep=1
refused "their number stays while they are" busy vfs 0
check "the client leaves" modprobe -r rfc_client
vfs 0
is "then they can go" 0 "$(find "$DEVICE/" -name 'virtfn*' | wc -l)"

# our manager, variant driver and command over nvkm.c over all that
check "nvkm.c attaches" modprobe nvvgpu_core_nvkm
is "and offers the board" 1 "$(ls /sys/bus/auxiliary/devices | grep -c '^nvvgpu_core_nvkm\.mgr\.')"
if [ -d $AUX/nvvgpu_mgr.nvvgpu_mgr ] && ls $AUX/nvvgpu_mgr.nvvgpu_mgr | grep -q nvkm; then
    ok "the manager takes it"
else
    not_ok "the manager takes it" "$(ls -R $AUX | tr '\n' ' ')"
fi
nvvgpu gpus --json >/tmp/gpus 2>&1
check "the board's name through nvkm's controls" grep -q '"name": *"NVIDIA L40"' /tmp/gpus

vfs 2
check "VFs come" test -e "$DEVICE/virtfn1"
eventually "the manager knows of them" 5 sh -c "nvvgpu types --creatable | grep -q ."
check "a vGPU" nvvgpu create --type L40-1B
is "is there" 1 "$(nvvgpu vgpus --json | grep -c '"uuid"')"
cat /tmp/out | sed 's/^/# /'
