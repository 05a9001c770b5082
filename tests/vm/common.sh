# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the scripts of tests/vm share: places, messages, locks.

set -u -o pipefail

# where depmod, modinfo and chroot are is not in an ordinary user's
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

VM=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$VM/../.." && pwd)
CACHE=${NVVGPU_VM_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/nvvgpu-vm}
BUILD=${BUILD:-build}
case $BUILD in
/*) ;;
*) BUILD=$TOP/$BUILD ;;
esac

# what vm ends with when it is not COMMAND that failed
FAILED=125

say() {
	printf 'vm: %s\n' "$*" >&2
}

# die WHAT [NEXT]...: each argument is a line
die() {
	say "$1"
	shift
	[ $# -eq 0 ] || printf '  %s\n' "$@" >&2
	exit "$FAILED"
}

# need_commands NAME...: installs the packages of the group "vm" when one is missing, as root;
# otherwise says which they are
need_commands() {
	local name
	command -v "$@" >/dev/null && [ "$(command -v "$@" | wc -l)" -eq $# ] && return 0
	(
		# shellcheck source=tests/lib.sh
		. "$TOP/tests/lib.sh"
		need_packages vm
	) >&2 || exit "$FAILED"
	for name in "$@"; do
		command -v "$name" >/dev/null ||
			die "$name: command not found" "next: install the package that has it"
	done
}

# locked NAME COMMAND...: one at a time on this machine.  COMMAND may be a function; it runs in
# a subshell.
locked() {
	local lock=$CACHE/locks/$1
	shift
	mkdir -p "$CACHE/locks" || die "$CACHE: cannot write the cache" "next: set NVVGPU_VM_CACHE"
	(
		flock -w 3 9 || {
			say "waiting for another run (${lock##*/})"
			flock 9
		}
		"$@" 9>&-
	) 9>"$lock"
}
