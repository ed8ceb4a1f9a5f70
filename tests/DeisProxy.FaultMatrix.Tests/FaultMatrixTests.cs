using System.Collections.Concurrent;
using DeisProxy.RealParts;
using DeisProxy.Sandbox;
using Xunit.Abstractions;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>
/// Every remote call of a run × every fault. By default a sample that CI has time for; with DEIS_PROXY_FAULT_MATRIX=full all of it.
/// </summary>
public sealed class FaultMatrixTests(ITestOutputHelper output)
{
    private const int Parallel = 4;

    private static readonly bool Full = Environment.GetEnvironmentVariable("DEIS_PROXY_FAULT_MATRIX") == "full";

    private static readonly FaultKind[] AwsFaults =
    [
        FaultKind.Throttled, FaultKind.ServerError, FaultKind.CloseBefore, FaultKind.CloseAfter, FaultKind.Hang, FaultKind.AccessDenied, FaultKind.ExpiredCredentials,
    ];

    private static readonly FaultKind[] EtcdFaults = [FaultKind.ServerError, FaultKind.CloseBefore, FaultKind.CloseAfter, FaultKind.Hang, FaultKind.NoLeader, FaultKind.StorageFull];

    private static readonly FaultKind[] SshFaults = [FaultKind.CloseBefore, FaultKind.CloseAfter];

    public static TheoryData<string> Commands => ["setup", "teardown"];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Every_call_fails_once_in_every_way(string command)
    {
        var calls = await CallsOfAsync(command);
        var cases = calls.SelectMany((call, index) => FaultsOf(call).Select(kind => (Number: index + 1, Call: call, Kind: kind))).ToList();
        var sample = Sample(cases.Where(c => c.Call.IsMutating).ToList(), every: 4).Concat(Sample(cases.Where(c => !c.Call.IsMutating).ToList(), every: 67));
        await MeasureAsync($"{command}, faults", [.. sample], async c =>
        {
            await using var arena = await ReadyForAsync(command);
            arena.Sandbox.Faults.Add(new FaultRule(c.Kind) { CallNumber = c.Number, Times = 1 });
            var run = await arena.RunAsync(command);
            arena.Sandbox.Faults.Clear();
            return await JudgeAsync(arena, command, run, $"{c.Kind} at call {c.Number} ({c.Call})");
        });
    }

    /// <summary>The SDK repeats what may pass, and so does deis-proxy: only an error that outlasts both makes it go back.</summary>
    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Every_change_fails_for_longer_than_it_is_repeated(string command)
    {
        var cases = (await CallsOfAsync(command)).Where(call => call.IsMutating && call.Service == "elasticloadbalancing")
            .GroupBy(call => call.Operation, StringComparer.Ordinal).SelectMany(group => Enumerable.Range(1, group.Count()).Select(nth => (Operation: group.Key, Nth: nth))).ToList();
        await MeasureAsync($"{command}, lasting errors", Sample(cases, every: 4), async c =>
        {
            await using var arena = await ReadyForAsync(command);
            arena.Sandbox.Faults.Add(new FaultRule(FaultKind.ServerError) { Service = "elasticloadbalancing", Operation = c.Operation, Occurrence = c.Nth, Times = 17 });
            var run = await arena.RunAsync(command);
            arena.Sandbox.Faults.Clear();
            return await JudgeAsync(arena, command, run, $"17 errors from {c.Operation} number {c.Nth} on");
        });
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Interrupted_at_every_call(string command)
    {
        var calls = await CallsOfAsync(command);
        await MeasureAsync($"{command}, interrupts", Sample(calls.Select((call, index) => (Number: index + 1, Call: call)).ToList(), every: 23), async c =>
        {
            await using var arena = await ReadyForAsync(command);
            using var interrupt = new CancellationTokenSource();
            var running = arena.RunAsync(command, interrupt.Token);
            while (!running.IsCompleted && arena.Sandbox.CallLog.Calls.Count < c.Number)
            {
                await Task.Delay(1);
            }

            await interrupt.CancelAsync();
            return await JudgeAsync(arena, command, await running, $"interrupted at call {c.Number} ({c.Call})");
        });
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Killed_at_every_change(string command)
    {
        await using var node = await SshServer.StartAsync();
        var calls = await CallsOfAsync(command);
        var cases = calls.Where(call => call.IsMutating).GroupBy(call => $"{call.Service} {call.Operation}", StringComparer.Ordinal)
            .SelectMany(group => Enumerable.Range(1, group.Count()).SelectMany(nth =>
                new[] { FaultKind.Hang, FaultKind.HangAfter }.Select(kind => (group.First().Service, group.First().Operation, Nth: nth, Kind: kind))))
            .ToList();
        await MeasureAsync($"{command}, SIGKILL", Sample(cases, every: 7), async c =>
        {
            await using var arena = await ReadyForAsync(command);
            arena.Sandbox.Faults.Add(new FaultRule(c.Kind) { Service = c.Service, Operation = c.Operation, Occurrence = c.Nth, Times = 1 });
            using (var process = arena.StartProcess(command, node))
            {
                var said = process.StandardError.ReadToEndAsync();
                await ReachedAsync(arena, c.Service, c.Operation, c.Nth, process);
                process.Kill();
                await process.WaitForExitAsync();
                await said;
            }

            arena.Sandbox.Faults.Clear();
            return await FinishAsync(arena, command, $"SIGKILL at {c.Service} {c.Operation} number {c.Nth} ({c.Kind})");
        });
    }

    private static async Task ReachedAsync(Arena arena, string service, string operation, int nth, System.Diagnostics.Process process)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!process.HasExited && arena.Sandbox.CallLog.Calls.Count(call => call.Service == service && call.Operation == operation) < nth)
        {
            await Task.Delay(2, limit.Token);
        }

        // The call is logged when it arrives; a moment later it has been handled, or hangs for good.
        await Task.Delay(20, limit.Token);
    }

