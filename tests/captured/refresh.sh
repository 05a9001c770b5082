#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: tests/captured/refresh.sh [KERNEL]
# Makes the captures of this folder anew, on emulated boards in a VM.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC2016 # for the shell in the VM
"$here/../vm/vm" --kernel "${1:-6.12}" -- env CAPTURES=/tmp/captures sh -c \
    'mkdir $CAPTURES && tests/vm/cases/diagnose.sh >&2 && tar -C $CAPTURES -c . | base64' |
    base64 -d | tar -C "$here" -x
