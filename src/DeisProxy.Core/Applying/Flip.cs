using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Applying;

/// <summary>
/// Switches load balancer and routers together. A request that meets two ends which do not fit is lost, and neither end tells when it
/// switches: the load balancer does some time after the API has answered, each router on its next reading of etcd. So where it can be
/// watched, the load balancer goes first; at the first sign of it the routers follow at once, while new connections are held.
/// </summary>
public sealed class Flip(ILoadBalancerControl loadBalancer, IRouterControl routers, IRouterNodes nodes, IBalancerTraffic traffic, TimeProvider time)
{
    /// <summary>How long entering the nodes may take; what is not ready then is done without.</summary>
    private static readonly TimeSpan PrepareLimit = TimeSpan.FromSeconds(20);

    /// <summary>How long a load balancer may take to act on a policy that the API has accepted. Nothing is lost meanwhile.</summary>
    private static readonly TimeSpan SignLimit = TimeSpan.FromSeconds(60);

    /// <summary>How long connections are held when routers are slow; the nodes' own limit is 5 s.</summary>
    private static readonly TimeSpan PatienceOfHold = TimeSpan.FromSeconds(3);

    /// <summary>How long confd and a reload usually take at most; after that routers are asked.</summary>
    private static readonly TimeSpan UsualRendering = TimeSpan.FromMilliseconds(500);

    /// <summary>How long it may take to let connections go; nodes that cannot be told do it by themselves.</summary>
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(5);

    /// <summary>How long it may take to tell the routers once the load balancer has switched: traffic is lost as long as they do not follow.</summary>
    private static readonly TimeSpan FollowLimit = TimeSpan.FromSeconds(15);

    /// <summary>How long routers may take to read etcd (5 s) and reload, with reserve.</summary>
    private static readonly TimeSpan RouterLimit = TimeSpan.FromSeconds(20);

    /// <summary>How long it may take until every address of the load balancer has switched and traffic is served again.</summary>
    private static readonly TimeSpan TrafficLimit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>How long routers need at most that read etcd on their own tick, every 5 s.</summary>
    private static readonly TimeSpan OwnTime = TimeSpan.FromSeconds(7);

    /// <summary>For how long every answer has to be the same before the load balancer is moved on account of it.</summary>
    private static readonly TimeSpan SureTime = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan SureInterval = TimeSpan.FromMilliseconds(50);

    private NodeMeans? _means;
    private IReadOnlyList<Listener> _watchable = [];

    /// <summary>When the routers may have been told last; null: they are certainly as they were before the run.</summary>
    private long? _told = 0;

    /// <summary>How the last flip went; null if there was none, or if it failed.</summary>
    public FlipReport? Report { get; private set; }

