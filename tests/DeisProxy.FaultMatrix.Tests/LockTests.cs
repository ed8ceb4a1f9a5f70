using System.Diagnostics;
using DeisProxy.Sandbox;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>The lock is lost in the middle of a run, and what others see of a run that is under way.</summary>
public sealed class LockTests : IAsyncLifetime
{
    private const string LockKey = "/deis-proxy/lock";

    private const string Other =
        """{"Id":"0","Who":"ann@elsewhere","Command":"teardown","Since":"2026-01-01T10:00:00+00:00","ProcessId":1,"ProcessSpace":""}""";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private FaultySandbox _arena = null!;

    private SandboxCloud Sandbox => _arena.Sandbox;

    private string JournalKey => $"/deis-proxy/{Sandbox.FindLoadBalancer().Name}/run";

    public async Task InitializeAsync() => _arena = await FaultySandbox.StartAsync();

    public async Task DisposeAsync() => await _arena.DisposeAsync();

    [Fact]
    public async Task A_lock_that_is_removed_stops_the_run_which_takes_it_back_to_undo()
    {
        var run = await RunAsync(() => Sandbox.SetEtcdValue(LockKey, null));

        run.ExitCode.ShouldBe(ExitCode.Failed, run.Text);
        run.Text.ShouldContain("The lock in etcd was lost while the run was under way: somebody has removed it.");
        run.Text.ShouldContain("Everything was put back.");
        _arena.State().ShouldBe(_arena.Start);
        _arena.HoldsLock.ShouldBeFalse();
        _arena.HasUnfinishedRun.ShouldBeFalse();
    }

