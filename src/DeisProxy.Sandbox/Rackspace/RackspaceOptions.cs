namespace DeisProxy.Sandbox.Rackspace;

/// <summary>A Rackspace account when the sandbox starts: what Deis's documentation had people set up in front of the cluster.</summary>
public sealed record RackspaceOptions
{
    /// <summary>Name of the user.</summary>
    public string Username { get; init; } = "deis";

    /// <summary>The user's API key.</summary>
    public string ApiKey { get; init; } = "0123456789abcdef0123456789abcdef";

    /// <summary>Regions in which the account has load balancers; all of them lead to the same ones.</summary>
    public IReadOnlyList<string> Regions { get; init; } = ["ORD"];

    /// <summary>Where the user's servers are created when nothing is said.</summary>
    public string DefaultRegion { get; init; } = "ORD";

    /// <summary>The load balancers.</summary>
    public IReadOnlyList<CloudBalancerOptions> LoadBalancers { get; init; } = [CloudBalancerOptions.Web, CloudBalancerOptions.Builder];

    /// <summary>Requests that a token is good for; null: it does not expire.</summary>
    public int? TokenRequests { get; init; }

    /// <summary>The token that signing in gives; null: a new one each time.</summary>
    public string? Token { get; init; }

    /// <summary>How long a load balancer is <c>PENDING_UPDATE</c>, or <c>BUILD</c>, after a change.</summary>
    public LagRange ChangeTime { get; init; } = LagRange.None;

    /// <summary>
    /// Whether TCP is refused beside any other load balancer on the virtual IP (the service's source), or allowed on unique ports (its
    /// documentation).
    /// </summary>
    public bool RefusesSharedVirtualIp { get; init; }

    /// <summary>
    /// Whether every change of the protocol drops session persistence, as the documentation says; else SOURCE_IP survives towards TCP, as in the
    /// source.
    /// </summary>
    public bool DropsPersistence { get; init; }

    /// <summary>Load balancers that the account may have.</summary>
    public int LoadBalancerLimit { get; init; } = 25;

    /// <summary>Loopback port of identity and load balancers; 0 takes a free one.</summary>
    public int Port { get; init; }
}

/// <summary>A Cloud Load Balancer when the sandbox starts. Every node of the cluster is behind it.</summary>
public sealed record CloudBalancerOptions
{
    /// <summary>The default virtual IP address. First, because what follows uses it.</summary>
    public static CloudVirtualIp SharedAddress { get; } = new(403, "203.0.113.80");

    /// <summary>Port 80 over HTTP, with a monitor on <c>/health-check</c>.</summary>
    public static CloudBalancerOptions Web { get; } = new();

    /// <summary>Port 2222 over TCP on the same virtual IP address.</summary>
    public static CloudBalancerOptions Builder { get; } = new() { Id = 72, Name = "deis-builder", Protocol = "TCP", Port = 2222, Monitor = null };

    /// <summary>Its id.</summary>
    public long Id { get; init; } = 71;

    /// <summary>Its name.</summary>
    public string Name { get; init; } = "deis";

    /// <summary>Protocol.</summary>
    public string Protocol { get; init; } = "HTTP";

    /// <summary>Port for clients.</summary>
    public int Port { get; init; } = 80;

    /// <summary>Port of the nodes; null: the same.</summary>
    public int? NodePort { get; init; }

    /// <summary>Idle timeout in seconds.</summary>
    public int Timeout { get; init; } = 30;

    /// <summary>Half-closed connections.</summary>
    public bool HalfClosed { get; init; }

    /// <summary>Redirect to HTTPS.</summary>
    public bool HttpsRedirect { get; init; }

    /// <summary>Session persistence, or null.</summary>
    public string? Persistence { get; init; }

    /// <summary>Content caching.</summary>
    public bool Caching { get; init; }

    /// <summary>A custom error page, or null.</summary>
    public string? ErrorPage { get; init; }

    /// <summary>The health monitor, or null.</summary>
    public CloudMonitor? Monitor { get; init; } = new("HTTP", 10, 10, 3) { Path = "/health-check", StatusRegex = "^200$", BodyRegex = "" };

    /// <summary>SSL termination, or null.</summary>
    public CloudSsl? Ssl { get; init; }

    /// <summary>Virtual IP addresses.</summary>
    public IReadOnlyList<CloudVirtualIp> VirtualIps { get; init; } = [SharedAddress];

    /// <summary>Status at the start.</summary>
    public string Status { get; init; } = "ACTIVE";
}

/// <summary>A virtual IP address.</summary>
public sealed record CloudVirtualIp(long Id, string Address, string IpVersion = "IPV4");

/// <summary>A health monitor.</summary>
public sealed record CloudMonitor(string Type, int Delay, int Timeout, int Attempts)
{
    /// <summary>Path of HTTP and HTTPS monitors.</summary>
    public string? Path { get; init; }

    /// <summary>What the status has to match.</summary>
    public string? StatusRegex { get; init; }

    /// <summary>What the body has to match.</summary>
    public string? BodyRegex { get; init; }

    /// <summary>Host header that is sent.</summary>
    public string? HostHeader { get; init; }
}

/// <summary>SSL termination; its private key is never shown.</summary>
public sealed record CloudSsl(int SecurePort = 443, bool SecureTrafficOnly = false);

/// <summary>A node behind a load balancer.</summary>
public sealed record CloudNode(long Id, string Address, int Port, string Condition = "ENABLED");
