#!/bin/sh
# SPDX-License-Identifier: MIT
# The man page: free of faults, and complete.  MANPAGE is the file.
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

command_line="man page"
: "${MANPAGE:?set MANPAGE to the man page}"
command -v mandoc >/dev/null || skip "no mandoc"
mandoc -Tlint -Wwarning "$MANPAGE" >"$out" 2>"$err" || fail "mandoc complains"
mandoc -Tascii -Owidth=100 "$MANPAGE" | sed 's/.\x08//g' >"$dir/text"

"$NVVGPU" help --json >"$out"
for verb in $(json_value "$out" '" ".join(v["name"] for v in d["verbs"])'); do
    grep -q "nvvgpu .*$verb" "$dir/text" || fail "verb $verb is missing"
done
for option in $(json_value "$out" '" ".join({o["name"] for v in d["verbs"] + [d]
        for o in v["options"]})'); do
    grep -q -- "--$option\|-${option%"${option#?}"} " "$dir/text" || fail "--$option is missing"
done
for code in 0 1 2 3 4 5 6 7 8 130; do
    grep -q "^ *$code  " "$dir/text" || fail "exit code $code is missing"
done
