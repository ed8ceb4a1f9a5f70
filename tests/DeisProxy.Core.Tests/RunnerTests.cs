using DeisProxy.Core.Applying;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Tests;

/// <summary>Every call of a run fails once, in every way: nothing is ever left worse, and one more run finishes the job.</summary>
public sealed class RunnerTests
{
    private static readonly ClusterSnapshot Https = Snapshots.Deis15.With(l => l with
    {
        Listeners = [Snapshots.Http(80, 80), Snapshots.Https(443, 80, Snapshots.Ciphers.Name, Snapshots.Sticky.Name), Snapshots.Tcp(2222, 2222)],
        Policies = [Snapshots.BackendAuthentication, Snapshots.Ciphers, Snapshots.Sticky],
        BackendPolicies = [new(80, [Snapshots.BackendAuthentication.Name])],
    }).WithElb(s => s with { Networks = ["172.31.0.0/16"] });

    public static TheoryData<string, Fault> Matrix()
    {
        var data = new TheoryData<string, Fault>();
        foreach (var start in new[] { "v1.5", "https" })
        {
            foreach (var fault in Enum.GetValues<Fault>().Where(f => f != Fault.None))
            {
                data.Add(start, fault);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task Whatever_fails_whenever(string name, Fault fault)
    {
        var start = name == "https" ? Https : Snapshots.Deis15;
        var goal = start.After(Plan(start).Steps);
        var untouched = new FakeWorld(start);
        (await SetupAsync(untouched)).Error.ShouldBeNull();
        untouched.State.ShouldBe(goal);

        for (var call = 1; call <= untouched.Calls; call++)
        {
            var world = new FakeWorld(start) { Inject = (call, fault) };
            var result = await SetupAsync(world);
            var where = $"{fault} at call {call}: {result?.Error}";

            if (fault != Fault.Kill)
            {
                if (result!.Error is null)
                {
                    world.State.ShouldBe(goal, where);
                }
                else
                {
                    result.RollbackError.ShouldBeNull(where);
                    result.Changed.ShouldBeFalse(where);
                    world.State.ShouldBe(start, where);
                }

                world.Records.Keys.ShouldNotContain("run", where);
            }

            world.Revive();
            var again = await SetupAsync(world);
            again!.Error.ShouldBeNull(where);
            world.State.ShouldBe(goal, where);
            world.Records.Keys.Order(StringComparer.Ordinal).ToList().ShouldBe(["history", "kept"], where);
            var known = await new Journal(world, new FakeWorld(start), _ => { }).ReadHistoryAsync(CancellationToken.None);
            known!.Original.ShouldBe(start, where);
        }
    }

    [Theory]
    [InlineData(Fault.FinalBefore)]
    [InlineData(Fault.Interrupt)]
    [InlineData(Fault.Kill)]
    public async Task A_run_that_mends_what_was_cut_off_fails_as_well(Fault second)
    {
        var goal = Https.After(Plan(Https).Steps);
        var untouched = new FakeWorld(Https);
        await SetupAsync(untouched);
        for (var first = 1; first <= untouched.Calls; first++)
        {
            for (var call = 1; call <= untouched.Calls; call += 3)
            {
                var world = new FakeWorld(Https) { Inject = (first, Fault.Kill) };
                await SetupAsync(world);
                world.Revive();
                world.Inject = (untouched.Calls + call, second);
                world.Skip(untouched.Calls);
                var left = world.State;
                var result = await SetupAsync(world);
                var where = $"killed at {first}, then {second} at {call}: {result.Error}";
                if (second != Fault.Kill)
                {
                    world.State.LoadBalancer.Listeners.Count.ShouldBeGreaterThanOrEqualTo(left.LoadBalancer.Listeners.Count, where);
                }

                world.Revive();
                (await SetupAsync(world)).Error.ShouldBeNull(where);
                world.State.ShouldBe(goal, where);
                var known = await new Journal(world, new FakeWorld(Https), _ => { }).ReadHistoryAsync(CancellationToken.None);
                known!.Original.ShouldBe(Https, where);
            }
        }
    }

    [Fact]
    public async Task Credentials_that_expire_for_good_are_said_and_a_later_run_finishes()
    {
        var calls = new FakeWorld(Https);
        await SetupAsync(calls);
        for (var call = 1; call <= calls.Calls; call++)
        {
            var world = new FakeWorld(Https) { Inject = (call, Fault.FinalBefore), Persistent = true };
            var result = await SetupAsync(world);

            // What is said to be as it was is as it was.
            (result.Changed || world.State == Https || result.Error is null).ShouldBeTrue($"call {call}");
            world.Revive();
            (await SetupAsync(world)).Error.ShouldBeNull($"call {call}");
            world.State.ShouldBe(Https.After(Plan(Https).Steps), $"call {call}");
        }
    }

    [Fact]
    public async Task Without_rollback_the_run_stops_where_it_is()
    {
        var world = new FakeWorld(Snapshots.Deis15);
        await SetupAsync(world);
        var half = new FakeWorld(Snapshots.Deis15) { Inject = (world.Calls / 2, Fault.FinalBefore) };

        var result = await SetupAsync(half, rollBack: false);

        result.Error.ShouldNotBeNull();
        result.Changed.ShouldBeTrue();
        half.State.ShouldNotBe(Snapshots.Deis15);
        half.Records.Keys.ShouldContain("run");
    }

    [Fact]
    public async Task What_somebody_else_has_changed_meanwhile_stops_the_run_and_stays()
    {
        var plan = Plan(Snapshots.Deis15);
        var changed = Snapshots.Deis15.With(l => l with { HealthCheck = l.HealthCheck with { IntervalSeconds = 77 } });
        var world = new FakeWorld(changed);

        var result = await RunAsync(world, changed, plan.Steps, Snapshots.Deis15, rollBack: true, CancellationToken.None);

        result.Error.ShouldBeOfType<DeisProxyException>().Code.ShouldBe("changed-meanwhile");
        world.State.ShouldBe(changed);
        world.Changes.ShouldBeEmpty();
    }

    [Fact]
    public void A_listener_is_prepared_beside_what_leaves_ports_alone_and_never_while_another_one_is_replaced()
    {
        var listener = new ListenerStep(Snapshots.Deis15.LoadBalancer.Listeners[0], To: null);

        listener.MayPrepareBeside(new IdleTimeoutStep(60, 1200)).ShouldBeTrue();
        listener.MayPrepareBeside(listener).ShouldBeFalse();
    }

    [Fact]
    public async Task Nodes_are_entered_for_the_flip_beside_the_first_changes()
    {
        var world = new FakeWorld(Https);

        await SetupAsync(world);

        world.Changes.Count.ShouldBeGreaterThan(4);
        world.ChangesBeforeNodesWereEntered.ShouldBe(0);
    }

    /// <summary>Reads of a load balancer are only right in the end: the one that shows everything as before may be older than the change.</summary>
    [Theory]
    [InlineData(Fault.FinalBefore)]
    [InlineData(Fault.FinalAfter)]
    [InlineData(Fault.Interrupt)]
    public async Task What_is_said_to_be_put_back_is_though_reads_lag_behind(Fault fault)
    {
        var calls = new FakeWorld(Https) { StaleReads = 4 };
        (await SetupAsync(calls)).Error.ShouldBeNull();
        for (var call = 1; call <= calls.Calls; call++)
        {
            var world = new FakeWorld(Https) { Inject = (call, fault), StaleReads = 4 };

            var result = await SetupAsync(world);

            (result.Changed || world.State == Https || result.Error is null).ShouldBeTrue($"call {call}");
        }
    }

    /// <summary>The delete is carried out, the create is refused, and reads show the old listener for longer than they ever should.</summary>
    [Fact]
    public async Task A_port_is_opened_though_reads_show_that_it_is_open()
    {
        Step step = Plan(Https).Steps.OfType<ListenerStep>().First();
        for (var call = 1; call < 12; call++)
        {
            var world = new FakeWorld(Https) { Inject = (call, Fault.FinalBefore), StaleReads = 1000 };

            await RunAsync(world, Https, [step], Https, rollBack: true, CancellationToken.None);

            world.State.LoadBalancer.ListenerOn(80).ShouldNotBeNull($"call {call}");
        }
    }

    [Fact]
    public async Task Both_ends_fit_after_it_was_put_back_whatever_reads_show_of_the_policies()
    {
        var steps = Plan(Https).Steps;
        var start = Https.After(steps.Where(step => step is not FlipStep));
        for (var call = 1; call < 12; call++)
        {
            var world = new FakeWorld(start) { Inject = (call, Fault.FinalBefore), StaleReads = 1000 };

            await RunAsync(world, start, [steps.OfType<FlipStep>().First()], start, rollBack: true, CancellationToken.None);

            world.State.LoadBalancer.SendsProxyLineTo(80).ShouldBe(world.State.Router.Demands(world.State.Router.ProxyProtocol), $"call {call}");
        }
    }

    [Fact]
    public async Task A_failure_that_passes_ends_no_run()
    {
        var calls = new FakeWorld(Https);
        await RunAsync(calls, Https, Plan(Https).Steps, Https, rollBack: true, CancellationToken.None);
        for (var call = 1; call <= calls.Calls; call++)
        {
            var world = new FakeWorld(Https) { Inject = (call, Fault.TransientBefore) };

            (await RunAsync(world, Https, Plan(Https).Steps, Https, rollBack: true, CancellationToken.None)).Error.ShouldBeNull($"call {call}");
        }
    }

    /// <summary>A listener that was created without its policies is a change; so is one that may have been created.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task What_mends_a_run_that_was_cut_off_and_fails_is_said_to_be_half_done(int call)
    {
        var closed = Https.With(l => l with { Listeners = l.Listeners.Where(listener => listener.LoadBalancerPort != 443).ToValueList() });
        var whole = Plan(Https).Steps.OfType<ListenerStep>().First(step => step.LoadBalancerPort == 443).To!;
        var world = new FakeWorld(closed) { Inject = (call, Fault.FinalBefore), Persistent = true };

        var result = await RunAsync(
            world, closed, [new ListenerStep(From: null, whole)], closed, rollBack: true, CancellationToken.None, repairs: 1);

        result.Steps[0].Status.ShouldBe(StepStatus.Failed);
        result.Changed.ShouldBeTrue();
    }

    /// <summary>Else it could take effect after it has been put back.</summary>
    [Fact]
    public async Task The_answer_to_a_change_is_waited_for_after_an_interrupt()
    {
        using var interrupt = new CancellationTokenSource();
        var isAnswered = false;

        await Waiting.ChangeAsync(
            TimeProvider.System,
            async ct =>
            {
                await interrupt.CancelAsync();
                await Task.Delay(TimeSpan.FromMilliseconds(50), ct);
                isAnswered = true;
            },
            _ => Task.FromResult(false),
            interrupt.Token);

        isAnswered.ShouldBeTrue();
    }

    /// <summary>Its port would be closed for nothing.</summary>
    [Fact]
    public async Task A_listener_is_not_replaced_when_the_person_interrupts_while_that_is_prepared()
    {
        using var interrupt = new CancellationTokenSource();
        var world = new FakeWorld(Https) { OnPrepare = interrupt.Cancel };

        // Alone, so that it is not prepared beside another one.
        Step step = Plan(Https).Steps.OfType<ListenerStep>().First();
        var result = await RunAsync(world, Https, [step], Https, rollBack: true, interrupt.Token);

        result.Error.ShouldBeAssignableTo<OperationCanceledException>();
        world.Changes.ShouldNotContain(change => change.Contains("listener", StringComparison.Ordinal));
        world.State.ShouldBe(Https);
    }

    [Fact]
    public async Task An_answer_that_does_not_come_is_not_waited_for_without_end()
    {
        using var interrupt = new CancellationTokenSource();

        await Should.ThrowAsync<OperationCanceledException>(Waiting.ChangeAsync(
            TimeProvider.System,
            async ct =>
            {
                await interrupt.CancelAsync();
                await Task.Delay(TimeSpan.FromMinutes(5), ct);
            },
            _ => Task.FromResult(false),
            interrupt.Token));
    }

    [Fact]
    public async Task No_listener_is_replaced_when_a_node_must_not_be_entered()
    {
        var world = new FakeWorld(Https) { NodesRefuse = new DeisProxyException("ssh-host-key-changed", "", "") };

        var result = await SetupAsync(world);

        result.Error.ShouldBeOfType<DeisProxyException>().Code.ShouldBe("ssh-host-key-changed");
        world.Changes.ShouldNotContain(change => change.Contains("listener", StringComparison.Ordinal));
        world.State.ShouldBe(Https);
    }

    [Fact]
    public async Task A_finished_run_repeated_changes_nothing()
    {
        var world = new FakeWorld(Https);
        await SetupAsync(world);
        world.Revive();

        (await SetupAsync(world)).Steps.ShouldBeEmpty();
        world.Changes.ShouldBeEmpty();
    }

    private static Plan Plan(ClusterSnapshot snapshot) => SetupPlanner.Plan(snapshot, SetupGoal.Default);

    /// <summary>What the command does: look for a run that was cut off, mend, plan, run, close.</summary>
    private static async Task<RunResult> SetupAsync(FakeWorld world, bool rollBack = true)
    {
        using var interrupt = new CancellationTokenSource();
        world.OnInterrupt = interrupt.Cancel;
        var journal = new Journal(world, new FakeWorld(world.State), _ => { });
        try
        {
            var unfinished = await journal.ReadUnfinishedAsync(interrupt.Token);
            var known = unfinished ?? await journal.ReadHistoryAsync(interrupt.Token);
            var repairs = unfinished is null ? [] : Recovery.Steps(unfinished, world.State, "setup");
            var plan = Plan(world.State.After(repairs));
            ValueList<Step> steps = [.. repairs, .. plan.Steps];
            if (steps.Count == 0)
            {
                if (unfinished is not null)
                {
                    await journal.CloseAsync(unfinished, CancellationToken.None);
                }

                return new RunResult([], Error: null, RollbackError: null);
            }

            return await RunAsync(
                world, world.State, steps, Recovery.Original(known, world.State, plan.Steps), rollBack, interrupt.Token, unfinished, repairs.Count);
        }
        catch (Exception error) when (error is KilledException or DeisProxyException or OperationCanceledException)
        {
            return new RunResult([], error, RollbackError: null);
        }
    }

    private static async Task<RunResult> RunAsync(
        FakeWorld world, ClusterSnapshot start, ValueList<Step> steps, ClusterSnapshot original, bool rollBack, CancellationToken cancellationToken,
        RunRecord? unfinished = null, int repairs = 0)
    {
        var time = new ImmediateTime();
        var journal = new Journal(world, new FakeWorld(world.State), _ => { });
        var record = new RunRecord
        {
            Command = "setup",
            Holder = "test",
            StartedAt = time.GetUtcNow(),
            Original = original,
            Made = Recovery.Made(unfinished, start, steps),
            RouterPorts = SetupGoal.Default.RouterPorts,
            Steps = steps,
            Repairs = repairs,
            CutOff = unfinished is null ? null : Recovery.CutOff(unfinished, "setup"),
        };
        var control = new ElbControl(world, world, new Flip(world, world, world, world, time), world, time);
        var runner = new Runner(control, journal, new Progress<StepProgress>(), time);
        var result = await runner.RunAsync(record, unfinished, start, rollBack, cancellationToken);
        if (result.Error is null)
        {
            // A close that fails is only warned of: the next run closes it, which stands for the second try here.
            for (var attempt = 0; attempt < 2; attempt++)
            {
                try
                {
                    await journal.CloseAsync(record, CancellationToken.None);
                    break;
                }
                catch (DeisProxyException) when (attempt == 0 || world.Persistent)
                {
                    continue;
                }
            }
        }

        return result;
    }
}
