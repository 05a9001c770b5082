#!/bin/sh
# SPDX-License-Identifier: MIT
# The device plugin for Kubernetes on a board of each framework, with the kubelet's own device
# manager: the nodes that it hands out open.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

tests=$BUILD/tests/k8s/k8s-tests
if [ ! -x "$tests" ]; then
    skip "the build directory has no programs for Kubernetes"
fi
export DEVICE_PLUGIN="$BUILD/examples/k8s/k8s-device-plugin"
board=$(board_directory)
loaded=$(grep -c '^nvvgpu_mdev ' /proc/modules)

choose() {	# choose FRAMEWORK: the board is plugged in with it
    put 0 "$board/live" && put "$1" "$board/framework" && put 1 "$board/live"
}

for framework in nvvgpu vendor-vfio mdev; do
    [ $framework != mdev ] || modprobe -qn nvvgpu_mdev || continue
    check "$framework: a board" choose $framework
    check "$framework: functions" vfs 4
    check "$framework: pods" \
        env MACHINE=$framework "$tests" -test.run '^TestMachine$' -test.timeout 280s
    is "$framework: nothing is left" 0 "$(vgpu_count "$PF")"
    eventually "$framework: no functions" 10 vfs 0
done

check "as at first" choose nvvgpu
[ "$loaded" = 1 ] || ! grep -q '^nvvgpu_mdev ' /proc/modules || rmmod nvvgpu_mdev
done_testing
