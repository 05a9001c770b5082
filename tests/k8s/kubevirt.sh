#!/bin/sh
# SPDX-License-Identifier: MIT
# The objects of KubeVirt in the quickstart against KubeVirt's own types: kubevirt.sh GO SOURCE
# TAP; skipped when KubeVirt's module is not in Go's cache.
set -eu
go=$1 source=$2
module=$source/tests/k8s/kubevirt
if ! "$source/examples/k8s/modules.sh" "$go" check "$module/go.sum" 2>/dev/null; then
    echo "1..0 # SKIP the Go module kubevirt.io/api is not in the cache"
    exit 0
fi
export GOWORK=off GOTOOLCHAIN=local SOURCE="$source"
exec python3 -B "$source/tests/go/tap.py" "$go" "$module" -vet=off
