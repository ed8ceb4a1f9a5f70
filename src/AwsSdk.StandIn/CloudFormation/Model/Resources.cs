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

    public DateTime? LastUpdatedTimestamp { get; set; }

    public ResourceStatus ResourceStatus { get; set; }

    public string ResourceStatusReason { get; set; }

    void IShape.Describe(Wire wire)
    {
        LogicalResourceId = wire.Text(LogicalResourceId);
        PhysicalResourceId = wire.Text(PhysicalResourceId);
        ResourceType = wire.Text(ResourceType);
        LastUpdatedTimestamp = wire.Time(LastUpdatedTimestamp);
        ResourceStatus = wire.Constant(ResourceStatus, Amazon.CloudFormation.ResourceStatus.FindValue);
        ResourceStatusReason = wire.Text(ResourceStatusReason);
    }
}

/// <summary>The request of <c>DescribeStackResources</c> (CloudFormation 2010-05-15).</summary>
public class DescribeStackResourcesRequest : AmazonCloudFormationRequest, IShape
{
    public string StackName { get; set; }

    public string LogicalResourceId { get; set; }

    public string PhysicalResourceId { get; set; }

    void IShape.Describe(Wire wire)
    {
        StackName = wire.Text(StackName);
        LogicalResourceId = wire.Text(LogicalResourceId);
        PhysicalResourceId = wire.Text(PhysicalResourceId);
    }
}

/// <summary>The response of <c>DescribeStackResources</c> (CloudFormation 2010-05-15).</summary>
public class DescribeStackResourcesResponse : AmazonWebServiceResponse, IShape
{
    public List<StackResource> StackResources { get; set; }

    void IShape.Describe(Wire wire)
    {
        StackResources = wire.List(StackResources);
    }
}

/// <summary><c>StackResource</c> of the CloudFormation 2010-05-15 API.</summary>
public class StackResource : IShape
{
    public string StackName { get; set; }

    public string StackId { get; set; }

    public string LogicalResourceId { get; set; }

    public string PhysicalResourceId { get; set; }

    public string ResourceType { get; set; }

    public DateTime? Timestamp { get; set; }

    public ResourceStatus ResourceStatus { get; set; }

    public string ResourceStatusReason { get; set; }

    public string Description { get; set; }

    void IShape.Describe(Wire wire)
    {
        StackName = wire.Text(StackName);
        StackId = wire.Text(StackId);
        LogicalResourceId = wire.Text(LogicalResourceId);
        PhysicalResourceId = wire.Text(PhysicalResourceId);
        ResourceType = wire.Text(ResourceType);
        Timestamp = wire.Time(Timestamp);
        ResourceStatus = wire.Constant(ResourceStatus, Amazon.CloudFormation.ResourceStatus.FindValue);
        ResourceStatusReason = wire.Text(ResourceStatusReason);
        Description = wire.Text(Description);
    }
}
