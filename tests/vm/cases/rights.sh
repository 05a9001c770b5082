#!/bin/sh
# SPDX-License-Identifier: MIT
# Who may do what: the group reads, changes need a descriptor opened for writing or
# CAP_SYS_ADMIN.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

node=/dev/nvvgpu/$PF
as_user() {
    su nobody -s /bin/sh -c "$*"
}

is "mode of the node" 660 "$(stat -c %a "$node")"
vfs 1
refused "nobody sees nothing" "permission\|denied" as_user "NVVGPU_HOST=host: nvvgpu types $PF"
chgrp nogroup "$node"
chmod 640 "$node"
check "a reader lists types" as_user "nvvgpu types $PF"
refused "and creates nothing" "permission\|denied" as_user "nvvgpu create --gpu $PF --type L40-1Q"
chmod 660 "$node"
check "a writer creates" as_user "nvvgpu create --gpu $PF --type L40-1Q --uuid 00000000-0000-4000-8000-00000000000c"
refused "and opens no device that is not his" "permission\|denied" as_user "nvvgpu save 00000000-0000-4000-8000-00000000000c -o /tmp/x"
check "and destroys" as_user "nvvgpu destroy 00000000-0000-4000-8000-00000000000c"

# the driver's own check, on descriptors that are there
chmod 640 "$node"
check "every change on a reader's descriptor is refused" as_user "ioctl-rights $node read refused"
chmod 660 "$node"
check "and let through on a writer's" as_user "ioctl-rights $node write allowed"
check "root may change on a reader's" ioctl-rights "$node" read allowed
exec 9<"$node"
check "a descriptor got from root has root's rights no more" as_user "ioctl-rights /dev/fd/9 inherited refused"
exec 9<&-
is "nothing is left of it" 0 "$(vgpu_count "$PF")"
chgrp root "$node"
vfs 0

done_testing
