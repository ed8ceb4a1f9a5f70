using DeisProxy.Core.Applying;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Tests;

/// <summary>What can go wrong with one remote call.</summary>
public enum Fault
{
    None,
    TransientBefore,
    TransientAfter,
    FinalBefore,
    FinalAfter,
    Interrupt,
    Kill,
}

/// <summary>The process is gone: nothing that comes after reaches anything.</summary>
internal sealed class KilledException : Exception;

/// <summary>A load balancer, routers and stores in memory; every remote call is counted and may fail once.</summary>
internal sealed class FakeWorld(ClusterSnapshot state) : ILoadBalancerControl, IRouterControl, IRouterNodes, IBalancerTraffic, IRecordStore
{
    private readonly Dictionary<string, string> _records = new(StringComparer.Ordinal);
    private bool _killed;
    private Listener? _prepared;
    private LoadBalancer? _stale;
    private int _staleReads;

    public ClusterSnapshot State { get; private set; } = state;

    public int Calls { get; private set; }

    public IReadOnlyDictionary<string, string> Records => _records;

    public List<string> Changes { get; } = [];

    /// <summary>How many changes had been made when the routers' nodes were entered first; null: they were not.</summary>
    public int? ChangesBeforeNodesWereEntered { get; private set; }

    public (int Call, Fault Fault) Inject { get; set; }

    /// <summary>Every call from the given one on is refused, as with credentials that have expired.</summary>
    public bool Persistent { get; init; }

    /// <summary>How many reads show the load balancer as it was before a change.</summary>
    public int StaleReads { get; init; }

    public Action OnInterrupt { get; set; } = () => { };

    public Action OnPrepare { get; init; } = () => { };

    /// <summary>Why the routers' nodes must not be entered.</summary>
    public Exception? NodesRefuse { get; init; }

    /// <summary>Lets the next call have the number after this one.</summary>
    public void Skip(int calls) => Calls = calls;

    public void Revive()
    {
        _killed = false;
        _staleReads = 0;
        Inject = default;
        Changes.Clear();
    }

    Task<LoadBalancer> ILoadBalancerControl.ReadAsync(CancellationToken cancellationToken) =>
        CallAsync(() => _staleReads-- > 0 ? _stale! : State.LoadBalancer);

    Task<RouterState> IRouterControl.ReadAsync(CancellationToken cancellationToken) => CallAsync(() => State.Router);

    public Task ConfigureHealthCheckAsync(HealthCheck healthCheck, CancellationToken cancellationToken) =>
        ChangeAsync("health check", b => b with { HealthCheck = healthCheck });

    public Task SetIdleTimeoutAsync(int seconds, CancellationToken cancellationToken) =>
        ChangeAsync("idle timeout", b => b with { IdleTimeoutSeconds = seconds });

    public Task CreatePolicyAsync(LoadBalancerPolicy policy, CancellationToken cancellationToken) => ChangeAsync(
        "create policy",
        b => b.Policy(policy.Name) is null
            ? b with { Policies = b.Policies.Append(policy).OrderBy(p => p.Name, StringComparer.Ordinal).ToValueList() }
            : throw new DeisProxyException("duplicate", "There is such a policy.", "-"));

    public Task DeletePolicyAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync("delete policy", b => b with { Policies = b.Policies.Where(p => p.Name != name).ToValueList() });

    public Task PrepareReplacementAsync(Listener from, CancellationToken cancellationToken) => CallAsync(() =>
    {
        _prepared = from;
        OnPrepare();
        if (State.LoadBalancer.ListenerOn(from.LoadBalancerPort) is null)
        {
            // To see whether it could be created it is created, which has no effect where it is there.
            State = State.WithLoadBalancer(State.LoadBalancer with
            {
                Listeners = State.LoadBalancer.Listeners.Append(from).OrderBy(l => l.LoadBalancerPort).ToValueList(),
            });
        }

        return true;
    });

