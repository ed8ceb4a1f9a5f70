namespace DeisProxy.Cluster.Router;

/// <summary>What the Deis router's settings in etcd are. Values are exactly what etcd holds; null: the key does not exist.</summary>
public sealed record RouterSettings
{
    /// <summary><c>/deis/platform/version</c>.</summary>
    public string? PlatformVersion { get; init; }

    /// <summary><c>/deis/router/image</c>: set when the router is not the platform's own.</summary>
    public string? RouterImage { get; init; }

    /// <summary><c>/deis/router/proxyProtocol</c>. What a value means depends on the version: up to v1.12 any value turns it on, <c>false</c> and the empty one too.</summary>
    public string? ProxyProtocol { get; init; }

    /// <summary><c>/deis/router/proxyRealIpCidr</c>: the network whose PROXY line is believed; the router's default is 10.0.0.0/8.</summary>
    public string? ProxyRealIpCidr { get; init; }

    /// <summary><c>/deis/router/enforceHTTPS</c>: on when <c>true</c>.</summary>
    public string? EnforceHttps { get; init; }

    /// <summary><c>/deis/router/hsts/enabled</c>: from v1.8.0, <c>true</c> enforces HTTPS too.</summary>
    public string? HstsEnabled { get; init; }

    /// <summary>Whether <c>/deis/router/sslCert</c> exists: then the router listens on 443. The certificate itself is not kept.</summary>
    public bool HasPlatformCertificate { get; init; }

    /// <summary>
    /// Domains of applications that have a certificate of their own (<c>/deis/domains/D</c> and <c>/deis/certs/D/</c>, the router's
    /// template): then too the router listens on 443. The certificates and keys are never read.
    /// </summary>
    public IReadOnlyList<string> CertificateDomains { get; init; } = [];

    /// <summary><c>/deis/router/controller/whitelist</c>: from v1.11.0, addresses that may use the controller.</summary>
    public string? ControllerWhitelist { get; init; }

    /// <summary><c>/deis/router/enforceWhitelist</c>: from v1.11.0, <c>true</c> denies everybody who is not on a whitelist.</summary>
    public string? EnforceWhitelist { get; init; }

    /// <summary>The routers that are alive: they renew <c>/deis/router/hosts/IP</c> every 10 s, and it expires after 20.</summary>
    public IReadOnlyList<LiveRouter> Routers { get; init; } = [];

    /// <summary>Entries below <c>/deis/router/hosts</c> that name no router, cleaned, as <c>key = value</c>.</summary>
    public IReadOnlyList<string> MalformedRouters { get; init; } = [];
}

/// <summary>A router that has announced itself.</summary>
/// <param name="NodeAddress">The private address of its node, the name of the key.</param>
/// <param name="Host">The address at which it answers, normally the same.</param>
/// <param name="Port">Its HTTP port, normally 80.</param>
public sealed record LiveRouter(string NodeAddress, string Host, int Port);
