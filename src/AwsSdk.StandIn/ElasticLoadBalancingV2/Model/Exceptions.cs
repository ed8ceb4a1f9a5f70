using AwsSdk.StandIn;

namespace Amazon.ElasticLoadBalancingV2.Model;

/// <summary>Error code <c>HealthUnavailable</c> of the Elastic Load Balancing v2 2015-12-01 API.</summary>
public class HealthUnavailableException : AmazonElasticLoadBalancingV2Exception
{
    public HealthUnavailableException(string message)
        : base(message)
    {
    }

    internal HealthUnavailableException(ServiceError error)
        : base(error)
    {
    }
}

/// <summary>Error code <c>InvalidTarget</c> of the Elastic Load Balancing v2 2015-12-01 API.</summary>
public class InvalidTargetException : AmazonElasticLoadBalancingV2Exception
{
    public InvalidTargetException(string message)
        : base(message)
    {
    }

    internal InvalidTargetException(ServiceError error)
        : base(error)
    {
    }
}

/// <summary>Error code <c>LoadBalancerNotFound</c> of the Elastic Load Balancing v2 2015-12-01 API.</summary>
public class LoadBalancerNotFoundException : AmazonElasticLoadBalancingV2Exception
{
    public LoadBalancerNotFoundException(string message)
        : base(message)
    {
    }

    internal LoadBalancerNotFoundException(ServiceError error)
        : base(error)
    {
    }
}

/// <summary>Error code <c>TargetGroupNotFound</c> of the Elastic Load Balancing v2 2015-12-01 API.</summary>
public class TargetGroupNotFoundException : AmazonElasticLoadBalancingV2Exception
{
    public TargetGroupNotFoundException(string message)
        : base(message)
    {
    }

    internal TargetGroupNotFoundException(ServiceError error)
        : base(error)
    {
    }
}
