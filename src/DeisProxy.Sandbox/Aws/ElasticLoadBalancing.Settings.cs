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
            throw new QueryException("ValidationError", $"HealthCheck {upper} Target must specify a port between 1 and 65535 and nothing else. e.g. {upper}:80");
        }

        if (upper is "HTTP" or "HTTPS" && (!hasPort || slash < 0 || rest.Length - slash > 1024))
        {
            throw new QueryException(
                "ValidationError",
                $"HealthCheck {upper} Target must specify a port followed by a path that begins with a slash. e.g. {upper}:80/ping/this/path");
        }

        return $"{upper}:{rest}";
    }

    private object?[] DescribeLoadBalancerAttributes(QueryRequest request) => [AttributesElement(Find(request).State.Attributes)];

    private object?[] ModifyLoadBalancerAttributes(QueryRequest request)
    {
        var loadBalancer = Find(request);
        var given = request.Structure("LoadBalancerAttributes") ?? throw request.Missing("LoadBalancerAttributes");
        var after = loadBalancer.State.Attributes;
        if (given.Structure("ConnectionSettings") is { } settings)
        {
            after = after with { IdleTimeout = settings.RequiredInt("IdleTimeout", 1, 3600) };
        }

        if (given.Structure("CrossZoneLoadBalancing") is { } crossZone)
        {
            after = after with { CrossZone = crossZone.OptionalBool("Enabled") ?? throw crossZone.Missing("Enabled") };
        }

        if (given.Structure("ConnectionDraining") is { } draining)
        {
            var enabled = draining.OptionalBool("Enabled") ?? throw draining.Missing("Enabled");
            var timeout = draining.OptionalInt("Timeout", 1, 3600);
            if (!enabled && timeout is not null)
            {
                throw InvalidConfiguration("ConnectionDraining timeout cannot be set while ConnectionDraining is disabled");
            }

            after = after with { ConnectionDraining = enabled, DrainingTimeout = timeout ?? after.DrainingTimeout };
        }

        if (given.Structure("AccessLog") is { } log)
        {
            after = after with
            {
                AccessLog = log.OptionalBool("Enabled") ?? throw log.Missing("Enabled"),
                AccessLogBucket = log.Optional("S3BucketName"),
                AccessLogPrefix = log.Optional("S3BucketPrefix"),
                AccessLogInterval = log.OptionalInt("EmitInterval", 5, 60) ?? 60,
            };
        }

        foreach (var additional in given.Structures("AdditionalAttributes"))
        {
            var key = additional.Required("Key");
            var value = additional.Required("Value");
            if (key != "elb.http.desyncmitigationmode" || value is not ("monitor" or "defensive" or "strictest"))
            {
                throw InvalidConfiguration($"The attribute '{key}' with value '{value}' is not valid");
            }

            after = after with { DesyncMitigationMode = value };
        }

        Change(request, loadBalancer, state => state with { Attributes = after });
        return [Xml.Of("LoadBalancerName", loadBalancer.Name), AttributesElement(after)];
    }

    private static XElement AttributesElement(LoadBalancerAttributes attributes) => Xml.Of(
        "LoadBalancerAttributes",
        Xml.Of("CrossZoneLoadBalancing", Xml.Of("Enabled", Xml.Bool(attributes.CrossZone))),
        Xml.Of(
            "AccessLog",
            Xml.Of("Enabled", Xml.Bool(attributes.AccessLog)),
            attributes.AccessLog ? Xml.Maybe("S3BucketName", attributes.AccessLogBucket) : null,
            attributes.AccessLog ? Xml.Of("EmitInterval", attributes.AccessLogInterval) : null,
            attributes.AccessLog ? Xml.Maybe("S3BucketPrefix", attributes.AccessLogPrefix) : null),
        Xml.Of("ConnectionDraining", Xml.Of("Enabled", Xml.Bool(attributes.ConnectionDraining)), Xml.Of("Timeout", attributes.DrainingTimeout)),
        Xml.Of("ConnectionSettings", Xml.Of("IdleTimeout", attributes.IdleTimeout)),
        Xml.List("AdditionalAttributes", [new object?[] { Xml.Of("Key", "elb.http.desyncmitigationmode"), Xml.Of("Value", attributes.DesyncMitigationMode) }]));

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

    private object?[] RegisterInstances(QueryRequest request)
    {
        var loadBalancer = Find(request);
        var ids = ReadInstances(request);
        foreach (var id in ids.Where(id => !_cloud.Instances.Any(instance => instance.Id == id)))
        {
            throw InvalidInstance(id);
        }

        Change(request, loadBalancer, state => state with { Instances = state.Instances.AddRange(ids.Except(state.Instances, StringComparer.Ordinal)) });
        return [InstancesElement(loadBalancer)];
    }

    private object?[] DeregisterInstances(QueryRequest request)
    {
        var loadBalancer = Find(request);
        var ids = ReadInstances(request);
        foreach (var id in ids.Where(id => !loadBalancer.State.Instances.Contains(id)))
        {
            throw InvalidInstance(id);
        }

        Change(request, loadBalancer, state => state with { Instances = state.Instances.RemoveAll(id => ids.Contains(id, StringComparer.Ordinal)) });
        return [InstancesElement(loadBalancer)];
    }

    private static XElement InstancesElement(LoadBalancer loadBalancer) =>
        Xml.List("Instances", loadBalancer.State.Instances.Select(id => Xml.Of("InstanceId", id)));

    private static List<string> ReadInstances(QueryRequest request) => [.. request.Structures("Instances").Select(instance => instance.Required("InstanceId"))];

    private static QueryException InvalidInstance(string id) => new("InvalidInstance", $"Could not find EC2 instance {id}.");
}
