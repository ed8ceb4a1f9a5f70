using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeisProxy.Sandbox.Aws;

/// <summary>CloudFormation, API 2010-05-15: the one stack of the account, read only.</summary>
internal sealed class CloudFormation : AwsService
{
    private readonly CloudState _cloud;

    public CloudFormation(CloudState cloud)
        : base("cloudformation", ["2010-05-15"], "http://cloudformation.amazonaws.com/doc/2010-05-15/")
    {
        _cloud = cloud;
        Operations = new Dictionary<string, Func<QueryRequest, object?[]>>(StringComparer.Ordinal)
        {
            ["DescribeStacks"] = DescribeStacks,
            ["ListStackResources"] = ListStackResources,
            ["GetTemplate"] = GetTemplate,
        };
    }

    public override IReadOnlyDictionary<string, Func<QueryRequest, object?[]>> Operations { get; }

    private static QueryException Invalid(string message) => new("ValidationError", message);

    private void Require(string name)
    {
        // A deleted stack is known by its id only.
        var known = name == _cloud.StackId || (name == _cloud.Options.StackName && _cloud.StackStatus != "DELETE_COMPLETE");
        if (!known)
        {
            throw Invalid($"Stack with id {name} does not exist");
        }
    }

    private object?[] DescribeStacks(QueryRequest request)
    {
        if (request.Optional("StackName") is { } name)
        {
            Require(name);
        }
        else if (_cloud.StackStatus == "DELETE_COMPLETE")
        {
            return [Xml.List("Stacks", [])];
        }

        var output = _cloud.LoadBalancers.Find(loadBalancer => loadBalancer.LogicalId is not null);
        return [Xml.List("Stacks", [new object?[]
        {
            Xml.Of("StackId", _cloud.StackId),
            Xml.Of("StackName", _cloud.Options.StackName),
            Xml.Of("Description", "Deis on EC2"),
            Xml.List("Parameters", [new object?[] { Xml.Of("ParameterKey", "ClusterSize"), Xml.Of("ParameterValue", _cloud.Options.Nodes) }]),
            Xml.Of("CreationTime", Xml.Time(_cloud.Created)),
            Xml.Of("StackStatus", _cloud.StackStatus),
            Xml.Of("DisableRollback", "false"),
            Xml.List("NotificationARNs", []),
            Xml.List("Capabilities", []),
            output is null
                ? null
                : Xml.List("Outputs", [new object?[]
                {
                    Xml.Of("OutputKey", "DNSName"), Xml.Of("OutputValue", output.DnsName), Xml.Of("Description", "DNS Name of the ELB"),
                }]),
            Xml.List("Tags", []),
            Xml.Of("EnableTerminationProtection", "false"),
            Xml.Of("DriftInformation", Xml.Of("StackDriftStatus", "NOT_CHECKED")),
        }])];
    }

    private object?[] ListStackResources(QueryRequest request)
    {
        Require(request.Required("StackName"));
        var start = 0;
        if (request.Optional("NextToken") is { } token
            && (!int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out start) || start > _cloud.Resources.Count))
        {
            throw Invalid("NextToken is not valid");
        }

