using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace DeisProxy.Core;

/// <summary>Makes text that came from another machine safe to put into a message or onto a terminal.</summary>
public static partial class RemoteText
{
    private const int DefaultLength = 300;

    /// <summary>
    /// One line of plain text: terminal escape sequences are removed, every control, formatting (bidirectional overrides,
    /// zero-width) and unpaired surrogate character becomes a space, runs of white space become one space, and what is
    /// longer than <paramref name="maximumLength"/> is cut and marked with an ellipsis.
    /// </summary>
    /// <param name="maximumLength">Longest result, in UTF-16 units.</param>
    /// <returns>The cleaned text, possibly empty.</returns>
    public static string Clean(string? text, int maximumLength = DefaultLength)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        var result = new StringBuilder();
        foreach (var rune in EscapeSequence().Replace(text, "").EnumerateRunes())
        {
            var unsafeRune = rune == Rune.ReplacementChar || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator
                or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;
            var shown = unsafeRune ? " " : rune.ToString();
            if (unsafeRune && (result.Length == 0 || result[^1] == ' '))
            {
                continue;
            }

            if (result.Length + shown.Length > maximumLength)
            {
                return result.Append('…').ToString();
            }

            result.Append(shown);
        }

        return result.ToString().TrimEnd();
    }

    // CSI and OSC sequences as a whole, so that their parameters do not stay behind as text; a lone ESC goes as a control character.
    [GeneratedRegex(@"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex EscapeSequence();
}
