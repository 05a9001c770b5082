#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
usage() {
	cat <<'END'
usage: tests/run.sh [--quick | --all] [SUITE]...

Installs what is missing (as root; otherwise says what, and ends with 3), builds with
warnings as errors, runs the suites, names what failed or was skipped, and ends with one line:

    N passed, N failed, N skipped

which counts every case of a Check program and every script as one.  Ends with 1 when
anything failed.

  --quick   unit contract cli python examples              a few minutes
  (none)    the same, and go k8s abi consumer bindings-memory packaging quickstart asan
            valgrind clang fuzz   (each fuzz target 20 s, valgrind over the unit tests)
            vm vm-peers           (the modules in real kernels, under QEMU)
  --all     the same and k8s-cluster, vm-all, bench; every test at full length  (valgrind
            over contract tests too, fuzz targets a minute each, 1500 processes killed)

go is the Go binding under the race detector, k8s the programs for Kubernetes against the
kubelet's own code (their Go modules are downloaded first), k8s-cluster the same with etcd,
API server and scheduler, which are built of such modules; bindings-memory both bindings
under ASan, the Python one under valgrind, the Go one with every pointer checked; packaging
the wheel and the installed tree; quickstart the commands of doc/quickstart-*.md; vm the
stock kernels of Debian 12, vm-all a younger one and one with KASAN, lockdep, kmemleak and
fault injection, vm-peers programs of a distribution: lspci, udev, mdevctl, libvirt, QEMU
with a guest, a hypervisor manager.

SUITE: only these.  BUILD: the build directory (default: build); beside it stand
$BUILD-clang and $BUILD-asan.
END
}

set -u -o pipefail

TOP=$(cd "$(dirname "$0")/.." && pwd)
cd "$TOP" || exit 1
BUILD=${BUILD:-build}

TEST_LEVEL=normal
suites=()
for argument in "$@"; do
	case $argument in
	--quick) TEST_LEVEL=quick ;;
	--all) TEST_LEVEL=all ;;
	-h | --help)
		usage
		exit 0
		;;
	unit | contract | cli | python | examples | go | k8s | k8s-cluster | abi | consumer | bindings-memory | \
		packaging | quickstart | asan | valgrind | clang | fuzz | bench | vm | vm-all | vm-peers)
		suites+=("$argument")
		;;
	*)
		usage >&2
		exit 2
		;;
	esac
