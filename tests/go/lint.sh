#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# gofmt, go vet and staticcheck over the Go sources: lint.sh GO SOURCE MODULE SCRATCH
# MODULE: the module in the build directory; SCRATCH: where staticcheck may be installed
set -u

go=$1 source=$2 module=$3 scratch=$4
staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2

# tell NUMBER NAME STATUS [OUTPUT]
tell() {
	[ -z "${4-}" ] || printf '%s\n' "$4" | sed 's/^/# /'
	if [ "$3" -eq 0 ]; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
	fi
}

echo 1..3

# what it lists is not as it would have it
out=$(gofmt -l "$source" 2>&1)
[ -z "$out" ]
tell 1 gofmt $? "$out"

cd "$module" || exit 1
out=$("$go" vet ./... 2>&1)
tell 2 'go vet' $? "$out"

if out=$(GOBIN=$scratch "$go" install "$staticcheck" 2>&1); then
	out=$("$scratch/staticcheck" ./... 2>&1)
	tell 3 staticcheck $? "$out"
else
	printf '%s\n' "$out" | sed 's/^/# /'
	echo "ok 3 - staticcheck # SKIP it could not be installed"
fi
