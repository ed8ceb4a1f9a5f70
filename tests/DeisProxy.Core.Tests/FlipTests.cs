using DeisProxy.Core.Applying;
using DeisProxy.Core.Elb;

namespace DeisProxy.Core.Tests;

/// <summary>In which order both ends are switched, and that connections are never left waiting.</summary>
public sealed class FlipTests
{
    private static FastTime Usual => new(4);

    /// <summary>Where one of the flip's limits has to run out.</summary>
    private static FastTime Fast => new(10);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Connections_that_do_not_fit_wait_from_before_the_policies_until_the_routers_have_switched_and_none_is_lost(bool back)
    {
        var world = new FlipWorld(Usual) { Lag = TimeSpan.FromSeconds(1), OtherLags = [TimeSpan.FromSeconds(2.5)] };
        if (back)
        {
            await world.RunAsync();
            world.Events.Clear();
        }

        var report = await world.RunAsync(back: back);

        report.Manner.ShouldBe(FlipManner.HeldByContent);
        report.Why.ShouldBeNull();
        report.Failed.ShouldBe(0);
        report.Requests!.Value.ShouldBeGreaterThan(20);
        report.Outage.ShouldBe(TimeSpan.Zero);
        report.Machines.ShouldBe(2);
        report.Apart!.Value.ShouldBeGreaterThan(TimeSpan.FromSeconds(0.5));
        report.LongestWait!.Value.ShouldBeGreaterThan(TimeSpan.FromSeconds(1));
        world.Events.Where(e => e is not "key" && !e.StartsWith("release 1", StringComparison.Ordinal))
            .ShouldBe(["arm 80", back ? "hold WithoutProxyLine" : "hold WithProxyLine", "policies", "hold All", "render", "release"]);
        world.Events.IndexOf("key").ShouldBeInRange(world.Events.IndexOf("hold All"), world.Events.IndexOf("render"));
        world.SendingAtHold.ShouldBe(back ? 0 : 2, "both machines have switched");
        world.Served.ShouldBeTrue();
    }

    [Fact]
    public async Task Routers_that_follow_in_their_own_time_lose_nothing_either_and_each_is_let_go_when_it_has()
    {
        var world = new FlipWorld(Usual) { CannotRender = "permission denied", Tick = TimeSpan.FromSeconds(5) };

        var report = await world.RunAsync();

        report.Manner.ShouldBe(FlipManner.HeldByContent);
        report.Why.ShouldBe("routers could not be made to read etcd at once: permission denied");
        report.Failed.ShouldBe(0);
        report.Held.ShouldBeInRange(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(9));
        world.Events.ShouldBe(
        [
            "arm 80", "hold WithProxyLine", "policies", "hold All", "key",
            "release 10.21.1.11", "release 10.21.1.12", "release 10.21.2.11", "release",
        ]);
    }

    [Fact]
    public async Task A_machine_that_the_name_leads_to_only_later_is_waited_for_too()
    {
        var known = 1;
        var world = new FlipWorld(Usual)
        {
            Lag = TimeSpan.FromSeconds(1),
            OtherLags = [TimeSpan.FromSeconds(5)],
            Known = () => known,
            OnCall = name => known = name == "policies" ? 2 : known,
        };

        (await world.RunAsync()).Machines.ShouldBe(2);

        world.SendingAtHold.ShouldBe(2);
    }

