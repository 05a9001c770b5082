# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What scripts share that have sources looked at by other programs.
# shellcheck disable=SC2034 # for them
failed=0

# check WHAT COMMAND...: it has to succeed and to say nothing
check() {
    what=$1
    shift
    said=$("$@" 2>&1)
    code=$?
    if [ $code -eq 0 ] && [ -z "$said" ]; then
        echo "ok: $what"
    else
        echo "FAILED: $what ($code)"
        echo "$said"
        failed=1
    fi
}
