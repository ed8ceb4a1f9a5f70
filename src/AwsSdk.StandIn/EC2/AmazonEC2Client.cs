using Amazon.EC2.Model;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using AwsSdk.StandIn;

namespace Amazon.EC2;

/// <summary>Client of the EC2 2016-11-15 API; the pipeline under it is AWSSDK.Core's own.</summary>
public class AmazonEC2Client : AmazonServiceClient, IAmazonEC2
{
    /// <summary>Credentials come from the SDK's default chain.</summary>
    public AmazonEC2Client()
        : this(new AmazonEC2Config())
    {
    }

    /// <inheritdoc cref="AmazonEC2Client()"/>
    public AmazonEC2Client(AmazonEC2Config config)
        : base(config)
    {
    }

    public AmazonEC2Client(AWSCredentials credentials, AmazonEC2Config clientConfig)
        : base(credentials, clientConfig)
    {
    }

    protected override IServiceMetadata ServiceMetadata => Operations.Service;

    public virtual Task<DescribeInstancesResponse> DescribeInstancesAsync(
        DescribeInstancesRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<DescribeInstancesResponse>(request, Operations.DescribeInstances.Options, cancellationToken);

    public virtual Task<DescribeVpcsResponse> DescribeVpcsAsync(DescribeVpcsRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<DescribeVpcsResponse>(request, Operations.DescribeVpcs.Options, cancellationToken);

    public virtual Task<DescribeSubnetsResponse> DescribeSubnetsAsync(
        DescribeSubnetsRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<DescribeSubnetsResponse>(request, Operations.DescribeSubnets.Options, cancellationToken);

    public virtual Task<DescribeSecurityGroupsResponse> DescribeSecurityGroupsAsync(
        DescribeSecurityGroupsRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<DescribeSecurityGroupsResponse>(request, Operations.DescribeSecurityGroups.Options, cancellationToken);

    protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        pipeline.AddHandlerAfter<Marshaller>(new SigV4Handler());
    }
}
