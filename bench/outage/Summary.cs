using System.Text;

namespace DeisProxy.Outage;

/// <summary>Median, least and most.</summary>
internal readonly record struct Spread(double Median, double Least, double Most)
{
    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        var middle = sorted.Count / 2;
        return new(sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, sorted[0], sorted[^1]);
    }

    public string Text(string format) => Median.ToString(format) is var median && Least < Most
        ? $"{median} ({Least.ToString(format)}–{Most.ToString(format)})"
        : median;
}

/// <summary>All runs of one scenario.</summary>
internal sealed class Summary(Scenario scenario, IReadOnlyList<Measurement> runs, IReadOnlyList<Measurement> reference)
{
    public Scenario Scenario => scenario;

    public IReadOnlyList<Measurement> Runs => runs;

    public Spread Failed { get; } = Spread.Of(runs.Select(r => (double)r.Failed));

    public Spread Latest { get; } = Spread.Of(runs.Select(r => r.LatestSeconds));

    /// <summary>The script's median as a multiple.</summary>
    public string Ratio => scenario.Change == Change.Script || reference.Count == 0 || Spread.Of(reference.Select(r => (double)r.Failed)).Median is not (> 0 and var script)
        ? ""
        : Failed.Median == 0 ? "none" : $"1/{script / Failed.Median:0.#}";

    /// <summary>Why the goal is missed; empty: it is reached, or there is none.</summary>
    public IEnumerable<string> Misses(bool isGenerous)
    {
        var goal = isGenerous ? scenario.Generous : scenario;
        if (goal.MostFailed is { } most && Failed.Median > most)
        {
            yield return $"{scenario.Name}: {Failed.Median} requests failed in the median, the goal is {most}";
        }

        if (goal.Latest is { } latest && Latest.Median > latest.TotalSeconds)
        {
            yield return $"{scenario.Name}: the latest answer took {Latest.Median:0.00} s in the median, the goal is {latest.TotalSeconds} s";
        }

        foreach (var run in runs.Where(r => r.ExitCode != 0))
        {
            yield return $"{scenario.Name}: deis-proxy ended with {run.ExitCode}: {run.Error}";
        }
    }

    public static string Table(IReadOnlyList<Summary> all)
    {
        string[][] rows =
        [
            ["scenario", "runs", "failed requests", "of the script's", "late (> 0.5 s)", "latest, s", "over half failing, s", "wrong client address", "duration, s", "own: disturbed, ms", "own: held, ms"],
            .. all.Select(summary => summary.Row()),
        ];
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToList();
        var text = new StringBuilder();
        foreach (var (index, row) in rows.Index())
        {
            text.Append("| ").AppendJoin(" | ", row.Select((cell, column) => cell.PadRight(widths[column]))).Append(" |\n");
            if (index == 0)
            {
                text.Append('|').AppendJoin('|', widths.Select(width => new string('-', width + 2))).Append("|\n");
            }
        }

        return text.ToString();
    }

    private string[] Row() =>
    [
        scenario.Name,
        runs.Count.ToString(),
        Failed.Text("0.#"),
        Ratio,
        Over(r => r.Late, "0.#"),
        Latest.Text("0.00"),
        Over(r => r.OutageSeconds, "0.0"),
        Over(r => r.WrongAddress, "0.#"),
        Over(r => r.CommandSeconds, "0.0"),
        Own(r => r.ToolOutageMilliseconds),
        Own(r => r.ToolHeldMilliseconds),
    ];

    private string Over(Func<Measurement, double> value, string format) => Spread.Of(runs.Select(value)).Text(format);

    private string Own(Func<Measurement, double?> value) => runs.Select(value).OfType<double>().ToList() is { Count: > 0 } known ? Spread.Of(known).Text("0") : "";
}
