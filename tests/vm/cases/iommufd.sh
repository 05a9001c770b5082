#!/bin/sh
# SPDX-License-Identifier: MIT
# The VFIO device by way of its own node and an iommufd, instead of a group and a container.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

if [ ! -e /dev/iommu ] || ! grep -q vfio_device_fops_cdev_open /proc/kallsyms; then
    skip "this kernel has no VFIO device nodes"
fi
exec vfio-device --iommufd yes info regions interrupt dma dma_refused two_dma reset flr reopen \
    migration migration_close
