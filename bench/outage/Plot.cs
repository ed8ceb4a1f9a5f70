using System.Globalization;
using System.Text;

namespace DeisProxy.Outage;

/// <summary>Lost requests as a picture: a row for each scenario, a dot for each run, a bar at the median.</summary>
internal static class Plot
{
    private const int Width = 800;
    private const int Left = 330;
    private const int Right = 30;
    private const int Top = 56;
    private const int RowHeight = 30;

    private static readonly int[] Marks = [0, 1, 3, 10, 30, 100, 300, 1000];

    /// <summary>Draws it, in colors that can be told apart on white and on black.</summary>
    public static string Draw(IReadOnlyList<Summary> summaries)
    {
        var bottom = Top + (summaries.Count * RowHeight);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $$"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{{Width}}" height="{{bottom + 34}}" viewBox="0 0 {{Width}} {{bottom + 34}}"
              font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Lost requests in every run">
            <style>
              text { fill: #1f2328 } .quiet { fill: #59636e } .grid { stroke: #d1d9e0 }
              .script { fill: #cf222e; stroke: #cf222e } .tool { fill: #0969da; stroke: #0969da } circle { fill-opacity: .45; stroke: none }
              @media (prefers-color-scheme: dark) {
                text { fill: #f0f6fc } .quiet { fill: #9198a1 } .grid { stroke: #3d444d }
                .script { fill: #ff7b72; stroke: #ff7b72 } .tool { fill: #58a6ff; stroke: #58a6ff }
              }
            </style>
            <text x="0" y="18" font-weight="600">Requests lost to the flip, of 100 new connections a second</text>
            <text x="0" y="38" class="quiet">a dot for each run, a bar at the median; the scale is logarithmic</text>

            """);
        foreach (var mark in Marks)
        {
            text.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{X(mark):0.#}\" y1=\"{Top}\" x2=\"{X(mark):0.#}\" "
                + $"y2=\"{bottom}\"/><text class=\"quiet\" x=\"{X(mark):0.#}\" y=\"{bottom + 20}\" text-anchor=\"middle\">{mark}</text>\n");
        }

        foreach (var (index, summary) in summaries.Index())
        {
            var y = Top + (index * RowHeight) + (RowHeight / 2);
            text.Append(
                CultureInfo.InvariantCulture,
                $"<text x=\"{Left - 18}\" y=\"{y + 4}\" "
                    + $"text-anchor=\"end\">{summary.Scenario.Title.Replace("`", "", StringComparison.Ordinal)}</text><g "
                    + $"class=\"{(summary.Scenario.Change == Change.Script ? "script" : "tool")}\">");
            foreach (var run in summary.Runs)
            {
                text.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{X(run.Lost):0.#}\" cy=\"{y}\" r=\"5\"/>");
            }

            text.Append(CultureInfo.InvariantCulture, $"<line x1=\"{X(summary.Lost.Median):0.#}\" y1=\"{y - 10}\" "
                + $"x2=\"{X(summary.Lost.Median):0.#}\" y2=\"{y + 10}\" stroke-width=\"2.5\"/></g>\n");
        }

        return text.Append("</svg>\n").ToString();
    }

    /// <summary>Logarithmic, with a place for none.</summary>
    private static double X(double lost) => Left + ((Width - Left - Right) * Math.Log(1 + Math.Min(lost, Marks[^1])) / Math.Log(1 + Marks[^1]));
}
