using System.Collections.Immutable;

using DeisProxy.Sandbox.Traffic;

namespace DeisProxy.Sandbox;

/// <summary>What the control plane knows of a load balancer: immutable, so that the data plane can act on an older one for a while.</summary>
internal sealed record LoadBalancerState
{
    public required ImmutableList<Listener> Listeners { get; init; }

    public required ImmutableList<Policy> Policies { get; init; }

    public required ImmutableSortedDictionary<int, ImmutableList<string>> BackendPolicies { get; init; }

    public required HealthCheck HealthCheck { get; init; }

    /// <summary>Seconds until an idle connection is cut.</summary>
    public required int IdleTimeout { get; init; }

    /// <summary>Ids of the registered instances.</summary>
    public required ImmutableList<string> Instances { get; init; }

    public required ImmutableList<string> Subnets { get; init; }

    public required ImmutableList<string> SecurityGroups { get; init; }

    public bool SendsProxyLine(int instancePort) =>
        BackendPolicies.TryGetValue(instancePort, out var names)
        && Policies.Exists(policy => policy.IsProxyProtocol && names.Contains(policy.Name, StringComparer.Ordinal));
}

/// <summary>A classic load balancer of the sandbox, as its control plane knows it now.</summary>
public sealed class LoadBalancer
{
    private volatile LoadBalancerState _state;

    internal LoadBalancer(LoadBalancerOptions options, string zone, DateTimeOffset created, LoadBalancerState state, LoadBalancerTraffic traffic)
    {
        Name = options.Name;
        LogicalId = options.LogicalId;
        Scheme = options.Scheme;
        Created = created;
        DnsName = $"{(Scheme == "internal" ? "internal-" : "")}{Name}-{options.DnsSuffix}.{zone}";
        _state = state;
        Traffic = traffic;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its logical id in the stack, if it belongs to it.</summary>
    public string? LogicalId { get; }

    /// <summary>Its DNS name, with AWS's numeric suffix. It resolves nowhere: use <see cref="DataPlanePort"/>.</summary>
    public string DnsName { get; }

    /// <summary><c>internet-facing</c> or <c>internal</c>.</summary>
    public string Scheme { get; }

    /// <summary>Listeners by load balancer port.</summary>
    public IReadOnlyList<Listener> Listeners => _state.Listeners;

    /// <summary>Policies.</summary>
    public IReadOnlyList<Policy> Policies => _state.Policies;

    /// <summary>Names of policies by instance port; ports without any are left out.</summary>
    public IReadOnlyDictionary<int, IReadOnlyList<string>> BackendPolicies =>
        _state.BackendPolicies.ToDictionary(pair => pair.Key, IReadOnlyList<string> (pair) => pair.Value);

    /// <summary>The health check.</summary>
    public HealthCheck HealthCheck => _state.HealthCheck;

    /// <summary>Seconds until an idle connection is cut.</summary>
    public int IdleTimeout => _state.IdleTimeout;

    /// <summary>Health of the registered instances, as the data plane sees it now.</summary>
    public IReadOnlyList<InstanceHealth> InstanceHealth => Traffic.Health(_state.Instances);

    internal DateTimeOffset Created { get; }

    internal LoadBalancerState State => _state;

    internal LoadBalancerTraffic Traffic { get; }

    /// <summary>
    /// The port on 127.0.0.1 that stands for a port of the load balancer. It stays the same while listeners come and go;
    /// while there is no listener in effect, connections are refused.
    /// </summary>
    public int DataPlanePort(int loadBalancerPort) => Traffic.Port(loadBalancerPort);

    /// <summary>Changes the control plane at once and the data plane after its lag.</summary>
    internal void Change(LoadBalancerState state, TimeSpan lag)
    {
        _state = state;
        Traffic.Publish(state, lag);
    }
}
