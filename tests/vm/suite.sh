#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: suite.sh KERNEL [CASE]...
# The cases, in one boot of that kernel: TAP.  TEST_LEVEL=all makes the long ones longer.
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
kernel=$1
shift
level=${TEST_LEVEL:-normal}
cases=("$@")
if [ ${#cases[@]} -eq 0 ]; then
	cases=(board contract vfio-device sriov sysfs rights kill ioctl-fuzz boards removal cycles
		mdev modules doc)
	# all its checks make that kernel ten times slower
	if [ "$kernel" = debug ]; then
		level=normal
		cases=(board vfio-device sriov sysfs kill boards removal fail-nth mdev modules)
	fi
fi
exec "$here/vm" --kernel "$kernel" --timeout 3000 -- env LEVEL="$level" \
	"$here/cases/run.sh" "${cases[@]}"
