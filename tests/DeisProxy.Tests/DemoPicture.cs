using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using DeisProxy.Commands;
using DeisProxy.Output;

namespace DeisProxy.Tests;

/// <summary><c>deis-proxy demo</c> on a terminal of 110 columns, as an SVG picture.</summary>
internal static partial class DemoPicture
{
    private const int Columns = 110;
    private const int LineHeight = 17;

    public static async Task<string> DrawAsync()
    {
        using var screen = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(TextReader.Null, screen, screen)
        {
            ColorOutput = true,
            ColorError = true,
            OutputIsTerminal = true,
            OutputWidth = () => Columns,
            ErrorWidth = () => Columns,
        };
        var host = new CommandHost(terminal, (_, _) => throw new InvalidOperationException(), TimeProvider.System);
        (await CommandLine.RunAsync(["demo"], host, CancellationToken.None)).ShouldBe(0, screen.ToString());

        var lines = screen.ToString().TrimEnd('\n').Split('\n').Where(line => !line.StartsWith("\e[2m… ", StringComparison.Ordinal)).ToList();
        var picture = new StringBuilder(
            $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{Columns * 8 + 28}" height="{(lines.Count + 2) * LineHeight + 14}"
             font-family="ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="13">
            <rect width="100%" height="100%" rx="8" fill="#1e1e1e"/>
            <text x="14" y="21" fill="#808080" xml:space="preserve">$ dotnet run --project src/DeisProxy -- demo</text>

            """);
        foreach (var (index, line) in lines.Index())
        {
            picture.Append(
                CultureInfo.InvariantCulture,
                $"<text x=\"14\" y=\"{(index + 2) * LineHeight + 4}\" fill=\"#d4d4d4\" xml:space=\"preserve\">");
            foreach (Match piece in Piece().Matches(line))
            {
                var style = piece.Groups["code"].Value switch
                {
                    "1" => " font-weight=\"bold\"",
                    "2" => " fill=\"#808080\"",
                    "31" => " fill=\"#f14c4c\"",
                    "32" => " fill=\"#23d18b\"",
                    "33" => " fill=\"#e5c07b\"",
                    _ => "",
                };
                picture.Append($"<tspan{style}>{WebUtility.HtmlEncode(piece.Groups["text"].Value)}</tspan>");
            }

            picture.Append("</text>\n");
        }

        return picture.Append("</svg>\n").ToString();
    }

    /// <summary>The words of a picture that are the same in every run: no times, no counts, no ports, no tokens, no line breaks.</summary>
    public static string Words(string picture) => Changing().Replace(string.Join(' ', Tag().Replace(picture, "").Split((char[]?)null,
        StringSplitOptions.RemoveEmptyEntries)), "#");

    [GeneratedRegex("(\e\\[(?<code>[0-9]+)m(?<text>[^\e]*)\e\\[0m)|(?<text>[^\e]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Piece();

    [GeneratedRegex("<[^>]*>", RegexOptions.None, 1000)]
    private static partial Regex Tag();

    [GeneratedRegex("[a-z0-9]{24}|[0-9]+(\\.[0-9]+)?( of [0-9]+)?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Changing();
}
