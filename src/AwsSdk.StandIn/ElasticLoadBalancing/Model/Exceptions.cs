using AwsSdk.StandIn;

namespace Amazon.ElasticLoadBalancing.Model;

/// <summary>Error code <c>LoadBalancerNotFound</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class AccessPointNotFoundException : AmazonElasticLoadBalancingException
{
    public AccessPointNotFoundException(string message)
        : base(message)
    {
    }

    internal AccessPointNotFoundException(ServiceError error)
        : base(error)
    {
    }
}

/// <summary>Error code <c>CertificateNotFound</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class CertificateNotFoundException : AmazonElasticLoadBalancingException
{
    public CertificateNotFoundException(string message)
        : base(message)
    {
    }

    internal CertificateNotFoundException(ServiceError error)
        : base(error)
    {
    }
}

/// <summary>Error code <c>DuplicateListener</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class DuplicateListenerException : AmazonElasticLoadBalancingException
{
    public DuplicateListenerException(string message)
        : base(message)
    {
    }

    internal DuplicateListenerException(ServiceError error)
        : base(error)
    {
    }
}
