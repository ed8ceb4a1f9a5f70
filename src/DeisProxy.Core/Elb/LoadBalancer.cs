using System.Globalization;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Elb;

/// <summary>Protocol of a listener, on either of its sides (Elastic Load Balancing API 2012-06-01, <c>Listener</c>).</summary>
public enum ListenerProtocol
{
    /// <summary>HTTP: the load balancer reads and rewrites requests; it passes no WebSocket.</summary>
    Http,

    /// <summary>HTTP over TLS that ends at the load balancer.</summary>
    Https,

    /// <summary>Bytes are relayed.</summary>
    Tcp,

    /// <summary>TLS ends at the load balancer, the bytes inside are relayed.</summary>
    Ssl,
}

/// <summary>One listener of a classic load balancer.</summary>
/// <param name="LoadBalancerPort">Port that clients connect to; a load balancer has at most one listener on it.</param>
/// <param name="PolicyNames">Policies enabled on the listener (SSL negotiation, cookie stickiness), in ordinal order.</param>
public sealed record Listener(
    int LoadBalancerPort,
    ListenerProtocol Protocol,
    int InstancePort,
    ListenerProtocol InstanceProtocol,
    string? CertificateId,
    ValueList<string> PolicyNames)
{
    /// <summary>Whether the load balancer itself ends TLS on this listener.</summary>
    public bool EndsTls => Protocol is ListenerProtocol.Https or ListenerProtocol.Ssl;

    /// <summary>Whether the load balancer reads and rewrites requests on this listener.</summary>
    public bool ReadsHttp => Protocol is ListenerProtocol.Http or ListenerProtocol.Https;

    /// <summary>Whether the load balancer speaks TLS to the instances; such a backend cannot carry the PROXY protocol.</summary>
    public bool HasEncryptedBackend => InstanceProtocol is ListenerProtocol.Https or ListenerProtocol.Ssl;

    /// <summary>The listener itself, whatever policies are enabled on it.</summary>
    public Listener WithoutPolicies => this with { PolicyNames = [] };

    /// <summary>The listener as people write it: <c>HTTPS:443→HTTP:80</c>, with certificate and policies where it has them.</summary>
    public override string ToString()
    {
        var text = $"{Text(Protocol)}:{LoadBalancerPort}→{Text(InstanceProtocol)}:{InstancePort}";
        if (CertificateId is not null)
        {
            text += $", certificate {CertificateId}";
        }

        return PolicyNames.Count == 0 ? text : $"{text}, policies {PolicyNames}";
    }

    private static string Text(ListenerProtocol protocol) => protocol.ToString().ToUpperInvariant();
}

/// <summary>A policy of a load balancer. It has an effect only where a listener or an instance port names it.</summary>
/// <param name="TypeName">Policy type, such as <c>ProxyProtocolPolicyType</c>.</param>
/// <param name="Attributes">Its attributes, in ordinal order.</param>
public sealed record LoadBalancerPolicy(string Name, string TypeName, ValueList<PolicyAttribute> Attributes)
{
    /// <summary>
    /// Type of the policies that make the load balancer send the PROXY line (Elastic Load Balancing guide, "Enable proxy protocol").
    /// </summary>
    public const string ProxyProtocolType = "ProxyProtocolPolicyType";

    /// <summary>Type of the policies that choose a listener's TLS protocols and ciphers.</summary>
    public const string SslNegotiationType = "SSLNegotiationPolicyType";

    /// <summary>
    /// Whether attaching this policy turns the PROXY protocol on. Policies are recognized by type: the name differs with who made
    /// them, and both <c>true</c> and <c>True</c> are in use.
    /// </summary>
    public bool SendsProxyLine =>
        string.Equals(TypeName, ProxyProtocolType, StringComparison.Ordinal)
        && Attributes.Any(a => string.Equals(a.Name, "ProxyProtocol", StringComparison.Ordinal)
            && string.Equals(a.Value, "true", StringComparison.OrdinalIgnoreCase));

    /// <summary>The policy that <c>setup</c> creates when there is none; the Deis template v1.6.0 and later uses the same name.</summary>
    public static LoadBalancerPolicy EnableProxyProtocol { get; } =
        new("EnableProxyProtocol", ProxyProtocolType, [new("ProxyProtocol", "true")]);
}

/// <summary>One attribute of a policy.</summary>
/// <param name="Value">Attribute value, as the API writes it.</param>
public sealed record PolicyAttribute(string Name, string Value);

/// <summary>
/// The policies enabled towards one instance port. They belong to the instance port, not to a listener: every listener that
/// shares the port is affected, and they outlive it.
/// </summary>
/// <param name="PolicyNames">Names of the policies, in ordinal order; never empty inside a <see cref="LoadBalancer"/>.</param>
public sealed record BackendPolicies(int InstancePort, ValueList<string> PolicyNames)
{
    /// <summary>The port and what is on it, for people.</summary>
    public override string ToString() => $"{InstancePort}: {(PolicyNames.Count == 0 ? "none" : PolicyNames.ToString())}";
}

