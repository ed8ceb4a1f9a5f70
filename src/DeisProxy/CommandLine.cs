using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using DeisProxy.Commands;
using DeisProxy.Output;

namespace DeisProxy;

/// <summary>The command line: what can be said, and what wrong usage is answered with.</summary>
internal static class CommandLine
{
    /// <summary>Columns in which the library sets options beside what they mean.</summary>
    private const int LeastWidthOfHelp = 72;

    /// <summary>Parses and runs a command line.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CommandHost host, CancellationToken cancellationToken)
    {
        // As in git and kubectl; "help" alone is --help.
        var root = Root(host);
        var parsed = root.Parse(arguments is ["help", ..] ? [.. arguments.Skip(1), "--help"] : arguments);
        var isCompletion = arguments is [var first, ..] && first.StartsWith("[suggest", StringComparison.Ordinal);
        if (!isCompletion && parsed is { CommandResult.Command: RootCommand, UnmatchedTokens: [var unknown, ..] }
            && root.Parse([unknown]) is { Errors.Count: > 0 } wrong)
        {
            // Asked for the help of a command that is not there, the library would print the general one.
            parsed = wrong;
        }

        if (!isCompletion && MessageOf(parsed, arguments) is { } message)
        {
            var command = parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name;
            var remedy = $"See 'deis-proxy {command}{(command.Length > 0 ? " " : "")}--help'.";
            host.Terminal.Error(Shorten(message), remedy);
            if (parsed.CommandResult.Command.Options.FirstOrDefault(option => option.Name == OutputOptions.Format) is { } format
                && parsed.GetResult(format) is { Tokens: [{ Value: "json" }] })
            {
                host.Terminal.WriteDocument(new FailureDocument(command, new ErrorDocument("usage", Shorten(message), remedy)));
            }

            return ExitCode.Usage;
        }

        if (parsed.Action is HelpAction help && host.Terminal.OutputWidth?.Invoke() < LeastWidthOfHelp)
        {
            PrintNarrow(help, parsed, host.Terminal);
            return ExitCode.Done;
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

        host.Terminal.Error($"Could not write the results: {lost}", "Check standard output, for example whether the disk is full.");
        return ExitCode.Failed;
    }

    /// <summary>All commands and their options.</summary>
    public static RootCommand Root(CommandHost host)
    {
        var root = new RootCommand(
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

        // What DOS programs have beside it would be offered by completion, too.
        var help = root.Options.OfType<HelpOption>().Single();
        foreach (var alias in help.Aliases.Where(alias => alias != "-h").ToList())
        {
            help.Aliases.Remove(alias);
        }

        return root;
    }

    /// <summary>Prints help below instead of beside options: the library would break their names in the middle.</summary>
    private static void PrintNarrow(HelpAction help, ParseResult parsed, Terminal terminal)
    {
        using var wide = new StringWriter();
        help.MaxWidth = int.MaxValue;
        parsed.Invoke(new InvocationConfiguration { Output = wide });
        foreach (var line in wide.ToString().TrimEnd().Split('\n'))
        {
            var text = line.TrimEnd();
            var name = text.Length - text.TrimStart().Length;
            var gap = text.IndexOf("  ", name, StringComparison.Ordinal);
            terminal.Result(gap < 0 ? text : text[..gap]);
            if (gap >= 0)
            {
                terminal.Result(("      ", Tone.Plain), (text[gap..].Trim(), Tone.Plain));
            }
        }
    }

    /// <summary>What is wrong with a command line; null: nothing.</summary>
    private static string? MessageOf(ParseResult parsed, IReadOnlyList<string> arguments)
    {
        if (parsed.Errors.Count > 0)
        {
            return parsed.UnmatchedTokens is [var word, ..]
                ? $"Unknown command or option \"{word}\".{Meant(word, parsed)}"
                : MessageOf(parsed.Errors[0]);
        }

        // The library takes --yes=$UNSET for --yes.
        return arguments.FirstOrDefault(argument => argument.EndsWith('=') && IsFlag(argument[..^1])) is { } empty
            ? $"{empty[..^1]} takes no value."
            : null;

        bool IsFlag(string name) => parsed.CommandResult.Command.Options.Any(option =>
            (option is Option<bool> || option.Arity.MaximumNumberOfValues == 0) && (option.Name == name || option.Aliases.Contains(name)));
    }

    private static string MessageOf(ParseError error)
    {
        var result = error.SymbolResult is ArgumentResult { Parent: { } parent } ? parent : error.SymbolResult;

        // The library's own message names a type of .NET.
        return result is OptionResult { Option: Option<bool> flag } ? $"{flag.Name} takes no value." : error.Message;
    }

    /// <summary>Leaves out the middle of what is too long to be read: what is wrong stands at its beginning, what is right at its end.</summary>
    private static string Shorten(string message)
    {
        const int Half = 200;
        return message.Length <= 2 * Half ? message : $"{message[..Half]}…{message[^Half..]}";
    }

    /// <summary>Names the command or option that is meant, where one is near.</summary>
    private static string Meant(string word, ParseResult parsed)
    {
        // Of two letters every other option is near, and of very many none.
        if (word.Length is < 4 or > 100 || parsed.Action is not ParseErrorAction action)
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
