using System.Text.Json.Serialization;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Rackspace;

namespace DeisProxy.Core.Model;

/// <summary>Everything that was read before planning: an immutable value that serializes to JSON and compares by content.</summary>
public sealed record ClusterSnapshot
{
    /// <summary>What balances the traffic, in its provider's own words; null where nothing does.</summary>
    public BalancerState? Balancer { get; init; }

    /// <summary>The nodes that the balancer sends traffic to, by id; empty where it does not name them.</summary>
    public ValueList<Node> Nodes { get; init => field = value ?? []; } = [];

    /// <summary>The routers' settings in etcd.</summary>
    public required RouterState Router { get; init; }
}

/// <summary>A balancer as its provider reads it. Only what output and traffic checks need of every balancer has a name here.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(ElbState), "elb")]
[JsonDerivedType(typeof(CloudState), "cloud-load-balancer")]
public abstract record BalancerState
{
    /// <summary>Its name.</summary>
    [JsonIgnore]
    public abstract string BalancerName { get; }

    /// <summary>The host name or address that clients connect to.</summary>
    [JsonIgnore]
    public abstract string Address { get; }

    /// <summary>What the balancer belongs to and where it is: labels and texts for people.</summary>
    [JsonIgnore]
    public abstract ValueList<(string Label, string Text)> Summary { get; }

    /// <summary>The stack that the balancer belongs to; null for providers that have none.</summary>
    [JsonIgnore]
    public virtual string? StackName => null;

    /// <summary>The networks that its own addresses come from; empty if they are not known.</summary>
    [JsonIgnore]
    public virtual ValueList<string> OwnNetworks => [];

    /// <summary>The ports that clients connect to, ascending.</summary>
    [JsonIgnore]
    public abstract ValueList<ClientPort> ClientPorts { get; }

    /// <summary>The instances or nodes that took traffic in an earlier state and do not in this one, for people.</summary>
    public abstract ValueList<string> OutOfServiceSince(BalancerState before);
}

/// <summary>A port of a balancer, as far as traffic through it goes.</summary>
/// <param name="NodePort">The port on the nodes that it leads to.</param>
/// <param name="EndsTls">Whether the balancer ends TLS there.</param>
/// <param name="Protocol">What the balancer speaks there, in its own words: <c>HTTP</c>, <c>SSL</c>, <c>TCP_CLIENT_FIRST</c> …</param>
public sealed record ClientPort(int Port, int NodePort, string Protocol, bool EndsTls, bool SendsProxyLine)
{
    /// <summary>Where the client's address goes.</summary>
    public ClientAddressPath AddressPath { get; init; }
}

/// <summary>Where a balancer leaves the address of its clients.</summary>
public enum ClientAddressPath
{
    /// <summary>Routers see it, in the PROXY line or as the peer.</summary>
    Kept,

    /// <summary>Only in X-Forwarded-For: routers log the balancer's.</summary>
    ForwardedOnly,

    /// <summary>Nowhere.</summary>
    Lost,
}

/// <summary>A node of the cluster.</summary>
/// <param name="PrivateAddress">Private IPv4 address; null while it has none.</param>
/// <param name="PublicAddress">Public IPv4 address; null on nodes without one.</param>
public sealed record Node(string InstanceId, string? PrivateAddress, string? PublicAddress)
{
    /// <summary>Ids of its security groups; empty if they are not known.</summary>
    public ValueList<string> SecurityGroups { get; init => field = value ?? []; } = [];
}
