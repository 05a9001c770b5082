#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: clean.sh KERNEL...
# The modules, all of them anew, for each kernel: no warning of the compiler at W=1, none of
# sparse, and no alias by which a kernel would load them for somebody's card.  TAP.
# shellcheck source=tests/vm/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/vm/modules.sh
. "$VM/modules.sh"

need_commands make sparse modinfo
work=$(mktemp -d "${TMPDIR:-/tmp}/nvvgpu-clean.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
count=0 failed=0

# result WHAT TEXT: good when there is no text
result() {
	count=$((count + 1))
	if [ -z "$2" ]; then
		echo "ok $count - clean: $1"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $count - clean: $1"
	printf '%s\n' "$2" | sed 's/^/# /'
	printf '%s: %s\n' "$1" "$2" >&2
}

# build KERNEL ARGUMENT...
build() {
	local headers=$1/headers
	shift
	make -j "$(nproc)" -C "$work/kmod" "KDIR=$headers" CONFIG_DEBUG_INFO_BTF_MODULES= "$@" modules
}

aliases() {
	modinfo -F alias "$work"/kmod/*.ko | grep -v '^auxiliary:'
}

for name in "$@"; do
	kernel=$("$VM/kernels.sh" "$name") || exit
	rm -rf "$work/kmod" "$work/include"
	sources_into "$TOP/kmod" "$work/kmod" >/dev/null
	sources_into "$TOP/include/uapi" "$work/include/uapi" >/dev/null
	build "$kernel" W=1 C=1 CHECK=sparse >"$work/log" 2>&1 ||
		die "modules do not build for $name" "$(tail -n 15 "$work/log")"
	result "$name, W=1 and sparse" "$(grep -A 3 -E ': (warning|error):|WARNING: modpost' "$work/log" |
		grep -v 'was built by: gcc\|You are using: ' | head -n 40)"
	result "$name, sparse has seen each file" "$(grep -q '^ *CHECK .*core/linux/pci.c' "$work/log" || echo "it has not")"
	result "$name, no alias for a card" "$(aliases)"
done
echo "1..$count"
[ $failed -eq 0 ]
