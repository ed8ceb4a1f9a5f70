using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace DeisProxy.Tests;

/// <summary>What a terminal shows, as an SVG picture.</summary>
internal static partial class TerminalPicture
{
    private const int LineHeight = 17;

    /// <summary>A picture with the command as its first line.</summary>
    /// <param name="lines">What is added for each line, made by <see cref="Line"/>.</param>
    public static string Draw(int columns, int rows, string command, IEnumerable<string> lines, string animation = "") => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        <svg xmlns="http://www.w3.org/2000/svg" width="{(columns * 8) + 28}" height="{((rows + 2) * LineHeight) + 14}"
         font-family="ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="13">
        <rect width="100%" height="100%" rx="8" fill="#1e1e1e">{animation}</rect>
        <text x="14" y="21" fill="#808080" xml:space="preserve">$ {WebUtility.HtmlEncode(command)}</text>
        {string.Join('\n', lines)}
        </svg>

        """);

    /// <summary>A line with its colors.</summary>
    /// <param name="attributes">More attributes of its element.</param>
    /// <param name="animation">What is in its element besides the text.</param>
    public static string Line(int row, string text, string attributes = "", string animation = "")
    {
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"<text x=\"14\" y=\"{((row + 2) * LineHeight) + 4}\" fill=\"#d4d4d4\" xml:space=\"preserve\"");
        line.Append(CultureInfo.InvariantCulture, $"{attributes}>{animation}");
        foreach (Match piece in Piece().Matches(text))
        {
            var style = piece.Groups["code"].Value switch
            {
                "1" => " font-weight=\"bold\"",
                "2" => " fill=\"#808080\"",
                "31" => " fill=\"#f14c4c\"",
                "32" => " fill=\"#23d18b\"",
                "35" => " fill=\"#d670d6\"",
                _ => "",
            };
            line.Append(CultureInfo.InvariantCulture, $"<tspan{style}>{WebUtility.HtmlEncode(piece.Groups["text"].Value)}</tspan>");
        }

        return line.Append("</text>").ToString();
    }

    /// <summary>
    /// The words of a picture that are the same in every run: no times, no counts, no ports, no tokens, no line breaks, and nothing that is
    /// shown for a moment only.
    /// </summary>
    public static string Words(string picture) => Changing().Replace(
        string.Join(' ', Tag().Replace(Passing().Replace(picture, ""), "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), "#");

    [GeneratedRegex("(\e\\[(?<code>[0-9]+)m(?<text>[^\e]*)\e\\[0m)|(?<text>[^\e]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Piece();

    [GeneratedRegex("<text[^>]* opacity=\"0\".*", RegexOptions.None, 1000)]
    private static partial Regex Passing();

    [GeneratedRegex("<[^>]*>", RegexOptions.None, 1000)]
    private static partial Regex Tag();

    [GeneratedRegex("[a-z0-9]{24}|[0-9]+(\\.[0-9]+)?( of [0-9]+)?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Changing();
}
