using Amazon.ElasticLoadBalancingV2.Model;
using AwsSdk.StandIn;

namespace Amazon.ElasticLoadBalancingV2;

/// <summary>The operations of Elastic Load Balancing v2 2015-12-01 that are called, with the errors that each declares.</summary>
internal static class Operations
{
    public static readonly Service Service = new(
        "Elastic Load Balancing v2", "elasticloadbalancing", "2015-12-01", Protocol.Query, error => new AmazonElasticLoadBalancingV2Exception(error));

    private static readonly DeclaredError HealthUnavailable = new("HealthUnavailable", error => new HealthUnavailableException(error));

    private static readonly DeclaredError InvalidTarget = new("InvalidTarget", error => new InvalidTargetException(error));

    private static readonly DeclaredError LoadBalancerNotFound = new("LoadBalancerNotFound", error => new LoadBalancerNotFoundException(error));

    private static readonly DeclaredError TargetGroupNotFound = new("TargetGroupNotFound", error => new TargetGroupNotFoundException(error));

    public static readonly Operation DescribeTargetGroups =
        new Operation<DescribeTargetGroupsRequest, DescribeTargetGroupsResponse>(Service, nameof(DescribeTargetGroups), LoadBalancerNotFound, TargetGroupNotFound);

    public static readonly Operation DescribeTargetHealth =
        new Operation<DescribeTargetHealthRequest, DescribeTargetHealthResponse>(
            Service, nameof(DescribeTargetHealth), InvalidTarget, TargetGroupNotFound, HealthUnavailable);

    public static readonly Operation DescribeTargetGroupAttributes =
        new Operation<DescribeTargetGroupAttributesRequest, DescribeTargetGroupAttributesResponse>(Service, nameof(DescribeTargetGroupAttributes), TargetGroupNotFound);
}
