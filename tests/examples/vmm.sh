#!/bin/sh
# SPDX-License-Identifier: MIT
# examples/vmm: what it does with guests and vGPUs, and what crashes leave.  TEST_LEVEL says how
# often it is killed.
# shellcheck source=tests/examples/vmm-lib.sh
. "$(dirname "$0")/vmm-lib.sh"

device=/sys/bus/pci/devices/0000:41:00.5
[ "$FRAMEWORK" != mdev ] || device=/sys/bus/mdev/devices/
case ${TEST_LEVEL:-normal} in
quick) kills=6 ;;
all) kills=60 ;;
*) kills=15 ;;
esac
major=$(qemu-system-x86_64 --version | sed -n 's/.*version \([0-9]*\).*/\1/p')

# guests
run_guest one
has "with vGPU .* NVIDIA L40-4Q at $device"
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
has 'Size mismatch'
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
# of a directory that has nothing in it, as that of a guest that is only coming, nobody is told
mkdir "$first/coming"
for _ in $(seq 300); do
    [ -d "$first/coming" ] || break
    sleep 0.1
done
[ ! -d "$first/coming" ] || fail "the empty directory is left"
! grep -q coming "$dir/watched" || fail "a guest that never was is said to be removed"
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
