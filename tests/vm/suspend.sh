#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: suspend.sh KERNEL
# The machine sleeps and wakes: vGPUs and their contents are there again; with one open it stays
# awake.  TAP.  The kernel's own test mode stops at stages of the way down.
#
# The VM's way to its host does not survive this (virtio-9p cannot be suspended): what the case
# needs is copied to memory before, and it speaks through the kernel log.
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
log=$(mktemp)
said=$(mktemp)
trap 'rm -f "$log" "$said"' EXIT

"$here/vm" --kernel "$1" --timeout 300 --log "$log" -- \
	"$here/cases/run-suspend.sh" >"$said" 2>&1
if ! grep -q 'TAP: 1\.\.' "$log" || grep -q 'the kernel log has' "$said"; then
	echo "1..1"
	echo "not ok 1 - suspend: did not end well"
	tail -n 20 "$said" | sed 's/^/# /'
	exit 1
fi
tr -d '\r' <"$log" | sed -n 's/.*TAP: //p'
! grep -q 'TAP: not ok' "$log"
