using Amazon.Runtime;

namespace Amazon.ElasticLoadBalancingV2.Model;

/// <summary>What every request of the Elastic Load Balancing v2 2015-12-01 API derives from.</summary>
public class AmazonElasticLoadBalancingV2Request : AmazonWebServiceRequest;
