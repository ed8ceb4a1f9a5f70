using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.ElasticLoadBalancing;

/// <summary>Any error of the Elastic Load Balancing 2012-06-01 API; the more precise ones derive from it.</summary>
public class AmazonElasticLoadBalancingException : AmazonServiceException
{
    public AmazonElasticLoadBalancingException(string message)
        : base(message)
    {
    }

    internal AmazonElasticLoadBalancingException(ServiceError error)
        : base(error.Message, error.Inner, error.Type, error.Code, error.RequestId, error.Status)
    {
    }
}
