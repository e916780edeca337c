# Completion of `orchestrate` in bash, 4.4 or newer. To have it in each new shell, put this line into ~/.bashrc:
#
#     eval "$(orchestrate completion bash)"

_orchestrate_completion() {
    local IFS=$'\n' word type value
    local -a words=()
    for word in "${COMP_WORDS[@]:0:COMP_CWORD + 1}"; do # bash takes a=b and a:b for three words each
        if ((${#words[@]})) && [[ -n $word && ($word == [=:]* || ${words[-1]} == *[=:]) ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
    done
    local before=${words[-1]%"$2"} # what bash does not replace of the last one
    COMPREPLY=()
    while IFS=',' read -r type value; do
        case $type in
            plain)
                COMPREPLY+=("${value#"$before"}")
                [[ $value == *= ]] && compopt -o nospace
                ;;
            yaml)
                compopt -o filenames
                COMPREPLY+=($(compgen -f -X '!*.y*ml' -- "$2") $(compgen -d -- "$2"))
                ;;
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
        esac
    done < <(COMP_WORDS="${words[*]}" COMP_CWORD=$((${#words[@]} - 1)) _ORCHESTRATE_COMPLETE=bash_complete "$1" 2> /dev/null)
}

complete -o nosort -F _orchestrate_completion orchestrate
