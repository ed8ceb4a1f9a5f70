# PowerShell completion for deis-proxy. To load it in every shell, add this line to $PROFILE:
#   deis-proxy completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName deis-proxy -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $line = $commandAst.ToString().PadRight($cursorPosition)
    & $commandAst.CommandElements[0].Value "[suggest:$cursorPosition]" $line 2>$null |
        ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
}
