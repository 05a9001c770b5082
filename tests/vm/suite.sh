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
	cases=(board contract frameworks vfio-device sriov sysfs rights kill crash ioctl-fuzz boards
		removal cycles mdev mdev-devices events diagnose k8s modules doc)
	[ "$level$kernel" != all6.1 ] && [ "$level$kernel" != all6.12 ] ||
		cases+=(contract-vendor-vfio contract-mdev contract-mdev-vf)
	# what differs between kernels
	if [ "$kernel" != 6.1 ] && [ "$kernel" != 6.12 ]; then
		cases=(board contract frameworks vfio-device sriov sysfs rights kill crash boards removal
			mdev mdev-devices events modules)
	fi
	# all its checks make that kernel ten times slower
	if [ "$kernel" = debug ]; then
		level=normal
		cases=(board frameworks vfio-device iommufd sriov sysfs rights kill crash ioctl-fuzz boards
			removal mdev mdev-devices modules)
	fi
fi
said=$(mktemp)
trap 'rm -f "$said"' EXIT
status=0
"$here/vm" --kernel "$kernel" --timeout 3000 -- env LEVEL="$level" \
	"$here/cases/run.sh" "${cases[@]}" | tee "$said" || status=$?
# what went wrong, for those who show no more of a test than its errors
[ $status -eq 0 ] || grep '^not ok\|^#' "$said" >&2
exit $status
