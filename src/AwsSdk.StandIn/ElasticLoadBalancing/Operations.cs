using Amazon.ElasticLoadBalancing.Model;
using AwsSdk.StandIn;

namespace Amazon.ElasticLoadBalancing;

/// <summary>The operations of Elastic Load Balancing 2012-06-01 that are called, with the errors that each declares.</summary>
internal static class Operations
{
    public static readonly Service Service = new(
        "Elastic Load Balancing", "elasticloadbalancing", "2012-06-01", Protocol.Query, error => new AmazonElasticLoadBalancingException(error));

    private static readonly DeclaredError AccessPointNotFound = new("LoadBalancerNotFound", error => new AccessPointNotFoundException(error));

    private static readonly DeclaredError CertificateNotFound = new("CertificateNotFound", error => new CertificateNotFoundException(error));

    private static readonly DeclaredError DependencyThrottle = new("DependencyThrottle", error => new DependencyThrottleException(error));

    private static readonly DeclaredError DuplicateListener = new("DuplicateListener", error => new DuplicateListenerException(error));

    private static readonly DeclaredError DuplicatePolicyName = new("DuplicatePolicyName", error => new DuplicatePolicyNameException(error));

    private static readonly DeclaredError InvalidConfigurationRequest =
        new("InvalidConfigurationRequest", error => new InvalidConfigurationRequestException(error));

    private static readonly DeclaredError InvalidEndPoint = new("InvalidInstance", error => new InvalidEndPointException(error));

    private static readonly DeclaredError ListenerNotFound = new("ListenerNotFound", error => new ListenerNotFoundException(error));

    private static readonly DeclaredError LoadBalancerAttributeNotFound =
        new("LoadBalancerAttributeNotFound", error => new LoadBalancerAttributeNotFoundException(error));

    private static readonly DeclaredError PolicyNotFound = new("PolicyNotFound", error => new PolicyNotFoundException(error));

    private static readonly DeclaredError PolicyTypeNotFound = new("PolicyTypeNotFound", error => new PolicyTypeNotFoundException(error));

    private static readonly DeclaredError TooManyPolicies = new("TooManyPolicies", error => new TooManyPoliciesException(error));

    private static readonly DeclaredError UnsupportedProtocol = new("UnsupportedProtocol", error => new UnsupportedProtocolException(error));

    public static readonly Operation DescribeLoadBalancers =
        new Operation<DescribeLoadBalancersRequest, DescribeLoadBalancersResponse>(
            Service, nameof(DescribeLoadBalancers), AccessPointNotFound, DependencyThrottle);

    public static readonly Operation DescribeLoadBalancerPolicies =
        new Operation<DescribeLoadBalancerPoliciesRequest, DescribeLoadBalancerPoliciesResponse>(
            Service, nameof(DescribeLoadBalancerPolicies), AccessPointNotFound, PolicyNotFound);

    public static readonly Operation DescribeInstanceHealth =
        new Operation<DescribeInstanceHealthRequest, DescribeInstanceHealthResponse>(
            Service, nameof(DescribeInstanceHealth), AccessPointNotFound, InvalidEndPoint);

    public static readonly Operation DescribeLoadBalancerAttributes =
        new Operation<DescribeLoadBalancerAttributesRequest, DescribeLoadBalancerAttributesResponse>(
            Service, nameof(DescribeLoadBalancerAttributes), AccessPointNotFound, LoadBalancerAttributeNotFound);

    public static readonly Operation CreateLoadBalancerPolicy =
        new Operation<CreateLoadBalancerPolicyRequest, CreateLoadBalancerPolicyResponse>(
            Service, nameof(CreateLoadBalancerPolicy),
            AccessPointNotFound, PolicyTypeNotFound, DuplicatePolicyName, TooManyPolicies, InvalidConfigurationRequest);

    public static readonly Operation DeleteLoadBalancerPolicy =
        new Operation<DeleteLoadBalancerPolicyRequest, DeleteLoadBalancerPolicyResponse>(
            Service, nameof(DeleteLoadBalancerPolicy), AccessPointNotFound, InvalidConfigurationRequest);

    public static readonly Operation SetLoadBalancerPoliciesForBackendServer =
        new Operation<SetLoadBalancerPoliciesForBackendServerRequest, SetLoadBalancerPoliciesForBackendServerResponse>(
            Service, nameof(SetLoadBalancerPoliciesForBackendServer), AccessPointNotFound, PolicyNotFound, InvalidConfigurationRequest);

    public static readonly Operation SetLoadBalancerPoliciesOfListener =
        new Operation<SetLoadBalancerPoliciesOfListenerRequest, SetLoadBalancerPoliciesOfListenerResponse>(
            Service, nameof(SetLoadBalancerPoliciesOfListener), AccessPointNotFound, PolicyNotFound, ListenerNotFound, InvalidConfigurationRequest);

    public static readonly Operation CreateLoadBalancerListeners =
        new Operation<CreateLoadBalancerListenersRequest, CreateLoadBalancerListenersResponse>(
            Service, nameof(CreateLoadBalancerListeners),
            AccessPointNotFound, DuplicateListener, CertificateNotFound, InvalidConfigurationRequest, UnsupportedProtocol);

    public static readonly Operation DeleteLoadBalancerListeners =
        new Operation<DeleteLoadBalancerListenersRequest, DeleteLoadBalancerListenersResponse>(
            Service, nameof(DeleteLoadBalancerListeners), AccessPointNotFound);

    public static readonly Operation SetLoadBalancerListenerSSLCertificate =
        new Operation<SetLoadBalancerListenerSSLCertificateRequest, SetLoadBalancerListenerSSLCertificateResponse>(
            Service, nameof(SetLoadBalancerListenerSSLCertificate),
            CertificateNotFound, AccessPointNotFound, ListenerNotFound, InvalidConfigurationRequest, UnsupportedProtocol);

    public static readonly Operation ConfigureHealthCheck =
        new Operation<ConfigureHealthCheckRequest, ConfigureHealthCheckResponse>(
            Service, nameof(ConfigureHealthCheck), AccessPointNotFound);

    public static readonly Operation ModifyLoadBalancerAttributes =
        new Operation<ModifyLoadBalancerAttributesRequest, ModifyLoadBalancerAttributesResponse>(
            Service, nameof(ModifyLoadBalancerAttributes), AccessPointNotFound, LoadBalancerAttributeNotFound, InvalidConfigurationRequest);
}
