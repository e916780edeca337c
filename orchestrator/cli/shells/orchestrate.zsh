#compdef orchestrate
# Completion of `orchestrate` in zsh. To have it in each new shell, put this line into ~/.zshrc, behind `compinit`:
#
#     eval "$(orchestrate completion zsh)"

_orchestrate_completion() {
    local type key described
    local -a response plain explained nospace
    (( ! $+commands[orchestrate] )) && return 1

    response=("${(@f)$(COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT - 1)) \
        _ORCHESTRATE_COMPLETE=zsh_complete orchestrate 2> /dev/null)}")

    for type key described in ${response}; do
        case $type in
            plain)
                [[ $key == *= ]] && nospace=(-S '')
                if [[ $described == _ ]]; then
                    plain+=("$key")
                else
                    explained+=("$key:$described")
                fi
                ;;
            yaml) _files -g '*.(yaml|yml)' ;;
            file) _files ;;
            dir) _files -/ ;;
        esac
    done
    (( $#explained )) && _describe -V unsorted explained -U "${nospace[@]}"
    (( $#plain )) && compadd -U -V unsorted "${nospace[@]}" -a plain
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _orchestrate_completion "$@"
else
    compdef _orchestrate_completion orchestrate
fi
