#!/bin/sh
# SPDX-License-Identifier: MIT
# nvvgpu collect, and what it wrote as a host
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_host l40,t4,a16
ok create --gpu $gpu --type L40-4Q --uuid $uuid --owner me --param frame_rate_limiter=0
ok collect -o "$dir/host.tar.zst"
in_err "collected"
in_err "$dir/host.tar.zst"
[ ! -s "$out" ] || fail "nothing on standard output"

# the same answers, word for word, from the archive and from what it unpacks to
mkdir "$dir/unpacked"
tar -C "$dir/unpacked" --zstd -xf "$dir/host.tar.zst" || fail "a plain tar should unpack it"
live=$host
for words in "gpus --json" "types --json" "vgpus --json" "show $uuid --json" "show $gpu --json" \
    "gpus" "types" "vgpus" "show $gpu" "xml $uuid" "qemu-args $uuid"; do
    host=$live
    # shellcheck disable=SC2086 # several words
    ok $words
    cp "$out" "$dir/live"
    for host in "tree:$dir/host.tar.zst" "tree:$dir/unpacked"; do
        # shellcheck disable=SC2086
        ok $words
        cmp -s "$out" "$dir/live" || fail "$host should say the same as the live host"
    done
done
for host in "tree:$dir/host.tar.zst" "tree:$dir/unpacked"; do
    fails 8 destroy $uuid --owner me
    has_error read-only
    fails 8 create --gpu $gpu --type L40-4Q
    ok collect -o "$dir/again.tar.zst" --force
    cmp -s "$dir/again.tar.zst" "$dir/host.tar.zst" || fail "the same host should give the same bytes"
done

# NVIDIA's frameworks: with the owner, which is in a record
for boards in "l40 vendor-vfio" "t4 mdev" "a40 mdev"; do
    new_host "${boards% *}"
    host="$host&framework=${boards#* }"
    other=$host
    ok types --creatable --json
    type=$(json_value "$out" 'd[0]["name"]')
    ok create --gpu $gpu --type "$type" --uuid $uuid --owner me
    ok collect -o "$dir/other.tar.zst" --force
    for words in "gpus --json" "types --json" "vgpus --json" "show $uuid --json" \
        "xml $uuid" "qemu-args $uuid --json"; do
        host=$other
        # shellcheck disable=SC2086
        ok $words
        cp "$out" "$dir/live"
        host=tree:$dir/other.tar.zst
        # shellcheck disable=SC2086
        ok $words
        cmp -s "$out" "$dir/live" || fail "$host should say the same as the live host"
    done
    ok vgpus --json
    json 'd[0]["owner"] == "me" and d[0]["state"] == "assigned"'
    ok doctor
    fails 8 destroy $uuid --owner me
    has_error read-only
done

# where to
host=$live
fails 5 collect -o "$dir/host.tar.zst"
has_error exists
ok collect -o "$dir/host.tar.zst" --force --json
silent
json 'set(d) == {"file", "archive_bytes", "bytes", "seconds", "bytes_per_second"}'
json 'd["file"] == "'"$dir/host.tar.zst"'" and d["bytes"] > d["archive_bytes"] > 1000'
[ "$(json_value "$out" 'd["archive_bytes"]')" -eq "$(wc -c <"$dir/host.tar.zst")" ] ||
    fail "archive_bytes is the size of the file"
ok collect -o - --json
json_file "$err" 'd["file"] is None and d["archive_bytes"] is None and d["bytes"] > 1000'
cmp -s "$out" "$dir/host.tar.zst" || fail "standard output should have the same archive"
ok collect -o "$dir/quiet.tar.zst" --quiet
silent
fails 2 collect
in_err "--output is missing"
fails 3 collect -o "$dir/absent/host.tar.zst"
fails 1 collect -o "$dir/late.tar.zst" --timeout 0.000001
has_error deadline
[ ! -e "$dir/late.tar.zst" ] || fail "no file of that name should be there"
[ -z "$(find "$dir" -name '*.part-*')" ] || fail "a part of a file is left"
fails 1 collect -o /dev/full

# what is no archive
echo nonsense >"$dir/nonsense"
host=tree:$dir/nonsense
fails 1 gpus
has_error state-damaged
head -c 1000 "$dir/host.tar.zst" >"$dir/short"
host=tree:$dir/short
fails 1 gpus
mkdir -p "$dir/other/etc"
tar -C "$dir/other" -cf "$dir/other.tar" etc
host=tree:$dir/other.tar
fails 3 gpus
in_err "has no sys/"
