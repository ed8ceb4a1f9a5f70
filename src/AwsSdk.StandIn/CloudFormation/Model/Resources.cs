using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.CloudFormation.Model;

/// <summary>The request of <c>ListStackResources</c> (CloudFormation 2010-05-15).</summary>
public class ListStackResourcesRequest : AmazonCloudFormationRequest, IShape
{
    public string StackName { get; set; }

    public string NextToken { get; set; }

    void IShape.Describe(Wire wire)
    {
        StackName = wire.Text(StackName);
        NextToken = wire.Text(NextToken);
    }
}

/// <summary>The response of <c>ListStackResources</c> (CloudFormation 2010-05-15).</summary>
public class ListStackResourcesResponse : AmazonWebServiceResponse, IShape
{
    public List<StackResourceSummary> StackResourceSummaries { get; set; }

    public string NextToken { get; set; }

    void IShape.Describe(Wire wire)
    {
        StackResourceSummaries = wire.List(StackResourceSummaries);
        NextToken = wire.Text(NextToken);
    }
}

/// <summary><c>StackResourceSummary</c> of the CloudFormation 2010-05-15 API.</summary>
public class StackResourceSummary : IShape
{
    public string LogicalResourceId { get; set; }

    public string PhysicalResourceId { get; set; }

    public string ResourceType { get; set; }

    void IShape.Describe(Wire wire)
    {
        LogicalResourceId = wire.Text(LogicalResourceId);
        PhysicalResourceId = wire.Text(PhysicalResourceId);
        ResourceType = wire.Text(ResourceType);
    }
}
