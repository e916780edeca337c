# Completion of `orchestrate` in fish. To have it in each new shell, run this once:
#
#     orchestrate completion fish > ~/.config/fish/completions/orchestrate.fish

function _orchestrate_completion
    set -l response (env _ORCHESTRATE_COMPLETE=fish_complete COMP_WORDS=(commandline -cp | string collect) \
        COMP_CWORD=(commandline -t | string collect) orchestrate 2> /dev/null)
    for completion in $response
        set -l parts (string split -m 1 "," -- $completion)
        switch $parts[1]
            case plain
                echo $parts[2]
            case yaml
                complete -C "'' "(commandline -ct) | string match -r '.*(?:/|\.ya?ml)$'
            case file
                __fish_complete_path $parts[2]
            case dir
                __fish_complete_directories $parts[2]
        end
    end
end

complete --no-files --command orchestrate --arguments "(_orchestrate_completion)"
