using Amazon.ElasticLoadBalancing.Model;
using DeisProxy.Core;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using HealthCheck = DeisProxy.Core.Elb.HealthCheck;
using Listener = DeisProxy.Core.Elb.Listener;
using PolicyAttribute = DeisProxy.Core.Elb.PolicyAttribute;
using Sdk = Amazon.ElasticLoadBalancing.Model;

namespace DeisProxy.Aws;

/// <summary>A classic load balancer in our terms, read from the API's answers.</summary>
internal static class ElbModel
{
    /// <summary>What AWS uses when the attribute was never set.</summary>
    private const int DefaultIdleTimeoutSeconds = 60;

    /// <summary>What the answers of the four describing calls say together.</summary>
    public static LoadBalancer Of(
        string name,
        LoadBalancerDescription description,
        DescribeLoadBalancerPoliciesResponse policies,
        DescribeLoadBalancerAttributesResponse attributes,
        DescribeInstanceHealthResponse health) => new()
        {
            Name = name,
            DnsName = description.DNSName ?? "",
            Listeners = (description.ListenerDescriptions ?? []).Select(Of).OrderBy(l => l.LoadBalancerPort).ToValueList(),
            Policies = (policies.PolicyDescriptions ?? [])
                .Select(p => new LoadBalancerPolicy(
                    p.PolicyName ?? "",
                    p.PolicyTypeName ?? "",
                    (p.PolicyAttributeDescriptions ?? [])
                        .Select(a => new PolicyAttribute(a.AttributeName ?? "", a.AttributeValue ?? ""))
                        .OrderBy(a => a.Name, StringComparer.Ordinal).ThenBy(a => a.Value, StringComparer.Ordinal).ToValueList()))
                .OrderBy(p => p.Name, StringComparer.Ordinal)
                .ToValueList(),
            BackendPolicies = (description.BackendServerDescriptions ?? [])
                .Where(b => b.PolicyNames is { Count: > 0 })
                .Select(b => new BackendPolicies(b.InstancePort ?? 0, Sorted(b.PolicyNames)))
                .OrderBy(b => b.InstancePort)
                .ToValueList(),
            HealthCheck = Of(description.HealthCheck),
            IdleTimeoutSeconds = attributes.LoadBalancerAttributes?.ConnectionSettings?.IdleTimeout ?? DefaultIdleTimeoutSeconds,
            Instances = (health.InstanceStates ?? [])
                .Select(i => new RegisteredInstance(i.InstanceId ?? "", i.State ?? "Unknown", i.Description is null or "N/A" ? "" : i.Description))
                .OrderBy(i => i.InstanceId, StringComparer.Ordinal)
                .ToValueList(),
        };

    /// <summary>One listener.</summary>
    public static Listener Of(ListenerDescription description)
    {
        var listener = description.Listener ?? throw AwsErrors.NotUnderstood(ClassicLoadBalancer.DescribeOperation, "a listener is missing");
        var protocol = Protocol(listener.Protocol);
        return new Listener(
            listener.LoadBalancerPort ?? 0,
            protocol,
            listener.InstancePort ?? 0,
            string.IsNullOrEmpty(listener.InstanceProtocol) ? protocol : Protocol(listener.InstanceProtocol),
            string.IsNullOrEmpty(listener.SSLCertificateId) ? null : listener.SSLCertificateId,
            Sorted(description.PolicyNames));
    }

    private static HealthCheck Of(Sdk.HealthCheck? check) => new(
        HealthCheckTarget.TryParse(check?.Target)
            ?? throw AwsErrors.NotUnderstood(ClassicLoadBalancer.DescribeOperation, $"the health check's target is \"{check?.Target}\""),
        check?.Interval ?? 0,
        check?.Timeout ?? 0,
        check?.UnhealthyThreshold ?? 0,
        check?.HealthyThreshold ?? 0);

    private static ListenerProtocol Protocol(string? text) =>
        Enum.TryParse<ListenerProtocol>(text, ignoreCase: true, out var protocol) && Enum.IsDefined(protocol)
        ? protocol
        : throw new DeisProxyException(
            "listener-unknown",
            $"A listener has the protocol \"{text}\", which a classic load balancer does not know.",
            "Please report this as a bug.");

    private static ValueList<string> Sorted(List<string>? names) => (names ?? []).Order(StringComparer.Ordinal).ToValueList();
}
