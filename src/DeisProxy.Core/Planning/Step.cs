using System.Text.Json.Serialization;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Planning;

/// <summary>
/// One change, as data: what is there and what shall be there. The dry run, the progress display, the JSON output, the check
/// before a write and the way back are all views of it.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(HealthCheckStep), "health-check")]
[JsonDerivedType(typeof(IdleTimeoutStep), "idle-timeout")]
[JsonDerivedType(typeof(PolicyStep), "policy")]
[JsonDerivedType(typeof(ListenerStep), "listener")]
[JsonDerivedType(typeof(RealIpCidrStep), "real-ip-cidr")]
[JsonDerivedType(typeof(FlipStep), "flip")]
public abstract record Step
{
    /// <summary>Stable name of the step in the output: <c>health-check</c>, <c>listener-80</c> …</summary>
    public abstract string Id { get; }

    /// <summary>What the step does, in a few words.</summary>
    public abstract string Description { get; }

    /// <summary>What is there before, for people.</summary>
    public abstract string FromText { get; }

    /// <summary>What is there after, for people.</summary>
    public abstract string ToText { get; }

    /// <summary>The step that goes back.</summary>
    public abstract Step Inverse();

    /// <summary>The state after this step.</summary>
    public abstract ClusterSnapshot ApplyTo(ClusterSnapshot before);

    /// <summary>Whether a state already is what this step makes of it.</summary>
    public bool IsDoneIn(ClusterSnapshot snapshot) => ApplyTo(snapshot) == snapshot;
}

/// <summary>Replaces the health check.</summary>
public sealed record HealthCheckStep(HealthCheck From, HealthCheck To) : Step
{
    /// <inheritdoc/>
    public override string Id => "health-check";

    /// <inheritdoc/>
    public override string Description => "change the health check's target, keep its interval, timeout and thresholds";

    /// <inheritdoc/>
    public override string FromText => From.Target.ToString();

    /// <inheritdoc/>
    public override string ToText => To.Target.ToString();

    /// <inheritdoc/>
    public override Step Inverse() => new HealthCheckStep(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before) =>
        before with { LoadBalancer = before.LoadBalancer with { HealthCheck = To } };
}

/// <summary>Changes how long a silent connection lives.</summary>
/// <param name="From">Seconds before.</param>
/// <param name="To">Seconds after.</param>
public sealed record IdleTimeoutStep(int From, int To) : Step
{
    /// <inheritdoc/>
    public override string Id => "idle-timeout";

    /// <inheritdoc/>
    public override string Description => "change the idle timeout (WebSockets are silent for long)";

    /// <inheritdoc/>
    public override string FromText => $"{From} s";

    /// <inheritdoc/>
    public override string ToText => $"{To} s";

    /// <inheritdoc/>
    public override Step Inverse() => new IdleTimeoutStep(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before) =>
        before with { LoadBalancer = before.LoadBalancer with { IdleTimeoutSeconds = To } };
}

/// <summary>Creates or deletes a policy; by itself that changes no traffic.</summary>
/// <param name="From">The policy before, null if there is none.</param>
/// <param name="To">The policy after, null if there shall be none.</param>
public sealed record PolicyStep(LoadBalancerPolicy? From, LoadBalancerPolicy? To) : Step
{
    /// <inheritdoc/>
    public override string Id => "policy";

    /// <inheritdoc/>
    public override string Description => $"{(To is null ? "delete" : "create")} the policy {(To ?? From)!.Name}";

    /// <inheritdoc/>
    public override string FromText => Text(From);

    /// <inheritdoc/>
    public override string ToText => Text(To);

    /// <inheritdoc/>
    public override Step Inverse() => new PolicyStep(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before)
    {
        var others = before.LoadBalancer.Policies.Where(p => p.Name != From?.Name && p.Name != To?.Name);
        var policies = (To is null ? others : others.Append(To)).OrderBy(p => p.Name, StringComparer.Ordinal).ToValueList();
        return before with { LoadBalancer = before.LoadBalancer with { Policies = policies } };
    }

    private static string Text(LoadBalancerPolicy? policy) => policy is null
        ? "none"
        : $"{policy.Name} ({policy.TypeName}: {string.Join(", ", policy.Attributes.Select(a => $"{a.Name}={a.Value}"))})";
}

