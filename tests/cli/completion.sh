#!/bin/bash
# SPDX-License-Identifier: MIT
# The bash completion, sourced and asked as the shell does.  COMPLETION is the file.
set -eu
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

library=/usr/share/bash-completion/bash_completion
[ -r $library ] || skip "no bash-completion"
new_host l40
ok create --type L40-4Q --uuid $uuid
ok types --json
types=$(json_value "$out" '" ".join(str(t["id"]) for t in d)')

set +eu
# shellcheck disable=SC1090 # of the system
. $library
# shellcheck source=examples/cli/nvvgpu.bash
. "${COMPLETION:?set COMPLETION to the completion file}"
complete -p nvvgpu >/dev/null || fail "no completion is registered"

# complete_line LINE: what Tab at the end of the line offers, in $out
complete_line() {
    command_line="$1 (completion)"
    COMP_LINE=$1
    COMP_POINT=${#1}
    COMP_TYPE=9
    COMP_KEY=9
    COMPREPLY=()
    # split as readline does: colons and equal signs are words of their own
    mapfile -t COMP_WORDS < <(grep -oE "[:=]+|[^[:space:]:=]+" <<<"$1")
    [[ $1 != *" " ]] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _nvvgpu "$NVVGPU" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\n' "${COMPREPLY[@]}" >"$out"
}

# offers WORD..., offers_not WORD...: among others
offers() {
    for wanted in "$@"; do
        grep -qxF -- "$wanted" "$out" || fail "should offer $wanted"
    done
}

offers_not() {
    for unwanted in "$@"; do
        ! grep -qxF -- "$unwanted" "$out" || fail "should not offer $unwanted"
    done
}

complete_line "nvvgpu "
offers gpus types vgpus show create destroy xml qemu-args save restore inspect verify events mode sriov doctor collect help
complete_line "nvvgpu de"
offers destroy
offers_not gpus
complete_line "nvvgpu create --"
offers --type --gpu --uuid --param --json --host
offers_not --creatable
complete_line "nvvgpu types --c"
offers --creatable
complete_line "nvvgpu --h"
offers --host --help

export NVVGPU_HOST=$host
complete_line "nvvgpu types "
offers $gpu
complete_line "nvvgpu doctor "
offers $gpu
complete_line "nvvgpu doctor --n"
offers --no-open
complete_line "nvvgpu create --gpu "
offers $gpu
complete_line "nvvgpu create --gpu 0000:4"
offers 41:00.0
complete_line "nvvgpu create --type "
offers L40-4Q
offers_not L40-8Q
complete_line "nvvgpu show "
# shellcheck disable=SC2086 # one word for each type
offers $gpu $uuid $types
complete_line "nvvgpu destroy 7d"
offers $uuid
for verb in save xml qemu-args; do
    complete_line "nvvgpu $verb "
    offers $uuid
done
complete_line "nvvgpu mode "
offers $gpu equal-size mixed-size
complete_line "nvvgpu sriov "
offers $gpu on off
complete_line "nvvgpu help sa"
offers save
: >"$dir/guest.state"
complete_line "nvvgpu inspect $dir/guest.s"
offers "$dir/guest.state"
complete_line "nvvgpu save $uuid -o $dir/guest.s"
offers "$dir/guest.state"
complete_line "nvvgpu collect -o $dir/guest.s"
offers "$dir/guest.state"
complete_line "nvvgpu --host tree:$dir/guest.s"
offers "$dir/guest.state"

# --host on the line
unset NVVGPU_HOST
complete_line "nvvgpu --host $host destroy "
offers $uuid

# the options that take an argument are those of the help
"$NVVGPU" help --json >"$out"
for name in $(json_value "$out" '" ".join(sorted({o["name"] for v in d["verbs"] + [d]
        for o in v["options"] if o["argument"]}))'); do
    grep -q -- "--$name [|)\\\\]\|--$name)" "$COMPLETION" || fail "--$name is not known to take an argument"
done
