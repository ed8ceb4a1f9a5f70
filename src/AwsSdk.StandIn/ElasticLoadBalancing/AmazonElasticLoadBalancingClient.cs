using Amazon.ElasticLoadBalancing.Model;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using AwsSdk.StandIn;

namespace Amazon.ElasticLoadBalancing;

/// <summary>Client of the Elastic Load Balancing 2012-06-01 API; the pipeline under it is AWSSDK.Core's own.</summary>
public class AmazonElasticLoadBalancingClient : AmazonServiceClient
{
    /// <summary>Credentials come from the SDK's default chain.</summary>
    public AmazonElasticLoadBalancingClient()
        : this(new AmazonElasticLoadBalancingConfig())
    {
    }

    /// <inheritdoc cref="AmazonElasticLoadBalancingClient()"/>
    public AmazonElasticLoadBalancingClient(AmazonElasticLoadBalancingConfig config)
        : base(config)
    {
    }

    public AmazonElasticLoadBalancingClient(AWSCredentials credentials, AmazonElasticLoadBalancingConfig clientConfig)
        : base(credentials, clientConfig)
    {
    }

    protected override IServiceMetadata ServiceMetadata => Operations.Service;

    public virtual Task<DescribeLoadBalancersResponse> DescribeLoadBalancersAsync(
        DescribeLoadBalancersRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<DescribeLoadBalancersResponse>(request, Operations.DescribeLoadBalancers.Options, cancellationToken);

    public virtual Task<DescribeLoadBalancerPoliciesResponse> DescribeLoadBalancerPoliciesAsync(
        DescribeLoadBalancerPoliciesRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<DescribeLoadBalancerPoliciesResponse>(request, Operations.DescribeLoadBalancerPolicies.Options, cancellationToken);

    public virtual Task<DescribeInstanceHealthResponse> DescribeInstanceHealthAsync(
        DescribeInstanceHealthRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<DescribeInstanceHealthResponse>(request, Operations.DescribeInstanceHealth.Options, cancellationToken);

    public virtual Task<DescribeLoadBalancerAttributesResponse> DescribeLoadBalancerAttributesAsync(
        DescribeLoadBalancerAttributesRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<DescribeLoadBalancerAttributesResponse>(request, Operations.DescribeLoadBalancerAttributes.Options, cancellationToken);

    public virtual Task<CreateLoadBalancerPolicyResponse> CreateLoadBalancerPolicyAsync(
        CreateLoadBalancerPolicyRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<CreateLoadBalancerPolicyResponse>(request, Operations.CreateLoadBalancerPolicy.Options, cancellationToken);

    public virtual Task<DeleteLoadBalancerPolicyResponse> DeleteLoadBalancerPolicyAsync(
        DeleteLoadBalancerPolicyRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<DeleteLoadBalancerPolicyResponse>(request, Operations.DeleteLoadBalancerPolicy.Options, cancellationToken);

    public virtual Task<SetLoadBalancerPoliciesForBackendServerResponse> SetLoadBalancerPoliciesForBackendServerAsync(
        SetLoadBalancerPoliciesForBackendServerRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<SetLoadBalancerPoliciesForBackendServerResponse>(
            request, Operations.SetLoadBalancerPoliciesForBackendServer.Options, cancellationToken);

    public virtual Task<SetLoadBalancerPoliciesOfListenerResponse> SetLoadBalancerPoliciesOfListenerAsync(
        SetLoadBalancerPoliciesOfListenerRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<SetLoadBalancerPoliciesOfListenerResponse>(request, Operations.SetLoadBalancerPoliciesOfListener.Options, cancellationToken);

    public virtual Task<CreateLoadBalancerListenersResponse> CreateLoadBalancerListenersAsync(
        CreateLoadBalancerListenersRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<CreateLoadBalancerListenersResponse>(request, Operations.CreateLoadBalancerListeners.Options, cancellationToken);

    public virtual Task<DeleteLoadBalancerListenersResponse> DeleteLoadBalancerListenersAsync(
        DeleteLoadBalancerListenersRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<DeleteLoadBalancerListenersResponse>(request, Operations.DeleteLoadBalancerListeners.Options, cancellationToken);

    public virtual Task<SetLoadBalancerListenerSSLCertificateResponse> SetLoadBalancerListenerSSLCertificateAsync(
        SetLoadBalancerListenerSSLCertificateRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<SetLoadBalancerListenerSSLCertificateResponse>(
            request, Operations.SetLoadBalancerListenerSSLCertificate.Options, cancellationToken);

    public virtual Task<ConfigureHealthCheckResponse> ConfigureHealthCheckAsync(
        ConfigureHealthCheckRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<ConfigureHealthCheckResponse>(request, Operations.ConfigureHealthCheck.Options, cancellationToken);

    public virtual Task<ModifyLoadBalancerAttributesResponse> ModifyLoadBalancerAttributesAsync(
        ModifyLoadBalancerAttributesRequest request, CancellationToken cancellationToken = default) =>
        InvokeAsync<ModifyLoadBalancerAttributesResponse>(request, Operations.ModifyLoadBalancerAttributes.Options, cancellationToken);

    protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        pipeline.AddHandlerAfter<Marshaller>(new SigV4Handler());
    }
}
