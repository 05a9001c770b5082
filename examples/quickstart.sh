#!/bin/sh
# SPDX-License-Identifier: MIT
# From a fresh clone to a vGPU created, saved, verified, destroyed and restored, on an emulated
# L40: needs no GPU.  BUILD names the build directory, default "build".
set -eu

TOP=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in
/*) ;;
*) BUILD=$TOP/$BUILD ;;
esac
# shellcheck source=tests/lib.sh
. "$TOP/tests/lib.sh"

need_packages build

echo "building in $BUILD"
configure "$BUILD" >/dev/null
ninja -C "$BUILD" --quiet examples/cli/nvvgpu examples/c/framebuffer

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Shown as a user would type it, run with the built command on an emulated board.
nvvgpu() {
    echo
    echo "\$ nvvgpu $*"
    "$BUILD/examples/cli/nvvgpu" --no-progress "$@"
}

# The same for one that has to fail.
nvvgpu_fails() {
    if nvvgpu "$@"; then
        echo "quickstart: this should have failed" >&2
        exit 1
    fi
}

cd "$scratch"
mkdir host
export NVVGPU_HOST='emu:l40?state=host'
uuid=7d0c1e9a-2f4b-4c8d-9b3a-5e6f70812344

echo
echo "\$ export NVVGPU_HOST='$NVVGPU_HOST'    # an emulated L40 that outlives the process"
nvvgpu gpus
echo
echo "\$ nvvgpu types --creatable | head -n 6"
"$BUILD/examples/cli/nvvgpu" types --creatable >types.txt
head -n 6 types.txt

nvvgpu create --type L40-4Q --uuid $uuid
nvvgpu vgpus
echo
echo "\$ nvvgpu types --creatable    # one size on a GPU, until mixed-size is on"
"$BUILD/examples/cli/nvvgpu" types --creatable
nvvgpu_fails create --type L40-8Q

# What a guest would do: data in the framebuffer, through the vGPU's VFIO device.
framebuffer() {
    echo
    echo "\$ framebuffer \"\$NVVGPU_HOST\" $*    # the example of that name"
    "$BUILD/examples/c/framebuffer" "$NVVGPU_HOST" "$@"
}

framebuffer $uuid fill 64
nvvgpu save $uuid -o guest.state
nvvgpu inspect guest.state
nvvgpu verify guest.state

nvvgpu destroy $uuid
nvvgpu restore -i guest.state
framebuffer $uuid check 64
nvvgpu vgpus
nvvgpu destroy $uuid

echo
echo "quickstart: done"
