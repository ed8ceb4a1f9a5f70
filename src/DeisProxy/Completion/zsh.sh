#compdef deis-proxy
# zsh completion for deis-proxy. To load it in every shell, add this line to ~/.zshrc, after compinit:
#   source <(deis-proxy completion zsh)
_deis_proxy() {
  local line="${(j: :)words[1,CURRENT]}"
  local -a found
  found=(${(f)"$(${~words[1]} "[suggest:${#line}]" "$line" 2>/dev/null)"})
  if (( $#found )); then compadd -a found; else _files; fi
}
compdef _deis_proxy deis-proxy
