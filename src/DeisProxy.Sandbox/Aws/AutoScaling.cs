using System.Collections.Immutable;
using System.Xml.Linq;

namespace DeisProxy.Sandbox.Aws;

/// <summary>Auto Scaling, API 2011-01-01: the one group of the stack, of which processes can be suspended.</summary>
internal sealed class AutoScaling : AwsService
{
    private static readonly string[] ProcessTypes =
        ["AddToLoadBalancer", "AlarmNotification", "AZRebalance", "HealthCheck", "InstanceRefresh", "Launch", "ReplaceUnhealthy", "ScheduledActions", "Terminate"];

    private readonly CloudState _cloud;

    public AutoScaling(CloudState cloud)
        : base("autoscaling", ["2011-01-01"], "http://autoscaling.amazonaws.com/doc/2011-01-01/")
    {
        _cloud = cloud;
        Operations = new Dictionary<string, Func<QueryRequest, object?[]>>(StringComparer.Ordinal)
        {
            ["DescribeAutoScalingGroups"] = DescribeAutoScalingGroups,
            ["SuspendProcesses"] = request => Change(request, _cloud.SuspendedProcesses.Union),
            ["ResumeProcesses"] = request => Change(request, _cloud.SuspendedProcesses.Except),
        };
    }

    public override IReadOnlyDictionary<string, Func<QueryRequest, object?[]>> Operations { get; }

    // The two that change something declare no output.
    public override XElement Success(string operation, object?[] result, string requestId) => result.Length > 0
        ? base.Success(operation, result, requestId)
        : Xml.InNamespace(Xml.Of($"{operation}Response", Xml.Of("ResponseMetadata", Xml.Of("RequestId", requestId))), Namespace);

    private object?[] Change(QueryRequest request, Func<IEnumerable<string>, ImmutableSortedSet<string>> change)
    {
        if (request.Required("AutoScalingGroupName") is var name && name != _cloud.AutoScalingGroup)
        {
            throw new QueryException("ValidationError", $"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found");
        }

        var named = request.List("ScalingProcesses");
        if (named.FirstOrDefault(process => !ProcessTypes.Contains(process, StringComparer.Ordinal)) is { } unknown)
        {
            throw new QueryException("ValidationError", $"'{unknown}' is not a valid process type");
        }

        _cloud.SuspendedProcesses = change(named.Count > 0 ? named : ProcessTypes);
        return [];
    }

    private object?[] DescribeAutoScalingGroups(QueryRequest request) =>
    [
        Xml.List("AutoScalingGroups", request.List("AutoScalingGroupNames") is { Count: > 0 } names && !names.Contains(_cloud.AutoScalingGroup, StringComparer.Ordinal) ? [] : [new object?[]
        {
            Xml.Of("AutoScalingGroupName", _cloud.AutoScalingGroup),
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
            Xml.List("SuspendedProcesses", _cloud.SuspendedProcesses.Select(process => new object?[]
            {
                Xml.Of("ProcessName", process), Xml.Of("SuspensionReason", $"User suspended at {Xml.Time(_cloud.Created)}"),
            })),
        }]),
    ];
}