/// <summary>Replaces the listener of one load balancer port. The API has no such call: the listener is deleted and created.</summary>
/// <param name="From">The listener before, null if there is none.</param>
/// <param name="To">The listener after, null if there shall be none.</param>
public sealed record ListenerStep(Listener? From, Listener? To) : Step
{
    /// <summary>The port that clients connect to.</summary>
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
    public override Step Inverse() => new ListenerStep(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before)
    {
        var current = before.LoadBalancer.Listeners.FirstOrDefault(l => l.LoadBalancerPort == LoadBalancerPort);
        if (To is { EndsTls: true, PolicyNames.Count: 0 } && current is not null && current with { PolicyNames = [] } == To)
        {
            // Where no SSL negotiation policy is asked for, AWS enables its default one: that is the target, too.
            return before;
        }

        var others = before.LoadBalancer.Listeners.Where(l => l.LoadBalancerPort != LoadBalancerPort);
        var listeners = (To is null ? others : others.Append(To)).OrderBy(l => l.LoadBalancerPort).ToValueList();
        return before with { LoadBalancer = before.LoadBalancer with { Listeners = listeners } };
    }
}

/// <summary>Sets or deletes the network that routers trust.</summary>
/// <param name="From">Value of <c>/deis/router/proxyRealIpCidr</c> before, null if absent.</param>
/// <param name="To">Value after, null to delete the key.</param>
public sealed record RealIpCidrStep(string? From, string? To) : Step
{
    /// <inheritdoc/>
    public override string Id => "real-ip-cidr";

    /// <inheritdoc/>
    public override string Description => "change the network that routers trust for the client's address (proxyRealIpCidr)";

    /// <inheritdoc/>
    public override string FromText => From ?? $"{RouterState.DefaultRealIpNetwork} (default)";

    /// <inheritdoc/>
    public override string ToText => To ?? $"{RouterState.DefaultRealIpNetwork} (default)";

    /// <inheritdoc/>
    public override Step Inverse() => new RealIpCidrStep(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before) =>
        before with { Router = before.Router with { ProxyRealIpCidr = To } };
}

/// <summary>One side of the flip: what the routers are told and what the load balancer sends.</summary>
/// <param name="ProxyProtocol">Value of <c>/deis/router/proxyProtocol</c>, null if absent.</param>
/// <param name="BackendPolicies">Policies of each instance port that the flip changes; empty lists included.</param>
public sealed record FlipState(string? ProxyProtocol, ValueList<BackendPolicies> BackendPolicies)
{
    /// <summary>Both sides, for people.</summary>
    public override string ToString() =>
        string.Join("; ", BackendPolicies.Select(b => $"instance port {b}").Prepend($"proxyProtocol {(ProxyProtocol is null ? "not set" : $"= {ProxyProtocol}")}"));
}

/// <summary>
/// Changes both ends together: the router's key in etcd and the policies towards the router's instance ports. Between the two a
/// request is lost, so this is one step.
/// </summary>
public sealed record FlipStep(FlipState From, FlipState To, ValueList<int> RouterPorts) : Step
{
    /// <summary>Whether new connections may be held at the nodes until both ends have switched, where the nodes allow it.</summary>
    public bool Hold { get; init; }

    /// <inheritdoc/>
    public override string Id => "flip";

    /// <inheritdoc/>
    public override string Description =>
        $"switch load balancer and routers together{(Hold ? "; where the nodes allow it (sudo, iptables), new connections wait there until both have switched" : "")}";

    /// <inheritdoc/>
    public override string FromText => From.ToString();

    /// <inheritdoc/>
    public override string ToText => To.ToString();

    /// <inheritdoc/>
    public override Step Inverse() => new FlipStep(To, From, RouterPorts) { Hold = Hold };

    /// <summary>The step that takes back what this one added and nothing else: policies that somebody put on a port meanwhile stay.</summary>
    public FlipStep BackFrom(ClusterSnapshot current)
    {
        var before = From.BackendPolicies.ToDictionary(b => b.InstancePort, b => b.PolicyNames);
        var now = To.BackendPolicies.Select(b => b with { PolicyNames = current.LoadBalancer.BackendPoliciesOf(b.InstancePort) }).ToValueList();
        var back = now.Zip(To.BackendPolicies, (found, to) => found with
        {
            PolicyNames = found.PolicyNames.Except(to.PolicyNames.Except(before[to.InstancePort])).Union(before[to.InstancePort].Except(to.PolicyNames))
                .Order(StringComparer.Ordinal).ToValueList(),
        });
        return new FlipStep(new FlipState(current.Router.ProxyProtocol, now), new FlipState(From.ProxyProtocol, back.ToValueList()), RouterPorts);
    }

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before)
    {
        var changed = To.BackendPolicies.Select(b => b.InstancePort).ToHashSet();
        var policies = before.LoadBalancer.BackendPolicies.Where(b => !changed.Contains(b.InstancePort))
            .Concat(To.BackendPolicies.Where(b => b.PolicyNames.Count > 0))
            .OrderBy(b => b.InstancePort)
            .ToValueList();
        return before with
        {
            LoadBalancer = before.LoadBalancer with { BackendPolicies = policies },
            Router = before.Router with { ProxyProtocol = To.ProxyProtocol },
        };
    }
}