/// <summary>Health check of a load balancer. All five values are replaced together (API <c>ConfigureHealthCheck</c>).</summary>
/// <param name="IntervalSeconds">Seconds between two checks, 5–300.</param>
/// <param name="TimeoutSeconds">Seconds until a check counts as failed, 2–60 and below the interval.</param>
/// <param name="UnhealthyThreshold">Failures in a row that take an instance out of service, 2–10.</param>
/// <param name="HealthyThreshold">Successes in a row that bring it back, 2–10.</param>
public sealed record HealthCheck(HealthCheckTarget Target, int IntervalSeconds, int TimeoutSeconds, int UnhealthyThreshold, int HealthyThreshold);

/// <summary>Target of a health check: <c>TCP:80</c>, <c>HTTP:80/health-check</c>.</summary>
public sealed record HealthCheckTarget(ListenerProtocol Protocol, int Port, string? Path)
{
    /// <summary>Reads the API's form of a target.</summary>
    /// <param name="text">For example <c>HTTP:80/health-check</c>.</param>
    public static HealthCheckTarget Parse(string text) => TryParse(text) ?? throw new FormatException($"\"{text}\" is not a health check target.");

    /// <summary>Reads the API's form of a target.</summary>
    /// <returns>The target; null: it is none.</returns>
    public static HealthCheckTarget? TryParse(string? text)
    {
        text ??= "";
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var portEnd = slash < 0 ? text.Length : slash;
        return colon > 0 && colon < portEnd
            && Enum.TryParse<ListenerProtocol>(text[..colon], ignoreCase: true, out var protocol) && Enum.IsDefined(protocol)
            && int.TryParse(text[(colon + 1)..portEnd], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? new HealthCheckTarget(protocol, port, slash < 0 ? null : text[slash..])
            : null;
    }

    /// <summary>The API's form.</summary>
    /// <returns>For example <c>TCP:80</c>.</returns>
    public override string ToString() => $"{Protocol.ToString().ToUpperInvariant()}:{Port}{Path}";
}

/// <summary>An instance that is registered with a load balancer.</summary>
/// <param name="State"><c>InService</c>, <c>OutOfService</c> or <c>Unknown</c> (API <c>InstanceState</c>).</param>
/// <param name="Description">The load balancer's reason, empty when there is none.</param>
public sealed record RegisteredInstance(string InstanceId, string State, string Description)
{
    /// <summary>Whether the load balancer sends it traffic.</summary>
    public bool InService => string.Equals(State, "InService", StringComparison.Ordinal);
}

/// <summary>A classic load balancer, as far as deis-proxy reads or changes it. Lists are sorted, so that equal states are equal values.</summary>
public sealed record LoadBalancer
{
    /// <summary>Unique in account and region.</summary>
    public required string Name { get; init; }

    /// <summary>Its DNS name; for people only, nothing is ever derived from it.</summary>
    public required string DnsName { get; init; }

    /// <summary>Listeners by load balancer port.</summary>
    public required ValueList<Listener> Listeners { get; init; }

    /// <summary>Policies that exist on the load balancer, used or not, by name.</summary>
    public required ValueList<LoadBalancerPolicy> Policies { get; init; }

    /// <summary>Policies enabled towards instance ports, by port; ports without any are absent.</summary>
    public required ValueList<BackendPolicies> BackendPolicies { get; init; }

    /// <summary>The health check.</summary>
    public required HealthCheck HealthCheck { get; init; }

    /// <summary>Seconds without data after which a connection is cut, 1–3600; applies to TCP too.</summary>
    public required int IdleTimeoutSeconds { get; init; }

    /// <summary>The registered instances with their health, by id.</summary>
    public required ValueList<RegisteredInstance> Instances { get; init; }

    /// <summary>The listener of a load balancer port.</summary>
    /// <returns>The listener, or null if the port has none.</returns>
    public Listener? ListenerOn(int loadBalancerPort) => Listeners.FirstOrDefault(l => l.LoadBalancerPort == loadBalancerPort);

    /// <summary>The policies enabled towards one instance port.</summary>
    /// <returns>Their names, empty if there are none.</returns>
    public ValueList<string> BackendPoliciesOf(int instancePort) =>
        BackendPolicies.FirstOrDefault(b => b.InstancePort == instancePort)?.PolicyNames ?? [];

    /// <summary>The policy of a name.</summary>
    /// <returns>The policy, or null if the load balancer has none of that name.</returns>
    public LoadBalancerPolicy? Policy(string name) =>
        Policies.FirstOrDefault(p => string.Equals(p.Name, name, StringComparison.Ordinal));

    /// <summary>Whether traffic to an instance port begins with the PROXY line.</summary>
    public bool SendsProxyLineTo(int instancePort) => BackendPoliciesOf(instancePort).Any(name => Policy(name)?.SendsProxyLine == true);
}
