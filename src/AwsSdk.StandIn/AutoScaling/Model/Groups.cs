using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.AutoScaling.Model;

/// <summary>The request of <c>DescribeAutoScalingGroups</c> (Auto Scaling 2011-01-01).</summary>
public class DescribeAutoScalingGroupsRequest : AmazonAutoScalingRequest, IShape
{
    public List<string> AutoScalingGroupNames { get; set; }

    public string NextToken { get; set; }

    public int? MaxRecords { get; set; }

    void IShape.Describe(Wire wire)
    {
        AutoScalingGroupNames = wire.Texts(AutoScalingGroupNames);
        NextToken = wire.Text(NextToken);
        MaxRecords = wire.Number(MaxRecords);
    }
}

/// <summary>The response of <c>DescribeAutoScalingGroups</c> (Auto Scaling 2011-01-01).</summary>
public class DescribeAutoScalingGroupsResponse : AmazonWebServiceResponse, IShape
{
    public List<AutoScalingGroup> AutoScalingGroups { get; set; }

    public string NextToken { get; set; }

    void IShape.Describe(Wire wire)
    {
        AutoScalingGroups = wire.List(AutoScalingGroups);
        NextToken = wire.Text(NextToken);
    }
}

/// <summary><c>AutoScalingGroup</c> of the Auto Scaling 2011-01-01 API.</summary>
public class AutoScalingGroup : IShape
{
    public string AutoScalingGroupName { get; set; }

    public string AutoScalingGroupARN { get; set; }

    public int? MinSize { get; set; }

    public int? MaxSize { get; set; }

    public int? DesiredCapacity { get; set; }

    public List<string> LoadBalancerNames { get; set; }

    public string HealthCheckType { get; set; }

    public int? HealthCheckGracePeriod { get; set; }

    public List<Instance> Instances { get; set; }

    public List<SuspendedProcess> SuspendedProcesses { get; set; }

    void IShape.Describe(Wire wire)
    {
        AutoScalingGroupName = wire.Text(AutoScalingGroupName);
        AutoScalingGroupARN = wire.Text(AutoScalingGroupARN);
        MinSize = wire.Number(MinSize);
        MaxSize = wire.Number(MaxSize);
        DesiredCapacity = wire.Number(DesiredCapacity);
        LoadBalancerNames = wire.Texts(LoadBalancerNames);
        HealthCheckType = wire.Text(HealthCheckType);
        HealthCheckGracePeriod = wire.Number(HealthCheckGracePeriod);
        Instances = wire.List(Instances);
        SuspendedProcesses = wire.List(SuspendedProcesses);
    }
}

/// <summary><c>Instance</c> of the Auto Scaling 2011-01-01 API.</summary>
public class Instance : IShape
{
    public string InstanceId { get; set; }

    public string AvailabilityZone { get; set; }

    public string HealthStatus { get; set; }

    void IShape.Describe(Wire wire)
    {
        InstanceId = wire.Text(InstanceId);
        AvailabilityZone = wire.Text(AvailabilityZone);
        HealthStatus = wire.Text(HealthStatus);
    }
}

/// <summary><c>SuspendedProcess</c> of the Auto Scaling 2011-01-01 API.</summary>
public class SuspendedProcess : IShape
{
    public string ProcessName { get; set; }

    public string SuspensionReason { get; set; }

    void IShape.Describe(Wire wire)
    {
        ProcessName = wire.Text(ProcessName);
        SuspensionReason = wire.Text(SuspensionReason);
    }
}
