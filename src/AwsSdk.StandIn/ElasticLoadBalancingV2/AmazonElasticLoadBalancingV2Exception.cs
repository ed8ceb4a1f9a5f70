using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.ElasticLoadBalancingV2;

/// <summary>Any error of the Elastic Load Balancing v2 2015-12-01 API; the more precise ones derive from it.</summary>
public class AmazonElasticLoadBalancingV2Exception : AmazonServiceException
{
    public AmazonElasticLoadBalancingV2Exception(string message)
        : base(message)
    {
    }

    internal AmazonElasticLoadBalancingV2Exception(ServiceError error)
        : base(error.Message, error.Inner, error.Type, error.Code, error.RequestId, error.Status)
    {
    }
}
