using Amazon.ElasticLoadBalancing.Model;
using AwsSdk.StandIn;

namespace Amazon.ElasticLoadBalancing;

/// <summary>The operations of Elastic Load Balancing 2012-06-01 that are called, with the errors that a caller tells apart.</summary>
internal static class Operations
{
    public static readonly Service Service = new(
        "Elastic Load Balancing", "elasticloadbalancing", "2012-06-01", error => new AmazonElasticLoadBalancingException(error));

    private static readonly DeclaredError AccessPointNotFound = new("LoadBalancerNotFound", error => new AccessPointNotFoundException(error));

    private static readonly DeclaredError CertificateNotFound = new("CertificateNotFound", error => new CertificateNotFoundException(error));

    private static readonly DeclaredError DuplicateListener = new("DuplicateListener", error => new DuplicateListenerException(error));

    public static readonly Operation DescribeLoadBalancers =
        new Operation<DescribeLoadBalancersRequest, DescribeLoadBalancersResponse>(
            Service, nameof(DescribeLoadBalancers), AccessPointNotFound);

    public static readonly Operation DescribeLoadBalancerPolicies =
        new Operation<DescribeLoadBalancerPoliciesRequest, DescribeLoadBalancerPoliciesResponse>(
            Service, nameof(DescribeLoadBalancerPolicies), AccessPointNotFound);

    public static readonly Operation DescribeInstanceHealth =
        new Operation<DescribeInstanceHealthRequest, DescribeInstanceHealthResponse>(
            Service, nameof(DescribeInstanceHealth), AccessPointNotFound);

    public static readonly Operation DescribeLoadBalancerAttributes =
        new Operation<DescribeLoadBalancerAttributesRequest, DescribeLoadBalancerAttributesResponse>(
            Service, nameof(DescribeLoadBalancerAttributes), AccessPointNotFound);

    public static readonly Operation CreateLoadBalancerPolicy =
        new Operation<CreateLoadBalancerPolicyRequest, CreateLoadBalancerPolicyResponse>(
            Service, nameof(CreateLoadBalancerPolicy), AccessPointNotFound);

    public static readonly Operation DeleteLoadBalancerPolicy =
        new Operation<DeleteLoadBalancerPolicyRequest, DeleteLoadBalancerPolicyResponse>(
            Service, nameof(DeleteLoadBalancerPolicy), AccessPointNotFound);

    public static readonly Operation SetLoadBalancerPoliciesForBackendServer =
        new Operation<SetLoadBalancerPoliciesForBackendServerRequest, SetLoadBalancerPoliciesForBackendServerResponse>(
            Service, nameof(SetLoadBalancerPoliciesForBackendServer), AccessPointNotFound);

    public static readonly Operation SetLoadBalancerPoliciesOfListener =
        new Operation<SetLoadBalancerPoliciesOfListenerRequest, SetLoadBalancerPoliciesOfListenerResponse>(
            Service, nameof(SetLoadBalancerPoliciesOfListener), AccessPointNotFound);

    public static readonly Operation CreateLoadBalancerListeners =
        new Operation<CreateLoadBalancerListenersRequest, CreateLoadBalancerListenersResponse>(
            Service, nameof(CreateLoadBalancerListeners),
            AccessPointNotFound, DuplicateListener, CertificateNotFound);

    public static readonly Operation DeleteLoadBalancerListeners =
        new Operation<DeleteLoadBalancerListenersRequest, DeleteLoadBalancerListenersResponse>(
            Service, nameof(DeleteLoadBalancerListeners), AccessPointNotFound);

    public static readonly Operation SetLoadBalancerListenerSSLCertificate =
        new Operation<SetLoadBalancerListenerSSLCertificateRequest, SetLoadBalancerListenerSSLCertificateResponse>(
            Service, nameof(SetLoadBalancerListenerSSLCertificate), CertificateNotFound, AccessPointNotFound);

    public static readonly Operation ConfigureHealthCheck =
        new Operation<ConfigureHealthCheckRequest, ConfigureHealthCheckResponse>(
            Service, nameof(ConfigureHealthCheck), AccessPointNotFound);

    public static readonly Operation ModifyLoadBalancerAttributes =
        new Operation<ModifyLoadBalancerAttributesRequest, ModifyLoadBalancerAttributesResponse>(
            Service, nameof(ModifyLoadBalancerAttributes), AccessPointNotFound);
}
