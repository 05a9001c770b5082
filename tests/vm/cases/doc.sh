#!/bin/bash
# SPDX-License-Identifier: MIT
# The commands of doc/kernel.md, as they stand there.
# shellcheck source=tests/vm/cases/lib.sh
. "$(dirname "$0")/lib.sh"

parameters=$(emu_parameters)
put 0 "$(board_directory)/live"
check "nothing is loaded" unload

awk '/^```sh$/ { on = 1; next } /^```/ { on = 0 } on' "$(dirname "$0")/../../../doc/kernel.md" >/tmp/doc.sh
is "as many commands as ever" 30 "$(grep -c . /tmp/doc.sh)"
check "all of them work" bash -ex /tmp/doc.sh
cp /tmp/out /tmp/said
check "a node is shown" grep -q "crw-rw----.*/dev/nvvgpu" /tmp/said
check "and a vGPU" grep -q "7d0c1e9a-2f4b-4c8d-9b3a-5e6f70812344  NVIDIA L40-2Q" /tmp/said
check "and one by the vendor's files" grep -q "NVIDIA A40-1Q.*foreign" /tmp/said
check "and the other board's address" grep -q "^0020:41:00.0" /tmp/said
unload >/dev/null 2>&1

# shellcheck disable=SC2086 # two words
check "as before" modprobe nvvgpu_emu $parameters boards=l40

done_testing
