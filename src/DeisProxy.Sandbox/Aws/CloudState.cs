using System.Collections.Immutable;
using System.Globalization;

namespace DeisProxy.Sandbox.Aws;

/// <summary>An EC2 instance.</summary>
internal sealed record Instance(string Id, string PrivateAddress, string? PublicAddress, string SubnetId, string State, bool InStack);

/// <summary>A resource of the stack.</summary>
internal sealed record StackResource(string LogicalId, string Type, string? PhysicalId);

/// <summary>What the account holds. Everything that changes is changed under <see cref="Sync"/>.</summary>
internal sealed class CloudState
{
    public CloudState(SandboxOptions options)
    {
        Options = options;
        StackStatus = options.StackStatus;
        Random = new Random(options.Seed);
        Created = options.Time.GetUtcNow();
        var network = options.VpcCidr.Split('/')[0].Split('.');
        Prefix = $"{network[0]}.{network[1]}";
        var third = int.Parse(network[2], CultureInfo.InvariantCulture);
        SubnetCidrs = [$"{Prefix}.{third + 1}.0/24", options.SecondSubnetCidr ?? $"{Prefix}.{third + 2}.0/24"];
        Instances =
        [
            .. Enumerable.Range(0, options.Nodes).Select(number => new Instance(
                InstanceId(number),
                $"{SubnetCidrs[number % 2][..SubnetCidrs[number % 2].LastIndexOf('.')]}.{11 + (number / 2)}",
                options.PublicAddresses ? $"198.51.100.{11 + number}" : null,
                SubnetIds[number % 2],
                "running",
                InStack: true)),
        ];
        AllInstances = options.TerminatedInstance
            ? [.. Instances, new Instance(InstanceId(9999), "", null, SubnetIds[0], "terminated", InStack: true)]
            : Instances;
        FrontAddress = $"{Prefix}.{third + 1}.5";
        AdmittedPorts = options.AdmittedPorts
            ?? (Router.RouterBehavior.For(options.PlatformVersion).ServesPort9090 ? [80, 443, 2222, 9090] : [80, 443, 2222]);
        StackId = $"arn:aws:cloudformation:{options.Region}:{options.Account}:stack/{options.StackName}/8a3f5c10-7e0e-11e4-9a5c-500150b34c44";
        Resources = [.. StackResources()];
    }

    public static string VpcId => "vpc-0de15000";

    public static string LoadBalancerGroup => "sg-0de15e1b";

    public static string NodeGroup => "sg-0de1500d";

    /// <summary>Name of the load balancers' security group.</summary>
    public string LoadBalancerGroupName => $"{Options.StackName}-DeisWebELBSecurityGroup-5S0MEW0RDS";

    /// <summary>Name of the nodes' security group.</summary>
    public string NodeGroupName => $"{Options.StackName}-VPCSecurityGroup-1WQ6X7P9T2L8K";

    public static IReadOnlyList<string> SubnetIds { get; } = ["subnet-0de15001", "subnet-0de15002"];

    public Lock Sync { get; } = new();

    public SandboxOptions Options { get; }

    public Random Random { get; }

    public DateTimeOffset Created { get; }

    public string StackId { get; }

    public string StackStatus { get; set; }

    /// <summary>Ports that the nodes' security group admits from the load balancers' group.</summary>
    public IReadOnlyList<int> AdmittedPorts { get; }

    /// <summary>The first two numbers of the VPC's network.</summary>
    public string Prefix { get; }

    public IReadOnlyList<string> SubnetCidrs { get; }

    /// <summary>The private address from which load balancers reach the instances.</summary>
    public string FrontAddress { get; }

    public IReadOnlyList<Instance> Instances { get; }

    public IReadOnlyList<Instance> AllInstances { get; }

    public ImmutableList<LoadBalancer> LoadBalancers { get; set; } = [];

    public IReadOnlyList<StackResource> Resources { get; }

    private static string InstanceId(int number) => $"i-{0x0de15a01 + number:x8}";

    private IEnumerable<StackResource> StackResources()
    {
        yield return new("VPC", "AWS::EC2::VPC", VpcId);
        yield return new("Subnet1", "AWS::EC2::Subnet", SubnetIds[0]);
        yield return new("Subnet2", "AWS::EC2::Subnet", SubnetIds[1]);
        yield return new("InternetGateway", "AWS::EC2::InternetGateway", "igw-0de15000");
        yield return new("GatewayToInternet", "AWS::EC2::VPCGatewayAttachment", "deis-Gatew-1L3RIUBUUPS7Y");
        yield return new("PublicRouteTable", "AWS::EC2::RouteTable", "rtb-0de15000");
        yield return new("PublicRoute", "AWS::EC2::Route", "deis-Publi-1WVO9ZK20QIY0");
        yield return new("Subnet1RouteTableAssociation", "AWS::EC2::SubnetRouteTableAssociation", "rtbassoc-0de15001");
        yield return new("Subnet2RouteTableAssociation", "AWS::EC2::SubnetRouteTableAssociation", "rtbassoc-0de15002");
        yield return new("CoreOSServerAutoScale", "AWS::AutoScaling::AutoScalingGroup", $"{Options.StackName}-CoreOSServerAutoScale-1E2AZ3PLEX1Y");
        yield return new(
            "CoreOSServerLaunchConfig", "AWS::AutoScaling::LaunchConfiguration", $"{Options.StackName}-CoreOSServerLaunchConfig-9O7B1SH3S2VV");

        // In the order of the template; a stack with many resources has the load balancer behind them, past the first page.
        for (var number = 1; number <= Options.AdditionalStackResources; number++)
        {
            yield return new($"Alarm{number:000}", "AWS::CloudWatch::Alarm", $"{Options.StackName}-Alarm{number:000}");
        }

        foreach (var loadBalancer in Options.LoadBalancers.Where(loadBalancer => loadBalancer.LogicalId is not null))
        {
            yield return new(loadBalancer.LogicalId!, "AWS::ElasticLoadBalancing::LoadBalancer", loadBalancer.Name);
        }

        yield return new("DeisWebELBSecurityGroup", "AWS::EC2::SecurityGroup", LoadBalancerGroup);
        yield return new("VPCSecurityGroup", "AWS::EC2::SecurityGroup", NodeGroup);
        yield return new("VPCSecurityGroupIngress", "AWS::EC2::SecurityGroupIngress", "VPCSecurityGroupIngress");
    }
}
