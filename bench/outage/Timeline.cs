using System.Diagnostics;
using System.Globalization;
using System.Text;
using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>A run's calls to AWS as bars over time; those of the longest chain, which wait for each other, stand out.</summary>
internal static class Timeline
{
    private const int Left = 330;
    private const int Width = 860;
    private const int RowHeight = 18;

    /// <summary>Draws runs below each other, on one scale.</summary>
    public static string Draw(IReadOnlyList<(string Title, IReadOnlyList<AwsCall> Calls)> runs)
    {
        var scale = (Width - Left - 60) / runs.Max(run => Seconds(run.Calls[0].Begun, run.Calls.Max(call => call.Ended)));
        var height = 20 + runs.Sum(run => 44 + (run.Calls.Count * RowHeight));
        var text = new StringBuilder(
            $$"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{{Width}}" height="{{height}}" viewBox="0 0 {{Width}} {{height}}"
             font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="Calls to AWS over time">
            <style>
              text { fill: #1f2328 } .chain { fill: #0969da } .beside { fill: #afb8c1 }
              @media (prefers-color-scheme: dark) { text { fill: #f0f6fc } .chain { fill: #58a6ff } .beside { fill: #484f58 } }
            </style>

            """);
        var y = 20;
        foreach (var (title, calls) in runs)
        {
            var chain = AwsCall.LongestChain(calls);
            text.Append(CultureInfo.InvariantCulture, $"<text x=\"0\" y=\"{y}\" font-weight=\"600\" font-size=\"14\">{title}: {calls.Count} calls, "
                + $"{chain.Count} after each other</text>\n");
            y += 12;
            foreach (var call in calls.OrderBy(call => call.Begun))
            {
                var (x, length) = (Left + (scale * Seconds(calls.Min(c => c.Begun), call.Begun)), scale * Seconds(call.Begun, call.Ended));
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"<text x=\"{Left - 8}\" y=\"{y + 13}\" text-anchor=\"end\">{call.Action}</text>"
                        + $"<rect class=\"{(chain.Contains(call) ? "chain" : "beside")}\" x=\"{x:0.#}\" y=\"{y + 3}\" "
                        + $"width=\"{Math.Max(1, length):0.#}\" height=\"{RowHeight - 6}\" rx=\"2\"/>\n");
                y += RowHeight;
            }

            y += 32;
        }

        return text.Append("</svg>\n").ToString();
    }

    private static double Seconds(long begun, long ended) => Stopwatch.GetElapsedTime(begun, ended).TotalSeconds;
}
