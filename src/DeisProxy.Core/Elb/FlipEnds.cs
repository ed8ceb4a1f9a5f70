using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Elb;

/// <summary>The two ends of a flip: what is done to each, and how it shows that it is done.</summary>
/// <param name="telling">Is called before the routers' key is written.</param>
internal sealed class FlipEnds(
    FlipStep step,
    ClusterSnapshot before,
    NodeMeans means,
    ILoadBalancerControl loadBalancer,
    IRouterControl routers,
    IRouterNodes nodes,
    TimeProvider time,
    Action telling)
{
    /// <summary>How long confd and a reload usually take at most; after that routers are asked.</summary>
    private static readonly TimeSpan UsualRendering = TimeSpan.FromMilliseconds(500);

    /// <summary>How long routers may take to read etcd (5 s) and reload, with reserve.</summary>
    private static readonly TimeSpan RouterLimit = TimeSpan.FromSeconds(20);

    /// <summary>How long nginx's old workers accept connections beside the new ones (100 ms, ngx_master_process_cycle), with reserve.</summary>
    private static readonly TimeSpan BothModes = TimeSpan.FromMilliseconds(120);

    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Is told, in words for people, what is waited for.</summary>
    public Action<string> Activity { get; init; } = _ => { };

    /// <summary>Whether what may be half done is put back; what was read then may be older than it.</summary>
    public bool IsUndoing { get; init; }

    /// <summary>What can be done on the nodes.</summary>
    public NodeMeans Means => means;

    /// <summary>The routers that were alive before.</summary>
    public ValueList<LiveRouter> Routers => before.Router.LiveRouters;

    /// <summary>Whether routers are to demand the PROXY line.</summary>
    public bool TurnsOn => before.Router.Demands(step.To.ProxyProtocol);

    /// <summary>The load balancer's end.</summary>
    public Task SetPoliciesAsync(CancellationToken cancellationToken) => Task.WhenAll(step.To.BackendPolicies
        .Where(b => IsUndoing || !before.LoadBalancer.BackendPoliciesOf(b.InstancePort).Equals(b.PolicyNames))
        .Select(b => Waiting.ChangeAsync(
            time,
            ct => loadBalancer.SetBackendPoliciesAsync(b, ct),
            async ct => (await loadBalancer.ReadAsync(ct)).BackendPoliciesOf(b.InstancePort).Equals(b.PolicyNames),
            cancellationToken)));

    /// <summary>The routers' end, which follow on their next reading of etcd.</summary>
    public async Task SetKeyAsync(CancellationToken cancellationToken)
    {
        Activity("flip: waiting for the routers to follow");
        if (before.Router.ProxyProtocol != step.To.ProxyProtocol)
        {
            await Waiting.ChangeAsync(
                time,
                ct =>
                {
                    telling();
                    return routers.WriteAsync(RouterSetting.ProxyProtocol, before.Router.ProxyProtocol, step.To.ProxyProtocol, ct);
                },
                async ct => (await routers.ReadAsync(ct)).ProxyProtocol == step.To.ProxyProtocol,
                cancellationToken);
        }
    }

    /// <summary>The routers' end; they follow as fast as they can.</summary>
    public async Task SetRoutersAsync(CancellationToken cancellationToken)
    {
        await SetKeyAsync(cancellationToken);
        await RenderAsync(cancellationToken);
    }

    /// <summary>
    /// The routers' end, while connections are held: as soon as one router has switched for good, it is told of. Those that do not within a while
    /// are not waited for.
    /// </summary>
    public async Task SetRoutersAsync(TimeSpan patience, Func<LiveRouter, CancellationToken, Task> switched, CancellationToken cancellationToken)
    {
        await SetKeyAsync(cancellationToken);
        var rendering = RenderAsync(cancellationToken);
        try
        {
            // A router whose confd does not come back may follow on its own tick all the same.
            await Task.WhenAny(rendering, Task.Delay(UsualRendering, time, cancellationToken));
            await Task.WhenAll(Routers.Select(async router =>
            {
                await StaysSwitchedAsync(router, patience, cancellationToken);
                await switched(router, cancellationToken);
            }));
        }
        finally
        {
            await rendering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Waits for the moment at which about as much is lost by going on as by waiting: half of the routers demand what half do not.</summary>
    public Task HalfSwitchedAsync(CancellationToken cancellationToken) =>
        RoutersAsync(probes => probes.Count(p => p.Result.Mode == p.Wanted) * 2 >= probes.Length, cancellationToken);

    /// <summary>Waits until every router has switched, those that have come meanwhile included.</summary>
    public Task AllSwitchedAsync(CancellationToken cancellationToken) =>
        RoutersAsync(probes => probes.All(p => p.Result.Mode == p.Wanted), cancellationToken);

    private Task RenderAsync(CancellationToken cancellationToken) =>
        means.CannotRender is null ? nodes.RenderAsync(cancellationToken) : Task.CompletedTask;

    private async Task StaysSwitchedAsync(LiveRouter router, TimeSpan patience, CancellationToken cancellationToken)
    {
        var wanted = TurnsOn ? RouterMode.Proxy : RouterMode.Plain;
        long? since = null;
        await Waiting.UntilAsync(
            time,
            patience,
            ProbeInterval,
            async ct =>
            {
                var begun = time.GetTimestamp();
                var probes = await Task.WhenAll(before.Router.PortsInUse(step.RouterPorts)
                    .Select(port => Waiting.RetryAsync(time, again => nodes.ProbeAsync(router, port, again), ct)));
                return since = probes.All(p => p.Mode == wanted) ? since ?? begun : null;
            },
            last => last is { } first && time.GetElapsedTime(first) >= BothModes,
            cancellationToken);
    }

    private async Task RoutersAsync(Func<(RouterProbeResult Result, RouterMode Wanted)[], bool> reached, CancellationToken cancellationToken)
    {
        var (last, isReached) = await Waiting.UntilAsync(
            time, RouterLimit, ProbeInterval, ct => Waiting.RetryAsync(time, ProbeAsync, ct), reached, cancellationToken);
        if (!isReached)
        {
            var stuck = last.Where(p => p.Result.Mode != p.Wanted)
                .Select(p => $"{p.Result.Router.Name} port {p.Result.InstancePort} ({p.Result.Seen})");
            throw new DeisProxyException(
                "routers-did-not-switch",
                $"After {RouterLimit.TotalSeconds} s these routers have not followed the change: {string.Join("; ", stuck)}.",
                "Check these routers (deisctl status router@N, deisctl journal router@N); confd in them reads etcd every 5 s and reloads nginx.");
        }
    }

    private async Task<(RouterProbeResult Result, RouterMode Wanted)[]> ProbeAsync(CancellationToken cancellationToken)
    {
        var state = await routers.ReadAsync(cancellationToken);
        var wanted = state.Demands(step.To.ProxyProtocol) ? RouterMode.Proxy : RouterMode.Plain;
        // Those that were alive before, too: a router that the change has killed is not one that has followed it.
        var probes = Routers.Union(state.LiveRouters).SelectMany(router => state.PortsInUse(step.RouterPorts)
            .Select(async port => (await nodes.ProbeAsync(router, port, cancellationToken), wanted)));
        return await Task.WhenAll(probes);
    }
}
