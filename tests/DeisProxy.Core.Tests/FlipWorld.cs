using DeisProxy.Core.Applying;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Tests;

/// <summary>
/// A load balancer whose machines switch after a lag each, three routers that switch on a tick or when told, and nodes that hold connections.
/// </summary>
internal sealed class FlipWorld(TimeProvider clock) : ILoadBalancerControl, IRouterControl, IRouterNodes, IBalancerTraffic
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly string[] Names = ["10.21.1.11", "10.21.1.12", "10.21.2.11"];

    private readonly TimeProvider _time = clock;
    private readonly long _start = clock.GetTimestamp();
    private readonly Random _random = new(1);
    private readonly Lock _lock = new();
    private readonly bool[] _demands = new bool[3];
    private readonly List<string> _events = [];
    private readonly bool[] _released = new bool[3];
    private bool[] _sends = [];
    private bool _willSend;
    private long _policiesAt;
    private int _turn;
    private HeldConnections? _held;
    private long _keySince;
    private Flip? _flip;
    private (FlipStep Step, ClusterSnapshot Before)? _last;

    public TimeSpan Lag { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a listener in HTTP mode is still met.</summary>
    public TimeSpan OldListener { get; init; }

    /// <summary>Lags of machines besides the first.</summary>
    public IReadOnlyList<TimeSpan> OtherLags { get; init; } = [];

    /// <summary>Machines that the load balancer's name leads to; more may come while it lasts. Null: all.</summary>
    public Func<int>? Known { get; init; }

    public TimeSpan Tick { get; init; } = TimeSpan.FromHours(1);

    public string? CannotHold { get; init; }

    public string? CannotHoldByContent { get; init; }

    public string? CannotRender { get; init; }

    public bool CanBeWatched { get; init; } = true;

    public bool PolicyFromTheStart { get; init; }

    public int? Stuck { get; init; }

    /// <summary>The hold that one node refuses.</summary>
    public HeldConnections? HoldFails { get; init; }

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

    public bool IsHeld => _held is not null;

    /// <summary>How many machines sent the PROXY line when connections were held last.</summary>
    public int SendingAtHold { get; private set; }

    public bool DemandedAtRelease { get; private set; }

    public int SwitchedAtPolicies { get; private set; }

    public bool Served
    {
        get
        {
            lock (_lock)
            {
                Advance();
                return _demands.All(d => _sends.All(sends => d == sends));
            }
        }
    }

    public TimeSpan Interval => TimeSpan.FromMilliseconds(10);

    public async Task<FlipReport> RunAsync(bool hold = true, bool back = false, CancellationToken cancellationToken = default)
    {
        _sends = _sends.Length > 0 ? _sends : [.. Lags.Select(_ => PolicyFromTheStart)];
        if (PolicyFromTheStart)
        {
            _willSend = true;
        }

        var on = new FlipState("1", [new BackendPolicies(80, ["EnableProxyProtocol"])]);
        var off = new FlipState(null, [new BackendPolicies(80, [])]);
        var from = PolicyFromTheStart ? on with { ProxyProtocol = null } : off;
        var step = new FlipStep(back ? on : from, back ? off : on, [80]) { Hold = hold };
        var start = Snapshots.Deis15.After([new PolicyStep(From: null, LoadBalancerPolicy.EnableProxyProtocol)]);
        var listener = new Listener(80, ListenerProtocol.Tcp, 80, ListenerProtocol.Tcp, CertificateId: null, []);
        start = start.With(l => l with { Listeners = [listener] })
            .WithRouter(r => r with { LiveRouters = Names.Select(name => new LiveRouter(name, name, 80)).ToValueList() });
        var before = new FlipStep(step.To, step.From, [80]).ApplyTo(start);
        (_flip, _last) = (new Flip(this, this, this, this, _time), (step, before));
        await _flip.RunAsync(step, before, undoing: false, cancellationToken).WaitAsync(Limit, CancellationToken.None);
        return _flip.Report!;
    }

    /// <summary>What the last run began, seen from the load balancer alone; then time for it to take effect.</summary>
    public async Task<bool> MatchRoutersAsync()
    {
        var changed = await _flip!.MatchRoutersAsync(_last!.Value.Step, _last.Value.Before, CancellationToken.None).WaitAsync(Limit);
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
        CallAsync($"arm {string.Join(' ', instancePorts)}", () =>
        {
            Array.Fill(_released, false);
            return instancePorts.Count > 0 ? new NodeMeans(CannotRender, CannotHold, CannotHold ?? CannotHoldByContent) : new NodeMeans(
                CannotRender, null, null);
        });

    public Task SetBackendPoliciesAsync(BackendPolicies backend, CancellationToken cancellationToken) => CallAsync("policies", () =>
    {
        SwitchedAtPolicies = _demands.Count(d => d);
        _willSend = backend.PolicyNames.Contains("EnableProxyProtocol");
        Sent = [.. backend.PolicyNames];
        _policiesAt = _time.GetTimestamp();
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

    public Task HoldAsync(HeldConnections held, CancellationToken cancellationToken) => CallAsync($"hold {held}", () =>
    {
        SendingAtHold = _sends.Count(sends => sends);
        _held = held;
        return HoldFails == held ? throw new DeisProxyException("hold-refused", "no", "-") : true;
    });

    public Task ReleaseAsync(LiveRouter router, CancellationToken cancellationToken) =>
        CallAsync($"release {router.Name}", () => _released[Array.IndexOf(Names, router.Name)] = true);

    public Task ReleaseAsync(CancellationToken cancellationToken) => CallAsync(_held is null ? null : "release", () =>
    {
        DemandedAtRelease = _demands.All(d => d == Key is not null);
        _held = null;
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

    public Task<IReadOnlyList<string>> ResolveAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>([.. Enumerable.Range(0, Known?.Invoke() ?? Lags.Count).Select(machine => $"{machine}")]);

    public Task<TrafficAnswer> AskAsync(Listener listener, TrafficQuestion question, CancellationToken cancellationToken) =>
        AskAsync(Interlocked.Increment(ref _turn) % Lags.Count, question, cancellationToken);

    public Task<TrafficAnswer> AskAsync(Listener listener, string address, CancellationToken cancellationToken) =>
        AskAsync(int.Parse(address), TrafficQuestion.HealthCheck, cancellationToken);

    Task<RouterState> IRouterControl.ReadAsync(CancellationToken cancellationToken) => CallAsync(null, () =>
        Snapshots.Deis15.Router with { ProxyProtocol = Key, LiveRouters = Names.Select(name => new LiveRouter(name, name, 80)).ToValueList() });

    Task<LoadBalancer> ILoadBalancerControl.ReadAsync(CancellationToken cancellationToken) =>
        CallAsync(null, () => _last!.Value.Before.LoadBalancer with
        {
            BackendPolicies = [new BackendPolicies(80, [.. Others, .. _willSend ? ["EnableProxyProtocol"] : Array.Empty<string>()])],
            Instances = NobodyInService ? [] : _last.Value.Before.LoadBalancer.Instances,
        });

    public Task ConfigureHealthCheckAsync(HealthCheck healthCheck, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task SetIdleTimeoutAsync(int seconds, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task CreatePolicyAsync(LoadBalancerPolicy policy, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task DeletePolicyAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task PrepareReplacementAsync(Listener from, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task ReplaceListenerAsync(Listener? from, Listener? to, CancellationToken cancellationToken) => throw new NotSupportedException();

    private List<TimeSpan> Lags => [Lag, .. OtherLags];

    /// <summary>A request says what its machine sends when it begins; where that is held it waits.</summary>
    private async Task<TrafficAnswer> AskAsync(int machine, TrafficQuestion question, CancellationToken cancellationToken)
    {
        bool? sends = null;
        while (true)
        {
            var answer = await CallAsync<TrafficAnswer?>(null, () =>
            {
                sends ??= _sends.ElementAtOrDefault(machine);
                var router = AnswersVary || OtherLags.Count > 0 ? _random.Next(_demands.Length) : 0;
                if (!_released[router] && Holds(sends.Value))
                {
                    return null;
                }

                return question == TrafficQuestion.Malformed && _time.GetTimestamp() < _start + OldListener.Ticks ? TrafficAnswer.RefusedByBalancer
                    : question == TrafficQuestion.Malformed || (sends.Value && !_demands[router]) ? TrafficAnswer.RefusedByRouter
                    : sends == _demands[router] && !(BreaksForGood && sends.Value) ? TrafficAnswer.Served
                    : TrafficAnswer.CutOff;
            });
            if (answer is { } known)
            {
                return known;
            }

            await Task.Delay(Interval, _time, cancellationToken);
        }
    }

    private bool Holds(bool sends) => _held switch
    {
        HeldConnections.WithProxyLine => sends,
        HeldConnections.WithoutProxyLine => !sends,
        null => false,
        _ => true,
    };

    private async Task<T> CallAsync<T>(string? name, Func<T> handle)
    {
        await Task.Yield();
        lock (_lock)
        {
            Advance();
            if (name is not null)
            {
                _events.Add(name);

                // What is refused half-way may hold on one node.
                _held = name.StartsWith("hold", StringComparison.Ordinal) ? HeldConnections.All : _held;
                OnCall(name);
            }

            return handle();
        }
    }

    /// <summary>What time does by itself.</summary>
    private void Advance()
    {
        var now = _time.GetTimestamp();
        for (var i = 0; i < _sends.Length; i++)
        {
            _sends[i] = now >= _policiesAt + Lags[i].Ticks ? _willSend : _sends[i];
        }

        for (var i = 0; i < _demands.Length; i++)
        {
            _demands[i] = i != Stuck && now >= _keySince + (Tick * (i + 1) / 3).Ticks ? Key is not null : _demands[i];
        }
    }
}
