#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
usage() {
	cat <<'END'
usage: tests/vm/selftest.sh [--root] [KERNEL]...

Proves what tests/vm/vm promises, on each KERNEL (default 6.1): output and exit code are the
command's, every kind of kernel trouble makes it fail; on "debug", which is slow, only what no
other has: lockdep, KASAN, kmemleak.  --root: only that a root of a distribution works, which is
made at first (a minute).  Prints TAP.
END
}

# shellcheck source=tests/vm/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/vm/enter.sh
. "$VM/enter.sh"

count=0 failed=0 status=0 kernel=6.1
work=$(mktemp -d "${TMPDIR:-/tmp}/nvvgpu-vm-selftest.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

# vm ARGUMENT...: with our own modules; $work/out, $work/err, and the exit code in $status
vm() {
	status=0
	"$VM/vm" --kernel "$kernel" --timeout 900 --kmod "$VM/selftest-kmod" --modules "" "$@" \
		>"$work/out" 2>"$work/err" || status=$?
}

# check WHAT CONDITION...
check() {
	local what="vm self test, $kernel: $1"
	shift
	count=$((count + 1))
	if "$@"; then
		echo "ok $count - $what"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $count - $what"
	echo "# exit code $status; standard error ends with:"
	tail -n 30 "$work/err" | sed 's/^/# /'
}

# ended STATUS [TEXT]: with this exit code, and TEXT in what vm said
ended() {
	[ "$status" -eq "$1" ] && { [ $# -eq 1 ] || grep -q -e "$2" "$work/err"; }
}

# gave FILE: this output, to the byte, and success
gave() {
	[ "$status" -eq 0 ] && cmp -s "$1" "$work/out"
}

# says FILE TEXT: in these lines
says() {
	[ "$(cat "$work/$1")" = "$2" ]
}

# printed TEXT: and success
printed() {
	[ "$status" -eq 0 ] && says out "$1"
}

# bytes: each, line ends of all kinds, and no newline last
bytes() {
	local i=0
	while [ $i -lt 256 ]; do
		# shellcheck disable=SC2059 # an escape that is made here
		printf "\\$(printf %03o $i)"
		i=$((i + 1))
	done
	printf '\r\n\n\r\0end'
}

test_output() {
	vm -- bash -c "$(declare -f bytes); bytes; echo aside >&2"
	bytes >"$work/wanted"
	check "output is byte clean" gave "$work/wanted"
	check "standard error is apart" says err aside
	vm -- sh -c 'head -c 3000000 /dev/zero; echo b >/dev/stderr; echo e >/dev/stdout; cat'
	head -c 3000000 /dev/zero | cat - <(echo e) >"$work/wanted"
	check "three megabytes, /dev/stdout opened again, nothing from standard input" \
		gave "$work/wanted"
	check "/dev/stderr opened again" says err b
}

test_status() {
	vm -- sh -c 'exit 7'
	check "the exit code comes back" ended 7
	vm -- sh -c 'sleep 1000 & kill -9 $$'
	check "killed by a signal, with a process left behind" ended 137
	vm -- no-such-command
	check "a command that is not there" ended 127 'no-such-command: not found'
	vm --append "rdinit=/nothing root=none" -- true
	check "a kernel that starts nothing is booted three times" \
		test "$(grep -c 'once more' "$work/err")/$status" = "2/125"
	vm --timeout 25 -- sleep 1000
	check "a timeout" ended 124 'kernel log ends with'
	vm --modules no-such-module -- true
	check "a module that is not there" ended 125 'modprobe no-such-module'
}

test_surroundings() {
	# shellcheck disable=SC2016 # for the shell there
	vm -- bash -c 'set -e
		pwd
		! touch x 2>/dev/null
		echo >/tmp/x
		echo a | cat /dev/stdin
		cat <(echo b)
		cd /sys/kernel
		for directory in debug config tracing; do
			grep -o " /sys/kernel/$directory " /proc/mounts
		done
		ping -c 1 127.0.0.1 >/dev/null'
	check "checkout, /tmp, /dev, file systems of the kernel" printed "$TOP
a
b
 /sys/kernel/debug 
 /sys/kernel/config 
 /sys/kernel/tracing "
	# shellcheck disable=SC2016 # for awk there
	vm --append one=two --memory 3000 -- sh -c 'grep -o one=two /proc/cmdline
		awk "/^MemTotal/ { print (\$2 > 2200000) }" /proc/meminfo
		grep -c "50000000-6fffffff : Reserved" /proc/iomem'
	check "command line, memory, and the hole for the boards" printed "one=two
1
1"
	"$VM/vm" --kernel "$kernel" --modules "" -- echo one >"$work/first" 2>/dev/null &
	vm --log "$work/log" -- echo two
	wait
	check "two at a time: one" says first one
	check "two at a time: two" printed two
	check "the log" grep -q '^\[.*Linux version' "$work/log"
}

# notices WHAT TEXT COMMAND: fails for it
notices() {
	vm --modules vm_selftest -- sh -c "$3"
	check "notices $1" ended 125 "$2"
}

provoke() {
	notices "$2" "$3" "echo $1 >/sys/module/vm_selftest/parameters/provoke${4+; $4}"
}

test_trouble() {
	vm --modules vm_selftest -- sh -c 'lsmod | grep -c vm_selftest; modprobe -r vm_selftest'
	check "our module is built, loaded and unloaded" printed 1
	notices "a line in the log" 'WARNING: CPU: 0 PID: 1 at made up' \
		'echo "WARNING: CPU: 0 PID: 1 at made up" >/dev/kmsg; exit 7'
	check "and tells the command's exit code" ended 125 'ended with 7'
	notices "a taint without a line" tainted 'echo 512 >/proc/sys/kernel/tainted'
	provoke warn "a warning" 'WARNING: '
	provoke oops "an oops" 'Oops'
	provoke panic "a panic" 'Kernel panic'
}

test_debug() {
	provoke deadlock "locks in both orders (lockdep)" 'possible circular'
	provoke overflow "a write behind an allocation (KASAN)" 'KASAN: slab-out-of-bounds'
	provoke leak "a leak (kmemleak)" 'unreferenced object'
	provoke atomic "sleeping with a spinlock held" 'sleeping function called'
	notices "lockdep that is off" 'debug_locks is 0' \
		'echo overflow >/sys/module/vm_selftest/parameters/provoke'
}

test_root() {
	local root
	root=$("$VM/root.sh" trixie kmod pciutils) || exit
	vm --root "$root" --modules vm_selftest -- sh -c '
		grep -o VERSION_CODENAME=.* /etc/os-release
		lspci -n | grep -c . >/etc/count && [ -s /etc/count ]
		modprobe vfio-pci && modprobe -r vm_selftest && pwd && exit 7'
	check "a root of a distribution" says out "VERSION_CODENAME=trixie
$TOP"
	check "the exit code from there" ended 7
	check "the root is not written to" [ ! -e "$root/etc/count" ]
	tar -C "$root" -czf "$work/root.tar.gz" ./etc ./bin
	check "an archive of a root is unpacked" [ -e "$(CACHE=$work/cache unpacked_root \
		"$work/root.tar.gz")/etc/debian_version" ]
}

with_root=
kernels=()
for argument in "$@"; do
	case $argument in
	-h | --help)
		usage
		exit 0
		;;
	--root) with_root=yes ;;
	*) kernels+=("$argument") ;;
	esac
done
[ ${#kernels[@]} -gt 0 ] || kernels=(6.1)
for kernel in "${kernels[@]}"; do
	if [ -n "$with_root" ]; then
		test_root
	elif [ "$kernel" = debug ]; then
		test_debug
	else
		test_output
		test_status
		test_surroundings
		test_trouble
	fi
done
echo "1..$count"
[ $failed -eq 0 ]
