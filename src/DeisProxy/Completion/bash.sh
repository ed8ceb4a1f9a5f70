# bash completion for deis-proxy. To load it in every shell, add this line to ~/.bashrc:
#   source <(deis-proxy completion bash)
_deis_proxy() {
  local found
  found=$("${1/#\~/$HOME}" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null) || return
  mapfile -t COMPREPLY < <(compgen -W "$found" -- "$2")
}
complete -o default -F _deis_proxy deis-proxy
