#!/bin/sh
# SPDX-License-Identifier: MIT
# Help, version, and mistakes on the command line.
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

new_host l40
verbs="gpus types vgpus show create destroy xml qemu-args save restore inspect verify events mode sriov doctor collect help"
for words in help --help -h; do
    ok "$words"
    silent
    for verb in $verbs; do
        grep -q "^  $verb  " "$out" || fail "$verb should be listed"
    done
done
for verb in $verbs; do
    for words in "help $verb" "$verb --help" "--help $verb" "-h $verb"; do
        # shellcheck disable=SC2086 # two words
        ok $words
        in_out "usage: nvvgpu $verb"
        in_out "--json"
        awk 'length > 100 { exit 1 }' "$out" || fail "wider than 100 columns"
    done
    ok "$verb" --help --json
    json 'd["name"] == "'"$verb"'" and set(d) == {"name", "arguments", "summary", "options"}'
done
ok help --json
json 'd["name"] == "nvvgpu" and len(d["verbs"]) == 18'
ok --version
grep -Eq '^nvvgpu [0-9]+\.[0-9]+\.[0-9]+$' "$out" || fail "version"
ok --version --json
json 'set(d) == {"name", "version"}'

# mistakes
fails 2 gpu
in_err "did you mean 'gpus'?"
fails 2 detsroy
in_err "did you mean 'destroy'?"
fails 2 xyzzy
in_err "there is no verb 'xyzzy'"
fails 2 help crate
in_err "nvvgpu help create"
fails 2
in_err "no verb was given"
fails 2 gpus --nonsense
in_err "--nonsense"
fails 2 gpus -Z
in_err "there is no option -Z"
fails 2 gpus --creatable
in_err "it has no option --creatable"
fails 2 gpus too many
in_err "unexpected argument 'too'"
fails 2 create --type
in_err "needs an argument"
fails 2 gpus --json=yes
in_err "takes no argument"
for words in "gpu --json" "--json gpus --nonsense" "create --json" "--json"; do
    # shellcheck disable=SC2086 # several words
    fails 2 $words
    json_file "$err" 'd["error"]["reason"] == "invalid-argument" and d["error"]["next_step"]'
    [ ! -s "$out" ] || fail "nothing on standard output"
done

# the host: an option before or after the verb, or the environment; the option wins
NVVGPU_HOST=$host "$NVVGPU" gpus >"$out" 2>"$err" || fail "NVVGPU_HOST should be read"
in_out $gpu
NVVGPU_HOST=nonsense: run gpus --host="$host"
[ "$status" -eq 0 ] || fail "--host should win"
POSIXLY_CORRECT=1 run gpus --host "$host"
[ "$status" -eq 0 ] || fail "options may stand after the verb"
host=nonsense:
fails 2 gpus
host=emu:nonsense
fails 2 gpus
host=tree:$dir/absent
fails 3 gpus
host="emu:l40?state=$dir/absent/state"
at gpus
[ "$status" -ne 0 ] || fail "a state directory needs a place"
check_error

# standard output that cannot be written
status=0
"$NVVGPU" help >/dev/full 2>"$err" || status=$?
[ "$status" -eq 1 ] || fail "a full disk should be told"
