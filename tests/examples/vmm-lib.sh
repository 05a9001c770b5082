# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2034 # for those who read this
# What the tests of examples/vmm share: this machine's QEMU on an emulated board, with a stranger's
# vGPU.  No kernel has an emulated board's vGPU, so QEMU starts without its device;
# tests/vm/cases/vmm.sh has the whole.
#
# FRAMEWORK is the board's; VMM, NVVGPU, PYTHON and WITHOUT are the programs.
set -u

command -v qemu-system-x86_64 >/dev/null || {
    echo "skipped: there is no QEMU"
    exit 77
}
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
host="emu:l40?state=$dir&framework=$FRAMEWORK"
# longer than the address of a socket may be
first=$dir/$(printf '%0120d' 1) second=$dir/second
out=$dir/out
foreign=7d0c1e9a-2f4b-4c8d-9b3a-5e6f70812344

watcher=
end() {
    [ -z "$watcher" ] || kill "$watcher"
    for instance in "$first" "$second"; do
        for guest in "$instance"/*/; do
            "$VMM" --host "$host" --state "$instance" stop --force "$(basename "$guest")"
        done
    done
    rm -rf "$dir"
}
trap 'end >/dev/null 2>&1' EXIT

fail() {
    echo "FAILED: $1"
    [ ! -s "$out" ] || cat "$out"
    exit 1
}

vmm() {
    "$VMM" --host "$host" --state "$first" --timeout 60 "$@" >"$out" 2>&1
}

ok() {
    vmm "$@" || fail "vmm $* ended with $?"
}

# refused CODE REASON ARG...
refused() {
    code=$1 reason=$2
    shift 2
    vmm "$@"
    [ $? -eq "$code" ] || fail "vmm $*: not $code"
    grep -q "^  reason: $reason (" "$out" || fail "vmm $*: not because of $reason"
    # nothing that steers a terminal
    ! LC_ALL=C grep -q '[^[:print:]]' "$out" || fail "vmm $*: control characters"
}

run_guest() {
    ok run "$1" --type L40-4Q --qemu "$dir/qemu" --accel tcg --memory 32
}

has() {
    grep -q -- "$1" "$out" || fail "it should say: $1"
}

# owned N: that many vGPUs beside the stranger's
owned() {
    "$NVVGPU" --host "$host" vgpus --json >"$out" 2>&1 || fail "nvvgpu vgpus"
    [ "$(grep '"uuid"' "$out" | grep -vc $foreign)" -eq "$1" ] || fail "not $1 vGPUs are owned"
    grep -q $foreign "$out" || fail "the stranger's vGPU is gone"
}

# nothing: neither guest nor vGPU
nothing() {
    ok list
    [ "$(wc -l <"$out")" -eq 1 ] || fail "a guest is left"
    owned 0
}

pid_of() {
    ok list --json
    "$PYTHON" -c 'import json, sys
print(next(g["pid"] for g in json.load(open(sys.argv[1])) if g["name"] == sys.argv[2]))' "$out" "$1"
}

# state_is GUEST STATE
state_is() {
    ok list
    [ "$(awk -v guest="$1" '$1 == guest { print $2 }' "$out")" = "$2" ] || fail "$1 is not $2"
}

# watched WORDS: the watcher says so, soon
watched() {
    for _ in $(seq 300); do
        ! grep -qF -- "$1" "$dir/watched" || return 0
        sleep 0.1
    done
    tail -n 20 "$dir/watched" >"$out"
    fail "the watcher should have said: $1"
}

cat >"$dir/qemu" <<'END'
#!/bin/bash
words=()
while [ $# -gt 0 ]; do
	case "$1 ${2-}" in
	"-device vfio-pci,"*) shift ;;
	*) words+=("$1") ;;
	esac
	shift
done
# one that does not fit what comes
[ ! -e "${0%/*}/misfit" ] || [[ " ${words[*]} " != *" -incoming "* ]] || words+=(-m 64)
exec qemu-system-x86_64 "${words[@]}"
END
chmod +x "$dir/qemu"
"$NVVGPU" --host "$host" create --type L40-4Q --uuid $foreign --owner stranger >/dev/null 2>&1 ||
    fail "a stranger's vGPU"
