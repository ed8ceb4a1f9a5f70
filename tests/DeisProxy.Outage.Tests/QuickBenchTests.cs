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
    [Fact]
    public async Task A_setup_with_a_slow_load_balancer_is_hardly_noticed()
    {
        using var directory = new TemporaryDirectory();
        var file = directory["runs.json"];
        var (exitCode, text) = await BenchProcess.RunAsync(TimeSpan.FromMinutes(3), "--quick", "--scenarios", "setup-lag", "--json", file);
        output.WriteLine(text);
        var run = JsonNode.Parse(await File.ReadAllTextAsync(file))!["runs"]!.AsArray().ShouldHaveSingleItem()!;

        // The goal is 3 failed requests and 1.5 s, in the median of several runs on a quiet machine. This machine may be busy.
        ((int)run["exitCode"]!).ShouldBe(0, text);
        ((int)run["requests"]!).ShouldBeGreaterThan(1000);
        ((int)run["failed"]!).ShouldBeLessThanOrEqualTo(15, text);
        ((double)run["latestSeconds"]!).ShouldBeLessThanOrEqualTo(3, text);
        exitCode.ShouldBe(0, text);
    }
}
