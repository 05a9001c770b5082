#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
usage() {
	cat <<'END'
usage: tests/vm/kernels.sh [--refresh] SERIES

Prints a directory that holds the newest Debian kernel of SERIES (6.1, 6.12, 7.2, ...) that
apt offered when it was asked first, unpacked and not installed:

    release     its name, as uname -r says
    image       what QEMU boots
    modules     all of lib/modules/RELEASE
    headers     what "make -C" takes to build a module
    root        packages of the root that a module has to be built in; missing when this
                machine's compiler will do

  --refresh   ask apt again, and take a newer kernel

Everything is kept in NVVGPU_VM_CACHE (default: nvvgpu-vm in XDG_CACHE_HOME or ~/.cache).
END
}

# shellcheck source=tests/vm/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/vm/apt.sh
. "$VM/apt.sh"
# shellcheck source=tests/vm/enter.sh
. "$VM/enter.sh"

# suffix_of SERIES: what follows the version in the names of the kernels we take.  A kernel for
# Debian 13 has host programs and a compiler of Debian 13.
suffix_of() {
	case $1 in
	6.1) echo '-[0-9]+' ;;
	6.12) echo '[+](deb12|bpo)[^-]*' ;;
	*) echo '[+]deb1[3-9][^-]*' ;;
	esac
}

# newest SERIES: RELEASE
newest() {
	local series=${1//./[.]}
	package_names "^linux-image-${series}[.][0-9.]+$(suffix_of "$1")-amd64\$" |
		sed 's/^linux-image-//' | sort -V | tail -n 1
}

# packages RELEASE: the image and headers, and the parts that make them; from 7.0 on the image is
# an empty package that needs linux-base-, linux-binary- and linux-modules-RELEASE
packages() {
	local release=$1 name
	for name in "linux-image-$release" "linux-headers-$release"; do
		echo "$name"
		package_depends "$name" | grep -e "^linux-.*-${release//./[.]}\$" \
			-e '^linux-headers-.*-common$' -e '^linux-kbuild-'
	done | sort -u
}

# uncompressed BZIMAGE: the kernel in it, as ELF, which QEMU boots too.  Unpacking it takes this
# machine a moment and an emulated one seconds.  Where it lies is in the header (boot.rst).
uncompressed() {
	local sectors offset length start
	read -r sectors < <(od -An -tu1 -j $((0x1f1)) -N 1 "$1")
	read -r offset length < <(od -An -tu4 -j $((0x248)) -N 8 "$1")
	start=$(((sectors + 1) * 512 + offset))
	# four bytes behind it are the size
	{ tail -c "+$((start + 1))" "$1" || :; } | head -c "$((length - 4))" |
		case $(od -An -tx1 -j "$start" -N 2 "$1") in
		*fd*37) xz -dc ;;
		*28*b5) zstd -qdc ;;
		*) false ;;
		esac
}

# arrange DIRECTORY RELEASE FINAL: the names of usage(), in what the packages hold.  The headers
# are Debian's two directories and linux-kbuild; their one absolute path is an include.
arrange() {
	local directory=$1 release=$2 final=$3 image
	cd "$directory" || return 1
	[ -e lib ] || ln -s usr/lib lib
	for image in "boot/vmlinuz-$release" "lib/modules/$release/vmlinuz"; do
		[ -f "$image" ] || continue
		uncompressed "$image" >elf 2>/dev/null || ln -sf "$image" elf
		mv elf image
	done
	ln -s "lib/modules/$release" modules
	ln -s "usr/src/linux-headers-$release" headers
	sed -i "s|/usr/src/linux-headers|$final&|" headers/Makefile &&
		[ -f image ] && [ -d modules/kernel ] || return 1
	rm -f modules/build modules/source
	case $release in
	*+deb13*) echo "$BUILD_ROOT" >root ;;
	esac
	depmod -b "$directory" "$release" && echo "$release" >release
}

# get SERIES [--refresh]
get() {
	local series=$1 release final work names
	if [ "${2-}" = "" ] && [ -f "$CACHE/kernels/$series/release" ]; then
		return 0
	fi
	locked apt apt_prepare "${2-}" || exit
	release=$(newest "$series")
	[ -n "$release" ] || die "Linux $series: no such kernel among the packages of $(tr '\n' ' ' <<<"$ARCHIVE_SUITES")" \
		"offered are: $(package_names '^linux-image-[0-9.]+[+-][^-]*-amd64$' |
			sed -E 's/^linux-image-([0-9]+\.[0-9]+)\..*/\1/' | sort -Vu | tr '\n' ' ')" \
		"next: choose one of these, or look at $APT/update.log"
	final=$CACHE/kernels/$release
	if [ ! -d "$final" ]; then
		work=$final.new
		rm -rf "$work"
		mapfile -t names < <(packages "$release")
		package_unpack "$work" "${names[@]}" ||
			die "Linux $release: cannot be downloaded" \
				"next: tests/vm/kernels.sh --refresh $series"
		(arrange "$work" "$release" "$final") ||
			die "Linux $release: its packages do not hold what is expected (see $work)"
		mv "$work" "$final" || exit "$FAILED"
	fi
	ln -sfn "$release" "$CACHE/kernels/$series.new" &&
		mv -T "$CACHE/kernels/$series.new" "$CACHE/kernels/$series"
}

refresh=
case ${1-} in
--refresh)
	refresh=$1
	shift
	;;
esac
case ${1-} in
-h | --help)
	usage
	exit 0
	;;
[0-9]*.*[0-9]) [ $# -eq 1 ] || { usage >&2; exit "$FAILED"; } ;;
*)
	usage >&2
	exit "$FAILED"
	;;
esac
if [ -n "$refresh" ] || [ ! -f "$CACHE/kernels/$1/release" ]; then
	need_commands apt-get dpkg-deb depmod flock xz zstd
	locked kernels get "$1" "$refresh" || exit
fi
readlink -f "$CACHE/kernels/$1"