    /// <summary>Switches both ends.</summary>
    public async Task RunAsync(FlipStep step, ClusterSnapshot before, bool undoing, CancellationToken cancellationToken)
    {
        Report = null;
        var after = step.ApplyTo(before);
        var bothMove = before.Router.Demands(before.Router.ProxyProtocol) != after.Router.Demands(after.Router.ProxyProtocol);
        var ports = before.Router.PortsInUse(step.RouterPorts).Where(port => bothMove && Fits(before, port) && Fits(after, port)).ToList();
        _told = undoing ? _told : ports.Count > 0 ? null : time.GetTimestamp();
        var found = undoing ? [] : _watchable = await FindAsync(before.LoadBalancer, ports, cancellationToken);
        _means = undoing && _means is not null ? _means : await PrepareAsync(before.Router, step.Hold && found.Count > 0 ? ports : [], cancellationToken);
        var manner = undoing || ports.Count == 0 ? FlipManner.AtOnce
            : _means.CannotRender is not null ? FlipManner.RoutersFirst
            : found.Count == 0 ? FlipManner.AtOnce
            : step.Hold && _means.CannotHold is null ? FlipManner.Held
            : FlipManner.Watched;
        await using var watch = found.Count > 0 ? new TrafficWatch(traffic, found[0], SignOf(found[0], after), time) : null;
        var held = TimeSpan.Zero;
        if (manner is FlipManner.Held or FlipManner.Watched)
        {
            held = await BalancerFirstAsync(step, before, watch!, manner == FlipManner.Held, cancellationToken);
            manner = held > TimeSpan.Zero ? FlipManner.Held : FlipManner.Watched;
        }
        else if (manner == FlipManner.RoutersFirst)
        {
            await TellAsync(step, before, cancellationToken);
            await HalfOfRoutersAsync(step, before.Router.LiveRouters, cancellationToken);
            await SendAsync(step, before, cancellationToken);
            await AllRoutersAsync(step, before.Router.LiveRouters, cancellationToken);
        }
        else
        {
            await Task.WhenAll(SendAsync(step, before, cancellationToken), FollowAsync(step, before, cancellationToken));
            await AllRoutersAsync(step, before.Router.LiveRouters, cancellationToken);
        }

        if (watch is not null)
        {
            await ServedAsync(watch, found, cancellationToken);
        }

        if (!undoing)
        {
            Report = new FlipReport(manner, ports.Count == 0 ? null : Why(step, found.Count > 0), watch is null ? null : Outage(watch, held), held);
        }
    }

    /// <summary>
    /// Makes the load balancer, the one end within reach, fit the routers where the cluster cannot be asked what they are set to. Routers that were
    /// never told are as they were, and the load balancer goes back; else traffic tells what they expect. Where that is served, cannot be watched or is not
    /// of one mind, nothing is done.
    /// </summary>
    public async Task<bool> FitAsync(FlipStep step, ClusterSnapshot before, CancellationToken cancellationToken)
    {
        var current = before with { LoadBalancer = await loadBalancer.ReadAsync(cancellationToken) };
        var back = step.BackFrom(current);
        var fitting = _told is null ? back : await FittingAsync(current, [back, ((FlipStep)step.Inverse()).BackFrom(current)], cancellationToken);
        if (fitting is null || fitting.To.BackendPolicies.Equals(fitting.From.BackendPolicies))
        {
            return false;
        }

        await SendAsync(fitting, current, cancellationToken);
        return true;
    }

    /// <summary>Which way the load balancer has to go, as traffic shows it; null if none or if that does not show.</summary>
    private async Task<FlipStep?> FittingAsync(ClusterSnapshot current, FlipStep[] ways, CancellationToken cancellationToken)
    {
        // TLS hides which end is wrong. And a load balancer without instances in service cuts connections off, too.
        if (_watchable.FirstOrDefault(l => !HidesMode(l)) is not { } listener || !current.LoadBalancer.Instances.Any(i => i.InService))
        {
            return null;
        }

        var sends = current.LoadBalancer.SendsProxyLineTo(listener.InstancePort);
        var mismatch = sends ? TrafficAnswer.RefusedByRouter : TrafficAnswer.CutOff;

        // Routers may have been told though the answer was lost, and only be late.
        var late = OwnTime - time.GetElapsedTime(_told!.Value);
        var (_, otherwise) = await Waiting.UntilAsync(
            time, late > SureTime ? late : SureTime, SureInterval, ct => traffic.AskAsync(listener, TrafficQuestion.HealthCheck, ct), answer => answer != mismatch, cancellationToken);
        return otherwise ? null : ways.FirstOrDefault(way => way.ApplyTo(current).LoadBalancer.SendsProxyLineTo(listener.InstancePort) != sends);
    }

    /// <summary>What the first answer is that tells of a mismatch: a router's 400 to a PROXY line, or silence to a request without one. TLS hides which.</summary>
    private static TrafficAnswer? SignOf(Listener listener, ClusterSnapshot after) => HidesMode(listener) ? null
        : after.LoadBalancer.SendsProxyLineTo(listener.InstancePort) ? TrafficAnswer.RefusedByRouter
        : TrafficAnswer.CutOff;

