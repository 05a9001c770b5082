#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: modules.sh GO check|download GO.SUM...
# Whether all modules that these files list are in Go's cache, or gets them there.
set -eu
go=$1 what=$2
shift 2
export GOWORK=off GOTOOLCHAIN=local
[ "$what" = download ] || export GOPROXY=off
# "go mod download MODULE@VERSION" wants to be outside of a module
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
awk '$2 !~ /\/go\.mod$/ { print $1 "@" $2 }' "$@" | sort -u >"$scratch/modules"
cd "$scratch"
xargs "$go" mod download <modules
