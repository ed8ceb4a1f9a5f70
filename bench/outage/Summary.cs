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

    public Spread Lost { get; } = Spread.Of(runs.Select(r => (double)r.Lost));

    public Spread Refused { get; } = Spread.Of(runs.Select(r => (double)r.Refused));

    public Spread Late { get; } = Spread.Of(runs.Select(r => (double)r.Late));

    public Spread Latest { get; } = Spread.Of(runs.Select(r => r.LatestSeconds));

    /// <summary>What the script lost in the median under the same conditions.</summary>
    public string OfScript =>
        scenario.Change == Change.Script || reference.Count == 0 ? "" : Spread.Of(reference.Select(r => (double)r.Lost)).Median.ToString("0.#");

    /// <summary>Why the goal is missed; empty: it is reached, or there is none.</summary>
    public IEnumerable<string> Misses()
    {
        if (scenario.MostLost is { } most && Lost.Most > most)
        {
            yield return $"{scenario.Name}: {Lost.Most} requests were lost in a run, the goal is {most}";
        }

        if (scenario.Latest is { } latest && Latest.Most > latest.TotalSeconds)
        {
            yield return $"{scenario.Name}: the latest answer of a run took {Latest.Most:0.00} s, the goal is {latest.TotalSeconds} s";
        }

        if (scenario.MostLost is not null && Late.Median > Scenario.MostLate)
        {
            yield return $"{scenario.Name}: {Late.Median} requests were late in the median, the goal is {Scenario.MostLate}";
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
            [
                "scenario", "runs", "lost", "by the script", "refused", "late (> 0.5 s)", "latest, s", "wrong client address", "duration, s",
                "own: disturbed, ms", "own: held, ms",
            ],
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
        Lost.Text("0.#"),
        OfScript,
        Refused.Text("0.#"),
        Late.Text("0.#"),
        Latest.Text("0.00"),
        Over(r => r.WrongAddress, "0.#"),
        Over(r => r.CommandSeconds, "0.0"),
        Own(r => r.ToolOutageMilliseconds),
        Own(r => r.ToolHeldMilliseconds),
    ];

    private string Over(Func<Measurement, double> value, string format) => Spread.Of(runs.Select(value)).Text(format);

    private string Own(Func<Measurement, double?> value) =>
        runs.Select(value).OfType<double>().ToList() is { Count: > 0 } known ? Spread.Of(known).Text("0") : "";
}