    private static bool HidesMode(Listener listener) => listener.EndsTls || listener.InstancePort == 443;

    /// <summary>Whether both ends are of one mind on a port.</summary>
    private static bool Fits(ClusterSnapshot state, int instancePort) =>
        state.LoadBalancer.SendsProxyLineTo(instancePort) == state.Router.Demands(state.Router.ProxyProtocol);

    private static TimeSpan Outage(TrafficWatch watch, TimeSpan held) => watch.Disturbed is { } disturbed && disturbed > held ? disturbed - held : TimeSpan.Zero;

    private string? Why(FlipStep step, bool watched) =>
        _means!.CannotRender is { } render ? $"routers could not be made to read etcd at once: {render}"
        : !watched ? "traffic through the load balancer could not be watched, neither from here nor from a node"
        : step.Hold && _means.CannotHold is { } hold ? $"new connections could not be held: {hold}"
        : null;

    /// <summary>The listeners that lead to the given ports and can be watched, plain ones first: an answer comes sooner without TLS.</summary>
    private async Task<IReadOnlyList<Listener>> FindAsync(LoadBalancer balancer, List<int> ports, CancellationToken cancellationToken)
    {
        var listeners = balancer.Listeners
            .Where(l => !l.ReadsHttp && ports.Contains(l.InstancePort))
            .OrderBy(HidesMode)
            .ToList();
        var found = listeners.Count == 0 ? [] : await traffic.FindAsync(balancer, [.. listeners.Select(l => l.LoadBalancerPort)], cancellationToken);
        var watchable = new List<Listener>();
        foreach (var listener in listeners.Where(l => found.Contains(l.LoadBalancerPort)))
        {
            // Behind a listener that is still in HTTP mode, as one that was replaced a moment ago may be, nothing would be seen.
            if (await Waiting.AnswersAsync(traffic, listener, TrafficAnswer.RefusedByRouter, cancellationToken))
            {
                watchable.Add(listener);
            }
        }

        return watchable;
    }

