#!/bin/sh
# SPDX-License-Identifier: MIT
# Random requests, as an ordinary user and as root.  LEVEL=all: many more.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

node=/dev/nvvgpu/$PF
requests=20000
[ "${LEVEL:-}" != all ] || requests=300000
vfs 8
everything() {
    nvvgpu vgpus --json && nvvgpu types "$PF" --json && nvvgpu show "$PF" --json && nvvgpu mode "$PF" --json
}
check "what there is" everything
cp /tmp/out /tmp/before

chgrp nogroup "$node"
chmod 640 "$node"
check "an ordinary user who may read" su nobody -s /bin/sh -c "ioctl-fuzz $node 1 $requests"
check "sees what there was" everything
cp /tmp/out /tmp/after
check "has changed nothing of it" diff /tmp/before /tmp/after
chgrp root "$node"
chmod 660 "$node"

for seed in 2 3 4; do
    check "root, seed $seed" ioctl-fuzz "$node" $seed "$requests"
done
check "the driver answers as ever" nvvgpu gpus
check "whatever was created can be destroyed" ioctl-fuzz "$node" destroy
nvvgpu mode "$PF" equal-size >/dev/null 2>&1
check "no functions" vfs 0

done_testing
