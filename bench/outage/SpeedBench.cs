using System.Diagnostics;
using System.Globalization;
using System.Text;
using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>
/// How long commands take beside the script's calls, which are made with the AWS CLI as the script does, and without its start-up time.
/// </summary>
internal static class SpeedBench
{
    private const string BareScript = "the script's bare calls";

    private const string Setup = "setup";

    private static readonly TimeSpan[] Delays = [TimeSpan.Zero, TimeSpan.FromMilliseconds(30), TimeSpan.FromMilliseconds(100)];

    /// <summary>Takes turns, so that what changes on the machine meets all of them, and prints medians as tables.</summary>
    /// <param name="write">Whether docs/speed.md and docs/timeline.svg are written.</param>
    public static async Task RunAsync(int runs, bool write, CancellationToken cancellationToken)
    {
        await using var bed = await Testbed.StartAsync();
        var tables = new StringBuilder();
        var drawn = new List<(string Title, IReadOnlyList<AwsCall> Calls)>();
        foreach (var delay in Delays)
        {
            var taken = new List<Timing>();
            for (var run = 0; run < runs; run++)
            {
                await ResetAsync(bed, delay);
                taken.Add(await TimeAsync(bed, "the script, AWS CLI", () => ScriptCalls.RunAsync(bed, withCli: true)));
                await ResetAsync(bed, delay);
                taken.Add(await TimeAsync(bed, BareScript, () => ScriptCalls.RunAsync(bed)));
                await ResetAsync(bed, delay);
                foreach (var (name, arguments) in (IEnumerable<(string, string[])>)
                    [
                        ("setup --dry-run", ["setup", "--dry-run"]), (Setup, ["setup"]), ("setup again", ["setup"]), ("verify", ["verify"]),
                        ("teardown", ["teardown"]),
                    ])
                {
                    taken.Add(await TimeAsync(bed, name, async () =>
                    {
                        await using var tool = new RunningTool(bed, arguments);
                        var ended = await tool.EndAsync(cancellationToken);
                        return ended.ExitCode is 0 or 4
                            ? tool.PeakMemory
                            : throw new InvalidOperationException($"{name} ended with {ended.ExitCode}: {ended.Error}");
                    }));
                }
            }

            var table = Table(delay, taken);
            Console.WriteLine(table);
            tables.Append(table).Append('\n');
            drawn = [.. taken.Where(t => t.Name is BareScript or Setup).GroupBy(t => t.Name).Select(t => (t.Key, t.First().Seen))];
        }

        if (write)
        {
            await Report.WriteSpeedAsync(runs, tables.ToString(), Timeline.Draw(drawn), cancellationToken);
        }
    }

    private static async Task ResetAsync(Testbed bed, TimeSpan delay)
    {
        await bed.ResetAsync();
        bed.Aws.Delay = delay;
    }

    private static async Task<Timing> TimeAsync(Testbed bed, string name, Func<Task<long>> work)
    {
        bed.Aws.Forget();
        var clock = Stopwatch.StartNew();
        var memory = await work();
        var time = clock.Elapsed;
        await bed.SettledAsync();
        return new Timing(name, time, bed.Aws.Calls.Count, AwsCall.LongestChain(bed.Aws.Calls).Count, memory, bed.Aws.Calls);
    }

    private static Task<Timing> TimeAsync(Testbed bed, string name, Func<Task> work) => TimeAsync(bed, name, async () =>
    {
        await work();
        return 0L;
    });

    private static string Table(TimeSpan delay, List<Timing> taken)
    {
        var table = new StringBuilder(
            $"| {delay.TotalMilliseconds:0} ms a call | median | of the script's time | calls | longest chain | peak memory |\n"
            + "|---|---|---|---|---|---|\n");
        var script = Median(taken.Where(t => t.Name == taken[0].Name), t => t.Time.TotalSeconds);
        foreach (var group in taken.GroupBy(t => t.Name))
        {
            var seconds = Median(group, t => t.Time.TotalSeconds);
            var memory = Median(group, t => t.Memory) / (1024 * 1024);
            table.Append(
                CultureInfo.InvariantCulture,
                $"| {group.Key} | {seconds:0.00} s | {seconds / script:0.00} | {Median(group, t => t.Calls):0} | {Median(group, t => t.Chain):0} | "
                    + $"{(memory > 0 ? $"{memory:0} MiB" : "")} |\n");
        }

        return table.ToString();
    }

    private static double Median(IEnumerable<Timing> timings, Func<Timing, double> value) =>
        timings.Select(value).Order().ToList() is var sorted ? sorted[sorted.Count / 2] : 0;

    private sealed record Timing(string Name, TimeSpan Time, int Calls, int Chain, double Memory, IReadOnlyList<AwsCall> Seen);
}
