#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs one libFuzzer target for a bounded time from its committed seeds.  What it learns on
# the way stays in a temporary directory; the input of a crash is kept and named.
#
# usage: run.sh TARGET SEEDS        TEST_LEVEL=quick|normal|all
set -eu

target=$1 seeds=$2
case ${TEST_LEVEL:-normal} in
quick) seconds=5 ;;
all) seconds=60 ;;
*) seconds=20 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/corpus"
"$target" "-max_total_time=$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
	"-artifact_prefix=$(dirname "$target")/" "$work/corpus" "$seeds"
