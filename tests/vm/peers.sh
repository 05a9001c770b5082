#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs of a distribution, unmodified, on our modules: lspci, udev, mdevctl, libvirt, QEMU with
# a guest, and that QEMU under the hypervisor manager of examples/vmm on boards of each framework.
# TAP; skipped when the packages cannot be had.  With them, what vmm needs is all there (WHOLE).
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
packages=(busybox-static cpio kmod libvirt-clients libvirt-daemon-driver-nodedev
	linux-image-cloud-amd64 mdevctl pciutils qemu-system-x86 udev)

root=$("$here/root.sh" trixie "${packages[@]}") || {
	echo "1..0 # SKIP no root file system with ${packages[*]}"
	exit 0
}
exec "$here/vm" --kernel "${1:-6.12}" --root "$root" --timeout 3000 -- \
	env WHOLE=yes "$here/cases/run.sh" lspci udev peers-mdev qemu vmm
