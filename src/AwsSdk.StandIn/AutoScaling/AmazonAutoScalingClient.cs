using Amazon.AutoScaling.Model;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using AwsSdk.StandIn;

namespace Amazon.AutoScaling;

/// <summary>Client of the Auto Scaling 2011-01-01 API; the pipeline under it is AWSSDK.Core's own.</summary>
public class AmazonAutoScalingClient : AmazonServiceClient, IAmazonAutoScaling
{
    /// <summary>Credentials come from the SDK's default chain.</summary>
    public AmazonAutoScalingClient()
        : this(new AmazonAutoScalingConfig())
    {
    }

    /// <inheritdoc cref="AmazonAutoScalingClient()"/>
    public AmazonAutoScalingClient(AmazonAutoScalingConfig config)
        : base(config)
    {
    }

    public AmazonAutoScalingClient(AWSCredentials credentials, AmazonAutoScalingConfig clientConfig)
        : base(credentials, clientConfig)
    {
    }

    protected override IServiceMetadata ServiceMetadata => Operations.Service;

    public virtual Task<DescribeAutoScalingGroupsResponse> DescribeAutoScalingGroupsAsync(
        DescribeAutoScalingGroupsRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<DescribeAutoScalingGroupsResponse>(request, Operations.DescribeAutoScalingGroups.Options, cancellationToken);

    public virtual Task<SuspendProcessesResponse> SuspendProcessesAsync(SuspendProcessesRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<SuspendProcessesResponse>(request, Operations.SuspendProcesses.Options, cancellationToken);

    public virtual Task<ResumeProcessesResponse> ResumeProcessesAsync(ResumeProcessesRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<ResumeProcessesResponse>(request, Operations.ResumeProcesses.Options, cancellationToken);

    protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        pipeline.AddHandlerAfter<Marshaller>(new SigV4Handler());
    }
}
