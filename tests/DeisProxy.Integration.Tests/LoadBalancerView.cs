using System.Globalization;
using System.Xml.Linq;

namespace DeisProxy.Integration.Tests;

/// <summary>A load balancer as the API describes it, in words that a test can compare.</summary>
public sealed class LoadBalancerView(XDocument description, XDocument attributes)
{
    /// <summary>Port, protocol, instance port, instance protocol; then certificate and policies where there are any.</summary>
    public IReadOnlyList<string> Listeners { get; } =
    [
        .. description.Descendants().Where(e => e.Name.LocalName == "Listener")
            .OrderBy(l => int.Parse(Child(l, "LoadBalancerPort")!, CultureInfo.InvariantCulture))
            .Select(l => string.Join(' ', new[] { "LoadBalancerPort", "Protocol", "InstancePort", "InstanceProtocol", "SSLCertificateId" }
                .Select(name => Child(l, name)).Concat(Members(l.Parent!, "PolicyNames")).Where(text => !string.IsNullOrEmpty(text)))),
    ];

    /// <summary>Instance port, then its policies; only ports that have any.</summary>
    public IReadOnlyList<string> BackendPolicies { get; } =
    [
        .. description.Descendants().Where(e => e.Name.LocalName == "InstancePort" && e.Parent!.Parent!.Name.LocalName == "BackendServerDescriptions")
            .Select(e => (
                Port: int.Parse(e.Value, CultureInfo.InvariantCulture),
                Names: Members(e.Parent!, "PolicyNames").Order(StringComparer.Ordinal).ToList()))
            .Where(b => b.Names.Count > 0)
            .OrderBy(b => b.Port)
            .Select(b => $"{b.Port} {string.Join(' ', b.Names)}"),
    ];

    /// <summary>Target, interval, timeout, unhealthy and healthy threshold.</summary>
    public string HealthCheck { get; } = string.Join(' ', new[] { "Target", "Interval", "Timeout", "UnhealthyThreshold", "HealthyThreshold" }
        .Select(name => Child(description.Descendants().Single(e => e.Name.LocalName == "HealthCheck"), name)));

    public string DnsName { get; } = description.Descendants().Single(e => e.Name.LocalName == "DNSName").Value;

    public string IdleTimeout { get; } = attributes.Descendants().Single(e => e.Name.LocalName == "IdleTimeout").Value;

    private static string? Child(XElement parent, string name) => parent.Elements().SingleOrDefault(e => e.Name.LocalName == name)?.Value;

    private static IEnumerable<string> Members(XElement parent, string name) =>
        parent.Elements().Where(e => e.Name.LocalName == name).SelectMany(e => e.Elements()).Select(e => e.Value);
}
