using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Elb;

/// <summary>
/// Switches load balancer and routers together. A request that meets two ends which do not fit is lost, and neither end tells when it
/// switches: each of the load balancer's machines does some time after the API has answered, each router on its next reading of etcd. What the
/// nodes of the
/// routers allow decides on the order.
/// </summary>
public sealed class Flip(ILoadBalancerControl loadBalancer, IRouterControl routers, IRouterNodes nodes, IBalancerTraffic traffic, TimeProvider time)
{
    /// <summary>How long entering the nodes may take; what is not ready then is done without.</summary>
    private static readonly TimeSpan PrepareLimit = TimeSpan.FromSeconds(20);

    /// <summary>How long what was prepared can be used; the nodes' guards end 180 s after they began, where they were told nothing.</summary>
    private static readonly TimeSpan PreparedLimit = TimeSpan.FromSeconds(120);

    /// <summary>How long it may take until every address of the load balancer has switched and traffic is served again.</summary>
    private static readonly TimeSpan TrafficLimit = TimeSpan.FromSeconds(30);

    /// <summary>How long routers need at most that read etcd on their own tick, every 5 s.</summary>
    private static readonly TimeSpan OwnTime = TimeSpan.FromSeconds(7);

    /// <summary>For how long every answer has to be the same before the load balancer is moved on account of it.</summary>
    private static readonly TimeSpan SureTime = TimeSpan.FromSeconds(1);

    /// <summary>How long a listener that was replaced may still be met now and then.</summary>
    private static readonly TimeSpan OldListenerTime = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan SureInterval = TimeSpan.FromMilliseconds(50);

    private (ValueList<LiveRouter> Routers, List<int> Ports, long Since, Task<NodeMeans> Means)? _prepared;
    private NodeMeans? _means;
    private IReadOnlyList<Listener> _watchable = [];

    /// <summary>When the routers may have been told last; null: they are certainly as they were before the run.</summary>
    private long? _told = 0;

    /// <summary>Is told, in words for people, what is waited for.</summary>
    public Action<string> Activity { get; set; } = _ => { };

    /// <summary>How the last flip went; null if there was none, or if it failed.</summary>
    public FlipReport? Report { get; private set; }

    /// <summary>Enters the nodes ahead of the flip.</summary>
    public Task PrepareAsync(FlipStep step, ClusterSnapshot before, CancellationToken cancellationToken)
    {
        List<int> ports = step.Hold ? Ports(step, before, step.ApplyTo(before)) : [];
        var means = PrepareAsync(before.Router, ports, cancellationToken);
        _prepared = (before.Router.LiveRouters, ports, time.GetTimestamp(), means);
        return means;
    }

    /// <summary>Switches both ends.</summary>
    public async Task RunAsync(FlipStep step, ClusterSnapshot before, bool undoing, CancellationToken cancellationToken)
    {
        Report = null;
        Activity("flip: connecting to the routers' nodes");
        var after = step.ApplyTo(before);
        var ports = Ports(step, before, after);
        _told = undoing ? _told : ports.Count > 0 ? null : time.GetTimestamp();
        var found = undoing ? [] : _watchable = await FindAsync(before.LoadBalancer, ports, cancellationToken);
        if (!undoing || _means is null)
        {
            _means = _prepared is var (entered, prepared, since, means) && means.IsCompletedSuccessfully
                && entered.Equals(before.Router.LiveRouters) && prepared.SequenceEqual(step.Hold ? ports : [])
                && time.GetElapsedTime(since) < PreparedLimit
                ? await means
                : await PrepareAsync(before.Router, step.Hold && found.Count > 0 ? ports : [], cancellationToken);
            _prepared = null;
        }

        var ends = new FlipEnds(step, before, _means, loadBalancer, routers, nodes, time, () => _told = time.GetTimestamp())
        {
            Activity = Activity,
            IsUndoing = undoing,
        };
        await using var watch = found.Count > 0
            ? new TrafficWatch(traffic, found, await traffic.ResolveAsync(cancellationToken), listener => SignOf(listener, after), time)
            : null;
        var way = undoing || ports.Count == 0 ? new FlipReport(FlipManner.AtOnce, Why: null, Outage: null, TimeSpan.Zero)
            : await SwitchAsync(ends, watch, step.Hold, cancellationToken);
        if (way.Manner == FlipManner.AtOnce)
        {
            await Task.WhenAll(ends.SetPoliciesAsync(cancellationToken), ends.SetRoutersAsync(cancellationToken));
            await ends.AllSwitchedAsync(cancellationToken);
        }
        else if (way.Manner == FlipManner.RoutersFirst)
        {
            await ends.SetKeyAsync(cancellationToken);
            await ends.HalfSwitchedAsync(cancellationToken);
            await ends.SetPoliciesAsync(cancellationToken);
            await ends.AllSwitchedAsync(cancellationToken);
        }

        Activity("flip: waiting until requests are served again");
        if (watch is not null && !await watch.ServedAsync(TrafficLimit, cancellationToken))
        {
            throw new DeisProxyException(
                "traffic-did-not-come-back",
                $"Every router has switched, but {TrafficLimit.TotalSeconds} s later requests through the load balancer are still not served.",
                "Check the load balancer's policies and what else stands between clients and routers.");
        }

        if (!undoing)
        {
            Report = watch is null ? way : way with
            {
                Outage = watch.Disturbed ?? TimeSpan.Zero,
                Machines = watch.Machines,
                Requests = watch.Counts.Sent,
                Failed = watch.Counts.Failed,
                LongestWait = watch.Counts.LongestWait,
            };
        }
    }

