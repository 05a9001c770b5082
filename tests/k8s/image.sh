#!/bin/sh
# SPDX-License-Identifier: MIT
# The image of a program has all that the program needs: image.sh IMAGE.PY PROGRAM
set -eu
packer=$1 program=$2
name=$(basename "$program")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -B "$packer" "$program" "$scratch/image.tar"
python3 -B "$packer" "$program" "$scratch/again.tar"
cmp "$scratch/image.tar" "$scratch/again.tar"

mkdir "$scratch/image" "$scratch/root"
tar -C "$scratch/image" -xf "$scratch/image.tar"
cd "$scratch/image"
for blob in blobs/sha256/*; do
    echo "$(basename "$blob")  $blob"
done | sha256sum --check --quiet

# blob TYPE: the file that has it, by way of the index and the manifest
blob() {
    python3 - "$1" <<'END'
import json, sys
def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)
def path(descriptor):
    return "blobs/" + descriptor["digest"].replace(":", "/")
manifest = load(path(load("index.json")["manifests"][0]))
print(path(manifest["config"] if sys.argv[1] == "config" else manifest["layers"][0]))
END
}
tar -C "$scratch/root" -xzf "$(blob layer)"
diff_id=$(gzip -dc "$(blob layer)" | sha256sum | cut -d ' ' -f 1)
grep -q "sha256:$diff_id" "$(blob config)"
grep -q "\"Entrypoint\": \[\"/usr/bin/$name\"\]" "$(blob config)"

# in a root file system with nothing else
mount=
[ "$(id -u)" -eq 0 ] || mount=--map-root-user
# shellcheck disable=SC2086 # none or one word
enter() { unshare $mount --mount chroot "$scratch/root" "/usr/bin/$name" "$@"; }
enter --version
enter --list --host emu:l40 --node worker --state /nothing >"$scratch/list"
grep -q "L40-8Q" "$scratch/list"
