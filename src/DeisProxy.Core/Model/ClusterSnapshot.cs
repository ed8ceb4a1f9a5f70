namespace DeisProxy.Core.Model;

/// <summary>Everything that was read before planning: an immutable value that serialises to JSON and compares by content.</summary>
public sealed record ClusterSnapshot
{
    /// <summary>The CloudFormation stack.</summary>
    public required StackInfo Stack { get; init; }

    /// <summary>Its load balancer.</summary>
    public required LoadBalancer LoadBalancer { get; init; }

    /// <summary>The instances registered with the load balancer, by id.</summary>
    public required ValueList<Node> Nodes { get; init; }

    /// <summary>The networks that the load balancer's addresses come from.</summary>
    public required ValueList<string> LoadBalancerNetworks { get; init; }

    /// <summary>The routers' settings in etcd.</summary>
    public required RouterState Router { get; init; }

    /// <summary>What is around the load balancer and is never changed.</summary>
    public Surroundings Surroundings { get; init; } = new();
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

/// <summary>A node of the cluster.</summary>
/// <param name="PrivateAddress">Private IPv4 address; null while it has none.</param>
/// <param name="PublicAddress">Public IPv4 address; null on nodes without one.</param>
public sealed record Node(string InstanceId, string? PrivateAddress, string? PublicAddress)
{
    /// <summary>Ids of its security groups; empty if they are not known.</summary>
    public ValueList<string> SecurityGroups { get; init; } = [];
}
