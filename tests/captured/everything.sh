#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: everything.sh HOST GPU UUID
# What a host says of itself, of a GPU and of a vGPU, as JSON.
host=$1 gpu=$2 uuid=$3
for words in gpus vgpus "types $gpu" "show $gpu" "show $uuid" "xml $uuid" "qemu-args $uuid" \
    "sriov $gpu" "mode $gpu"; do
    echo "== $words"
    # shellcheck disable=SC2086 # several words
    "${NVVGPU:-nvvgpu}" --host "$host" --json $words 2>&1
done
