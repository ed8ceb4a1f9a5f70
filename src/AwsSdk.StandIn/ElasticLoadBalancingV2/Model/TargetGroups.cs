using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.ElasticLoadBalancingV2.Model;

/// <summary>The request of <c>DescribeTargetGroups</c> (Elastic Load Balancing v2 2015-12-01).</summary>
public class DescribeTargetGroupsRequest : AmazonElasticLoadBalancingV2Request, IShape
{
    public string LoadBalancerArn { get; set; }

    public List<string> TargetGroupArns { get; set; }

    public List<string> Names { get; set; }

    public string Marker { get; set; }

    public int? PageSize { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerArn = wire.Text(LoadBalancerArn);
        TargetGroupArns = wire.Texts(TargetGroupArns);
        Names = wire.Texts(Names);
        Marker = wire.Text(Marker);
        PageSize = wire.Number(PageSize);
    }
}

/// <summary>The response of <c>DescribeTargetGroups</c> (Elastic Load Balancing v2 2015-12-01).</summary>
public class DescribeTargetGroupsResponse : AmazonWebServiceResponse, IShape
{
    public List<TargetGroup> TargetGroups { get; set; }

    public string NextMarker { get; set; }

    void IShape.Describe(Wire wire)
    {
        TargetGroups = wire.List(TargetGroups);
        NextMarker = wire.Text(NextMarker);
    }
}

/// <summary><c>TargetGroup</c> of the Elastic Load Balancing v2 2015-12-01 API.</summary>
public class TargetGroup : IShape
{
    public string TargetGroupArn { get; set; }

    public string TargetGroupName { get; set; }

    public ProtocolEnum Protocol { get; set; }

    public int? Port { get; set; }

    public string VpcId { get; set; }

    public List<string> LoadBalancerArns { get; set; }

    public TargetTypeEnum TargetType { get; set; }

    void IShape.Describe(Wire wire)
    {
        TargetGroupArn = wire.Text(TargetGroupArn);
        TargetGroupName = wire.Text(TargetGroupName);
        Protocol = wire.Constant(Protocol, ProtocolEnum.FindValue);
        Port = wire.Number(Port);
        VpcId = wire.Text(VpcId);
        LoadBalancerArns = wire.Texts(LoadBalancerArns);
        TargetType = wire.Constant(TargetType, TargetTypeEnum.FindValue);
    }
}

/// <summary>The request of <c>DescribeTargetHealth</c> (Elastic Load Balancing v2 2015-12-01).</summary>
public class DescribeTargetHealthRequest : AmazonElasticLoadBalancingV2Request, IShape
{
    public string TargetGroupArn { get; set; }

    public List<TargetDescription> Targets { get; set; }

    void IShape.Describe(Wire wire)
    {
        TargetGroupArn = wire.Text(TargetGroupArn);
        Targets = wire.List(Targets);
    }
}

/// <summary>The response of <c>DescribeTargetHealth</c> (Elastic Load Balancing v2 2015-12-01).</summary>
public class DescribeTargetHealthResponse : AmazonWebServiceResponse, IShape
{
    public List<TargetHealthDescription> TargetHealthDescriptions { get; set; }

    void IShape.Describe(Wire wire)
    {
        TargetHealthDescriptions = wire.List(TargetHealthDescriptions);
    }
}

/// <summary><c>TargetHealthDescription</c> of the Elastic Load Balancing v2 2015-12-01 API.</summary>
public class TargetHealthDescription : IShape
{
    public TargetDescription Target { get; set; }

    public string HealthCheckPort { get; set; }

    void IShape.Describe(Wire wire)
    {
        Target = wire.Structure(Target);
        HealthCheckPort = wire.Text(HealthCheckPort);
    }
}

/// <summary><c>TargetDescription</c> of the Elastic Load Balancing v2 2015-12-01 API.</summary>
public class TargetDescription : IShape
{
    public string Id { get; set; }

    public int? Port { get; set; }

    public string AvailabilityZone { get; set; }

    void IShape.Describe(Wire wire)
    {
        Id = wire.Text(Id);
        Port = wire.Number(Port);
        AvailabilityZone = wire.Text(AvailabilityZone);
    }
}

/// <summary>The request of <c>DescribeTargetGroupAttributes</c> (Elastic Load Balancing v2 2015-12-01).</summary>
public class DescribeTargetGroupAttributesRequest : AmazonElasticLoadBalancingV2Request, IShape
{
    public string TargetGroupArn { get; set; }

    void IShape.Describe(Wire wire)
    {
        TargetGroupArn = wire.Text(TargetGroupArn);
    }
}

/// <summary>The response of <c>DescribeTargetGroupAttributes</c> (Elastic Load Balancing v2 2015-12-01).</summary>
public class DescribeTargetGroupAttributesResponse : AmazonWebServiceResponse, IShape
{
    public List<TargetGroupAttribute> Attributes { get; set; }

    void IShape.Describe(Wire wire)
    {
        Attributes = wire.List(Attributes);
    }
}

/// <summary><c>TargetGroupAttribute</c> of the Elastic Load Balancing v2 2015-12-01 API.</summary>
public class TargetGroupAttribute : IShape
{
    public string Key { get; set; }

    public string Value { get; set; }

    void IShape.Describe(Wire wire)
    {
        Key = wire.Text(Key);
        Value = wire.Text(Value);
    }
}
