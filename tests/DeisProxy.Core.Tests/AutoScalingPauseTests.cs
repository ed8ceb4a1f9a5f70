using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Tests;

/// <summary>Auto scaling is suspended for the time of the change, and resumed whatever becomes of it.</summary>
public sealed class AutoScalingPauseTests
{
    private static readonly ClusterSnapshot Start = Groups(Snapshots.Deis15, "");

    public static TheoryData<Fault> Faults => [.. Enum.GetValues<Fault>().Where(f => f != Fault.None)];

    [Fact]
    public void The_first_step_suspends_the_last_resumes_exactly_that()
    {
        var plan = Plan(Start);

        plan.Steps[0].ShouldBe(new AutoScalingStep([new("nodes", ["HealthCheck", "ReplaceUnhealthy"])], Suspend: true));
        plan.Steps[^1].ShouldBe(plan.Steps[0].Inverse());
        plan.Steps.Count.ShouldBe(SetupPlanner.Plan(Start, SetupGoal.Default).Steps.Count + 2);
        plan.Warnings.Select(w => w.Id).ShouldNotContain("auto-scaling-ends-nodes");
        $"{plan.Steps[0].Id}: {plan.Steps[0].FromText} → {plan.Steps[0].ToText}"
            .ShouldBe("auto-scaling-suspend: nodes: HealthCheck, ReplaceUnhealthy at work → nodes: HealthCheck, ReplaceUnhealthy suspended");
        Start.After(plan.Steps).Surroundings.ShouldBe(Start.Surroundings);
    }

    [Fact]
    public void What_somebody_has_suspended_stays_suspended()
    {
        var start = Groups(Snapshots.Deis15, "ReplaceUnhealthy", "AZRebalance");

        start.After(Plan(start).Steps.Take(1)).Surroundings.AutoScalingGroups[0].SuspendedProcesses.ShouldBe(["AZRebalance", "HealthCheck", "ReplaceUnhealthy"]);
        start.After(Plan(start).Steps).Surroundings.ShouldBe(start.Surroundings);
    }

    [Fact]
    public void Nothing_is_suspended_unless_it_is_wanted_needed_and_useful()
    {
        SetupPlanner.Plan(Start, SetupGoal.Default).Warnings.Single(w => w.Id == "auto-scaling-ends-nodes").Remedy.ShouldStartWith("--suspend-auto-scaling ");
        Plan(Start, wanted: false).Steps.ShouldNotContain(s => s is AutoScalingStep);
        Plan(Start.After(SetupPlanner.Plan(Start, SetupGoal.Default).Steps)).Steps.ShouldBeEmpty("nothing is changed");
        var byEc2 = Start with { Surroundings = new() { AutoScalingGroups = [new("nodes", ["EC2"], [])] } };
        Plan(byEc2).Steps.ShouldNotContain(s => s is AutoScalingStep);
    }

    [Fact]
    public void Groups_that_cannot_be_read_stop_what_depends_on_them()
    {
        var blind = Snapshots.Deis15 with { Surroundings = new() { Unread = [new(Unread.AutoScaling, "AWS refuses autoscaling:DescribeAutoScalingGroups.")] } };

        Plan(blind).Blockers.ShouldHaveSingleItem().Id.ShouldBe("auto-scaling-unreadable");
        Plan(blind, wanted: false).Blockers.ShouldBeEmpty();
        Plan(blind, wanted: false, Record(Plan(Start).Steps, 3)).Blockers.ShouldHaveSingleItem().Message.ShouldContain("nodes: HealthCheck, ReplaceUnhealthy");
    }

    [Fact]
    public void A_run_that_was_cut_off_is_made_good_by_the_next_one_with_or_without_the_option()
    {
        var steps = Plan(Start).Steps;
        var left = Start.After(steps.Take(3));
        foreach (var wanted in new[] { false, true })
        {
            var next = Plan(left, wanted, Record(steps, 3));
            left.After(next.Steps).ShouldBe(Start.After(steps));

            // Cut off as well, and the one after it has nothing else to do.
            var end = left.After(next.Steps.SkipLast(1));
            var last = Plan(end, wanted, Record(next.Steps, next.Steps.Count - 1));
            last.Steps.ShouldHaveSingleItem().Id.ShouldBe("auto-scaling-resume");
            end.After(last.Steps).ShouldBe(Start.After(steps));
        }

        Plan(Start.After(steps), wanted: false, Record(steps, steps.Count - 1)).Steps.ShouldBeEmpty("it was resumed already");
    }