        var next = start + _cloud.Options.StackPageSize;
        var page = _cloud.Resources.Skip(start).Take(_cloud.Options.StackPageSize);
        return
        [
            Xml.List("StackResourceSummaries", page.Select(Resource)),
            next < _cloud.Resources.Count ? Xml.Of("NextToken", next) : null,
        ];
    }

    private object?[] Resource(StackResource resource) =>
    [
        Xml.Of("LogicalResourceId", resource.LogicalId),
        Xml.Maybe("PhysicalResourceId", resource.PhysicalId),
        Xml.Of("ResourceType", resource.Type),
        Xml.Of("LastUpdatedTimestamp", Xml.Time(_cloud.Created)),
        Xml.Of("ResourceStatus", "CREATE_COMPLETE"),
        Xml.Of("DriftInformation", Xml.Of("StackResourceDriftStatus", "NOT_CHECKED")),
    ];

    private object?[] GetTemplate(QueryRequest request)
    {
        Require(request.Optional("StackName") ?? throw request.Missing("StackName"));
        return [Xml.Of("TemplateBody", Template()), Xml.List("StagesAvailable", (object[])["Original", "Processed"])];
    }

    /// <summary>The template that made the stack: what CloudFormation keeps, whatever was changed behind its back.</summary>
    private string Template()
    {
        var resources = new JsonObject();
        foreach (var resource in _cloud.Resources)
        {
            var options = _cloud.Options.LoadBalancers.FirstOrDefault(loadBalancer => loadBalancer.LogicalId == resource.LogicalId);
            resources[resource.LogicalId] = new JsonObject
            {
                ["Type"] = resource.Type,
                ["Properties"] = options is null ? [] : LoadBalancerProperties(options),
            };
        }

        var template = new JsonObject
        {
            ["AWSTemplateFormatVersion"] = "2010-09-09",
            ["Description"] = "Deis on EC2",
            ["Parameters"] = new JsonObject { ["ClusterSize"] = new JsonObject { ["Default"] = "3", ["Type"] = "Number" } },
            ["Resources"] = resources,
            ["Outputs"] = new JsonObject(),
        };
        if (_cloud.Options.LoadBalancers.FirstOrDefault(loadBalancer => loadBalancer.LogicalId is not null) is { LogicalId: { } id })
        {
            template["Outputs"]!["DNSName"] = new JsonObject
            {
                ["Description"] = "DNS Name of the ELB",
                ["Value"] = new JsonObject { ["Fn::GetAtt"] = new JsonArray(id, "DNSName") },
            };
        }

        return template.ToJsonString(Indented);
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static JsonObject LoadBalancerProperties(LoadBalancerOptions options)
    {
        var properties = new JsonObject
        {
            ["Scheme"] = options.Scheme,
            ["HealthCheck"] = new JsonObject
            {
                ["HealthyThreshold"] = $"{options.HealthCheck.HealthyThreshold}",
                ["Interval"] = $"{options.HealthCheck.Interval}",
                ["Target"] = options.HealthCheck.Target,
                ["Timeout"] = $"{options.HealthCheck.Timeout}",
                ["UnhealthyThreshold"] = $"{options.HealthCheck.UnhealthyThreshold}",
            },
            ["Subnets"] = new JsonArray(new JsonObject { ["Ref"] = "Subnet1" }, new JsonObject { ["Ref"] = "Subnet2" }),
            ["Listeners"] = new JsonArray([.. options.Listeners.Select(ListenerProperties)]),
            ["SecurityGroups"] = new JsonArray(new JsonObject { ["Fn::GetAtt"] = new JsonArray("DeisWebELBSecurityGroup", "GroupId") }),
            ["ConnectionSettings"] = new JsonObject { ["IdleTimeout"] = options.IdleTimeout },
        };
        if (options.Policies.Count > 0)
        {
            properties["Policies"] = new JsonArray([.. options.Policies.Select(policy => PolicyProperties(policy, options))]);
        }

        return properties;
    }

    private static JsonObject ListenerProperties(Listener listener)
    {
        var properties = new JsonObject
        {
            ["InstancePort"] = $"{listener.InstancePort}",
            ["InstanceProtocol"] = listener.InstanceProtocol,
            ["LoadBalancerPort"] = $"{listener.LoadBalancerPort}",
            ["Protocol"] = listener.Protocol,
        };
        if (listener.CertificateId is not null)
        {
            properties["SSLCertificateId"] = listener.CertificateId;
        }

        return properties;
    }

    private static JsonObject PolicyProperties(Policy policy, LoadBalancerOptions options) => new()
    {
        ["PolicyName"] = policy.Name,
        ["PolicyType"] = policy.TypeName,
        ["Attributes"] = new JsonArray(
            [.. policy.Attributes.Select(attribute => new JsonObject { ["Name"] = attribute.Key, ["Value"] = attribute.Value })]),
        ["InstancePorts"] = new JsonArray(
            [
                .. options.BackendPolicies
                    .Where(pair => pair.Value.Contains(policy.Name, StringComparer.Ordinal))
                    .Select(pair => JsonValue.Create($"{pair.Key}")),
            ]),
    };
}
