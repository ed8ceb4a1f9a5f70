using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace DeisProxy.Sandbox.Aws;

/// <summary>EC2: the instances, network and security groups of the stack, read only.</summary>
internal sealed class Ec2 : AwsService
{
    private static readonly string[] ApiVersions =
        ["2016-11-15", "2016-09-15", "2016-04-01", "2015-10-01", "2015-04-15", "2015-03-01", "2014-10-01", "2014-09-01"];

    private readonly CloudState _cloud;

    public Ec2(CloudState cloud)
        : base("ec2", ApiVersions, "http://ec2.amazonaws.com/doc/2016-11-15/")
    {
        _cloud = cloud;
        Operations = new Dictionary<string, Func<QueryRequest, object?[]>>(StringComparer.Ordinal)
        {
            ["DescribeInstances"] = DescribeInstances,
            ["DescribeVpcs"] = DescribeVpcs,
            ["DescribeSubnets"] = DescribeSubnets,
            ["DescribeSecurityGroups"] = DescribeSecurityGroups,
        };
    }

    public override IReadOnlyDictionary<string, Func<QueryRequest, object?[]>> Operations { get; }

    // EC2 has documents of its own for answers and errors.
    public override XElement Success(string operation, object?[] result, string requestId) =>
        Xml.InNamespace(Xml.Of($"{operation}Response", Xml.Of("requestId", requestId), result), Namespace);

    public override XElement Error(QueryException error, string requestId) => Xml.Of(
        "Response",
        Xml.Of("Errors", Xml.Of("Error", Xml.Of("Code", error.Code), Xml.Of("Message", error.Message))),
        Xml.Of("RequestID", requestId));

    public override QueryException UnknownOperation(string? operation, string version) => operation is null
        ? new("MissingParameter", "The request must contain the parameter Action")
        : new("InvalidAction", $"The action {operation} is not valid for this web service.");

    public override QueryException? Fault(FaultKind kind, string operation) => kind switch
    {
        FaultKind.Throttled => new("RequestLimitExceeded", "Request limit exceeded.", 503),
        FaultKind.ServerError => new("InternalError", "An internal error has occurred", 500),
        FaultKind.AccessDenied => new("UnauthorizedOperation", "You are not authorized to perform this operation.", 403),
        FaultKind.ExpiredCredentials => new("RequestExpired", "Request has expired.", 400),
        _ => null,
    };

    private object?[] DescribeInstances(QueryRequest request)
    {
        var ids = request.List("InstanceId", "");
        foreach (var id in ids.Where(id => !_cloud.AllInstances.Any(instance => instance.Id == id)))
        {
            throw Regex.IsMatch(id, "^i-[0-9a-f]{8,17}$", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1))
                ? new QueryException("InvalidInstanceID.NotFound", $"The instance ID '{id}' does not exist")
                : new QueryException("InvalidInstanceID.Malformed", $"Invalid id: \"{id}\"");
        }

        if (ids.Count > 0 && request.Has("MaxResults"))
        {
            throw new QueryException("InvalidParameterCombination", "The parameter instancesSet cannot be used with the parameter maxResults");
        }

