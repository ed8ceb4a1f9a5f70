using System.Globalization;
using System.Text.Json.Nodes;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;

namespace DeisProxy.Aws;

/// <summary>The parts of a load balancer in CloudFormation's vocabulary, as a template would declare them.</summary>
internal static class TemplateParts
{
    public static string Text(ListenerProtocol protocol) => protocol.ToString().ToUpperInvariant();

    public static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    public static JsonObject Wanted(LoadBalancer target)
    {
        var properties = new JsonObject { ["Listeners"] = NewListeners(target) };
        if (NewPolicies(ProxyPorts(target)) is { Count: > 0 } policies)
        {
            properties["Policies"] = policies;
        }

        properties["HealthCheck"] = NewHealthCheck(target.HealthCheck);
        properties["ConnectionSettings"] = new JsonObject { ["IdleTimeout"] = target.IdleTimeoutSeconds };
        return properties;
    }

    public static JsonArray Texts(IEnumerable<string> values) => new([.. values.Select(v => JsonValue.Create(v))]);

    public static JsonArray NewListeners(LoadBalancer target) => new([.. target.Listeners.Select(NewListener)]);

    public static JsonObject NewListener(Listener listener)
    {
        var value = new JsonObject
        {
            ["LoadBalancerPort"] = Text(listener.LoadBalancerPort),
            ["InstancePort"] = Text(listener.InstancePort),
            ["Protocol"] = Text(listener.Protocol),
            ["InstanceProtocol"] = Text(listener.InstanceProtocol),
        };
        if (listener.CertificateId is { } certificate)
        {
            value["SSLCertificateId"] = certificate;
        }

        return value;
    }

    public static JsonArray NewPolicies(IEnumerable<(LoadBalancerPolicy Policy, ValueList<int> Ports)> policies) =>
        new([.. policies.Select(p => NewPolicy(p.Policy, p.Ports))]);

    public static JsonObject NewPolicy(LoadBalancerPolicy policy, IEnumerable<int> ports) => new()
    {
        ["PolicyName"] = policy.Name,
        ["PolicyType"] = policy.TypeName,
        ["Attributes"] = new JsonArray(
            [
                .. policy.Attributes.Select(a => new JsonObject
                {
                    ["Name"] = a.Name,
                    ["Value"] = bool.TryParse(a.Value, out var flag) ? flag : a.Value,
                }),
            ]),
        ["InstancePorts"] = Texts(ports.Select(Text)),
    };

    public static JsonObject NewHealthCheck(HealthCheck check) => new()
    {
        ["Target"] = check.Target.ToString(),
        ["Interval"] = Text(check.IntervalSeconds),
        ["Timeout"] = Text(check.TimeoutSeconds),
        ["UnhealthyThreshold"] = Text(check.UnhealthyThreshold),
        ["HealthyThreshold"] = Text(check.HealthyThreshold),
    };

    public static IEnumerable<(LoadBalancerPolicy Policy, ValueList<int> Ports)> ProxyPorts(LoadBalancer target) => target.Policies
        .Where(p => p.TypeName == LoadBalancerPolicy.ProxyProtocolType)
        .Select(p => (p, target.BackendPolicies.Where(b => b.PolicyNames.Contains(p.Name)).Select(b => b.InstancePort).ToValueList()))
        .Where(p => p.Item2.Count > 0);
}
