using System.Diagnostics;

namespace DeisProxy.Outage;

/// <summary>Runs scenarios in turn, so that what changes on the machine meanwhile meets all of them.</summary>
internal static class Bench
{
    public static async Task<IReadOnlyList<Measurement>> RunAsync(IReadOnlyList<Scenario> scenarios, int runs, CancellationToken cancellationToken)
    {
        var all = new List<Measurement>();
        var clock = Stopwatch.StartNew();
        await using var lab = await Lab.OpenAsync();
        for (var run = 1; run <= runs; run++)
        {
            foreach (var scenario in scenarios)
            {
                var measured = await lab.MeasureAsync(scenario, cancellationToken);
                all.Add(measured);
                await Console.Error.WriteLineAsync(
                    $"{clock.Elapsed:mm\\:ss} {scenario.Name} {run}/{runs}: {measured.Lost} of {measured.Requests} lost, {measured.Refused} refused, "
                        + $"{measured.Late} late, "
                    + $"latest {measured.LatestSeconds:0.00} s, {measured.WrongAddress} with a wrong address, {measured.CommandSeconds:0.0} s"
                    + (measured.ExitCode == 0 ? "" : $", exit code {measured.ExitCode}"));
            }
        }

        return all;
    }

    /// <summary>Runs drills, and tells of each as soon as it is over.</summary>
    /// <returns>The exit code: 1 if something was not as it has to be.</returns>
    public static async Task<int> DrillAsync(IReadOnlyList<Drill> drills, CancellationToken cancellationToken)
    {
        var exitCode = 0;
        await using var bed = await Drills.OpenAsync();
        foreach (var drill in drills)
        {
            var result = await bed.RunAsync(drill, cancellationToken);
            Console.WriteLine(result);
            exitCode = result.Problems.Count == 0 ? exitCode : 1;
        }

        var left = await Drills.LeftoversAsync(cancellationToken);
        if (left.Count > 0)
        {
            Console.WriteLine($"WRONG: still running: {string.Join("; ", left)}");
            exitCode = 1;
        }

        return exitCode;
    }
}
