using Amazon.AutoScaling.Model;
using AwsSdk.StandIn;

namespace Amazon.AutoScaling;

/// <summary>The operations of Auto Scaling 2011-01-01 that are called, with the errors that each declares.</summary>
internal static class Operations
{
    public static readonly Service Service = new(
        "Auto Scaling", "autoscaling", "2011-01-01", Protocol.Query, error => new AmazonAutoScalingException(error));

    private static readonly DeclaredError InvalidNextToken = new("InvalidNextToken", error => new InvalidNextTokenException(error));

    private static readonly DeclaredError ResourceContention = new("ResourceContention", error => new ResourceContentionException(error));

    private static readonly DeclaredError ResourceInUse = new("ResourceInUse", error => new ResourceInUseException(error));

    public static readonly Operation DescribeAutoScalingGroups =
        new Operation<DescribeAutoScalingGroupsRequest, DescribeAutoScalingGroupsResponse>(
            Service, nameof(DescribeAutoScalingGroups), InvalidNextToken, ResourceContention);

    public static readonly Operation SuspendProcesses =
        new Operation<SuspendProcessesRequest, SuspendProcessesResponse>(Service, nameof(SuspendProcesses), ResourceInUse, ResourceContention);

    public static readonly Operation ResumeProcesses =
        new Operation<ResumeProcessesRequest, ResumeProcessesResponse>(Service, nameof(ResumeProcesses), ResourceInUse, ResourceContention);
}
