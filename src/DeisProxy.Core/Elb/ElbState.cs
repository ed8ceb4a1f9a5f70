using DeisProxy.Core.Model;

namespace DeisProxy.Core.Elb;

/// <summary>A classic load balancer of a CloudFormation stack, with what is around it.</summary>
public sealed record ElbState : BalancerState
{
    /// <summary>The CloudFormation stack.</summary>
    public required StackInfo Stack { get; init; }

    /// <summary>Its load balancer.</summary>
    public required LoadBalancer LoadBalancer { get; init; }

    /// <summary>The networks that the load balancer's addresses come from.</summary>
    public required ValueList<string> Networks { get; init; }

    /// <summary>What is around the load balancer and is never changed.</summary>
    public Surroundings Surroundings { get; init => field = value ?? new(); } = new();

    /// <inheritdoc/>
    public override string BalancerName => LoadBalancer.Name;

    /// <inheritdoc/>
    public override string Address => LoadBalancer.DnsName;

    /// <inheritdoc/>
    public override string? StackName => Stack.Name;

    /// <inheritdoc/>
    public override ValueList<(string Label, string Text)> Summary =>
    [
        ("Stack", $"{Stack.Name}, account {Stack.Account}, {Stack.Region}"),
        ("Load balancer", $"{LoadBalancer.Name} ({LoadBalancer.DnsName})"),
    ];

    /// <inheritdoc/>
    public override ValueList<string> OwnNetworks => Networks;

    /// <inheritdoc/>
    public override ValueList<ClientPort> ClientPorts => LoadBalancer.Listeners
        .Select(l => new ClientPort(
            l.LoadBalancerPort, l.InstancePort, $"{l.Protocol}".ToUpperInvariant(), l.EndsTls, LoadBalancer.SendsProxyLineTo(l.InstancePort)))
        .ToValueList();

    /// <inheritdoc/>
    public override ValueList<string> OutOfServiceSince(BalancerState before)
    {
        var served = ((ElbState)before).LoadBalancer.Instances.Where(i => i.InService).Select(i => i.InstanceId).ToHashSet(StringComparer.Ordinal);
        return LoadBalancer.Instances.Where(i => !i.InService && served.Contains(i.InstanceId))
            .Select(i => $"{i.InstanceId} ({i.Description})").ToValueList();
    }
}

/// <summary>A CloudFormation stack.</summary>
/// <param name="Status">Stack status, such as <c>CREATE_COMPLETE</c>.</param>
public sealed record StackInfo(string Name, string Id, string Status, string Region)
{
    /// <summary>The account, read from the stack id; empty if that is no ARN.</summary>
    public string Account => Id.Split(':') is { Length: > 5 } arn ? arn[4] : "";

    /// <summary>Whether CloudFormation is at work on the stack, so that nobody else should be.</summary>
    public bool IsBusy => Status.EndsWith("_IN_PROGRESS", StringComparison.Ordinal);
}

/// <summary>What a snapshot of a cluster behind a classic load balancer has to say of it.</summary>
public static class ElbSnapshot
{
    extension(ClusterSnapshot snapshot)
    {
        /// <summary>The stack.</summary>
        public StackInfo Stack => snapshot.Elb.Stack;

        /// <summary>The load balancer.</summary>
        public LoadBalancer LoadBalancer => snapshot.Elb.LoadBalancer;

        /// <summary>The networks that the load balancer's addresses come from.</summary>
        public ValueList<string> LoadBalancerNetworks => snapshot.Elb.Networks;

        /// <summary>What is around the load balancer.</summary>
        public Surroundings Surroundings => snapshot.Elb.Surroundings;

        /// <summary>The same cluster with the load balancer in another state.</summary>
        public ClusterSnapshot WithLoadBalancer(LoadBalancer loadBalancer) =>
            snapshot with { Balancer = snapshot.Elb with { LoadBalancer = loadBalancer } };

        private ElbState Elb => snapshot.Balancer as ElbState
            ?? throw new InvalidOperationException("This cluster is not behind a classic load balancer.");
    }
}
