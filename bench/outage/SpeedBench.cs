using System.Diagnostics;
using System.Globalization;
using System.Text;
using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>
/// How long commands take beside the script's calls, which are made with the AWS CLI as the script does, and without its start-up time; and beside
/// an earlier state of the program.
/// </summary>
/// <param name="Before">The program of an earlier state; null: there is none.</param>
/// <param name="Nodes">Router nodes, in turn.</param>
internal sealed record SpeedBench(int Runs, FileInfo? Before, IReadOnlyList<int> Nodes)
{
    private const string Script = "the script, AWS CLI";

    private const string BareScript = "the script's bare calls";

    private const string Setup = "setup";

    private const string Verify = "verify";

    private static readonly TimeSpan[] Delays = [TimeSpan.Zero, TimeSpan.FromMilliseconds(30), TimeSpan.FromMilliseconds(100)];

    private static readonly (string Name, string[] Arguments)[] Commands =
    [
        ("setup --dry-run", ["setup", "--dry-run"]), (Setup, ["setup"]), ("setup again", ["setup"]), (Verify, ["verify"]), ("teardown", ["teardown"]),
    ];

    /// <summary>Takes turns, so that what changes on the machine meets all of them, and prints medians as tables.</summary>
    /// <param name="write">Whether docs/speed.md and docs/timeline.svg are written.</param>
    public async Task RunAsync(bool write, CancellationToken cancellationToken)
    {
        var tables = new StringBuilder();
        var all = new List<Timing>();
        foreach (var count in Nodes)
        {
            await using var bed = await Testbed.StartAsync(new TestbedOptions { Nodes = count });
            var taken = new List<Timing>();
            foreach (var delay in Delays)
            {
                for (var run = 0; run < Runs; run++)
                {
                    taken.AddRange(await RunOnceAsync(bed, delay, cancellationToken));
                }
            }

            var table = $"## {count} {(count == 1 ? "node" : "nodes")}\n\n{Table(taken)}";
            Console.WriteLine(table);
            tables.Append(table).Append('\n');
            all.AddRange(taken);
        }

        var visits = Visits(all);
        Console.WriteLine(visits);
        if (write)
        {
            List<(string, IReadOnlyList<AwsCall>)> drawn =
                [.. all.Where(t => t.Delay == Delays[^1] && t.Name is BareScript or Setup).GroupBy(t => t.Name).Select(t => (t.Key, t.First().Seen))];
            await Report.WriteSpeedAsync(Runs, Before is not null, tables.Append(visits).ToString(), Timeline.Draw(drawn), cancellationToken);
        }
    }

    private async Task<List<Timing>> RunOnceAsync(Testbed bed, TimeSpan delay, CancellationToken cancellationToken)
    {
        var taken = new List<Timing>();
        await ResetAsync();
        await TimeAsync(Script, async () =>
        {
            await ScriptCalls.RunAsync(bed, withCli: true);
            return 0;
        });
        await ResetAsync();
        await TimeAsync(BareScript, async () =>
        {
            await ScriptCalls.RunAsync(bed);
            return 0;
        });
        foreach (var program in (string?[])[null, .. Before is null ? (string?[])[] : [Before.FullName]])
        {
            await ResetAsync();
            foreach (var (name, arguments) in Commands)
            {
                await TimeAsync(program is null ? name : $"{name}, before", async () =>
                {
                    await using var tool = new RunningTool(bed, arguments, program);
                    var ended = await tool.EndAsync(cancellationToken);
                    return ended.ExitCode is 0 or 4
                        ? tool.PeakMemory
                        : throw new InvalidOperationException($"{name} ended with {ended.ExitCode}: {ended.Error}{ended.Document}");
                });
            }
        }

        return taken;

        async Task ResetAsync()
        {
            await bed.ResetAsync();
            bed.Aws.Delay = delay;
        }

        async Task TimeAsync(string name, Func<Task<long>> work)
        {
            bed.Aws.Forget();
            var busy = ProcessorTime();
            var clock = Stopwatch.StartNew();
            var memory = await work();
            var time = clock.Elapsed;
            await bed.SettledAsync();

            // The servers of connections that are just closing count, too.
            await Task.WhenAll(bed.Nodes.Select(node => node.Ssh.RestAsync()));
            var calls = bed.Aws.Calls;
            taken.Add(new Timing(name, bed.Nodes.Count, delay, time, AwsCall.LongestChain(calls).Count, memory, ProcessorTime() - busy, calls));
        }

        TimeSpan ProcessorTime() => bed.Nodes.Aggregate(TimeSpan.Zero, (sum, node) => sum + node.Ssh.ProcessorTime);
    }

    private static string Table(List<Timing> taken)
    {
        var table = new StringBuilder(
            $"| | {string.Join(" | ", Delays.Select(d => $"{d.TotalMilliseconds:0} ms a call"))} | calls | longest chain | peak memory |\n"
                + $"|---{string.Concat(Delays.Select(_ => "|---"))}|---|---|---|\n");
        foreach (var group in taken.GroupBy(t => t.Name))
        {
            var times = Delays.Select(delay =>
            {
                var (own, script) = (Seconds(group, delay), Seconds(taken.Where(t => t.Name == Script), delay));
                return string.Create(CultureInfo.InvariantCulture, $"{own:0.00} s ({own / script:0.00})");
            });
            var memory = Median(group, t => t.Memory) / (1024 * 1024);
            table.Append(
                CultureInfo.InvariantCulture,
                $"| {group.Key} | {string.Join(" | ", times)} | {Median(group, t => t.Seen.Count):0} | {Median(group, t => t.Chain):0} | "
                    + $"{(memory > 0 ? $"{memory:0} MiB" : "")} |\n");
        }

        return table.ToString();
    }

    /// <summary>How verify of the most nodes compares with that of the fewest.</summary>
    private static string Visits(List<Timing> all)
    {
        var verify = all.Where(t => t.Name == Verify && t.Delay == TimeSpan.Zero).ToList();
        var (fewest, most) = (verify.Min(t => t.Nodes), verify.Max(t => t.Nodes));
        var one = Seconds(verify.Where(t => t.Nodes == fewest), TimeSpan.Zero);
        var many = verify.Where(t => t.Nodes == most).ToList();
        var busy = Median(many, t => t.Busy.TotalSeconds) / Environment.ProcessorCount;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"`verify` of {most} nodes takes {Seconds(many, TimeSpan.Zero):0.00} s; three times that of {fewest}, and what the nodes' SSH servers "
                + $"take of the {Environment.ProcessorCount} processors ({busy:0.00} s), is {(3 * one) + busy:0.00} s.\n");
    }

    private static double Seconds(IEnumerable<Timing> timings, TimeSpan delay) =>
        Median(timings.Where(t => t.Delay == delay), t => t.Time.TotalSeconds);

    private static double Median(IEnumerable<Timing> timings, Func<Timing, double> value) =>
        timings.Select(value).Order().ToList() is var sorted ? sorted[sorted.Count / 2] : 0;

    /// <summary>One run of a command.</summary>
    /// <param name="Busy">What the nodes' SSH servers took of the processors.</param>
    private sealed record Timing(
        string Name, int Nodes, TimeSpan Delay, TimeSpan Time, int Chain, double Memory, TimeSpan Busy, IReadOnlyList<AwsCall> Seen);
}
