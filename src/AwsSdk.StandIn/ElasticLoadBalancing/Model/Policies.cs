using AwsSdk.StandIn;

namespace Amazon.ElasticLoadBalancing.Model;

/// <summary><c>BackendServerDescription</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class BackendServerDescription : IShape
{
    public int? InstancePort { get; set; }

    public List<string> PolicyNames { get; set; }

    void IShape.Describe(Wire wire)
    {
        InstancePort = wire.Number(InstancePort);
        PolicyNames = wire.Texts(PolicyNames);
    }
}

/// <summary><c>PolicyDescription</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class PolicyDescription : IShape
{
    public string PolicyName { get; set; }

    public string PolicyTypeName { get; set; }

    public List<PolicyAttributeDescription> PolicyAttributeDescriptions { get; set; }

    void IShape.Describe(Wire wire)
    {
        PolicyName = wire.Text(PolicyName);
        PolicyTypeName = wire.Text(PolicyTypeName);
        PolicyAttributeDescriptions = wire.List(PolicyAttributeDescriptions);
    }
}

/// <summary><c>PolicyAttributeDescription</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class PolicyAttributeDescription : IShape
{
    public string AttributeName { get; set; }

    public string AttributeValue { get; set; }

    void IShape.Describe(Wire wire)
    {
        AttributeName = wire.Text(AttributeName);
        AttributeValue = wire.Text(AttributeValue);
    }
}

/// <summary><c>PolicyAttribute</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class PolicyAttribute : IShape
{
    public string AttributeName { get; set; }

    public string AttributeValue { get; set; }

    void IShape.Describe(Wire wire)
    {
        AttributeName = wire.Text(AttributeName);
        AttributeValue = wire.Text(AttributeValue);
    }
}
