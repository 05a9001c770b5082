#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
usage() {
	cat <<'END'
usage: tests/vm/root.sh [--refresh] SUITE [PACKAGE]...

Prints a directory that holds a minimal Debian of SUITE (bookworm, trixie) with PACKAGEs, made
by mmdebstrap and kept in the cache, for

    tests/vm/vm --root "$(tests/vm/root.sh trixie pciutils kmod)" -- lspci

  --refresh   make it again, with the packages that the mirror has now

It needs root, or user namespaces (and then the package uidmap).  Do not change what is in it:
others use it too.
END
}

# shellcheck source=tests/vm/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/vm/apt.sh
. "$VM/apt.sh"
# shellcheck source=tests/vm/enter.sh
. "$VM/enter.sh"

# make_root SUITE DIRECTORY PACKAGE...
make_root() {
	local suite=$1 directory=$2 lines log
	shift 2
	[ ! -d "$directory" ] || return 0
	mkdir -p "$CACHE/roots"
	log=$directory.log
	lines=$(sources) || exit
	say "making a root of $suite with: ${*:-nothing more}"
	# documentation and translations are of no use there
	if ! grep -E "^deb .* $suite(-security)? " <<<"$lines" |
		mmdebstrap --quiet --format=tar --variant=minbase --include="$(IFS=, && echo "$*")" \
			--architectures=amd64 --dpkgopt='path-exclude=/usr/share/doc/*' \
			--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
			"$suite" - - 2>"$log" | untar "$directory.new"; then
		rm -rf "$directory.new"
		die "a root of $suite cannot be made" "$(grep '^E:' "$log" | head -n 10)" "all output: $log"
	fi
	mv "$directory.new" "$directory"
}

refresh=
if [ "${1-}" = --refresh ]; then
	refresh=yes
	shift
fi
case ${1-} in
-h | --help)
	usage
	exit 0
	;;
'' | -*)
	usage >&2
	exit "$FAILED"
	;;
esac
suite=$1
shift
mapfile -t packages < <(printf '%s\n' "$@" | sort -u | grep .)
directory=$CACHE/roots/$suite-$(printf '%s\n' ${packages[@]+"${packages[@]}"} | sha256sum | cut -c1-16)
if [ -n "$refresh" ] && [ -d "$directory" ]; then
	rm -rf "$directory"
fi
if [ ! -d "$directory" ]; then
	need_commands mmdebstrap apt-get tar flock
	locked "root-${directory##*/}" make_root "$suite" "$directory" ${packages[@]+"${packages[@]}"} || exit
fi
echo "$directory"
