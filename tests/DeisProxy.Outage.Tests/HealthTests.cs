using System.Text.Json.Nodes;
using DeisProxy.RealParts;
using Xunit.Abstractions;

namespace DeisProxy.Outage.Tests;

/// <summary>Why an auto scaling group that goes by the load balancer's health check needs no pause.</summary>
public abstract class HealthTests(ITestOutputHelper output)
{
    protected static IReadOnlyList<string> FailedHealthChecks(JsonNode run) =>
        [.. run["failedHealthChecks"]!.AsArray().Select(line => (string)line!)];

    protected async Task<JsonArray> MeasureAsync(string scenarios)
    {
        using var directory = new TemporaryDirectory();
        var file = directory["runs.json"];
        var (_, text) = await BenchProcess.RunAsync(TimeSpan.FromMinutes(10), "--quick", "--scenarios", scenarios, "--json", file);
        output.WriteLine(text);
        File.Exists(file).ShouldBeTrue(text);
        return JsonNode.Parse(await File.ReadAllTextAsync(file))!["runs"]!.AsArray();
    }
}

public sealed class SetupHealthTests(ITestOutputHelper output) : HealthTests(output)
{
    [Fact]
    public async Task No_instance_is_out_of_service_at_any_moment_of_setup_and_teardown()
    {
        foreach (var run in await MeasureAsync("setup-one-slow,teardown-one-slow"))
        {
            ((int)run!["exitCode"]!).ShouldBe(0, (string)run["error"]!);
            FailedHealthChecks(run).ShouldBeEmpty((string)run["scenario"]!);
        }
    }
}

public sealed class ScriptHealthTests(ITestOutputHelper output) : HealthTests(output)
{
    /// <summary>A router may happen to read etcd only after the script has changed the health check: once in thirty runs all three do.</summary>
    private const int ScriptAttempts = 3;

    [Fact]
    public async Task The_script_takes_instances_out_of_service_which_shows_that_a_failure_is_seen()
    {
        for (var attempt = 1; FailedHealthChecks((await MeasureAsync("script-one-slow"))[0]!).Count == 0; attempt++)
        {
            attempt.ShouldBeLessThan(ScriptAttempts);
        }
    }
}
