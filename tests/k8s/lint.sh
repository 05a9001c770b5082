#!/bin/sh
# SPDX-License-Identifier: MIT
# The Go sources as Go's own tools see them: lint.sh GO SOURCE TESTS_WORK
# TESTS_WORK: the go.work with which the module of the tests is built
set -u
go=$1 source=$2 tests_work=$3
# shellcheck source=tests/lint.sh
. "$(dirname "$0")/../lint.sh"

cd "$source" || exit 1
check "at most 100 columns" awk 'length > 100 { print FILENAME ":" FNR }' \
    examples/k8s*/*.go examples/k8s/*/*.go tests/k8s/*.go tests/k8s/*/*.go
check "gofmt" "$("$go" env GOROOT)/bin/gofmt" -l examples/k8s examples/k8s-device-plugin \
    examples/k8s-dra-driver tests/k8s
check "go vet" "$go" vet -C examples ./...
check "go vet of the tests" env GOWORK="$tests_work" "$go" vet -C tests/k8s ./...
exit $failed
