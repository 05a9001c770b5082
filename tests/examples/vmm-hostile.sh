#!/bin/sh
# SPDX-License-Identifier: MIT
# examples/vmm: what it does not believe: command lines, saved guests, QEMUs, directories.
# shellcheck source=tests/examples/vmm-lib.sh
. "$(dirname "$0")/vmm-lib.sh"

# hostile WHAT: $dir/hostile is a QEMU that does that
hostile() {
    printf '#!/bin/sh\nexec "%s" "%s" %s "$@"\n' "$PYTHON" "$here/hostile-qemu.py" "$1" \
        >"$dir/hostile"
    chmod +x "$dir/hostile"
}

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

# saved guests
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
# a vGPU that was on a VF, as they are here, and one that was an mdev
vgpu='"vgpu":{"uuid":"'$uuid'","type":"L40-4Q","board":"NVIDIA L40"'
saved "$good,$vgpu,\"device\":\"VF\"},\"state_bytes\":4464}"
refused 1 io resume back "$dir/file"
saved "$good,$vgpu,\"device\":\"mdev\"},\"state_bytes\":4464}"
refused 1 mismatch-board resume back "$dir/file"
has 'NVIDIA L40, driver of an unknown version, mdev'
echo 'something else' >"$dir/file"
refused 1 stream-foreign resume back "$dir/file"
refused 1 not-found resume back "$dir/nothing"
refused 1 stream-foreign resume back /dev/null
owned 0

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
