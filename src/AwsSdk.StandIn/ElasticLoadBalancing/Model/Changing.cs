using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.ElasticLoadBalancing.Model;

/// <summary>The request of <c>CreateLoadBalancerPolicy</c> (Elastic Load Balancing 2012-06-01).</summary>
public class CreateLoadBalancerPolicyRequest : AmazonElasticLoadBalancingRequest, IShape
{
    public string LoadBalancerName { get; set; }

    public string PolicyName { get; set; }

    public string PolicyTypeName { get; set; }

    public List<PolicyAttribute> PolicyAttributes { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerName = wire.Text(LoadBalancerName);
        PolicyName = wire.Text(PolicyName);
        PolicyTypeName = wire.Text(PolicyTypeName);
        PolicyAttributes = wire.List(PolicyAttributes);
    }
}

/// <summary>The response of <c>CreateLoadBalancerPolicy</c> (Elastic Load Balancing 2012-06-01).</summary>
public class CreateLoadBalancerPolicyResponse : AmazonWebServiceResponse, IShape
{
    void IShape.Describe(Wire wire)
    {
        // The API gives this one no members.
    }
}

/// <summary>The request of <c>DeleteLoadBalancerPolicy</c> (Elastic Load Balancing 2012-06-01).</summary>
public class DeleteLoadBalancerPolicyRequest : AmazonElasticLoadBalancingRequest, IShape
{
    public string LoadBalancerName { get; set; }

    public string PolicyName { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerName = wire.Text(LoadBalancerName);
        PolicyName = wire.Text(PolicyName);
    }
}

/// <summary>The response of <c>DeleteLoadBalancerPolicy</c> (Elastic Load Balancing 2012-06-01).</summary>
public class DeleteLoadBalancerPolicyResponse : AmazonWebServiceResponse, IShape
{
    void IShape.Describe(Wire wire)
    {
        // The API gives this one no members.
    }
}

/// <summary>The request of <c>SetLoadBalancerPoliciesForBackendServer</c> (Elastic Load Balancing 2012-06-01).</summary>
public class SetLoadBalancerPoliciesForBackendServerRequest : AmazonElasticLoadBalancingRequest, IShape
{
    public string LoadBalancerName { get; set; }

    public int? InstancePort { get; set; }

    public List<string> PolicyNames { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerName = wire.Text(LoadBalancerName);
        InstancePort = wire.Number(InstancePort);
        PolicyNames = wire.Texts(PolicyNames);
    }
}

/// <summary>The response of <c>SetLoadBalancerPoliciesForBackendServer</c> (Elastic Load Balancing 2012-06-01).</summary>
public class SetLoadBalancerPoliciesForBackendServerResponse : AmazonWebServiceResponse, IShape
{
    void IShape.Describe(Wire wire)
    {
        // The API gives this one no members.
    }
}

/// <summary>The request of <c>SetLoadBalancerPoliciesOfListener</c> (Elastic Load Balancing 2012-06-01).</summary>
public class SetLoadBalancerPoliciesOfListenerRequest : AmazonElasticLoadBalancingRequest, IShape
{
    public string LoadBalancerName { get; set; }

    public int? LoadBalancerPort { get; set; }

    public List<string> PolicyNames { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerName = wire.Text(LoadBalancerName);
        LoadBalancerPort = wire.Number(LoadBalancerPort);
        PolicyNames = wire.Texts(PolicyNames);
    }
}

/// <summary>The response of <c>SetLoadBalancerPoliciesOfListener</c> (Elastic Load Balancing 2012-06-01).</summary>
public class SetLoadBalancerPoliciesOfListenerResponse : AmazonWebServiceResponse, IShape
{
    void IShape.Describe(Wire wire)
    {
        // The API gives this one no members.
    }
}

/// <summary>The request of <c>CreateLoadBalancerListeners</c> (Elastic Load Balancing 2012-06-01).</summary>
public class CreateLoadBalancerListenersRequest : AmazonElasticLoadBalancingRequest, IShape
{
    public string LoadBalancerName { get; set; }

