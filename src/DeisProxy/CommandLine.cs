using System.CommandLine;
using System.CommandLine.Invocation;
using DeisProxy.Commands;
using DeisProxy.Output;

namespace DeisProxy;

/// <summary>The command line: what can be said, and what wrong usage is answered with.</summary>
internal static class CommandLine
{
    /// <summary>Parses and runs a command line.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CommandHost host, CancellationToken cancellationToken)
    {
        // As in git and kubectl; "help" alone is --help.
        var parsed = Root(host).Parse(arguments is ["help", ..] ? [.. arguments.Skip(1), "--help"] : arguments);
        var isCompletion = arguments is [var first, ..] && first.StartsWith("[suggest", StringComparison.Ordinal);
        if (parsed.Errors.Count > 0 && !isCompletion)
        {
            // What the parser says besides of a word that it does not know (that a command is missing, say) is no help.
            var unknown =
                parsed.UnmatchedTokens is [var word, ..] ? $"deis-proxy does not know \"{word}\".{Meant(word, parsed)}" : null;
            List<string> messages = unknown is null ? [.. parsed.Errors.Select(error => error.Message)] : [unknown];
            var command = parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name;
            var remedy = $"See 'deis-proxy {command}{(command.Length > 0 ? " " : "")}--help'.";
            foreach (var message in messages)
            {
                host.Terminal.Error(message, message == messages[^1] ? remedy : "");
            }

            if (parsed.CommandResult.Command.Options.FirstOrDefault(option => option.Name == OutputOptions.Format) is { } format
                && parsed.GetResult(format) is { Tokens: [{ Value: "json" }] })
            {
                host.Terminal.WriteDocument(new FailureDocument(command, new ErrorDocument("usage", string.Join(" ", messages), remedy)));
            }

            return ExitCode.Usage;
        }

        // Interrupts are handled once, for the whole program: the library's own handler would end the process after two seconds.
        var exitCode = await parsed.InvokeAsync(
            new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false }, cancellationToken);

        // What was changed is changed, whether or not its report could be written.
        var changes = parsed.CommandResult.Command is SetupCommand or TeardownCommand && !parsed.GetValue<bool>("--dry-run");
        if (host.Terminal.ResultsLost is not { } lost || exitCode is not (ExitCode.Done or ExitCode.ChangesPending) || changes)
        {
            return exitCode;
        }

        host.Terminal.Error($"The results could not be written: {lost}", "Check where the standard output leads to, such as a full disk.");
        return ExitCode.Failed;
    }

    /// <summary>All commands and their options.</summary>
    public static RootCommand Root(CommandHost host) => new(
        "Makes WebSockets work through the load balancer of a Deis v1 cluster: AWS (TCP with the PROXY protocol), Rackspace (TCP_CLIENT_FIRST), "
            + "or none.")
    {
        new SetupCommand(host),
        new VerifyCommand(host),
        new TeardownCommand(host),
        new TemplateCommand(host),
        new DemoCommand(host),
        new SandboxCommand(host.Terminal),
        new CompletionCommand(host.Terminal),
    };

    /// <summary>Names the command or option that is meant, where one is near.</summary>
    private static string Meant(string word, ParseResult parsed)
    {
        // Of two letters every other option is near.
        if (word.Length < 4 || parsed.Action is not ParseErrorAction action)
        {
            return "";
        }

        // The library finds it, and writes it below a line of its own.
        (action.ShowHelp, action.ShowTypoCorrections) = (false, true);
        using var suggestions = new StringWriter();
        parsed.Invoke(new InvocationConfiguration { Output = suggestions, Error = TextWriter.Null });
        return suggestions.ToString().Split('\n', StringSplitOptions.TrimEntries) is [var line, { Length: > 0 } nearest, ..]
            && line.StartsWith($"'{word}'", StringComparison.Ordinal)
            ? $" Did you mean {nearest}?"
            : "";
    }
}
