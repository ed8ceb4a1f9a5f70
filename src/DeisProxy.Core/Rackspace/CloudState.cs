using DeisProxy.Core.Model;

namespace DeisProxy.Core.Rackspace;

/// <summary>A Cloud Load Balancer with what stands beside it.</summary>
public sealed record CloudState : BalancerState
{
    /// <summary>The load balancer.</summary>
    public required CloudLoadBalancer LoadBalancer { get; init; }

    /// <summary>Where it is, such as <c>ORD</c>; null if the account has one region only.</summary>
    public string? Region { get; init; }

    /// <summary>Other load balancers on its virtual IP addresses, those of <see cref="WebSocketOnly"/> excepted.</summary>
    public ValueList<LoadBalancerSummary> Sharing { get; init => field = value ?? []; } = [];

    /// <summary>Load balancers for WebSockets that setup has created beside it, by port.</summary>
    public ValueList<WebSocketBalancer> WebSocketOnly { get; init => field = value ?? []; } = [];

    /// <inheritdoc/>
    public override string BalancerName => LoadBalancer.Name;

    /// <inheritdoc/>
    public override string Address => LoadBalancer.Address;

    /// <inheritdoc/>
    public override ValueList<(string Label, string Text)> Summary =>
        [("Load balancer", $"{LoadBalancer.Name} (id {LoadBalancer.Id}, {LoadBalancer.Address}){(Region is null ? "" : $", {Region}")}")];

    /// <inheritdoc/>
    public override ValueList<ClientPort> ClientPorts =>
    [
        .. LoadBalancer.SslTermination is { SecureTrafficOnly: true } ? []
            : (ClientPort[])[Port(LoadBalancer.Port, endsTls: false, LoadBalancer.Protocol)],
        .. LoadBalancer.SslTermination is { } ssl ? [Port(ssl.SecurePort, endsTls: true, LoadBalancer.Protocol)] : (ClientPort[])[],
        .. WebSocketOnly.Select(second => Port(second.Port, endsTls: false, second.Protocol)),
    ];

    /// <inheritdoc/>
    public override ValueList<string> OutOfServiceSince(BalancerState before)
    {
        var served = ((CloudState)before).LoadBalancer.Nodes.Where(n => n.Serves).Select(n => (n.Address, n.Port)).ToHashSet();
        return LoadBalancer.Nodes.Where(n => n is { Condition: "ENABLED", Serves: false } && served.Contains((n.Address, n.Port)))
            .Select(n => $"{n.Address}:{n.Port} ({n.Status})").ToValueList();
    }

    private ClientPort Port(int port, bool endsTls, string protocol) => new(port, LoadBalancer.NodePort, protocol, endsTls, SendsProxyLine: false)
    {
        AddressPath = protocol == CloudProtocol.Http ? ClientAddressPath.ForwardedOnly : ClientAddressPath.Lost,
    };
}

/// <summary>A second load balancer, for WebSockets only, on the virtual IP addresses and with the nodes of the first.</summary>
/// <param name="Protocol">As it is now; setup makes it <c>TCP_CLIENT_FIRST</c>.</param>
public sealed record WebSocketBalancer(string Name, string Protocol, int Port)
{
    /// <summary>The one that setup creates beside a load balancer. Its name says what made it.</summary>
    public static WebSocketBalancer Beside(CloudLoadBalancer first, int port)
    {
        ArgumentNullException.ThrowIfNull(first);
        return new(NameOf(first, port), CloudProtocol.TcpClientFirst, port);
    }

    /// <summary>Whether a load balancer on the same address is one that setup has created.</summary>
    public static bool Is(LoadBalancerSummary other, CloudLoadBalancer first)
    {
        ArgumentNullException.ThrowIfNull(other);
        ArgumentNullException.ThrowIfNull(first);
        return other.Name == NameOf(first, other.Port);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Protocol} on port {Port}";

    // Names of load balancers have 128 characters at most.
    private static string NameOf(CloudLoadBalancer first, int port)
    {
        var ending = $"-websocket-{port}";
        return $"{first.Name[..Math.Min(first.Name.Length, 128 - ending.Length)]}{ending}";
    }
}

/// <summary>What a snapshot of a cluster behind a Cloud Load Balancer has to say of it.</summary>
public static class CloudSnapshot
{
    extension(ClusterSnapshot snapshot)
    {
        /// <summary>The load balancer and what stands beside it.</summary>
        public CloudState Cloud => snapshot.Balancer as CloudState
            ?? throw new InvalidOperationException("This cluster is not behind a Cloud Load Balancer.");

        /// <summary>The load balancer.</summary>
        public CloudLoadBalancer CloudBalancer => snapshot.Cloud.LoadBalancer;

        /// <summary>The same cluster with the load balancer in another state.</summary>
        public ClusterSnapshot WithCloudBalancer(CloudLoadBalancer balancer) =>
            snapshot with { Balancer = snapshot.Cloud with { LoadBalancer = balancer } };
    }
}
