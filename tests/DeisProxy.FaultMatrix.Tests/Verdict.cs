using DeisProxy.Sandbox;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>What must be so after a run, whatever has failed in it.</summary>
internal static class Verdict
{
    private static readonly Lazy<Task<string>> Goal = new(async () =>
    {
        await using var arena = await Arena.StartAsync();
        (await arena.RunAsync("setup")).ExitCode.ShouldBe(0);
        return arena.State();
    });

    public static TheoryData<string> Commands => ["setup", "teardown"];

    /// <summary>A sandbox as the command meets it: untouched before setup, set up before teardown.</summary>
    public static async Task<Arena> ReadyForAsync(string command)
    {
        var arena = await Arena.StartAsync();
        if (command == "teardown")
        {
            (await arena.RunAsync("setup")).ExitCode.ShouldBe(0);
        }

        arena.Sandbox.CallLog.Clear();
        return arena;
    }

    /// <summary>Every call of a run in which nothing fails, and which call to its operation it is.</summary>
    public static async Task<IReadOnlyList<(RemoteCall Call, int Nth)>> CallsOfAsync(string command)
    {
        await using var arena = await ReadyForAsync(command);
        var run = await arena.RunAsync(command);
        run.ExitCode.ShouldBe(0, run.Text);
        return [.. arena.Sandbox.CallLog.Calls.GroupBy(call => (call.Service, call.Operation)).SelectMany(group => group.Select((call, index) => (call, index + 1))).OrderBy(c => c.call.Number)];
    }

    /// <summary>What must be so at the end of a run, and what the next ones make of it.</summary>
    public static async Task<List<Violation>> JudgeAsync(Arena arena, string command, Run run, string what, bool interrupted = false)
    {
        var violations = new List<Violation>();
        foreach (var port in arena.BrokenPorts())
        {
            violations.Add(new('a', $"{what}: port {port} is broken after exit code {run.ExitCode}"));
        }

        var (before, after) = command == "setup" ? (arena.Start, await Goal.Value) : (await Goal.Value, arena.Start);
        var put = run.ExitCode is 1 or 130;
        var possible = interrupted ? run.ExitCode is 0 or 130 : run.ExitCode is 0 or 1 or 3 or 130;
        if (!possible || (put && arena.State() != before) || (run.ExitCode == 0 && arena.State() != after) || (run.ExitCode == 3 && arena.State() == before))
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

    /// <summary>Nothing is held any more; one plain run of the same command ends in the full goal, and from there the way back ends in the exact start.</summary>
    public static async Task<List<Violation>> FinishAsync(Arena arena, string command, string what)
    {
        var violations = new List<Violation>();
        if (await arena.HoldsConnectionsTooLongAsync())
        {
            violations.Add(new('e', $"{what}: connections are still held"));
        }

        var again = await arena.RunAsync(command);
        var wanted = command == "setup" ? await Goal.Value : arena.Start;
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

        if (arena.HoldsConnections)
        {
            violations.Add(new('e', $"{what}: connections are held in the end"));
        }

        if (arena.Sandbox.Defects.Count > 0)
        {
            violations.Add(new('d', $"{what}: the sandbox itself failed: {arena.Sandbox.Defects.First()}"));
        }

        return violations;
    }
}
