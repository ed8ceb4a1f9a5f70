using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.ElasticLoadBalancing.Model;

/// <summary>The request of <c>DescribeLoadBalancers</c> (Elastic Load Balancing 2012-06-01).</summary>
public class DescribeLoadBalancersRequest : AmazonElasticLoadBalancingRequest, IShape
{
    public List<string> LoadBalancerNames { get; set; }

    public string Marker { get; set; }

    public int? PageSize { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerNames = wire.Texts(LoadBalancerNames);
        Marker = wire.Text(Marker);
        PageSize = wire.Number(PageSize);
    }
}

/// <summary>The response of <c>DescribeLoadBalancers</c> (Elastic Load Balancing 2012-06-01).</summary>
public class DescribeLoadBalancersResponse : AmazonWebServiceResponse, IShape
{
    public List<LoadBalancerDescription> LoadBalancerDescriptions { get; set; }

    public string NextMarker { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerDescriptions = wire.List(LoadBalancerDescriptions);
        NextMarker = wire.Text(NextMarker);
    }
}

/// <summary>The request of <c>DescribeLoadBalancerPolicies</c> (Elastic Load Balancing 2012-06-01).</summary>
public class DescribeLoadBalancerPoliciesRequest : AmazonElasticLoadBalancingRequest, IShape
{
    public string LoadBalancerName { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerName = wire.Text(LoadBalancerName);
    }
}

/// <summary>The response of <c>DescribeLoadBalancerPolicies</c> (Elastic Load Balancing 2012-06-01).</summary>
public class DescribeLoadBalancerPoliciesResponse : AmazonWebServiceResponse, IShape
{
    public List<PolicyDescription> PolicyDescriptions { get; set; }

    void IShape.Describe(Wire wire)
    {
        PolicyDescriptions = wire.List(PolicyDescriptions);
    }
}

/// <summary>The request of <c>DescribeInstanceHealth</c> (Elastic Load Balancing 2012-06-01).</summary>
public class DescribeInstanceHealthRequest : AmazonElasticLoadBalancingRequest, IShape
{
    public string LoadBalancerName { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerName = wire.Text(LoadBalancerName);
    }
}

/// <summary>The response of <c>DescribeInstanceHealth</c> (Elastic Load Balancing 2012-06-01).</summary>
public class DescribeInstanceHealthResponse : AmazonWebServiceResponse, IShape
{
    public List<InstanceState> InstanceStates { get; set; }

    void IShape.Describe(Wire wire)
    {
        InstanceStates = wire.List(InstanceStates);
    }
}

/// <summary>The request of <c>DescribeLoadBalancerAttributes</c> (Elastic Load Balancing 2012-06-01).</summary>
public class DescribeLoadBalancerAttributesRequest : AmazonElasticLoadBalancingRequest, IShape
{
    public string LoadBalancerName { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerName = wire.Text(LoadBalancerName);
    }
}

/// <summary>The response of <c>DescribeLoadBalancerAttributes</c> (Elastic Load Balancing 2012-06-01).</summary>
public class DescribeLoadBalancerAttributesResponse : AmazonWebServiceResponse, IShape
{
    public LoadBalancerAttributes LoadBalancerAttributes { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerAttributes = wire.Structure(LoadBalancerAttributes);
    }
}
