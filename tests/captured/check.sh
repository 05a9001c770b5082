#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: check.sh
# Machines of this folder, captured with a board of each framework: they say today what the
# machines said of themselves.  TAP.
here=$(cd "$(dirname "$0")" && pwd)
count=0
for capture in "$here"/*.tar.zst; do
    wanted=${capture%.tar.zst}.json name=$(basename "$capture" .tar.zst)
    gpu=$(sed -n 's/^== mode //p' "$wanted") uuid=$(sed -n 's/^== xml //p' "$wanted")
    count=$((count + 1))
    if difference=$("$here/everything.sh" "tree:$capture" "$gpu" "$uuid" | diff "$wanted" -); then
        echo "ok $count - $name"
    else
        echo "not ok $count - $name"
        echo "$difference" | sed 's/^/# /'
    fi
done
[ -e "$capture" ] || echo "Bail out! no captures"
echo "1..$count"
