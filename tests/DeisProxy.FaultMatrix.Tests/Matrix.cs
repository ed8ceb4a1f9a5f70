using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>
/// Which cases are run, and what comes of them. With DEIS_PROXY_FAULT_MATRIX=full all of them; else a sample, which the seed
/// (DEIS_PROXY_FAULT_MATRIX_SEED, such as the number of a CI run; else the clock's minute) moves on: runs with one seed after the other come by every
/// operation × every fault, and then by the operation's next call. With DEIS_PROXY_FAULT_MATRIX_ONLY, such as "say" or "CloseAfter etcd", all
/// cases of the operations and faults that it is a part of.
/// </summary>
internal static class Matrix
{
    public static readonly bool Full = Environment.GetEnvironmentVariable("DEIS_PROXY_FAULT_MATRIX") == "full";

    private static readonly string? Only = Environment.GetEnvironmentVariable("DEIS_PROXY_FAULT_MATRIX_ONLY") is { Length: > 0 } only ? only : null;

    /// <summary>More than there are processors: a case often waits for a time limit.</summary>
    private static readonly int Parallel = 2 * Environment.ProcessorCount;

    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(30);

    private static readonly long Seed = long.TryParse(
        Environment.GetEnvironmentVariable("DEIS_PROXY_FAULT_MATRIX_SEED"), CultureInfo.InvariantCulture, out var seed)
        ? seed
        : DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 60;

    /// <summary>Chooses cases.</summary>
    public static List<T> Sample<T>(IEnumerable<T> cases, int size, Func<T, string> group)
    {
        if (Full || Only is not null)
        {
            return [.. cases.Where(c => Only is null || group(c).Contains(Only, StringComparison.Ordinal))];
        }

        var groups = cases.GroupBy(group, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => g.ToList()).ToList();
        return [.. Enumerable.Range(0, Math.Min(size, groups.Count)).Select(i =>
        {
            var (round, place) = Math.DivRem((Seed * size) + i, groups.Count);
            var chosen = groups[(int)place];
            return chosen[(int)(round % chosen.Count)];
        })];
    }

    public static async Task MeasureAsync<T>(MatrixOutput output, string name, List<T> cases, Func<T, Task<Outcome>> run)
    {
        var outcomes = new ConcurrentBag<Outcome>();
        var begun = Stopwatch.GetTimestamp();
        var reported = begun;
        var reporting = new Lock();
        await System.Threading.Tasks.Parallel.ForEachAsync(cases, new ParallelOptions { MaxDegreeOfParallelism = Parallel }, async (c, _) =>
        {
            var outcome = await run(c);
            outcomes.Add(outcome);
            lock (reporting)
            {
                foreach (var violation in outcome.Violations)
                {
                    output.Print($"{name}: VIOLATION ({violation.Kind}) {violation.Text}");
                }

                if (Stopwatch.GetElapsedTime(reported) > ReportInterval)
                {
                    reported = Stopwatch.GetTimestamp();
                    output.Print($"{name}: {outcomes.Count} of {cases.Count} so far, {Counts(outcomes)}");
                }
            }
        });
        output.Print($"{name}: {cases.Count} cases{(Only is not null ? $" (those of {Only})" : Full ? "" : $" (sample, seed {Seed})")}, "
            + $"{Counts(outcomes)}, {Stopwatch.GetElapsedTime(begun).TotalSeconds:F0} s");
        outcomes.SelectMany(o => o.Violations).ShouldBeEmpty(string.Join("\n\n", outcomes.SelectMany(o => o.Violations).Take(5).Select(v => v.Text)));
    }

    private static string Counts(IReadOnlyCollection<Outcome> outcomes) =>
        $"{outcomes.Count(o => o.Struck)} struck, "
            + $"{(outcomes.Any(o => o.Held is not null) ? $"{outcomes.Count(o => o.Held == true)} of them while connections were held, " : "")}"
        + $"violations {string.Join(", ", "abcde".Select(kind => $"({kind}) {outcomes.Sum(o => o.Violations.Count(v => v.Kind == kind))}"))}";
}

/// <summary>What came of a case.</summary>
/// <param name="Held">Whether connections were held in that moment; null if it could not be looked at.</param>
internal sealed record Outcome(IReadOnlyList<Violation> Violations, bool Struck, bool? Held);

/// <summary>Something that is not as it must be.</summary>
internal sealed record Violation(char Kind, string Text);
