# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The initramfs: busybox, bash, kmod, the libraries of our programs, and modules.  The programs
# themselves are read from the checkout.  Sourced after common.sh.

# libraries: shared libraries of this machine that the programs on standard input need, the loader
# too.  Those of the build directory are reached as the program reaches them here.
libraries() {
	xargs -r -d '\n' ldd 2>/dev/null |
		awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// && $2 ~ /^\(/ { print $1 }' |
		grep -vF -e "$BUILD/" | sort -u
}

# programs: what the build directory has, libraries too
programs() {
	[ ! -d "$BUILD" ] ||
		find "$BUILD" -path "$BUILD/vm" -prune -o -type f -perm -u+x -size +3k "$@" -print
}

# program_libraries: libraries of all programs of the build directory, asked for again when one
# is newer
program_libraries() {
	local list=$BUILD/vm/libraries
	if [ ! -e "$list" ] || [ -n "$(programs -newer "$list")" ]; then
		mkdir -p "$BUILD/vm"
		programs | libraries >"$list.$$"
		mv "$list.$$" "$list"
	fi
	cat "$list"
}

# make_base DIRECTORY: all but the modules.  /run/vm is what the VM needs wherever it looks:
# with --root it is the only part that stays in sight.
make_base() {
	local root=$1 own=$1/run/vm name
	mkdir -p "$own"/{bin,sbin,lib} "$root"/{lib,etc,root,proc,sys,dev,tmp,usr,var} || exit "$FAILED"
	install -m 755 "$VM/init" "$root/init"
	cp "$(command -v busybox)" "$own/busybox"
	# the real ones: busybox's shell would use its own modprobe, which knows no softdep
	cp -L "$(command -v bash)" "$own/bin/bash"
	ln -s bash "$own/bin/sh"
	cp -L "$(command -v kmod)" "$own/kmod"
	for name in modprobe insmod rmmod lsmod modinfo depmod; do
		ln -s ../kmod "$own/sbin/$name"
	done
	{
		printf '%s\n' "$own/bin/bash" "$own/kmod" | libraries
		program_libraries
	} | sort -u | xargs -d '\n' cp -Lt "$own/lib" 2>/dev/null
	for name in bin sbin usr/bin usr/sbin; do
		ln -s "/run/vm/${name#usr/}" "$root/$name"
	done
	# the loader's own places
	ln -s /run/vm/lib "$root/lib64"
	ln -s /run/vm/lib "$root/lib/x86_64-linux-gnu"
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'nobody:x:65534:65534:nobody:/:/bin/sh' \
		>"$root/etc/passwd"
	printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' >"$root/etc/group"
}

# archive DIRECTORY: as cpio, everything root's
archive() {
	(cd "$1" && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0)
}
