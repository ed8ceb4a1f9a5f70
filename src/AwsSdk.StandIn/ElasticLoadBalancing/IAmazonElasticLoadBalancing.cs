using Amazon.ElasticLoadBalancing.Model;
using Amazon.Runtime;

namespace Amazon.ElasticLoadBalancing;

/// <summary>The Elastic Load Balancing 2012-06-01 API.</summary>
public interface IAmazonElasticLoadBalancing : IAmazonService, IDisposable
{
    Task<DescribeLoadBalancersResponse> DescribeLoadBalancersAsync(
        DescribeLoadBalancersRequest request, CancellationToken cancellationToken = default);

    Task<DescribeLoadBalancerPoliciesResponse> DescribeLoadBalancerPoliciesAsync(
        DescribeLoadBalancerPoliciesRequest request, CancellationToken cancellationToken = default);

    Task<DescribeInstanceHealthResponse> DescribeInstanceHealthAsync(
        DescribeInstanceHealthRequest request, CancellationToken cancellationToken = default);

    Task<DescribeLoadBalancerAttributesResponse> DescribeLoadBalancerAttributesAsync(
        DescribeLoadBalancerAttributesRequest request, CancellationToken cancellationToken = default);

    Task<CreateLoadBalancerPolicyResponse> CreateLoadBalancerPolicyAsync(
        CreateLoadBalancerPolicyRequest request, CancellationToken cancellationToken = default);

    Task<DeleteLoadBalancerPolicyResponse> DeleteLoadBalancerPolicyAsync(
        DeleteLoadBalancerPolicyRequest request, CancellationToken cancellationToken = default);

    Task<SetLoadBalancerPoliciesForBackendServerResponse> SetLoadBalancerPoliciesForBackendServerAsync(
        SetLoadBalancerPoliciesForBackendServerRequest request, CancellationToken cancellationToken = default);

    Task<SetLoadBalancerPoliciesOfListenerResponse> SetLoadBalancerPoliciesOfListenerAsync(
        SetLoadBalancerPoliciesOfListenerRequest request, CancellationToken cancellationToken = default);

    Task<CreateLoadBalancerListenersResponse> CreateLoadBalancerListenersAsync(
        CreateLoadBalancerListenersRequest request, CancellationToken cancellationToken = default);

    Task<DeleteLoadBalancerListenersResponse> DeleteLoadBalancerListenersAsync(
        DeleteLoadBalancerListenersRequest request, CancellationToken cancellationToken = default);

    Task<SetLoadBalancerListenerSSLCertificateResponse> SetLoadBalancerListenerSSLCertificateAsync(
        SetLoadBalancerListenerSSLCertificateRequest request, CancellationToken cancellationToken = default);

    Task<ConfigureHealthCheckResponse> ConfigureHealthCheckAsync(ConfigureHealthCheckRequest request, CancellationToken cancellationToken = default);

    Task<ModifyLoadBalancerAttributesResponse> ModifyLoadBalancerAttributesAsync(
        ModifyLoadBalancerAttributesRequest request, CancellationToken cancellationToken = default);

    static ClientConfig IAmazonService.CreateDefaultClientConfig() => new AmazonElasticLoadBalancingConfig();

    static IAmazonService IAmazonService.CreateDefaultServiceClient(AWSCredentials awsCredentials, ClientConfig clientConfig) =>
        new AmazonElasticLoadBalancingClient(awsCredentials, (AmazonElasticLoadBalancingConfig)clientConfig);
}
