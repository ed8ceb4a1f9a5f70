using System.Globalization;
using System.Xml.Linq;

namespace DeisProxy.Sandbox.Aws;

/// <content>Health check, attributes and instances.</content>
internal sealed partial class ElasticLoadBalancing
{
    private object?[] ConfigureHealthCheck(QueryRequest request)
    {
        var loadBalancer = Find(request);
        var given = request.Structure("HealthCheck") ?? throw request.Missing("HealthCheck");
        var check = new HealthCheck(
            ReadTarget(given.Required("Target")),
            given.RequiredInt("Interval", 5, 300),
            given.RequiredInt("Timeout", 2, 60),
            given.RequiredInt("UnhealthyThreshold", 2, 10),
            given.RequiredInt("HealthyThreshold", 2, 10));
        if (check.Timeout >= check.Interval)
        {
            throw new QueryException("ValidationError", "HealthCheck timeout must be less than interval");
        }

        Change(request, loadBalancer, state => state with { HealthCheck = check });
        return [HealthCheckElement(check)];
    }

    private static string ReadTarget(string target)
    {
        var at = target.IndexOf(':', StringComparison.Ordinal);
        var protocol = at < 0 ? target : target[..at];
        var rest = at < 0 ? "" : target[(at + 1)..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var portText = slash < 0 ? rest : rest[..slash];
        var upper = protocol.ToUpperInvariant();
        if (upper is not ("TCP" or "SSL" or "HTTP" or "HTTPS"))
        {
            throw new QueryException("ValidationError", $"HealthCheck Target must begin with one of HTTP, HTTPS, TCP, SSL: '{target}'");
        }

        var hasPort = int.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535;
        if (upper is "TCP" or "SSL" && (!hasPort || slash >= 0))
        {
            throw new QueryException(
                "ValidationError", $"HealthCheck {upper} Target must specify a port between 1 and 65535 and nothing else. e.g. {upper}:80");
        }

        if (upper is "HTTP" or "HTTPS" && (!hasPort || slash < 0 || rest.Length - slash > 1024))
        {
            throw new QueryException(
                "ValidationError",
                $"HealthCheck {upper} Target must specify a port followed by a path that begins with a slash. e.g. {upper}:80/ping/this/path");
        }

        return $"{upper}:{rest}";
    }

    private object?[] DescribeLoadBalancerAttributes(QueryRequest request) => [AttributesElement(Find(request).State.IdleTimeout)];

    // The idle timeout is all that anyone changes here; the other attributes stay as a new load balancer has them.
    private object?[] ModifyLoadBalancerAttributes(QueryRequest request)
    {
        var loadBalancer = Find(request);
        var given = request.Structure("LoadBalancerAttributes") ?? throw request.Missing("LoadBalancerAttributes");
        if (given.Structure("ConnectionSettings") is { } settings)
        {
            var seconds = settings.RequiredInt("IdleTimeout", 1, 3600);
            Change(request, loadBalancer, state => state with { IdleTimeout = seconds });
        }

        return [Xml.Of("LoadBalancerName", loadBalancer.Name), AttributesElement(loadBalancer.State.IdleTimeout)];
    }

    private static XElement AttributesElement(int idleTimeout) => Xml.Of(
        "LoadBalancerAttributes",
        Xml.Of("CrossZoneLoadBalancing", Xml.Of("Enabled", "false")),
        Xml.Of("AccessLog", Xml.Of("Enabled", "false")),
        Xml.Of("ConnectionDraining", Xml.Of("Enabled", "false"), Xml.Of("Timeout", 300)),
        Xml.Of("ConnectionSettings", Xml.Of("IdleTimeout", idleTimeout)),
        Xml.List("AdditionalAttributes", [new object?[] { Xml.Of("Key", "elb.http.desyncmitigationmode"), Xml.Of("Value", "defensive") }]));

    private object?[] DescribeInstanceHealth(QueryRequest request)
    {
        var loadBalancer = Find(request);
        var ids = ReadInstances(request);
        foreach (var id in ids.Where(id => !loadBalancer.State.Instances.Contains(id)))
        {
            throw InvalidInstance(id);
        }

        var states = loadBalancer.InstanceHealth.Where(health => ids.Count == 0 || ids.Contains(health.InstanceId, StringComparer.Ordinal));
        return [Xml.List("InstanceStates", states.Select(health => new object?[]
        {
            Xml.Of("InstanceId", health.InstanceId),
            Xml.Of("State", health.State),
            Xml.Of("ReasonCode", health.ReasonCode),
            Xml.Of("Description", health.Description),
        }))];
    }

    private static List<string> ReadInstances(QueryRequest request) =>
        [.. request.Structures("Instances").Select(instance => instance.Required("InstanceId"))];

    private static QueryException InvalidInstance(string id) => new("InvalidInstance", $"Could not find EC2 instance {id}.");
}
