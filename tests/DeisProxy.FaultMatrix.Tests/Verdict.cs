using System.Collections.Concurrent;
using DeisProxy.Sandbox;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>What must be so after a run, whatever has failed in it.</summary>
internal static class Verdict
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> Goals = new(StringComparer.Ordinal);

    public static TheoryData<string> Commands => ["setup", "teardown"];

    /// <summary>Without a load balancer setup changes nothing.</summary>
    public static TheoryData<string, string> CommandsOfScenes => new()
    {
        { "setup", "aws" }, { "teardown", "aws" }, { "setup", "rackspace" }, { "teardown", "rackspace" },
        { "setup", "websocket-only" }, { "teardown", "websocket-only" }, { "teardown", "none" },
    };

    /// <summary>A sandbox as the command meets it: untouched before setup, set up before teardown.</summary>
    public static async Task<FaultySandbox> ReadyForAsync(string command, string scene = "aws")
    {
        var sandbox = await FaultySandbox.StartAsync(scene);
        if (command == "teardown")
        {
            await sandbox.SetUpAsync();
        }

        sandbox.Sandbox.CallLog.Clear();
        return sandbox;
    }

    /// <summary>Every call of a run in which nothing fails, and which call to its operation it is.</summary>
    public static async Task<IReadOnlyList<(RemoteCall Call, int Nth)>> CallsOfAsync(string command, string scene = "aws")
    {
        await using var sandbox = await ReadyForAsync(command, scene);
        var run = await sandbox.RunAsync(command);
        run.ExitCode.ShouldBe(0, run.Text);
        return
        [
            .. sandbox.Sandbox.CallLog.Calls
                .GroupBy(call => (call.Service, call.Operation))
                .SelectMany(group => group.Select((call, index) => (call, index + 1)))
                .OrderBy(c => c.call.Number),
        ];
    }

    private static Task<string> GoalOf(string scene) => Goals.GetOrAdd(scene, name => new Lazy<Task<string>>(async () =>
    {
        await using var sandbox = await FaultySandbox.StartAsync(name);
        await sandbox.SetUpAsync();
        return sandbox.State();
    })).Value;

    /// <summary>What came of a run in which a call failed.</summary>
    public static async Task<Outcome> OutcomeAsync(FaultySandbox sandbox, string command, Run run, string what)
    {
        var isStruck = sandbox.IsStruck;
        return new Outcome(await JudgeAsync(sandbox, command, run, what), isStruck, Held: null);
    }

    /// <summary>What must be so at the end of a run, and what the next ones make of it.</summary>
    public static async Task<List<Violation>> JudgeAsync(FaultySandbox sandbox, string command, Run run, string what, bool interrupted = false)
    {
        var violations = new List<Violation>();
        foreach (var port in sandbox.BrokenPorts())
        {
            violations.Add(new('a', $"{what}: port {port} is broken after exit code {run.ExitCode}"));
        }

        var (before, after) = command == "setup" ? (sandbox.Start, await GoalOf(sandbox.Scene)) : (await GoalOf(sandbox.Scene), sandbox.Start);
        var put = run.ExitCode is 1 or 130;
        var possible = interrupted ? run.ExitCode is 0 or 130 : run.ExitCode is 0 or 1 or 3 or 130;
        if (!possible
            || (put && sandbox.State() != before)
            || (run.ExitCode == 0 && sandbox.State() != after)
            || (run.ExitCode == 3 && sandbox.State() == before))
        {
            violations.Add(new('b', $"{what}: exit code {run.ExitCode} is not true.\n{run.Text}\n{sandbox.State()}"));
        }

        if (sandbox.HoldsLock || (put && sandbox.HasUnfinishedRun))
        {
            violations.Add(new('d', $"{what}: the lock or the journal is left behind after exit code {run.ExitCode}.\n{run.Text}"));
        }

        if (run.Text.Contains("bug in deis-proxy", StringComparison.Ordinal))
        {
            violations.Add(new('d', $"{what}: said what must not be said.\n{run.Text}"));
        }

        violations.AddRange(Leaks(run.Text + sandbox.Kept(), what));

        violations.AddRange(await FinishAsync(sandbox, command, what));
        return violations;
    }

    /// <summary>Secrets in what was said or written.</summary>
    public static IEnumerable<Violation> Leaks(string text, string what) =>
        Secrets.In(text).Select(secret => new Violation('d', $"{what}: {secret} has come out.\n{text}"));

    /// <summary>
    /// Nothing is held any more; one plain run of the same command ends in the full goal, and from there the way back ends in the exact start.
    /// </summary>
    public static async Task<List<Violation>> FinishAsync(FaultySandbox sandbox, string command, string what)
    {
        var violations = new List<Violation>();
        if (await sandbox.HoldsConnectionsTooLongAsync())
        {
            violations.Add(new('e', $"{what}: connections are still held"));
        }

        violations.AddRange(Leaks(sandbox.Kept(), what));
        var again = await sandbox.RunAsync(command);
        var wanted = command == "setup" ? await GoalOf(sandbox.Scene) : sandbox.Start;
        if (again.ExitCode != 0 || sandbox.State() != wanted)
        {
            violations.Add(new('c', $"{what}: the next {command} ended with {again.ExitCode} in\n{sandbox.State()}\n{again.Text}"));
        }

        if (command == "setup")
        {
            var back = await sandbox.RunAsync("teardown");
            if (back.ExitCode != 0 || sandbox.State() != sandbox.Start)
            {
                violations.Add(new('c', $"{what}: teardown ended with {back.ExitCode} in\n{sandbox.State()}\n{back.Text}"));
            }
        }

        if (await sandbox.LockStaysAsync() || sandbox.HasUnfinishedRun)
        {
            violations.Add(new('d', $"{what}: the lock or the journal is left behind in the end"));
        }

        if (sandbox.HoldsConnections)
        {
            violations.Add(new('e', $"{what}: connections are held in the end"));
        }

        if (sandbox.Sandbox.Defects.Count > 0)
        {
            violations.Add(new('d', $"{what}: the sandbox itself failed: {sandbox.Sandbox.Defects.First()}"));
        }

        return violations;
    }
}