        var matching = Filter(
            request, _cloud.AllInstances.Where(instance => ids.Count == 0 || ids.Contains(instance.Id, StringComparer.Ordinal)), InstanceFilter);
        return Page(request, matching, "reservationSet", instance =>
        [
            Xml.Of("reservationId", $"r-{instance.Id[2..]}"),
            Xml.Of("ownerId", _cloud.Options.Account),
            Xml.Of("groupSet"),
            Xml.List("instancesSet", [InstanceElements(instance)], "item"),
        ]);
    }

    private object?[] InstanceElements(Instance instance)
    {
        var runs = instance.State == "running";
        return
        [
            Xml.Of("instanceId", instance.Id),
            Xml.Of("imageId", "ami-0de15000"),
            Xml.Of("instanceState", Xml.Of("code", runs ? 16 : 48), Xml.Of("name", instance.State)),
            Xml.Of("privateDnsName", runs ? $"ip-{instance.PrivateAddress.Replace('.', '-')}.ec2.internal" : ""),
            Xml.Of("dnsName", instance.PublicAddress is { } address ? $"ec2-{address.Replace('.', '-')}.compute-1.amazonaws.com" : ""),
            Xml.Of("instanceType", "m3.large"),
            Xml.Of("launchTime", Xml.Time(_cloud.Created)),
            Xml.Of(
                "placement",
                Xml.Of("availabilityZone", $"{_cloud.Options.Region}{(instance.SubnetId == CloudState.SubnetIds[0] ? 'a' : 'b')}"),
                Xml.Of("groupName"),
                Xml.Of("tenancy", "default")),
            runs ? Xml.Of("subnetId", instance.SubnetId) : null,
            runs ? Xml.Of("vpcId", CloudState.VpcId) : null,
            runs ? Xml.Of("privateIpAddress", instance.PrivateAddress) : null,
            Xml.Maybe("ipAddress", instance.PublicAddress),
            Xml.Of("sourceDestCheck", "true"),
            Xml.List(
                "groupSet",
                runs ? [new object?[] { Xml.Of("groupId", CloudState.NodeGroup), Xml.Of("groupName", _cloud.NodeGroupName) }] : [],
                "item"),
            Tags(InstanceTags(instance)),
        ];
    }

    private Dictionary<string, string> InstanceTags(Instance instance)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal) { ["Name"] = "deis-node" };
        if (instance.InStack)
        {
            tags["aws:cloudformation:logical-id"] = "CoreOSServerAutoScale";
            tags["aws:cloudformation:stack-id"] = _cloud.StackId;
            tags["aws:cloudformation:stack-name"] = _cloud.Options.StackName;
            tags["aws:autoscaling:groupName"] = _cloud.Resources.First(resource => resource.LogicalId == "CoreOSServerAutoScale").PhysicalId!;
        }

        return tags;
    }

    private IEnumerable<string>? InstanceFilter(Instance instance, string filter) => filter switch
    {
        "instance-state-name" => [instance.State],
        "instance-state-code" => [instance.State == "running" ? "16" : "48"],
        "instance-id" => [instance.Id],
        "vpc-id" or "network-interface.vpc-id" => instance.State == "running" ? [CloudState.VpcId] : [],
        "subnet-id" => [instance.SubnetId],
        "private-ip-address" => [instance.PrivateAddress],
        "ip-address" => instance.PublicAddress is { } address ? [address] : [],
        "instance.group-id" or "group-id" => [CloudState.NodeGroup],
        "tag-key" => InstanceTags(instance).Keys,
        _ when filter.StartsWith("tag:", StringComparison.Ordinal) => InstanceTags(instance).TryGetValue(filter[4..], out var value) ? [value] : [],
        _ => null,
    };

    private object?[] DescribeVpcs(QueryRequest request)
    {
        RequireKnown(request, "VpcId", [CloudState.VpcId], "InvalidVpcID.NotFound", "vpc ID");
        var cidrs = (List<string>)[_cloud.Options.VpcCidr, .. _cloud.Options.AdditionalVpcCidrs];
        var matching = Filter(request, (string[])[CloudState.VpcId], (id, filter) => filter switch
        {
            "vpc-id" => [id],
            "cidr" or "cidr-block" => [_cloud.Options.VpcCidr],
            "cidr-block-association.cidr-block" => cidrs,
            "state" => ["available"],
            "isDefault" or "is-default" => ["false"],
            _ when filter.StartsWith("tag:", StringComparison.Ordinal) => filter == "tag:Application" ? ["Deis"] : [],
            _ => null,
        });
        return Page(request, matching, "vpcSet", id =>
        [
            Xml.Of("vpcId", id),
            Xml.Of("ownerId", _cloud.Options.Account),
            Xml.Of("state", "available"),
            Xml.Of("cidrBlock", _cloud.Options.VpcCidr),
            Xml.List("cidrBlockAssociationSet", cidrs.Select((cidr, number) => new object?[]
            {
                Xml.Of("associationId", $"vpc-cidr-assoc-0de1500{number}"),
                Xml.Of("cidrBlock", cidr),
                Xml.Of("cidrBlockState", Xml.Of("state", "associated")),
            }), "item"),
            Xml.Of("dhcpOptionsId", "dopt-0de15000"),
            Xml.Of("instanceTenancy", "default"),
            Xml.Of("isDefault", "false"),
            Tags(new Dictionary<string, string>(StringComparer.Ordinal) { ["Application"] = "Deis" }),
        ]);
    }

    private object?[] DescribeSubnets(QueryRequest request)
    {
        RequireKnown(request, "SubnetId", CloudState.SubnetIds, "InvalidSubnetID.NotFound", "subnet ID");
        var ids = request.List("SubnetId", "");
        var asked = CloudState.SubnetIds.Index().Where(subnet => ids.Count == 0 || ids.Contains(subnet.Item, StringComparer.Ordinal));
        var matching = Filter(request, asked, (subnet, filter) => filter switch
        {
            "subnet-id" => [subnet.Item],
            "vpc-id" => [CloudState.VpcId],
            "cidr" or "cidr-block" or "cidrBlock" => [_cloud.SubnetCidrs[subnet.Index]],
            "state" => ["available"],
            _ => null,
        });
        return Page(request, matching, "subnetSet", subnet =>
        [
            Xml.Of("subnetId", subnet.Item),
            Xml.Of("state", "available"),
            Xml.Of("vpcId", CloudState.VpcId),
            Xml.Of("cidrBlock", _cloud.SubnetCidrs[subnet.Index]),
            Xml.Of("availableIpAddressCount", 240),
            Xml.Of("availabilityZone", $"{_cloud.Options.Region}{(subnet.Index == 0 ? 'a' : 'b')}"),
            Xml.Of("defaultForAz", "false"),
            Xml.Of("mapPublicIpOnLaunch", "true"),
            Xml.Of("ownerId", _cloud.Options.Account),
        ]);
    }

    private object?[] DescribeSecurityGroups(QueryRequest request)
    {
        var groups = (string[])[CloudState.LoadBalancerGroup, CloudState.NodeGroup];
        RequireKnown(request, "GroupId", groups, "InvalidGroup.NotFound", "security group");
        var ids = request.List("GroupId", "");
        var matching = Filter(request, groups.Where(id => ids.Count == 0 || ids.Contains(id, StringComparer.Ordinal)), (id, filter) => filter switch
        {
            "group-id" => [id],
            "vpc-id" => [CloudState.VpcId],
            _ => null,
        });
        return Page(request, matching, "securityGroupInfo", id =>
        [
            Xml.Of("ownerId", _cloud.Options.Account),
            Xml.Of("groupId", id),
            Xml.Of("groupName", id == CloudState.NodeGroup ? _cloud.NodeGroupName : _cloud.LoadBalancerGroupName),
            Xml.Of(
                "groupDescription", id == CloudState.NodeGroup ? "Enable public SSH and intra-VPC communication" : "Enable HTTP access on port 80"),
            Xml.Of("vpcId", CloudState.VpcId),
            Xml.List("ipPermissions", Rules(id), "item"),
            Xml.List("ipPermissionsEgress", [Rule("-1", null, "0.0.0.0/0", null)], "item"),
            Xml.Of("tagSet"),
        ]);
    }

    /// <summary>
    /// As the templates have them: the node's group admits the ports that the load balancer uses in this version of Deis, and 9090 from v1.11 on.
    /// </summary>
    private IEnumerable<object> Rules(string group)
    {
        if (group == CloudState.LoadBalancerGroup)
        {
            return ((int[])[80, 443, 2222]).Select(port => Rule("tcp", port, "0.0.0.0/0", null));
        }

        return
        [
            Rule("tcp", 22, "0.0.0.0/0", null),
            .. _cloud.AdmittedPorts.Select(port => Rule("tcp", port, null, CloudState.LoadBalancerGroup)),
            Rule("-1", null, null, CloudState.NodeGroup),
        ];
    }

    private object?[] Rule(string protocol, int? port, string? cidr, string? group) =>
    [
        Xml.Of("ipProtocol", protocol),
        Xml.Maybe("fromPort", port),
        Xml.Maybe("toPort", port),
        Xml.List("groups", group is null ? [] : [new object?[] { Xml.Of("userId", _cloud.Options.Account), Xml.Of("groupId", group) }], "item"),
        Xml.List("ipRanges", cidr is null ? [] : [Xml.Of("cidrIp", cidr)], "item"),
        Xml.Of("ipv6Ranges"),
        Xml.Of("prefixListIds"),
    ];

    private static void RequireKnown(QueryRequest request, string parameter, IReadOnlyList<string> known, string code, string what)
    {
        foreach (var id in request.List(parameter, "").Where(id => !known.Contains(id, StringComparer.Ordinal)))
        {
            throw new QueryException(code, $"The {what} '{id}' does not exist");
        }
    }

    private static XElement Tags(IReadOnlyDictionary<string, string> tags) =>
        Xml.List("tagSet", tags.Select(tag => new object?[] { Xml.Of("key", tag.Key), Xml.Of("value", tag.Value) }), "item");

    /// <summary>All filters must match; each by one of its values, in which <c>*</c> and <c>?</c> are wildcards.</summary>
    private static List<T> Filter<T>(QueryRequest request, IEnumerable<T> items, Func<T, string, IEnumerable<string>?> values)
    {
        var matching = items.ToList();
        foreach (var filter in request.Structures("Filter", ""))
        {
            var name = filter.Required("Name");
            var patterns = filter.List("Value", "");
            if (patterns.Count == 0)
            {
                throw new QueryException("InvalidParameterValue", $"The filter '{name}' must have a value");
            }

            matching = [.. matching.Where(item =>
                (values(item, name) ?? throw new QueryException("InvalidParameterValue", $"The filter '{name}' is invalid"))
                    .Any(value => patterns.Any(pattern => Like(value, pattern))))];
        }

        return matching;
    }

    private static bool Like(string value, string pattern) => Regex.IsMatch(
        value,
        $"^{Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\?", ".", StringComparison.Ordinal)}$",
        RegexOptions.Singleline | RegexOptions.ExplicitCapture,
        TimeSpan.FromSeconds(1));

    private static object?[] Page<T>(QueryRequest request, List<T> items, string set, Func<T, object?[]> content)
    {
        var size = request.OptionalInt("MaxResults", int.MinValue, int.MaxValue) ?? 1000;
        if (size is < 5 or > 1000)
        {
            throw new QueryException(
                "InvalidParameterValue", $"Value ( {size} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.");
        }

        var start = 0;
        if (request.Optional("NextToken") is { } token
            && (!int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out start) || start > items.Count))
        {
            throw new QueryException("InvalidNextToken", "The token is not valid");
        }

        return
        [
            Xml.List(set, items.Skip(start).Take(size).Select(content), "item"),
            start + size < items.Count ? Xml.Of("nextToken", start + size) : null,
        ];
    }
}