    /// <summary>A sandbox as the command meets it: untouched before setup, set up before teardown.</summary>
    private static async Task<Arena> ReadyForAsync(string command)
    {
        var arena = await Arena.StartAsync();
        if (command == "teardown")
        {
            (await arena.RunAsync("setup")).ExitCode.ShouldBe(0);
        }

        arena.Sandbox.CallLog.Clear();
        return arena;
    }

    private static async Task<IReadOnlyList<RemoteCall>> CallsOfAsync(string command)
    {
        await using var arena = await ReadyForAsync(command);
        var run = await arena.RunAsync(command);
        run.ExitCode.ShouldBe(0, run.Text);
        return arena.Sandbox.CallLog.Calls;
    }

    private static FaultKind[] FaultsOf(RemoteCall call) => call.Service switch
    {
        "etcd" => EtcdFaults,
        "ssh" => SshFaults,
        _ => AwsFaults,
    };

    private static List<T> Sample<T>(List<T> cases, int every) => Full ? cases : [.. cases.Where((_, index) => index % every == 0)];

    private static async Task<List<Violation>> JudgeAsync(Arena arena, string command, Run run, string what)
    {
        var violations = new List<Violation>();
        foreach (var port in arena.BrokenPorts())
        {
            violations.Add(new('a', $"{what}: port {port} is broken after exit code {run.ExitCode}"));
        }

        var (before, after) = command == "setup" ? (arena.Start, await GoalAsync()) : (await GoalAsync(), arena.Start);
        var put = run.ExitCode is 1 or 130;
        if (run.ExitCode is not (0 or 1 or 3 or 130) || (put && arena.State() != before) || (run.ExitCode == 0 && arena.State() != after) || (run.ExitCode == 3 && arena.State() == before))
        {
            violations.Add(new('b', $"{what}: exit code {run.ExitCode} is not true.\n{run.Text}\n{arena.State()}"));
        }

        if (arena.HoldsLock || (put && arena.HasUnfinishedRun))
        {
            violations.Add(new('d', $"{what}: the lock or the journal is left behind after exit code {run.ExitCode}.\n{run.Text}"));
        }

        if (run.Text.Contains(Arena.Secret, StringComparison.Ordinal) || run.Text.Contains("bug in deis-proxy", StringComparison.Ordinal))
        {
            violations.Add(new('d', $"{what}: said what must not be said.\n{run.Text}"));
        }

        violations.AddRange(await FinishAsync(arena, command, what));
        return violations;
    }

    /// <summary>One plain run of the same command ends in the full goal, and from there the way back ends in the exact start.</summary>
    private static async Task<List<Violation>> FinishAsync(Arena arena, string command, string what)
    {
        var violations = new List<Violation>();
        var again = await arena.RunAsync(command);
        var wanted = command == "setup" ? await GoalAsync() : arena.Start;
        if (again.ExitCode != 0 || arena.State() != wanted)
        {
            violations.Add(new('c', $"{what}: the next {command} ended with {again.ExitCode} in\n{arena.State()}\n{again.Text}"));
        }

        if (command == "setup")
        {
            var back = await arena.RunAsync("teardown");
            if (back.ExitCode != 0 || arena.State() != arena.Start)
            {
                violations.Add(new('c', $"{what}: teardown ended with {back.ExitCode} in\n{arena.State()}\n{back.Text}"));
            }
        }

        if (await arena.LockStaysAsync() || arena.HasUnfinishedRun)
        {
            violations.Add(new('d', $"{what}: the lock or the journal is left behind in the end"));
        }

        if (arena.Sandbox.Defects.Count > 0)
        {
            violations.Add(new('d', $"{what}: the sandbox itself failed: {arena.Sandbox.Defects.First()}"));
        }

        return violations;
    }

    private static readonly Lazy<Task<string>> Goal = new(async () =>
    {
        await using var arena = await Arena.StartAsync();
        (await arena.RunAsync("setup")).ExitCode.ShouldBe(0);
        return arena.State();
    });

    private static Task<string> GoalAsync() => Goal.Value;

    private async Task MeasureAsync<T>(string name, List<T> cases, Func<T, Task<List<Violation>>> run)
    {
        var violations = new ConcurrentBag<Violation>();
        await System.Threading.Tasks.Parallel.ForEachAsync(cases, new ParallelOptions { MaxDegreeOfParallelism = Parallel }, async (c, _) =>
        {
            foreach (var violation in await run(c))
            {
                violations.Add(violation);
            }
        });
        var counts = string.Join(", ", "abcd".Select(kind => $"({kind}) {violations.Count(v => v.Kind == kind)}"));
        var line = $"{name}: {cases.Count} cases, violations {counts}";
        output.WriteLine(line);
        Console.WriteLine(line);
        violations.ShouldBeEmpty(string.Join("\n\n", violations.Take(5).Select(v => v.Text)));
    }

    private sealed record Violation(char Kind, string Text);
}
