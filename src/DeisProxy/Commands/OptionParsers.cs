using System.CommandLine.Parsing;
using System.Globalization;
using System.Text;

namespace DeisProxy.Commands;

/// <summary>What options of several commands are read by.</summary>
internal static class OptionParsers
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
}
