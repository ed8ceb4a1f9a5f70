using DeisProxy.Core.Model;

namespace DeisProxy.Core.Rackspace;

/// <summary>A Rackspace Cloud Load Balancer: one port and one protocol, changed in place.</summary>
public sealed record CloudLoadBalancer
{
    /// <summary>Its id in the account and region.</summary>
    public required long Id { get; init; }

    /// <summary>Its name, which need not be unique.</summary>
    public required string Name { get; init; }

    /// <summary>Status, such as <c>ACTIVE</c> or <c>PENDING_UPDATE</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Protocol, such as <c>HTTP</c> or <c>TCP_CLIENT_FIRST</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary>The port that clients connect to.</summary>
    public required int Port { get; init; }

    /// <summary>Seconds until a silent connection is cut: 30–120.</summary>
    public required int TimeoutSeconds { get; init; }

    /// <summary>Whether one side may close and the other go on; only with TCP and TCP_CLIENT_FIRST.</summary>
    public bool HalfClosed { get; init; }

    /// <summary>Whether it redirects HTTP to HTTPS.</summary>
    public bool HttpsRedirect { get; init; }

    /// <summary><c>HTTP_COOKIE</c>, <c>SOURCE_IP</c> or <c>SSL_ID</c>; null if there is none.</summary>
    public string? SessionPersistence { get; init; }

    /// <summary>The health monitor; null if there is none.</summary>
    public HealthMonitor? HealthMonitor { get; init; }

    /// <summary>Whether content is cached.</summary>
    public bool ContentCaching { get; init; }

    /// <summary>SSL termination; null if there is none.</summary>
    public SslTermination? SslTermination { get; init; }

    /// <summary>
    /// The page that users see while no node answers, the service's default included: which of both it is does not show. Null if it could not be
    /// read.
    /// </summary>
    public string? ErrorPage { get; init; }

    /// <summary>Its virtual IP addresses.</summary>
    public ValueList<VirtualIp> VirtualIps { get; init => field = value ?? []; } = [];

    /// <summary>Its nodes.</summary>
    public ValueList<BalancerNode> Nodes { get; init => field = value ?? []; } = [];

    /// <summary>The public IPv4 address, else whatever address clients use.</summary>
    public string Address =>
        VirtualIps.OrderByDescending(v => v.IsIpv4).ThenByDescending(v => v.Type == "PUBLIC").Select(v => v.Address).FirstOrDefault("");

    /// <summary>The port of its nodes.</summary>
    public int NodePort => Nodes.Count > 0 ? Nodes[0].Port : Port;
}

/// <summary>The protocols that deis-proxy knows.</summary>
public static class CloudProtocol
{
    /// <summary>Requests are read; WebSockets do not pass.</summary>
    public const string Http = "HTTP";

    /// <summary>TLS is passed on as it is.</summary>
    public const string Https = "HTTPS";

    /// <summary>TCP where the server may speak first, as SSH does.</summary>
    public const string Tcp = "TCP";

    /// <summary>TCP where the client speaks first, as in HTTP.</summary>
    public const string TcpClientFirst = "TCP_CLIENT_FIRST";
}

/// <summary>A virtual IP address, which several load balancers may share on different ports.</summary>
/// <param name="Type"><c>PUBLIC</c> or <c>SERVICENET</c>.</param>
public sealed record VirtualIp(long Id, string Address, string Type, bool IsIpv4);

/// <summary>A node behind a load balancer.</summary>
/// <param name="Condition"><c>ENABLED</c>, <c>DISABLED</c> or <c>DRAINING</c>: what was asked for.</param>
/// <param name="Status"><c>ONLINE</c> or <c>OFFLINE</c>: what the health monitor sees.</param>
public sealed record BalancerNode(string Address, int Port, string Condition, string Status)
{
    /// <summary>Whether it gets traffic.</summary>
    public bool Serves => Condition == "ENABLED" && Status == "ONLINE";
}

/// <summary>How nodes are checked.</summary>
/// <param name="Type"><c>CONNECT</c>, <c>HTTP</c> or <c>HTTPS</c>.</param>
/// <param name="Delay">Seconds between checks: 1–3600.</param>
/// <param name="Timeout">Seconds until a check has failed: 1–300.</param>
/// <param name="Attempts">Failed checks until a node is taken out: 1–10.</param>
public sealed record HealthMonitor(string Type, int Delay, int Timeout, int Attempts)
{
    /// <summary>Connects and closes; it fits every protocol.</summary>
    public const string Connect = "CONNECT";

    /// <summary>Path that is asked for; null with <see cref="Connect"/>.</summary>
    public string? Path { get; init; }

    /// <summary>What the status has to match.</summary>
    public string? StatusRegex { get; init; }

    /// <summary>What the body has to match.</summary>
    public string? BodyRegex { get; init; }

    /// <summary>The Host header that is sent.</summary>
    public string? HostHeader { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Type}{(Path is null ? "" : $" {Path}")}, every {Delay} s";
}

/// <summary>SSL termination. The service never shows the private key, so it cannot be restored once removed.</summary>
/// <param name="SecurePort">The port of HTTPS.</param>
/// <param name="SecureTrafficOnly">Whether plain HTTP is refused.</param>
public sealed record SslTermination(bool Enabled, int SecurePort, bool SecureTrafficOnly);

/// <summary>What a list of load balancers tells of each.</summary>
public sealed record LoadBalancerSummary(long Id, string Name, string Protocol, int Port, string Status)
{
    /// <summary>Its virtual IP addresses.</summary>
    public ValueList<VirtualIp> VirtualIps { get; init => field = value ?? []; } = [];

    /// <inheritdoc/>
    public override string ToString() => $"{Name} (id {Id}, {Protocol} on port {Port})";
}

/// <summary>Settings to change together; what is null stays as it is.</summary>
public sealed record LoadBalancerUpdate
{
    /// <summary>Protocol; the service wants <see cref="Port"/> with it.</summary>
    public string? Protocol { get; init; }

    /// <summary>Port.</summary>
    public int? Port { get; init; }

    /// <summary>Seconds: 30–120.</summary>
    public int? Timeout { get; init; }

    /// <summary>Half-closed connections.</summary>
    public bool? HalfClosed { get; init; }

    /// <summary>Redirect of HTTP to HTTPS.</summary>
    public bool? HttpsRedirect { get; init; }
}

/// <summary>A load balancer to create on a virtual IP address that exists.</summary>
public sealed record NewLoadBalancer(string Name, string Protocol, int Port, int Timeout, ValueList<long> VirtualIps, ValueList<BalancerNode> Nodes)
{
    /// <summary>Its health monitor; null for none.</summary>
    public HealthMonitor? HealthMonitor { get; init; }
}
