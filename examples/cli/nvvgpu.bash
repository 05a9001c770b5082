# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# bash completion for nvvgpu(1).  Verbs and options come from the command's own help, addresses,
# uuids and types from the host that --host or $NVVGPU_HOST names.

# The value of --host on the line so far, as arguments for another call.
_nvvgpu_host() {
    local i
    host=()
    for ((i = 1; i < cword; i++)); do
        case ${words[i]} in
        --host) host=(--host "${words[i + 1]}") ;;
        --host=*) host=("${words[i]}") ;;
        esac
    done
}

# _nvvgpu_values KEY VERB [ARG...]: the values of KEY in the JSON that the verb prints
_nvvgpu_values() {
    local key=$1
    shift
    "$command" "${host[@]}" "$@" --json 2>/dev/null |
        awk -v key="\"$key\" *: *\"?" '{
            sub(/^[[:space:]]+/, "")
            if (match($0, key "[^\",}]*")) {
                found = substr($0, RSTART, RLENGTH)
                sub(key, "", found)
                print found
            }
        }'
}

_nvvgpu_gpus() {
    _nvvgpu_values address gpus
}

_nvvgpu_vgpus() {
    _nvvgpu_values uuid vgpus
}

# Ids, and the names that are one word without the vendor.
_nvvgpu_types() {
    _nvvgpu_values id types "$@"
    _nvvgpu_values name types "$@" | sed -n 's/^NVIDIA \([^ ]*\)$/\1/p'
}

_nvvgpu_verbs() {
    "$command" help 2>/dev/null | sed -n '/^verbs:/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

# _nvvgpu_options VERB
_nvvgpu_options() {
    "$command" help "$1" 2>/dev/null | sed -n 's/^ \{2,6\}\(-., \)\{0,1\}\(--[a-z-]*\).*/\2/p'
}

# The first word that is neither an option nor an option's argument.
_nvvgpu_verb() {
    local i
    verb=
    for ((i = 1; i < cword; i++)); do
        case ${words[i]} in
        --host | -o | --output | -i | --input | -g | --gpu | -t | --type | -u | --uuid | --vf | \
            --placement | -p | --param | --owner | -n | --count | --timeout) ((i++)) ;;
        -*) ;;
        *)
            verb=${words[i]}
            return
            ;;
        esac
    done
}

# Directories and archives behind "tree:".
_nvvgpu_tree() {
    local path=${cur#tree:} i
    mapfile -t COMPREPLY < <(compgen -f -- "$path")
    for ((i = 0; i < ${#COMPREPLY[@]}; i++)); do
        COMPREPLY[i]=tree:${COMPREPLY[i]}
    done
}

# Words for the argument of the option before the cursor; fails when there is no such option.
_nvvgpu_argument() {
    case $prev in
    --host)
        if [[ $cur == tree:?* ]]; then
            _nvvgpu_tree
            return 0
        fi
        reply="host: tree: emu:l40 emu:l40s emu:a40 emu:rtx6000-ada emu:l4 emu:a16 emu:t4
            emu:l40?framework=vendor-vfio"
        ;;
    -g | --gpu) reply=$(_nvvgpu_gpus) ;;
    -t | --type) reply=$(_nvvgpu_types --creatable) ;;
    -o | --output | -i | --input)
        _filedir
        [[ -n $cur ]] || COMPREPLY+=(-)
        return 0
        ;;
    -u | --uuid | --vf | --placement | -p | --param | --owner | -n | --count | --timeout) reply= ;;
    *) return 1 ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$reply" -- "$cur")
}

# Words for an argument of the verb.
_nvvgpu_word() {
    case $verb in
    '' | help) reply=$(_nvvgpu_verbs) ;;
    types | vgpus | doctor) reply=$(_nvvgpu_gpus) ;;
    mode) reply="$(_nvvgpu_gpus) equal-size mixed-size" ;;
    sriov) reply="$(_nvvgpu_gpus) on off" ;;
    show) reply="$(_nvvgpu_gpus) $(_nvvgpu_vgpus) $(_nvvgpu_types)" ;;
    destroy | save | xml | qemu-args) reply=$(_nvvgpu_vgpus) ;;
    inspect | verify)
        _filedir
        return
        ;;
    *) reply= ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$reply" -- "$cur")
}

_nvvgpu() {
    local cur prev words cword command=$1 verb reply host
    _init_completion -n := || return

    _nvvgpu_verb
    _nvvgpu_host
    if ! _nvvgpu_argument; then
        if [[ $cur == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$(_nvvgpu_options "${verb:-help}")" -- "$cur")
        else
            _nvvgpu_word
        fi
    fi
    __ltrim_colon_completions "$cur"
} &&
    complete -F _nvvgpu nvvgpu
