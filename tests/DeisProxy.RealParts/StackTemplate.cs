using System.Globalization;
using System.Text.Json.Nodes;

namespace DeisProxy.RealParts;

/// <summary>A CloudFormation template with what deis-proxy needs of a Deis stack: network, nodes in a group, classic load balancers.</summary>
public sealed class StackTemplate
{
    private readonly JsonObject _resources = (JsonObject)JsonNode.Parse("""
        {
          "VPC": { "Type": "AWS::EC2::VPC", "Properties": { "CidrBlock": "10.21.0.0/16" } },
          "Subnet1": {
            "Type": "AWS::EC2::Subnet",
            "Properties": { "VpcId": { "Ref": "VPC" }, "AvailabilityZone": "us-east-1a", "CidrBlock": "10.21.1.0/24" }
          },
          "Launch": { "Type": "AWS::AutoScaling::LaunchConfiguration", "Properties": { "ImageId": "ami-12c6146b", "InstanceType": "t2.medium" } },
          "Nodes": {
            "Type": "AWS::AutoScaling::AutoScalingGroup",
            "Properties": {
              "AvailabilityZones": ["us-east-1a"], "VPCZoneIdentifier": [{ "Ref": "Subnet1" }], "LaunchConfigurationName": { "Ref": "Launch" },
              "MinSize": "3", "MaxSize": "12", "DesiredCapacity": "3", "LoadBalancerNames": []
            }
          }
        }
        """)!;

    private string? _text;

    /// <summary>HTTP on port 80, no policy. A template of Deis itself can be put in its place.</summary>
    public static StackTemplate Deis15()
    {
        var template = Http();
        template._text = Environment.GetEnvironmentVariable("DEIS_PROXY_TEST_TEMPLATE") is { Length: > 0 } file ? File.ReadAllText(file) : null;
        return template;
    }

    /// <summary>The same, never replaced.</summary>
    public static StackTemplate Http() => new StackTemplate().LoadBalancer(
        "DeisWebELB", "HTTP:80/health-check", policy: false, (80, "HTTP", 80), (443, "TCP", 443), (2222, "TCP", 2222));

    public static StackTemplate Deis16() => new StackTemplate().LoadBalancer(
        "DeisWebELB", "TCP:80", policy: true, (80, "TCP", 80), (443, "TCP", 443), (2222, "TCP", 2222));

    public StackTemplate LoadBalancer(string id, string target, bool policy, params (int Port, string Protocol, int InstancePort)[] listeners)
    {
        var properties = new JsonObject
        {
            ["HealthCheck"] = new JsonObject
            {
                ["Target"] = target,
                ["Interval"] = "15",
                ["Timeout"] = "5",
                ["UnhealthyThreshold"] = "2",
                ["HealthyThreshold"] = "4",
            },
            ["Subnets"] = new JsonArray(new JsonObject { ["Ref"] = "Subnet1" }),
            ["Listeners"] = new JsonArray([.. listeners.Select(l => new JsonObject
            {
                ["LoadBalancerPort"] = l.Port.ToString(CultureInfo.InvariantCulture),
                ["InstancePort"] = l.InstancePort.ToString(CultureInfo.InvariantCulture),
                ["Protocol"] = l.Protocol,
                ["InstanceProtocol"] = l.Protocol,
            })]),
        };
        if (policy)
        {
            properties["Policies"] = JsonNode.Parse("""
                [{ "PolicyName": "EnableProxyProtocol", "PolicyType": "ProxyProtocolPolicyType",
                   "Attributes": [{ "Name": "ProxyProtocol", "Value": true }], "InstancePorts": ["80", "443"] }]
                """);
        }

        _resources[id] = new JsonObject { ["Type"] = "AWS::ElasticLoadBalancing::LoadBalancer", ["Properties"] = properties };
        _resources["Nodes"]!["Properties"]!["LoadBalancerNames"]!.AsArray().Add((JsonNode)new JsonObject { ["Ref"] = id });
        return this;
    }

    /// <summary>Network and nodes without any load balancer.</summary>
    public static StackTemplate NoLoadBalancer() => new();

    /// <summary>A load balancer that is reached from inside the network only.</summary>
    public StackTemplate Internal(string id)
    {
        _resources[id]!["Properties"]!["Scheme"] = "internal";
        return this;
    }

    /// <summary>A load balancer of the second generation.</summary>
    public StackTemplate SecondGeneration(string id)
    {
        _resources[id] = JsonNode.Parse(
            """{ "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": { "Name": "second", "Subnets": [{ "Ref": "Subnet1" }] } }""");
        return this;
    }

    /// <summary>As many nodes as given, three otherwise.</summary>
    public StackTemplate WithInstances(int count)
    {
        var group = _resources["Nodes"]!["Properties"]!;
        foreach (var size in new[] { "MinSize", "MaxSize", "DesiredCapacity" })
        {
            group[size] = count.ToString(CultureInfo.InvariantCulture);
        }

        return this;
    }

    public StackTemplate WithManyResources(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _resources[$"Topic{i:D3}"] = JsonNode.Parse("""{ "Type": "AWS::SNS::Topic" }""");
        }

        return this;
    }

    public override string ToString() =>
        _text ?? new JsonObject { ["AWSTemplateFormatVersion"] = "2010-09-09", ["Resources"] = _resources.DeepClone() }.ToJsonString();
}
