# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Root file systems that are directories: unpacked, and entered for a build.  Sourced after
# common.sh.

# suite and packages of the root in which the debug kernel is built, and modules for kernels whose
# host programs need it (perl: kernel-doc, for W=1)
# shellcheck disable=SC2034 # of those who read this
BUILD_ROOT="trixie bc bison cpio flex gcc kmod libc6-dev libelf-dev libssl-dev make perl xz-utils zstd"

# unpacked_root DIR|TAR: a directory
unpacked_root() {
	local key directory
	[ -e "$1" ] || die "--root $1: no such file or directory" "next: tests/vm/root.sh makes one"
	if [ -d "$1" ]; then
		realpath "$1"
		return
	fi
	key=$(stat -L -c '%n %s %Y' "$(realpath "$1")" | sha256sum | cut -c1-16)
	directory=$CACHE/roots/tar-$key
	locked "root-$key" unpack_root "$1" "$directory" || exit
	echo "$directory"
}

# unpack_root TAR DIRECTORY
unpack_root() {
	[ ! -d "$2" ] || return 0
	say "unpacking $1"
	untar "$2.new" <"$1" || die "$1: cannot be unpacked"
	mv "$2.new" "$2"
}

# untar DIRECTORY: from standard input, compressed or not.  Device nodes are the kernel's matter.
untar() {
	rm -rf "$1"
	mkdir -p "$1" && cat >"$1.tar" &&
		tar -C "$1" --exclude='./dev/*' --exclude='dev/*' -xf "$1.tar"
	local status=$?
	rm -f "$1.tar"
	return $status
}

# in_root ROOT COMMAND...: as root of it, with the build directory and the cache where they are
# here
in_root() {
	local root=$1 user=()
	shift
	[ "$(id -u)" -eq 0 ] || user=(-U --map-root-user)
	mkdir -p "$root$BUILD/vm" "$root$CACHE" "$BUILD/vm" || exit "$FAILED"
	# shellcheck disable=SC2016 # for the shell inside
	unshare -m "${user[@]+"${user[@]}"}" sh -c '
		root=$1; shift
		for directory in "$BUILD/vm" "$CACHE" /dev /proc; do
			mount --rbind "$directory" "$root$directory" || exit
		done
		cd "$root" && exec chroot . env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ "$@"
	' sh "$root" "$@"
}
export BUILD CACHE
