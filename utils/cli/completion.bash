# SPDX-License-Identifier: Apache-2.0
# Completion of ipsec-offload for bash: commands, options, and the names of
# tunnels that the daemon knows.  ci/check-man-config compares the words below
# with the program's --help.
_ipsec_offload() {
    local commands="status list up down rekey devices check version"
    local options="--socket --json --timeout --ike --force --help --usage --version"
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command="" socket=() i

    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -s | --socket) socket=(--socket "${COMP_WORDS[++i]}") ;;
        -t | --timeout) ((i++)) ;;
        -*) ;;
        *) command=${command:-${COMP_WORDS[i]}} ;;
        esac
    done
    COMPREPLY=()
    if [[ $before == -s || $before == --socket ]]; then
        compopt -o default
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    elif [[ -z $command ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
    elif [[ $command == check ]]; then
        compopt -o default
    elif [[ " status list up down rekey " == *" $command "* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(ipsec-offload "${socket[@]}" -t 1 -j status 2>/dev/null |
            sed -n 's/^      "\(name\|connection\)": "\([^"]*\)",$/\2/p' | sort -u)" -- "$word")
    fi
}
complete -F _ipsec_offload ipsec-offload
