#!/bin/sh
# SPDX-License-Identifier: MIT
# The examples as their languages' own tools see them.
#
# SRCDIR and PYTHON come from meson; so do, when there is a Go binding, GO and the
# environment to build with it.
set -u
# shellcheck source=tests/lint.sh
. "$(dirname "$0")/../lint.sh"

check "at most 100 columns" \
    awk 'length > 100 { print FILENAME ":" FNR }' "$SRCDIR"/examples/c/*.c "$SRCDIR"/examples/vmm/*.[ch] \
    "$SRCDIR"/examples/python/*.py "$SRCDIR"/examples/go/*/*.go "$SRCDIR"/tests/examples/*.py

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if "$PYTHON" -c 'import mypy' 2>/dev/null; then
    # of the package only its types count here
    export MYPYPATH="$SRCDIR/bindings/python"
    check "mypy" "$PYTHON" -m mypy --strict --no-error-summary --follow-imports silent \
        --cache-dir "$scratch" "$SRCDIR"/examples/python/*.py "$SRCDIR"/tests/examples/*.py
else
    echo "left out: mypy, which is not there"
fi

if [ -n "${GO-}" ]; then
    check "gofmt" "$("$GO" env GOROOT)/bin/gofmt" -l "$SRCDIR/examples/go"
    check "go vet" "$GO" vet -C "$SRCDIR/examples/go" ./...
fi
exit $failed