    public async Task ReplaceListenerAsync(Listener? from, Listener? to, CancellationToken cancellationToken)
    {
        if (from is not null && from != _prepared)
        {
            await PrepareReplacementAsync(from, cancellationToken);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (from is null || to is null || @from with { PolicyNames = to.PolicyNames } != to)
        {
            if (from is not null)
            {
                await ChangeAsync(
                    "delete listener", b => b with { Listeners = b.Listeners.Where(l => l.LoadBalancerPort != from.LoadBalancerPort).ToValueList() });
            }

            if (to is not null)
            {
                await ChangeAsync("create listener", b => b with
                {
                    Listeners = b.Listeners.Where(l => l.LoadBalancerPort != to.LoadBalancerPort)
                        .Append(to with { PolicyNames = to.EndsTls ? ["ELBSecurityPolicy-2016-08"] : [] })
                        .OrderBy(l => l.LoadBalancerPort).ToValueList(),
                });
            }
        }

        if (to is { PolicyNames.Count: > 0 })
        {
            await ChangeAsync(
                "listener policies",
                b => b with { Listeners = b.Listeners.Select(l => l.LoadBalancerPort == to.LoadBalancerPort ? to : l).ToValueList() });
        }
    }

    public Task SetBackendPoliciesAsync(BackendPolicies backend, CancellationToken cancellationToken) => ChangeAsync("backend policies", b => b with
    {
        BackendPolicies = b.BackendPolicies.Where(p => p.InstancePort != backend.InstancePort)
            .Concat(backend.PolicyNames.Count > 0 ? [backend] : []).OrderBy(p => p.InstancePort).ToValueList(),
    });

    public async Task WriteAsync(RouterSetting setting, string? expected, string? value, CancellationToken cancellationToken) => await CallAsync(() =>
    {
        var now = setting == RouterSetting.ProxyProtocol ? State.Router.ProxyProtocol : State.Router.ProxyRealIpCidr;
        if (now != expected)
        {
            throw new DeisProxyException("etcd-key-changed", "The key has another value.", "-");
        }

        Changes.Add($"{setting}");
        State = State with
        {
            Router = setting == RouterSetting.ProxyProtocol ? State.Router with { ProxyProtocol = value } : State.Router with
            {
                ProxyRealIpCidr = value,
            },
        };
        return true;
    });

    public Task<RouterProbeResult> ProbeAsync(LiveRouter router, int instancePort, CancellationToken cancellationToken) => CallAsync(() =>
        new RouterProbeResult(router, instancePort, State.Router.Demands(State.Router.ProxyProtocol) ? RouterMode.Proxy : RouterMode.Plain, ""));

    // Traffic cannot be watched here, so both ends switch at once; the flip's other orders have tests of their own.
    public TimeSpan Interval => TimeSpan.FromMilliseconds(10);

    public Task<IReadOnlyList<int>> FindAsync(LoadBalancer balancer, IReadOnlyList<int> loadBalancerPorts, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<int>>([]);

    public Task<TrafficAnswer> AskAsync(Listener listener, TrafficQuestion question, CancellationToken cancellationToken) =>
        Task.FromResult(TrafficAnswer.Unreachable);

    public Task<TrafficAnswer> AskAsync(Listener listener, string address, CancellationToken cancellationToken) =>
        Task.FromResult(TrafficAnswer.Unreachable);

    public Task<IReadOnlyList<string>> ResolveAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);

    public Task<NodeMeans> PrepareAsync(RouterState routers, IReadOnlyList<int> instancePorts, CancellationToken cancellationToken)
    {
        ChangesBeforeNodesWereEntered ??= Changes.Count;
        return NodesRefuse is null ? Task.FromResult(new NodeMeans(null, null, null)) : Task.FromException<NodeMeans>(NodesRefuse);
    }

    public Task HoldAsync(HeldConnections held, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Nothing is held where nothing is watched.");

    public Task ReleaseAsync(LiveRouter router, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ReleaseAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task RenderAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task<string?> IRecordStore.ReadAsync(string name, CancellationToken cancellationToken) => CallAsync(() => _records.GetValueOrDefault(name));

    Task IRecordStore.WriteAsync(string name, string text, CancellationToken cancellationToken) => CallAsync(() => _records[name] = text);

    Task IRecordStore.DeleteAsync(string name, CancellationToken cancellationToken) => CallAsync(() => _records.Remove(name));

    private Task<bool> ChangeAsync(string what, Func<LoadBalancer, LoadBalancer> change) => CallAsync(() =>
    {
        Changes.Add(what);
        (_stale, _staleReads) = (_staleReads > 0 ? _stale : State.LoadBalancer, StaleReads);
        State = State.WithLoadBalancer(change(State.LoadBalancer));
        return true;
    });

    private async Task<T> CallAsync<T>(Func<T> handle)
    {
        await Task.Yield();
        lock (_records)
        {
            return Call(handle);
        }
    }

    private T Call<T>(Func<T> handle)
    {
        if (_killed)
        {
            throw new KilledException();
        }

        Calls++;
        var fault = Calls == Inject.Call || (Persistent && Calls > Inject.Call) ? Inject.Fault : Fault.None;
        switch (fault)
        {
            case Fault.TransientBefore:
                throw new DeisProxyException("throttled", "Rate exceeded.", "-") { IsTransient = true };
            case Fault.FinalBefore:
                throw new DeisProxyException("access-denied", "Not allowed.", "-");
            case Fault.TransientAfter:
                handle();
                throw new DeisProxyException("no-answer", "Connection closed.", "-") { IsTransient = true };
            case Fault.FinalAfter:
                handle();
                throw new DeisProxyException("aws-error", "Internal failure.", "-");
            case Fault.Interrupt:
                OnInterrupt();
                return handle();
            case Fault.Kill:
                handle();
                _killed = true;
                throw new KilledException();
            case Fault.None:
            default:
                return handle();
        }
    }
}

/// <summary>A clock on which waiting takes no time: a pause moves the clock and is over; a limit comes when the clock has got there.</summary>
internal sealed class ImmediateTime : TimeProvider
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly List<Pending> _limits = [];
    private TimeSpan _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp()
    {
        lock (_limits)
        {
            return _now.Ticks;
        }
    }

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddTicks(GetTimestamp());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var pending = new Pending(this, () => callback(state), GetTimestamp() + dueTime.Ticks);
        List<Pending> due = [];
        lock (_limits)
        {
            if (dueTime < Limit)
            {
                _now += dueTime;
                due = _limits.Where(l => l.Due <= _now.Ticks).Append(pending).ToList();
                _limits.RemoveAll(due.Contains);
            }
            else
            {
                _limits.Add(pending);
            }
        }

        foreach (var timer in due)
        {
            ThreadPool.QueueUserWorkItem(_ => timer.Fire());
        }

        return pending;
    }

    private sealed class Pending(ImmediateTime time, Action fire, long due) : ITimer
    {
        public long Due => due;

        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
            lock (time._limits)
            {
                time._limits.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
