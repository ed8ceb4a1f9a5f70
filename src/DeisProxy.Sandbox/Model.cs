namespace DeisProxy.Sandbox;

/// <summary>A listener of a load balancer.</summary>
public sealed record Listener(string Protocol, int LoadBalancerPort, string InstanceProtocol, int InstancePort, string? CertificateId = null)
{
    /// <summary>Names of the policies that are enabled on it.</summary>
    public IReadOnlyList<string> PolicyNames { get; init; } = [];

    internal bool TerminatesHttp => Protocol is "HTTP" or "HTTPS";

    internal bool IsSecure => Protocol is "HTTPS" or "SSL";

    internal bool IsInstanceSecure => InstanceProtocol is "HTTPS" or "SSL";

    internal bool Same(Listener other) => this with { PolicyNames = [] } == other with { PolicyNames = [] };

    /// <inheritdoc/>
    public bool Equals(Listener? other) =>
        other is not null && Protocol == other.Protocol && LoadBalancerPort == other.LoadBalancerPort && InstanceProtocol == other.InstanceProtocol
        && InstancePort == other.InstancePort && CertificateId == other.CertificateId && PolicyNames
        .SequenceEqual(other.PolicyNames, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() =>
        HashCode.Combine(Protocol, LoadBalancerPort, InstanceProtocol, InstancePort, CertificateId, PolicyNames.Count);

    /// <inheritdoc/>
    public override string ToString() =>
        $"{LoadBalancerPort} {Protocol}->{InstanceProtocol}:{InstancePort}"
        + (CertificateId is null ? "" : $" {CertificateId}")
        + (PolicyNames.Count == 0 ? "" : $" [{string.Join(",", PolicyNames)}]");
}

/// <summary>A policy of a load balancer.</summary>
/// <param name="TypeName">Its type, such as <c>ProxyProtocolPolicyType</c>.</param>
public sealed record Policy(string Name, string TypeName, IReadOnlyList<KeyValuePair<string, string>> Attributes)
{
    /// <summary>Whether it makes the load balancer send the PROXY line.</summary>
    public bool IsProxyProtocol => TypeName == "ProxyProtocolPolicyType"
        && Attributes.Any(
            attribute => attribute.Key == "ProxyProtocol" && string.Equals(attribute.Value, "true", StringComparison.OrdinalIgnoreCase));
}

/// <summary>A health check.</summary>
/// <param name="Target"><c>TCP:port</c>, <c>SSL:port</c>, <c>HTTP:port/path</c> or <c>HTTPS:port/path</c>.</param>
/// <param name="Interval">Seconds between two checks of an instance.</param>
/// <param name="Timeout">Seconds until a check has failed.</param>
public sealed record HealthCheck(string Target, int Interval, int Timeout, int UnhealthyThreshold, int HealthyThreshold);

/// <summary>The health of a registered instance, as DescribeInstanceHealth tells it.</summary>
/// <param name="State"><c>InService</c> or <c>OutOfService</c>.</param>
/// <param name="ReasonCode"><c>ELB</c>, <c>Instance</c> or <c>N/A</c>.</param>
public sealed record InstanceHealth(string InstanceId, string State, string ReasonCode, string Description);
