using Amazon.CloudFormation.Model;
using AwsSdk.StandIn;

namespace Amazon.CloudFormation;

/// <summary>The operations of CloudFormation 2010-05-15 that are called.</summary>
internal static class Operations
{
    public static readonly Service Service = new(
        "CloudFormation", "cloudformation", "2010-05-15", error => new AmazonCloudFormationException(error));

    public static readonly Operation DescribeStacks = new Operation<DescribeStacksRequest, DescribeStacksResponse>(Service, nameof(DescribeStacks));

    public static readonly Operation ListStackResources =
        new Operation<ListStackResourcesRequest, ListStackResourcesResponse>(
            Service, nameof(ListStackResources));

    public static readonly Operation GetTemplate = new Operation<GetTemplateRequest, GetTemplateResponse>(Service, nameof(GetTemplate));
}
