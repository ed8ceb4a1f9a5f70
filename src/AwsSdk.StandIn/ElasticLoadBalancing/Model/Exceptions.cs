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

/// <summary>Error code <c>DependencyThrottle</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class DependencyThrottleException : AmazonElasticLoadBalancingException
{
    public DependencyThrottleException(string message)
        : base(message)
    {
    }

    internal DependencyThrottleException(ServiceError error)
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

/// <summary>Error code <c>DuplicatePolicyName</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class DuplicatePolicyNameException : AmazonElasticLoadBalancingException
{
    public DuplicatePolicyNameException(string message)
        : base(message)
    {
    }

    internal DuplicatePolicyNameException(ServiceError error)
        : base(error)
    {
    }
}

/// <summary>Error code <c>InvalidConfigurationRequest</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class InvalidConfigurationRequestException : AmazonElasticLoadBalancingException
{
    public InvalidConfigurationRequestException(string message)
        : base(message)
    {
    }

    internal InvalidConfigurationRequestException(ServiceError error)
        : base(error)
    {
    }
}

/// <summary>Error code <c>InvalidInstance</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class InvalidEndPointException : AmazonElasticLoadBalancingException
{
    public InvalidEndPointException(string message)
        : base(message)
    {
    }

    internal InvalidEndPointException(ServiceError error)
        : base(error)
    {
    }
}

/// <summary>Error code <c>ListenerNotFound</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class ListenerNotFoundException : AmazonElasticLoadBalancingException
{
    public ListenerNotFoundException(string message)
        : base(message)
    {
    }

    internal ListenerNotFoundException(ServiceError error)
        : base(error)
    {
    }
}

/// <summary>Error code <c>LoadBalancerAttributeNotFound</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class LoadBalancerAttributeNotFoundException : AmazonElasticLoadBalancingException
{
    public LoadBalancerAttributeNotFoundException(string message)
        : base(message)
    {
    }

    internal LoadBalancerAttributeNotFoundException(ServiceError error)
        : base(error)
    {
    }
}

/// <summary>Error code <c>PolicyNotFound</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class PolicyNotFoundException : AmazonElasticLoadBalancingException
{
    public PolicyNotFoundException(string message)
        : base(message)
    {
    }

    internal PolicyNotFoundException(ServiceError error)
        : base(error)
    {
    }
}

/// <summary>Error code <c>PolicyTypeNotFound</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class PolicyTypeNotFoundException : AmazonElasticLoadBalancingException
{
    public PolicyTypeNotFoundException(string message)
        : base(message)
    {
    }

    internal PolicyTypeNotFoundException(ServiceError error)
        : base(error)
    {
    }
}

/// <summary>Error code <c>TooManyPolicies</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class TooManyPoliciesException : AmazonElasticLoadBalancingException
{
    public TooManyPoliciesException(string message)
        : base(message)
    {
    }

    internal TooManyPoliciesException(ServiceError error)
        : base(error)
    {
    }
}

/// <summary>Error code <c>UnsupportedProtocol</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class UnsupportedProtocolException : AmazonElasticLoadBalancingException
{
    public UnsupportedProtocolException(string message)
        : base(message)
    {
    }

    internal UnsupportedProtocolException(ServiceError error)
        : base(error)
    {
    }
}
