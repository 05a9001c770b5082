#!/bin/sh
# SPDX-License-Identifier: MIT
# Random requests, as an ordinary user and as root.  LEVEL=all: many more.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

node=/dev/nvvgpu/$PF
requests=20000
[ "${LEVEL:-}" != all ] || requests=300000
nvvgpu vgpus --json >/tmp/before
vfs 8

chgrp nogroup "$node"
chmod 640 "$node"
check "an ordinary user who may read" su nobody -s /bin/sh -c "ioctl-fuzz $node 1 $requests"
nvvgpu vgpus --json >/tmp/after
check "has changed nothing" cmp /tmp/before /tmp/after
check "not even a counter of creates" sh -c "nvvgpu gpus --json | grep -q '\"vgpus\": *0'"
chgrp root "$node"
chmod 660 "$node"

for seed in 2 3 4; do
    check "root, seed $seed" ioctl-fuzz "$node" $seed "$requests"
done
check "the driver answers as ever" nvvgpu gpus
check "whatever was created can be destroyed" ioctl-fuzz "$node" destroy
nvvgpu mode "$PF" equal-size >/dev/null 2>&1
check "no functions" vfs 0
