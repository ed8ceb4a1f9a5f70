using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Elb;

/// <summary>
/// Changes both ends together: the router's key in etcd and the policies towards the router's instance ports. Between the two a
/// request is lost, so this is one step.
/// </summary>
/// <param name="To">Both ends after, for the same instance ports as before.</param>
/// <param name="RouterPorts">The router's instance ports that the change concerns, for probing.</param>
public sealed record FlipStep(FlipState From, FlipState To, ValueList<int> RouterPorts) : Step
{
    /// <summary>Whether new connections may be held at the nodes until both ends have switched, where the nodes allow it.</summary>
    public bool Hold { get; init; }

    /// <inheritdoc/>
    public override string Id => "flip";

    /// <inheritdoc/>
    public override string Description =>
        "switch load balancer and routers "
            + $"together{(Hold ? "; where the nodes allow it (sudo, iptables), new connections wait there until both have switched" : "")}";

    /// <inheritdoc/>
    public override string FromText => From.ToString();

    /// <inheritdoc/>
    public override string ToText => To.ToString();

    /// <inheritdoc/>
    public override FlipStep Inverse() => new(To, From, RouterPorts) { Hold = Hold };

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before)
    {
        var changed = To.BackendPolicies.Select(b => b.InstancePort).ToHashSet();
        var policies = before.LoadBalancer.BackendPolicies.Where(b => !changed.Contains(b.InstancePort))
            .Concat(To.BackendPolicies.Where(b => b.PolicyNames.Count > 0))
            .OrderBy(b => b.InstancePort)
            .ToValueList();
        return before.WithLoadBalancer(before.LoadBalancer with { BackendPolicies = policies }) with
        {
            Router = before.Router with { ProxyProtocol = To.ProxyProtocol },
        };
    }

    /// <inheritdoc/>
    public override Task PrepareAsync(ClusterControl cluster, ClusterSnapshot before, CancellationToken cancellationToken) =>
        ((ElbControl)cluster).Flip.PrepareAsync(this, before, cancellationToken);

    /// <inheritdoc/>
    public override async Task<ClusterSnapshot> CarryOutAsync(
        ClusterControl cluster, ClusterSnapshot before, bool undoing, CancellationToken cancellationToken)
    {
        await ((ElbControl)cluster).Flip.RunAsync(this, before, undoing, cancellationToken);
        return await WaitUntilSeenAsync([this], cluster, before, cancellationToken);
    }

    /// <summary>The step that takes back what this one added and nothing else: policies that somebody has put on a port since stay.</summary>
    public override FlipStep BackFrom(ClusterSnapshot current)
    {
        var before = From.BackendPolicies.ToDictionary(b => b.InstancePort, b => b.PolicyNames);
        var now = To.BackendPolicies.Select(b => b with { PolicyNames = current.LoadBalancer.BackendPoliciesOf(b.InstancePort) }).ToValueList();
        var back = now.Zip(To.BackendPolicies, (found, to) => found with
        {
            PolicyNames = found.PolicyNames.Except(to.PolicyNames.Except(before[to.InstancePort])).Union(
                before[to.InstancePort].Except(to.PolicyNames))
                .Order(StringComparer.Ordinal).ToValueList(),
        });
        return new FlipStep(new FlipState(current.Router.ProxyProtocol, now), new FlipState(From.ProxyProtocol, back.ToValueList()), RouterPorts);
    }

    /// <summary>Sends the policies that are said to be there.</summary>
    public override Task ConfirmBackAsync(ClusterControl cluster, ClusterSnapshot current, CancellationToken cancellationToken) => Task.WhenAll(
        BackFrom(current).To.BackendPolicies.Select(b => ((ElbControl)cluster).LoadBalancer.SetBackendPoliciesAsync(b, cancellationToken)));

    /// <inheritdoc/>
    public override bool IsOurs(ClusterSnapshot current) => true;

    /// <inheritdoc/>
    public override async Task<string?> RescueAsync(ClusterControl cluster, ClusterSnapshot current, CancellationToken cancellationToken) =>
        await ((ElbControl)cluster).Flip.MatchRoutersAsync(this, current, cancellationToken)
            ? "The load balancer was made to send what the routers expect, as far as traffic through it shows."
            : null;

    /// <inheritdoc/>
    public override ClusterSnapshot OriginalAfter(ClusterSnapshot original, ClusterSnapshot made)
    {
        var before = base.OriginalAfter(original, made);

        // Adding a port to what is on already says nothing of how the key was before.
        return From.ProxyProtocol == To.ProxyProtocol ? before with { Router = original.Router } : before;
    }

    /// <inheritdoc/>
    protected override Task ChangeAsync(ClusterControl cluster, ClusterSnapshot before, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Both ends are switched by Flip, in an order of its own.");
}

/// <summary>One side of the flip: what the routers are told and what the load balancer sends.</summary>
/// <param name="ProxyProtocol">Value of <c>/deis/router/proxyProtocol</c>, null if absent.</param>
/// <param name="BackendPolicies">Policies of each instance port that the flip changes; empty lists included.</param>
public sealed record FlipState(string? ProxyProtocol, ValueList<BackendPolicies> BackendPolicies)
{
    /// <summary>Both sides, for people.</summary>
    public override string ToString() => string.Join(
        "; ",
        BackendPolicies.Select(b => $"instance port {b}").Prepend($"proxyProtocol {(ProxyProtocol is null ? "not set" : $"= {ProxyProtocol}")}"));
}
