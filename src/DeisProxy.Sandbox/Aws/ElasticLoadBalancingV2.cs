using System.Globalization;

namespace DeisProxy.Sandbox.Aws;

/// <summary>Elastic Load Balancing v2, API 2015-12-01: the target groups of other load balancers in front of the nodes, read only.</summary>
internal sealed class ElasticLoadBalancingV2 : AwsService
{
    private readonly CloudState _cloud;

    public ElasticLoadBalancingV2(CloudState cloud)
        : base("elasticloadbalancing", ["2015-12-01"], "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/")
    {
        _cloud = cloud;
        Operations = new Dictionary<string, Func<QueryRequest, object?[]>>(StringComparer.Ordinal)
        {
            ["DescribeTargetGroups"] = DescribeTargetGroups,
            ["DescribeTargetHealth"] = DescribeTargetHealth,
            ["DescribeTargetGroupAttributes"] = DescribeTargetGroupAttributes,
        };
    }

    public override IReadOnlyDictionary<string, Func<QueryRequest, object?[]>> Operations { get; }

    private object?[] DescribeTargetGroups(QueryRequest request)
    {
        var names = request.List("Names");
        var arns = request.List("TargetGroupArns");
        var matching = _cloud.Options.TargetGroups
            .Where(group => (names.Count == 0 || names.Contains(group.Name, StringComparer.Ordinal)) && (arns.Count == 0 || arns.Contains(Arn(group), StringComparer.Ordinal))).ToList();
        if ((names.Count > 0 || arns.Count > 0) && matching.Count < Math.Max(names.Count, arns.Count))
        {
            throw NotFound();
        }

        var size = request.OptionalInt("PageSize", 1, 400) ?? 400;
        var start = 0;
        if (request.Optional("Marker") is { } marker && (!int.TryParse(marker, NumberStyles.None, CultureInfo.InvariantCulture, out start) || start > matching.Count))
        {
            throw new QueryException("ValidationError", "Invalid marker");
        }

        return
        [
            Xml.List("TargetGroups", matching.Skip(start).Take(size).Select(Elements)),
            start + size < matching.Count ? Xml.Of("NextMarker", start + size) : null,
        ];
    }

    private object?[] Elements(TargetGroupOptions group) =>
    [
        Xml.Of("TargetGroupArn", Arn(group)),
        Xml.Of("TargetGroupName", group.Name),
        Xml.Of("Protocol", group.Protocol),
        Xml.Of("Port", group.Port),
        Xml.Of("VpcId", CloudState.VpcId),
        Xml.Of("HealthCheckProtocol", group.IsApplication ? "HTTP" : "TCP"),
        Xml.Of("HealthCheckPort", "traffic-port"),
        Xml.Of("HealthCheckEnabled", "true"),
        Xml.List("LoadBalancerArns", group.LoadBalancer is { } name
            ? [$"arn:aws:elasticloadbalancing:{_cloud.Options.Region}:{_cloud.Options.Account}:loadbalancer/{(group.IsApplication ? "app" : "net")}/{name}/50dc6c495c0c9188"]
            : []),
        Xml.Of("TargetType", group.ByAddress ? "ip" : "instance"),
    ];

    private object?[] DescribeTargetHealth(QueryRequest request)
    {
        var group = Find(request);
        return [Xml.List("TargetHealthDescriptions", _cloud.Instances.Select(instance => new object?[]
        {
            Xml.Of("Target", Xml.Of("Id", group.ByAddress ? instance.PrivateAddress : instance.Id), Xml.Of("Port", group.Port)),
            Xml.Of("HealthCheckPort", group.Port),
            Xml.Of("TargetHealth", group.LoadBalancer is null
                ? [Xml.Of("State", "unused"), Xml.Of("Reason", "Target.NotInUse"), Xml.Of("Description", "Target group is not configured to receive traffic from the load balancer")]
                : (object?[])[Xml.Of("State", "healthy")]),
        }))];
    }

    private object?[] DescribeTargetGroupAttributes(QueryRequest request)
    {
        var group = Find(request);
        (string Key, string Value)[] attributes =
        [
            ("deregistration_delay.timeout_seconds", "300"),
            ("stickiness.enabled", "false"),
            .. group.IsApplication ? [] : ((string, string)[])[("proxy_protocol_v2.enabled", Xml.Bool(group.ProxyProtocolV2))],
        ];
        return [Xml.List("Attributes", attributes.Select(attribute => new object?[] { Xml.Of("Key", attribute.Key), Xml.Of("Value", attribute.Value) }))];
    }

    private TargetGroupOptions Find(QueryRequest request)
    {
        var arn = request.Required("TargetGroupArn");
        return _cloud.Options.TargetGroups.FirstOrDefault(group => Arn(group) == arn) ?? throw NotFound();
    }

    private static QueryException NotFound() => new("TargetGroupNotFound", "One or more target groups not found");

    private string Arn(TargetGroupOptions group) => $"arn:aws:elasticloadbalancing:{_cloud.Options.Region}:{_cloud.Options.Account}:targetgroup/{group.Name}/73e2d6bc24d8a067";
}