    private async Task<NodeMeans> PrepareAsync(RouterState state, IReadOnlyList<int> ports, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = new CancellationTokenSource(PrepareLimit, time);
        await using var registration = timer.Token.Register(limit.Cancel);
        try
        {
            return await nodes.PrepareAsync(state, ports, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var late = $"the routers' nodes could not be entered within {PrepareLimit.TotalSeconds} s";
            return new NodeMeans(late, late);
        }
    }

    /// <summary>The load balancer's end.</summary>
    private Task SendAsync(FlipStep step, ClusterSnapshot before, CancellationToken cancellationToken) => Task.WhenAll(step.To.BackendPolicies
        .Where(b => !before.LoadBalancer.BackendPoliciesOf(b.InstancePort).Equals(b.PolicyNames))
        .Select(b => Waiting.ChangeAsync(
            time,
            ct => loadBalancer.SetBackendPoliciesAsync(b, ct),
            async ct => (await loadBalancer.ReadAsync(ct)).BackendPoliciesOf(b.InstancePort).Equals(b.PolicyNames),
            cancellationToken)));

    /// <summary>The routers' end.</summary>
    private async Task TellAsync(FlipStep step, ClusterSnapshot before, CancellationToken cancellationToken)
    {
        if (before.Router.ProxyProtocol != step.To.ProxyProtocol)
        {
            await Waiting.ChangeAsync(
                time,
                ct =>
                {
                    _told = time.GetTimestamp();
                    return routers.WriteAsync(RouterSetting.ProxyProtocol, before.Router.ProxyProtocol, step.To.ProxyProtocol, ct);
                },
                async ct => (await routers.ReadAsync(ct)).ProxyProtocol == step.To.ProxyProtocol,
                cancellationToken);
        }
    }

    /// <summary>The load balancer, and at the first sign of it the routers. Returns for how long connections were held.</summary>
    private async Task<TimeSpan> BalancerFirstAsync(FlipStep step, ClusterSnapshot before, TrafficWatch watch, bool holds, CancellationToken cancellationToken)
    {
        watch.ExpectMismatch();
        var sending = SendAsync(step, before, cancellationToken);
        try
        {
            await SignAsync(watch, sending, cancellationToken);

            // From here on every request is lost, and going on is the shortest way out: an interrupt is looked at when both ends fit again.
            var held = await InTimeAsync(FollowLimit, ct => holds ? FollowHeldAsync(step, before, watch, ct) : FollowAsync(step, before, ct));
            await sending;
            await InTimeAsync(RouterLimit + FollowLimit, async ct =>
            {
                await AllRoutersAsync(step, before.Router.LiveRouters, ct);
                return true;
            });
            cancellationToken.ThrowIfCancellationRequested();
            return held;
        }
        finally
        {
            // What is put back now must not be overtaken by a policy that is still under way.
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What the cluster has to do once the load balancer has switched.</summary>
    private async Task<T> InTimeAsync<T>(TimeSpan allowed, Func<CancellationToken, Task<T>> follow)
    {
        using var limit = new CancellationTokenSource(allowed, time);
        try
        {
            return await follow(limit.Token);
        }
        catch (OperationCanceledException error) when (limit.IsCancellationRequested)
        {
            throw new DeisProxyException(
                "flip-too-slow",
                $"The load balancer has switched, but the cluster did not follow within {allowed.TotalSeconds} s.",
                "Look what keeps the nodes or etcd from answering, then run the command again.",
                error);
        }
    }

    /// <summary>Waits for the first sign, which may come before the last of several policies is accepted.</summary>
    private static async Task SignAsync(TrafficWatch watch, Task sending, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sign = watch.MismatchAsync(SignLimit, either.Token);
        if (await Task.WhenAny(sign, sending) == sending && !sending.IsCompletedSuccessfully)
        {
            await either.CancelAsync();
            await sending;
        }

        if (!await sign)
        {
            await sending;
            throw new DeisProxyException(
                "balancer-did-not-switch",
                $"AWS has accepted the policies, but {SignLimit.TotalSeconds} s later traffic through the load balancer is as before.",
                "Look whether another load balancer or a proxy answers under this name; then run the command again.");
        }
    }

    /// <summary>The routers follow as fast as they can.</summary>
    private async Task<TimeSpan> FollowAsync(FlipStep step, ClusterSnapshot before, CancellationToken cancellationToken)
    {
        await TellAsync(step, before, cancellationToken);
        if (_means!.CannotRender is null)
        {
            await nodes.RenderAsync(cancellationToken);
        }

        return TimeSpan.Zero;
    }

    /// <summary>The routers follow while new connections wait. Returns for how long they did.</summary>
    private async Task<TimeSpan> FollowHeldAsync(FlipStep step, ClusterSnapshot before, TrafficWatch watch, CancellationToken cancellationToken)
    {
        watch.IsPaused = true;
        long? held = null;
        var released = TimeSpan.Zero;
        var rendering = Task.CompletedTask;
        try
        {
            // Nothing beside it: until connections are held, requests are lost.
            held = await HoldAsync(cancellationToken);
            await TellAsync(step, before, cancellationToken);
            rendering = nodes.RenderAsync(cancellationToken);

            // A router whose confd does not come back may follow on its own tick all the same.
            await Task.WhenAny(rendering, Task.Delay(UsualRendering, time, cancellationToken));
            await Waiting.UntilAsync(
                time, PatienceOfHold, ProbeInterval, ct => Waiting.RetryAsync(time, again => ProbeAsync(step, before.Router.LiveRouters, again), ct), Switched, cancellationToken);
        }
        finally
        {
            // Neither an interrupt nor an error leaves connections waiting.
            using var limit = new CancellationTokenSource(ReleaseLimit, time);
            await nodes.ReleaseAsync(limit.Token);
            watch.IsPaused = false;
            released = held is { } from ? time.GetElapsedTime(from) : TimeSpan.Zero;
            await rendering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return released > IRouterNodes.HoldLimit ? IRouterNodes.HoldLimit : released;
    }

    /// <summary>Since when connections are held; null if a node refuses: what is lost then is what would be lost without.</summary>
    private async Task<long?> HoldAsync(CancellationToken cancellationToken)
    {
        try
        {
            await nodes.HoldAsync(cancellationToken);
            return time.GetTimestamp();
        }
        catch (DeisProxyException error)
        {
            _means = _means! with { CannotHold = error.Message };
            return null;
        }
    }

    /// <summary>Waits for the moment at which about as much is lost by going on as by waiting: half of the routers demand what half do not.</summary>
    private Task HalfOfRoutersAsync(FlipStep step, ValueList<LiveRouter> live, CancellationToken cancellationToken) =>
        RoutersAsync(step, live, probes => probes.Count(p => p.Result.Mode == p.Wanted) * 2 >= probes.Length, cancellationToken);

    private Task AllRoutersAsync(FlipStep step, ValueList<LiveRouter> live, CancellationToken cancellationToken) => RoutersAsync(step, live, Switched, cancellationToken);

    private async Task RoutersAsync(
        FlipStep step, ValueList<LiveRouter> live, Func<(RouterProbeResult Result, RouterMode Wanted)[], bool> wanted, CancellationToken cancellationToken)
    {
        var (last, reached) = await Waiting.UntilAsync(
            time, RouterLimit, ProbeInterval, ct => Waiting.RetryAsync(time, again => ProbeAsync(step, live, again), ct), wanted, cancellationToken);
        if (!reached)
        {
            var stuck = last.Where(p => p.Result.Mode != p.Wanted).Select(p => $"{p.Result.Router.Name} port {p.Result.InstancePort} ({p.Result.Seen})");
            throw new DeisProxyException(
                "routers-did-not-switch",
                $"After {RouterLimit.TotalSeconds} s these routers have not followed the change: {string.Join("; ", stuck)}.",
                "Look at these routers (deisctl status router@N, deisctl journal router@N); confd in them reads etcd every 5 s and reloads nginx.");
        }
    }

    private static bool Switched((RouterProbeResult Result, RouterMode Wanted)[] probes) => probes.All(p => p.Result.Mode == p.Wanted);

    private async Task<(RouterProbeResult Result, RouterMode Wanted)[]> ProbeAsync(FlipStep step, ValueList<LiveRouter> live, CancellationToken cancellationToken)
    {
        var state = await routers.ReadAsync(cancellationToken);
        var wanted = state.Demands(step.To.ProxyProtocol) ? RouterMode.Proxy : RouterMode.Plain;
        // Those that were alive before, too: a router that the change has killed is not one that has followed it.
        var probes = live.Union(state.LiveRouters).SelectMany(router => state.PortsInUse(step.RouterPorts)
            .Select(async port => (await nodes.ProbeAsync(router, port, cancellationToken), wanted)));
        return await Task.WhenAll(probes);
    }

    /// <summary>Both ends have switched as far as they tell; whether they fit, only traffic does.</summary>
    private async Task ServedAsync(TrafficWatch watch, IReadOnlyList<Listener> listeners, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        var served = await watch.ServedAsync(TrafficLimit, cancellationToken);
        foreach (var listener in listeners.Skip(1))
        {
            var left = TrafficLimit - time.GetElapsedTime(begun);
            served = served && (await Waiting.UntilAsync(
                time, left, traffic.Interval, ct => traffic.AskAsync(listener, TrafficQuestion.HealthCheck, ct), answer => answer == TrafficAnswer.Served, cancellationToken)).Reached;
        }

        if (!served)
        {
            throw new DeisProxyException(
                "traffic-did-not-come-back",
                $"Every router has switched, but {TrafficLimit.TotalSeconds} s later requests through the load balancer are still not served.",
                "Look at the load balancer's policies and at what else stands between clients and routers.");
        }
    }
}