    [Fact]
    public void What_a_cut_off_run_had_not_come_to_suspend_is_somebody_elses()
    {
        var repair = new ListenerStep(From: null, Start.LoadBalancer.Listeners[0]);
        var record = Record([repair, .. Plan(Start).Steps], 0);

        Plan(Groups(Start, "HealthCheck"), wanted: false, record).Steps.ShouldNotContain(s => s is AutoScalingStep);
        Plan(Groups(Start, "HealthCheck"), wanted: false, record with { Current = 1 }).Steps[^1].Id.ShouldBe("auto-scaling-resume");
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Whatever_fails_whenever_nothing_stays_suspended(Fault fault)
    {
        var untouched = new FakeWorld(Start);
        (await SetupAsync(untouched, wanted: true)).Error.ShouldBeNull();
        untouched.Changes[0].ShouldBe("suspend HealthCheck, ReplaceUnhealthy");
        untouched.Changes[^1].ShouldBe("resume HealthCheck, ReplaceUnhealthy");
        for (var call = 1; call <= untouched.Calls; call++)
        {
            var world = new FakeWorld(Start) { Inject = (call, fault) };
            var result = await SetupAsync(world, wanted: true);
            var where = $"{fault} at call {call}: {result.Error}";
            if (fault != Fault.Kill)
            {
                result.RollbackError.ShouldBeNull(where);
                world.State.Surroundings.ShouldBe(Start.Surroundings, where);
            }

            world.Revive();
            (await SetupAsync(world, wanted: false)).Error.ShouldBeNull(where);
            world.State.ShouldBe(untouched.State, where);
        }
    }

    private static ClusterSnapshot Groups(ClusterSnapshot snapshot, params string[] suspended) => snapshot with
    {
        Surroundings = new() { AutoScalingGroups = [new("nodes", ["EC2", "ELB"], [.. suspended.Where(s => s.Length > 0).Order(StringComparer.Ordinal)]), new("others", ["EC2"], ["Launch"])] },
    };

    private static Plan Plan(ClusterSnapshot snapshot, bool wanted = true, RunRecord? unfinished = null)
    {
        var pause = new AutoScalingPause(snapshot, wanted, unfinished);
        return pause.Around(SetupPlanner.Plan(pause.ApplyTo(snapshot), SetupGoal.Default));
    }

    private static RunRecord Record(ValueList<Step> steps, int current) => new()
    {
        Command = "setup",
        Holder = "test",
        StartedAt = DateTimeOffset.UnixEpoch,
        Original = Start,
        Goal = SetupGoal.Default,
        Steps = steps,
        Current = current,
    };

    /// <summary>What the command does, as far as it matters here.</summary>
    private static async Task<RunResult> SetupAsync(FakeWorld world, bool wanted)
    {
        using var interrupt = new CancellationTokenSource();
        world.OnInterrupt = interrupt.Cancel;
        var time = new ImmediateTime();
        var journal = new Journal(world, new FakeWorld(world.State), _ => { });
        try
        {
            var unfinished = await journal.ReadUnfinishedAsync(interrupt.Token);
            var repairs = unfinished is null ? [] : Recovery.Steps(unfinished, world.State, "setup");
            var pause = new AutoScalingPause(world.State, wanted, unfinished);
            var plan = pause.Around(SetupPlanner.Plan(pause.ApplyTo(world.State.After(repairs)), SetupGoal.Default));
            var record = Record([.. repairs, .. plan.Steps], 0) with { Repairs = repairs.Count, CutOff = unfinished is null ? null : Recovery.CutOff(unfinished, "setup") };
            if (record.Steps.Count == 0)
            {
                return new RunResult([], Error: null, RollbackError: null);
            }

            var runner = new Runner(new StepExecutor(world, world, new Flip(world, world, world, world, time), world, time) { AutoScaling = world }, journal, new Progress<StepProgress>(), time);
            var result = await runner.RunAsync(record, unfinished, world.State, rollBack: true, interrupt.Token);
            if (result.Error is null)
            {
                await journal.CloseAsync(record, CancellationToken.None);
            }

            return result;
        }
        catch (Exception error) when (error is KilledException or DeisProxyException or OperationCanceledException)
        {
            return new RunResult([], error, RollbackError: null);
        }
    }
}
