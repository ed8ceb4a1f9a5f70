using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.AutoScaling.Model;

/// <summary>The request of <c>SuspendProcesses</c> (Auto Scaling 2011-01-01).</summary>
public class SuspendProcessesRequest : AmazonAutoScalingRequest, IShape
{
    public string AutoScalingGroupName { get; set; }

    public List<string> ScalingProcesses { get; set; }

    void IShape.Describe(Wire wire)
    {
        AutoScalingGroupName = wire.Text(AutoScalingGroupName);
        ScalingProcesses = wire.Texts(ScalingProcesses);
    }
}

/// <summary>The response of <c>SuspendProcesses</c> (Auto Scaling 2011-01-01).</summary>
public class SuspendProcessesResponse : AmazonWebServiceResponse, IShape
{
    void IShape.Describe(Wire wire)
    {
    }
}

/// <summary>The request of <c>ResumeProcesses</c> (Auto Scaling 2011-01-01).</summary>
public class ResumeProcessesRequest : AmazonAutoScalingRequest, IShape
{
    public string AutoScalingGroupName { get; set; }

    public List<string> ScalingProcesses { get; set; }

    void IShape.Describe(Wire wire)
    {
        AutoScalingGroupName = wire.Text(AutoScalingGroupName);
        ScalingProcesses = wire.Texts(ScalingProcesses);
    }
}

/// <summary>The response of <c>ResumeProcesses</c> (Auto Scaling 2011-01-01).</summary>
public class ResumeProcessesResponse : AmazonWebServiceResponse, IShape
{
    void IShape.Describe(Wire wire)
    {
    }
}
