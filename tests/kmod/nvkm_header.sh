#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds kmod/core/nvkm.c and rfc_compat.c against a header of the published shape, for every
# kernel of which there are headers, without warnings.  TAP; 77 without headers or tools.
#
# NVVGPU_TEST_KERNELS: build directories of kernels, instead of those that are installed
set -u -o pipefail
TOP=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/kmod/rfc.sh
. "$TOP/tests/kmod/rfc.sh"

# the stock kernels that the VMs boot
kernels() {
	local series directory
	if [ -n "${NVVGPU_TEST_KERNELS:-}" ]; then
		tr ' ' '\n' <<<"$NVVGPU_TEST_KERNELS"
		return
	fi
	for series in 6.1 6.12; do
		directory=$("$TOP/tests/vm/kernels.sh" "$series") && echo "$directory/headers"
	done
}

count=0 failed=0

# report NAME STATUS FILE
report() {
	count=$((count + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $count - $1"
	else
		failed=$((failed + 1))
		echo "not ok $count - $1"
		sed 's/^/# /' "$3" | grep -i -A 3 'error\|warning' | head -n 30
	fi
}

# build KERNEL TREE LOG [VARIABLE]...: no failure, no warning
build() {
	local kernel=$1 tree=$2 log=$3
	shift 3
	nice make -j "$(nproc)" -C "$kernel" "M=$tree/kmod" CONFIG_DEBUG_INFO_BTF_MODULES= W=1 "$@" modules \
		>"$log" 2>&1 </dev/null && ! grep -qi 'warning' "$log"
}

# exports MODULE SYMBOL, needs MODULE SYMBOL
exports() {
	nm "$1" | grep " __ksymtab_$2\$" >/dev/null
}

needs() {
	nm -u "$1" | grep " $2\$" >/dev/null
}

# test_kernel DIRECTORY
test_kernel() {
	local name tree=$work/tree log=$work/log getter=nvkm_vgpu_mgr_get_vfio_ops
	name=$(cat "$1/../release" 2>/dev/null || echo "$1")
	rm -rf "$tree"
	make_tree "$tree" || return
	# shellcheck disable=SC2016 # a function of make
	echo 'obj-m := $(filter nvvgpu_core% nvvgpu_rfc% rfc_%,$(obj-m))' >>"$tree/kmod/Kbuild"

	build "$1" "$tree" "$log" "RFC_HEADER=$header/drm/nvkm_vgpu_mgr_vfio.h"
	report "$name: our own declarations have the header's layout" $? "$log"
	[ ! -f "$tree/kmod/nvvgpu_core_nvkm.ko" ]
	report "$name: no nvkm.c where there is no header" $? "$log"

	build "$1" "$tree" "$log" "NVVGPU_RFC_INCLUDE=$header"
	report "$name: nvkm.c and rfc_compat.c with the header" $? "$log"
	needs "$tree/kmod/nvvgpu_core_nvkm.ko" $getter
	report "$name: nvkm.c uses the getter" $? "$log"
	exports "$tree/kmod/nvvgpu_rfc_compat.ko" $getter
	report "$name: rfc_compat.c offers it" $? "$log"
	! modinfo -F alias "$tree/kmod/nvvgpu_rfc_compat.ko" "$tree/kmod/nvvgpu_core_nvkm.ko" |
		grep -q .
	report "$name: nothing loads them by itself" $? "$log"
}

mapfile -t list < <(kernels)
[ ${#list[@]} -eq 2 ] || [ -n "${NVVGPU_TEST_KERNELS:-}" ] || {
	echo "1..0 # SKIP the kernels 6.1 and 6.12 cannot be had"
	exit 0
}
work=$(mktemp -d "${TMPDIR:-/tmp}/nvvgpu-kmod.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
header=$work/header
write_header "$header"
for kernel in "${list[@]}"; do
	test_kernel "$kernel"
done
echo "1..$count"
[ "$failed" -eq 0 ]
