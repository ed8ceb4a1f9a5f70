using System.CommandLine;
using DeisProxy.Output;

namespace DeisProxy.Commands;

/// <summary>
/// <c>deis-proxy completion SHELL</c>: print the script by which a shell completes deis-proxy's words. It asks deis-proxy itself, through
/// System.CommandLine's <c>[suggest]</c> directive, so that it is never out of date.
/// </summary>
internal sealed class CompletionCommand : Command
{
    private readonly Argument<string> _shell = new("shell") { Description = "the shell to print the script for" };

    public CompletionCommand(Terminal terminal)
        : base("completion", "print a script that completes commands and options in your shell")
    {
        var scripts = typeof(CompletionCommand).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith("completion.", StringComparison.Ordinal)).ToDictionary(name => name.Split('.')[1], StringComparer.Ordinal);
        _shell.HelpName = string.Join('|', scripts.Keys.Order(StringComparer.Ordinal));
        _shell.AcceptOnlyFromAmong([.. scripts.Keys]);
        Arguments.Add(_shell);
        SetAction(parsed =>
        {
            var name = scripts[parsed.GetRequiredValue(_shell)];
            using var script = new StreamReader(typeof(CompletionCommand).Assembly.GetManifestResourceStream(name)!);
            terminal.WriteText(script.ReadToEnd());
        });
    }
}
