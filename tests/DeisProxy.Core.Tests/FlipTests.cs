using System.Diagnostics;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Tests;

/// <summary>In which order both ends are switched, and that connections are never left waiting.</summary>
public sealed class FlipTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static FastTime Usual => new(4);

    /// <summary>Where one of the flip's limits has to run out.</summary>
    private static FastTime Fast => new(10);

    [Fact]
    public async Task The_balancer_goes_first_and_the_routers_follow_while_connections_are_held()
    {
        var world = new FlipWorld(Usual) { Lag = TimeSpan.FromSeconds(2) };

        var report = await world.RunAsync();

        report.Manner.ShouldBe(FlipManner.Held);
        report.Why.ShouldBeNull();
        report.Held.ShouldBeGreaterThan(TimeSpan.Zero);
        report.Outage.ShouldNotBeNull();
        world.Events.Where(e => e is not "key").ShouldBe(["arm 80", "policies", "hold", "render", "release"]);
        world.Events.IndexOf("key").ShouldBeInRange(world.Events.IndexOf("policies"), world.Events.IndexOf("render"), "the key only counts once the PROXY line arrives");
        world.SeenAtHold.ShouldBeTrue("connections that are held before the PROXY line arrives meet routers that demand it");
        world.DemandedAtRelease.ShouldBeTrue();
    }

    [Fact]
    public async Task Back_again_in_the_same_order()
    {
        var world = new FlipWorld(Usual) { Lag = TimeSpan.FromSeconds(1) };
        await world.RunAsync();
        world.Events.Clear();

        (await world.RunAsync(back: true)).Manner.ShouldBe(FlipManner.Held);

        world.Events.Where(e => e is not "key").ShouldBe(["arm 80", "policies", "hold", "render", "release"]);
        world.Key.ShouldBeNull();
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

        world.Events.ShouldBe(["arm 80", "policies"]);
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

    [Fact]
    public async Task A_node_that_refuses_at_the_last_moment_does_not_stop_the_rest()
    {
        var world = new FlipWorld(Usual) { HoldFails = true };

        var report = await world.RunAsync();

        report.Why!.ShouldContain("new connections could not be held");
        report.Held.ShouldBe(TimeSpan.Zero);
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
    [InlineData("hold")]
    public async Task Whatever_fails_or_is_interrupted_connections_are_let_go(string call)
    {
        using var interrupt = new CancellationTokenSource();
        foreach (var isInterrupt in new[] { true, false })
        {
            var world = new FlipWorld(Usual) { OnCall = name => Act(name, isInterrupt) };

            await world.RunAsync(cancellationToken: interrupt.Token).ShouldThrowAsync<Exception>();

            world.IsHeld.ShouldBeFalse();
            if (world.Events.Contains("hold"))
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

        (await world.RunAsync()).Manner.ShouldBe(FlipManner.Held, "nothing is lost until it switches");
    }

    [Fact]
    public async Task Where_routers_were_never_told_the_balancer_goes_back_whatever_traffic_shows()
    {
        var world = new FlipWorld(Fast) { Lag = TimeSpan.FromHours(1) };
        await world.RunAsync().ShouldThrowAsync<DeisProxyException>();
        world.Events.Clear();

        (await world.FitAsync()).ShouldBeTrue();

        world.Sent.ShouldBeEmpty();
        (await world.FitAsync()).ShouldBeFalse("it is back");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Where_they_may_have_been_told_traffic_decides(bool back)
    {
        var world = await LostAsync(new FlipWorld(Fast), back);
        world.Served.ShouldBeFalse();

        (await world.FitAsync()).ShouldBeTrue();

        world.Events.ShouldBe(["policies"]);
        world.Served.ShouldBeTrue();
        (await world.FitAsync()).ShouldBeFalse("it fits now");
    }

    [Fact]
    public async Task Routers_that_follow_late_are_followed_and_what_others_put_on_the_port_stays()
    {
        var world = await LostAsync(new FlipWorld(Fast) { Others = ["Authentication"] });
        (await world.FitAsync()).ShouldBeTrue();
        world.Sent.ShouldBe(["Authentication"]);

        await world.SetKeyAsync("1");
        (await world.FitAsync()).ShouldBeTrue();

        world.Sent.ShouldBe(["Authentication", "EnableProxyProtocol"]);
        world.Served.ShouldBeTrue();
    }

    [Fact]
    public async Task Routers_that_come_by_themselves_are_left_alone()
    {
        var world = await LostAsync(new FlipWorld(Fast));
        var fitting = world.FitAsync();

        await world.SetKeyAsync("1");

        (await fitting).ShouldBeFalse();
        world.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_balancer_without_instances_cuts_off_for_another_reason()
    {
        var world = await LostAsync(new FlipWorld(Fast));
        (await world.FitAsync()).ShouldBeTrue();
        await world.SetKeyAsync("1");
        world.NobodyInService = true;

        (await world.FitAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task Routers_that_are_not_of_one_mind_do_not_move_the_balancer()
    {
        var world = new FlipWorld(Fast) { Stuck = 1, Tick = TimeSpan.FromHours(1), AnswersVary = true };
        await world.RunAsync().ShouldThrowAsync<DeisProxyException>();
        world.Events.Clear();

        (await world.FitAsync()).ShouldBeFalse();

        world.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_cannot_be_watched_does_not_move_the_balancer()
    {
        var world = new FlipWorld(Fast) { CanBeWatched = false, Stuck = 0, Tick = TimeSpan.FromHours(1) };
        await world.RunAsync().ShouldThrowAsync<DeisProxyException>();
        world.Events.Clear();

        (await world.FitAsync()).ShouldBeFalse();

        world.Events.ShouldBeEmpty();
    }

    private static async Task<FlipWorld> LostAsync(FlipWorld world, bool back = false)
    {
        if (back)
        {
            await world.RunAsync();
        }

        world.IsLost = true;
        (await world.RunAsync(back: back).ShouldThrowAsync<DeisProxyException>()).Code.ShouldBe("etcd-unavailable");
        world.Events.Clear();
        return world;
    }

    /// <summary>A load balancer that switches after a lag, three routers that switch on a tick or when told, and nodes that hold connections.</summary>
    private sealed class FlipWorld(TimeProvider clock) : ILoadBalancerControl, IRouterControl, IRouterNodes, IBalancerTraffic
    {
        private static readonly string[] Names = ["10.21.1.11", "10.21.1.12", "10.21.2.11"];

        private readonly TimeProvider _time = clock;
        private readonly Random _random = new(1);
        private readonly Lock _lock = new();
        private readonly bool[] _demands = new bool[3];
        private readonly List<string> _events = [];
        private bool _sends;
        private bool _willSend;
        private long _sendsFrom;
        private long _keySince;
        private Flip? _flip;
        private (FlipStep Step, ClusterSnapshot Before)? _last;

        public TimeSpan Lag { get; init; } = TimeSpan.FromMilliseconds(100);

        public TimeSpan Tick { get; init; } = TimeSpan.FromHours(1);

        public string? CannotHold { get; init; }

        public string? CannotRender { get; init; }

        public bool CanBeWatched { get; init; } = true;

        public bool PolicyFromTheStart { get; init; }

        public int? Stuck { get; init; }

        public bool HoldFails { get; init; }

        public bool BreaksForGood { get; init; }

        /// <summary>Whether a request goes to any of the routers and not always to the first.</summary>
        public bool AnswersVary { get; init; }

        /// <summary>Policies of others on the port.</summary>
        public IReadOnlyList<string> Others { get; init; } = [];

        /// <summary>Whether etcd takes no write.</summary>
        public bool IsLost { get; set; }

        public bool NobodyInService { get; set; }

        /// <summary>What the load balancer was told last.</summary>
        public IReadOnlyList<string> Sent { get; private set; } = [];

        public Action<string> OnCall { get; init; } = _ => { };

        public List<string> Events => _events;

        public string? Key { get; private set; }

        public bool IsHeld { get; private set; }

        public bool SeenAtHold { get; private set; }

        public bool DemandedAtRelease { get; private set; }

        public int SwitchedAtPolicies { get; private set; }

        public bool Served
        {
            get
            {
                lock (_lock)
                {
                    Advance();
                    return _demands.All(d => d == _sends);
                }
            }
        }

        public TimeSpan Interval => TimeSpan.FromMilliseconds(10);

        public async Task<FlipReport> RunAsync(bool hold = true, bool back = false, CancellationToken cancellationToken = default)
        {
            if (PolicyFromTheStart)
            {
                (_sends, _willSend) = (true, true);
            }

            var on = new FlipState("1", [new BackendPolicies(80, ["EnableProxyProtocol"])]);
            var off = new FlipState(null, [new BackendPolicies(80, [])]);
            var from = PolicyFromTheStart ? on with { ProxyProtocol = null } : off;
            var step = new FlipStep(back ? on : from, back ? off : on, [80]) { Hold = hold };
            var start = Snapshots.Deis15.After([new PolicyStep(From: null, LoadBalancerPolicy.EnableProxyProtocol)]);
            var listener = new Listener(80, ListenerProtocol.Tcp, 80, ListenerProtocol.Tcp, CertificateId: null, []);
            start = start with
            {
                LoadBalancer = start.LoadBalancer with { Listeners = [listener] },
                Router = start.Router with { LiveRouters = Names.Select(name => new LiveRouter(name, name, 80)).ToValueList() },
            };
            var before = new FlipStep(step.To, step.From, [80]).ApplyTo(start);
            (_flip, _last) = (new Flip(this, this, this, this, _time), (step, before));
            await _flip.RunAsync(step, before, undoing: false, cancellationToken).WaitAsync(Limit, CancellationToken.None);
            return _flip.Report!;
        }

        /// <summary>What the last run began, seen from the load balancer alone; then time for it to take effect.</summary>
        public async Task<bool> FitAsync()
        {
            var changed = await _flip!.FitAsync(_last!.Value.Step, _last.Value.Before, CancellationToken.None).WaitAsync(Limit);
            await Task.Delay(Lag < TimeSpan.FromMinutes(1) ? (2 * Lag) + TimeSpan.FromSeconds(1) : TimeSpan.Zero, _time);
            return changed;
        }

        /// <summary>What an answer that was lost had done.</summary>
        public Task SetKeyAsync(string? value) => CallAsync(null, () =>
        {
            Key = value;
            _keySince = _time.GetTimestamp();
            Array.Fill(_demands, value is not null);
            return true;
        });

        public Task<NodeMeans> PrepareAsync(RouterState routers, IReadOnlyList<int> instancePorts, CancellationToken cancellationToken) =>
            CallAsync($"arm {string.Join(' ', instancePorts)}", () => new NodeMeans(CannotRender, instancePorts.Count > 0 ? CannotHold : null));

        public Task SetBackendPoliciesAsync(BackendPolicies backend, CancellationToken cancellationToken) => CallAsync("policies", () =>
        {
            SwitchedAtPolicies = _demands.Count(d => d);
            _willSend = backend.PolicyNames.Contains("EnableProxyProtocol");
            Sent = [.. backend.PolicyNames];
            _sendsFrom = _time.GetTimestamp() + Lag.Ticks;
            return true;
        });

        public Task WriteAsync(RouterSetting setting, string? expected, string? value, CancellationToken cancellationToken) => CallAsync("key", () =>
        {
            if (IsLost)
            {
                throw new DeisProxyException("etcd-unavailable", "gone", "-");
            }

            Key.ShouldBe(expected);
            Key = value;
            _keySince = _time.GetTimestamp();
            return true;
        });

        public Task HoldAsync(CancellationToken cancellationToken) => CallAsync("hold", () =>
        {
            SeenAtHold = _sends;
            IsHeld = true;
            return HoldFails ? throw new DeisProxyException("hold-refused", "no", "-") : true;
        });

        public Task ReleaseAsync(CancellationToken cancellationToken) => CallAsync("release", () =>
        {
            DemandedAtRelease = _demands.All(d => d == Key is not null);
            IsHeld = false;
            return true;
        });

        public Task RenderAsync(CancellationToken cancellationToken) => CallAsync("render", () =>
        {
            for (var i = 0; i < _demands.Length; i++)
            {
                _demands[i] = i == Stuck ? _demands[i] : Key is not null;
            }

            return true;
        });

        public Task<RouterProbeResult> ProbeAsync(LiveRouter router, int instancePort, CancellationToken cancellationToken) => CallAsync(null, () =>
            new RouterProbeResult(router, instancePort, _demands[Array.IndexOf(Names, router.Name)] ? RouterMode.Proxy : RouterMode.Plain, ""));

        public Task<IReadOnlyList<int>> FindAsync(LoadBalancer balancer, IReadOnlyList<int> loadBalancerPorts, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<int>>(CanBeWatched ? [.. loadBalancerPorts] : []);

        public Task<TrafficAnswer> AskAsync(Listener listener, TrafficQuestion question, CancellationToken cancellationToken) => CallAsync(null, () =>
        {
            var demands = _demands[AnswersVary ? _random.Next(_demands.Length) : 0];
            return question == TrafficQuestion.Malformed || (_sends && !demands) ? TrafficAnswer.RefusedByRouter
                : _sends == demands && !(BreaksForGood && _sends) ? TrafficAnswer.Served
                : TrafficAnswer.CutOff;
        });

        Task<RouterState> IRouterControl.ReadAsync(CancellationToken cancellationToken) => CallAsync(null, () =>
            Snapshots.Deis15.Router with { ProxyProtocol = Key, LiveRouters = Names.Select(name => new LiveRouter(name, name, 80)).ToValueList() });

        Task<LoadBalancer> ILoadBalancerControl.ReadAsync(CancellationToken cancellationToken) => CallAsync(null, () => _last!.Value.Before.LoadBalancer with
        {
            BackendPolicies = [new BackendPolicies(80, [.. Others, .. _willSend ? ["EnableProxyProtocol"] : Array.Empty<string>()])],
            Instances = NobodyInService ? [] : _last.Value.Before.LoadBalancer.Instances,
        });

        public Task ConfigureHealthCheckAsync(HealthCheck healthCheck, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task SetIdleTimeoutAsync(int seconds, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task CreatePolicyAsync(LoadBalancerPolicy policy, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task DeletePolicyAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task ReplaceListenerAsync(Listener? from, Listener? to, CancellationToken cancellationToken) => throw new NotSupportedException();

        private async Task<T> CallAsync<T>(string? name, Func<T> handle)
        {
            await Task.Yield();
            lock (_lock)
            {
                Advance();
                if (name is not null)
                {
                    _events.Add(name);
                    if (name == "hold")
                    {
                        // What is refused half-way may hold on one node.
                        IsHeld = true;
                    }

                    OnCall(name);
                }

                return handle();
            }
        }

        /// <summary>What time does by itself.</summary>
        private void Advance()
        {
            var now = _time.GetTimestamp();
            _sends = now >= _sendsFrom ? _willSend : _sends;
            for (var i = 0; i < _demands.Length; i++)
            {
                _demands[i] = i != Stuck && now >= _keySince + (Tick * (i + 1) / 3).Ticks ? Key is not null : _demands[i];
            }
        }
    }

    /// <summary>A clock that is fast enough for long limits, and slow enough for several things that happen beside one another.</summary>
    private sealed class FastTime(int factor) : TimeProvider
    {
        private readonly long _start = Stopwatch.GetTimestamp();

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Stopwatch.GetElapsedTime(_start).Ticks * factor;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, Real(dueTime), Real(period));

        private TimeSpan Real(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : time / factor;
    }
}
