using System.Text.Json.Serialization;
using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>What clients noticed of one change.</summary>
/// <param name="Refused">Those of the failed that found the load balancer's own listener away, while it was being replaced.</param>
/// <param name="Late">Those with an answer after more than half a second.</param>
/// <param name="OutageSeconds">Time in which more than half of the requests failed, counted in tenths of a second.</param>
/// <param name="ExitCode">Exit code of deis-proxy; 0 for the script's calls.</param>
/// <param name="FailedHealthChecks">What the load balancer said of each health check of a node that failed.</param>
/// <param name="Failures">What failed: milliseconds since the command began, and how.</param>
internal sealed record Measurement(
    string Scenario,
    int Requests,
    int Failed,
    int Refused,
    int Late,
    double LatestSeconds,
    double OutageSeconds,
    int WrongAddress,
    double CommandSeconds,
    int ExitCode,
    string? Error,
    double? ToolOutageMilliseconds,
    double? ToolHeldMilliseconds,
    IReadOnlyList<string> FailedHealthChecks,
    IReadOnlyList<Failure> Failures)
{
    /// <summary>Requests that met a load balancer and a router which did not fit.</summary>
    [JsonIgnore]
    public int Lost => Failed - Refused;

    private static readonly TimeSpan LateAfter = TimeSpan.FromSeconds(0.5);

    private static readonly TimeSpan Bin = TimeSpan.FromMilliseconds(100);

    /// <summary>Counts.</summary>
    public static Measurement Of(
        Scenario scenario, IReadOnlyList<Request> requests, TimeSpan begun, TimeSpan duration, Tool? tool, IReadOnlyList<string> failedHealthChecks)
    {
        var answered = requests.Where(r => !r.Failed).ToList();
        return new Measurement(
            scenario.Name,
            requests.Count,
            requests.Count - answered.Count,
            requests.Count(r => r.Outcome == Request.Refused),
            answered.Count(r => r.Duration > LateAfter),
            Math.Round(answered.Max(r => r.Duration).TotalSeconds, 3),
            Math.Round(requests.GroupBy(r => (int)(r.Start / Bin)).Count(bin => bin.Count(r => r.Failed) * 2 > bin.Count()) * Bin.TotalSeconds, 1),
            answered.Count(r => r.Address != Testbed.ClientAddress),
            Math.Round(duration.TotalSeconds, 2),
            tool?.ExitCode ?? 0,
            tool is { ExitCode: not 0 } ? tool.Error.Trim() : null,
            tool?.Number("outageMilliseconds"),
            tool?.Number("heldMilliseconds"),
            failedHealthChecks,
            [.. requests.Where(r => r.Failed).Select(r => new Failure((int)(r.Start - begun).TotalMilliseconds, r.Outcome))]);
    }
}

/// <summary>One request that failed.</summary>
internal sealed record Failure(int Milliseconds, string Outcome);
