namespace DeisProxy.Sandbox.Aws;

/// <summary>Auto Scaling, API 2011-01-01: the one group of the stack, read only.</summary>
internal sealed class AutoScaling : AwsService
{
    private readonly CloudState _cloud;

    public AutoScaling(CloudState cloud)
        : base("autoscaling", ["2011-01-01"], "http://autoscaling.amazonaws.com/doc/2011-01-01/")
    {
        _cloud = cloud;
        Operations = new Dictionary<string, Func<QueryRequest, object?[]>>(StringComparer.Ordinal)
        {
            ["DescribeAutoScalingGroups"] = DescribeAutoScalingGroups,
        };
    }

    public override IReadOnlyDictionary<string, Func<QueryRequest, object?[]>> Operations { get; }

    private object?[] DescribeAutoScalingGroups(QueryRequest request) =>
    [
        Xml.List("AutoScalingGroups", [new object?[]
        {
            Xml.Of("AutoScalingGroupName", $"{_cloud.Options.StackName}-CoreOSServerAutoScale-1TZ2XVYW0OKVA"),
            Xml.Of("MinSize", "3"),
            Xml.Of("MaxSize", "12"),
            Xml.Of("DesiredCapacity", _cloud.Options.Nodes),
            Xml.Of("DefaultCooldown", "300"),
            Xml.List("AvailabilityZones", []),
            Xml.List("LoadBalancerNames", _cloud.LoadBalancers.Where(balancer => balancer.LogicalId is not null).Select(balancer => (object)balancer.Name)),
            Xml.Of("HealthCheckType", _cloud.Options.AutoScalingHealthCheck),
            Xml.Of("HealthCheckGracePeriod", "0"),
            Xml.List("Instances", _cloud.Instances.Select(instance => new object?[]
            {
                Xml.Of("InstanceId", instance.Id),
                Xml.Of("AvailabilityZone", $"{_cloud.Options.Region}a"),
                Xml.Of("LifecycleState", "InService"),
                Xml.Of("HealthStatus", "Healthy"),
                Xml.Of("ProtectedFromScaleIn", "false"),
            })),
            Xml.Of("CreatedTime", Xml.Time(_cloud.Created)),
            Xml.List("SuspendedProcesses", []),
        }]),
    ];
}
