# fish completion for deis-proxy. To load it in every shell:
#   deis-proxy completion fish >~/.config/fish/completions/deis-proxy.fish
function __deis_proxy_complete
    set -l line (commandline -cp)
    set -l words (commandline -opc)
    $words[1] "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
end
complete --command deis-proxy --arguments '(__deis_proxy_complete)'
