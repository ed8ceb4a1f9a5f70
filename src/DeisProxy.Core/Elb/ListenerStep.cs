using System.Text.Json.Serialization;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Elb;

/// <summary>Replaces the listener of one load balancer port. The API has no such call: the listener is deleted and created.</summary>
/// <param name="From">The listener before, null if there is none.</param>
/// <param name="To">The listener after, null if there is none.</param>
public sealed record ListenerStep(Listener? From, Listener? To) : ElbStep
{
    /// <summary>How long a listener that the API shows may take to be the one that connections meet.</summary>
    private static readonly TimeSpan EffectLimit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>A port is closed for less than this while a listener is being replaced, as another run may just do.</summary>
    private static readonly TimeSpan ReplacingTime = TimeSpan.FromSeconds(1);

    /// <summary>The port that clients connect to.</summary>
    [JsonIgnore]
    public int LoadBalancerPort => (To ?? From)!.LoadBalancerPort;

    /// <inheritdoc/>
    public override string Id => $"listener-{LoadBalancerPort}";

    /// <inheritdoc/>
    public override string Description => "replace the listener (its port is closed for a moment)";

    /// <inheritdoc/>
    public override string FromText => From?.ToString() ?? "none";

    /// <inheritdoc/>
    public override string ToText => To?.ToString() ?? "none";

    /// <inheritdoc/>
    public override ListenerStep Inverse() => new(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before)
    {
        var current = before.LoadBalancer.ListenerOn(LoadBalancerPort);
        if (To is { EndsTls: true, PolicyNames.Count: 0 } && current is not null && current with { PolicyNames = [] } == To)
        {
            // Where no SSL negotiation policy is asked for, AWS enables its default one: that is the target, too.
            return before;
        }

        var others = before.LoadBalancer.Listeners.Where(l => l.LoadBalancerPort != LoadBalancerPort);
        var listeners = (To is null ? others : others.Append(To)).OrderBy(l => l.LoadBalancerPort).ToValueList();
        return before.WithLoadBalancer(before.LoadBalancer with { Listeners = listeners });
    }

    /// <summary>Not while another listener is replaced: its port is closed then, and it needs all calls and open connections.</summary>
    public override bool MayPrepareBeside(Step running) => running.IsIndependent;

    /// <inheritdoc/>
    public override Task PrepareAsync(ClusterControl cluster, ClusterSnapshot before, CancellationToken cancellationToken) =>
        before.LoadBalancer.ListenerOn(LoadBalancerPort) is { } from
            ? Waiting.RetryAsync(cluster.Time, ct => ((ElbControl)cluster).LoadBalancer.PrepareReplacementAsync(from, ct), cancellationToken)
            : Task.CompletedTask;

    /// <inheritdoc/>
    public override async Task<ClusterSnapshot> CarryOutAsync(
        ClusterControl cluster, ClusterSnapshot before, bool undoing, CancellationToken cancellationToken)
    {
        var traffic = ((ElbControl)cluster).Traffic;
        var proves = !undoing && await CanProveAsync(traffic, before.LoadBalancer, cancellationToken);
        if (!undoing)
        {
            // Here, because once the change has begun an interrupt does not stop it: it would close the port all the same.
            await PrepareAsync(cluster, before, cancellationToken);
        }

        var after = await base.CarryOutAsync(cluster, before, undoing, cancellationToken);
        if (proves)
        {
            cluster.Activity($"{Id}: waiting until connections meet the new listener");
            await ProveAsync(traffic, cluster.Time, cancellationToken);
        }

        return after;
    }

    /// <inheritdoc/>
    public override bool IsOurs(ClusterSnapshot current) => current.LoadBalancer.ListenerOn(LoadBalancerPort) is not { } found
        || found.WithoutPolicies == To?.WithoutPolicies || found.WithoutPolicies == From?.WithoutPolicies;

    /// <summary>Opens a port that has lost its listener. It asks nothing but the load balancer.</summary>
    public override async Task SecureAsync(ClusterControl cluster, CancellationToken cancellationToken)
    {
        var loadBalancer = ((ElbControl)cluster).LoadBalancer;
        if (From is not { } was || !await IsClosedAsync())
        {
            return;
        }

        await Task.Delay(ReplacingTime, cluster.Time, cancellationToken);
        if (await IsClosedAsync())
        {
            await loadBalancer.ReplaceListenerAsync(from: null, was, cancellationToken);
        }

        async Task<bool> IsClosedAsync() => (await loadBalancer.ReadAsync(cancellationToken)).ListenerOn(was.LoadBalancerPort) is null;
    }

    /// <summary>Creates the listener that is said to be there.</summary>
    public override Task ConfirmBackAsync(ClusterControl cluster, ClusterSnapshot current, CancellationToken cancellationToken) =>
        PrepareAsync(cluster, current, cancellationToken);

    /// <summary>
    /// A listener that was deleted and not yet created, or created and not yet given its policies, is no part of a plan made from what is there.
    /// </summary>
    public override Step? Repair(ClusterSnapshot current) => current.LoadBalancer.ListenerOn(LoadBalancerPort) switch
    {
        null => (To ?? From) is { } whole ? new ListenerStep(From: null, whole) : null,
        var found when LacksPolicies(found, To) => new ListenerStep(found, To),
        var found when LacksPolicies(found, From) => new ListenerStep(found, From),
        _ => null,
    };

    /// <inheritdoc/>
    public override ClusterSnapshot OriginalAfter(ClusterSnapshot original, ClusterSnapshot made) =>
        From is null ? original : base.OriginalAfter(original, made);

    /// <inheritdoc/>
    protected override Task ChangeAsync(ElbControl cluster, ClusterSnapshot before, CancellationToken cancellationToken) =>
        cluster.LoadBalancer.ReplaceListenerAsync(before.LoadBalancer.ListenerOn(LoadBalancerPort), To, cancellationToken);

    private static bool LacksPolicies(Listener found, Listener? wanted) =>
        wanted is not null && found != wanted && found with { PolicyNames = wanted.PolicyNames } == wanted;

    /// <summary>
    /// Whether traffic can tell the listener after the step from the one before it: only one that reads requests refuses a malformed one.
    /// </summary>
    private async Task<bool> CanProveAsync(IBalancerTraffic traffic, LoadBalancer balancer, CancellationToken cancellationToken) =>
        From is { } from && To is { } to && from.ReadsHttp != to.ReadsHttp
        && (await traffic.FindAsync(balancer, [from.LoadBalancerPort], cancellationToken)).Count > 0;

    /// <summary>The API shows a listener before connections meet it, and what comes next builds on those that do.</summary>
    private async Task ProveAsync(IBalancerTraffic traffic, TimeProvider time, CancellationToken cancellationToken)
    {
        var wanted = To!.ReadsHttp ? TrafficAnswer.RefusedByBalancer : TrafficAnswer.RefusedByRouter;
        var (_, reached) = await Waiting.UntilAsync(
            time, EffectLimit, PollInterval, ct => traffic.AlwaysAnswersAsync(To, wanted, ct), answers => answers, cancellationToken);
        if (!reached)
        {
            throw new DeisProxyException(
                "listener-not-in-effect",
                $"AWS shows the new listener on port {LoadBalancerPort}, but {EffectLimit.TotalSeconds} s later connections still meet the old one.",
                "Check whether another load balancer or a proxy answers under this name; then run the command again.");
        }
    }
}
