using Amazon.Runtime;

namespace Amazon.ElasticLoadBalancing.Model;

/// <summary>What every request of the Elastic Load Balancing 2012-06-01 API derives from.</summary>
public class AmazonElasticLoadBalancingRequest : AmazonWebServiceRequest;
