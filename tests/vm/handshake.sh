#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: handshake.sh KERNEL...
# nvvgpu_mdev built for another version of the table than the manager's: it is not loaded, the
# kernel log has both versions, and a board that needs it is refused.  TAP.
# shellcheck source=tests/vm/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/vm/modules.sh
. "$VM/modules.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/nvvgpu-handshake.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
count=0 failed=0
version=$(sed -n 's/^#define NVVGPU_MDEV_OPS_VERSION[[:space:]]*"\(.*\)"$/\1/p' \
	"$TOP/kmod/mgr/linux/mdev_ops.h")
other="nvvgpu-mdev other"

# result WHAT GOOD
result() {
	count=$((count + 1))
	if [ "$2" = yes ]; then
		echo "ok $count - handshake: $1"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $count - handshake: $1"
	sed 's/^/# /' "$work/said"
}

# said WHAT PATTERN: in what the VM said
said() {
	result "$1" "$(grep -q -- "$2" "$work/said" && echo yes)"
}

sources_into "$TOP/kmod" "$work/handshake" >/dev/null
sed -i "s/NVVGPU_MDEV_OPS_VERSION/\"$other\"/" "$work/handshake/mdev/linux/driver.c"
cat >"$work/look" <<'END'
modprobe nvvgpu_mdev && echo "loaded"
grep -q '^nvvgpu_mdev ' /proc/modules || echo "nvvgpu_mdev is not there"
mkdir /sys/kernel/config/nvvgpu_emu/board
echo t4 >/sys/kernel/config/nvvgpu_emu/board/board
echo 1 >/sys/kernel/config/nvvgpu_emu/board/live || echo "no T4"
rmdir /sys/kernel/config/nvvgpu_emu/board
dmesg | grep nvvgpu_mdev
END
for kernel in "$@"; do
	"$VM/vm" --kernel "$kernel" --kmod "$work/handshake" -- sh -c "$(cat "$work/look")" \
		>"$work/said" 2>&1
	said "$kernel: it is not loaded" "nvvgpu_mdev is not there"
	said "$kernel: the loader says why" "modprobe: ERROR.*Protocol not supported"
	said "$kernel: the log has both versions" "nvvgpu_mdev: .*\"$other\".*\"$version\""
	said "$kernel: a board that needs it is refused" "no T4"
done
echo "1..$count"
[ $failed -eq 0 ]