    [Fact]
    public async Task A_lock_that_somebody_else_has_taken_stops_the_run_where_it_is()
    {
        var changes = 0;
        var run = await RunAsync(() =>
        {
            Sandbox.SetEtcdValue(LockKey, Other);
            changes = Sandbox.CallLog.Mutating.Count(IsFlipOrPolicy);
        });

        run.ExitCode.ShouldBe(ExitCode.NotPutBack, run.Text);
        run.Text.ShouldContain("Another run holds the lock: ann@elsewhere (teardown, since 2026-01-01 10:00:00Z).");
        Sandbox.EtcdValue(LockKey).ShouldBe(Other);
        _arena.HasUnfinishedRun.ShouldBeTrue("what is left is in the journal");
        Sandbox.CallLog.Mutating.Count(IsFlipOrPolicy).ShouldBe(changes, "nothing more was changed");
        _arena.BrokenPorts().ShouldBeEmpty();

        Sandbox.SetEtcdValue(LockKey, null);
        (await Verdict.FinishAsync(_arena, "setup", "after that")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_port_that_is_closed_is_opened_whoever_holds_the_lock()
    {
        // The first creation asks whether the listener could come back; those after it open the port, and fail for as long as they are repeated.
        var failing = Sandbox.Faults.Add(new FaultRule(FaultKind.AccessDenied) { Operation = "CreateLoadBalancerListeners", Occurrence = 2 });
        var running = _arena.RunAsync("setup");
        await UntilAsync(() => Sandbox.FindLoadBalancer().Listeners.Count < 3);
        Sandbox.SetEtcdValue(LockKey, Other);
        await Task.Delay(TimeSpan.FromSeconds(1));
        Sandbox.Faults.Remove(failing);
        var run = await running;

        run.ExitCode.ShouldBe(ExitCode.NotPutBack, run.Text);
        run.Text.ShouldContain("ann@elsewhere");
        _arena.BrokenPorts().ShouldBeEmpty();
        Sandbox.EtcdValue(LockKey).ShouldBe(Other);
    }

    [Fact]
    public async Task What_another_run_has_done_meanwhile_is_not_undone()
    {
        var run = await RunAsync(() =>
        {
            // It has come, closed the journal and gone.
            Sandbox.SetEtcdValue(LockKey, null);
            Sandbox.SetEtcdValue(JournalKey, null);
        });

        run.ExitCode.ShouldBe(ExitCode.NotPutBack, run.Text);
        run.Text.ShouldContain("Another run started and ended after the lock was lost.");
        _arena.HoldsLock.ShouldBeFalse();
        _arena.HasUnfinishedRun.ShouldBeFalse();
    }

    [Fact]
    public async Task A_lock_that_cannot_be_given_back_is_told_of_and_not_waited_for()
    {
        // In a setup it is the only key that is deleted on a condition.
        Sandbox.Faults.Add(new FaultRule(FaultKind.Hang) { Service = "etcd", Operation = "compareAndDelete" });
        var begun = Stopwatch.GetTimestamp();

        var run = await _arena.RunAsync("setup");

        run.ExitCode.ShouldBe(ExitCode.Done, run.Text);
        run.Text.ShouldContain("warning: Could not release the lock (");
        run.Text.ShouldContain("It expires within 60 s; until then other runs are refused.");
        Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(TimeSpan.FromSeconds(60));
        _arena.HoldsLock.ShouldBeTrue();
        (await _arena.LockStaysAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task A_lock_that_was_given_back_though_the_answer_was_lost_is_not_warned_of()
    {
        Sandbox.Faults.Add(new FaultRule(FaultKind.HangAfter) { Service = "etcd", Operation = "compareAndDelete", Times = 1 });

        var run = await _arena.RunAsync("setup");

        run.ExitCode.ShouldBe(ExitCode.Done, run.Text);
        run.Text.ShouldNotContain("Could not release");
        _arena.HoldsLock.ShouldBeFalse();
    }

    [Fact]
    public async Task Others_are_told_that_a_run_is_under_way_and_not_that_one_was_cut_off()
    {
        var waiting = Sandbox.Faults.Add(new FaultRule(FaultKind.Hang) { Operation = "CreateLoadBalancerPolicy" });
        var running = _arena.RunAsync("setup");
        await UntilAsync(() => Sandbox.CallLog.Calls.Any(call => call.Operation == "CreateLoadBalancerPolicy"));
        var dryRun = await _arena.RunAsync(["setup", "--dry-run"]);
        var verify = await _arena.RunAsync(["verify", "--no-probe"]);
        var second = await _arena.RunAsync("setup");
        Sandbox.Faults.Remove(waiting);

        (await running).ExitCode.ShouldBe(ExitCode.Done, (await running).Text);
        var holder = $"{Environment.UserName}@{Environment.MachineName} (setup, since 20";
        dryRun.ExitCode.ShouldBe(ExitCode.Done);
        dryRun.Text.ShouldContain($"A run is under way: {holder}");
        dryRun.Text.ShouldNotContain("cut off");
        verify.ExitCode.ShouldBe(ExitCode.CheckFailed);
        verify.Text.ShouldContain($"a run is under way: {holder}");
        verify.Text.ShouldContain("at step ");
        verify.Text.ShouldNotContain("cut off");
        second.ExitCode.ShouldBe(ExitCode.Failed);
        second.Text.ShouldContain($"Another run holds the lock: {holder}");

        var later = await _arena.RunAsync(["verify", "--no-probe"]);
        later.Text.ShouldNotContain("under way");
        later.ExitCode.ShouldBe(ExitCode.Done, later.Text);
    }

    [Fact]
    public async Task A_run_that_was_killed_is_said_to_be_cut_off_as_soon_as_it_is_known_to_be_gone()
    {
        Sandbox.Faults.Add(new FaultRule(FaultKind.HangAfter) { Operation = "DeleteLoadBalancerListeners", Times = 1 });
        using (var process = _arena.StartProcess("setup"))
        {
            try
            {
                await UntilAsync(() => Sandbox.CallLog.Calls.Any(call => call.Operation == "DeleteLoadBalancerListeners"));
            }
            finally
            {
                process.Kill();
                await process.WaitForExitAsync();
            }
        }

        Sandbox.Faults.Clear();
        _arena.HoldsLock.ShouldBeTrue("it was killed");
        var verify = await _arena.RunAsync(["verify", "--no-probe"]);
        verify.Text.ShouldContain("a run was cut off: setup by ");
        verify.Text.ShouldNotContain("under way");
        (await _arena.RunAsync(["setup", "--dry-run"])).Text.ShouldContain("An earlier run was cut off: setup by ");
    }

    private static bool IsFlipOrPolicy(RemoteCall call) => call.Operation.StartsWith("SetLoadBalancerPoliciesForBackend", StringComparison.Ordinal)
        || (call.Service == "etcd" && call.Parameters["key"].StartsWith("/deis/router", StringComparison.Ordinal));

    /// <summary>Runs setup; while its health check is being changed, something happens.</summary>
    private async Task<Run> RunAsync(Action meanwhile)
    {
        // Its answer is lost, which takes it three seconds to find out.
        Sandbox.Faults.Add(new FaultRule(FaultKind.HangAfter) { Operation = "ConfigureHealthCheck", Times = 1 });
        var running = _arena.RunAsync("setup");
        await UntilAsync(() => _arena.IsStruck);
        meanwhile();
        return await running;
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!isSo())
        {
            await Task.Delay(1, limit.Token);
        }
    }
}
