using System.CommandLine;
using DeisProxy.Commands;
using DeisProxy.Output;

namespace DeisProxy;

/// <summary>The command line: what can be said, and what wrong usage is answered with.</summary>
internal static class CommandLine
{
    /// <summary>Parses and runs a command line.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CommandHost host, CancellationToken cancellationToken)
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
        };

        // As in git and kubectl; "help" alone is --help.
        var parsed = root.Parse(arguments is ["help", ..] ? [.. arguments.Skip(1), "--help"] : arguments);
        if (parsed.Errors.Count > 0)
        {
            // What the parser says besides of a word that it does not know (that a command is missing, say) is no help.
            var unknown =
                parsed.UnmatchedTokens is [var word, ..] ? $"deis-proxy does not know \"{word}\".{Meant(word, parsed.CommandResult.Command)}" : null;
            foreach (var message in unknown is null ? parsed.Errors.Select(error => error.Message) : [unknown])
            {
                host.Terminal.Message(("error: ", Tone.Bad), (message, Tone.Plain));
            }

            var command = parsed.CommandResult.Command is RootCommand ? "" : $" {parsed.CommandResult.Command.Name}";
            host.Terminal.Message($"  See 'deis-proxy{command} --help'.");
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

        ErrorText.Print(host.Terminal, $"The results could not be written: {lost}", "Check where the standard output leads to, such as a full disk.");
        return ExitCode.Failed;
    }

    /// <summary>Names the command or option that a word is nearest to, if any is near.</summary>
    private static string Meant(string word, Command command)
    {
        IEnumerable<string> known = word.StartsWith('-')
            ? command.Options.Where(option => !option.Hidden).SelectMany(option => option.Aliases.Append(option.Name))
            : command.Subcommands.Select(subcommand => subcommand.Name);
        var nearest = known.Select(name => (Name: name, Distance: Distance(word, name))).OrderBy(found => found.Distance).FirstOrDefault();
        return nearest.Name is { } name && word.Length > 3 && nearest.Distance <= 2 ? $" Did you mean {name}?" : "";
    }

    /// <summary>
    /// How many letters have to be put in, left out or replaced to make one word of the other (Levenshtein's distance); two swapped ones count as
    /// one.
    /// </summary>
    private static int Distance(string from, string to)
    {
        var rows = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++)
        {
            for (var j = 0; j <= to.Length; j++)
            {
                rows[i, j] = i == 0 || j == 0
                    ? i + j
                    : Math.Min(Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1, rows[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
                }
            }
        }

        return rows[from.Length, to.Length];
    }
}
