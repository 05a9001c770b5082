# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the tests of the nvvgpu command share.  NVVGPU is the command under test.

: "${NVVGPU:?set NVVGPU to the command under test}"
unset NVVGPU_HOST
export LC_ALL=C TZ=UTC

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
out=$dir/out
err=$dir/err
status=0

# fail MESSAGE: what was run last, what it said, and the end
fail() {
    {
        echo "FAILED: $1"
        echo "last command: nvvgpu ${command_line-}"
        echo "exit code: $status"
        echo "--- standard output"
        cat "$out"
        echo "--- standard error"
        cat "$err"
    } >&2
    exit 1
}

# skip REASON: nothing to test here
skip() {
    echo "skipped: $1"
    exit 77
}

# new_host BOARDS: a fresh emulated host in $host
new_host() {
    host="emu:$1?state=$(mktemp -d "$dir/host.XXXXXX")"
}

# run ARG...: runs the command without judging it
run() {
    command_line=$*
    status=0
    "$NVVGPU" "$@" >"$out" 2>"$err" </dev/null || status=$?
}

# watching PID: returns when that process waits for events
watching() {
    for _ in $(seq 200); do
        if find "/proc/$1/fd" -lname '*inotify*' 2>/dev/null | grep -q .; then
            return 0
        fi
        sleep 0.1
    done
    fail "it should wait for events"
}

# framebuffer VGPU fill|check MIB: what a guest's driver would write and read, on $host
framebuffer() {
    command_line="(framebuffer $*)"
    "${FRAMEBUFFER:?set FRAMEBUFFER to the program of framebuffer.c}" "$host" "$@" >"$out" 2>"$err" ||
        fail "framebuffer $2"
}

# at ARG...: the same on $host
at() {
    run --host "$host" "$@"
}

# ok ARG..., fails CODE ARG...: on $host, with this outcome; errors have their three lines
ok() {
    at "$@"
    [ "$status" -eq 0 ] || fail "should succeed"
}

fails() {
    wanted=$1
    shift
    at "$@"
    [ "$status" -eq "$wanted" ] || fail "should end with $wanted"
    check_error
}

# has_error REASON
has_error() {
    grep -q "^  reason: $1 (" "$err" || fail "the reason should be $1"
}

check_error() {
    case " $command_line " in
    *" --json "*)
        json_file "$err" 'set(d) == {"error"} and set(d["error"]) == {
            "reason", "errno", "errno_name", "object", "cause", "next_step"}'
        ;;
    *)
        grep -q '^nvvgpu: ' "$err" || fail "an error begins with nvvgpu:"
        grep -q '^  reason: [a-z-]* ([A-Z0-9]*)$' "$err" || fail "an error ends with its reason"
        ;;
    esac
}

# in_out TEXT, in_err TEXT, not_in_out TEXT
in_out() {
    grep -qF -- "$1" "$out" || fail "standard output should have: $1"
}

not_in_out() {
    ! grep -qF -- "$1" "$out" || fail "standard output should not have: $1"
}

in_err() {
    grep -qF -- "$1" "$err" || fail "standard error should have: $1"
}

silent() {
    [ ! -s "$err" ] || fail "standard error should be empty"
}

# table COLUMN...: standard output is a table with this header, at most 100 columns wide
table() {
    [ "$(head -n 1 "$out" | tr -s ' ')" = "$*" ] || fail "the header should be: $*"
    awk 'length > 100 { exit 1 }' "$out" || fail "wider than 100 columns"
    ! grep -q ' $' "$out" || fail "blanks at the end of a line"
}

# json_file FILE EXPRESSION: FILE is one JSON text, called d in the Python expression, which holds
json_file() {
    python3 -c '
import json, sys
d = json.load(open(sys.argv[1], encoding="utf-8"))
if not eval(sys.argv[2]):
    sys.exit("does not hold: " + sys.argv[2])' "$1" "$2" || fail "JSON of $1"
}

# json EXPRESSION: the same for standard output
json() {
    json_file "$out" "$1"
}

# json_value FILE EXPRESSION: prints it
json_value() {
    python3 -c '
import json, sys
d = json.load(open(sys.argv[1], encoding="utf-8"))
print(eval(sys.argv[2]))' "$1" "$2"
}

# shellcheck disable=SC2034 # for the tests
{
    gpu=0000:41:00.0
    uuid=7d0c1e9a-2f4b-4c8d-9b3a-5e6f70812344
    uuid2=7d0c1e9a-2f4b-4c8d-9b3a-5e6f70812345
    absent=00000000-1111-4222-8333-444444444444
}
