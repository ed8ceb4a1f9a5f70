using Amazon.CloudFormation.Model;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using AwsSdk.StandIn;

namespace Amazon.CloudFormation;

/// <summary>Client of the CloudFormation 2010-05-15 API; the pipeline under it is AWSSDK.Core's own.</summary>
public class AmazonCloudFormationClient : AmazonServiceClient
{
    /// <summary>Credentials come from the SDK's default chain.</summary>
    public AmazonCloudFormationClient()
        : this(new AmazonCloudFormationConfig())
    {
    }

    /// <inheritdoc cref="AmazonCloudFormationClient()"/>
    public AmazonCloudFormationClient(AmazonCloudFormationConfig config)
        : base(config)
    {
    }

    public AmazonCloudFormationClient(AWSCredentials credentials, AmazonCloudFormationConfig clientConfig)
        : base(credentials, clientConfig)
    {
    }

    protected override IServiceMetadata ServiceMetadata => Operations.Service;

    public virtual Task<DescribeStacksResponse> DescribeStacksAsync(DescribeStacksRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<DescribeStacksResponse>(request, Operations.DescribeStacks.Options, cancellationToken);

    public virtual Task<ListStackResourcesResponse> ListStackResourcesAsync(
        ListStackResourcesRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<ListStackResourcesResponse>(request, Operations.ListStackResources.Options, cancellationToken);

    public virtual Task<GetTemplateResponse> GetTemplateAsync(GetTemplateRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<GetTemplateResponse>(request, Operations.GetTemplate.Options, cancellationToken);

    protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        pipeline.AddHandlerAfter<Marshaller>(new SigV4Handler());
    }
}
