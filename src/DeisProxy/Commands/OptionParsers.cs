using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace DeisProxy.Commands;

/// <summary>What options of several commands are read by.</summary>
internal static partial class OptionParsers
{
    /// <summary>Longest name that any of the services gives anything; a stack's id is shorter, too.</summary>
    private const int LongestName = 255;

    /// <summary>Whether a text can be meant: not empty, without control characters, and not the rest of something that was no text.</summary>
    public static bool IsText(string text) =>
        text.Length > 0 && text.EnumerateRunes().All(rune => !Rune.IsControl(rune) && rune != Rune.ReplacementChar);

    /// <summary>Reads a name.</summary>
    public static string Name(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (!IsText(text) || text.Length > LongestName)
        {
            result.AddError(
                $"{Written(result)} takes a name of up to {LongestName} characters, not an empty text and not one with control characters.");
        }

        return text;
    }

    /// <summary>The options of these that the person gave, names and values.</summary>
    public static IReadOnlyList<string> Given(ParseResult parsed, IEnumerable<Option> options) =>
    [
        .. options.Select(parsed.GetResult).OfType<OptionResult>().Where(result => !result.Implicit).SelectMany(
            result => result.Tokens.Count == 0 ? [result.Option.Name] : result.Tokens.SelectMany(
                token => (string[])[result.Option.Name, token.Value])),
    ];

    /// <summary>The option as the person wrote it.</summary>
    public static string Written(ArgumentResult result) => (result.Parent as OptionResult)?.IdentifierToken?.Value ?? "The option";

    /// <summary>Reads a TCP port.</summary>
    /// <param name="least">1, or 0 where that means a free one.</param>
    public static int Port(ArgumentResult result, int least)
    {
        if (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port < least || port > ushort.MaxValue)
        {
            result.AddError($"{Written(result)} takes a port from {least} to 65535.");
        }

        return port;
    }

    /// <summary>Reads the path of a file that exists.</summary>
    public static string? File(ArgumentResult result)
    {
        // A shell leaves the tilde of --identity=~/key alone.
        var text = result.Tokens[0].Value;
        var path = text.StartsWith("~/", StringComparison.Ordinal)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), text[2..])
            : text;
        if (!System.IO.File.Exists(path))
        {
            result.AddError($"{Written(result)}: there is no file \"{path}\".");
            return null;
        }

        return Path.GetFullPath(path);
    }

    /// <summary>Reads a length of time.</summary>
    public static TimeSpan? Duration(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        var match = DurationParts().Match(text);
        var seconds = match.Success ? Part("h") * 3600 + Part("m") * 60 + Part("s") : 0;
        if (seconds is > 0 and <= 24 * 3600)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        result.AddError($"\"{text}\" is not a time; it looks like 90s, 10m or 1h30m, and is at most 24h.");
        return null;

        long Part(string unit) => match.Groups[unit] is { Success: true, Value: var digits } ? long.Parse(digits, CultureInfo.InvariantCulture) : 0;
    }

    [GeneratedRegex(
        @"^((?<s>[0-9]{1,6})|((?<h>[0-9]{1,6})h)?((?<m>[0-9]{1,6})m)?((?<s>[0-9]{1,6})s)?)\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex DurationParts();
}
