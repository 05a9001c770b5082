#!/bin/sh
# SPDX-License-Identifier: MIT
# examples/vmm with this machine's QEMU, on an emulated board: what it does, what it refuses, and
# what crashes leave.  No kernel has an emulated board's vGPU, so QEMU starts without its device;
# tests/vm/cases/vmm.sh has the whole.
#
# VMM, NVVGPU, PYTHON and WITHOUT are the programs; TEST_LEVEL says how often vmm is killed.
set -u

command -v qemu-system-x86_64 >/dev/null || {
    echo "skipped: there is no QEMU"
    exit 77
}
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
host="emu:l40?state=$dir"
# longer than the address of a socket may be
first=$dir/$(printf '%0120d' 1) second=$dir/second
out=$dir/out
foreign=7d0c1e9a-2f4b-4c8d-9b3a-5e6f70812344
case ${TEST_LEVEL:-normal} in
quick) kills=6 ;;
all) kills=60 ;;
*) kills=15 ;;
esac

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

# hostile WHAT: $dir/hostile is a QEMU that does that
hostile() {
    printf '#!/bin/sh\nexec "%s" "%s" %s "$@"\n' "$PYTHON" "$here/hostile-qemu.py" "$1" \
        >"$dir/hostile"
    chmod +x "$dir/hostile"
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
major=$(qemu-system-x86_64 --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
"$NVVGPU" --host "$host" create --type L40-4Q --uuid $foreign --owner stranger >/dev/null 2>&1 ||
    fail "a stranger's vGPU"

# the command line
ok --help
has 'usage: vmm'
refused 2 invalid-argument
refused 2 invalid-argument nonsense
refused 2 invalid-argument list --nonsense
refused 2 invalid-argument list --type L40-4Q
refused 2 invalid-argument run
refused 2 invalid-argument run a b
refused 2 invalid-argument run ../a
refused 2 invalid-argument run .watch
refused 2 invalid-argument run a --gpu 0000:41:00.0
refused 2 invalid-argument run a --memory 0
refused 2 invalid-argument run a --memory 12x
refused 2 invalid-argument list -- -S
refused 1 not-found stop nobody
refused 1 not-found run a --kernel "$dir/nothing"
nothing

# guests
run_guest one
has 'with vGPU .* NVIDIA L40-4Q at /sys/bus/pci/devices/0000:41:00.5'
state_is one running
owned 1
refused 1 exists run one
ok run plain --qemu "$dir/qemu" --accel tcg --memory 32 -- -S
state_is plain prelaunch
ok resume plain
state_is plain running
vmm --timeout 0.5 stop plain && fail "firmware does not switch off when it is asked"
has '^  reason: deadline (ETIMEDOUT)'
has 'next: .*--force'
ok stop plain --force
owned 1

# what cannot be started leaves nothing
refused 1 equal-size run two --type L40-2Q --qemu "$dir/qemu"
refused 1 not-found run two --type L40-5Q
refused 1 not-found run two --type L40-4Q --gpu 0000:99:00.0
refused 1 not-found run two --type L40-4Q --qemu "$dir/nothing"
refused 1 io run two --type L40-4Q --qemu "$dir/qemu" -- -nonsense
has 'nonsense'
refused 1 io run two --type L40-4Q --qemu false
owned 1
state_is one running
[ ! -e "$first/two" ] || fail "something is left of two"

# a migration that fails leaves the guest where it is
touch "$dir/misfit"
refused 1 io migrate one moved --to "$second"
rm "$dir/misfit"
owned 1
state_is one running
[ ! -e "$second/moved" ] || fail "something is left of moved"

# migration, to an instance with another owner
"$VMM" --host "$host" --state "$second" watch --json >"$dir/watched" 2>&1 &
watcher=$!
ok migrate one moved --to "$second"
owned 1
ok list
[ "$(wc -l <"$out")" -eq 1 ] || fail "the guest is there twice"
ok --state "$second" list
has '^moved  *running'
watched '"guest":"moved","event":"watched"'
refused 1 exists --state "$second" migrate moved moved
ok --state "$second" migrate moved again
owned 1

# a file
if [ "$major" -lt 9 ]; then
    refused 1 not-supported --state "$second" suspend again "$dir/saved"
    [ ! -e "$dir/saved" ] || fail "it saved something"
    ok --state "$second" list
    has '^again  *running'
else
    # not under that name: it goes on, and what was written for it is in nobody's way
    mkdir "$dir/folder"
    refused 1 io --state "$second" suspend again "$dir/folder" --force
    ok --state "$second" list
    has '^again  *running'
    ok --state "$second" suspend again "$dir/saved"
    [ "$(find "$dir" -name '*.part-*' | wc -l)" -eq 0 ] || fail "an unfinished file is left"
    owned 0
    head -c 70000 "$dir/saved" >"$dir/short"
    refused 1 stream-truncated resume back "$dir/short"
    { head -c 66000 "$dir/saved" && tail -c +66001 "$dir/saved" | tr '\0-\377' '\377\0-\376'; } \
        >"$dir/damaged"
    refused 1 io resume back "$dir/damaged"
    nothing
    ok --state "$second" resume again "$dir/saved"
    owned 1
    refused 1 exists --state "$second" suspend again "$dir/saved"
fi
uuid=00000000-0000-4000-8000-000000000000
good='{"uuid":"'$uuid'","qemu":"false","machine":"q35","accel":"tcg","memory_mib":64'
saved() {
    printf 'nvvgpu-vmm 1\n%s\n' "$1" >"$dir/file"
    truncate -s 70000 "$dir/file"
}
saved "$good,\"state_bytes\":4464}"
refused 1 io resume back "$dir/file"
chmod 666 "$dir/file"
refused 1 permission resume back "$dir/file"
rm "$dir/file"
for bad in "$good}" "$good,\"state_bytes\":-1}" "$good,\"state_bytes\":4465}"; do
    saved "$bad"
    refused 1 stream-truncated resume back "$dir/file"
done
for bad in '' '{' '[]' '{}' "$good,\"vgpu\":7}" "$good,\"arguments\":[1]}" "$good,\"kernel\":{}}" \
    '{"uuid":1}' "$good,\"vgpu\":{\"uuid\":\"$uuid\"}}"; do
    saved "$bad"
    refused 1 stream-damaged resume back "$dir/file"
done
echo 'something else' >"$dir/file"
refused 1 stream-foreign resume back "$dir/file"
refused 1 not-found resume back "$dir/nothing"
refused 1 stream-foreign resume back /dev/null
owned 1

# QEMU is killed
first_was=$first first=$second
kill -9 "$(pid_of again)"
first=$first_was
watched '"guest":"again","event":"ended"'
watched '"kind":"created"'
watched '"guest":"moved","event":"STOP"'
kill $watcher
wait $watcher || fail "the watcher ends well"
watcher=
ok --state "$second" list
has '^again  *ended'
ok cleanup
owned 1
ok --state "$second" cleanup
has 'removed again'
owned 0

# one that is watched is cleaned up after
: >"$dir/watched"
"$VMM" --host "$host" --state "$first" watch --cleanup >>"$dir/watched" 2>&1 &
watcher=$!
run_guest one
watched 'guest one watched'
refused 1 busy watch
kill -9 "$(pid_of one)"
watched 'guest one removed'
# so is one that somebody works on at that moment, and one that nobody watched
: >"$dir/watched"
run_guest one
watched 'guest one watched'
exec 9<"$first/one"
flock 9
kill -9 "$(pid_of one)"
watched 'guest one ended'
exec 9<&-
watched 'guest one removed'
kill $watcher
wait $watcher
run_guest one
kill -9 "$(pid_of one)"
"$VMM" --host "$host" --state "$first" watch --cleanup >"$dir/watched" 2>&1 &
watcher=$!
watched 'guest one removed'
kill $watcher
wait $watcher
watcher=
nothing

# QEMU is somebody else's
for what in silence no-json no-object no-greeting endless deep events wrong-answer refusal empty; do
    hostile $what
    vmm --timeout 2 run bad --type L40-4Q --qemu "$dir/hostile" && fail "$what was believed"
    grep -q '^  reason: ' "$out" || fail "$what has no reason"
    ! LC_ALL=C grep -q '[^[:print:]]' "$out" || fail "$what came through"
done
nothing

# one that never stops talking keeps nobody waiting
hostile babble
timeout 60 "$VMM" --host "$host" --state "$first" --timeout 2 run bad --qemu "$dir/hostile" \
    >"$out" 2>&1
[ $? -eq 1 ] || fail "it waits for one that only babbles"
has '^  reason: deadline (ETIMEDOUT)'
nothing
hostile flood
ok run flood --qemu "$dir/hostile"
run_guest one
"$VMM" --host "$host" --state "$first" watch >"$dir/watched" 2>&1 &
watcher=$!
watched 'guest one watched'
watched 'guest flood FLOOD\x1b'
ok stop one --force
watched 'guest one SHUTDOWN'
kill $watcher
wait $watcher || fail "the watcher ends well"
watcher=
! LC_ALL=C grep -q '[^[:print:]]' "$dir/watched" || fail "the flood came through"
ok stop flood --force
nothing

# a migration that was done when it was to be cancelled has moved the guest
hostile late
ok run one --qemu "$dir/hostile"
ok --timeout 8 migrate one moved
ok list
has '^moved  *running'
[ "$(wc -l <"$out")" -eq 2 ] || fail "the guest is there twice"
ok stop moved --force
nothing

# a destination that ends although it got everything
hostile dead
for how in '' -S; do
    ok run one --qemu "$dir/hostile" -- $how
    refused 1 io migrate one moved
    [ ! -e "$first/moved" ] || fail "something is left of moved"
    # in QEMU's words, the one that was to stand still has not run since
    state_is one "$([ -z "$how" ] && echo running || echo postmigrate)"
    ok cleanup
    ok resume one
    state_is one running
    ok stop one --force
done
nothing

# who stood still does so afterwards: not saved, and saved
hostile good
mkdir -p "$dir/folder"
for how in '' -S; do
    ok run one --qemu "$dir/hostile" -- $how
    refused 1 io suspend one "$dir/folder" --force
    [ "$(find "$dir" -name '*.part-*' | wc -l)" -eq 0 ] || fail "an unfinished file is left"
    state_is one "$([ -z "$how" ] && echo running || echo postmigrate)"
    ok cleanup
    ok resume one
    state_is one running
    ok stop one --force
    ok run one --qemu "$dir/hostile" -- $how
    rm -f "$dir/stood"
    "$WITHOUT" noreplace "$VMM" --host "$host" --state "$first" suspend one "$dir/stood" \
        >"$out" 2>&1 || fail "a file system that cannot rename without replacing"
    [ "$(find "$dir" -name '*.part-*' | wc -l)" -eq 0 ] || fail "an unfinished file is left"
    ok resume one "$dir/stood"
    state_is one "$([ -z "$how" ] && echo running || echo prelaunch)"
    ok stop one --force
done
nothing

# what vmm did not make is not its own: a directory of somebody's, and one among its guests
mkdir -p "$dir/data/keep" "$dir/empty"
echo mine >"$dir/data/keep/log"
refused 1 exists --state "$dir/data" cleanup
refused 1 exists --state "$dir/data" list
[ "$(ls -A "$dir/data")" = keep ] || fail "it wrote into somebody's directory"
ok --state "$dir/empty" list
mkdir "$first/keep"
echo mine >"$first/keep/log"
mkdir "$first/made"
ok cleanup
has 'removed made'
refused 1 not-found stop keep --force
refused 1 exists run keep --qemu "$dir/qemu"
nothing
[ "$(cat "$dir/data/keep/log" "$first/keep/log")" = "$(printf 'mine\nmine')" ] ||
    fail "it removed what is not its own"
rm -r "$first/keep"
run_guest one
kill -9 "$(pid_of one)"
echo mine >"$first/one/notes"
for _ in $(seq 100); do
    ok list
    ! grep -q '^one  *ended' "$out" || break
    sleep 0.1
done
refused 1 io cleanup
has 'Directory not empty'
state_is one ended
rm "$first/one/notes"
ok cleanup
nothing
ln -s "$dir/empty" "$dir/link"
refused 1 io --state "$dir/link" list

# vmm is killed, whenever
for i in $(seq "$kills"); do
    "$VMM" --host "$host" --state "$first" run one --type L40-4Q --qemu "$dir/qemu" --accel tcg \
        --memory 32 >/dev/null 2>&1 &
    sleep "0.$(printf %02d $((i * 13 % 30)))"
    kill -9 $! 2>/dev/null
    wait $! 2>/dev/null
    ok cleanup
    # busy: what becomes a QEMU is none yet
    for _ in $(seq 200); do
        ok list
        grep -q '^one  *busy' "$out" || break
        sleep 0.1
    done
    ok cleanup
    if [ -d "$first/one" ]; then
        state_is one running
        ok stop one --force
    fi
    nothing
done
for i in $(seq "$kills"); do
    run_guest one
    "$VMM" --host "$host" --state "$first" migrate one two >/dev/null 2>&1 &
    sleep "0.$(printf %02d $((i * 13 % 30)))"
    kill -9 $! 2>/dev/null
    wait $! 2>/dev/null
    # a migration that goes on without vmm has an end
    for _ in $(seq 200); do
        ok cleanup
        ok list
        [ "$(grep -c '  running' "$out")" -ne 1 ] || [ "$(wc -l <"$out")" -ne 2 ] || break
        sleep 0.1
    done
    [ "$(grep -c '  running' "$out")" -eq 1 ] || fail "not one guest runs"
    [ "$(wc -l <"$out")" -eq 2 ] || fail "something is left"
    owned 1
    ok stop "$(ls "$first")" --force
    nothing
done

# guests that cannot be listed are not nobody's
run_guest one
for verb in list cleanup; do
    "$WITHOUT" lists "$VMM" --host "$host" --state "$first" $verb >"$out" 2>&1
    [ $? -eq 1 ] || fail "$verb says that there is nothing"
    has 'cannot list the guests: Input/output error'
    owned 1
done
ok stop one --force
nothing

# a description that is damaged is nobody's to remove
run_guest one
kill -9 "$(pid_of one)"
echo '{' >"$first/one/guest.json"
refused 1 state-damaged cleanup
owned 1
rm "$first/one/guest.json"
ok cleanup
has 'destroyed 1 vGPUs of no guest'
nothing

# a directory that others can write to
mkdir -m 777 "$dir/open"
chmod 777 "$dir/open"
refused 1 permission --state "$dir/open" list
