using System.Net;

namespace DeisProxy.Core.Verifying;

/// <summary>Whose address something behind the load balancer saw.</summary>
public enum AddressVerdict
{
    /// <summary>Ours: the client's.</summary>
    Client,

    /// <summary>One of the networks that the load balancer has its addresses from.</summary>
    LoadBalancer,

    /// <summary>Not the one that was asked for with <c>--expect-ip</c>.</summary>
    NotExpected,

    /// <summary>Neither ours as far as we know it, nor the load balancer's.</summary>
    Unknown,
}

/// <summary>Which address the routers should see when this machine sends a request through the load balancer.</summary>
/// <param name="Expected">The address that was named; null if none was.</param>
/// <param name="Own">This machine's address as a node sees it; null if it cannot be told.</param>
public sealed record AddressExpectation(IPAddress? Expected, IPAddress? Own, IReadOnlyList<IPNetwork> LoadBalancerNetworks)
{
    /// <summary>Judges an address that was seen.</summary>
    public AddressVerdict Judge(IPAddress seen)
    {
        var address = Plain(seen);
        return address.Equals(Plain(Expected ?? Own ?? IPAddress.None)) ? AddressVerdict.Client
            : LoadBalancerNetworks.Any(n => n.BaseAddress.AddressFamily == address.AddressFamily && n.Contains(address)) ? AddressVerdict.LoadBalancer
            : Expected is not null ? AddressVerdict.NotExpected
            : AddressVerdict.Unknown;
    }

    /// <summary>What is expected, for people.</summary>
    public override string ToString() => Expected is not null ? $"{Expected}, as named with --expect-ip"
        : Own is not null ? $"{Own}, this machine's address as the nodes see it"
        : "this machine's address";

    /// <summary>Why an unknown address may still be right.</summary>
    internal string Doubt => Own is null
        ? "this machine's address as the load balancer sees it is not known (the nodes are reached through another host)"
        : $"the nodes see this machine as {Own}; a NAT, a proxy or a bastion on one of the two ways explains the difference, and so would a wrong "
        + "address";

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