    [Fact]
    public async Task One_of_two_machines_that_does_not_switch_is_left_behind_after_a_while()
    {
        var world = new FlipWorld(Fast) { OtherLags = [TimeSpan.FromSeconds(25)] };

        var report = await world.RunAsync();

        report.Manner.ShouldBe(FlipManner.HeldByContent);
        report.Held.ShouldBeInRange(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(24));
        report.Failed!.Value.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task One_of_three_that_switches_alone_is_not_followed()
    {
        var world = new FlipWorld(Fast) { OtherLags = [TimeSpan.FromHours(1), TimeSpan.FromHours(1)] };

        var error = await world.RunAsync().ShouldThrowAsync<DeisProxyException>();

        error.Code.ShouldBe("balancer-did-not-switch");
        error.Message.ShouldContain("2 of its 3 addresses");
        world.Events.ShouldBe(["arm 80", "hold WithProxyLine", "policies", "release"]);
    }

    [Fact]
    public async Task A_node_that_refuses_before_anything_is_changed_leads_to_the_next_best_order()
    {
        var world = new FlipWorld(Usual) { HoldFails = HeldConnections.WithProxyLine };

        var report = await world.RunAsync();

        report.Manner.ShouldBe(FlipManner.Watched);
        report.Why.ShouldBe("new connections could not be held: no");
        world.Events.ShouldBe(["arm 80", "hold WithProxyLine", "release", "policies", "key", "render"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nodes_that_cannot_look_into_connections_hold_all_of_them_at_the_first_sign(bool back)
    {
        var world = new FlipWorld(Usual) { Lag = TimeSpan.FromSeconds(2), CannotHoldByContent = "no u32" };
        if (back)
        {
            await world.RunAsync();
            world.Events.Clear();
        }

        var report = await world.RunAsync(back: back);

        report.Manner.ShouldBe(FlipManner.Held);
        report.Why.ShouldBe("the nodes could not tell connections with a PROXY line from others: no u32");
        report.Held.ShouldBeGreaterThan(TimeSpan.Zero);
        report.Outage.ShouldNotBeNull();
        world.Events.Where(e => e is not "key").ShouldBe(["arm 80", "policies", "hold AllUnread", "render", "release"]);
        world.Events.IndexOf("key").ShouldBeInRange(
            world.Events.IndexOf("policies"), world.Events.IndexOf("render"), "the key only counts once the load balancer has switched");
        world.SendingAtHold.ShouldBe(back ? 0 : 1, "connections that are held before meet routers that demand what they do not say");
        world.DemandedAtRelease.ShouldBeTrue();
        world.Served.ShouldBeTrue();
    }

    [Fact]
    public async Task Nothing_is_held_or_prepared_for_it_when_that_is_not_wanted()
    {
        var world = new FlipWorld(Usual);

        var report = await world.RunAsync(hold: false);

        report.Manner.ShouldBe(FlipManner.Watched);
        report.Why.ShouldBeNull();
        report.Held.ShouldBe(TimeSpan.Zero);
        world.Events.ShouldBe(["arm ", "policies", "key", "render"]);
    }

    [Fact]
    public async Task Nodes_that_do_not_hold_connections_still_follow_at_once()
    {
        var world = new FlipWorld(Usual) { CannotHold = "sudo: a password is required" };

        var report = await world.RunAsync();

        report.Manner.ShouldBe(FlipManner.Watched);
        report.Why.ShouldBe("new connections could not be held: sudo: a password is required");
        world.Events.ShouldBe(["arm 80", "policies", "key", "render"]);
    }

    [Fact]
    public async Task Where_routers_follow_in_their_own_time_the_balancer_switches_when_half_of_them_have()
    {
        // Nothing is watched, so there is one thing at a time, and the exact clock can be used.
        var world = new FlipWorld(new ImmediateTime()) { CannotRender = "permission denied", Tick = TimeSpan.FromSeconds(5), CanBeWatched = false };

        var report = await world.RunAsync();

        report.Manner.ShouldBe(FlipManner.RoutersFirst);
        report.Why.ShouldBe("routers could not be made to read etcd at once: permission denied");
        world.Events.ShouldBe(["arm ", "key", "policies"]);
        world.SwitchedAtPolicies.ShouldBe(2, "of three");
        world.Served.ShouldBeTrue();
    }

    [Fact]
    public async Task What_cannot_be_watched_is_switched_at_once()
    {
        var world = new FlipWorld(Usual) { CanBeWatched = false };

        var report = await world.RunAsync();

        report.Manner.ShouldBe(FlipManner.AtOnce);
        report.Why!.ShouldContain("could not be watched");
        report.Outage.ShouldBeNull();
        world.Events.ShouldBe(["arm ", "policies", "key", "render"], ignoreOrder: true);
    }

    [Theory]
    [InlineData(1, FlipManner.HeldByContent)]
    [InlineData(60, FlipManner.AtOnce)]
    public async Task A_listener_of_before_that_is_still_met_is_waited_for_a_moment(int seconds, FlipManner manner)
    {
        var world = new FlipWorld(Usual) { OldListener = TimeSpan.FromSeconds(seconds) };

        (await world.RunAsync()).Manner.ShouldBe(manner);
    }

    [Fact]
    public async Task One_end_that_is_right_already_is_not_waited_for()
    {
        var world = new FlipWorld(Usual) { PolicyFromTheStart = true };

        (await world.RunAsync()).Manner.ShouldBe(FlipManner.AtOnce);

        world.Events.ShouldBe(["arm ", "key", "render"]);
    }

    [Fact]
    public async Task Routers_are_told_nothing_while_the_balancer_does_not_switch()
    {
        var world = new FlipWorld(Fast) { Lag = TimeSpan.FromHours(1) };

        (await world.RunAsync().ShouldThrowAsync<DeisProxyException>()).Code.ShouldBe("balancer-did-not-switch");

        world.Events.ShouldBe(["arm 80", "hold WithProxyLine", "policies", "release"]);
    }

    [Fact]
    public async Task A_router_that_does_not_follow_is_named_and_nothing_stays_held()
    {
        var world = new FlipWorld(Fast) { Stuck = 1, Tick = TimeSpan.FromHours(1) };

        var error = await world.RunAsync().ShouldThrowAsync<DeisProxyException>();

        error.Code.ShouldBe("routers-did-not-switch");
        error.Message.ShouldContain("10.21.1.12 port 80");
        world.IsHeld.ShouldBeFalse();
        world.Events[^1].ShouldBe("release");
    }

    [Theory]
    [InlineData(HeldConnections.All)]
    [InlineData(HeldConnections.AllUnread)]
    public async Task A_node_that_refuses_at_the_last_moment_does_not_stop_the_rest(HeldConnections held)
    {
        var world = new FlipWorld(Usual) { HoldFails = held, CannotHoldByContent = held == HeldConnections.AllUnread ? "no u32" : null };

        var report = await world.RunAsync();

        report.Why!.ShouldContain("new connections could not be held");
        world.Events.ShouldContain("release");
        world.Served.ShouldBeTrue();
    }

    [Fact]
    public async Task Traffic_that_does_not_come_back_is_an_error()
    {
        var world = new FlipWorld(Fast) { BreaksForGood = true };

        (await world.RunAsync().ShouldThrowAsync<DeisProxyException>()).Code.ShouldBe("traffic-did-not-come-back");

        world.IsHeld.ShouldBeFalse();
    }

    [Theory]
    [InlineData("policies")]
    [InlineData("key")]
    [InlineData("render")]
    [InlineData("hold WithProxyLine")]
    [InlineData("hold All")]
    [InlineData("hold AllUnread")]
    public async Task Whatever_fails_or_is_interrupted_connections_are_let_go(string call)
    {
        using var interrupt = new CancellationTokenSource();
        foreach (var isInterrupt in new[] { true, false })
        {
            var world =
                new FlipWorld(Usual) { OnCall = name => Act(name, isInterrupt), CannotHoldByContent = call == "hold AllUnread" ? "no u32" : null };

            await world.RunAsync(cancellationToken: interrupt.Token).ShouldThrowAsync<Exception>();

            world.IsHeld.ShouldBeFalse();
            if (world.Events.Exists(e => e.StartsWith("hold", StringComparison.Ordinal)))
            {
                world.Events[^1].ShouldBe("release");
            }
        }

        void Act(string name, bool isInterrupt)
        {
            if (name == call)
            {
                if (isInterrupt)
                {
                    interrupt.Cancel();
                }

                throw isInterrupt ? new OperationCanceledException(interrupt.Token) : new InvalidOperationException("A defect.");
            }
        }
    }

    [Fact]
    public async Task A_balancer_that_is_very_late_is_waited_for()
    {
        var world = new FlipWorld(Fast) { Lag = TimeSpan.FromSeconds(30) };

        (await world.RunAsync()).Manner.ShouldBe(FlipManner.HeldByContent, "nothing is lost until it switches");
    }
}