    public List<Listener> Listeners { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerName = wire.Text(LoadBalancerName);
        Listeners = wire.List(Listeners);
    }
}

/// <summary>The response of <c>CreateLoadBalancerListeners</c> (Elastic Load Balancing 2012-06-01).</summary>
public class CreateLoadBalancerListenersResponse : AmazonWebServiceResponse, IShape
{
    void IShape.Describe(Wire wire)
    {
        // The API gives this one no members.
    }
}

/// <summary>The request of <c>DeleteLoadBalancerListeners</c> (Elastic Load Balancing 2012-06-01).</summary>
public class DeleteLoadBalancerListenersRequest : AmazonElasticLoadBalancingRequest, IShape
{
    public string LoadBalancerName { get; set; }

    public List<int> LoadBalancerPorts { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerName = wire.Text(LoadBalancerName);
        LoadBalancerPorts = wire.Numbers(LoadBalancerPorts);
    }
}

/// <summary>The response of <c>DeleteLoadBalancerListeners</c> (Elastic Load Balancing 2012-06-01).</summary>
public class DeleteLoadBalancerListenersResponse : AmazonWebServiceResponse, IShape
{
    void IShape.Describe(Wire wire)
    {
        // The API gives this one no members.
    }
}

/// <summary>The request of <c>SetLoadBalancerListenerSSLCertificate</c> (Elastic Load Balancing 2012-06-01).</summary>
public class SetLoadBalancerListenerSSLCertificateRequest : AmazonElasticLoadBalancingRequest, IShape
{
    public string LoadBalancerName { get; set; }

    public int? LoadBalancerPort { get; set; }

    public string SSLCertificateId { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerName = wire.Text(LoadBalancerName);
        LoadBalancerPort = wire.Number(LoadBalancerPort);
        SSLCertificateId = wire.Text(SSLCertificateId);
    }
}

/// <summary>The response of <c>SetLoadBalancerListenerSSLCertificate</c> (Elastic Load Balancing 2012-06-01).</summary>
public class SetLoadBalancerListenerSSLCertificateResponse : AmazonWebServiceResponse, IShape
{
    void IShape.Describe(Wire wire)
    {
        // The API gives this one no members.
    }
}

/// <summary>The request of <c>ConfigureHealthCheck</c> (Elastic Load Balancing 2012-06-01).</summary>
public class ConfigureHealthCheckRequest : AmazonElasticLoadBalancingRequest, IShape
{
    public string LoadBalancerName { get; set; }

    public HealthCheck HealthCheck { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerName = wire.Text(LoadBalancerName);
        HealthCheck = wire.Structure(HealthCheck);
    }
}

/// <summary>The response of <c>ConfigureHealthCheck</c> (Elastic Load Balancing 2012-06-01).</summary>
public class ConfigureHealthCheckResponse : AmazonWebServiceResponse, IShape
{
    void IShape.Describe(Wire wire)
    {
        // Its members are not read.
    }
}

/// <summary>The request of <c>ModifyLoadBalancerAttributes</c> (Elastic Load Balancing 2012-06-01).</summary>
public class ModifyLoadBalancerAttributesRequest : AmazonElasticLoadBalancingRequest, IShape
{
    public string LoadBalancerName { get; set; }

    public LoadBalancerAttributes LoadBalancerAttributes { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerName = wire.Text(LoadBalancerName);
        LoadBalancerAttributes = wire.Structure(LoadBalancerAttributes);
    }
}

/// <summary>The response of <c>ModifyLoadBalancerAttributes</c> (Elastic Load Balancing 2012-06-01).</summary>
public class ModifyLoadBalancerAttributesResponse : AmazonWebServiceResponse, IShape
{
    void IShape.Describe(Wire wire)
    {
        // Its members are not read.
    }
}
