using System.Text.Json.Nodes;
using DeisProxy.RealParts;
using Xunit.Abstractions;

namespace DeisProxy.Outage.Tests;

/// <summary>Measures, so nothing else runs beside it.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class QuickBenchTests(ITestOutputHelper output)
{
    /// <summary>Most runs: a stall of the machine may spoil one, a defect spoils all.</summary>
    private const int Attempts = 3;

    /// <summary>
    /// The goal is 3 failed requests and 1.5 s, in the median of several runs on a quiet machine. Here a held connection may need the system's second repetition,
    /// after 3 s, or its third, after 7 s; the script loses 92 requests at the least.
    /// </summary>
    private const int MostFailed = 40;

    private const double LatestSeconds = 8;

    [Fact]
    public async Task A_setup_with_a_slow_load_balancer_is_hardly_noticed()
    {
        using var directory = new TemporaryDirectory();
        var runs = new List<(int Failed, double LatestSeconds)>();
        do
        {
            // Its own exit code tells whether it met its own goals, which are narrower.
            var file = directory[$"runs{runs.Count}.json"];
            var (_, text) = await BenchProcess.RunAsync(TimeSpan.FromMinutes(10), "--quick", "--scenarios", "setup-lag", "--json", file);
            output.WriteLine(text);
            File.Exists(file).ShouldBeTrue(text);
            var run = JsonNode.Parse(await File.ReadAllTextAsync(file))!["runs"]!.AsArray().ShouldHaveSingleItem()!;
            ((int)run["exitCode"]!).ShouldBe(0, text);
            ((int)run["requests"]!).ShouldBeGreaterThan(1000, text);
            runs.Add(((int)run["failed"]!, (double)run["latestSeconds"]!));
        }
        while (!IsHardlyNoticed(runs[^1]) && runs.Count < Attempts);

        runs.ShouldContain(run => IsHardlyNoticed(run), string.Join(", ", runs));
    }

    private static bool IsHardlyNoticed((int Failed, double LatestSeconds) run) => run.Failed <= MostFailed && run.LatestSeconds <= LatestSeconds;
}