done
export TEST_LEVEL
if [ ${#suites[@]} -eq 0 ]; then
	suites=(unit contract cli python examples)
	[ "$TEST_LEVEL" = quick ] ||
		suites+=(go k8s abi consumer bindings-memory packaging quickstart asan valgrind clang fuzz
			vm vm-peers)
	[ "$TEST_LEVEL" != all ] || suites+=(k8s-cluster vm-all bench)
fi

passed=0 failed=0 skipped=0 remarkable=

# count_failure WHAT: one that meson test did not count
count_failure() {
	echo "FAILED: $*"
	remarkable+="failed: $*"$'\n'
	failed=$((failed + 1))
}

wanted() {
	local suite
	for suite in "${suites[@]}"; do
		[ "$suite" != "$1" ] || return 0
	done
	return 1
}

say() {
	printf '\n== %s\n' "$*"
}

# attempt WHAT COMMAND...: what has no cases of its own counts when it fails
attempt() {
	local what=$1
	shift
	"$@" && return 0
	count_failure "$what"
	return 1
}

# prepare DIRECTORY OPTION...: configured and built, warnings are errors.  A quick run builds
# only what its tests need, by meson test.
prepare() {
	local directory=$1
	shift
	attempt "configure $directory" configure "$directory" -Dwerror=true -Dtests=enabled "$@" ||
		return 1
	[ "$TEST_LEVEL" = quick ] || attempt "build $directory" ninja -C "$directory"
}

# run_meson DIRECTORY ARGUMENT...: meson test, its cases added to the sums
run_meson() {
	local directory=$1 log status=0 counts p f s
	shift
	log=$directory/meson-logs
	rm -f "$log"/testlog*.json "$log"/benchmarklog*.json
	meson test -C "$directory" --print-errorlogs "$@" || status=$?
	if counts=$(python3 -B "$TOP/tests/count.py" "$log"); then
		read -r p f s <<<"$counts"
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
		if [[ $counts = *$'\n'* ]]; then
			remarkable+=${counts#*$'\n'}$'\n'
		fi
		[ "$status" -eq 0 ] || [ "$f" -gt 0 ] || count_failure "meson test $*"
	else
		count_failure "meson test $* left no log"
	fi
}

run_plain() {
	local chosen=() suite
	for suite in unit contract cli python examples go k8s k8s-cluster abi consumer packaging \
		quickstart; do
		if wanted "$suite"; then
			chosen+=(--suite "$suite")
		fi
	done
	[ ${#chosen[@]} -gt 0 ] || return 0
	say "${chosen[*]}"
	run_meson "$BUILD" "${chosen[@]}"
}

run_valgrind() {
	say "valgrind"
	# valgrind does not know openat2(); a suite that is named overrides what the setup leaves out
	run_meson "$BUILD" --setup valgrind --suite unit --no-suite openat2
	if [ "$TEST_LEVEL" = all ]; then
		TEST_LEVEL=quick run_meson "$BUILD" --setup valgrind contract-l40 contract-t4
	fi
}

# The interpreters themselves are not sanitized: libraries and extensions are.
run_bindings_memory() {
	say "bindings: valgrind, checked pointers"
	run_meson "$BUILD" --suite bindings-memory
	say "bindings: ASan and UBSan"
	attempt "configure $BUILD-asan" configure "$BUILD-asan" -Dwerror=true -Dtests=enabled \
		-Db_sanitize=address,undefined -Db_lundef=false -Dcli=false || return 0
	run_meson "$BUILD-asan" --suite bindings-memory
}

run_clang() {
	say "build with clang"
	CC=clang prepare "$BUILD-clang" -Dfuzz=enabled || return 0
	if wanted clang; then
		say "unit tests, built with clang"
		run_meson "$BUILD-clang" --suite unit
	fi
	if wanted fuzz; then
		say "fuzz targets"
		run_meson "$BUILD-clang" --suite fuzz
	fi
}

# Kernels, roots and packages of its own: see tests/vm/vm.
run_vm() {
	local chosen=() suite
	(need_packages vm) || {
		count_failure "the packages of the group vm are missing"
		return 0
	}
	for suite in vm vm-all vm-peers; do
		if wanted "$suite"; then
			chosen+=(--suite "$suite")
		fi
	done
	say "${chosen[*]}"
	run_meson "$BUILD" "${chosen[@]}"
}

run_benchmarks() {
	say "benchmarks"
	run_meson "$BUILD" --benchmark --logbase benchmarklog
}

# shellcheck source=tests/lib.sh
. "$TOP/tests/lib.sh"
need_packages build test

kubernetes=auto
if { wanted k8s || wanted k8s-cluster; } && command -v go >/dev/null; then
	say "Go modules"
	attempt "Go modules of the programs for Kubernetes" \
		examples/k8s/modules.sh go download examples/go.sum tests/k8s/go.sum && kubernetes=enabled
	examples/k8s/modules.sh go download tests/k8s/kubevirt/go.sum ||
		echo "without KubeVirt's: a test will be skipped"
fi

say "build"
if prepare "$BUILD" -Dkubernetes=$kubernetes; then
	run_plain
	if wanted asan; then
		say "asan"
		# at --all too: sanitized programs are slow, and length adds nothing new to them
		TEST_LEVEL=${TEST_LEVEL/all/normal} run_meson "$BUILD" --setup asan
	fi
	if wanted valgrind; then
		run_valgrind
	fi
	if wanted bindings-memory; then
		run_bindings_memory
	fi
	if wanted bench; then
		run_benchmarks
	fi
fi
if wanted clang || wanted fuzz; then
	run_clang
fi
if wanted vm || wanted vm-all || wanted vm-peers; then
	run_vm
fi

echo
printf '%s' "$remarkable"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
