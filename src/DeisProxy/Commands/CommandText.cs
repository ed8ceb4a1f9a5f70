using System.Text.RegularExpressions;
using DeisProxy.Cluster.Ssh;

namespace DeisProxy.Commands;

/// <summary>
/// The commands that people are told to run: every one repeats the options that say which cluster it is and how to enter it, quoted for
/// a shell, so that it cannot hit another one.
/// </summary>
/// <param name="options">The options as they were given, names and values.</param>
internal sealed partial class CommandText(IReadOnlyList<string> options)
{
    private readonly string _options = options.Count == 0 ? "" : $" {ShellQuote.Join(options)}";

    /// <summary>A command with its options.</summary>
    /// <param name="more">More of them, which only this command has.</param>
    public string Of(string command, params IReadOnlyList<string> more) =>
        $"deis-proxy {command}{_options}{(more.Count == 0 ? "" : $" {ShellQuote.Join(more)}")}";

    /// <summary>A text whose commands have their options.</summary>
    /// <returns>Without the sentence's end where that is a command's: pasted, it would be a part of the last option.</returns>
    public string Complete(string text)
    {
        var completed = Command().Replace(text, found => found.Value + _options);
        return _options.Length > 0 && completed.EndsWith($"{_options}.", StringComparison.Ordinal) ? completed[..^1] : completed;
    }

    [GeneratedRegex(@"\bdeis-proxy (setup|verify|teardown|template)\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Command();
}