    /// <summary>Switches both ends in the best order that all nodes allow. An order in which nothing is watched is only chosen here.</summary>
    private async Task<FlipReport> SwitchAsync(FlipEnds ends, TrafficWatch? watch, bool hold, CancellationToken cancellationToken)
    {
        var render = ends.Means.CannotRender is { } cannotRender ? $"routers could not be made to read etcd at once: {cannotRender}" : null;
        if (watch is null)
        {
            const string Unwatched = "traffic through the load balancer could not be watched, neither from here nor from a node";
            return render is null ? Report(FlipManner.AtOnce, Unwatched) : Report(FlipManner.RoutersFirst, render);
        }

        var (cannotHold, byContent) = (ends.Means.CannotHold, ends.Means.CannotHoldByContent);
        if (hold && byContent is null)
        {
            var flip = new ContentFlip(ends, nodes, watch, time);
            if (await flip.RunAsync(cancellationToken))
            {
                return Report(FlipManner.HeldByContent, flip.CannotHold is { } late ? NotHeld(late) : render, flip.Held) with { Apart = flip.Apart };
            }

            cannotHold = flip.CannotHold;
        }

        if (render is not null)
        {
            return Report(FlipManner.RoutersFirst, render);
        }

        var signed = new FirstSignFlip(ends, nodes, watch, hold && cannotHold is null, time);
        await signed.RunAsync(cancellationToken);
        return signed.Held > TimeSpan.Zero
            ? Report(FlipManner.Held, $"the nodes could not tell connections with a PROXY line from others: {byContent}", signed.Held)
            : Report(FlipManner.Watched, hold && (signed.CannotHold ?? cannotHold) is { } not ? NotHeld(not) : null);

        static FlipReport Report(FlipManner manner, string? why, TimeSpan held = default) => new(manner, why, Outage: null, held);

        static string NotHeld(string why) => $"new connections could not be held: {why}";
    }

    /// <summary>
    /// Makes the load balancer, the one end within reach, fit the routers where the cluster cannot be asked what they are set to. Routers that were
    /// never told are as they were, and the load balancer goes back; else traffic tells what they expect. Where that is served, cannot be watched
    /// or is not
    /// of one mind, nothing is done.
    /// </summary>
    public async Task<bool> MatchRoutersAsync(FlipStep step, ClusterSnapshot before, CancellationToken cancellationToken)
    {
        var current = before.WithLoadBalancer(await loadBalancer.ReadAsync(cancellationToken));
        var back = step.BackFrom(current);
        var fitting = _told is null
            ? back
            : await FindFittingStepAsync(current, [back, step.Inverse().BackFrom(current)], cancellationToken);
        if (fitting is null || fitting.To.BackendPolicies.Equals(fitting.From.BackendPolicies))
        {
            return false;
        }

        await new FlipEnds(fitting, current, NodeMeans.None(""), loadBalancer, routers, nodes, time, () => { }).SetPoliciesAsync(cancellationToken);
        return true;
    }

    /// <summary>Which way the load balancer has to go, as traffic shows it; null if none or if that does not show.</summary>
    private async Task<FlipStep?> FindFittingStepAsync(ClusterSnapshot current, FlipStep[] ways, CancellationToken cancellationToken)
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
        var (last, otherwise) = await Waiting.UntilAsync(
            time,
            late > SureTime ? late : SureTime,
            SureInterval,
            ct => traffic.AskAsync(listener, TrafficQuestion.HealthCheck, ct),
            answer => answer != mismatch && answer != TrafficAnswer.Unreachable,
            cancellationToken);
        return otherwise || last != mismatch
            ? null
            : ways.FirstOrDefault(way => way.ApplyTo(current).LoadBalancer.SendsProxyLineTo(listener.InstancePort) != sends);
    }

    /// <summary>
    /// What the first answer is that tells of a mismatch: a router's 400 to a PROXY line, or silence to a request without one. TLS hides which.
    /// </summary>
    private static TrafficAnswer? SignOf(Listener listener, ClusterSnapshot after) => HidesMode(listener) ? null
        : after.LoadBalancer.SendsProxyLineTo(listener.InstancePort) ? TrafficAnswer.RefusedByRouter
        : TrafficAnswer.CutOff;

    /// <summary>The instance ports on which both ends move, from one mode that fits to the other.</summary>
    private static List<int> Ports(FlipStep step, ClusterSnapshot before, ClusterSnapshot after) =>
        before.Router.Demands(before.Router.ProxyProtocol) == after.Router.Demands(after.Router.ProxyProtocol)
            ? []
            : [.. before.Router.PortsInUse(step.RouterPorts).Where(port => Fits(before, port) && Fits(after, port))];

    private static bool HidesMode(Listener listener) => listener.EndsTls || listener.InstancePort == 443;

    /// <summary>Whether both ends are of one mind on a port.</summary>
    private static bool Fits(ClusterSnapshot state, int instancePort) =>
        state.LoadBalancer.SendsProxyLineTo(instancePort) == state.Router.Demands(state.Router.ProxyProtocol);

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
            var (_, answers) = await Waiting.UntilAsync(
                time, OldListenerTime, SureInterval, ct => traffic.AlwaysAnswersAsync(listener, TrafficAnswer.RefusedByRouter, ct), always => always,
                cancellationToken);
            if (answers)
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
            return NodeMeans.None($"the routers' nodes could not be reached within {PrepareLimit.TotalSeconds} s");
        }
    }
}
