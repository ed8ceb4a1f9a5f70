using System.CommandLine;

namespace DeisProxy.Commands;

/// <summary>The options that say how to print.</summary>
internal sealed class OutputOptions
{
    /// <summary>The option that says in which format to print.</summary>
    public const string Format = "--output";

    private readonly Option<string> _format = new(Format, "-o")
    {
        Description = "text, or json: one document on the standard output",
        HelpName = "text|json",
        DefaultValueFactory = _ => "text",
    };
    private readonly Option<bool> _verbose = new("--verbose")
    {
        Description = "show more: the node, etcd, each call with its time, the causes of errors",
    };
    private readonly Option<bool> _quiet = new("--quiet") { Description = "show only results and errors" };
    private readonly Option<bool> _noColor = new("--no-color") { Description = "no colors (also NO_COLOR)" };

    public OutputOptions() => _format.AcceptOnlyFromAmong("text", "json");

    /// <summary>Declares the options on a command.</summary>
    /// <param name="withFormat">Whether the command has a document to print.</param>
    public void AddTo(Command command, bool withFormat = true)
    {
        foreach (var option in (Option[])[.. withFormat ? [_format] : (Option[])[], _verbose, _quiet, _noColor])
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetValue(_verbose) && result.GetValue(_quiet))
            {
                result.AddError("--verbose and --quiet cannot be used together.");
            }
        });
    }

    /// <summary>Reads what was given.</summary>
    public OutputSettings Read(ParseResult parsed) => new(
        parsed.GetValue(_format) == "json", parsed.GetValue(_verbose), parsed.GetValue(_quiet), parsed.GetValue(_noColor));
}

/// <summary>How to print.</summary>
internal sealed record OutputSettings(bool Json, bool Verbose, bool Quiet, bool NoColor);
