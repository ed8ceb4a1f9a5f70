using System.Net;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Elb;

/// <summary>
/// What is around the load balancer and is never changed, but may break by the change or break it. Reading it is optional:
/// what could not be read is in <see cref="Unread"/> and its list is empty.
/// </summary>
public sealed record Surroundings
{
    // Generated code for reading JSON sets what is absent, too, and to null.

    /// <summary>Other classic load balancers that register at least one of the same instances, by name.</summary>
    public ValueList<OtherLoadBalancer> OtherLoadBalancers { get; init => field = value ?? []; } = [];

    /// <summary>Security groups of the load balancer, by id; none outside a VPC.</summary>
    public ValueList<string> LoadBalancerSecurityGroups { get; init => field = value ?? []; } = [];

    /// <summary>Security groups of the nodes, by id.</summary>
    public ValueList<SecurityGroup> NodeSecurityGroups { get; init => field = value ?? []; } = [];

    /// <summary>What could not be read.</summary>
    public ValueList<Unread> Unread { get; init => field = value ?? []; } = [];
}

/// <summary>Another classic load balancer in front of the same instances.</summary>
/// <param name="ProxyLinePorts">Instance ports to which it sends the PROXY line, ascending.</param>
public sealed record OtherLoadBalancer(string Name, ValueList<Listener> Listeners, ValueList<int> ProxyLinePorts);

/// <summary>An EC2 security group.</summary>
public sealed record SecurityGroup(string Id, ValueList<IngressRule> Ingress);

/// <summary>A rule of a security group that admits traffic (EC2 API <c>IpPermission</c>).</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c>, a protocol number, or <c>-1</c> for all of them.</param>
/// <param name="FromPort">First port, null for all.</param>
/// <param name="ToPort">Last port, null for all.</param>
public sealed record IngressRule(string Protocol, int? FromPort, int? ToPort, ValueList<string> Groups, ValueList<string> Networks, bool AdmitsOthers)
{
    /// <summary>Owner of the source group that stands for any load balancer of the region (Elastic Load Balancing guide, EC2-Classic).</summary>
    public const string AnyLoadBalancer = "amazon-elb";

    private const string Tcp = "tcp";
    private const string TcpNumber = "6";
    private const string AllProtocols = "-1";

    /// <summary>Whether the rule lets a load balancer, or some of its addresses, reach a TCP port. In doubt it does.</summary>
    /// <returns>False only if it surely does not.</returns>
    public bool MayAdmit(int port, ValueList<string> groups, ValueList<string> networks) =>
        (Protocol == AllProtocols || (Protocol is Tcp or TcpNumber && (FromPort is null || FromPort <= port) && (ToPort is null || ToPort >= port)))
        && (AdmitsOthers
            || Groups.Any(g => g == AnyLoadBalancer || groups.Contains(g))
            || Networks.Any(n => networks.Count == 0 || networks.Any(own => Overlap(n, own))));

    private static bool Overlap(string left, string right) =>
        !IPNetwork.TryParse(left, out var a) || !IPNetwork.TryParse(right, out var b) || a.Contains(b.BaseAddress) || b.Contains(a.BaseAddress);
}

/// <summary>Something that could not be read, so that what depends on it was not checked.</summary>
public sealed record Unread(string What, string Reason);
