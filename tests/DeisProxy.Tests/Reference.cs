using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;
using System.Text;
using DeisProxy.Commands;
using DeisProxy.Output;

namespace DeisProxy.Tests;

/// <summary>The command line as a page of Markdown and as a manual page, from the texts that <c>--help</c> prints.</summary>
internal static class Reference
{
    private static readonly (int Code, string Meaning)[] ExitCodes =
    [
        (ExitCode.Done, "Done, or nothing to do. verify: every check passed, warned, or was skipped with a reason."),
        (ExitCode.Failed, "Failed before any change, failed and everything was put back, or a person answered no."),
        (ExitCode.Usage, "Wrong usage; nothing was contacted."),
        (ExitCode.NotPutBack, "Failed and could not be put back: what is left, and the command that finishes it, is printed."),
        (ExitCode.CheckFailed, "verify: a check failed; with --strict also a warning, or a check that was skipped."),
        (ExitCode.ChangesPending, "--dry-run --detailed-exitcode: changes are pending."),
        (ExitCode.Interrupted, "Interrupted; everything was put back."),
    ];

    private static readonly (string Name, string Meaning)[] Variables =
    [
        ("AWS_*", "Credentials, region, profile and endpoints, as in the AWS CLI."),
        ("RACKSPACE_USERNAME, RACKSPACE_API_KEY", "Rackspace credentials. Also OS_USERNAME with OS_API_KEY, or with the key in OS_PASSWORD and "
            + "OS_AUTH_SYSTEM=rackspace."),
        ("OS_REGION_NAME, OS_AUTH_URL", "Rackspace region and identity endpoint."),
        ("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "Proxies for AWS and Rackspace. Loopback is never proxied."),
        ("DEISCTL_TUNNEL", "Node to connect to, without --node."),
        ("SSH_AUTH_SOCK", "SSH agent."),
        ("DEIS_PROXY_SSH_PASSPHRASE", "Passphrase of the private key, where nobody can be asked."),
        ("XDG_STATE_HOME", "Where records are kept, in the folder deis-proxy. Default: ~/.local/state."),
        ("NO_COLOR", "No colors."),
    ];

    private static IEnumerable<Command> Commands => Root.Subcommands;

    private static RootCommand Root { get; } = CommandLine.Root(new CommandHost(
        new Terminal(TextReader.Null, TextWriter.Null, TextWriter.Null), (_, _) => throw new InvalidOperationException(), TimeProvider.System));

    public static string Markdown()
    {
        var page = new StringBuilder("# Commands\n\n");
        page.Append($"{Root.Description}\n\n`deis-proxy COMMAND --help` prints the same at the terminal.\n");
        foreach (var command in Commands)
        {
            page.Append($"\n## deis-proxy {Usage(command)}\n\n{Sentence(command.Description)}\n\n");
            if (!OptionsOf(command).Any())
            {
                continue;
            }

            page.Append("| option | default | meaning |\n|---|---|---|\n");
            foreach (var option in OptionsOf(command))
            {
                var (meaning, standard) = Split(option);
                page.Append($"| `{Cell(Names(option))}` | {(standard is null ? "" : $"`{standard}`")} | {Cell(Sentence(meaning))} |\n");
            }
        }

        page.Append("\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
        Array.ForEach(ExitCodes, code => page.Append($"| {code.Code} | {code.Meaning} |\n"));
        page.Append("\n## Environment variables\n\n| variable | meaning |\n|---|---|\n");
        Array.ForEach(
            Variables,
            variable => page.Append($"| `{variable.Name.Replace(", ", "`, `", StringComparison.Ordinal)}` | {variable.Meaning} |\n"));
        return page.ToString();
    }

    public static string ManualPage()
    {
        var page = new StringBuilder(".TH DEIS-PROXY 1 \"\" \"deis-proxy\"\n");
        page.Append(".SH NAME\ndeis-proxy \\- WebSockets through the load balancer of a Deis v1 cluster\n");
        page.Append(".SH SYNOPSIS\n");
        page.AppendJoin(".br\n", Commands.Select(command => $".B deis-proxy {Roff(Usage(command))}\n"));
        page.Append($".SH DESCRIPTION\n{Roff(Root.Description!)}\n");
        foreach (var command in Commands)
        {
            page.Append($".SH DEIS-PROXY {Roff(command.Name.ToUpperInvariant())}\n{Roff(Sentence(command.Description))}\n");
            foreach (var option in OptionsOf(command))
            {
                var (meaning, standard) = Split(option);
                page.Append($".TP\n.B {Roff(Names(option))}\n{Roff(Sentence(meaning))}{(standard is null ? "" : $" Default: {Roff(standard)}.")}\n");
            }
        }

        page.Append(".SH EXIT STATUS\n");
        Array.ForEach(ExitCodes, code => page.Append($".TP\n.B {code.Code}\n{Roff(code.Meaning)}\n"));
        page.Append(".SH ENVIRONMENT\n");
        Array.ForEach(Variables, variable => page.Append($".TP\n.B {Roff(variable.Name)}\n{Roff(variable.Meaning)}\n"));
        return page.ToString();
    }

    private static IEnumerable<Option> OptionsOf(Command command) => command.Options.Where(option => !option.Hidden && option is not HelpOption);

    private static string Usage(Command command) =>
        command.Name
            + string.Concat(command.Arguments.Select(argument => $" {argument.HelpName}"))
            + (OptionsOf(command).Any() ? " [options]" : "");

    private static string Names(Option option) =>
        $"{string.Join(", ", option.Aliases.Append(option.Name).OrderBy(name => name.Length))}{(option.HelpName is { } value ? $" <{value}>" : "")}";

    /// <summary>What <c>--help</c> says of an option, and its default apart.</summary>
    private static (string Meaning, string? Default) Split(Option option)
    {
        var parts = option.Description!.Split(" [default: ");
        return parts is [var meaning, var written] ? (meaning, written.TrimEnd(']')) : (parts[0], Default(option));
    }

    private static string? Default(Option option) =>
        option.HasDefaultValue && option.ValueType != typeof(bool) ? Convert.ToString(option.GetDefaultValue(), CultureInfo.InvariantCulture) : null;

    private static string Sentence(string? text) => string.IsNullOrEmpty(text) ? "" : $"{char.ToUpperInvariant(text[0])}{text[1..]}.";

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    private static string Roff(string text) => text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal);
}
